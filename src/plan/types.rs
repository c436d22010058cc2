//! Types as a plan holds them, and whether a value is of one.

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Value, ops};

/// What a port or a parameter takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    Str,
    /// 64 bits.
    Int,
    Float,
    Bool,
    /// ISO-8601 text, as all `date`s are.
    Date,
    DateTime,
    List(Box<Type>),
    Dict(Box<Type>),
    Record(IndexMap<String, Type>),
    Optional(Box<Type>),
    /// A file or folder, by the name of its kind.
    Artifact(String),
    Refined(Refined),
}

/// A scalar with bounds; all that are given hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refined {
    pub base: Scalar,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A pattern of Rust's `regex`, for the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    Str,
    Int,
    Float,
    Bool,
    Date,
    DateTime,
}

/// Why a value is not of a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject {
    /// Where in the value: ``, `[2].age`.
    pub at: String,
    /// As a type is written, or in words.
    pub expected: String,
    /// What is there instead; nothing when a field is missing.
    pub found: Option<Value>,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)?;
        match &self.found {
            Some(found) => write!(f, ", got {}", quote(&found.json()))?,
            None => f.write_str(", got nothing")?,
        }
        if !self.at.is_empty() {
            write!(f, " at `{}`", self.at)?;
        }
        Ok(())
    }
}

/// At most 80 characters of a text, for messages.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{} ..", &text[..end]),
        None => text.to_owned(),
    }
}

impl Scalar {
    fn ty(self) -> Type {
        match self {
            Scalar::Str => Type::Str,
            Scalar::Int => Type::Int,
            Scalar::Float => Type::Float,
            Scalar::Bool => Type::Bool,
            Scalar::Date => Type::Date,
            Scalar::DateTime => Type::DateTime,
        }
    }
}

