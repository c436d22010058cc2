//! Airflow's column of the capability table.

use crate::target::{AirflowOperator, Feature, Support};

pub fn support(feature: Feature) -> Support {
    use Support::{Degrades, Emulated, Ignored, Native, Refused};
    match feature {
        Feature::PythonStep | Feature::RunStep | Feature::ShellStep => {
            Emulated("a process of the worker, a container or a pod: the operator of mlpc.toml")
        }
        Feature::Packages => Degrades(
            "the `bash` operator takes what the worker has: install them there, or set `airflow: { operator: \"docker\" }`",
        ),
        Feature::Value | Feature::OptionalValue => Emulated("JSON text as the XCom"),
        Feature::OptionalValueInCommand
        | Feature::RuntimeExpression
        | Feature::RuntimeExpressionInCommand => {
            Emulated("the task computes it before its step starts")
        }
        Feature::Artifact
        | Feature::OptionalArtifact
        | Feature::ArtifactList
        | Feature::ArtifactListFromBlock => {
            Emulated("a path below `artifact_root`, which all workers see")
        }
        Feature::ArtifactParameter => Emulated(
            "a path, relative to the DAG's own file, or a URI that Airflow's object storage copies from",
        ),
        Feature::Refinement => {
            Emulated("the schema of a parameter, and checks when tasks start and end")
        }
        Feature::NestedPipeline => Emulated("a task group"),
        Feature::NestedTimeout => Refused {
            reason: "Airflow has a timeout for a task and for a whole run, none for a task group",
            nearest: "set `timeout` on the tasks inside, or on the whole pipeline",
        },
        Feature::NestedParallelism => Degrades(
            "Airflow bounds a task or a whole run, no task group: put the tasks inside in a pool with `airflow: { pool: \"..\" }`",
        ),
        Feature::If => Emulated("a branch task, and one that joins the arms"),
        Feature::For | Feature::ForArtifacts => {
            Emulated("a mapped task group; more than 1,024 items need the setting `max_map_length`")
        }
        Feature::NestedRuntimeFor => Refused {
            reason: "Airflow maps no task group inside a mapped one",
            nearest: "a constant list for the outer or the inner loop, or one loop over a list of pairs that a component makes",
        },
        Feature::LoopLimit => Emulated("`max_active_tis_per_dagrun` of each task of the loop"),
        Feature::NestedLoopLimit => Degrades(
            "a loop that holds another is written out, and all its items run at once: put the tasks inside in a pool with `airflow: { pool: \"..\" }`",
        ),
        Feature::GatherValues | Feature::GatherArtifacts | Feature::GatherRuntimeArtifacts => {
            Emulated("a task that lists what the items gave")
        }
        Feature::Require => Emulated("a task that fails without a retry"),
        Feature::After | Feature::KeepRunning => Native,
        Feature::Finally => Emulated("tasks that run when all others are done"),
        Feature::NestedFinally => {
            Emulated("tasks of the group that run when all others of it are done")
        }
        Feature::BodyValueInFinally => Emulated("absent where its task left nothing"),
        Feature::RunStatus => Emulated("whether the task after the body's last ones succeeded"),
        Feature::RunId => Native,
        Feature::RunName => Emulated("the run's id, for Airflow knows no other name"),
        Feature::RunDate => {
            Emulated("the UTC day of the logical date, or of a run without one its start")
        }
        Feature::RunInterval => Native,
        Feature::Image => Ignored(
            "the `bash` operator runs steps on the worker; with `airflow: { operator: \"docker\" }` it is the container's image",
        ),
        Feature::Cpu | Feature::Memory | Feature::Gpu => Degrades(
            "the `bash` operator runs steps on the worker, which bounds nothing: set `airflow: { operator: \"docker\" }` or `\"kubernetes\"`",
        ),
        Feature::Disk => Degrades(
            "only the `kubernetes` operator asks for disk: set `airflow: { operator: \"kubernetes\" }`",
        ),
        Feature::Retry => Emulated(
            "`retries`; Airflow varies growing delays by some seconds, and Airflow 2 doubles them at any `backoff`",
        ),
        Feature::FractionalBackoff => Degrades(
            "Airflow 2 doubles delays whatever the factor is: `backoff: 2.0` is the same on both",
        ),
        Feature::MaxDelay | Feature::Timeout => Native,
        Feature::Cache => Degrades(
            "Airflow has no cache of tasks: the step runs each time, unless it keeps what it made itself",
        ),
        Feature::CacheDuration => Ignored("there is no cache whose entries could be too old"),
        Feature::Env => Native,
        Feature::Secrets => {
            Emulated("the Airflow Variable `name__key`; in a pod the key of the Kubernetes secret")
        }
        Feature::Labels => Degrades(
            "the `bash` operator has nothing to put labels on: set `airflow: { operator: \"docker\" }` or `\"kubernetes\"`",
        ),
        Feature::Kubernetes => Degrades(
            "only the `kubernetes` operator makes pods: set `airflow: { operator: \"kubernetes\" }`",
        ),
        Feature::Owner | Feature::Tags | Feature::Schedule | Feature::Catchup => Native,
        Feature::OverlapForbid => Degrades(
            "Airflow lets the run wait, it doesn't drop it: write `overlap: \"queue\"` if that will do",
        ),
        Feature::OverlapQueue => Native,
        Feature::OverlapReplace => Refused {
            reason: "Airflow ends no run because another is due",
            nearest: "`overlap: \"queue\"`, or a `timeout` of the pipeline",
        },
        Feature::Notify => Emulated(
            "a callback that sends mail: it needs apache-airflow-providers-smtp and the connection `smtp_default`",
        ),
        Feature::PipelineTimeout => {
            Emulated("`dagrun_timeout`: what is left does not run, `finally` neither")
        }
        Feature::Parallelism => Emulated("`max_active_tasks`, which all runs of the DAG share"),
        Feature::DependsOnPast => Degrades(
            "Airflow asks it of each task: one waits for its own success in the run before, not for the whole run's",
        ),
        Feature::PipelineLabels => Emulated("tags `key=value`"),
    }
}

/// What becomes of a task's feature with one of the operators.
pub fn support_by(feature: Feature, operator: AirflowOperator) -> Support {
    use Support::{Degrades, Emulated, Native};
    match (feature, operator) {
        (_, AirflowOperator::Bash) => support(feature),
        (Feature::Packages, _) => Emulated("pip installs them when the step starts"),
        (Feature::Image | Feature::Cpu | Feature::Memory | Feature::Labels, _) => Native,
        (Feature::Gpu, AirflowOperator::Docker) => Emulated("any GPUs of the worker"),
        (Feature::Disk | Feature::Kubernetes, AirflowOperator::Docker) => Degrades(
            "only the `kubernetes` operator makes pods: set `airflow: { operator: \"kubernetes\" }`",
        ),
        (Feature::Gpu | Feature::Disk | Feature::Kubernetes, AirflowOperator::Kubernetes) => Native,
        _ => support(feature),
    }
}
