//! Dagster's column of the capability table.

use crate::target::{Feature, Support};

/// What only pods have.
const POD: &str = "only with `dagster: { executor: \"k8s_job\" }`, as tags of the op: other executors run steps as processes of the machine";

pub fn support(feature: Feature) -> Support {
    use Support::{Degrades, Emulated, Native, Refused};
    match feature {
        Feature::PythonStep | Feature::RunStep | Feature::ShellStep => {
            Emulated("a process that the asset or op starts and waits for")
        }
        Feature::Packages => Emulated(
            "the interpreter of the engine when it has them, else a virtual environment made once for each set",
        ),
        Feature::Value => Emulated("an asset or an op's output that holds JSON"),
        Feature::OptionalValue | Feature::OptionalValueInCommand | Feature::OptionalArtifact => {
            Emulated("`None` when absent")
        }
        Feature::Artifact => Emulated(
            "an asset or an op's output that holds the path, with a digest as data version",
        ),
        Feature::ArtifactList | Feature::ArtifactListFromBlock => Emulated("a list of paths"),
        Feature::ArtifactParameter => Emulated(
            "a parameter that holds the path of a file or folder; a URI is given to the step as it is",
        ),
        Feature::Refinement => Emulated(
            "the fields of the parameters' resource, and the step that reads the value, check it",
        ),
        Feature::RuntimeExpression | Feature::RuntimeExpressionInCommand => {
            Emulated("Python in the asset or op that reads it")
        }
        Feature::NestedPipeline => {
            Emulated("assets of a group of their own; inside of a block, ops")
        }
        Feature::NestedTimeout => Refused {
            reason: "Dagster has a limit for the whole run, none for a part of it",
            nearest: "set `timeout` on the tasks inside, or on the whole pipeline",
        },
        Feature::NestedParallelism => Degrades(
            "Dagster's executor bounds the whole run: set `parallelism` on the pipeline that runs, or `limit` on the loops inside",
        ),
        Feature::If => {
            Emulated("a graph of ops behind one asset: the branch that is not taken skips")
        }
        Feature::For | Feature::ForArtifacts => Emulated("dynamic outputs behind one asset"),
        Feature::NestedRuntimeFor => {
            Emulated("threads of the one op that is the outer loop's item; the UI shows one step")
        }
        Feature::LoopLimit | Feature::NestedLoopLimit => Emulated(
            "a tag that the executor limits the steps of, or the threads of the op that the loop is in; the in-process executor runs one step at a time",
        ),
        Feature::GatherValues | Feature::GatherArtifacts | Feature::GatherRuntimeArtifacts => {
            Native
        }
        Feature::Require => {
            Emulated("a blocking asset check; an op that fails where no asset can carry one")
        }
        Feature::After => Native,
        Feature::Finally => Degrades(
            "a job of its own, which sensors start when the run has ended: it needs Dagster's daemon, and its failure doesn't fail the run",
        ),
        Feature::NestedFinally => Refused {
            reason: "nothing of a run of Dagster starts after a failure in it",
            nearest: "write `finally` in the pipeline that is run",
        },
        Feature::BodyValueInFinally => Emulated("read from where the run kept it"),
        Feature::KeepRunning => Native,
        Feature::RunStatus => Emulated("a tag that the sensor gives the job of `finally`"),
        Feature::RunId | Feature::RunName => Native,
        Feature::RunDate => {
            Emulated("the day of the schedule's tick, or the day a run by hand started, in UTC")
        }
        Feature::RunInterval => Emulated(
            "tags that the schedule gives the run; of a run by hand, both are the moment it started",
        ),
        Feature::Image => Support::Ignored(
            "steps run where the code location does; with `dagster: { executor: \"k8s_job\" }` it is the image of the step's pod",
        ),
        Feature::Cpu | Feature::Memory | Feature::Gpu | Feature::Disk => Degrades(POD),
        Feature::Labels | Feature::Kubernetes => Degrades(POD),
        Feature::Retry => Native,
        Feature::FractionalBackoff | Feature::MaxDelay => {
            Emulated("the delays are written out, and each retry asks for its own")
        }
        Feature::Timeout => Emulated("the step's process group is killed"),
        Feature::Cache | Feature::CacheDuration => {
            Emulated("results by the content of the inputs, in the folder of the runs")
        }
        Feature::Env => Emulated("the environment of the step's process"),
        Feature::Secrets => Emulated(
            "variables of the environment that Dagster runs in; with the `k8s_job` executor, keys of Kubernetes secrets",
        ),
        Feature::Owner => Native,
        Feature::Tags => Native,
        Feature::Schedule => Native,
        Feature::Catchup => Refused {
            reason: "a schedule of Dagster never makes up for ticks that it missed",
            nearest: "`catchup: false`, and start runs of past days by hand with the date as a parameter",
        },
        Feature::OverlapForbid => Emulated("the schedule skips a tick while a run is under way"),
        Feature::OverlapQueue => Refused {
            reason: "whether runs queue is a setting of the Dagster instance, not of its code",
            nearest: "`overlap: \"forbid\"`, or limit the runs of the job's tag in dagster.yaml",
        },
        Feature::OverlapReplace => Refused {
            reason: "a schedule of Dagster can't end a run that is under way",
            nearest: "`overlap: \"forbid\"`",
        },
        Feature::Notify => Degrades(
            "a sensor sends the mail: it needs Dagster's daemon, and a mail server in `SMTP_HOST`",
        ),
        Feature::PipelineTimeout => {
            Degrades("a tag of the job, which holds only where Dagster's daemon watches runs")
        }
        Feature::Parallelism => Native,
        Feature::DependsOnPast => {
            Emulated("the schedule skips a tick when the last run did not succeed")
        }
        Feature::PipelineLabels => Emulated("tags of the job"),
    }
}
