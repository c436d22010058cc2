//! The parser's core: a position in the tokens, events, brackets, and what keeps reports few.
//!
//! Grammar functions (in `grammar`) move over the tokens with this vocabulary: `at` looks, `eat` takes what may be there,
//! `expect` takes what must be there or reports it, `bump` takes what was looked at. They write down events; `builder` makes the
//! tree of them.
//!
//! **Invariant:** every loop over the tokens takes one or stops, so that parsing ends, and takes time linear in the text.

use super::brackets::{self, Brackets};
use super::input::Input;
use super::kind::SyntaxKind;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};

/// How deep blocks, brackets, operators and types may nest: far more than is readable, and little enough for the stack of a
/// thread in any stage.
pub const MAX_DEPTH: u32 = 128;

/// A step in building the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node begins. `outer`, when not 0, is the distance to the `Start` of a node that was put around it later.
    Start {
        kind: SyntaxKind,
        outer: u32,
    },
    /// The next token, with the kind that the parser saw in it.
    Token(SyntaxKind),
    Finish,
    /// A `Start` that came to nothing.
    Nothing,
}

/// A node that was begun.
pub struct Marker(usize);

/// A node that was finished.
#[derive(Clone, Copy, Debug)]
pub struct Completed {
    start: usize,
    pub kind: SyntaxKind,
}

/// A bracket that was opened, or lines that stand where a block in braces should.
pub struct Frame {
    closing: SyntaxKind,
    /// Where it ends, when the file's brackets do not pair up.
    end: Option<usize>,
    /// Without a bracket: the column that a line has to exceed to belong to the block.
    beyond: Option<usize>,
    outer_end: usize,
    outer_parens: u32,
}

pub struct Parser<'t> {
    pub input: &'t Input<'t>,
    brackets: Brackets,
    file: FileId,
    pos: usize,
    /// Behind the last token of the brackets around the position, as far as that is known.
    end: usize,
    /// How many `(` and `[` are open since the last `{`: inside of them a line end is a blank.
    parens: u32,
    nesting: u32,
    open: Vec<usize>,
    events: Vec<Event>,
    diagnostics: Vec<Diagnostic>,
    /// Something was reported, and the parser has not yet come to a place where it knows again what it reads.
    lost: bool,
    /// Where it last knew: the start of a statement, an entry, an element.
    anchor: usize,
    /// Position of the last error: a second one there says nothing new.
    last_error: Option<usize>,
    too_deep: bool,
    /// The last string without a closing quote: it may have swallowed a bracket.
    unterminated: Option<usize>,
    /// Where an unclosed bracket was found to end: a new statement begins there, whatever the line above asks for.
    broken_off: Option<usize>,
}

impl Frame {
    /// What closes it, as written.
    pub fn closing_sign(&self) -> char {
        sign(self.closing)
    }
}

fn sign(closing: SyntaxKind) -> char {
    match closing {
        SyntaxKind::RParen => ')',
        SyntaxKind::RBracket => ']',
        _ => '}',
    }
}

impl<'t> Parser<'t> {
    pub fn new(file: FileId, input: &'t Input<'t>) -> Self {
        Parser {
            input,
            brackets: Brackets::new(input),
            file,
            pos: 0,
            end: input.len(),
            parens: 0,
            nesting: 0,
            open: Vec::new(),
            events: Vec::with_capacity(input.len() * 2),
            diagnostics: Vec::new(),
            lost: false,
            anchor: 0,
            last_error: None,
            too_deep: false,
            unterminated: None,
            broken_off: None,
        }
    }

    pub fn finish(self) -> (Vec<Event>, Vec<Diagnostic>) {
        (self.events, self.diagnostics)
    }

    // Looking.

    pub fn pos(&self) -> usize {
        self.pos
    }

    pub fn kind(&self) -> SyntaxKind {
        self.nth(0)
    }

    /// The kind of the token `n` behind the current one.
    pub fn nth(&self, n: usize) -> SyntaxKind {
        let at = self.pos + n;
        if at < self.end {
            self.input.kind(at)
        } else {
            SyntaxKind::Eof
        }
    }

    pub fn at(&self, kind: SyntaxKind) -> bool {
        self.kind() == kind
    }

    pub fn at_any(&self, kinds: &[SyntaxKind]) -> bool {
        kinds.contains(&self.kind())
    }

