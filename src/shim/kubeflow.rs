//! The front for Kubeflow Pipelines.
//!
//! `command: [python3, -u, -c, SHIM]`, `args: [the placeholder of the ExecutorInput, DESCRIPTION, SOURCE..]`: the source in pieces that hold
//! nothing an engine would fill in. Values come as JSON values ([`Carried::Json`](super::Carried::Json)); a port of type `T?` is a STRING that
//! holds JSON text. Outputs are written to their files, and the ExecutorOutput that names the artifacts to its own.

use serde::Serialize;
use serde_json::Value as Json;

use super::{Code, Expr, Needs, Step as Described, Work, container};

pub(super) const FRONT: &str = include_str!("kubeflow.py");

/// Where the engine has a port: under its key in the component's specification, by default the port's name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Key {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of the artifacts of a list, one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// Drop one final newline: a command left it there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chomp: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unset: Option<Unset>,
    /// What to call it in messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

/// A text that stands for another value: a [`Lit`](Expr::Lit), or what a read gives ([`In`](Expr::In)).
#[derive(Clone, Debug, Serialize)]
pub struct Unset {
    pub marker: String,
    pub then: Expr,
}

pub type Step = Described<Key, Key>;

/// The text of the shim with what steps need.
pub fn text(needs: &Needs) -> String {
    container(needs, FRONT)
}

/// The step's description as JSON, without its source.
pub fn description(step: &Step) -> String {
    let mut json = serde_json::to_value(step).expect("a description has text keys only");
    let object = json.as_object_mut().expect("a struct");
    object.shift_remove("source");
    lines(object)
}

/// A JSON object with a line for each entry, and for each item of an entry that is a list of objects: people read it in reviews.
fn lines(object: &serde_json::Map<String, Json>) -> String {
    let entries: Vec<String> = object
        .iter()
        .map(|(key, value)| {
            let value = match value {
                Json::Array(items) if items.iter().any(Json::is_object) => {
                    let items: Vec<String> = items.iter().map(|item| format!("  {item}")).collect();
                    format!("[\n{}\n]", items.join(",\n"))
                }
                value => value.to_string(),
            };
            format!("{}: {value}", Json::from(key.as_str()))
        })
        .collect();
    format!("{{\n{}\n}}\n", entries.join(",\n"))
}

/// The source that the step embeds; nothing for what needs none.
pub fn source(step: &Step) -> &str {
    match &step.work {
        Work::Function {
            code: Code::Embedded { source, .. },
            ..
        } => source,
        _ => "",
    }
}
