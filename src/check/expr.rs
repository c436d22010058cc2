//! Expressions: their types, and the folding of what is constant.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean, nearest};
use crate::graph::{self, Expr, ExprKind, Node, NodeKind};
use crate::resolve::module::{self, Arithmetic, LocalId};
use crate::source::Span;
use crate::types::constant::{Reject, conform, type_of};
use crate::types::{Artifact, Fit, Mismatch, Proof, Type, fits};
use crate::value::Value;

use super::edge::{self, Consumer, Producer, Role, Source};
use super::{Checker, Local, arithmetic};

impl Checker<'_> {
    /// An expression where a value of type `asked` is wanted.
    pub(super) fn wanted(
        &mut self,
        source: &module::Expr,
        asked: &Type,
        consumer: Consumer<'_>,
    ) -> Expr {
        // Inside a literal each part is held against its own part of the type, so that a report points at it.
        match (&source.kind, asked.base()) {
            (module::ExprKind::List(items), Type::List(item)) => {
                let name = format!("an item of {}", consumer.name);
                let consumer = Consumer {
                    name: &name,
                    ..consumer
                };
                let items: Vec<Expr> = items
                    .iter()
                    .map(|source| self.wanted(source, item, consumer))
                    .collect();
                return Expr::list(items, asked.unrefined(), source.span);
            }
            (module::ExprKind::Record(entries), Type::Dict(inner)) => {
                let name = format!("a value of {}", consumer.name);
                let consumer = Consumer {
                    name: &name,
                    ..consumer
                };
                let entries = entries
                    .iter()
                    .map(|(name, _, source)| (name.clone(), self.wanted(source, inner, consumer)))
                    .collect();
                return Expr::map(entries, asked.unrefined(), source.span);
            }
            (module::ExprKind::Record(entries), Type::Record(record)) => {
                return self.wanted_record(entries, record, asked, source.span, consumer);
            }
            _ => {}
        }
        let expr = self.expr(source, Some(asked));
        self.fitted(expr, asked, consumer)
    }

    fn wanted_record(
        &mut self,
        entries: &[(String, Span, module::Expr)],
        record: &crate::types::Record,
        asked: &Type,
        span: Span,
        consumer: Consumer<'_>,
    ) -> Expr {
        let mut whole: IndexMap<String, Expr> = IndexMap::new();
        for (name, key, source) in entries {
            match record.fields.get(name) {
                Some(ty) => {
                    let name_of = format!("`{name}` of {}", consumer.name);
                    let consumer = Consumer {
                        name: &name_of,
                        ..consumer
                    };
                    let value = self.wanted(source, ty, consumer);
                    whole.insert(name.clone(), value);
                }
                None => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::NO_SUCH_FIELD,
                            *key,
                            format!("`{record}` has no field `{name}`"),
                        )
                        .maybe_help(did_you_mean(name, record.fields.keys().map(String::as_str))),
                    );
                    self.expr(source, None);
                }
            }
        }
        let mut fields = Vec::new();
        for (name, ty) in &record.fields {
            let value = match whole.swap_remove(name) {
                Some(value) => value,
                // An optional field that is left out is absent.
                None if ty.is_optional() => Expr {
                    kind: ExprKind::Const(Value::Absent),
                    ty: ty.clone(),
                    span,
                },
                None => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::MISSING_COLUMN,
                            span,
                            format!("the record leaves out `{name}` of `{record}`"),
                        )
                        .help(format!("add `{name}: ..`, a `{ty}`")),
                    );
                    Expr {
                        kind: ExprKind::Const(Value::Absent),
                        ty: Type::Unknown,
                        span,
                    }
                }
            };
            fields.push((name.clone(), value));
        }
        Expr::map(fields, asked.unrefined(), span)
    }

    /// Reports when `expr` is not what is wanted; what comes back is of the wanted type.
    fn fitted(&mut self, expr: Expr, asked: &Type, consumer: Consumer<'_>) -> Expr {
        if expr.ty == Type::Nothing {
            self.no_value(&expr);
            return unknown(expr.span);
        }
        if let ExprKind::Const(value) = &expr.kind
            && !expr.ty.is_unknown()
        {
            return match conform(value, asked) {
                // A literal never is an artifact; a conforming text there would be a location.
                Ok(value) if asked.artifact().is_none() || value.is_absent() => Expr {
                    kind: ExprKind::Const(value),
                    ty: asked.clone(),
                    span: expr.span,
                },
                fault => {
                    let reject = fault.err().unwrap_or_else(|| Reject::Type {
                        expected: asked.to_string(),
                    });
                    self.diagnostics.push(edge::report_constant(
                        &reject, value, &expr.ty, asked, expr.span, consumer,
                    ));
                    unknown(expr.span)
                }
            };
        }
        let fit = fits(&expr.ty, asked);
        let producer = self.producer(&expr);
        let report = edge::report(
            &fit,
            &expr.ty,
            asked,
            expr.span,
            producer.as_ref(),
            consumer,
        );
        self.diagnostics.extend(
            report.map(|report| match self.would_fit(&fit, &expr.ty, asked) {
                Some(other) => report.help(format!("`{other}` would fit")),
                None => report,
            }),
        );
        expr
    }

    /// The one task, or output of one, that was meant when an artifact is wired wrongly.
    fn would_fit(&self, fit: &Fit, given: &Type, asked: &Type) -> Option<String> {
        asked.artifact()?;
        let is_wired_wrongly = match fit {
            Err(Mismatch::Type | Mismatch::Kind | Mismatch::Format { .. }) => true,
            // A column with nearly this name is the likelier mistake.
            Err(Mismatch::Missing { field }) => {
                let columns = edge::fields_of(given);
                nearest(field, columns.iter().map(String::as_str)).is_none()
            }
            _ => false,
        };
        if !is_wired_wrongly {
            return None;
        }
        let fitting = |ty: &Type| fits(ty, asked) == Ok(Proof::Proven);
        let mut found = self.visible.iter().flat_map(|&node| {
            let Node { name, ty, .. } = &self.graph[node];
            let fields = match ty {
                Type::Record(record) => Some(&record.fields),
                _ => None,
            };
            let outputs = fields
                .into_iter()
                .flatten()
                .filter(|(_, ty)| fitting(ty))
                .map(move |(field, _)| format!("{name}.{field}"));
            fitting(ty).then(|| name.clone()).into_iter().chain(outputs)
        });
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// Where the value of an expression is declared, when it is read as it is.
    fn producer(&self, expr: &Expr) -> Option<Producer> {
        match &expr.kind {
            ExprKind::Param(name) => {
                let param = self
                    .pipeline
                    .params
                    .iter()
                    .find(|param| param.name == *name)?;
                Some(Producer {
                    name: format!("`{name}`"),
                    source: Source::Param,
                    declared: Some(param.span),
                })
            }
            ExprKind::Node(node) => Some(Producer {
                name: format!("`{}`", self.graph[*node].name),
                source: match self.graph[*node].kind {
                    NodeKind::If(_) => Source::If,
                    NodeKind::For(_) => Source::Loop,
                    NodeKind::Task(_) | NodeKind::Require(_) => Source::Task,
                },
                declared: self.output_span(*node, None),
            }),
            ExprKind::Field(inner, field) => match inner.kind {
                ExprKind::Node(node) => Some(Producer {
                    name: format!("`{}.{field}`", self.graph[node].name),
                    source: match self.graph[node].kind {
                        NodeKind::If(_) => Source::If,
                        NodeKind::For(_) => Source::Loop,
                        NodeKind::Task(_) | NodeKind::Require(_) => Source::Output,
                    },
                    declared: self.output_span(node, Some(field)),
                }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a task's output is declared: in its component or nested pipeline.
    fn output_span(&self, node: petgraph::graph::NodeIndex, field: Option<&str>) -> Option<Span> {
        let NodeKind::Task(task) = &self.graph[node].kind else {
            return None;
        };
        let named: Vec<(&str, Span)> = match task.callee {
            graph::Callee::Component(id) => {
                let outputs = &self.module.components[id.0].definition.outputs;
                outputs
                    .iter()
                    .map(|port| (port.name.as_str(), port.span))
                    .collect()
            }
            graph::Callee::Pipeline(id) => {
                let outputs = &self.module.pipelines[id.0].outputs;
                outputs
                    .iter()
                    .map(|port| (port.name.as_str(), port.span))
                    .collect()
            }
        };
        named
            .iter()
            .find(|(name, _)| field.is_none_or(|field| field == *name))
            .map(|(_, span)| *span)
    }

    pub(super) fn no_value(&mut self, expr: &Expr) {
        let ExprKind::Node(node) = expr.kind else {
            return;
        };
        let node = &self.graph[node];
        let (what, help) = match &node.kind {
            NodeKind::If(branching) if branching.otherwise.is_some() => (
                "not every branch of the `if` ends with a value",
                "end each branch with the value it gives",
            ),
            NodeKind::If(_) => (
                "the branch of the `if` ends without a value",
                "end it with the value it gives",
            ),
            NodeKind::For(_) => (
                "the body of the loop ends without a value",
                "end it with the value of an item",
            ),
            NodeKind::Task(_) | NodeKind::Require(_) => (
                "its component declares no output",
                "use it in `after`, or declare an output with `->`",
            ),
        };
        self.diagnostics.push(
            Diagnostic::new(
                codes::NO_VALUE,
                expr.span,
                format!("`{}` has no value", node.name),
            )
            .label(what)
            .also(node.span, format!("`{}` is made here", node.name))
            .help(help),
        );
    }

    /// An expression; `hint` is what is wanted of it, for literals that could be several things.
    pub(super) fn expr(&mut self, source: &module::Expr, hint: Option<&Type>) -> Expr {
        let span = source.span;
        let (kind, ty) = match &source.kind {
            module::ExprKind::Unknown => return unknown(span),
            module::ExprKind::Const(value) => (ExprKind::Const(value.clone()), type_of(value)),
            module::ExprKind::Param(at) => {
                let param = &self.pipeline.params[*at];
                (ExprKind::Param(param.name.clone()), param.ty.clone())
            }
            module::ExprKind::Run(field) => (ExprKind::Run(*field), run_type(*field)),
            module::ExprKind::Local(id) => return self.local(*id, span),
            module::ExprKind::Field(inner, field, field_span) => {
                let inner = self.expr(inner, None);
                return self.field(inner, field, *field_span, span);
            }
            module::ExprKind::Coalesce(a, b) => return self.coalesce(a, b, hint, span),
            module::ExprKind::As(inner, ty) => return self.stated(inner, ty, span),
            module::ExprKind::And(..)
            | module::ExprKind::Or(..)
            | module::ExprKind::Not(_)
            | module::ExprKind::Compare(..) => {
                let expr = self.logic(source);
                if expr.constant().is_none() && !expr.ty.is_unknown() {
                    self.not_constant(
                        span,
                        "logic on run-time values stands in `if` and `require` only",
                    );
                    return unknown(span);
                }
                return expr;
            }
            module::ExprKind::Negate(inner) => {
                let inner = self.expr(inner, None);
                return self.arithmetic(
                    Arithmetic::Subtract,
                    Expr {
                        kind: ExprKind::Const(Value::Int(0)),
                        ty: Type::Int,
                        span,
                    },
                    inner,
                    span,
                );
            }
            module::ExprKind::Arithmetic(op, a, b) => {
                let (a, b) = (self.expr(a, None), self.expr(b, None));
                return self.arithmetic(*op, a, b, span);
            }
            module::ExprKind::Concat(parts) => return self.concat(parts, span),
            module::ExprKind::List(items) => {
                let items: Vec<Expr> = items.iter().map(|item| self.expr(item, None)).collect();
                let ty = self.list_type(&items);
                return Expr::list(items, ty, span);
            }
            module::ExprKind::Record(entries) => {
                let entries: Vec<(String, Expr)> = entries
                    .iter()
                    .map(|(name, _, value)| (name.clone(), self.expr(value, None)))
                    .collect();
                for (_, value) in &entries {
                    if value.ty == Type::Nothing {
                        self.no_value(value);
                    }
                }
                let fields = entries
                    .iter()
                    .map(|(name, value)| {
                        let ty = match &value.ty {
                            Type::Nothing => Type::Unknown,
                            ty => ty.clone(),
                        };
                        (name.clone(), ty)
                    })
                    .collect();
                return Expr::map(entries, Type::record(fields), span);
            }
        };
        Expr { kind, ty, span }
    }

    fn local(&mut self, id: LocalId, span: Span) -> Expr {
        let expr = match &self.locals[id.0] {
            Local::Unknown => return unknown(span),
            Local::Node(node) => Expr {
                kind: ExprKind::Node(*node),
                ty: self.graph[*node].ty.clone(),
                span,
            },
            Local::Item(node, ty) => Expr {
                kind: ExprKind::Item(*node),
                ty: ty.clone(),
                span,
            },
            Local::Let(value) => Expr {
                span,
                ..value.clone()
            },
        };
        if self.optional[id.0] {
            Expr {
                ty: expr.ty.optional(),
                ..expr
            }
        } else {
            expr
        }
    }

    fn field(&mut self, inner: Expr, field: &str, field_span: Span, span: Span) -> Expr {
        if inner.ty.is_unknown() {
            return unknown(span);
        }
        if inner.ty == Type::Nothing {
            self.no_value(&inner);
            return unknown(span);
        }
        match inner.ty.field(field) {
            Some(ty) => Expr::field(inner, field, ty, span),
            None => {
                let diagnostic = self.no_such_field(&inner, field, field_span);
                self.diagnostics.push(diagnostic);
                unknown(span)
            }
        }
    }

    fn no_such_field(&self, inner: &Expr, field: &str, span: Span) -> Diagnostic {
        let ty = &inner.ty;
        let task = match inner.kind {
            ExprKind::Node(node) if matches!(self.graph[node].kind, NodeKind::Task(_)) => {
                Some(node)
            }
            _ => None,
        };
        let candidates: Vec<&str> = record_of(ty).map_or(Vec::new(), |record| {
            record.fields.keys().map(String::as_str).collect()
        });
        match task {
            Some(node) if record_of(ty).is_none() => {
                let name = &self.graph[node].name;
                Diagnostic::new(
                    codes::NO_SUCH_FIELD,
                    span,
                    format!("`{name}` has one output, without a name"),
                )
                .label(format!("`{name}` itself is `{ty}`"))
                .help(format!("write `{name}` alone"))
            }
            Some(node) => {
                let name = &self.graph[node].name;
                let diagnostic = Diagnostic::new(
                    codes::NO_SUCH_FIELD,
                    span,
                    format!("`{name}` has no output `{field}`"),
                );
                let diagnostic = match self.output_span(node, None) {
                    Some(declared) => diagnostic.also(declared, "its outputs are declared here"),
                    None => diagnostic,
                };
                diagnostic.maybe_help(did_you_mean(field, candidates))
            }
            None => Diagnostic::new(
                codes::NO_SUCH_FIELD,
                span,
                format!("`{ty}` has no field `{field}`"),
            )
            .also(inner.span, format!("this is `{ty}`"))
            .maybe_help(did_you_mean(field, candidates)),
        }
    }

    fn coalesce(
        &mut self,
        a: &module::Expr,
        b: &module::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        let a = self.expr(a, None);
        let inner = match &a.ty {
            Type::Unknown => Type::Unknown,
            Type::Optional(inner) => (**inner).clone(),
            Type::Nothing => {
                self.no_value(&a);
                Type::Unknown
            }
            ty => {
                self.diagnostics.push(
                    Diagnostic::new(codes::NEVER_ABSENT, span, "`??` has no effect here")
                        .label(format!("its left side is `{ty}`, which is never absent")),
                );
                self.expr(b, None);
                return a;
            }
        };
        let consumer = Consumer {
            name: "the right side of `??`",
            role: Role::Part,
            declared: None,
        };
        // An int with a float default is a float, as in the branches of an `if`.
        let b = self.expr(b, hint.or(Some(&inner)));
        let ty = match super::join(&inner, &b.ty) {
            Some(ty) if matches!(inner, Type::Int) => ty,
            _ => inner.clone(),
        };
        let optional = b.ty.is_optional();
        let b = self.fitted(
            b,
            &if optional {
                ty.clone().optional()
            } else {
                ty.clone()
            },
            consumer,
        );
        Expr::coalesce(a, b, if optional { ty.optional() } else { ty }, span)
    }

    /// `expr as T`: what a producer left open, stated.
    fn stated(&mut self, source: &module::Expr, stated: &Type, span: Span) -> Expr {
        let inner = self.expr(source, Some(stated));
        if inner.ty.is_unknown() {
            return Expr {
                ty: stated.clone(),
                ..inner
            };
        }
        if fits(&inner.ty, stated).is_err() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::CONTRADICTION,
                    span,
                    format!("this is `{}`, which can't be `{stated}`", inner.ty),
                )
                .also(inner.span, format!("this is `{}`", inner.ty))
                .help("`as` states what a producer left open; it never contradicts what is known"),
            );
            return unknown(span);
        }
        // What is already known stays known.
        let ty = match (&inner.ty, stated) {
            (Type::Artifact(known), Type::Artifact(stated)) => Type::Artifact(
                Artifact {
                    kind: match stated.kind {
                        crate::types::ArtifactKind::Artifact => known.kind.clone(),
                        _ => stated.kind.clone(),
                    },
                    format: stated.format.clone().or_else(|| known.format.clone()),
                    columns: stated.columns.clone().or_else(|| known.columns.clone()),
                }
                .into(),
            ),
            _ => stated.clone(),
        };
        Expr { ty, span, ..inner }
    }

    fn arithmetic(&mut self, op: Arithmetic, a: Expr, b: Expr, span: Span) -> Expr {
        if a.ty.is_unknown() || b.ty.is_unknown() {
            return unknown(span);
        }
        for side in [&a, &b] {
            if side.ty.is_optional() || !side.ty.is_number() {
                let text = matches!(side.ty.base(), Type::Str);
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::BAD_ARITHMETIC,
                        side.span,
                        format!("arithmetic is on numbers, not `{}`", side.ty),
                    )
                    .label(format!("this is `{}`", side.ty))
                    .maybe_help(
                        text.then(|| "join texts with an f-string: `f\"{a}{b}\"`".to_owned()),
                    ),
                );
                return unknown(span);
            }
        }
        let (Some(left), Some(right)) = (a.constant(), b.constant()) else {
            self.not_constant(span, "arithmetic is on numbers known while compiling");
            return unknown(span);
        };
        match arithmetic::apply(op, left, right) {
            Ok(value) => Expr {
                ty: type_of(&value),
                kind: ExprKind::Const(value),
                span,
            },
            Err(why) => {
                self.diagnostics
                    .push(Diagnostic::new(codes::BAD_ARITHMETIC, span, why));
                unknown(span)
            }
        }
    }

    fn not_constant(&mut self, span: Span, rule: &str) {
        self.diagnostics.push(
            Diagnostic::new(codes::NOT_CONSTANT, span, rule)
                .label("this is known only when the pipeline runs")
                .help("compute it in a component"),
        );
    }

    fn concat(&mut self, parts: &[module::Expr], span: Span) -> Expr {
        let mut whole: Vec<Expr> = Vec::new();
        for part in parts {
            let part = self.expr(part, None);
            if part.ty.is_unknown() {
                continue;
            }
            let why = match &part.ty {
                Type::Nothing => {
                    self.no_value(&part);
                    continue;
                }
                Type::Optional(_) => Some((
                    "it may be absent",
                    "give a value for when it is absent before: `name = x ?? \"\"`",
                )),
                ty if !ty.is_value() => Some((
                    "an artifact has no text here",
                    "pass the artifact to the component, which sees its path",
                )),
                _ => None,
            };
            if let Some((why, help)) = why {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::NOT_TEXT,
                        part.span,
                        format!("an f-string can't hold `{}`: {why}", part.ty),
                    )
                    .help(help),
                );
                continue;
            }
            whole.push(part);
        }
        Expr::concat(whole, span)
    }

    fn list_type(&mut self, items: &[Expr]) -> Type {
        let mut joined = Type::Unknown;
        for (at, item) in items.iter().enumerate() {
            if item.ty == Type::Nothing {
                self.no_value(item);
                return Type::Unknown;
            }
            joined = match if at == 0 {
                Some(item.ty.clone())
            } else {
                super::join(&joined, &item.ty)
            } {
                Some(joined) => joined,
                None => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::TYPE_MISMATCH,
                            item.span,
                            format!(
                                "the items of a list have one type, not `{joined}` and `{}`",
                                item.ty
                            ),
                        )
                        .label(format!("this is `{}`", item.ty))
                        .also(items[0].span, format!("this is `{}`", items[0].ty)),
                    );
                    return Type::Unknown;
                }
            };
        }
        joined.list()
    }
}

/// The record that `.field` would reach.
fn record_of(ty: &Type) -> Option<&crate::types::Record> {
    match ty {
        Type::Record(record) => Some(record),
        Type::Optional(inner) | Type::List(inner) => record_of(inner),
        _ => None,
    }
}

fn run_type(field: graph::RunField) -> Type {
    match field {
        graph::RunField::Id | graph::RunField::Name | graph::RunField::Status => Type::Str,
        graph::RunField::Date => Type::Date,
        graph::RunField::IntervalStart | graph::RunField::IntervalEnd => Type::DateTime,
    }
}

pub(super) fn unknown(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Const(Value::Absent),
        ty: Type::Unknown,
        span,
    }
}
