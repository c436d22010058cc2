//! The IR as templates: a DAG template a block, a pod template a shape of a component.
//!
//! A template sees what is handed to it and nothing else, so lowering goes by frames. A frame is a DAG template in the making; what
//! its tasks read of an enclosing block becomes an input of it, handed over by the task that calls it. A parameter of the run is the
//! exception: every template can read it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::control;
use super::encode::{Encoding, Held, is_plain_type, required, text_as};
use super::expr::{Argo, has_tag};
use super::model::{Arguments, Artifact, Dag, DagTask, Location, Parameter, Template, ValueFrom};
use super::names::{self, Unique};
use super::pod::Helper;
use super::python::Library;
use super::split::{self, MOST_TASKS};
use super::step::{self, Form, listed};
use super::value::{Place, convert};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    Block, Callee, ComponentId, Edge, Expr, ExprKind, Node, NodeKind, Param, ParamDefault,
    Pipeline, PipelineId, Program, Require, Task, TaskAttributes, UNNAMED_OUTPUT,
};
use crate::target::ArgoOptions;
use crate::types::Type;
use crate::value::Value;

/// The template that the run begins with.
pub const ENTRY: &str = "main";

/// What a frame can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Param(String),
    /// A port of a task, or a field of what an `if` or a loop gives.
    Port(NodeIndex, String),
    /// The item of a loop.
    Item(NodeIndex),
    /// `run.status` in `finally`.
    Status,
}

/// What stands behind a key in a frame.
#[derive(Clone, Debug)]
pub enum Leaf {
    Value {
        /// Gives the text of the value.
        code: Argo,
        ty: Type,
        /// Whether it is known that the text is one of `ty`.
        proven: bool,
    },
    Artifact {
        place: Place,
        /// Whether it is there shows only at run time.
        optional: bool,
    },
    /// An artifact that is known to be absent.
    Absent,
}

/// A DAG template in the making.
pub struct Frame<'a> {
    pipeline: &'a Pipeline,
    /// Nothing of the frame before this one is in sight: a pipeline's own.
    root: bool,
    pub params: IndexMap<String, Leaf>,
    pub ports: HashMap<(NodeIndex, String), Leaf>,
    pub captured: HashMap<Key, Leaf>,
    pub task_names: Unique,
    pub input_names: Unique,
    /// What the template declares, and what the task that calls it gives; of one length.
    pub inputs: Arguments,
    pub arguments: Arguments,
    pub tasks: Vec<DagTask>,
    /// The place among the tasks of a node's, for edges.
    nodes: HashMap<NodeIndex, usize>,
    /// By node: each `require` that it, or what it needs, waits for.
    gates: HashMap<NodeIndex, HashSet<NodeIndex>>,
    /// The part that a node went to, where the block was split.
    part_of: HashMap<NodeIndex, usize>,
    parts: Vec<SplitPart>,
    /// A `finally`: it reads what the body put out as optional.
    pub ending: bool,
    /// The arms of an `if`: they may have tasks of one name, for at most one runs.
    pub arms: bool,
}

/// Some of a frame's nodes in a DAG template of their own, and what its nodes put out there.
struct SplitPart {
    task: String,
    template: String,
    ports: HashMap<(NodeIndex, String), Leaf>,
    output_names: Unique,
}

impl<'a> Frame<'a> {
    pub fn new(pipeline: &'a Pipeline, root: bool) -> Self {
        Frame {
            pipeline,
            root,
            params: IndexMap::new(),
            ports: HashMap::new(),
            captured: HashMap::new(),
            task_names: Unique::default(),
            input_names: Unique::default(),
            inputs: Arguments::default(),
            arguments: Arguments::default(),
            tasks: Vec::new(),
            nodes: HashMap::new(),
            gates: HashMap::new(),
            part_of: HashMap::new(),
            parts: Vec::new(),
            ending: false,
            arms: false,
        }
    }
}

/// A pod template that tasks share.
struct Shared {
    attributes: Arc<TaskAttributes>,
    forms: Vec<Form>,
    template: String,
}

/// A pipeline's DAG template, for parameters of these forms.
struct Nested {
    pipeline: PipelineId,
    forms: Vec<Form>,
    template: String,
    outputs: Rc<Vec<NestedOutput>>,
}

struct NestedOutput {
    name: String,
    ty: Type,
    proven: bool,
}

/// What takes an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The shim of a `python:` step: it reads JSON and checks types and refinements.
    Shim,
    Command,
    Pipeline,
}

/// An argument of a task.
enum Given {
    Parameter(String),
    Artifact(Place),
    Artifacts(Vec<Place>),
    Nothing,
}