impl Type {
    pub fn optional(self) -> Type {
        Type::Optional(Box::new(self))
    }

    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_))
    }

    /// Without `?` and refinement.
    pub fn base(&self) -> Type {
        match self {
            Type::Optional(inner) => inner.base(),
            Type::Refined(refined) => refined.base.ty(),
            other => other.clone(),
        }
    }

    /// A value of it travels as its own text, not as JSON: `str`, `date`, `datetime` and artifacts, optional or not.
    pub fn is_text(&self) -> bool {
        matches!(
            self.base(),
            Type::Str | Type::Date | Type::DateTime | Type::Artifact(_)
        )
    }

    /// An artifact, optional or not.
    pub fn is_artifact(&self) -> bool {
        matches!(self.base(), Type::Artifact(_))
    }

    /// A list of artifacts, looking through `?` on both.
    pub fn is_artifact_list(&self) -> bool {
        match self {
            Type::Optional(inner) => inner.is_artifact_list(),
            Type::List(item) => item.is_artifact(),
            _ => false,
        }
    }

    /// An artifact stands somewhere in it.
    pub fn holds_artifact(&self) -> bool {
        match self {
            Type::Artifact(_) => true,
            Type::List(inner) | Type::Dict(inner) | Type::Optional(inner) => inner.holds_artifact(),
            Type::Record(fields) => fields.values().any(Type::holds_artifact),
            _ => false,
        }
    }

    /// A float stands somewhere in it.
    pub fn holds_float(&self) -> bool {
        match self {
            Type::Float => true,
            Type::Refined(refined) => refined.base == Scalar::Float,
            Type::List(inner) | Type::Dict(inner) | Type::Optional(inner) => inner.holds_float(),
            Type::Record(fields) => fields.values().any(Type::holds_float),
            _ => false,
        }
    }

    /// The value with every artifact in it, a text, replaced by what `change` makes of it.
    pub fn map_artifacts<E>(
        &self,
        value: Value,
        change: &mut dyn FnMut(String) -> Result<String, E>,
    ) -> Result<Value, E> {
        if !self.holds_artifact() {
            return Ok(value);
        }
        Ok(match (self, value) {
            (Type::Artifact(_), Value::Str(text)) => Value::Str(change(text)?),
            (Type::Optional(inner), value) => inner.map_artifacts(value, change)?,
            (Type::List(item), Value::List(items)) => {
                let items = items
                    .into_iter()
                    .map(|value| item.map_artifacts(value, change));
                Value::List(items.collect::<Result<_, E>>()?)
            }
            (Type::Dict(item), Value::Map(entries)) => {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| Ok((key, item.map_artifacts(value, change)?)));
                Value::Map(entries.collect::<Result<_, E>>()?)
            }
            (Type::Record(fields), Value::Map(entries)) => {
                let entries = entries.into_iter().map(|(key, value)| {
                    let value = match fields.get(&key) {
                        Some(field) => field.map_artifacts(value, change)?,
                        None => value,
                    };
                    Ok((key, value))
                });
                Value::Map(entries.collect::<Result<_, E>>()?)
            }
            (_, value) => value,
        })
    }

    /// The value as one of this type: ints become floats where a float is expected, fields that are left out become absent. A record may hold
    /// more fields than the type has. An artifact is its path, a text.
    pub fn conform(&self, value: Value) -> Result<Value, Reject> {
        self.conform_at(value, &mut String::new())
    }

    fn conform_at(&self, value: Value, at: &mut String) -> Result<Value, Reject> {
        let reject = |expected: &str, found: Value, at: &str| {
            Err(Reject {
                at: at.to_owned(),
                expected: expected.to_owned(),
                found: Some(found),
            })
        };
        let inside = |ty: &Type, value: Value, step: String, at: &mut String| {
            let length = at.len();
            at.push_str(&step);
            let value = ty.conform_at(value, at)?;
            at.truncate(length);
            Ok(value)
        };
        match (self, value) {
            (Type::Optional(_), Value::Absent) => Ok(Value::Absent),
            (Type::Optional(inner), value) => inner.conform_at(value, at),
            (Type::Str | Type::Artifact(_), value @ Value::Str(_)) => Ok(value),
            (Type::Int, value @ Value::Int(_)) => Ok(value),
            (Type::Bool, value @ Value::Bool(_)) => Ok(value),
            (Type::Float, Value::Int(int)) => Ok(Value::Float(int as f64)),
            (Type::Float, value @ Value::Float(_)) => Ok(value),
            (Type::Date, Value::Str(text)) if ops::is_date(&text) => Ok(Value::Str(text)),
            (Type::Date, found) => reject("a date such as 2024-01-31", found, at),
            (Type::DateTime, Value::Str(text)) if ops::is_datetime(&text) => Ok(Value::Str(text)),
            (Type::DateTime, found) => {
                reject("a date and time such as 2024-01-31T12:00:00Z", found, at)
            }
            (Type::List(item), Value::List(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, value)| inside(item, value, format!("[{index}]"), at))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Type::Dict(item), Value::Map(entries)) => entries
                .into_iter()
                .map(|(key, value)| {
                    let value = inside(item, value, format!(".{key}"), at)?;
                    Ok((key, value))
                })
                .collect::<Result<_, _>>()
                .map(Value::Map),
            (Type::Record(fields), Value::Map(mut entries)) => {
                let mut whole = IndexMap::with_capacity(entries.len());
                for (name, ty) in fields {
                    let Some(value) = entries
                        .shift_remove(name)
                        .or(ty.is_optional().then_some(Value::Absent))
                    else {
                        return Err(Reject {
                            at: at.clone(),
                            expected: format!("a field `{name}`"),
                            found: None,
                        });
                    };
                    whole.insert(name.clone(), inside(ty, value, format!(".{name}"), at)?);
                }
                whole.extend(entries);
                Ok(Value::Map(whole))
            }
            (Type::Refined(refined), value) => {
                let value = refined.base.ty().conform_at(value, at)?;
                match refined.holds(&value) {
                    true => Ok(value),
                    false => reject(&self.to_string(), value, at),
                }
            }
            (_, found) => reject(&self.to_string(), found, at),
        }
    }

    /// The value with every int that stands where this type has a float as a float; all else as it is.
    pub fn widen(&self, value: Value) -> Value {
        match (self, value) {
            (Type::Optional(inner), value) => inner.widen(value),
            (Type::Float, Value::Int(int)) => Value::Float(int as f64),
            (Type::Refined(refined), Value::Int(int)) if refined.base == Scalar::Float => {
                Value::Float(int as f64)
            }
            (Type::List(item), Value::List(items)) if item.holds_float() => {
                Value::List(items.into_iter().map(|value| item.widen(value)).collect())
            }
            (Type::Dict(item), Value::Map(entries)) if item.holds_float() => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, item.widen(value)))
                    .collect(),
            ),
            (Type::Record(fields), Value::Map(entries)) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| match fields.get(&key) {
                        Some(ty) => (key, ty.widen(value)),
                        None => (key, value),
                    })
                    .collect(),
            ),
            (_, value) => value,
        }
    }
}

