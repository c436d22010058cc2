//! The Airflow target: what is emitted for a source, run with `dag.test()` on Airflow 3.3 and 2.10, beside the same source run by `mlpc run`.
//!
//! Each test compiles a source, has both Airflows read the DAG, holds its JSON against the schema and runs it; status, outputs and the states of
//! tasks are those of the local run. What the conformance suite proves of both, the examples too, is not here again.

mod control;
mod documents;
mod failures;
mod flavours;
mod hostile;

#[path = "../support/engines.rs"]
mod engines;

use std::num::NonZeroUsize;

use engines::{Engine, engine};
use indexmap::IndexMap;
use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::plan;
use mlpc::project::{Memory, Project};
use mlpc::run::{Display, Options, execute};
use mlpc::target::airflow::{Airflow, schema};
use mlpc::target::local::Local;
use serde_json::{Map, Value as Json, json};

/// Of both environments.
pub const AIRFLOWS: [&str; 2] = ["airflow", "airflow2"];

/// A source and the files beside it.
#[derive(Clone)]
pub struct Case {
    files: Vec<(String, String)>,
    /// Airflow Variables, and environment variables of the local run: secrets.
    pub variables: Vec<(String, String)>,
    /// The day of the run, on Airflow.
    pub date: Option<String>,
}

pub fn case(source: &str) -> Case {
    Case {
        files: vec![("pipeline.mlp".into(), source.into())],
        variables: Vec::new(),
        date: None,
    }
}

/// What an engine, or the local runner, says of a run.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub status: String,
    pub outputs: Json,
    /// The state of every task by its name.
    pub states: Map<String, Json>,
}

/// A run on Airflow, with what only Airflow knows.
pub struct Ran {
    pub outcome: Outcome,
    pub log: String,
    pub attempts: Json,
}

impl Case {
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    pub fn compilation(&self) -> (Compilation, IndexMap<String, String>, String) {
        let project = Project::in_memory(Memory::new(self.files.clone()));
        let mut compilation = compile(
            &project,
            Input::File("pipeline.mlp".into()),
            &Request::default(),
        )
        .expect("the file is there");
        let airflow = compilation.emit(&[&Airflow]).pop();
        let local = compilation.emit(&[&Local]).pop();
        let documents = airflow.map(|(_, documents)| documents).unwrap_or_default();
        let files = documents
            .into_iter()
            .map(|document| (document.name, document.text));
        let plan = local.and_then(|(_, mut documents)| documents.pop());
        (
            compilation,
            files.collect(),
            plan.map_or(String::new(), |document| document.text),
        )
    }

