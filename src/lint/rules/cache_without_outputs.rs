//! A cached step of which nothing could be kept: its effect is left out the second time.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Cache;
use crate::lint::{Context, Rule};
use crate::resolve::attributes::Place;

pub const RULE: Rule = Rule {
    code: codes::CACHE_WITHOUT_OUTPUTS,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (attributes, component) in context.settings() {
        if attributes.cache == Cache::Off || !component.outputs.is_empty() {
            continue;
        }
        let Some(at) = attributes.spans.get("cache") else {
            continue;
        };
        // What a pipeline's defaults say is said of the component's name, for they are meant for others.
        let by_default = context
            .written
            .iter()
            .any(|one| one.place == Place::Defaults && one.span.start == at.start);
        let at = if by_default { component.span } else { at };
        if told.insert(at) {
            let message = format!("`{}` is cached, but has no outputs", component.name);
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("the next run would leave it out")
                    .help("a step that is run for what it does is not cached: `cache: false`"),
            );
        }
    }
}
