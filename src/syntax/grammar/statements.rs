//! Statements and blocks.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Frame, Parser};
use super::{entries, expressions, foreign, items, literals, open_block};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::syntax::lexer;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Pipeline,
    /// A branch or a loop.
    Inner,
    Finally,
}

/// What a block has seen so far, to tell what is out of place.
#[derive(Default)]
struct Seen {
    statements: usize,
    /// A value that may only be the block's last line.
    value: Option<Unused>,
    finally: Option<Span>,
    returned: Option<Span>,
}

#[derive(Clone, Copy)]
struct Unused {
    span: Span,
    /// `a == ..`, where `a = ..` may have been meant.
    compares: bool,
}

/// A pipeline's `{ .. }`. `first` is the pipeline's first token.
pub fn pipeline_body(p: &mut Parser, first: usize) {
    block_in(
        p,
        first,
        Place::Pipeline,
        "a pipeline's body stands in braces: `{ .. }`",
    );
}

/// The `{ .. }` of a branch or a loop. `first` is the first token of what it belongs to.
pub fn block(p: &mut Parser, first: usize, help: &str) {
    block_in(p, first, Place::Inner, help);
}

fn block_in(p: &mut Parser, first: usize, place: Place, help: &str) {
    let block = p.start();
    let open = p.pos();
    let Some(frame) = open_block(p, first, help) else {
        p.abandon(block);
        return;
    };
    if p.enter() {
        statements(p, &frame, place, open);
    } else {
        p.skip_until(|p| p.at_close(&frame));
    }
    p.leave();
    p.close(frame);
    p.complete(block, SyntaxKind::Block);
}

fn statements(p: &mut Parser, frame: &Frame, place: Place, open: usize) {
    let mut seen = Seen::default();
    while !p.at_close(frame) {
        p.found_again();
        let before = p.pos();
        if entries::at_entry(p) {
            match place {
                Place::Pipeline => {
                    attribute(p, &seen);
                    if p.eat(SyntaxKind::Comma) {
                        continue;
                    }
                }
                _ if seen.statements == 0 => {
                    record_meant(p, frame, open);
                    return;
                }
                _ => {
                    let report = block_not_record(p, open);
                    p.fail(report);
                    // The line begins here: skipping the rest of it takes a step first.
                    p.skip_one_error();
                    p.skip_line();
                    continue;
                }
            }
        } else {
            order(p, &mut seen);
            seen.value = statement(p, place, &mut seen);
            seen.statements += 1;
        }
        if p.pos() == before {
            p.skip_one_error();
        }
        end_of_statement(p, frame);
    }
    if place == Place::Pipeline
        && let Some(value) = seen.value
    {
        let report = Diagnostic::new(codes::UNUSED_VALUE, value.span, "nothing uses this value")
            .label("the last line of a pipeline gives nothing")
            .help("write `return ..` to make it an output");
        p.report(report);
    }
}

/// An attribute in a pipeline's body.
fn attribute(p: &mut Parser, seen: &Seen) {
    if seen.statements > 0 {
        let report = Diagnostic::new(
            codes::OUT_OF_PLACE,
            p.here(),
            format!("the attribute {} stands below a statement", p.found()),
        )
        .label("too late")
        .help("a pipeline's attributes stand at the head of its body, above the first statement");
        p.report(report);
    }
    entries::entry(p);
    if p.at(SyntaxKind::Eq) && !p.at_line_end() && !p.is_lost() {
        let report = Diagnostic::new(codes::UNEXPECTED, p.here(), "an assignment has no type")
            .label("this made an attribute of what stands before it")
            .help("write `name = ..`; what a task gives is declared by its component");
        p.fail(report);
    }
}

/// Entries in an inner block: its braces were meant as a record's. They make the record that was meant.
fn record_meant(p: &mut Parser, frame: &Frame, open: usize) {
    let report = block_not_record(p, open);
    p.report(report);
    let statement = p.start();
    let record = p.start();
    entries::entries(p, frame);
    p.complete(record, SyntaxKind::RecordExpr);
    p.complete(statement, SyntaxKind::ExprStmt);
}

