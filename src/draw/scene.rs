//! Where everything in a picture stands. A group is laid out first, and is then one large node of its block.

use super::details::shortened;
use super::layout::{self, Column, Edge, Node, Pin};
use super::picture::{Block, End, Item, Kind, Picture, WireKind};

/// Pixels a character takes, in a monospaced font of this size; the widest of the usual fonts takes 0.62 of its size.
const fn advance(size: f64) -> f64 {
    size * 0.62
}

pub const TITLE: f64 = 13.0;
pub const NOTE: f64 = 11.0;
pub const PLUG: f64 = 10.5;

const PAD: f64 = 12.0;
const PLUG_ROW: f64 = 19.0;
const TITLE_ROW: f64 = 20.0;
const NOTE_ROW: f64 = 16.0;
const PLUG_GAP: f64 = 12.0;
const LEAST: f64 = 120.0;
/// Inside of a group, at its sides.
const MARGIN: f64 = 18.0;
pub const HEADER: f64 = 27.0;
const PILL: f64 = 22.0;
/// Where order without data ends, from the left.
const ASIDE: f64 = 18.0;
/// The longest title.
const LONGEST: usize = 56;
/// Wider than this a row of outputs shortens its types.
const WIDE: f64 = 430.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub text: String,
    /// Its middle.
    pub x: f64,
    /// Its base line.
    pub y: f64,
}

/// A place on a border where wires end.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub label: Option<Label>,
    /// A parameter comes in here.
    pub is_param: bool,
}

#[derive(Debug)]
pub struct Shape<'p> {
    pub item: &'p Item,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub title: Label,
    pub note: Label,
    pub dots: Vec<Dot>,
    pub inside: Option<Scene<'p>>,
}

/// An output of a block, or a named thing that comes into one.
#[derive(Debug)]
pub struct Pill {
    pub label: Label,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Debug)]
pub struct Line {
    pub columns: Vec<Column>,
    pub kind: WireKind,
    pub label: String,
    /// Ids of the items at its ends; nothing for the border.
    pub from: Option<usize>,
    pub to: Option<usize>,
    /// It comes through the border without being named there.
    from_border: bool,
    /// It ends at something, rather than going on behind a border.
    pub arrow: bool,
}

/// A block with everything in its place, its upper left corner at 0, 0.
#[derive(Debug, Default)]
pub struct Scene<'p> {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape<'p>>,
    pub lines: Vec<Line>,
    pub pills: Vec<Pill>,
    /// Where the entries and exits are, from the left.
    entries: Vec<f64>,
    exits: Vec<f64>,
}

/// Columns of a text. Characters beyond ASCII may be wide.
fn columns(text: &str) -> f64 {
    text.chars()
        .map(|c| if c.is_ascii() { 1.0 } else { 2.0 })
        .sum()
}

pub fn width_of(text: &str, size: f64) -> f64 {
    (columns(text) * advance(size)).ceil()
}

pub fn scene(picture: &Picture) -> Scene<'_> {
    block(&picture.block)
}

