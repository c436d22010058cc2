//! The front for Kubeflow Pipelines.
//!
//! `command: [python3, -u, -c, SHIM]`, `args: [the placeholder of the ExecutorInput, DESCRIPTION..]`. Values come as JSON values
//! ([`Carried::Json`](super::Carried::Json)); a port of type `T?` is a STRING that holds JSON text. A literal with braces is given as a
//! STRING parameter that holds its base64, and its input says [`Carried::Base64`](super::Carried::Base64). Outputs are written to their
//! files, and the ExecutorOutput that names the artifacts to its own.

use serde::Serialize;

use super::{Step as Described, container};

pub(super) const FRONT: &str = include_str!("kubeflow.py");

/// Linux takes arguments of up to 128 KiB.
const LONGEST: usize = 100 << 10;

/// The key of a port in the component's specification, where it is not the port's name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Key {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

pub type Step = Described<Key, Key>;

/// The container's `command` and `args`.
pub fn command(step: &Step) -> (Vec<String>, Vec<String>) {
    let command = ["python3", "-u", "-c", &container(step, FRONT)]
        .map(str::to_owned)
        .to_vec();
    let description = step.encoded();
    let pieces = description.as_bytes().chunks(LONGEST);
    let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).expect("base64 is ASCII"));
    (
        command,
        std::iter::once("{{$}}".to_owned()).chain(pieces).collect(),
    )
}
