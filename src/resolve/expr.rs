//! Expressions of bodies: names become what they mean.

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{Comparison, RunField};
use crate::source::{FileId, Span};
use crate::syntax::ast::{self, AstNode as _};
use crate::types::Type;
use crate::value::Value;

use super::Resolver;
use super::body::{Meaning, Walk};
use super::module::{Arithmetic, Expr, ExprKind};

const RUN_FIELDS: [RunField; 6] = [
    RunField::Id,
    RunField::Name,
    RunField::Date,
    RunField::IntervalStart,
    RunField::IntervalEnd,
    RunField::Status,
];

pub(super) fn run_type(field: RunField) -> Type {
    match field {
        RunField::Id | RunField::Name | RunField::Status => Type::Str,
        RunField::Date => Type::Date,
        RunField::IntervalStart | RunField::IntervalEnd => Type::DateTime,
    }
}

impl Resolver<'_> {
    /// `run.field`: the field, or nothing when it is none and was reported.
    pub(super) fn run_field(
        &mut self,
        id: FileId,
        node: &ast::Expr,
        in_finally: bool,
    ) -> Option<(Option<RunField>, Span)> {
        let ast::Expr::Field(field) = node else {
            return None;
        };
        let Some(ast::Expr::Name(base)) = field.base() else {
            return None;
        };
        if base.name()?.text() != "run" {
            return None;
        }
        let name = field.field()?;
        Some((
            self.run_field_named(name.text(), name.span(id), in_finally),
            node.span(id),
        ))
    }

    pub(super) fn run_field_named(
        &mut self,
        name: &str,
        span: Span,
        in_finally: bool,
    ) -> Option<RunField> {
        match RUN_FIELDS.into_iter().find(|field| field.name() == name) {
            Some(RunField::Status) if !in_finally => {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::RUN_FIELD,
                        span,
                        "`run.status` is known in `finally` only",
                    )
                    .help("move what reads it into `finally { .. }`"),
                );
                None
            }
            Some(field) => Some(field),
            None => {
                let names = RUN_FIELDS.iter().map(|field| field.name());
                self.diagnostics.push(
                    Diagnostic::new(codes::RUN_FIELD, span, format!("a run has no `{name}`"))
                        .maybe_help(did_you_mean(name, names)),
                );
                None
            }
        }
    }
}

