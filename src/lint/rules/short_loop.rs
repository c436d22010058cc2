//! A loop over a list that is written out with one item, or none.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{ExprKind, NodeKind};
use crate::lint::{Context, Rule};
use crate::value::Value;

pub const RULE: Rule = Rule {
    code: codes::SHORT_LOOP,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        for node in pipeline.graph.node_weights() {
            let NodeKind::For(looping) = &node.kind else {
                continue;
            };
            let length = match &looping.items.kind {
                ExprKind::Const(Value::List(items)) => items.len(),
                ExprKind::List(items) => items.len(),
                _ => continue,
            };
            let (message, label) = match length {
                0 => ("this loop never runs", "an empty list"),
                1 => ("this loop runs once", "one item"),
                _ => continue,
            };
            found.push(
                Diagnostic::new(RULE.code, looping.items.span, message)
                    .label(label)
                    .help("write the steps without the loop, or take the list as a parameter"),
            );
        }
    }
}
