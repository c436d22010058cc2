//! How a value is written in a parameter: plain where that is provably safe, else as base64.
//!
//! A text that stands in a template is read again by each of the engine's substitution passes, so a `{{` in it is a tag. What can't
//! hold one, by its type, its refinement or because it is known, travels plain.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::expr::{Argo, is_plain};
use crate::types::{Refinement, Type};
use crate::value::Value;

/// How the text of an input is written in its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    Plain,
    Base64,
    /// Empty when absent, else the base64 of a dot and the text: for optional strings of steps without a JSON reader.
    Marked,
}

/// The text of a value while it is lowered.
#[derive(Clone, Debug)]
pub struct Held {
    pub code: Argo,
    /// It is proven that no value of it can be taken for a tag.
    pub plain: bool,
}

impl Held {
    pub fn constant(text: String) -> Held {
        Held {
            plain: is_plain(&text),
            code: Argo::Text(text),
        }
    }

    pub fn encoding(&self) -> Encoding {
        if self.plain {
            Encoding::Plain
        } else {
            Encoding::Base64
        }
    }

    /// The value of a parameter that is written so.
    pub fn written(self, encoding: Encoding) -> String {
        match encoding {
            Encoding::Plain => self.code.tag(),
            Encoding::Base64 => self.code.encoded().tag(),
            Encoding::Marked => unreachable!("written by the command that asks for it"),
        }
    }
}

/// The type less its `?`.
pub fn required(ty: &Type) -> Type {
    match ty {
        Type::Optional(inner) => (**inner).clone(),
        other => other.clone(),
    }
}

/// The text of a constant as an expression of type `ty` holds it: strings inside `?` are JSON, as all else that is no string.
pub fn text_as(value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Str(_), Type::Optional(_)) => value.json(),
        (Value::Int(int), _) if matches!(ty.base(), Type::Float) => {
            Value::Float(*int as f64).json()
        }
        _ => value.text(),
    }
}

/// `str`, `date` and `datetime`: their text is no JSON.
pub fn is_textual(ty: &Type) -> bool {
    matches!(ty.base(), Type::Str | Type::Date | Type::DateTime)
}

/// No value of the type can be taken for a tag.
pub fn is_plain_type(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Float | Type::Bool | Type::Date | Type::DateTime => true,
        Type::Str | Type::Dict(_) | Type::Artifact(_) | Type::Nothing | Type::Unknown => false,
        Type::List(inner) | Type::Optional(inner) => is_plain_type(inner),
        Type::Record(record) => record.fields.values().all(is_plain_type),
        Type::Refined(refined) => {
            is_plain_type(&refined.base)
                || match &refined.refinement {
                    Refinement::OneOf(choices) => {
                        choices.iter().all(|choice| is_plain(&choice.text()))
                    }
                    Refinement::Matches(pattern) => is_plain_pattern(pattern),
                    Refinement::Range { .. } => false,
                }
        }
    }
}

/// Whether every text that a pattern matches is plain.
fn is_plain_pattern(pattern: &str) -> bool {
    // The engine's `\d`, `\w` and `\s` are ASCII. What can't be said without Unicode (`.`, `[^x]`) is not plain either.
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).build();
    parser.parse(pattern).is_ok_and(|hir| is_plain_hir(&hir))
}

fn is_plain_hir(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).is_ok_and(|text| text.chars().all(|c| are_plain(c, c)))
        }
        HirKind::Class(Class::Unicode(class)) => class
            .iter()
            .all(|range| are_plain(range.start(), range.end())),
        HirKind::Class(Class::Bytes(class)) => class
            .iter()
            .all(|range| range.end() < 0x80 && are_plain(range.start().into(), range.end().into())),
        HirKind::Repetition(repetition) => is_plain_hir(&repetition.sub),
        HirKind::Capture(capture) => is_plain_hir(&capture.sub),
        HirKind::Concat(items) | HirKind::Alternation(items) => items.iter().all(is_plain_hir),
    }
}

