//! A picture as SVG: one file, without anything from elsewhere, light or dark as its reader likes it.

use std::fmt::Write;

use super::details::{Details, shortened};
use super::layout::Column;
use super::picture::{Item, Picture, WireKind};
use super::scene::{Dot, HEADER, Label, Line, Pill, Scene, Shape, scene};
use crate::emit::xml::text;

/// Around all.
const MARGIN: f64 = 28.0;
const HEADING: f64 = 26.0;
const LINE: f64 = 17.0;
/// Characters of a line of the description.
const LONGEST: usize = 110;
/// Parameters that are listed; further ones are counted.
const MOST_PARAMS: usize = 24;

/// The whole file.
pub fn svg(picture: &Picture) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&element(picture));
    out
}

/// The `<svg>` element.
pub fn element(picture: &Picture) -> String {
    let scene = scene(picture);
    let lines = heading(picture);
    let heading_width = lines
        .iter()
        .map(|(class, line)| {
            let size = if *class == "heading" { 17.0 } else { 11.0 };
            line.chars().count() as f64 * size * 0.62
        })
        .fold(0.0, f64::max);
    let top = MARGIN + HEADING + LINE * (lines.len() - 1) as f64 + 12.0;
    let width = (scene.width.max(heading_width) + 2.0 * MARGIN).ceil();
    let height = (top + scene.height + MARGIN).ceil();
    let left = ((width - scene.width) / 2.0).round();

    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mlpc\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
        text(&format!("the pipeline {}", picture.title))
    );
    let _ = writeln!(out, "<style>\n{}</style>", include_str!("svg.css"));
    let _ = writeln!(
        out,
        "<rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>"
    );
    let mut y = MARGIN + 8.0;
    for (class, line) in &lines {
        let _ = writeln!(
            out,
            "<text class=\"{class} top\" x=\"{MARGIN}\" y=\"{y}\">{}</text>",
            text(line)
        );
        y += if *class == "heading" {
            HEADING - 6.0
        } else {
            LINE
        };
    }
    let _ = writeln!(out, "<g transform=\"translate({left} {top})\">");
    write_scene(&scene, &mut out);
    out.push_str("</g>\n</svg>\n");
    out
}

/// The lines above the graph, each with its class.
fn heading(picture: &Picture) -> Vec<(&'static str, String)> {
    let mut lines = vec![("heading", picture.title.clone())];
    for line in picture.doc.lines().take(3) {
        lines.push(("note", shortened(line, LONGEST)));
    }
    let facts: Vec<String> = picture
        .facts
        .iter()
        .map(|(name, text)| format!("{name} {text}"))
        .collect();
    if !facts.is_empty() {
        lines.push(("note", shortened(&facts.join("  \u{b7}  "), LONGEST)));
    }
    for param in picture.params.iter().take(MOST_PARAMS) {
        let default = match &param.default {
            Some(default) => format!(" = {default}"),
            None => String::new(),
        };
        let line = format!("\u{25e6} {}: {}{default}", param.name, param.ty);
        lines.push(("note", shortened(&line, LONGEST)));
    }
    if picture.params.len() > MOST_PARAMS {
        let more = picture.params.len() - MOST_PARAMS;
        lines.push(("note", format!("\u{25e6} .. {more} more")));
    }
    lines
}

fn write_scene(scene: &Scene<'_>, out: &mut String) {
    for line in &scene.lines {
        write_line(line, out);
    }
    for pill in &scene.pills {
        write_pill(pill, out);
    }
    for shape in &scene.shapes {
        write_shape(shape, out);
    }
}

fn write_line(line: &Line, out: &mut String) {
    let class = line.kind.class();
    let end = |name: &str, id: Option<usize>| match id {
        Some(id) => format!(" data-{name}=\"t{id}\""),
        None => String::new(),
    };
    let _ = write!(
        out,
        "<g class=\"flow\"{}{}>",
        end("from", line.from),
        end("to", line.to)
    );
    if !line.label.is_empty() {
        let _ = write!(out, "<title>{}</title>", text(&line.label));
    }
    // Data ends at a dot.
    let head = match line.kind {
        WireKind::Order => 7.0,
        _ => 10.5,
    };
    write_wire(&line.columns, class, line.arrow.then_some(head), out);
    out.push_str("</g>\n");
}

