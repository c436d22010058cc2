//! Targets: what each engine can do, and the lowering of the IR to each engine's document.
//!
//! A target says what it can't do in its column of the capability table only ([`Target::support`]); [`check`](capability::check)
//! turns a column and a program into diagnostics before anything is lowered. Targets don't know one another.

pub mod airflow;
pub mod argo;
pub mod capability;
pub mod dagster;
mod features;
pub mod kubeflow;
pub mod local;
pub mod prefect;
pub mod table;

use indexmap::IndexMap;

use crate::diagnostics::Diagnostic;
use crate::graph::{Program, TaskAttributes};
pub use capability::{Feature, Support};
pub use features::{Use, uses};

/// An engine that a program can be compiled to.
pub trait Target: Sync {
    /// As given to `-t`, and the name of its block in attributes and in `mlpc.toml`.
    fn name(&self) -> &'static str;

    /// What is written, in a few words.
    fn title(&self) -> &'static str;

    /// This target's column of the capability table.
    fn support(&self, feature: Feature) -> Support;

    /// What becomes of a feature that a task uses, where that hangs on the task or on the place: the table's answer, unless a target says more.
    fn support_for(&self, feature: Feature, _: &TaskAttributes, _: &Options) -> Support {
        self.support(feature)
    }

    /// Whether a key of this target's block has an effect on a pipeline that the entry calls: of a whole run, as most are, it has none.
    fn reads_of_called(&self, _program: &Program, _key: &str) -> bool {
        false
    }

    /// Lowers a program that passed [`capability::check`]. The diagnostics are limits that only the emitted
    /// document shows: sizes, names that meet after mangling.
    fn emit(&self, program: &Program, options: &Options) -> (Vec<Document>, Vec<Diagnostic>);
}

/// Every target, in the order in which they are listed.
pub fn all() -> &'static [&'static dyn Target] {
    &[
        &kubeflow::Kubeflow,
        &argo::Argo,
        &airflow::Airflow,
        &prefect::Prefect,
        &dagster::Dagster,
        &local::Local,
    ]
}

/// The target of a name as given to `-t`.
pub fn find(name: &str) -> Option<&'static dyn Target> {
    all().iter().copied().find(|target| target.name() == name)
}

/// A file that compiling gives.
#[derive(Debug)]
pub struct Document {
    /// What it is called below the output folder of `-t all`.
    pub name: String,
    pub text: String,
}

/// What belongs to a place rather than to a pipeline: the `[target.*]` sections of `mlpc.toml`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub airflow: AirflowOptions,
    pub argo: ArgoOptions,
    pub local: LocalOptions,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AirflowOptions {
    /// What runs a step that doesn't say it itself.
    pub operator: AirflowOperator,
    /// The folder, the same on every worker, below which tasks leave artifacts.
    pub artifact_root: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AirflowOperator {
    #[default]
    Bash,
    Docker,
    Kubernetes,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArgoOptions {
    pub namespace: Option<String>,
    pub service_account: Option<String>,
    /// Where artifacts are kept; nothing means the cluster's default repository.
    pub artifact_repository: Option<ArtifactRepository>,
    pub kind: ArgoKind,
}

/// How `mlpc run` works in this place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalOptions {
    /// The interpreter of `python:` steps: a name on the `PATH`, or a path from the project's root.
    pub python: Option<String>,
    /// How many steps may run at once.
    pub jobs: Option<u32>,
    /// By secret (`name/key`): the environment variable that holds it, where it isn't the one that the step gets.
    pub secrets: IndexMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ArgoKind {
    #[default]
    Workflow,
    WorkflowTemplate,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArtifactRepository {
    S3,
    Gcs,
    Azure,
    Oss,
}
