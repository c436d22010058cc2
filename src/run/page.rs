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
    graph: Option<Graph>,
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

    fn graph(&self) -> Option<Graph> {
        let tasks = &self.report.tasks;
        let edges = self.edges.as_ref()?;
        if tasks.len() > MOST_TASKS || tasks.len() < 2 {
            return None;
        }
        let boxes = tasks.iter().map(|(name, task)| (name.as_str(), task.state));
        Some(Graph::new(&boxes.collect::<Vec<_>>(), edges))
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

#[derive(Serialize)]
struct Graph {
    width: usize,
    height: usize,
    boxes: Vec<Box>,
    /// Paths, as SVG writes them.
    edges: Vec<String>,
}

#[derive(Serialize)]
struct Box {
    name: String,
    label: String,
    state: TaskState,
    x: usize,
    y: usize,
    width: usize,
}

impl Graph {
    /// Layers from left to right: a task stands right of all that it waits for, and near to it.
    fn new(tasks: &[(&str, TaskState)], edges: &IndexSet<(usize, usize)>) -> Graph {
        const ROW: usize = 36;
        const GAP: usize = 48;
        const LONGEST: usize = 26;
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
        for (from, to) in edges {
            before[*to].push(*from);
        }
        let layers = layers(tasks.len(), edges);
        let mut columns: Vec<Vec<usize>> =
            vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
        for (task, layer) in layers.iter().enumerate() {
            columns[*layer].push(task);
        }
        let mut row = vec![0; tasks.len()];
        let mut boxes: Vec<Option<Box>> = (0..tasks.len()).map(|_| None).collect();
        let (mut x, mut height) = (0, 0);
        for column in &mut columns {
            let middle = |task: usize| match before[task].as_slice() {
                [] => 0,
                before => {
                    before.iter().map(|other| row[*other] * 100).sum::<usize>() / before.len()
                }
            };
            column.sort_by_key(|task| (middle(*task), *task));
            let label = |task: usize| shortened(tasks[task].0, LONGEST);
            let width = column
                .iter()
                .map(|task| label(*task).chars().count())
                .max()
                .unwrap_or(0)
                * 8
                + 16;
            for (at, task) in column.iter().enumerate() {
                boxes[*task] = Some(Box {
                    name: tasks[*task].0.to_owned(),
                    label: label(*task),
                    state: tasks[*task].1,
                    x: x + 2,
                    y: at * ROW + 2,
                    width,
                });
            }
            column
                .iter()
                .enumerate()
                .for_each(|(at, task)| row[*task] = at);
            height = height.max(column.len() * ROW);
            x += width + GAP;
        }
        let boxes: Vec<Box> = boxes.into_iter().flatten().collect();
        let edge = |(from, to): &(usize, usize)| {
            let (from, to) = (&boxes[*from], &boxes[*to]);
            let (x1, y1, x2, y2) = (from.x + from.width, from.y + 13, to.x, to.y + 13);
            let bend = x1 + (x2 - x1.min(x2)) / 2;
            format!("M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}")
        };
        let edges = edges.iter().map(edge).collect();
        Graph {
            width: x.saturating_sub(GAP) + 4,
            height,
            boxes,
            edges,
        }
    }
}

/// The length of the longest way to each task.
fn layers(count: usize, edges: &IndexSet<(usize, usize)>) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left = vec![0; count];
    for (from, to) in edges {
        after[*from].push(*to);
        left[*to] += 1;
    }
    let mut layers = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|task| left[*task] == 0).collect();
    while let Some(task) = ready.pop() {
        for next in &after[task] {
            layers[*next] = layers[*next].max(layers[task] + 1);
            left[*next] -= 1;
            if left[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    layers
}

/// The end of a long name tells more than its beginning.
fn shortened(name: &str, longest: usize) -> String {
    let count = name.chars().count();
    match count > longest {
        true => format!(
            "\u{2026}{}",
            name.chars().skip(count - longest + 1).collect::<String>()
        ),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_stand_right_of_what_they_wait_for() {
        let edges: IndexSet<(usize, usize)> = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)]
            .into_iter()
            .collect();
        assert_eq!(layers(5, &edges), [0, 1, 1, 2, 0]);
        let tasks: Vec<(&str, TaskState)> = ["a", "b", "c", "d", "e"]
            .map(|name| (name, TaskState::Succeeded))
            .to_vec();
        let graph = Graph::new(&tasks, &edges);
        let x = |at: usize| graph.boxes[at].x;
        assert!(x(0) == x(4) && x(0) < x(1) && x(1) == x(2) && x(2) < x(3));
        assert!(
            graph
                .boxes
                .iter()
                .all(|it| it.x + it.width <= graph.width && it.y + 26 <= graph.height)
        );
    }

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
