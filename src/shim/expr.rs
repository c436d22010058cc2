//! Expressions that the shim computes before a step starts.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;

use crate::graph::{self, ExprKind};

/// An expression over the inputs of a step, as `expr.py` reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expr {
    Lit(Json),
    /// The value of an input, or of what only expressions read, by its name in the step.
    In(String),
    /// `.field`; looks through an absent value and through lists.
    Field(Box<Expr>, String),
    /// The second where the first is absent.
    Coalesce(Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// By the operator's symbol.
    Compare(&'static str, Box<Expr>, Box<Expr>),
    /// The texts of the values, joined.
    Concat(Vec<Expr>),
    /// Empty when the value is absent, else a dot and its text.
    Mark(Box<Expr>),
    /// The paths of a list of artifacts, one a line.
    Lines(Box<Expr>),
    /// The JSON texts of a list's items.
    Texts(Box<Expr>),
    List(Vec<Expr>),
    Map(IndexMap<String, Expr>),
}

impl Expr {
    /// The shim's form of an expression of the IR. `read` is asked first, from the outside in: where it gives a name, the engine
    /// supplies that whole expression as the input of that name. It must give one for every parameter, node, item and fact of the run.
    pub fn lower(expr: &graph::Expr, read: &mut dyn FnMut(&graph::Expr) -> Option<String>) -> Expr {
        if let Some(name) = read(expr) {
            return Expr::In(name);
        }
        let mut lower = |inner: &graph::Expr| Expr::lower(inner, &mut *read);
        match &expr.kind {
            ExprKind::Const(value) => Expr::Lit(value.to_json()),
            ExprKind::Param(_) | ExprKind::Run(_) | ExprKind::Node(_) | ExprKind::Item(_) => {
                unreachable!("`read` names every leaf")
            }
            ExprKind::Field(inner, name) => Expr::Field(lower(inner).into(), name.clone()),
            ExprKind::Coalesce(a, b) => Expr::Coalesce(lower(a).into(), lower(b).into()),
            ExprKind::And(a, b) => Expr::And(vec![lower(a), lower(b)]),
            ExprKind::Or(a, b) => Expr::Or(vec![lower(a), lower(b)]),
            ExprKind::Not(inner) => Expr::Not(lower(inner).into()),
            ExprKind::Compare(comparison, a, b) => {
                Expr::Compare(comparison.symbol(), lower(a).into(), lower(b).into())
            }
            ExprKind::Concat(parts) => Expr::Concat(parts.iter().map(lower).collect()),
            ExprKind::List(items) => Expr::List(items.iter().map(lower).collect()),
            ExprKind::Map(entries) => Expr::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), lower(value)))
                    .collect(),
            ),
        }
    }
}
