//! Diagnostics as text: for people ([`human`]), for editors and `grep` ([`short`]), for programs ([`json`]).
//!
//! Pure: whoever prints finds out about the terminal and says so with a [`Look`].

mod human;
mod json;
mod short;

use super::{Diagnostic, Severity};
use crate::source::SourceMap;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Source excerpts with labels below them.
    #[default]
    Human,
    /// `file:line:col: error[E0201]: message (help)`, one a line.
    Short,
    /// One JSON object a line.
    Json,
}

/// What the place that the text goes to can show. Only [`Format::Human`] asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Box drawing characters; else ASCII.
    pub unicode: bool,
    /// In columns.
    pub width: usize,
}

impl Look {
    /// No colour and no terminal: what a file gets.
    pub const PLAIN: Look = Look {
        color: false,
        unicode: true,
        width: 120,
    };
}

/// The text of diagnostics in source order: files as they were loaded, then by position. Each line ends with a newline; no
/// diagnostics give no text.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, format: Format, look: Look) -> String {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| {
        let span = diagnostic.primary().span;
        (span.file, span.start, span.end)
    });
    match format {
        Format::Human => human::render(&ordered, sources, look),
        Format::Short => ordered.iter().map(|one| short::line(one, sources)).collect(),
        Format::Json => ordered.iter().map(|one| json::line(one, sources)).collect(),
    }
}

/// `2 errors and 1 warning`; nothing when there is nothing to count.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity, word: &str| {
        let n = diagnostics.iter().filter(|one| one.severity == severity).count();
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let counts: Vec<String> = [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!counts.is_empty()).then(|| counts.join(" and "))
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Text of a user's file or built from it, safe to show: what could move a terminal's cursor or turn the reading direction
/// becomes a replacement character. Line ends and tabs stay.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
