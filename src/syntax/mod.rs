//! From text to a tree: `lexer` -> `parser` (events) -> `tree` (rowan), with typed views in `ast`.
//!
//! The tree is lossless, so that the formatter and the editor work on it too. Parsing cannot fail: every text has a tree and a list
//! of what is wrong with it.

pub mod ast;
mod brackets;
mod builder;
mod grammar;
mod input;
pub mod kind;
pub mod lexer;
pub mod numbers;
mod parser;
pub mod strings;
#[cfg(test)]
mod tests;
pub mod tree;

use rowan::GreenNode;

pub use kind::SyntaxKind;
pub use tree::{SyntaxElement, SyntaxNode, SyntaxToken};

use crate::diagnostics::Diagnostic;
use crate::source::FileId;
use ast::AstNode;
use input::Input;
use parser::Parser;

/// A text's tree and what is wrong with the text.
#[derive(Clone, Debug)]
pub struct Parse {
    /// Can be shared between threads; its text is the file's, byte for byte.
    pub root: GreenNode,
    /// In the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parse {
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.root.clone())
    }

    pub fn ast(&self) -> ast::File {
        ast::File::cast(self.syntax()).expect("the root of a tree is a file")
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Parses the text of a `.mlp` file.
pub fn parse(file: FileId, text: &str) -> Parse {
    let lexed = lexer::lex(text);
    let input = Input::new(text, &lexed);
    let mut parser = Parser::new(file, &input);
    grammar::file(&mut parser);
    let (events, mut diagnostics) = parser.finish();
    let (root, warnings) = builder::build(file, &input, events);
    // Where a definition was not understood, it is no wonder that its comment documents nothing.
    if !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(warnings);
    }
    diagnostics.sort_by_key(|diagnostic| {
        let span = diagnostic.primary().span;
        (span.start, span.end)
    });
    Parse { root, diagnostics }
}
