//! A parameter of a pipeline that nothing in it reads.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, walk};
use crate::resolve::module::ExprKind;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_PARAMETER,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, _) in context.pipelines() {
        let mut read = HashSet::new();
        walk::exprs(pipeline, &mut |expr| {
            if let ExprKind::Param(at) = expr.kind {
                read.insert(at);
            }
        });
        for (at, param) in pipeline.params.iter().enumerate() {
            if !read.contains(&at) {
                let message = format!("`{}` does not read `{}`", pipeline.name, param.name);
                found.push(
                    Diagnostic::new(RULE.code, param.span, message)
                        .label("whatever is given here changes nothing")
                        .help("use it, or remove it"),
                );
            }
        }
    }
}