pub struct Lowering<'a> {
    pub program: &'a Program,
    pub options: &'a ArgoOptions,
    pub templates: Vec<Template>,
    pub diagnostics: Vec<Diagnostic>,
    pub frames: Vec<Frame<'a>>,
    /// Of all steps: Argo knows them for the whole workflow only.
    pub image_pull_secrets: Vec<String>,
    pub library: Library,
    names: Unique,
    steps: HashMap<ComponentId, Vec<Shared>>,
    nested: Vec<Nested>,
    /// The templates that mlpc brings along.
    helpers: Vec<(Helper, String)>,
    /// The rules of the run's parameters that Argo has no word for, as expressions that fail, by parameter.
    checks: IndexMap<String, String>,
    /// What `finally` reads of the run.
    ended: HashMap<(NodeIndex, String), Leaf>,
}

impl<'a> Lowering<'a> {
    pub fn new(program: &'a Program, options: &'a ArgoOptions) -> Self {
        let mut names = Unique::default();
        names.take(ENTRY);
        Lowering {
            program,
            options,
            templates: Vec::new(),
            diagnostics: Vec::new(),
            frames: Vec::new(),
            image_pull_secrets: Vec::new(),
            library: Library::default(),
            names,
            steps: HashMap::new(),
            nested: Vec::new(),
            helpers: Vec::new(),
            checks: IndexMap::new(),
            ended: HashMap::new(),
        }
    }

