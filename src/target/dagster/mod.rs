//! Dagster: a module of software-defined assets, with ops behind them where a value takes more than one step to make.
//!
//! **Which form.** A task is an asset, or one asset an output when its outputs have names. Control flow is one asset: an `if` or a `for` is
//! a graph of ops whose last one gives the value. With `dagster: { style: "ops" }`, or when nothing in the pipeline has an output, the
//! whole pipeline is a graph of ops. A loop's body that holds an `if` or a `for` is one op, for Dagster can neither join nor map inside a
//! mapped body; what is in it runs in order there.
//!
//! ```text
//! Program ─ lower ─┬ assets    tasks, checks and outputs as assets
//!                  ├ graph     `if`, `for` and whole pipelines as graphs of ops
//!                  ├ sequence  what runs inside one op
//!                  ├ jobs      the job, its schedule, `finally` and mails
//!                  └ parts     components, parameters, tags ─ template ─ text
//! scope: what a function reads, and the names by which it has it
//! ```

mod assets;
mod capability;
mod graph;
mod jobs;
mod lower;
mod parts;
mod scope;
mod sequence;
mod support;
mod tags;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::graph::Program;

/// The target `dagster`.
pub struct Dagster;

impl Target for Dagster {
    fn name(&self) -> &'static str {
        "dagster"
    }

    fn title(&self) -> &'static str {
        "a Python module of Dagster assets"
    }

    fn support(&self, feature: Feature) -> Support {
        capability::support(feature)
    }

    fn emit(&self, program: &Program, _: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        let document = Document {
            name: format!("{}.py", program.entry().name),
            text: lower::lower(program),
        };
        (vec![document], Vec::new())
    }
}
