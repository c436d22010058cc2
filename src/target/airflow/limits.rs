//! What only the emitted document shows: texts that Airflow can't carry, and how large a DAG becomes.

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Block, ExprKind, NodeKind, ParamDefault, Pipeline, Program};
use crate::source::Span;
use crate::value::Value;

/// A DAG is parsed again and again, and its serialized form is a row of the database: 0.8 MB at this many tasks.
const MANY_TASKS: usize = 1_000;
/// A loop that is written out can make any number of them.
pub const MOST_TASKS: usize = 10_000;

/// Errors for constants with a NUL: no environment variable, argument or database text holds one.
pub fn constants(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for pipeline in &program.pipelines {
        for param in &pipeline.params {
            if let Some(ParamDefault::Const(value)) = &param.default {
                nul(value, param.span, &mut found);
            }
        }
        let blocks = [Some(&pipeline.body), pipeline.finally.as_ref()];
        for block in blocks.into_iter().flatten() {
            in_block(pipeline, block, &mut found);
        }
        for output in &pipeline.outputs {
            output.value.for_each(&mut |expr| {
                if let ExprKind::Const(value) = &expr.kind {
                    nul(value, expr.span, &mut found);
                }
            });
        }
    }
    found
}

fn in_block(pipeline: &Pipeline, block: &Block, found: &mut Vec<Diagnostic>) {
    pipeline.for_each_expr(block, &mut |expr| {
        if let ExprKind::Const(value) = &expr.kind {
            nul(value, expr.span, found);
        }
    });
    for node in pipeline.nodes_within(block) {
        let node = &pipeline.graph[node];
        if let NodeKind::Task(task) = &node.kind {
            for text in task.attributes.env.values() {
                let at = task.attributes.spans.get("env").unwrap_or(node.span);
                nul(&Value::Str(text.clone()), at, found);
            }
        }
    }
}

fn nul(value: &Value, span: Span, found: &mut Vec<Diagnostic>) {
    let holds = match value {
        Value::Str(text) => text.contains('\0'),
        Value::List(items) => return items.iter().for_each(|item| nul(item, span, found)),
        Value::Map(entries) => {
            return entries.iter().for_each(|(key, item)| {
                nul(&Value::Str(key.clone()), span, found);
                nul(item, span, found);
            });
        }
        _ => false,
    };
    if holds {
        let fault = Diagnostic::new(codes::AIRFLOW_NUL, span, "`airflow` can't carry a text with a NUL")
            .label("it holds `\\u{0}`")
            .help("no argument, environment variable or database text holds one: write it another way, such as base64");
        if !found.contains(&fault) {
            found.push(fault);
        }
    }
}

/// A report for a DAG of many tasks.
pub fn size(program: &Program, tasks: usize) -> Option<Diagnostic> {
    let code = match tasks {
        0..=MANY_TASKS => return None,
        tasks if tasks > MOST_TASKS => codes::AIRFLOW_TOO_MANY_TASKS,
        _ => codes::AIRFLOW_MANY_TASKS,
    };
    let report = Diagnostic::new(
        code,
        program.entry().span,
        format!("the pipeline is {tasks} tasks on `airflow`"),
    )
    .label(format!("more than {}", if tasks > MOST_TASKS { MOST_TASKS } else { MANY_TASKS }))
    .help("a loop that holds another, or stands in a loop, is written out once an item: let a component make one list for both");
    Some(report)
}