    pub fn pipeline(&self) -> &'a Pipeline {
        self.frame().pipeline
    }

    pub fn frame(&self) -> &Frame<'a> {
        self.frames.last().expect("lowering happens in a frame")
    }

    pub fn frame_mut(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("lowering happens in a frame")
    }

    /// Lowers the entry pipeline. Gives the parameters of the run and the template of its end; the templates are in
    /// [`Lowering::templates`].
    pub fn entry(&mut self) -> (Vec<Parameter>, Option<String>) {
        let pipeline = self.program.entry();
        let mut frame = Frame::new(pipeline, true);
        let mut parameters = Vec::new();
        for param in &pipeline.params {
            let (parameter, leaf) = self.run_parameter(param);
            parameters.push(parameter);
            frame
                .params
                .extend(leaf.map(|leaf| (param.name.clone(), leaf)));
        }
        let params = frame.params.clone();
        self.frames.push(frame);
        self.block(&pipeline.body);
        let (mut outputs, _) = self.outputs(pipeline);
        for output in &mut outputs.parameters {
            output.global_name = Some(output.name.clone());
        }
        for output in &mut outputs.artifacts {
            output.global_name = Some(output.name.clone());
        }
        let frame = self.frames.pop().expect("pushed above");
        let parts = frame.parts.iter().flat_map(|part| &part.ports);
        let ports = frame.ports.iter().chain(parts);
        let read = control::read_at_the_end(pipeline);
        self.ended = ports
            .filter(|((node, _), _)| read.contains(node))
            .map(|((node, port), leaf)| {
                (
                    (*node, port.clone()),
                    control::at_the_end(pipeline, *node, port, leaf),
                )
            })
            .collect();
        self.finish(ENTRY, frame, outputs, 0);
        // Evaluated before the first task: a value that breaks its rule ends the run with the reason.
        let checks = std::mem::take(&mut self.checks);
        self.template(ENTRY).metadata.annotations.extend(
            checks
                .into_iter()
                .map(|(name, check)| (format!("mlpc.dev/check-{name}"), check)),
        );
        let finally = pipeline
            .finally
            .as_ref()
            .map(|block| self.finally(pipeline, block, params));
        (parameters, finally)
    }

    /// A frame as a DAG template at a place among the others; gives what the task that calls it hands over.
    pub fn finish(
        &mut self,
        name: &str,
        frame: Frame<'a>,
        outputs: Arguments,
        place: usize,
    ) -> Arguments {
        self.templates
            .insert(place, dag(name, frame.inputs, frame.tasks, outputs));
        frame.arguments
    }

    pub fn template(&mut self, name: &str) -> &mut Template {
        self.templates
            .iter_mut()
            .find(|template| template.name == name)
            .expect("it was made under this name")
    }

    /// A free name for a template of what is called so in the program.
    pub fn template_name(&mut self, name: &str) -> String {
        self.names.give(&names::hyphened(name, names::INNER))
    }

    pub fn helper(&mut self, helper: Helper) -> String {
        if let Some((_, template)) = self.helpers.iter().find(|(known, _)| *known == helper) {
            return template.clone();
        }
        let name = self.names.give(helper.name());
        self.templates.push(helper.template(name.clone()));
        self.helpers.push((helper, name.clone()));
        name
    }

    /// A parameter of the run, and what reads it. No leaf when it was reported.
    fn run_parameter(&mut self, param: &Param) -> (Parameter, Option<Leaf>) {
        let mut parameter = Parameter {
            name: param.name.clone(),
            description: step::described(&param.doc),
            ..Default::default()
        };
        if let Some(ParamDefault::Const(value)) = &param.default {
            let text = if param.ty.artifact().is_some() {
                value.text()
            } else {
                text_as(value, &param.ty)
            };
            if has_tag(&text) {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::TAG_IN_TEXT,
                        param.span,
                        format!("the default of `{}` holds `{{{{`, which `argo` takes for a template tag", param.name),
                    )
                    .label("its text can't be encoded: it is what the user of the workflow sees and sets")
                    .help("leave the default out and give the value when the run is submitted"),
                );
            }
            parameter.value = Some(text);
        }
        if param.ty.artifact().is_some() {
            let leaf = self.artifact_parameter(param, parameter.value.as_deref());
            return (parameter, leaf);
        }
        if let Some(crate::types::Refinement::OneOf(choices)) = param.ty.refinement()
            && !param.ty.is_optional()
        {
            parameter.choices = choices.iter().map(Value::text).collect();
        }
        let mut code = Argo::global(&param.name);
        if parameter.value.is_none() && param.ty.is_optional() {
            parameter.value = Some("null".into());
        }
        if let Some(ParamDefault::Run(field)) = &param.default {
            // The engine's own tags are not read in a parameter's value.
            parameter.value = Some(String::new());
            let default = format!("Empty: run.{}.", field.name());
            parameter.description = Some(match parameter.description {
                Some(doc) => format!("{doc}\n{default}"),
                None => default,
            });
            let given = code.clone().binary("!=", Argo::text(""));
            code = given.then(code, super::value::run_field(*field).code);
        }
        if parameter.choices.is_empty() && param.ty.refinement().is_some() {
            let checked = super::encode::checked(code.clone(), &param.ty, &param.name);
            self.checks.insert(param.name.clone(), checked.tag());
        }
        let leaf = Leaf::Value {
            code,
            ty: param.ty.clone(),
            proven: true,
        };
        (parameter, Some(leaf))
    }

    /// An existing artifact, by a location that the user of the workflow may set to another in the same kind of store.
    fn artifact_parameter(&mut self, param: &Param, default: Option<&str>) -> Option<Leaf> {
        use crate::target::ArtifactRepository;
        let text = || Argo::global(&param.name);
        let parts = || Argo::Call("split", vec![text(), Argo::text("/")]);
        let bucket = || Some(Argo::Part(Box::new(parts()), "2").tag());
        let key = || {
            Argo::Call(
                "join",
                vec![Argo::Part(Box::new(parts()), "3:"), Argo::text("/")],
            )
            .tag()
        };
        let scheme =
            default.map(|location| location.split_once("://").map_or("", |(scheme, _)| scheme));
        let scheme = match (scheme, self.options.artifact_repository) {
            (Some(scheme), _) => scheme,
            (None, Some(ArtifactRepository::S3)) => "s3",
            (None, Some(ArtifactRepository::Gcs)) => "gs",
            (None, _) => "none",
        };
        let location = match scheme {
            "http" | "https" => Location::Http { url: text().tag() },
            "s3" => Location::S3 {
                endpoint: Some("s3.amazonaws.com".into()),
                bucket: bucket(),
                key: key(),
                use_sdk_creds: true,
            },
            "gs" => Location::Gcs {
                bucket: bucket(),
                key: key(),
            },
            _ => {
                let message = match default {
                    Some(default) => format!(
                        "`argo` can't fetch the artifact `{}` from `{default}`",
                        param.name
                    ),
                    None => format!(
                        "`argo` can't tell where the artifact `{}` will be fetched from",
                        param.name
                    ),
                };
                self.diagnostics.push(
                    Diagnostic::new(codes::ARTIFACT_LOCATION, param.span, message)
                        .label("a location in the cluster's reach is needed: the kind of store is fixed while compiling")
                        .help(
                            "give a default such as \"s3://bucket/key\", \"gs://bucket/key\" or \"https://..\", or set \
                             `artifact_repository` in mlpc.toml's [target.argo] to \"s3\" or \"gcs\"",
                        ),
                );
                return None;
            }
        };
        Some(Leaf::Artifact {
            place: Place::Location(location),
            optional: false,
        })
    }

    /// What a key is in a frame. What an enclosing frame owns is handed down as an input.
    pub fn resolve(&mut self, at: usize, key: &Key) -> Option<Leaf> {
        let frame = &self.frames[at];
        let own = match key {
            Key::Param(name) if frame.root => return frame.params.get(name).cloned(),
            Key::Port(node, port) => frame.ports.get(&(*node, port.clone())),
            Key::Param(_) | Key::Item(_) | Key::Status => None,
        };
        if let Some(leaf) = own.or_else(|| frame.captured.get(key)) {
            return Some(leaf.clone());
        }
        if let Key::Port(node, port) = key
            && let Some(&part) = frame.part_of.get(node)
        {
            return self.exported(at, part, *node, port);
        }
        if frame.root {
            return match key {
                Key::Port(node, port) => self.ended.get(&(*node, port.clone())).cloned(),
                _ => None,
            };
        }
        let ending = frame.ending;
        let mut outer = self.resolve(at - 1, key)?;
        if ending && matches!(key, Key::Port(..)) {
            outer = control::after_body(outer);
        }
        let name = self.input_name(at, key);
        let frame = &mut self.frames[at];
        let leaf = match outer {
            Leaf::Value { code, .. } if code.is_global() => return self.resolve(at - 1, key),
            Leaf::Absent
            | Leaf::Artifact {
                place: Place::Location(_) | Place::Run(_),
                ..
            } => return self.resolve(at - 1, key),
            Leaf::Value { code, ty, proven } => {
                let plain = proven && is_plain_type(&ty);
                let held = Held { code, plain };
                let encoding = held.encoding();
                frame.inputs.parameters.push(Parameter {
                    name: name.clone(),
                    ..Default::default()
                });
                frame.arguments.parameters.push(Parameter {
                    name: name.clone(),
                    value: Some(held.written(encoding)),
                    ..Default::default()
                });
                Leaf::Value {
                    code: decoded(Argo::input(&name), encoding),
                    ty,
                    proven,
                }
            }
            Leaf::Artifact { place, optional } => {
                frame.inputs.artifacts.push(Artifact {
                    name: name.clone(),
                    optional,
                    ..Default::default()
                });
                frame
                    .arguments
                    .artifacts
                    .push(given_artifact(&name, place, optional));
                Leaf::Artifact {
                    place: Place::Input(name),
                    optional,
                }
            }
        };
        frame.captured.insert(key.clone(), leaf.clone());
        Some(leaf)
    }

    fn input_name(&mut self, at: usize, key: &Key) -> String {
        let frame = &mut self.frames[at];
        let graph = &frame.pipeline.graph;
        let name = match key {
            Key::Param(name) => name.clone(),
            Key::Item(node) => match &graph[*node].kind {
                NodeKind::For(looping) => looping.variable.clone(),
                _ => unreachable!("an item is a loop's"),
            },
            Key::Status => "status".into(),
            Key::Port(node, port) if port == UNNAMED_OUTPUT => graph[*node].name.clone(),
            Key::Port(node, port) => format!("{}_{port}", graph[*node].name),
        };
        frame.input_names.give(&name)
    }

    /// The tasks of a block, into the frame.
    pub fn block(&mut self, block: &'a Block) {
        if block.nodes.len() > MOST_TASKS {
            self.split(block);
        } else {
            self.nodes(&block.nodes);
        }
    }

    /// A block's tasks as parts, each a task of its own.
    fn split(&mut self, block: &'a Block) {
        let pipeline = self.pipeline();
        let mut crosses = false;
        for (at, nodes) in split::parts(pipeline, &block.nodes).into_iter().enumerate() {
            let template = format!("{}-part-{}", names::hyphened(&pipeline.name, 100), at + 1);
            let task = format!("part-{}", at + 1);
            // What is in this part already has no part yet.
            let mut waits: Vec<usize> = nodes
                .iter()
                .flat_map(|&node| pipeline.graph.neighbors_directed(node, Direction::Incoming))
                .filter_map(|before| self.frame().part_of.get(&before).copied())
                .collect();
            waits.sort();
            waits.dedup();
            crosses |= !waits.is_empty();
            let terms: Vec<(&str, &str)> = waits
                .iter()
                .map(|&part| (self.frame().parts[part].task.as_str(), "Succeeded"))
                .collect();
            let depends = super::expr::depends(&terms);
            self.part(&task, &template, &nodes, depends);
        }
        if crosses {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::DEGRADED,
                    pipeline.span,
                    format!("`{}` has {} tasks in one block; Argo takes 200 in a DAG", pipeline.name, block.nodes.len()),
                )
                .label("it is split into DAGs that wait for each other: a failed task also holds up what does not read it")
                .help("nested pipelines split it where you want it"),
            );
        }
    }

    /// Some nodes of the frame in a DAG template of their own, and the task that calls it.
    pub fn part(
        &mut self,
        task: &str,
        template: &str,
        nodes: &[NodeIndex],
        depends: Option<String>,
    ) {
        let template = self.template_name(template);
        let outer = self.frame_mut();
        let task = outer.task_names.give(task);
        let at = outer.parts.len();
        outer.part_of.extend(nodes.iter().map(|&node| (node, at)));
        let frame = Frame::new(outer.pipeline, false);
        self.frames.push(frame);
        let place = self.templates.len();
        self.nodes(nodes);
        let mut frame = self.frames.pop().expect("pushed above");
        let ports = std::mem::take(&mut frame.ports);
        let arguments = self.finish(&template, frame, Arguments::default(), place);
        let outer = self.frame_mut();
        outer.tasks.push(DagTask {
            name: task.clone(),
            template: Some(template.clone()),
            depends,
            arguments,
            ..Default::default()
        });
        outer.parts.push(SplitPart {
            task,
            template,
            ports,
            output_names: Unique::default(),
        });
    }

    /// What a part's node puts out, as an output of the part.
    fn exported(&mut self, at: usize, part: usize, node: NodeIndex, port: &str) -> Option<Leaf> {
        let name = self.frames[at].pipeline.graph[node].name.clone();
        let key = (node, port.to_owned());
        // A part that is not finished is asked for its own nodes by none but itself.
        let part = self.frames[at].parts.get_mut(part)?;
        let inner = part.ports.get(&key)?.clone();
        let name = if port == UNNAMED_OUTPUT {
            name
        } else {
            format!("{name}_{port}")
        };
        let name = part.output_names.give(&name);
        let task = part.task.clone();
        let template = part.template.clone();
        let template = self
            .templates
            .iter_mut()
            .find(|other| other.name == template)
            .expect("made with the part");
        let leaf = match inner {
            Leaf::Value { code, ty, proven } => {
                template.outputs.parameters.push(Parameter {
                    name: name.clone(),
                    value_from: Some(value_from(code)),
                    ..Default::default()
                });
                Leaf::Value {
                    code: Argo::output(&task, &name),
                    ty,
                    proven,
                }
            }
            Leaf::Artifact { place, optional } => {
                template
                    .outputs
                    .artifacts
                    .push(given_artifact(&name, place, optional));
                artifact_output(&task, &name, optional)
            }
            Leaf::Absent => Leaf::Absent,
        };
        self.frames[at].ports.insert(key, leaf.clone());
        Some(leaf)
    }

    pub fn nodes(&mut self, nodes: &[NodeIndex]) {
        for &index in nodes {
            let node = &self.pipeline().graph[index];
            let name = self.task_name(node);
            let depends = self.depends(index);
            let mut task = match &node.kind {
                NodeKind::Task(task) => self.task(index, task, &name),
                NodeKind::Require(require) => self.require(require),
                NodeKind::If(branching) => self.branching(index, node, branching, &name),
                NodeKind::For(looping) => self.looping(index, looping, &name),
            };
            task.name = name;
            task.depends = depends;
            if self.is_exported(index) {
                let pipeline = self.pipeline();
                let template = self.template(task.template.as_deref().expect("every task has one"));
                for output in &mut template.outputs.parameters {
                    output.global_name = Some(control::global_name(pipeline, index, &output.name));
                }
                for output in &mut template.outputs.artifacts {
                    output.global_name = Some(control::global_name(pipeline, index, &output.name));
                }
            }
            let frame = self.frame_mut();
            frame.nodes.insert(index, frame.tasks.len());
            frame.tasks.push(task);
        }
    }

    /// Whether the run's `finally` reads it: its template is its own, and puts out for the whole run.
    fn is_exported(&self, index: NodeIndex) -> bool {
        let entry = self.program.entry();
        std::ptr::eq(self.pipeline(), entry) && control::read_at_the_end(entry).contains(&index)
    }

    fn task_name(&mut self, node: &Node) -> String {
        let name = names::hyphened(&node.name, names::INNER);
        if matches!(node.kind, NodeKind::Require(_)) {
            return self.frame_mut().task_names.give("require");
        }
        if self.frame().arms {
            return self.frame_mut().task_names.give(&name);
        }
        if !self.frame_mut().task_names.take(&name) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NAMES_MEET,
                    node.span,
                    format!(
                        "the task `{}` meets another under the name `{name}`",
                        node.name
                    ),
                )
                .label("`argo` has no `_` in a task's name")
                .help("give one of the two another name"),
            );
        }
        name
    }

    /// What must be done before a node starts, in the order of the tasks. A `require` that a needed task has passed is not named
    /// again.
    fn depends(&mut self, index: NodeIndex) -> Option<String> {
        let frame = self.frame();
        let graph = &frame.pipeline.graph;
        let mut needed: IndexMap<NodeIndex, bool> = IndexMap::new();
        for edge in graph.edges_directed(index, Direction::Incoming) {
            *needed.entry(edge.source()).or_default() |= *edge.weight() != Edge::Order;
        }
        let is_gate = |node: NodeIndex| matches!(graph[node].kind, NodeKind::Require(_));
        let passed: HashSet<NodeIndex> = needed
            .iter()
            .filter(|(_, needed)| **needed)
            .flat_map(|(node, _)| frame.gates.get(node).into_iter().flatten().copied())
            .collect();
        let mut terms: Vec<(usize, &str, &str)> = needed
            .iter()
            .filter(|(node, _)| !passed.contains(*node))
            .filter_map(|(&node, &needed)| {
                let at = *frame.nodes.get(&node)?;
                let phases = match needed {
                    // Its task runs only to fail.
                    _ if is_gate(node) => "Skipped",
                    true => "Succeeded",
                    false => "Succeeded Skipped",
                };
                Some((at, frame.tasks[at].name.as_str(), phases))
            })
            .collect();
        terms.sort();
        let terms: Vec<(&str, &str)> = terms
            .into_iter()
            .map(|(_, task, phases)| (task, phases))
            .collect();
        let depends = super::expr::depends(&terms);
        let own = needed
            .iter()
            .filter(|(node, needed)| **needed && is_gate(**node))
            .map(|(node, _)| *node);
        let gates = passed.iter().copied().chain(own).collect();
        self.frame_mut().gates.insert(index, gates);
        depends
    }

    fn task(&mut self, index: NodeIndex, task: &'a Task, name: &str) -> DagTask {
        let mut forms = Vec::new();
        let mut arguments = Arguments::default();
        let (ports, reader): (Vec<(&str, &Type)>, Reader) = match task.callee {
            Callee::Component(id) => {
                let component = &self.program[id];
                let python = matches!(component.step, crate::graph::Step::Python(_));
                let ports = component
                    .inputs
                    .iter()
                    .map(|port| (port.name.as_str(), &port.ty))
                    .collect();
                (
                    ports,
                    if python {
                        Reader::Shim
                    } else {
                        Reader::Command
                    },
                )
            }
            Callee::Pipeline(id) => {
                let params = self.program[id]
                    .params
                    .iter()
                    .map(|param| (param.name.as_str(), &param.ty));
                (params.collect(), Reader::Pipeline)
            }
        };
        for ((port, ty), arg) in ports.into_iter().zip(&task.args) {
            debug_assert_eq!(port, arg.port);
            let (form, given) = self.given(port, ty, &arg.value, reader);
            let optional = matches!(form, Form::Artifact { optional: true });
            match given {
                Given::Parameter(value) => arguments.parameters.push(Parameter {
                    name: port.to_owned(),
                    value: Some(value),
                    ..Default::default()
                }),
                Given::Artifact(place) => arguments
                    .artifacts
                    .push(given_artifact(port, place, optional)),
                Given::Artifacts(places) => arguments.artifacts.extend(
                    places
                        .into_iter()
                        .enumerate()
                        .map(|(at, place)| given_artifact(&listed(port, at), place, false)),
                ),
                Given::Nothing => {}
            }
            forms.push(form);
        }
        let template = match task.callee {
            Callee::Component(id) => self.component(index, id, task, forms, name),
            Callee::Pipeline(id) => self.nested(index, id, forms, name),
        };
        DagTask {
            template: Some(template),
            arguments,
            ..Default::default()
        }
    }

    /// The form in which an argument reaches a port, and the argument.
    fn given(&mut self, name: &str, ty: &Type, arg: &Expr, reader: Reader) -> (Form, Given) {
        let command = reader == Reader::Command;
        if matches!(arg.kind, ExprKind::Const(Value::Absent)) {
            return (Form::Absent, Given::Nothing);
        }
        if ty.artifact_list().is_some() {
            let places = match &arg.kind {
                ExprKind::List(items) => items
                    .iter()
                    .filter_map(|item| self.artifact(item))
                    .map(|(place, _)| place)
                    .collect(),
                _ => unreachable!(
                    "a list of artifacts from a loop is refused by the capability table"
                ),
            };
            let places: Vec<Place> = places;
            return (Form::Artifacts(places.len()), Given::Artifacts(places));
        }
        if ty.artifact().is_some() {
            return match self.artifact(arg) {
                Some((place, optional)) => (Form::Artifact { optional }, Given::Artifact(place)),
                None => (Form::Absent, Given::Nothing),
            };
        }
        let optional = arg.ty.is_optional() && arg.constant().is_none();
        // What is there for certain is handed over as if the port asked for no less.
        let asked = if optional { ty.clone() } else { required(ty) };
        if command && matches!(arg.constant(), Some(Value::Str(text)) if text.contains('\0')) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::REFUSED,
                    arg.span,
                    "`argo` can't hand a text with a NUL to a command",
                )
                .label("arguments and variables of a process end at a NUL")
                .help("take it in a `python:` step"),
            );
        }
        let mut held = match arg.constant() {
            Some(value) => Held::constant(text_as(value, &asked)),
            None => convert(self.value(arg), &arg.ty, &asked),
        };
        // The shim checks what it is given.
        if reader != Reader::Shim
            && ty.refinement().is_some()
            && arg.constant().is_none()
            && arg.ty.refinement() != ty.refinement()
        {
            let plain = held.plain || is_plain_type(&asked);
            held = Held {
                code: super::encode::checked(held.code, &asked, name),
                plain,
            };
        }
        let (encoding, value) = if command && optional {
            let absent = held.code.clone().binary("==", Argo::text("null"));
            if super::encode::is_textual(ty) && !is_plain_type(&required(ty)) {
                let marked = Argo::text(".").join(held.code.call("fromJSON")).encoded();
                (Encoding::Marked, absent.then(Argo::text(""), marked).tag())
            } else {
                let encoding = held.encoding();
                let text = if super::encode::is_textual(ty) {
                    held.code.call("fromJSON")
                } else {
                    held.code
                };
                let text = if encoding == Encoding::Base64 {
                    text.encoded()
                } else {
                    text
                };
                (encoding, absent.then(Argo::text(""), text).tag())
            }
        } else {
            let encoding = held.encoding();
            (encoding, held.written(encoding))
        };
        (Form::Value { encoding, optional }, Given::Parameter(value))
    }

    /// The template of a component for these forms, made once, and what the task puts out.
    fn component(
        &mut self,
        index: NodeIndex,
        id: ComponentId,
        task: &'a Task,
        forms: Vec<Form>,
        name: &str,
    ) -> String {
        let component = &self.program[id];
        // What the shim of a Python step puts out was checked by it.
        let proven = matches!(component.step, crate::graph::Step::Python(_));
        for port in &component.outputs {
            let leaf = if port.ty.artifact().is_some() {
                artifact_output(name, &port.name, port.ty.is_optional())
            } else {
                Leaf::Value {
                    code: Argo::output(name, &port.name),
                    ty: port.ty.clone(),
                    proven,
                }
            };
            self.frame_mut()
                .ports
                .insert((index, port.name.clone()), leaf);
        }
        let exported = self.is_exported(index);
        let same = |shared: &&Shared| {
            (Arc::ptr_eq(&shared.attributes, &task.attributes)
                || shared.attributes == task.attributes)
                && shared.forms == forms
        };
        let known = self.steps.get(&id).and_then(|all| all.iter().find(same));
        if let Some(shared) = known.filter(|_| !exported) {
            return shared.template.clone();
        }
        let template = self
            .names
            .give(&names::hyphened(&component.name, names::INNER));
        let pod = self.pod(
            template.clone(),
            component,
            &task.attributes,
            &forms,
            self.frame().pipeline.graph[index].span,
        );
        self.templates.push(pod);
        if exported {
            return template;
        }
        self.steps.entry(id).or_default().push(Shared {
            attributes: task.attributes.clone(),
            forms,
            template: template.clone(),
        });
        template
    }

    /// The DAG template of a called pipeline, made once for the forms of its parameters, and what the task puts out.
    fn nested(&mut self, index: NodeIndex, id: PipelineId, forms: Vec<Form>, name: &str) -> String {
        let exported = self.is_exported(index);
        let known = self
            .nested
            .iter()
            .find(|nested| nested.pipeline == id && nested.forms == forms && !exported);
        let (template, outputs) = match known {
            Some(nested) => (nested.template.clone(), nested.outputs.clone()),
            None => {
                let pipeline = &self.program[id];
                let template = self.template_name(&pipeline.name);
                let mut frame = Frame::new(pipeline, true);
                for (param, form) in pipeline.params.iter().zip(&forms) {
                    let leaf = parameter_of_nested(param, form, &mut frame.inputs);
                    frame.params.insert(param.name.clone(), leaf);
                }
                self.frames.push(frame);
                // Its place is before the templates of its tasks, as a reader goes.
                let at = self.templates.len();
                match &pipeline.finally {
                    None => self.block(&pipeline.body),
                    Some(finally) => self.body_and_finally(&pipeline.body, finally, &template),
                }
                let (outputs, info) = self.outputs(pipeline);
                let frame = self.frames.pop().expect("pushed above");
                self.finish(&template, frame, outputs, at);
                let made = self.template(&template);
                annotate(made, &pipeline.doc);
                if pipeline.finally.is_some() {
                    made.dag.as_mut().expect("it is a DAG").target = Some(control::TARGETS.into());
                }
                let outputs = Rc::new(info);
                if !exported {
                    self.nested.push(Nested {
                        pipeline: id,
                        forms,
                        template: template.clone(),
                        outputs: outputs.clone(),
                    });
                }
                (template, outputs)
            }
        };
        for output in outputs.iter() {
            let leaf = if output.ty.artifact().is_some() {
                artifact_output(name, &output.name, output.ty.is_optional())
            } else {
                Leaf::Value {
                    code: Argo::output(name, &output.name),
                    ty: output.ty.clone(),
                    proven: output.proven,
                }
            };
            self.frame_mut()
                .ports
                .insert((index, output.name.clone()), leaf);
        }
        template
    }

    /// What a pipeline returns, as outputs of its template.
    fn outputs(&mut self, pipeline: &'a Pipeline) -> (Arguments, Vec<NestedOutput>) {
        let mut outputs = Arguments::default();
        let mut info = Vec::new();
        for output in &pipeline.outputs {
            let mut proven = true;
            if output.ty.artifact().is_some() {
                // An absent artifact is no output at all.
                if let Some((place, optional)) = self.artifact(&output.value) {
                    outputs
                        .artifacts
                        .push(given_artifact(&output.name, place, optional));
                }
            } else {
                let code = match self.leaf(&output.value) {
                    // Read as it was put out: what reads this output proves it.
                    Some(Leaf::Value {
                        code,
                        ty,
                        proven: known,
                    }) => {
                        proven = known;
                        convert(Held { code, plain: false }, &ty, &output.ty).code
                    }
                    _ => match output.value.constant() {
                        Some(value) => Argo::Text(text_as(value, &output.ty)),
                        None => {
                            convert(self.value(&output.value), &output.value.ty, &output.ty).code
                        }
                    },
                };
                outputs.parameters.push(Parameter {
                    name: output.name.clone(),
                    description: step::described(&output.doc),
                    value_from: Some(value_from(code)),
                    ..Default::default()
                });
            }
            info.push(NestedOutput {
                name: output.name.clone(),
                ty: output.ty.clone(),
                proven,
            });
        }
        (outputs, info)
    }

    /// A task that runs, and fails, when the condition is false.
    fn require(&mut self, require: &'a Require) -> DagTask {
        let condition = self.condition(&require.condition);
        let message = self.value(&require.message);
        let encoding = message.encoding();
        let template = self.helper(Helper::Require(encoding));
        DagTask {
            template: Some(template),
            when: Some(condition.negated().tag()),
            arguments: Arguments {
                parameters: vec![Parameter {
                    name: "message".into(),
                    value: Some(message.written(encoding)),
                    ..Default::default()
                }],
                artifacts: Vec::new(),
            },
            ..Default::default()
        }
    }
}