/// Whether no character from `first` to `last` can be part of what a text must not hold.
fn are_plain(first: char, last: char) -> bool {
    let holds = |c: char| first <= c && c <= last;
    first >= ' ' && last <= '\u{ffff}' && !['{', '}', '$', '\u{7f}'].into_iter().any(holds)
}

/// The condition that a text of type `ty` keeps its refinement, if it has one.
pub fn condition(code: &Argo, ty: &Type) -> Option<Argo> {
    let refinement = ty.refinement()?;
    let base = ty.base();
    let text = |value: &Value| Argo::text(value.text());
    let (native, literal): (Argo, &dyn Fn(&Value) -> Argo) = match base {
        Type::Int => (code.clone().call("int"), &|value| {
            Argo::Number(value.text())
        }),
        Type::Float => (code.clone().call("float"), &|value| {
            Argo::Number(value.text())
        }),
        _ if ty.is_optional() => (code.clone().call("fromJSON"), &text),
        _ => (code.clone(), &text),
    };
    let kept = match refinement {
        Refinement::Range { min, max } => {
            let above = native.clone().binary(">=", literal(min));
            above.binary("&&", native.binary("<=", literal(max)))
        }
        Refinement::OneOf(choices) => {
            native.binary("in", Argo::List(choices.iter().map(literal).collect()))
        }
        Refinement::Matches(pattern) => {
            native.binary("matches", Argo::Text(format!("^(?:{pattern})$")))
        }
    };
    Some(if ty.is_optional() {
        code.clone()
            .binary("==", Argo::text("null"))
            .binary("||", kept)
    } else {
        kept
    })
}

/// What the refinement of a type asks, as it is written.
pub fn asked(ty: &Type) -> String {
    match ty.refinement() {
        Some(Refinement::Range { min, max }) => format!("in {}..={}", min.text(), max.text()),
        Some(Refinement::OneOf(choices)) => format!("in {}", Value::List(choices.clone()).json()),
        Some(Refinement::Matches(pattern)) => {
            format!("matches {}", Value::Str(pattern.clone()).json())
        }
        None => String::new(),
    }
}

/// The text, or an error that names what `name` must be.
pub fn checked(code: Argo, ty: &Type, name: &str) -> Argo {
    match condition(&code, ty) {
        Some(kept) => kept.then(
            code,
            Argo::fail(format!("{name} must be {}", asked(ty)).replace("be matches", "match")),
        ),
        None => code,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::Refined;

    fn matching(pattern: &str) -> Type {
        Type::Refined(Arc::new(Refined {
            base: Type::Str,
            refinement: Refinement::Matches(pattern.into()),
        }))
    }

    #[test]
    fn patterns_that_exclude_tags_are_plain() {
        for pattern in [
            r"[a-z0-9-]+",
            r"v\d+\.\d+",
            "(?:dev|prod)",
            "[a-z]{2,5}",
            "[a-zA-Z_]?",
            "^x$",
            "é+",
        ] {
            assert!(is_plain_type(&matching(pattern)), "{pattern}");
        }
        for pattern in [
            ".*",
            "[^/]+",
            r"\S+",
            r"[ -~]+",
            "[{]{2}",
            r"\{\{",
            "(?s:.)",
            r"\w[!-~]",
            "[+-~]",
            r"[\x20-\x7e]",
            "[$]",
        ] {
            assert!(!is_plain_type(&matching(pattern)), "{pattern}");
        }
    }

    #[test]
    fn a_refinement_is_checked_by_an_expression() {
        let ty = Type::Refined(Arc::new(Refined {
            base: Type::Float,
            refinement: Refinement::Range {
                min: Value::Float(0.0),
                max: Value::Float(1.0),
            },
        }));
        assert_eq!(
            checked(Argo::global("t"), &ty, "t").tag(),
            "{{=float(workflow.parameters.t) >= 0.0 && float(workflow.parameters.t) <= 1.0 ? workflow.parameters.t : \
             sprig.fail('t must be in 0.0..=1.0')}}"
        );
    }
}
