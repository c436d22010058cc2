//! The Dagster target: what is emitted for a source, loaded, formatted and typed by the real packages, and run.
//!
//! Each test compiles a source; the checks of `tests/engines/dagster/driver.py` accept the module, and where it says `agrees` a run of
//! the module has the same outputs and states as a local one.

mod attributes;
mod control;
mod data;
mod examples;
mod hostile;

#[path = "../support/engines.rs"]
mod engines;

use std::path::Path;

use engines::engine;
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::plan;
use mlpc::project::{Memory, Project};
use mlpc::run;
use mlpc::target::Target;
use mlpc::target::dagster::Dagster;
use mlpc::target::local::Local;
use serde_json::{Value as Json, json};

/// A source and the files beside it.
pub struct Case {
    files: Vec<(String, String)>,
}

/// What a source compiled to.
pub struct Compiled {
    pub source: String,
    pub name: String,
    pub module: String,
}

pub fn case(source: &str) -> Case {
    Case {
        files: vec![("pipeline.mlp".into(), source.into())],
    }
}

impl Case {
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    /// The same with a piece of the source written otherwise.
    pub fn edited(&self, from: &str, to: &str) -> Case {
        let mut files = self.files.clone();
        assert!(files[0].1.contains(from));
        files[0].1 = files[0].1.replace(from, to);
        Case { files }
    }

    fn compilation(&self, target: &'static dyn Target) -> (Compilation, String, String) {
        let project = Project::in_memory(Memory::new(self.files.clone()));
        let request = Request::default();
        let mut compilation = compile(&project, Input::File("pipeline.mlp".into()), &request)
            .expect("the file is there");
        let emitted = compilation.emit(&[target]);
        let document = emitted.first().and_then(|(_, documents)| documents.first());
        let (name, text) = document.map_or_else(Default::default, |document| {
            (document.name.clone(), document.text.clone())
        });
        (compilation, name, text)
    }

    /// The codes of what is reported.
    pub fn codes(&self) -> Vec<&'static str> {
        let (compilation, ..) = self.compilation(&Dagster);
        let found = compilation.diagnostics.iter();
        found.map(|found| found.code.as_str()).collect()
    }

    pub fn compiled(&self) -> Compiled {
        let (compilation, name, module) = self.compilation(&Dagster);
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        Compiled {
            source: self.files[0].1.clone(),
            name,
            module,
        }
    }

    /// Compiles without errors; Dagster loads what comes out, and it is laid out as ruff leaves it.
    pub fn accepted(&self) -> Compiled {
        let compiled = self.compiled();
        compiled.check(false);
        compiled
    }

    /// As [`accepted`](Self::accepted), and mypy finds nothing.
    pub fn typed(&self) -> Compiled {
        let compiled = self.compiled();
        compiled.check(true);
        compiled
    }

    pub fn run(&self, arguments: Json) -> Option<Outcome> {
        self.accepted().run(arguments)
    }

    /// A run with these arguments has the outputs and states of a local one, and these outputs.
    pub fn gives(&self, arguments: Json, outputs: Json) {
        let local = self.local(&arguments);
        let local_outputs = serde_json::to_value(&local.outputs).expect("outputs are JSON");
        assert_eq!(local_outputs, outputs, "the local run");
        if let Some(outcome) = self.agrees_with(&local, arguments) {
            assert_eq!(outcome.outputs, outputs, "{}", outcome.log);
        }
    }

    /// A run ends as a local one does.
    pub fn agrees(&self, arguments: Json) -> Option<Outcome> {
        self.agrees_with(&self.local(&arguments), arguments)
    }

    fn agrees_with(&self, local: &run::Report, arguments: Json) -> Option<Outcome> {
        let outcome = self.run(arguments)?;
        let said = (outcome.status.as_str(), outcome.states());
        let expected = (local.status.text(), states(local));
        assert_eq!(said, expected, "{}", outcome.log);
        Some(outcome)
    }

    fn local(&self, arguments: &Json) -> run::Report {
        let (compilation, _, text) = self.compilation(&Local);
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        let plan = plan::read(&text).expect("a plan of ours");
        let place = tempfile::tempdir().expect("there is room for a folder");
        let set = arguments.as_object().expect("arguments by name").iter();
        let text = |value: &Json| value.as_str().map_or(value.to_string(), str::to_owned);
        let options = run::Options {
            set: set
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            state: place.path().join("state"),
            base: place.path().to_owned(),
            display: run::Display::Silent,
            ..run::Options::default()
        };
        run::execute(&plan, &options).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What the engines both know of the tasks: what started, and how it ended.
fn states(report: &run::Report) -> Vec<String> {
    let mut states: Vec<String> = report
        .tasks
        .iter()
        .filter_map(|(name, task)| match task.state {
            run::TaskState::Succeeded => Some(format!("{name} succeeded")),
            run::TaskState::Failed => Some(format!("{name} failed")),
            run::TaskState::Cached => Some(format!("{name} cached")),
            run::TaskState::Skipped | run::TaskState::NotRun => None,
        })
        .collect();
    states.sort();
    states
}

/// The text of a file.
pub fn text_in(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every module that comes of the conformance suite, at once: those of the other tests are small.
#[test]
fn ruff_and_mypy_find_nothing_in_any_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut modules = serde_json::Map::new();
    for folder in ["tests/conformance", "examples"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder of ours") {
            let path = entry.expect("it can be read").path();
            if !path.join("pipeline.mlp").exists() {
                continue;
            }
            let (project, file) =
                Project::of(&path.join("pipeline.mlp"), root).expect("the file is there");
            let mut compilation = compile(&project, Input::File(file), &Request::default())
                .expect("the file is there");
            let emitted = compilation.emit(&[&Dagster]);
            let name = path.file_name().expect("a name").to_string_lossy();
            for (_, documents) in emitted {
                let text = documents.first().map(|document| document.text.clone());
                modules.extend(text.map(|text| (format!("{name}.py"), json!(text))));
            }
        }
    }
    assert!(modules.len() > 50, "{}", modules.len());
    if let Some(dagster) = engine("dagster") {
        let answer = dagster.ask(&json!({ "do": "look", "files": modules }));
        assert_eq!(answer["errors"], json!([]));
    }
}

