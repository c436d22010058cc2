//! Blocks and statements.

use super::doc::{Doc, INDENT, WIDTH, flat_width};
use super::exprs::{CONTINUATION, entry, expr};
use super::gap::Gap;
use super::lists::{close_empty, is_opened, solid};
use super::writer::{Sep, Writer, first_token};
use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// A line of a block or of a file. In lines without an empty one between them, the `=` of those that have one stand below each other.
pub struct Row {
    pub before: Vec<Doc>,
    /// What stands left of an `=`.
    pub name: Option<Vec<Doc>>,
    pub rest: Vec<Doc>,
    /// It stands apart from the one above.
    pub apart: bool,
}

/// The rows one below the other, moved in by `indent` columns.
pub fn align(rows: Vec<Row>, indent: usize) -> Vec<Doc> {
    let widths: Vec<Option<(usize, usize)>> = rows
        .iter()
        .map(|row| {
            let name = flat_width(row.name.as_deref().unwrap_or_default())?;
            let rest = flat_width(&row.rest)?;
            (indent + name + rest <= WIDTH).then_some((name, rest))
        })
        .collect();
    let mut pads = vec![0; rows.len()];
    let mut start = 0;
    for at in 0..=rows.len() {
        let ends = at == rows.len() || rows[at].apart || widths[at].is_none();
        if !ends {
            continue;
        }
        let named = || (start..at).filter(|at| rows[*at].name.is_some());
        let longest = named()
            .filter_map(|at| widths[at])
            .map(|(name, _)| name)
            .max();
        for at in named() {
            if let (Some(longest), Some((name, rest))) = (longest, widths[at])
                && indent + longest + rest <= WIDTH
            {
                pads[at] = longest - name;
            }
        }
        start = at + usize::from(widths.get(at).is_some_and(Option::is_none));
    }
    let mut docs = Vec::new();
    for (row, pad) in rows.into_iter().zip(pads) {
        docs.extend(row.before);
        docs.extend(row.name.into_iter().flatten());
        if pad > 0 {
            docs.push(Doc::text(" ".repeat(pad)));
        }
        docs.extend(row.rest);
    }
    docs
}

/// `{ .. }` of statements. Not a group: the blocks of one `if` are.
pub fn block(w: &mut Writer, node: &SyntaxNode, force: bool) -> Vec<Doc> {
    let parts = solid(node);
    let token = |element: Option<&SyntaxElement>| element.and_then(|it| it.as_token()).cloned();
    let brackets = token(parts.first()).zip(token(parts.last()));
    let (open, close) = brackets.expect("a block has both its braces");
    let mut docs = w.token(&open);
    let inner = &parts[1..parts.len() - 1];
    if inner.is_empty() {
        docs.extend(close_empty(w, &close));
        return docs;
    }
    let on_one_line = match inner {
        [SyntaxElement::Node(only)] => !(force || is_opened(&open) || is_compound(only)),
        _ => false,
    };
    w.depth += 1;
    let mut rows = Vec::new();
    let mut last = None;
    for part in inner {
        let node = match part {
            SyntaxElement::Token(comma) => {
                w.leave_out(comma);
                continue;
            }
            SyntaxElement::Node(node) => node,
        };
        let is_entry = node.kind() == SyntaxKind::Entry;
        let sep = match last {
            None if on_one_line => Sep::Line,
            None => Sep::HardTight,
            Some(SyntaxKind::Entry) if !is_entry => Sep::Empty,
            Some(_) => Sep::Hard,
        };
        let apart = matches!(sep, Sep::Empty)
            || first_token(node).is_some_and(|token| Gap::before(&token).has_blank());
        let before = w.before_node(node, sep);
        let (name, rest) = match node.kind() {
            SyntaxKind::Entry => (None, entry(w, node)),
            _ => statement(w, node),
        };
        rows.push(Row {
            before,
            name,
            rest,
            apart,
        });
        last = Some(node.kind());
    }
    let mut inner = align(rows, w.depth * INDENT);
    w.depth -= 1;
    inner.extend(w.last_comments(&close));
    docs.push(Doc::Indent(INDENT, inner));
    docs.push(match on_one_line {
        true => Doc::LINE,
        false => Doc::HARD,
    });
    docs.extend(w.token(&close));
    docs
}

