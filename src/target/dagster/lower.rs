//! From the IR to a module: what the parts share.

use std::collections::HashMap;

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::jobs;
use super::parts::{self, Fields};
use super::scope::Source;
use super::support;
use crate::emit::python::names::Names;
use crate::emit::python::{Def, Py, Stmt};
use crate::graph::{Callee, ComponentId, Edge, NodeKind, Pipeline, Program, PythonSourceId, Task};

/// What every module has at its top, or at its end, beside what its support needs.
const MODULE_NAMES: &[&str] = &[
    "Any",
    "Field",
    "Literal",
    "Params",
    "block",
    "context",
    "defs",
    "dg",
    "k8s_job_executor",
    "params",
];

/// Names of the module that nothing of the source may have there.
pub fn taken() -> Names {
    Names::with(MODULE_NAMES.iter().copied().chain(support::names()))
}

pub struct Lowering<'a> {
    pub program: &'a Program,
    /// Of the module.
    pub names: Names,
    pub units: Vec<Unit>,
    pub frames: Vec<Frame<'a>>,
    /// How many scopes there are.
    pub scopes: usize,
    /// The constants of components, and of their sources.
    pub components: IndexMap<ComponentId, String>,
    pub sources: IndexMap<PythonSourceId, String>,
    /// The fields of the parameters' resource.
    pub fields: Fields,
    /// The op that a graph's variable holds the output of, by scope and name.
    pub ops: HashMap<(usize, String), String>,
    /// What the executor limits, by the value of its tag.
    pub limits: Vec<(String, u32)>,
    /// The functions of the module that are assets or checks, and its jobs, schedules and sensors.
    pub assets: Vec<String>,
    pub checks: Vec<String>,
    pub jobs: Vec<String>,
    pub schedules: Vec<String>,
    pub sensors: Vec<String>,
}

/// A function of the module.
#[derive(Debug)]
pub struct Unit {
    pub decorator: Option<Py>,
    pub def: Def,
    pub doc: String,
    pub body: Vec<Stmt>,
}

/// A pipeline in the place where it is called.
pub struct Frame<'a> {
    pub pipeline: &'a Pipeline,
    /// The frame and the task that calls it; nothing for the entry.
    pub call: Option<(usize, &'a Task)>,
    /// The tasks that call it, from the outside in.
    pub path: Vec<String>,
    pub places: HashMap<NodeIndex, Place>,
    pub items: HashMap<NodeIndex, Source>,
    /// What to wait for so as to come after a node.
    pub done: HashMap<NodeIndex, Vec<Source>>,
}

/// Where a node's value is to be had.
#[derive(Clone, Debug)]
pub enum Place {
    Value(Source),
    /// Of a task with named outputs.
    Outputs(IndexMap<String, Source>),
}

/// The module of a program.
pub fn lower(program: &Program) -> String {
    let entry = program.entry();
    let mut lowering = Lowering {
        program,
        names: taken(),
        units: Vec::new(),
        frames: Vec::new(),
        scopes: 0,
        components: IndexMap::new(),
        sources: IndexMap::new(),
        fields: parts::fields(entry),
        ops: HashMap::new(),
        limits: Vec::new(),
        assets: Vec::new(),
        checks: Vec::new(),
        jobs: Vec::new(),
        schedules: Vec::new(),
        sensors: Vec::new(),
    };
    let frame = lowering.frame(entry, None, Vec::new());
    // An asset's op may not be called as a job is.
    let nodes = entry.nodes_within(&entry.body);
    let job = match nodes
        .iter()
        .any(|&node| entry.graph[node].name == entry.name)
    {
        true => lowering.names.free(&format!("{}_job", entry.name)),
        false => lowering.names.free(&entry.name),
    };
    lowering.jobs.push(job.clone());
    let main = match is_ops(program) {
        true => jobs::Main::Ops(lowering.ops_job(frame, &job)),
        false => {
            lowering.asset_pipeline(frame, &[]);
            jobs::Main::Assets(lowering.asset_job(&job))
        }
    };
    let jobs = jobs::Jobs::new(&mut lowering, frame, &job, main);
    parts::module(&mut lowering, &jobs)
}

/// Whether the pipeline is a graph of ops rather than of assets.
fn is_ops(program: &Program) -> bool {
    let pipeline = program.entry();
    match pipeline.attributes.targets.get("dagster", "style") {
        Some(crate::value::Value::Str(style)) => style == "ops",
        _ => !pipeline
            .body
            .nodes
            .iter()
            .any(|&node| match &pipeline.graph[node].kind {
                NodeKind::Task(task) => match task.callee {
                    Callee::Component(id) => !program[id].outputs.is_empty(),
                    Callee::Pipeline(id) => !program[id].outputs.is_empty(),
                },
                NodeKind::If(_) | NodeKind::For(_) => {
                    pipeline.graph[node].ty != crate::types::Type::Nothing
                }
                NodeKind::Require(_) => false,
            }),
    }
}

impl<'a> Lowering<'a> {
    pub fn frame(
        &mut self,
        pipeline: &'a Pipeline,
        call: Option<(usize, &'a Task)>,
        path: Vec<String>,
    ) -> usize {
        self.frames.push(Frame {
            pipeline,
            call,
            path,
            places: HashMap::new(),
            items: HashMap::new(),
            done: HashMap::new(),
        });
        self.frames.len() - 1
    }

    pub fn pipeline(&self, frame: usize) -> &'a Pipeline {
        self.frames[frame].pipeline
    }

    /// Says where a node's value is, which is also what to wait for.
    pub fn put(&mut self, frame: usize, node: NodeIndex, place: Place) {
        let done = match &place {
            Place::Value(source) => vec![source.clone()],
            Place::Outputs(outputs) => outputs.values().take(1).cloned().collect(),
        };
        self.frames[frame].done.insert(node, done);
        self.frames[frame].places.insert(node, place);
    }

    /// What a node comes after without reading it.
    pub fn waits(&self, frame: usize, node: NodeIndex) -> Vec<Source> {
        self.before(frame, node, |edge| edge != Edge::Data)
    }

    /// What a node that encloses others waits for: all that is read in it, too.
    pub fn all_waits(&self, frame: usize, node: NodeIndex) -> Vec<Source> {
        self.before(frame, node, |_| true)
    }

    fn before(&self, frame: usize, node: NodeIndex, counts: impl Fn(Edge) -> bool) -> Vec<Source> {
        let frame = &self.frames[frame];
        let mut before: Vec<NodeIndex> = frame
            .pipeline
            .graph
            .edges_directed(node, Direction::Incoming)
            .filter(|edge| counts(*edge.weight()))
            .map(|edge| edge.source())
            .collect();
        before.sort();
        before.dedup();
        let done = before.iter().filter_map(|node| frame.done.get(node));
        let mut sources: Vec<Source> = Vec::new();
        for source in done.flatten() {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        sources
    }
}
