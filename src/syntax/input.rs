//! What the parser reads: the tokens without trivia, each with what the newline rule and doc comments need to know of the
//! trivia before it.

use super::kind::SyntaxKind;
use super::lexer::Lexed;

/// There is a line end between this token and the one before.
const LINE_START: u8 = 1;
/// The line end before it does not end a statement: the token continues the line above, or that line asks for more.
const CONTINUES: u8 = 2;
/// There is a doc comment before it.
const DOCUMENTED: u8 = 4;

#[derive(Debug)]
pub struct Input<'t> {
    pub text: &'t str,
    pub lexed: &'t Lexed,
    kinds: Vec<SyntaxKind>,
    /// Index of each token in `lexed`.
    raw: Vec<u32>,
    flags: Vec<u8>,
    odd_blanks: Vec<u32>,
}

impl<'t> Input<'t> {
    pub fn new(text: &'t str, lexed: &'t Lexed) -> Self {
        let mut input = Input {
            text,
            lexed,
            kinds: Vec::with_capacity(lexed.len() / 2),
            raw: Vec::with_capacity(lexed.len() / 2),
            flags: Vec::with_capacity(lexed.len() / 2),
            odd_blanks: Vec::new(),
        };
        let mut flags = LINE_START;
        for at in 0..lexed.len() {
            match lexed.kind(at) {
                SyntaxKind::Newline => flags |= LINE_START,
                SyntaxKind::DocComment => flags |= DOCUMENTED,
                SyntaxKind::OddBlank => input.odd_blanks.push(at as u32),
                SyntaxKind::Whitespace | SyntaxKind::Comment => {}
                kind => {
                    input.kinds.push(kind);
                    input.raw.push(at as u32);
                    input.flags.push(flags);
                    flags = 0;
                }
            }
        }
        for at in 1..input.len() {
            if input.flags[at] & LINE_START != 0 && input.continues(at) {
                input.flags[at] |= CONTINUES;
            }
        }
        input
    }

    /// Where blanks stand that are none, in bytes.
    pub fn odd_blanks(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.odd_blanks
            .iter()
            .map(|raw| self.lexed.range(*raw as usize))
    }

    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// `Eof` behind the last token.
    pub fn kind(&self, at: usize) -> SyntaxKind {
        self.kinds.get(at).copied().unwrap_or(SyntaxKind::Eof)
    }

    /// Index in `lexed`; its length behind the last token.
    pub fn raw(&self, at: usize) -> usize {
        self.raw
            .get(at)
            .map_or(self.lexed.len(), |raw| *raw as usize)
    }

    /// In bytes; empty behind the last token, at its end.
    pub fn range(&self, at: usize) -> std::ops::Range<usize> {
        match self.raw.get(at) {
            Some(raw) => self.lexed.range(*raw as usize),
            None => {
                let end = self
                    .raw
                    .last()
                    .map_or(0, |raw| self.lexed.end(*raw as usize));
                end..end
            }
        }
    }

    pub fn text(&self, at: usize) -> &'t str {
        &self.text[self.range(at)]
    }

    /// First on its line. The end of the file is.
    pub fn is_line_start(&self, at: usize) -> bool {
        self.flags
            .get(at)
            .is_none_or(|flags| flags & LINE_START != 0)
    }

    /// First on a line that does not continue the one above.
    pub fn is_statement_start(&self, at: usize) -> bool {
        self.flags
            .get(at)
            .is_none_or(|flags| flags & (LINE_START | CONTINUES) == LINE_START)
    }

    pub fn is_documented(&self, at: usize) -> bool {
        self.flags
            .get(at)
            .is_some_and(|flags| flags & DOCUMENTED != 0)
    }

    /// Nothing stands between this token and the one before it.
    pub fn is_joined(&self, at: usize) -> bool {
        at > 0 && self.raw(at) == self.raw(at - 1) + 1
    }

    /// The first column is 0.
    pub fn column(&self, at: usize) -> usize {
        let start = self.range(at).start;
        let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        start - line
    }

    /// The newline rule, for a token that is first on its line.
    fn continues(&self, at: usize) -> bool {
        use SyntaxKind::*;
        let asks_for_more = matches!(
            self.kinds[at - 1],
            Eq | Comma
                | Arrow
                | OrKw
                | AndKw
                | NotKw
                | EqEq
                | NotEq
                | Lt
                | LtEq
                | Gt
                | GtEq
                | Coalesce
                | Plus
                | Minus
                | Star
                | Slash
                | Percent
                | Dot
                | DotDotEq
                | Foreign
        );
        asks_for_more || self.begins_continuation(at)
    }

    /// A token that, when it is first on its line, continues the line above.
    pub fn begins_continuation(&self, at: usize) -> bool {
        use SyntaxKind::*;
        match self.kind(at) {
            Arrow | ElseKw | Dot | Coalesce | AndKw | OrKw => true,
            Ident => match self.text(at) {
                "with" => self.kind(at + 1) == LBrace && !self.is_line_start(at + 1),
                "after" => self.kind(at + 1) == Ident && !self.is_line_start(at + 1),
                _ => false,
            },
            _ => false,
        }
    }

    /// A word that begins a definition stands here, at the start of a line, with what must follow it.
    pub fn is_item_start(&self, at: usize) -> bool {
        if self.kind(at) != SyntaxKind::Ident
            || !self.is_line_start(at)
            || self.is_line_start(at + 1)
        {
            return false;
        }
        let next = self.kind(at + 1);
        match self.text(at) {
            "use" if matches!(next, SyntaxKind::String | SyntaxKind::LBrace) => true,
            "use" | "type" | "artifact" | "component" | "pipeline" => {
                let next_means_something = || {
                    matches!(
                        self.text(at + 1),
                        "as" | "limit" | "matches" | "with" | "after"
                    )
                };
                next == SyntaxKind::Ident && !next_means_something()
            }
            _ => false,
        }
    }
}
