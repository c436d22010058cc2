//! An output that no pipeline reads.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{self, ExprKind, NodeKind};
use crate::lint::{Context, Rule};
use crate::resolve::module::Callee;

use super::is_shown;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_OUTPUT,
    level: Level::Allow,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if !context.is_program() {
        return;
    }
    let mut read: HashSet<(usize, String)> = HashSet::new();
    let mut whole: HashSet<usize> = HashSet::new();
    for (_, pipeline) in context.pipelines() {
        let callee = |expr: &graph::Expr| {
            let ExprKind::Node(node) = expr.kind else {
                return None;
            };
            match &pipeline.graph[node].kind {
                NodeKind::Task(task) => match task.callee {
                    graph::Callee::Component(id) => Some(id.0),
                    graph::Callee::Pipeline(_) => None,
                },
                _ => None,
            }
        };
        let mut fields = HashSet::new();
        let mut visit = |expr: &graph::Expr| {
            if let ExprKind::Field(inner, name) = &expr.kind
                && let Some(at) = callee(inner)
            {
                read.insert((at, name.clone()));
                fields.insert(inner.span);
            } else if let Some(at) = callee(expr)
                && !fields.contains(&expr.span)
            {
                whole.insert(at);
            }
        };
        for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
            pipeline.for_each_expr(block, &mut visit);
        }
        for output in &pipeline.outputs {
            output.value.for_each(&mut visit);
        }
    }
    for (at, component) in context.components() {
        let definition = &component.definition;
        if whole.contains(&at) || !context.is_called(Callee::Component(at)) {
            continue;
        }
        for output in &definition.outputs {
            if !is_shown(&output.ty) && !read.contains(&(at, output.name.clone())) {
                let message = format!("nothing reads `{}` of `{}`", output.name, definition.name);
                found.push(
                    Diagnostic::new(RULE.code, output.span, message)
                        .label("no pipeline here uses it or returns it")
                        .help("return it, or leave it out"),
                );
            }
        }
    }
}
