//! Attributes: from constants to the typed settings of tasks and pipelines.
//!
//! [`layer`] checks what one place says (a component's body, a `with`, a pipeline's body and its `defaults`);
//! [`merge`] lays the layers of a task over each other, the nearest winning key by key; [`pipeline`] gives a
//! pipeline's own. What there is to set, and what each value looks like, stands in [`table`].

mod build;
mod check;
#[cfg(test)]
mod docs;
mod image;
mod mismatch;
mod requirement;
mod schedule;
pub mod table;
#[cfg(test)]
mod tests;
mod text;
mod unknown;
mod whole;

use std::time::Duration;

use indexmap::IndexMap;

use crate::graph::{Cache, SecretRef};
use crate::source::Span;

pub use build::{merge, pipeline};
pub use check::layer;
pub use mismatch::duration_text;
pub use table::{Place, STEP_KEYS};
pub use whole::{Reported, check_merged};

use table::{Row, dotted};

/// What one place sets, checked. What was at fault is reported and left out.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// By dotted name, down to the entries of maps: `retry.attempts`, `env.HOME`.
    settings: IndexMap<String, Setting>,
    /// The keys of blocks, maps and records, by dotted name.
    blocks: IndexMap<String, Span>,
    defaults: Option<Box<Layer>>,
}

impl Layer {
    /// A pipeline's `defaults: {..}`, which is the outermost layer of its tasks; empty when it has none.
    pub fn defaults(&self) -> Layer {
        self.defaults.as_deref().cloned().unwrap_or_default()
    }

    /// Where this layer sets an attribute or something in a block or map, by its dotted name.
    pub fn span(&self, name: &str) -> Option<Span> {
        let setting = self.settings.get(name).map(Setting::place);
        setting.or_else(|| self.blocks.get(name).copied())
    }
}

/// One key set, or one entry of a map.
#[derive(Clone, Debug)]
struct Setting {
    row: &'static Row,
    /// The key of a map's entry or of a record's field.
    entry: Option<String>,
    given: Given,
    key_span: Span,
    value_span: Span,
}

impl Setting {
    fn name(&self) -> String {
        match &self.entry {
            Some(entry) => dotted(&self.row.name(), entry),
            None => self.row.name(),
        }
    }

    /// The place to show: key and value, or the key alone where the value may span lines.
    fn place(&self) -> Span {
        match self.given {
            Given::Texts(_) | Given::Records(_) => self.key_span,
            _ => self.key_span.to(self.value_span),
        }
    }
}

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    Text(String),
    Int(i64),
    Number(f64),
    Duration(Duration),
    /// Bytes.
    Size(u64),
    Bool(bool),
    Cache(Cache),
    Reference(SecretRef),
    Texts(Vec<String>),
    Records(Vec<IndexMap<&'static str, Given>>),
}