fn block(block: &Block) -> Scene<'_> {
    let mut shapes: Vec<Shape> = block.items.iter().map(shape).collect();
    let (items, entries) = (shapes.len(), block.entries.len());
    let mut nodes: Vec<Node> = shapes
        .iter()
        .map(|shape| Node {
            width: shape.width,
            height: shape.height,
            pin: Pin::Free,
        })
        .collect();
    let pill = |label: &str, pin| match label {
        "" => Node {
            width: 8.0,
            height: 0.0,
            pin,
        },
        label => Node {
            width: width_of(label, PLUG) + 20.0,
            height: PILL,
            pin,
        },
    };
    let exit_labels: Vec<String> = block
        .exits
        .iter()
        .map(|exit| shortened(&exit.label, LONGEST))
        .collect();
    nodes.extend(
        block
            .entries
            .iter()
            .map(|entry| pill(&entry.label, Pin::First)),
    );
    nodes.extend(exit_labels.iter().map(|label| pill(label, Pin::Last)));

    let end = |end: End, is_from: bool| match end {
        End::Plug(item, plug) => {
            let shape = &shapes[item];
            let inputs = shape.item.inputs.len();
            let at = if is_from { inputs + plug } else { plug };
            (item, shape.dots[at].x)
        }
        End::Item(item) => (item, ASIDE),
        End::Entry(entry) => (items + entry, (nodes[items + entry].width / 2.0).round()),
        End::Exit(exit) => {
            let node = items + entries + exit;
            (node, (nodes[node].width / 2.0).round())
        }
    };
    let edges: Vec<Edge> = block
        .wires
        .iter()
        .map(|wire| Edge {
            from: end(wire.from, true),
            to: end(wire.to, false),
        })
        .collect();
    let hidden = |wire: usize| block.wires[wire].kind == WireKind::Hidden;
    // Branches stand as they are written.
    let in_order = block.items.iter().all(|item| item.kind == Kind::Branch);
    let laid = layout::layout(&nodes, &edges, in_order && items > 0);

    for (shape, (left, top)) in shapes.iter_mut().zip(&laid.nodes) {
        move_shape(shape, *left, *top);
    }
    let middle = |node: usize| laid.nodes[node].0 + (nodes[node].width / 2.0).round();
    let id = |end: End| match end {
        End::Plug(item, _) | End::Item(item) => Some(block.items[item].id),
        End::Entry(_) | End::Exit(_) => None,
    };
    let lines = (0..edges.len())
        .filter(|wire| !hidden(*wire))
        .map(|at| Line {
            columns: laid.routes[at].clone(),
            kind: block.wires[at].kind,
            label: block.wires[at].label.clone(),
            from: id(block.wires[at].from),
            to: id(block.wires[at].to),
            from_border: match block.wires[at].from {
                End::Entry(entry) => block.entries[entry].label.is_empty(),
                _ => false,
            },
            arrow: true,
        });
    let labels = block
        .entries
        .iter()
        .map(|entry| &entry.label)
        .chain(&exit_labels);
    let pills = labels
        .zip(items..)
        .filter(|(label, _)| !label.is_empty())
        .map(|(label, node)| {
            let (left, top) = laid.nodes[node];
            Pill {
                label: Label {
                    text: label.clone(),
                    x: middle(node),
                    y: top + 15.0,
                },
                left,
                top,
                width: nodes[node].width,
                height: nodes[node].height,
            }
        });
    Scene {
        width: laid.width,
        height: laid.height,
        lines: lines.collect(),
        pills: pills.collect(),
        entries: (items..items + entries).map(middle).collect(),
        exits: (items + entries..nodes.len()).map(middle).collect(),
        shapes,
    }
}

fn move_shape(shape: &mut Shape<'_>, x: f64, y: f64) {
    shape.left += x;
    shape.top += y;
    let labels = shape.dots.iter_mut().filter_map(|dot| dot.label.as_mut());
    for label in labels.chain([&mut shape.title, &mut shape.note]) {
        label.x += x;
        label.y += y;
    }
    for dot in &mut shape.dots {
        dot.x += x;
        dot.y += y;
    }
    if let Some(inside) = &mut shape.inside {
        move_scene(inside, x, y);
    }
}

fn move_scene(scene: &mut Scene<'_>, x: f64, y: f64) {
    for shape in &mut scene.shapes {
        move_shape(shape, x, y);
    }
    for column in scene.lines.iter_mut().flat_map(|line| &mut line.columns) {
        column.x += x;
        column.top += y;
        column.bottom += y;
    }
    for pill in &mut scene.pills {
        pill.left += x;
        pill.top += y;
        pill.label.x += x;
        pill.label.y += y;
    }
}

fn shape(item: &Item) -> Shape<'_> {
    match &item.inside {
        Some(inside) => group(item, inside),
        None => task(item),
    }
}

/// The labels of a row of plugs and the places of their middles, from 0; and the row's width.
fn row(labels: &[String]) -> (Vec<f64>, f64) {
    let mut middles = Vec::new();
    let mut x = 0.0;
    for label in labels {
        let width = width_of(label, PLUG).max(8.0);
        middles.push((x + width / 2.0).round());
        x += width + PLUG_GAP;
    }
    (middles, (x - PLUG_GAP).max(0.0))
}

fn input_label(name: &str, param: Option<&str>) -> String {
    match param {
        Some(param) if param != name => format!("{name} = {param}"),
        _ => name.to_owned(),
    }
}

fn output_labels(item: &Item) -> Vec<String> {
    let labels = |longest: usize| -> Vec<String> {
        let label = |plug: &super::picture::Plug| {
            let ty = shortened(&plug.ty, longest);
            match plug.name == crate::graph::UNNAMED_OUTPUT {
                true => ty,
                false => format!("{}: {ty}", plug.name),
            }
        };
        item.outputs.iter().map(label).collect()
    };
    let mut longest = 44;
    let mut found = labels(longest);
    while row(&found).1 > WIDE && longest > 12 {
        longest -= 8;
        found = labels(longest);
    }
    found
}

