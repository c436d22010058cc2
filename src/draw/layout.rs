//! Where the nodes of a DAG stand, from top to bottom, and how the edges run between them: ranks, an order in each rank with few
//! crossings, and positions that keep edges straight (Sugiyama's method).
//!
//! **Invariant:** nodes of a rank lie side by side, and an edge changes its column only between two ranks, where no node is. So nothing
//! overlaps. The same graph gives the same layout: there is no chance in it, and only arithmetic that is exact everywhere.

use std::collections::HashMap;

/// Something with a place. Sizes are in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub width: f64,
    pub height: f64,
    pub pin: Pin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    Free,
    /// Above all others.
    First,
    /// Below all others.
    Last,
}

/// From the bottom of a node to the top of another, each at so many pixels from its left side. Both ends are numbers of nodes, and the
/// graph has no cycle.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub from: (usize, f64),
    pub to: (usize, f64),
}

#[derive(Debug, Default, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// Left and top of each node.
    pub nodes: Vec<(f64, f64)>,
    /// For each edge the columns it runs in, from top to bottom.
    pub routes: Vec<Vec<Column>>,
}

/// A vertical piece of an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    pub x: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Between two nodes of a rank.
const NODE_GAP: f64 = 28.0;
/// Beside an edge that passes a rank.
const EDGE_GAP: f64 = 14.0;
/// Between two ranks.
const RANK_GAP: (f64, f64) = (36.0, 110.0);
const SWEEPS: usize = 24;

/// A node, or where an edge passes a rank.
struct Item {
    rank: usize,
    width: f64,
    is_node: bool,
    /// Items in the next rank, with the place on this one and on that one.
    down: Vec<(usize, f64, f64)>,
    up: Vec<(usize, f64, f64)>,
}

/// `in_order`: nodes of a rank stand in the order of their numbers.
pub fn layout(nodes: &[Node], edges: &[Edge], in_order: bool) -> Layout {
    if nodes.is_empty() {
        return Layout {
            routes: vec![Vec::new(); edges.len()],
            ..Layout::default()
        };
    }
    let ranks = rank(nodes, edges);
    let (items, ways) = items(nodes, edges, &ranks);
    let count = items.iter().map(|item| item.rank).max().unwrap_or(0) + 1;
    let order = match in_order {
        true => by_number(&items, count),
        false => order(&items, count),
    };
    let mut lefts = place(&items, &order);
    straighten(&items, &order, &mut lefts);
    let (tops, bottoms) = heights(nodes, &items, &order, &lefts);
    let at = |item: usize| {
        (
            lefts[item],
            tops[items[item].rank],
            bottoms[items[item].rank],
        )
    };
    let mut layout = Layout {
        width: (0..items.len())
            .map(|item| lefts[item] + items[item].width)
            .fold(0.0, f64::max),
        height: bottoms[count - 1],
        nodes: Vec::new(),
        routes: Vec::new(),
    };
    for (number, node) in nodes.iter().enumerate() {
        let (left, top, bottom) = at(number);
        let y = top + ((bottom - top - node.height) / 2.0).round();
        layout.nodes.push((left, y));
    }
    for (edge, way) in edges.iter().zip(ways) {
        let (from, to) = (edge.from.0, edge.to.0);
        let mut route = vec![Column {
            x: lefts[from] + edge.from.1,
            top: layout.nodes[from].1 + nodes[from].height,
            bottom: at(from).2,
        }];
        route.extend(way.iter().map(|&item| {
            let (left, top, bottom) = at(item);
            Column {
                x: left,
                top,
                bottom,
            }
        }));
        route.push(Column {
            x: lefts[to] + edge.to.1,
            top: at(to).1,
            bottom: layout.nodes[to].1,
        });
        layout.routes.push(route);
    }
    layout
}

