//! The Argo target: what is emitted for a source, held against what can be had of Argo here.
//!
//! Each test compiles a source, has every check of `tests/engines/argo/driver.py` accept the YAML, and where it says `gives` runs it in
//! the simulation there.

mod constructs;
mod documents;
mod ends;
mod hostile;
mod simulation;
mod split;

#[path = "../support/engines.rs"]
mod engines;

use std::collections::BTreeMap;

use engines::engine;
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::diagnostics::Diagnostic;
use mlpc::project::{Memory, Project};
use mlpc::source::SourceMap;
use mlpc::target::argo::Argo;
use serde_json::{Value, json};

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
    pub fn set(mut self, setting: &str) -> Self {
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
        let emitted = compilation.emit(&[&Argo]);
        let yaml = emitted
            .first()
            .map_or(String::new(), |(_, documents)| documents[0].text.clone());
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

    /// Compiles without a fault, and all checks accept what comes out.
    pub fn accepted(&self) -> Compiled {
        self.accepted_with(&[])
    }

    /// The same with exactly these codes reported.
    pub fn accepted_with(&self, codes: &[&str]) -> Compiled {
        let (compilation, yaml) = self.compilation();
        let found: Vec<&str> = compilation
            .diagnostics
            .iter()
            .map(|found| found.code.as_str())
            .collect();
        assert_eq!(
            found,
            codes,
            "{}",
            shown(&compilation.diagnostics, &compilation.sources)
        );
        if let Some(argo) = engine("argo") {
            let answer = argo.ask(&json!({ "yaml": yaml }));
            assert_eq!(answer["errors"], json!([]), "{yaml}");
        }
        Compiled {
            source: self.files[0].1.clone(),
            yaml,
        }
    }
}

fn shown(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let line = |found: &Diagnostic| {
        let primary = found.primary();
        let at = sources.start(primary.span);
        format!(
            "{}:{}: {} {} ({})\n",
            at.line, at.column, found.code, found.message, primary.text
        )
    };
    diagnostics.iter().map(line).collect()
}

impl Compiled {
    /// Holds the source and the YAML in a snapshot.
    pub fn snapshot(self, name: &str) -> Self {
        let both = format!(
            "{}\n==== argo ====\n{}",
            self.source.trim(),
            without_shim(&self.yaml)
        );
        insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(format!("argo_{name}"), both);
        });
        self
    }

    /// The report of a run, when the simulation can be had.
    pub fn run(&self, parameters: &[(&str, &str)]) -> Option<Value> {
        self.run_with(parameters, &[])
    }

    /// The same with what is in the stores, by location without scheme.
    pub fn run_with(&self, parameters: &[(&str, &str)], stores: &[(&str, &str)]) -> Option<Value> {
        let given: BTreeMap<&str, &str> = parameters.iter().copied().collect();
        let stores: BTreeMap<&str, &str> = stores.iter().copied().collect();
        let report =
            engine("argo")?.ask(&json!({ "yaml": self.yaml, "run": given, "stores": stores }));
        Some(report)
    }

    /// A run with these parameters succeeds and puts out these values, as texts.
    pub fn gives(self, parameters: &[(&str, &str)], outputs: Value) -> Self {
        if let Some(report) = self.run(parameters) {
            assert_eq!(report["phase"], "Succeeded", "{report:#}\n{}", self.yaml);
            assert_eq!(
                own(&report["outputs"]["parameters"]),
                outputs,
                "{}",
                self.yaml
            );
        }
        self
    }

    /// A run with these parameters fails, and says this.
    pub fn fails(self, parameters: &[(&str, &str)], message: &str) -> Self {
        if let Some(report) = self.run(parameters) {
            let ended = ["Failed", "Error"]
                .map(Value::from)
                .contains(&report["phase"]);
            assert!(ended, "{report:#}");
            let said = report["message"].as_str().expect("a message");
            assert!(said.contains(message), "{said}");
        }
        self
    }

    /// The templates that ran, in order, in a run with these parameters.
    pub fn ran(&self, parameters: &[(&str, &str)]) -> Option<Vec<String>> {
        let report = self.run(parameters)?;
        let pods = report["pods"].as_array().expect("a list");
        Some(
            pods.iter()
                .map(|pod| pod["template"].as_str().expect("a name").to_owned())
                .collect(),
        )
    }
}

/// The YAML without the text of the shim, which is the same in all and has tests of its own.
fn without_shim(yaml: &str) -> String {
    let mut out = String::new();
    let mut inside = None;
    for line in yaml.lines() {
        let depth = line.len() - line.trim_start().len();
        if inside.is_some_and(|outer| depth > outer || line.is_empty()) {
            continue;
        }
        inside = line
            .trim_start()
            .starts_with("mlpc.dev/shim: |")
            .then_some(depth);
        out.push_str(line);
        out.push('\n');
        if inside.is_some() {
            out.push_str(&" ".repeat(depth + 2));
            out.push_str("(the shim)\n");
        }
    }
    out
}

/// The outputs that the pipeline returns, without those that `finally` reads.
fn own(outputs: &Value) -> Value {
    let all = outputs.as_object().expect("an object");
    all.iter()
        .filter(|(name, _)| !name.contains('-'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
