//! Argo's column of the capability table.

use crate::target::{Feature, Support};

pub fn support(feature: Feature) -> Support {
    use Support::{Degrades, Emulated, Native, Refused};
    match feature {
        Feature::PythonStep => Emulated("a script that holds the function's file and calls it"),
        Feature::RunStep | Feature::ShellStep => Native,
        Feature::Packages => Emulated("pip installs them when the step starts"),
        Feature::Value => Native,
        Feature::OptionalValue => Emulated("JSON text, `null` when absent"),
        Feature::OptionalValueInCommand => {
            Emulated("a line before the command unsets what is absent")
        }
        Feature::Artifact | Feature::OptionalArtifact => Native,
        Feature::ArtifactList => Emulated("one input artifact for each, side by side"),
        Feature::ArtifactListFromBlock => Refused {
            reason: "a list of artifacts is no artifact that a template of Argo could give",
            nearest: "the reader inside the branch, or a component that writes a folder",
        },
        Feature::ArtifactParameter => {
            Emulated("a parameter that holds the location; the store is that of the default")
        }
        Feature::Refinement => {
            Emulated("choices are the parameter's `enum`, all else an expression that fails")
        }
        Feature::RuntimeExpression | Feature::RuntimeExpressionInCommand => Native,
        Feature::NestedPipeline => Native,
        Feature::NestedTimeout => Refused {
            reason: "Argo allows no deadline on a DAG template",
            nearest: "set `timeout` on the tasks inside, or on the whole pipeline",
        },
        Feature::NestedParallelism => Degrades(
            "Argo counts the pods of one template, none further inside: put `limit` on the loops inside",
        ),
        Feature::If => Emulated("a template whose tasks ask which branch was taken"),
        Feature::For | Feature::NestedRuntimeFor => Native,
        Feature::ForArtifacts => Refused {
            reason: "Argo repeats a task over parameters only",
            nearest: "one loop whose body makes the artifact and reads it",
        },
        Feature::LoopLimit | Feature::NestedLoopLimit => {
            Emulated("the `parallelism` of a template that holds the loop alone")
        }
        Feature::GatherValues => {
            Emulated("an expression makes one list of the texts that Argo gathers")
        }
        Feature::GatherArtifacts | Feature::GatherRuntimeArtifacts => Refused {
            reason: "Argo gathers the parameters of a loop's tasks, not their artifacts",
            nearest: "do the work of the loop's body in one component, which writes a folder",
        },
        Feature::Finally | Feature::RunStatus => Native,
        Feature::NestedFinally => {
            Emulated("a task that runs however the one before it ended, which holds the body")
        }
        Feature::BodyValueInFinally => {
            Emulated("outputs of the whole run, absent where their task did not end well")
        }
        Feature::Require => Emulated("a task that runs, and fails, when the condition is false"),
        Feature::After | Feature::KeepRunning => Native,
        Feature::RunId | Feature::RunName => Native,
        Feature::RunDate => Emulated("the scheduled time's date, or that of the start"),
        Feature::RunInterval => Refused {
            reason: "Argo knows when a run was due, not the interval it covers",
            nearest: "`run.date`",
        },
        Feature::Image | Feature::Cpu | Feature::Memory | Feature::Gpu | Feature::Disk => Native,
        Feature::Retry | Feature::MaxDelay | Feature::Timeout => Native,
        Feature::FractionalBackoff => Refused {
            reason: "Argo multiplies delays with whole numbers only",
            nearest: "the nearest whole number",
        },
        Feature::Cache | Feature::CacheDuration => {
            Emulated("`memoize` by a hash of the step and its inputs, in a ConfigMap")
        }
        Feature::Env | Feature::Secrets | Feature::Labels | Feature::Kubernetes => Native,
        Feature::Owner | Feature::Tags => Emulated("annotations"),
        Feature::Schedule => Native,
        Feature::Catchup => Refused {
            reason: "Argo makes up for the last missed run at most",
            nearest: "`catchup: false`, and a backfill started by hand for the dates missed",
        },
        Feature::OverlapForbid | Feature::OverlapReplace => Native,
        Feature::OverlapQueue => {
            Emulated("every run starts, and waits for a mutex of the pipeline")
        }
        Feature::Notify => {
            Degrades("Argo sends no mail: a step in the pipeline, or Argo Events, has to")
        }
        Feature::PipelineTimeout | Feature::Parallelism | Feature::PipelineLabels => Native,
        Feature::DependsOnPast => Refused {
            reason: "an Argo run knows nothing of the run before it",
            nearest: "`overlap: \"forbid\"`, so that two runs never meet",
        },
    }
}