/// Each node stands below all that it waits for, as high as the width lets it; one that waits for nothing right above its first reader.
fn rank(nodes: &[Node], edges: &[Edge]) -> Vec<usize> {
    let mut after = vec![Vec::new(); nodes.len()];
    let mut before = vec![Vec::new(); nodes.len()];
    for edge in edges {
        after[edge.from.0].push(edge.to.0);
        before[edge.to.0].push(edge.from.0);
    }
    let topological = topological(&before, &after);
    let area: f64 = nodes
        .iter()
        .map(|node| (node.width + NODE_GAP) * (node.height + RANK_GAP.0))
        .sum();
    let widest = nodes.iter().map(|node| node.width).fold(0.0, f64::max);
    let limit = (area.sqrt() * 1.25).max(1_200.0).max(widest);
    let least = usize::from(nodes.iter().any(|node| node.pin == Pin::First));
    let mut ranks = vec![0; nodes.len()];
    let mut widths: Vec<f64> = Vec::new();
    for &node in &topological {
        if nodes[node].pin != Pin::Free {
            continue;
        }
        let lowest = before[node]
            .iter()
            .map(|&other| ranks[other] + 1)
            .max()
            .unwrap_or(0);
        let mut rank = lowest.max(least);
        let width = nodes[node].width + NODE_GAP;
        loop {
            if widths.len() <= rank {
                widths.resize(rank + 1, 0.0);
            }
            if widths[rank] == 0.0 || widths[rank] + width <= limit {
                break;
            }
            rank += 1;
        }
        widths[rank] += width;
        ranks[node] = rank;
    }
    for &node in topological.iter().rev() {
        let next = after[node]
            .iter()
            .filter(|&&other| nodes[other].pin == Pin::Free)
            .map(|&other| ranks[other])
            .min();
        if nodes[node].pin == Pin::Free
            && before[node].len() < after[node].len()
            && let Some(rank) = next
            && widths[rank - 1] + nodes[node].width + NODE_GAP <= limit
        {
            widths[ranks[node]] -= nodes[node].width + NODE_GAP;
            ranks[node] = rank - 1;
            widths[rank - 1] += nodes[node].width + NODE_GAP;
        }
    }
    // Ranks that were left empty go.
    let mut used = vec![false; widths.len() + 1];
    for (node, rank) in ranks.iter().enumerate() {
        used[*rank] |= nodes[node].pin != Pin::Last;
    }
    let mut names = Vec::new();
    let mut next = 0;
    for used in used {
        names.push(next);
        next += usize::from(used);
    }
    let last = next;
    (0..nodes.len())
        .map(|node| match nodes[node].pin {
            Pin::Last => last,
            _ => names[ranks[node]],
        })
        .collect()
}

/// The nodes, each behind all before it; the longest ways first.
fn topological(before: &[Vec<usize>], after: &[Vec<usize>]) -> Vec<usize> {
    let kahn = |from: &[Vec<usize>], to: &[Vec<usize>], key: &dyn Fn(usize) -> usize| {
        let mut left: Vec<usize> = from.iter().map(Vec::len).collect();
        let ready = (0..left.len()).filter(|node| left[*node] == 0);
        let mut ready: std::collections::BTreeSet<(usize, usize)> =
            ready.map(|node| (key(node), node)).collect();
        let mut found = Vec::new();
        while let Some((_, node)) = ready.pop_first() {
            found.push(node);
            for &next in &to[node] {
                left[next] -= 1;
                if left[next] == 0 {
                    ready.insert((key(next), next));
                }
            }
        }
        found
    };
    let mut length = vec![0; before.len()];
    for node in kahn(after, before, &|node| node) {
        length[node] = after[node]
            .iter()
            .map(|&next| length[next] + 1)
            .max()
            .unwrap_or(0);
    }
    let longest = length.iter().max().copied().unwrap_or(0);
    kahn(before, after, &|node| longest - length[node])
}

