//! Expressions: reads become those of tasks by their ids, and where an int becomes a float is said.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::model::{Compare, Expr, TypeTree, Xcom};
use crate::graph::{self, Callee, ExprKind, NodeKind, Pipeline, Program, RunField, UNNAMED_OUTPUT};
use crate::shim::type_tree;
use crate::types::Type;
use crate::value::Value;

/// A pipeline where it is called: what its names stand for.
pub struct Instance<'a> {
    pub program: &'a Program,
    pub pipeline: &'a Pipeline,
    /// What its parameters are; nothing for the pipeline that runs.
    pub params: Option<IndexMap<String, Expr>>,
    /// The task that leaves the value of a node.
    pub tasks: HashMap<NodeIndex, String>,
    /// The item of each loop.
    pub items: HashMap<NodeIndex, Expr>,
    /// Those of the body, while `finally` is lowered: they may have failed.
    pub unsure: HashSet<NodeIndex>,
    /// The task that succeeds when the body does.
    pub status: Option<String>,
}

impl Instance<'_> {
    pub fn expr(&self, expr: &graph::Expr) -> Expr {
        let both = |a, b| (Box::new(self.expr(a)), Box::new(self.expr(b)));
        match &expr.kind {
            ExprKind::Const(value) => Expr::Const(widen(&expr.ty, value.clone())),
            ExprKind::Param(name) => {
                let param = self
                    .pipeline
                    .params
                    .iter()
                    .find(|param| param.name == *name);
                let param = param.expect("a checked program reads parameters that exist");
                let read = match &self.params {
                    None => Expr::Param(name.clone()),
                    Some(given) => given[name].clone(),
                };
                as_type(read, &param.ty, &expr.ty)
            }
            ExprKind::Run(RunField::Status) => {
                let task = self.status.clone();
                Expr::Status(task.expect("a checked program asks in `finally` only"))
            }
            ExprKind::Run(field) => Expr::Run(field.name()),
            ExprKind::Node(node) => {
                let output = self
                    .has_one_output(*node)
                    .then(|| UNNAMED_OUTPUT.to_owned());
                let read = self.read(*node, output);
                as_type(read, &self.pipeline.graph[*node].ty, &expr.ty)
            }
            ExprKind::Item(node) => {
                let item = self.items[node].clone();
                let NodeKind::For(looping) = &self.pipeline.graph[*node].kind else {
                    unreachable!("an item is one of a loop")
                };
                match looping.items.ty.base() {
                    Type::List(ty) => as_type(item, ty, &expr.ty),
                    _ => item,
                }
            }
            ExprKind::Field(inner, name) => match inner.kind {
                ExprKind::Node(node) if !self.has_one_output(node) => {
                    self.read(node, Some(name.clone()))
                }
                _ => Expr::Field(self.expr(inner).into(), name.clone()),
            },
            ExprKind::Coalesce(a, b) => {
                let whole = |part| Box::new(self.widened(part, &expr.ty));
                Expr::Coalesce(whole(a), whole(b))
            }
            ExprKind::And(a, b) => {
                let (a, b) = both(a, b);
                Expr::And(a, b)
            }
            ExprKind::Or(a, b) => {
                let (a, b) = both(a, b);
                Expr::Or(a, b)
            }
            ExprKind::Not(inner) => Expr::Not(self.expr(inner).into()),
            ExprKind::Compare(comparison, a, b) => {
                let (left, right) = both(a, b);
                Expr::Compare(Compare {
                    op: comparison.symbol(),
                    left,
                    right,
                    datetime: *a.ty.base() == Type::DateTime,
                })
            }
            ExprKind::Concat(parts) => {
                Expr::Concat(parts.iter().map(|part| self.expr(part)).collect())
            }
            ExprKind::List(items) => {
                let of = match expr.ty.base() {
                    Type::List(of) => of,
                    other => other,
                };
                Expr::List(items.iter().map(|item| self.widened(item, of)).collect())
            }
            ExprKind::Map(entries) => {
                let value = |(name, value): &(String, graph::Expr)| {
                    let of = match expr.ty.base() {
                        Type::Dict(of) => Some(&**of),
                        Type::Record(record) => record.fields.get(name),
                        _ => None,
                    };
                    let value = self.widened(value, of.unwrap_or(&value.ty));
                    (name.clone(), value)
                };
                Expr::Map(entries.iter().map(value).collect())
            }
        }
    }

    /// The expression as a value of `to`.
    pub fn widened(&self, expr: &graph::Expr, to: &Type) -> Expr {
        as_type(self.expr(expr), &expr.ty, to)
    }

    fn read(&self, node: NodeIndex, output: Option<String>) -> Expr {
        Expr::Xcom(Xcom {
            task_id: self.tasks[&node].clone(),
            output,
            optional: self.unsure.contains(&node),
        })
    }

    /// Whether the value of a node is one output of a task, rather than a record of all.
    fn has_one_output(&self, node: NodeIndex) -> bool {
        match &self.pipeline.graph[node].kind {
            NodeKind::Task(task) => match task.callee {
                Callee::Component(id) => self.program[id].unnamed_output,
                Callee::Pipeline(id) => self.program[id].unnamed_output,
            },
            NodeKind::If(_) | NodeKind::For(_) | NodeKind::Require(_) => true,
        }
    }
}

/// An expression of type `from` as a value of `to`.
fn as_type(expr: Expr, from: &Type, to: &Type) -> Expr {
    match expr {
        expr if !widens(from, to) => expr,
        Expr::Const(value) => Expr::Const(widen(to, value)),
        expr => Expr::Widen(expr.into(), TypeTree(type_tree(to))),
    }
}

/// Somewhere in a value of type `from` an int stands where `to` has a float.
fn widens(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Int, Type::Float) => true,
        (Type::Optional(from), to) => widens(from, to),
        (from, Type::Optional(to)) => widens(from, to),
        (Type::Refined(from), to) => widens(&from.base, to),
        (from, Type::Refined(to)) => widens(from, &to.base),
        (Type::List(from), Type::List(to)) | (Type::Dict(from), Type::Dict(to)) => widens(from, to),
        (Type::Record(from), Type::Dict(to)) => from.fields.values().any(|field| widens(field, to)),
        (Type::Record(from), Type::Record(to)) => to
            .fields
            .iter()
            .any(|(name, to)| from.fields.get(name).is_some_and(|from| widens(from, to))),
        _ => false,
    }
}

/// A constant with every int that stands where the type has a float as a float.
pub fn widen(ty: &Type, value: Value) -> Value {
    match (ty.base(), value) {
        (Type::Float, Value::Int(int)) => Value::Float(int as f64),
        (Type::List(of), Value::List(items)) => {
            Value::List(items.into_iter().map(|item| widen(of, item)).collect())
        }
        (Type::Dict(of), Value::Map(entries)) => Value::Map(
            entries
                .into_iter()
                .map(|(name, item)| (name, widen(of, item)))
                .collect(),
        ),
        (Type::Record(record), Value::Map(entries)) => {
            let field = |(name, item): (String, Value)| {
                let item = match record.fields.get(&name) {
                    Some(ty) => widen(ty, item),
                    None => item,
                };
                (name, item)
            };
            Value::Map(entries.into_iter().map(field).collect())
        }
        (_, value) => value,
    }
}
