//! The engines: how each compiles a case, validates what came out, and runs it.

use std::collections::BTreeMap;
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
    /// What checks and what runs the programs, for the page.
    pub proof: &'static str,
    /// That of what is emitted, where the engine's validator takes one.
    schema: Option<fn() -> String>,
    speaks: Speaks,
}

/// The form of the jobs that an engine's driver takes.
enum Speaks {
    /// `mlpc run` itself: the reference.
    Mlpc,
    /// The common form: `{"do": "run", ..}` with all documents, or with the only one as `yaml`, and typed arguments.
    Jobs {
        /// What the job of the validator is called.
        check: &'static str,
        yaml: bool,
        /// A `T?` is given as JSON text.
        optional_as_text: bool,
        /// The name in the language of what the engine reports as a task.
        name: fn(&str) -> String,
    },
    /// `tests/engines/argo`: a document, and parameters and outputs as texts.
    Argo,
}

pub static ALL: &[Driver] = &[
    Driver {
        name: "local",
        target: "local",
        proof: "`mlpc run`, which is the reference",
        schema: None,
        speaks: Speaks::Mlpc,
    },
    Driver {
        name: "kubeflow",
        target: "kubeflow",
        proof: "kfp's messages, its loader and its conditions' language check the document; kfp.local runs it",
        schema: None,
        speaks: Speaks::Jobs {
            check: "check",
            yaml: true,
            optional_as_text: true,
            name: kubeflow_name,
        },
    },
    Driver {
        name: "argo",
        target: "argo",
        proof: "a strict form of Argo's own schema checks the document; a simulation runs it, on Argo's own template and expression packages",
        schema: None,
        speaks: Speaks::Argo,
    },
    Driver {
        name: "airflow",
        target: "airflow",
        proof: "the JSON's schema and Airflow 3.3's own reader of DAGs check the files; `dag.test()` runs them",
        schema: Some(mlpc::target::airflow::schema),
        speaks: Speaks::Jobs {
            check: "load",
            yaml: false,
            optional_as_text: false,
            name: str::to_owned,
        },
    },
    Driver {
        name: "airflow2",
        target: "airflow",
        proof: "the same on Airflow 2.10",
        schema: Some(mlpc::target::airflow::schema),
        speaks: Speaks::Jobs {
            check: "load",
            yaml: false,
            optional_as_text: false,
            name: str::to_owned,
        },
    },
    Driver {
        name: "prefect",
        target: "prefect",
        proof: "ruff, mypy and Prefect's own reading of parameters check the module; the flow runs on Prefect's ephemeral server",
        schema: None,
        speaks: Speaks::Jobs {
            check: "check",
            yaml: false,
            optional_as_text: false,
            name: str::to_owned,
        },
    },
    Driver {
        name: "dagster",
        target: "dagster",
        proof: "ruff and loading the definitions check the module; `execute_in_process` runs its job",
        schema: None,
        speaks: Speaks::Jobs {
            check: "check",
            yaml: false,
            optional_as_text: false,
            name: str::to_owned,
        },
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
    /// What is said of this engine, or else of its target.
    pub fn of<'a, T>(&self, on: &'a BTreeMap<String, T>) -> Option<&'a T> {
        on.get(self.name).or_else(|| on.get(self.target))
    }

    /// Whether the engine is to be had here.
    pub fn ready(&self) -> bool {
        match self.speaks {
            Speaks::Mlpc => true,
            Speaks::Jobs { .. } | Speaks::Argo => engine(self.name).is_some(),
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
            Speaks::Jobs { check, yaml, .. } => {
                let mut job = json!({ "do": check });
                put(&mut job, documents, yaml);
                if let Some(schema) = self.schema {
                    job["schema"] = serde_json::from_str(&schema()).expect("a schema is JSON");
                }
                self.engine().ask(&job)
            }
            Speaks::Argo => self.engine().ask(&json!({ "yaml": documents[0].text })),
        };
        let texts = |errors: &Json| match errors {
            Json::Object(errors) => errors
                .iter()
                .map(|(file, error)| format!("{file}: {error}"))
                .collect(),
            Json::Array(errors) => errors
                .iter()
                .map(|error| error.as_str().unwrap_or_default().to_owned())
                .collect(),
            Json::Null => Vec::new(),
            other => vec![other.to_string()],
        };
        [texts(&answer["errors"]), texts(&answer["invalid"])].concat()
    }

    pub fn run(&self, case: &Case, documents: &[Document], run: &Run) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder");
        match self.speaks {
            Speaks::Mlpc => local(case, run, folder.path()),
            Speaks::Jobs {
                yaml,
                optional_as_text,
                name,
                ..
            } => {
                let mut job = json!({ "do": "run", "arguments": arguments(case, run, folder.path(), optional_as_text),
                    "optional": optional(case), "directory": folder.path(),
                    "environment": case.expect.env, "secrets": case.expect.secrets });
                put(&mut job, documents, yaml);
                outcome(case, &self.engine().ask(&job), name)
            }
            Speaks::Argo => self.argo(case, documents, run, folder.path()),
        }
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
            .ask(&json!({ "yaml": documents[0].text, "run": parameters, "stores": stores, "programs": programs(case) }));
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

