//! Expressions.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Parser};
use super::{Separator, entries, foreign, list, literals, name, statements, types};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::BinaryOp;

/// An expression with the height of its tree: chains of operators and fields grow upwards, where `enter` does not see them.
#[derive(Clone, Copy)]
struct Grown {
    node: Completed,
    height: u32,
}

// How tight operators bind, from loose to tight.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
const COALESCE: u8 = 5;
const SUM: u8 = 6;
const PRODUCT: u8 = 7;
const CAST: u8 = 8;
const UNARY: u8 = 9;

fn power(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => OR,
        BinaryOp::And => AND,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => COMPARE,
        BinaryOp::Coalesce => COALESCE,
        BinaryOp::Add | BinaryOp::Subtract => SUM,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => PRODUCT,
    }
}

/// An expression that stands inside of something else: an argument, an element, a default.
pub fn expr(p: &mut Parser) {
    value(p, "a value");
    foreign::in_list(p);
}

/// An expression at the top of a statement, where `with` and `after` may follow.
pub fn value(p: &mut Parser, what: &str) -> Option<Completed> {
    binary(p, OR, what).map(|grown| grown.node)
}

/// The condition of an `if` or a `require`.
pub fn condition(p: &mut Parser) {
    let Some(left) = binary(p, OR, "a condition") else {
        return;
    };
    if p.at(SyntaxKind::Eq) && !p.at_line_end() && !p.is_lost() {
        let report = Diagnostic::new(codes::EQUALS_OR_COLON, p.here(), "`=` does not compare")
            .label("expected `==`")
            .help("write `a == b`");
        p.report(report);
        let comparison = p.precede(left.node);
        p.bump_as(SyntaxKind::EqEq);
        binary(p, OR, "a value");
        p.complete(comparison, SyntaxKind::BinaryExpr);
    }
    foreign::in_list(p);
}

/// Operators that bind at least as tight as `least`, and their operands.
fn binary(p: &mut Parser, least: u8, what: &str) -> Option<Grown> {
    let grown = if p.enter() {
        binary_within(p, least, what)
    } else {
        None
    };
    p.leave();
    grown
}

fn binary_within(p: &mut Parser, least: u8, what: &str) -> Option<Grown> {
    let mut left = unary(p, least, what)?;
    let mut compared = None;
    let mut chained = false;
    loop {
        if p.is_lost() || p.at_line_end() {
            break;
        }
        if least <= CAST && p.at_word("as") {
            left = cast(p, left)?;
            continue;
        }
        let Some((op, kind)) = operator(p) else { break };
        let power = power(op);
        if power < least {
            break;
        }
        if power == COMPARE {
            if let Some(first) = compared {
                let report = Diagnostic::new(
                    codes::CHAINED_COMPARISON,
                    p.here(),
                    "comparisons do not chain",
                )
                .label("a second comparison")
                .also(first, "the first one")
                .help("join two comparisons with `and`: `a < b and b < c`");
                p.report(report);
            }
            chained = compared.is_some();
            compared = Some(p.here());
        }
        foreign::operator(p);
        let joined = p.precede(left.node);
        p.bump_as(kind);
        // `??` groups to the right, all others to the left.
        let least = if op == BinaryOp::Coalesce {
            power
        } else {
            power + 1
        };
        let right = binary(p, least, "a value");
        let height = left.height.max(right.map_or(0, |right| right.height)) + 1;
        // What comparing a comparison should give is not known.
        let kind = if chained {
            SyntaxKind::Error
        } else {
            SyntaxKind::BinaryExpr
        };
        left = Grown {
            node: p.complete(joined, kind),
            height,
        };
        if !p.is_shallow(height) {
            return None;
        }
    }
    Some(left)
}

/// The binary operator that stands here, also one that another language writes otherwise.
fn operator(p: &Parser) -> Option<(BinaryOp, SyntaxKind)> {
    let kind = match p.kind() {
        SyntaxKind::Foreign => foreign::same_operator(p.text())?,
        SyntaxKind::Ident => foreign::word_operator(p)?,
        kind => kind,
    };
    BinaryOp::of(kind).map(|op| (op, kind))
}

