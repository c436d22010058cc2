//! The engines: how each compiles a case, validates what came out, and runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use mlpc::target::Document;
use mlpc::types::Type;
use serde_json::{Map, Value as Json, json};

use super::case::{Case, Run};
use super::engines::{Engine, engine};

pub struct Driver {
    pub name: &'static str,
    pub target: &'static str,
    speaks: Speaks,
}

/// The form of the jobs that an engine's driver takes.
enum Speaks {
    /// `mlpc run` itself: the reference.
    Mlpc,
    /// `tests/engines/kubeflow`: a document and typed arguments; a `T?` travels as JSON text.
    Kubeflow,
    /// `tests/engines/argo`: a document, and parameters and outputs as texts.
    Argo,
}

pub const ALL: &[Driver] = &[
    Driver {
        name: "local",
        target: "local",
        speaks: Speaks::Mlpc,
    },
    Driver {
        name: "kubeflow",
        target: "kubeflow",
        speaks: Speaks::Kubeflow,
    },
    Driver {
        name: "argo",
        target: "argo",
        speaks: Speaks::Argo,
    },
];

/// How a run ended, in the language's terms.
#[derive(Debug)]
pub struct Outcome {
    pub status: String,
    pub outputs: Map<String, Json>,
    /// The state of each task, by its name in the language, with an index for each loop around it; tasks of mlpc's making are among them.
    pub tasks: Vec<(String, String)>,
    pub log: String,
}

impl Outcome {
    /// The state of a task by its name in the program. An engine's names have hyphens, more steps between, and a number where the
    /// arms of an `if` share one: `a.then.say-2`.
    pub fn state(&self, task: &str) -> Option<&str> {
        let asked: Vec<String> = task.split('.').map(|part| part.replace('_', "-")).collect();
        let is_called = |part: &str, asked: &str| {
            let number = part
                .strip_prefix(asked)
                .and_then(|rest| rest.strip_prefix('-'));
            part == asked || number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        let found = self.tasks.iter().find(|(name, _)| {
            let mut left = asked.as_slice();
            let mut last = false;
            for part in name.split('.').map(|part| part.replace('_', "-")) {
                last = left.first().is_some_and(|asked| is_called(&part, asked));
                if last {
                    left = &left[1..];
                }
            }
            last && left.is_empty()
        });
        found.map(|(_, state)| state.as_str())
    }
}

impl Driver {
    /// Whether the engine is to be had here.
    pub fn ready(&self) -> bool {
        match self.speaks {
            Speaks::Mlpc => true,
            Speaks::Kubeflow | Speaks::Argo => engine(self.name).is_some(),
        }
    }

    /// Whether all tasks are reported, those too that did not start.
    pub fn reports_all(&self) -> bool {
        matches!(self.speaks, Speaks::Mlpc)
    }

    /// Whether the engine has a validator beside running.
    pub fn validates(&self) -> bool {
        !matches!(self.speaks, Speaks::Mlpc)
    }

    fn engine(&self) -> &'static Engine {
        engine(self.name).expect("asked only when it is ready")
    }

