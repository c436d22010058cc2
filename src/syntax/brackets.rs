//! Which bracket closes which, in a file where they do not pair up.
//!
//! In a file whose brackets pair up the parser needs none of this. Else indentation tells which bracket was left open: a line that
//! starts no further right than the one its bracket was opened on is outside of that bracket.

use super::input::Input;
use super::kind::SyntaxKind;

/// For each opening bracket the token that ends it: its closing bracket, or the first token outside when it has none.
#[derive(Debug, Default)]
pub struct Brackets {
    /// By token; empty when all brackets of the file pair up, and 0 for a token that opens nothing.
    ends: Vec<u32>,
}

struct Open {
    at: usize,
    kind: SyntaxKind,
    /// Column of the first token on its line.
    own: usize,
    /// Column of the first token of the statement that its line belongs to.
    statement: usize,
}

impl Brackets {
    pub fn new(input: &Input) -> Brackets {
        let starts =
            (1..input.len()).filter(|at| input.is_item_start(*at) && input.column(*at) == 0);
        let mut bounds: Vec<usize> = starts.collect();
        bounds.insert(0, 0);
        bounds.push(input.len());
        let parts = || bounds.windows(2).map(|pair| (pair[0], pair[1]));
        if parts().all(|(start, end)| is_balanced(input, start, end)) {
            return Brackets::default();
        }
        let mut brackets = Brackets {
            ends: vec![0; input.len()],
        };
        for (start, end) in parts() {
            if is_balanced(input, start, end) {
                brackets.pair(input, start, end);
            } else {
                brackets.pair_by_indentation(input, start, end);
            }
        }
        brackets
    }

    /// Each opening bracket of the file has its closing one.
    pub fn is_paired(&self) -> bool {
        self.ends.is_empty()
    }

    /// The token at which the bracket opened by token `open` ends; nothing when the file's brackets pair up.
    pub fn end(&self, open: usize) -> Option<usize> {
        self.ends
            .get(open)
            .map(|end| *end as usize)
            .filter(|end| *end > 0)
    }

    fn pair(&mut self, input: &Input, start: usize, end: usize) {
        let mut stack = Vec::new();
        for at in start..end {
            let kind = input.kind(at);
            if closing(kind).is_some() {
                stack.push(at);
            } else if is_closing(kind)
                && let Some(open) = stack.pop()
            {
                self.ends[open] = at as u32;
            }
        }
    }

    fn pair_by_indentation(&mut self, input: &Input, start: usize, end: usize) {
        let mut stack: Vec<Open> = Vec::new();
        let mut line = start;
        let (mut own, mut statement) = (0, 0);
        for at in start..end {
            let kind = input.kind(at);
            if input.is_line_start(at) {
                line = at;
                own = input.column(at);
                while let Some(top) = stack.last()
                    && is_outside(top, own, is_closing(kind) || input.begins_continuation(at))
                {
                    self.ends[top.at] = at as u32;
                    stack.pop();
                }
                statement = match stack.last() {
                    Some(top) if top.kind != SyntaxKind::LBrace && !is_closing(kind) => {
                        top.statement
                    }
                    _ if !input.is_statement_start(at) => statement,
                    _ => own,
                };
            }
            // Outputs are never declared inside of parentheses, and no body follows a name in them.
            let ends_parens = kind == SyntaxKind::Arrow
                || (kind == SyntaxKind::LBrace && at > start && ends_value(input.kind(at - 1)));
            while ends_parens && let Some(top) = stack.pop_if(|top| top.kind != SyntaxKind::LBrace)
            {
                self.ends[top.at] = at as u32;
            }
            if closing(kind).is_some() {
                stack.push(Open {
                    at,
                    kind,
                    own,
                    statement,
                });
            } else if is_closing(kind) {
                self.close(&mut stack, at, kind, (line == at).then_some(own), line);
            }
        }
        for open in stack {
            self.ends[open.at] = end as u32;
        }
    }

    /// `column` is that of a bracket that is first on its line.
    fn close(
        &mut self,
        stack: &mut Vec<Open>,
        at: usize,
        kind: SyntaxKind,
        column: Option<usize>,
        line: usize,
    ) {
        let mut found = None;
        for (depth, open) in stack.iter().enumerate().rev() {
            if closing(open.kind) == Some(kind) {
                found = Some(depth);
                break;
            }
            // A block is not ended by the `)` of a later line.
            if open.kind == SyntaxKind::LBrace && open.at < line {
                break;
            }
        }
        // One that stands further right than what it would close was left over from something inside.
        let is_left_over = |open: &Open| {
            kind == SyntaxKind::RBrace
                && column.is_some_and(|column| column > open.own.max(open.statement))
        };
        if let Some(depth) = found.filter(|depth| !is_left_over(&stack[*depth])) {
            for open in stack.drain(depth..) {
                self.ends[open.at] = at as u32;
            }
        }
    }
}

/// Whether a line that starts at `column` is outside of `open`. One that closes or continues may stand right below.
fn is_outside(open: &Open, column: usize, may_be_below: bool) -> bool {
    let least = open.own.min(open.statement);
    column < least || (column == least && !may_be_below)
}

fn is_balanced(input: &Input, start: usize, end: usize) -> bool {
    let mut stack = Vec::new();
    for at in start..end {
        let kind = input.kind(at);
        if let Some(closing) = closing(kind) {
            stack.push(closing);
        } else if is_closing(kind) && stack.pop() != Some(kind) {
            return false;
        }
    }
    stack.is_empty()
}

/// Whether a value or a type may end with this token.
fn ends_value(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(
        kind,
        Ident
            | Int
            | Float
            | Duration
            | Size
            | String
            | TrueKw
            | FalseKw
            | Question
            | RParen
            | RBracket
            | FStringClose
    )
}

/// What closes an opening bracket.
pub fn closing(kind: SyntaxKind) -> Option<SyntaxKind> {
    match kind {
        SyntaxKind::LParen => Some(SyntaxKind::RParen),
        SyntaxKind::LBracket => Some(SyntaxKind::RBracket),
        SyntaxKind::LBrace => Some(SyntaxKind::RBrace),
        _ => None,
    }
}

pub fn is_closing(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::RParen | SyntaxKind::RBracket | SyntaxKind::RBrace
    )
}