fn task(item: &Item) -> Shape<'_> {
    let title = shortened(&item.title, LONGEST);
    let note = shortened(&item.note, LONGEST);
    let inputs: Vec<String> = item
        .inputs
        .iter()
        .map(|plug| input_label(&plug.name, plug.param.as_deref()))
        .collect();
    let outputs = output_labels(item);
    let (above, below) = (row(&inputs), row(&outputs));
    let widest = [
        width_of(&title, TITLE),
        width_of(&note, NOTE),
        above.1,
        below.1,
        LEAST,
    ]
    .into_iter()
    .fold(0.0, f64::max);
    let width = ((widest + 2.0 * PAD) / 2.0).ceil() * 2.0;
    let mut y = 6.0;
    let mut dots = Vec::new();
    if !inputs.is_empty() {
        dots.extend(row_of_dots(&inputs, &above, width, 0.0, y + 10.0));
        y += PLUG_ROW - 2.0;
    }
    for (dot, plug) in dots.iter_mut().zip(&item.inputs) {
        dot.is_param = plug.param.is_some();
    }
    let title = Label {
        text: title,
        x: width / 2.0,
        y: y + 14.0,
    };
    y += TITLE_ROW;
    let note = Label {
        y: y + 11.0,
        x: width / 2.0,
        text: note,
    };
    if !note.text.is_empty() {
        y += NOTE_ROW;
    }
    if !outputs.is_empty() {
        y += PLUG_ROW;
    }
    let height = y + 6.0;
    dots.extend(row_of_dots(&outputs, &below, width, height, height - 9.0));
    Shape {
        item,
        left: 0.0,
        top: 0.0,
        width,
        height,
        title,
        note,
        dots,
        inside: None,
    }
}

fn row_of_dots(
    labels: &[String],
    row: &(Vec<f64>, f64),
    width: f64,
    y: f64,
    base: f64,
) -> Vec<Dot> {
    let start = ((width - row.1) / 2.0).round();
    labels
        .iter()
        .zip(&row.0)
        .map(|(label, middle)| Dot {
            x: start + middle,
            y,
            label: Some(Label {
                text: label.clone(),
                x: start + middle,
                y: base,
            }),
            is_param: false,
        })
        .collect()
}

fn group<'p>(item: &'p Item, inside: &'p Block) -> Shape<'p> {
    let mut scene = block(inside);
    let title = shortened(&item.title, LONGEST);
    let note = shortened(&item.note, LONGEST);
    let note_gap = if note.is_empty() { 0.0 } else { 14.0 };
    let (title_width, note_width) = (width_of(&title, TITLE), width_of(&note, NOTE));
    let heading = title_width + note_gap + note_width + 2.0 * PAD;
    let width = (scene.width + 2.0 * MARGIN).max(heading).max(LEAST).ceil();
    let aside = ((width - scene.width) / 2.0).round();
    // What comes in by a pill stands below the header; all else goes on where it crosses it.
    let above = match scene.pills.is_empty() || inside.entries.is_empty() {
        true => MARGIN,
        false => 10.0,
    };
    let top = HEADER
        + if inside.entries.is_empty() {
            MARGIN
        } else {
            above
        };
    let below = if inside.exits.is_empty() {
        MARGIN
    } else {
        10.0
    };
    move_scene(&mut scene, aside, top);
    let height = top + scene.height + below;
    let dot = |x: &f64, y: f64| Dot {
        x: x + aside,
        y,
        label: None,
        is_param: false,
    };
    let mut dots: Vec<Dot> = scene.entries.iter().map(|x| dot(x, 0.0)).collect();
    dots.extend(scene.exits.iter().map(|x| dot(x, height)));
    for (dot, plug) in dots.iter_mut().zip(&item.inputs) {
        dot.is_param = plug.param.is_some();
    }
    // Lines that come from the border begin at the header.
    for line in &mut scene.lines {
        if let Some(first) = line.columns.first_mut().filter(|_| line.from_border) {
            first.top = HEADER;
        }
    }
    let stub = |x: f64, from: f64, to: f64| Line {
        columns: vec![Column {
            x,
            top: from,
            bottom: to,
        }],
        kind: WireKind::Value,
        label: String::new(),
        from: None,
        to: None,
        from_border: false,
        arrow: false,
    };
    for (entry, dot) in inside.entries.iter().zip(&dots) {
        if !entry.label.is_empty() {
            scene.lines.push(stub(dot.x, HEADER, top));
        }
    }
    for dot in &dots[inside.entries.len()..] {
        scene.lines.push(stub(dot.x, height - below, height));
    }
    Shape {
        item,
        left: 0.0,
        top: 0.0,
        width,
        height,
        title: Label {
            text: title,
            x: PAD + title_width / 2.0,
            y: 18.0,
        },
        note: Label {
            text: note,
            x: width - PAD - note_width / 2.0,
            y: 18.0,
        },
        dots,
        inside: Some(scene),
    }
}
