//! Operations on values, shared by the compiler's folding and the local runner, so that a constant and a run-time value never differ.

use std::cmp::Ordering;

use indexmap::IndexMap;

use super::Value;

/// The order of two scalars: numbers as numbers, whether int or float, all else by its own kind. Nothing when they have no order: two
/// kinds, a NaN, an absent value, a list.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => compare_int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => compare_int_float(*b, *a).map(Ordering::reverse),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// By their exact values, as Python does it: a double can't hold every 64-bit int.
fn compare_int_float(int: i64, float: f64) -> Option<Ordering> {
    /// 2^63: the first double past all ints.
    const PAST: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= PAST {
        Some(Ordering::Less)
    } else if float < -PAST {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        Some(
            int.cmp(&(whole as i64))
                .then_with(|| whole.partial_cmp(&float).expect("no NaN here")),
        )
    }
}

/// The order of two `datetime` texts: as points in time when both say their offset, else as they stand.
pub fn compare_datetimes(a: &str, b: &str) -> Ordering {
    match (a.parse::<jiff::Timestamp>(), b.parse::<jiff::Timestamp>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => match (
            a.parse::<jiff::civil::DateTime>(),
            b.parse::<jiff::civil::DateTime>(),
        ) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
    }
}

/// `value.name`: looks through an absent value and through lists. The error says what else the value is.
pub fn field(value: &Value, name: &str) -> Result<Value, String> {
    match value {
        Value::Absent => Ok(Value::Absent),
        Value::Map(entries) => Ok(entries.get(name).cloned().unwrap_or(Value::Absent)),
        Value::List(items) => items
            .iter()
            .map(|item| field(item, name))
            .collect::<Result<_, _>>()
            .map(Value::List),
        other => Err(format!("{} has no field `{name}`", kind(other))),
    }
}

/// The texts of values, joined: an f-string. An absent part is an error, for it has no text.
pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Value>) -> Result<Value, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Value::Str(part) => text.push_str(part),
            Value::Absent => return Err("an absent value has no text".into()),
            other => text.push_str(&other.text()),
        }
    }
    Ok(Value::Str(text))
}

/// A map of entries in the order given; of two entries with the same key the later one holds.
pub fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Map(entries.into_iter().collect::<IndexMap<_, _>>())
}

/// An ISO-8601 date such as `2024-01-31`, whole.
pub fn is_date(text: &str) -> bool {
    // jiff takes a date out of a longer text, too.
    text.parse::<jiff::civil::Date>()
        .is_ok_and(|date| date.to_string() == text)
}

/// An ISO-8601 date and time, with or without an offset.
pub fn is_datetime(text: &str) -> bool {
    let parses =
        || text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok();
    text.contains(['T', 't', ' ']) && parses()
}

/// The pattern of `matches`, which the whole text must match.
pub fn whole_match(pattern: &str) -> Result<regex::Regex, regex::Error> {
    // Without the group an alternative would be anchored on one side only; alone first, so that no pattern closes it.
    regex::Regex::new(pattern)?;
    regex::Regex::new(&format!(r"\A(?:{pattern})\z"))
}

/// What a value is, with its article, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Absent => "an absent value",
        Value::Bool(_) => "a bool",
        Value::Int(_) => "an int",
        Value::Float(_) => "a float",
        Value::Str(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a record or dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_their_exact_values() {
        let big = (1 << 53) + 1;
        assert_eq!(
            compare(&Value::Int(big), &Value::Float(9007199254740992.0)),
            Some(Ordering::Greater)
        );
        assert_eq!(
            compare(&Value::Float(9007199254740992.0), &Value::Int(big)),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare(&Value::Int(1), &Value::Float(1.0)),
            Some(Ordering::Equal)
        );
        assert_eq!(
            compare(&Value::Int(1), &Value::Float(1.5)),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare(&Value::Int(-1), &Value::Float(-1.5)),
            Some(Ordering::Greater)
        );
        assert_eq!(
            compare(&Value::Int(i64::MAX), &Value::Float(9.3e18)),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare(&Value::Int(i64::MIN), &Value::Float(f64::NEG_INFINITY)),
            Some(Ordering::Greater)
        );
        assert_eq!(compare(&Value::Int(0), &Value::Float(f64::NAN)), None);
        assert_eq!(compare(&Value::Str("1".into()), &Value::Int(1)), None);
    }

    #[test]
    fn datetimes_compare_as_points_in_time() {
        assert_eq!(
            compare_datetimes("2024-01-01T01:00:00+02:00", "2024-01-01T00:00:00Z"),
            Ordering::Less
        );
        assert_eq!(
            compare_datetimes("2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:00"),
            Ordering::Equal
        );
        assert_eq!(
            compare_datetimes("2024-01-01T00:00:00", "2024-01-01 00:00:01"),
            Ordering::Less
        );
    }

    #[test]
    fn fields_look_through_lists_and_absence() {
        let record = map([("a".to_owned(), Value::Int(1))]);
        let list = Value::List(vec![record, Value::Absent]);
        assert_eq!(
            field(&list, "a"),
            Ok(Value::List(vec![Value::Int(1), Value::Absent]))
        );
        assert!(field(&Value::Int(1), "a").is_err());
    }
}
