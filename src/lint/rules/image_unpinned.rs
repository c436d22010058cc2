//! An image without a tag, or with one that moves.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};

pub const RULE: Rule = Rule {
    code: codes::IMAGE_UNPINNED,
    level: Level::Warn,
    fixes: false,
    check,
};

/// Tags that are put on another image from time to time.
const MOVING: [&str; 8] = [
    "latest", "stable", "edge", "nightly", "main", "master", "dev", "rolling",
];

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for written in context.written.iter().filter(|one| one.name == "image") {
        let Some(image) = string(&written.value) else {
            continue;
        };
        let label = match tag(&image) {
            Pin::None => "no tag, so this is `latest`".to_owned(),
            Pin::Tag(tag) if MOVING.contains(&tag) => format!("`{tag}` is moved to newer images"),
            Pin::Tag(_) | Pin::Digest => continue,
        };
        let message = format!("`{image}` is another image tomorrow");
        found.push(
            Diagnostic::new(RULE.code, context.place(&written.value), message)
                .label(label)
                .help("name a version, or a digest: `python:3.12-slim`, `..@sha256:..`"),
        );
    }
}

pub enum Pin<'a> {
    None,
    Tag(&'a str),
    Digest,
}

/// What says which image of a repository is meant.
pub fn tag(image: &str) -> Pin<'_> {
    if image.contains('@') {
        return Pin::Digest;
    }
    // A `:` before the last `/` belongs to a port.
    match image.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => Pin::Tag(tag),
        _ => Pin::None,
    }
}
