//! What a task's outputs are outputs of, as digests: of its definition and its inputs.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::ports;
use super::shape::Shape;
use crate::plan::{Component, Input, Plan, Task};
use crate::value::Value;

/// Digests of what a plan's components do.
pub(super) struct Keys {
    definitions: HashMap<*const Component, String>,
}

/// Counts up when a task of the same definition may give other outputs by our doing.
const VERSION: &str = "mlpc 1";

impl Keys {
    pub fn new(plan: &Plan, shape: &Shape<'_>) -> Keys {
        let mut definitions = HashMap::new();
        shape.tasks(&mut |_, component| {
            definitions
                .entry(std::ptr::from_ref(component))
                .or_insert_with(|| definition(plan, component));
        });
        Keys { definitions }
    }

    /// The key of a task: `inputs` are those of [`inputs`], `with` is what else counts.
    pub fn key(&self, task: &Task, component: &Component, inputs: &str, with: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        let attributes =
            serde_json::to_string(&(&task.env, &task.packages)).expect("texts are JSON");
        for part in [
            VERSION,
            &self.definitions[&std::ptr::from_ref(component)],
            &attributes,
            inputs,
            with,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Kind, words or script or source and function, ports: all but what is said about it.
fn definition(plan: &Plan, component: &Component) -> String {
    let mut component = component.clone();
    let mut text = String::new();
    match &mut component {
        Component::Python(python) => {
            python.doc.clear();
            if let Some(source) = python.source.take() {
                // Under another name it is the same source.
                text.clone_from(&plan.sources[&source].text);
            }
        }
        Component::Run(run) => run.doc.clear(),
        Component::Shell(shell) => shell.doc.clear(),
    }
    let json = serde_json::to_string(&component).expect("a component has text keys only");
    blake3::hash(format!("{json}\n{text}").as_bytes())
        .to_hex()
        .to_string()
}

/// Inputs as one text, each artifact as what `name` makes of its path.
pub(super) fn inputs<E>(
    ports: &[Input],
    values: &[Value],
    name: &mut dyn FnMut(String) -> Result<String, E>,
) -> Result<String, E> {
    let mut text = String::new();
    for (port, value) in ports.iter().zip(values) {
        let value = port.ty.map_artifacts(value.clone(), name)?;
        text.push_str(&port.name);
        text.push('=');
        text.push_str(&value.json());
        text.push('\n');
    }
    Ok(text)
}

/// An artifact within one run: the place of one that the run made; of another one also its size and time, for it may change.
pub(super) fn place(path: &str, run: &Path) -> String {
    match Path::new(path).strip_prefix(run) {
        Ok(inside) => format!("run {}", inside.display()),
        Err(_) => {
            let path = Path::new(path);
            let time =
                std::fs::metadata(path).map_or((0, 0), |meta| (meta.mtime(), meta.mtime_nsec()));
            format!(
                "{} {} {}.{:09}",
                path.display(),
                ports::size(path),
                time.0,
                time.1
            )
        }
    }
}

/// The paths of all artifacts among inputs.
pub(super) fn artifacts(ports: &[Input], values: &[Value]) -> Vec<String> {
    let mut paths = Vec::new();
    let found = inputs(ports, values, &mut |path| {
        paths.push(path.clone());
        Ok::<_, std::convert::Infallible>(path)
    });
    match found {
        Ok(_) => paths,
    }
}