fn block_not_record(p: &Parser, open: usize) -> Diagnostic {
    Diagnostic::new(
        codes::BLOCK_NOT_RECORD,
        p.here(),
        "an entry stands in a block",
    )
    .label("expected a statement")
    .also(p.span_of(open), "this `{` opens a block")
    .help("a record as its value is written `{ { .. } }`")
}

/// Reports a statement that may not follow what was seen.
fn order(p: &mut Parser, seen: &mut Seen) {
    if let Some(value) = seen.value.take() {
        unused(p, value);
    }
    if let Some(returned) = seen.returned.take() {
        let report = Diagnostic::new(
            codes::OUT_OF_PLACE,
            p.here(),
            "a statement stands below `return`",
        )
        .label("never reached")
        .also(returned, "`return` is the last statement of a pipeline")
        .help("move it above the `return`");
        p.report(report);
    } else if let Some(finally) = seen.finally
        && !p.at_any(&[SyntaxKind::ReturnKw, SyntaxKind::FinallyKw])
    {
        seen.finally = None;
        let report = Diagnostic::new(
            codes::OUT_OF_PLACE,
            p.here(),
            "a statement stands below `finally`",
        )
        .label("only `return` may stand here")
        .also(finally, "`finally` is the last statement but for `return`")
        .help("move it above the `finally`");
        p.report(report);
    }
}

/// A value in the middle of a block.
fn unused(p: &mut Parser, value: Unused) {
    let help = if value.compares {
        "`==` compares; a name gets its value with `name = ..`"
    } else {
        "only the last line of a block may be a plain value; give it a name with `name = ..`, or remove it"
    };
    let report = Diagnostic::new(codes::UNUSED_VALUE, value.span, "nothing uses this value")
        .label("neither a call, an `if` nor a `for`")
        .help(help);
    p.report(report);
}

/// A statement ends at a line end.
fn end_of_statement(p: &mut Parser, frame: &Frame) {
    if p.is_lost() {
        p.skip_line();
        return;
    }
    if p.at_close(frame) || p.at_line_end() {
        return;
    }
    match p.kind() {
        SyntaxKind::Foreign if p.text() == ";" => {
            let report = foreign::semicolon(p);
            p.report(report);
            p.bump_error();
        }
        _ if starts_statement(p) => {
            let report = Diagnostic::new(
                codes::LINE_BREAK,
                p.here(),
                format!("expected the end of the line, found {}", p.found()),
            )
            .label("a second statement on the line")
            .help("each statement stands on a line of its own");
            p.report(report);
        }
        _ => {
            let report = foreign::after_value(p);
            p.fail(report);
            p.skip_line();
        }
    }
}

/// What follows on the line looks like another statement.
fn starts_statement(p: &Parser) -> bool {
    match p.kind() {
        SyntaxKind::RequireKw | SyntaxKind::FinallyKw | SyntaxKind::ReturnKw => true,
        SyntaxKind::Ident => {
            let next = p.nth(1);
            matches!(
                next,
                SyntaxKind::Eq | SyntaxKind::LParen | SyntaxKind::Colon
            ) || (next == SyntaxKind::Dot && p.nth(3) == SyntaxKind::LParen)
        }
        _ => false,
    }
}

/// One statement. Gives the place of a value that may only stand last.
fn statement(p: &mut Parser, place: Place, seen: &mut Seen) -> Option<Unused> {
    match p.kind() {
        _ if lexer::reserved(p.text()).is_some() && p.nth(1) == SyntaxKind::Eq => assign(p),
        SyntaxKind::RequireKw => require(p),
        SyntaxKind::FinallyKw => finally(p, place, seen),
        SyntaxKind::ReturnKw => returns(p, place, seen),
        SyntaxKind::Unknown => literals::unknown_lost(p),
        SyntaxKind::ElseKw => {
            let report = foreign::lone_else(p);
            p.fail(report);
        }
        SyntaxKind::RBrace | SyntaxKind::RParen | SyntaxKind::RBracket => {
            let report = items::unmatched(p);
            p.fail(report);
        }
        SyntaxKind::Ident if p.input.is_item_start(p.pos()) => inner_item(p),
        SyntaxKind::Ident if foreign::statement(p) => {}
        SyntaxKind::Ident if p.nth(1) == SyntaxKind::Eq => assign(p),
        _ if foreign::line(p) => {}
        _ => return expression_statement(p),
    }
    None
}

