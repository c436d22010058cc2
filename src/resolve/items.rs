//! What each file defines and what it takes from others.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::{FileId, Span};
use crate::syntax::ast;

use crate::syntax::tree::span_of;

use super::Resolver;

/// What a name of a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Index into the declared types.
    Type(usize),
    /// Index into the declared artifact kinds.
    Kind(usize),
    Component(usize),
    Pipeline(usize),
    /// `use ".." as alias`: index into the parsed files.
    File(usize),
    /// Its definition could not be had, and that was reported.
    Unknown,
}

#[derive(Default)]
pub(super) struct Scope {
    pub names: IndexMap<String, (Item, Span)>,
    /// How many of the names the file defines itself; the rest came by `use`.
    defined: usize,
}

impl Scope {
    /// What the file itself defines: what others can take from it.
    pub fn own(&self) -> impl Iterator<Item = (&str, Item)> {
        self.names
            .iter()
            .take(self.defined)
            .map(|(name, (item, _))| (name.as_str(), *item))
    }
}

/// A definition that is still syntax.
#[derive(Clone)]
pub(super) struct Definition<T> {
    /// Index into the parsed files.
    pub file: usize,
    pub node: T,
    pub name: String,
    /// Of the name.
    pub span: Span,
}

#[derive(Default)]
pub(super) struct Definitions {
    pub types: Vec<Definition<ast::TypeDef>>,
    pub kinds: Vec<String>,
    pub components: Vec<Definition<ast::Component>>,
    pub pipelines: Vec<Definition<ast::Pipeline>>,
}

/// How names are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Snake,
    Pascal,
}

impl Resolver<'_> {
    pub(super) fn file_id(&self, file: usize) -> FileId {
        self.files.parsed[file].id
    }

    /// All definitions of all files, and each file's scope.
    pub(super) fn collect(&mut self) -> Definitions {
        let mut found = Definitions::default();
        for file in 0..self.files.parsed.len() {
            self.scopes.push(Scope::default());
            self.collect_own(file, &mut found);
        }
        for file in 0..self.files.parsed.len() {
            self.collect_used(file);
        }
        found
    }

    fn collect_own(&mut self, file: usize, found: &mut Definitions) {
        let id = self.file_id(file);
        for item in self.files.parsed[file].ast.items() {
            let name = match &item {
                ast::Item::Use(_) => continue,
                ast::Item::Type(node) => node.name(),
                ast::Item::Artifact(node) => node.name(),
                ast::Item::Component(node) => node.name(),
                ast::Item::Pipeline(node) => node.name(),
            };
            let Some(name) = name else { continue };
            let span = name.span(id);
            let name = name.text().to_owned();
            let (style, meaning) = match &item {
                ast::Item::Use(_) => continue,
                ast::Item::Type(_) => (Style::Pascal, Item::Type(found.types.len())),
                ast::Item::Artifact(_) => (Style::Pascal, Item::Kind(found.kinds.len())),
                ast::Item::Component(_) => (Style::Snake, Item::Component(found.components.len())),
                ast::Item::Pipeline(_) => (Style::Snake, Item::Pipeline(found.pipelines.len())),
            };
            self.check_style(&name, span, style);
            self.define(file, &name, meaning, span);
            match item {
                ast::Item::Use(_) => {}
                ast::Item::Type(node) => found.types.push(Definition {
                    file,
                    node,
                    name,
                    span,
                }),
                ast::Item::Artifact(_) => found.kinds.push(name),
                ast::Item::Component(node) => found.components.push(Definition {
                    file,
                    node,
                    name,
                    span,
                }),
                ast::Item::Pipeline(node) => found.pipelines.push(Definition {
                    file,
                    node,
                    name,
                    span,
                }),
            }
        }
        self.scopes[file].defined = self.scopes[file].names.len();
    }

    fn collect_used(&mut self, file: usize) {
        let id = self.file_id(file);
        for item in self.files.parsed[file].ast.items() {
            let ast::Item::Use(node) = item else { continue };
            let Some(path) = node.path_range() else {
                continue;
            };
            // A file that could not be read was reported when it was looked for.
            let used = self.files.named.get(&span_of(id, path)).and_then(|named| {
                self.files
                    .parsed
                    .iter()
                    .position(|parsed| parsed.id == *named)
            });
            if let Some(alias) = node.alias() {
                let meaning = used.map_or(Item::Unknown, Item::File);
                self.define(file, alias.text(), meaning, alias.span(id));
            }
            for entry in node.names().unwrap_or_default() {
                let Some(name) = entry.name() else { continue };
                let span = name.span(id);
                let meaning = match used {
                    None => Item::Unknown,
                    Some(used) => self.taken(used, name.text(), span),
                };
                let (local, span) = match entry.alias() {
                    Some(alias) => (alias.text().to_owned(), alias.span(id)),
                    None => (name.text().to_owned(), span),
                };
                self.define(file, &local, meaning, span);
            }
        }
    }

    /// What a file that is used defines under a name.
    pub(super) fn taken(&mut self, used: usize, name: &str, span: Span) -> Item {
        let found = self.scopes[used].own().find(|(own, _)| *own == name);
        if let Some((_, item)) = found {
            return item;
        }
        let shown = self.sources.file(self.file_id(used)).shown.clone();
        let help = did_you_mean(name, self.scopes[used].own().map(|(own, _)| own));
        self.diagnostics.push(
            Diagnostic::new(
                codes::NOT_IN_FILE,
                span,
                format!("`{shown}` does not define `{name}`"),
            )
            .maybe_help(help),
        );
        Item::Unknown
    }

    fn define(&mut self, file: usize, name: &str, meaning: Item, span: Span) {
        match self.scopes[file].names.get(name) {
            Some(&(_, first)) => self.diagnostics.push(
                Diagnostic::new(
                    codes::DUPLICATE_DEFINITION,
                    span,
                    format!("`{name}` is defined twice"),
                )
                .also(first, "defined here first")
                .help("choose another name; `use { name as other } from ..` renames what is used"),
            ),
            None => {
                self.scopes[file]
                    .names
                    .insert(name.to_owned(), (meaning, span));
            }
        }
    }

    pub(super) fn check_style(&mut self, name: &str, span: Span, style: Style) {
        let ascii = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let (fits, words, example) = match style {
            Style::Snake => (
                ascii && !name.chars().any(|c| c.is_ascii_uppercase()),
                "`snake_case`: small letters, digits and `_`",
                snake(name),
            ),
            Style::Pascal => (
                ascii && name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains('_'),
                "`PascalCase`: letters and digits, a capital first",
                pascal(name),
            ),
        };
        if !fits {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NAME_STYLE,
                    span,
                    format!("`{name}` is not in the style of its kind"),
                )
                .label(words)
                .help(format!("write `{example}`")),
            );
        }
    }

    /// Reports the second of two entries with one name; true when there is no first.
    pub(super) fn first_of(
        &mut self,
        seen: &mut IndexMap<String, Span>,
        name: &str,
        span: Span,
        what: &str,
    ) -> bool {
        if let Some(&first) = seen.get(name) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::DUPLICATE_DEFINITION,
                    span,
                    format!("{what} `{name}` is given twice"),
                )
                .also(first, "given here first"),
            );
            return false;
        }
        seen.insert(name.to_owned(), span);
        true
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn pascal(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars.next().map_or(String::new(), |first| {
                first.to_uppercase().chain(chars).collect()
            })
        })
        .collect()
}
