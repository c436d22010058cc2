//! A component without a word about what it does.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::COMPONENT_UNDESCRIBED,
    level: Level::Allow,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, component) in context.components() {
        let definition = &component.definition;
        if definition.doc.trim().is_empty() {
            let message = format!("`{}` has no description", definition.name);
            found.push(
                Diagnostic::new(RULE.code, definition.span, message)
                    .label("engines show it beside the name")
                    .help("write one above it: `## Drops incomplete rows.`"),
            );
        }
    }
}
