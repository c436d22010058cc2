//! A package whose version is whatever is newest when the step starts.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};
use crate::syntax::ast;

pub const RULE: Rule = Rule {
    code: codes::PACKAGE_UNPINNED,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for written in context.written.iter().filter(|one| one.name == "packages") {
        let ast::Expr::List(list) = &written.value else {
            continue;
        };
        for item in list.items() {
            let Some(package) = string(&item) else {
                continue;
            };
            let pinned = package
                .split_once("==")
                .is_some_and(|(_, version)| !version.contains('*'));
            if !pinned {
                let message = format!("`{package}` is another version tomorrow");
                found.push(
                    Diagnostic::new(RULE.code, context.place(&item), message)
                        .label("no version is fixed")
                        .help(format!(
                            "fix one: `{}==1.2.3`",
                            package
                                .split(['=', '<', '>', '~', '!', ' '])
                                .next()
                                .unwrap_or("")
                        )),
                );
            }
        }
    }
}
