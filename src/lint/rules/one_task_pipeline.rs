//! A pipeline that others call, and that only calls one component itself.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::resolve::module::{Callee, StatementKind};

pub const RULE: Rule = Rule {
    code: codes::ONE_TASK_PIPELINE,
    level: Level::Allow,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (at, pipeline) in context.module.pipelines.iter().enumerate() {
        let one_call = matches!(
            pipeline.body.statements.as_slice(),
            [only] if matches!(only.kind, StatementKind::Call(_))
        );
        if pipeline.in_entry_file
            && one_call
            && pipeline.finally.is_none()
            && context.is_called(Callee::Pipeline(at))
        {
            let message = format!("`{}` is a pipeline of one task", pipeline.name);
            found.push(
                Diagnostic::new(RULE.code, pipeline.span, message)
                    .label(
                        "called as a nested pipeline, which some engines run as a pod of its own",
                    )
                    .help("call its component directly"),
            );
        }
    }
}
