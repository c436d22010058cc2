//! Kubeflow's column of the capability table.

use crate::target::{Feature, Support};

pub fn support(feature: Feature) -> Support {
    use Support::{Degrades, Emulated, Native, Refused};
    match feature {
        Feature::PythonStep => {
            Emulated("a container that runs the function's file by a shim of the standard library")
        }
        Feature::RunStep => Native,
        Feature::ShellStep => Emulated("`sh -eu` with the values as arguments"),
        Feature::Packages => Emulated("pip installs them when the step starts"),
        Feature::Value => Emulated(
            "a parameter of Kubeflow; in a text that is known at run time only, its launcher fills in `{{$..}}`",
        ),
        Feature::OptionalValue => Emulated("JSON text, `null` when absent"),
        Feature::OptionalValueInCommand | Feature::RuntimeExpressionInCommand => {
            Emulated("one more step, in Python's image, writes the text before the command starts")
        }
        Feature::Artifact => Native,
        Feature::OptionalArtifact => Refused {
            reason: "Kubeflow has no absent artifact",
            nearest: "an `else` that makes one, or the reader inside the branch",
        },
        Feature::ArtifactList => Emulated("one input artifact for each, side by side"),
        Feature::ArtifactListFromBlock => Refused {
            reason: "a DAG of Kubeflow gives no list of artifacts but what a loop gathers in it",
            nearest: "the reader inside the branch, or a component that writes a folder",
        },
        Feature::ArtifactParameter => {
            Emulated("a parameter that holds the location, and an importer")
        }
        Feature::Refinement => Emulated("the step that reads the value checks it"),
        Feature::RuntimeExpression => Emulated("the step that reads it computes it"),
        Feature::NestedPipeline => Native,
        Feature::NestedTimeout => Refused {
            reason: "Kubeflow has a deadline for a container and for the whole run, none for a DAG",
            nearest: "set `timeout` on the tasks inside, or on the whole pipeline",
        },
        Feature::NestedParallelism => {
            Degrades("Kubeflow has no limit for a DAG: put `limit` on the loops inside")
        }
        Feature::If => Emulated(
            "a DAG with one of its own for each branch, of which the conditions let one run",
        ),
        Feature::ForArtifacts => Refused {
            reason: "Kubeflow repeats a DAG over parameters only",
            nearest: "one loop whose body makes the artifact and reads it",
        },
        Feature::For | Feature::NestedRuntimeFor => Emulated("a DAG that holds the repeated one"),
        Feature::LoopLimit
        | Feature::NestedLoopLimit
        | Feature::GatherValues
        | Feature::GatherArtifacts => Native,
        Feature::GatherRuntimeArtifacts => Degrades(
            "when the run gives no items, what reads the artifacts fails: Kubeflow has no empty list of them (`require` that there is an item)",
        ),
        Feature::Require => Emulated("a step that fails when the condition is false"),
        Feature::After => Native,
        Feature::Finally | Feature::NestedFinally => {
            Emulated("an exit task that is a DAG, after a DAG that holds the whole body")
        }
        Feature::RunStatus => Native,
        Feature::BodyValueInFinally => Refused {
            reason: "Kubeflow fails an exit task that reads what was not made",
            nearest: "`run.status` and the pipeline's parameters",
        },
        Feature::KeepRunning => {
            Degrades("Kubeflow starts no further task of a DAG once one has failed")
        }
        Feature::RunId | Feature::RunName => Native,
        Feature::RunDate => {
            Emulated("the date of the scheduled time, or of the start of a run by hand")
        }
        Feature::RunInterval => Refused {
            reason: "Kubeflow knows when a run was due, not the interval it covers",
            nearest: "`run.date`",
        },
        Feature::Image | Feature::Cpu | Feature::Memory | Feature::Gpu => Native,
        Feature::Disk => Degrades("Kubeflow has no field for it: the node's own limits hold"),
        Feature::Retry => Native,
        Feature::FractionalBackoff => Refused {
            reason: "Kubeflow's backend multiplies delays with whole numbers only",
            nearest: "the nearest whole number",
        },
        Feature::MaxDelay => {
            Degrades("Kubeflow bounds the time of all attempts together, not one delay")
        }
        Feature::Timeout => Native,
        Feature::Cache => Native,
        Feature::CacheDuration => {
            Degrades("Kubeflow's cache knows no age: entries count however old they are")
        }
        Feature::Env | Feature::Secrets | Feature::Labels | Feature::Kubernetes => Native,
        Feature::Owner | Feature::Tags => Emulated("lines of the pipeline's description"),
        Feature::Schedule => Degrades(
            "a pipeline document holds no schedule: create the recurring run that its description spells out",
        ),
        Feature::Catchup | Feature::OverlapForbid | Feature::OverlapQueue => {
            Emulated("a setting of the recurring run, which the description spells out")
        }
        Feature::OverlapReplace => Degrades(
            "a recurring run waits for the one before, or runs beside it: it never ends it",
        ),
        Feature::Notify => Degrades("Kubeflow sends no mail: a step of the pipeline has to"),
        Feature::PipelineTimeout => Native,
        Feature::Parallelism => {
            Degrades("Kubeflow has no limit for a run: all that can start does")
        }
        Feature::DependsOnPast => Refused {
            reason: "a Kubeflow run knows nothing of the run before it",
            nearest: "`overlap: \"forbid\"`, so that two runs never meet",
        },
        Feature::PipelineLabels => Emulated("labels of every pod"),
    }
}
