//! A condition whose outcome is known while compiling.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Expr, NodeKind};
use crate::lint::{Context, Rule};
use crate::value::Value;

pub const RULE: Rule = Rule {
    code: codes::CONSTANT_CONDITION,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        for node in pipeline.graph.node_weights() {
            match &node.kind {
                NodeKind::If(branching) => {
                    for branch in &branching.branches {
                        report(&branch.condition, "the branch runs", found);
                    }
                }
                NodeKind::Require(require) => report(&require.condition, "the run goes on", found),
                NodeKind::Task(_) | NodeKind::For(_) => {}
            }
        }
    }
}

fn report(condition: &Expr, then: &str, found: &mut Vec<Diagnostic>) {
    let Some(Value::Bool(holds)) = condition.constant() else {
        return;
    };
    let message = format!("this condition is always {holds}");
    let label = match holds {
        true => format!("{then} every time"),
        false => "no run gets past this".to_owned(),
    };
    let label = match (holds, then) {
        (false, "the branch runs") => "the branch never runs".to_owned(),
        _ => label,
    };
    found.push(
        Diagnostic::new(RULE.code, condition.span, message)
            .label(label)
            .help("compare with a parameter or with what a step gives"),
    );
}
