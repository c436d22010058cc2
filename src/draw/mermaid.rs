//! A picture as a Mermaid flowchart, which GitHub, GitLab and many wikis draw by themselves.

use std::fmt::Write;

use super::flat::{self, FlatWire, Place};
use super::picture::{Block, Item, Kind, Picture, WireKind};

pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart TB\n");
    block(&picture.block, 1, &mut out);
    for (at, exit) in picture.block.exits.iter().enumerate() {
        let _ = writeln!(out, "  o{at}([{}])", quoted(&exit.label));
    }
    for wire in flat::wires(picture).iter().chain(&flat::outputs(picture)) {
        write_wire(wire, &mut out);
    }
    let _ = writeln!(out, "  classDef require stroke:#bf8700");
    let _ = writeln!(out, "  classDef finally stroke:#cf222e");
    out
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
    match (&item.inside, item.kind) {
        (Some(inside), kind) => {
            let _ = writeln!(out, "{indent}subgraph t{id} [{label}]");
            self::block(inside, depth + 1, out);
            let _ = writeln!(out, "{indent}end");
            if kind == Kind::Finally {
                let _ = writeln!(out, "{indent}class t{id} finally");
            }
        }
        (None, Kind::Require) => {
            let _ = writeln!(out, "{indent}t{id}{{{{{label}}}}}");
            let _ = writeln!(out, "{indent}class t{id} require");
        }
        (None, Kind::Pipeline) => {
            let _ = writeln!(out, "{indent}t{id}[[{label}]]");
        }
        _ => {
            let _ = writeln!(out, "{indent}t{id}[{label}]");
        }
    }
}

fn write_wire(wire: &FlatWire, out: &mut String) {
    let arrow = match wire.kind {
        WireKind::Artifact => "==>",
        WireKind::Value => "-->",
        WireKind::Order | WireKind::Hidden => "-.->",
    };
    let label = match wire.label.is_empty() {
        true => String::new(),
        false => format!("|{}|", quoted(&wire.label)),
    };
    let _ = writeln!(
        out,
        "  {} {arrow}{label} {}",
        place(&wire.from),
        place(&wire.to)
    );
}

fn place(place: &Place) -> String {
    match place {
        Place::Item(id) => format!("t{id}"),
        Place::Output(at) => format!("o{at}"),
    }
}

/// A text in quotes. Everything that Mermaid, Markdown or HTML could take for its own is an entity.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '_' | '-' | '.' | ',' | ':' => out.push(c),
            c if c.is_control() => out.push(' '),
            c if c.is_ascii() => {
                let _ = write!(out, "#{};", c as u32);
            }
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
            super::quoted("a\"]; <b>#x`{\u{7}é\n"),
            "\"a#34;#93;#59; #60;b#62;#35;x#96;#123; é<br/>\""
        );
    }
}