/// The nodes and the places where edges pass ranks; for each edge, those that it passes. Edges from one place share them.
fn items(nodes: &[Node], edges: &[Edge], ranks: &[usize]) -> (Vec<Item>, Vec<Vec<usize>>) {
    let mut items: Vec<Item> = nodes
        .iter()
        .zip(ranks)
        .map(|(node, rank)| Item {
            rank: *rank,
            width: node.width,
            is_node: true,
            down: Vec::new(),
            up: Vec::new(),
        })
        .collect();
    let mut chains: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    let mut ways = Vec::new();
    for edge in edges {
        let (from, to) = (edge.from.0, edge.to.0);
        let chain = chains.entry((from, edge.from.1.to_bits())).or_default();
        let passed = ranks[to].saturating_sub(ranks[from] + 1);
        while chain.len() < passed {
            let new = items.len();
            items.push(Item {
                rank: ranks[from] + 1 + chain.len(),
                width: 0.0,
                is_node: false,
                down: Vec::new(),
                up: Vec::new(),
            });
            let (above, offset) = match chain.last() {
                Some(&above) => (above, 0.0),
                None => (from, edge.from.1),
            };
            join(&mut items, above, offset, new, 0.0);
            chain.push(new);
        }
        let (above, offset) = match passed.checked_sub(1) {
            Some(last) => (chain[last], 0.0),
            None => (from, edge.from.1),
        };
        join(&mut items, above, offset, to, edge.to.1);
        ways.push(chain[..passed].to_vec());
    }
    (items, ways)
}

fn join(items: &mut [Item], above: usize, offset: f64, below: usize, other: f64) {
    items[above].down.push((below, offset, other));
    items[below].up.push((above, other, offset));
}

fn by_number(items: &[Item], ranks: usize) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); ranks];
    for (item, at) in items.iter().enumerate() {
        order[at.rank].push(item);
    }
    order
}

/// The items of each rank from left to right.
fn order(items: &[Item], ranks: usize) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); ranks];
    let mut met = vec![false; items.len()];
    for start in 0..items.len() {
        if !items[start].up.is_empty() {
            continue;
        }
        let mut waiting = vec![start];
        while let Some(item) = waiting.pop() {
            if !std::mem::replace(&mut met[item], true) {
                order[items[item].rank].push(item);
                waiting.extend(items[item].down.iter().rev().map(|(next, ..)| *next));
            }
        }
    }
    let mut best = (crossings(items, &order), order.clone());
    for sweep in 0..SWEEPS {
        let downwards = sweep % 2 == 0;
        let mut at = positions(items.len(), &order);
        for step in 0..ranks {
            let rank = if downwards { step } else { ranks - 1 - step };
            let middle = |item: usize| {
                let joined = match downwards {
                    true => &items[item].up,
                    false => &items[item].down,
                };
                if joined.is_empty() {
                    return at[item];
                }
                let sum: f64 = joined
                    .iter()
                    .map(|(other, _, offset)| at[*other] + offset / (items[*other].width + 1.0))
                    .sum();
                sum / joined.len() as f64
            };
            let mut keyed: Vec<(f64, usize)> = order[rank]
                .iter()
                .map(|item| (middle(*item), *item))
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (place, (_, item)) in keyed.iter().enumerate() {
                at[*item] = place as f64;
            }
            order[rank] = keyed.into_iter().map(|(_, item)| item).collect();
        }
        let found = crossings(items, &order);
        if found < best.0 {
            best = (found, order.clone());
        }
    }
    best.1
}

fn positions(count: usize, order: &[Vec<usize>]) -> Vec<f64> {
    let mut at = vec![0.0; count];
    for rank in order {
        for (place, item) in rank.iter().enumerate() {
            at[*item] = place as f64;
        }
    }
    at
}

