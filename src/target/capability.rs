//! The capability table: each thing a program can use, by target.
//!
//! The rows are [`Feature`]; a column is a target's `support`, an exhaustive match, so that a new row does not compile until every
//! target has an answer. Errors, warnings, `mlpc targets` and the docs read this and nothing else.

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
    /// `timeout` on a nested pipeline
    NestedTimeout,
    If,
    For,
    LoopLimit,
    /// The list that a loop gives, of values.
    GatherValues,
    /// The list that a loop gives, of artifacts.
    GatherArtifacts,
    Require,
    After,
    Finally,
    /// The body's values in `finally`.
    BodyValueInFinally,
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
    /// A `delay` or `max_delay` that is no whole number of seconds.
    FractionalDelay,
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

/// What a target makes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The engine has it.
    Native,
    /// mlpc builds it from what the engine has; says how.
    Emulated(&'static str),
    /// It has less effect than it says, or none; a warning says what is lost.
    Degrades(&'static str),
    /// An error.
    Refused {
        reason: &'static str,
        /// The nearest form that works.
        nearest: &'static str,
    },
}
