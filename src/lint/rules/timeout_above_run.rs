//! A step whose timeout is no shorter than that of its whole run.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::resolve::attributes::duration_text;

pub const RULE: Rule = Rule {
    code: codes::TIMEOUT_ABOVE_RUN,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (pipeline, index, task, _) in context.steps() {
        let (Some(step), Some(run)) = (task.attributes.timeout, pipeline.attributes.timeout) else {
            continue;
        };
        let places = (
            task.attributes.spans.get("timeout"),
            pipeline.attributes.spans.get("timeout"),
        );
        if let (Some(at), Some(run_at)) = places
            && step > run
            && told.insert((at, run_at))
        {
            let message = format!(
                "`{}` may take {}, its run only {}",
                pipeline.graph[index].name,
                duration_text(step),
                duration_text(run)
            );
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("longer than the run may take")
                    .also(run_at, "the run ends here")
                    .help("lower this one, or raise the pipeline's"),
            );
        }
    }
}
