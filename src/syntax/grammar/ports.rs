//! Inputs, parameters and outputs.

use super::super::kind::SyntaxKind;
use super::super::parser::Parser;
use super::{Separator, expressions, foreign, is_name_like, list, name, types};
use crate::diagnostics::{Diagnostic, codes};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Inputs,
    Outputs,
}

/// `( port, .. )`
pub fn port_list(p: &mut Parser, side: Side) {
    let ports = p.start();
    let frame = p.open();
    let mut told = false;
    list(p, &frame, Separator::Comma, "a port", |p| {
        port(p, side, &mut told)
    });
    p.close(frame);
    p.complete(ports, SyntaxKind::PortList);
}

/// `name: type = default`. That outputs have no names is reported once: then it is `told`.
fn port(p: &mut Parser, side: Side, told: &mut bool) {
    if foreign::no_port(p) {
        return;
    }
    if !is_name_like(p, 0) && !p.at(SyntaxKind::Unknown) {
        p.expected("a port: `name: type`");
        return;
    }
    let port = p.start();
    name(p, "the port's name");
    if p.at(SyntaxKind::Question) && p.nth(1) == SyntaxKind::Colon {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            "an optional port has `?` behind its type",
        )
        .label("not behind the name")
        .help("write `name: type?`");
        p.report(report);
        p.bump_error();
    }
    match p.kind() {
        SyntaxKind::Colon => {
            p.bump();
            types::ty(p);
        }
        SyntaxKind::Eq => {
            let report = Diagnostic::new(codes::UNEXPECTED, p.here(), "a port has a type")
                .label("expected `:` and a type")
                .help("write `name: type = default`");
            p.report(report);
        }
        SyntaxKind::Ident | SyntaxKind::LBrace if !p.input.is_line_start(p.pos()) => {
            let report = p.expectation("`:`").help("a port is written `name: type`");
            p.report(report);
            types::ty(p);
        }
        _ if side == Side::Outputs && std::mem::replace(told, true) => p.get_lost(),
        _ if side == Side::Outputs => {
            let report = p
                .expectation("`:` and a type")
                .help("outputs in parentheses have names: `(model: Model, rows: int)`; a single output without a name has no parentheses");
            p.fail(report);
        }
        _ => {
            let report = p
                .expectation("`:` and a type")
                .help("a port is written `name: type`");
            p.fail(report);
        }
    }
    default(p, side);
    p.complete(port, SyntaxKind::Port);
}

fn default(p: &mut Parser, side: Side) {
    let is_colon = p.at(SyntaxKind::Colon) || (p.at(SyntaxKind::Foreign) && p.text() == ":=");
    if p.is_lost() || !(p.at(SyntaxKind::Eq) || is_colon) {
        return;
    }
    if side == Side::Outputs {
        let report = Diagnostic::new(codes::UNEXPECTED, p.here(), "an output has no default")
            .label("expected `,` or `)`")
            .help("an output is what the step gives; only inputs have defaults");
        p.fail(report);
        return;
    }
    if is_colon {
        let report = Diagnostic::new(
            codes::EQUALS_OR_COLON,
            p.here(),
            "a default is given with `=`",
        )
        .label("expected `=`")
        .help("write `name: type = default`");
        p.report(report);
        p.bump_error();
    } else {
        p.bump();
    }
    expressions::expr(p);
}

/// `-> type`, `-> ( port, .. )`, or nothing.
pub fn outputs(p: &mut Parser) {
    if foreign::arrow(p) {
        // `:` or `=>`, reported: what follows is what `->` announces.
    } else if !p.at(SyntaxKind::Arrow) {
        return;
    }
    let outputs = p.start();
    if p.at(SyntaxKind::Arrow) {
        p.bump();
    } else {
        p.bump_error();
    }
    if p.at(SyntaxKind::LParen) {
        if p.nth(1) == SyntaxKind::RParen {
            let report = Diagnostic::new(
                codes::UNEXPECTED,
                p.span_of(p.pos() + 1),
                "there is no output in these parentheses",
            )
            .label("expected an output: `name: type`")
            .help("leave out the `->`: what gives nothing has no outputs");
            p.report(report);
        }
        port_list(p, Side::Outputs);
    } else if p.at(SyntaxKind::Ident) && foreign::is_nothing(p.text()) {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            format!("there is no type `{}`", p.text()),
        )
        .label("names no output")
        .help("leave out the `->`: what gives nothing has no outputs");
        p.report(report);
        p.bump_error();
    } else {
        types::ty(p);
    }
    p.complete(outputs, SyntaxKind::Outputs);
}
