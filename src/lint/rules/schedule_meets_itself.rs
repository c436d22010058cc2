//! A run that may last until the next one is due, which then starts beside it.

use std::time::Duration;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Overlap;
use crate::lint::{Context, Rule, cron};
use crate::resolve::attributes::duration_text;

pub const RULE: Rule = Rule {
    code: codes::SCHEDULE_MEETS_ITSELF,
    level: Level::Warn,
    fixes: false,
    check,
};

/// A run without a timeout is expected to be over by then.
const USUAL: Duration = Duration::from_secs(3600);

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let (Some(schedule), Some(at)) =
            (&attributes.schedule, attributes.spans.get("schedule.cron"))
        else {
            continue;
        };
        // Who writes `allow` has thought of it.
        let said = attributes.spans.get("schedule.overlap").is_some();
        if schedule.overlap != Overlap::Allow || said {
            continue;
        }
        let Some(gap) = cron::shortest_gap(&schedule.cron) else {
            continue;
        };
        let words = cron::words(&schedule.cron);
        let report = match attributes.timeout {
            Some(timeout) if timeout > gap => Diagnostic::new(
                RULE.code,
                at,
                format!(
                    "a run may take {}, and the next starts after {}",
                    duration_text(timeout),
                    duration_text(gap)
                ),
            ),
            None if gap < USUAL => Diagnostic::new(
                RULE.code,
                at,
                format!(
                    "the next run starts after {}, however long this one takes",
                    duration_text(gap)
                ),
            ),
            _ => continue,
        };
        let report = report.label(format!("fires {words}"));
        let report = match attributes.spans.get("timeout") {
            Some(timeout) => report.also(timeout, "how long a run may take"),
            None => report,
        };
        found.push(
            report.help(
                "say what happens then: `overlap: \"forbid\"`, or `\"allow\"` if they may meet",
            ),
        );
    }
}
