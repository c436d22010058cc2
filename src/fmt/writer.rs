//! Tokens with what stands before them. **Invariant:** a line ends between two tokens only where the grammar takes a line end for a
//! blank or a separator, or where a comment stood, because there a line ended already.

use super::doc::Doc;
use super::gap::{Comment, Gap};
use crate::syntax::{SyntaxNode, SyntaxToken};

/// What stands between two tokens when there is no comment.
#[derive(Clone, Copy, Debug)]
pub enum Sep {
    Nothing,
    Blank,
    /// A blank before what begins no new thought: a line that a comment makes of it is not moved in.
    Flush,
    /// [`Doc::SOFT`]; an empty line that was there stays only when `keep`.
    Soft,
    /// [`Doc::LINE`].
    Line,
    /// As `Line`; an empty line that was there stays.
    LineKept,
    /// [`Doc::Fill`]
    Fill(usize),
    /// A line end; an empty line that was there stays.
    Hard,
    /// A line end, and nothing more.
    HardTight,
    /// An empty line.
    Empty,
}

/// How far in a line begins that only a comment made necessary.
const CONTINUATION: usize = 4;

#[derive(Default)]
pub struct Writer {
    /// Comments before a token that is left out.
    carried: Vec<Comment>,
    /// Where the token begins whose gap is written already.
    written: Option<u32>,
    /// Blocks around the statement.
    pub depth: usize,
}

impl Writer {
    /// What stands before `token`.
    pub fn before(&mut self, token: &SyntaxToken, sep: Sep) -> Vec<Doc> {
        self.written = Some(token.text_range().start().into());
        self.gap(Gap::before(token), sep)
    }

    /// As [`before`](Self::before), for the first token of `node`.
    pub fn before_node(&mut self, node: &SyntaxNode, sep: Sep) -> Vec<Doc> {
        match first_token(node) {
            Some(token) => self.before(&token, sep),
            None => Vec::new(),
        }
    }

    fn gap(&mut self, mut gap: Gap, sep: Sep) -> Vec<Doc> {
        let comments = self.all_comments(&mut gap);
        if comments.is_empty() {
            return match gap.at_start {
                true => Vec::new(),
                false => self.plain(sep, gap.blank),
            };
        }
        let mut docs = Vec::new();
        // The first line end is `sep`, the others are due to the comments.
        let mut first = !gap.at_start;
        let mut end = |blank: bool| match sep {
            Sep::Nothing | Sep::Blank => Doc::Hard {
                extra: CONTINUATION,
                blank: false,
            },
            Sep::Flush => Doc::HARD,
            _ => Doc::Hard {
                extra: 0,
                blank: match (std::mem::replace(&mut first, false), sep) {
                    (true, Sep::Empty) => true,
                    (true, Sep::LineKept | Sep::Hard) | (false, _) => blank,
                    (true, _) => false,
                },
            },
        };
        for (at, comment) in comments.into_iter().enumerate() {
            if !comment.own_line {
                docs.push(Doc::Comment(comment.text));
                continue;
            }
            if at > 0 || !gap.at_start {
                docs.push(end(comment.blank));
            }
            docs.push(Doc::text(comment.text));
        }
        docs.push(end(gap.blank));
        docs
    }

    /// Those of tokens left out, and those of `gap`. Only the first can stand behind a token.
    fn all_comments(&mut self, gap: &mut Gap) -> Vec<Comment> {
        let mut comments = std::mem::take(&mut self.carried);
        let moved = comments.len();
        comments.append(&mut gap.comments);
        let mut documents_nothing = false;
        for (at, comment) in comments.iter_mut().enumerate() {
            // One that documented nothing must not come to stand above what it would document.
            if at >= moved && comment.own_line && documents_nothing {
                comment.blank = true;
                documents_nothing = false;
            }
            if at > 0 && !comment.own_line {
                comment.own_line = true;
                comment.blank = false;
                documents_nothing |= comment.is_doc;
            }
            documents_nothing |= at < moved && comment.own_line && comment.is_doc;
        }
        gap.blank |= documents_nothing;
        comments
    }

    fn plain(&self, sep: Sep, blank: bool) -> Vec<Doc> {
        let line = |flat, blank| Doc::Line { flat, blank };
        vec![match sep {
            Sep::Nothing => return Vec::new(),
            Sep::Blank | Sep::Flush => Doc::text(" "),
            Sep::Soft => Doc::SOFT,
            Sep::Line => Doc::LINE,
            Sep::LineKept => line(" ", blank),
            Sep::Fill(next) => Doc::Fill { next },
            Sep::Hard => Doc::Hard { extra: 0, blank },
            Sep::HardTight => Doc::HARD,
            Sep::Empty => Doc::Hard {
                extra: 0,
                blank: true,
            },
        }]
    }

    /// A token with what stands before it, when that was not written yet.
    pub fn token(&mut self, token: &SyntaxToken) -> Vec<Doc> {
        let mut docs = match self.written == Some(token.text_range().start().into()) {
            true => Vec::new(),
            false => self.before(token, Sep::Nothing),
        };
        docs.push(Doc::text(token.text()));
        docs
    }

    /// `sep` and the token.
    pub fn next(&mut self, token: &SyntaxToken, sep: Sep) -> Vec<Doc> {
        let mut docs = self.before(token, sep);
        docs.push(Doc::text(token.text()));
        docs
    }

    /// Leaves a token out; its comments stand before the next one.
    pub fn leave_out(&mut self, token: &SyntaxToken) {
        let mut gap = Gap::before(token);
        self.carried.append(&mut gap.comments);
    }

    /// The comments before a closing bracket, which stand further in than it.
    pub fn last_comments(&mut self, closing: &SyntaxToken) -> Vec<Doc> {
        self.written = Some(closing.text_range().start().into());
        self.comments_only(Gap::before(closing), true)
    }

    /// The comments behind the last token of a file.
    pub fn at_end(&mut self, root: &SyntaxNode) -> Vec<Doc> {
        let is_empty = first_token(root).is_none();
        self.comments_only(Gap::at_end(root), !is_empty)
    }

    /// `begun`: something stands above.
    fn comments_only(&mut self, mut gap: Gap, begun: bool) -> Vec<Doc> {
        let mut docs = Vec::new();
        for (at, comment) in self.all_comments(&mut gap).into_iter().enumerate() {
            if !comment.own_line {
                docs.push(Doc::Comment(comment.text));
                continue;
            }
            if begun || at > 0 {
                docs.push(Doc::Hard {
                    extra: 0,
                    blank: comment.blank,
                });
            }
            docs.push(Doc::text(comment.text));
        }
        docs
    }
}

pub fn first_token(node: &SyntaxNode) -> Option<SyntaxToken> {
    let mut token = node.first_token()?;
    while token.kind().is_trivia() {
        token = token.next_token()?;
    }
    Some(token)
}
