//! The capability table as people read it: in the terminal and in the docs.

use super::{Feature, Support, Target};

/// What a cell says.
pub fn word(support: Support) -> &'static str {
    match support {
        Support::Native => "yes",
        Support::Emulated(_) => "built",
        Support::Ignored(_) => "no effect",
        Support::Degrades(_) => "degrades",
        Support::Refused { .. } => "no",
    }
}

/// What is to be said beyond the word.
pub fn note(support: Support) -> Option<String> {
    match support {
        Support::Native => None,
        Support::Emulated(text) | Support::Ignored(text) | Support::Degrades(text) => {
            Some(text.to_owned())
        }
        Support::Refused { reason, nearest } => Some(format!("{reason}; instead: {nearest}")),
    }
}

/// What the words mean.
pub const LEGEND: [(&str, &str); 5] = [
    ("yes", "the engine has it"),
    ("built", "mlpc builds it from what the engine has"),
    (
        "no effect",
        "it means nothing there and needs to mean nothing",
    ),
    (
        "degrades",
        "it has less effect than it says; compiling warns",
    ),
    (
        "no",
        "compiling is refused, with the nearest form that works",
    ),
];

/// The table in columns, and below it what is to be said about the targets one by one.
pub fn text(targets: &[&dyn Target]) -> String {
    let features: Vec<(Feature, String)> = Feature::ALL
        .iter()
        .map(|(feature, title)| (*feature, title.replace('`', "")))
        .collect();
    let first = features
        .iter()
        .map(|(_, title)| title.chars().count())
        .max()
        .unwrap_or(0);
    let widths: Vec<usize> = targets
        .iter()
        .map(|target| target.name().len().max("no effect".len()))
        .collect();
    let row = |title: &str, cells: Vec<&str>| {
        let mut line = format!("{title:first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("  {cell:width$}"));
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let mut out = row("", targets.iter().map(|target| target.name()).collect());
    for (feature, title) in &features {
        out.push_str(&row(
            title,
            targets
                .iter()
                .map(|target| word(target.support(*feature)))
                .collect(),
        ));
    }
    out.push('\n');
    for (word, meaning) in LEGEND {
        out.push_str(&format!("{word:9}  {meaning}\n"));
    }
    out
}

/// The page of the docs.
pub fn markdown(targets: &[&dyn Target]) -> String {
    let mut out = String::from(
        "# What each target can do\n\n\
         <!-- Made from the capability table in the code: UPDATE_DOCS=1 cargo test --test front -->\n\n\
         `mlpc targets FILE` says which targets can run a pipeline, and what degrades.\n\n",
    );
    for (word, meaning) in LEGEND {
        out.push_str(&format!("- **{word}**: {meaning}\n"));
    }
    out.push_str("\n| |");
    for target in targets {
        out.push_str(&format!(" {} |", target.name()));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(targets.len()));
    out.push('\n');
    for (feature, title) in Feature::ALL {
        out.push_str(&format!("| {title} |"));
        for target in targets {
            out.push_str(&format!(" {} |", word(target.support(*feature))));
        }
        out.push('\n');
    }
    for target in targets {
        out.push_str(&format!(
            "\n## {}\n\n{}\n\n",
            target.name(),
            capitalized(target.title())
        ));
        for (feature, title) in Feature::ALL {
            let support = target.support(*feature);
            if let Some(note) = note(support) {
                out.push_str(&format!("- {title} (**{}**): {note}\n", word(support)));
            }
        }
    }
    out
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(chars)
        .chain(['.'])
        .collect()
}
