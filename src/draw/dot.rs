//! A picture in DOT, the language of Graphviz.

use std::fmt::Write;

use super::flat::{self, FlatWire, Place};
use super::picture::{Block, Item, Kind, Picture, WireKind};

pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "digraph {} {{", quoted(&picture.title));
    out.push_str("  compound=true;\n  rankdir=TB;\n");
    out.push_str("  node [shape=box, style=rounded, fontname=\"monospace\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"monospace\", fontsize=9];\n");
    out.push_str("  graph [fontname=\"monospace\", fontsize=11, style=rounded];\n");
    block(&picture.block, 1, &mut out);
    for (at, exit) in picture.block.exits.iter().enumerate() {
        let _ = writeln!(out, "  o{at} [label={}, shape=oval];", quoted(&exit.label));
    }
    let mut groups = Vec::new();
    collect_groups(&picture.block, &mut groups);
    for wire in flat::wires(picture).iter().chain(&flat::outputs(picture)) {
        write_wire(wire, &groups, &mut out);
    }
    out.push_str("}\n");
    out
}

fn collect_groups(block: &Block, groups: &mut Vec<usize>) {
    for item in &block.items {
        if let Some(inside) = &item.inside {
            groups.push(item.id);
            collect_groups(inside, groups);
        }
    }
}

fn block(block: &Block, depth: usize, out: &mut String) {
    for item in &block.items {
        write_item(item, depth, out);
    }
}

fn write_item(item: &Item, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let mut label = item.title.clone();
    if !item.note.is_empty() {
        label.push('\n');
        label.push_str(&item.note);
    }
    let (id, label) = (item.id, quoted(&label));
    match &item.inside {
        Some(inside) => {
            let _ = writeln!(out, "{indent}subgraph cluster_t{id} {{");
            let _ = writeln!(out, "{indent}  label={label};");
            // Edges of the group itself end here.
            let _ = writeln!(out, "{indent}  t{id} [shape=point, style=invis, width=0];");
            self::block(inside, depth + 1, out);
            let _ = writeln!(out, "{indent}}}");
        }
        None => {
            let shape = match item.kind {
                Kind::Require => ", shape=hexagon",
                _ => "",
            };
            let _ = writeln!(out, "{indent}t{id} [label={label}{shape}];");
        }
    }
}

fn write_wire(wire: &FlatWire, groups: &[usize], out: &mut String) {
    let mut set = Vec::new();
    if !wire.label.is_empty() {
        set.push(format!("label={}", quoted(&wire.label)));
    }
    match wire.kind {
        WireKind::Artifact => set.push("penwidth=2".to_owned()),
        WireKind::Order | WireKind::Hidden => set.push("style=dashed".to_owned()),
        WireKind::Value => {}
    }
    for (name, place) in [("ltail", &wire.from), ("lhead", &wire.to)] {
        if let Place::Item(id) = place
            && groups.contains(id)
        {
            set.push(format!("{name}=cluster_t{id}"));
        }
    }
    let set = match set.is_empty() {
        true => String::new(),
        false => format!(" [{}]", set.join(", ")),
    };
    let _ = writeln!(out, "  {} -> {}{set};", place(&wire.from), place(&wire.to));
}

fn place(place: &Place) -> String {
    match place {
        Place::Item(id) => format!("t{id}"),
        Place::Output(at) => format!("o{at}"),
    }
}

/// A quoted text, in which a backslash is itself.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Graphviz reads entities of HTML in any text.
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_gets_out_of_quotes() {
        assert_eq!(
            super::quoted("a\\N\"] &lt;\n"),
            "\"a\\\\N\\\"] &amp;lt;\\n\""
        );
    }
}
