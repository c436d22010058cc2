//! Types as a user writes them.

use std::fmt;

use super::{Artifact, Record, Refined, Refinement, Type};
use crate::value::Value;

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Str => f.write_str("str"),
            Type::Int => f.write_str("int"),
            Type::Float => f.write_str("float"),
            Type::Bool => f.write_str("bool"),
            Type::Date => f.write_str("date"),
            Type::DateTime => f.write_str("datetime"),
            Type::List(item) => write!(f, "list[{item}]"),
            Type::Dict(item) => write!(f, "dict[str, {item}]"),
            Type::Record(record) => record.fmt(f),
            Type::Optional(inner) => match &**inner {
                Type::Refined(refined) => write!(f, "{}? {}", refined.base, refined.refinement),
                inner => write!(f, "{inner}?"),
            },
            Type::Artifact(artifact) => artifact.fmt(f),
            Type::Refined(refined) => refined.fmt(f),
            Type::Nothing => f.write_str("no value"),
            Type::Unknown => f.write_str("an unknown type"),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            return f.write_str(name);
        }
        // A long record would hide the rest of a message.
        const SHOWN: usize = 6;
        f.write_str("{")?;
        for (at, (name, ty)) in self.fields.iter().take(SHOWN).enumerate() {
            write!(f, "{}{name}: {ty}", if at > 0 { ", " } else { "" })?;
        }
        if self.fields.len() > SHOWN {
            write!(f, ", .. {} more", self.fields.len() - SHOWN)?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match (&self.format, &self.columns) {
            (Some(format), Some(columns)) => write!(f, "[{format}, {columns}]"),
            (Some(format), None) => write!(f, "[{format}]"),
            (None, Some(columns)) => write!(f, "[{columns}]"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Refined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.base, self.refinement)
    }
}

impl fmt::Display for Refinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refinement::Range { min, max } => write!(f, "in {}..={}", min.json(), max.json()),
            Refinement::OneOf(choices) => write!(f, "in {}", Value::List(choices.clone()).json()),
            Refinement::Matches(pattern) => {
                write!(f, "matches {}", Value::Str(pattern.clone()).json())
            }
        }
    }
}
