//! The checks against sources, and what they are built into.

mod any;
mod forms;
mod layers;
mod messages;
mod reader;
mod shapes;

use std::time::Duration;

use super::{Layer, Place, layer};
use crate::diagnostics::Diagnostic;

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

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
