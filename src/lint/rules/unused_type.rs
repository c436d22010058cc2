//! A type or an artifact kind that nothing uses, in a file of pipelines.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, walk};
use crate::syntax::ast;

pub const RULE: Rule = Rule {
    code: codes::UNUSED_TYPE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if !context.is_program() {
        return;
    }
    let mentioned = walk::mentioned(context.ast());
    for item in context.ast().items() {
        let name = match item {
            ast::Item::Type(node) => node.name(),
            ast::Item::Artifact(node) => node.name(),
            _ => None,
        };
        if let Some(name) = name.filter(|name| !mentioned.contains(name.text())) {
            let message = format!("nothing uses the type `{}`", name.text());
            found.push(
                Diagnostic::new(RULE.code, name.span(context.file()), message)
                    .label("neither this file nor another that was checked")
                    .help("remove it, or move it to a file that others `use`"),
            );
        }
    }
}
