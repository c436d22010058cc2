//! Expressions over several lines, as `ruff format` leaves them: a bracket that does not fit is opened, one item a line and a comma
//! behind the last.

use super::py::{Py, Tight, entry, escape, quote_for};
use crate::value::Value;

/// How long ruff lets a line be when nobody says otherwise.
pub const WIDTH: usize = 88;

/// Where something is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// Blanks before the line that it begins in.
    pub indent: usize,
    /// Columns of that line that are taken.
    pub column: usize,
    /// Columns that what follows on its last line needs.
    pub tail: usize,
}

impl At {
    fn deeper(self) -> At {
        At {
            indent: self.indent + 4,
            column: self.indent + 4,
            tail: 1,
        }
    }

    fn after(self, columns: usize) -> At {
        At {
            column: self.column + columns,
            ..self
        }
    }

    fn fits(self, text: &str) -> bool {
        self.column + width(text) + self.tail <= WIDTH
    }
}

/// Columns of a text on a line.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if c.is_ascii() { 1 } else { wide(c) })
        .sum()
}

/// East Asian letters and emoji take two columns.
fn wide(c: char) -> usize {
    match c as u32 {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => {
            2
        }
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

pub(super) fn blanks(count: usize) -> String {
    " ".repeat(count)
}

/// The expression as the whole value of a statement, where parentheses are optional.
pub(super) fn statement(py: &Py, at: At) -> String {
    let flat = py.flat();
    if at.fits(&flat) {
        return flat;
    }
    if let Some(lines) = operator_lines(py, at.deeper()) {
        return parenthesized(one_line(&flat, at).unwrap_or(lines), at);
    }
    match py {
        Py::Value(Value::Str(text)) if lines_of(text).len() > 1 => text_lines(text, &flat, at),
        // It fits on a line of its own, if nothing else does.
        Py::Value(Value::Str(_)) | Py::Format(_) | Py::Name(_) | Py::Attribute(..)
            if At {
                tail: 0,
                ..at.deeper()
            }
            .fits(&flat)
                && !flat.contains('(') =>
        {
            parenthesized(vec![flat], at)
        }
        _ => nested(py, at),
    }
}

/// The expression inside brackets, or at the end of a line that can't be in parentheses.
pub(super) fn nested(py: &Py, at: At) -> String {
    let flat = py.flat();
    if at.fits(&flat) {
        return flat;
    }
    if let Some(lines) = operator_lines(py, at.deeper()) {
        return parenthesized(one_line(&flat, at).unwrap_or(lines), at);
    }
    match py {
        Py::Value(Value::List(items)) => nested(
            &Py::List(items.iter().cloned().map(Py::Value).collect()),
            at,
        ),
        Py::Value(Value::Map(entries)) => {
            let entries = entries
                .iter()
                .map(|(key, item)| (Some(Py::str(key.clone())), Py::Value(item.clone())));
            nested(&Py::Dict(entries.collect()), at)
        }
        Py::Value(Value::Str(text)) if lines_of(text).len() > 1 => text_lines(text, &flat, at),
        Py::List(items) if !items.is_empty() => open(
            "[",
            items.iter().map(|item| nested(item, at.deeper())),
            "]",
            at,
        ),
        Py::Tuple(items) if !items.is_empty() => open(
            "(",
            items.iter().map(|item| nested(item, at.deeper())),
            ")",
            at,
        ),
        Py::Dict(entries) if !entries.is_empty() => {
            let items = entries.iter().map(|(key, item)| {
                let before = key.as_ref().map_or(2, |key| width(&key.flat()) + 2);
                entry(key.as_ref(), nested(item, at.deeper().after(before)))
            });
            open("{", items, "}", at)
        }
        Py::Call(function, args, named) if !args.is_empty() || !named.is_empty() => {
            let args = args.iter().map(|arg| nested(arg, at.deeper()));
            let named = named.iter().map(|(name, arg)| {
                format!("{name}={}", nested(arg, at.deeper().after(name.len() + 1)))
            });
            let function = nested(function, At { tail: 1, ..at });
            open(&format!("{function}("), args.chain(named), ")", at)
        }
        Py::Index(base, index) => match &**index {
            Py::Tuple(items) if items.len() > 1 => {
                let base = base.within(Tight::Atom);
                open(
                    &format!("{base}["),
                    items.iter().map(|item| nested(item, at.deeper())),
                    "]",
                    at,
                )
            }
            index => {
                let index = index.flat();
                let base = nested(
                    base,
                    At {
                        tail: at.tail + width(&index) + 2,
                        ..at
                    },
                );
                format!("{base}[{index}]")
            }
        },
        Py::Attribute(base, name) if base.tight() == Tight::Atom => {
            let tail = at.tail + name.len() + 1;
            format!("{}.{name}", nested(base, At { tail, ..at }))
        }
        Py::Each {
            item,
            variable,
            items,
        } => {
            let inner = At {
                tail: 0,
                ..at.deeper()
            };
            let item = nested(item, inner);
            let items = nested(items, inner.after(variable.len() + 8));
            let lines = vec![item, format!("for {variable} in {items}")];
            block("[", one_line(within(&flat), at).unwrap_or(lines), "]", at)
        }
        Py::EachEntry {
            item,
            variable,
            items,
        } => {
            let inner = At {
                tail: 0,
                ..at.deeper()
            };
            let item = nested(item, inner.after(5));
            let items = items.within(Tight::Atom);
            let lines = vec![
                format!("key: {item}"),
                format!("for key, {variable} in {items}.items()"),
            ];
            block("{", one_line(within(&flat), at).unwrap_or(lines), "}", at)
        }
        Py::Lambda(names, body) => {
            let head = match names.as_slice() {
                [] => "lambda: ".to_owned(),
                names => format!("lambda {}: ", names.join(", ")),
            };
            let at = at.after(width(&head));
            let flat = body.flat();
            let body = match &**body {
                Py::Format(_) | Py::Value(Value::Str(_)) | Py::Name(_) if !at.fits(&flat) => {
                    parenthesized(vec![flat], at)
                }
                body => nested(body, at),
            };
            format!("{head}{body}")
        }
        _ => flat,
    }
}

/// The lines of an expression that breaks at its operators; nothing when it has none.
fn operator_lines(py: &Py, at: At) -> Option<Vec<String>> {
    let at = At { tail: 0, ..at };
    let operand = |item: &Py, tight: Tight, before: usize| {
        let at = at.after(before);
        if item.tight() < tight {
            let flat = item.within(tight);
            match operator_lines(item, at.deeper()) {
                Some(lines) if !at.fits(&flat) => {
                    parenthesized(one_line(&item.flat(), at).unwrap_or(lines), at)
                }
                _ => flat,
            }
        } else {
            nested(item, at)
        }
    };
    match py {
        Py::Or(items) | Py::And(items) if items.len() > 1 => {
            let (word, tight) = match py {
                Py::Or(_) => ("or ", Tight::And),
                _ => ("and ", Tight::Not),
            };
            let lines = items.iter().enumerate().map(|(number, item)| match number {
                0 => operand(item, tight, 0),
                _ => format!("{word}{}", operand(item, tight, word.len())),
            });
            Some(lines.collect())
        }
        Py::Binary(symbol, a, b) => {
            let (left, right) = py.operands(a, b);
            Some(vec![left, format!("{symbol} {right}")])
        }
        Py::If {
            then,
            condition,
            otherwise,
        } => {
            let mut lines = vec![
                operand(then, Tight::Or, 0),
                format!("if {}", operand(condition, Tight::Or, 3)),
            ];
            match &**otherwise {
                chained @ Py::If { .. } => {
                    let rest = operator_lines(chained, at).unwrap_or_default();
                    for (number, line) in rest.into_iter().enumerate() {
                        lines.push(if number == 0 {
                            format!("else {line}")
                        } else {
                            line
                        });
                    }
                }
                otherwise => lines.push(format!("else {}", operand(otherwise, Tight::If, 5))),
            }
            Some(lines)
        }
        _ => None,
    }
}

/// A text of several lines, a line each.
fn text_lines(text: &str, flat: &str, at: At) -> String {
    let lines = || lines_of(text).iter().map(|line| quoted(line)).collect();
    parenthesized(one_line(flat, at).unwrap_or_else(lines), at)
}

/// What fits on a line of its own between parentheses.
fn one_line(flat: &str, at: At) -> Option<Vec<String>> {
    let inner = At {
        tail: 0,
        ..at.deeper()
    };
    inner.fits(flat).then(|| vec![flat.to_owned()])
}

/// A text without the bracket on each side of it.
fn within(flat: &str) -> &str {
    &flat[1..flat.len() - 1]
}

fn parenthesized(lines: Vec<String>, at: At) -> String {
    block("(", lines, ")", at)
}

/// Brackets around lines that stand one level deeper.
fn block(opening: &str, lines: impl IntoIterator<Item = String>, closing: &str, at: At) -> String {
    let mut out = format!("{opening}\n");
    for line in lines {
        out.push_str(&format!("{}{line}\n", blanks(at.indent + 4)));
    }
    out.push_str(&format!("{}{closing}", blanks(at.indent)));
    out
}

/// The same, with a comma behind each.
fn open(opening: &str, items: impl Iterator<Item = String>, closing: &str, at: At) -> String {
    block(opening, items.map(|item| item + ","), closing, at)
}

/// A text in pieces that end with its lines.
fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// A piece of a text that is written in several: each has its own quotes.
fn quoted(text: &str) -> String {
    let quote = quote_for(text);
    let mut out = String::from(quote);
    escape(text, Some(quote), &mut out);
    out.push(quote);
    out
}
