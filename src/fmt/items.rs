//! A file and its definitions.

use super::blocks::{self, Row, align};
use super::doc::{Doc, WIDTH, flat_width};
use super::exprs::{entry, port, spaced, ty};
use super::gap::Gap;
use super::lists::{list, solid};
use super::writer::{Sep, Writer, first_token};
use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// How far in `->` stands on a line of its own.
const OUTPUTS: usize = 4;

pub fn file(root: &SyntaxNode) -> Vec<Doc> {
    let mut w = Writer::default();
    let mut rows = Vec::new();
    let mut last = None;
    for node in root.children() {
        let kind = node.kind();
        let is_long = |kind| matches!(kind, SyntaxKind::Component | SyntaxKind::Pipeline);
        let sep = match last {
            None => Sep::HardTight,
            Some(last) if last != kind || is_long(kind) => Sep::Empty,
            Some(_) => Sep::Hard,
        };
        let apart = first_token(&node).is_some_and(|token| {
            let gap = Gap::before(&token);
            gap.has_blank() || gap.comments.iter().any(|comment| comment.own_line)
        });
        let before = w.before_node(&node, sep);
        let (name, rest) = item(&mut w, &node);
        rows.push(Row {
            before,
            name,
            rest,
            apart: apart || matches!(sep, Sep::Empty),
        });
        last = Some(kind);
    }
    let mut docs = align(rows, 0);
    docs.extend(w.at_end(root));
    docs
}

/// What stands left of an `=`, and the rest of the definition.
fn item(w: &mut Writer, node: &SyntaxNode) -> (Option<Vec<Doc>>, Vec<Doc>) {
    match node.kind() {
        SyntaxKind::Component | SyntaxKind::Pipeline => (None, definition(w, node)),
        SyntaxKind::TypeDef => type_def(w, node),
        _ => (None, words(w, node)),
    }
}

/// `use`, `artifact`: words side by side.
fn words(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        match part {
            SyntaxElement::Token(token) if at == 0 => docs.extend(w.token(&token)),
            SyntaxElement::Token(token) => docs.extend(w.next(&token, Sep::Blank)),
            SyntaxElement::Node(names) => {
                docs.extend(w.before_node(&names, Sep::Blank));
                docs.extend(list(w, &names, false, |w, name| {
                    spaced(w, name, |_, _| Sep::Blank)
                }));
            }
        }
    }
    docs
}

fn type_def(w: &mut Writer, node: &SyntaxNode) -> (Option<Vec<Doc>>, Vec<Doc>) {
    let mut name = None;
    let mut docs = Vec::new();
    for (at, part) in solid(node).into_iter().enumerate() {
        match part {
            SyntaxElement::Token(token) if at == 0 => docs.extend(w.token(&token)),
            SyntaxElement::Token(token) => {
                if token.kind() == SyntaxKind::Eq {
                    name = Some(std::mem::take(&mut docs));
                }
                docs.extend(w.next(&token, Sep::Blank));
            }
            SyntaxElement::Node(body) => {
                docs.extend(w.before_node(&body, Sep::Blank));
                docs.extend(ty(w, &body));
            }
        }
    }
    (name, docs)
}

/// `component name(inputs) -> outputs { .. }`, `pipeline name(params) -> outputs { .. }`
fn definition(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    use SyntaxKind::*;
    // Name and ports; then the outputs with what stands before them.
    let mut head = Vec::new();
    let mut arrow = Vec::new();
    let mut outputs = Vec::new();
    let mut has_ports = false;
    for (at, part) in solid(node).into_iter().enumerate() {
        match part {
            SyntaxElement::Token(token) if at == 0 => head.extend(w.token(&token)),
            SyntaxElement::Token(token) => head.extend(w.next(&token, Sep::Blank)),
            SyntaxElement::Node(part) => match part.kind() {
                PortList => {
                    has_ports = part.first_child().is_some();
                    head.extend(w.before_node(&part, Sep::Nothing));
                    head.extend(list(w, &part, false, port));
                }
                Outputs => {
                    arrow = w.before_node(&part, Sep::Blank);
                    outputs = outputs_of(w, &part);
                }
                _ => {
                    let (mut docs, force) = arrange(
                        std::mem::take(&mut head),
                        std::mem::take(&mut arrow),
                        std::mem::take(&mut outputs),
                        has_ports,
                    );
                    docs.extend(w.before_node(&part, Sep::Blank));
                    docs.extend(match part.kind() {
                        Block => {
                            let docs = blocks::block(w, &part, force);
                            vec![Doc::group(docs)]
                        }
                        _ => list(w, &part, force, entry),
                    });
                    return docs;
                }
            },
        }
    }
    head
}

/// The head of a definition: on one line; else with the outputs on the next; else with a port a line. In the latter cases its body
/// stands on lines of its own.
fn arrange(
    mut head: Vec<Doc>,
    arrow: Vec<Doc>,
    outputs: Vec<Doc>,
    has_ports: bool,
) -> (Vec<Doc>, bool) {
    // With the ` {` behind it.
    let fits = |indent: usize, width: Option<usize>| {
        width.is_some_and(|width| indent + width + 2 <= WIDTH)
    };
    let (ports, rest) = (flat_width(&head), flat_width(&outputs));
    let has_arrow_only = matches!(arrow.as_slice(), [Doc::Text(_)]);
    let whole = ports
        .zip(rest)
        .map(|(ports, rest)| ports + rest + arrow.len());
    if fits(0, whole) {
        head.extend(arrow);
        head.extend(outputs);
        return (head, false);
    }
    if has_arrow_only && ports.is_some_and(|ports| ports <= WIDTH) && fits(OUTPUTS, rest) {
        head.push(Doc::Hard {
            extra: OUTPUTS,
            blank: false,
        });
        head.extend(outputs);
        return (head, true);
    }
    if has_ports && let Some(Doc::Group { broken, .. }) = head.last_mut() {
        *broken = true;
    }
    head.extend(arrow);
    head.extend(outputs);
    (head, true)
}

/// `-> type`, `-> ( .. )`
fn outputs_of(w: &mut Writer, node: &SyntaxNode) -> Vec<Doc> {
    let mut docs = Vec::new();
    for part in solid(node) {
        match part {
            SyntaxElement::Token(token) => docs.extend(w.token(&token)),
            SyntaxElement::Node(part) => {
                docs.extend(w.before_node(&part, Sep::Blank));
                docs.extend(match part.kind() {
                    SyntaxKind::PortList => list(w, &part, false, port),
                    _ => ty(w, &part),
                });
            }
        }
    }
    docs
}
