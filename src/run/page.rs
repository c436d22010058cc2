//! A run's report as a page: one file that needs no network.

use std::path::{Path, PathBuf};

use indexmap::{IndexMap, IndexSet};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::error::Error;
use super::folder::Folder;
use super::progress::{duration, last_lines};
use super::report::{Report, TaskState};
use crate::draw;
use crate::plan::Plan;
use crate::value::Value;

/// What of a task only the page shows.
pub(super) struct Times {
    /// Seconds after the run's begin at which its first attempt began; nothing when it had none in this run.
    pub began: Option<f64>,
    /// As the user would type it.
    pub log: Option<PathBuf>,
}

/// All that a page is made of.
pub(super) struct Page<'a> {
    pub plan: &'a Plan,
    pub report: &'a Report,
    pub params: &'a IndexMap<String, Value>,
    pub began: &'a str,
    /// Seconds.
    pub elapsed: f64,
    /// By task, in the order of the report's tasks.
    pub times: Vec<Times>,
    /// Numbers of tasks, of which the second waits for the first; nothing when they are too many to draw.
    pub edges: Option<IndexSet<(usize, usize)>>,
}

/// The largest graph that is drawn.
pub(super) const MOST_EDGES: usize = 1500;
const MOST_TASKS: usize = 300;

#[derive(Serialize)]
struct Context<'a> {
    pipeline: &'a str,
    doc: &'a str,
    status: &'static str,
    run: &'a str,
    began: &'a str,
    elapsed: String,
    counts: Vec<String>,
    failures: Vec<Failed<'a>>,
    outputs: Vec<Named<'a>>,
    params: Vec<Named<'a>>,
    /// An `<svg>` element.
    graph: Option<String>,
    tasks: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    name: &'a str,
    message: &'a str,
    log: Option<String>,
    lines: String,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    text: String,
    link: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    state: TaskState,
    word: &'static str,
    attempts: u32,
    seconds: String,
    /// Per cent of the run's time.
    left: String,
    width: Option<String>,
    log: Option<String>,
}

impl Page<'_> {
    /// The page's text.
    pub fn html(&self, folder: &Folder) -> Result<String, Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.expect("the syntax of every template"));
        let template = environment.template_from_str(include_str!("report.html.j2"));
        let html = template
            .and_then(|template| template.render(minijinja::value::Serde(&self.context(folder))));
        html.map_err(|error| Error::usage(format!("can't make the report's page: {error:#}")))
    }

    fn context(&self, folder: &Folder) -> Context<'_> {
        let report = self.report;
        let states = [
            TaskState::Succeeded,
            TaskState::Cached,
            TaskState::Failed,
            TaskState::Skipped,
            TaskState::NotRun,
        ];
        let counts = states
            .into_iter()
            .filter_map(|state| match report.count(state) {
                0 => None,
                count => Some(format!("{count} {}", state.word())),
            });
        let inside = |path: &PathBuf| relative(path, &folder.shown);
        let failures = report.failures.iter().map(|failure| Failed {
            name: &failure.name,
            message: &failure.message,
            log: failure.log.as_ref().and_then(inside),
            lines: failure
                .log
                .as_deref()
                .map(|log| last_lines(log).0.join("\n"))
                .unwrap_or_default(),
        });
        let percent = |seconds: f64| format!("{:.2}", seconds / self.elapsed.max(0.001) * 100.0);
        let rows = report
            .tasks
            .iter()
            .zip(&self.times)
            .map(|((name, task), times)| Row {
                name,
                state: task.state,
                word: task.state.word(),
                attempts: task.attempts,
                seconds: format!("{:.2}", task.seconds),
                left: percent(times.began.unwrap_or_default()),
                width: times.began.map(|_| percent(task.seconds)),
                log: times.log.as_ref().and_then(inside),
            });
        Context {
            pipeline: &self.plan.pipeline,
            doc: &self.plan.doc,
            status: report.status.text(),
            run: &report.run,
            began: self.began,
            elapsed: duration(self.elapsed),
            counts: counts.collect(),
            failures: failures.collect(),
            outputs: report
                .outputs
                .iter()
                .map(|entry| named(entry, Some(&folder.path)))
                .collect(),
            params: self.params.iter().map(|entry| named(entry, None)).collect(),
            graph: self.graph(),
            tasks: rows.collect(),
        }
    }

    fn graph(&self) -> Option<String> {
        let tasks = &self.report.tasks;
        let edges = self.edges.as_ref()?;
        if tasks.len() > MOST_TASKS || tasks.len() < 2 {
            return None;
        }
        let boxes: Vec<draw::Task<'_>> = tasks
            .iter()
            .map(|(name, task)| draw::Task {
                name,
                note: match task.attempts {
                    0 => task.state.word().to_owned(),
                    _ => format!("{} in {:.2} s", task.state.word(), task.seconds),
                },
                class: class(task.state),
            })
            .collect();
        Some(draw::tasks(&boxes, edges))
    }
}

/// As the page's stylesheet calls it.
fn class(state: TaskState) -> &'static str {
    match state {
        TaskState::NotRun => "not_run",
        state => state.word(),
    }
}

fn named<'a>((name, value): (&'a String, &Value), folder: Option<&PathBuf>) -> Named<'a> {
    let text = match value {
        Value::Absent => "-".to_owned(),
        value => value.text(),
    };
    let link = folder.and_then(|folder| match value {
        Value::Str(path) if path.starts_with('/') => relative(Path::new(path), folder),
        _ => None,
    });
    Named { name, text, link }
}

/// A path below the folder as a link from the page, which stands in it.
fn relative(path: &Path, folder: &Path) -> Option<String> {
    let inside = path.strip_prefix(folder).ok()?.to_str()?;
    let mut link = String::new();
    for byte in inside.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                link.push(byte as char)
            }
            byte => link.push_str(&format!("%{byte:02X}")),
        }
    }
    // A name with a colon in its first part would be read as a scheme.
    Some(format!("./{link}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_of_the_folder_only() {
        let link = |path: &str| relative(Path::new(path), Path::new("/run"));
        assert_eq!(
            link("/run/log/loop[0].a b#.1.log").as_deref(),
            Some("./log/loop%5B0%5D.a%20b%23.1.log")
        );
        assert_eq!(link("/other/x"), None);
    }
}
