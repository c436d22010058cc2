//! The capability table: each thing a program can use, by target.
//!
//! The rows are [`Feature`]; a column is a target's `support`, an exhaustive match, so that a new row does not compile until every
//! target has an answer. Errors, warnings, `mlpc targets` and the docs read this and nothing else.

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Program;

use super::features::uses;
use super::{Options, Target};

/// What a program can use that engines differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    // Steps
    PythonStep,
    RunStep,
    ShellStep,
    /// `packages` on a `python:` step
    Packages,
    // Data
    /// A value that travels between tasks.
    Value,
    /// A `T?` value.
    OptionalValue,
    /// A `T?` value that a `run:` or `shell:` step takes.
    OptionalValueInCommand,
    Artifact,
    /// `A?`, where A is an artifact.
    OptionalArtifact,
    /// `list[A]` from `[a, b]`
    ArtifactList,
    /// `list[A]` as the value of an `if`, or of a loop's body.
    ArtifactListFromBlock,
    /// A pipeline parameter that is an artifact: an existing one, by its location.
    ArtifactParameter,
    /// A range, a list of choices or a pattern on a port or a parameter.
    Refinement,
    /// An f-string, `??` or a record's field, computed when a task starts.
    RuntimeExpression,
    /// The same for a `run:` or `shell:` step.
    RuntimeExpressionInCommand,
    // Control flow
    NestedPipeline,
    /// `timeout` on the call of a pipeline, or of the pipeline that is called
    NestedTimeout,
    /// `parallelism` of a pipeline that another one calls
    NestedParallelism,
    If,
    For,
    /// A `for` over a list of artifacts, or of records that hold some.
    ForArtifacts,
    /// A `for` over a list that is known at run time only, inside another.
    NestedRuntimeFor,
    LoopLimit,
    /// `limit` on a loop that holds another.
    NestedLoopLimit,
    /// The list that a loop gives, of values.
    GatherValues,
    /// The list that a loop gives, of artifacts.
    GatherArtifacts,
    /// The same of a loop over a list that is known at run time only: there may be none.
    GatherRuntimeArtifacts,
    Require,
    After,
    Finally,
    /// The body's values in `finally`.
    BodyValueInFinally,
    /// `finally` of a nested pipeline
    NestedFinally,
    /// Tasks that need nothing of a failed one still run.
    KeepRunning,
    // The run
    RunStatus,
    RunId,
    RunName,
    RunDate,
    RunInterval,
    // Attributes of tasks
    Image,
    Cpu,
    Memory,
    Gpu,
    Disk,
    Retry,
    /// A `backoff` that is no whole number.
    FractionalBackoff,
    MaxDelay,
    Timeout,
    Cache,
    /// `cache` with a duration
    CacheDuration,
    Env,
    Secrets,
    Labels,
    Kubernetes,
    // Attributes of pipelines
    Owner,
    Tags,
    Schedule,
    Catchup,
    OverlapForbid,
    OverlapQueue,
    OverlapReplace,
    Notify,
    PipelineTimeout,
    Parallelism,
    DependsOnPast,
    PipelineLabels,
}

impl Feature {
    /// Every row, with what it is called in messages and in the docs.
    pub const ALL: &[(Feature, &'static str)] = &[
        (Feature::PythonStep, "a `python:` step"),
        (Feature::RunStep, "a `run:` step"),
        (Feature::ShellStep, "a `shell:` step"),
        (Feature::Packages, "`packages`"),
        (Feature::Value, "a value between tasks"),
        (Feature::OptionalValue, "an optional value"),
        (
            Feature::OptionalValueInCommand,
            "an optional value in a `run:` or `shell:` step",
        ),
        (Feature::Artifact, "an artifact between tasks"),
        (Feature::OptionalArtifact, "an optional artifact"),
        (Feature::ArtifactList, "a list of artifacts"),
        (
            Feature::ArtifactListFromBlock,
            "a list of artifacts as the value of an `if` or of a loop's body",
        ),
        (Feature::ArtifactParameter, "an artifact as a parameter"),
        (Feature::Refinement, "a range, choice or pattern"),
        (
            Feature::RuntimeExpression,
            "an expression on run-time values",
        ),
        (
            Feature::RuntimeExpressionInCommand,
            "an expression on run-time values in a `run:` or `shell:` step",
        ),
        (Feature::NestedPipeline, "a nested pipeline"),
        (Feature::NestedTimeout, "`timeout` on a nested pipeline"),
        (
            Feature::NestedParallelism,
            "`parallelism` of a nested pipeline",
        ),
        (Feature::If, "`if`"),
        (Feature::For, "`for`"),
        (Feature::ForArtifacts, "a `for` over artifacts"),
        (
            Feature::NestedRuntimeFor,
            "a `for` over a run-time list inside another",
        ),
        (Feature::LoopLimit, "`limit`"),
        (
            Feature::NestedLoopLimit,
            "`limit` on a loop that holds another",
        ),
        (Feature::GatherValues, "gathering values"),
        (Feature::GatherArtifacts, "gathering artifacts"),
        (
            Feature::GatherRuntimeArtifacts,
            "gathering artifacts of a `for` over a run-time list",
        ),
        (Feature::Require, "`require`"),
        (Feature::After, "`after`"),
        (Feature::Finally, "`finally`"),
        (
            Feature::BodyValueInFinally,
            "a value of the body in `finally`",
        ),
        (Feature::NestedFinally, "`finally` of a nested pipeline"),
        (
            Feature::KeepRunning,
            "tasks that need nothing of a failed one still run",
        ),
        (Feature::RunStatus, "`run.status`"),
        (Feature::RunId, "`run.id`"),
        (Feature::RunName, "`run.name`"),
        (Feature::RunDate, "`run.date`"),
        (
            Feature::RunInterval,
            "`run.interval_start` and `run.interval_end`",
        ),
        (Feature::Image, "`image`"),
        (Feature::Cpu, "`resources.cpu`"),
        (Feature::Memory, "`resources.memory`"),
        (Feature::Gpu, "`resources.gpu`"),
        (Feature::Disk, "`resources.disk`"),
        (Feature::Retry, "`retry`"),
        (
            Feature::FractionalBackoff,
            "a `retry.backoff` that is no whole number",
        ),
        (Feature::MaxDelay, "`retry.max_delay`"),
        (Feature::Timeout, "`timeout`"),
        (Feature::Cache, "`cache`"),
        (Feature::CacheDuration, "`cache` with a duration"),
        (Feature::Env, "`env`"),
        (Feature::Secrets, "`secrets`"),
        (Feature::Labels, "`labels`"),
        (Feature::Kubernetes, "`kubernetes`"),
        (Feature::Owner, "`owner`"),
        (Feature::Tags, "`tags`"),
        (Feature::Schedule, "`schedule`"),
        (Feature::Catchup, "`schedule.catchup: true`"),
        (Feature::OverlapForbid, "`schedule.overlap: \"forbid\"`"),
        (Feature::OverlapQueue, "`schedule.overlap: \"queue\"`"),
        (Feature::OverlapReplace, "`schedule.overlap: \"replace\"`"),
        (Feature::Notify, "`notify`"),
        (Feature::PipelineTimeout, "`timeout` of a pipeline"),
        (Feature::Parallelism, "`parallelism`"),
        (Feature::DependsOnPast, "`depends_on_past`"),
        (Feature::PipelineLabels, "`labels` of a pipeline"),
    ];

    pub fn title(self) -> &'static str {
        Feature::ALL
            .iter()
            .find(|(feature, _)| *feature == self)
            .expect("every feature has a row; a test holds it")
            .1
    }
}

