//! A name, or a whole file, that is taken and not used.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, Edit, codes};
use crate::lint::{Context, Rule, fix, walk};
use crate::syntax::ast::{self, AstNode};

pub const RULE: Rule = Rule {
    code: codes::UNUSED_USE,
    level: Level::Warn,
    fixes: true,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mentioned = walk::mentioned(context.ast());
    for item in context.ast().items() {
        let ast::Item::Use(node) = item else { continue };
        let whole = fix::element(context.text(), context.place(&node));
        let names = match node.names() {
            Some(names) => names,
            None => {
                if let Some(alias) = node.alias()
                    && !mentioned.contains(alias.text())
                {
                    found.push(report(context, &alias, whole));
                }
                continue;
            }
        };
        let is_used = |name: &ast::UseName| {
            name.local()
                .is_none_or(|local| mentioned.contains(local.text()))
        };
        let idle: Vec<&ast::UseName> = names.iter().filter(|name| !is_used(name)).collect();
        for name in &idle {
            let Some(local) = name.local() else { continue };
            // When all of them go, the line goes; else one at a time, for two that meet would leave a comma between them.
            let edit = match idle.len() == names.len() {
                true => whole.clone(),
                false => fix::element(context.text(), name.span(context.file())),
            };
            found.push(report(context, &local, edit));
        }
    }
}

fn report(context: &Context<'_>, name: &ast::Name, edit: Edit) -> Diagnostic {
    let message = format!("`{}` is not used", name.text());
    Diagnostic::new(RULE.code, name.span(context.file()), message)
        .label("nothing here calls it or names it as a type")
        .help("remove it")
        .fix([edit])
}
