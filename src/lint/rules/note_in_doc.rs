//! `TODO` and its like in a comment that every engine shows to its users.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::source::Span;
use crate::syntax::SyntaxKind;
use crate::syntax::ast::AstNode;

pub const RULE: Rule = Rule {
    code: codes::NOTE_IN_DOC,
    level: Level::Warn,
    fixes: false,
    check,
};

static NOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(TODO|FIXME|XXX|HACK)\b").expect("the pattern is constant"));

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let elements = context.ast().syntax().descendants_with_tokens();
    for token in elements.filter_map(|element| element.into_token()) {
        if token.kind() != SyntaxKind::DocComment {
            continue;
        }
        if let Some(note) = NOTE.find(token.text()) {
            let start = usize::from(token.text_range().start());
            let at = Span::new(context.file(), start + note.start(), start + note.end());
            found.push(
                Diagnostic::new(RULE.code, at, "a note to oneself stands in a description")
                    .label("`##` is shown to the users of the pipeline")
                    .help("write it with one `#`, which stays in this file"),
            );
        }
    }
}
