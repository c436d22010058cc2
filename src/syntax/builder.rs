//! From events and tokens to the tree.
//!
//! Trivia go before the node that the next token begins, so that a node starts and ends with what is its own; but a doc comment goes
//! into the definition, port or field that it stands above.

use rowan::{GreenNode, GreenNodeBuilder};

use super::input::Input;
use super::kind::SyntaxKind;
use super::parser::Event;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};

struct Builder<'t> {
    input: &'t Input<'t>,
    tree: GreenNodeBuilder<'static>,
    /// The next token that the parser saw.
    token: usize,
    /// The next token of the lexer.
    raw: usize,
    /// Doc comments before this token of the lexer belong to a definition.
    documented_to: usize,
    /// Doc comments that document nothing.
    loose: Vec<usize>,
}

/// The tree, and a warning for each doc comment that documents nothing.
pub fn build(file: FileId, input: &Input, mut events: Vec<Event>) -> (GreenNode, Vec<Diagnostic>) {
    let mut builder = Builder {
        input,
        tree: GreenNodeBuilder::new(),
        token: 0,
        raw: 0,
        documented_to: 0,
        loose: Vec::new(),
    };
    let mut chain = Vec::new();
    let mut depth = 0usize;
    for at in 0..events.len() {
        match std::mem::replace(&mut events[at], Event::Nothing) {
            Event::Nothing => {}
            Event::Token(kind) => builder.token(kind),
            Event::Finish => {
                depth -= 1;
                if depth == 0 {
                    builder.trivia_to(input.lexed.len());
                }
                builder.tree.finish_node();
            }
            Event::Start { kind, outer } => {
                chain.clear();
                chain.push(kind);
                let (mut from, mut distance) = (at, outer);
                while distance != 0 {
                    from += distance as usize;
                    let Event::Start { kind, outer } =
                        std::mem::replace(&mut events[from], Event::Nothing)
                    else {
                        break;
                    };
                    chain.push(kind);
                    distance = outer;
                }
                for kind in chain.drain(..).rev() {
                    if depth > 0 {
                        builder.before_node(kind);
                    }
                    builder.tree.start_node(kind.into());
                    depth += 1;
                }
            }
        }
    }
    let warnings = loose_docs(file, input, &builder.loose);
    (builder.tree.finish(), warnings)
}

impl Builder<'_> {
    fn token(&mut self, kind: SyntaxKind) {
        self.trivia_to(self.input.raw(self.token));
        self.tree.token(kind.into(), self.input.text(self.token));
        self.raw += 1;
        self.token += 1;
    }

    fn trivia_to(&mut self, end: usize) {
        while self.raw < end {
            let kind = self.input.lexed.kind(self.raw);
            if kind == SyntaxKind::DocComment && self.raw >= self.documented_to {
                self.loose.push(self.raw);
            }
            let text = &self.input.text[self.input.lexed.range(self.raw)];
            self.tree.token(kind.into(), text);
            self.raw += 1;
        }
    }

    /// Trivia that stand before a node: all, but for the doc comment of what can have one.
    fn before_node(&mut self, kind: SyntaxKind) {
        use SyntaxKind::*;
        let end = self.input.raw(self.token);
        let can_have_doc = matches!(
            kind,
            TypeDef | ArtifactDef | Component | Pipeline | Port | Field
        );
        if can_have_doc && self.input.is_documented(self.token) {
            let start = self.doc_start(end);
            self.trivia_to(start);
            self.documented_to = end;
        } else if self.raw < self.documented_to {
            // A node that begins where its documented parent does.
        } else {
            self.trivia_to(end);
        }
    }

    /// Where the doc comment right above the token at `end` begins: no blank line separates it, and nothing stands before it
    /// on its line.
    fn doc_start(&self, end: usize) -> usize {
        let lexed = self.input.lexed;
        let mut start = end;
        let mut line_ends = 0;
        for at in (self.raw..end).rev() {
            match lexed.kind(at) {
                SyntaxKind::Newline => line_ends += 1,
                SyntaxKind::Whitespace => {}
                kind => {
                    if line_ends > 1 {
                        break;
                    }
                    line_ends = 0;
                    let starts_line = self.token == 0
                        || (self.raw..at).any(|before| lexed.kind(before) == SyntaxKind::Newline);
                    if kind == SyntaxKind::DocComment && starts_line {
                        start = at;
                    }
                }
            }
        }
        start
    }
}

fn loose_docs(file: FileId, input: &Input, loose: &[usize]) -> Vec<Diagnostic> {
    let mut warnings: Vec<Diagnostic> = Vec::new();
    let mut previous_end = None;
    for &at in loose {
        let range = input.lexed.range(at);
        let span = Span::new(file, range.start, range.end);
        // Lines of one comment get one warning.
        let is_next_line = previous_end.is_some_and(|end| {
            let between = &input.text[end..range.start];
            between.trim().is_empty() && between.matches('\n').count() == 1
        });
        previous_end = Some(range.end);
        if is_next_line && let Some(last) = warnings.last_mut() {
            last.labels[0].span = last.labels[0].span.to(span);
            continue;
        }
        let warning = Diagnostic::new(codes::LOOSE_DOC, span, "this doc comment documents nothing")
            .label("no definition, port or field stands right below")
            .help("begin a remark with one `#`; a doc comment stands above what it documents, without a blank line between");
        warnings.push(warning);
    }
    warnings
}
