//! From a task to the command that does its work.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;
use super::folder::Folder;
use super::ports::Ports;
use super::python::Pythons;
use super::shape::Shape;
use crate::plan::{self, Component, Give, Pass, Plan, Task};
use crate::shim::{self, local};
use crate::value::Value;

/// What steps need besides their ports.
pub(super) struct Steps {
    /// The values of secrets, by their reference and the variable that a step has them in.
    pub secrets: HashMap<(String, String), String>,
    pub pythons: Pythons,
    pub scripts: Scripts,
}

/// The Python files of a run.
#[derive(Default)]
pub(super) struct Scripts {
    /// What calls a function.
    shim: String,
    /// The file of each source, alone in its folder.
    sources: HashMap<String, String>,
}

impl Scripts {
    /// Writes what the plan's `python` steps need. The shim is shared by all runs, for Python keeps its compiled form beside it.
    pub fn write(
        plan: &Plan,
        shape: &Shape<'_>,
        folder: &Folder,
        state: &Path,
    ) -> Result<Scripts, Error> {
        let mut scripts = Scripts::default();
        let mut needed = Vec::new();
        shape.tasks(&mut |_, component| {
            if let Component::Python(python) = component {
                needed.push(python);
            }
        });
        if needed.is_empty() {
            return Ok(scripts);
        }
        scripts.shim = text(&shared_shim(state)?.join("shim.py"))?;
        for source in needed.iter().filter_map(|python| python.source.as_ref()) {
            if scripts.sources.contains_key(source) {
                continue;
            }
            let plan::Source {
                path,
                text: source_text,
            } = &plan.sources[source];
            let digest = blake3::hash(source_text.as_bytes()).to_hex();
            let name = Path::new(path)
                .file_name()
                .unwrap_or_else(|| "steps.py".as_ref());
            let place = folder.path.join("src").join(&digest[..16]);
            let file = place.join(name);
            fs::create_dir_all(&place)
                .and_then(|()| fs::write(&file, source_text))
                .map_err(|error| Error::io("write", &file, &error))?;
            scripts.sources.insert(source.clone(), text(&file)?);
        }
        Ok(scripts)
    }
}

/// The folder of the shim, which is made when this version of it was never used here.
fn shared_shim(state: &Path) -> Result<PathBuf, Error> {
    let files = local::files();
    let mut hasher = blake3::Hasher::new();
    for (_, text) in &files {
        hasher.update(text.as_bytes());
    }
    let place = state.join("shim").join(&hasher.finalize().to_hex()[..16]);
    let write = || {
        // Whole or not at all: another run may look at the same time.
        let temporary = place.with_extension(std::process::id().to_string());
        fs::create_dir_all(&temporary)?;
        for (name, text) in &files {
            fs::write(temporary.join(name), text)?;
        }
        match fs::rename(&temporary, &place) {
            Err(_) if place.exists() => fs::remove_dir_all(&temporary),
            renamed => renamed,
        }
    };
    if !place.exists() {
        write().map_err(|error| Error::io("write", &place, &error))?;
    }
    fs::canonicalize(&place).map_err(|error| Error::io("find", &place, &error))
}

fn text(path: &Path) -> Result<String, Error> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::usage(format!("the path `{}` is not UTF-8", path.display())))
}

impl Steps {
    /// What of the machine a task's outputs depend on: nothing, or the interpreter.
    pub fn interpreter(&self, component: &Component, task: &Task) -> String {
        match component {
            Component::Python(_) => self.pythons.get(&task.packages).identity.clone(),
            Component::Run(_) | Component::Shell(_) => String::new(),
        }
    }

