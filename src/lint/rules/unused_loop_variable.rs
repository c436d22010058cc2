//! A loop whose turns do not look at their item.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, walk};
use crate::resolve::module::{ExprKind, StatementKind};

pub const RULE: Rule = Rule {
    code: codes::UNUSED_LOOP_VARIABLE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, _) in context.pipelines() {
        for block in walk::blocks(pipeline) {
            walk::statements(block, &mut |_, _, statement| {
                let StatementKind::For(looping) = &statement.kind else {
                    return;
                };
                let mut read = false;
                walk::block_exprs(&looping.body, &mut |expr| {
                    read |= matches!(expr.kind, ExprKind::Local(id) if id == looping.variable);
                });
                if !read {
                    let variable = &pipeline.locals[looping.variable.0];
                    let message = format!("the loop does not look at `{}`", variable.name);
                    found.push(
                        Diagnostic::new(RULE.code, variable.span, message)
                            .label("each turn does the same")
                            .help("hand it to a step, or run the steps once"),
                    );
                }
            });
        }
    }
}
