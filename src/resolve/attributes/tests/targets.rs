//! No key of a target's block is dropped: it changes what that target emits, or a diagnostic says that it has no effect there.

use super::super::table::{Attribute, Place, Row, TABLE};
use crate::compile::{Input, Request, compile};
use crate::project::{Memory, Project};
use crate::target;

/// A program with an entry at one place.
fn program(place: Option<Place>, nested: bool, entry: &str) -> String {
    let at = |asked: Place| if place == Some(asked) { entry } else { "" };
    let with = match at(Place::With) {
        "" => String::new(),
        entry => format!(" with {{ {entry} }}"),
    };
    let defaults = match at(Place::Defaults) {
        "" => String::new(),
        entry => format!("defaults: {{ {entry} }}"),
    };
    let pipeline = at(Place::Pipeline);
    let (inner, outer) = if nested {
        (pipeline, "")
    } else {
        ("", pipeline)
    };
    format!(
        r#"
component step(n: int) -> int {{
  image: "alpine:3.20"
  cache: true
  shell: """
    echo "$n" > "$output"
  """
  {}
}}

pipeline inner(n: int = 2) -> (n: int) {{
  {inner}
  {defaults}
  first = step(n){with}
  return {{ n: first }}
}}

pipeline outer() -> (n: int) {{
  {outer}
  made = inner(1)
  return {{ n: made.n }}
}}
"#,
        at(Place::Component)
    )
}

/// What a target emits, and the codes that it reports.
fn emitted(source: &str, target: &str) -> (Vec<String>, Vec<String>) {
    let project = Project::in_memory(Memory::new([("p.mlp", source)]));
    let request = Request {
        pipeline: Some("outer".to_owned()),
        ..Request::default()
    };
    let mut compilation =
        compile(&project, Input::File("p.mlp".into()), &request).expect("it is in memory");
    let target = *target::all()
        .iter()
        .find(|known| known.name() == target)
        .expect("a block is a target's");
    let documents = compilation.emit(&[target]);
    let texts = documents.into_iter().flat_map(|(_, documents)| documents);
    let reports = compilation.diagnostics.iter();
    (
        texts.map(|document| document.text).collect(),
        reports
            .map(|report| format!("{} {}", report.code, report.message))
            .collect(),
    )
}

fn is_dropped(row: &Row, place: Place, nested: bool) -> bool {
    let entry = format!("{}: {{ {}: {} }}", row.block, row.key, row.example);
    let (with, said) = emitted(&program(Some(place), nested, &entry), row.block);
    let (without, silent) = emitted(&program(None, nested, ""), row.block);
    assert!(!with.is_empty(), "{entry}: {said:?}");
    with == without && said == silent
}

#[test]
fn no_key_of_a_target_is_dropped() {
    let mut dropped = Vec::new();
    for row in TABLE
        .iter()
        .filter(|row| row.attribute == Attribute::Target)
    {
        for &place in row.places {
            for nested in [false, true] {
                if (place == Place::Pipeline || !nested) && is_dropped(row, place, nested) {
                    dropped.push(format!("{} at {place:?}, nested: {nested}", row.name()));
                }
            }
        }
    }
    assert_eq!(dropped, Vec::<String>::new());
}
