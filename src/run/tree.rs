//! What of a run is done, what may start and what follows from it: the run's state without clock, files and processes.
//!
//! Branches, loops and called pipelines open as scopes when their turn comes. All changes go through a list of work, so that a long chain
//! of statements that settle at once takes no stack.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::report::Status;
use super::shape::{Block, Kind, Node, Pipeline, Shape};
use crate::plan::{self, RunField, eval};
use crate::value::{Value, ops};

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
                        self.frames[inner.0].cancelled.get_or_insert_with(|| reason.into());
                    }
                }
                (State::Open, Inside::Loop(each)) => {
                    // Items that were not begun never will be.
                    if each.under_way == 0 {
                        self.work.push_back(Work::Settle(id, State::Failed, None));
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
                Some(expr) => eval::eval(expr, &scope).map_err(|why| format!("input `{}`: {why}", port.name))?.into_owned(),
                None => Value::Absent,
            };
            port.ty.conform(value).map_err(|reject| format!("input `{}`: {reject}", port.name))
        };
        self.component(id).inputs().iter().map(input).collect()
    }

    /// What the run returns, each output on its own: absent where it is not to be had.
    pub fn outputs(&self) -> IndexMap<String, Value> {
        let frame = &self.frames[0];
        let scope = View { optional: true, ..self.view(frame.body) };
        let value = |expr| eval::eval(expr, &scope).map_or(Value::Absent, |value| value.into_owned());
        frame.pipeline.outputs.iter().map(|(name, expr)| (name.clone(), value(expr))).collect()
    }

    /// Every task by its name, in the order of the plan. Those of a loop that never began stand under `name[*]`.
    pub fn tasks(&self) -> IndexMap<String, TaskState> {
        let mut found = IndexMap::new();
        self.list_frame(FrameId(0), &mut found);
        found
    }

    fn list_frame(&self, frame: FrameId, found: &mut IndexMap<String, TaskState>) {
        let frame = &self.frames[frame.0];
        self.list_scope(frame.body, found);
        if let Some(finally) = frame.finally {
            self.list_scope(finally, found);
        }
    }

    fn list_scope(&self, id: ScopeId, found: &mut IndexMap<String, TaskState>) {
        let scope = &self.scopes[id.0];
        for (at, node) in scope.block.nodes.iter().enumerate() {
            let state = &self.nodes[scope.first + at];
            match (&node.kind, &state.inside) {
                (Kind::Task { .. }, _) => {
                    let id = NodeId(scope.first + at);
                    let state = match state.state {
                        State::NotRun => TaskState::NotRun(Some(id)),
                        _ => TaskState::Reached(id),
                    };
                    found.insert(format!("{}{}", scope.prefix, node.name), state);
                }
                (Kind::If { branches }, Inside::Branch(taken)) => {
                    for (_, block) in branches {
                        if std::ptr::eq(block, self.scopes[taken.0].block) {
                            self.list_scope(*taken, found);
                        } else {
                            // The arms of an `if` may share names: what ran counts.
                            self.names(block, &scope.prefix, &mut |name| {
                                found.entry(name).or_insert(TaskState::Skipped);
                            });
                        }
                    }
                }
                (_, Inside::Loop(each)) => each.scopes.iter().for_each(|item| self.list_scope(*item, found)),
                (_, Inside::Call(frame)) => self.list_frame(*frame, found),
                _ => {
                    let what = match state.state {
                        // An `if` without `else` that took no branch.
                        State::Done => TaskState::Skipped,
                        _ => TaskState::NotRun(None),
                    };
                    self.names_in(node, &scope.prefix, &mut |name| {
                        found.entry(name).or_insert(what);
                    });
                }
            }
        }
    }

    /// Calls `found` with the full name of every task that a block would have.
    fn names(&self, block: &Block<'_>, prefix: &str, found: &mut dyn FnMut(String)) {
        block.nodes.iter().for_each(|node| self.names_in(node, prefix, found));
    }

    fn names_in(&self, node: &Node<'_>, prefix: &str, found: &mut dyn FnMut(String)) {
        match &node.kind {
            Kind::Task { .. } => found(format!("{prefix}{}", node.name)),
            Kind::If { branches } => branches.iter().for_each(|(_, block)| self.names(block, prefix, found)),
            Kind::For { body, .. } => self.names(body, &format!("{prefix}{}[*].", node.name), found),
            Kind::Call { pipeline, .. } => {
                let pipeline = &self.shape.pipelines[*pipeline];
                let prefix = format!("{prefix}{}.", node.name);
                self.names(&pipeline.body, &prefix, found);
                if let Some(finally) = &pipeline.finally {
                    self.names(finally, &prefix, found);
                }
            }
            Kind::Require(_) => {}
        }
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
            frame.pipeline.parallelism.is_none_or(|limit| frame.running < limit)
        })
    }

    fn count(&mut self, id: NodeId, change: i32) {
        let frames: Vec<FrameId> = self.frames_of(id).collect();
        for frame in frames {
            let running = &mut self.frames[frame.0].running;
            *running = running.checked_add_signed(change).expect("a task gives back the place that it took");
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

    // Work

    fn settle(&mut self, id: NodeId, state: State, value: Option<Value>) {
        self.work.push_back(Work::Settle(id, state, value));
    }

    fn broken(&mut self, id: NodeId, message: String) {
        let node = &self.nodes[id.0];
        let name = match node.node.kind {
            Kind::Require(_) => format!("{}require", self.scopes[node.scope.0].prefix),
            _ => self.name(id),
        };
        self.events.push(Event::Broken { name, message });
        if matches!(self.nodes[id.0].inside, Inside::Nothing) {
            self.tell_not_run(id);
        }
        self.settle(id, State::Failed, None);
    }

    /// All tasks that a statement that opened nothing would have had.
    fn tell_not_run(&mut self, id: NodeId) {
        let node = &self.nodes[id.0];
        let mut names = Vec::new();
        self.names_in(node.node, &self.scopes[node.scope.0].prefix, &mut |name| names.push(name));
        self.events.extend(names.into_iter().map(|name| Event::NotRun { name }));
    }

    fn do_work(&mut self) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Start(id) => self.start(id),
                Work::Settle(id, state, value) => self.on_settled(id, state, value),
                Work::ScopeDone(scope) => self.on_scope_done(scope),
                Work::FrameDone(frame) => self.on_frame_done(frame),
            }
        }
    }

    fn on_settled(&mut self, id: NodeId, state: State, value: Option<Value>) {
        if self.nodes[id.0].state.is_settled() {
            return;
        }
        if state == State::NotRun {
            self.tell_not_run(id);
        }
        let node = &mut self.nodes[id.0];
        node.state = state;
        node.value = value;
        let (scope_id, shape) = (node.scope, node.node);
        let scope = &mut self.scopes[scope_id.0];
        scope.left -= 1;
        scope.failed |= state != State::Done;
        let (first, left) = (scope.first, scope.left);
        for dependent in &shape.dependents {
            let dependent = NodeId(first + dependent);
            let node = &mut self.nodes[dependent.0];
            if state != State::Done {
                self.settle(dependent, State::NotRun, None);
            } else {
                node.waiting -= 1;
                if node.waiting == 0 {
                    self.work.push_back(Work::Start(dependent));
                }
            }
        }
        if left == 0 {
            self.work.push_back(Work::ScopeDone(scope_id));
        }
    }

    fn start(&mut self, id: NodeId) {
        let node = &self.nodes[id.0];
        if node.state != State::Waiting {
            return;
        }
        let (scope_id, shape) = (node.scope, node.node);
        if self.scope_cancelled(&self.scopes[scope_id.0]).is_some() {
            return self.settle(id, State::NotRun, None);
        }
        match &shape.kind {
            Kind::Task { .. } => {
                self.nodes[id.0].state = State::Ready;
                self.ready.insert(id);
            }
            Kind::Require(require) => {
                let scope = self.view(scope_id);
                let failed = match eval::truth(&require.require, &scope) {
                    Ok(true) => None,
                    Ok(false) => Some(String::new()),
                    Err(why) => Some(format!(" ({why})")),
                };
                let message = failed.map(|why| {
                    let message = eval::eval(&require.message, &scope).map_or_else(|why| why, |value| value.text());
                    message + &why
                });
                match message {
                    None => self.settle(id, State::Done, Some(Value::Absent)),
                    Some(message) => self.broken(id, message),
                }
            }
            Kind::If { branches } => self.branch(id, scope_id, branches),
            Kind::For { each, body } => match eval::eval(&each.items, &self.view(scope_id)).map(|items| items.into_owned()) {
                Ok(Value::List(items)) => {
                    self.nodes[id.0].state = State::Open;
                    self.nodes[id.0].inside = Inside::Loop(Box::new(Loop {
                        values: vec![Value::Absent; items.len()],
                        items,
                        scopes: Vec::new(),
                        under_way: 0,
                        failed: false,
                    }));
                    self.go_on(id, each, body);
                }
                Ok(other) => self.broken(id, format!("a loop takes a list, not {}", ops::kind(&other))),
                Err(why) => self.broken(id, why),
            },
            Kind::Call { call, pipeline } => {
                let pipeline = &self.shape.pipelines[*pipeline];
                match self.bind(scope_id, call, pipeline) {
                    Ok(params) => {
                        let limit = match (call.timeout, pipeline.timeout) {
                            (Some(a), Some(b)) => Some(a.min(b)),
                            (a, b) => a.or(b),
                        };
                        let prefix = format!("{}{}.", self.scopes[scope_id.0].prefix, shape.name);
                        self.nodes[id.0].state = State::Open;
                        let frame = self.open_frame(pipeline, params, Some(id), prefix.into(), limit);
                        self.nodes[id.0].inside = Inside::Call(frame);
                    }
                    Err(why) => self.broken(id, why),
                }
            }
        }
    }

    fn branch(&mut self, id: NodeId, scope_id: ScopeId, branches: &'p [(Option<&'p plan::Expr>, Block<'p>)]) {
        let mut taken = None;
        for (at, (condition, _)) in branches.iter().enumerate() {
            let holds = match condition {
                Some(condition) => eval::truth(condition, &self.view(scope_id)),
                None => Ok(true),
            };
            match holds {
                Ok(true) => {
                    taken = Some(at);
                    break;
                }
                Ok(false) => {}
                Err(why) => return self.broken(id, why),
            }
        }
        let prefix = self.scopes[scope_id.0].prefix.clone();
        let mut skipped = Vec::new();
        for (at, (_, block)) in branches.iter().enumerate() {
            if Some(at) != taken {
                self.names(block, &prefix, &mut |name| skipped.push(name));
            }
        }
        if let Some(at) = taken {
            // Arms may share names, and this one runs.
            self.names(&branches[at].1, &prefix, &mut |name| skipped.retain(|other| *other != name));
        }
        self.events.extend(skipped.into_iter().map(|name| Event::Skipped { name }));
        match taken {
            Some(at) => {
                self.nodes[id.0].state = State::Open;
                let scope = self.open_inner(scope_id, &branches[at].1, Role::Branch(id), prefix, None);
                self.nodes[id.0].inside = Inside::Branch(scope);
            }
            None => self.settle(id, State::Done, Some(Value::Absent)),
        }
    }

    /// Begins as many items of a loop as may be under way, and settles it after the last.
    fn go_on(&mut self, id: NodeId, each: &'p plan::For, body: &'p Block<'p>) {
        let scope_id = self.nodes[id.0].scope;
        let cancelled = self.scope_cancelled(&self.scopes[scope_id.0]).is_some();
        loop {
            let Inside::Loop(state) = &mut self.nodes[id.0].inside else {
                unreachable!("a loop that goes on has begun");
            };
            let begun = state.scopes.len();
            let all = begun == state.items.len();
            if all || cancelled {
                if state.under_way == 0 {
                    let (failed, values) = (state.failed || !all, std::mem::take(&mut state.values));
                    match failed {
                        true => self.settle(id, State::Failed, None),
                        false => self.settle(id, State::Done, Some(Value::List(values))),
                    }
                }
                return;
            }
            if each.limit.is_some_and(|limit| state.under_way >= limit as usize) {
                return;
            }
            state.under_way += 1;
            let item = state.items[begun].clone();
            let prefix = format!("{}{}[{begun}].", self.scopes[scope_id.0].prefix, each.name);
            let scope = self.open_inner(scope_id, body, Role::Item(id, begun), prefix.into(), Some((&each.var, item)));
            let Inside::Loop(state) = &mut self.nodes[id.0].inside else {
                unreachable!("it is one above");
            };
            state.scopes.push(scope);
        }
    }

    /// The parameters of a called pipeline.
    fn bind(
        &self,
        scope: ScopeId,
        call: &plan::Call,
        pipeline: &Pipeline<'_>,
    ) -> Result<IndexMap<String, Value>, String> {
        let scope = self.view(scope);
        let bind = |param: &plan::Param| {
            let value = match (call.args.get(&param.name), &param.default, param.default_run) {
                (Some(expr), ..) => eval::eval(expr, &scope)?.into_owned(),
                (None, Some(default), _) => default.clone(),
                (None, None, Some(field)) => self.fact(field),
                (None, None, None) => Value::Absent,
            };
            let value = param.ty.conform(value).map_err(|reject| format!("parameter `{}`: {reject}", param.name))?;
            Ok((param.name.clone(), value))
        };
        pipeline.params.iter().map(bind).collect()
    }

    fn on_scope_done(&mut self, id: ScopeId) {
        let scope = &self.scopes[id.0];
        let failed = scope.failed;
        match scope.role {
            Role::Body => {
                let frame_id = scope.frame;
                let frame = &mut self.frames[frame_id.0];
                let failed = failed || frame.cancelled.is_some();
                frame.status = Some(if failed { Status::Failed } else { Status::Succeeded });
                match &frame.pipeline.finally {
                    Some(block) => {
                        let scope = self.open_scope(Scope {
                            block,
                            frame: frame_id,
                            parent: Some(id),
                            role: Role::Finally,
                            in_finally: true,
                            prefix: self.scopes[id.0].prefix.clone(),
                            item: None,
                            first: 0,
                            left: 0,
                            failed: false,
                        });
                        self.frames[frame_id.0].finally = Some(scope);
                    }
                    None => self.work.push_back(Work::FrameDone(frame_id)),
                }
            }
            Role::Finally => self.work.push_back(Work::FrameDone(scope.frame)),
            Role::Branch(owner) => match self.block_value(id) {
                _ if failed => self.settle(owner, State::Failed, None),
                Ok(value) => self.settle(owner, State::Done, Some(value)),
                Err(why) => self.broken(owner, why),
            },
            Role::Item(owner, at) => {
                let value = if failed { None } else { Some(self.block_value(id)) };
                let Inside::Loop(state) = &mut self.nodes[owner.0].inside else {
                    unreachable!("items belong to loops");
                };
                state.under_way -= 1;
                let why = match value {
                    Some(Ok(value)) => {
                        state.values[at] = value;
                        None
                    }
                    Some(Err(why)) => {
                        state.failed = true;
                        Some(why)
                    }
                    None => {
                        state.failed = true;
                        None
                    }
                };
                if let Some(message) = why {
                    let name = format!("{}[{at}]", self.name(owner));
                    self.events.push(Event::Broken { name, message });
                }
                let Kind::For { each, body } = &self.nodes[owner.0].node.kind else {
                    unreachable!("items belong to loops");
                };
                self.go_on(owner, each, body);
            }
        }
    }

    fn block_value(&self, id: ScopeId) -> Result<Value, String> {
        match self.scopes[id.0].block.value {
            Some(expr) => eval::eval(expr, &self.view(id)).map(|value| value.into_owned()),
            None => Ok(Value::Absent),
        }
    }

    fn on_frame_done(&mut self, id: FrameId) {
        let frame = &self.frames[id.0];
        let finally_failed = frame.finally.is_some_and(|scope| self.scopes[scope.0].failed);
        let failed = frame.status == Some(Status::Failed) || finally_failed;
        let Some(call) = frame.call else {
            self.finished = Some(if failed { Status::Failed } else { Status::Succeeded });
            return;
        };
        if failed {
            return self.settle(call, State::Failed, None);
        }
        let scope = self.view(frame.body);
        let outputs = frame.pipeline.outputs.iter();
        let outputs = outputs.map(|(name, expr)| Ok((name.clone(), eval::eval(expr, &scope)?.into_owned())));
        match outputs.collect::<Result<IndexMap<_, _>, String>>() {
            Ok(outputs) if frame.pipeline.unnamed => {
                let value = outputs.into_values().next().unwrap_or(Value::Absent);
                self.settle(call, State::Done, Some(value));
            }
            Ok(outputs) => self.settle(call, State::Done, Some(Value::Map(outputs))),
            Err(why) => self.broken(call, why),
        }
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

    fn view(&self, scope: ScopeId) -> View<'_, 'p> {
        View {
            tree: self,
            scope,
            optional: false,
        }
    }

    fn fact(&self, field: RunField) -> Value {
        Value::Str(match field {
            RunField::Id => self.facts.id.clone(),
            RunField::Name => self.facts.name.clone(),
            RunField::Date => self.facts.date.clone(),
            RunField::IntervalStart => self.facts.interval_start.clone(),
            RunField::IntervalEnd => self.facts.interval_end.clone(),
            RunField::Status => return Value::Absent,
        })
    }
}

