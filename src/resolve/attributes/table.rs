//! The table of attributes: one row for each key that a program may set.
//!
//! Everything else reads it: the checks, the candidates in messages, the typed build and `docs/attributes.md`. A new
//! attribute is a row here; a row of a task or of a pipeline is also a variant, so the matches in
//! [`build`](super::build) show where it goes. The rows of the target blocks go into the IR as plain values, under
//! their block and key.

use super::text::Text;

/// Where an attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A component's body.
    Component,
    /// `with {..}` on a task.
    With,
    /// `with {..}` on the call of a pipeline.
    NestedWith,
    /// A pipeline's `defaults: {..}`.
    Defaults,
    /// A pipeline's body.
    Pipeline,
}

/// What a value has to look like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text(Text),
    Int {
        min: i64,
        max: i64,
    },
    /// A whole number or one with a point.
    Number {
        min: f64,
        max: f64,
    },
    /// At least so many seconds, at most [`LONGEST`] of them.
    Duration {
        min: u64,
    },
    /// More than nothing.
    Size,
    Bool,
    Choice(&'static [&'static str]),
    /// A bool, or a duration above zero.
    Cache,
    List {
        of: Text,
        /// An empty list says nothing here.
        filled: bool,
    },
    /// A list of words, at least one.
    Choices(&'static [&'static str]),
    /// A record with keys of the user's.
    Map {
        key: Text,
        value: Text,
    },
    /// The same, its values being texts, numbers or bools.
    Scalars {
        key: Text,
    },
    Record(&'static [Field]),
    /// A list of records.
    Records {
        fields: &'static [Field],
        rule: Rule,
    },
    /// Attributes of tasks: a layer of its own.
    Defaults,
}

/// The longest duration, in seconds: engines keep time-outs in 31 bits.
pub const LONGEST: u64 = 3650 * 86_400;

/// A key of a record that isn't a block of the table.
#[derive(Debug)]
pub struct Field {
    pub key: &'static str,
    pub shape: Shape,
    pub required: bool,
    pub doc: &'static str,
}

/// What the keys of a record owe each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Tolerations,
    Volumes,
}

/// Whose attribute a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    Task(TaskAttribute),
    Pipeline(PipelineAttribute),
    /// A key of a target's block.
    Target,
}

#[derive(Debug)]
pub struct Row {
    pub attribute: Attribute,
    /// The block that the key stands in; empty for none.
    pub block: &'static str,
    pub key: &'static str,
    pub shape: Shape,
    pub places: &'static [Place],
    /// A value, as it is written.
    pub example: &'static str,
    /// One sentence, for the docs and for the help of a value out of range.
    pub doc: &'static str,
}

