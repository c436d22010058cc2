//! Run-time expressions of the IR as Python.

use petgraph::graph::NodeIndex;

use super::py::{Part, Py};
use crate::graph::{Comparison, Expr, ExprKind, NodeKind, Pipeline, RunField};
use crate::types::Type;
use crate::value::Value;

/// The text of a value that is neither a text nor a number: a module that uses it defines it, as
/// `json.dumps(value, ensure_ascii=False, allow_nan=False)`.
pub const TEXT: &str = "text_of";
/// A `datetime` text as what two of them are compared by: a module that uses it defines it.
pub const MOMENT: &str = "moment";

/// What an expression is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf<'a> {
    Param(&'a str),
    Run(RunField),
    /// The value of a node: with named outputs a dict of them, `None` where it is absent.
    Node(NodeIndex),
    /// The item of an enclosing loop.
    Item(NodeIndex),
}

/// The expression in Python, where `leaf` gives what stands for each leaf: a name, or what is as short. Ints become floats where the
/// expression's type says so.
pub fn translate(pipeline: &Pipeline, expr: &Expr, leaf: &mut dyn FnMut(Leaf) -> Py) -> Py {
    let read = |py: Py, from: &Type| widened(py, from, &expr.ty);
    match &expr.kind {
        ExprKind::Const(value) => Py::Value(widened_value(value.clone(), &expr.ty)),
        ExprKind::Param(name) => {
            let param = pipeline.params.iter().find(|param| param.name == *name);
            let param = param.expect("a checked program reads parameters that exist");
            read(leaf(Leaf::Param(name)), &param.ty)
        }
        ExprKind::Run(field) => leaf(Leaf::Run(*field)),
        ExprKind::Node(node) => read(leaf(Leaf::Node(*node)), &pipeline.graph[*node].ty),
        ExprKind::Item(node) => {
            let NodeKind::For(each) = &pipeline.graph[*node].kind else {
                unreachable!("an item is one of a loop")
            };
            match each.items.ty.base() {
                Type::List(item) => read(leaf(Leaf::Item(*node)), item),
                _ => leaf(Leaf::Item(*node)),
            }
        }
        ExprKind::Field(inner, name) => field(translate(pipeline, inner, leaf), &inner.ty, name),
        ExprKind::Coalesce(a, b) => {
            let first = translate(pipeline, a, leaf);
            let second = translate_to(pipeline, b, &expr.ty, leaf);
            coalesce(first, a, second, &expr.ty)
        }
        ExprKind::And(a, b) => {
            let items = [a, b].map(|side| translate(pipeline, side, leaf));
            Py::And(flattened(items, |py| match py {
                Py::And(items) => Ok(items),
                other => Err(other),
            }))
        }
        ExprKind::Or(a, b) => {
            let items = [a, b].map(|side| translate(pipeline, side, leaf));
            Py::Or(flattened(items, |py| match py {
                Py::Or(items) => Ok(items),
                other => Err(other),
            }))
        }
        ExprKind::Not(inner) => Py::Not(translate(pipeline, inner, leaf).into()),
        ExprKind::Compare(comparison, a, b) => {
            let moments = *a.ty.base() == Type::DateTime && *b.ty.base() == Type::DateTime;
            let mut side = |expr: &Expr| {
                let py = translate(pipeline, expr, leaf);
                if moments {
                    Py::call(MOMENT, vec![py])
                } else {
                    py
                }
            };
            let (a, b) = (side(a), side(b));
            a.binary(symbol(*comparison), b)
        }
        ExprKind::Concat(parts) => {
            let parts: Vec<Part> = parts
                .iter()
                .map(|part| match part.constant() {
                    Some(value) => Part::Text(widened_value(value.clone(), &part.ty).text()),
                    None => Part::Py(text(translate(pipeline, part, leaf), &part.ty)),
                })
                .collect();
            concat(parts)
        }
        ExprKind::List(items) => {
            let to = match expr.ty.base() {
                Type::List(item) => Some(&**item),
                _ => None,
            };
            let items = items.iter().map(|item| match to {
                Some(to) => translate_to(pipeline, item, to, leaf),
                None => translate(pipeline, item, leaf),
            });
            Py::List(items.collect())
        }
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| {
                let to = match expr.ty.base() {
                    Type::Dict(to) => Some(&**to),
                    Type::Record(record) => record.fields.get(key),
                    _ => None,
                };
                let item = match to {
                    Some(to) => translate_to(pipeline, item, to, leaf),
                    None => translate(pipeline, item, leaf),
                };
                (Some(Py::str(key.clone())), item)
            });
            Py::Dict(entries.collect())
        }
    }
}

