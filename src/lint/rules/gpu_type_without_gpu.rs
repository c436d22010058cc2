//! The kind of a GPU that is not asked for.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, fix};

pub const RULE: Rule = Rule {
    code: codes::GPU_TYPE_WITHOUT_GPU,
    level: Level::Warn,
    fixes: true,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut of_use = HashSet::new();
    let mut idle = Vec::new();
    for (attributes, _) in context.settings() {
        let Some(at) = attributes.spans.get("resources.gpu_type") else {
            continue;
        };
        match attributes.resources.gpu {
            None | Some(0) => idle.push(at),
            Some(_) => {
                of_use.insert(at);
            }
        }
    }
    let mut told = HashSet::new();
    for at in idle {
        if of_use.contains(&at) || !told.insert(at) {
            continue;
        }
        let report = Diagnostic::new(
            RULE.code,
            at,
            "`gpu_type` has no effect: no GPU is asked for",
        )
        .label("`gpu` is not set")
        .help("add `gpu: 1`, or remove this");
        let entry = context.written_at(at);
        let fix = entry.map(|one| fix::element(context.text(), context.place(&one.entry)));
        found.push(report.fix(fix));
    }
}
