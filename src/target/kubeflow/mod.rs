//! Kubeflow Pipelines: the v2 pipeline document, and beside it the platform document with what is Kubernetes' own.
//!
//! ```text
//! Program ─ limits ─ lower ─ model ─ YAML
//!                      ├ scope    one DAG: its inputs, its tasks, where everything is to be had
//!                      ├ steps    calls of components, and the steps that mlpc adds
//!                      ├ control  `if`, `for` and `finally`
//!                      ├ leaf     what such a step takes, and how its shim reads it
//!                      ├ command  `run:` and `shell:` steps
//!                      └ platform resources, retries, secrets and the like
//! wire: how values travel; encode: which text may stand as it is; names: mangling; info: descriptions
//! ```

mod branch;
mod capability;
mod command;
mod control;
mod encode;
mod info;
mod leaf;
mod limits;
mod lower;
mod model;
mod names;
mod platform;
mod repeat;
mod scope;
mod steps;
mod wire;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::emit::yaml::YamlFile;
use crate::graph::Program;

/// The target `kubeflow`.
pub struct Kubeflow;

impl Target for Kubeflow {
    fn name(&self) -> &'static str {
        "kubeflow"
    }

    fn title(&self) -> &'static str {
        "Kubeflow Pipelines v2 YAML"
    }

    fn support(&self, feature: Feature) -> Support {
        capability::support(feature)
    }

    fn emit(&self, program: &Program, _: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        let mut diagnostics = limits::check(program);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return (Vec::new(), diagnostics);
        }
        let lowered = lower::lower(program);
        diagnostics.extend(lowered.diagnostics);
        let mut file = YamlFile::new(&program.path);
        file.document(&lowered.pipeline);
        if let Some(platform) = &lowered.platform {
            file.document(platform);
        }
        let text = file.finish();
        diagnostics.extend(limits::size(
            text.len() + lowered.pipeline.repeated(),
            program.entry().span,
        ));
        let document = Document {
            name: format!("{}.yaml", program.entry().name),
            text,
        };
        (vec![document], diagnostics)
    }
}
