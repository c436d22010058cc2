//! The suite leaves nothing of the language out.

use std::collections::BTreeSet;

use mlpc::source::FileId;
use mlpc::syntax::{self, SyntaxKind};
use mlpc::target::{self, Feature};

use super::case::cases;

/// Tokens that no correct program has, or that mean nothing.
const NOT_IN_PROGRAMS: &[SyntaxKind] = &[
    SyntaxKind::OddBlank,
    SyntaxKind::BadNumber,
    SyntaxKind::ForeignString,
    SyntaxKind::HoleJunk,
    SyntaxKind::Foreign,
    SyntaxKind::Unknown,
    SyntaxKind::Eof,
    SyntaxKind::Error,
];

fn all() -> bool {
    std::env::var_os("CASE").is_none()
}

#[test]
fn every_feature_has_a_case() {
    if !all() {
        return;
    }
    let used: BTreeSet<Feature> = cases().iter().flat_map(|case| case.features()).collect();
    let gaps: Vec<&str> = Feature::ALL
        .iter()
        .filter(|(feature, _)| !used.contains(feature))
        .map(|(_, title)| *title)
        .collect();
    assert!(gaps.is_empty(), "no case uses {}", gaps.join(", "));
}

#[test]
fn every_construct_of_the_grammar_is_in_a_case() {
    if !all() {
        return;
    }
    let mut found = BTreeSet::new();
    for case in cases() {
        for (name, text) in case.files.iter().filter(|(name, _)| name.ends_with(".mlp")) {
            let parse = syntax::parse(FileId(0), text);
            assert!(!parse.has_errors(), "{}/{name}", case.name);
            found.extend(
                parse
                    .syntax()
                    .descendants_with_tokens()
                    .map(|element| element.kind()),
            );
        }
    }
    let gaps: Vec<String> = [SyntaxKind::TOKENS, SyntaxKind::NODES]
        .concat()
        .into_iter()
        .filter(|kind| !found.contains(kind) && !NOT_IN_PROGRAMS.contains(kind))
        .map(|kind| format!("{kind:?}"))
        .collect();
    assert!(gaps.is_empty(), "no case has {}", gaps.join(", "));
}

#[test]
fn there_are_enough_cases_and_each_says_what_it_is_about() {
    if !all() {
        return;
    }
    assert!(cases().len() > 40, "{} cases", cases().len());
    for case in cases() {
        assert!(
            case.expect.about.ends_with('.'),
            "{}: {}",
            case.name,
            case.expect.about
        );
        assert!(!case.expect.runs.is_empty(), "{} is never run", case.name);
    }
}

/// A case that refuses or leaves out where the language reference itself does not run says nothing.
#[test]
fn the_reference_runs_what_it_does_not_refuse() {
    let local = target::find("local").expect("a target");
    for case in cases() {
        let refused = case
            .features()
            .into_iter()
            .any(|feature| matches!(local.support(feature), target::Support::Refused { .. }));
        assert_eq!(
            refused,
            case.expect.on.contains_key("local"),
            "{}",
            case.name
        );
        assert!(
            case.expect
                .runs
                .iter()
                .all(|run| !run.on.contains_key("local")),
            "{}",
            case.name
        );
    }
}
