//! `if` as a *switch*: a DAG whose inputs are all that it reads, with a DAG for each branch, of which the conditions let one run.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use petgraph::graph::NodeIndex;

use super::control::{as_output, free_atoms, part_key, part_type};
use super::lower::Lowering;
use super::model::{InputParameter, ParameterSource, Task, TriggerPolicy};
use super::scope::{Atom, Scope, atom_of, each_atom, wire_up};
use super::wire::{self, Feed, Form, From, Wire};
use crate::graph::{Block, Expr, ExprKind, If};
use crate::types::Type;
use crate::value::Value;

impl<'a> Lowering<'a> {
    pub fn branch(&mut self, scope: &mut Scope<'a>, node: NodeIndex, branching: &'a If) {
        let pipeline = scope.pipeline;
        let name = scope.name_of(node);
        let span = pipeline.graph[node].span;
        let wanted = self.wanted(scope, node);
        let parts: Vec<(Option<String>, Type)> = wanted
            .iter()
            .map(|key| {
                (
                    key.clone(),
                    part_type(&pipeline.graph[node].ty, key.as_deref()),
                )
            })
            .collect();
        let waits = scope.waits(node);

        // Conditions that both engines evaluate alike stand in the switch; a step computes the others.
        let simple: Vec<bool> = branching
            .branches
            .iter()
            .map(|branch| self.is_simple(scope, &branch.condition))
            .collect();
        let computed: Vec<(String, Form, &Expr)> = branching
            .branches
            .iter()
            .enumerate()
            .filter(|(at, _)| !simple[*at])
            .map(|(at, branch)| {
                (
                    format!("condition_{}", at + 1),
                    Form::of(&Type::Bool),
                    &branch.condition,
                )
            })
            .collect();
        let mut given = if computed.is_empty() {
            Vec::new()
        } else {
            self.give(
                scope,
                &format!("{name}-conditions"),
                &computed,
                waits.clone(),
            )
        }
        .into_iter();

        let blocks: Vec<&Block> = pipeline.graph[node].kind.blocks();
        let mut atoms = IndexSet::new();
        for (at, branch) in branching.branches.iter().enumerate() {
            if simple[at] {
                each_atom(self.program, pipeline, &branch.condition, &mut |atom| {
                    atoms.insert(atom);
                });
            }
        }
        let asked = atoms.clone();
        atoms.extend(free_atoms(self.program, pipeline, &blocks, &wanted, None));
        let (mut switch, mut inputs) = self.inner_scope(scope, &atoms);
        let mut conditions = Vec::new();
        let mut asked_feeds: Vec<Feed> = asked.iter().map(|atom| switch.feed(atom)).collect();
        for (at, branch) in branching.branches.iter().enumerate() {
            if simple[at] {
                conditions.push(self.cel(&switch, &branch.condition));
            } else {
                let feed = given.next().expect("each computed condition is given");
                let declared = switch.declare(&format!("condition_{}", at + 1), &feed);
                wire_up(&mut inputs, &declared, &feed);
                let Feed::Value(Wire {
                    from: From::Input(input),
                    ..
                }) = &declared
                else {
                    unreachable!("a condition is an input")
                };
                conditions.push(format!("inputs.parameter_values['{input}'] == true"));
                asked_feeds.push(declared);
            }
        }

        let component = self.component_name(&pipeline.graph[node].name);
        let mut taken: Vec<Vec<Feed>> = Vec::new();
        let otherwise = branching.otherwise.as_ref();
        let arms = branching
            .branches
            .iter()
            .map(|branch| Some(&branch.block))
            .chain(std::iter::once(otherwise));
        for (at, block) in arms.enumerate() {
            let is_else = at == branching.branches.len();
            let empty = block.is_none_or(|block| block.nodes.is_empty());
            if empty && parts.is_empty() {
                continue;
            }
            let mut refused: Vec<String> = conditions[..at]
                .iter()
                .map(|condition| format!("!({condition})"))
                .collect();
            if !is_else {
                refused.push(if at == 0 {
                    conditions[at].clone()
                } else {
                    format!("({})", conditions[at])
                });
            }
            let arm = if is_else {
                "else".to_owned()
            } else {
                switch.task_names.free("then")
            };
            let own: Vec<&Block> = block.into_iter().collect();
            let atoms = free_atoms(self.program, pipeline, &own, &wanted, None);
            let (mut inner, mut inner_inputs) = self.inner_scope(&switch, &atoms);
            for feed in &asked_feeds {
                let Feed::Value(Wire {
                    from: From::Input(input),
                    form,
                }) = feed
                else {
                    unreachable!("a condition reads inputs")
                };
                if !inner_inputs.parameters.contains_key(input) {
                    inner.declare_parameter(input, InputParameter::of(form));
                    inner_inputs.parameters.insert(
                        input.clone(),
                        ParameterSource::ComponentInputParameter(input.clone()),
                    );
                }
            }
            let arm_component =
                self.component_name(&format!("{}_{arm}", pipeline.graph[node].name));
            if let Some(block) = block {
                self.name_block(&mut inner, block);
                self.block(&mut inner, block);
            }
            let feeds = self.block_outputs(
                &mut inner,
                block.and_then(|block| block.value.as_ref()),
                &parts,
                span,
            );
            self.components
                .insert(arm_component.clone(), inner.component);
            let rest = Task {
                trigger_policy: Some(TriggerPolicy {
                    condition: Some(refused.join(" && ")),
                    strategy: None,
                }),
                ..Task::default()
            };
            switch.add_task(&arm, arm_component, inner_inputs, BTreeSet::new(), rest);
            taken.push(
                feeds
                    .iter()
                    .zip(&parts)
                    .map(|(feed, (key, ty))| as_output(feed, &arm, &part_key(ty, key.as_deref())))
                    .collect(),
            );
        }
        if switch.dag().tasks.is_empty() {
            scope.finished(node, waits.into_iter().collect());
            return;
        }
        for (at, (key, ty)) in parts.iter().enumerate() {
            let feeds: Vec<Feed> = taken.iter().map(|feeds| feeds[at].clone()).collect();
            let output = part_key(ty, key.as_deref());
            switch.output_of_one(&output, &feeds);
            let feed = with_type(as_output(&feeds[0], &name, &output), ty);
            scope.feeds.insert(Atom::Out(node, key.clone()), feed);
        }
        self.components.insert(component.clone(), switch.component);
        scope.add_task(&name, component, inputs, waits, Task::default());
        scope.finished(node, vec![name]);
    }

