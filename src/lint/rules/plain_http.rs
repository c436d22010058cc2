//! Data fetched over HTTP can be read and changed on its way.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};
use crate::syntax::ast::{self, AstNode};

pub const RULE: Rule = Rule {
    code: codes::PLAIN_HTTP,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for literal in context
        .ast()
        .syntax()
        .descendants()
        .filter_map(ast::Literal::cast)
    {
        let span = literal.span(context.file());
        let Some(text) = string(&ast::Expr::Literal(literal)) else {
            continue;
        };
        let Some(rest) = text.strip_prefix("http://") else {
            continue;
        };
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or("");
        if is_public(host) {
            found.push(
                Diagnostic::new(
                    RULE.code,
                    span,
                    format!("`{host}` is reached without encryption"),
                )
                .label("what comes from there may be changed on the way")
                .help(format!("write `https://{host}`, if it has that")),
            );
        }
    }
}

/// A name of the internet, not of this machine or a cluster.
fn is_public(host: &str) -> bool {
    let inside = [".local", ".internal", ".svc", ".localhost", ".test", ".lan"];
    host.contains('.')
        && !host.starts_with(|c: char| c.is_ascii_digit())
        && !inside.iter().any(|end| host.ends_with(end))
}
