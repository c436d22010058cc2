//! Runs made for the past that don't know which part of the past they are for.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{ExprKind, ParamDefault, RunField};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::CATCHUP_ALIKE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let Some(at) = attributes.spans.get("schedule.catchup") else {
            continue;
        };
        if !attributes.schedule.as_ref().is_some_and(|one| one.catchup) {
            continue;
        }
        let dated = |field: RunField| {
            matches!(
                field,
                RunField::Date | RunField::IntervalStart | RunField::IntervalEnd
            )
        };
        let mut reads = pipeline
            .params
            .iter()
            .any(|param| matches!(param.default, Some(ParamDefault::Run(field)) if dated(field)));
        for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
            pipeline.for_each_expr(block, &mut |expr| {
                reads |= matches!(expr.kind, ExprKind::Run(field) if dated(field));
            });
        }
        if !reads {
            let message = format!(
                "`{}` catches up with days that it does not look at",
                pipeline.name
            );
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("one run for each time that was missed, all alike")
                    .help("take the day as a parameter, `day: date = run.date`, or set `catchup: false`"),
            );
        }
    }
}
