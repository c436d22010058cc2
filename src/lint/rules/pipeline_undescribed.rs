//! A pipeline that others see, without a word about what it does.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::PIPELINE_UNDESCRIBED,
    level: Level::Warn,
    fixes: false,
    check,
};

/// A pipeline with an owner, tags or a schedule is one that others meet in a list.
fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        let attributes = &pipeline.attributes;
        let seen = ["owner", "tags", "schedule"]
            .iter()
            .find_map(|key| Some((key, attributes.spans.get(key)?)));
        let scheduled = attributes
            .spans
            .get("schedule.cron")
            .map(|at| (&"schedule", at));
        if let Some((key, at)) = seen.or(scheduled)
            && pipeline.doc.trim().is_empty()
        {
            let message = format!("`{}` has no description", pipeline.name);
            found.push(
                Diagnostic::new(RULE.code, pipeline.span, message)
                    .label("engines show it beside the name")
                    .also(at, format!("with `{key}` it is for others to see"))
                    .help("write one above it: `## Trains the churn model every night.`"),
            );
        }
    }
}
