//! `for` as a *wrapped loop*: a DAG with the items as an input, in it one task that is repeated. Around a loop whose list may be empty, and
//! whose value something reads, stands a switch: Kubeflow fails where it should gather what nothing gave.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use petgraph::graph::NodeIndex;
use serde_json::Value as Json;

use super::control::{as_output, free_atoms, part_key, part_type};
use super::encode;
use super::leaf::Leaf;
use super::lower::{Lowering, give_a_parameter, with_a_parameter};
use super::model::{
    Component, InputParameter, IteratorItems, IteratorPolicy, ParameterIterator, ParameterSource,
    ParameterType, Task, TaskInputs, TriggerPolicy,
};
use super::scope::{Atom, Scope, atom_of, hint, wire_up};
use super::wire::{self, Coding, Feed, File, Form, From, Wire};
use crate::graph::{Expr, For};
use crate::shim;
use crate::types::Type;
use crate::value::Value;

impl<'a> Lowering<'a> {
    pub fn repeat(&mut self, scope: &mut Scope<'a>, node: NodeIndex, looping: &'a For) {
        let pipeline = scope.pipeline;
        let name = scope.name_of(node);
        let node_name = pipeline.graph[node].name.clone();
        let wanted = self.wanted(scope, node);
        let waits = scope.waits(node);
        let item_type = item_type(&looping.items);
        // The type of each part of the body's value.
        let parts: Vec<Part> = match &looping.body.value {
            Some(value) => wanted
                .iter()
                .map(|key| (key.clone(), part_type(&value.ty, key.as_deref())))
                .collect(),
            None => Vec::new(),
        };
        // Kubeflow fails where it should gather what nothing gave. There is no empty list of artifacts to give instead.
        let may_be_empty = looping.items.constant().is_none()
            && !parts.is_empty()
            && parts.iter().all(|(_, ty)| ty.is_value());
        let mut item_form = Form::of(&item_type.unrefined());
        let items = match looping.items.constant() {
            Some(Value::List(items)) => {
                let (json, quoted) = raw_items(items, item_type);
                if quoted {
                    item_form.coding = Coding::Quoted;
                }
                Items::Raw(json)
            }
            _ => {
                let (items, some) = self.items(scope, &name, &looping.items, &waits, may_be_empty);
                Items::Given {
                    items: Box::new(items),
                    some: some.map(Box::new),
                }
            }
        };
        let atoms = free_atoms(
            self.program,
            pipeline,
            &[&looping.body],
            &wanted,
            Some(node),
        );
        let component = self.component_name(&node_name);
        let body_component = self.component_name(&format!("{node_name}_body"));

        let mut switch = None;
        let (feeds, inputs, wrapper) = match &items {
            Items::Given {
                items,
                some: Some(some),
            } => {
                let mut inner = Scope::inside(scope);
                let mut inputs = TaskInputs::default();
                let declared = inner.declare("items", items);
                wire_up(&mut inputs, &declared, items);
                let asked = inner.declare("some", some);
                wire_up(&mut inputs, &asked, some);
                for atom in &atoms {
                    let feed = scope.feed(atom);
                    let declared = inner.declare(&hint(pipeline, atom), &feed);
                    wire_up(&mut inputs, &declared, &feed);
                    inner.feeds.insert(atom.clone(), declared);
                }
                let items = Items::Given {
                    items: Box::new(declared),
                    some: Some(Box::new(asked.clone())),
                };
                let made = self.wrapped(
                    &inner,
                    node,
                    looping,
                    &parts,
                    &atoms,
                    &items,
                    item_form,
                    &body_component,
                );
                switch = Some((inner, asked, inputs));
                made
            }
            items => self.wrapped(
                scope,
                node,
                looping,
                &parts,
                &atoms,
                items,
                item_form,
                &body_component,
            ),
        };
        let Some(wrapper) = wrapper else {
            scope.finished(node, waits.into_iter().collect());
            return;
        };
        let inputs = match switch {
            None => {
                self.components.insert(component.clone(), wrapper);
                inputs
            }
            Some((mut switch, asked, outer)) => {
                let some_component = self.component_name(&format!("{node_name}_some"));
                self.components.insert(some_component.clone(), wrapper);
                self.or_empty(&mut switch, &asked, some_component, inputs, &parts, &feeds);
                self.components.insert(component.clone(), switch.component);
                outer
            }
        };
        for ((key, ty), feed) in parts.iter().zip(&feeds) {
            let output = part_key(ty, key.as_deref());
            let feed = gathered(as_output(feed, &name, &output));
            scope.feeds.insert(Atom::Out(node, key.clone()), feed);
        }
        scope.add_task(&name, component, inputs, waits, Task::default());
        scope.finished(node, vec![name]);
    }

