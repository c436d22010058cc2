//! `if`, `for` and `finally` as DAG templates.
//!
//! Which arm of an `if` runs is decided once, by the task that calls its template, and handed over as a number: what the arms give is
//! then chosen by that number, never by which output happens to be missing. A loop's template holds the looped task alone, so that
//! its `parallelism` is the loop's limit, and turns the texts that Argo gathers into one JSON list.

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::encode::{Encoding, Held, is_plain_type, is_textual};
use super::expr::Argo;
use super::frame::{Frame, Key, Leaf, artifact_output, given_artifact, value_from};
use super::lower::Lowering;
use super::model::{Arguments, DagTask, Parameter};
use super::names;
use super::value::{Place, convert};
use crate::graph::{Block, Expr, ExprKind, For, If, Node, NodeKind, Pipeline, UNNAMED_OUTPUT};
use crate::types::Type;

/// The input of an `if`'s template that says which arm runs.
const BRANCH: &str = "branch";
/// The input of a loop's template that holds its list.
const ITEMS: &str = "items";
/// The task of a loop's template.
const EACH: &str = "each";
/// The tasks of a nested pipeline that has a `finally`; both decide how it ends.
const BODY: &str = "body";
const FINALLY: &str = "finally";
pub const TARGETS: &str = "body finally";

/// The port of a record that is read as a whole. With a hyphen, which no field has.
pub const WHOLE: &str = "whole-value";

/// What the blocks of a node give, part by part: the ports of their value and their types. A record's fields are ports of their own,
/// and so is the record where something reads it as one value.
fn ports_of(pipeline: &Pipeline, node: NodeIndex, ty: &Type) -> Vec<(String, Type)> {
    let mut ports = parts_of(ty);
    let is_record = matches!(ty.base(), Type::Record(_));
    if is_record && ty.is_value() && is_read_whole(pipeline, node) {
        ports.push((WHOLE.to_owned(), ty.clone()));
    }
    ports
}

/// Whether something reads the node's value otherwise than by a field.
fn is_read_whole(pipeline: &Pipeline, node: NodeIndex) -> bool {
    let is_node = |expr: &Expr| matches!(expr.kind, ExprKind::Node(read) if read == node);
    let (mut all, mut by_field) = (0, 0);
    let mut visit = |expr: &Expr| {
        all += usize::from(is_node(expr));
        by_field += usize::from(matches!(&expr.kind, ExprKind::Field(inner, _) if is_node(inner)));
    };
    pipeline.for_each_expr(&pipeline.body, &mut visit);
    if let Some(finally) = &pipeline.finally {
        pipeline.for_each_expr(finally, &mut visit);
    }
    for output in &pipeline.outputs {
        output.value.for_each(&mut visit);
    }
    all > by_field
}

fn parts_of(ty: &Type) -> Vec<(String, Type)> {
    match ty.base() {
        Type::Record(record) => {
            let optional = ty.is_optional();
            let field = |ty: &Type| {
                if optional {
                    ty.clone().optional()
                } else {
                    ty.clone()
                }
            };
            record
                .fields
                .iter()
                .map(|(name, ty)| (name.clone(), field(ty)))
                .collect()
        }
        Type::Nothing | Type::Unknown => Vec::new(),
        _ => vec![(UNNAMED_OUTPUT.to_owned(), ty.clone())],
    }
}

/// The part of a block's value that goes to a port.
fn part_of(value: &Expr, port: &str) -> Expr {
    if port == WHOLE {
        return value.clone();
    }
    let Type::Record(record) = value.ty.base() else {
        return value.clone();
    };
    if let ExprKind::Map(entries) = &value.kind
        && let Some((_, entry)) = entries.iter().find(|(name, _)| name == port)
    {
        return entry.clone();
    }
    let ty = record.fields[port].clone();
    Expr {
        ty: if value.ty.is_optional() {
            ty.optional()
        } else {
            ty
        },
        kind: ExprKind::Field(Box::new(value.clone()), port.to_owned()),
        span: value.span,
    }
}

