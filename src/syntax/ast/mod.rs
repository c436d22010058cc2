//! Typed views of the tree.
//!
//! A view is a cheap handle on a node or token. Every accessor gives an `Option` (or a possibly empty list), because the tree of a
//! faulty file has holes; what is missing was already reported. `range` and `span` leave out doc comments and blanks.

mod exprs;
mod items;
mod statements;
mod types;

pub use exprs::*;
pub use items::*;
pub use rowan::TextRange;
pub use statements::*;
pub use types::*;

use super::kind::SyntaxKind;
use super::strings;
use super::tree::{SyntaxNode, SyntaxToken, span_of, trimmed_range};
use crate::source::{FileId, Span};

/// A view of a node.
pub trait AstNode: Sized {
    /// The view of `node`, if it is of the right kind.
    fn cast(node: SyntaxNode) -> Option<Self>;

    fn syntax(&self) -> &SyntaxNode;

    /// From the first to the last token that is no blank and no comment.
    fn range(&self) -> TextRange {
        trimmed_range(self.syntax())
    }

    /// [`range`](Self::range), in `file`.
    fn span(&self, file: FileId) -> Span {
        span_of(file, self.range())
    }
}

/// Declares views of one kind of node each.
macro_rules! nodes {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct $name(SyntaxNode);

            impl AstNode for $name {
                fn cast(node: SyntaxNode) -> Option<Self> {
                    (node.kind() == SyntaxKind::$name).then_some($name(node))
                }

                fn syntax(&self) -> &SyntaxNode {
                    &self.0
                }
            }
        )*
    };
}
use nodes;

/// Declares views that are one of several others.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident($node:ident),)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub enum $name {
                $($(#[$variant_doc])* $variant($node),)*
            }

            impl AstNode for $name {
                fn cast(node: SyntaxNode) -> Option<Self> {
                    match node.kind() {
                        $(SyntaxKind::$node => $node::cast(node).map($name::$variant),)*
                        _ => None,
                    }
                }

                fn syntax(&self) -> &SyntaxNode {
                    match self {
                        $($name::$variant(node) => node.syntax(),)*
                    }
                }
            }
        )*
    };
}
use choices;

/// A name where it is defined or used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(SyntaxToken);

impl Name {
    pub fn text(&self) -> &str {
        self.0.text()
    }

    pub fn syntax(&self) -> &SyntaxToken {
        &self.0
    }

    pub fn range(&self) -> TextRange {
        self.0.text_range()
    }

    pub fn span(&self, file: FileId) -> Span {
        span_of(file, self.range())
    }
}

/// The key of an entry: a name or a quoted string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(SyntaxToken);

impl Key {
    /// The name, or what the string holds; nothing when the string was reported.
    pub fn text(&self) -> Option<String> {
        match self.0.kind() {
            SyntaxKind::String => strings::plain(self.0.text())
                .ok()
                .map(|decoded| decoded.text),
            _ => Some(self.0.text().to_owned()),
        }
    }

    pub fn is_quoted(&self) -> bool {
        self.0.kind() == SyntaxKind::String
    }

    pub fn syntax(&self) -> &SyntaxToken {
        &self.0
    }

    pub fn range(&self) -> TextRange {
        self.0.text_range()
    }

    pub fn span(&self, file: FileId) -> Span {
        span_of(file, self.range())
    }
}

fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    node.children().find_map(N::cast)
}

fn children<N: AstNode + 'static>(node: &SyntaxNode) -> impl Iterator<Item = N> + use<N> {
    node.children().filter_map(N::cast)
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    node.children_with_tokens()
        .filter_map(|element| element.into_token())
}

fn token(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == kind)
}

/// The first name among the tokens of `node`.
fn name(node: &SyntaxNode) -> Option<Name> {
    token(node, SyntaxKind::Ident).map(Name)
}

fn names(node: &SyntaxNode) -> impl Iterator<Item = Name> + use<> {
    tokens(node)
        .filter(|token| token.kind() == SyntaxKind::Ident)
        .map(Name)
}

/// The first name or string among the tokens of `node`.
fn key(node: &SyntaxNode) -> Option<Key> {
    tokens(node)
        .find(|token| matches!(token.kind(), SyntaxKind::Ident | SyntaxKind::String))
        .map(Key)
}

/// The text of a string that is a token of `node` itself.
fn string(node: &SyntaxNode) -> Option<String> {
    tokens(node)
        .find_map(|token| match token.kind() {
            SyntaxKind::String => strings::plain(token.text()).ok(),
            SyntaxKind::TripleString => strings::triple(token.text()).ok(),
            _ => None,
        })
        .map(|decoded| decoded.text)
}

/// The doc comment of a node: its lines without `##` and the blank after it, joined by line ends; empty without one.
fn doc(node: &SyntaxNode) -> String {
    let lines: Vec<String> = tokens(node)
        .take_while(|token| token.kind().is_trivia())
        .filter(|token| token.kind() == SyntaxKind::DocComment)
        .map(|token| {
            let text = token.text().trim_start_matches("##");
            text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}