    /// The DAG that holds the repeated task alone, what the task that calls it in `scope` is given, and what a round gives. No DAG where
    /// the body does nothing.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one loop, from the one place that has them"
    )]
    fn wrapped(
        &mut self,
        scope: &Scope<'a>,
        node: NodeIndex,
        looping: &'a For,
        parts: &[Part],
        atoms: &IndexSet<Atom>,
        items: &Items,
        item_form: Form,
        body_component: &str,
    ) -> (Vec<Feed>, TaskInputs, Option<Component>) {
        let pipeline = scope.pipeline;
        let span = pipeline.graph[node].span;
        let mut wrapper = Scope::inside(scope);
        // kfp.local gives the item in place of any input that has its name.
        wrapper.reserve_input(&looping.variable);
        let mut inputs = TaskInputs::default();
        let mut items_key = None;
        let iterated = match items {
            Items::Raw(json) => IteratorItems::Raw(json.clone()),
            Items::Given { items, some } => {
                // A condition reads the inputs of the task that it decides about.
                if let Some(Feed::Value(some)) = some.as_deref() {
                    let name = input_name(&Feed::Value(some.clone()));
                    wrapper.declare_parameter(&name, InputParameter::of(&some.form));
                    inputs
                        .parameters
                        .insert(name, wire::parameter_source(&some.from));
                }
                let declared = wrapper.declare("items", items);
                wire_up(&mut inputs, &declared, items);
                let input = input_name(&declared);
                let channel = format!("pipelinechannel--{input}");
                items_key = Some((channel.clone(), input));
                IteratorItems::InputParameter(channel)
            }
        };
        for atom in atoms {
            let feed = scope.feed(atom);
            let declared = wrapper.declare(&hint(pipeline, atom), &feed);
            wire_up(&mut inputs, &declared, &feed);
            wrapper.feeds.insert(atom.clone(), declared);
        }
        with_a_parameter(&mut wrapper);
        give_a_parameter(&mut inputs);

        let mut body = Scope::inside(&wrapper);
        let mut body_inputs = TaskInputs::default();
        body.reserve_input(&looping.variable);
        body.declare_parameter(&looping.variable, InputParameter::of(&item_form));
        body.feeds.insert(
            Atom::Item(node),
            Feed::Value(Wire {
                from: From::Input(looping.variable.clone()),
                form: item_form,
            }),
        );
        if let Some((channel, input)) = items_key {
            body.declare_parameter(
                &channel,
                InputParameter {
                    default_value: None,
                    description: String::new(),
                    is_optional: false,
                    parameter_type: ParameterType::List,
                },
            );
            body_inputs
                .parameters
                .insert(channel, ParameterSource::ComponentInputParameter(input));
        }
        for atom in atoms {
            let feed = wrapper.feed(atom);
            let declared = body.declare(&hint(pipeline, atom), &feed);
            wire_up(&mut body_inputs, &declared, &feed);
            body.feeds.insert(atom.clone(), declared);
        }
        self.name_block(&mut body, &looping.body);
        self.block(&mut body, &looping.body);
        let feeds = self.block_outputs(&mut body, looping.body.value.as_ref(), parts, span);
        body.gather_outputs();
        if body.dag().tasks.is_empty() {
            return (feeds, inputs, None);
        }
        self.components
            .insert(body_component.to_owned(), body.component);
        let rest = Task {
            iterator_policy: looping.limit.map(|limit| IteratorPolicy {
                parallelism_limit: limit,
            }),
            parameter_iterator: Some(ParameterIterator {
                item_input: looping.variable.clone(),
                items: iterated,
            }),
            ..Task::default()
        };
        wrapper.add_task(
            "item",
            body_component.to_owned(),
            body_inputs,
            BTreeSet::new(),
            rest,
        );
        for ((key, ty), feed) in parts.iter().zip(&feeds) {
            let output = part_key(ty, key.as_deref());
            let inner = gathered(as_output(feed, "item", &output));
            wrapper.output(&output, &inner, String::new());
        }
        (feeds, inputs, Some(wrapper.component))
    }

    /// Fills a switch: the loop where there are items, else a step that gives empty lists.
    fn or_empty(
        &mut self,
        switch: &mut Scope<'a>,
        asked: &Feed,
        component: String,
        inputs: TaskInputs,
        parts: &[Part],
        feeds: &[Feed],
    ) {
        let condition = format!("inputs.parameter_values['{}'] == true", input_name(asked));
        let when = |condition: String| {
            Some(TriggerPolicy {
                condition: Some(condition),
                strategy: None,
            })
        };
        let rest = Task {
            trigger_policy: when(condition.clone()),
            ..Task::default()
        };
        let some = switch.task_names.free("some");
        switch.add_task(&some, component, inputs, BTreeSet::new(), rest);
        let given: Vec<Feed> = parts
            .iter()
            .zip(feeds)
            .map(|((key, ty), feed)| {
                gathered(as_output(feed, &some, &part_key(ty, key.as_deref())))
            })
            .collect();
        let lists: Vec<(String, Form)> = parts
            .iter()
            .zip(&given)
            .map(|((key, ty), feed)| match feed {
                Feed::Value(wire) => (part_key(ty, key.as_deref()), wire.form.clone()),
                _ => unreachable!("there is no empty list of artifacts"),
            })
            .collect();
        let Feed::Value(asked) = asked else {
            unreachable!("a truth value is no artifact")
        };
        let none = self.give_with(switch, "none", &lists, BTreeSet::new(), |leaf, _| {
            leaf.parameter(&input_name(&Feed::Value(asked.clone())), asked, "");
            let empty = shim::Expr::Lit(Json::Array(Vec::new()));
            lists.iter().map(|_| empty.clone()).collect()
        });
        let tasks = &mut switch.dag().tasks;
        if let Some(task) = tasks.get_mut("none") {
            task.trigger_policy = when(format!("!({condition})"));
        }
        for (at, (key, _)) in lists.iter().enumerate() {
            switch.output_of_one(key, &[given[at].clone(), none[at].clone()]);
        }
    }

    /// The items of a loop as a LIST: of the values themselves, or of their JSON texts where something in them may be absent. With
    /// `asks`, also whether there are any.
    fn items(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        items: &Expr,
        waits: &BTreeSet<String>,
        asks: bool,
    ) -> (Feed, Option<Feed>) {
        let form = Form::of(&item_type(items).unrefined()).gathered();
        let direct = atom_of(self.program, scope.pipeline, items)
            .map(|atom| scope.feed(&atom))
            .filter(|feed| match feed {
                Feed::Value(wire) => {
                    wire.form.is_written_as(&form)
                        && wire.form.unchecked.is_none()
                        && !matches!(wire.from, From::Constant(_))
                }
                _ => false,
            });
        let mut asked: Vec<(String, Form)> = Vec::new();
        if direct.is_none() {
            asked.push(("items".to_owned(), form.clone()));
        }
        if asks {
            asked.push(("some".to_owned(), Form::of(&Type::Bool)));
        }
        if asked.is_empty() {
            return (direct.expect("else it is asked for"), None);
        }
        let is_texts = form.coding != Coding::Native;
        let lowered = |leaf: &mut Leaf<'a>, scope: &Scope<'a>| {
            let read = leaf.expr(scope, items);
            let all = match is_texts {
                true => shim::Expr::Texts(read.clone().into()),
                false => read.clone(),
            };
            let empty = shim::Expr::Lit(Json::Array(Vec::new()));
            let some = shim::Expr::Compare("!=", read.into(), empty.into());
            let mut lowered = Vec::new();
            if direct.is_none() {
                lowered.push(all);
            }
            if asks {
                lowered.push(some);
            }
            lowered
        };
        let name = format!("{name}-items");
        let mut given = self
            .give_with(scope, &name, &asked, waits.clone(), lowered)
            .into_iter();
        let items = match direct {
            Some(feed) => feed,
            None => given.next().expect("it was asked for"),
        };
        (items, given.next())
    }
}

