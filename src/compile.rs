//! The way through the stages: from a project's file to a checked program, and on to a target's documents.

use crate::check;
use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{ParamDefault, Program};
use crate::load;
use crate::project::Loader;
use crate::resolve::module::{Callee, Module};
use crate::resolve::resolve;
use crate::source::{FileId, Span};
use crate::target::{Document, Options, Target, capability};

/// What a compilation is asked for beside its file.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Which pipeline, when the file has several.
    pub pipeline: Option<String>,
    /// Other defaults for the pipeline's parameters, as `NAME`, `TEXT`.
    pub set: Vec<(String, String)>,
}

/// The checked program of a loaded file, and all that there is to say. There is no program when there are errors.
pub fn program(
    loader: &mut Loader<'_>,
    entry: FileId,
    request: &Request,
) -> (Option<Program>, Vec<Diagnostic>) {
    let (files, mut diagnostics) = load::load(loader, entry);
    let (module, found) = resolve(&files, &loader.sources);
    diagnostics.extend(found);
    // A file that could not be parsed or read whole leaves holes that would be reported as faults of their own.
    let (checked, found) = check::check(&module);
    diagnostics.extend(found);
    let chosen = choose(&module, request.pipeline.as_deref(), entry);
    let program = match chosen {
        Ok(at) if !diagnostics.iter().any(Diagnostic::is_error) => {
            let path = loader.sources.file(entry).path.clone();
            Some(checked.link(module, at, &path))
        }
        Ok(_) => None,
        Err(diagnostic) => {
            // A file whose pipelines could not be read has none to choose.
            if !diagnostics.iter().any(Diagnostic::is_error) {
                diagnostics.push(diagnostic);
            }
            None
        }
    };
    sort(&mut diagnostics);
    (program, diagnostics)
}

/// In source order; at one place errors before warnings.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| {
        (
            diagnostic.primary().span,
            diagnostic.severity,
            diagnostic.code,
        )
    });
}

/// The documents of a target, and what the target has to say of the program: refusals and what degrades.
pub fn emit(
    program: &Program,
    target: &dyn Target,
    options: &Options,
) -> (Vec<Document>, Vec<Diagnostic>) {
    let mut diagnostics = capability::check(target, program);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (Vec::new(), diagnostics);
    }
    let (documents, found) = target.emit(program, options);
    diagnostics.extend(found);
    sort(&mut diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (Vec::new(), diagnostics);
    }
    (documents, diagnostics)
}

/// The pipeline that is meant: the one that was named, or the only one of the file that no other calls.
fn choose(module: &Module, name: Option<&str>, entry: FileId) -> Result<usize, Diagnostic> {
    let own: Vec<usize> = (0..module.pipelines.len())
        .filter(|&at| module.pipelines[at].in_entry_file)
        .collect();
    let name_of = |at: &usize| module.pipelines[*at].name.as_str();
    if let Some(name) = name {
        return own
            .iter()
            .copied()
            .find(|at| name_of(at) == name)
            .ok_or_else(|| {
                let span = Span::new(entry, 0, 0);
                Diagnostic::new(
                    codes::WHICH_PIPELINE,
                    span,
                    format!("this file has no pipeline `{name}`"),
                )
                .maybe_help(did_you_mean(name, own.iter().map(name_of)))
            });
    }
    let mut called = vec![false; module.pipelines.len()];
    for pipeline in &module.pipelines {
        for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
            block.for_each_call(&mut |call| {
                if let Callee::Pipeline(at) = call.callee {
                    called[at] = true;
                }
            });
        }
    }
    let tops: Vec<usize> = own.iter().copied().filter(|&at| !called[at]).collect();
    match tops.as_slice() {
        [only] => Ok(*only),
        [] => Err(Diagnostic::new(
            codes::WHICH_PIPELINE,
            Span::new(entry, 0, 0),
            "this file has no pipeline",
        )
        .help("add one: `pipeline name() { .. }`")),
        [first, rest @ ..] => {
            let names: Vec<&str> = tops.iter().map(name_of).collect();
            let mut diagnostic = Diagnostic::new(
                codes::WHICH_PIPELINE,
                module.pipelines[*first].span,
                "this file has several pipelines",
            );
            for at in rest {
                diagnostic = diagnostic.also(module.pipelines[*at].span, "and another one");
            }
            Err(diagnostic.help(format!(
                "choose with `--pipeline`: {}",
                crate::diagnostics::one_of(&names)
            )))
        }
    }
}

/// Puts the values of `--set` in the place of the entry's defaults; the messages are for the command line.
pub fn set_defaults(program: &mut Program, set: &[(String, String)]) -> Vec<String> {
    let entry = program.entry;
    let params = &mut program.pipelines[entry.0].params;
    let mut faults = Vec::new();
    for (name, text) in set {
        let Some(at) = params.iter().position(|param| param.name == *name) else {
            let help = did_you_mean(name, params.iter().map(|param| param.name.as_str()));
            let help = help.map_or(String::new(), |help| format!("; {help}"));
            faults.push(format!("the pipeline has no parameter `{name}`{help}"));
            continue;
        };
        match crate::types::constant::from_text(text, &params[at].ty) {
            Ok(value) => params[at].default = Some(ParamDefault::Const(value)),
            Err(expected) => faults.push(format!("`{name}` is {expected}, not `{text}`")),
        }
    }
    faults
}
