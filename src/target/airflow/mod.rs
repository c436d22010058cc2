//! Airflow: a DAG as a JSON document, the loader that makes Airflow's objects of it, and the file that Airflow's discovery reads.
//!
//! ```text
//! Program ─ lower ─ model ─ JSON
//!             ├ step     components, and the calls of them
//!             ├ expr     expressions
//!             └ dag      schedule, parameters, what belongs to the whole
//! loader.py: the other half. It is the same for every DAG, and holds containers.py and the shim
//! ```

mod capability;
mod dag;
mod expr;
mod limits;
mod lower;
mod model;
mod step;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::emit::{json, python};
use crate::graph::{Program, TaskAttributes};

pub use model::schema;

/// The target `airflow`.
pub struct Airflow;

/// The loader's file, named by the version of the format.
const LOADER: &str = "mlpc_airflow_v1";

impl Target for Airflow {
    fn name(&self) -> &'static str {
        "airflow"
    }

    fn title(&self) -> &'static str {
        "an Airflow DAG as JSON, with a loader"
    }

    fn support(&self, feature: Feature) -> Support {
        capability::support(feature)
    }

    fn support_for(&self, feature: Feature, task: &TaskAttributes, options: &Options) -> Support {
        capability::support_by(feature, step::flavour(task, &options.airflow))
    }

    fn emit(&self, program: &Program, options: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        let mut diagnostics = limits::constants(program);
        let mut lowering = lower::Lowering::new(program, &options.airflow);
        lowering.run();
        diagnostics.append(&mut lowering.diagnostics);
        diagnostics.extend(limits::size(program, lowering.tasks.len()));
        let mut dag = dag::dag(program, &options.airflow);
        dag.task_groups = lowering.groups;
        dag.tasks = lowering.tasks;
        let document = model::Document {
            format: model::FORMAT,
            dag,
        };
        let tree = serde_json::to_value(&document).expect("a document has text keys only");
        let name = &program.entry().name;
        let file = |name: String, text: String| Document { name, text };
        let documents = vec![
            file(format!("{name}.airflow.json"), json::document(&tree)),
            file(format!("{name}.py"), stub(name)),
            file(format!("{LOADER}.py"), loader()),
        ];
        (documents, diagnostics)
    }
}

/// The file of the DAG. The loader is taken by its path: what else is called so in the DAGs folder does not matter.
fn stub(name: &str) -> String {
    let data = python::string(&format!("{name}.airflow.json"));
    let module = python::string(LOADER);
    let loader = python::string(&format!("{LOADER}.py"));
    format!(
        "# An Airflow dag that mlpc compiled: {name}.airflow.json beside this file says what it is.\n\
         import importlib.util\n\
         import pathlib\n\
         \n\
         HERE = pathlib.Path(__file__).parent\n\
         spec = importlib.util.spec_from_file_location({module}, HERE / {loader})\n\
         loader = importlib.util.module_from_spec(spec)\n\
         spec.loader.exec_module(loader)\n\
         dag = loader.load(HERE / {data})\n"
    )
}

/// The loader: one file, with the operators of containers and the shim in it.
fn loader() -> String {
    include_str!("loader.py")
        .replace("# @CONTAINERS@\n", include_str!("containers.py"))
        .replace("@SHIM@", &crate::shim::airflow::text())
}
