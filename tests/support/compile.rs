//! Compiling small projects that are held in memory.

use mlpc::compile::{self, Request};
use mlpc::diagnostics::Diagnostic;
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::project::{Loader, Memory, Project};
use mlpc::target::{Options, Target};

/// What compiling gives.
pub struct Compiled {
    /// The text of the first document; empty when there are errors.
    pub text: String,
    pub diagnostics: Vec<Diagnostic>,
    /// The diagnostics, a line each.
    pub report: String,
}

/// Compiles `pipeline.mlp` of these files for a target; `set` are the values of `--set`.
pub fn compile(files: &[(&str, &str)], target: &dyn Target, set: &[(String, String)]) -> Compiled {
    let project = Project::in_memory(Memory::new(files.iter().copied()));
    let mut loader = Loader::new(&project);
    let entry = loader.entry("pipeline.mlp").expect("the files hold pipeline.mlp");
    let (program, mut diagnostics) = compile::program(&mut loader, entry, &Request::default());
    let mut text = String::new();
    if let Some(mut program) = program {
        assert_eq!(compile::set_defaults(&mut program, set), Vec::<String>::new());
        let (documents, found) = compile::emit(&program, target, &Options::default());
        diagnostics.extend(found);
        if let Some(document) = documents.into_iter().next() {
            text = document.text;
        }
    }
    let report = render(&diagnostics, &loader.sources, Format::Short, Look::PLAIN);
    Compiled {
        text,
        diagnostics,
        report,
    }
}
