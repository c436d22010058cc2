//! An image by its tag: whoever can push to the registry can change it.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};

use super::image_unpinned::{Pin, tag};

pub const RULE: Rule = Rule {
    code: codes::IMAGE_BY_TAG,
    level: Level::Allow,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for written in context.written.iter().filter(|one| one.name == "image") {
        if let Some(image) = string(&written.value)
            && matches!(tag(&image), Pin::Tag(_) | Pin::None)
        {
            let message = format!("`{image}` has no digest");
            found.push(
                Diagnostic::new(RULE.code, context.place(&written.value), message)
                    .label("a tag can be moved to another image")
                    .help("add the digest that the registry shows: `image:tag@sha256:..`"),
            );
        }
    }
}