/// A wire, with an arrow's head that begins so far above its end.
pub(super) fn write_wire(columns: &[Column], class: &str, head: Option<f64>, out: &mut String) {
    let _ = write!(
        out,
        "<path class=\"wire {class}\" d=\"{}\"/>",
        path(columns)
    );
    if let Some((last, head)) = columns.last().zip(head) {
        let (x, y) = (last.x - 4.0, last.bottom - head);
        let _ = write!(out, "<path class=\"head {class}\" d=\"M{x} {y}h8l-4 7z\"/>");
    }
}

/// Straight down in the columns, in a curve from one to the next.
fn path(columns: &[Column]) -> String {
    let mut path = String::new();
    let mut before: Option<Column> = None;
    for column in columns {
        match before {
            None => {
                let _ = write!(path, "M{} {}", column.x, column.top);
            }
            Some(before) if before.x == column.x => {
                let _ = write!(path, "V{}", column.top);
            }
            Some(before) => {
                let middle = (before.bottom + column.top) / 2.0;
                let _ = write!(
                    path,
                    "C{} {middle} {} {middle} {} {}",
                    before.x, column.x, column.x, column.top
                );
            }
        }
        if column.bottom > column.top {
            let _ = write!(path, "V{}", column.bottom);
        }
        before = Some(*column);
    }
    path
}

fn write_pill(pill: &Pill, out: &mut String) {
    let _ = write!(
        out,
        "<g class=\"end\"><rect class=\"pill\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        pill.left,
        pill.top,
        pill.width,
        pill.height,
        pill.height / 2.0
    );
    write_label("plug", &pill.label, out);
    out.push_str("</g>\n");
}

pub(super) fn write_label(class: &str, label: &Label, out: &mut String) {
    if !label.text.is_empty() {
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            label.x,
            label.y,
            text(&label.text)
        );
    }
}

fn write_shape(shape: &Shape<'_>, out: &mut String) {
    let Shape {
        item,
        left,
        top,
        width,
        height,
        ..
    } = shape;
    let is_group = shape.inside.is_some();
    let class = if is_group { "cluster" } else { "item" };
    let _ = write!(
        out,
        "<g id=\"t{}\" class=\"{class} {}\"><title>{}</title>",
        item.id,
        item.kind.class(),
        text(&tooltip(item))
    );
    if is_group {
        let _ = write!(
            out,
            "<rect class=\"group\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\
             <path class=\"header\" d=\"M{} {}v-{}a8 8 0 0 1 8 -8h{}a8 8 0 0 1 8 8v{}z\"/>",
            left + 0.5,
            top + HEADER,
            HEADER - 8.5,
            width - 17.0,
            HEADER - 8.5
        );
    } else {
        write_box(*left, *top, *width, *height, out);
    }
    write_label("name", &shape.title, out);
    write_label("note", &shape.note, out);
    if let Some(inside) = &shape.inside {
        out.push('\n');
        write_scene(inside, out);
    }
    for dot in &shape.dots {
        write_dot(dot, out);
    }
    out.push_str("</g>\n");
}

/// The frame of a task, with a bar of its kind's colour at the left.
pub(super) fn write_box(left: f64, top: f64, width: f64, height: f64, out: &mut String) {
    let _ = write!(
        out,
        "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\
         <path class=\"bar\" d=\"M{left} {}v-{}a6 6 0 0 1 4 -5.66v{}a6 6 0 0 1 -4 -5.66z\"/>",
        top + height - 6.0,
        height - 12.0,
        height - 0.68
    );
}

fn write_dot(dot: &Dot, out: &mut String) {
    let class = if dot.is_param { "dot param" } else { "dot" };
    let _ = write!(
        out,
        "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>",
        dot.x, dot.y
    );
    if let Some(label) = &dot.label {
        write_label("plug", label, out);
    }
}

/// What is shown when an item is pointed at.
fn tooltip(item: &Item) -> String {
    let Details { doc, rows } = &item.details;
    let mut lines = vec![item.title.clone()];
    if !item.note.is_empty() && rows.is_empty() {
        lines.push(item.note.clone());
    }
    if !doc.is_empty() {
        lines.push(doc.clone());
    }
    lines.extend(rows.iter().map(|(name, text)| format!("{name}: {text}")));
    lines.join("\n")
}
