//! The order of a block's statements, and what stands in its way: cycles.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Edge;

use super::module::{Block, Callee, Local, Module, StatementKind};

/// Puts a block's statements into an order in which each stands after all that it waits for, else as written, and reports
/// the cycles. What stands in a cycle, or waits for one, is left out.
pub(super) fn sort(block: &mut Block, locals: &[Local], diagnostics: &mut Vec<Diagnostic>) {
    let count = block.statements.len();
    let mut missing: Vec<usize> = block.waits.iter().map(Vec::len).collect();
    let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, waits) in block.waits.iter().enumerate() {
        for &(other, _) in waits {
            wanted_by[other].push(at);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..count)
        .filter(|&at| missing[at] == 0)
        .map(Reverse)
        .collect();
    while let Some(Reverse(at)) = ready.pop() {
        block.order.push(at);
        for &other in &wanted_by[at] {
            missing[other] -= 1;
            if missing[other] == 0 {
                ready.push(Reverse(other));
            }
        }
    }
    if block.order.len() < count {
        report_cycles(block, locals, diagnostics);
    }
}

fn report_cycles(block: &Block, locals: &[Local], diagnostics: &mut Vec<Diagnostic>) {
    let mut graph: DiGraph<usize, Edge> = DiGraph::new();
    let nodes: Vec<_> = (0..block.statements.len())
        .map(|at| graph.add_node(at))
        .collect();
    for (at, waits) in block.waits.iter().enumerate() {
        for &(other, edge) in waits {
            graph.add_edge(nodes[at], nodes[other], edge);
        }
    }
    let mut cycles: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .map(|component| {
            component
                .into_iter()
                .map(|node| graph[node])
                .collect::<Vec<_>>()
        })
        .filter(|component| {
            component.len() > 1
                || block.waits[component[0]]
                    .iter()
                    .any(|(on, _)| *on == component[0])
        })
        .collect();
    for cycle in &mut cycles {
        cycle.sort_unstable();
    }
    cycles.sort_unstable();
    for members in cycles {
        let path = shortest_cycle(block, &members);
        let name = |at: usize| {
            let statement = &block.statements[at];
            match statement.kind {
                StatementKind::Require(_) => "the `require`".to_owned(),
                _ => format!("`{}`", locals[statement.local.0].name),
            }
        };
        let mut names: Vec<String> = path.iter().map(|&at| name(at)).collect();
        names.push(names[0].clone());
        let first = &block.statements[path[0]];
        let message = if path.len() == 1 {
            format!("{} waits for itself", names[0])
        } else {
            format!("these wait for each other: {}", names.join(" -> "))
        };
        let mut diagnostic = Diagnostic::new(codes::CYCLE, first.span, message);
        for (step, &at) in path.iter().enumerate() {
            let next = path[(step + 1) % path.len()];
            let why = match block.waits[at].iter().find(|(on, _)| *on == next) {
                Some((_, Edge::Order)) => "`after`",
                Some((_, Edge::Gate)) => "it stands below it",
                _ => "it reads its value",
            };
            let text = match (next == at, why) {
                (true, "`after`") => "it stands `after` itself".to_owned(),
                (true, _) => "it reads its own value".to_owned(),
                (false, why) => format!("{} waits for {}: {why}", name(at), name(next)),
            };
            diagnostic = match step {
                0 => diagnostic.label(text),
                _ => diagnostic.also(block.statements[at].span, text),
            };
        }
        diagnostics.push(diagnostic.help("take one of these out, so that one of them can start"));
    }
}

/// A shortest way round that begins at the first member, each waiting for the next.
fn shortest_cycle(block: &Block, members: &[usize]) -> Vec<usize> {
    let start = members[0];
    let mut came_from: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for &(other, _) in &block.waits[at] {
            if other == start {
                let mut path = vec![at];
                while let Some(&before) = came_from.get(path.last().expect("not empty")) {
                    path.push(before);
                }
                path.reverse();
                return path;
            }
            if members.binary_search(&other).is_ok()
                && other != start
                && !came_from.contains_key(&other)
            {
                came_from.insert(other, at);
                queue.push_back(other);
            }
        }
    }
    members.to_vec()
}

/// Reports each cycle of pipelines that call each other, once.
pub(super) fn report_recursion(module: &Module, diagnostics: &mut Vec<Diagnostic>) {
    let mut graph = DiGraph::new();
    let nodes: Vec<_> = (0..module.pipelines.len())
        .map(|at| graph.add_node(at))
        .collect();
    for (at, pipeline) in module.pipelines.iter().enumerate() {
        for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
            block.for_each_call(&mut |call| {
                if let Callee::Pipeline(other) = call.callee {
                    graph.add_edge(nodes[at], nodes[other], call.span);
                }
            });
        }
    }
    let mut cycles: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .map(|component| {
            component
                .into_iter()
                .map(|node| graph[node])
                .collect::<Vec<usize>>()
        })
        .collect();
    cycles.sort_unstable();
    for members in cycles {
        let inside = |at: usize| members.contains(&at);
        // Follow calls inside the cycle until one comes back.
        let mut path = vec![members[0]];
        let mut spans = Vec::new();
        loop {
            let at = *path.last().expect("not empty");
            let Some(edge) = graph
                .edges(nodes[at])
                .filter(|edge| inside(graph[petgraph::visit::EdgeRef::target(edge)]))
                .min_by_key(|edge| *edge.weight())
            else {
                // A component of one pipeline that does not call itself.
                break;
            };
            let next = graph[petgraph::visit::EdgeRef::target(&edge)];
            spans.push(*edge.weight());
            if let Some(begin) = path.iter().position(|&seen| seen == next) {
                path.drain(..begin);
                spans.drain(..begin);
                let names: Vec<String> = path
                    .iter()
                    .chain(&path[..1])
                    .map(|&at| format!("`{}`", module.pipelines[at].name))
                    .collect();
                let mut diagnostic = Diagnostic::new(
                    codes::PIPELINE_CYCLE,
                    spans[0],
                    format!("a pipeline can't run itself: {}", names.join(" -> ")),
                );
                for (&at, &span) in path.iter().zip(&spans).skip(1) {
                    diagnostic = diagnostic.also(
                        span,
                        format!("called by `{}` here", module.pipelines[at].name),
                    );
                }
                diagnostics.push(diagnostic);
                break;
            }
            path.push(next);
        }
    }
}
