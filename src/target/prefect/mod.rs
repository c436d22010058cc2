//! Prefect: a module with one flow, and beside it what it needs.
//!
//! ```text
//! Program ─ limits ─ module ─ Functions ─ flow.py.j2 ─ NAME_flow.py
//!              │       ├ scope   what a function calls tasks, parameters and items
//!              │       ├ body    blocks as statements of Python
//!              │       ├ steps   components as tasks that run a process
//!              │       └ params  the flow's parameters with their types
//!              └ deployment ─ prefect.yaml
//! ```
//!
//! `support.py` is what all flows share; steps are processes that the shim's front for processes runs. The user's Python files stand in
//! a folder of their own, as they are.

mod body;
mod capability;
mod deployment;
mod limits;
mod module;
mod params;
mod scope;
mod steps;

use super::{Document, Feature, Options, Support, Target};
use crate::diagnostics::Diagnostic;
use crate::graph::{Program, PythonSourceId};
use crate::shim::process;

/// What the module imports; a text that mypy and ruff look at as it stands.
const SUPPORT: &str = include_str!("support.py");

/// The target `prefect`.
pub struct Prefect;

impl Target for Prefect {
    fn name(&self) -> &'static str {
        "prefect"
    }

    fn title(&self) -> &'static str {
        "a Prefect 3 flow, with prefect.yaml for its deployment"
    }

    fn support(&self, feature: Feature) -> Support {
        capability::support(feature)
    }

    fn reads_of_called(&self, program: &Program, key: &str) -> bool {
        matches!(key, "version" | "log_prints") && module::has_subflows(program)
    }

    fn emit(&self, program: &Program, _: &Options) -> (Vec<Document>, Vec<Diagnostic>) {
        let diagnostics = limits::check(program);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return (Vec::new(), diagnostics);
        }
        let name = &program.entry().name;
        let mut documents = vec![
            document(format!("{name}_flow.py"), module::text(program)),
            document("prefect.yaml".to_owned(), deployment::text(program)),
            document("mlpc_support.py".to_owned(), SUPPORT.to_owned()),
        ];
        let [_, (step, text)] = process::files();
        documents.push(document(step.to_owned(), text));
        let packages = limits::packages(program);
        if !packages.is_empty() {
            let lines: String = packages.iter().map(|line| format!("{line}\n")).collect();
            let head = "# What the steps import; Prefect itself is not among it.\n";
            documents.push(document(
                "requirements.txt".to_owned(),
                format!("{head}{lines}"),
            ));
        }
        for (at, source) in program.sources.iter().enumerate() {
            let path = source_path(program, PythonSourceId(at));
            documents.push(document(path, source.text.to_string()));
        }
        (documents, diagnostics)
    }
}

/// Where one of the user's Python files is, from the module's folder.
fn source_path(program: &Program, id: PythonSourceId) -> String {
    let folder = program
        .path
        .rfind('/')
        .map_or("", |end| &program.path[..=end]);
    // Files beside the program keep their short names, if all are.
    let beside = program
        .sources
        .iter()
        .all(|source| source.path.starts_with(folder));
    let path = &program[id].path;
    let path = if beside { &path[folder.len()..] } else { path };
    format!("{}_steps/{path}", program.entry().name)
}

fn document(name: String, text: String) -> Document {
    Document { name, text }
}
