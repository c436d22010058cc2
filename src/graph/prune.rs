//! Removes what is decided while compiling: branches that are never taken, `if`s of which one branch always is, loops over a list that is
//! always empty, requirements that always hold. What is left is the program that was written without them.

use std::collections::{HashMap, HashSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::{
    Arg, Block, Branch, Edge, Expr, ExprKind, For, If, Node, NodeKind, Output, Pipeline, Require,
    Task,
};
use crate::source::Span;
use crate::types::Type;
use crate::types::constant::conform;
use crate::value::Value;

/// The pipeline without what a constant condition decides. `port` is the type that a task's callee takes for an argument.
pub fn prune(pipeline: Pipeline, port: &dyn Fn(&Task, &str) -> Option<Type>) -> Pipeline {
    if !pipeline
        .graph
        .node_weights()
        .any(|node| is_decided(&node.kind))
    {
        return pipeline;
    }
    let Pipeline {
        graph,
        body,
        finally,
        outputs,
        ..
    } = pipeline;
    let mut pruner = Pruner {
        edges: graph
            .node_indices()
            .map(|node| {
                let edges = graph.edges_directed(node, Direction::Incoming);
                edges.map(|edge| (edge.source(), *edge.weight())).collect()
            })
            .collect(),
        nodes: graph
            .into_nodes_edges()
            .0
            .into_iter()
            .map(|node| Some(node.weight))
            .collect(),
        kept: DiGraph::new(),
        stands: HashMap::new(),
        in_finally: false,
        port,
    };
    let body = pruner.block(body);
    let outputs = outputs
        .into_iter()
        .map(|output| Output {
            value: conformed(pruner.expr(&output.value), Some(&output.ty)),
            ..output
        })
        .collect();
    pruner.in_finally = true;
    let finally = finally.map(|finally| pruner.block(finally));
    Pipeline {
        graph: pruner.kept,
        body,
        finally,
        outputs,
        ..pipeline
    }
}

fn truth(condition: &Expr) -> Option<bool> {
    match condition.constant() {
        Some(Value::Bool(value)) => Some(*value),
        _ => None,
    }
}

fn is_decided(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::If(branching) => branching
            .branches
            .iter()
            .any(|branch| truth(&branch.condition).is_some()),
        NodeKind::Require(require) => truth(&require.condition) == Some(true),
        NodeKind::For(looping) => is_empty(&looping.items),
        NodeKind::Task(_) => false,
    }
}

/// A list that is known to have no item.
fn is_empty(items: &Expr) -> bool {
    matches!(items.constant(), Some(Value::List(items)) if items.is_empty())
}

/// What is left of a node.
struct Stand {
    /// What is done when it is done.
    nodes: Vec<NodeIndex>,
    /// Its value, where it is no longer a node of its own.
    value: Option<Expr>,
    /// Nothing is left of it: `nodes` are what it was `after`.
    gone: bool,
}

struct Pruner<'a> {
    nodes: Vec<Option<Node>>,
    /// By old node, what it waits for.
    edges: Vec<Vec<(NodeIndex, Edge)>>,
    kept: DiGraph<Node, Edge>,
    /// By old node.
    stands: HashMap<NodeIndex, Stand>,
    in_finally: bool,
    port: &'a dyn Fn(&Task, &str) -> Option<Type>,
}

