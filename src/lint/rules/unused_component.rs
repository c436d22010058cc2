//! A component that no pipeline calls, in a file of pipelines.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::resolve::module::Callee;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_COMPONENT,
    level: Level::Warn,
    fixes: false,
    check,
};

/// A file without a pipeline is a library: what it defines is for others.
fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if !context.is_program() {
        return;
    }
    for (at, component) in context.components() {
        if !context.is_called(Callee::Component(at)) {
            let definition = &component.definition;
            let message = format!("nothing calls `{}`", definition.name);
            found.push(
                Diagnostic::new(RULE.code, definition.span, message)
                    .label("neither this file nor another that was checked")
                    .help("remove it, or move it to a file that others `use`"),
            );
        }
    }
}
