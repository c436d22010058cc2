//! By what a report is known again, however its line moves.

use super::Diagnostic;
use crate::source::SourceMap;

/// 16 hexadecimal digits of a report's code, its message and the words of its line.
pub fn fingerprint(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let span = diagnostic.primary().span;
    let file = sources.file(span.file);
    let line = &file.text[file.line_range(file.line_at(span.start as usize))];
    let words: Vec<&str> = line.split_whitespace().collect();
    let key = [
        diagnostic.code.as_str(),
        &diagnostic.message,
        &words.join(" "),
    ]
    .join("\n");
    blake3::hash(key.as_bytes()).to_hex()[..16].to_owned()
}
