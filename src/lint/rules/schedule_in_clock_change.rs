//! A schedule at an hour that is skipped, or comes twice, when clocks change.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, cron};

pub const RULE: Rule = Rule {
    code: codes::SCHEDULE_IN_CLOCK_CHANGE,
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
        let Some(change) = cron::in_clock_change(&schedule.cron, &schedule.timezone) else {
            continue;
        };
        let (what, when) = match change {
            cron::Change::Skipped(when) => ("is skipped", when),
            cron::Change::Twice(when) => ("comes twice", when),
        };
        let message = format!(
            "`{}` fires at a time that {what} in `{}`",
            pipeline.name, schedule.timezone
        );
        let report = Diagnostic::new(RULE.code, at, message).label(format!(
            "fires {}; the clocks change then, as at {when}",
            cron::words(&schedule.cron)
        ));
        let report = match attributes.spans.get("schedule.timezone") {
            Some(zone) => report.also(zone, "this zone has summer time"),
            None => report,
        };
        found.push(report.help("choose an hour of the day, or `timezone: \"UTC\"`"));
    }
}
