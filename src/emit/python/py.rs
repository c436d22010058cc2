//! Expressions of Python, and their text on one line.

use std::sync::LazyLock;

use regex::Regex;

use crate::value::{Value, float_text};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Py {
    /// A name, or names with dots between.
    Name(String),
    /// A literal.
    Value(Value),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    /// An entry without a key is spread: `**value`.
    Dict(Vec<(Option<Py>, Py)>),
    /// Positional, then named arguments.
    Call(Box<Py>, Vec<Py>, Vec<(String, Py)>),
    Attribute(Box<Py>, String),
    /// `base[index]`; a tuple stands without its parentheses, as in `Annotated[int, ..]`.
    Index(Box<Py>, Box<Py>),
    Or(Vec<Py>),
    And(Vec<Py>),
    Not(Box<Py>),
    /// By the operator's symbol: `==`, `<`, `is`, `is not`, `|`, `+`, ..
    Binary(&'static str, Box<Py>, Box<Py>),
    /// `then if condition else otherwise`
    If {
        then: Box<Py>,
        condition: Box<Py>,
        otherwise: Box<Py>,
    },
    Lambda(Vec<String>, Box<Py>),
    /// `[item for variable in items]`
    Each {
        item: Box<Py>,
        variable: String,
        items: Box<Py>,
    },
    /// `{key: item for key, variable in items.items()}`
    EachEntry {
        item: Box<Py>,
        variable: String,
        items: Box<Py>,
    },
    /// An f-string.
    Format(Vec<Part>),
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Py(Py),
}

/// How tightly an expression binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tight {
    Lambda,
    If,
    Or,
    And,
    Not,
    Compare,
    Pipe,
    Add,
    Multiply,
    Atom,
}

impl Py {
    pub fn name(name: impl Into<String>) -> Py {
        Py::Name(name.into())
    }

    pub fn str(text: impl Into<String>) -> Py {
        Py::Value(Value::Str(text.into()))
    }

    pub fn int(value: i64) -> Py {
        Py::Value(Value::Int(value))
    }

    pub fn bool(value: bool) -> Py {
        Py::Value(Value::Bool(value))
    }

    pub fn none() -> Py {
        Py::Value(Value::Absent)
    }

    /// A call of what is known by a name.
    pub fn call(function: &str, args: Vec<Py>) -> Py {
        Py::Call(Py::name(function).into(), args, Vec::new())
    }

    pub fn call_with(function: &str, args: Vec<Py>, named: Vec<(String, Py)>) -> Py {
        Py::Call(Py::name(function).into(), args, named)
    }

    pub fn index(self, index: Py) -> Py {
        Py::Index(self.into(), index.into())
    }

    /// `self["key"]`
    pub fn item(self, key: &str) -> Py {
        self.index(Py::str(key))
    }

    pub fn attribute(self, name: &str) -> Py {
        Py::Attribute(self.into(), name.to_owned())
    }

    /// `self is None`
    pub fn is_none(self) -> Py {
        Py::Binary("is", self.into(), Py::none().into())
    }

    pub fn binary(self, symbol: &'static str, other: Py) -> Py {
        Py::Binary(symbol, self.into(), other.into())
    }

