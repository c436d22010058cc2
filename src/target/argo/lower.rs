//! The IR as templates: a DAG template a block, a pod template a shape of a component.
//!
//! Lowering goes by frames (`frame.rs`): a frame is a DAG template in the making.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::call::{Nested, Shared};
use super::control;
use super::frame::{Frame, Leaf};
use super::model::{Arguments, Dag, DagTask, Parameter, Template};
use super::names::{self, Unique};
use super::pod::Helper;
use super::publish;
use super::python::Library;
use super::split::MOST_TASKS;
use super::step::{self};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Block, ComponentId, Edge, Node, NodeKind, Pipeline, Program, Require};
use crate::target::ArgoOptions;

/// The template that the run begins with.
pub const ENTRY: &str = "main";

pub struct Lowering<'a> {
    pub program: &'a Program,
    pub options: &'a ArgoOptions,
    pub templates: Vec<Template>,
    pub diagnostics: Vec<Diagnostic>,
    pub frames: Vec<Frame<'a>>,
    /// Of all steps: Argo knows them for the whole workflow only.
    pub image_pull_secrets: Vec<String>,
    pub library: Library,
    pub names: Unique,
    pub steps: HashMap<ComponentId, Vec<Shared>>,
    pub nested: Vec<Nested>,
    /// The templates that mlpc brings along.
    pub helpers: Vec<(Helper, String)>,
    /// The rules of the run's parameters that Argo has no word for, as expressions that fail, by parameter.
    pub checks: IndexMap<String, String>,
    /// What `finally` reads of the run.
    pub ended: HashMap<(NodeIndex, String), Leaf>,
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
        outputs.for_the_run(str::to_owned);
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
        if outputs.is_empty() {
            self.finish(ENTRY, frame, outputs, 0);
        } else {
            let body = self.template_name(&pipeline.name);
            self.finish(&body, frame, outputs, 0);
            let call = publish::call(&body, Arguments::default());
            let main = dag(
                ENTRY,
                Arguments::default(),
                vec![call],
                Arguments::default(),
            );
            self.templates.insert(0, main);
        }
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

    /// The tasks of a block, into the frame.
    pub fn block(&mut self, block: &'a Block) {
        if block.nodes.len() > MOST_TASKS {
            self.split(block);
        } else {
            self.nodes(&block.nodes);
        }
    }

    pub fn nodes(&mut self, nodes: &[NodeIndex]) {
        for &index in nodes {
            let node = &self.pipeline().graph[index];
            let name = self.task_name(node);
            let depends = self.depends(index);
            let place = self.templates.len();
            let mut task = match &node.kind {
                NodeKind::Task(task) => self.task(index, task, &name),
                NodeKind::Require(require) => self.require(require),
                NodeKind::If(branching) => self.branching(index, node, branching, &name),
                NodeKind::For(looping) => self.looping(index, looping, &name),
            };
            task.name = name;
            task.depends = depends;
            if self.is_exported(index) {
                self.publish(index, &mut task, place);
            }
            let frame = self.frame_mut();
            frame.nodes.insert(index, frame.tasks.len());
            frame.tasks.push(task);
        }
    }

    /// Whether the run's `finally` reads it, so that it is put out for the whole run.
    pub fn is_exported(&self, index: NodeIndex) -> bool {
        let entry = self.program.entry();
        std::ptr::eq(self.pipeline(), entry) && control::read_at_the_end(entry).contains(&index)
    }

    fn task_name(&mut self, node: &Node) -> String {
        let name = names::task(&node.name);
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

pub fn dag(name: &str, inputs: Arguments, tasks: Vec<DagTask>, outputs: Arguments) -> Template {
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
pub fn annotate(template: &mut Template, doc: &str) {
    if let Some(doc) = step::described(doc) {
        template
            .metadata
            .annotations
            .insert("workflows.argoproj.io/description".into(), doc);
    }
}
