//! `$port` without quotes in a script: the shell splits its text at blanks and expands `*` in it.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Step;
use crate::lint::{Context, Rule};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode};
use crate::types::Type;

pub const RULE: Rule = Rule {
    code: codes::UNQUOTED_PORT,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for written in context.written.iter().filter(|one| one.name == "shell") {
        let ast::Expr::Literal(literal) = &written.value else {
            continue;
        };
        let span = literal.span(context.file());
        let component = context.components().find(|(_, component)| {
            let at = written
                .entry
                .syntax()
                .parent()
                .and_then(|body| body.parent());
            let name = at
                .and_then(ast::Component::cast)
                .and_then(|node| node.name());
            name.is_some_and(|name| name.span(context.file()) == component.definition.span)
        });
        let (Some((_, component)), Some(decoded)) = (component, literal.decoded()) else {
            continue;
        };
        let definition = &component.definition;
        if !matches!(definition.step, Step::Shell(_)) {
            continue;
        }
        for (offset, length, name) in unquoted(&decoded.text) {
            let port = definition.inputs.iter().find(|port| port.name == name);
            if !port.is_some_and(|port| is_free_text(&port.ty)) {
                continue;
            }
            let start = span.start as usize + decoded.source_offset(offset);
            let at = Span::new(span.file, start, start + length);
            let message = format!("the shell splits the text of `{name}` at its blanks");
            found.push(
                Diagnostic::new(RULE.code, at, message)
                    .label("not in quotes")
                    .help(format!("write `\"${name}\"`")),
            );
        }
    }
}

/// Its text may hold blanks and wildcards.
fn is_free_text(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) => is_free_text(inner),
        Type::Str | Type::Dict(_) | Type::Record(_) => true,
        Type::List(item) => item.artifact().is_none(),
        _ => false,
    }
}

/// Where a variable stands outside of quotes, how long it is written, and its name. A script with a here-document is left alone.
fn unquoted(script: &str) -> Vec<(usize, usize, &str)> {
    let mut found = Vec::new();
    if script.contains("<<") {
        return found;
    }
    let bytes = script.as_bytes();
    let (mut at, mut double) = (0, false);
    // The word so far assigns: what follows `=` is not split.
    let mut assigns = false;
    let mut word_start = true;
    // What was open around each `$(` or `(`: a command substitution has quotes of its own.
    let mut outer: Vec<(bool, bool)> = Vec::new();
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'\\' => at += 1,
            b'"' => double = !double,
            b'\'' if !double => {
                at += script[at + 1..]
                    .find('\'')
                    .map_or(bytes.len() - at, |end| end + 1);
            }
            b'#' if !double && word_start => {
                at += script[at..].find('\n').unwrap_or(bytes.len() - at);
                continue;
            }
            b'$' if script[at..].starts_with("$((") => {
                at += script[at..]
                    .find("))")
                    .map_or(bytes.len() - at, |end| end + 1);
            }
            b'$' if script[at..].starts_with("$(") => {
                outer.push((double, assigns));
                (double, assigns, word_start) = (false, false, true);
                at += 2;
                continue;
            }
            b'(' if !double => {
                outer.push((double, assigns));
                (assigns, word_start) = (false, true);
                at += 1;
                continue;
            }
            b')' if !double => {
                (double, assigns) = outer.pop().unwrap_or((false, false));
            }
            b'$' => {
                let rest = &script[at + 1..];
                let braced = rest.starts_with('{');
                let inner = &rest[usize::from(braced)..];
                let length = inner
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(inner.len());
                let name = &inner[..length];
                let written = 1 + length + usize::from(braced) * 2;
                // `${name+..}` and the like hold words of their own.
                let plain = !braced || inner[length..].starts_with('}');
                let after_case = script[..at].trim_end().ends_with("case");
                if !double && !assigns && !after_case && plain && length > 0 {
                    found.push((at, written, name));
                }
                at += length;
            }
            b'=' if !word_start => assigns = true,
            b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' if !double => {
                word_start = true;
                assigns = false;
                at += 1;
                continue;
            }
            _ => {}
        }
        word_start = false;
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn variables_outside_of_quotes_are_found() {
        let names = |script: &str| -> Vec<String> {
            let found = unquoted(script);
            found
                .iter()
                .map(|(_, _, name)| (*name).to_owned())
                .collect()
        };
        assert_eq!(names("echo $a ${b} \"$c ${d}\" '$e' \\$f"), ["a", "b"]);
        assert_eq!(names("x=$a; case $b in *) ;; esac # $c"), [""; 0]);
        assert_eq!(names("echo $((n + 1)) \"it's $a\" $b"), ["b"]);
        assert_eq!(names("cat <<END\n$a\nEND"), [""; 0]);
        assert_eq!(names("curl --data=$a $b$c"), ["b", "c"]);
        assert_eq!(names("echo ${a-} 'open"), [""; 0]);
        assert_eq!(
            names("[ \"$(cat \"$a\" $b)\" = \"$c\" ] && (echo $d)"),
            ["b", "d"]
        );
        assert_eq!(names("x=$(cat $a)$b; `cat $c`"), ["a", "c"]);
    }
}