    /// The codes of what is reported.
    pub fn codes(&self) -> Vec<&'static str> {
        let (compilation, ..) = self.compilation();
        let found = compilation.diagnostics.iter();
        found.map(|found| found.code.as_str()).collect()
    }

    /// The files for the DAGs folder.
    pub fn emitted(&self) -> IndexMap<String, String> {
        let (compilation, files, _) = self.compilation();
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        files
    }

    /// The JSON of the DAG.
    pub fn json(&self) -> Json {
        let files = self.emitted();
        serde_json::from_str(&files[0]).expect("the first file is JSON")
    }

    /// What an Airflow makes of the DAG; the JSON fits the schema.
    pub fn load(&self, airflow: &Engine) -> Json {
        let schema: Json = serde_json::from_str(&schema()).expect("a schema is JSON");
        let job = json!({ "do": "load", "files": self.emitted(), "schema": schema });
        let mut answer = airflow.ask(&job);
        assert_eq!(answer["errors"], json!({}));
        assert_eq!(answer["invalid"], json!([]));
        let dags = answer["dags"].as_object_mut().expect("dags by their ids");
        assert_eq!(dags.len(), 1);
        dags.values_mut().next().expect("one").take()
    }

    pub fn run_on(&self, airflow: &Engine, arguments: &Json) -> Ran {
        self.load(airflow);
        let variables: Map<String, Json> = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let mut job = json!({ "do": "run", "files": self.emitted(), "arguments": arguments, "variables": variables });
        if let Some(date) = &self.date {
            job["date"] = json!(date);
        }
        let answer = airflow.ask(&job);
        let tasks = answer["tasks"].as_object().expect("tasks by their names");
        Ran {
            outcome: Outcome {
                status: answer["status"].as_str().unwrap_or_default().to_owned(),
                outputs: answer["outputs"].clone(),
                states: states(tasks),
            },
            log: answer["log"].as_str().unwrap_or_default().to_owned(),
            attempts: answer["attempts"].clone(),
        }
    }

    /// What `mlpc run` makes of it. Artifacts are shown as the drivers do: by their content.
    pub fn run_here(&self, arguments: &Json) -> Outcome {
        let (compilation, _, text) = self.compilation();
        assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
        let plan = plan::read(&text).expect("it was just written");
        let folder = tempfile::tempdir().expect("a folder");
        let set = arguments.as_object().expect("arguments by name").iter();
        let set = set.map(|(name, value)| match value {
            Json::String(text) => (name.clone(), text.clone()),
            other => (name.clone(), other.to_string()),
        });
        let options = Options {
            set: set.collect(),
            state: folder.path().join("state"),
            base: folder.path().to_owned(),
            jobs: NonZeroUsize::new(4),
            display: Display::Silent,
            install: false,
            cache: false,
            // It has the packages that tests ask for.
            python: engine("airflow").map(|airflow| airflow.python.clone()),
            ..Options::default()
        };
        let report = execute(&plan, &options).unwrap_or_else(|error| panic!("{error}"));
        let report = serde_json::to_value(&report).expect("a report is JSON");
        let tasks = report["tasks"].as_object().expect("tasks by their names");
        Outcome {
            status: report["status"].as_str().unwrap_or_default().to_owned(),
            outputs: report["outputs"].clone(),
            states: states(tasks),
        }
    }

    /// Runs the same on both Airflows as here.
    pub fn agrees(&self, arguments: Json) -> Outcome {
        let here = self.run_here(&arguments);
        for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
            let ran = self.run_on(airflow, &arguments);
            let there = &ran.outcome;
            assert_eq!(there.status, here.status, "{}", ran.log);
            assert_eq!(there.states, here.states, "{}", ran.log);
            if here.status == "succeeded" {
                assert_eq!(there.outputs, here.outputs, "{}", ran.log);
            }
        }
        here
    }
}

fn states(tasks: &Map<String, Json>) -> Map<String, Json> {
    let mut states: Vec<_> = tasks
        .iter()
        .map(|(name, task)| (name.clone(), task["state"].clone()))
        .collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states.into_iter().collect()
}

/// Components that most tests use, and their functions.
pub const COMPONENTS: &str = r#"
component score(n: int) -> float { python: "steps.py:score" }
component say(text: str) -> str { python: "steps.py:say" }
component double(n: int) -> int { python: "steps.py:double" }
component items(n: int) -> list[int] { python: "steps.py:items" }
component fit(n: int) -> (model: Model, f1: float) { python: "steps.py:fit" }
component best(models: list[Model], scores: list[float]) -> str { python: "steps.py:best" }
component content(model: Model?) -> str { python: "steps.py:content" }
component show(value: str?) -> str { python: "steps.py:show" }
component fail_if(yes: bool) -> str { python: "steps.py:fail_if" }
component join(a: str, b: int?) -> str {
  shell: """
    printf '%s/%s' "$a" "${b-none}" > "$output"
  """
}
component copy(a: str, m: Model) -> (text: str, copy: Model) {
  run: ["sh", "-c", "printf '%s:%s' \"$1\" \"$(cat $2)\" > $3; cp $2 $4", "sh", a, m, text, copy]
}
"#;

pub const STEPS: &str = r#"
import os
import tempfile


def score(n):
    return n / 10


def say(text):
    print("says", text)
    return text


def double(n):
    return 2 * n


def items(n):
    return list(range(n))


def fit(n):
    path = os.path.join(tempfile.mkdtemp(), "model")
    with open(path, "w") as file:
        file.write("m%d" % n)
    return {"model": path, "f1": 1 / n}


def best(models, scores):
    with open(models[scores.index(min(scores))]) as file:
        return file.read() + str(scores)


def content(model):
    if model is None:
        return "nothing"
    with open(model) as file:
        return file.read()


def show(value):
    return repr(value)


def fail_if(yes):
    if yes:
        raise ValueError("as asked")
    return "fine"
"#;

pub fn python(source: &str) -> Case {
    case(&format!("{COMPONENTS}\n{source}")).file("steps.py", STEPS)
}
