//! Blocks of more tasks than one DAG template may hold, as parts: DAG templates that follow each other.
//!
//! Tasks that have nothing to do with each other go to different parts first: such parts run side by side, as the tasks would. What
//! hangs together is cut along its order, where few edges cross. A part waits for all of an earlier one that it needs, so a failed
//! task then holds up more than what reads it; a warning says so.

use std::collections::HashMap;

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::graph::Pipeline;

/// What one DAG holds at most. The full CRDs allow 200; Argo's own lint slows down much earlier.
pub const MOST_TASKS: usize = 150;
/// A part that could be cut is not cut before.
const FEWEST_TASKS: usize = 100;

/// The parts of a block's nodes, in an order in which each stands after all that it waits for.
pub fn parts(pipeline: &Pipeline, nodes: &[NodeIndex]) -> Vec<Vec<NodeIndex>> {
    let at: HashMap<NodeIndex, usize> = nodes
        .iter()
        .enumerate()
        .map(|(at, &node)| (node, at))
        .collect();
    // The places of the nodes that each node waits for.
    let before: Vec<Vec<usize>> = nodes
        .iter()
        .map(|&node| {
            let edges = pipeline.graph.edges_directed(node, Direction::Incoming);
            edges
                .filter_map(|edge| at.get(&edge.source()).copied())
                .collect()
        })
        .collect();
    let mut parts: Vec<Vec<NodeIndex>> = Vec::new();
    let mut open: Option<usize> = None;
    for group in groups(&before) {
        if group.len() > MOST_TASKS {
            parts.extend(
                cut(&group, &before)
                    .into_iter()
                    .map(|part| part.into_iter().map(|at| nodes[at]).collect()),
            );
            continue;
        }
        let group = group.into_iter().map(|at| nodes[at]);
        match open {
            Some(part) if parts[part].len() + group.len() <= MOST_TASKS => {
                parts[part].extend(group)
            }
            _ => {
                open = Some(parts.len());
                parts.push(group.collect());
            }
        }
    }
    parts
}

/// Whether the parts hold up more than the nodes alone would: a node stands in a part that waits for one it does not need all of.
pub fn hold_up(pipeline: &Pipeline, parts: &[Vec<NodeIndex>]) -> bool {
    let order: Vec<NodeIndex> = parts.iter().flatten().copied().collect();
    let at: HashMap<NodeIndex, usize> = order
        .iter()
        .enumerate()
        .map(|(at, &node)| (node, at))
        .collect();
    let words = order.len().div_ceil(64);
    // By node, as bits: all that it waits for, directly or not.
    let mut needs: Vec<Vec<u64>> = Vec::with_capacity(order.len());
    for &node in &order {
        let mut own = vec![0; words];
        for edge in pipeline.graph.edges_directed(node, Direction::Incoming) {
            if let Some(&before) = at.get(&edge.source()) {
                own[before / 64] |= 1 << (before % 64);
                for (word, inherited) in own.iter_mut().zip(&needs[before]) {
                    *word |= inherited;
                }
            }
        }
        needs.push(own);
    }
    let part_of: HashMap<NodeIndex, usize> = parts
        .iter()
        .enumerate()
        .flat_map(|(part, nodes)| nodes.iter().map(move |&node| (node, part)))
        .collect();
    parts.iter().enumerate().any(|(own, part)| {
        let mut waited: Vec<usize> = part
            .iter()
            .flat_map(|&node| pipeline.graph.neighbors_directed(node, Direction::Incoming))
            .filter_map(|before| part_of.get(&before).copied())
            .filter(|&other| other != own)
            .collect();
        waited.sort();
        waited.dedup();
        waited
            .into_iter()
            .flat_map(|other| &parts[other])
            .any(|before| {
                let before = at[before];
                let needs_it =
                    |node: &NodeIndex| needs[at[node]][before / 64] >> (before % 64) & 1 == 1;
                !part.iter().all(needs_it)
            })
    })
}

/// The nodes that hang together, by their places.
fn groups(before: &[Vec<usize>]) -> Vec<Vec<usize>> {
    fn root(parents: &mut [usize], mut at: usize) -> usize {
        while parents[at] != at {
            parents[at] = parents[parents[at]];
            at = parents[at];
        }
        at
    }
    let mut parents: Vec<usize> = (0..before.len()).collect();
    for (at, all) in before.iter().enumerate() {
        for &other in all {
            let (a, b) = (root(&mut parents, at), root(&mut parents, other));
            parents[a.max(b)] = a.min(b);
        }
    }
    let mut groups: IndexMap<usize, Vec<usize>> = IndexMap::new();
    for at in 0..before.len() {
        groups.entry(root(&mut parents, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

/// A group along its order, each cut where the fewest edges cross.
fn cut(group: &[usize], before: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let place: HashMap<usize, usize> = group
        .iter()
        .enumerate()
        .map(|(place, &at)| (at, place))
        .collect();
    // Edges that cross the gap before each place: one more from where it begins, one less after where it ends.
    let mut crossing = vec![0i64; group.len() + 1];
    for (end, at) in group.iter().enumerate() {
        for other in &before[*at] {
            crossing[place[other] + 1] += 1;
            crossing[end + 1] -= 1;
        }
    }
    for gap in 1..crossing.len() {
        crossing[gap] += crossing[gap - 1];
    }
    let mut parts = Vec::new();
    let mut start = 0;
    while group.len() - start > MOST_TASKS {
        let gaps = start + FEWEST_TASKS..=start + MOST_TASKS;
        // Of equals the last: fewer parts.
        let gap = gaps
            .rev()
            .min_by_key(|&gap| crossing[gap])
            .expect("the range is not empty");
        parts.push(group[start..gap].to_vec());
        start = gap;
    }
    parts.push(group[start..].to_vec());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_cut_where_few_edges_cross() {
        // Two fans of 120 and 100 that one edge joins.
        let before: Vec<Vec<usize>> = (0..220)
            .map(|at| match at {
                0 => vec![],
                120 => vec![5],
                1..120 => vec![0],
                _ => vec![120],
            })
            .collect();
        let groups = groups(&before);
        assert_eq!(groups.len(), 1);
        let lengths: Vec<usize> = cut(&groups[0], &before).iter().map(Vec::len).collect();
        assert_eq!(lengths, [120, 100]);
    }

    #[test]
    fn what_has_nothing_to_do_with_each_other_is_apart() {
        let before = vec![vec![], vec![], vec![0], vec![1]];
        assert_eq!(groups(&before), [vec![0, 2], vec![1, 3]]);
    }
}
