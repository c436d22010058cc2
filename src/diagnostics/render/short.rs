//! One line a diagnostic, in the form that editors and `grep` know.

use super::{printable, severity_word};
use crate::diagnostics::Diagnostic;
use crate::source::SourceMap;

pub fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let span = diagnostic.primary().span;
    let at = sources.start(span);
    let mut line = format!(
        "{}:{}:{}: {}[{}]: {}",
        sources.file(span.file).shown,
        at.line,
        at.column,
        severity_word(diagnostic.severity),
        diagnostic.code,
        diagnostic.message,
    );
    if let Some(help) = &diagnostic.help {
        line.push_str(&format!(" ({help})"));
    }
    let mut line = printable(&line).replace('\n', " ");
    line.push('\n');
    line
}
