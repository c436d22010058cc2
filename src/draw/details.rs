//! What is told about a thing when it is pointed at.

use crate::graph::{
    Cache, Callee, Component, Expr, NotifyOn, ParamDefault, Part, Pipeline, Program, PythonCode,
    Step, Task, TaskAttributes, Word,
};
use crate::resolve::attributes::{duration_text, size_text};
use crate::source::SourceMap;
use crate::value::Value;

#[derive(Debug, Default, PartialEq)]
pub struct Details {
    pub doc: String,
    /// What is said about what.
    pub rows: Vec<(String, String)>,
}

impl Details {
    pub fn of<const N: usize>(doc: &str, rows: [(&str, String); N]) -> Details {
        Details {
            doc: doc.to_owned(),
            rows: rows.map(|(name, text)| (name.to_owned(), text)).into(),
        }
    }
}

/// The longest text of a row.
const LONGEST: usize = 160;

/// An expression as it stands in the source, on one line; a value that was filled in as its text.
pub fn written(sources: &SourceMap, expr: &Expr) -> String {
    match expr.constant() {
        Some(Value::Absent) => "absent".to_owned(),
        Some(value) => shortened(&value.json(), LONGEST),
        None => {
            let words: Vec<&str> = sources.text(expr.span).split_whitespace().collect();
            shortened(&words.join(" "), LONGEST)
        }
    }
}

pub fn shortened(text: &str, longest: usize) -> String {
    match text.chars().count() > longest {
        true => {
            let start: String = text.chars().take(longest.saturating_sub(1)).collect();
            format!("{start}\u{2026}")
        }
        false => text.to_owned(),
    }
}

pub fn default(default: &ParamDefault) -> String {
    match default {
        ParamDefault::Const(Value::Absent) => "absent".to_owned(),
        ParamDefault::Const(value) => shortened(&value.json(), LONGEST),
        ParamDefault::Run(field) => format!("run.{}", field.name()),
    }
}

/// How a component does its work: `python steps.py:train`.
pub fn step(program: &Program, component: &Component) -> String {
    match &component.step {
        Step::Python(python) => match &python.code {
            PythonCode::Embedded(source) => {
                let path = &program[*source].path;
                let file = path.rsplit('/').next().unwrap_or(path);
                format!("{file}:{}", python.function)
            }
            PythonCode::Installed { module } => format!("{module}:{}", python.function),
        },
        Step::Run(words) => match words.first() {
            Some(Word::One(parts)) => format!("run {}", parts.iter().map(part).collect::<String>()),
            _ => "run".to_owned(),
        },
        Step::Shell(_) => "shell".to_owned(),
    }
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Port(port) => format!("{{{port}}}"),
    }
}

pub fn task(program: &Program, sources: &SourceMap, task: &Task) -> Details {
    let mut rows = Vec::new();
    let mut row = |name: &str, text: String| rows.push((name.to_owned(), text));
    let doc = match task.callee {
        Callee::Component(id) => {
            let component = &program[id];
            row("component", component.name.clone());
            row("step", step(program, component));
            component.doc.clone()
        }
        Callee::Pipeline(id) => {
            row("pipeline", program[id].name.clone());
            program[id].doc.clone()
        }
    };
    for arg in &task.args {
        let text = written(sources, &arg.value);
        row("input", format!("{}: {} = {text}", arg.port, arg.value.ty));
    }
    let outputs: Vec<(&String, String)> = match task.callee {
        Callee::Component(id) => {
            let outputs = program[id].outputs.iter();
            outputs
                .map(|port| (&port.name, port.ty.to_string()))
                .collect()
        }
        Callee::Pipeline(id) => {
            let outputs = program[id].outputs.iter();
            outputs
                .map(|output| (&output.name, output.ty.to_string()))
                .collect()
        }
    };
    for (name, ty) in outputs {
        row("output", format!("{name}: {ty}"));
    }
    attributes(&task.attributes, &mut row);
    Details { doc, rows }
}

fn attributes(set: &TaskAttributes, row: &mut impl FnMut(&str, String)) {
    if let Some(image) = &set.image {
        row("image", image.clone());
    }
    if !set.packages.is_empty() {
        row("packages", shortened(&set.packages.join(", "), LONGEST));
    }
    let resources = &set.resources;
    let mut asked = Vec::new();
    asked.extend(resources.cpu.map(|cpu| format!("{cpu} cpu")));
    asked.extend(
        resources
            .memory
            .map(|bytes| format!("{} memory", size_text(bytes))),
    );
    asked.extend(
        resources
            .gpu
            .map(|gpu| format!("{gpu} {}", resources.gpu_type())),
    );
    asked.extend(
        resources
            .disk
            .map(|bytes| format!("{} disk", size_text(bytes))),
    );
    if !asked.is_empty() {
        row("resources", asked.join(", "));
    }
    if set.retry.attempts > 1 {
        let delay = match set.retry.delay.is_zero() {
            true => String::new(),
            false => format!(", {} apart", duration_text(set.retry.delay)),
        };
        row("retry", format!("{} attempts{delay}", set.retry.attempts));
    }
    if let Some(timeout) = set.timeout {
        row("timeout", duration_text(timeout));
    }
    match set.cache {
        Cache::Off => {}
        Cache::Forever => row("cache", "on".to_owned()),
        Cache::For(age) => row("cache", duration_text(age)),
    }
    if !set.secrets.is_empty() {
        let names: Vec<&str> = set.secrets.keys().map(String::as_str).collect();
        row("secrets", names.join(", "));
    }
}

/// What holds for a whole pipeline.
pub fn facts(pipeline: &Pipeline) -> Vec<(String, String)> {
    let set = &pipeline.attributes;
    let mut facts = Vec::new();
    let mut fact = |name: &str, text: String| facts.push((name.to_owned(), text));
    if let Some(owner) = &set.owner {
        fact("owner", owner.clone());
    }
    if let Some(schedule) = &set.schedule {
        fact(
            "schedule",
            format!("{} {}", schedule.cron, schedule.timezone),
        );
    }
    if let Some(notify) = &set.notify {
        let on: Vec<&str> = notify
            .on
            .iter()
            .map(|on| match on {
                NotifyOn::Success => "success",
                NotifyOn::Failure => "failure",
            })
            .collect();
        let to = notify.email.join(", ");
        fact("notify", format!("{to} on {}", on.join(" and ")));
    }
    if let Some(timeout) = set.timeout {
        fact("timeout", duration_text(timeout));
    }
    if !set.tags.is_empty() {
        fact("tags", set.tags.join(", "));
    }
    facts
}
