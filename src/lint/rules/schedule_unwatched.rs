//! A schedule without anybody who would hear of a failure.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::SCHEDULE_UNWATCHED,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let watched =
            attributes.owner.is_some() || attributes.notify.is_some() || pipeline.finally.is_some();
        if let Some(at) = attributes.spans.get("schedule.cron")
            && !watched
        {
            let message = format!("nobody hears when `{}` fails", pipeline.name);
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("it runs by itself, and has no `owner`, `notify` or `finally`")
                    .help("add `notify: { email: [\"team@example.com\"], on: [\"failure\"] }`, or an `owner`"),
            );
        }
    }
}
