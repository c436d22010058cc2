//! Safe mends: the edits of diagnostics put into a text.

use std::ops::Range;

use crate::diagnostics::{Diagnostic, Edit};
use crate::source::{FileId, Span};
use crate::syntax;

impl Edit {
    pub fn remove(span: Span) -> Edit {
        Edit {
            span,
            text: String::new(),
        }
    }
}

/// The text of `file` with the fixes of all these put in, and how many were; nothing when there is none, or when the result would
/// no longer parse. Of two fixes that meet, the later waits for another round.
pub fn apply(file: FileId, text: &str, diagnostics: &[Diagnostic]) -> Option<(String, usize)> {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for diagnostic in diagnostics {
        let fix = &diagnostic.fix;
        let here = !fix.is_empty() && fix.iter().all(|edit| edit.span.file == file);
        let free = |edit: &Edit| {
            edits
                .iter()
                .all(|other| edit.span.end < other.span.start || other.span.end < edit.span.start)
        };
        if here && fix.iter().all(free) {
            edits.extend(fix);
            count += 1;
        }
    }
    if count == 0 {
        return None;
    }
    edits.sort_by_key(|edit| edit.span.start);
    let mut fixed = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        fixed.push_str(&text[at..range.start]);
        fixed.push_str(&edit.text);
        at = range.end;
    }
    fixed.push_str(&text[at..]);
    (!syntax::parse(file, &fixed).has_errors()).then_some((fixed, count))
}

/// What is to go so that an element of a list written with commas or line ends is gone: with its comma, or with its whole line.
pub fn element(text: &str, span: Span) -> Edit {
    let range = removal(text, span.range());
    Edit::remove(Span::new(span.file, range.start, range.end))
}

fn removal(text: &str, range: Range<usize>) -> Range<usize> {
    let blank = |c: char| c == ' ' || c == '\t';
    let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[range.end..];
    let gap = rest.len() - rest.trim_start_matches(blank).len();
    let comma = rest[gap..].starts_with(',');
    let after = &rest[gap + usize::from(comma)..];
    let after = after.trim_start_matches(blank);
    let end = text.len() - after.len();
    if text[line..range.start].trim().is_empty() {
        if let Some(below) = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix('\n'))
        {
            return line..text.len() - below.len();
        }
        if after.is_empty() {
            return line..text.len();
        }
    }
    if comma {
        return range.start..end;
    }
    let before = text[..range.start].trim_end_matches(blank);
    match before.strip_suffix(',') {
        Some(kept) => kept.len()..range.end,
        None => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_goes_with_its_comma_or_its_line() {
        let without = |text: &str| {
            let at = text.find("it").unwrap();
            let mut text = text.to_owned();
            text.replace_range(removal(&text, at..at + 2), "");
            text
        };
        assert_eq!(without("[it]"), "[]");
        assert_eq!(without("[it, b]"), "[b]");
        assert_eq!(without("[a, it]"), "[a]");
        assert_eq!(without("[a, it, b]"), "[a, b]");
        assert_eq!(without("{\n  a\n  it\n  b\n}"), "{\n  a\n  b\n}");
        assert_eq!(without("{\n  a,\n  it,\n}"), "{\n  a,\n}");
        assert_eq!(
            without("{\n  it  # why\n}"),
            "{\n  it  # why\n}".replace("it", "")
        );
        assert_eq!(without("a\nit"), "a\n");
    }
}
