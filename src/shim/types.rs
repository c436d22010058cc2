//! Types as the shim reads them.

use serde_json::{Value as Json, json};

use super::pattern::python_pattern;
use crate::types::{Refinement, Type};
use crate::value::Value;

/// A type as the shim reads it: a word, with `?` for one that may be absent, or an object of one key: `list`, `dict`, `optional`, `record`,
/// `refined`. Every artifact is the word `artifact`.
pub fn type_tree(ty: &Type) -> Json {
    match ty {
        Type::Str => "str".into(),
        Type::Int => "int".into(),
        Type::Float => "float".into(),
        Type::Bool => "bool".into(),
        Type::Date => "date".into(),
        Type::DateTime => "datetime".into(),
        Type::Artifact(_) => "artifact".into(),
        Type::List(item) => json!({ "list": type_tree(item) }),
        Type::Dict(item) => json!({ "dict": type_tree(item) }),
        Type::Record(record) => {
            let fields = record
                .fields
                .iter()
                .map(|(name, ty)| (name.clone(), type_tree(ty)));
            json!({ "record": fields.collect::<serde_json::Map<_, _>>() })
        }
        Type::Optional(inner) => match type_tree(inner) {
            Json::String(word) => Json::String(word + "?"),
            tree => json!({ "optional": tree }),
        },
        Type::Refined(refined) => {
            let base = type_tree(&refined.base);
            let widened = |value: &Value| match value {
                Value::Int(int) if refined.base == Type::Float => (*int as f64).into(),
                other => other.to_json(),
            };
            let bounds = match &refined.refinement {
                Refinement::Range { min, max } => {
                    json!({ "base": base, "min": widened(min), "max": widened(max) })
                }
                Refinement::OneOf(choices) => {
                    json!({ "base": base, "one_of": choices.iter().map(widened).collect::<Vec<_>>() })
                }
                Refinement::Matches(pattern) => match python_pattern(pattern) {
                    Some(pattern) => json!({ "base": base, "matches": pattern }),
                    None => return base,
                },
            };
            json!({ "refined": bounds })
        }
        Type::Nothing | Type::Unknown => unreachable!("a checked port has a type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Refined;
    use std::sync::Arc;

    #[test]
    fn trees() {
        let range = Type::Refined(Arc::new(Refined {
            base: Type::Float,
            refinement: Refinement::Range {
                min: Value::Int(0),
                max: Value::Float(1.5),
            },
        }));
        for (ty, tree) in [
            (Type::Int.optional(), json!("int?")),
            (
                Type::Int.list().optional(),
                json!({ "optional": { "list": "int" } }),
            ),
            (Type::Str.optional().dict(), json!({ "dict": "str?" })),
            (
                range,
                json!({ "refined": { "base": "float", "min": 0.0, "max": 1.5 } }),
            ),
        ] {
            assert_eq!(type_tree(&ty), tree);
        }
    }
}