fn cast(p: &mut Parser, value: Grown) -> Option<Grown> {
    let cast = p.precede(value.node);
    p.bump_as(SyntaxKind::AsKw);
    types::cast_ty(p);
    let height = value.height + 1;
    let node = p.complete(cast, SyntaxKind::AsExpr);
    if !p.is_shallow(height) {
        return None;
    }
    Some(Grown { node, height })
}

fn unary(p: &mut Parser, least: u8, what: &str) -> Option<Grown> {
    let is_number = |kind| {
        matches!(
            kind,
            SyntaxKind::Int | SyntaxKind::Float | SyntaxKind::BadNumber
        )
    };
    match p.kind() {
        SyntaxKind::Minus if is_number(p.nth(1)) => postfix(p, what),
        SyntaxKind::NotKw | SyntaxKind::Minus => {
            let is_not = p.at(SyntaxKind::NotKw);
            if is_not && least > NOT {
                let report = Diagnostic::new(
                    codes::UNEXPECTED,
                    p.here(),
                    "`not` binds looser than what stands before it",
                )
                .label("expected a value")
                .help("put it in parentheses: `(not x)`");
                p.report(report);
            }
            let node = p.start();
            p.bump();
            let operand = binary(p, if is_not { NOT } else { UNARY }, "a value");
            Some(Grown {
                node: p.complete(node, SyntaxKind::UnaryExpr),
                height: operand.map_or(0, |operand| operand.height) + 1,
            })
        }
        SyntaxKind::Foreign if p.text() == "!" => {
            foreign::operator(p);
            let node = p.start();
            p.bump_as(SyntaxKind::NotKw);
            let operand = binary(p, UNARY, "a value");
            Some(Grown {
                node: p.complete(node, SyntaxKind::UnaryExpr),
                height: operand.map_or(0, |operand| operand.height) + 1,
            })
        }
        _ => postfix(p, what),
    }
}

/// A primary with its calls and fields.
fn postfix(p: &mut Parser, what: &str) -> Option<Grown> {
    let first = p.pos();
    let mut grown = Grown {
        node: primary(p, what)?,
        height: 1,
    };
    // `a`, `a.b`: what can be called.
    let mut is_path = grown.node.kind == SyntaxKind::NameExpr;
    while !p.is_lost() && !p.at_line_end() {
        let outer;
        match p.kind() {
            SyntaxKind::LParen => {
                if !is_path {
                    let report = Diagnostic::new(codes::UNEXPECTED, p.here(), "only a name can be called")
                        .label("nothing before it that has a name")
                        .also(p.span_from(first), "this is a value")
                        .help("a call is `name(..)` or `alias.name(..)`; calls nest as arguments: `outer(inner(x))`");
                    p.report(report);
                }
                outer = p.precede(grown.node);
                args(p);
                grown.node = p.complete(outer, SyntaxKind::CallExpr);
                is_path = false;
            }
            SyntaxKind::Dot if literals::is_trailing_point(p, grown.node) => {
                literals::trailing_point(p);
                continue;
            }
            SyntaxKind::Dot => {
                outer = p.precede(grown.node);
                p.bump();
                // What stands behind the point is on its line, or on the next: the point asks for more.
                name(p, "a field's name");
                grown.node = p.complete(outer, SyntaxKind::FieldExpr);
            }
            SyntaxKind::LBracket if p.is_joined() => {
                foreign::index(p);
                continue;
            }
            SyntaxKind::Foreign if p.text() == "?." => {
                let report = Diagnostic::new(
                    codes::FOREIGN_WORD,
                    p.here(),
                    "`.` looks through optionals by itself",
                )
                .label("expected `.`")
                .help("write `a.b`: it is optional when `a` is");
                p.report(report);
                outer = p.precede(grown.node);
                p.bump_as(SyntaxKind::Dot);
                name(p, "a field's name");
                grown.node = p.complete(outer, SyntaxKind::FieldExpr);
            }
            _ => break,
        }
        grown.height += 1;
        if !p.is_shallow(grown.height) {
            return None;
        }
    }
    Some(grown)
}

fn primary(p: &mut Parser, what: &str) -> Option<Completed> {
    match p.kind() {
        SyntaxKind::Ident => {
            if let Some(done) = foreign::value_word(p) {
                return done;
            }
            let node = p.start();
            p.bump();
            Some(p.complete(node, SyntaxKind::NameExpr))
        }
        SyntaxKind::LParen => paren(p),
        SyntaxKind::LBracket => Some(list_expr(p)),
        SyntaxKind::LBrace => Some(entries::record(p)),
        SyntaxKind::IfKw | SyntaxKind::ForKw => Some(nested(p)),
        SyntaxKind::FStringOpen => Some(literals::fstring(p)),
        _ => literals::try_literal(p).or_else(|| {
            if !foreign::no_value(p) {
                missing(p, what);
            }
            None
        }),
    }
}