impl Argo {
    /// It reads the run's parameters at most, which every template can.
    fn is_global(&self) -> bool {
        match self {
            Argo::Path(segments) | Argo::Maybe(segments) | Argo::Late(segments) => {
                segments[0] == "workflow"
            }
            Argo::Collect(list, _) | Argo::NotEmpty(list) => list.is_global(),
            Argo::Text(_) | Argo::Bool(_) | Argo::Number(_) | Argo::Verbatim(_) => true,
            Argo::Call(_, arguments) | Argo::List(arguments) => {
                arguments.iter().all(Argo::is_global)
            }
            Argo::Binary(a, _, b) => a.is_global() && b.is_global(),
            Argo::If(a, b, c) => a.is_global() && b.is_global() && c.is_global(),
            Argo::Not(inner)
            | Argo::Get(inner, _)
            | Argo::Each(inner, _)
            | Argo::Part(inner, _)
            | Argo::Embedded(inner)
            | Argo::Method(inner, ..) => inner.is_global(),
        }
    }
}

fn decoded(code: Argo, encoding: Encoding) -> Argo {
    if encoding == Encoding::Plain {
        code
    } else {
        code.decoded()
    }
}

fn parameter_of_nested(param: &Param, form: &Form, inputs: &mut Arguments) -> Leaf {
    match form {
        Form::Absent if param.ty.artifact().is_some() => Leaf::Absent,
        Form::Absent => Leaf::Value {
            code: Argo::text("null"),
            ty: param.ty.clone(),
            proven: true,
        },
        Form::Value { encoding, optional } => {
            inputs.parameters.push(Parameter {
                name: param.name.clone(),
                description: step::described(&param.doc),
                ..Default::default()
            });
            let ty = if *optional {
                param.ty.clone()
            } else {
                required(&param.ty)
            };
            Leaf::Value {
                code: decoded(Argo::input(&param.name), *encoding),
                ty,
                proven: *encoding == Encoding::Plain,
            }
        }
        Form::Artifact { optional } => {
            inputs.artifacts.push(Artifact {
                name: param.name.clone(),
                optional: *optional,
                ..Default::default()
            });
            Leaf::Artifact {
                place: Place::Input(param.name.clone()),
                optional: *optional,
            }
        }
        Form::Artifacts(_) => unreachable!("a pipeline has no list of artifacts as a parameter"),
    }
}