impl Refined {
    fn holds(&self, value: &Value) -> bool {
        let order = |bound: &Value| match (self.base, value, bound) {
            (Scalar::DateTime, Value::Str(value), Value::Str(bound)) => {
                Some(ops::compare_datetimes(value, bound))
            }
            _ => ops::compare(value, bound),
        };
        let equal = |choice: &Value| order(choice).is_some_and(|order| order.is_eq());
        self.min
            .as_ref()
            .is_none_or(|min| order(min).is_some_and(|order| order.is_ge()))
            && self
                .max
                .as_ref()
                .is_none_or(|max| order(max).is_some_and(|order| order.is_le()))
            && self
                .one_of
                .as_ref()
                .is_none_or(|choices| choices.iter().any(equal))
            && self.matches.as_ref().is_none_or(|pattern| {
                match (value, ops::whole_match(pattern)) {
                    (Value::Str(text), Ok(pattern)) => pattern.is_match(text),
                    _ => false,
                }
            })
    }
}

/// As it is written in the language.
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
            Type::Record(fields) => {
                f.write_str("{")?;
                for (at, (name, ty)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {ty}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Type::Optional(inner) => match **inner {
                Type::Refined(_) => write!(f, "({inner})?"),
                _ => write!(f, "{inner}?"),
            },
            Type::Artifact(kind) => f.write_str(kind),
            Type::Refined(refined) => refined.fmt(f),
        }
    }
}

impl fmt::Display for Refined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.ty().fmt(f)?;
        if self.min.is_some() || self.max.is_some() {
            let bound = |bound: &Option<Value>| bound.as_ref().map(Value::json).unwrap_or_default();
            write!(f, " in {}..={}", bound(&self.min), bound(&self.max))?;
        }
        if let Some(choices) = &self.one_of {
            write!(f, " in {}", Value::List(choices.clone()).json())?;
        }
        if let Some(pattern) = &self.matches {
            write!(f, " matches {}", Value::Str(pattern.clone()).json())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::from_json(&serde_json::from_str(text).unwrap())
    }

    fn ty(text: &str) -> Type {
        serde_json::from_str(text).unwrap()
    }

    fn check(ty_text: &str, value: &str, expected: Result<&str, &str>) {
        let found = ty(ty_text).conform(json(value));
        let found = found
            .map(|value| value.json())
            .map_err(|reject| reject.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn values_conform_to_types() {
        check(r#""float""#, "1", Ok("1.0"));
        check(r#""int""#, "1.0", Err("expected int, got 1.0"));
        check(
            r#""int""#,
            "9223372036854775808",
            Err("expected int, got 9.223372036854776e+18"),
        );
        check(r#""bool""#, "1", Err("expected bool, got 1"));
        check(r#"{"list": "float"}"#, "[1, 2.5]", Ok("[1.0, 2.5]"));
        check(
            r#"{"list": {"record": {"a": "int"}}}"#,
            r#"[{"a": 1}, {"a": "x"}]"#,
            Err("expected int, got \"x\" at `[1].a`"),
        );
        check(
            r#"{"record": {"a": "int", "b": {"optional": "int"}}}"#,
            r#"{"a": 1, "c": 2}"#,
            Ok(r#"{"a": 1, "b": null, "c": 2}"#),
        );
        check(
            r#"{"record": {"a": "int"}}"#,
            "{}",
            Err("expected a field `a`, got nothing"),
        );
        check(r#"{"optional": "str"}"#, "null", Ok("null"));
        check(r#""str""#, "null", Err("expected str, got null"));
        check(
            r#""date""#,
            r#""2024-02-30""#,
            Err("expected a date such as 2024-01-31, got \"2024-02-30\""),
        );
    }

    #[test]
    fn refinements_hold() {
        let range = r#"{"refined": {"base": "float", "min": 0.0, "max": 1.0}}"#;
        check(range, "1", Ok("1.0"));
        check(range, "1.5", Err("expected float in 0.0..=1.0, got 1.5"));
        check(
            r#"{"refined": {"base": "str", "one_of": ["a", "b"]}}"#,
            r#""c""#,
            Err(r#"expected str in ["a", "b"], got "c""#),
        );
        check(
            r#"{"refined": {"base": "str", "matches": "a|b"}}"#,
            r#""ab""#,
            Err(r#"expected str matches "a|b", got "ab""#),
        );
        check(
            r#"{"refined": {"base": "datetime", "min": "2024-01-01T00:00:00Z"}}"#,
            r#""2024-01-01T01:00:00+02:00""#,
            Err(
                r#"expected datetime in "2024-01-01T00:00:00Z"..=, got "2024-01-01T01:00:00+02:00""#,
            ),
        );
    }

    #[test]
    fn widening_changes_ints_only() {
        let widened = ty(r#"{"record": {"a": {"optional": "float"}, "b": "int"}}"#)
            .widen(json(r#"{"a": 1, "b": 1, "c": 1}"#));
        assert_eq!(widened.json(), r#"{"a": 1.0, "b": 1, "c": 1}"#);
    }
}