impl Row {
    pub fn allows(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// `retry.attempts`
    pub fn name(&self) -> String {
        dotted(self.block, self.key)
    }

    /// `retry: { attempts: .. }`
    pub fn as_written(&self) -> String {
        match self.block {
            "" => format!("{}: ..", self.key),
            block => format!("{block}: {{ {}: .. }}", self.key),
        }
    }
}

/// A block of keys, in the order of the docs.
#[derive(Debug)]
pub struct Block {
    pub name: &'static str,
    /// The key meant by who gives one value in place of the block.
    pub first: &'static str,
    pub doc: &'static str,
}

/// The keys of a component's body that make its step; the caller reads them.
pub const STEP_KEYS: [&str; 3] = ["python", "run", "shell"];

const TASK: &[Place] = &[Place::Component, Place::With, Place::Defaults];
const TASK_AND_CALL: &[Place] = &[
    Place::Component,
    Place::With,
    Place::NestedWith,
    Place::Defaults,
];
const RUN: &[Place] = &[Place::Pipeline];
const BOTH: &[Place] = &[
    Place::Component,
    Place::With,
    Place::Defaults,
    Place::Pipeline,
];

const NODE_SELECTOR: Shape = Shape::Map {
    key: Text::LabelKey,
    value: Text::LabelValue,
};
const TOLERATIONS: Shape = Shape::Records {
    fields: &[
        Field {
            key: "key",
            shape: Shape::Text(Text::LabelKey),
            required: false,
            doc: "the taint's key; without it, all taints",
        },
        Field {
            key: "operator",
            shape: Shape::Choice(&["Equal", "Exists"]),
            required: false,
            doc: "`Equal` when unset",
        },
        Field {
            key: "value",
            shape: Shape::Text(Text::LabelValue),
            required: false,
            doc: "the taint's value, with `Equal`",
        },
        Field {
            key: "effect",
            shape: Shape::Choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"]),
            required: false,
            doc: "all effects when unset",
        },
        Field {
            key: "duration",
            shape: Shape::Duration { min: 0 },
            required: false,
            doc: "with `NoExecute`: how long the pod may stay",
        },
    ],
    rule: Rule::Tolerations,
};
const VOLUMES: Shape = Shape::Records {
    fields: &[
        Field {
            key: "name",
            shape: Shape::Text(Text::VolumeName),
            required: true,
            doc: "what the volume is called in the pod",
        },
        Field {
            key: "claim",
            shape: Shape::Text(Text::ObjectName),
            required: false,
            doc: "name of a PersistentVolumeClaim",
        },
        Field {
            key: "config_map",
            shape: Shape::Text(Text::ObjectName),
            required: false,
            doc: "or name of a ConfigMap",
        },
        Field {
            key: "secret",
            shape: Shape::Text(Text::ObjectName),
            required: false,
            doc: "or name of a Secret",
        },
        Field {
            key: "empty_dir",
            shape: Shape::Bool,
            required: false,
            doc: "or `true`: scratch space that goes with the pod",
        },
        Field {
            key: "mount",
            shape: Shape::Text(Text::MountPath),
            required: true,
            doc: "the path in the container",
        },
        Field {
            key: "read_only",
            shape: Shape::Bool,
            required: false,
            doc: "`false` when unset",
        },
    ],
    rule: Rule::Volumes,
};
const SECURITY_CONTEXT: Shape = Shape::Record(&[
    Field {
        key: "run_as_user",
        shape: Shape::Int {
            min: 0,
            max: i32::MAX as i64,
        },
        required: false,
        doc: "numeric user id",
    },
    Field {
        key: "run_as_group",
        shape: Shape::Int {
            min: 0,
            max: i32::MAX as i64,
        },
        required: false,
        doc: "numeric group id",
    },
    Field {
        key: "fs_group",
        shape: Shape::Int {
            min: 0,
            max: i32::MAX as i64,
        },
        required: false,
        doc: "group that owns the volumes",
    },
    Field {
        key: "run_as_non_root",
        shape: Shape::Bool,
        required: false,
        doc: "refuse to start as root",
    },
]);

/// Makes the variants of the typed rows and the table of all rows.
macro_rules! table {
    (
        task { $($task:ident: $t_block:literal $t_key:literal, $t_shape:expr, $t_places:expr, $t_example:literal, $t_doc:literal;)* }
        pipeline { $($run:ident: $p_block:literal $p_key:literal, $p_shape:expr, $p_example:literal, $p_doc:literal;)* }
        target { $($g_block:literal $g_key:literal, $g_shape:expr, $g_places:expr, $g_example:literal, $g_doc:literal;)* }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum TaskAttribute { $($task),* }

        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PipelineAttribute { $($run),* }

        pub static TABLE: &[Row] = &[
            $(Row {
                attribute: Attribute::Task(TaskAttribute::$task),
                block: $t_block, key: $t_key, shape: $t_shape, places: $t_places, example: $t_example, doc: $t_doc,
            },)*
            $(Row {
                attribute: Attribute::Pipeline(PipelineAttribute::$run),
                block: $p_block, key: $p_key, shape: $p_shape, places: RUN, example: $p_example, doc: $p_doc,
            },)*
            $(Row {
                attribute: Attribute::Target,
                block: $g_block, key: $g_key, shape: $g_shape, places: $g_places, example: $g_example, doc: $g_doc,
            },)*
        ];
    };
}

table! {
    task {
        Image: "" "image", Shape::Text(Text::Image), TASK, r#""python:3.12-slim""#,
            "The container image that the step runs in.";
        Packages: "" "packages", Shape::List { of: Text::Requirement, filled: false }, TASK,
            r#"["pandas==2.2.3", "pyarrow>=17,<18"]"#,
            "What pip installs before a `python:` step.";
        Cpu: "resources" "cpu", Shape::Number { min: 0.001, max: 100_000.0 }, TASK, "4",
            "Cores; a fraction such as `0.5` is allowed.";
        Memory: "resources" "memory", Shape::Size, TASK, "16GiB",
            "Memory that the step gets, which is also its limit.";
        Gpu: "resources" "gpu", Shape::Int { min: 0, max: 1024 }, TASK, "1",
            "Whole GPUs; `0` takes back what stands further out.";
        GpuType: "resources" "gpu_type", Shape::Text(Text::ResourceName), TASK, r#""amd.com/gpu""#,
            "The resource's name in the cluster; `nvidia.com/gpu` when unset.";
        Disk: "resources" "disk", Shape::Size, TASK, "50GiB",
            "Scratch space.";
        Attempts: "retry" "attempts", Shape::Int { min: 1, max: 1000 }, TASK, "3",
            "Runs in all: `1` is no retry, `3` is up to two retries.";
        Delay: "retry" "delay", Shape::Duration { min: 0 }, TASK, "30s",
            "The wait before the second run; `0s` when unset.";
        Backoff: "retry" "backoff", Shape::Number { min: 1.0, max: 1000.0 }, TASK, "2.0",
            "What each delay is multiplied with for the next; `1.0` keeps it, and is the default.";
        MaxDelay: "retry" "max_delay", Shape::Duration { min: 1 }, TASK, "10m",
            "What a delay never exceeds.";
        Timeout: "" "timeout", Shape::Duration { min: 1 }, TASK_AND_CALL, "2h",
            "The limit of each attempt; leave it out for none.";
        Cache: "" "cache", Shape::Cache, TASK, "24h",
            "`true` reuses an earlier result with the same inputs, a duration only one no older than that, `false` none.";
        Env: "" "env", Shape::Map { key: Text::Variable, value: Text::Free }, TASK, r#"{ OMP_NUM_THREADS: "4" }"#,
            "Environment variables of the step.";
        Secrets: "" "secrets", Shape::Map { key: Text::Variable, value: Text::SecretRef }, TASK,
            r#"{ WANDB_API_KEY: "wandb/api_key" }"#,
            "Environment variables whose value is a key of a secret: `\"name/key\"`.";
        Labels: "" "labels", Shape::Map { key: Text::LabelKey, value: Text::LabelValue }, TASK, r#"{ team: "fraud" }"#,
            "Labels of the task, by the rules of Kubernetes.";
        NodeSelector: "kubernetes" "node_selector", NODE_SELECTOR, TASK, r#"{ disktype: "ssd" }"#,
            "Labels that a node must have.";
        Tolerations: "kubernetes" "tolerations", TOLERATIONS, TASK,
            r#"[{ key: "gpu", operator: "Exists", effect: "NoSchedule" }]"#,
            "Taints of nodes that the pod puts up with.";
        ServiceAccount: "kubernetes" "service_account", Shape::Text(Text::ObjectName), TASK, r#""trainer""#,
            "The account that the pod runs under.";
        Volumes: "kubernetes" "volumes", VOLUMES, TASK,
            r#"[{ name: "models", claim: "models-pvc", mount: "/models" }]"#,
            "Volumes that the pod mounts.";
        ImagePullSecrets: "kubernetes" "image_pull_secrets", Shape::List { of: Text::ObjectName, filled: false }, TASK,
            r#"["registry-login"]"#,
            "Secrets to pull the image with.";
        Annotations: "kubernetes" "annotations", Shape::Map { key: Text::LabelKey, value: Text::Free }, TASK,
            r#"{ "sidecar.istio.io/inject": "false" }"#,
            "Annotations of the pod.";
    }
    pipeline {
        Owner: "" "owner", Shape::Text(Text::Line), r#""mlops""#,
            "Who answers for the pipeline.";
        Tags: "" "tags", Shape::List { of: Text::Line, filled: false }, r#"["ml", "training"]"#,
            "Words to find it by.";
        Cron: "schedule" "cron", Shape::Text(Text::Cron), r#""0 3 * * MON-FRI""#,
            "When it runs: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.";
        Start: "schedule" "start", Shape::Text(Text::Instant), r#""2024-01-01""#,
            "No run before this date or time.";
        End: "schedule" "end", Shape::Text(Text::Instant), r#""2025-06-30T18:00""#,
            "No run from this date or time on.";
        TimeZone: "schedule" "timezone", Shape::Text(Text::TimeZone), r#""Europe/Berlin""#,
            "IANA name of the zone that the schedule is read in; `UTC` when unset.";
        Catchup: "schedule" "catchup", Shape::Bool, "false",
            "Whether runs missed since `start` are made up; `false` when unset.";
        Overlap: "schedule" "overlap", Shape::Choice(&["allow", "forbid", "queue", "replace"]), r#""forbid""#,
            "What happens when a run is due and the one before still runs; `allow` when unset.";
        NotifyEmail: "notify" "email", Shape::List { of: Text::Email, filled: true }, r#"["mlops@company.com"]"#,
            "Who gets mail.";
        NotifyOn: "notify" "on", Shape::Choices(&["success", "failure"]), r#"["failure"]"#,
            "What mail is sent on; `[\"failure\"]` when unset.";
        Timeout: "" "timeout", Shape::Duration { min: 1 }, "6h",
            "The limit of the whole run; leave it out for none.";
        Parallelism: "" "parallelism", Shape::Int { min: 1, max: 100_000 }, "8",
            "Tasks of the run that may run at once.";
        DependsOnPast: "" "depends_on_past", Shape::Bool, "true",
            "A scheduled run starts only after the one before has succeeded.";
        Labels: "" "labels", Shape::Map { key: Text::LabelKey, value: Text::LabelValue },
            r#"{ "acme.com/cost-center": "4711" }"#,
            "Labels of the run, by the rules of Kubernetes.";
        Defaults: "" "defaults", Shape::Defaults, r#"{ image: "python:3.12-slim", retry: { attempts: 2, delay: 5m } }"#,
            "Attributes of tasks, for all of this pipeline that don't set them.";
    }
    target {
        "argo" "service_account", Shape::Text(Text::ObjectName), BOTH, r#""argo-workflow""#,
            "The account, in place of `kubernetes.service_account`; on a pipeline, of the whole workflow.";
        "argo" "node_selector", NODE_SELECTOR, BOTH, r#"{ pool: "batch" }"#,
            "As in `kubernetes`, for this engine alone; on a pipeline, of the whole workflow.";
        "argo" "tolerations", TOLERATIONS, BOTH,
            r#"[{ key: "batch", value: "true", effect: "NoExecute", duration: 10m }]"#,
            "As in `kubernetes`, for this engine alone; on a pipeline, of the whole workflow.";
        "argo" "pod_gc", Shape::Choice(&["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"]), RUN,
            r#""OnPodSuccess""#,
            "When finished pods are deleted.";
        "argo" "ttl", Shape::Duration { min: 1 }, RUN, "7d",
            "How long a finished workflow is kept.";
        "argo" "priority", Shape::Int { min: i32::MIN as i64, max: i32::MAX as i64 }, RUN, "10",
            "Workflows with a higher one go first where the controller limits how many run.";
        "argo" "mutex", Shape::Text(Text::Line), BOTH, r#""warehouse""#,
            "A lock that one holder at a time has: the task, or on a pipeline the whole workflow.";
        "argo" "artifact_gc", Shape::Choice(&["OnWorkflowCompletion", "OnWorkflowDeletion", "Never"]), RUN,
            r#""OnWorkflowDeletion""#,
            "When the artifacts of a workflow are deleted.";
        "argo" "security_context", SECURITY_CONTEXT, BOTH, "{ run_as_user: 1000, run_as_non_root: true }",
            "Who the pod runs as; on a pipeline, all its pods.";
        "kubeflow" "node_selector", NODE_SELECTOR, TASK, r#"{ pool: "gpu" }"#,
            "As in `kubernetes`, for this engine alone.";
        "kubeflow" "tolerations", TOLERATIONS, TASK, r#"[{ operator: "Exists" }]"#,
            "As in `kubernetes`, for this engine alone.";
        "kubeflow" "pvc", Shape::Map { key: Text::ObjectName, value: Text::MountPath }, TASK,
            r#"{ "models-pvc": "/models" }"#,
            "PersistentVolumeClaims to mount: the claim's name and the path in the container.";
        "kubeflow" "config_map_env", Shape::Map { key: Text::Variable, value: Text::ConfigMapRef }, TASK,
            r#"{ LOG_LEVEL: "logging/level" }"#,
            "Environment variables whose value is a key of a ConfigMap: `\"name/key\"`.";
        "kubeflow" "image_pull_policy", Shape::Choice(&["Always", "IfNotPresent", "Never"]), TASK, r#""IfNotPresent""#,
            "When the node pulls the image.";
        "kubeflow" "image_pull_secrets", Shape::List { of: Text::ObjectName, filled: false }, TASK,
            r#"["registry-login"]"#,
            "As in `kubernetes`, for this engine alone.";
        "kubeflow" "cache_key", Shape::Text(Text::Line), TASK, r#""features-v2""#,
            "The key of the cached result, in place of the one that Kubeflow computes.";
        "kubeflow" "ttl", Shape::Duration { min: 1 }, RUN, "7d",
            "How long a finished run is kept.";
        "airflow" "pool", Shape::Text(Text::Line), TASK, r#""deploys""#,
            "The pool that the task takes its slots from.";
        "airflow" "pool_slots", Shape::Int { min: 1, max: 100_000 }, TASK, "2",
            "Slots that it takes.";
        "airflow" "queue", Shape::Text(Text::Line), TASK, r#""gpu""#,
            "The executor's queue.";
        "airflow" "priority_weight", Shape::Int { min: i32::MIN as i64, max: i32::MAX as i64 }, TASK, "10",
            "Tasks with a higher one go first.";
        "airflow" "operator", Shape::Choice(&["bash", "docker", "kubernetes"]), TASK, r#""docker""#,
            "What runs the step; mlpc.toml's choice when unset.";
        "airflow" "trigger", Shape::List { of: Text::Line, filled: true }, RUN, r#"["s3://bucket/raw"]"#,
            "Assets whose update starts a run.";
        "prefect" "work_pool", Shape::Text(Text::Line), RUN, r#""kubernetes""#,
            "The work pool of the deployment.";
        "prefect" "work_queue", Shape::Text(Text::Line), RUN, r#""high""#,
            "The queue in it.";
        "prefect" "job_variables", Shape::Scalars { key: Text::Word }, RUN,
            r#"{ namespace: "ml", finished_job_ttl: 3600 }"#,
            "Values of the pool's job template.";
        "prefect" "version", Shape::Text(Text::Line), RUN, r#""2.1""#,
            "The deployment's version.";
        "prefect" "log_prints", Shape::Bool, RUN, "true",
            "Whether what the flow prints is logged.";
        "prefect" "subflows", Shape::Bool, RUN, "true",
            "Whether nested pipelines become flows of their own.";
        "prefect" "tags", Shape::List { of: Text::Line, filled: false }, BOTH, r#"["nightly"]"#,
            "Tags for this engine alone.";
        "dagster" "style", Shape::Choice(&["assets", "ops"]), RUN, r#""ops""#,
            "Whether tasks become assets or ops.";
        "dagster" "executor", Shape::Choice(&["in_process", "multiprocess", "k8s_job"]), RUN, r#""multiprocess""#,
            "What runs the job's steps.";
        "dagster" "max_concurrent", Shape::Int { min: 1, max: 100_000 }, RUN, "4",
            "Steps that the executor runs at once.";
        "dagster" "group", Shape::Text(Text::Word), TASK, r#""features""#,
            "The group that the asset is shown in.";
        "dagster" "kinds", Shape::List { of: Text::Word, filled: false }, TASK, r#"["python", "parquet"]"#,
            "Badges that the asset is shown with.";
        "dagster" "op_tags", Shape::Map { key: Text::LabelKey, value: Text::Free }, BOTH,
            r#"{ "dagster/priority": "3" }"#,
            "Tags of the op; on a pipeline, of the job.";
    }
}

pub static BLOCKS: &[Block] = &[
    Block {
        name: "resources",
        first: "cpu",
        doc: "What the step needs of the machine.",
    },
    Block {
        name: "retry",
        first: "attempts",
        doc: "What happens when the step fails.",
    },
    Block {
        name: "kubernetes",
        first: "service_account",
        doc: "What all engines on Kubernetes share.",
    },
    Block {
        name: "schedule",
        first: "cron",
        doc: "When runs start.",
    },
    Block {
        name: "notify",
        first: "email",
        doc: "Who is told.",
    },
    Block {
        name: "argo",
        first: "service_account",
        doc: "For Argo Workflows alone.",
    },
    Block {
        name: "kubeflow",
        first: "cache_key",
        doc: "For Kubeflow Pipelines alone.",
    },
    Block {
        name: "airflow",
        first: "pool",
        doc: "For Airflow alone.",
    },
    Block {
        name: "prefect",
        first: "work_pool",
        doc: "For Prefect alone.",
    },
    Block {
        name: "dagster",
        first: "group",
        doc: "For Dagster alone.",
    },
];

/// The row of a key that stands in `block` at `place`.
pub fn find(block: &str, key: &str, place: Place) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|row| row.block == block && row.key == key && row.allows(place))
}

/// The block of this name, when one of its keys may stand at `place`.
pub fn find_block(name: &str, place: Place) -> Option<&'static Block> {
    BLOCKS
        .iter()
        .find(|block| block.name == name)
        .filter(|block| {
            TABLE
                .iter()
                .any(|row| row.block == block.name && row.allows(place))
        })
}

/// What may be written in `block` at `place`: keys, and outside of blocks the blocks themselves.
pub fn keys(block: &str, place: Place) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for row in TABLE.iter().filter(|row| row.allows(place)) {
        let name = match (row.block, block) {
            (inner, "") if !inner.is_empty() => inner,
            (inner, outer) if inner == outer => row.key,
            _ => continue,
        };
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// `retry` and `attempts` as `retry.attempts`; `` and `image` as `image`.
pub fn dotted(block: &str, key: &str) -> String {
    match block {
        "" => key.to_owned(),
        block => format!("{block}.{key}"),
    }
}

/// The row of a key in a block, wherever it may stand.
pub fn find_in(block: &str, key: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|row| row.block == block && row.key == key)
}
