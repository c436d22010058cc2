//! What `if`, `for` and `finally` have in common as DAGs, and `finally`: a pipeline with one is two DAGs, its body, and what runs when
//! that ended. In the shapes here kfp.local and the cluster agree; kfp.local runs several others wrong without a word.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;

use super::lower::{Lowering, give_a_parameter, of_task, with_a_parameter};
use super::model::{Task, TaskInputs, TriggerPolicy};
use super::scope::{Atom, Scope, atom_of, each_atom, hint, wire_up};
use super::wire::{Coding, Feed, File, Form, From, Wire, output_key};
use crate::graph::{Block, Expr, ExprKind, NodeKind, Pipeline, Program, RunField, UNNAMED_OUTPUT};
use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

/// The parts of the values of `if`s and loops that something reads: a field, or the whole.
pub type Demands = HashMap<NodeIndex, IndexSet<Option<String>>>;

/// What of a pipeline's `if`s and loops is read.
pub fn demands(program: &Program, pipeline: &Pipeline) -> Demands {
    let mut demands = Demands::new();
    let mut open = Vec::new();
    let mut read = |expr: &Expr, open: &mut Vec<(NodeIndex, Option<String>)>| {
        each_atom(program, pipeline, expr, &mut |atom| {
            if let Atom::Out(node, key) = atom
                && !pipeline.graph[node].kind.blocks().is_empty()
                && demands.entry(node).or_default().insert(key.clone())
            {
                open.push((node, key));
            }
        });
    };
    for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
        for node in pipeline.nodes_within(block) {
            for expr in pipeline.graph[node].kind.exprs() {
                read(expr, &mut open);
            }
        }
    }
    for output in &pipeline.outputs {
        read(&output.value, &mut open);
    }
    // What a block gives is read as far as what it is the value of.
    while let Some((node, key)) = open.pop() {
        for block in pipeline.graph[node].kind.blocks() {
            if let Some(value) = &block.value {
                read(&project(value, key.as_deref()), &mut open);
            }
        }
    }
    demands
}

/// A field of an expression, or all of it.
fn project(expr: &Expr, key: Option<&str>) -> Expr {
    let Some(key) = key else { return expr.clone() };
    if let ExprKind::Map(entries) = &expr.kind
        && let Some((_, value)) = entries.iter().find(|(name, _)| name == key)
    {
        return value.clone();
    }
    let kind = match &expr.kind {
        ExprKind::Const(Value::Map(entries)) => {
            ExprKind::Const(entries.get(key).cloned().unwrap_or(Value::Absent))
        }
        ExprKind::Const(Value::Absent) => ExprKind::Const(Value::Absent),
        _ => ExprKind::Field(Box::new(expr.clone()), key.to_owned()),
    };
    Expr {
        kind,
        ty: field_type(&expr.ty, key),
        span: expr.span,
    }
}

/// The type of `.key`.
fn field_type(ty: &Type, key: &str) -> Type {
    match ty {
        Type::Optional(inner) => field_type(inner, key).optional(),
        Type::List(inner) => field_type(inner, key).list(),
        Type::Record(record) => record.fields.get(key).cloned().unwrap_or(Type::Unknown),
        _ => Type::Unknown,
    }
}

pub fn part_type(ty: &Type, key: Option<&str>) -> Type {
    key.map_or_else(|| ty.clone(), |key| field_type(ty, key))
}

/// The key of an output that is a part of an `if`'s or a loop's value.
pub fn part_key(ty: &Type, key: Option<&str>) -> String {
    match key {
        Some(key) => key.to_owned(),
        None if ty.artifact_list().is_some() => UNNAMED_OUTPUT.to_owned(),
        None => output_key(UNNAMED_OUTPUT, ty),
    }
}

