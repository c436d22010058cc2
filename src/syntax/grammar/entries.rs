//! `key: value`: attributes, and records and dicts as values.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Frame, Parser};
use super::{Separator, expressions, list, literals, name_anywhere, open_block};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::lexer;

/// A component's `{ .. }`. `first` is the component's first token.
pub fn body(p: &mut Parser, first: usize) {
    let body = p.start();
    let help = "a component's attributes stand in braces: `{ python: \"steps.py:f\" }`";
    let Some(frame) = open_block(p, first, help) else {
        p.abandon(body);
        return;
    };
    entries(p, &frame);
    p.close(frame);
    p.complete(body, SyntaxKind::Body);
}

/// `{ key: value, .. }` as a value.
pub fn record(p: &mut Parser) -> Completed {
    let record = p.start();
    let frame = p.open();
    entries(p, &frame);
    p.close(frame);
    p.complete(record, SyntaxKind::RecordExpr)
}

/// Entries up to the end of `frame`.
pub fn entries(p: &mut Parser, frame: &Frame) {
    let mut told = false;
    list(p, frame, Separator::CommaOrLineEnd, "an entry", |p| {
        entry_in(p, &mut told)
    });
}

/// An entry begins here: a key and a `:`.
pub fn at_entry(p: &Parser) -> bool {
    p.nth(1) == SyntaxKind::Colon
        && (p.at_any(&[
            SyntaxKind::Ident,
            SyntaxKind::String,
            SyntaxKind::ForeignString,
        ]) || lexer::reserved(p.text()).is_some())
}

/// Whether the `{` here opens a record rather than a block.
pub fn is_record(p: &Parser) -> bool {
    p.nth(1) == SyntaxKind::RBrace || p.nth(2) == SyntaxKind::Colon
}

/// `key: value`
pub fn entry(p: &mut Parser) {
    entry_in(p, &mut false);
}

/// An entry of a record. That the record has no entries but values is reported once: then it is `told`.
fn entry_in(p: &mut Parser, told: &mut bool) {
    if p.at(SyntaxKind::Ellipsis) {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.here(),
            "a value is not spread into another",
        )
        .label("expected `key: value`")
        .help("`...` joins record types only; name each field here");
        p.fail(report);
        return;
    }
    let entry = p.start();
    if !key(p, told) {
        p.abandon(entry);
        return;
    }
    colon(p, told);
    if !p.is_lost() {
        value(p);
    }
    p.complete(entry, SyntaxKind::Entry);
}

fn key(p: &mut Parser, told: &mut bool) -> bool {
    match p.kind() {
        SyntaxKind::String => {
            literals::check_string(p);
            p.bump();
            true
        }
        SyntaxKind::ForeignString => {
            literals::foreign_string(p);
            p.bump_as(SyntaxKind::String);
            true
        }
        kind if kind == SyntaxKind::Ident || lexer::reserved(p.text()).is_some() => {
            if kind != SyntaxKind::Ident && p.nth(1) != SyntaxKind::Colon {
                // `if`, `for`: a statement where only entries are.
                not_an_entry(p, told);
                return false;
            }
            name_anywhere(p, "a key");
            true
        }
        _ => {
            not_an_entry(p, told);
            false
        }
    }
}

fn not_an_entry(p: &mut Parser, told: &mut bool) {
    if std::mem::replace(told, true) {
        p.get_lost();
        return;
    }
    let report = p
        .expectation("`key: value`")
        .help("this `{` opens a record, which holds entries: `{ key: value, .. }`");
    p.fail(report);
}

/// The `:` of an entry, or what stands in its place.
fn colon(p: &mut Parser, told: &mut bool) {
    if p.at(SyntaxKind::Colon) && !p.at_line_end() {
        p.bump();
        return;
    }
    let is_name = p.input.kind(p.pos() - 1) == SyntaxKind::Ident;
    let key = if is_name {
        p.input.text(p.pos() - 1)
    } else {
        "key"
    };
    match p.kind() {
        SyntaxKind::Eq if !p.at_line_end() => {
            let report = Diagnostic::new(
                codes::EQUALS_OR_COLON,
                p.here(),
                "an entry is written with `:`",
            )
            .label("expected `:`")
            .help(format!(
                "write `{key}: ..`; `name = ..` is a statement of a pipeline"
            ));
            p.report(report);
            p.bump_error();
        }
        SyntaxKind::LBrace if !p.at_line_end() => {
            let report = p.expectation("`:`").help(format!(
                "a block of settings is a record, too: `{key}: {{ .. }}`"
            ));
            p.report(report);
        }
        SyntaxKind::Dot | SyntaxKind::Minus | SyntaxKind::Slash if is_name && p.is_joined() => {
            let first = p.pos() - 1;
            while p.is_joined() && p.at_any(PARTS_OF_A_KEY) {
                p.bump_error();
            }
            let span = p.span_from(first);
            let written = p.input.text[span.range()].to_owned();
            let report =
                Diagnostic::new(codes::UNEXPECTED, span, format!("`{written}` is no name"))
                    .label("expected a key")
                    .help(format!(
                        "a key that is no name stands in quotes: `\"{written}\": ..`"
                    ));
            p.report(report);
            if !p.eat(SyntaxKind::Colon) {
                p.get_lost();
            }
        }
        _ if std::mem::replace(told, true) => p.get_lost(),
        _ => {
            let report = p.expectation("`:`").help(format!(
                "this `{{` opens a record; its entries are written `{key}: value`"
            ));
            p.fail(report);
        }
    }
}

/// What may stand in a key that would have needed quotes: `app.kubernetes.io/name`.
const PARTS_OF_A_KEY: &[SyntaxKind] = &[
    SyntaxKind::Dot,
    SyntaxKind::Minus,
    SyntaxKind::Slash,
    SyntaxKind::Ident,
    SyntaxKind::Int,
    SyntaxKind::Float,
];

fn value(p: &mut Parser) {
    if p.at_line_end() && !p.at(SyntaxKind::Eof) {
        let report = p.expectation("a value").help(
            "the value begins on the line of its key; a record stands in braces: `key: { .. }`",
        );
        p.fail(report);
        return;
    }
    expressions::expr(p);
}
