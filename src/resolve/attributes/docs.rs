//! `docs/attributes.md`, written from the table. `UPDATE_DOCS=1 cargo test` rewrites it.

use std::fmt::Write;

use super::mismatch::expected;
use super::table::{Attribute, BLOCKS, Block, Place, Row, Shape, TABLE};

const HEAD: &str = "\
# Attributes

<!-- Written from src/resolve/attributes/table.rs by the tests: UPDATE_DOCS=1 cargo test attributes -->

Attributes say how a step runs and when a pipeline does. They are constants, and all keys are known: a wrong one is an error that
names the right one.

Those of a task are written in its component's body, in `with { .. }` behind one call, or in a pipeline's `defaults: { .. }`. The
nearest wins, key by key, in blocks and maps too: `with`, then the component, then `defaults`. A list is one value and is replaced
as a whole. `defaults` do not reach into a nested pipeline, and on the call of one `with` takes `timeout` only.

Those of a pipeline are written in its body, above its first statement.

Where the engine of a target has no such thing, compiling says so; `mlpc targets FILE` lists it.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let task = |row: &Row| matches!(row.attribute, Attribute::Task(_));
    let run = |row: &Row| matches!(row.attribute, Attribute::Pipeline(_));
    let target = |row: &Row| row.attribute == Attribute::Target;
    section(&mut page, "Of a task", task, false);
    section(&mut page, "Of a pipeline", run, false);
    section(&mut page, "For one engine", target, true);
    records(&mut page);
    page
}

fn section(page: &mut String, title: &str, of: impl Fn(&Row) -> bool, places: bool) {
    writeln!(page, "\n## {title}").expect("a String takes all");
    let plain = Block {
        name: "",
        first: "",
        doc: "",
    };
    for block in std::iter::once(&plain).chain(BLOCKS) {
        let rows: Vec<&Row> = TABLE
            .iter()
            .filter(|row| row.block == block.name && of(row))
            .collect();
        if rows.is_empty() {
            continue;
        }
        if !block.name.is_empty() {
            write!(page, "\n### `{}`\n\n{}\n", block.name, block.doc).expect("a String takes all");
        }
        let (head, rule) = match places {
            true => (
                "| key | takes | on | what it says | example |",
                "|---|---|---|---|---|",
            ),
            false => (
                "| key | takes | what it says | example |",
                "|---|---|---|---|",
            ),
        };
        writeln!(page, "\n{head}\n{rule}").expect("a String takes all");
        for row in rows {
            let on = match places {
                true => format!(" {} |", on(row)),
                false => String::new(),
            };
            writeln!(
                page,
                "| `{}` | {} |{on} {} | `{}: {}` |",
                row.key,
                takes(row.shape),
                row.doc,
                row.key,
                row.example
            )
            .expect("a String takes all");
        }
    }
}

/// The lists of records, key by key.
fn records(page: &mut String) {
    let mut seen: Vec<&str> = Vec::new();
    for row in TABLE {
        let fields = match row.shape {
            Shape::Records { fields, .. } | Shape::Record(fields) => fields,
            _ => continue,
        };
        if seen.contains(&row.key) {
            continue;
        }
        seen.push(row.key);
        let title = format!("Keys of `{}`", row.key);
        write!(
            page,
            "\n## {title}\n\n| key | takes | what it says |\n|---|---|---|\n"
        )
        .expect("a String takes all");
        for field in fields {
            let needed = if field.required { " (required)" } else { "" };
            writeln!(
                page,
                "| `{}`{needed} | {} | {} |",
                field.key,
                takes(field.shape),
                field.doc
            )
            .expect("a String takes all");
        }
    }
}

fn on(row: &Row) -> &'static str {
    match (row.allows(Place::Component), row.allows(Place::Pipeline)) {
        (true, true) => "tasks, pipelines",
        (true, false) => "tasks",
        _ => "pipelines",
    }
}

fn takes(shape: Shape) -> String {
    match shape {
        Shape::Int { min, max } if max < i64::from(i32::MAX) => {
            format!("a whole number from {min} to {max}")
        }
        Shape::Int { min, .. } if min >= 0 => format!("a whole number from {min}"),
        Shape::Number { min, .. } => format!("a number from {min}"),
        Shape::Text(form) => form.noun().to_owned(),
        Shape::Map { key, value } => format!("a record: {} to {}", key.plural(), value.plural()),
        Shape::Scalars { key } => {
            format!("a record: {} to strings, numbers or bools", key.plural())
        }
        Shape::Defaults => "a record of task attributes".to_owned(),
        other => expected(other),
    }
    .replace('|', "\\|")
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/attributes.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/ can be written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/attributes.md is out of date: run UPDATE_DOCS=1 cargo test the_page_is_what_the_table_says"
    );
}