    /// Calls `visit` with this expression and all inside it.
    pub fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a Py)) {
        visit(self);
        match self {
            Py::Name(_) | Py::Value(_) => {}
            Py::List(items) | Py::Tuple(items) | Py::Or(items) | Py::And(items) => {
                items.iter().for_each(|item| item.for_each(visit));
            }
            Py::Dict(entries) => {
                for (key, item) in entries {
                    if let Some(key) = key {
                        key.for_each(visit);
                    }
                    item.for_each(visit);
                }
            }
            Py::Call(function, args, named) => {
                function.for_each(visit);
                args.iter().for_each(|arg| arg.for_each(visit));
                named.iter().for_each(|(_, arg)| arg.for_each(visit));
            }
            Py::Attribute(inner, _) | Py::Not(inner) | Py::Lambda(_, inner) => {
                inner.for_each(visit)
            }
            Py::Index(a, b) | Py::Binary(_, a, b) => {
                a.for_each(visit);
                b.for_each(visit);
            }
            Py::If {
                then,
                condition,
                otherwise,
            } => {
                then.for_each(visit);
                condition.for_each(visit);
                otherwise.for_each(visit);
            }
            Py::Each { item, items, .. } | Py::EachEntry { item, items, .. } => {
                item.for_each(visit);
                items.for_each(visit);
            }
            Py::Format(parts) => {
                for part in parts {
                    if let Part::Py(inner) = part {
                        inner.for_each(visit);
                    }
                }
            }
        }
    }

    /// Whether the name stands somewhere in it.
    pub fn mentions(&self, name: &str) -> bool {
        let mut found = false;
        self.for_each(&mut |inner| found |= matches!(inner, Py::Name(is) if is == name));
        found
    }

    pub(super) fn tight(&self) -> Tight {
        match self {
            Py::Lambda(..) => Tight::Lambda,
            Py::If { .. } => Tight::If,
            Py::Or(items) if items.len() > 1 => Tight::Or,
            Py::And(items) if items.len() > 1 => Tight::And,
            Py::Or(items) | Py::And(items) => items[0].tight(),
            Py::Not(_) => Tight::Not,
            Py::Binary(symbol, ..) => match *symbol {
                "|" => Tight::Pipe,
                "+" | "-" => Tight::Add,
                "*" | "/" | "%" => Tight::Multiply,
                _ => Tight::Compare,
            },
            Py::Value(Value::Int(value)) if *value < 0 => Tight::Multiply,
            Py::Value(Value::Float(value)) if value.is_sign_negative() => Tight::Multiply,
            _ => Tight::Atom,
        }
    }

    /// The expression on one line.
    pub fn flat(&self) -> String {
        match self {
            Py::Name(name) => name.clone(),
            Py::Value(value) => literal(value),
            Py::List(items) => format!("[{}]", joined(items)),
            Py::Tuple(items) => match items.as_slice() {
                [one] => format!("({},)", one.flat()),
                items => format!("({})", joined(items)),
            },
            Py::Dict(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, item)| entry(key.as_ref(), item.flat()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Py::Call(function, args, named) => {
                let named = named
                    .iter()
                    .map(|(name, arg)| format!("{name}={}", arg.flat()));
                let args: Vec<_> = args.iter().map(Py::flat).chain(named).collect();
                format!("{}({})", function.within(Tight::Atom), args.join(", "))
            }
            Py::Attribute(inner, name) => format!("{}.{name}", inner.within(Tight::Atom)),
            Py::Index(base, index) => {
                let index = match &**index {
                    Py::Tuple(items) if items.len() > 1 => joined(items),
                    index => index.flat(),
                };
                format!("{}[{index}]", base.within(Tight::Atom))
            }
            Py::Or(items) => within_all(items, Tight::And).join(" or "),
            Py::And(items) => within_all(items, Tight::Not).join(" and "),
            Py::Not(inner) => format!("not {}", inner.within(Tight::Not)),
            Py::Binary(symbol, a, b) => {
                let (left, right) = self.operands(a, b);
                format!("{left} {symbol} {right}")
            }
            Py::If {
                then,
                condition,
                otherwise,
            } => format!(
                "{} if {} else {}",
                then.within(Tight::Or),
                condition.within(Tight::Or),
                otherwise.within(Tight::If)
            ),
            Py::Lambda(names, body) if names.is_empty() => format!("lambda: {}", body.flat()),
            Py::Lambda(names, body) => format!("lambda {}: {}", names.join(", "), body.flat()),
            Py::Each {
                item,
                variable,
                items,
            } => {
                format!(
                    "[{} for {variable} in {}]",
                    item.within(Tight::If),
                    items.within(Tight::Or)
                )
            }
            Py::EachEntry {
                item,
                variable,
                items,
            } => format!(
                "{{key: {} for key, {variable} in {}.items()}}",
                item.within(Tight::If),
                items.within(Tight::Atom)
            ),
            Py::Format(parts) => format_string(parts),
        }
    }

    /// In parentheses where it binds less than `tight`.
    pub(super) fn within(&self, tight: Tight) -> String {
        let text = self.flat();
        if self.tight() < tight {
            format!("({text})")
        } else {
            text
        }
    }

    /// The operands of an operator; comparisons don't chain, all others hold to the left.
    pub(super) fn operands(&self, a: &Py, b: &Py) -> (String, String) {
        let own = self.tight();
        let left = if own == Tight::Compare {
            Tight::Pipe
        } else {
            own
        };
        let right = match own {
            Tight::Compare => Tight::Pipe,
            Tight::Pipe => Tight::Add,
            Tight::Add => Tight::Multiply,
            _ => Tight::Atom,
        };
        (a.within(left), b.within(right))
    }
}

