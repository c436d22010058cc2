//! Types.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Parser};
use super::{Separator, expressions, foreign, is_name_like, list, literals, name, name_anywhere};
use crate::diagnostics::{Diagnostic, codes};

/// A type, with all that may follow one: `?`, a refinement.
pub fn ty(p: &mut Parser) {
    ty_in(p, Place::Declaration);
}

/// The type behind `as`: there `??` is the operator.
pub fn cast_ty(p: &mut Parser) {
    ty_in(p, Place::Cast);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Declaration,
    Cast,
}

/// Takes a type; false when there is none, which is reported.
fn ty_in(p: &mut Parser, place: Place) -> bool {
    let plain = if p.enter() { primary(p) } else { None };
    if let Some(plain) = plain {
        let done = optional(p, plain, place);
        if let Some(refined) = refinement(p, done) {
            optional(p, refined, place);
        }
        foreign::type_tail(p);
        if place == Place::Declaration {
            foreign::type_bounds(p);
        }
    }
    p.leave();
    plain.is_some()
}

fn primary(p: &mut Parser) -> Option<Completed> {
    if p.at_line_end() {
        p.expected("a type");
        return None;
    }
    if p.at(SyntaxKind::LBrace) {
        return Some(record(p));
    }
    if foreign::no_type(p) {
        return None;
    }
    if !is_name_like(p, 0) && !p.at(SyntaxKind::Unknown) {
        p.expected("a type");
        return None;
    }
    let ty = p.start();
    name(p, "a type");
    if p.at(SyntaxKind::Dot) {
        p.bump();
        name_anywhere(p, "the type's name");
    }
    if p.at(SyntaxKind::Dot) && !p.is_lost() {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.here(),
            "a type's name has one `.` at most",
        )
        .label("expected no more of the name")
        .help("what a used file uses is not seen through it: `use` that file here, too");
        p.fail(report);
    }
    if p.at(SyntaxKind::LBracket) && !p.at_line_end() {
        args(p);
    }
    Some(p.complete(ty, SyntaxKind::NameType))
}

/// `[type, ..]`
fn args(p: &mut Parser) {
    let args = p.start();
    if p.nth(1) == SyntaxKind::RBracket {
        let written = p.input.text(p.pos() - 1);
        let report = Diagnostic::new(codes::UNEXPECTED, p.span_of(p.pos() + 1), "these brackets are empty")
            .label("expected a type")
            .help(format!("a list of `{written}` is `list[{written}]`; without brackets, `{written}` leaves its arguments open"));
        p.report(report);
    }
    let frame = p.open();
    list(p, &frame, Separator::Comma, "a type", |p| {
        if !ty_in(p, Place::Declaration) {
            // So that the arguments are not thought to be fewer.
            let hole = p.start();
            p.complete(hole, SyntaxKind::NameType);
        }
    });
    p.close(frame);
    p.complete(args, SyntaxKind::TypeArgs);
}

/// `?`, any number of times, is one optional.
fn optional(p: &mut Parser, inner: Completed, place: Place) -> Completed {
    let is_mark = |p: &Parser| {
        let mark = p.at(SyntaxKind::Question)
            || (p.at(SyntaxKind::Coalesce) && place == Place::Declaration);
        mark && !p.at_line_end()
    };
    if !is_mark(p) {
        return inner;
    }
    let optional = p.precede(inner);
    while is_mark(p) {
        p.bump();
    }
    p.complete(optional, SyntaxKind::OptionalType)
}

/// `in a..=b`, `in [..]`, `matches ".."`
fn refinement(p: &mut Parser, base: Completed) -> Option<Completed> {
    if p.at_line_end() {
        return None;
    }
    if p.at(SyntaxKind::InKw) {
        let refined = p.precede(base);
        let refinement = p.start();
        p.bump();
        let kind = if p.at(SyntaxKind::LBracket) {
            expressions::list_expr(p);
            SyntaxKind::OneOf
        } else {
            range(p);
            SyntaxKind::Range
        };
        p.complete(refinement, kind);
        return Some(p.complete(refined, SyntaxKind::RefinedType));
    }
    if p.at_word("matches") {
        let refined = p.precede(base);
        let refinement = p.start();
        p.bump_as(SyntaxKind::MatchesKw);
        if p.at_any(&[
            SyntaxKind::String,
            SyntaxKind::ForeignString,
            SyntaxKind::TripleString,
        ]) && !p.at_line_end()
        {
            literals::literal(p);
        } else {
            p.expected("a regular expression in `\"..\"`");
        }
        p.complete(refinement, SyntaxKind::Matches);
        return Some(p.complete(refined, SyntaxKind::RefinedType));
    }
    None
}

