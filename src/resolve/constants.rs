//! Constant expressions of syntax.

use crate::diagnostics::{Diagnostic, codes};
use crate::source::FileId;
use crate::syntax::ast::{self, AstNode as _};
use crate::value::Value;

use super::Resolver;
use super::constant::{Constant, ConstantKind, Entry};

impl Resolver<'_> {
    /// The constant that an expression is; reports what is none.
    pub(super) fn constant(&mut self, id: FileId, node: &ast::Expr) -> Option<Constant> {
        let span = node.span(id);
        let kind = match node {
            ast::Expr::Paren(node) => return self.constant(id, &node.inner()?),
            ast::Expr::Literal(literal) => match literal.value()? {
                ast::LiteralValue::Str(text) => ConstantKind::Str(text),
                ast::LiteralValue::Int(value) => ConstantKind::Int(value),
                ast::LiteralValue::Float(value) => ConstantKind::Float(value),
                ast::LiteralValue::Bool(value) => ConstantKind::Bool(value),
                ast::LiteralValue::Duration(value) => ConstantKind::Duration(value),
                ast::LiteralValue::Size(bytes) => ConstantKind::Size(bytes),
            },
            ast::Expr::Unary(unary) if unary.op() == Some(ast::UnaryOp::Negate) => {
                let operand = unary.operand()?;
                match self.constant(id, &operand)?.kind {
                    ConstantKind::Int(value) => ConstantKind::Int(value.checked_neg()?),
                    ConstantKind::Float(value) => ConstantKind::Float(-value),
                    other => {
                        self.diagnostics.push(Diagnostic::new(
                            codes::NOT_A_CONSTANT,
                            span,
                            format!("`-` is on numbers, not on {}", other.describe()),
                        ));
                        return None;
                    }
                }
            }
            ast::Expr::List(list) => {
                let items: Vec<Option<Constant>> =
                    list.items().map(|item| self.constant(id, &item)).collect();
                ConstantKind::List(items.into_iter().collect::<Option<_>>()?)
            }
            ast::Expr::Record(record) => {
                // A record with a hole would be reported again for what it lacks.
                let written = record.entries().count();
                let entries = self.constant_entries(id, record.entries());
                if entries.len() < written {
                    return None;
                }
                ConstantKind::Record(entries)
            }
            _ => {
                self.diagnostics.push(
                    Diagnostic::new(codes::NOT_A_CONSTANT, span, "a constant is needed here")
                        .label("this is not known while compiling")
                        .help("write a literal: text, a number, a bool, a duration, a size, a list or a record of these"),
                );
                return None;
            }
        };
        Some(Constant { kind, span })
    }

    /// The entries whose values are constants.
    pub(super) fn constant_entries(
        &mut self,
        id: FileId,
        entries: impl Iterator<Item = ast::Entry>,
    ) -> Vec<Entry> {
        entries
            .filter_map(|entry| {
                let key = entry.key()?;
                let value = self.constant(id, &entry.value()?)?;
                Some(Entry {
                    key: key.text()?,
                    key_span: key.span(id),
                    value,
                })
            })
            .collect()
    }

    /// A constant as a value; durations and sizes are none.
    pub(super) fn constant_value(&mut self, id: FileId, node: &ast::Expr) -> Option<Value> {
        let constant = self.constant(id, node)?;
        let value = to_value(&constant);
        if value.is_none() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NOT_A_CONSTANT,
                    constant.span,
                    format!(
                        "{} is no value: it belongs in an attribute",
                        constant.kind.describe()
                    ),
                )
                .help("write a number"),
            );
        }
        value
    }
}

fn to_value(constant: &Constant) -> Option<Value> {
    Some(match &constant.kind {
        ConstantKind::Str(text) => Value::Str(text.clone()),
        ConstantKind::Int(value) => Value::Int(*value),
        ConstantKind::Float(value) => Value::Float(*value),
        ConstantKind::Bool(value) => Value::Bool(*value),
        ConstantKind::Duration(_) | ConstantKind::Size(_) => return None,
        ConstantKind::List(items) => {
            Value::List(items.iter().map(to_value).collect::<Option<_>>()?)
        }
        ConstantKind::Record(entries) => Value::Map(
            entries
                .iter()
                .map(|entry| Some((entry.key.clone(), to_value(&entry.value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}
