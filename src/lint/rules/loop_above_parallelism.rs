//! A loop that would run more at once than the whole pipeline may.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::NodeKind;
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::LOOP_ABOVE_PARALLELISM,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let (Some(parallelism), Some(at)) =
            (attributes.parallelism, attributes.spans.get("parallelism"))
        else {
            continue;
        };
        for node in pipeline.graph.node_weights() {
            let NodeKind::For(looping) = &node.kind else {
                continue;
            };
            let (message, label) = match looping.limit {
                Some(limit) if limit > parallelism => (
                    format!(
                        "`limit {limit}` is never reached: {parallelism} tasks may run at once"
                    ),
                    "more at once than the pipeline may",
                ),
                None if parallelism == 1 => (
                    "the turns of this loop run one after the other".to_owned(),
                    "a loop runs its turns at once, where it may",
                ),
                _ => continue,
            };
            found.push(
                Diagnostic::new(RULE.code, node.span, message)
                    .label(label)
                    .also(at, "this holds for the whole run")
                    .help("raise `parallelism`, or say the same `limit` at the loop"),
            );
        }
    }
}
