//! A cached step with an input that is another in every run.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Cache, Expr, ExprKind, ParamDefault, Pipeline, RunField};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::CACHE_NEVER_HIT,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, index, task, _) in context.steps() {
        let Some(cache) = task.attributes.spans.get("cache") else {
            continue;
        };
        if task.attributes.cache == Cache::Off {
            continue;
        }
        let mut changing: Option<&Expr> = None;
        for arg in &task.args {
            arg.value.for_each(&mut |expr| {
                if changes(expr, pipeline) {
                    changing = changing.or(Some(expr));
                }
            });
        }
        if let Some(expr) = changing {
            let name = &pipeline.graph[index].name;
            let message = format!("`{name}` is cached, but reads what is new in every run");
            let report = Diagnostic::new(RULE.code, expr.span, message)
                .label("`run.id` is never the same twice, so the cache is never used");
            let report = match cache.file == expr.span.file {
                true => report.also(cache, "cached here"),
                false => report,
            };
            found.push(report.help("leave out the cache, or this input"));
        }
    }
}

fn changes(expr: &Expr, pipeline: &Pipeline) -> bool {
    match &expr.kind {
        ExprKind::Run(field) => *field == RunField::Id,
        ExprKind::Param(name) => pipeline.params.iter().any(|param| {
            param.name == *name && param.default == Some(ParamDefault::Run(RunField::Id))
        }),
        _ => false,
    }
}