/// The expression as a value of `to`.
pub fn translate_to(
    pipeline: &Pipeline,
    expr: &Expr,
    to: &Type,
    leaf: &mut dyn FnMut(Leaf) -> Py,
) -> Py {
    if let Some(value) = expr.constant() {
        return Py::Value(widened_value(value.clone(), to));
    }
    widened(translate(pipeline, expr, leaf), &expr.ty, to)
}

fn symbol(comparison: Comparison) -> &'static str {
    comparison.symbol()
}

fn flattened(items: [Py; 2], split: impl Fn(Py) -> Result<Vec<Py>, Py>) -> Vec<Py> {
    items
        .into_iter()
        .flat_map(|item| split(item).unwrap_or_else(|whole| vec![whole]))
        .collect()
}

/// `.name` of a value of a type: looks through `?` and lists.
fn field(py: Py, ty: &Type, name: &str) -> Py {
    match ty {
        Type::Optional(inner) => match py {
            // Where the whole is absent, so is the field.
            Py::If {
                then,
                condition,
                otherwise,
            } if *then == Py::none() => Py::If {
                then,
                condition,
                otherwise: field(*otherwise, ty, name).into(),
            },
            py => Py::If {
                then: Py::none().into(),
                condition: py.clone().is_none().into(),
                otherwise: field(py, inner, name).into(),
            },
        },
        Type::List(item) => {
            let variable = variable(&py);
            let inner = field(Py::name(variable.clone()), item, name);
            Py::Each {
                item: inner.into(),
                variable,
                items: py.into(),
            }
        }
        _ => py.item(name),
    }
}

/// A name for the items of a list that does not stand in it.
fn variable(py: &Py) -> String {
    let mut name = "item".to_owned();
    while py.mentions(&name) {
        name.push('_');
    }
    name
}

fn coalesce(first: Py, a: &Expr, second: Py, to: &Type) -> Py {
    match first {
        // `None if c else x`: absent when `c` holds or `x` is.
        Py::If {
            then,
            condition,
            otherwise,
        } if *then == Py::none() => {
            let is_test = matches!(&*otherwise, Py::If { then, .. } if **then == Py::none());
            let otherwise = if is_test || last_may_be_absent(a) {
                coalesce(*otherwise, a, second.clone(), to)
            } else {
                widened_given(*otherwise, &a.ty, to)
            };
            Py::If {
                then: second.into(),
                condition,
                otherwise: otherwise.into(),
            }
        }
        first => Py::If {
            then: second.into(),
            condition: first.clone().is_none().into(),
            otherwise: widened_given(first, &a.ty, to).into(),
        },
    }
}

/// Whether `.field` is itself optional, on a value that is there.
fn last_may_be_absent(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Field(inner, name) => match inner.ty.base() {
            Type::Record(record) => record.fields.get(name).is_some_and(Type::is_optional),
            _ => false,
        },
        _ => false,
    }
}

/// What an f-string writes for a value.
fn text(py: Py, ty: &Type) -> Py {
    match ty {
        Type::Refined(refined) => text(py, &refined.base),
        Type::Str | Type::Date | Type::DateTime | Type::Int | Type::Float => py,
        _ => Py::call(TEXT, vec![py]),
    }
}

