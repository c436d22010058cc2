//! Names, `use`, constants: from syntax to an owned module; nothing after it sees syntax nodes.

pub mod attributes;
mod body;
mod component;
pub mod constant;
mod constants;
mod expr;
mod items;
pub mod module;
mod order;
mod pipeline;
mod types;

use indexmap::IndexMap;

use crate::diagnostics::Diagnostic;
use crate::python;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast;

use items::Scope;
use module::Module;

/// An `.mlp` file that was parsed.
pub struct ParsedFile {
    pub id: FileId,
    pub ast: ast::File,
}

/// A Python file that a component names, read.
pub struct PythonFile {
    pub module: python::Module,
    /// The modules that stand beside it, which an embedded file can't import.
    pub beside: Vec<String>,
}

/// Everything that was loaded, by its place: a `use` or a `python:` finds its file by the span of the path's text.
pub struct Files {
    pub entry: FileId,
    /// In load order; the entry comes first.
    pub parsed: Vec<ParsedFile>,
    /// The file that a `use` or a `python:` at this place names; one that could not be read is left out, and reported.
    pub named: IndexMap<Span, FileId>,
    pub python: IndexMap<FileId, PythonFile>,
}

/// Resolves all files.
pub fn resolve(files: &Files, sources: &SourceMap) -> (Module, Vec<Diagnostic>) {
    let mut resolver = Resolver {
        files,
        sources,
        scopes: Vec::new(),
        diagnostics: Vec::new(),
        types: types::Types::default(),
        python_sources: IndexMap::new(),
        components: Vec::new(),
        heads: Vec::new(),
    };
    let found = resolver.collect();
    resolver.declare_types(found.types, found.kinds);
    resolver.declare_components(&found.components);
    resolver.declare_pipelines(found.pipelines);
    let pipelines = resolver.pipelines();
    let module = Module {
        sources: resolver.python_sources.into_values().collect(),
        components: resolver.components,
        pipelines,
    };
    let mut diagnostics = resolver.diagnostics;
    order::report_recursion(&module, &mut diagnostics);
    (module, diagnostics)
}

struct Resolver<'a> {
    files: &'a Files,
    sources: &'a SourceMap,
    /// What a name means in each file of `files.parsed`.
    scopes: Vec<Scope>,
    diagnostics: Vec<Diagnostic>,
    types: types::Types,
    python_sources: IndexMap<FileId, crate::graph::PythonSource>,
    components: Vec<module::Component>,
    heads: Vec<pipeline::Head>,
}
