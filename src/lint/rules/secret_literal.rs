//! A password, token or key in the text of a program.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule, string};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode};

pub const RULE: Rule = Rule {
    code: codes::SECRET_LITERAL,
    level: Level::Warn,
    fixes: false,
    check,
};

/// The forms that issuers gave their keys so that they can be found.
static ISSUED: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{36}",
        r"\bgithub_pat_[A-Za-z0-9_]{22}",
        r"\bglpat-[A-Za-z0-9_-]{20}",
        r"\bxox[abprs]-[A-Za-z0-9-]{10}",
        r"\bsk-[A-Za-z0-9_-]{20}",
        r"\bhf_[A-Za-z0-9]{30}",
        r"\bAIza[0-9A-Za-z_-]{35}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    ])
    .expect("the patterns are constant")
});

/// `scheme://user:password@host`
static IN_ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@$\{]+@").expect("the pattern is constant")
});

/// The last words of names whose values are secrets.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "private_key",
    "secret_key",
    "credentials",
];

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let file = context.file();
    let mut told: Vec<Span> = Vec::new();
    let mut report = |span: Span, label: &str| {
        if !told.contains(&span) {
            told.push(span);
            found.push(
                Diagnostic::new(RULE.code, span, "what looks like a secret stands in the text")
                    .label(label)
                    .help("refer to it: `secrets: { NAME: \"secret/key\" }`; and change it, for it was written down"),
            );
        }
    };
    for written in &context.written {
        let Some((_, variable)) = written.name.split_once("env.") else {
            continue;
        };
        if is_secret(variable) && string(&written.value).is_some_and(|text| is_filled(&text)) {
            let label = "a variable of this name holds a secret";
            report(context.place(&written.value), label);
        }
    }
    for port in context
        .ast()
        .syntax()
        .descendants()
        .filter_map(ast::Port::cast)
    {
        if let (Some(name), Some(default)) = (port.name(), port.default())
            && is_secret(name.text())
            && string(&default).is_some_and(|text| is_filled(&text))
        {
            report(
                default.span(file),
                "a parameter of this name holds a secret",
            );
        }
    }
    for node in context.ast().syntax().descendants() {
        let texts = match ast::Expr::cast(node) {
            Some(ast::Expr::Literal(literal)) => {
                let text = string(&ast::Expr::Literal(literal.clone()));
                text.map(|text| (text, literal.span(file)))
            }
            Some(ast::Expr::FString(fstring)) => {
                Some((fstring.syntax().text().to_string(), fstring.span(file)))
            }
            _ => None,
        };
        let Some((text, span)) = texts else { continue };
        if ISSUED.is_match(&text) {
            report(span, "this has the form of an issued key");
        } else if IN_ADDRESS.is_match(&text) {
            report(span, "this address holds a password");
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|secret| {
        name.strip_suffix(secret)
            .is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// More than a place-holder, a number, or where the secret is kept.
fn is_filled(text: &str) -> bool {
    text.len() >= 6
        && !text.starts_with(['/', '<', '$'])
        && !text.contains("://")
        && !text.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !["example", "changeme", "placeholder"].contains(&text)
}
