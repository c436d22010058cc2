//! A default that is a path in somebody's home.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};
use crate::syntax::ast::{self, AstNode};

pub const RULE: Rule = Rule {
    code: codes::LOCAL_PATH,
    level: Level::Warn,
    fixes: false,
    check,
};

const HOMES: [&str; 7] = [
    "/home/", "/Users/", "/root/", "/tmp/", "~/", "C:\\", "file:///",
];

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for port in context
        .ast()
        .syntax()
        .descendants()
        .filter_map(ast::Port::cast)
    {
        let Some(default) = port.default() else {
            continue;
        };
        let Some(path) = string(&default) else {
            continue;
        };
        if let Some(home) = HOMES.iter().find(|home| path.starts_with(*home)) {
            found.push(
                Diagnostic::new(
                    RULE.code,
                    context.place(&default),
                    "this default is a path on one machine",
                )
                .label(format!("nothing else has this `{home}`"))
                .help("name a location that all runs see, such as `s3://bucket/data.csv`, or a path from this file"),
            );
        }
    }
}
