//! Two names of one pipeline that differ in what the eye passes over.

use std::collections::{HashMap, HashSet};

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
        // A statement without a name has one of ours, which its text does not show.
        let names = params
            .chain(locals)
            .filter(|(name, span)| context.sources.text(*span).ends_with(name));
        for Pair { name, other, why } in pairs(names) {
            let message = format!("`{}` is easily taken for `{}`", name.0, other.0);
            found.push(
                Diagnostic::new(RULE.code, name.1, message)
                    .label(why)
                    .also(other.1, "the other one")
                    .help("say in the name what makes it another"),
            );
        }
    }
}

type Named<'a> = (&'a str, Span);

struct Pair<'a> {
    name: Named<'a>,
    other: Named<'a>,
    why: &'static str,
}

/// How a name looks from afar, and what two names that look so differ by.
#[derive(PartialEq, Eq, Hash)]
enum Look {
    /// Without its underscores.
    Plain(String),
    /// With one letter for those that look alike.
    Alike(String),
    /// Without the number at its end, for names of which one has none.
    Unnumbered(String),
}

impl Look {
    fn difference(&self) -> &'static str {
        match self {
            Look::Plain(_) => "they differ by an underscore alone",
            Look::Alike(_) => "they differ by letters that look alike",
            Look::Unnumbered(_) => "they differ by a number alone",
        }
    }
}

/// Each name that looks like an earlier one.
fn pairs<'a>(names: impl Iterator<Item = Named<'a>>) -> Vec<Pair<'a>> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut looks: HashMap<Look, Named<'a>> = HashMap::new();
    // Names without a number, and the first with one of each such name.
    let mut bare: HashMap<&str, Named<'a>> = HashMap::new();
    let mut found = Vec::new();
    for named in names {
        let name = named.0;
        if !seen.insert(name) {
            continue;
        }
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = match stem == name {
            true => looks.get(&Look::Unnumbered(name.to_owned())),
            false => bare.get(stem),
        };
        let mut alike = numbered
            .filter(|_| stem.len() > 1 && !stem.ends_with('_'))
            .map(|other| (*other, Look::Unnumbered(String::new()).difference()));
        let mut own = vec![Look::Plain(name.replace('_', ""))];
        if name.len() > 2 {
            let folded = name.replace(['1', 'i'], "l").replace('0', "o");
            own.push(Look::Alike(folded));
        }
        for look in own {
            let other = looks.get(&look).copied();
            alike = alike.or(other.map(|other| (other, look.difference())));
            looks.entry(look).or_insert(named);
        }
        match stem == name {
            true => drop(bare.insert(name, named)),
            false => {
                let look = Look::Unnumbered(stem.to_owned());
                looks.entry(look).or_insert(named);
            }
        }
        if let Some((other, why)) = alike {
            found.push(Pair {
                name: named,
                other,
                why,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn names_that_differ_by_a_trifle() {
        let alike = |names: &[&str]| {
            let span = Span::new(FileId(0), 0, 0);
            let pairs = pairs(names.iter().map(|name| (*name, span)));
            let pairs = pairs.iter();
            pairs
                .map(|pair| format!("{} {}", pair.other.0, pair.name.0))
                .collect::<Vec<_>>()
        };
        for (a, b) in [
            ("data", "data1"),
            ("data12", "data"),
            ("train_set", "trainset"),
            ("model_l", "model_1"),
        ] {
            assert_eq!(alike(&[a, b]), [format!("{a} {b}")]);
        }
        assert_eq!(
            alike(&[
                "data", "date", "data_1", "x", "x1", "fit1", "fit2", "fits", "data"
            ]),
            [""; 0]
        );
    }
}