/// An artifact as an argument or an output of a DAG.
pub fn given_artifact(name: &str, place: Place, optional: bool) -> Artifact {
    let mut artifact = Artifact {
        name: name.to_owned(),
        optional,
        ..Default::default()
    };
    match place {
        Place::Task(task, port) => {
            artifact.from = Some(format!("{{{{tasks.{task}.outputs.artifacts.{port}}}}}"))
        }
        Place::Input(input) => artifact.from = Some(format!("{{{{inputs.artifacts.{input}}}}}")),
        Place::Run(global) => {
            artifact.from = Some(format!("{{{{workflow.outputs.artifacts.{global}}}}}"))
        }
        Place::Expression(expression) => artifact.from_expression = Some(expression),
        Place::Location(location) => artifact.location = Some(location),
    }
    artifact
}

/// The artifact that a task of the same DAG puts out.
pub fn artifact_output(task: &str, port: &str, optional: bool) -> Leaf {
    Leaf::Artifact {
        place: Place::Task(task.to_owned(), port.to_owned()),
        optional,
    }
}

/// Where an output of a DAG comes from.
pub fn value_from(code: Argo) -> ValueFrom {
    match &code {
        Argo::Path(segments) if segments[0] == "tasks" => ValueFrom {
            parameter: Some(code.tag()),
            ..Default::default()
        },
        _ => ValueFrom {
            expression: Some(code.bare()),
            ..Default::default()
        },
    }
}

fn dag(name: &str, inputs: Arguments, tasks: Vec<DagTask>, outputs: Arguments) -> Template {
    Template {
        name: name.to_owned(),
        inputs,
        dag: Some(Dag {
            fail_fast: false,
            target: None,
            tasks,
        }),
        outputs,
        ..Default::default()
    }
}

/// The doc comment of what a template stands for, where the UI looks for it.
fn annotate(template: &mut Template, doc: &str) {
    if let Some(doc) = step::described(doc) {
        template
            .metadata
            .annotations
            .insert("workflows.argoproj.io/description".into(), doc);
    }
}
