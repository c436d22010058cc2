//! Expressions that are built folded: what is known while compiling is a constant at once.

use std::cmp::Ordering;

use indexmap::IndexMap;

use super::{Comparison, Expr, ExprKind};
use crate::source::Span;
use crate::types::Type;
use crate::value::{Value, ops};

impl Expr {
    pub fn value(value: Value, ty: Type, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Const(value),
            ty,
            span,
        }
    }

    fn bool(kind: ExprKind, span: Span) -> Expr {
        Expr {
            kind,
            ty: Type::Bool,
            span,
        }
    }

    fn truth(&self) -> Option<bool> {
        match self.constant() {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub fn and(a: Expr, b: Expr, span: Span) -> Expr {
        match (a.truth(), b.truth()) {
            (Some(true), _) => Expr { span, ..b },
            (_, Some(true)) => Expr { span, ..a },
            (Some(false), _) | (_, Some(false)) => {
                Expr::value(Value::Bool(false), Type::Bool, span)
            }
            _ => Expr::bool(ExprKind::And(a.into(), b.into()), span),
        }
    }

    pub fn or(a: Expr, b: Expr, span: Span) -> Expr {
        match (a.truth(), b.truth()) {
            (Some(false), _) => Expr { span, ..b },
            (_, Some(false)) => Expr { span, ..a },
            (Some(true), _) | (_, Some(true)) => Expr::value(Value::Bool(true), Type::Bool, span),
            _ => Expr::bool(ExprKind::Or(a.into(), b.into()), span),
        }
    }

    pub fn not(inner: Expr, span: Span) -> Expr {
        match inner.truth() {
            Some(value) => Expr::value(Value::Bool(!value), Type::Bool, span),
            None => Expr::bool(ExprKind::Not(inner.into()), span),
        }
    }

    /// A comparison of two scalars of fitting types.
    pub fn compare(op: Comparison, a: Expr, b: Expr, span: Span) -> Expr {
        let datetimes = [&a, &b]
            .iter()
            .any(|side| matches!(side.ty.base(), Type::DateTime));
        let order = match (a.constant(), b.constant()) {
            (Some(Value::Str(a)), Some(Value::Str(b))) if datetimes => {
                Some(ops::compare_datetimes(a, b))
            }
            (Some(a), Some(b)) => ops::compare(a, b),
            _ => None,
        };
        match order {
            Some(order) => Expr::value(Value::Bool(op.holds(order)), Type::Bool, span),
            None => Expr::bool(ExprKind::Compare(op, a.into(), b.into()), span),
        }
    }

    /// `a ?? b`
    pub fn coalesce(a: Expr, b: Expr, ty: Type, span: Span) -> Expr {
        match a.constant() {
            Some(Value::Absent) => Expr { span, ..b },
            Some(_) => Expr { span, ..a },
            None if !a.ty.is_optional() => Expr { span, ..a },
            None => Expr {
                kind: ExprKind::Coalesce(a.into(), b.into()),
                ty,
                span,
            },
        }
    }

    /// `inner.name`, of type `ty`.
    pub fn field(inner: Expr, name: &str, ty: Type, span: Span) -> Expr {
        // A field of a literal record is known at once.
        if let ExprKind::Map(entries) = &inner.kind
            && let Some((_, value)) = entries.iter().find(|(key, _)| key == name)
        {
            return Expr {
                span,
                ..value.clone()
            };
        }
        match inner.constant().map(|value| ops::field(value, name)) {
            Some(Ok(value)) => Expr::value(value, ty, span),
            _ => Expr {
                kind: ExprKind::Field(inner.into(), name.to_owned()),
                ty,
                span,
            },
        }
    }

    /// The texts of the parts, joined; neighbouring constants are one.
    pub fn concat(parts: Vec<Expr>, span: Span) -> Expr {
        let mut whole: Vec<Expr> = Vec::new();
        for part in parts {
            match (whole.last_mut().map(|last| &mut last.kind), part.constant()) {
                (Some(ExprKind::Const(Value::Str(text))), Some(value)) => {
                    text.push_str(&value.text());
                }
                (_, Some(value)) => {
                    whole.push(Expr::value(Value::Str(value.text()), Type::Str, part.span));
                }
                _ => whole.push(part),
            }
        }
        let kind = match whole.as_slice() {
            [] => ExprKind::Const(Value::Str(String::new())),
            [only] if only.constant().is_some() => only.kind.clone(),
            _ => ExprKind::Concat(whole),
        };
        Expr {
            kind,
            ty: Type::Str,
            span,
        }
    }

    /// A list of constants is a constant.
    pub fn list(items: Vec<Expr>, ty: Type, span: Span) -> Expr {
        let constants: Option<Vec<Value>> =
            items.iter().map(|item| item.constant().cloned()).collect();
        Expr {
            kind: match constants {
                Some(values) => ExprKind::Const(Value::List(values)),
                None => ExprKind::List(items),
            },
            ty,
            span,
        }
    }

    /// A record, or a dict where `ty` is one.
    pub fn map(entries: Vec<(String, Expr)>, ty: Type, span: Span) -> Expr {
        let constants: Option<IndexMap<String, Value>> = entries
            .iter()
            .map(|(name, item)| Some((name.clone(), item.constant()?.clone())))
            .collect();
        Expr {
            kind: match constants {
                Some(values) => ExprKind::Const(Value::Map(values)),
                None => ExprKind::Map(entries),
            },
            ty,
            span,
        }
    }
}

impl Comparison {
    /// Whether it holds between two values in this order.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    const AT: Span = Span {
        file: FileId(0),
        start: 0,
        end: 0,
    };

    fn compared(op: Comparison, a: Value, b: Value, ty: Type) -> Option<Value> {
        let side = |value| Expr::value(value, ty.clone(), AT);
        Expr::compare(op, side(a), side(b), AT).constant().cloned()
    }

    #[test]
    fn large_ints_compare_by_their_exact_values() {
        let (a, b) = (Value::Int((1 << 53) + 1), Value::Float((1i64 << 53) as f64));
        assert_eq!(
            compared(Comparison::Equal, a.clone(), b, Type::Float),
            Some(Value::Bool(false))
        );
        assert_eq!(
            compared(Comparison::Greater, a, Value::Int(1 << 53), Type::Int),
            Some(Value::Bool(true))
        );
    }

    #[test]
    fn datetimes_compare_as_points_in_time() {
        let text = |text: &str| Value::Str(text.to_owned());
        let (a, b) = (
            text("2024-01-01T00:00:00Z"),
            text("2024-01-01T01:00:00+01:00"),
        );
        assert_eq!(
            compared(Comparison::Equal, a, b, Type::DateTime),
            Some(Value::Bool(true))
        );
    }
}