/// What an expression in a scope sees.
#[derive(Clone, Copy)]
struct View<'t, 'p> {
    tree: &'t Tree<'p>,
    scope: ScopeId,
    /// What has no value is absent.
    optional: bool,
}

static ABSENT: Value = Value::Absent;

impl View<'_, '_> {
    /// The scope and those around it, innermost first, with whether `finally` lies between.
    fn around(&self) -> impl Iterator<Item = (&Scope<'_>, bool)> {
        let (mut next, mut optional) = (Some(self.scope), self.optional);
        std::iter::from_fn(move || {
            let scope = &self.tree.scopes[next?.0];
            let this = (scope, optional);
            optional |= matches!(scope.role, Role::Finally);
            next = scope.parent;
            Some(this)
        })
    }
}

impl eval::Scope for View<'_, '_> {
    fn param(&self, name: &str) -> Option<&Value> {
        let frame = self.tree.scopes[self.scope.0].frame;
        self.tree.frames[frame.0].params.get(name)
    }

    fn task(&self, name: &str) -> Option<&Value> {
        let (scope, at, optional) =
            self.around().find_map(|(scope, optional)| scope.block.find(name).map(|at| (scope, at, optional)))?;
        let value = self.tree.nodes[scope.first + at].value.as_ref();
        if optional { Some(value.unwrap_or(&ABSENT)) } else { value }
    }

    fn item(&self, variable: &str) -> Option<&Value> {
        self.around().find_map(|(scope, _)| match &scope.item {
            Some((name, value)) if *name == variable => Some(value),
            _ => None,
        })
    }

    fn run(&self, field: RunField) -> Option<Value> {
        let scope = &self.tree.scopes[self.scope.0];
        match field {
            RunField::Status if !scope.in_finally => None,
            RunField::Status => self.tree.frames[scope.frame.0].status.map(|status| Value::Str(status.text().into())),
            field => Some(self.tree.fact(field)),
        }
    }
}
