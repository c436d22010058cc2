//! Retries help against a step that fails, not against one that hangs.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::source::Span;
use indexmap::IndexMap;

pub const RULE: Rule = Rule {
    code: codes::RETRY_WITHOUT_TIMEOUT,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    // One setting may speak of many tasks, and is reported once.
    let mut places: IndexMap<Span, Vec<(&str, Span)>> = IndexMap::new();
    for (pipeline, index, task, _) in context.steps() {
        let attributes = &task.attributes;
        if attributes.retry.attempts > 1
            && attributes.timeout.is_none()
            && let Some(at) = attributes.spans.get("retry.attempts")
        {
            let node = &pipeline.graph[index];
            places.entry(at).or_default().push((&node.name, node.span));
        }
    }
    for (at, tasks) in places {
        let (name, span) = tasks[0];
        let more = match tasks.len() {
            1 => String::new(),
            2 => " and one other task".to_owned(),
            n => format!(" and {} other tasks", n - 1),
        };
        let message = format!("`{name}`{more} may be tried again, but has no `timeout`");
        let message = match tasks.len() {
            1 => message,
            _ => message.replace("but has", "but have"),
        };
        let report = Diagnostic::new(RULE.code, at, message)
            .label("an attempt that hangs is never ended, so never tried again");
        let report = match span.file == at.file {
            true => report.also(span, "has no `timeout`"),
            false => report,
        };
        found.push(report.help("add `timeout: 30m`, say, here or beside the `retry`"));
    }
}
