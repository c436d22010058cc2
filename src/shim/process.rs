//! The front for engines that are Python programs themselves: a step is a process of its own, which is told all in a JSON file.
//!
//! `python shim.py CALL.json`; the head of `process.py` says what the file holds. The step succeeds when the process exits with 0; its
//! outputs are then in the file that the call names, as one JSON object.

use serde::Serialize;
use serde_json::Value as Json;

use super::{CHILD, CONTAINER, CORE, Step as Described, assemble};

pub(super) const FRONT: &str = include_str!("process.py");
const START: &str = include_str!("start.py");

/// A port has no place of its own in the description: the call names all.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Nowhere {}

pub type Step = Described<Nowhere, Nowhere>;

/// The texts of `shim.py` and of the module `mlpc_step` beside it. Of a module Python keeps a compiled form, of a script it does not.
pub fn files() -> [(&'static str, String); 2] {
    let start = assemble(&[START]).replace("mlpc_step.local", "mlpc_step.process");
    let step = assemble(&[CORE, CONTAINER, CHILD, FRONT]);
    [("shim.py", start), ("mlpc_step.py", step)]
}

/// The step's description.
pub fn description(step: &Step) -> Json {
    serde_json::to_value(step).expect("a description has text keys only")
}