pub(super) fn entry(key: Option<&Py>, item: String) -> String {
    match key {
        Some(key) => format!("{}: {item}", key.flat()),
        None => format!("**{item}"),
    }
}

fn joined(items: &[Py]) -> String {
    items.iter().map(Py::flat).collect::<Vec<_>>().join(", ")
}

pub(super) fn within_all(items: &[Py], tight: Tight) -> Vec<String> {
    items.iter().map(|item| item.within(tight)).collect()
}

/// A value as a literal on one line.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Absent => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_finite() => float_literal(*value),
        Value::Float(value) => format!("float({})", string(&float_text(*value))),
        Value::Str(text) => string(text),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, item)| format!("{}: {}", string(key), literal(item)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// `ruff format` takes the `+` of an exponent for noise.
fn float_literal(value: f64) -> String {
    float_text(value).replace("e+", "e")
}

/// A text as a literal, in the quotes that `ruff format` prefers: double ones, unless single ones save escapes.
pub fn string(text: &str) -> String {
    let quote = quote_for(text);
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    escape(text, Some(quote), &mut out);
    out.push(quote);
    out
}

pub(super) fn quote_for(text: &str) -> char {
    let count = |quote: char| text.matches(quote).count();
    if count('"') > count('\'') { '\'' } else { '"' }
}

/// What a literal holds between its quotes.
pub(super) fn escape(text: &str, quote: Option<char>, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if Some(c) == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if (c as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
}

/// Shows as what it is: no control, no blank but the blank itself, nothing that changes the direction of the text around it.
pub(super) fn is_printable(c: char) -> bool {
    static HIDDEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\p{C}\p{Z}]").expect("a pattern of ours"));
    c == ' '
        || c.is_ascii_graphic()
        || (!c.is_ascii() && !HIDDEN.is_match(c.encode_utf8(&mut [0; 4])))
}

/// An f-string; joined texts where one can't be written so that Python before 3.12 reads it.
fn format_string(parts: &[Part]) -> String {
    let mut literal = String::new();
    let mut inside = String::new();
    for part in parts {
        match part {
            Part::Text(text) => literal.push_str(text),
            Part::Py(py) => inside.push_str(&py.flat()),
        }
    }
    // An expression in an f-string has neither the string's own quotes, nor backslashes, nor comments.
    let quoted = inside.contains(['"', '\'']);
    let hard =
        inside.contains(['\\', '#', '\'', '{', '}']) || (quoted && literal.contains(['"', '\'']));
    if hard {
        return join(parts).flat();
    }
    let quote = quote_for(&literal);
    let mut out = format!("f{quote}");
    for part in parts {
        match part {
            Part::Text(text) => escape(
                &text.replace('{', "{{").replace('}', "}}"),
                Some(quote),
                &mut out,
            ),
            Part::Py(py) => {
                let text = py.flat().replace('"', "'");
                // A lambda's colon would end the expression.
                if py.tight() == Tight::Lambda {
                    out.push_str(&format!("{{({text})}}"));
                } else {
                    out.push_str(&format!("{{{text}}}"));
                }
            }
        }
    }
    out.push(quote);
    out
}

fn join(parts: &[Part]) -> Py {
    let items = parts.iter().map(|part| match part {
        Part::Text(text) => Py::str(text.clone()),
        Part::Py(py) => Py::call("str", vec![py.clone()]),
    });
    let empty = Py::str("").attribute("join");
    Py::Call(empty.into(), vec![Py::List(items.collect())], Vec::new())
}
