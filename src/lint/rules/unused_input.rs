//! An input that a command or a script never mentions.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

use super::mentions;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_INPUT,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, component) in context.components() {
        let definition = &component.definition;
        for input in &definition.inputs {
            if !mentions(&definition.step, &input.name) {
                let message = format!("`{}` does not look at `{}`", definition.name, input.name);
                found.push(
                    Diagnostic::new(RULE.code, input.span, message)
                        .label("the step does not name it")
                        .help("use it, or remove it; for an order without data there is `after`"),
                );
            }
        }
    }
}
