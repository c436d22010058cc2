//! What formatting must not change.

use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode, strings};

/// A tree without its layout: no blanks, line ends and commas, several `?` as one, the text of a `"""` string in place of its lines; and
/// with its comments in their order.
#[derive(Debug, PartialEq)]
pub struct Meaning {
    tree: Vec<Piece>,
    comments: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Piece {
    Open(SyntaxKind),
    /// The doc comment of the node that was opened last.
    Doc(Vec<String>),
    Token(SyntaxKind, String),
    Close,
}

pub fn of(root: &SyntaxNode) -> Meaning {
    let mut tree = Vec::new();
    node(root, &mut tree);
    let comments = root
        .descendants_with_tokens()
        .filter(|element| matches!(element.kind(), SyntaxKind::Comment | SyntaxKind::DocComment))
        .filter_map(SyntaxElement::into_token)
        .map(|token| token.text().trim_end().to_owned())
        .collect();
    Meaning { tree, comments }
}

fn node(this: &SyntaxNode, pieces: &mut Vec<Piece>) {
    use SyntaxKind::*;
    pieces.push(Piece::Open(this.kind()));
    if matches!(
        this.kind(),
        TypeDef | ArtifactDef | Component | Pipeline | Port | Field
    ) {
        let lines = this
            .children_with_tokens()
            .take_while(|element| element.kind().is_trivia())
            .filter(|element| element.kind() == DocComment)
            .filter_map(SyntaxElement::into_token)
            .map(|token| token.text().trim_end().to_owned());
        pieces.push(Piece::Doc(lines.collect()));
    }
    for element in this.children_with_tokens() {
        match element {
            SyntaxElement::Node(inner) => node(&inner, pieces),
            SyntaxElement::Token(token) => match token.kind() {
                Comma => {}
                kind if kind.is_trivia() => {}
                Question | Coalesce if this.kind() == OptionalType => {}
                TripleString => {
                    let text = strings::triple(token.text())
                        .map_or_else(|_| token.text().to_owned(), |decoded| decoded.text);
                    pieces.push(Piece::Token(TripleString, text));
                }
                kind => pieces.push(Piece::Token(kind, token.text().to_owned())),
            },
        }
    }
    pieces.push(Piece::Close);
}
