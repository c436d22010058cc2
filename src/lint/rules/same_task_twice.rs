//! One call written twice in one block.

use std::collections::HashMap;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, walk};
use crate::resolve::module::{Block, StatementKind};
use crate::source::Span;

pub const RULE: Rule = Rule {
    code: codes::SAME_TASK_TWICE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, _) in context.pipelines() {
        for block in walk::blocks(pipeline) {
            let mut seen: HashMap<(*const Block, String), Span> = HashMap::new();
            walk::statements(block, &mut |block, _, statement| {
                let StatementKind::Call(call) = &statement.kind else {
                    return;
                };
                // A step without inputs or outputs is run for what it does, and may well do it twice.
                if call.args.is_empty()
                    || call.with.is_some()
                    || context.outputs(call.callee).is_empty()
                {
                    return;
                }
                let text = context.sources.text(call.span);
                let key: String = text.split_whitespace().collect();
                match seen.get(&(std::ptr::from_ref(block), key.clone())) {
                    Some(first) => {
                        let name = &pipeline.locals[statement.local.0].name;
                        let message = format!("`{name}` is the same call as one above");
                        found.push(
                            Diagnostic::new(RULE.code, call.span, message)
                                .label("the same component with the same inputs")
                                .also(*first, "the first one")
                                .help("use the value of the first, or change an input"),
                        );
                    }
                    None => {
                        seen.insert((std::ptr::from_ref(block), key), call.span);
                    }
                }
            });
        }
    }
}