    /// What the engine's validator says against the documents.
    pub fn check(&self, documents: &[Document]) -> Vec<String> {
        let answer = match self.speaks {
            Speaks::Mlpc => return Vec::new(),
            Speaks::Kubeflow => self
                .engine()
                .ask(&json!({ "do": "check", "yaml": documents[0].text })),
            Speaks::Argo => self.engine().ask(&json!({ "yaml": documents[0].text })),
        };
        let errors = answer["errors"].as_array().expect("a list of errors");
        errors
            .iter()
            .map(|error| error.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub fn run(&self, case: &Case, documents: &[Document], run: &Run) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder");
        match self.speaks {
            Speaks::Mlpc => local(case, run, folder.path()),
            Speaks::Kubeflow => self.kubeflow(case, documents, run, folder.path()),
            Speaks::Argo => self.argo(case, documents, run, folder.path()),
        }
    }

    fn kubeflow(&self, case: &Case, documents: &[Document], run: &Run, folder: &Path) -> Outcome {
        let mut arguments = Map::new();
        for (name, value) in settings(run, folder) {
            let ty = param(case, &name);
            let value = match artifact(&value) {
                Some(text) => Json::from(written(folder, &name, text)),
                None if ty.is_optional() => Json::from(text_of(&value)),
                // kfp takes no `0` for a float.
                None if ty.base() == &Type::Float => Json::from(value.as_f64()),
                None => value,
            };
            arguments.insert(name, value);
        }
        let optional: Vec<&str> = outputs(case)
            .filter(|(_, ty)| ty.is_optional())
            .map(|(name, _)| name)
            .collect();
        let job = json!({ "do": "run", "yaml": documents[0].text, "arguments": arguments, "optional": optional, "directory": folder });
        let answer = self.engine().ask(&job);
        outcome(case, &answer, kubeflow_name)
    }

    fn argo(&self, case: &Case, documents: &[Document], run: &Run, folder: &Path) -> Outcome {
        let mut parameters = Map::new();
        let mut stores = Map::new();
        for (name, value) in settings(run, folder) {
            let ty = param(case, &name);
            let text = match artifact(&value) {
                Some(text) => {
                    stores.insert(format!("bucket/{name}"), Json::from(text));
                    format!("s3://bucket/{name}")
                }
                None if is_text(ty) && !ty.is_optional() => {
                    value.as_str().expect("a text").to_owned()
                }
                None => text_of(&value),
            };
            parameters.insert(name, Json::from(text));
        }
        let answer = self
            .engine()
            .ask(&json!({ "yaml": documents[0].text, "run": parameters, "stores": stores }));
        let given = &answer["outputs"];
        let mut found = Map::new();
        for (name, ty) in outputs(case) {
            if ty.artifact().is_some() {
                if let Some(text) = given["artifacts"].get(name) {
                    found.insert(name.to_owned(), json!({ "artifact": text }));
                } else if ty.is_optional() {
                    found.insert(name.to_owned(), Json::Null);
                }
            } else if let Some(text) = given["parameters"][name].as_str() {
                let value = if is_text(ty) && !ty.is_optional() {
                    Json::from(text)
                } else {
                    serde_json::from_str(text).unwrap_or_else(|_| json!({ "no JSON": text }))
                };
                found.insert(name.to_owned(), value);
            }
        }
        let mut tasks: Vec<(String, String)> = Vec::new();
        for pod in answer["pods"].as_array().expect("a list of pods") {
            let name = argo_name(
                pod["path"].as_str().expect("a path"),
                pod["template"].as_str().expect("a name"),
            );
            let state = if pod["exit"] == 0 {
                "succeeded"
            } else {
                "failed"
            };
            // A later attempt decides.
            tasks.retain(|(other, _)| *other != name);
            tasks.push((name, state.to_owned()));
        }
        let status = if answer["phase"] == "Succeeded" {
            "succeeded"
        } else {
            "failed"
        };
        Outcome {
            status: status.to_owned(),
            outputs: found,
            tasks,
            log: format!("{answer:#}"),
        }
    }
}

/// `mlpc run --json` on a copy of the case: a run leaves its cache beside the program.
fn local(case: &Case, run: &Run, folder: &Path) -> Outcome {
    for (name, text) in &case.files {
        std::fs::write(folder.join(name), text).expect("a folder of this test");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlpc"));
    command.args(["run", "--json", "pipeline.mlp"]);
    for (name, value) in settings(run, folder) {
        let text = match artifact(&value) {
            Some(text) => written(folder, &name, text),
            None if is_text(param(case, &name)) => value.as_str().expect("a text").to_owned(),
            None => text_of(&value),
        };
        command.arg("--set").arg(format!("{name}={text}"));
    }
    let done = command
        .envs(&case.expect.env)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the program that was just built starts");
    let log = String::from_utf8_lossy(&done.stderr).into_owned();
    let answer =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|_| json!({ "status": "crashed" }));
    let mut outcome = outcome(case, &answer, str::to_owned);
    outcome.log = log;
    outcome
}

/// An answer in the protocol of the drivers, which `mlpc run --json` has too.
fn outcome(case: &Case, answer: &Json, name: impl Fn(&str) -> String) -> Outcome {
    let mut found = Map::new();
    for (output, ty) in outputs(case) {
        let Some(value) = answer["outputs"].get(output) else {
            continue;
        };
        let value = match ty.artifact() {
            Some(_) if !value.is_null() => read(
                value["artifact"]
                    .as_str()
                    .or(value.as_str())
                    .unwrap_or_default(),
            ),
            _ => value.clone(),
        };
        found.insert(output.to_owned(), value);
    }
    let state = |task: &Json| task["state"].as_str().unwrap_or_default().to_owned();
    let tasks = answer["tasks"].as_object().into_iter().flatten();
    Outcome {
        status: answer["status"].as_str().unwrap_or_default().to_owned(),
        outputs: found,
        tasks: tasks
            .map(|(path, task)| (name(path), state(task)))
            .collect(),
        log: answer["log"].as_str().unwrap_or_default().to_owned(),
    }
}

/// `fits.item-iteration-3.train` is `fits[3].train`.
fn kubeflow_name(path: &str) -> String {
    path.replace(".item-iteration-", "[")
        .split('.')
        .map(closed)
        .collect::<Vec<_>>()
        .join(".")
}

/// `fits[3` is `fits[3]`.
fn closed(part: &str) -> String {
    if part.contains('[') && !part.ends_with(']') {
        format!("{part}]")
    } else {
        part.to_owned()
    }
}

/// `/fits/each[3]/train` is `fits[3].train`; a body of one task is `/fits/each[3]`, and its task is called as its template.
fn argo_name(path: &str, template: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match (part.strip_prefix("each["), parts.last_mut()) {
            (Some(index), Some(outer)) => outer.push_str(&format!("[{index}")),
            _ => parts.push(part.to_owned()),
        }
    }
    if parts.last().is_some_and(|last| last.ends_with(']')) {
        parts.push(template.to_owned());
    }
    parts.join(".")
}

