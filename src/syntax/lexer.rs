//! Text to tokens. Every byte is in one token; nothing is reported here.

use logos::Logos;

use super::kind::SyntaxKind;
use super::numbers;

/// The tokens of a text, trivia included.
#[derive(Debug, Default)]
pub struct Lexed {
    kinds: Vec<SyntaxKind>,
    /// Where each token ends, in bytes.
    ends: Vec<u32>,
}

impl Lexed {
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    pub fn kind(&self, at: usize) -> SyntaxKind {
        self.kinds[at]
    }

    pub fn start(&self, at: usize) -> usize {
        at.checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize)
    }

    pub fn end(&self, at: usize) -> usize {
        self.ends[at] as usize
    }

    /// In bytes of the text.
    pub fn range(&self, at: usize) -> std::ops::Range<usize> {
        self.start(at)..self.end(at)
    }

    fn push(&mut self, kind: SyntaxKind, end: usize) {
        self.kinds.push(kind);
        self.ends.push(end as u32);
    }
}

/// What logos tells apart; numbers and strings are scanned on from here by hand.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
enum Word {
    #[regex(r"[ \t\r\x0c\u{feff}]+")]
    Whitespace,
    #[token("\n")]
    Newline,
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Comment,
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Ident,
    #[regex("[0-9]")]
    Digit,
    #[token("\"")]
    Quote,
    #[token("'")]
    SingleQuote,
    #[token("f\"")]
    FString,
    /// `r"`, `b'`, `f'`
    #[regex("[bBfFrRuU][bBfFrR]?[\"']", priority = 1)]
    PrefixedQuote,

    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("..=")]
    DotDotEq,
    #[token("...")]
    Ellipsis,
    #[token("=")]
    Eq,
    #[token("==")]
    EqEq,
    #[token("!=")]
    NotEq,
    #[token("<")]
    Lt,
    #[token("<=")]
    LtEq,
    #[token(">")]
    Gt,
    #[token(">=")]
    GtEq,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("?")]
    Question,
    #[token("??")]
    Coalesce,
    #[token("->")]
    Arrow,

    #[token("&&")]
    #[token("||")]
    #[token("!")]
    #[token("&")]
    #[token("|")]
    #[token("^")]
    #[token("~")]
    #[token("**")]
    #[token("//")]
    #[token("..")]
    #[token("=>")]
    #[token("===")]
    #[token("!==")]
    #[token("<>")]
    #[token("+=")]
    #[token("-=")]
    #[token("*=")]
    #[token("/=")]
    #[token(":=")]
    #[token("::")]
    #[token("++")]
    #[token("|>")]
    #[token(";")]
    #[token("@")]
    #[token("$")]
    #[token("?.")]
    Foreign,

    #[token("and")]
    And,
    #[token("else")]
    Else,
    #[token("false")]
    False,
    #[token("finally")]
    Finally,
    #[token("for")]
    For,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("not")]
    Not,
    #[token("or")]
    Or,
    #[token("require")]
    Require,
    #[token("return")]
    Return,
    #[token("true")]
    True,
}

/// Splits `text` into tokens.
pub fn lex(text: &str) -> Lexed {
    // A guess at three bytes a token saves most of the growing.
    let mut lexed = Lexed {
        kinds: Vec::with_capacity(text.len() / 3),
        ends: Vec::with_capacity(text.len() / 3),
    };
    let mut lexer = Word::lexer(text);
    while let Some(word) = lexer.next() {
        let rest = lexer.remainder();
        let (kind, more) = match word {
            Ok(Word::Digit) => {
                let more = rest_of_number(&text[lexer.span().start..]) - 1;
                let word = &text[lexer.span().start..lexer.span().end + more];
                (numbers::classify(word), more)
            }
            Ok(Word::Quote) => match rest.strip_prefix("\"\"") {
                Some(inner) => (SyntaxKind::TripleString, 2 + end_of_triple(inner, "\"\"\"")),
                None => (SyntaxKind::String, end_of_line_string(rest, b'"')),
            },
            Ok(Word::FString) if !rest.starts_with("\"\"") => {
                let start = lexer.span().end;
                let length = end_of_line_string(rest, b'"');
                fstring(&text[..start + length], start, &mut lexed);
                lexer.bump(length);
                continue;
            }
            Ok(Word::SingleQuote | Word::PrefixedQuote | Word::FString) => {
                foreign_string(lexer.slice(), rest)
            }
            Ok(Word::Comment) => {
                let slice = lexer.slice();
                let is_doc = slice.starts_with("##") && !slice.starts_with("###");
                let kind = if is_doc {
                    SyntaxKind::DocComment
                } else {
                    SyntaxKind::Comment
                };
                (kind, 0)
            }
            Ok(word) => (plain_kind(word), 0),
            Err(()) => {
                unknown(text, lexer.span().start, lexer.span().end, &mut lexed);
                let end = lexed.ends.last().map_or(0, |end| *end as usize);
                lexer.bump(end - lexer.span().end);
                continue;
            }
        };
        lexer.bump(more);
        lexed.push(kind, lexer.span().end);
    }
    lexed
}