/// An attribute, or a statement with a block of its own.
fn is_compound(statement: &SyntaxNode) -> bool {
    use SyntaxKind::*;
    matches!(statement.kind(), Entry | Finally)
        || statement
            .children()
            .any(|value| matches!(value.kind(), IfExpr | ForExpr))
}

/// The name that is assigned, and the rest of the statement.
fn statement(w: &mut Writer, node: &SyntaxNode) -> (Option<Vec<Doc>>, Vec<Doc>) {
    use SyntaxKind::*;
    let mut name = None;
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        let kind = part.kind();
        match part {
            SyntaxElement::Token(token) if at == 0 => docs.extend(w.token(&token)),
            SyntaxElement::Token(comma) if kind == Comma => {
                w.leave_out(&comma);
                docs.push(Doc::text(","));
            }
            SyntaxElement::Token(token) => {
                if kind == Eq {
                    name = Some(std::mem::take(&mut docs));
                }
                docs.extend(w.next(&token, Sep::Blank));
            }
            SyntaxElement::Node(part) if kind == After => docs.push(after(w, &part)),
            SyntaxElement::Node(part) if node.kind() == Require && at > 1 => {
                let mut message = w.before_node(&part, Sep::Line);
                message.extend(expr(w, &part));
                docs.push(Doc::Indent(CONTINUATION, message));
            }
            SyntaxElement::Node(part) => {
                if at > 0 {
                    docs.extend(w.before_node(&part, Sep::Blank));
                }
                docs.extend(match kind {
                    Block => vec![Doc::group(block(w, &part, false))],
                    _ => expr(w, &part),
                });
            }
        }
    }
    if node.kind() == Require {
        docs = vec![Doc::group(docs)];
    }
    (name, docs)
}

/// `after a, b`, with the blank or line end before it.
fn after(w: &mut Writer, node: &SyntaxNode) -> Doc {
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        let Some(token) = part.into_token() else {
            continue;
        };
        match (at, token.kind()) {
            (0, _) => docs.extend(w.next(&token, Sep::Line)),
            (1, _) => docs.extend(w.next(&token, Sep::Blank)),
            (_, SyntaxKind::Comma) => {
                w.leave_out(&token);
                docs.push(Doc::text(","));
            }
            _ => {
                let width = super::doc::columns(token.text());
                docs.extend(w.next(&token, Sep::Fill(width)));
            }
        }
    }
    Doc::group(vec![Doc::Indent(CONTINUATION, docs)])
}

/// `if condition { .. } else if condition { .. } else { .. }`
pub fn if_expr(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        match part {
            SyntaxElement::Token(keyword) => docs.extend(w.next(&keyword, Sep::Flush)),
            SyntaxElement::Node(part) => {
                if at > 0 {
                    docs.extend(w.before_node(&part, Sep::Blank));
                }
                docs.extend(match part.kind() {
                    SyntaxKind::Block => block(w, &part, false),
                    _ => with_block(w, &part),
                });
            }
        }
    }
    vec![Doc::group(docs)]
}

/// `for x in xs limit n { .. }`
pub fn for_expr(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    vec![Doc::group(with_block(w, node))]
}

/// Words and expressions, and a block.
fn with_block(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        match part {
            SyntaxElement::Token(token) if at == 0 => docs.extend(w.token(&token)),
            SyntaxElement::Token(token) => docs.extend(w.next(&token, Sep::Blank)),
            SyntaxElement::Node(part) => {
                docs.extend(w.before_node(&part, Sep::Blank));
                docs.extend(match part.kind() {
                    SyntaxKind::Block => block(w, &part, false),
                    _ => expr(w, &part),
                });
            }
        }
    }
    docs
}
