//! Loading: the entry file, the files it `use`s, and the Python files that components name, each once.

use indexmap::IndexMap;

use crate::diagnostics::Diagnostic;
use crate::project::Loader;
use crate::python;
use crate::resolve::{Files, ParsedFile, PythonFile};
use crate::source::{FileId, Span};
use crate::syntax::ast::{self, AstNode};
use crate::syntax::{self, tree::span_of};

/// Everything that `entry` reaches, and what was wrong on the way: unreadable files and syntax errors.
pub fn load(loader: &mut Loader<'_>, entry: FileId) -> (Files, Vec<Diagnostic>) {
    let mut files = Files {
        entry,
        parsed: Vec::new(),
        named: IndexMap::new(),
        python: IndexMap::new(),
    };
    let mut diagnostics = Vec::new();
    let mut waiting = std::collections::VecDeque::from([entry]);
    while let Some(id) = waiting.pop_front() {
        let parse = syntax::parse(id, &loader.sources.file(id).text);
        let ast = parse.ast();
        diagnostics.extend(parse.diagnostics);
        for named in names(&ast, id) {
            match loader.load(named.span, &named.path) {
                Err(diagnostic) => diagnostics.push(diagnostic),
                Ok(file) => {
                    files.named.insert(named.span, file);
                    if named.is_python {
                        if !files.python.contains_key(&file) {
                            let module = python::read(file, &loader.sources.file(file).text);
                            let beside = loader.modules_beside(file);
                            files.python.insert(file, PythonFile { module, beside });
                        }
                    } else if file != entry
                        && !waiting.contains(&file)
                        && !files.parsed.iter().any(|parsed| parsed.id == file)
                        && file != id
                    {
                        waiting.push_back(file);
                    }
                }
            }
        }
        files.parsed.push(ParsedFile { id, ast });
    }
    diagnostics.append(&mut loader.diagnostics);
    (files, diagnostics)
}

/// A path that a file holds.
struct Named {
    path: String,
    span: Span,
    is_python: bool,
}

fn names(file: &ast::File, id: FileId) -> Vec<Named> {
    let mut found = Vec::new();
    for item in file.items() {
        match item {
            ast::Item::Use(node) => {
                if let (Some(path), Some(range)) = (node.path(), node.path_range()) {
                    found.push(Named {
                        path,
                        span: span_of(id, range),
                        is_python: false,
                    });
                }
            }
            ast::Item::Component(node) => {
                for entry in node.attributes() {
                    if entry.key_text().as_deref() != Some("python") {
                        continue;
                    }
                    let Some(ast::Expr::Literal(literal)) = entry.value() else {
                        continue;
                    };
                    if let Some(ast::LiteralValue::Str(reference)) = literal.value()
                        && let Some((path, _)) = reference.rsplit_once(':')
                        && python::names_file(path)
                    {
                        found.push(Named {
                            path: path.to_owned(),
                            span: literal.span(id),
                            is_python: true,
                        });
                    }
                }
            }
            ast::Item::Type(_) | ast::Item::Artifact(_) | ast::Item::Pipeline(_) => {}
        }
    }
    found
}