impl Walk<'_, '_> {
    pub(super) fn expr(&mut self, node: &ast::Expr) -> Expr {
        let id = self.id;
        let span = node.span(id);
        let kind = match node {
            ast::Expr::Paren(node) => {
                let inner = self.maybe(node.inner(), span);
                return Expr { span, ..inner };
            }
            ast::Expr::Literal(literal) => match literal.value() {
                Some(ast::LiteralValue::Str(text)) => ExprKind::Const(Value::Str(text)),
                Some(ast::LiteralValue::Int(value)) => ExprKind::Const(Value::Int(value)),
                Some(ast::LiteralValue::Float(value)) => ExprKind::Const(Value::Float(value)),
                Some(ast::LiteralValue::Bool(value)) => ExprKind::Const(Value::Bool(value)),
                Some(ast::LiteralValue::Duration(_) | ast::LiteralValue::Size(_)) => {
                    // Durations and sizes belong to attributes.
                    self.resolver.constant_value(id, node);
                    ExprKind::Unknown
                }
                None => ExprKind::Unknown,
            },
            ast::Expr::Name(name) => match name.name() {
                Some(name) => return self.named(name.text(), span),
                None => ExprKind::Unknown,
            },
            ast::Expr::Field(field) => return self.field(node, field, span),
            ast::Expr::Call(_) => match self.task_of(span) {
                Some(local) => return self.read(local, span),
                None => ExprKind::Unknown,
            },
            ast::Expr::Unary(unary) => {
                let inner = self.maybe(unary.operand(), span);
                if unary.op() == Some(ast::UnaryOp::Negate) {
                    ExprKind::Negate(inner.into())
                } else {
                    ExprKind::Not(inner.into())
                }
            }
            ast::Expr::Binary(binary) => {
                // The parser reports a comparison of comparisons; what was meant is not known.
                if let (Some(op), Some(ast::Expr::Binary(left))) = (binary.op(), binary.left())
                    && op.is_comparison()
                    && left.op().is_some_and(ast::BinaryOp::is_comparison)
                {
                    return Expr {
                        kind: ExprKind::Unknown,
                        span,
                    };
                }
                let a = Box::new(self.maybe(binary.left(), span));
                let b = Box::new(self.maybe(binary.right(), span));
                match binary.op() {
                    Some(ast::BinaryOp::Or) => ExprKind::Or(a, b),
                    Some(ast::BinaryOp::And) => ExprKind::And(a, b),
                    Some(ast::BinaryOp::Coalesce) => ExprKind::Coalesce(a, b),
                    Some(ast::BinaryOp::Equal) => ExprKind::Compare(Comparison::Equal, a, b),
                    Some(ast::BinaryOp::NotEqual) => ExprKind::Compare(Comparison::NotEqual, a, b),
                    Some(ast::BinaryOp::Less) => ExprKind::Compare(Comparison::Less, a, b),
                    Some(ast::BinaryOp::LessEqual) => {
                        ExprKind::Compare(Comparison::LessEqual, a, b)
                    }
                    Some(ast::BinaryOp::Greater) => ExprKind::Compare(Comparison::Greater, a, b),
                    Some(ast::BinaryOp::GreaterEqual) => {
                        ExprKind::Compare(Comparison::GreaterEqual, a, b)
                    }
                    Some(ast::BinaryOp::Add) => ExprKind::Arithmetic(Arithmetic::Add, a, b),
                    Some(ast::BinaryOp::Subtract) => {
                        ExprKind::Arithmetic(Arithmetic::Subtract, a, b)
                    }
                    Some(ast::BinaryOp::Multiply) => {
                        ExprKind::Arithmetic(Arithmetic::Multiply, a, b)
                    }
                    Some(ast::BinaryOp::Divide) => ExprKind::Arithmetic(Arithmetic::Divide, a, b),
                    Some(ast::BinaryOp::Remainder) => {
                        ExprKind::Arithmetic(Arithmetic::Remainder, a, b)
                    }
                    None => ExprKind::Unknown,
                }
            }
            ast::Expr::As(stated) => {
                let inner = self.maybe(stated.value(), span);
                match stated.ty() {
                    Some(ty) => {
                        let ty = self.resolver.form(self.file, &ty);
                        ExprKind::As(inner.into(), ty)
                    }
                    None => inner.kind,
                }
            }
            ast::Expr::FString(text) => {
                let mut parts = Vec::new();
                for part in text.parts().unwrap_or_default() {
                    parts.push(match part {
                        ast::FStringPart::Text(text) => Expr {
                            kind: ExprKind::Const(Value::Str(text)),
                            span,
                        },
                        ast::FStringPart::Value(value) => self.expr(&value),
                    });
                }
                ExprKind::Concat(parts)
            }
            ast::Expr::List(list) => {
                ExprKind::List(list.items().map(|item| self.expr(&item)).collect())
            }
            ast::Expr::Record(record) => {
                let mut seen = indexmap::IndexMap::new();
                let mut entries = Vec::new();
                for entry in record.entries() {
                    let (Some(key), Some(value)) = (entry.key(), entry.value()) else {
                        continue;
                    };
                    let Some(text) = key.text() else { continue };
                    let key_span = key.span(id);
                    let value = self.expr(&value);
                    if self
                        .resolver
                        .first_of(&mut seen, &text, key_span, "the field")
                    {
                        entries.push((text, key_span, value));
                    }
                }
                ExprKind::Record(entries)
            }
            // The parser reports these inside an expression.
            ast::Expr::If(_) | ast::Expr::For(_) => ExprKind::Unknown,
        };
        Expr { kind, span }
    }

    fn named(&mut self, name: &str, span: Span) -> Expr {
        let kind = match self.meaning(name) {
            Some(Meaning::Local(local)) => return self.read(local, span),
            Some(Meaning::Param(at)) => ExprKind::Param(at),
            None => {
                self.unknown_name(name, span);
                ExprKind::Unknown
            }
        };
        Expr { kind, span }
    }

    fn field(&mut self, node: &ast::Expr, field: &ast::FieldExpr, span: Span) -> Expr {
        if self.meaning("run").is_none()
            && let Some((found, span)) = self.resolver.run_field(self.id, node, self.in_finally)
        {
            return Expr {
                kind: found.map_or(ExprKind::Unknown, ExprKind::Run),
                span,
            };
        }
        let base = self.maybe(field.base(), span);
        match field.field() {
            Some(name) => Expr {
                kind: ExprKind::Field(base.into(), name.text().to_owned(), name.span(self.id)),
                span,
            },
            None => Expr {
                kind: ExprKind::Unknown,
                span,
            },
        }
    }
}