/// What a block reads of what is around it, in the order in which it first does.
pub fn free_atoms(
    program: &Program,
    pipeline: &Pipeline,
    blocks: &[&Block],
    wanted: &IndexSet<Option<String>>,
    item: Option<NodeIndex>,
) -> IndexSet<Atom> {
    let mut inside: HashSet<NodeIndex> = HashSet::new();
    for block in blocks {
        inside.extend(pipeline.nodes_within(block));
    }
    let mut free = IndexSet::new();
    let mut visit = |atom: Atom| {
        let own = match &atom {
            Atom::Out(node, _) => inside.contains(node),
            Atom::Item(node) => inside.contains(node) || item == Some(*node),
            // A constant wherever it is read.
            Atom::Run(field) => *field != RunField::Status,
            Atom::Param(_) => false,
        };
        if !own {
            free.insert(atom);
        }
    };
    for block in blocks {
        for node in pipeline.nodes_within(block) {
            for expr in pipeline.graph[node].kind.exprs() {
                each_atom(program, pipeline, expr, &mut visit);
            }
            // What is inside an inner block may be read by way of its value only.
            for inner in pipeline.graph[node].kind.blocks() {
                if let Some(value) = &inner.value {
                    each_atom(program, pipeline, value, &mut visit);
                }
            }
        }
        for key in wanted {
            if let Some(value) = &block.value {
                each_atom(
                    program,
                    pipeline,
                    &project(value, key.as_deref()),
                    &mut visit,
                );
            }
        }
    }
    free
}

impl<'a> Lowering<'a> {
    /// A DAG inside `outer` with these atoms as its inputs; what the task that calls it is given.
    pub fn inner_scope(
        &mut self,
        outer: &Scope<'a>,
        atoms: &IndexSet<Atom>,
    ) -> (Scope<'a>, TaskInputs) {
        let mut inner = Scope::inside(outer);
        let mut inputs = TaskInputs::default();
        for atom in atoms {
            let feed = outer.feed(atom);
            // A name that something has in the outer DAG stays: a condition reads an input by the name that both have.
            let name = match &feed {
                Feed::Value(Wire {
                    from: From::Input(name),
                    ..
                }) => name.clone(),
                _ => hint(outer.pipeline, atom),
            };
            let declared = inner.declare(&name, &feed);
            wire_up(&mut inputs, &declared, &feed);
            inner.feeds.insert(atom.clone(), declared);
        }
        with_a_parameter(&mut inner);
        give_a_parameter(&mut inputs);
        (inner, inputs)
    }

    pub fn wanted(&self, scope: &Scope<'a>, node: NodeIndex) -> IndexSet<Option<String>> {
        scope.demands.get(&node).cloned().unwrap_or_default()
    }

    /// Makes parts of a block's value outputs of its DAG, in these forms.
    pub fn block_outputs(
        &mut self,
        scope: &mut Scope<'a>,
        value: Option<&Expr>,
        parts: &[(Option<String>, Type)],
        span: Span,
    ) -> Vec<Feed> {
        let mut feeds: Vec<Option<Feed>> = Vec::new();
        let mut computed: Vec<(String, Form, Expr)> = Vec::new();
        for (key, ty) in parts {
            let absent = Expr {
                kind: ExprKind::Const(Value::Absent),
                ty: ty.clone(),
                span,
            };
            let expr = value.map_or(absent, |value| project(value, key.as_deref()));
            let form = Form::of(&ty.unrefined());
            let atom = atom_of(self.program, scope.pipeline, &expr);
            // A gathered list is given anew: the backend flattens a list that is gathered again.
            let gathered = matches!(&atom, Some(Atom::Out(node, _)) if matches!(scope.pipeline.graph[*node].kind, NodeKind::For(_)));
            feeds.push(match atom.map(|atom| scope.feed(&atom)) {
                Some(Feed::Value(wire))
                    if matches!(wire.from, From::Output { .. })
                        && wire.form.is_written_as(&form)
                        && !gathered =>
                {
                    Some(Feed::Value(wire))
                }
                Some(Feed::Artifact(file)) if matches!(file.from, From::Output { .. }) => {
                    Some(Feed::Artifact(file))
                }
                Some(Feed::Artifact(file)) => Some(Feed::Artifact(self.copy(scope, &file))),
                _ => {
                    computed.push((part_key(ty, key.as_deref()), form, expr));
                    None
                }
            });
        }
        if !computed.is_empty() {
            let values: Vec<(String, Form, &Expr)> = computed
                .iter()
                .map(|(key, form, expr)| (key.clone(), form.clone(), expr))
                .collect();
            let mut given = self
                .give(scope, "value", &values, BTreeSet::new())
                .into_iter();
            for feed in &mut feeds {
                if feed.is_none() {
                    *feed = given.next();
                }
            }
        }
        let feeds: Vec<Feed> = feeds
            .into_iter()
            .map(|feed| feed.expect("each part is fed"))
            .collect();
        for ((key, ty), feed) in parts.iter().zip(&feeds) {
            if !matches!(feed, Feed::Artifacts(_)) {
                scope.output(&part_key(ty, key.as_deref()), feed, String::new());
            }
        }
        feeds
    }