impl<'a> Lowering<'a> {
    /// An `if` as a task that calls its template.
    pub fn branching(
        &mut self,
        index: NodeIndex,
        node: &'a Node,
        branching: &'a If,
        name: &str,
    ) -> DagTask {
        let template = self.template_name(name);
        let last = branching.branches.len();
        let mut branch = Argo::text(last.to_string());
        for (at, arm) in branching.branches.iter().enumerate().rev() {
            branch = self
                .condition(&arm.condition)
                .then(Argo::text(at.to_string()), branch);
        }
        let mut frame = Frame::new(self.pipeline(), false);
        frame.arms = true;
        frame.hand_over(BRANCH, branch.tag());
        let place = self.templates.len();
        self.frames.push(frame);
        let arms: Vec<&'a Block> = branching
            .branches
            .iter()
            .map(|arm| &arm.block)
            .chain(&branching.otherwise)
            .collect();
        let of_two = ["then", "else"];
        for (at, block) in arms.iter().enumerate() {
            let when = Argo::input(BRANCH).binary("==", Argo::text(at.to_string()));
            let label = match (last, at) {
                (1, at) => of_two[at].to_owned(),
                (_, at) if at == last => "else".to_owned(),
                (_, at) => format!("case-{}", at + 1),
            };
            let before = self.frame_mut().tasks.len();
            match block.nodes.as_slice() {
                [] => {}
                [only] if matches!(self.pipeline().graph[*only].kind, NodeKind::Task(_)) => {
                    self.nodes(&block.nodes)
                }
                _ => self.part(&label, &format!("{template}-{label}"), &block.nodes, None),
            }
            for task in &mut self.frame_mut().tasks[before..] {
                task.when = Some(when.tag());
            }
        }
        let mut outputs = Arguments::default();
        let mut leaves = Vec::new();
        for (port, ty) in ports_of(self.pipeline(), index, &node.ty) {
            let values: Vec<Option<Expr>> = arms
                .iter()
                .map(|block| block.value.as_ref().map(|value| part_of(value, &port)))
                .collect();
            let leaf = if ty.artifact().is_some() {
                self.artifact_of_arms(&port, &values, last, &mut outputs)
            } else {
                self.value_of_arms(&port, &ty, &values, last, &mut outputs)
            };
            leaves.push((port, leaf));
        }
        if self.frame().tasks.is_empty() {
            self.nothing();
        }
        let frame = self.frames.pop().expect("pushed above");
        let arguments = self.finish(&template, frame, outputs, place);
        for (port, leaf) in leaves {
            let leaf = leaf.of_task(name, &port);
            self.frame_mut().ports.insert((index, port), leaf);
        }
        DagTask {
            template: Some(template),
            arguments,
            ..Default::default()
        }
    }

    /// The branch that was taken is `at`, as an expression of the outputs.
    fn taken(at: usize) -> Argo {
        Argo::input(BRANCH).binary("==", Argo::text(at.to_string()))
    }

    fn value_of_arms(
        &mut self,
        port: &str,
        ty: &Type,
        values: &[Option<Expr>],
        last: usize,
        outputs: &mut Arguments,
    ) -> Leaf {
        let mut proven = true;
        let mut codes = Vec::new();
        for value in values {
            codes.push(match value {
                Some(value) => {
                    let (code, known) = self.put_out(value, ty);
                    proven &= known;
                    code
                }
                None => Argo::text("null"),
            });
        }
        // Without `else` it is absent.
        codes.resize(last + 1, Argo::text("null"));
        let mut chosen = codes.pop().expect("one more than there are conditions");
        for (at, code) in codes.into_iter().enumerate().rev() {
            chosen = Self::taken(at).then(code, chosen);
        }
        outputs.parameters.push(Parameter {
            name: port.to_owned(),
            value_from: Some(value_from(chosen)),
            ..Default::default()
        });
        Leaf::Value {
            code: Argo::Bool(false),
            ty: ty.clone(),
            proven,
        }
    }

