//! What of a run is done, what may start and what follows from it: the run's state without clock, files and processes.
//!
//! Branches, loops and called pipelines open as scopes when their turn comes. All changes go through a list of work, so that a long chain
//! of statements that settle at once takes no stack.

mod graph;
mod list;
mod view;
mod work;

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::report::Status;
use super::shape::{Block, Kind, Node, Pipeline, Shape};
use crate::plan::{self, eval};
use crate::value::Value;

/// A statement that was reached. Later ones have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ScopeId(usize);

/// One run of a pipeline: the whole run, or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FrameId(usize);

/// The facts of the run that expressions read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    pub id: String,
    pub name: String,
    pub date: String,
    pub interval_start: String,
    pub interval_end: String,
}

/// What happened, for those who tell and record it.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// A statement that is no task failed.
    Broken { name: String, message: String },
    /// A task of a branch that is not taken.
    Skipped { name: String },
    /// A task that does not start because of what failed.
    NotRun { name: String },
    /// A pipeline began that may take so many seconds.
    Limited { frame: FrameId, seconds: f64 },
}

/// What became of a task, as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    Skipped,
    /// With the task itself, unless the block it stands in was never reached.
    NotRun(Option<NodeId>),
    /// Started or still to start, succeeded or failed: its runner knows.
    Reached(NodeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// A task that may start as soon as there is a place.
    Ready,
    /// A task that is running, or between two attempts.
    Running,
    /// A statement with scopes inside.
    Open,
    Done,
    Failed,
    NotRun,
}

impl State {
    fn is_settled(self) -> bool {
        matches!(self, State::Done | State::Failed | State::NotRun)
    }
}

struct NodeState<'p> {
    scope: ScopeId,
    node: &'p Node<'p>,
    state: State,
    /// How many of its block it still waits for.
    waiting: usize,
    value: Option<Value>,
    inside: Inside,
}

/// What a statement opened.
enum Inside {
    Nothing,
    Branch(ScopeId),
    Call(FrameId),
    Loop(Box<Loop>),
}

struct Loop {
    items: Vec<Value>,
    values: Vec<Value>,
    /// The scope of each item that was begun.
    scopes: Vec<ScopeId>,
    under_way: usize,
    failed: bool,
}

struct Scope<'p> {
    block: &'p Block<'p>,
    frame: FrameId,
    /// Where names that are not its own are looked up.
    parent: Option<ScopeId>,
    role: Role,
    in_finally: bool,
    /// What stands before the names of its tasks.
    prefix: Rc<str>,
    item: Option<(&'p str, Value)>,
    first: usize,
    left: usize,
    failed: bool,
}

#[derive(Clone, Copy)]
enum Role {
    Body,
    Finally,
    Branch(NodeId),
    Item(NodeId, usize),
}

struct Frame<'p> {
    pipeline: &'p Pipeline<'p>,
    params: IndexMap<String, Value>,
    /// The call, unless it is the whole run.
    call: Option<NodeId>,
    body: ScopeId,
    finally: Option<ScopeId>,
    /// Of the body, once it is done.
    status: Option<Status>,
    /// Why nothing more of the body starts.
    cancelled: Option<Rc<str>>,
    /// Something of the body was done by this runner.
    changed: bool,
    running: u32,
}

enum Work {
    Start(NodeId),
    Settle(NodeId, State, Option<Value>),
    ScopeDone(ScopeId),
    FrameDone(FrameId),
}

pub(super) struct Tree<'p> {
    shape: &'p Shape<'p>,
    facts: Facts,
    nodes: Vec<NodeState<'p>>,
    scopes: Vec<Scope<'p>>,
    frames: Vec<Frame<'p>>,
    /// Tasks that may start, in the order in which they were reached.
    ready: BTreeSet<NodeId>,
    work: VecDeque<Work>,
    events: Vec<Event>,
    finished: Option<Status>,
}

impl<'p> Tree<'p> {
    /// Begins a run: what can start is ready.
    pub fn new(shape: &'p Shape<'p>, params: IndexMap<String, Value>, facts: Facts) -> Self {
        let mut tree = Tree {
            shape,
            facts,
            nodes: Vec::new(),
            scopes: Vec::new(),
            frames: Vec::new(),
            ready: BTreeSet::new(),
            work: VecDeque::new(),
            events: Vec::new(),
            finished: None,
        };
        let pipeline = &shape.pipelines[shape.entry()];
        tree.open_frame(pipeline, params, None, "".into(), pipeline.timeout);
        tree.do_work();
        tree
    }

    /// What happened since the last time.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How the run ended, when it has.
    pub fn finished(&self) -> Option<Status> {
        self.finished
    }

    /// The status of the body, once it is known.
    pub fn body_status(&self) -> Option<Status> {
        self.frames[0].status
    }

    /// The first task that may start now; it counts as running from here on.
    pub fn next(&mut self) -> Option<NodeId> {
        let id = self.ready.iter().copied().find(|id| self.has_place(*id))?;
        self.ready.remove(&id);
        self.nodes[id.0].state = State::Running;
        self.count(id, 1);
        Some(id)
    }

