//! Values of the wrong kind: what was expected, what is there, and how to write what was probably meant.

use std::time::Duration;

use crate::diagnostics::{Diagnostic, codes, one_of};
use crate::resolve::constant::{Constant, ConstantKind};
use crate::value::float_text;

use super::table::{Block, Shape, find_in};

/// `name` was given something of another kind.
pub fn value(name: &str, shape: Shape, given: &Constant) -> Diagnostic {
    report(name, &expected(shape), given).maybe_help(help(name, shape, &given.kind))
}

/// An item of a list is of another kind.
pub fn item(name: &str, shape: Shape, given: &Constant) -> Diagnostic {
    let (inner, words) = match shape {
        Shape::List { of, .. } => (Some(Shape::Text(of)), format!("a list of {}", of.plural())),
        Shape::Choices(words) => (
            Some(Shape::Choice(words)),
            format!("a list of {}", one_of(words)),
        ),
        _ => (None, "a list of records".to_owned()),
    };
    let label = match inner {
        Some(inner) => expected(inner),
        None => "a record".to_owned(),
    };
    let help = inner.and_then(|inner| help("", inner, &given.kind));
    Diagnostic::new(
        codes::ATTRIBUTE_SHAPE,
        given.span,
        format!(
            "`{name}` takes {words}, and this is {}",
            given.kind.describe()
        ),
    )
    .label(format!("expected {label}"))
    .maybe_help(help)
}

/// An entry of a record of plain values is a list, a record, a duration or a size.
pub fn scalar(name: &str, given: &Constant) -> Diagnostic {
    report(name, "a string, a number or a bool", given)
}

/// A block was given one value.
pub fn block(block: &Block, given: &Constant) -> Diagnostic {
    let help = find_in(block.name, block.first).and_then(|row| {
        let inside = match (row.shape, &given.kind) {
            (Shape::List { .. }, ConstantKind::Str(_)) => format!("[{}]", written(&given.kind)?),
            (Shape::List { .. }, ConstantKind::List(_))
            | (Shape::Text(_), ConstantKind::Str(_))
            | (Shape::Int { .. }, ConstantKind::Int(_))
            | (Shape::Number { .. }, ConstantKind::Int(_) | ConstantKind::Float(_)) => {
                written(&given.kind)?
            }
            _ => return None,
        };
        Some(format!(
            "write `{}: {{ {}: {inside} }}`",
            block.name, block.first
        ))
    });
    report(block.name, "a record", given).maybe_help(help)
}

fn report(name: &str, expected: &str, given: &Constant) -> Diagnostic {
    Diagnostic::new(
        codes::ATTRIBUTE_SHAPE,
        given.span,
        format!("`{name}` takes {expected}, not {}", given.kind.describe()),
    )
    .label(format!("expected {expected}"))
}

/// The kind of value that a shape wants, with its article.
pub fn expected(shape: Shape) -> String {
    match shape {
        Shape::Text(form) => match form.noun() {
            "a text" => "a string".to_owned(),
            noun => format!("{noun} in quotes"),
        },
        Shape::Int { .. } => "a whole number".to_owned(),
        Shape::Number { .. } => "a number".to_owned(),
        Shape::Duration { .. } => "a duration".to_owned(),
        Shape::Size => "a size".to_owned(),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::Choice(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            one_of(&quoted)
        }
        Shape::Cache => "`true`, `false` or a duration".to_owned(),
        Shape::List { of, .. } => format!("a list of {}", of.plural()),
        Shape::Choices(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("a list of {}", one_of(&quoted))
        }
        Shape::Map { .. } | Shape::Scalars { .. } | Shape::Record(_) | Shape::Defaults => {
            "a record".to_owned()
        }
        Shape::Records { .. } => "a list of records".to_owned(),
    }
}