impl Pruner<'_> {
    /// Leaves nothing of a node but its value: what waited for it waits for what it was `after`.
    fn drop_node(&mut self, old: NodeIndex, waits: &[(NodeIndex, Edge)], value: Option<Expr>) {
        let ordered = waits.iter().filter(|(_, edge)| *edge == Edge::Order);
        let nodes = ordered.map(|(node, _)| *node).collect();
        let gone = true;
        self.stands.insert(old, Stand { nodes, value, gone });
    }

    fn block(&mut self, block: Block) -> Block {
        let mut nodes = Vec::new();
        self.nodes_of(block.nodes, &[], &mut nodes);
        let value = block.value.map(|value| self.expr(&value));
        self.reads(&nodes);
        Block { nodes, value }
    }

    /// Keeps what is to be kept of a block's nodes, in their order. `outside` is what the enclosing `if`, of which nothing else is left, waits
    /// for.
    fn nodes_of(
        &mut self,
        nodes: Vec<NodeIndex>,
        outside: &[(NodeIndex, Edge)],
        kept: &mut Vec<NodeIndex>,
    ) {
        for old in nodes {
            let mut waits = outside.to_vec();
            for (other, edge) in std::mem::take(&mut self.edges[old.index()]) {
                let Some(stand) = self.stands.get(&other) else {
                    continue;
                };
                // What a value that moved here reads is found when the block is whole.
                if edge != Edge::Data || stand.value.is_none() || stand.gone {
                    let edge = if stand.gone { Edge::Order } else { edge };
                    waits.extend(stand.nodes.iter().map(|&node| (node, edge)));
                }
            }
            let node = self.nodes[old.index()]
                .take()
                .expect("a node stands in one block");
            self.node(old, node, waits, kept);
        }
    }

    fn node(
        &mut self,
        old: NodeIndex,
        node: Node,
        waits: Vec<(NodeIndex, Edge)>,
        kept: &mut Vec<NodeIndex>,
    ) {
        let Node {
            name,
            kind,
            ty,
            span,
        } = node;
        let (kind, ty) = match kind {
            NodeKind::Task(task) => (NodeKind::Task(self.task(task)), ty),
            NodeKind::Require(require) if truth(&require.condition) == Some(true) => {
                self.drop_node(old, &waits, None);
                return;
            }
            NodeKind::Require(require) => {
                let require = Require {
                    condition: self.expr(&require.condition),
                    message: self.expr(&require.message),
                };
                (NodeKind::Require(require), ty)
            }
            NodeKind::For(looping) => {
                let items = self.expr(&looping.items);
                if is_empty(&items) {
                    let value = Expr::value(Value::List(Vec::new()), ty, span);
                    self.drop_node(old, &waits, Some(value));
                    return;
                }
                let looping = For { items, ..looping };
                self.looping(
                    old,
                    Node {
                        name,
                        kind: NodeKind::For(looping),
                        ty,
                        span,
                    },
                    waits,
                    kept,
                );
                return;
            }
            NodeKind::If(branching) => match live(branching) {
                Live::One(block) => {
                    // An `if` waits for what any of its branches reads: the one that is left reads its own.
                    let order: Vec<_> = waits
                        .into_iter()
                        .filter(|(_, edge)| *edge != Edge::Data)
                        .collect();
                    let from = kept.len();
                    self.nodes_of(block.nodes, &order, kept);
                    let value = block.value.map(|value| self.expr(&value));
                    let value = value.unwrap_or(nothing(span));
                    let nodes = kept[from..].to_vec();
                    if nodes.is_empty() {
                        self.drop_node(old, &order, Some(value));
                        return;
                    }
                    self.stands.insert(
                        old,
                        Stand {
                            nodes,
                            value: Some(value),
                            gone: false,
                        },
                    );
                    return;
                }
                Live::None => {
                    let value = Expr::value(Value::Absent, ty, span);
                    self.drop_node(old, &waits, Some(value));
                    return;
                }
                Live::Several(branching, became_whole) => {
                    let branching = self.branching(branching);
                    let ty = match ty {
                        Type::Optional(inner) if became_whole => (*inner).clone(),
                        ty => ty,
                    };
                    (NodeKind::If(branching), ty)
                }
            },
        };
        let new = self.keep(
            old,
            Node {
                name,
                kind,
                ty,
                span,
            },
            waits,
        );
        kept.push(new);
    }

    fn keep(&mut self, old: NodeIndex, node: Node, waits: Vec<(NodeIndex, Edge)>) -> NodeIndex {
        let new = self.kept.add_node(node);
        for (other, edge) in waits {
            // Data is the strongest: what several ways lead to is waited for once.
            match self.kept.find_edge(other, new) {
                Some(seen) if edge == Edge::Data => self.kept[seen] = edge,
                Some(_) => {}
                None => {
                    self.kept.add_edge(other, new, edge);
                }
            }
        }
        self.stands.insert(
            old,
            Stand {
                nodes: vec![new],
                value: None,
                gone: false,
            },
        );
        new
    }

    fn task(&mut self, task: Task) -> Task {
        let values: Vec<Expr> = task
            .args
            .iter()
            .map(|arg| {
                conformed(
                    self.expr(&arg.value),
                    (self.port)(&task, &arg.port).as_ref(),
                )
            })
            .collect();
        let args = task.args.into_iter().zip(values);
        Task {
            args: args.map(|(arg, value)| Arg { value, ..arg }).collect(),
            ..task
        }
    }

    /// The node stands before its body, whose expressions name it. Its items are pruned.
    fn looping(
        &mut self,
        old: NodeIndex,
        node: Node,
        waits: Vec<(NodeIndex, Edge)>,
        kept: &mut Vec<NodeIndex>,
    ) {
        let Node {
            name,
            kind:
                NodeKind::For(For {
                    variable,
                    items,
                    limit,
                    body,
                }),
            ty,
            span,
        } = node
        else {
            unreachable!("the caller has a loop");
        };
        let looping = For {
            variable,
            items,
            limit,
            body: Block::default(),
        };
        let new = self.keep(
            old,
            Node {
                name,
                kind: NodeKind::For(looping),
                ty,
                span,
            },
            waits,
        );
        let body = self.block(body);
        let weight = &mut self.kept[new];
        if let Some(value) = &body.value {
            weight.ty = value.ty.clone().list();
        }
        if let NodeKind::For(looping) = &mut weight.kind {
            looping.body = body;
        }
        kept.push(new);
    }

    fn branching(&mut self, branching: If) -> If {
        If {
            branches: branching
                .branches
                .into_iter()
                .map(|branch| Branch {
                    condition: self.expr(&branch.condition),
                    block: self.block(branch.block),
                })
                .collect(),
            otherwise: branching.otherwise.map(|block| self.block(block)),
        }
    }

    /// Adds the edges to the block's own nodes that values which moved into it read.
    fn reads(&mut self, nodes: &[NodeIndex]) {
        let own: HashSet<NodeIndex> = nodes.iter().copied().collect();
        for &node in nodes {
            let mut read = Vec::new();
            let mut visit = |expr: &Expr| match expr.kind {
                ExprKind::Node(other) if other != node && own.contains(&other) => read.push(other),
                _ => {}
            };
            for_each_expr(&self.kept, &self.kept[node].kind, &mut visit);
            for other in read {
                match self.kept.find_edge(other, node) {
                    Some(seen) => self.kept[seen] = Edge::Data,
                    None => {
                        self.kept.add_edge(other, node, Edge::Data);
                    }
                }
            }
        }
    }

    /// The expression with what its nodes became, folded anew.
    fn expr(&self, expr: &Expr) -> Expr {
        let span = expr.span;
        let ty = || expr.ty.clone();
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Run(_) => expr.clone(),
            ExprKind::Node(old) => {
                let Some(stand) = self.stands.get(old) else {
                    return expr.clone();
                };
                let value = match &stand.value {
                    Some(value) => value.clone(),
                    None => {
                        let node = stand.nodes[0];
                        Expr {
                            kind: ExprKind::Node(node),
                            ty: self.kept[node].ty.clone(),
                            span,
                        }
                    }
                };
                // In `finally` a value of the body may always be absent.
                let value = match value.constant() {
                    None if self.in_finally && expr.ty.is_optional() => Expr {
                        ty: value.ty.optional(),
                        ..value
                    },
                    _ => value,
                };
                Expr {
                    span,
                    ..conformed(value, Some(&expr.ty))
                }
            }
            ExprKind::Item(old) => {
                let Some(Stand {
                    nodes, value: None, ..
                }) = self.stands.get(old)
                else {
                    return expr.clone();
                };
                let ty = match &self.kept[nodes[0]].kind {
                    NodeKind::For(For {
                        items:
                            Expr {
                                ty: Type::List(item),
                                ..
                            },
                        ..
                    }) => (**item).clone(),
                    _ => ty(),
                };
                Expr {
                    kind: ExprKind::Item(nodes[0]),
                    ty,
                    span,
                }
            }
            ExprKind::Field(inner, name) => {
                let inner = self.expr(inner);
                let ty = inner.ty.field(name).unwrap_or_else(ty);
                Expr::field(inner, name, ty, span)
            }
            ExprKind::Coalesce(a, b) => Expr::coalesce(self.expr(a), self.expr(b), ty(), span),
            ExprKind::And(a, b) => Expr::and(self.expr(a), self.expr(b), span),
            ExprKind::Or(a, b) => Expr::or(self.expr(a), self.expr(b), span),
            ExprKind::Not(inner) => Expr::not(self.expr(inner), span),
            ExprKind::Compare(op, a, b) => Expr::compare(*op, self.expr(a), self.expr(b), span),
            ExprKind::Concat(parts) => {
                Expr::concat(parts.iter().map(|part| self.expr(part)).collect(), span)
            }
            ExprKind::List(items) => Expr::list(
                items.iter().map(|item| self.expr(item)).collect(),
                ty(),
                span,
            ),
            ExprKind::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(name, value)| (name.clone(), self.expr(value)));
                Expr::map(entries.collect(), ty(), span)
            }
        }
    }
}