    /// A task gives its place back between two attempts.
    pub fn pause(&mut self, id: NodeId) {
        self.count(id, -1);
    }

    /// A task that paused may go on.
    pub fn resume(&mut self, id: NodeId) {
        self.nodes[id.0].state = State::Ready;
        self.ready.insert(id);
    }

    /// A running task has its outputs.
    pub fn succeed(&mut self, id: NodeId, outputs: IndexMap<String, Value>) {
        self.count(id, -1);
        let value = match self.component(id).unnamed() {
            true => outputs.into_values().next().unwrap_or(Value::Absent),
            false => Value::Map(outputs),
        };
        self.settle(id, State::Done, Some(value));
        self.do_work();
    }

    /// A running task failed for good.
    pub fn fail(&mut self, id: NodeId) {
        self.count(id, -1);
        self.fail_paused(id);
    }

    /// The same for a task that paused.
    pub fn fail_paused(&mut self, id: NodeId) {
        self.ready.remove(&id);
        self.settle(id, State::Failed, None);
        self.do_work();
    }

    /// A task that paused before its first attempt is not begun.
    pub fn give_up(&mut self, id: NodeId) {
        self.ready.remove(&id);
        self.settle(id, State::NotRun, None);
        self.do_work();
    }

    /// Nothing more of a pipeline's body starts, nor of the calls in it. What runs is left to the caller: see [`Self::cancelled`].
    /// Does nothing when the body is done.
    pub fn cancel(&mut self, frame: FrameId, reason: &str) {
        if self.frames[frame.0].status.is_some() || self.frames[frame.0].cancelled.is_some() {
            return;
        }
        self.frames[frame.0].cancelled = Some(reason.into());
        for at in 0..self.nodes.len() {
            let id = NodeId(at);
            if self.nodes[at].state.is_settled() || !self.within(id, frame) {
                continue;
            }
            match (self.nodes[at].state, &self.nodes[at].inside) {
                (State::Waiting | State::Ready, _) => {
                    self.ready.remove(&id);
                    self.work.push_back(Work::Settle(id, State::NotRun, None));
                }
                (State::Open, Inside::Call(inner)) => {
                    let inner = *inner;
                    if self.frames[inner.0].status.is_none() {
                        self.frames[inner.0]
                            .cancelled
                            .get_or_insert_with(|| reason.into());
                    }
                }
                _ => {}
            }
        }
        self.do_work();
    }

    /// A task's outputs are not those of an earlier runner: what a `finally` around it did before is not done.
    pub fn changed(&mut self, id: NodeId) {
        let mut next = Some(id);
        while let Some(id) = next {
            let scope = &self.scopes[self.nodes[id.0].scope.0];
            let (frame, in_finally) = (scope.frame, scope.in_finally);
            self.frames[frame.0].changed |= !in_finally;
            next = self.frames[frame.0].call;
        }
    }

    /// A task stands in the `finally` of a body in which something changed.
    pub fn ends_a_changed_body(&self, id: NodeId) -> bool {
        let mut next = Some(id);
        while let Some(id) = next {
            let scope = &self.scopes[self.nodes[id.0].scope.0];
            let frame = &self.frames[scope.frame.0];
            if scope.in_finally && frame.changed {
                return true;
            }
            next = frame.call;
        }
        false
    }

    /// The frame of the whole run.
    pub fn root(&self) -> FrameId {
        FrameId(0)
    }

    /// Whether the body of a pipeline is under way.
    pub fn is_running(&self, frame: FrameId) -> bool {
        self.frames[frame.0].status.is_none()
    }

    /// What a run of a pipeline is called: the call's name, or the pipeline itself.
    pub fn frame_name(&self, frame: FrameId) -> String {
        match self.frames[frame.0].call {
            Some(call) => self.name(call),
            None => "the pipeline".to_owned(),
        }
    }

    /// Why a task is to stop, when the pipeline that it belongs to was cancelled.
    pub fn cancelled(&self, id: NodeId) -> Option<&str> {
        let scope = &self.scopes[self.nodes[id.0].scope.0];
        self.scope_cancelled(scope)
    }

    /// A text that no other task of the run has.
    pub fn name(&self, id: NodeId) -> String {
        let node = &self.nodes[id.0];
        format!("{}{}", self.scopes[node.scope.0].prefix, node.node.name)
    }

