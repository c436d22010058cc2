//! What stands between two tokens: comments and empty lines.

use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

#[derive(Clone, Debug)]
pub struct Comment {
    pub text: String,
    pub is_doc: bool,
    /// It begins a line; else it stands behind a token.
    pub own_line: bool,
    /// An empty line stands above it.
    pub blank: bool,
}

/// The trivia before a token.
#[derive(Debug, Default)]
pub struct Gap {
    pub comments: Vec<Comment>,
    /// There is a line end in it.
    pub line_end: bool,
    /// An empty line stands right above the token.
    pub blank: bool,
    /// No token stands before it.
    pub at_start: bool,
}

impl Gap {
    pub fn before(token: &SyntaxToken) -> Gap {
        Gap::ending_with(token.prev_token())
    }

    /// What stands behind the last token of a file.
    pub fn at_end(root: &SyntaxNode) -> Gap {
        Gap::ending_with(root.last_token())
    }

    fn ending_with(last: Option<SyntaxToken>) -> Gap {
        let mut trivia = Vec::new();
        let mut at = last;
        while let Some(token) = at.take_if(|token| token.kind().is_trivia()) {
            at = token.prev_token();
            trivia.push(token);
        }
        Gap::of(trivia.iter().rev(), at.is_none())
    }

    fn of<'t>(trivia: impl Iterator<Item = &'t SyntaxToken>, at_start: bool) -> Gap {
        let mut gap = Gap {
            at_start,
            ..Gap::default()
        };
        // The first token of a file begins a line.
        let mut line_ends = usize::from(at_start);
        for token in trivia {
            match token.kind() {
                SyntaxKind::Newline => {
                    line_ends += 1;
                    gap.line_end = true;
                }
                kind @ (SyntaxKind::Comment | SyntaxKind::DocComment) => {
                    gap.comments.push(Comment {
                        text: token.text().trim_end().to_owned(),
                        is_doc: kind == SyntaxKind::DocComment,
                        own_line: line_ends > 0,
                        blank: line_ends > 1,
                    });
                    line_ends = 0;
                }
                _ => {}
            }
        }
        gap.blank = line_ends > 1;
        gap
    }

    /// Whether an empty line stands anywhere in it.
    pub fn has_blank(&self) -> bool {
        self.blank || self.comments.iter().any(|comment| comment.blank)
    }
}
