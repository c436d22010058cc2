//! The checks against sources, and what they are built into.

mod any;
mod forms;
mod layers;
mod messages;
mod reader;
mod shapes;
mod targets;

use std::time::Duration;

use super::{Layer, Place, layer};
use crate::diagnostics::Diagnostic;
use crate::graph::{Component, Port, Step};
use crate::source::{FileId, Span};
use crate::types::Type;

/// Checks the entries of a source.
fn check(place: Place, source: &str) -> (Layer, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let layer = layer(&reader::entries(source), place, &mut diagnostics);
    (layer, diagnostics)
}

/// The layer of a source without faults.
fn sound(place: Place, source: &str) -> Layer {
    let (layer, diagnostics) = check(place, source);
    let messages: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(messages.is_empty(), "{source}: {messages:?}");
    layer
}

/// The codes that a source gives.
fn codes(place: Place, source: &str) -> Vec<&'static str> {
    let (_, diagnostics) = check(place, source);
    diagnostics.iter().map(|d| d.code.as_str()).collect()
}

/// A component with an input `data` and this step.
fn component(step: Step) -> Component {
    let span = Span::new(FileId(0), 0, 1);
    let port = Port {
        name: "data".to_owned(),
        ty: Type::Str,
        default: None,
        doc: String::new(),
        span,
    };
    Component {
        name: "train".to_owned(),
        doc: String::new(),
        inputs: vec![port],
        outputs: Vec::new(),
        unnamed_output: false,
        step,
        span,
    }
}

fn shell() -> Step {
    Step::Shell("echo".to_owned())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