    fn artifact_of_arms(
        &mut self,
        port: &str,
        values: &[Option<Expr>],
        last: usize,
        outputs: &mut Arguments,
    ) -> Leaf {
        let mut places = Vec::new();
        let mut optional = values.len() <= last;
        for (at, value) in values.iter().enumerate() {
            let place = value.as_ref().and_then(|value| self.artifact(value));
            optional |= place.as_ref().is_none_or(|(_, optional)| *optional);
            places.push(place.map(|(place, optional)| match place {
                Place::Task(task, name) => (task, name),
                // Only a task's output can be chosen by an expression.
                other => self.passed(at, port, other, optional),
            }));
        }
        let given: Vec<(usize, (String, String))> = places
            .into_iter()
            .enumerate()
            .filter_map(|(at, place)| Some((at, place?)))
            .collect();
        let place = match given.as_slice() {
            [] => return Leaf::Absent,
            [(_, (task, name))] if optional => Place::Task(task.clone(), name.clone()),
            [init @ .., (_, (task, name))] => {
                let artifact = |task: &str, name: &str| {
                    Argo::path(&["tasks", task, "outputs", "artifacts", name])
                };
                let mut chosen = artifact(task, name);
                for (at, (task, name)) in init.iter().rev() {
                    chosen = Self::taken(*at).then(artifact(task, name), chosen);
                }
                Place::Expression(chosen.bare())
            }
        };
        outputs
            .artifacts
            .push(given_artifact(port, place, optional));
        Leaf::Artifact {
            place: Place::Input(String::new()),
            optional,
        }
    }

    /// An artifact from outside an arm as the output of a task of the arm, which copies it.
    fn passed(&mut self, at: usize, port: &str, place: Place, optional: bool) -> (String, String) {
        let template = self.helper(super::pod::Helper::Pass);
        let frame = self.frame_mut();
        let task = frame.task_names.give(&names::hyphened(port, 100));
        frame.tasks.push(DagTask {
            name: task.clone(),
            template: Some(template),
            when: Some(
                Argo::input(BRANCH)
                    .binary("==", Argo::text(at.to_string()))
                    .tag(),
            ),
            arguments: Arguments {
                parameters: Vec::new(),
                artifacts: vec![given_artifact("given", place, optional)],
            },
            ..Default::default()
        });
        (task, "output".into())
    }

    /// A task that does nothing, for a DAG that would have none.
    fn nothing(&mut self) {
        let template = self.helper(super::pod::Helper::Nothing);
        let frame = self.frame_mut();
        let name = frame.task_names.give("nothing");
        frame.tasks.push(DagTask {
            name,
            template: Some(template),
            ..Default::default()
        });
    }

