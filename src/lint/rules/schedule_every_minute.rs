//! A schedule that leaves no time for anything.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, cron};

pub const RULE: Rule = Rule {
    code: codes::SCHEDULE_EVERY_MINUTE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let (Some(schedule), Some(at)) =
            (&attributes.schedule, attributes.spans.get("schedule.cron"))
        else {
            continue;
        };
        if cron::shortest_gap(&schedule.cron).is_some_and(|gap| gap.as_secs() <= 60) {
            let message = format!("`{}` runs minute after minute", pipeline.name);
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label(format!("fires {}", cron::words(&schedule.cron)))
                    .help("the first field is the minute: `0 * * * *` fires once an hour"),
            );
        }
    }
}