/// The branches that may be taken.
fn live(branching: If) -> Live {
    let was_whole = branching.otherwise.is_some();
    let mut branches = Vec::new();
    let mut last = branching.otherwise;
    for branch in branching.branches {
        match truth(&branch.condition) {
            Some(false) => {}
            Some(true) => {
                last = Some(branch.block);
                break;
            }
            None => branches.push(branch),
        }
    }
    match (branches.is_empty(), last) {
        (true, Some(block)) => Live::One(block),
        (true, None) => Live::None,
        (false, otherwise) => {
            let became_whole = !was_whole && otherwise.is_some();
            Live::Several(
                If {
                    branches,
                    otherwise,
                },
                became_whole,
            )
        }
    }
}

/// What is left of an `if`.
enum Live {
    None,
    /// This block always runs.
    One(Block),
    /// A choice is left; whether it got an `else` that it had not.
    Several(If, bool),
}

fn nothing(span: Span) -> Expr {
    Expr::value(Value::Absent, Type::Nothing, span)
}

/// A constant that moved to where another type is taken: an int becomes a float there.
fn conformed(expr: Expr, asked: Option<&Type>) -> Expr {
    match (expr.constant(), asked) {
        (Some(value), Some(asked)) if asked.artifact().is_none() => match conform(value, asked) {
            Ok(value) => Expr::value(value, asked.clone(), expr.span),
            Err(_) => expr,
        },
        _ => expr,
    }
}

/// Calls `visit` with every expression of a node and of what is inside it.
fn for_each_expr<'a>(
    graph: &'a DiGraph<Node, Edge>,
    kind: &'a NodeKind,
    visit: &mut dyn FnMut(&'a Expr),
) {
    for expr in kind.exprs() {
        expr.for_each(&mut |expr| visit(expr));
    }
    for block in kind.blocks() {
        for &node in &block.nodes {
            for_each_expr(graph, &graph[node].kind, visit);
        }
        if let Some(value) = &block.value {
            value.for_each(&mut |expr| visit(expr));
        }
    }
}