/// What a target makes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The engine has it.
    Native,
    /// mlpc builds it from what the engine has; says how.
    Emulated(&'static str),
    /// It has no effect here and needs none: said by `mlpc targets`, never a warning.
    Ignored(&'static str),
    /// It has less effect than it says, or none; a warning says what is lost.
    Degrades(&'static str),
    /// An error.
    Refused {
        reason: &'static str,
        /// The nearest form that works.
        nearest: &'static str,
    },
}

impl Support {
    /// More for what has less effect.
    fn severity(self) -> u8 {
        match self {
            Support::Native | Support::Emulated(_) | Support::Ignored(_) => 0,
            Support::Degrades(_) => 1,
            Support::Refused { .. } => 2,
        }
    }
}

/// Errors for what `target` refuses of the program, and warnings for what degrades there; each place once.
pub fn check(target: &dyn Target, program: &Program, options: &Options) -> Vec<Diagnostic> {
    let name = target.name();
    let mut found = unread_blocks(target, program);
    let features = uses(program).into_iter().filter_map(|used| {
        let title = used.feature.title();
        let tasks = used.tasks.iter();
        let support = tasks
            .map(|task| target.support_for(used.feature, task, options))
            .max_by_key(|support| support.severity())
            .unwrap_or_else(|| target.support(used.feature));
        match support {
            Support::Native | Support::Emulated(_) | Support::Ignored(_) => None,
            Support::Degrades(lost) => Some(
                Diagnostic::new(
                    codes::DEGRADED,
                    used.span,
                    format!("{title} degrades on `{name}`"),
                )
                .label(lost),
            ),
            Support::Refused { reason, nearest } => Some(
                Diagnostic::new(
                    codes::REFUSED,
                    used.span,
                    format!("`{name}` can't do {title}"),
                )
                .label(reason)
                .help(nearest),
            ),
        }
    });
    found.extend(features);
    found
}

/// Keys of the target's block on pipelines that the entry calls: what is of a whole run has no effect there.
fn unread_blocks(target: &dyn Target, program: &Program) -> Vec<Diagnostic> {
    let name = target.name();
    let entry = program.entry();
    let called = program.pipelines.iter().enumerate();
    let called = called.filter(|(at, _)| *at != program.entry.0);
    let mut found = Vec::new();
    for (_, pipeline) in called {
        let attributes = &pipeline.attributes;
        let keys = attributes.targets.0.get(name).into_iter().flatten();
        for (key, _) in keys.filter(|(key, _)| !target.reads_of_called(program, key)) {
            let dotted = format!("{name}.{key}");
            let span = attributes.spans.get(&dotted).unwrap_or(pipeline.span);
            found.push(
                Diagnostic::new(
                    codes::DEGRADED,
                    span,
                    format!("`{dotted}` has no effect on a pipeline that another calls"),
                )
                .label(format!(
                    "it is of a whole run, and `{}` is what runs",
                    entry.name
                ))
                .also(entry.span, format!("set it on `{}`", entry.name)),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_one_row_in_order() {
        // `DependsOnPast` and what follows stand last: a row that is missing makes the numbers run apart.
        for (at, (feature, _)) in Feature::ALL.iter().enumerate() {
            assert_eq!(*feature as usize, at, "{feature:?}");
        }
        assert_eq!(Feature::ALL.len(), Feature::PipelineLabels as usize + 1);
    }
}
