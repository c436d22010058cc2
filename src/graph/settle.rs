//! Gives every expression of a checked pipeline a type that targets can write down.
//!
//! What is left unknown after the check are the items of lists that nothing says more about: `[]`. A list of no item is one of any type.

use super::{Block, Expr, NodeKind, Pipeline};
use crate::types::{Record, Type};

/// Replaces what is unknown in the pipeline's types.
pub fn settle(pipeline: &mut Pipeline) {
    for node in pipeline.graph.node_weights_mut() {
        settle_type(&mut node.ty);
        match &mut node.kind {
            NodeKind::Task(task) => task
                .args
                .iter_mut()
                .for_each(|arg| settle_expr(&mut arg.value)),
            NodeKind::If(branching) => {
                for branch in &mut branching.branches {
                    settle_expr(&mut branch.condition);
                    settle_block(&mut branch.block);
                }
                branching.otherwise.iter_mut().for_each(settle_block);
            }
            NodeKind::For(looping) => {
                settle_expr(&mut looping.items);
                settle_block(&mut looping.body);
            }
            NodeKind::Require(require) => {
                settle_expr(&mut require.condition);
                settle_expr(&mut require.message);
            }
        }
    }
    settle_block(&mut pipeline.body);
    pipeline.finally.iter_mut().for_each(settle_block);
    for output in &mut pipeline.outputs {
        settle_expr(&mut output.value);
    }
}

/// A block's nodes are the graph's: what is its own is its value.
fn settle_block(block: &mut Block) {
    block.value.iter_mut().for_each(settle_expr);
}

fn settle_expr(expr: &mut Expr) {
    expr.for_each_mut(&mut |expr| settle_type(&mut expr.ty));
}

fn settle_type(ty: &mut Type) {
    if let Some(settled) = settled(ty) {
        *ty = settled;
    }
}

/// The type with what is unknown in it replaced, if there is something.
fn settled(ty: &Type) -> Option<Type> {
    match ty {
        Type::Unknown => Some(Type::Str),
        Type::List(item) => settled(item).map(Type::list),
        Type::Dict(item) => settled(item).map(Type::dict),
        Type::Optional(inner) => settled(inner).map(Type::optional),
        Type::Record(record) => {
            let mut changed = false;
            let fields = record
                .fields
                .iter()
                .map(|(name, field)| {
                    let settled = settled(field);
                    changed |= settled.is_some();
                    (name.clone(), settled.unwrap_or_else(|| field.clone()))
                })
                .collect();
            let name = record.name.clone();
            changed.then(|| Type::Record(Record { name, fields }.into()))
        }
        _ => None,
    }
}
