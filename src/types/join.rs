//! The type of an `if`: what its branches share.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Artifact, ArtifactKind, Record, Type, fits};

/// The type that holds whichever of two branches is taken, or nothing when there is none: equal types; `int` and `float` to `float`; `T`
/// and `T?` to `T?`; one kind with two formats or column sets to what they share; records with the same field names, field by
/// field.
pub fn join(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Unknown, _) | (_, Type::Unknown) => Some(Type::Unknown),
        (a, b) if a == b => Some(a.clone()),
        (Type::Optional(_), _) | (_, Type::Optional(_)) => {
            let plain = |ty: &Type| match ty {
                Type::Optional(inner) => (**inner).clone(),
                other => other.clone(),
            };
            join(&plain(a), &plain(b)).map(Type::optional)
        }
        (Type::Refined(a), b) => join(&a.base, b),
        (a, Type::Refined(b)) => join(a, &b.base),
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Some(Type::Float),
        (Type::List(a), Type::List(b)) => join_items(a, b).map(Type::list),
        (Type::Dict(a), Type::Dict(b)) => join_items(a, b).map(Type::dict),
        (Type::Record(a), Type::Record(b)) => join_records(a, b),
        (Type::Artifact(a), Type::Artifact(b)) => join_artifacts(a, b),
        _ => None,
    }
}

/// Of the items of two lists. The items of `[]` have no type of their own: they take the other's.
fn join_items(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Unknown, other) | (other, Type::Unknown) => Some(other.clone()),
        _ => join(a, b),
    }
}

fn join_records(a: &Record, b: &Record) -> Option<Type> {
    if a.fields.len() != b.fields.len() {
        return None;
    }
    let mut fields = IndexMap::new();
    for (name, a) in &a.fields {
        fields.insert(name.clone(), join(a, b.fields.get(name)?)?);
    }
    Some(Type::Record(Arc::new(Record {
        name: a.name.clone().filter(|name| b.name.as_ref() == Some(name)),
        fields,
    })))
}

fn join_artifacts(a: &Artifact, b: &Artifact) -> Option<Type> {
    if a.kind != b.kind {
        return None;
    }
    let columns = match (&a.columns, &b.columns) {
        (Some(a), Some(b)) => Some(shared_columns(a, b)),
        _ => None,
    };
    Some(Type::Artifact(Arc::new(Artifact {
        kind: ArtifactKind::clone(&a.kind),
        format: a
            .format
            .clone()
            .filter(|format| b.format.as_ref() == Some(format)),
        columns: columns.map(Arc::new),
    })))
}

/// The columns of both, each with the wider type; a column whose types have none is left out.
fn shared_columns(a: &Record, b: &Record) -> Record {
    let mut fields = IndexMap::new();
    for (name, a) in &a.fields {
        let Some(b) = b.fields.get(name) else {
            continue;
        };
        if fits(a, b).is_ok() {
            fields.insert(name.clone(), b.clone());
        } else if fits(b, a).is_ok() {
            fields.insert(name.clone(), a.clone());
        }
    }
    Record { name: None, fields }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(format: Option<&str>, columns: &[(&str, Type)]) -> Type {
        Type::Artifact(Arc::new(Artifact {
            kind: ArtifactKind::Dataset,
            format: format.map(str::to_owned),
            columns: Some(Arc::new(Record {
                name: None,
                fields: columns
                    .iter()
                    .map(|(name, ty)| (name.to_string(), ty.clone()))
                    .collect(),
            })),
        }))
    }

    #[test]
    fn branches_join_to_what_they_share() {
        assert_eq!(join(&Type::Int, &Type::Float), Some(Type::Float));
        assert_eq!(
            join(&Type::Int, &Type::Float.optional()),
            Some(Type::Float.optional())
        );
        assert_eq!(join(&Type::Int, &Type::Str), None);
        assert_eq!(
            join(
                &dataset(Some("csv"), &[("a", Type::Int), ("b", Type::Str)]),
                &dataset(Some("parquet"), &[("a", Type::Float)]),
            ),
            Some(dataset(None, &[("a", Type::Float)])),
        );
    }

    #[test]
    fn an_empty_list_joins_to_what_the_other_is() {
        let empty = Type::Unknown.list();
        let nested = |ty: Type| ty.list().list();
        assert_eq!(join(&empty, &Type::Int.list()), Some(Type::Int.list()));
        assert_eq!(
            join(&nested(Type::Str), &nested(Type::Unknown)),
            Some(nested(Type::Str))
        );
        assert_eq!(join(&empty, &empty), Some(empty.clone()));
        assert_eq!(join(&Type::Unknown, &Type::Int), Some(Type::Unknown));
    }

    #[test]
    fn what_fits() {
        let narrow = dataset(Some("csv"), &[("a", Type::Float)]);
        let wide = dataset(Some("csv"), &[("a", Type::Int), ("b", Type::Str)]);
        assert!(fits(&wide, &narrow).is_ok());
        assert_eq!(
            fits(&narrow, &wide),
            Err(crate::types::Mismatch::Field {
                field: "a".into(),
                given: Type::Float,
                asked: Type::Int,
            })
        );
        assert!(fits(&Type::Int.optional(), &Type::Int).is_err());
        assert!(fits(&Type::Str.list(), &Type::Int.list()).is_err());
        assert!(fits(&Type::Date, &Type::Str).is_err());
    }
}
