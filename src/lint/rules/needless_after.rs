//! `after` a task that is waited for in any case.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, Edit, codes};
use crate::graph::Edge;
use crate::lint::{Context, Rule, fix, walk};
use crate::resolve::module::Block;
use crate::source::Span;
use crate::syntax::SyntaxKind;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::tree::span_of;

pub const RULE: Rule = Rule {
    code: codes::NEEDLESS_AFTER,
    level: Level::Warn,
    fixes: true,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let nodes = context.ast().syntax().descendants();
    let afters: Vec<(Span, ast::After)> = nodes
        .filter_map(|node| {
            let after = ast::After::cast(node.clone())?;
            let statement = node.parent()?;
            Some((
                span_of(
                    context.file(),
                    crate::syntax::tree::trimmed_range(&statement),
                ),
                after,
            ))
        })
        .collect();
    for (pipeline, _) in context.pipelines() {
        for block in walk::blocks(pipeline) {
            walk::statements(block, &mut |block, at, statement| {
                let after = afters.iter().find(|(span, _)| *span == statement.span);
                let Some((_, after)) = after else { return };
                let names: Vec<ast::Name> = after.names().collect();
                for name in &names {
                    let other = block.waits[at]
                        .iter()
                        .map(|(other, _)| *other)
                        .find(|other| {
                            let local = &pipeline.locals[block.statements[*other].local.0];
                            local.name == name.text()
                        });
                    if let Some(other) = other
                        && let Some(why) = implied(block, at, other)
                    {
                        let local = |at: usize| &pipeline.locals[block.statements[at].local.0].name;
                        let label = match why {
                            Why::Reads => "its value is read".to_owned(),
                            Why::Through(middle) => {
                                format!("`{}` is waited for, and it waits for this", local(middle))
                            }
                        };
                        let message = format!("`{}` is waited for in any case", name.text());
                        let edit = match names.len() {
                            1 => Edit::remove(with_blank(after, context)),
                            _ => fix::element(context.text(), name.span(context.file())),
                        };
                        found.push(
                            Diagnostic::new(RULE.code, name.span(context.file()), message)
                                .label(label)
                                .help("leave it out: data says enough")
                                .fix([edit]),
                        );
                    }
                }
            });
        }
    }
}

enum Why {
    Reads,
    Through(usize),
}

/// Why statement `at` waits for `other` without the `after`.
fn implied(block: &Block, at: usize, other: usize) -> Option<Why> {
    for (first, edge) in &block.waits[at] {
        match (*first == other, edge) {
            (true, Edge::Data | Edge::Gate) => return Some(Why::Reads),
            (true, Edge::Order) => {}
            (false, _) if reaches(block, *first, other) => return Some(Why::Through(*first)),
            (false, _) => {}
        }
    }
    None
}

fn reaches(block: &Block, from: usize, to: usize) -> bool {
    let mut seen = vec![false; block.statements.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for (next, _) in &block.waits[at] {
            if *next == to {
                return true;
            }
            if !std::mem::replace(&mut seen[*next], true) {
                open.push(*next);
            }
        }
    }
    false
}

/// The suffix with the blanks and line ends before it.
fn with_blank(after: &ast::After, context: &Context<'_>) -> Span {
    let span = after.span(context.file());
    let mut start = span;
    let mut token = after
        .syntax()
        .first_token()
        .and_then(|first| first.prev_token());
    while let Some(blank) =
        token.filter(|token| matches!(token.kind(), SyntaxKind::Whitespace | SyntaxKind::Newline))
    {
        start = span_of(context.file(), blank.text_range()).to(start);
        token = blank.prev_token();
    }
    start
}