/// The documents, as a job has them.
fn put(job: &mut Json, documents: &[Document], yaml: bool) {
    if yaml {
        job["yaml"] = Json::from(documents[0].text.as_str());
    } else {
        let files = documents
            .iter()
            .map(|document| (document.name.clone(), Json::from(document.text.as_str())));
        job["files"] = Json::Object(files.collect());
    }
}

/// The names of the outputs that may be absent.
fn optional(case: &Case) -> Vec<&str> {
    outputs(case)
        .filter(|(_, ty)| ty.is_optional())
        .map(|(name, _)| name)
        .collect()
}

fn arguments(case: &Case, run: &Run, folder: &Path, optional_as_text: bool) -> Map<String, Json> {
    let argument = |(name, value): (String, Json)| {
        let ty = param(case, &name);
        let value = match artifact(&value) {
            Some(text) => Json::from(written(folder, &name, text)),
            None if ty.is_optional() && optional_as_text => Json::from(text_of(&value)),
            // kfp takes no `0` for a float.
            None if ty.base() == &Type::Float => Json::from(value.as_f64()),
            None => value,
        };
        (name, value)
    };
    settings(run, folder).into_iter().map(argument).collect()
}

/// `mlpc run --json` on a copy of the case: a run leaves its cache beside the program.
fn local(case: &Case, run: &Run, folder: &Path) -> Outcome {
    for (name, text) in &case.files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().expect("below the folder"))
            .expect("a folder of this test");
        std::fs::write(file, text).expect("a folder of this test");
    }
    if let Some(programs) = programs(case) {
        let python = programs.join("python3");
        let settings = format!(
            "[target.local]\npython = {:?}\n",
            python.display().to_string()
        );
        std::fs::write(folder.join("mlpc.toml"), settings).expect("a folder of this test");
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

/// Where the interpreter is that has the packages of a case, if it asks for any.
fn programs(case: &Case) -> Option<&'static Path> {
    let asks = case.features().contains(&mlpc::target::Feature::Packages);
    engine("kubeflow").filter(|_| asks)?.python.parent()
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

/// `fits.item-iteration-3.train` is `fits[3].train`, and so is `fits.some.item-iteration-3.train`.
fn kubeflow_name(path: &str) -> String {
    path.replace(".some.item-iteration-", ".item-iteration-")
        .replace(".item-iteration-", "[")
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

/// The text of a file, or how many bytes of something else it holds.
fn read(path: &str) -> Json {
    match std::fs::read(path) {
        Ok(content) => match String::from_utf8(content) {
            Ok(text) => json!({ "artifact": text }),
            Err(other) => json!({ "artifact": { "bytes": other.as_bytes().len() } }),
        },
        Err(error) => json!({ "artifact": null, "path": path, "error": error.to_string() }),
    }
}
