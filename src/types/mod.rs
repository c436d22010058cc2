//! Type forms, subtyping and the checker.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::value::Value;

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
