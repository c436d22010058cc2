//! An output whose path a command or a script never mentions.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Step;
use crate::lint::{Context, Rule};

use super::mentions;

pub const RULE: Rule = Rule {
    code: codes::OUTPUT_NOT_WRITTEN,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, component) in context.components() {
        let definition = &component.definition;
        for output in &definition.outputs {
            if mentions(&definition.step, &output.name) {
                continue;
            }
            let help = match definition.step {
                Step::Shell(_) => format!("write it: `.. > \"${}\"`", output.name),
                _ => format!("hand the command its path: `{}`", output.name),
            };
            let message = format!("`{}` does not write `{}`", definition.name, output.name);
            found.push(
                Diagnostic::new(RULE.code, output.span, message)
                    .label("the step does not name the path to write it to")
                    .help(help),
            );
        }
    }
}
