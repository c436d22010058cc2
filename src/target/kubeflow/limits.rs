//! What Kubeflow can't carry, found before anything is lowered, and the sizes that only the documents show.

use super::encode::{any_text, inexact_int, is_lost, is_safe_value};
use super::names::{LONGEST_PIPELINE_NAME, mangle};
use crate::diagnostics::{Code, Diagnostic, codes};
use crate::graph::{
    Callee, Component, Expr, ExprKind, NodeKind, Param, ParamDefault, Part, Pipeline, Program,
    PythonCode, Step, Task, TaskAttributes, Word,
};
use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

/// What the API server and etcd take of a pipeline, in bytes, as compiled into Argo's one object.
const MOST_BYTES: usize = 1_500_000;

/// What all parameters of a run may hold together.
const MOST_PARAMETER_CHARACTERS: usize = 10_000;

/// All constants of the program, and its attributes.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for component in &program.components {
        check_component(program, component, &mut found);
    }
    for (at, pipeline) in program.pipelines.iter().enumerate() {
        check_pipeline(program, pipeline, &mut found);
        if at == program.entry.0 {
            check_entry(pipeline, &mut found);
        }
    }
    found
}

fn check_component(program: &Program, component: &Component, found: &mut Vec<Diagnostic>) {
    let texts: Vec<&str> = match &component.step {
        Step::Shell(script) => vec![script],
        Step::Run(words) => words
            .iter()
            .flat_map(|word| match word {
                Word::One(parts) => vec![parts],
                Word::Group(group) => group.iter().collect(),
            })
            .flatten()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Port(_) => None,
            })
            .collect(),
        Step::Python(python) => match &python.code {
            PythonCode::Embedded(id) => vec![&program[*id].text],
            PythonCode::Installed { .. } => Vec::new(),
        },
    };
    if texts.iter().any(|text| text.contains('\0')) {
        found.push(nul(component.span, "this step"));
    } else if let Some(lost) = texts
        .iter()
        .flat_map(|text| text.chars())
        .find(|c| is_lost(*c))
    {
        found.push(lost_character(component.span, "this step", lost));
    }
}

fn check_pipeline(program: &Program, pipeline: &Pipeline, found: &mut Vec<Diagnostic>) {
    for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
        pipeline.for_each_expr(block, &mut |expr| check_constant(expr, found));
        for index in pipeline.nodes_within(block) {
            let node = &pipeline.graph[index];
            if let NodeKind::Task(task) = &node.kind {
                check_attributes(&task.attributes, node.span, found);
                check_arguments(program, task, found);
            }
        }
    }
    for output in &pipeline.outputs {
        output
            .value
            .for_each(&mut |expr| check_constant(expr, found));
    }
}

/// A command's constants can't be escaped.
fn check_arguments(program: &Program, task: &Task, found: &mut Vec<Diagnostic>) {
    let Callee::Component(id) = task.callee else {
        return;
    };
    if matches!(program[id].step, Step::Python(_)) {
        return;
    }
    for arg in &task.args {
        if let Some(lost) = arg
            .value
            .constant()
            .and_then(|value| value.text().chars().find(|c| is_lost(*c)))
        {
            found.push(lost_character(arg.value.span, "this text", lost));
        }
    }
}

fn check_constant(expr: &Expr, found: &mut Vec<Diagnostic>) {
    if let ExprKind::Const(value) = &expr.kind {
        check_value(value, &expr.ty, expr.span, found);
    }
}

fn check_value(value: &Value, ty: &Type, span: Span, found: &mut Vec<Diagnostic>) {
    if any_text(value, &|text| text.contains('\0')) {
        found.push(nul(span, "this text"));
    }
    if let Some(int) = inexact_int(value) {
        found.push(
            Diagnostic::new(
                codes::KUBEFLOW_INEXACT_INT,
                span,
                format!("kubeflow can't carry {int} exactly"),
            )
            .label("it carries numbers as doubles, which hold whole numbers up to 2^53")
            .help("give it as a `str`"),
        );
    }
    if ty.artifact().is_some() && !is_safe_value(value) {
        found.push(unsafe_text(span, "this location"));
    }
}

fn check_attributes(attributes: &TaskAttributes, span: Span, found: &mut Vec<Diagnostic>) {
    for (name, value) in &attributes.env {
        let at = attributes
            .spans
            .get(&format!("env.{name}"))
            .or_else(|| attributes.spans.get("env"))
            .unwrap_or(span);
        if value.contains('\0') {
            found.push(nul(at, "this variable"));
        } else if !is_safe_variable(value) {
            found.push(unsafe_text(at, &format!("the variable `{name}`")));
        }
    }
    let kubernetes = &attributes.kubernetes;
    if kubernetes.service_account.is_some() {
        let at = attributes
            .spans
            .get("kubernetes.service_account")
            .or_else(|| attributes.spans.get("kubernetes"));
        found.push(
            degrades(at.unwrap_or(span), "`kubernetes.service_account`").label(
                "Kubeflow has one service account for a whole run, chosen where the run is started",
            ),
        );
    }
    if kubernetes.volumes.iter().any(|volume| {
        volume.read_only && matches!(volume.source, crate::graph::VolumeSource::Claim(_))
    }) {
        let at = attributes
            .spans
            .get("kubernetes.volumes")
            .or_else(|| attributes.spans.get("kubernetes"));
        found.push(
            degrades(at.unwrap_or(span), "`read_only` of a claim")
                .label("Kubeflow mounts claims for reading and writing"),
        );
    }
}

