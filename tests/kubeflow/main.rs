//! The Kubeflow target: what is emitted for a source, held against kfp's own messages and run by kfp.local.
//!
//! Each test compiles a source, has every check of `tests/engines/kubeflow/driver.py` accept the YAML, and where it says `run` runs it
//! with kfp.local there.

mod attributes;
mod control;
mod data;
mod examples;
mod hostile;

#[path = "../support/engines.rs"]
mod engines;

use engines::engine;
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::project::{Memory, Project};
use mlpc::target::kubeflow::Kubeflow;
use serde_json::{Value as Json, json};

/// A source and the files beside it.
pub struct Case {
    files: Vec<(String, String)>,
    settings: Vec<String>,
}

/// What a source compiled to.
pub struct Compiled {
    pub source: String,
    pub yaml: String,
}

pub fn case(source: &str) -> Case {
    Case {
        files: vec![("pipeline.mlp".into(), source.into())],
        settings: Vec::new(),
    }
}

impl Case {
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    /// As `--set` on the command line.
    pub fn set(mut self, setting: impl Into<String>) -> Self {
        self.settings.push(setting.into());
        self
    }

    fn compilation(&self) -> (Compilation, String) {
        let project = Project::in_memory(Memory::new(self.files.clone()));
        let request = Request {
            settings: self.settings.clone(),
            ..Default::default()
        };
        let mut compilation = compile(&project, Input::File("pipeline.mlp".into()), &request)
            .expect("the file is there");
        let emitted = compilation.emit(&[&Kubeflow]);
        let yaml = emitted
            .first()
            .and_then(|(_, documents)| documents.first())
            .map_or(String::new(), |document| document.text.clone());
        (compilation, yaml)
    }

    /// The codes of what is reported.
    pub fn codes(&self) -> Vec<&'static str> {
        let (compilation, _) = self.compilation();
        compilation
            .diagnostics
            .iter()
            .map(|found| found.code.as_str())
            .collect()
    }

    /// Compiles without errors, and all checks accept what comes out.
    pub fn accepted(&self) -> Compiled {
        let (compilation, yaml) = self.compilation();
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        if let Some(kubeflow) = engine("kubeflow") {
            let answer = kubeflow.ask(&json!({ "do": "check", "yaml": yaml }));
            assert_eq!(answer["errors"], json!([]), "{}", readable(&yaml));
        }
        Compiled {
            source: self.files[0].1.clone(),
            yaml,
        }
    }

    /// Compiles and runs with these arguments. Nothing where there is no kfp.
    pub fn run(&self, arguments: Json) -> Option<Outcome> {
        self.accepted().run(arguments)
    }

    /// Runs to these outputs.
    pub fn gives(&self, arguments: Json, outputs: Json) {
        if let Some(outcome) = self.run(arguments) {
            assert_eq!(
                (outcome.status.as_str(), &outcome.outputs),
                ("succeeded", &outputs),
                "{}",
                outcome.log
            );
        }
    }
}

/// What kfp.local says of a run.
pub struct Outcome {
    pub status: String,
    pub outputs: Json,
    pub log: String,
    tasks: Json,
}

impl Outcome {
    /// The state of a task, by its path; nothing when it did not start.
    pub fn state(&self, task: &str) -> Option<&str> {
        self.tasks[task]["state"].as_str()
    }
}

impl Compiled {
    pub fn run(&self, arguments: Json) -> Option<Outcome> {
        let job = json!({ "do": "run", "yaml": self.yaml, "arguments": arguments });
        let answer = engine("kubeflow")?.ask(&job);
        Some(Outcome {
            status: answer["status"].as_str().unwrap_or_default().to_owned(),
            outputs: answer["outputs"].clone(),
            log: answer["log"].as_str().unwrap_or_default().to_owned(),
            tasks: answer["tasks"].clone(),
        })
    }

    /// Holds the source and what it compiled to in a snapshot.
    pub fn snapshot(&self, name: &str) {
        let settings = insta::Settings::clone_current();
        settings.bind(|| {
            insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
                let text = format!("{}\n----\n{}", self.source.trim(), readable(&self.yaml));
                insta::assert_snapshot!(format!("kubeflow_{name}"), text);
            });
        });
    }
}

/// The YAML without the text of the shim, which the compiler has a test for of its own.
fn readable(yaml: &str) -> String {
    let mut out = String::new();
    let mut inside: Option<usize> = None;
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if let Some(outer) = inside {
            if line.is_empty() || indent > outer {
                continue;
            }
            inside = None;
        }
        let is_block = line.trim_start().starts_with("- ") && line.ends_with('|');
        let is_shim = lines.peek().is_some_and(|next| next.trim() == "import os");
        out.push_str(line);
        if is_block && is_shim {
            out.push_str(" (the shim)");
            inside = Some(indent);
        }
        out.push('\n');
    }
    out
}