/// `a..=b`
fn range(p: &mut Parser) {
    if p.at_line_end() {
        p.expected("a range or a list");
        return;
    }
    let before = p.pos();
    if p.at(SyntaxKind::LParen) || p.at(SyntaxKind::LBrace) {
        let report = p
            .expectation("a range or a list")
            .help("write `in 1..=10` or `in [\"a\", \"b\"]`");
        p.fail(report);
        return;
    }
    bound(p);
    if p.is_lost() || p.pos() == before {
        return;
    }
    if p.at(SyntaxKind::Foreign) && p.text() == ".." || p.at(SyntaxKind::Ellipsis) {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            "a range includes both its ends",
        )
        .label("expected `..=`")
        .help("write `a..=b`");
        p.report(report);
        p.bump_as(SyntaxKind::DotDotEq);
    } else if !p.expect(SyntaxKind::DotDotEq, "`..=` and the other end of the range") {
        return;
    }
    bound(p);
}

fn bound(p: &mut Parser) {
    let is_minus = p.at(SyntaxKind::Minus)
        && !matches!(
            p.nth(1),
            SyntaxKind::Int | SyntaxKind::Float | SyntaxKind::BadNumber
        );
    if is_minus || literals::try_literal(p).is_none() {
        let report = p
            .expectation("an end of the range")
            .help("the ends of a range are literals: `1..=10`");
        p.fail(report);
    }
}

/// `{ ...Base, name: type }`
fn record(p: &mut Parser) -> Completed {
    let record = p.start();
    let frame = p.open();
    list(p, &frame, Separator::CommaOrLineEnd, "a field", field);
    p.close(frame);
    p.complete(record, SyntaxKind::RecordType)
}

fn field(p: &mut Parser) {
    if p.at(SyntaxKind::Ellipsis) {
        let spread = p.start();
        p.bump();
        ty(p);
        p.complete(spread, SyntaxKind::Spread);
        return;
    }
    if p.at(SyntaxKind::Foreign) && p.text() == ".." || p.at(SyntaxKind::Star) {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            "a record is spread with `...`",
        )
        .label("expected `...`")
        .help("write `{ ...Base, name: type }`");
        p.fail(report);
        return;
    }
    let quoted = p.at_any(&[SyntaxKind::String, SyntaxKind::ForeignString]);
    if !quoted && !is_name_like(p, 0) && !p.at(SyntaxKind::Unknown) {
        p.expected("a field: `name: type`");
        return;
    }
    let field = p.start();
    if quoted {
        literals::check_string(p);
        p.bump_as(SyntaxKind::String);
    } else {
        name_anywhere(p, "a field's name");
    }
    if p.at(SyntaxKind::Question) && p.nth(1) == SyntaxKind::Colon {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            "an optional field has `?` behind its type",
        )
        .label("not behind the name")
        .help("write `name: type?`");
        p.report(report);
        p.bump_error();
    }
    match p.kind() {
        SyntaxKind::Colon if !p.at_line_end() => {
            p.bump();
            ty(p);
        }
        SyntaxKind::Eq if !p.at_line_end() => {
            let report = Diagnostic::new(
                codes::EQUALS_OR_COLON,
                p.here(),
                "a field is written with `:`",
            )
            .label("expected `:`")
            .help("write `name: type`");
            p.report(report);
            p.bump_error();
            ty(p);
        }
        _ => {
            let report = p
                .expectation("`:` and a type")
                .help("a field is written `name: type`");
            p.fail(report);
        }
    }
    if p.at(SyntaxKind::Eq) && !p.at_line_end() && !p.is_lost() {
        let report = Diagnostic::new(codes::UNEXPECTED, p.here(), "a field of a type has no default")
            .label("expected `,` or a line end")
            .help("make it optional (`name: type?`) and give the default where it is read: `x.name ?? default`");
        p.fail(report);
    }
    p.complete(field, SyntaxKind::Field);
}
