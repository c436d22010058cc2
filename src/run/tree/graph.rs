//! Which task of a run stood before which: the statements' order, seen through loops, branches and calls.

use indexmap::{IndexMap, IndexSet};

use super::{FrameId, Inside, Kind, Node, ScopeId, TaskState, Tree};

/// The tasks by which a part of the run begins and ends, as their numbers.
#[derive(Clone, Default)]
struct Ends {
    first: Vec<usize>,
    last: Vec<usize>,
}

impl Ends {
    fn add(&mut self, other: Ends) {
        self.first.extend(other.first);
        self.last.extend(other.last);
    }
}

struct Edges<'a> {
    tasks: &'a IndexMap<String, TaskState>,
    found: IndexSet<(usize, usize)>,
    most: usize,
}

impl Edges<'_> {
    fn join(&mut self, before: &[usize], after: &[usize]) {
        for from in before {
            for to in after {
                if self.found.len() <= self.most {
                    self.found.insert((*from, *to));
                }
            }
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.tasks.get_index_of(name)
    }
}

impl Tree<'_> {
    /// Pairs of tasks, as numbers in `tasks`, of which the second waits for the first. Nothing when there are more than `most`.
    pub fn edges(
        &self,
        tasks: &IndexMap<String, TaskState>,
        most: usize,
    ) -> Option<IndexSet<(usize, usize)>> {
        let mut edges = Edges {
            tasks,
            found: IndexSet::new(),
            most,
        };
        self.frame_ends(FrameId(0), &mut edges);
        (edges.found.len() <= most).then_some(edges.found)
    }

    fn frame_ends(&self, id: FrameId, edges: &mut Edges<'_>) -> Ends {
        let frame = &self.frames[id.0];
        let body = self.scope_ends(frame.body, edges);
        let Some(finally) = frame.finally else {
            return body;
        };
        let finally = self.scope_ends(finally, edges);
        edges.join(&body.last, &finally.first);
        match body.first.is_empty() {
            true => finally,
            false => Ends {
                first: body.first,
                last: if finally.last.is_empty() {
                    body.last
                } else {
                    finally.last
                },
            },
        }
    }

    fn scope_ends(&self, id: ScopeId, edges: &mut Edges<'_>) -> Ends {
        let scope = &self.scopes[id.0];
        let nodes = &scope.block.nodes;
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            node.dependents
                .iter()
                .for_each(|dependent| before[*dependent].push(at));
        }
        // A statement without tasks, such as a `require`, stands for what it waits for.
        let mut last: Vec<Option<Vec<usize>>> = vec![None; nodes.len()];
        let mut whole = Ends::default();
        let mut left: Vec<usize> = nodes.iter().map(|node| node.waits_for).collect();
        let mut ready: Vec<usize> = (0..nodes.len()).rev().filter(|at| left[*at] == 0).collect();
        while let Some(at) = ready.pop() {
            let ends = self.node_ends(id, at, edges);
            let waits: IndexSet<usize> = before[at]
                .iter()
                .flat_map(|other| last[*other].iter().flatten())
                .copied()
                .collect();
            let waits: Vec<usize> = waits.into_iter().collect();
            edges.join(&waits, &ends.first);
            if waits.is_empty() {
                whole.first.extend(&ends.first);
            }
            let ending = if ends.last.is_empty() {
                waits
            } else {
                ends.last
            };
            if nodes[at].dependents.is_empty() {
                whole.last.extend(&ending);
            }
            last[at] = Some(ending);
            for dependent in &nodes[at].dependents {
                left[*dependent] -= 1;
                if left[*dependent] == 0 {
                    ready.push(*dependent);
                }
            }
        }
        whole
    }

    fn node_ends(&self, scope: ScopeId, at: usize, edges: &mut Edges<'_>) -> Ends {
        let scope = &self.scopes[scope.0];
        let node = &scope.block.nodes[at];
        match (&node.kind, &self.nodes[scope.first + at].inside) {
            (Kind::If { branches }, Inside::Branch(taken)) => {
                let mut ends = self.scope_ends(*taken, edges);
                for (_, block) in branches {
                    if !std::ptr::eq(block, self.scopes[taken.0].block) {
                        for node in &block.nodes {
                            ends.add(self.unreached(node, &scope.prefix, edges));
                        }
                    }
                }
                ends
            }
            (_, Inside::Loop(each)) => {
                let mut ends = Ends::default();
                for item in &each.scopes {
                    ends.add(self.scope_ends(*item, edges));
                }
                ends
            }
            (_, Inside::Call(frame)) => self.frame_ends(*frame, edges),
            _ => self.unreached(node, &scope.prefix, edges),
        }
    }

    /// A task, or all that a statement would have had, side by side.
    fn unreached(&self, node: &Node<'_>, prefix: &str, edges: &Edges<'_>) -> Ends {
        let mut all = Vec::new();
        self.names_in(node, prefix, &mut |name| all.extend(edges.number(&name)));
        Ends {
            first: all.clone(),
            last: all,
        }
    }
}