    /// Whether both engines evaluate a condition alike: logic and comparison of numbers and truth values that stand in their
    /// parameters as they are. kfp.local fails on strings with a quote, and then takes no branch at all.
    fn is_simple(&self, scope: &Scope, expr: &Expr) -> bool {
        if let Some(atom) = atom_of(self.program, scope.pipeline, expr) {
            return match scope.feed(&atom) {
                Feed::Value(wire) => {
                    wire.form.is_bare()
                        && !wire.form.ty.is_optional()
                        && matches!(wire.form.ty.base(), Type::Int | Type::Float | Type::Bool)
                        && !matches!(wire.from, From::Constant(_))
                }
                _ => false,
            };
        }
        match &expr.kind {
            ExprKind::Const(value) => {
                matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_))
            }
            ExprKind::Not(inner) => self.is_simple(scope, inner),
            ExprKind::And(a, b) | ExprKind::Or(a, b) | ExprKind::Compare(_, a, b) => {
                self.is_simple(scope, a) && self.is_simple(scope, b)
            }
            _ => false,
        }
    }

    /// A simple condition in CEL, over the inputs of the switch. All numbers are doubles there.
    fn cel(&self, scope: &Scope, expr: &Expr) -> String {
        if let Some(atom) = atom_of(self.program, scope.pipeline, expr) {
            let wire = scope.value(&atom);
            let From::Input(name) = &wire.from else {
                unreachable!("a switch reads its inputs")
            };
            let read = format!("inputs.parameter_values['{name}']");
            return match wire.form.ty.base() {
                Type::Bool => format!("{read} == true"),
                _ => read,
            };
        }
        match &expr.kind {
            ExprKind::Const(Value::Int(int)) => {
                wire::widened(&Value::Int(*int), &Type::Float).json()
            }
            ExprKind::Const(value) => value.json(),
            ExprKind::Not(inner) => format!("!({})", self.cel(scope, inner)),
            ExprKind::And(a, b) => format!("({}) && ({})", self.cel(scope, a), self.cel(scope, b)),
            ExprKind::Or(a, b) => format!("({}) || ({})", self.cel(scope, a), self.cel(scope, b)),
            ExprKind::Compare(comparison, a, b) => {
                let side = |expr: &Expr| {
                    let text = self.cel(scope, expr);
                    if text.contains(' ') {
                        format!("({text})")
                    } else {
                        text
                    }
                };
                format!("{} {} {}", side(a), comparison.symbol(), side(b))
            }
            other => unreachable!("{other:?} is not simple"),
        }
    }
}

fn with_type(feed: Feed, ty: &Type) -> Feed {
    match feed {
        Feed::Value(wire) => {
            let form = Form {
                ty: ty.unrefined(),
                ..wire.form
            };
            Feed::Value(Wire { form, ..wire })
        }
        other => other,
    }
}
