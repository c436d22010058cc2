//! The rules that `mlpc check` holds a sound program against: habits that cost a team time, money or a night's sleep.
//!
//! A rule is a file in [`rules`], a row in its list, a code and a page for `mlpc explain`. It reads the program as text ([`ast`]), as
//! names and layers ([`Module`]) and as checked pipelines, and gives diagnostics at its place of the file that is checked. Which level
//! they have, and which comments allow them, is settled after that for warnings of all sorts, in [`compile`](crate::compile).

pub mod across;
pub mod baseline;
pub mod cron;
pub mod fix;
pub mod rules;
pub mod suppress;
mod walk;

use std::sync::Arc;

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use crate::config::Level;
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{self, Node, NodeKind, Task, TaskAttributes};
use crate::resolve::Files;
use crate::resolve::attributes::{self, Place};
use crate::resolve::module::{self, Callee, Module};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{self, AstNode};
use crate::types::Type;

pub use rules::RULES;

/// One rule.
pub struct Rule {
    pub code: Code,
    /// When mlpc.toml says nothing.
    pub level: Level,
    /// `--fix` mends what it finds, or some of it.
    pub fixes: bool,
    check: fn(&Context<'_>, &mut Vec<Diagnostic>),
}

/// What the rules of a level above `allow` find.
pub fn lint(context: &Context<'_>, levels: &IndexMap<Code, Level>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in RULES {
        if level(rule.code, levels) != Level::Allow {
            (rule.check)(context, &mut found);
        }
    }
    found
}

/// What a warning or a lint amounts to.
pub fn level(code: Code, levels: &IndexMap<Code, Level>) -> Level {
    let default = || RULES.iter().find(|rule| rule.code == code);
    let set = levels.get(&code).copied();
    set.or_else(|| default().map(|rule| rule.level))
        .unwrap_or(Level::Warn)
}

/// A definition of one file that another takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of the file that defines it, from the project's root.
    pub path: String,
    pub name: String,
}

/// An attribute as it was written.
pub struct Written {
    pub place: Place,
    /// Dotted: `retry.attempts`.
    pub name: String,
    pub entry: ast::Entry,
    /// Of the key.
    pub span: Span,
    pub value: ast::Expr,
}

/// A sound program, for rules.
pub struct Context<'a> {
    pub sources: &'a SourceMap,
    pub module: &'a Module,
    /// In the module's order; callees are indices into the module.
    pipelines: &'a [graph::Pipeline],
    pub files: &'a Files,
    /// The attributes of the checked file.
    pub written: Vec<Written>,
}

impl<'a> Context<'a> {
    pub fn new(
        files: &'a Files,
        sources: &'a SourceMap,
        module: &'a Module,
        pipelines: &'a [graph::Pipeline],
    ) -> Self {
        let mut context = Context {
            sources,
            module,
            pipelines,
            files,
            written: Vec::new(),
        };
        context.written = written(context.file(), context.ast());
        context
    }

    /// The file that is checked.
    pub fn file(&self) -> FileId {
        self.files.entry
    }

    pub fn text(&self) -> &'a str {
        &self.sources.file(self.file()).text
    }

    pub fn ast(&self) -> &'a ast::File {
        let entry = self.files.parsed.iter().find(|file| file.id == self.file());
        &entry.expect("the entry is parsed").ast
    }

    /// The components of the checked file, with their index.
    pub fn components(&self) -> impl Iterator<Item = (usize, &'a module::Component)> {
        let file = self.file();
        let all = self.module.components.iter().enumerate();
        all.filter(move |(_, component)| component.definition.span.file == file)
    }

    /// The pipelines of the checked file, resolved and checked.
    pub fn pipelines(&self) -> impl Iterator<Item = (&'a module::Pipeline, &'a graph::Pipeline)> {
        let all = self.module.pipelines.iter().zip(self.pipelines);
        all.filter(|(pipeline, _)| pipeline.in_entry_file)
    }

    /// The tasks of the checked file's pipelines that run a component.
    pub fn steps(
        &self,
    ) -> impl Iterator<
        Item = (
            &'a graph::Pipeline,
            NodeIndex,
            &'a Task,
            &'a graph::Component,
        ),
    > {
        let module = self.module;
        self.pipelines().flat_map(move |(_, pipeline)| {
            tasks(pipeline).filter_map(move |(index, task)| match task.callee {
                graph::Callee::Component(id) => {
                    let component = &module.components[id.0].definition;
                    Some((pipeline, index, task, component))
                }
                graph::Callee::Pipeline(_) => None,
            })
        })
    }

    /// What holds for each step of the checked file's pipelines, and what components say that nothing calls: with these nothing is
    /// merged yet.
    pub fn settings(&self) -> Vec<(Arc<TaskAttributes>, &'a graph::Component)> {
        let called = self.steps();
        let mut found: Vec<_> = called
            .map(|(_, _, task, component)| (task.attributes.clone(), component))
            .collect();
        for (at, component) in self.components() {
            if !self.is_called(Callee::Component(at)) {
                let own = attributes::merge(&[&component.attributes]);
                found.push((Arc::new(own), &component.definition));
            }
        }
        found
    }

    /// The types of what a call gives.
    pub fn outputs(&self, callee: Callee) -> Vec<&'a Type> {
        match callee {
            Callee::Component(at) => {
                let outputs = &self.module.components[at].definition.outputs;
                outputs.iter().map(|output| &output.ty).collect()
            }
            Callee::Pipeline(at) => {
                let outputs = &self.module.pipelines[at].outputs;
                outputs.iter().map(|output| &output.ty).collect()
            }
            Callee::Unknown => Vec::new(),
        }
    }

    /// The place of a node of the checked file.
    pub fn place(&self, node: &impl AstNode) -> Span {
        node.span(self.file())
    }

    /// Whether any pipeline calls this.
    pub fn is_called(&self, callee: Callee) -> bool {
        let mut called = false;
        for pipeline in &self.module.pipelines {
            for block in [Some(&pipeline.body), pipeline.finally.as_ref()] {
                for block in block.into_iter() {
                    block.for_each_call(&mut |call| called |= call.callee == callee);
                }
            }
        }
        called
    }

    /// The checked file defines pipelines: what it defines besides is for them.
    pub fn is_program(&self) -> bool {
        self.pipelines().next().is_some()
    }

    /// The attribute whose key stands here.
    pub fn written_at(&self, span: Span) -> Option<&Written> {
        let found =
            |written: &&Written| written.span.file == span.file && written.span.start == span.start;
        self.written.iter().find(found)
    }
}

