//! What follows when something starts or settles.

use indexmap::IndexMap;

use super::{
    Block, Event, FrameId, Inside, Kind, Loop, NodeId, Pipeline, Role, Scope, ScopeId, State,
    Status, Tree, Work,
};
use crate::plan::{self, eval};
use crate::value::{Value, ops};

impl<'p> Tree<'p> {
    pub(super) fn settle(&mut self, id: NodeId, state: State, value: Option<Value>) {
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
        self.names_in(node.node, &self.scopes[node.scope.0].prefix, &mut |name| {
            names.push(name)
        });
        self.events
            .extend(names.into_iter().map(|name| Event::NotRun { name }));
    }

    pub(super) fn do_work(&mut self) {
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
                    let message = eval::eval(&require.message, &scope)
                        .map_or_else(|why| why, |value| value.text());
                    message + &why
                });
                match message {
                    None => self.settle(id, State::Done, Some(Value::Absent)),
                    Some(message) => self.broken(id, message),
                }
            }
            Kind::If { branches } => self.branch(id, scope_id, branches),
            Kind::For { each, body } => match eval::eval(&each.items, &self.view(scope_id))
                .map(|items| items.into_owned())
            {
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
                Ok(other) => self.broken(
                    id,
                    format!("a loop takes a list, not {}", ops::kind(&other)),
                ),
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
                        let frame =
                            self.open_frame(pipeline, params, Some(id), prefix.into(), limit);
                        self.nodes[id.0].inside = Inside::Call(frame);
                    }
                    Err(why) => self.broken(id, why),
                }
            }
        }
    }

    fn branch(
        &mut self,
        id: NodeId,
        scope_id: ScopeId,
        branches: &'p [(Option<&'p plan::Expr>, Block<'p>)],
    ) {
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
            self.names(&branches[at].1, &prefix, &mut |name| {
                skipped.retain(|other| *other != name)
            });
        }
        self.events
            .extend(skipped.into_iter().map(|name| Event::Skipped { name }));
        match taken {
            Some(at) => {
                self.nodes[id.0].state = State::Open;
                let scope =
                    self.open_inner(scope_id, &branches[at].1, Role::Branch(id), prefix, None);
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
                    let (failed, values) =
                        (state.failed || !all, std::mem::take(&mut state.values));
                    match failed {
                        true => self.settle(id, State::Failed, None),
                        false => self.settle(id, State::Done, Some(Value::List(values))),
                    }
                }
                return;
            }
            if each
                .limit
                .is_some_and(|limit| state.under_way >= limit as usize)
            {
                return;
            }
            state.under_way += 1;
            let item = state.items[begun].clone();
            let prefix = format!("{}{}[{begun}].", self.scopes[scope_id.0].prefix, each.name);
            let scope = self.open_inner(
                scope_id,
                body,
                Role::Item(id, begun),
                prefix.into(),
                Some((&each.var, item)),
            );
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
            let value = match (
                call.args.get(&param.name),
                &param.default,
                param.default_run,
            ) {
                (Some(expr), ..) => eval::eval(expr, &scope)?.into_owned(),
                (None, Some(default), _) => default.clone(),
                (None, None, Some(field)) => self.fact(field),
                (None, None, None) => Value::Absent,
            };
            let value = param
                .ty
                .conform(value)
                .map_err(|reject| format!("parameter `{}`: {reject}", param.name))?;
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
                frame.status = Some(if failed {
                    Status::Failed
                } else {
                    Status::Succeeded
                });
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
                let value = if failed {
                    None
                } else {
                    Some(self.block_value(id))
                };
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
        let finally_failed = frame
            .finally
            .is_some_and(|scope| self.scopes[scope.0].failed);
        let failed = frame.status == Some(Status::Failed) || finally_failed;
        let Some(call) = frame.call else {
            self.finished = Some(if failed {
                Status::Failed
            } else {
                Status::Succeeded
            });
            return;
        };
        if failed {
            return self.settle(call, State::Failed, None);
        }
        let scope = self.view(frame.body);
        let outputs = frame.pipeline.outputs.iter();
        let outputs =
            outputs.map(|(name, expr)| Ok((name.clone(), eval::eval(expr, &scope)?.into_owned())));
        match outputs.collect::<Result<IndexMap<_, _>, String>>() {
            Ok(outputs) if frame.pipeline.unnamed => {
                let value = outputs.into_values().next().unwrap_or(Value::Absent);
                self.settle(call, State::Done, Some(value));
            }
            Ok(outputs) => self.settle(call, State::Done, Some(Value::Map(outputs))),
            Err(why) => self.broken(call, why),
        }
    }
}
