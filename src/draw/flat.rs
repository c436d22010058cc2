//! The wires of a picture without its plugs, for the forms that lay out by themselves: each from a task (or an output) to a task, through
//! all borders between.

use indexmap::IndexMap;

use super::picture::{Block, End, Item, Picture, WireKind};

/// Where a wire ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Item(usize),
    /// The output of the whole pipeline with this number.
    Output(usize),
}

#[derive(Debug)]
pub struct FlatWire {
    pub from: Place,
    pub to: Place,
    pub kind: WireKind,
    pub label: String,
}

/// The wires in the order of the picture; several between the same two are one, with all labels.
pub fn wires(picture: &Picture) -> Vec<FlatWire> {
    let mut found: IndexMap<(Place, Place, WireKind), Vec<String>> = IndexMap::new();
    collect(&picture.block, &mut found);
    found
        .into_iter()
        .map(|((from, to, kind), labels)| FlatWire {
            from,
            to,
            kind,
            label: match kind {
                WireKind::Order => String::new(),
                _ => labels.join("\n"),
            },
        })
        .collect()
}

fn collect(block: &Block, found: &mut IndexMap<(Place, Place, WireKind), Vec<String>>) {
    for wire in &block.wires {
        if wire.kind == WireKind::Hidden {
            continue;
        }
        for from in sources(block, wire.from) {
            for to in targets(block, wire.to) {
                let labels = found.entry((from.clone(), to, wire.kind)).or_default();
                if !labels.contains(&wire.label) {
                    labels.push(wire.label.clone());
                }
            }
        }
    }
    for inside in block.items.iter().filter_map(|item| item.inside.as_ref()) {
        collect(inside, found);
    }
}

/// The things that a wire comes from; nothing when it comes through the block's border, which the wire outside of it tells.
fn sources(block: &Block, end: End) -> Vec<Place> {
    match end {
        End::Plug(item, plug) => from_inside(&block.items[item], plug),
        End::Item(item) => vec![Place::Item(block.items[item].id)],
        End::Entry(_) | End::Exit(_) => Vec::new(),
    }
}

fn from_inside(item: &Item, plug: usize) -> Vec<Place> {
    let Some(inside) = &item.inside else {
        return vec![Place::Item(item.id)];
    };
    let ends = inside
        .wires
        .iter()
        .filter(|wire| wire.to == End::Exit(plug));
    let found: Vec<Place> = ends.flat_map(|wire| sources(inside, wire.from)).collect();
    match found.is_empty() {
        true => vec![Place::Item(item.id)],
        false => found,
    }
}

/// The things that a wire leads to. An exit is one at the outermost border only: others are followed from outside.
fn targets(block: &Block, end: End) -> Vec<Place> {
    match end {
        End::Plug(item, plug) => into(&block.items[item], plug),
        End::Item(item) => vec![Place::Item(block.items[item].id)],
        End::Exit(_) | End::Entry(_) => Vec::new(),
    }
}

fn into(item: &Item, plug: usize) -> Vec<Place> {
    let Some(inside) = &item.inside else {
        return vec![Place::Item(item.id)];
    };
    let ends = inside
        .wires
        .iter()
        .filter(|wire| wire.from == End::Entry(plug));
    let found: Vec<Place> = ends.flat_map(|wire| targets(inside, wire.to)).collect();
    match found.is_empty() {
        true => vec![Place::Item(item.id)],
        false => found,
    }
}

/// The wires to the outputs of the whole pipeline.
pub fn outputs(picture: &Picture) -> Vec<FlatWire> {
    let block = &picture.block;
    let mut found = Vec::new();
    for wire in &block.wires {
        if let End::Exit(exit) = wire.to {
            found.extend(sources(block, wire.from).into_iter().map(|from| FlatWire {
                from,
                to: Place::Output(exit),
                kind: wire.kind,
                label: String::new(),
            }));
        }
    }
    found
}