fn plain_kind(word: Word) -> SyntaxKind {
    match word {
        Word::Whitespace => SyntaxKind::Whitespace,
        Word::Newline => SyntaxKind::Newline,
        Word::Ident => SyntaxKind::Ident,
        Word::LParen => SyntaxKind::LParen,
        Word::RParen => SyntaxKind::RParen,
        Word::LBracket => SyntaxKind::LBracket,
        Word::RBracket => SyntaxKind::RBracket,
        Word::LBrace => SyntaxKind::LBrace,
        Word::RBrace => SyntaxKind::RBrace,
        Word::Comma => SyntaxKind::Comma,
        Word::Colon => SyntaxKind::Colon,
        Word::Dot => SyntaxKind::Dot,
        Word::DotDotEq => SyntaxKind::DotDotEq,
        Word::Ellipsis => SyntaxKind::Ellipsis,
        Word::Eq => SyntaxKind::Eq,
        Word::EqEq => SyntaxKind::EqEq,
        Word::NotEq => SyntaxKind::NotEq,
        Word::Lt => SyntaxKind::Lt,
        Word::LtEq => SyntaxKind::LtEq,
        Word::Gt => SyntaxKind::Gt,
        Word::GtEq => SyntaxKind::GtEq,
        Word::Plus => SyntaxKind::Plus,
        Word::Minus => SyntaxKind::Minus,
        Word::Star => SyntaxKind::Star,
        Word::Slash => SyntaxKind::Slash,
        Word::Percent => SyntaxKind::Percent,
        Word::Question => SyntaxKind::Question,
        Word::Coalesce => SyntaxKind::Coalesce,
        Word::Arrow => SyntaxKind::Arrow,
        Word::Foreign => SyntaxKind::Foreign,
        Word::And => SyntaxKind::AndKw,
        Word::Else => SyntaxKind::ElseKw,
        Word::False => SyntaxKind::FalseKw,
        Word::Finally => SyntaxKind::FinallyKw,
        Word::For => SyntaxKind::ForKw,
        Word::If => SyntaxKind::IfKw,
        Word::In => SyntaxKind::InKw,
        Word::Not => SyntaxKind::NotKw,
        Word::Or => SyntaxKind::OrKw,
        Word::Require => SyntaxKind::RequireKw,
        Word::Return => SyntaxKind::ReturnKw,
        Word::True => SyntaxKind::TrueKw,
        Word::Comment
        | Word::Digit
        | Word::Quote
        | Word::SingleQuote
        | Word::FString
        | Word::PrefixedQuote => {
            unreachable!("scanned by hand")
        }
    }
}

/// The length of the number, duration or size that `text` begins with, and of all letters and digits that stick to it, so that
/// one report can cover the whole word. A point belongs to it only before a digit.
fn rest_of_number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        match bytes[at] {
            b'0'..=b'9' | b'_' => at += 1,
            b'.' if next.is_ascii_digit() => at += 1,
            b'e' | b'E' if matches!(next, b'+' | b'-') && is_mantissa(&bytes[..at]) => {
                if !bytes.get(at + 2).is_some_and(u8::is_ascii_digit) {
                    return at + 1;
                }
                at += 2;
            }
            byte if byte.is_ascii_alphabetic() => at += 1,
            byte if byte.is_ascii() => break,
            _ => match text[at..].chars().next() {
                Some(c) if c.is_alphanumeric() => at += c.len_utf8(),
                _ => break,
            },
        }
    }
    at
}

fn is_mantissa(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'_' | b'.'))
}

/// The length of the rest of a string that ends on its line, with its closing quote; without one, up to the line end.
fn end_of_line_string(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => return at,
            b'\\' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    // An escape may have stepped into a character of several bytes.
    bytes.len()
}

fn end_of_triple(text: &str, quotes: &str) -> usize {
    text.find(quotes).map_or(text.len(), |at| at + quotes.len())
}

/// The kind of what begins with a quote that the language does not have, and the length of its rest.
fn foreign_string(opening: &str, rest: &str) -> (SyntaxKind, usize) {
    let quote = &opening[opening.len() - 1..];
    let doubled = quote.repeat(2);
    if let Some(inner) = rest.strip_prefix(&doubled) {
        let tripled = quote.repeat(3);
        if inner.contains(&tripled) {
            return (
                SyntaxKind::ForeignString,
                2 + end_of_triple(inner, &tripled),
            );
        }
    }
    let length = end_of_line_string(rest, quote.as_bytes()[0]);
    if rest[..length].ends_with(quote) {
        (SyntaxKind::ForeignString, length)
    } else {
        // An apostrophe, more likely than a string.
        (SyntaxKind::Unknown, 0)
    }
}

