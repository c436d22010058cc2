//! `if`, `for` and `finally` as DAGs.
//!
//! An `if` is a *switch*: a DAG whose inputs are all that it reads, with a DAG for each branch, of which the conditions let one run. A loop is
//! *wrapped*: a DAG with the items as an input, in it one task that is repeated. A pipeline with `finally` is two DAGs: its body, and what
//! runs when that ended. In these shapes kfp.local and the cluster agree; kfp.local runs several others wrong without a word.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;
use serde_json::Value as Json;

use super::encode;
use super::lower::{Lowering, give_a_parameter, of_task, with_a_parameter};
use super::model::{
    IteratorItems, IteratorPolicy, ParameterIterator, ParameterSource, ParameterType, Task,
    TaskInputs, TriggerPolicy,
};
use super::scope::{Atom, Scope, atom_of, each_atom, hint, wire_up};
use super::wire::{self, Coding, Feed, File, Form, From, Wire, output_key};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    Block, Expr, ExprKind, For, If, NodeKind, Pipeline, Program, RunField, UNNAMED_OUTPUT,
};
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

fn part_type(ty: &Type, key: Option<&str>) -> Type {
    key.map_or_else(|| ty.clone(), |key| field_type(ty, key))
}

/// The key of an output that is a part of an `if`'s or a loop's value.
fn part_key(ty: &Type, key: Option<&str>) -> String {
    match key {
        Some(key) => key.to_owned(),
        None if ty.artifact_list().is_some() => UNNAMED_OUTPUT.to_owned(),
        None => output_key(UNNAMED_OUTPUT, ty),
    }
}

