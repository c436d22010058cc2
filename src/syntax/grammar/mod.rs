//! The grammar, by recursive descent. `docs/grammar.md` is the same for readers, and a test holds the two together.
//!
//! One file a part: [`items`] (definitions), [`ports`], [`types`], [`entries`] (`key: value`), [`statements`], [`expressions`],
//! [`literals`]; [`foreign`] knows the words of other languages.

mod entries;
mod expressions;
mod foreign;
mod items;
mod literals;
mod ports;
mod statements;
mod types;

use super::kind::SyntaxKind;
use super::lexer;
use super::parser::{Frame, Parser};
use crate::diagnostics::{Diagnostic, codes};

/// A whole file.
pub fn file(p: &mut Parser) {
    literals::odd_blanks(p);
    let file = p.start();
    while !p.at(SyntaxKind::Eof) {
        p.found_again();
        let before = p.pos();
        items::item(p);
        if p.pos() == before {
            p.skip_one_error();
        }
    }
    p.complete(file, SyntaxKind::File);
}

/// As [`name_anywhere`], for a name that stands behind something on its line.
fn name(p: &mut Parser, what: &str) -> bool {
    if p.at_line_end() {
        p.expected(what);
        return false;
    }
    name_anywhere(p, what)
}

/// Takes a name. Reports what else stands here, and takes it nonetheless where it was meant as one.
///
/// `what` completes the sentence "expected ..": `the component's name`.
fn name_anywhere(p: &mut Parser, what: &str) -> bool {
    if p.eat(SyntaxKind::Ident) {
        return true;
    }
    if lexer::reserved(p.text()).is_some() {
        reserved_name(p, what);
        return true;
    }
    if p.at(SyntaxKind::Unknown) && p.text().chars().all(|c| c.is_alphanumeric() || c == '_') {
        literals::unknown(p);
        p.bump_as(SyntaxKind::Ident);
        return true;
    }
    p.expected(what);
    false
}

/// Takes a reserved word that was meant as a name, and says that it can't be one.
fn reserved_name(p: &mut Parser, what: &str) {
    let word = p.text();
    let report = Diagnostic::new(
        codes::RESERVED_WORD,
        p.here(),
        format!("`{word}` is a reserved word and cannot be a name"),
    )
    .label(format!("expected {what}"))
    .help(format!("call it `{word}_`, or something else"));
    p.report(report);
    p.bump_as(SyntaxKind::Ident);
}

/// Whether a name or a word that was meant as one stands `n` tokens on.
fn is_name_like(p: &Parser, n: usize) -> bool {
    p.nth(n) == SyntaxKind::Ident || lexer::reserved(p.nth_text(n)).is_some()
}

/// What separates the elements of a list in brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Comma,
    CommaOrLineEnd,
}

/// Elements up to the end of `frame`, with their separators. `element` takes one, or reports that there is none.
///
/// `what` is an element, for messages: `a port`.
fn list(
    p: &mut Parser,
    frame: &Frame,
    separator: Separator,
    what: &str,
    mut element: impl FnMut(&mut Parser),
) {
    let by_line = separator == Separator::CommaOrLineEnd;
    while !p.at_close(frame) {
        p.found_again();
        let before = p.pos();
        element(p);
        if p.pos() == before {
            p.expected(what);
        }
        if p.is_lost() {
            p.skip_until(|p| {
                p.at(SyntaxKind::Comma) || (by_line && p.at_line_end() && p.pos() > before)
            });
        } else if !(p.at_close(frame) || p.at(SyntaxKind::Comma) || by_line && p.at_line_end()) {
            missing_separator(p, frame, separator);
            if p.is_lost() {
                p.skip_until(|p| p.at(SyntaxKind::Comma) || (by_line && p.at_line_end()));
            }
        }
        p.eat(SyntaxKind::Comma);
    }
}

/// Reports that two elements stand side by side.
fn missing_separator(p: &mut Parser, frame: &Frame, separator: Separator) {
    if p.at(SyntaxKind::Foreign) && p.text() == ";" {
        let report = Diagnostic::new(codes::FOREIGN_WORD, p.here(), "`;` separates nothing")
            .label("expected `,`")
            .help("write `,`");
        p.report(report);
        p.bump_error();
        return;
    }
    let (names, help) = match separator {
        Separator::Comma => ("`,`", "write `,` between the two"),
        Separator::CommaOrLineEnd => (
            "`,` or a line end",
            "write `,` between the two, or begin a new line",
        ),
    };
    if p.at(SyntaxKind::Unknown) {
        literals::unknown_lost(p);
        return;
    }
    if !may_begin_element(p) {
        p.expected(&format!("{names} or `{}`", frame.closing_sign()));
        return;
    }
    let report = Diagnostic::new(
        codes::MISSING_SEPARATOR,
        p.here(),
        format!("expected {names} before {}", p.found()),
    )
    .label(format!("expected {names} before this"))
    .help(help);
    p.report(report);
}

/// Whether the current token begins something that a list may hold, so that what is missing is a separator.
fn may_begin_element(p: &Parser) -> bool {
    use SyntaxKind::*;
    matches!(
        p.kind(),
        Ident
            | Int
            | Float
            | Duration
            | Size
            | BadNumber
            | String
            | TripleString
            | ForeignString
            | FStringOpen
            | TrueKw
            | FalseKw
            | LParen
            | LBracket
            | LBrace
            | Ellipsis
    )
}

/// Takes the `{` of a block, or reports that it is missing; then the lines below may still be the block. `first` is the first token
/// of what the block belongs to.
fn open_block(p: &mut Parser, first: usize, help: &str) -> Option<Frame> {
    if p.at(SyntaxKind::LBrace) {
        if p.at_line_end() {
            let report = Diagnostic::new(
                codes::LINE_BREAK,
                p.span_of(p.pos()),
                "this `{` stands on a line of its own",
            )
            .label("expected at the end of the line above")
            .help("a line end ends what stands before it: move the `{` up");
            p.report(report);
        }
        return Some(p.open());
    }
    if p.at(SyntaxKind::Colon) || p.at_word("then") || p.at_word("do") {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            format!("{} opens no block", p.found()),
        )
        .label("expected `{`")
        .help("a block stands in braces: `{ .. }`");
        p.report(report);
        p.bump_error();
    } else {
        let report = p
            .expectation("`{`")
            .maybe_help((!help.is_empty()).then(|| help.to_owned()));
        p.fail(report);
    }
    let mut line = first;
    while !p.input.is_line_start(line) {
        line -= 1;
    }
    let column = p.input.column(line);
    let goes_on = !p.at(SyntaxKind::Eof)
        && p.input.is_line_start(p.pos())
        && p.input.column(p.pos()) > column;
    goes_on.then(|| p.open_lines(column))
}
