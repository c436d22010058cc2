//! A growing delay that begins at nothing.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::RETRY_WITHOUT_DELAY,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (attributes, _) in context.settings() {
        let retry = &attributes.retry;
        if retry.attempts < 2 || !retry.delay.is_zero() {
            continue;
        }
        for key in ["backoff", "max_delay"] {
            if let Some(at) = attributes.spans.get(&format!("retry.{key}"))
                && told.insert(at)
            {
                let message = format!("`{key}` has no effect without a `delay`");
                found.push(
                    Diagnostic::new(RULE.code, at, message)
                        .label("the first delay is 0s, and so is every other")
                        .help("add `delay: 30s`, say"),
                );
            }
        }
    }
}