fn degrades(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(
        codes::DEGRADED,
        span,
        format!("{what} degrades on `kubeflow`"),
    )
}

/// kfp.local reads no variables; all else that fills in text reads these too.
fn is_safe_variable(value: &str) -> bool {
    is_safe_value(&Value::Str(
        value
            .replace("python3", "python")
            .replace("/kfp-workspace", ""),
    ))
}

fn check_entry(entry: &Pipeline, found: &mut Vec<Diagnostic>) {
    let name = mangle(&entry.name);
    if name.len() > LONGEST_PIPELINE_NAME {
        found.push(
            Diagnostic::new(
                codes::KUBEFLOW_LONG_NAME,
                entry.span,
                format!(
                    "the name `{name}` has {} characters, kubeflow takes {LONGEST_PIPELINE_NAME}",
                    name.len()
                ),
            )
            .help("give the pipeline a shorter name; its `##` doc can say the rest"),
        );
    }
    for param in &entry.params {
        check_param(param, found);
    }
    let characters: usize = entry
        .params
        .iter()
        .map(|param| match &param.default {
            Some(ParamDefault::Const(value)) => value.text().chars().count(),
            _ => 0,
        })
        .sum();
    if characters > MOST_PARAMETER_CHARACTERS {
        found.push(
            Diagnostic::new(
                codes::DEGRADED,
                entry.span,
                format!("the parameters' defaults have {characters} characters, kubeflow takes {MOST_PARAMETER_CHARACTERS} of all parameters"),
            )
            .help("put large values in a file and give its location as an artifact parameter"),
        );
    }
}

fn check_param(param: &Param, found: &mut Vec<Diagnostic>) {
    let Some(ParamDefault::Const(value)) = &param.default else {
        return;
    };
    check_value(value, &param.ty, param.span, found);
    if param.ty.artifact().is_some() {
        let text = value.text();
        if !text.contains("://") {
            found.push(
                Diagnostic::new(
                    codes::KUBEFLOW_LOCAL_PATH,
                    param.span,
                    format!(
                        "the default of `{}` is a path, which a cluster does not see",
                        param.name
                    ),
                )
                .label(format!(
                    "`{text}` is there only where the run is one on this machine"
                ))
                .help("give a location such as `s3://bucket/key`, here or when the run is started"),
            );
        }
    } else if !param.ty.is_optional() && !matches!(value, Value::Str(_)) && !is_safe_value(value) {
        found.push(
            unsafe_text(param.span, &format!("the default of `{}`", param.name))
                .help("leave the default out and give the value when the run is started"),
        );
    }
}

fn nul(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(
        codes::KUBEFLOW_UNSAFE_TEXT,
        span,
        format!("{what} holds a NUL character"),
    )
    .label("no argument of a program can hold it")
}

fn lost_character(span: Span, what: &str, c: char) -> Diagnostic {
    Diagnostic::new(codes::KUBEFLOW_UNSAFE_TEXT, span, format!("{what} holds the character U+{:04X}", c as u32))
        .label("Kubeflow's server stores pipelines in a form in which it is lost, and it can't be escaped here")
}

fn unsafe_text(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(
        codes::KUBEFLOW_UNSAFE_TEXT,
        span,
        format!("{what} holds text that kubeflow would fill in"),
    )
    .label("`{{`, `$$` and `$(NAME)` are read on the way to the step, and nothing can be written in their place here")
}

/// Whether the documents are too large; `expanded` is their size with all that is shared written out.
pub fn size(expanded: usize, span: Span) -> Option<Diagnostic> {
    let report = |code: Code, message: String| {
        Diagnostic::new(code, span, message)
            .help("call pipelines from a smaller one, embed smaller Python files, or put large constants in a file")
    };
    if expanded > MOST_BYTES {
        let message = format!("the pipeline takes {expanded} bytes, kubeflow takes {MOST_BYTES}");
        Some(report(codes::REFUSED, message))
    } else if expanded > MOST_BYTES / 10 * 6 {
        let percent = expanded * 100 / MOST_BYTES;
        let message = format!(
            "the pipeline takes {expanded} bytes, {percent} % of the {MOST_BYTES} that kubeflow takes"
        );
        Some(report(codes::DEGRADED, message))
    } else {
        None
    }
}