    pub fn text(&self) -> &'t str {
        self.nth_text(0)
    }

    /// The text of the token `n` behind the current one; empty at the end.
    pub fn nth_text(&self, n: usize) -> &'t str {
        if self.nth(n) == SyntaxKind::Eof {
            ""
        } else {
            self.input.text(self.pos + n)
        }
    }

    /// A name that is this word.
    pub fn at_word(&self, word: &str) -> bool {
        self.at(SyntaxKind::Ident) && self.text() == word
    }

    pub fn nth_is_word(&self, n: usize, word: &str) -> bool {
        self.nth(n) == SyntaxKind::Ident && self.nth_text(n) == word
    }

    /// A line end that ends a statement stands before the current token. The end of a block or file is one, too.
    pub fn at_line_end(&self) -> bool {
        self.nth_at_line_end(0)
    }

    /// As [`at_line_end`](Self::at_line_end), for the token `n` behind the current one.
    pub fn nth_at_line_end(&self, n: usize) -> bool {
        self.nth(n) == SyntaxKind::Eof || (self.parens == 0 && self.starts_statement(self.pos + n))
    }

    fn starts_statement(&self, at: usize) -> bool {
        self.input.is_statement_start(at) || self.broken_off == Some(at)
    }

    /// The current token stands right behind the one before.
    pub fn is_joined(&self) -> bool {
        self.input.is_joined(self.pos)
    }

    pub fn nth_is_joined(&self, n: usize) -> bool {
        self.input.is_joined(self.pos + n)
    }

    // Taking.

    /// Takes the current token.
    pub fn bump(&mut self) {
        self.bump_as(self.kind());
    }

    /// Takes the current token as what it means in this place.
    pub fn bump_as(&mut self, kind: SyntaxKind) {
        debug_assert!(self.pos < self.end, "nothing to take");
        if self.pos < self.end {
            self.events.push(Event::Token(kind));
            self.pos += 1;
        }
    }

    pub fn eat(&mut self, kind: SyntaxKind) -> bool {
        let there = self.at(kind);
        if there {
            self.bump();
        }
        there
    }

    /// Takes the current token as an error.
    pub fn bump_error(&mut self) {
        let error = self.start();
        self.bump();
        self.complete(error, SyntaxKind::Error);
    }

    // Building.

    pub fn start(&mut self) -> Marker {
        self.events.push(Event::Start {
            kind: SyntaxKind::Error,
            outer: 0,
        });
        Marker(self.events.len() - 1)
    }

    pub fn complete(&mut self, marker: Marker, kind: SyntaxKind) -> Completed {
        match &mut self.events[marker.0] {
            Event::Start { kind: slot, .. } => *slot = kind,
            _ => unreachable!("a marker points at a start"),
        }
        self.events.push(Event::Finish);
        Completed {
            start: marker.0,
            kind,
        }
    }

    pub fn abandon(&mut self, marker: Marker) {
        self.events[marker.0] = Event::Nothing;
    }

    /// Skips a token, and with an opening bracket all up to its end, as an error.
    pub fn skip_one_error(&mut self) {
        let error = self.start();
        self.skip_one();
        self.complete(error, SyntaxKind::Error);
    }

    /// Begins a node around one that is finished.
    pub fn precede(&mut self, inner: Completed) -> Marker {
        let marker = self.start();
        match &mut self.events[inner.start] {
            Event::Start { outer, .. } => *outer = (marker.0 - inner.start) as u32,
            _ => unreachable!("a finished node has a start"),
        }
        marker
    }

    // Brackets.

    /// Takes an opening bracket. What follows up to [`close`](Self::close) sees the end of the text where the bracket ends.
    pub fn open(&mut self) -> Frame {
        let open = self.pos;
        let closing = brackets::closing(self.kind()).expect("an opening bracket");
        let frame = Frame {
            closing,
            end: self.brackets.end(open),
            beyond: None,
            outer_end: self.end,
            outer_parens: self.parens,
        };
        self.bump();
        self.open.push(open);
        self.parens = if closing == SyntaxKind::RBrace {
            0
        } else {
            self.parens + 1
        };
        if let Some(end) = frame.end {
            self.end = end.min(self.end);
        }
        frame
    }

    /// Begins a block whose `{` is missing: it holds the lines that start to the right of `column`.
    pub fn open_lines(&mut self, column: usize) -> Frame {
        let outer_parens = std::mem::replace(&mut self.parens, 0);
        Frame {
            closing: SyntaxKind::RBrace,
            end: None,
            beyond: Some(column),
            outer_end: self.end,
            outer_parens,
        }
    }

    /// Whether the bracket's end is here.
    pub fn at_close(&self, frame: &Frame) -> bool {
        let at_end = match frame.beyond {
            Some(column) => {
                self.input.is_line_start(self.pos) && self.input.column(self.pos) <= column
            }
            None => false,
        };
        at_end
            || self.at(SyntaxKind::Eof)
            || (frame.end.is_none() && brackets::is_closing(self.kind()))
    }

    /// Takes the closing bracket, or reports that there is none. What is left before it is skipped.
    pub fn close(&mut self, frame: Frame) {
        if !self.at_close(&frame) {
            self.unexpected("");
            let error = self.start();
            while !self.at_close(&frame) {
                self.skip_one();
            }
            self.complete(error, SyntaxKind::Error);
        }
        self.end = frame.outer_end;
        self.parens = frame.outer_parens;
        if frame.beyond.is_some() {
            // Where brackets do not pair up, a `}` that is seen here lost its `{` to the same mistake.
            if !self.brackets.is_paired() && self.at(SyntaxKind::RBrace) {
                self.bump();
            }
            return;
        }
        if self.at(frame.closing) {
            self.bump();
        } else {
            self.unclosed();
        }
        self.open.pop();
    }

    fn unclosed(&mut self) {
        self.broken_off = Some(self.pos);
        let innermost = *self.open.last().expect("a bracket is open");
        if self.was_swallowed(innermost) {
            self.lost = true;
            return;
        }
        let closing = self.closing_sign(innermost);
        // Those that end at the same place are one mistake, or one too many to tell apart.
        let here = self.brackets.end(innermost);
        let together: Vec<usize> = (self.open.iter().rev().copied())
            .take_while(|open| self.brackets.end(*open) == here && !self.closes_here(*open))
            .collect();
        let what = self.input.text(innermost);
        let expected = match self.input.kind(self.pos) {
            SyntaxKind::Eof => format!("the file ends before its `{}`", closing),
            _ => format!("expected its `{}` before this", closing),
        };
        let mut report = Diagnostic::new(
            codes::UNCLOSED,
            self.span_of(innermost),
            format!("this `{what}` is never closed"),
        )
        .label(format!("no `{}` belongs to it", closing))
        .also(self.span_of(self.pos), expected)
        .help(format!("add `{}`", closing));
        for open in together.iter().skip(1) {
            report = report.also(self.span_of(*open), "nor is this one");
        }
        if self.last_error != Some(self.pos) {
            self.diagnostics.push(report);
        }
        self.last_error = Some(self.pos);
    }

    /// What closes the bracket that this token opens.
    fn closing_sign(&self, open: usize) -> char {
        sign(brackets::closing(self.input.kind(open)).unwrap_or(SyntaxKind::RBrace))
    }

    /// The token is, or begins, a string without a closing quote.
    pub fn note_unterminated(&mut self, string: usize) {
        self.unterminated = Some(string);
    }

    /// Whether an unterminated string holds what closes this bracket.
    fn was_swallowed(&self, open: usize) -> bool {
        let closing = self.closing_sign(open);
        let Some(string) = self.unterminated.filter(|string| *string > open) else {
            return false;
        };
        let rest = &self.input.text[self.input.range(string).start..];
        let swallowed = match self.input.kind(string) {
            SyntaxKind::TripleString => rest,
            _ => rest.lines().next().unwrap_or_default(),
        };
        swallowed.contains(closing)
    }

    /// Whether the end of this bracket is its own closing one, and not just where it was found to be left open.
    fn closes_here(&self, open: usize) -> bool {
        let end = self.brackets.end(open).unwrap_or(0);
        end == self.pos && brackets::closing(self.input.kind(open)) == Some(self.input.kind(end))
    }

    // Nesting.

    /// Goes one level deeper; false (and a report) when that is too deep. A `leave` follows in either case.
    pub fn enter(&mut self) -> bool {
        self.nesting += 1;
        self.is_shallow(0)
    }

    pub fn leave(&mut self) {
        self.nesting -= 1;
    }

    /// Whether a node of this height may stand here. Reports the first that may not.
    pub fn is_shallow(&mut self, height: u32) -> bool {
        let shallow = self.nesting + height <= MAX_DEPTH;
        if !shallow && !self.too_deep {
            self.too_deep = true;
            let report = Diagnostic::new(codes::TOO_DEEP, self.here(), "this is nested too deeply")
                .label(format!("more than {MAX_DEPTH} levels"))
                .help("give an inner part a name and use the name here");
            self.diagnostics.push(report);
        }
        if !shallow {
            self.lost = true;
        }
        shallow
    }

    // Reporting.

    pub fn file(&self) -> FileId {
        self.file
    }

    pub fn span_of(&self, at: usize) -> Span {
        let range = self.input.range(at);
        Span::new(self.file, range.start, range.end)
    }

    /// From token `first` to the one before the current.
    pub fn span_from(&self, first: usize) -> Span {
        match self.pos.checked_sub(1).filter(|last| *last >= first) {
            Some(last) => self.span_of(first).to(self.span_of(last)),
            None => self.span_of(first),
        }
    }

    /// The current token.
    pub fn here(&self) -> Span {
        self.span_of(self.pos)
    }

    /// Where what is missing should have stood: the current token, or the end of the line before it.
    fn gap(&self) -> Span {
        if self.line_ends_here() {
            let end = self.input.range(self.pos - 1).end;
            Span::new(self.file, end, end)
        } else {
            self.here()
        }
    }

    /// What is missing here is missing at the end of the line before: the statement began there.
    fn line_ends_here(&self) -> bool {
        self.pos > self.anchor && self.parens == 0 && self.input.is_statement_start(self.pos)
    }

    /// What stands at the position, for a message.
    pub fn found(&self) -> String {
        if self.pos >= self.input.len() {
            return "the end of the file".to_owned();
        }
        if self.line_ends_here() {
            return "the end of the line".to_owned();
        }
        describe(self.input.kind(self.pos), self.input.text(self.pos))
    }

    /// Reports what the parser understands nonetheless: it goes on as if the right thing stood there.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if !self.lost {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports a mistake after which the parser does not know where it is. Until [`found_again`](Self::found_again) it reports
    /// no other.
    pub fn fail(&mut self, diagnostic: Diagnostic) {
        // What is missing where an open bracket was never closed is told when the bracket is.
        let hidden_by_bracket =
            self.at(SyntaxKind::Eof) && self.pos < self.input.len() && !self.ends_in_closing();
        let hidden_by_end = self.pos >= self.input.len() && !self.open.is_empty();
        let hidden = diagnostic.code == codes::UNEXPECTED && (hidden_by_bracket || hidden_by_end);
        if !self.lost && self.last_error != Some(self.pos) && !hidden {
            self.diagnostics.push(diagnostic);
            self.last_error = Some(self.pos);
        }
        self.lost = true;
    }

    /// The innermost open bracket has a closing one.
    fn ends_in_closing(&self) -> bool {
        self.open.last().is_none_or(|open| {
            brackets::closing(self.input.kind(*open)) == Some(self.input.kind(self.end))
        })
    }

    /// The parser is lost without a report of its own: one was made.
    pub fn get_lost(&mut self) {
        self.lost = true;
    }

    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The parser is at a place where it knows what it reads.
    pub fn found_again(&mut self) {
        self.lost = false;
        self.anchor = self.pos;
    }

    /// Reports that `expected` does not stand here. It reads `expected a value, found ..`.
    pub fn expected(&mut self, expected: &str) {
        let report = self.expectation(expected);
        self.fail(report);
    }

    /// The report of [`expected`](Self::expected), to add a help line to.
    pub fn expectation(&self, expected: &str) -> Diagnostic {
        Diagnostic::new(
            codes::UNEXPECTED,
            self.gap(),
            format!("expected {expected}, found {}", self.found()),
        )
        .label(format!("expected {expected}"))
    }

    /// Reports a token that nothing can be made of.
    pub fn unexpected(&mut self, help: &str) {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            self.here(),
            format!("unexpected {}", self.found()),
        )
        .label("nothing can be made of this here")
        .maybe_help((!help.is_empty()).then(|| help.to_owned()));
        self.fail(report);
    }

    /// Takes `kind`, or reports that it is missing.
    pub fn expect(&mut self, kind: SyntaxKind, named: &str) -> bool {
        let there = !self.at_line_end() && self.eat(kind);
        if !there {
            self.expected(named);
        }
        there
    }

    // Skipping.

    /// Takes a token, and with an opening bracket all up to its end.
    pub fn skip_one(&mut self) {
        let Some(closing) = brackets::closing(self.kind()) else {
            if !self.at(SyntaxKind::Eof) {
                self.bump();
            }
            return;
        };
        if let Some(end) = self.brackets.end(self.pos) {
            while self.pos < end.min(self.end) {
                self.bump();
            }
            if self.pos == end && self.at(closing) {
                self.bump();
            }
            return;
        }
        let mut depth = 0usize;
        while !self.at(SyntaxKind::Eof) {
            let kind = self.kind();
            self.bump();
            if brackets::closing(kind).is_some() {
                depth += 1;
            } else if brackets::is_closing(kind) {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// Skips into an error node until `stop` says so, or the end of the brackets around.
    pub fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        let is_end = |p: &Self| {
            let closes = p.brackets.is_paired() && brackets::is_closing(p.kind());
            p.at(SyntaxKind::Eof) || closes || stop(p)
        };
        if is_end(self) {
            return;
        }
        let error = self.start();
        while !is_end(self) {
            self.skip_one();
        }
        self.complete(error, SyntaxKind::Error);
    }

    /// Skips what is left of a statement or entry that cannot be read.
    pub fn skip_line(&mut self) {
        self.skip_until(|p| p.starts_statement(p.pos));
    }
}

/// A token as a message names it.
pub fn describe(kind: SyntaxKind, text: &str) -> String {
    match kind {
        SyntaxKind::Eof => "the end of the file".to_owned(),
        SyntaxKind::String | SyntaxKind::TripleString | SyntaxKind::ForeignString => {
            "a string".to_owned()
        }
        SyntaxKind::FStringOpen => "an f-string".to_owned(),
        _ => format!("`{text}`"),
    }
}
