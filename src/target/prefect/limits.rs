//! What Prefect can't take, and only the program's own texts and numbers show.

use indexmap::IndexMap;

use super::{deployment, steps};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    Callee, ExprKind, NodeKind, ParamDefault, Pipeline, Program, RunField, Step, Task,
};
use crate::source::Span;
use crate::value::Value;

/// Delays that a task may have.
const DELAYS: usize = 50;
/// Bytes that all parameters of a run may have, as JSON.
const PARAMETERS: usize = 524_288;

pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut check = Check {
        program,
        found: Vec::new(),
    };
    check.entry();
    for pipeline in &program.pipelines {
        check.pipeline(pipeline);
    }
    check.packages();
    check.found
}

struct Check<'a> {
    program: &'a Program,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn add(&mut self, diagnostic: Diagnostic) {
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn entry(&mut self) {
        let entry = self.program.entry();
        let at = |name: &str| entry.attributes.spans.get(name).unwrap_or(entry.span);
        let targets = &entry.attributes.targets;
        let texts: Vec<(Span, String)> = deployment::tags(entry)
            .into_iter()
            .map(|tag| (at("tags"), tag))
            .chain(
                ["work_pool", "work_queue", "version"]
                    .iter()
                    .filter_map(|key| match targets.get("prefect", key) {
                        Some(Value::Str(text)) => {
                            Some((at(&format!("prefect.{key}")), text.clone()))
                        }
                        _ => None,
                    }),
            )
            .chain(
                job_variables(entry)
                    .into_iter()
                    .map(|text| (at("prefect.job_variables"), text)),
            )
            .collect();
        for (span, text) in texts {
            if text.contains("{{") {
                self.add(
                    Diagnostic::new(
                        codes::PREFECT_TEMPLATE,
                        span,
                        format!("Prefect would take `{text}` for a template"),
                    )
                    .label("`{{` begins a template in prefect.yaml")
                    .help("write it without two braces side by side"),
                );
            }
        }
        if entry.doc.contains("{{") {
            self.add(
                Diagnostic::new(
                    codes::PREFECT_DOC_BRACES,
                    entry.span,
                    format!(
                        "two braces in the description of `{}` are written with a blank between",
                        entry.name
                    ),
                )
                .label("Prefect fills in what stands in two braces when it deploys the flow"),
            );
        }
        let size: usize = entry
            .params
            .iter()
            .filter_map(|param| match &param.default {
                Some(ParamDefault::Const(value)) => Some(value.json().len() + param.name.len() + 6),
                _ => None,
            })
            .sum();
        if size > PARAMETERS {
            self.add(
                Diagnostic::new(
                    codes::REFUSED,
                    entry.span,
                    format!("the defaults of `{}` have {size} bytes", entry.name),
                )
                .label(format!("Prefect takes {PARAMETERS} bytes of parameters"))
                .help("put what is large into a file, and give its location"),
            );
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        for node in pipeline.graph.node_weights() {
            if let NodeKind::Task(task) = &node.kind {
                self.task(task, node.span);
            }
        }
        let schedule = self.program.entry().attributes.schedule.as_ref();
        let Some(schedule) = schedule.filter(|schedule| every(&schedule.cron).is_none()) else {
            return;
        };
        let mut places = Vec::new();
        let mut visit = |expr: &crate::graph::Expr| {
            if let ExprKind::Run(RunField::IntervalStart | RunField::IntervalEnd) = expr.kind {
                places.push(expr.span);
            }
        };
        for block in [Some(&pipeline.body), pipeline.finally.as_ref()]
            .into_iter()
            .flatten()
        {
            pipeline.for_each_expr(block, &mut visit);
        }
        for output in &pipeline.outputs {
            output.value.for_each(&mut visit);
        }
        for param in &pipeline.params {
            if let Some(ParamDefault::Run(RunField::IntervalStart | RunField::IntervalEnd)) =
                param.default
            {
                places.push(param.span);
            }
        }
        for span in places {
            self.add(
                Diagnostic::new(
                    codes::PREFECT_INTERVAL,
                    span,
                    format!("Prefect can't tell what interval a run of `{}` covers", schedule.cron),
                )
                .label("a run knows when it was due, not when the one before it was")
                .help("take `run.date`, or a schedule of `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`"),
            );
        }
    }

    fn task(&mut self, task: &Task, span: Span) {
        let attributes = &task.attributes;
        let at = |name: &str| attributes.spans.get(name).unwrap_or(span);
        if attributes.retry.attempts as usize > DELAYS + 1 {
            self.add(
                Diagnostic::new(
                    codes::PREFECT_ATTEMPTS,
                    at("retry.attempts"),
                    format!(
                        "{} attempts are more than Prefect makes",
                        attributes.retry.attempts
                    ),
                )
                .label(format!("at most {}", DELAYS + 1)),
            );
        }
        for (variable, secret) in &attributes.secrets {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !secret.name.chars().all(fits) {
                self.add(
                    Diagnostic::new(
                        codes::PREFECT_SECRET_NAME,
                        at("secrets"),
                        format!("`{}` is no name of a Secret block", secret.name),
                    )
                    .label(format!(
                        "`{variable}` comes from it: small letters, digits and dashes only"
                    )),
                );
            }
        }
        for tag in steps::tags(attributes) {
            // A task's tags are no template, but a name of a limit on the server.
            if tag.is_empty() {
                self.add(
                    Diagnostic::new(
                        codes::PREFECT_TEMPLATE,
                        at("labels"),
                        "a tag can't be empty".to_owned(),
                    )
                    .label("Prefect has no empty tags"),
                );
            }
        }
    }

    fn packages(&mut self) {
        let mut seen: IndexMap<String, (String, Span)> = IndexMap::new();
        for (line, span) in requirements(self.program) {
            let name = package_name(&line);
            match seen.get(&name) {
                Some((other, place)) if *other != line => {
                    let place = *place;
                    let other = other.clone();
                    self.add(
                        Diagnostic::new(
                            codes::PREFECT_PACKAGES,
                            span,
                            format!("`{line}` and `{other}` can't be in one environment"),
                        )
                        .label("all steps of a Prefect run share the flow's environment")
                        .also(place, "the other version")
                        .help("take one version for all"),
                    );
                }
                Some(_) => {}
                None => {
                    seen.insert(name, (line, span));
                }
            }
        }
    }
}

