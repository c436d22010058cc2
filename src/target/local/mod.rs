//! Target `local`: the execution plan, which `mlpc run` executes on this machine.

mod lower;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::graph::Program;
use crate::plan;

pub use lower::lower;

pub struct Local;

impl Target for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn title(&self) -> &'static str {
        "an execution plan for `mlpc run`"
    }

    fn support(&self, feature: Feature) -> Support {
        use Feature::*;
        use Support::{Emulated, Ignored, Native};
        match feature {
            PythonStep | RunStep | ShellStep => Native,
            Packages => Emulated(
                "an interpreter that has them, else a virtual environment made once for each set",
            ),
            Value
            | OptionalValue
            | OptionalValueInCommand
            | Artifact
            | OptionalArtifact
            | ArtifactList
            | ArtifactListFromBlock => Native,
            ArtifactParameter | Refinement | RuntimeExpression | RuntimeExpressionInCommand => {
                Native
            }
            NestedPipeline
            | NestedTimeout
            | NestedParallelism
            | If
            | For
            | ForArtifacts
            | NestedRuntimeFor
            | LoopLimit
            | NestedLoopLimit
            | GatherValues
            | GatherArtifacts
            | GatherRuntimeArtifacts => Native,
            Require | After | Finally | BodyValueInFinally | NestedFinally | KeepRunning => Native,
            RunStatus | RunId | RunName => Native,
            RunDate => Emulated("the day the run started, in UTC"),
            RunInterval => Emulated("both are the moment the run started"),
            Image => Ignored("steps run on this machine, without a container"),
            Cpu | Memory | Gpu | Disk => {
                Ignored("a step takes what the machine has; `-j` bounds how many run at once")
            }
            Retry | FractionalBackoff | MaxDelay | Timeout | Cache | CacheDuration | Env => Native,
            Secrets => {
                Emulated("environment variables, of the same name or as mlpc.toml maps them")
            }
            Labels | PipelineLabels => Ignored("there is nothing to put labels on"),
            Kubernetes => Ignored("there is no cluster"),
            Owner | Tags => Ignored("there is no place that shows them"),
            Schedule | Catchup | OverlapForbid | OverlapQueue | OverlapReplace => {
                Ignored("a run starts when `mlpc run` is called, and once")
            }
            Notify => Emulated("a line in the report says whom to tell; nothing is sent"),
            PipelineTimeout | Parallelism => Native,
            DependsOnPast => Support::Refused {
                reason: "a local run knows nothing of the runs before it",
                nearest: "leave it out here, or set it where the pipeline is scheduled: `-t airflow`",
            },
        }
    }

    fn emit(&self, program: &Program, _: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        let document = Document {
            name: format!("{}.plan.json", program.entry().name),
            text: plan::write(&lower(program)),
        };
        (vec![document], Vec::new())
    }
}