/// A definition inside of a pipeline.
fn inner_item(p: &mut Parser) {
    let report = Diagnostic::new(
        codes::OUT_OF_PLACE,
        p.here(),
        format!("{} begins a definition, inside of a pipeline", p.found()),
    )
    .label("expected a statement")
    .help("definitions stand side by side in the file; move it out of the pipeline's braces");
    p.fail(report);
    items::item(p);
}

/// `name = value with { .. } after a, b`
fn assign(p: &mut Parser) {
    let statement = p.start();
    if !p.eat(SyntaxKind::Ident) {
        super::reserved_name(p, "a name");
    }
    p.bump();
    if p.input.is_line_start(p.pos()) && p.at(SyntaxKind::Ident) && p.nth(1) == SyntaxKind::Eq {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.span_of(p.pos() - 1),
            "expected a value, found the end of the line",
        )
        .label("expected a value behind this")
        .help("the line below is a statement of its own");
        p.fail(report);
    } else if let Some(value) = top_value(p, "a value") {
        suffixes(p, value);
    }
    p.complete(statement, SyntaxKind::Assign);
}

fn expression_statement(p: &mut Parser) -> Option<Unused> {
    let first = p.pos();
    let statement = p.start();
    let Some(value) = top_value(p, "a statement") else {
        p.abandon(statement);
        return None;
    };
    let is_task = matches!(
        value.kind,
        SyntaxKind::CallExpr | SyntaxKind::IfExpr | SyntaxKind::ForExpr
    );
    let unused = (!is_task && !p.is_lost()).then(|| Unused {
        span: p.span_from(first),
        compares: p.input.kind(first + 1) == SyntaxKind::EqEq,
    });
    suffixes(p, value);
    p.complete(statement, SyntaxKind::ExprStmt);
    unused
}

/// A value where `if` and `for` may stand.
fn top_value(p: &mut Parser, what: &str) -> Option<Completed> {
    let value = match p.kind() {
        SyntaxKind::IfKw => expressions::if_expr(p),
        SyntaxKind::ForKw => expressions::for_expr(p),
        _ => return expressions::value(p, what),
    };
    let goes_on = BinaryOp::of(p.kind()).is_some() || p.at(SyntaxKind::Dot) || p.at_word("as");
    if goes_on && !p.at_line_end() && !p.is_lost() {
        let report = Diagnostic::new(
            codes::NESTED_CONTROL,
            p.here(),
            "an `if` or a `for` is no part of an expression",
        )
        .label("expected the end of the line")
        .help("give it a name, and use the name here");
        p.fail(report);
    }
    Some(value)
}

/// `with { .. }` and `after a, b`, in this order.
fn suffixes(p: &mut Parser, value: Completed) {
    if p.is_lost() {
        return;
    }
    if at_suffix(p, "with") {
        with(p, value);
    }
    if at_suffix(p, "after") {
        after(p, value);
    }
    if at_suffix(p, "with") && !p.is_lost() {
        let report = Diagnostic::new(codes::SUFFIX, p.here(), "`with` stands before `after`")
            .label("out of order")
            .help("write `call(..) with { .. } after a, b`");
        p.report(report);
        with(p, value);
    }
}

/// Behind a whole value, on its line or where a line continues, the word is a suffix.
fn at_suffix(p: &Parser, word: &str) -> bool {
    p.at_word(word) && !p.at_line_end()
}

fn with(p: &mut Parser, value: Completed) {
    if value.kind != SyntaxKind::CallExpr {
        let what = if matches!(value.kind, SyntaxKind::IfExpr | SyntaxKind::ForExpr) {
            "not an `if` or a `for`"
        } else {
            "not a plain value"
        };
        let report = Diagnostic::new(codes::SUFFIX, p.here(), "`with` gives attributes to a call")
            .label(what)
            .help("put it behind the call that it is meant for");
        p.report(report);
    }
    let with = p.start();
    p.bump_as(SyntaxKind::WithKw);
    if p.at(SyntaxKind::LBrace) {
        entries::record(p);
    } else {
        let report = p
            .expectation("`{`")
            .help("attributes of a task stand in braces: `with { timeout: 10m }`");
        p.fail(report);
    }
    p.complete(with, SyntaxKind::With);
}