/// A part of the value of a loop's body, and its type.
type Part = (Option<String>, Type);

enum Items {
    /// Their JSON text.
    Raw(String),
    /// At run time; whether there are any, where that must be known.
    Given {
        items: Box<Feed>,
        some: Option<Box<Feed>>,
    },
}

fn item_type(items: &Expr) -> &Type {
    match items.ty.base() {
        Type::List(item) => item,
        other => unreachable!("a loop goes over a list, not over `{other}`"),
    }
}

/// Constant items, and whether each is the JSON text of a value, for one of them is not safe as it is.
fn raw_items(items: &[Value], item_type: &Type) -> (String, bool) {
    let wires: Vec<Wire> = items
        .iter()
        .map(|item| wire::constant(item, item_type))
        .collect();
    let quoted = wires.iter().any(|wire| wire.form.coding == Coding::Quoted);
    let texts = items.iter().zip(wires).map(|(item, wire)| match wire.from {
        From::Constant(json) if !quoted => json,
        _ => Json::from(encode::json(item)),
    });
    (Json::Array(texts.collect()).to_string(), quoted)
}

fn input_name(declared: &Feed) -> String {
    match declared {
        Feed::Value(Wire {
            from: From::Input(name),
            ..
        }) => name.clone(),
        other => unreachable!("{other:?} is no parameter of a DAG"),
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