fn param<'a>(case: &'a Case, name: &str) -> &'a Type {
    let param = case.entry().params.iter().find(|param| param.name == name);
    &param
        .unwrap_or_else(|| panic!("{}: no parameter `{name}`", case.name))
        .ty
}

fn outputs(case: &Case) -> impl Iterator<Item = (&str, &Type)> {
    case.entry()
        .outputs
        .iter()
        .map(|output| (output.name.as_str(), &output.ty))
}

/// Whether the text of a value is the value itself.
fn is_text(ty: &Type) -> bool {
    matches!(ty.base(), Type::Str | Type::Date | Type::DateTime)
}

fn text_of(value: &Json) -> String {
    mlpc::value::Value::from_json(value).json()
}

fn artifact(value: &Json) -> Option<&str> {
    value.get("artifact")?.as_str()
}

/// What is set, with each `{"path": name}` as a path in the folder of the run.
fn settings(run: &Run, folder: &Path) -> Vec<(String, Json)> {
    let given = |value: &Json| match value.get("path").and_then(Json::as_str) {
        Some(name) => Json::from(folder.join(name).to_str().expect("UTF-8")),
        None => value.clone(),
    };
    run.set
        .iter()
        .map(|(name, value)| (name.clone(), given(value)))
        .collect()
}

/// A file with a text; its path.
fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(format!("{name}.given"));
    std::fs::write(&file, text).expect("a folder of this test");
    file.to_str().expect("UTF-8").to_owned()
}

fn read(path: &str) -> Json {
    match std::fs::read_to_string(path) {
        Ok(text) => json!({ "artifact": text }),
        Err(error) => json!({ "artifact": null, "path": path, "error": error.to_string() }),
    }
}