/// What Dagster says of a run.
pub struct Outcome {
    pub status: String,
    pub outputs: Json,
    pub log: String,
    pub finally: Option<String>,
    /// What the run left in the catalogue, by asset.
    pub made: Json,
    pub mails: Json,
    tasks: Json,
}

impl Outcome {
    /// The state of a task, by its path; nothing when it did not start.
    pub fn state(&self, task: &str) -> Option<&str> {
        self.tasks[task]["state"].as_str()
    }

    pub fn attempts(&self, task: &str) -> Option<u64> {
        self.tasks[task]["attempts"].as_u64()
    }

    fn states(&self) -> Vec<String> {
        let tasks = self.tasks.as_object().expect("states by path");
        let mut states: Vec<String> = tasks
            .iter()
            .map(|(name, task)| format!("{name} {}", task["state"].as_str().unwrap_or_default()))
            .collect();
        states.sort();
        states
    }
}

impl Compiled {
    fn files(&self) -> Json {
        json!({ &self.name: self.module })
    }

    fn check(&self, types: bool) {
        let job = json!({ "do": "check", "files": self.files(), "types": types });
        if let Some(dagster) = engine("dagster") {
            let answer = dagster.ask(&job);
            let errors: Vec<&str> = answer["errors"]
                .as_array()
                .map(|errors| errors.iter().filter_map(Json::as_str).collect())
                .unwrap_or_default();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
        }
    }

    pub fn run(&self, arguments: Json) -> Option<Outcome> {
        self.run_of(json!({ "arguments": arguments }))
    }

    /// A run of these assets alone.
    pub fn select(&self, assets: &[&str]) -> Option<Outcome> {
        self.run_of(json!({ "select": assets }))
    }

    fn run_of(&self, mut job: Json) -> Option<Outcome> {
        let place = tempfile::tempdir().expect("there is room for a folder");
        job["do"] = json!("run");
        job["files"] = self.files();
        job["directory"] = json!(place.path());
        let answer = engine("dagster")?.ask(&job);
        Some(Outcome {
            status: answer["status"].as_str().unwrap_or_default().to_owned(),
            outputs: answer["outputs"].clone(),
            log: answer["log"].as_str().unwrap_or_default().to_owned(),
            finally: answer["finally"].as_str().map(str::to_owned),
            made: answer["made"].clone(),
            mails: answer["mails"].clone(),
            tasks: answer["tasks"].clone(),
        })
    }

    /// The definitions, as Dagster has read them.
    pub fn described(&self) -> Option<Json> {
        Some(engine("dagster")?.ask(&json!({ "do": "describe", "files": self.files() })))
    }

    /// What the schedule does at a time, after runs of these states.
    pub fn tick(&self, at: &str, before: &[&str]) -> Option<Json> {
        let job = json!({ "do": "tick", "files": self.files(), "at": at, "before": before });
        Some(engine("dagster")?.ask(&job))
    }

    /// The module without what is the same in all.
    pub fn readable(&self) -> String {
        let start = "# What follows is the same";
        let end = "\ndefs = dg.Definitions(";
        match (self.module.find(start), self.module.find(end)) {
            (Some(start), Some(end)) => format!(
                "{}# (the support block and the shim)\n{}",
                &self.module[..start],
                &self.module[end..]
            ),
            _ => self.module.clone(),
        }
    }

    /// Holds the source and what it compiled to in a snapshot.
    pub fn snapshot(&self, name: &str) {
        let settings = insta::Settings::clone_current();
        settings.bind(|| {
            insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
                let text = format!("{}\n----\n{}", self.source.trim(), self.readable());
                insta::assert_snapshot!(format!("dagster_{name}"), text);
            });
        });
    }
}
