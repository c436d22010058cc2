//! Commands that a GitHub Actions runner turns into annotations of the changed lines, one a line.

use super::severity_word;
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::SourceMap;

pub fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let span = diagnostic.primary().span;
    let (start, end) = (sources.start(span), sources.end(span));
    let mut message = diagnostic.message.clone();
    let label = &diagnostic.primary().text;
    if !label.is_empty() {
        message.push_str(&format!(": {label}"));
    }
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let word = match diagnostic.severity {
        Severity::Note => "notice",
        severity => severity_word(severity),
    };
    format!(
        "::{word} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
        property(&sources.file(span.file).shown),
        start.line,
        end.line,
        start.column,
        end.column,
        property(&format!("mlpc {}", diagnostic.code)),
        data(&message),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
