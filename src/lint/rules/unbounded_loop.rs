//! A loop over a list that is known only at run time, all at once.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{ExprKind, NodeKind};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::UNBOUNDED_LOOP,
    level: Level::Allow,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        if pipeline.attributes.parallelism.is_some() {
            continue;
        }
        for node in pipeline.graph.node_weights() {
            let NodeKind::For(looping) = &node.kind else {
                continue;
            };
            let mut made_by_a_task = false;
            looping.items.for_each(&mut |expr| {
                made_by_a_task |= matches!(expr.kind, ExprKind::Node(_));
            });
            if looping.limit.is_none() && made_by_a_task {
                found.push(
                    Diagnostic::new(
                        RULE.code,
                        looping.items.span,
                        "this loop starts as many tasks at once as the list has items",
                    )
                    .label("of any length, for a task makes it")
                    .help("bound it: `for .. in .. limit 10 {`"),
                );
            }
        }
    }
}
