//! The lossless tree: rowan's, with our kinds.

use rowan::{TextRange, TextSize};

use super::kind::SyntaxKind;
use crate::source::{FileId, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mlp {}

impl rowan::Language for Mlp {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        raw.into()
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        kind.into()
    }
}

pub type SyntaxNode = rowan::SyntaxNode<Mlp>;
pub type SyntaxToken = rowan::SyntaxToken<Mlp>;
pub type SyntaxElement = rowan::SyntaxElement<Mlp>;

/// The place of a range in its file.
pub fn span_of(file: FileId, range: TextRange) -> Span {
    Span::new(file, range.start().into(), range.end().into())
}

/// A node's range without the blanks and comments at its ends.
pub fn trimmed_range(node: &SyntaxNode) -> TextRange {
    let whole = node.text_range();
    let first = first_solid(node.first_token(), whole, SyntaxToken::next_token);
    let last = first_solid(node.last_token(), whole, SyntaxToken::prev_token);
    match (first, last) {
        (Some(first), Some(last)) => first.text_range().cover(last.text_range()),
        _ => TextRange::empty(whole.start()),
    }
}

fn first_solid(
    mut from: Option<SyntaxToken>,
    within: TextRange,
    step: fn(&SyntaxToken) -> Option<SyntaxToken>,
) -> Option<SyntaxToken> {
    while let Some(token) = from.filter(|token| within.contains_range(token.text_range())) {
        if !token.kind().is_trivia() {
            return Some(token);
        }
        from = step(&token);
    }
    None
}

/// `range` moved so that it starts at `start`.
pub fn range_at(start: TextSize, range: std::ops::Range<usize>) -> TextRange {
    TextRange::new(
        start + TextSize::new(range.start as u32),
        start + TextSize::new(range.end as u32),
    )
}