/// The tasks of a pipeline, in the order they were made.
pub fn tasks(pipeline: &graph::Pipeline) -> impl Iterator<Item = (NodeIndex, &Task)> {
    let nodes = pipeline.graph.node_indices();
    nodes.filter_map(|index| match &pipeline.graph[index] {
        Node {
            kind: NodeKind::Task(task),
            ..
        } => Some((index, task)),
        _ => None,
    })
}

fn written(file: FileId, ast: &ast::File) -> Vec<Written> {
    let mut found = Vec::new();
    for item in ast.items() {
        match item {
            ast::Item::Component(node) => {
                entries(file, Place::Component, "", node.attributes(), &mut found);
            }
            ast::Item::Pipeline(node) => {
                entries(file, Place::Pipeline, "", node.attributes(), &mut found);
                for with in node.syntax().descendants().filter_map(ast::With::cast) {
                    entries(file, Place::With, "", with.entries(), &mut found);
                }
            }
            ast::Item::Use(_) | ast::Item::Type(_) | ast::Item::Artifact(_) => {}
        }
    }
    found
}

fn entries(
    file: FileId,
    place: Place,
    outer: &str,
    entries_of: Vec<ast::Entry>,
    found: &mut Vec<Written>,
) {
    for entry in entries_of {
        let (Some(key), Some(text), Some(value)) = (entry.key(), entry.key_text(), entry.value())
        else {
            continue;
        };
        let defaults = place == Place::Pipeline && outer.is_empty() && text == "defaults";
        let name = match outer {
            "" => text,
            outer => format!("{outer}.{text}"),
        };
        if let ast::Expr::Record(record) = &value {
            let inner = record.entries().collect();
            match defaults {
                true => entries(file, Place::Defaults, "", inner, found),
                false => entries(file, place, &name, inner, found),
            }
        }
        found.push(Written {
            place,
            name,
            span: key.span(file),
            entry,
            value,
        });
    }
}

/// The text of a literal string.
pub fn string(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::Literal(literal) => match literal.value()? {
            ast::LiteralValue::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The names that files take from others.
pub fn taken(context: &Context<'_>) -> Vec<Taken> {
    let mut found = Vec::new();
    for file in &context.files.parsed {
        let mut aliases: IndexMap<String, FileId> = IndexMap::new();
        for item in file.ast.items() {
            let ast::Item::Use(node) = item else { continue };
            let place = node
                .path_range()
                .map(|range| crate::syntax::tree::span_of(file.id, range));
            let Some(&used) = place.and_then(|place| context.files.named.get(&place)) else {
                continue;
            };
            match node.names() {
                Some(names) => {
                    for name in names.iter().filter_map(ast::UseName::name) {
                        found.push(Taken {
                            path: context.sources.file(used).path.clone(),
                            name: name.text().to_owned(),
                        });
                    }
                }
                None => {
                    if let Some(alias) = node.alias() {
                        aliases.insert(alias.text().to_owned(), used);
                    }
                }
            }
        }
        for (alias, name) in walk::qualified(&file.ast) {
            if let Some(&used) = aliases.get(&alias) {
                found.push(Taken {
                    path: context.sources.file(used).path.clone(),
                    name,
                });
            }
        }
    }
    found
}
