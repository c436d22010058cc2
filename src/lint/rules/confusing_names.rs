//! Two names of one pipeline that differ in what the eye passes over.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};
use crate::source::Span;

pub const RULE: Rule = Rule {
    code: codes::CONFUSING_NAMES,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, _) in context.pipelines() {
        let params = pipeline
            .params
            .iter()
            .map(|param| (param.name.as_str(), param.span));
        let locals = pipeline
            .locals
            .iter()
            .map(|local| (local.name.as_str(), local.span));
        let mut names: Vec<(&str, Span)> = Vec::new();
        for (name, span) in params.chain(locals) {
            // A statement without a name has one of ours, which its text does not show.
            let written = context.sources.text(span).ends_with(name);
            if !written || names.iter().any(|(other, _)| *other == name) {
                continue;
            }
            let alike = names
                .iter()
                .find_map(|(other, at)| Some((other, at, why(other, name)?)));
            if let Some((other, at, why)) = alike {
                let message = format!("`{name}` is easily taken for `{other}`");
                found.push(
                    Diagnostic::new(RULE.code, span, message)
                        .label(why)
                        .also(*at, "the other one")
                        .help("say in the name what makes it another"),
                );
            }
            names.push((name, span));
        }
    }
}

fn why(a: &str, b: &str) -> Option<&'static str> {
    let numbered = |a: &str, b: &str| {
        b.strip_prefix(a)
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
            && !a.ends_with(|c: char| c.is_ascii_digit())
            && a.len() > 1
    };
    if numbered(a, b) || numbered(b, a) {
        return Some("they differ by a number alone");
    }
    if a.replace('_', "") == b.replace('_', "") {
        return Some("they differ by an underscore alone");
    }
    let looks = |name: &str| name.replace(['1', 'i'], "l").replace('0', "o");
    (a.len() > 2 && looks(a) == looks(b)).then_some("they differ by letters that look alike")
}

#[cfg(test)]
mod tests {
    use super::why;

    #[test]
    fn names_that_differ_by_a_trifle() {
        for (a, b) in [
            ("data", "data1"),
            ("train_set", "trainset"),
            ("model_l", "model_1"),
        ] {
            assert!(why(a, b).is_some(), "{a} {b}");
        }
        for (a, b) in [
            ("data", "date"),
            ("data1", "data2"),
            ("x", "x1"),
            ("fit", "fits"),
        ] {
            assert!(why(a, b).is_none(), "{a} {b}");
        }
    }
}