    /// The command of one attempt. The error says why there is none.
    pub fn command(&self, ports: &Ports<'_>, task: &Task, name: &str) -> Result<Command, String> {
        let mut command = match ports.component {
            Component::Run(run) => ports.run(&run.argv)?,
            Component::Shell(shell) => ports.shell(&shell.script, name)?,
            Component::Python(python) => self.python(ports, python, task)?,
        };
        command.envs(&task.env);
        for (variable, reference) in &task.secrets {
            let secret = &self.secrets[&(reference.clone(), variable.clone())];
            command.env(variable, secret);
        }
        Ok(command)
    }

    fn python(
        &self,
        ports: &Ports<'_>,
        python: &plan::Python,
        task: &Task,
    ) -> Result<Command, String> {
        let words = self.words(ports, python);
        let interpreter = self.pythons.get(&task.packages);
        let mut command = Command::new(&interpreter.path);
        command.arg(&self.scripts.shim);
        if local::needs_file(&words) {
            let path = ports.file("call.json", &local::file(&words))?;
            command.arg(format!("@{}", path.display()));
        } else {
            command.args(words);
        }
        if let Some(programs) = &interpreter.programs {
            // As in a container, where the packages' programs are on the path.
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(programs.clone()).chain(std::env::split_paths(&path));
            if let Ok(path) = std::env::join_paths(folders) {
                command.env("PATH", path);
            }
        }
        Ok(command)
    }

    /// The call of the function, as the shim takes it.
    fn words(&self, ports: &Ports<'_>, python: &plan::Python) -> Vec<String> {
        let json = |ty: &plan::Type| serde_json::to_value(ty).expect("a type has text keys only");
        let input_types: Vec<_> = python.inputs.iter().map(|input| json(&input.ty)).collect();
        let output_types: Vec<_> = python
            .outputs
            .iter()
            .map(|output| json(&output.ty))
            .collect();
        let given: Vec<Given> = python
            .inputs
            .iter()
            .zip(ports.inputs)
            .map(|(input, value)| Given::of(input, value))
            .collect();
        let places: Vec<String> = python
            .outputs
            .iter()
            .map(|output| ports.path_text(&output.name))
            .collect();
        let inputs =
            python
                .inputs
                .iter()
                .zip(&given)
                .zip(&input_types)
                .map(|((input, given), ty)| {
                    let as_path = input.pass == Pass::Path;
                    let given = match given {
                        Given::Absent => local::Input::Absent,
                        Given::Value(text) => local::Input::Value { ty, text },
                        Given::Artifact(path) => local::Input::Artifact { path, as_path },
                        Given::Artifacts(paths) => local::Input::Artifacts { paths, as_path },
                    };
                    (input.name.as_str(), given)
                });
        let outputs =
            python
                .outputs
                .iter()
                .zip(&places)
                .zip(&output_types)
                .map(|((output, path), ty)| local::Output {
                    name: &output.name,
                    ty,
                    by: match output.give {
                        Give::Returned => shim::By::Returned,
                        Give::Str => shim::By::Str,
                        Give::Path => shim::By::Path,
                    },
                    path,
                });
        let source = python
            .source
            .as_deref()
            .and_then(|source| self.scripts.sources.get(source));
        let code = match (source, &python.module) {
            (Some(path), _) => local::Code::File {
                path,
                name: Path::new(path)
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default(),
            },
            (None, module) => local::Code::Module(module.as_deref().unwrap_or_default()),
        };
        let call = local::Call {
            code,
            function: &python.function,
            inputs: inputs.collect(),
            outputs: outputs.collect(),
        };
        call.words()
    }
}

/// What a function gets for an input.
enum Given {
    Absent,
    Value(String),
    Artifact(String),
    Artifacts(Vec<String>),
}

impl Given {
    fn of(input: &plan::Input, value: &Value) -> Given {
        match value {
            Value::Absent => Given::Absent,
            value if input.ty.is_artifact() => Given::Artifact(value.text()),
            Value::List(paths) if input.ty.is_artifact_list() => {
                Given::Artifacts(paths.iter().map(Value::text).collect())
            }
            value => Given::Value(value.text()),
        }
    }
}
