//! A condition whose outcome is known while compiling, where no task is lost by it: that has a warning of its own.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::CONSTANT_CONDITION,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let here = context.decided.iter();
    for one in here.filter(|one| one.span.file == context.file()) {
        let label = match (one.required, one.holds) {
            (true, true) => "the run goes on every time",
            (true, false) => "no run gets past this",
            (false, true) => "the branch runs every time",
            (false, false) => "the branch never runs",
        };
        let message = format!("this condition is always {}", one.holds);
        found.push(
            Diagnostic::new(RULE.code, one.span, message)
                .label(label)
                .help("compare with a parameter or with what a step gives"),
        );
    }
}