/// One token for a run of characters that begin no token; a name with letters beyond ASCII is one of those, as a whole.
fn unknown(text: &str, start: usize, end: usize, lexed: &mut Lexed) {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let first = text[start..].chars().next().filter(|c| is_letter(*c));
    let touches_name = lexed.kinds.last() == Some(&SyntaxKind::Ident);
    if first.is_some() {
        if touches_name {
            lexed.kinds.pop();
            lexed.ends.pop();
        }
        let length: usize = text[start..]
            .chars()
            .take_while(|c| is_letter(*c))
            .map(char::len_utf8)
            .sum();
        lexed.push(SyntaxKind::Unknown, end.max(start + length));
        return;
    }
    let mut end = end;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let kind_of = |c: char| {
        if is_odd_blank(c) {
            SyntaxKind::OddBlank
        } else {
            SyntaxKind::Unknown
        }
    };
    let kind = text[start..]
        .chars()
        .next()
        .map_or(SyntaxKind::Unknown, kind_of);
    let more: usize = text[end..]
        .chars()
        .take_while(|c| !c.is_ascii() && !is_letter(*c) && kind_of(*c) == kind)
        .map(char::len_utf8)
        .sum();
    lexed.push(kind, end + more);
}

fn is_odd_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// The tokens of an f-string: `text` ends with it, its inside begins at `start`.
fn fstring(text: &str, start: usize, lexed: &mut Lexed) {
    let bytes = text.as_bytes();
    let closed =
        text[start..].ends_with('"') && !is_escaped(&bytes[start..], text.len() - 1 - start);
    let end = if closed { text.len() - 1 } else { text.len() };
    lexed.push(SyntaxKind::FStringOpen, start);
    let mut at = start;
    let mut text_from = start;
    while at < end {
        match bytes[at] {
            // The brace of `\u{..}` opens no hole.
            b'\\' if text[at..end].starts_with("\\u{") => at += 3,
            b'\\' => at += 2,
            b'{' if bytes.get(at + 1) == Some(&b'{') => at += 2,
            b'{' => {
                if at > text_from {
                    lexed.push(SyntaxKind::FStringText, at);
                }
                lexed.push(SyntaxKind::HoleOpen, at + 1);
                at = hole(text, at + 1, end, lexed);
                text_from = at;
            }
            _ => at += 1,
        }
    }
    if end > text_from {
        lexed.push(SyntaxKind::FStringText, end);
    }
    if closed {
        lexed.push(SyntaxKind::FStringClose, text.len());
    }
}

fn is_escaped(bytes: &[u8], at: usize) -> bool {
    bytes[..at]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 1
}

/// The tokens of a hole, with its `}`; gives the offset behind it.
fn hole(text: &str, mut at: usize, end: usize, lexed: &mut Lexed) -> usize {
    let bytes = text.as_bytes();
    let run = |at: usize, is_in: fn(&u8) -> bool| {
        at + bytes[at..end].iter().take_while(|byte| is_in(byte)).count()
    };
    while at < end {
        let (kind, to) = match bytes[at] {
            b'}' => {
                lexed.push(SyntaxKind::HoleClose, at + 1);
                return at + 1;
            }
            b' ' | b'\t' => (
                SyntaxKind::Whitespace,
                run(at, |byte| matches!(byte, b' ' | b'\t')),
            ),
            b'.' => (SyntaxKind::Dot, at + 1),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let to = run(at, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                (reserved(&text[at..to]).unwrap_or(SyntaxKind::Ident), to)
            }
            _ => (SyntaxKind::HoleJunk, run(at, |byte| *byte != b'}')),
        };
        lexed.push(kind, to);
        at = to;
    }
    at
}

/// The kind of a reserved word.
pub fn reserved(word: &str) -> Option<SyntaxKind> {
    RESERVED
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind)
}

/// The words that are never names.
pub const RESERVED: [(&str, SyntaxKind); 12] = [
    ("and", SyntaxKind::AndKw),
    ("else", SyntaxKind::ElseKw),
    ("false", SyntaxKind::FalseKw),
    ("finally", SyntaxKind::FinallyKw),
    ("for", SyntaxKind::ForKw),
    ("if", SyntaxKind::IfKw),
    ("in", SyntaxKind::InKw),
    ("not", SyntaxKind::NotKw),
    ("or", SyntaxKind::OrKw),
    ("require", SyntaxKind::RequireKw),
    ("return", SyntaxKind::ReturnKw),
    ("true", SyntaxKind::TrueKw),
];
