//! A condition whose outcome is known while compiling.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Block, Expr, If, NodeKind, Pipeline};
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
                NodeKind::If(branching) => choice(pipeline, branching, found),
                NodeKind::Require(require) => {
                    found.extend(truth(&require.condition).map(|holds| {
                        report(&require.condition, holds).label(match holds {
                            true => "the run always goes on",
                            false => "no run gets past this",
                        })
                    }))
                }
                NodeKind::Task(_) | NodeKind::For(_) => {}
            }
        }
    }
}

/// What is compiled holds nothing of a branch that is never taken: its tasks are named.
fn choice(pipeline: &Pipeline, branching: &If, found: &mut Vec<Diagnostic>) {
    for (at, branch) in branching.branches.iter().enumerate() {
        let Some(holds) = truth(&branch.condition) else {
            continue;
        };
        let (label, never): (_, Vec<&Block>) = match holds {
            false => ("the branch never runs", vec![&branch.block]),
            true => {
                let below = branching.branches[at + 1..]
                    .iter()
                    .map(|branch| &branch.block);
                (
                    "no branch below this runs",
                    below.chain(&branching.otherwise).collect(),
                )
            }
        };
        let mut report = report(&branch.condition, holds).label(label);
        for index in never
            .into_iter()
            .flat_map(|block| pipeline.nodes_within(block))
        {
            let node = &pipeline.graph[index];
            if matches!(node.kind, NodeKind::Task(_)) {
                report = report.also(node.span, format!("`{}` never runs", node.name));
            }
        }
        found.push(report);
        if holds {
            return;
        }
    }
}

fn truth(condition: &Expr) -> Option<bool> {
    match condition.constant() {
        Some(Value::Bool(holds)) => Some(*holds),
        _ => None,
    }
}

fn report(condition: &Expr, holds: bool) -> Diagnostic {
    Diagnostic::new(
        RULE.code,
        condition.span,
        format!("this condition is always {holds}"),
    )
    .help("compare with a parameter or with what a step gives")
}
