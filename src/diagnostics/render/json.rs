//! One JSON object a diagnostic and line. Lines and columns count from 1, columns in characters; ends are exclusive.

use serde::Serialize;

use super::severity_word;
use crate::diagnostics::Diagnostic;
use crate::source::{SourceMap, Span};

#[derive(Serialize)]
struct Report<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    labels: Vec<Labelled<'a>>,
    help: Option<&'a str>,
    /// The edits that `--fix` would make, all of them together.
    fix: Vec<Replaced<'a>>,
}

/// A place, and what is to stand there.
#[derive(Serialize)]
struct Replaced<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Labelled<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
    primary: bool,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> Place<'a> {
    fn new(span: Span, sources: &'a SourceMap) -> Self {
        let (start, end) = (sources.start(span), sources.end(span));
        Place {
            file: &sources.file(span.file).shown,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

pub fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let report = Report {
        code: diagnostic.code.as_str(),
        severity: severity_word(diagnostic.severity),
        message: &diagnostic.message,
        place: Place::new(diagnostic.primary().span, sources),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| Labelled {
                place: Place::new(label.span, sources),
                text: &label.text,
                primary: label.primary,
            })
            .collect(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic
            .fix
            .iter()
            .map(|edit| Replaced {
                place: Place::new(edit.span, sources),
                text: &edit.text,
            })
            .collect(),
    };
    let mut line = serde_json::to_string(&report).expect("plain data always serializes");
    line.push('\n');
    line
}
