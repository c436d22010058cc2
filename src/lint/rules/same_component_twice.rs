//! Two components that differ in their names only.

use std::collections::HashMap;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::source::Span;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};

pub const RULE: Rule = Rule {
    code: codes::SAME_COMPONENT_TWICE,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<String, (String, Span)> = HashMap::new();
    for item in context.ast().items() {
        let ast::Item::Component(node) = item else {
            continue;
        };
        let Some(name) = node.name() else { continue };
        let key = key(node.syntax(), name.text());
        let span = name.span(context.file());
        match seen.get(&key) {
            Some((first, first_span)) => {
                let message = format!("`{}` is the same as `{first}`", name.text());
                found.push(
                    Diagnostic::new(RULE.code, span, message)
                        .label("the same ports, attributes and step")
                        .also(*first_span, "the first one")
                        .help(format!(
                            "call `{first}` twice, under two names: `{} = {first}(..)`",
                            name.text()
                        )),
                );
            }
            None => {
                seen.insert(key, (name.text().to_owned(), span));
            }
        }
    }
}

/// The words of a definition, without comments and its own name.
fn key(node: &SyntaxNode, name: &str) -> String {
    let mut named = false;
    let mut key = String::new();
    for token in node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
    {
        if token.kind().is_trivia() {
            continue;
        }
        if !named && token.text() == name {
            named = true;
            continue;
        }
        key.push_str(token.text());
        key.push(' ');
    }
    key
}
