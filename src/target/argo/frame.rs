//! Frames: DAG templates in the making, and what can be read in them.
//!
//! A template sees what is handed to it and nothing else. What a frame's tasks read of an enclosing frame becomes an input of it, handed
//! over by the task that calls it; what is read of a part becomes an output of the part. A parameter of the run is the exception:
//! every template can read it.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::control;
use super::encode::{Encoding, Held, is_plain_type};
use super::expr::Argo;
use super::lower::Lowering;
use super::model::{Arguments, Artifact, DagTask, Parameter, ValueFrom};
use super::names::{self, Unique};
use super::split::{self};
use super::value::Place;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Block, NodeKind, Pipeline, UNNAMED_OUTPUT};
use crate::types::Type;

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
    pub pipeline: &'a Pipeline,
    /// Nothing of the frame before this one is in sight: a pipeline's own.
    pub root: bool,
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
    pub nodes: HashMap<NodeIndex, usize>,
    /// By node: each `require` that it, or what it needs, waits for.
    pub gates: HashMap<NodeIndex, HashSet<NodeIndex>>,
    /// The part that a node went to, where the block was split.
    pub part_of: HashMap<NodeIndex, usize>,
    pub parts: Vec<SplitPart>,
    /// A `finally`: it reads what the body put out as optional.
    pub ending: bool,
    /// The arms of an `if`: they may have tasks of one name, for at most one runs.
    pub arms: bool,
}

/// Some of a frame's nodes in a DAG template of their own, and what its nodes put out there.
pub struct SplitPart {
    pub task: String,
    pub template: String,
    pub ports: HashMap<(NodeIndex, String), Leaf>,
    pub output_names: Unique,
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

impl<'a> Lowering<'a> {
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

    /// A block's tasks as parts, each a task of its own.
    pub fn split(&mut self, block: &'a Block) {
        let pipeline = self.pipeline();
        let parts = split::parts(pipeline, &block.nodes);
        let hold_up = split::hold_up(pipeline, &parts);
        for (at, nodes) in parts.into_iter().enumerate() {
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
            let terms: Vec<(&str, &str)> = waits
                .iter()
                .map(|&part| (self.frame().parts[part].task.as_str(), "Succeeded"))
                .collect();
            let depends = super::expr::depends(&terms);
            self.part(&task, &template, &nodes, depends);
        }
        if hold_up {
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
    pub fn exported(
        &mut self,
        at: usize,
        part: usize,
        node: NodeIndex,
        port: &str,
    ) -> Option<Leaf> {
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
}

pub fn decoded(code: Argo, encoding: Encoding) -> Argo {
    if encoding == Encoding::Plain {
        code
    } else {
        code.decoded()
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
