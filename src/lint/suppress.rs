//! Comments that allow a warning: `# mlpc: allow(L0101) the image is pinned by the registry`.
//!
//! At the end of a line it speaks of that line, on a line of its own of the next one that holds more than a comment. The reason is
//! part of it: whoever reads the line later wants to know.

use crate::diagnostics::{Code, Diagnostic, Edit, Severity, codes, did_you_mean};
use crate::resolve::Files;
use crate::source::{SourceMap, Span};
use crate::syntax::SyntaxKind;
use crate::syntax::ast::AstNode;
use crate::syntax::tree::{SyntaxToken, span_of};

/// One code that one comment allows.
#[derive(Clone, Debug)]
pub struct Suppression {
    pub code: Code,
    /// Of the code.
    pub span: Span,
    /// Of the whole comment, with the line end when it has a line of its own.
    pub comment: Span,
    /// The comment names no other code.
    pub alone: bool,
    /// The offset at which what it speaks of begins, on the line that it speaks of.
    at: u32,
    /// It kept a warning from being said.
    pub used: bool,
}

/// The comments of all files, and what is wrong with some.
pub fn read(files: &Files) -> (Vec<Suppression>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for file in &files.parsed {
        let tokens = file.ast.syntax().descendants_with_tokens();
        for token in tokens.filter_map(|element| element.into_token()) {
            if token.kind() == SyntaxKind::Comment {
                let span = span_of(file.id, token.text_range());
                comment(&token, span, &mut found, &mut faults);
            }
        }
    }
    (found, faults)
}

fn comment(
    token: &SyntaxToken,
    span: Span,
    found: &mut Vec<Suppression>,
    faults: &mut Vec<Diagnostic>,
) {
    let text = token.text();
    let said = text.trim_start_matches('#').trim_start();
    let Some(said) = said.strip_prefix("mlpc:") else {
        return;
    };
    let mut fault = |message: String, label: &str, span: Span, help: Option<String>| {
        faults.push(
            Diagnostic::new(codes::BAD_SUPPRESSION, span, message)
                .label(label)
                .maybe_help(help),
        );
    };
    let form = "write `# mlpc: allow(CODE) and why`";
    let Some((inside, reason)) = said
        .trim_start()
        .strip_prefix("allow(")
        .and_then(|rest| rest.split_once(')'))
    else {
        fault(
            "a comment to mlpc that it does not understand".to_owned(),
            "expected `allow(CODE)`",
            span,
            Some(form.to_owned()),
        );
        return;
    };
    if reason.trim().is_empty() {
        fault(
            "a warning is allowed without a reason".to_owned(),
            "say why after the `)`",
            span,
            Some(form.to_owned()),
        );
    }
    let (comment, at) = extent(token, span);
    let first = found.len();
    for word in inside.split(',') {
        let code = word.trim();
        let offset = word.as_ptr() as usize - text.as_ptr() as usize
            + (word.len() - word.trim_start().len());
        let start = span.start as usize + offset;
        let span = Span::new(span.file, start, start + code.len());
        match codes::find(code).filter(|entry| entry.code.as_str() == code) {
            Some(entry) if entry.code.severity() == Severity::Error => fault(
                format!("`{code}` is an error, which no comment allows"),
                "expected the code of a warning or a lint",
                span,
                None,
            ),
            Some(entry) => found.push(Suppression {
                code: entry.code,
                span,
                comment,
                alone: false,
                at,
                used: false,
            }),
            None => {
                let known = codes::all().map(|entry| entry.code.as_str());
                fault(
                    format!("there is no code `{code}`"),
                    "expected the code of a warning or a lint",
                    span,
                    did_you_mean(code, known),
                );
            }
        }
    }
    if !inside.contains(',')
        && let [only] = &mut found[first..]
    {
        only.alone = true;
    }
}

/// What goes when the comment does, and where that begins of which it speaks.
fn extent(token: &SyntaxToken, span: Span) -> (Span, u32) {
    let blank = token
        .prev_token()
        .filter(|before| before.kind() == SyntaxKind::Whitespace);
    let start = blank.as_ref().map_or(span, |blank| {
        span_of(span.file, blank.text_range()).to(span)
    });
    let before = blank.as_ref().unwrap_or(token).prev_token();
    if before.is_some_and(|before| before.kind() != SyntaxKind::Newline) {
        return (start, span.start);
    }
    let mut next = token.next_token();
    let own = match &next {
        Some(end) if end.kind() == SyntaxKind::Newline => {
            // The line end alone: blank lines below it stay.
            let text = end.text();
            let length = text.find('\n').map_or(text.len(), |at| at + 1);
            let from = u32::from(end.text_range().start()) as usize;
            start.to(Span::new(span.file, from, from + length))
        }
        _ => start,
    };
    while let Some(token) = next {
        if !token.kind().is_trivia() {
            return (own, token.text_range().start().into());
        }
        next = token.next_token();
    }
    (own, span.start)
}

/// Whether a comment allows this warning; notes that it was of use.
pub fn allows(
    suppressions: &mut [Suppression],
    diagnostic: &Diagnostic,
    sources: &SourceMap,
) -> bool {
    let span = diagnostic.primary().span;
    let line = |at: u32| sources.file(span.file).line_at(at as usize);
    let mut allowed = false;
    for one in suppressions {
        if one.code == diagnostic.code
            && one.span.file == span.file
            && line(one.at) == line(span.start)
        {
            one.used = true;
            allowed = true;
        }
    }
    allowed
}

/// The report of a comment that allows what is not there.
pub fn unused(suppression: &Suppression) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        codes::UNUSED_SUPPRESSION,
        suppression.span,
        format!("`{}` is allowed here and does not occur", suppression.code),
    )
    .label("nothing to allow");
    match suppression.alone {
        true => diagnostic
            .help("remove the comment")
            .fix([Edit::remove(suppression.comment)]),
        false => diagnostic.help("remove the code from the comment"),
    }
}