/// The texts in a pool's variables.
fn job_variables(entry: &Pipeline) -> Vec<String> {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Str(text) => found.push(text.clone()),
            Value::List(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Map(entries) => entries.values().for_each(|item| texts(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(value) = entry.attributes.targets.get("prefect", "job_variables") {
        texts(value, &mut found);
    }
    found
}

/// What the steps import, each once.
pub fn packages(program: &Program) -> Vec<String> {
    let mut lines: Vec<String> = requirements(program)
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

fn requirements(program: &Program) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for pipeline in &program.pipelines {
        for node in pipeline.graph.node_weights() {
            let NodeKind::Task(task) = &node.kind else {
                continue;
            };
            let Callee::Component(id) = task.callee else {
                continue;
            };
            if matches!(program[id].step, Step::Python(_)) {
                let span = task.attributes.spans.get("packages").unwrap_or(node.span);
                found.extend(
                    task.attributes
                        .packages
                        .iter()
                        .map(|line| (line.clone(), span)),
                );
            }
        }
    }
    found
}

/// The project of a requirement, as package indexes compare them.
fn package_name(line: &str) -> String {
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(line.len());
    line[..end].to_ascii_lowercase().replace(['_', '.'], "-")
}

/// What runs of a schedule cover, where its words say it.
pub fn every(cron: &str) -> Option<&'static str> {
    match cron {
        "@hourly" => Some("hour"),
        "@daily" | "@midnight" => Some("day"),
        "@weekly" => Some("week"),
        "@monthly" => Some("month"),
        "@yearly" | "@annually" => Some("year"),
        _ => None,
    }
}