/// How often edges cross.
fn crossings(items: &[Item], order: &[Vec<usize>]) -> u64 {
    let at = positions(items.len(), order);
    let mut count = 0;
    for rank in order {
        let mut ends: Vec<(f64, f64)> = Vec::new();
        for &item in rank {
            for (below, offset, other) in &items[item].down {
                let place =
                    |item: usize, offset: f64| at[item] + offset / (items[item].width + 1.0);
                ends.push((place(item, *offset), place(*below, *other)));
            }
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut lower: Vec<f64> = ends.iter().map(|end| end.1).collect();
        lower.sort_by(f64::total_cmp);
        lower.dedup();
        // A Fenwick tree of how many edges ended where.
        let mut tree = vec![0u64; lower.len() + 1];
        for (seen, (_, end)) in ends.iter().enumerate() {
            let place = lower.partition_point(|other| other < end) + 1;
            let mut left = 0;
            let mut node = place;
            while node > 0 {
                left += tree[node];
                node &= node - 1;
            }
            count += seen as u64 - left;
            let mut node = place;
            while node < tree.len() {
                tree[node] += 1;
                node += node & node.wrapping_neg();
            }
        }
    }
    count
}

fn gap(left: &Item, right: &Item) -> f64 {
    match left.is_node && right.is_node {
        true => NODE_GAP,
        false => EDGE_GAP,
    }
}

/// The left side of each item: near to what it is joined with, in its rank's order and with its distances.
fn place(items: &[Item], order: &[Vec<usize>]) -> Vec<f64> {
    let mut lefts = vec![0.0; items.len()];
    for rank in order {
        let mut x = 0.0;
        for (at, &item) in rank.iter().enumerate() {
            if at > 0 {
                x += gap(&items[rank[at - 1]], &items[item]);
            }
            lefts[item] = x;
            x += items[item].width;
        }
    }
    let ranks = order.len();
    for sweep in 0..3 * SWEEPS {
        let (up, down) = match sweep {
            _ if sweep >= 2 * SWEEPS => (true, true),
            _ => (sweep % 2 == 0, sweep % 2 == 1),
        };
        for step in 0..ranks {
            let rank = &order[if sweep % 2 == 0 {
                step
            } else {
                ranks - 1 - step
            }];
            let wanted: Vec<(f64, f64)> = rank
                .iter()
                .map(|&item| wanted(items, &lefts, item, up, down))
                .collect();
            settle(items, rank, &wanted, &mut lefts);
        }
    }
    let least = lefts.iter().copied().fold(f64::INFINITY, f64::min);
    // Rounding each alone would bring neighbours nearer than their distance by less than a pixel.
    lefts.iter().map(|left| (left - least).round()).collect()
}

/// Takes the small bends out of edges: one that passes ranks goes straight through them where there is room for that, and a node that
/// hangs on one edge stands right below its upper end when it nearly does.
fn straighten(items: &[Item], order: &[Vec<usize>], lefts: &mut [f64]) {
    const NEARLY: f64 = 12.0;
    let mut place = vec![0; items.len()];
    for rank in order {
        for (at, item) in rank.iter().enumerate() {
            place[*item] = at;
        }
    }
    // Between its neighbours an item may be moved to here.
    let room = |lefts: &[f64], item: usize| {
        let rank = &order[items[item].rank];
        let at = place[item];
        let least = match at.checked_sub(1).map(|at| rank[at]) {
            Some(left) => lefts[left] + items[left].width + gap(&items[left], &items[item]),
            None => 0.0,
        };
        let most = match rank.get(at + 1) {
            Some(&right) => lefts[right] - gap(&items[item], &items[right]) - items[item].width,
            None => f64::INFINITY,
        };
        (least, most)
    };
    for rank in order {
        for &item in rank {
            let this = &items[item];
            if !this.is_node {
                // The passage as a whole is moved from where it begins.
                let [(above, _, offset)] = this.up.as_slice() else {
                    continue;
                };
                if !items[*above].is_node {
                    continue;
                }
                let mut passage = vec![item];
                let mut ends = vec![lefts[*above] + offset];
                while let Some(&last) = passage.last() {
                    let next = items[last]
                        .down
                        .iter()
                        .find(|(below, ..)| !items[*below].is_node);
                    let nodes = items[last]
                        .down
                        .iter()
                        .filter(|(below, ..)| items[*below].is_node);
                    ends.extend(nodes.map(|(below, _, other)| lefts[*below] + other));
                    match next {
                        Some((below, ..)) => passage.push(*below),
                        None => break,
                    }
                }
                let (least, most) =
                    passage
                        .iter()
                        .fold((0.0, f64::INFINITY), |room_so_far, item| {
                            let (least, most) = room(lefts, *item);
                            (
                                f64::max(room_so_far.0, least),
                                f64::min(room_so_far.1, most),
                            )
                        });
                if least > most {
                    continue;
                }
                let mean =
                    passage.iter().map(|item| lefts[*item]).sum::<f64>() / passage.len() as f64;
                let near = ends
                    .into_iter()
                    .filter(|x| (least..=most).contains(x) && (x - mean).abs() <= 3.0 * NEARLY)
                    .min_by(|a, b| (a - mean).abs().total_cmp(&(b - mean).abs()));
                let x = near.unwrap_or(mean.clamp(least, most)).round();
                passage.iter().for_each(|item| lefts[*item] = x);
            } else if let [(above, own, offset)] = this.up.as_slice() {
                let x = lefts[*above] + offset - own;
                let (least, most) = room(lefts, item);
                if (x - lefts[item]).abs() <= NEARLY && x >= least && x <= most {
                    lefts[item] = x;
                }
            }
        }
    }
}

/// Where an item would be best, and how much that matters.
fn wanted(items: &[Item], lefts: &[f64], item: usize, up: bool, down: bool) -> (f64, f64) {
    let this = &items[item];
    let joined = this
        .up
        .iter()
        .filter(|_| up)
        .chain(this.down.iter().filter(|_| down));
    let (mut sum, mut weight) = (0.0, 0.0);
    for (other, own, offset) in joined {
        // An edge that passes ranks should be straight there.
        let matters = match (this.is_node, items[*other].is_node) {
            (false, false) => 8.0,
            (true, true) => 1.0,
            _ => 2.0,
        };
        sum += matters * (lefts[*other] + offset - own);
        weight += matters;
    }
    match weight > 0.0 {
        true => (sum / weight, weight),
        false => (lefts[item], 0.01),
    }
}

/// Puts the items of a rank as near as possible to where they are wanted (least squares; neighbours that press on each other move as one).
fn settle(items: &[Item], rank: &[usize], wanted: &[(f64, f64)], lefts: &mut [f64]) {
    // Blocks of items that touch: the sum of wishes, the weight, and how many.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    let mut offsets = Vec::with_capacity(rank.len());
    let mut offset = 0.0;
    for (at, &item) in rank.iter().enumerate() {
        if at > 0 {
            let before = &items[rank[at - 1]];
            offset += before.width + gap(before, &items[item]);
        }
        offsets.push(offset);
        let (x, weight) = wanted[at];
        blocks.push(((x - offset) * weight, weight, 1));
        while let [.., a, b] = blocks.as_slice()
            && a.0 / a.1 >= b.0 / b.1
        {
            let joined = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let mut at = 0;
    for (sum, weight, count) in blocks {
        for _ in 0..count {
            lefts[rank[at]] = sum / weight + offsets[at];
            at += 1;
        }
    }
}

/// Top and bottom of each rank. Ranks between which edges run far to the side are further apart.
fn heights(
    nodes: &[Node],
    items: &[Item],
    order: &[Vec<usize>],
    lefts: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (mut tops, mut bottoms) = (Vec::new(), Vec::new());
    let mut y: f64 = 0.0;
    for rank in order {
        let tallest = rank
            .iter()
            .filter_map(|item| nodes.get(*item))
            .map(|node| node.height)
            .fold(0.0, f64::max);
        tops.push(y);
        bottoms.push(y + tallest);
        let aside = rank
            .iter()
            .flat_map(|item| items[*item].down.iter().map(move |edge| (item, edge)))
            .map(|(item, (below, offset, other))| {
                (lefts[*item] + offset - lefts[*below] - other).abs()
            })
            .fold(0.0, f64::max);
        y += tallest + (RANK_GAP.0 + aside * 0.07).min(RANK_GAP.1).round();
    }
    (tops, bottoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(width: f64, height: f64) -> Node {
        Node {
            width,
            height,
            pin: Pin::Free,
        }
    }

    fn edge(from: usize, to: usize) -> Edge {
        Edge {
            from: (from, 10.0),
            to: (to, 10.0),
        }
    }

    /// Nodes do not overlap, edges go downwards and through no node.
    fn check(nodes: &[Node], edges: &[Edge]) -> Layout {
        let layout = layout(nodes, edges, false);
        assert_eq!(
            layout,
            super::layout(nodes, edges, false),
            "not the same twice"
        );
        let box_of = |at: usize| {
            let (x, y) = layout.nodes[at];
            (x, y, x + nodes[at].width, y + nodes[at].height)
        };
        for a in 0..nodes.len() {
            let (left, top, right, bottom) = box_of(a);
            assert!(left >= 0.0 && top >= 0.0 && right <= layout.width && bottom <= layout.height);
            for b in 0..a {
                let (other_left, other_top, other_right, other_bottom) = box_of(b);
                let apart = left > other_right + 8.0
                    || other_left > right + 8.0
                    || top > other_bottom
                    || other_top > bottom;
                assert!(apart, "{a} and {b} overlap");
            }
            for route in &layout.routes {
                let inner = &route[1..route.len() - 1];
                assert!(inner.iter().all(|column| {
                    column.x < left
                        || column.x > right
                        || column.top > bottom
                        || column.bottom < top
                }));
            }
        }
        for route in &layout.routes {
            let mut y = 0.0;
            for column in route {
                assert!(column.top >= y && column.bottom >= column.top);
                y = column.bottom;
            }
        }
        layout
    }

    #[test]
    fn a_chain_is_straight() {
        let nodes = [node(100.0, 40.0), node(100.0, 60.0), node(100.0, 40.0)];
        let layout = check(&nodes, &[edge(0, 1), edge(1, 2)]);
        assert_eq!(layout.width, 100.0);
        assert!(layout.nodes.iter().all(|(x, _)| *x == 0.0));
    }

    #[test]
    fn pinned_nodes_stand_at_the_ends() {
        let mut nodes = vec![node(50.0, 20.0); 5];
        nodes[0].pin = Pin::First;
        nodes[1].pin = Pin::Last;
        let layout = check(&nodes, &[edge(0, 2), edge(2, 3), edge(2, 1)]);
        let y = |at: usize| layout.nodes[at].1;
        assert!((2..5).all(|at| y(0) < y(at) && y(at) < y(1)));
    }

    #[test]
    fn in_order() {
        let nodes = vec![node(50.0, 20.0); 4];
        let edges = [edge(0, 3), edge(0, 2), edge(0, 1)];
        let layout = layout(&nodes, &edges, true);
        let x = |at: usize| layout.nodes[at].0;
        assert!(x(1) < x(2) && x(2) < x(3));
    }

    #[test]
    fn no_nodes() {
        assert_eq!(layout(&[], &[], false), Layout::default());
    }

    #[test]
    fn any_graph() {
        let mut state = 7u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for size in [2, 5, 20, 60] {
            for _ in 0..12 {
                let nodes: Vec<Node> = (0..size)
                    .map(|_| node(30.0 + random(200) as f64, 20.0 + random(200) as f64))
                    .collect();
                let edges: Vec<Edge> = (0..size * 3 / 2)
                    .filter_map(|_| {
                        let (a, b) = (random(size), random(size));
                        (a < b).then(|| edge(a, b))
                    })
                    .collect();
                check(&nodes, &edges);
            }
        }
    }
}