fn concat(parts: Vec<Part>) -> Py {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, Part::Text(text)) if text.is_empty() => {}
            (_, part) => joined.push(part),
        }
    }
    match joined.as_slice() {
        [] => Py::str(""),
        [Part::Text(text)] => Py::str(text.clone()),
        _ => Py::Format(joined),
    }
}

/// Whether an int of `from` becomes a float as a `to`.
pub fn widens(from: &Type, to: &Type) -> bool {
    use Type::{Dict, Float, Int, List, Optional, Record, Refined};
    match (from, to) {
        (Int, Float) => true,
        (Optional(from), to) => widens(from, to),
        (from, Optional(to)) => widens(from, to),
        (Refined(from), to) => widens(&from.base, to),
        (from, Refined(to)) => widens(from, &to.base),
        (List(from), List(to)) | (Dict(from), Dict(to)) => widens(from, to),
        (Record(from), Dict(to)) => from.fields.values().any(|field| widens(field, to)),
        (Record(from), Record(to)) => to
            .fields
            .iter()
            .any(|(name, to)| from.fields.get(name).is_some_and(|from| widens(from, to))),
        _ => false,
    }
}

/// What is of type `from` as a `to`.
pub fn widened(py: Py, from: &Type, to: &Type) -> Py {
    if !widens(from, to) {
        return py;
    }
    if from.is_optional() {
        return Py::If {
            then: Py::none().into(),
            condition: py.clone().is_none().into(),
            otherwise: widened_given(py, from, to).into(),
        };
    }
    widened_given(py, from, to)
}

/// The same for what is there.
fn widened_given(py: Py, from: &Type, to: &Type) -> Py {
    if !widens(from, to) {
        return py;
    }
    match (from, to) {
        (Type::Optional(from), to) => widened_given(py, from, to),
        (from, Type::Optional(to)) => widened_given(py, from, to),
        (Type::List(from), Type::List(to)) => {
            let variable = variable(&py);
            Py::Each {
                item: widened(Py::name(variable.clone()), from, to).into(),
                variable,
                items: py.into(),
            }
        }
        (Type::Dict(from), Type::Dict(to)) => {
            let variable = variable(&py);
            Py::EachEntry {
                item: widened(Py::name(variable.clone()), from, to).into(),
                variable,
                items: py.into(),
            }
        }
        (Type::Record(from), to) => {
            let mut entries = vec![(None, py.clone())];
            for (name, field) in &from.fields {
                let to = match to {
                    Type::Record(to) => to.fields.get(name),
                    Type::Dict(to) => Some(&**to),
                    _ => None,
                };
                if let Some(to) = to.filter(|to| widens(field, to)) {
                    let item = widened(py.clone().item(name), field, to);
                    entries.push((Some(Py::str(name.clone())), item));
                }
            }
            Py::Dict(entries)
        }
        _ => Py::call("float", vec![py]),
    }
}

/// A constant as a value of a type.
pub fn widened_value(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Absent, _) => Value::Absent,
        (value, Type::Optional(inner)) => widened_value(value, inner),
        (value, Type::Refined(refined)) => widened_value(value, &refined.base),
        (Value::Int(int), Type::Float) => Value::Float(int as f64),
        (Value::List(items), Type::List(item)) => Value::List(
            items
                .into_iter()
                .map(|value| widened_value(value, item))
                .collect(),
        ),
        (Value::Map(entries), Type::Dict(item)) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, widened_value(value, item)))
                .collect(),
        ),
        (Value::Map(entries), Type::Record(record)) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| match record.fields.get(&key) {
                    Some(field) => {
                        let value = widened_value(value, field);
                        (key, value)
                    }
                    None => (key, value),
                })
                .collect(),
        ),
        (value, _) => value,
    }
}