/// Reports that no value stands here; behind an operator, with its sign.
fn missing(p: &mut Parser, what: &str) {
    let before = p.pos().checked_sub(1);
    let operator = before.filter(|at| {
        let kind = p.input.kind(*at);
        BinaryOp::of(kind).is_some() || kind == SyntaxKind::NotKw
    });
    match operator {
        Some(at) => p.expected(&format!("a value after `{}`", p.input.text(at))),
        None => p.expected(what),
    }
}

/// An `if` or a `for` where only a plain value may stand.
fn nested(p: &mut Parser) -> Completed {
    let word = p.text();
    let report = Diagnostic::new(
        codes::NESTED_CONTROL,
        p.here(),
        format!("`{word}` stands inside of an expression"),
    )
    .label("may stand alone, after `=` or `return`, or as a block's last line")
    .help(format!(
        "give it a name on a line of its own: `name = {word} ..`"
    ));
    p.report(report);
    if word == "if" {
        if_expr(p)
    } else {
        for_expr(p)
    }
}

fn paren(p: &mut Parser) -> Option<Completed> {
    let node = p.start();
    let open = p.pos();
    let frame = p.open();
    if p.at_close(&frame) {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.span_of(open),
            "these parentheses are empty",
        )
        .label("expected a value between them")
        .help("there is no empty tuple; an empty list is `[]`");
        p.report(report);
    } else {
        expr(p);
        if p.at(SyntaxKind::Comma) && !p.is_lost() {
            let report = Diagnostic::new(codes::FOREIGN_WORD, p.here(), "there are no tuples")
                .label("expected `)`")
                .help("several values are a list `[a, b]` or a record `{ a: .., b: .. }`");
            p.fail(report);
        }
        if p.is_lost() {
            p.skip_until(|_| false);
        }
    }
    p.close(frame);
    Some(p.complete(node, SyntaxKind::ParenExpr))
}

/// `[value, ..]`
pub fn list_expr(p: &mut Parser) -> Completed {
    let node = p.start();
    let frame = p.open();
    list(p, &frame, Separator::Comma, "a value", |p| {
        if !foreign::spread(p) {
            expr(p);
        }
    });
    p.close(frame);
    p.complete(node, SyntaxKind::ListExpr)
}

/// `( value, name = value, .. )`
fn args(p: &mut Parser) {
    let node = p.start();
    let frame = p.open();
    let mut named = None;
    list(p, &frame, Separator::Comma, "an argument", |p| {
        if foreign::spread(p) {
            return;
        }
        let first = p.pos();
        let arg = p.start();
        let is_named = super::is_name_like(p, 0)
            && (matches!(p.nth(1), SyntaxKind::Eq | SyntaxKind::Colon)
                || (p.nth(1) == SyntaxKind::Foreign && p.nth_text(1) == ":="));
        if is_named {
            name(p, "an argument's name");
            if !p.at(SyntaxKind::Eq) {
                let report = Diagnostic::new(
                    codes::EQUALS_OR_COLON,
                    p.here(),
                    "an argument is named with `=`",
                )
                .label("expected `=`")
                .help(format!("write `{} = ..`", p.input.text(first)));
                p.report(report);
                p.bump_as(SyntaxKind::Eq);
            } else {
                p.bump();
            }
        }
        expr(p);
        if p.pos() == first {
            p.abandon(arg);
            return;
        }
        let span = p.span_from(first);
        if is_named {
            named = named.or(Some(span));
        } else if let Some(earlier) = named
            && !p.is_lost()
        {
            let report = Diagnostic::new(
                codes::ARGUMENT_ORDER,
                span,
                "an argument without a name follows a named one",
            )
            .label("expected `name = value`")
            .also(earlier, "from here on arguments have names")
            .help("put it before the named ones, or name it");
            p.report(report);
        }
        p.complete(arg, SyntaxKind::Arg);
    });
    p.close(frame);
    p.complete(node, SyntaxKind::ArgList);
}

