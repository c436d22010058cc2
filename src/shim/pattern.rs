//! Patterns of `matches` as Python's `re` reads them.

use std::fmt::Write;

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// The same pattern for Python's `re.fullmatch`. The engines' syntaxes differ (`\z`, `\p{..}`, `[[:alpha:]]`, what `\w` covers), so it
/// is spelled anew from what it means. Nothing when it is no pattern, or asks what Python can't say.
pub fn python_pattern(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut out = String::new();
    write(&hir, &mut out)?;
    Some(out)
}

fn write(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0)
            .ok()?
            .chars()
            .for_each(|c| write_char(c, out)),
        HirKind::Class(Class::Unicode(class)) => {
            if class.ranges().is_empty() {
                out.push_str(r"(?!)");
                return Some(());
            }
            // What the larger half leaves out is shorter to say.
            let mut negated = class.clone();
            negated.negate();
            let (set, ranges) = match negated.ranges().len() < class.ranges().len() {
                true => ("[^", negated),
                false => ("[", class.clone()),
            };
            if ranges.ranges().is_empty() {
                out.push_str(r"(?s:.)");
                return Some(());
            }
            out.push_str(set);
            for range in ranges.iter() {
                write_char(range.start(), out);
                if range.start() != range.end() {
                    out.push('-');
                    write_char(range.end(), out);
                }
            }
            out.push(']');
        }
        HirKind::Class(Class::Bytes(class)) => {
            out.push('[');
            for range in class.iter() {
                if range.end() > 0x7f {
                    return None;
                }
                write_char(range.start().into(), out);
                out.push('-');
                write_char(range.end().into(), out);
            }
            out.push(']');
        }
        HirKind::Look(look) => out.push_str(match look {
            Look::Start => r"\A",
            Look::End => r"\Z",
            Look::StartLF => r"(?m:^)",
            Look::EndLF => r"(?m:$)",
            Look::WordAscii => r"(?a:\b)",
            Look::WordAsciiNegate => r"(?a:\B)",
            Look::WordUnicode => r"\b",
            Look::WordUnicodeNegate => r"\B",
            _ => return None,
        }),
        HirKind::Repetition(repetition) => {
            out.push_str("(?:");
            write(&repetition.sub, out)?;
            out.push(')');
            match (repetition.min, repetition.max) {
                (0, Some(1)) => out.push('?'),
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (min, Some(max)) if min == max => {
                    write!(out, "{{{min}}}").expect("a String takes all")
                }
                (min, max) => {
                    let max = max.map(|max| max.to_string()).unwrap_or_default();
                    write!(out, "{{{min},{max}}}").expect("a String takes all");
                }
            }
            if !repetition.greedy {
                out.push('?');
            }
        }
        HirKind::Capture(capture) => {
            out.push_str("(?:");
            write(&capture.sub, out)?;
            out.push(')');
        }
        HirKind::Concat(items) => items.iter().try_for_each(|item| write(item, out))?,
        HirKind::Alternation(items) => {
            out.push_str("(?:");
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push('|');
                }
                write(item, out)?;
            }
            out.push(')');
        }
    }
    Some(())
}

/// Letters, digits and what is no sign of `re` as they are, all else by its number.
fn write_char(c: char, out: &mut String) {
    match c {
        c if c.is_ascii_alphanumeric() || "_ /:;,=@%!\"'<>".contains(c) => out.push(c),
        c if c.is_ascii_punctuation() => out.extend(['\\', c]),
        c if (c as u32) < 0x100 => write!(out, "\\x{:02x}", c as u32).expect("a String takes all"),
        c if (c as u32) < 0x10000 => {
            write!(out, "\\u{:04x}", c as u32).expect("a String takes all")
        }
        c => write!(out, "\\U{:08x}", c as u32).expect("a String takes all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_spelled_anew() {
        for (pattern, python) in [
            ("[a-z0-9-]+", Some(r"(?:[\-0-9a-z])+")),
            (r"v[0-9]+\.[0-9]{2,3}", Some(r"v(?:[0-9])+\.(?:[0-9]){2,3}")),
            ("^(dev|prod)$", Some(r"\A(?:(?:dev|prod))\Z")),
            (".*", Some(r"(?:[^\x0a])*")),
            ("(?s:.)", Some(r"(?s:.)")),
            ("[[:digit:]]", Some("[0-9]")),
            ("a??", Some("(?:a)??")),
            ("é", Some(r"\xe9")),
            ("[", None),
        ] {
            assert_eq!(python_pattern(pattern).as_deref(), python, "{pattern}");
        }
    }
}
