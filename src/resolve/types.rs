//! Type expressions.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode as _};
use crate::types::constant::conform;
use crate::types::{Artifact, ArtifactKind, Record, Refined, Refinement, Type};
use crate::value::Value;
use crate::value::ops::whole_match;

use super::Resolver;
use super::items::{Definition, Item};

/// The declared types, formed when they are first needed.
#[derive(Default)]
pub(super) struct Types {
    definitions: Vec<Definition<ast::TypeDef>>,
    kinds: Vec<String>,
    formed: Vec<Formed>,
}

enum Formed {
    Not,
    /// Being formed: whoever asks for it now is inside of it.
    Begun,
    Done(Type),
}

const SCALARS: [(&str, Type); 6] = [
    ("str", Type::Str),
    ("int", Type::Int),
    ("float", Type::Float),
    ("bool", Type::Bool),
    ("date", Type::Date),
    ("datetime", Type::DateTime),
];

/// What users of other languages write, and ours.
const FOREIGN: [(&str, &str); 18] = [
    ("string", "str"),
    ("String", "str"),
    ("Str", "str"),
    ("integer", "int"),
    ("Int", "int"),
    ("Integer", "int"),
    ("i64", "int"),
    ("double", "float"),
    ("Float", "float"),
    ("number", "float"),
    ("f64", "float"),
    ("boolean", "bool"),
    ("Bool", "bool"),
    ("List", "list[T]"),
    ("Dict", "dict[str, T]"),
    ("Optional", "T?"),
    ("Any", "a type of its own"),
    ("DataFrame", "Dataset"),
];

