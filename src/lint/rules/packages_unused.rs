//! Packages on a step that is not Python: nothing installs them.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Step;
use crate::lint::{Context, Rule, fix};
use crate::resolve::module::Callee;
use crate::source::Span;
use crate::syntax::ast;

pub const RULE: Rule = Rule {
    code: codes::PACKAGES_UNUSED,
    level: Level::Warn,
    fixes: true,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, component) in context.components() {
        let at = component.attributes.span("packages");
        report(context, at, &component.definition.step, found);
    }
    for (pipeline, _) in context.pipelines() {
        for block in [Some(&pipeline.body), pipeline.finally.as_ref()] {
            for block in block.into_iter() {
                block.for_each_call(&mut |call| {
                    if let Callee::Component(at) = call.callee {
                        let at_with = call.with.as_ref().and_then(|with| with.span("packages"));
                        let step = &context.module.components[at].definition.step;
                        report(context, at_with, step, found);
                    }
                });
            }
        }
    }
}

fn report(context: &Context<'_>, at: Option<Span>, step: &Step, found: &mut Vec<Diagnostic>) {
    let kind = match step {
        Step::Python(_) => return,
        Step::Run(_) => "run",
        Step::Shell(_) => "shell",
    };
    let Some(written) = at.and_then(|at| context.written_at(at)) else {
        return;
    };
    // An empty list takes away what the pipeline's defaults say.
    if matches!(&written.value, ast::Expr::List(list) if list.items().next().is_some()) {
        let message = format!("`packages` does nothing for a `{kind}:` step");
        found.push(
            Diagnostic::new(RULE.code, written.span, message)
                .label("installed for `python:` steps only")
                .help("use an image that has what the step needs")
                .fix([fix::element(context.text(), context.place(&written.entry))]),
        );
    }
}
