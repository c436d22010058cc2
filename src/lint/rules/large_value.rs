//! A table as a value: engines carry values in their own records, which hold little.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::NodeKind;
use crate::lint::{Context, Rule};
use crate::types::Type;

pub const RULE: Rule = Rule {
    code: codes::LARGE_VALUE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, component) in context.components() {
        for output in &component.definition.outputs {
            if is_table(&output.ty) && !is_looped_over(context, &output.ty) {
                let message = format!("`{}` gives a table as a value", component.definition.name);
                found.push(
                    Diagnostic::new(RULE.code, output.span, message)
                        .label(
                            "Argo and Airflow carry at most 256 KB of what a task gives as values",
                        )
                        .help("give a file: `Dataset[json]`, `Dataset[parquet, {..}]`"),
                );
            }
        }
    }
}

/// A list of lists or of records: its size has two dimensions, and data in it.
fn is_table(ty: &Type) -> bool {
    let ty = match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    };
    match ty {
        Type::List(item) | Type::Dict(item) => {
            matches!(**item, Type::List(_) | Type::Record(_) | Type::Dict(_))
        }
        _ => false,
    }
}

/// A list that a loop goes through is a list of jobs, and those are few.
fn is_looped_over(context: &Context<'_>, ty: &Type) -> bool {
    context.pipelines().any(|(_, pipeline)| {
        pipeline.graph.node_weights().any(|node| match &node.kind {
            NodeKind::For(looping) => looping.items.ty == *ty,
            _ => false,
        })
    })
}