/// What a block reads of what is around it, in the order in which it first does.
fn free_atoms(
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
    fn inner_scope(
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

    fn wanted(&self, scope: &Scope<'a>, node: NodeIndex) -> IndexSet<Option<String>> {
        scope.demands.get(&node).cloned().unwrap_or_default()
    }

    /// Makes parts of a block's value outputs of its DAG, in these forms.
    fn block_outputs(
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
                    inner.declare_parameter(input, super::model::InputParameter::of(form));
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

    pub fn repeat(&mut self, scope: &mut Scope<'a>, node: NodeIndex, looping: &'a For) {
        let pipeline = scope.pipeline;
        let name = scope.name_of(node);
        let node_name = pipeline.graph[node].name.clone();
        let span = pipeline.graph[node].span;
        let wanted = self.wanted(scope, node);
        let waits = scope.waits(node);
        let Type::List(item_type) = looping.items.ty.base() else {
            unreachable!("a loop goes over a list")
        };
        // The type of each part of the body's value.
        let parts: Vec<(Option<String>, Type)> = match &looping.body.value {
            Some(value) => wanted
                .iter()
                .map(|key| (key.clone(), part_type(&value.ty, key.as_deref())))
                .collect(),
            None => Vec::new(),
        };
        let atoms = free_atoms(
            self.program,
            pipeline,
            &[&looping.body],
            &wanted,
            Some(node),
        );
        let mut wrapper = Scope::inside(scope);
        // kfp.local gives the item in place of any input that has its name.
        wrapper.reserve_input(&looping.variable);
        let mut inputs = TaskInputs::default();
        let mut item_form = Form::of(&item_type.unrefined());
        let mut items_key = None;
        let items = match looping.items.constant() {
            Some(Value::List(items)) => {
                let wires: Vec<Wire> = items
                    .iter()
                    .map(|item| wire::constant(item, item_type))
                    .collect();
                let quoted = wires.iter().any(|wire| wire.form.coding == Coding::Quoted);
                let texts = items.iter().zip(wires).map(|(item, wire)| match wire.from {
                    From::Constant(json) if !quoted => json,
                    _ => Json::from(encode::json(item)),
                });
                if quoted {
                    item_form.coding = Coding::Quoted;
                }
                let json: Vec<Json> = texts.collect();
                IteratorItems::Raw(Json::Array(json).to_string())
            }
            _ => {
                if !parts.is_empty() {
                    self.error(
                        Diagnostic::new(
                            codes::DEGRADED,
                            looping.items.span,
                            "gathering a loop over a list that may be empty degrades on `kubeflow`",
                        )
                        .label("when the run gives no items, what reads the loop's value fails: Kubeflow has no empty list there")
                        .help("`require` that there is an item, or give the list as a constant"),
                    );
                }
                let feed = self.items(scope, &name, &looping.items, &waits);
                let declared = wrapper.declare("items", &feed);
                wire_up(&mut inputs, &declared, &feed);
                let Feed::Value(Wire {
                    from: From::Input(input),
                    ..
                }) = &declared
                else {
                    unreachable!("items are an input")
                };
                let channel = format!("pipelinechannel--{input}");
                items_key = Some((channel.clone(), input.clone()));
                IteratorItems::InputParameter(channel)
            }
        };
        for atom in &atoms {
            let feed = scope.feed(atom);
            let declared = wrapper.declare(&hint(pipeline, atom), &feed);
            wire_up(&mut inputs, &declared, &feed);
            wrapper.feeds.insert(atom.clone(), declared);
        }
        with_a_parameter(&mut wrapper);
        give_a_parameter(&mut inputs);

        let component = self.component_name(&node_name);
        let body_component = self.component_name(&format!("{node_name}_body"));
        let mut body = Scope::inside(&wrapper);
        let mut body_inputs = TaskInputs::default();
        body.reserve_input(&looping.variable);
        body.declare_parameter(
            &looping.variable,
            super::model::InputParameter::of(&item_form),
        );
        body.feeds.insert(
            Atom::Item(node),
            Feed::Value(Wire {
                from: From::Input(looping.variable.clone()),
                form: item_form,
            }),
        );
        if let Some((channel, input)) = &items_key {
            body.declare_parameter(
                channel,
                super::model::InputParameter {
                    default_value: None,
                    description: String::new(),
                    is_optional: false,
                    parameter_type: ParameterType::List,
                },
            );
            body_inputs.parameters.insert(
                channel.clone(),
                ParameterSource::ComponentInputParameter(input.clone()),
            );
        }
        for atom in &atoms {
            let feed = wrapper.feed(atom);
            let declared = body.declare(&hint(pipeline, atom), &feed);
            wire_up(&mut body_inputs, &declared, &feed);
            body.feeds.insert(atom.clone(), declared);
        }
        self.name_block(&mut body, &looping.body);
        self.block(&mut body, &looping.body);
        let feeds = self.block_outputs(&mut body, looping.body.value.as_ref(), &parts, span);
        body.gather_outputs();
        if body.dag().tasks.is_empty() {
            scope.finished(node, waits.into_iter().collect());
            return;
        }
        self.components
            .insert(body_component.clone(), body.component);
        let rest = Task {
            iterator_policy: looping.limit.map(|limit| IteratorPolicy {
                parallelism_limit: limit,
            }),
            parameter_iterator: Some(ParameterIterator {
                item_input: looping.variable.clone(),
                items,
            }),
            ..Task::default()
        };
        wrapper.add_task("item", body_component, body_inputs, BTreeSet::new(), rest);
        for ((key, ty), feed) in parts.iter().zip(&feeds) {
            let output = part_key(ty, key.as_deref());
            let inner = gathered(as_output(feed, "item", &output));
            wrapper.output(&output, &inner, String::new());
            scope.feeds.insert(
                Atom::Out(node, key.clone()),
                gathered(as_output(feed, &name, &output)),
            );
        }
        self.components.insert(component.clone(), wrapper.component);
        scope.add_task(&name, component, inputs, waits, Task::default());
        scope.finished(node, vec![name]);
    }

    /// The items of a loop as a LIST: of the values themselves, or of their JSON texts where something in them may be absent.
    fn items(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        items: &Expr,
        waits: &BTreeSet<String>,
    ) -> Feed {
        let direct = atom_of(self.program, scope.pipeline, items).map(|atom| scope.feed(&atom));
        let Type::List(item_type) = items.ty.base() else {
            unreachable!("a loop goes over a list")
        };
        let form = Form::of(&item_type.unrefined()).gathered();
        match direct {
            Some(Feed::Value(wire))
                if wire.form.is_written_as(&form)
                    && wire.form.unchecked.is_none()
                    && !matches!(wire.from, From::Constant(_)) =>
            {
                Feed::Value(wire)
            }
            _ => {
                let values = [("items".to_owned(), form, items)];
                let given = self.give(scope, &format!("{name}-items"), &values, waits.clone());
                given.into_iter().next().expect("one value was asked for")
            }
        }
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

/// The feed as an output of a task.
fn as_output(feed: &Feed, task: &str, key: &str) -> Feed {
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

/// What a loop gathers of a feed in its body.
fn gathered(feed: Feed) -> Feed {
    match feed {
        Feed::Value(wire) => Feed::Value(Wire {
            form: wire.form.gathered(),
            ..wire
        }),
        Feed::Artifact(file) => Feed::Artifact(File {
            gathered: true,
            ..file
        }),
        other => other,
    }
}
