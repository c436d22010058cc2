//! Expressions and types.

use super::blocks;
use super::doc::Doc;
use super::lists::{list, solid};
use super::writer::{Sep, Writer};
use crate::syntax::ast::BinaryOp;
use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// How far in an expression goes on in a new line.
pub const CONTINUATION: usize = 4;

pub fn expr(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    use SyntaxKind::*;
    match node.kind() {
        Literal | FString | NameExpr => joined(w, node),
        FieldExpr => field(w, node),
        CallExpr => call(w, node),
        Arg => spaced(w, node, |_, _| Sep::Nothing),
        UnaryExpr => spaced(w, node, |before, _| match before {
            Some(NotKw) => Sep::Blank,
            _ => Sep::Nothing,
        }),
        BinaryExpr => binary(w, node),
        AsExpr | With => spaced(w, node, |_, _| Sep::Blank),
        ParenExpr => paren(w, node),
        ListExpr => list(w, node, false, expr),
        RecordExpr => list(w, node, false, entry),
        IfExpr => blocks::if_expr(w, node),
        ForExpr => blocks::for_expr(w, node),
        _ => ty(w, node),
    }
}

pub fn ty(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    use SyntaxKind::*;
    match node.kind() {
        TypeArgs => list(w, node, false, ty),
        OptionalType => optional(w, node),
        RefinedType | OneOf | Matches => spaced(w, node, |_, _| Sep::Blank),
        Range => spaced(w, node, |before, _| match before {
            Some(InKw) => Sep::Blank,
            _ => Sep::Nothing,
        }),
        RecordType => list(w, node, false, record_entry),
        _ => spaced(w, node, |_, _| Sep::Nothing),
    }
}

/// `key: value`
pub fn entry(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    spaced(w, node, after_colon)
}

fn record_entry(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    match node.kind() {
        SyntaxKind::Spread => spaced(w, node, |_, _| Sep::Nothing),
        _ => spaced(w, node, after_colon),
    }
}

/// `name: type = default`
pub fn port(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    spaced(w, node, |before, at| match at {
        SyntaxKind::Eq => Sep::Blank,
        _ if before == Some(SyntaxKind::Eq) => Sep::Blank,
        _ => after_colon(before, at),
    })
}

fn after_colon(before: Option<SyntaxKind>, _: SyntaxKind) -> Sep {
    match before {
        Some(SyntaxKind::Colon) => Sep::Blank,
        _ => Sep::Nothing,
    }
}

/// The children in turn. `sep` is told the kinds before and after it.
pub fn spaced(
    w: &mut Writer,
    node: &SyntaxNode,
    sep: fn(Option<SyntaxKind>, SyntaxKind) -> Sep,
) -> Vec<Doc> {
    let mut docs = Vec::new();
    let mut before = None;
    for element in solid(node) {
        let kind = element.kind();
        let sep = sep(before, kind);
        match element {
            SyntaxElement::Node(node) => {
                if before.is_some() {
                    docs.extend(w.before_node(&node, sep));
                }
                docs.extend(expr(w, &node));
            }
            SyntaxElement::Token(token) if before.is_some() => docs.extend(w.next(&token, sep)),
            SyntaxElement::Token(token) => docs.extend(w.token(&token)),
        }
        before = Some(kind);
    }
    docs
}

/// All tokens, with nothing between them.
fn joined(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for token in node
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia())
    {
        docs.extend(w.token(&token));
        if token.kind() == SyntaxKind::TripleString {
            docs.pop();
            docs.push(Doc::Triple(token.text().to_owned()));
        }
    }
    docs
}

fn field(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    use SyntaxKind::*;
    // `1 .x`: the point must not become the number's.
    let base = node.first_child();
    let is_number = base.is_some_and(|base| {
        base.kind() == Literal
            && base
                .last_token()
                .is_some_and(|token| matches!(token.kind(), Int | Float | Duration | Size))
    });
    match is_number {
        true => spaced(w, node, |_, at| match at {
            Dot => Sep::Blank,
            _ => Sep::Nothing,
        }),
        false => spaced(w, node, |_, _| Sep::Nothing),
    }
}

fn call(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for part in node.children() {
        if part.kind() == SyntaxKind::ArgList {
            docs.extend(w.before_node(&part, Sep::Nothing));
            docs.extend(list(w, &part, false, expr));
        } else {
            docs.extend(expr(w, &part));
        }
    }
    docs
}

fn paren(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    let mut inner = Vec::new();
    for part in solid(node) {
        match part {
            SyntaxElement::Node(value) => {
                inner.extend(w.before_node(&value, Sep::Soft));
                inner.extend(expr(w, &value));
            }
            SyntaxElement::Token(token) if token.kind() == SyntaxKind::LParen => {
                docs.extend(w.token(&token));
            }
            SyntaxElement::Token(token) => {
                inner.extend(w.last_comments(&token));
                docs.push(Doc::Indent(super::doc::INDENT, std::mem::take(&mut inner)));
                docs.push(Doc::SOFT);
                docs.extend(w.token(&token));
            }
        }
    }
    vec![Doc::group(docs)]
}

/// Several `?` are one.
fn optional(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    let mut marked = false;
    for part in solid(node) {
        match part {
            SyntaxElement::Node(inner) => docs.extend(ty(w, &inner)),
            SyntaxElement::Token(token) if marked => w.leave_out(&token),
            SyntaxElement::Token(token) => {
                docs.extend(w.before(&token, Sep::Nothing));
                docs.push(Doc::text("?"));
                marked = true;
            }
        }
    }
    docs
}

/// How a chain of operators is taken apart: operators of one class stand in one row.
fn class(kind: SyntaxKind) -> u8 {
    use BinaryOp::*;
    match BinaryOp::of(kind) {
        Some(Or) => 0,
        Some(And) => 1,
        Some(Coalesce) => 3,
        Some(Add | Subtract) => 4,
        Some(Multiply | Divide | Remainder) => 5,
        _ => 2,
    }
}

fn operator(node: &SyntaxNode) -> Option<SyntaxToken> {
    solid(node)
        .into_iter()
        .filter_map(SyntaxElement::into_token)
        .find(|token| BinaryOp::of(token.kind()).is_some())
}

/// The operands and operators of a chain, in turn.
fn chain(node: &SyntaxNode, of: u8, row: &mut Vec<SyntaxElement>) {
    for part in solid(node) {
        match part {
            SyntaxElement::Node(operand)
                if operand.kind() == SyntaxKind::BinaryExpr
                    && operator(&operand).is_some_and(|token| class(token.kind()) == of) =>
            {
                chain(&operand, of, row);
            }
            part => row.push(part),
        }
    }
}

/// A line may end before `and`, `or` and `??`, and after the other operators: there a line end is a blank wherever it stands.
fn binary(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut row = Vec::new();
    let of = operator(node).map_or(0, |token| class(token.kind()));
    chain(node, of, &mut row);
    let leads = matches!(of, 0 | 1 | 3);
    let (before, after) = match leads {
        true => (Sep::Line, Sep::Blank),
        false => (Sep::Blank, Sep::Line),
    };
    let mut docs = Vec::new();
    for (at, part) in row.into_iter().enumerate() {
        match part {
            SyntaxElement::Node(operand) => {
                if at > 0 {
                    docs.extend(w.before_node(&operand, after));
                }
                docs.extend(expr(w, &operand));
            }
            SyntaxElement::Token(token) => docs.extend(w.next(&token, before)),
        }
    }
    vec![Doc::group(vec![Doc::Indent(CONTINUATION, docs)])]
}