    pub fn task(&self, id: NodeId) -> &'p plan::Task {
        match &self.nodes[id.0].node.kind {
            Kind::Task { task, .. } => task,
            _ => unreachable!("only tasks are given out"),
        }
    }

    pub fn component(&self, id: NodeId) -> &'p plan::Component {
        match &self.nodes[id.0].node.kind {
            Kind::Task { component, .. } => component,
            _ => unreachable!("only tasks are given out"),
        }
    }

    /// The inputs of a task in port order, each of its port's type. The error says which is not.
    pub fn inputs(&self, id: NodeId) -> Result<Vec<Value>, String> {
        let task = self.task(id);
        let scope = self.view(self.nodes[id.0].scope);
        let input = |port: &plan::Input| {
            let value = match task.args.get(&port.name) {
                Some(expr) => eval::eval(expr, &scope)
                    .map_err(|why| format!("input `{}`: {why}", port.name))?
                    .into_owned(),
                None => Value::Absent,
            };
            port.ty
                .conform(value)
                .map_err(|reject| format!("input `{}`: {reject}", port.name))
        };
        self.component(id).inputs().iter().map(input).collect()
    }

    /// What the run returns, each output on its own: absent where it is not to be had.
    pub fn outputs(&self) -> IndexMap<String, Value> {
        let frame = &self.frames[0];
        let scope = self.lenient_view(frame.body);
        let value =
            |expr| eval::eval(expr, &scope).map_or(Value::Absent, |value| value.into_owned());
        frame
            .pipeline
            .outputs
            .iter()
            .map(|(name, expr)| (name.clone(), value(expr)))
            .collect()
    }

    // Places

    fn frames_of(&self, id: NodeId) -> impl Iterator<Item = FrameId> {
        let mut next = Some(self.scopes[self.nodes[id.0].scope.0].frame);
        std::iter::from_fn(move || {
            let frame = next?;
            let call = self.frames[frame.0].call;
            next = call.map(|call| self.scopes[self.nodes[call.0].scope.0].frame);
            Some(frame)
        })
    }

    fn has_place(&self, id: NodeId) -> bool {
        self.frames_of(id).all(|frame| {
            let frame = &self.frames[frame.0];
            frame
                .pipeline
                .parallelism
                .is_none_or(|limit| frame.running < limit)
        })
    }

    fn count(&mut self, id: NodeId, change: i32) {
        let frames: Vec<FrameId> = self.frames_of(id).collect();
        for frame in frames {
            let running = &mut self.frames[frame.0].running;
            *running = running
                .checked_add_signed(change)
                .expect("a task gives back the place that it took");
        }
    }

    /// The statement belongs to the body of the frame, or to that of a call in it.
    fn within(&self, id: NodeId, frame: FrameId) -> bool {
        let mut scope = &self.scopes[self.nodes[id.0].scope.0];
        loop {
            if scope.in_finally {
                return false;
            }
            if scope.frame == frame {
                return true;
            }
            match self.frames[scope.frame.0].call {
                Some(call) => scope = &self.scopes[self.nodes[call.0].scope.0],
                None => return false,
            }
        }
    }

    fn scope_cancelled(&self, scope: &Scope<'p>) -> Option<&str> {
        if scope.in_finally {
            return None;
        }
        self.frames[scope.frame.0].cancelled.as_deref()
    }

    // Scopes

    fn open_frame(
        &mut self,
        pipeline: &'p Pipeline<'p>,
        params: IndexMap<String, Value>,
        call: Option<NodeId>,
        prefix: Rc<str>,
        limit: Option<f64>,
    ) -> FrameId {
        let id = FrameId(self.frames.len());
        self.frames.push(Frame {
            pipeline,
            params,
            call,
            body: ScopeId(self.scopes.len()),
            finally: None,
            status: None,
            cancelled: None,
            changed: false,
            running: 0,
        });
        if let Some(seconds) = limit {
            self.events.push(Event::Limited { frame: id, seconds });
        }
        self.open_scope(Scope {
            block: &pipeline.body,
            frame: id,
            parent: None,
            role: Role::Body,
            in_finally: false,
            prefix,
            item: None,
            first: 0,
            left: 0,
            failed: false,
        });
        id
    }

    fn open_inner(
        &mut self,
        parent: ScopeId,
        block: &'p Block<'p>,
        role: Role,
        prefix: Rc<str>,
        item: Option<(&'p str, Value)>,
    ) -> ScopeId {
        let outer = &self.scopes[parent.0];
        self.open_scope(Scope {
            block,
            frame: outer.frame,
            parent: Some(parent),
            role,
            in_finally: outer.in_finally,
            prefix,
            item,
            first: 0,
            left: 0,
            failed: false,
        })
    }

    fn open_scope(&mut self, scope: Scope<'p>) -> ScopeId {
        let id = ScopeId(self.scopes.len());
        let block = scope.block;
        let first = self.nodes.len();
        for node in &block.nodes {
            self.nodes.push(NodeState {
                scope: id,
                node,
                state: State::Waiting,
                waiting: node.waits_for,
                value: None,
                inside: Inside::Nothing,
            });
        }
        self.scopes.push(Scope {
            first,
            left: block.nodes.len(),
            ..scope
        });
        for (at, node) in block.nodes.iter().enumerate() {
            if node.waits_for == 0 {
                self.work.push_back(Work::Start(NodeId(first + at)));
            }
        }
        if block.nodes.is_empty() {
            self.work.push_back(Work::ScopeDone(id));
        }
        id
    }
}