/// How to write what was probably meant.
fn help(name: &str, shape: Shape, given: &ConstantKind) -> Option<String> {
    let better = match (shape, given) {
        (Shape::Duration { .. } | Shape::Cache, ConstantKind::Int(number)) => {
            return Some(format!(
                "give the unit: `{number}s`, `{number}m`, `{number}h` or `{number}d`"
            ));
        }
        (Shape::Size, ConstantKind::Int(number)) => {
            return Some(format!("give the unit: `{number}GiB` or `{number}MiB`"));
        }
        (Shape::Duration { .. } | Shape::Cache, ConstantKind::Str(text)) => bare_duration(text)
            .or_else(|| match shape {
                Shape::Cache => bool_of(text).map(str::to_owned),
                _ => None,
            })?,
        (Shape::Size, ConstantKind::Str(text)) => bare_size(text)?,
        (Shape::Int { .. }, ConstantKind::Float(number)) if number.fract() == 0.0 => {
            format!("{number:.0}")
        }
        (Shape::Int { .. }, ConstantKind::Str(text)) => {
            text.trim().parse::<i64>().ok()?.to_string()
        }
        (Shape::Number { .. }, ConstantKind::Str(text)) => bare_number(text)?,
        (Shape::Bool, ConstantKind::Str(text)) => bool_of(text)?.to_owned(),
        (Shape::Bool, ConstantKind::Int(number @ (0 | 1))) => (*number == 1).to_string(),
        (
            Shape::Text(form),
            ConstantKind::Int(_)
            | ConstantKind::Float(_)
            | ConstantKind::Bool(_)
            | ConstantKind::Duration(_)
            | ConstantKind::Size(_),
        ) => {
            let text = written(given)?;
            form.check(&text).ok()?;
            format!("\"{text}\"")
        }
        (Shape::List { .. } | Shape::Choices(_), ConstantKind::Str(_)) => {
            format!("[{}]", written(given)?)
        }
        (Shape::Records { .. }, ConstantKind::Record(_)) => "[{ .. }]".to_owned(),
        (Shape::Map { .. }, ConstantKind::List(items)) => {
            let first = items.iter().find_map(|item| match &item.kind {
                ConstantKind::Str(text) => text.split_once('='),
                _ => None,
            });
            match first {
                Some((key, value)) => format!("{{ {key}: \"{value}\" }}"),
                None => "{ NAME: \"..\" }".to_owned(),
            }
        }
        _ => return None,
    };
    Some(match name.rsplit('.').next() {
        None | Some("") => format!("write `{better}`"),
        Some(key) => format!("write `{key}: {better}`"),
    })
}

/// `"2h"` without its quotes, when it is a duration: units from long to short.
fn bare_duration(text: &str) -> Option<String> {
    let text = text.trim();
    let mut rest = text;
    for unit in ["d", "h", "m", "s"] {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(after) = rest[digits..].strip_prefix(unit).filter(|_| digits > 0) {
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then(|| text.to_owned())
}

/// `"16Gi"` or `"16GiB"` as a size.
fn bare_size(text: &str) -> Option<String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim() {
        "Ki" | "KiB" => "KiB",
        "Mi" | "MiB" => "MiB",
        "Gi" | "GiB" => "GiB",
        "Ti" | "TiB" => "TiB",
        "k" | "K" | "KB" | "kB" => "KB",
        "M" | "MB" => "MB",
        "G" | "GB" => "GB",
        "T" | "TB" => "TB",
        _ => return None,
    };
    (end > 0).then(|| format!("{number}{unit}"))
}

/// `"4"`, or the millicores `"500m"`, as a number.
fn bare_number(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(milli) = text.strip_suffix('m') {
        let cores = milli.parse::<u32>().ok()? as f64 / 1000.0;
        return Some(float_text(cores));
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite())?;
    Some(text.to_owned())
}

fn bool_of(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some("true"),
        "false" | "no" | "off" | "0" => Some("false"),
        _ => None,
    }
}

/// A plain constant as it is written; nothing for lists and records, which may be long.
fn written(constant: &ConstantKind) -> Option<String> {
    Some(match constant {
        ConstantKind::Str(text)
            if text
                .chars()
                .all(|c| !c.is_control() && !"\"\\`".contains(c)) =>
        {
            format!("\"{text}\"")
        }
        ConstantKind::Str(_) => "\"..\"".to_owned(),
        ConstantKind::Int(number) => number.to_string(),
        ConstantKind::Float(number) => float_text(*number),
        ConstantKind::Bool(value) => value.to_string(),
        ConstantKind::Duration(duration) => duration_text(*duration),
        ConstantKind::Size(bytes) => size_text(*bytes),
        ConstantKind::List(items) => match items.as_slice() {
            [
                Constant {
                    kind: kind @ ConstantKind::Str(_),
                    ..
                },
            ] => format!("[{}]", written(kind)?),
            _ => return None,
        },
        ConstantKind::Record(_) => return None,
    })
}

/// `1h30m`
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let text: String = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    match text.as_str() {
        "" => "0s".to_owned(),
        _ => text,
    }
}

/// `16GiB`, in the largest unit that leaves a whole number.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 10] = [
        (1 << 50, "PiB"),
        (1_000_000_000_000_000, "PB"),
        (1 << 40, "TiB"),
        (1_000_000_000_000, "TB"),
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1_000, "KB"),
    ];
    let unit = UNITS
        .iter()
        .find(|(size, _)| bytes > 0 && bytes.is_multiple_of(*size));
    match unit {
        Some((size, unit)) => format!("{}{unit}", bytes / size),
        None => format!("{bytes}B"),
    }
}