impl Resolver<'_> {
    /// Forms all declared types, so that each is checked even when nothing uses it.
    pub(super) fn declare_types(
        &mut self,
        definitions: Vec<Definition<ast::TypeDef>>,
        kinds: Vec<String>,
    ) {
        self.types.formed = definitions.iter().map(|_| Formed::Not).collect();
        self.types.definitions = definitions;
        self.types.kinds = kinds;
        for at in 0..self.types.definitions.len() {
            let span = self.types.definitions[at].span;
            self.declared(at, span);
        }
    }

    fn declared(&mut self, at: usize, used: Span) -> Type {
        match &self.types.formed[at] {
            Formed::Done(ty) => return ty.clone(),
            Formed::Begun => {
                let name = &self.types.definitions[at].name;
                self.diagnostics.push(
                    Diagnostic::new(codes::TYPE_CYCLE, used, format!("`{name}` contains itself"))
                        .also(self.types.definitions[at].span, "declared here"),
                );
                return Type::Unknown;
            }
            Formed::Not => {}
        }
        self.types.formed[at] = Formed::Begun;
        let Definition {
            file, node, name, ..
        } = self.types.definitions[at].clone();
        let ty = match node.ty() {
            Some(node) => self.form(file, &node),
            None => Type::Unknown,
        };
        let ty = match ty {
            Type::Record(record) => Type::Record(Arc::new(Record {
                name: Some(name),
                fields: record.fields.clone(),
            })),
            other => other,
        };
        self.types.formed[at] = Formed::Done(ty.clone());
        ty
    }

    /// The type that a type expression of a file stands for; `Unknown` when a part of it was reported.
    pub(super) fn form(&mut self, file: usize, node: &ast::TypeExpr) -> Type {
        let id = self.file_id(file);
        match node {
            ast::TypeExpr::Name(node) => self.form_name(file, node),
            ast::TypeExpr::Optional(node) => match node.inner() {
                Some(inner) => self.form(file, &inner).optional(),
                None => Type::Unknown,
            },
            ast::TypeExpr::Record(node) => {
                let mut fields = IndexMap::new();
                let mut seen = IndexMap::new();
                let mut whole = true;
                for member in node.entries() {
                    match member {
                        ast::RecordTypeEntry::Spread(spread) => {
                            let Some(base) = spread.ty() else { continue };
                            match self.form(file, &base) {
                                Type::Record(record) => {
                                    // A later field of the same name stands in for a spread one.
                                    fields.extend(record.fields.clone());
                                }
                                Type::Unknown => whole = false,
                                other => {
                                    whole = false;
                                    self.not_allowed(
                                        base.span(id),
                                        format!("only a record can be spread, not `{other}`"),
                                        "name a record type",
                                    );
                                }
                            }
                        }
                        ast::RecordTypeEntry::Field(field) => {
                            let Some(key) = field.key() else { continue };
                            let Some(name) = key.text() else { continue };
                            let span = key.span(id);
                            let ty = match field.ty() {
                                Some(node) => {
                                    let ty = self.form(file, &node);
                                    self.value_only(ty, node.span(id), "a field of a record")
                                }
                                None => Type::Unknown,
                            };
                            if self.first_of(&mut seen, &name, span, "the field") {
                                fields.insert(name, ty);
                            }
                        }
                    }
                }
                if whole {
                    Type::record(fields)
                } else {
                    Type::Unknown
                }
            }
            ast::TypeExpr::Refined(node) => self.form_refined(file, node),
        }
    }

    fn form_name(&mut self, file: usize, node: &ast::NameType) -> Type {
        let id = self.file_id(file);
        let Some(name) = node.name() else {
            return Type::Unknown;
        };
        let span = name.span(id);
        let text = name.text().to_owned();
        let args = node.args().unwrap_or_default();
        let item = match node.qualifier() {
            Some(alias) => match self.scopes[file].names.get(alias.text()) {
                Some((Item::File(used), _)) => {
                    let used = *used;
                    Some(self.taken(used, &text, span))
                }
                Some((Item::Unknown, _)) => Some(Item::Unknown),
                _ => {
                    let files = self.aliases(file);
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::UNKNOWN_TYPE,
                            alias.span(id),
                            format!("no file is used as `{}`", alias.text()),
                        )
                        .maybe_help(did_you_mean(alias.text(), files.iter().map(String::as_str))),
                    );
                    return Type::Unknown;
                }
            },
            None => self.scopes[file].names.get(&text).map(|(item, _)| *item),
        };
        let ty = match item {
            Some(Item::Unknown) => return Type::Unknown,
            Some(Item::Type(at)) => self.declared(at, span),
            Some(Item::Kind(at)) => {
                let kind = ArtifactKind::Declared(self.types.kinds[at].clone());
                return self.form_artifact(file, kind, &args);
            }
            Some(Item::Component(_) | Item::Pipeline(_) | Item::File(_)) => {
                self.diagnostics.push(Diagnostic::new(
                    codes::UNKNOWN_TYPE,
                    span,
                    format!("`{text}` is no type"),
                ));
                return Type::Unknown;
            }
            None => {
                if let Some((_, scalar)) = SCALARS.iter().find(|(name, _)| *name == text) {
                    scalar.clone()
                } else if let Some((_, kind)) = ArtifactKind::BUILT_IN
                    .iter()
                    .find(|(name, _)| *name == text)
                {
                    return self.form_artifact(file, kind.clone(), &args);
                } else if text == "list" || text == "dict" {
                    return self.form_container(file, &text, &args, node.span(id));
                } else {
                    self.unknown_type(file, &text, span);
                    return Type::Unknown;
                }
            }
        };
        if let Some(arg) = args.first() {
            self.not_allowed(
                arg.span(id),
                format!("`{text}` takes nothing in brackets"),
                "brackets belong to `list`, `dict` and artifact kinds",
            );
        }
        ty
    }

    fn aliases(&self, file: usize) -> Vec<String> {
        self.scopes[file]
            .names
            .iter()
            .filter(|(_, (item, _))| matches!(item, Item::File(_)))
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn unknown_type(&mut self, file: usize, name: &str, span: Span) {
        let help = match FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
            Some((_, ours)) => Some(format!("write `{ours}`")),
            None => {
                let declared = self.scopes[file]
                    .names
                    .iter()
                    .filter(|(_, (item, _))| matches!(item, Item::Type(_) | Item::Kind(_)))
                    .map(|(name, _)| name.as_str());
                let built_in = SCALARS
                    .iter()
                    .map(|(name, _)| *name)
                    .chain(["list", "dict"])
                    .chain(ArtifactKind::BUILT_IN.iter().map(|(name, _)| *name));
                match crate::diagnostics::nearest(name, declared.chain(built_in)) {
                    Some(near) => Some(format!("did you mean `{near}`?")),
                    None => Some(format!(
                        "declare it: `type {name} = ..`, or `artifact {name}`"
                    )),
                }
            }
        };
        self.diagnostics.push(
            Diagnostic::new(
                codes::UNKNOWN_TYPE,
                span,
                format!("there is no type `{name}`"),
            )
            .maybe_help(help),
        );
    }

    fn form_container(
        &mut self,
        file: usize,
        name: &str,
        args: &[ast::TypeExpr],
        span: Span,
    ) -> Type {
        let id = self.file_id(file);
        match (name, args) {
            ("list", [item]) => match self.form(file, item) {
                Type::Unknown => Type::Unknown,
                ty => ty.list(),
            },
            ("dict", [key, value]) => {
                let key_type = self.form(file, key);
                if !matches!(key_type, Type::Str | Type::Unknown) {
                    self.not_allowed(
                        key.span(id),
                        format!("the keys of a dict are `str`, not `{key_type}`"),
                        "write `dict[str, T]`",
                    );
                }
                let ty = self.form(file, value);
                match self.value_only(ty, value.span(id), "a value of a dict") {
                    Type::Unknown => Type::Unknown,
                    ty => ty.dict(),
                }
            }
            _ => {
                let form = if name == "list" {
                    "list[T]"
                } else {
                    "dict[str, T]"
                };
                self.not_allowed(
                    span,
                    format!("`{name}` names what it holds"),
                    &format!("write `{form}`"),
                );
                Type::Unknown
            }
        }
    }

    /// `Kind`, `Kind[format]`, `Dataset[format, columns]`, `Dataset[columns]`
    fn form_artifact(&mut self, file: usize, kind: ArtifactKind, args: &[ast::TypeExpr]) -> Type {
        let id = self.file_id(file);
        let mut format = None;
        let mut columns = None;
        let mut whole = true;
        for (at, arg) in args.iter().enumerate() {
            if at == 0
                && let Some(word) = self.format_word(file, arg)
            {
                format = Some(word);
                continue;
            }
            let span = arg.span(id);
            if columns.is_some() || at > 1 {
                self.not_allowed(
                    span,
                    format!("`{}` takes a format and columns, no more", kind.name()),
                    "write `Dataset[format, columns]`",
                );
                break;
            }
            match self.form(file, arg) {
                Type::Record(record) if kind == ArtifactKind::Dataset => {
                    columns = Some(record);
                    continue;
                }
                Type::Record(_) => self.not_allowed(
                    span,
                    format!("only a `Dataset` has columns, not a `{}`", kind.name()),
                    "leave the columns out",
                ),
                Type::Unknown => {}
                other => self.not_allowed(
                    span,
                    format!("columns are a record, not `{other}`"),
                    "write `{ column: type, .. }` or the name of a record type",
                ),
            }
            // Columns that are not understood are not the same as none.
            whole = false;
        }
        if !whole {
            return Type::Unknown;
        }
        Type::Artifact(Arc::new(Artifact {
            kind,
            format,
            columns,
        }))
    }

    /// A format is a plain word that names no type.
    fn format_word(&self, file: usize, node: &ast::TypeExpr) -> Option<String> {
        let ast::TypeExpr::Name(node) = node else {
            return None;
        };
        let name = node.name()?;
        let plain = node.qualifier().is_none() && node.args().is_none();
        let small = name.text().starts_with(|c: char| c.is_ascii_lowercase());
        let declared = self.scopes[file].names.contains_key(name.text());
        (plain && small && !declared).then(|| name.text().to_owned())
    }

    fn form_refined(&mut self, file: usize, node: &ast::RefinedType) -> Type {
        let id = self.file_id(file);
        let base = match node.base() {
            Some(base) => self.form(file, &base),
            None => Type::Unknown,
        };
        // `T? in ..` refines what is there when it is.
        if let Type::Optional(inner) = &base {
            let inner = (**inner).clone();
            return self.refine(file, inner, node, id).optional();
        }
        self.refine(file, base, node, id)
    }

    fn refine(
        &mut self,
        file: usize,
        base: Type,
        node: &ast::RefinedType,
        id: crate::source::FileId,
    ) -> Type {
        let span = node.span(id);
        if base.is_unknown() {
            return Type::Unknown;
        }
        let mut bad = |message: String, span: Span| {
            self.diagnostics
                .push(Diagnostic::new(codes::BAD_REFINEMENT, span, message));
        };
        if !base.is_scalar() || matches!(base, Type::Refined(_)) {
            bad(
                format!("a refinement is on one scalar, not on `{base}`"),
                span,
            );
            return base;
        }
        let refinement = match node.refinement() {
            None => return base,
            Some(ast::Refinement::Range(range)) => {
                if !matches!(base, Type::Int | Type::Float | Type::Date | Type::DateTime) {
                    bad(
                        format!("a range is of numbers or dates, not of `{base}`"),
                        span,
                    );
                    return base;
                }
                let (Some(min), Some(max)) = (range.min(), range.max()) else {
                    return base;
                };
                let (Some(low), Some(high)) =
                    (self.bound(file, &min, &base), self.bound(file, &max, &base))
                else {
                    return base;
                };
                let ordered = match (&low, &high) {
                    (Value::Str(low), Value::Str(high)) => low <= high,
                    (low, high) => low.as_f64() <= high.as_f64(),
                };
                if !ordered {
                    self.diagnostics.push(
                        Diagnostic::new(codes::BAD_REFINEMENT, span, "no value is in this range")
                            .help("write the lower end first"),
                    );
                    return base;
                }
                Refinement::Range {
                    min: low,
                    max: high,
                }
            }
            Some(ast::Refinement::OneOf(one_of)) => {
                let choices = one_of.values().unwrap_or_default();
                let choices: Option<Vec<Value>> = choices
                    .iter()
                    .map(|choice| self.bound(file, choice, &base))
                    .collect();
                match choices {
                    Some(choices) if choices.is_empty() => {
                        self.diagnostics.push(Diagnostic::new(
                            codes::BAD_REFINEMENT,
                            span,
                            "there is no choice",
                        ));
                        return base;
                    }
                    Some(choices) => Refinement::OneOf(choices),
                    None => return base,
                }
            }
            Some(ast::Refinement::Matches(matches)) => {
                if base != Type::Str {
                    bad(format!("a pattern is on `str`, not on `{base}`"), span);
                    return base;
                }
                let Some(pattern) = matches.pattern() else {
                    return base;
                };
                if let Err(error) = whole_match(&pattern) {
                    let text = error.to_string();
                    let reason = text
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim_start_matches("error: ");
                    bad(format!("this is no regular expression: {reason}"), span);
                    return base;
                }
                Refinement::Matches(pattern)
            }
        };
        Type::Refined(Arc::new(Refined { base, refinement }))
    }

    /// A constant of a refinement, as a value of its base.
    fn bound(&mut self, file: usize, node: &ast::Expr, base: &Type) -> Option<Value> {
        let id = self.file_id(file);
        let value = self.constant_value(id, node)?;
        match conform(&value, base) {
            Ok(value) => Some(value),
            Err(_) => {
                self.diagnostics.push(Diagnostic::new(
                    codes::BAD_REFINEMENT,
                    node.span(id),
                    format!("this is no `{base}`"),
                ));
                None
            }
        }
    }

    pub(super) fn not_allowed(&mut self, span: Span, message: String, help: &str) {
        self.diagnostics
            .push(Diagnostic::new(codes::TYPE_NOT_ALLOWED, span, message).help(help));
    }

    /// The type, when all inside it travels by content.
    pub(super) fn value_only(&mut self, ty: Type, span: Span, place: &str) -> Type {
        if ty.is_value() {
            return ty;
        }
        self.not_allowed(
            span,
            format!("{place} is a value, not `{ty}`"),
            "an artifact is a port of its own",
        );
        Type::Unknown
    }
}
