//! Prefect's column of the capability table.

use crate::target::{Feature, Support};

pub fn support(feature: Feature) -> Support {
    use Feature as F;
    use Support::{Degrades, Emulated, Native, Refused};
    match feature {
        F::PythonStep | F::RunStep | F::ShellStep => Emulated(
            "a task that runs it as a process, which its time-out and the end of the run can end",
        ),
        F::Packages => Emulated("a requirements.txt: the flow's environment has to have them"),
        F::Value | F::OptionalValue => Native,
        F::OptionalValueInCommand => Native,
        F::Artifact | F::OptionalArtifact | F::ArtifactList | F::ArtifactListFromBlock => Emulated(
            "a path below $MLPC_ARTIFACTS, or below Prefect's home: a run's tasks share a disk",
        ),
        F::ArtifactParameter => {
            Emulated("a path or file:// URI, which must be there when the run starts")
        }
        F::Refinement => {
            Emulated("parameters check it before the run starts, steps when they start and end")
        }
        F::RuntimeExpression | F::RuntimeExpressionInCommand => {
            Emulated("a function of other tasks' results, computed when they are there")
        }
        F::NestedPipeline => Emulated(
            "a task that starts tasks; with `prefect: { subflows: true }` a flow of its own",
        ),
        F::NestedTimeout => Emulated("a clock that ends the processes of the nested pipeline"),
        F::NestedParallelism => {
            Emulated("a semaphore around the processes of the nested pipeline's steps")
        }
        F::If => Emulated("a task that starts the tasks of the branch"),
        F::For | F::ForArtifacts | F::NestedRuntimeFor | F::LoopLimit | F::NestedLoopLimit => {
            Emulated("a task that starts one for each item; without `limit`, 64 items at once")
        }
        F::GatherValues | F::GatherArtifacts | F::GatherRuntimeArtifacts => Native,
        F::Require => Emulated("a task that fails, and that all below it wait for"),
        F::After => Native,
        F::Finally | F::BodyValueInFinally | F::NestedFinally => {
            Emulated("tasks that start when the body is over, however it ended")
        }
        F::KeepRunning => Native,
        F::RunStatus => Emulated("from the states of the body's tasks"),
        F::RunId | F::RunName => Native,
        F::RunDate => {
            Emulated("the day for which the run was scheduled, in the schedule's time zone")
        }
        F::RunInterval => Emulated(
            "the last whole hour, day, week, month or year before the run, by the schedule's `@` word",
        ),
        F::Image => Support::Ignored(
            "steps run where the flow does: its work pool's image has Prefect and the packages of requirements.txt",
        ),
        F::Cpu | F::Memory | F::Gpu | F::Disk => Degrades(
            "a run is one job: `prefect: { job_variables: {..} }` says what it gets, as its work pool takes it",
        ),
        F::Retry | F::FractionalBackoff | F::MaxDelay => Native,
        F::Timeout => Emulated("a clock that ends the step's process group"),
        F::Cache | F::CacheDuration => {
            Emulated("a cache key of the component and of what its inputs hold")
        }
        F::Env => Emulated("the environment of the step's process"),
        F::Secrets => Emulated("keys of Secret blocks that hold a dict"),
        F::Labels | F::PipelineLabels | F::Owner => Emulated("tags: `name=value`, `owner:name`"),
        F::Kubernetes => {
            Degrades("a run is one job: its work pool's template says how its pod looks")
        }
        F::Tags => Native,
        F::Schedule => {
            Emulated("prefect.yaml; the flow itself skips scheduled runs outside `start` and `end`")
        }
        F::Catchup => Refused {
            reason: "Prefect's scheduler makes future runs only",
            nearest: "`catchup: false`, and `prefect deployment run` for each day that is missing",
        },
        F::OverlapForbid | F::OverlapQueue => {
            Emulated("the deployment's concurrency limit and its strategy")
        }
        F::OverlapReplace => Refused {
            reason: "Prefect cancels the new run or makes it wait, never the old one",
            nearest: "`overlap: \"queue\"` or `overlap: \"forbid\"`",
        },
        F::Notify => Degrades(
            "a hook sends it only where the Secret block `mlpc-smtp` has host, port, from, user and password",
        ),
        F::PipelineTimeout => Native,
        F::Parallelism => Emulated("a semaphore around the processes of the pipeline's steps"),
        F::DependsOnPast => Refused {
            reason: "a Prefect run knows nothing of the run before it",
            nearest: "`overlap: \"queue\"`, so that runs come one after the other",
        },
    }
}