    /// A loop as a task that calls its template.
    pub fn looping(&mut self, index: NodeIndex, looping: &'a For, name: &str) -> DagTask {
        let template = self.template_name(name);
        let item = match looping.items.ty.base() {
            Type::List(item) => (**item).clone(),
            _ => unreachable!("a loop goes over a list: the front end has checked it"),
        };
        let items = match looping.items.constant() {
            Some(value) => Held::constant(value.json()),
            None => self.value(&looping.items),
        };
        let plain_item = is_plain_type(&item);
        let encoding = items.encoding();
        let mut frame = Frame::new(self.pipeline(), false);
        frame.hand_over(ITEMS, items.written(encoding));
        let list = match encoding {
            Encoding::Plain => Argo::input(ITEMS),
            _ => Argo::input(ITEMS).decoded(),
        };
        let own = Argo::Verbatim("#");
        let texts = if item.is_scalar() && !is_textual(&item) {
            // Not by `fromJSON`, which makes every number a double.
            let inside = Argo::Call("trim", vec![list, Argo::text("[] \t\r\n")]);
            let items = Argo::Call("split", vec![inside, Argo::text(",")]);
            Argo::NotEmpty(Box::new(Argo::Collect(
                Box::new(items),
                Box::new(own.call("trim")),
            )))
        } else {
            let written = match (is_textual(&item) && !item.is_optional(), plain_item) {
                (true, true) => own,
                (true, false) => own.call("sprig.b64enc"),
                (false, true) => own.call("toJson"),
                (false, false) => own.call("toJson").call("sprig.b64enc"),
            };
            Argo::Collect(Box::new(list.call("fromJSON")), Box::new(written))
        };
        let with_param = texts.call("toJson");
        let place = self.templates.len();
        self.frames.push(frame);
        let mut body = Frame::new(self.pipeline(), false);
        let variable = body.input_names.give(&looping.variable);
        body.hand_over(&variable, "{{item}}".into());
        let code = Argo::input(&variable);
        let leaf = Leaf::Value {
            code: if plain_item { code } else { code.decoded() },
            ty: item,
            proven: true,
        };
        body.captured.insert(Key::Item(index), leaf);
        self.frames.push(body);
        let inner = self.template_name(&format!("{name}-{EACH}"));
        self.block(&looping.body);
        let mut outputs = Arguments::default();
        let mut gathered = Vec::new();
        if let Some(value) = &looping.body.value {
            for (port, ty) in ports_of(self.pipeline(), index, &value.ty) {
                let (code, proven) = self.put_out(&part_of(value, &port), &ty);
                // Argo makes a list of texts that are all JSON lists or objects a list of these, with its own idea of numbers.
                let plain = proven && ty.is_scalar() && is_plain_type(&ty);
                outputs.parameters.push(Parameter {
                    name: port.clone(),
                    value_from: Some(value_from(if plain { code } else { code.encoded() })),
                    ..Default::default()
                });
                gathered.push((port, ty, plain, proven));
            }
        }
        if self.frame().tasks.is_empty() {
            self.nothing();
        }
        let body = self.frames.pop().expect("pushed above");
        let arguments = self.finish(&inner, body, outputs, place);
        self.frame_mut().tasks.push(DagTask {
            name: EACH.into(),
            template: Some(inner),
            with_param: Some(with_param.tag()),
            arguments,
            ..Default::default()
        });
        let mut outputs = Arguments::default();
        for (port, ty, plain, _) in &gathered {
            outputs.parameters.push(Parameter {
                name: port.clone(),
                value_from: Some(value_from(gather(port, ty, *plain))),
                ..Default::default()
            });
        }
        let frame = self.frames.pop().expect("pushed above");
        let arguments = self.finish(&template, frame, outputs, place);
        self.template(&template).parallelism = looping.limit;
        for (port, ty, _, proven) in gathered {
            let leaf = Leaf::Value {
                code: Argo::output(name, &port),
                ty: ty.list(),
                proven,
            };
            self.frame_mut().ports.insert((index, port), leaf);
        }
        DagTask {
            template: Some(template),
            arguments,
            ..Default::default()
        }
    }

    /// The `finally` of the entry pipeline, as the template that runs at the run's end.
    pub fn finally(
        &mut self,
        pipeline: &'a Pipeline,
        block: &'a Block,
        params: IndexMap<String, Leaf>,
    ) -> String {
        let template = self.template_name("finally");
        let mut frame = Frame::new(pipeline, true);
        frame.params = params;
        let place = self.templates.len();
        self.frames.push(frame);
        self.block(block);
        let frame = self.frames.pop().expect("pushed above");
        self.finish(&template, frame, Arguments::default(), place);
        template
    }

    /// A nested pipeline with a `finally`: two tasks, of which the second runs however the first ended.
    pub fn body_and_finally(&mut self, body: &'a Block, finally: &'a Block, name: &str) {
        self.part(BODY, &format!("{name}-{BODY}"), &body.nodes, None);
        let template = self.template_name(&format!("{name}-{FINALLY}"));
        let mut frame = Frame::new(self.pipeline(), false);
        frame.ending = true;
        let succeeded =
            Argo::path(&["tasks", BODY, "status"]).binary("==", Argo::text("Succeeded"));
        frame.hand_over(
            "status",
            succeeded
                .then(Argo::text("succeeded"), Argo::text("failed"))
                .tag(),
        );
        let status = Leaf::Value {
            code: Argo::input("status"),
            ty: Type::Str,
            proven: true,
        };
        frame.captured.insert(Key::Status, status);
        let place = self.templates.len();
        self.frames.push(frame);
        self.block(finally);
        let frame = self.frames.pop().expect("pushed above");
        let arguments = self.finish(&template, frame, Arguments::default(), place);
        self.frame_mut().tasks.push(DagTask {
            name: FINALLY.into(),
            template: Some(template),
            depends: super::expr::depends(&[(BODY, "Succeeded Failed Errored")]),
            arguments,
            ..Default::default()
        });
    }
}

