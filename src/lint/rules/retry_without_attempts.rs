//! A delay between attempts of which there is only one.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::RETRY_WITHOUT_ATTEMPTS,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut of_use = HashSet::new();
    let mut idle = Vec::new();
    for (attributes, _) in context.settings() {
        for key in ["retry.delay", "retry.backoff", "retry.max_delay"] {
            let Some(at) = attributes.spans.get(key) else {
                continue;
            };
            // `attempts: 1` beside a delay of the defaults turns retries off.
            if attributes.retry.attempts > 1 || attributes.spans.get("retry.attempts").is_some() {
                of_use.insert(at);
            } else {
                idle.push((key, at));
            }
        }
    }
    let mut told = HashSet::new();
    for (key, at) in idle {
        if !of_use.contains(&at) && told.insert(at) {
            let key = key.trim_start_matches("retry.");
            let message = format!("`{key}` has no effect: there is one attempt");
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("nothing is tried again")
                    .help("add `attempts: 3`, say, which counts the first one too"),
            );
        }
    }
}
