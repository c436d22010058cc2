//! Lists in brackets: on one line when they fit, else an element a line.

use super::doc::{Doc, INDENT, WIDTH, flat_width};
use super::gap::Gap;
use super::writer::{Sep, Writer, first_token};
use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// Children that are no trivia.
pub fn solid(node: &SyntaxNode) -> Vec<SyntaxElement> {
    node.children_with_tokens()
        .filter(|element| !element.kind().is_trivia())
        .collect()
}

/// What stands between two brackets: elements with the commas behind them.
struct Parts {
    open: SyntaxToken,
    elements: Vec<(SyntaxNode, Vec<SyntaxToken>)>,
    close: SyntaxToken,
}

impl Parts {
    fn of(node: &SyntaxNode) -> Parts {
        let mut tokens = Vec::new();
        let mut elements: Vec<(SyntaxNode, Vec<SyntaxToken>)> = Vec::new();
        for element in solid(node) {
            match element {
                SyntaxElement::Node(node) => elements.push((node, Vec::new())),
                SyntaxElement::Token(token) => match elements.last_mut() {
                    Some((_, commas)) if token.kind() == SyntaxKind::Comma => commas.push(token),
                    _ => tokens.push(token),
                },
            }
        }
        let mut tokens = tokens.into_iter();
        let brackets = tokens.next().zip(tokens.next());
        let (open, close) = brackets.expect("a list has both its brackets");
        Parts {
            open,
            elements,
            close,
        }
    }
}

/// Whether the first thing inside of `open` stands on a line of its own: then all do.
pub fn is_opened(open: &SyntaxToken) -> bool {
    let mut next = open.next_token();
    while let Some(token) = next.filter(|token| token.kind().is_trivia()) {
        if token.kind() == SyntaxKind::Newline {
            return true;
        }
        next = token.next_token();
    }
    false
}

/// A list of any kind of element. Its brackets are its first and its last token. `element` writes one, whose gap is written.
pub fn list(
    w: &mut Writer,
    node: &SyntaxNode,
    force: bool,
    element: fn(&mut Writer, &SyntaxNode) -> Vec<Doc>,
) -> Vec<Doc> {
    use SyntaxKind::*;
    let parts = Parts::of(node);
    let by_line = matches!(node.kind(), RecordExpr | RecordType | Body);
    let in_braces = by_line || node.kind() == UseList;
    let mut docs = w.token(&parts.open);
    if parts.elements.is_empty() {
        docs.extend(close_empty(w, &parts.close));
        return vec![Doc::group(docs)];
    }
    let force = force || is_opened(&parts.open);
    if let [(only, commas)] = parts.elements.as_slice()
        && !(force || in_braces)
        && holds_brackets(only)
        && !has_comments(&parts.close)
        && !commas.iter().any(has_comments)
        && !first_token(only).is_some_and(|token| has_comments(&token))
    {
        docs.extend(w.before_node(only, Sep::Nothing));
        docs.extend(element(w, only));
        commas.iter().for_each(|comma| w.leave_out(comma));
        docs.extend(w.token(&parts.close));
        return docs;
    }
    let (first, last) = match in_braces {
        true => (Sep::Line, Doc::LINE),
        false => (Sep::Soft, Doc::SOFT),
    };
    let fills = node.kind() == ListExpr && parts.elements.iter().all(|(node, _)| is_simple(node));
    let count = parts.elements.len();
    let mut inner = Vec::new();
    let mut line_ended = true;
    for (at, (node, commas)) in parts.elements.iter().enumerate() {
        line_ended |= first_token(node).is_some_and(|token| Gap::before(&token).line_end);
        let sep = match at {
            0 => first,
            _ if fills && !line_ended => Sep::Fill(0),
            _ => Sep::LineKept,
        };
        let mut before = w.before_node(node, sep);
        let own = element(w, node);
        let width = flat_width(&own).unwrap_or(WIDTH);
        before.iter_mut().for_each(|doc| {
            if let Doc::Fill { next } = doc {
                *next = width;
            }
        });
        inner.extend(before);
        inner.extend(own);
        line_ended = commas.iter().any(|comma| Gap::before(comma).line_end);
        commas.iter().for_each(|comma| w.leave_out(comma));
        match (at + 1 == count, by_line) {
            (true, true) => {}
            (true, false) => inner.push(Doc::IfBroken(",")),
            (false, true) => inner.push(Doc::IfFlat(",")),
            (false, false) => inner.push(Doc::text(",")),
        }
    }
    inner.extend(w.last_comments(&parts.close));
    docs.push(Doc::Indent(INDENT, inner));
    docs.push(last);
    docs.extend(w.token(&parts.close));
    vec![match force {
        true => Doc::broken(docs),
        false => Doc::group(docs),
    }]
}

/// The end of brackets with nothing but comments inside.
pub fn close_empty(w: &mut Writer, close: &SyntaxToken) -> Vec<Doc> {
    let comments = w.last_comments(close);
    let mut docs = Vec::new();
    if !comments.is_empty() {
        docs.push(Doc::Indent(INDENT, comments));
        docs.push(Doc::HARD);
    }
    docs.extend(w.token(close));
    docs
}

fn has_comments(token: &SyntaxToken) -> bool {
    !Gap::before(token).comments.is_empty()
}

/// A list or a record, also with a name before it: alone in brackets, it needs no lines of its own.
fn holds_brackets(node: &SyntaxNode) -> bool {
    use SyntaxKind::*;
    match node.kind() {
        ListExpr | RecordExpr | RecordType => true,
        Arg => {
            let has_inner_comment = node
                .descendants_with_tokens()
                .filter_map(SyntaxElement::into_token)
                .filter(|token| token.parent().as_ref() == Some(node))
                .any(|token| matches!(token.kind(), Comment | DocComment));
            node.children().all(|value| holds_brackets(&value)) && !has_inner_comment
        }
        _ => false,
    }
}

/// What may stand beside others of its kind on one of several lines.
fn is_simple(node: &SyntaxNode) -> bool {
    use SyntaxKind::*;
    match node.kind() {
        Literal | FString | NameExpr | FieldExpr => true,
        ListExpr => node.children().all(|inner| is_simple(&inner)),
        _ => false,
    }
}
