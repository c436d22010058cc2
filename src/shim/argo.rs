//! The front for Argo Workflows.
//!
//! `command: [python3, -u, -c, SHIM]`, `args: [DESCRIPTION, value..]`, or `@` and the path of a file (an input artifact with `raw` data) that
//! holds the description. Values come as their texts ([`Carried::Text`](super::Carried::Text)) unless an input says
//! [`Carried::Base64`](super::Carried::Base64); `arg` counts the arguments after the description. Outputs are left at their paths as texts,
//! with one newline more where a text ends in one, which Argo trims.

use serde::Serialize;

use super::{Needs, Step as Described, container};

pub(super) const FRONT: &str = include_str!("argo.py");

/// Where an input is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// The number of an argument after the description.
    Arg(usize),
    /// The path of a file that holds the value's text.
    File(String),
    /// The path of an artifact; where nothing is there, an optional one is absent.
    Path(String),
    /// The paths of a list of artifacts.
    Paths(Vec<String>),
    /// The path of a folder that holds a list of artifacts, in the order of their names.
    Folder(String),
}

/// Where an output goes.
#[derive(Clone, Debug, Serialize)]
pub struct To {
    pub path: String,
    /// Where a digest of the artifact's content is written, for caches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

pub type Step = Described<From, To>;

/// The container's `command`.
pub fn command(step: &Step) -> Vec<String> {
    ["python3", "-u", "-c", &container(&step.needs(), FRONT)]
        .map(str::to_owned)
        .to_vec()
}

/// The shim as a file that all steps of a workflow share, with what one of them needs.
pub fn shim(needs: &Needs) -> String {
    container(needs, FRONT)
}

/// The first argument as JSON: the paths in it may be tags of the template.
pub fn plain(step: &Step) -> String {
    step.plain()
}

/// The first argument, or the content of the file that it names after `@`.
pub fn description(step: &Step) -> String {
    step.encoded()
}