/// `if condition { .. } else if condition { .. } else { .. }`
pub fn if_expr(p: &mut Parser) -> Completed {
    let first = p.pos();
    let node = p.start();
    branch(p, first);
    loop {
        if foreign::at_elif(p) {
            foreign::elif(p);
            branch(p, first);
            continue;
        }
        if !p.at(SyntaxKind::ElseKw) {
            break;
        }
        p.found_again();
        p.bump();
        if p.at(SyntaxKind::IfKw) && !p.at_line_end() {
            branch(p, first);
            continue;
        }
        statements::block(
            p,
            first,
            "write `else { .. }` or `else if condition { .. }`",
        );
        break;
    }
    p.complete(node, SyntaxKind::IfExpr)
}

/// `if condition { .. }`, from an `if`, or from a word that stands for `else if`.
fn branch(p: &mut Parser, first: usize) {
    let node = p.start();
    p.bump_as(SyntaxKind::IfKw);
    if p.at_line_end() {
        p.expected("a condition");
    } else if p.at(SyntaxKind::LBrace) && !entries::is_record(p) {
        let report = p
            .expectation("a condition")
            .help("write `if condition { .. }`");
        p.report(report);
    } else {
        condition(p);
    }
    if p.is_lost() {
        p.skip_until(|p| p.at(SyntaxKind::LBrace) || p.at_line_end());
    }
    statements::block(p, first, "a branch stands in braces: `if condition { .. }`");
    p.complete(node, SyntaxKind::Branch);
}

/// `for name in list limit n { .. }`
pub fn for_expr(p: &mut Parser) -> Completed {
    let first = p.pos();
    let node = p.start();
    p.bump();
    let paren = p.at(SyntaxKind::LParen);
    if paren {
        let report = Diagnostic::new(codes::FOREIGN_WORD, p.here(), "a loop has no parentheses")
            .label("expected the name of the loop's item")
            .help("write `for x in list { .. }`");
        p.fail(report);
    } else if name(p, "the name of the loop's item") {
        over(p);
    }
    if p.is_lost() {
        p.skip_until(|p| p.at(SyntaxKind::LBrace) || p.at_line_end());
    }
    statements::block(
        p,
        first,
        "a loop's body stands in braces: `for x in list { .. }`",
    );
    p.complete(node, SyntaxKind::ForExpr)
}

/// `in list limit n`
fn over(p: &mut Parser) {
    if p.at(SyntaxKind::Comma) && p.nth(1) == SyntaxKind::Ident && p.nth(2) == SyntaxKind::InKw {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.here(),
            "a loop has one name for its item",
        )
        .label("expected `in`")
        .help("loop over a list of records and read their fields: `for x in list { f(x.a, x.b) }`");
        p.fail(report);
        return;
    }
    if p.at_word("of") || p.at(SyntaxKind::Eq) || p.at(SyntaxKind::Colon) {
        let report = Diagnostic::new(
            codes::FOREIGN_WORD,
            p.here(),
            "a loop runs over a list with `in`",
        )
        .label("expected `in`")
        .help("write `for x in list { .. }`");
        p.report(report);
        p.bump_error();
    } else if !p.expect(SyntaxKind::InKw, "`in`") {
        return;
    }
    if p.at_line_end() {
        p.expected("a list to loop over");
        return;
    }
    value(p, "a list to loop over");
    foreign::in_list(p);
    if p.at(SyntaxKind::Comma) && p.nth_is_word(1, "limit") && !p.is_lost() {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.here(),
            "no comma stands before `limit`",
        )
        .label("expected `limit`")
        .help("write `for x in list limit 2 { .. }`");
        p.report(report);
        p.bump_error();
    }
    if p.at_word("limit") && !p.at_line_end() && !p.is_lost() {
        p.bump_as(SyntaxKind::LimitKw);
        if p.at(SyntaxKind::Eq) || p.at(SyntaxKind::Colon) {
            let report = Diagnostic::new(
                codes::EQUALS_OR_COLON,
                p.here(),
                "a limit is written without a sign",
            )
            .label("expected a number")
            .help("write `for x in list limit 2 { .. }`");
            p.report(report);
            p.bump_error();
        }
        if p.at_line_end() {
            p.expected("how many may run at once");
            return;
        }
        value(p, "how many may run at once");
    }
}
