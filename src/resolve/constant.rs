//! Constants as written: what attributes, defaults and refinements are made of.

use std::time::Duration;

use crate::source::Span;

/// A constant with its places, so that a message can point into a nested record.
#[derive(Clone, Debug)]
pub struct Constant {
    pub kind: ConstantKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ConstantKind {
    Str(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Duration(Duration),
    /// Bytes.
    Size(u64),
    List(Vec<Constant>),
    Record(Vec<Entry>),
}

/// `key: value` in a record, or an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Constant,
}

/// Places don't make two constants different.
impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl ConstantKind {
    /// What it is, for messages: `a string`, `a number`, ..
    pub fn describe(&self) -> &'static str {
        match self {
            ConstantKind::Str(_) => "a string",
            ConstantKind::Int(_) => "a whole number",
            ConstantKind::Float(_) => "a number",
            ConstantKind::Bool(_) => "a bool",
            ConstantKind::Duration(_) => "a duration",
            ConstantKind::Size(_) => "a size",
            ConstantKind::List(_) => "a list",
            ConstantKind::Record(_) => "a record",
        }
    }
}
