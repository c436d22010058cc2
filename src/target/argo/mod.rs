//! Argo Workflows: a Workflow, or a WorkflowTemplate with the CronWorkflow that starts it.
//!
//! ```text
//! Program ─ lower ─ templates ─ document ─ objects ─ limits ─ YAML
//!             ├ params, call, control, split   parameters, calls, `if` and `for` and `finally`, blocks that are too large
//!             ├ frame      a DAG template in the making, and what can be read in it
//!             ├ publish    what reaches the whole run: its outputs, and what `finally` reads
//!             ├ pod, step, python   a component as a template
//!             └ value      an expression of the language as an Argo expression; encode: what travels plain, what as base64
//! expr: the one place that writes Argo's expressions and tags; names: mangling and lengths; model: the documents as structs
//! ```

mod block;
mod call;
mod capability;
mod control;
mod document;
mod encode;
mod expr;
mod frame;
mod lower;
mod model;
mod names;
mod params;
mod pod;
mod publish;
mod python;
mod split;
mod step;
mod value;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::graph::Program;

/// The target `argo`.
pub struct Argo;

impl Target for Argo {
    fn name(&self) -> &'static str {
        "argo"
    }

    fn title(&self) -> &'static str {
        "Argo Workflows YAML"
    }

    fn support(&self, feature: Feature) -> Support {
        capability::support(feature)
    }

    fn emit(&self, program: &Program, options: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        document::emit(program, &options.argo)
    }
}
