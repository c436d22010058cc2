//! Type forms, what fits what, joining, and constants of a type.

pub mod constant;
mod display;
mod fits;
mod join;
#[cfg(test)]
mod properties;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::value::Value;

pub use fits::{Fit, Mismatch, Proof, fits};
pub use join::join;

/// A type. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Str,
    Int,
    Float,
    Bool,
    Date,
    DateTime,
    List(Arc<Type>),
    /// `dict[str, T]`
    Dict(Arc<Type>),
    Record(Arc<Record>),
    /// `T?`; its inside is never `Optional`.
    Optional(Arc<Type>),
    Artifact(Arc<Artifact>),
    /// `T in a..=b`, `T in [..]`, `str matches "re"`; its inside is a scalar.
    Refined(Arc<Refined>),
    /// A task, `if` or `for` without a value: only `after` can use it.
    Nothing,
    /// The type of what was already reported: it fits everything, so that one cause gives one report.
    Unknown,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The name it was declared by, for messages; two records with the same fields are the same type.
    pub name: Option<String>,
    pub fields: IndexMap<String, Type>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Artifact {
    pub kind: ArtifactKind,
    pub format: Option<String>,
    pub columns: Option<Arc<Record>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// The top kind.
    Artifact,
    Dataset,
    Model,
    Metrics,
    ClassificationMetrics,
    Html,
    Markdown,
    /// `artifact Tokenizer`
    Declared(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refined {
    pub base: Type,
    pub refinement: Refinement,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Refinement {
    /// `in min..=max`, both ends of the base's type
    Range { min: Value, max: Value },
    /// `in [..]`
    OneOf(Vec<Value>),
    /// `matches "re"`: the whole text must match
    Matches(String),
}

impl Type {
    pub fn optional(self) -> Type {
        match self {
            Type::Optional(_) | Type::Unknown | Type::Nothing => self,
            other => Type::Optional(Arc::new(other)),
        }
    }

    pub fn list(self) -> Type {
        Type::List(Arc::new(self))
    }

    pub fn dict(self) -> Type {
        Type::Dict(Arc::new(self))
    }

    pub fn record(fields: IndexMap<String, Type>) -> Type {
        Type::Record(Arc::new(Record { name: None, fields }))
    }

    /// The type of `.name` on a value: through records, `?` and lists.
    pub fn field(&self, name: &str) -> Option<Type> {
        match self {
            Type::Record(record) => record.fields.get(name).cloned(),
            Type::Optional(inner) => inner.field(name).map(Type::optional),
            Type::List(item) => item.field(name).map(Type::list),
            _ => None,
        }
    }

    /// Without `?` and refinement.
    pub fn base(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner.base(),
            Type::Refined(refined) => &refined.base,
            other => other,
        }
    }

    /// Without refinement, with its `?`.
    pub fn unrefined(&self) -> Type {
        match self {
            Type::Optional(inner) => inner.unrefined().optional(),
            Type::Refined(refined) => refined.base.clone(),
            other => other.clone(),
        }
    }

    /// The refinement of the type or of what is inside its `?`.
    pub fn refinement(&self) -> Option<&Refinement> {
        match self {
            Type::Optional(inner) => inner.refinement(),
            Type::Refined(refined) => Some(&refined.refinement),
            _ => None,
        }
    }

    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_))
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self.base(), Type::Unknown)
    }

    /// An artifact, looking through `?`.
    pub fn artifact(&self) -> Option<&Artifact> {
        match self.base() {
            Type::Artifact(artifact) => Some(artifact),
            _ => None,
        }
    }

    /// The artifact of a `list[A]`, looking through `?` on both.
    pub fn artifact_list(&self) -> Option<&Artifact> {
        match self.base() {
            Type::List(item) => item.artifact(),
            _ => None,
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self.base(), Type::Int | Type::Float)
    }

    /// `str`, `int`, `float`, `bool`, `date`, `datetime`, refined or not, without `?`.
    pub fn is_scalar(&self) -> bool {
        matches!(
            self,
            Type::Str
                | Type::Int
                | Type::Float
                | Type::Bool
                | Type::Date
                | Type::DateTime
                | Type::Refined(_)
        )
    }

    /// All inside travels by content.
    pub fn is_value(&self) -> bool {
        match self {
            Type::Str | Type::Int | Type::Float | Type::Bool | Type::Date | Type::DateTime => true,
            Type::Refined(_) | Type::Unknown => true,
            Type::List(inner) | Type::Dict(inner) | Type::Optional(inner) => inner.is_value(),
            Type::Record(record) => record.fields.values().all(Type::is_value),
            Type::Artifact(_) | Type::Nothing => false,
        }
    }
}

impl ArtifactKind {
    /// The kinds that every program has, by name.
    pub const BUILT_IN: [(&'static str, ArtifactKind); 7] = [
        ("Artifact", ArtifactKind::Artifact),
        ("Dataset", ArtifactKind::Dataset),
        ("Model", ArtifactKind::Model),
        ("Metrics", ArtifactKind::Metrics),
        ("ClassificationMetrics", ArtifactKind::ClassificationMetrics),
        ("HTML", ArtifactKind::Html),
        ("Markdown", ArtifactKind::Markdown),
    ];

    pub fn name(&self) -> &str {
        match self {
            ArtifactKind::Artifact => "Artifact",
            ArtifactKind::Dataset => "Dataset",
            ArtifactKind::Model => "Model",
            ArtifactKind::Metrics => "Metrics",
            ArtifactKind::ClassificationMetrics => "ClassificationMetrics",
            ArtifactKind::Html => "HTML",
            ArtifactKind::Markdown => "Markdown",
            ArtifactKind::Declared(name) => name,
        }
    }
}
