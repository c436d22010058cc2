//! A name for a value that nothing reads and no `after` names.

use std::collections::{HashMap, HashSet};

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, walk};
use crate::resolve::module::{Block, Callee, ExprKind, LocalId, Pipeline, StatementKind};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode};

use super::is_shown;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_VALUE_NAME,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let nodes = context.ast().syntax().descendants();
    let assigned: HashSet<Span> = nodes
        .filter_map(ast::Assign::cast)
        .filter_map(|node| Some(node.name()?.span(context.file())))
        .collect();
    for (pipeline, _) in context.pipelines() {
        let read = read(pipeline);
        let calls = calls(pipeline);
        let mut report = |_: &Block, _: usize, statement: &crate::resolve::module::Statement| {
            let local = &pipeline.locals[statement.local.0];
            if read.contains(&statement.local) || !assigned.contains(&local.span) {
                return;
            }
            let (idle, help) = match &statement.kind {
                StatementKind::Call(call) => {
                    // `x = f() as T` makes two locals of one place, and the later one is what is read.
                    let again = pipeline.locals[statement.local.0 + 1..]
                        .iter()
                        .any(|other| other.span == local.span);
                    // A second call of a component needs a name; one without a value was named on purpose.
                    let several = calls.get(&call.callee).is_some_and(|count| *count > 1);
                    let outputs = context.outputs(call.callee);
                    let of_use = outputs.iter().all(|ty| is_shown(ty));
                    (
                        !again && !several && !of_use,
                        "return it, hand it to a step, or drop `name =` if the step is run for what it does",
                    )
                }
                StatementKind::If(branching) => (
                    branching
                        .branches
                        .iter()
                        .all(|(_, block)| block.value.is_some())
                        && branching
                            .otherwise
                            .as_ref()
                            .is_none_or(|block| block.value.is_some()),
                    "use it, or drop `name =`",
                ),
                StatementKind::For(looping) => {
                    (looping.body.value.is_some(), "use it, or drop `name =`")
                }
                StatementKind::Let(_) => (true, "use it, or remove the line"),
                StatementKind::Require(_) => (false, ""),
            };
            if idle {
                let message = format!("nothing reads `{}`", local.name);
                found.push(
                    Diagnostic::new(RULE.code, local.span, message)
                        .label("a value with a name, and no use")
                        .help(help.replace("name =", &format!("{} =", local.name))),
                );
            }
        };
        for block in walk::blocks(pipeline) {
            walk::statements(block, &mut report);
        }
    }
}

/// What expressions read and `after` names.
fn read(pipeline: &Pipeline) -> HashSet<LocalId> {
    let mut read = HashSet::new();
    walk::exprs(pipeline, &mut |expr| {
        if let ExprKind::Local(id) = expr.kind {
            read.insert(id);
        }
    });
    for block in walk::blocks(pipeline) {
        walk::statements(block, &mut |block, at, _| {
            for (other, _) in &block.waits[at] {
                read.insert(block.statements[*other].local);
            }
        });
    }
    read
}

fn calls(pipeline: &Pipeline) -> HashMap<Callee, usize> {
    let mut counts = HashMap::new();
    for block in walk::blocks(pipeline) {
        block.for_each_call(&mut |call| *counts.entry(call.callee).or_default() += 1);
    }
    counts
}