/// What `finally` reads of the body: each port of these nodes is put out for the whole run.
pub fn read_at_the_end(pipeline: &Pipeline) -> Vec<NodeIndex> {
    let mut found = Vec::new();
    let Some(finally) = &pipeline.finally else {
        return found;
    };
    pipeline.for_each_expr(finally, &mut |expr| {
        if let ExprKind::Node(node) = expr.kind
            && pipeline.body.nodes.contains(&node)
            && !found.contains(&node)
        {
            found.push(node);
        }
    });
    found
}

/// The name under which a port of a node is put out for the whole run.
pub fn global_name(pipeline: &Pipeline, node: NodeIndex, port: &str) -> String {
    // With a hyphen, which no output of the pipeline has.
    format!("{}-{port}", pipeline.graph[node].name)
}

/// What `finally` reads of the run: absent when its task did not end well.
pub fn at_the_end(pipeline: &Pipeline, node: NodeIndex, port: &str, leaf: &Leaf) -> Leaf {
    let name = global_name(pipeline, node, port);
    match leaf {
        Leaf::Value { ty, proven, .. } => {
            let path = ["workflow", "outputs", "parameters", &name]
                .map(str::to_owned)
                .to_vec();
            optional_value(Argo::Maybe(path), ty, *proven)
        }
        Leaf::Artifact { .. } => Leaf::Artifact {
            place: Place::Run(name),
            optional: true,
        },
        Leaf::Absent => Leaf::Absent,
    }
}

/// What a nested `finally` reads of the body: absent when the body did not end well.
pub fn after_body(leaf: Leaf) -> Leaf {
    match leaf {
        Leaf::Value {
            code: Argo::Path(path),
            ty,
            proven,
        } if path[0] == "tasks" => optional_value(Argo::Late(path), &ty, proven),
        Leaf::Artifact {
            place: place @ Place::Task(..),
            ..
        } => Leaf::Artifact {
            place,
            optional: true,
        },
        other => other,
    }
}

fn optional_value(text: Argo, ty: &Type, proven: bool) -> Leaf {
    let there = text.clone().binary("!=", Argo::Verbatim("nil"));
    let optional = ty.clone().optional();
    let json = convert(
        Held {
            code: text,
            plain: false,
        },
        ty,
        &optional,
    )
    .code;
    Leaf::Value {
        code: there.then(json, Argo::text("null")),
        ty: optional,
        proven,
    }
}

/// The JSON list of what a loop's task put out under a name. Argo gives a JSON list of texts, and nothing for no items.
fn gather(port: &str, ty: &Type, plain: bool) -> Argo {
    let path = ["tasks", EACH, "outputs", "parameters", port]
        .map(str::to_owned)
        .to_vec();
    let texts = Argo::Maybe(path)
        .binary("??", Argo::text("[]"))
        .call("fromJSON");
    let textual = is_textual(ty) && !ty.is_optional();
    let item = match (plain, textual) {
        (true, false) => None,
        (true, true) => Some(Argo::Verbatim("#").call("toJson")),
        (false, false) => Some(Argo::Verbatim("#").decoded()),
        (false, true) => Some(Argo::Verbatim("#").decoded().call("toJson")),
    };
    let texts = match item {
        Some(item) => Argo::Collect(Box::new(texts), Box::new(item)),
        None => texts,
    };
    let joined = Argo::Call("join", vec![texts, Argo::text(", ")]);
    Argo::text("[").join(joined).join(Argo::text("]"))
}

impl Leaf {
    /// The same as the output of a task.
    fn of_task(self, task: &str, port: &str) -> Leaf {
        match self {
            Leaf::Value { ty, proven, .. } => Leaf::Value {
                code: Argo::output(task, port),
                ty,
                proven,
            },
            Leaf::Artifact { optional, .. } => artifact_output(task, port, optional),
            Leaf::Absent => Leaf::Absent,
        }
    }
}

impl Frame<'_> {
    /// Declares an input and what the task that calls the template gives for it.
    pub fn hand_over(&mut self, name: &str, value: String) {
        self.input_names.take(name);
        self.inputs.parameters.push(Parameter {
            name: name.to_owned(),
            ..Default::default()
        });
        self.arguments.parameters.push(Parameter {
            name: name.to_owned(),
            value: Some(value),
            ..Default::default()
        });
    }
}