    /// The body and the `finally` of a pipeline as two DAGs of `scope`, which has the pipeline's parameters. Gives the body's outputs.
    pub fn with_finally(
        &mut self,
        scope: &mut Scope<'a>,
        pipeline: &'a Pipeline,
        finally: &'a Block,
    ) -> IndexMap<String, Feed> {
        let none = IndexSet::new();
        let mut atoms = free_atoms(self.program, pipeline, &[&pipeline.body], &none, None);
        for output in &pipeline.outputs {
            each_atom(self.program, pipeline, &output.value, &mut |atom| {
                if matches!(atom, Atom::Param(_)) {
                    atoms.insert(atom);
                }
            });
        }
        let body_component = self.component_name(&format!("{}_body", pipeline.name));
        let finally_component = self.component_name(&format!("{}_finally", pipeline.name));
        let (mut body, body_inputs) = self.inner_scope(scope, &atoms);
        self.name_block(&mut body, &pipeline.body);
        self.block(&mut body, &pipeline.body);
        let forms: Vec<Form> = pipeline
            .outputs
            .iter()
            .map(|output| Form::of(&output.ty))
            .collect();
        let outputs = self.outputs(&mut body, &pipeline.outputs, &forms);
        self.components
            .insert(body_component.clone(), body.component);
        scope.task_names.take("body");
        scope.add_task(
            "body",
            body_component,
            body_inputs,
            BTreeSet::new(),
            Task::default(),
        );

        let status = Atom::Run(RunField::Status);
        let form = Form {
            coding: Coding::Status,
            ..Form::of(&Type::Str)
        };
        let from = From::Status {
            task: "body".to_owned(),
        };
        scope
            .feeds
            .insert(status.clone(), Feed::Value(Wire { from, form }));
        let mut atoms = free_atoms(self.program, pipeline, &[finally], &none, None);
        // This input is what tells kfp.local that the task is an exit task.
        atoms.insert(status);
        let (mut exit, exit_inputs) = self.inner_scope(scope, &atoms);
        self.name_block(&mut exit, finally);
        self.block(&mut exit, finally);
        self.components
            .insert(finally_component.clone(), exit.component);
        let rest = Task {
            trigger_policy: Some(TriggerPolicy {
                condition: None,
                strategy: Some("ALL_UPSTREAM_TASKS_COMPLETED"),
            }),
            ..Task::default()
        };
        scope.task_names.take("finally");
        scope.add_task(
            "finally",
            finally_component,
            exit_inputs,
            BTreeSet::from(["body".to_owned()]),
            rest,
        );
        outputs
            .into_iter()
            .map(|(name, feed)| (name, of_task(feed, "body")))
            .collect()
    }
}

/// The feed as an output of a task.
pub fn as_output(feed: &Feed, task: &str, key: &str) -> Feed {
    let from = From::Output {
        task: task.to_owned(),
        key: key.to_owned(),
    };
    match feed {
        Feed::Value(wire) => Feed::Value(Wire {
            from,
            ..wire.clone()
        }),
        Feed::Artifact(file) => Feed::Artifact(File {
            from,
            ..file.clone()
        }),
        Feed::Artifacts(_) => feed.clone(),
    }
}
