//! JSON documents as people read them in a review: two blanks a level, and what fits on a line on one line.

use serde_json::Value;

/// How long a line may be before a list or an object goes over several.
const WIDTH: usize = 120;

/// The document, ASCII only, with a final line end. The same document gives the same bytes.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, 0, &mut out);
    out.push('\n');
    out
}

/// Writes a value that begins at column `column`, in lines that are indented by `indent`.
fn write(value: &Value, indent: usize, column: usize, out: &mut String) {
    if column + flat_width(value, WIDTH.saturating_sub(column)) <= WIDTH || is_leaf(value) {
        return write_flat(value, out);
    }
    let inner = indent + 2;
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                new_line(at > 0, inner, out);
                write(item, inner, inner, out);
            }
            new_line(false, indent, out);
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                new_line(at > 0, inner, out);
                let start = out.len();
                string(key, out);
                out.push_str(": ");
                write(item, inner, inner + out.len() - start, out);
            }
            new_line(false, indent, out);
            out.push('}');
        }
        leaf => write_flat(leaf, out),
    }
}

fn new_line(comma: bool, indent: usize, out: &mut String) {
    out.push_str(if comma { ",\n" } else { "\n" });
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => true,
    }
}

fn write_flat(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_flat(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                string(key, out);
                out.push_str(": ");
                write_flat(item, out);
            }
            out.push('}');
        }
    }
}

/// How wide a value is on one line, at least as far as `limit`.
fn flat_width(value: &Value, limit: usize) -> usize {
    let mut width = 2;
    match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(items) => {
            for item in items {
                if width > limit {
                    break;
                }
                width += flat_width(item, limit - width) + 2;
            }
            width
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                if width > limit {
                    break;
                }
                width += key.len() + 6;
                width += flat_width(item, limit.saturating_sub(width));
            }
            width
        }
    }
}

/// A text in quotes, ASCII only.
fn string(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("writing to a string");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_things_stay_on_their_line() {
        let long = "x".repeat(60);
        let value = serde_json::json!({"a": [1, 2.0, true, null], "b": [long, long], "c": {}, "d": "é\u{1F600}\u{7f}\n"});
        let expected = format!(
            "{{\n  \"a\": [1, 2.0, true, null],\n  \"b\": [\n    \"{long}\",\n    \"{long}\"\n  ],\n  \"c\": {{}},\n  \
             \"d\": \"\\u00e9\\ud83d\\ude00\\u007f\\n\"\n}}\n"
        );
        assert_eq!(document(&value), expected);
        assert_eq!(
            serde_json::from_str::<Value>(&document(&value)).unwrap(),
            value
        );
    }
}
