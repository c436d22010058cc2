//! Tasks and the order they ran in, for the page of a run. Which task is what is said by the page, as a class of each.

use std::fmt::Write;

use indexmap::IndexSet;

use super::layout::{Edge, Node, Pin, layout};
use super::scene::{Label, NOTE, TITLE, width_of};
use super::svg::{write_box, write_label, write_wire};
use crate::emit::xml::text;

pub struct Task<'a> {
    pub name: &'a str,
    /// A second, less important line.
    pub note: String,
    /// What the page's own stylesheet knows it by: a colour as `--kind`.
    pub class: &'a str,
}

/// Around all.
const MARGIN: f64 = 12.0;
const PAD: f64 = 14.0;
const HEIGHT: f64 = 46.0;
/// Characters of a name.
const LONGEST: usize = 40;

/// An `<svg>` element of tasks and of pairs of them, as their numbers, of which the second waited for the first. There is no cycle.
pub fn tasks(tasks: &[Task<'_>], edges: &IndexSet<(usize, usize)>) -> String {
    let names: Vec<String> = tasks.iter().map(|task| ending(task.name)).collect();
    let width = |(name, task): (&String, &Task<'_>)| {
        let widest = width_of(name, TITLE).max(width_of(&task.note, NOTE));
        ((widest + 2.0 * PAD) / 2.0).ceil() * 2.0
    };
    let nodes: Vec<Node> = names
        .iter()
        .zip(tasks)
        .map(|each| Node {
            width: width(each),
            height: HEIGHT,
            pin: Pin::Free,
        })
        .collect();
    let middle = |node: usize| (node, nodes[node].width / 2.0);
    let ends: Vec<Edge> = edges
        .iter()
        .map(|(from, to)| Edge {
            from: middle(*from),
            to: middle(*to),
        })
        .collect();
    let laid = layout(&nodes, &ends, false);

    let mut out = String::new();
    let (width, height) = (laid.width + 2.0 * MARGIN, laid.height + 2.0 * MARGIN);
    let _ = write!(
        out,
        "<svg class=\"mlpc\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"the tasks and their order\">\n<style>\n{}</style>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n",
        include_str!("svg.css")
    );
    for route in &laid.routes {
        out.push_str("<g class=\"flow\">");
        write_wire(route, "value", Some(7.0), &mut out);
        out.push_str("</g>\n");
    }
    for (at, task) in tasks.iter().enumerate() {
        let (left, top) = laid.nodes[at];
        let title = format!("{}: {}", task.name, task.note);
        let _ = write!(
            out,
            "<g class=\"item {}\"><title>{}</title>",
            task.class,
            text(&title)
        );
        write_box(left, top, nodes[at].width, HEIGHT, &mut out);
        let label = |text: &str, y: f64| Label {
            text: text.to_owned(),
            x: left + nodes[at].width / 2.0,
            y: top + y,
        };
        write_label("name", &label(&names[at], 20.0), &mut out);
        write_label("note", &label(&task.note, 36.0), &mut out);
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The end of a long name tells more than its beginning: which item of a loop, which task of a nested pipeline.
fn ending(name: &str) -> String {
    match name.chars().count().checked_sub(LONGEST) {
        None | Some(0) => name.to_owned(),
        Some(more) => format!(
            "\u{2026}{}",
            name.chars().skip(more + 1).collect::<String>()
        ),
    }
}
