//! Whether a constant is a value of a type.

use indexmap::IndexMap;

use super::{Refinement, Type};
use crate::value::Value;
use crate::value::ops::whole_match;

/// Why a constant is not a value of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Reject {
    /// It is something else.
    Type { expected: String },
    /// It is of the type, but outside its range, choices or pattern, or no such date.
    Outside { expected: String },
}

/// The value as one of `ty`: ints become floats where a float is expected, left out optional fields become absent. An artifact
/// takes a location, which is text.
pub fn conform(value: &Value, ty: &Type) -> Result<Value, Reject> {
    let wrong = || {
        Err(Reject::Type {
            expected: ty.to_string(),
        })
    };
    match (ty, value) {
        (Type::Unknown, _) => Ok(value.clone()),
        (Type::Optional(_), Value::Absent) => Ok(Value::Absent),
        (Type::Optional(inner), _) => conform(value, inner),
        (Type::Refined(refined), _) => {
            let value = conform(value, &refined.base)?;
            if holds(&refined.refinement, &value) {
                Ok(value)
            } else {
                Err(Reject::Outside {
                    expected: ty.to_string(),
                })
            }
        }
        (Type::Str, Value::Str(_)) | (Type::Int, Value::Int(_)) | (Type::Bool, Value::Bool(_)) => {
            Ok(value.clone())
        }
        (Type::Float, Value::Float(_)) => Ok(value.clone()),
        (Type::Float, Value::Int(int)) => Ok(Value::Float(*int as f64)),
        (Type::Artifact(_), Value::Str(_)) => Ok(value.clone()),
        (Type::Date, Value::Str(text)) => match text.parse::<jiff::civil::Date>() {
            // jiff takes a date out of a longer text, too.
            Ok(date) if date.to_string() == *text => Ok(value.clone()),
            _ => Err(Reject::Outside {
                expected: "a date such as `2024-01-31`".into(),
            }),
        },
        (Type::DateTime, Value::Str(text)) => {
            let parses = text.parse::<jiff::Timestamp>().is_ok()
                || text.parse::<jiff::civil::DateTime>().is_ok();
            if parses && text.contains(['T', 't', ' ']) {
                Ok(value.clone())
            } else {
                Err(Reject::Outside {
                    expected: "a date and time such as `2024-01-31T12:00:00Z`".into(),
                })
            }
        }
        (Type::List(inner), Value::List(items)) => {
            let items: Result<_, _> = items.iter().map(|item| conform(item, inner)).collect();
            Ok(Value::List(items?))
        }
        (Type::Dict(inner), Value::Map(entries)) => {
            let entries: Result<_, _> = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), conform(value, inner)?)))
                .collect();
            Ok(Value::Map(entries?))
        }
        (Type::Record(record), Value::Map(entries)) => {
            if entries.keys().any(|key| !record.fields.contains_key(key)) {
                return wrong();
            }
            let mut whole = IndexMap::new();
            for (name, ty) in &record.fields {
                let value = entries.get(name).unwrap_or(&Value::Absent);
                whole.insert(name.clone(), conform(value, ty)?);
            }
            Ok(Value::Map(whole))
        }
        _ => wrong(),
    }
}

/// The value of a type that a text on the command line stands for: texts and locations as they are, all else as JSON. The error
/// says what is expected.
pub fn from_text(text: &str, ty: &Type) -> Result<Value, String> {
    let plain = matches!(
        ty.base(),
        Type::Str | Type::Date | Type::DateTime | Type::Artifact(_)
    );
    let value = if plain {
        Value::Str(text.to_owned())
    } else {
        let json = serde_json::from_str(text).map_err(|_| format!("`{ty}`, written as JSON"))?;
        Value::from_json(&json)
    };
    conform(&value, ty).map_err(|reject| match reject {
        Reject::Type { .. } => format!("`{ty}`"),
        Reject::Outside { expected } if expected.starts_with("a date") => expected,
        Reject::Outside { expected } => format!("`{expected}`"),
    })
}

/// Whether a value of a refinement's base is one of the refined type.
fn holds(refinement: &Refinement, value: &Value) -> bool {
    match refinement {
        Refinement::Range { min, max } => match (value.as_f64(), min.as_f64(), max.as_f64()) {
            (Some(value), Some(min), Some(max)) => (min..=max).contains(&value),
            // Dates: ISO text has the order of time.
            _ => match (value, min, max) {
                (Value::Str(value), Value::Str(min), Value::Str(max)) => {
                    min <= value && value <= max
                }
                _ => false,
            },
        },
        Refinement::OneOf(choices) => choices.contains(value),
        Refinement::Matches(pattern) => match value {
            Value::Str(text) => whole_match(pattern).is_ok_and(|regex| regex.is_match(text)),
            _ => false,
        },
    }
}

/// The type of a constant that nothing is expected of.
pub fn type_of(value: &Value) -> Type {
    match value {
        Value::Absent => Type::Unknown,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::Str(_) => Type::Str,
        Value::List(items) => {
            let mut types = items.iter().map(type_of);
            let first = types.next().unwrap_or(Type::Unknown);
            types
                .try_fold(first, |joined, ty| super::join(&joined, &ty))
                .unwrap_or(Type::Unknown)
                .list()
        }
        Value::Map(entries) => Type::record(
            entries
                .iter()
                .map(|(name, value)| (name.clone(), type_of(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::Refined;

    #[test]
    fn constants_become_values_of_their_type() {
        assert_eq!(conform(&Value::Int(3), &Type::Float), Ok(Value::Float(3.0)));
        assert!(conform(&Value::Float(3.0), &Type::Int).is_err());
        assert!(conform(&Value::Str("2024-02-30".into()), &Type::Date).is_err());
        assert!(conform(&Value::Str("2024-02-28".into()), &Type::Date).is_ok());
        assert!(conform(&Value::Str("2024-02-28T10:00:00Z".into()), &Type::Date).is_err());
        assert!(conform(&Value::Str("2024-02-28T10:00:00Z".into()), &Type::DateTime).is_ok());
    }

    #[test]
    fn a_pattern_is_of_the_whole_text() {
        let ty = Type::Refined(Arc::new(Refined {
            base: Type::Str,
            refinement: Refinement::Matches("a|b".into()),
        }));
        assert!(conform(&Value::Str("b".into()), &ty).is_ok());
        assert!(conform(&Value::Str("ab".into()), &ty).is_err());
        assert!(conform(&Value::Str("a\n".into()), &ty).is_err());
    }
}
