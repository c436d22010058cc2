//! The Prefect target: what is emitted for a source, run for real on Prefect's own server and held against `mlpc run`.
//!
//! One driver process and one server serve all tests here: see `tests/engines/prefect/driver.py`.

mod attributes;
mod constructs;
mod examples;
mod format;
mod hostile;
mod params;

#[path = "../support/engines.rs"]
mod engines;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use engines::engine;
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::project::{Memory, Project};
use mlpc::target::Document;
use mlpc::target::prefect::Prefect;
use serde_json::{Map, Value as Json, json};

/// A source and the files beside it.
pub struct Case {
    files: Vec<(String, String)>,
    /// The interpreter of the reference run has what the examples import.
    needs_packages: bool,
}

pub fn case(source: &str) -> Case {
    Case {
        files: vec![("pipeline.mlp".into(), source.into())],
        needs_packages: false,
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub status: String,
    pub outputs: Json,
    pub states: BTreeMap<String, String>,
    pub log: String,
}

impl Case {
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    pub fn with_packages(mut self) -> Self {
        self.needs_packages = true;
        self
    }

    pub fn compile(&self) -> (Compilation, Vec<Document>) {
        let project = Project::in_memory(Memory::new(self.files.clone()));
        let mut compilation = compile(
            &project,
            Input::File("pipeline.mlp".into()),
            &Request::default(),
        )
        .expect("the file is there");
        let emitted = compilation.emit(&[&Prefect]);
        let documents = emitted
            .into_iter()
            .flat_map(|(_, documents)| documents)
            .collect();
        (compilation, documents)
    }

    /// The codes of what is reported.
    pub fn codes(&self) -> Vec<&'static str> {
        let (compilation, _) = self.compile();
        compilation
            .diagnostics
            .iter()
            .map(|found| found.code.as_str())
            .collect()
    }

    /// The files that it compiles to without errors.
    pub fn files(&self) -> Map<String, Json> {
        let (compilation, documents) = self.compile();
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        documents
            .into_iter()
            .map(|document| (document.name, Json::from(document.text)))
            .collect()
    }

    pub fn text(&self, name: &str) -> String {
        self.files()[name].as_str().expect("a text").to_owned()
    }

    /// Ruff, mypy and Python accept it; its flow and deployment are as the snapshot has them.
    pub fn accepted(&self, name: &str) {
        let files = self.files();
        let flow = files
            .iter()
            .find(|(name, _)| name.ends_with("_flow.py"))
            .expect("a flow");
        let text = format!(
            "{}\n---- {}\n{}---- prefect.yaml\n{}",
            self.files[0].1.trim(),
            flow.0,
            flow.1.as_str().expect("a text"),
            files["prefect.yaml"].as_str().expect("a text")
        );
        insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(format!("prefect_{name}"), text);
        });
        self.checked();
    }

    pub fn checked(&self) {
        let files = self.files();
        if let Some(prefect) = engine("prefect") {
            let answer = prefect.ask(&json!({ "do": "check", "files": files }));
            let errors: Vec<&str> = answer["errors"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Json::as_str)
                .collect();
            assert!(
                errors.is_empty(),
                "{}\n{}",
                errors.join("\n"),
                flow_text(&files)
            );
        }
    }

    /// Runs the flow with these arguments in a folder. Nothing where there is no Prefect.
    pub fn run_in(&self, arguments: &Json, folder: &Path) -> Option<Outcome> {
        let files = self.files();
        let job =
            json!({ "do": "run", "files": files, "arguments": arguments, "directory": folder });
        let answer = engine("prefect")?.ask(&job);
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let tasks = answer["tasks"].as_object().expect("an object");
        Some(Outcome {
            status: text("status"),
            outputs: answer["outputs"].clone(),
            states: states(tasks),
            log: format!("{}\n{}", text("log"), flow_text(&files)),
        })
    }

    pub fn run(&self, arguments: Json) -> Option<Outcome> {
        let folder = tempfile::tempdir().expect("a folder");
        self.run_in(&arguments, folder.path())
    }

    /// The same with `mlpc run`, in a folder of its own.
    pub fn reference(&self, arguments: &Json, folder: &Path) -> Outcome {
        for (name, text) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlpc"));
        command
            .args(["run", "pipeline.mlp", "--json", "--no-cache"])
            .current_dir(folder);
        for (name, value) in arguments.as_object().expect("arguments by name") {
            let text = match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            command.arg("--set").arg(format!("{name}={text}"));
        }
        let output = command.output().expect("mlpc starts");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Json =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{log}"));
        Outcome {
            status: report["status"].as_str().expect("a status").to_owned(),
            outputs: report["outputs"].clone(),
            states: states(report["tasks"].as_object().expect("tasks")),
            log,
        }
    }

    /// Runs as `mlpc run` does: status, outputs, and the states of tasks. Gives what came of it.
    pub fn agrees(&self, arguments: Json) -> Option<Outcome> {
        let (here, there) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let outcome = self.run_in(&arguments, there.path())?;
        let reference = self.reference(&arguments, here.path());
        let log = format!(
            "{}\n-- mlpc run:\n{}\n{:?}\n{:?}",
            outcome.log, reference.log, outcome.states, reference.states
        );
        assert_eq!(outcome.status, reference.status, "{log}");
        if outcome.status == "succeeded" {
            assert_eq!(outcome.outputs, reference.outputs, "{log}");
        }
        for (task, state) in &reference.states {
            // What never started may not be known to the engine at all.
            let found = outcome.states.get(task).map_or("not_run", String::as_str);
            let state = if state == "skipped" { "not_run" } else { state };
            assert_eq!(found, state, "{task}: {log}");
        }
        Some(outcome)
    }

    pub fn gives(&self, arguments: Json, outputs: Json) {
        if let Some(outcome) = self.agrees(arguments) {
            assert_eq!(
                (outcome.status.as_str(), &outcome.outputs),
                ("succeeded", &outputs),
                "{}",
                outcome.log
            );
        }
    }
}

fn states(tasks: &Map<String, Json>) -> BTreeMap<String, String> {
    tasks
        .iter()
        .map(|(name, task)| {
            (
                name.clone(),
                task["state"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

fn flow_text(files: &Map<String, Json>) -> &str {
    let flow = files.iter().find(|(name, _)| name.ends_with("_flow.py"));
    flow.and_then(|(_, text)| text.as_str()).unwrap_or_default()
}