fn after(p: &mut Parser, value: Completed) {
    let is_task = matches!(
        value.kind,
        SyntaxKind::CallExpr | SyntaxKind::IfExpr | SyntaxKind::ForExpr
    );
    if !is_task {
        let report = Diagnostic::new(
            codes::SUFFIX,
            p.here(),
            "`after` orders a call, an `if` or a `for`",
        )
        .label("not a plain value")
        .help("a plain value is no task, and does not run");
        p.report(report);
    }
    let after = p.start();
    p.bump_as(SyntaxKind::AfterKw);
    loop {
        if !p.at(SyntaxKind::Ident) || p.at_line_end() {
            let report = p
                .expectation("the name of a task")
                .help("write `after a, b` with the names that the tasks were assigned to");
            p.fail(report);
            break;
        }
        p.bump();
        if p.at(SyntaxKind::Dot) || p.at(SyntaxKind::LParen) {
            let report =
                Diagnostic::new(codes::SUFFIX, p.here(), "`after` takes names of tasks only")
                    .label("expected `,` or the end of the line")
                    .help("write the task's name, without fields or a call");
            p.fail(report);
            break;
        }
        if !p.eat(SyntaxKind::Comma) {
            break;
        }
    }
    p.complete(after, SyntaxKind::After);
}

/// `require condition, message`
fn require(p: &mut Parser) {
    let statement = p.start();
    p.bump();
    if operand_follows(p, "a condition") {
        expressions::condition(p);
        if p.is_lost() {
            // Reported.
        } else if p.eat(SyntaxKind::Comma) {
            expressions::expr(p);
        } else {
            let report = p
                .expectation("`,` and a message")
                .help("say what is wrong when it does not hold: `require rows > 0, \"no rows\"`");
            p.fail(report);
        }
    }
    p.complete(statement, SyntaxKind::Require);
}

/// Whether something stands on the line; else that is reported.
fn operand_follows(p: &mut Parser, what: &str) -> bool {
    let follows = !p.at_line_end();
    if !follows {
        p.expected(what);
    }
    follows
}

fn finally(p: &mut Parser, place: Place, seen: &mut Seen) {
    let keyword = p.here();
    if place != Place::Pipeline {
        let report = Diagnostic::new(
            codes::OUT_OF_PLACE,
            keyword,
            "`finally` stands in an inner block",
        )
        .label("belongs to a whole pipeline")
        .help("move it to the end of the pipeline's body");
        p.report(report);
    } else if let Some(earlier) = seen.finally {
        let report = Diagnostic::new(codes::OUT_OF_PLACE, keyword, "a pipeline has one `finally`")
            .label("a second one")
            .also(earlier, "the first one")
            .help("join the two blocks");
        p.report(report);
    }
    let first = p.pos();
    let statement = p.start();
    p.bump();
    block_in(p, first, Place::Finally, "write `finally { .. }`");
    p.complete(statement, SyntaxKind::Finally);
    if place == Place::Pipeline {
        seen.finally = Some(keyword);
    }
}

fn returns(p: &mut Parser, place: Place, seen: &mut Seen) {
    let keyword = p.here();
    let report = Diagnostic::new(
        codes::OUT_OF_PLACE,
        keyword,
        "`return` stands in an inner block",
    )
    .label("belongs to a whole pipeline");
    match place {
        Place::Pipeline => seen.returned = Some(keyword),
        Place::Inner => p.report(report.help("a block's value is its last line, without `return`")),
        Place::Finally => {
            p.report(report.help("`finally` gives nothing; move the `return` below it"))
        }
    }
    let statement = p.start();
    p.bump();
    if operand_follows(p, "a value to return")
        && let Some(value) = top_value(p, "a value to return")
    {
        suffixes(p, value);
    }
    p.complete(statement, SyntaxKind::Return);
}
