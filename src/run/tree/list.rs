//! Every task of a run by its name, those that were never reached among them.

use indexmap::IndexMap;

use super::{Block, FrameId, Inside, Kind, Node, NodeId, ScopeId, State, TaskState, Tree};

impl Tree<'_> {
    /// Every task by its name, in the order of the plan. Those of a loop that never began stand under `name[*]`.
    pub fn tasks(&self) -> IndexMap<String, TaskState> {
        let mut found = IndexMap::new();
        self.list_frame(FrameId(0), &mut found);
        found
    }

    fn list_frame(&self, frame: FrameId, found: &mut IndexMap<String, TaskState>) {
        let frame = &self.frames[frame.0];
        self.list_scope(frame.body, found);
        let prefix = &self.scopes[frame.body.0].prefix;
        match (frame.finally, &frame.pipeline.finally) {
            (Some(finally), _) => self.list_scope(finally, found),
            // All was left before its turn.
            (None, Some(block)) => self.names(block, prefix, &mut |name| {
                found.insert(name, TaskState::NotRun(None));
            }),
            (None, None) => {}
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
                (_, Inside::Loop(each)) => each
                    .scopes
                    .iter()
                    .for_each(|item| self.list_scope(*item, found)),
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
    pub(super) fn names(&self, block: &Block<'_>, prefix: &str, found: &mut dyn FnMut(String)) {
        block
            .nodes
            .iter()
            .for_each(|node| self.names_in(node, prefix, found));
    }

    pub(super) fn names_in(&self, node: &Node<'_>, prefix: &str, found: &mut dyn FnMut(String)) {
        match &node.kind {
            Kind::Task { .. } => found(format!("{prefix}{}", node.name)),
            Kind::If { branches } => branches
                .iter()
                .for_each(|(_, block)| self.names(block, prefix, found)),
            Kind::For { body, .. } => {
                self.names(body, &format!("{prefix}{}[*].", node.name), found)
            }
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
}
