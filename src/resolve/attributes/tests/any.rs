//! Whatever a user writes: a report, never a panic, and what passes can be built.

use std::time::Duration;

use proptest::prelude::*;

use super::super::table::{BLOCKS, TABLE};
use super::super::{Place, Reported, check_merged, layer, merge, pipeline};
use super::{component, shell};
use crate::resolve::constant::{Constant, ConstantKind, Entry};
use crate::source::{FileId, Span};

fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

fn key() -> impl Strategy<Value = String> {
    let known: Vec<String> = TABLE
        .iter()
        .map(|row| row.key)
        .chain(BLOCKS.iter().map(|block| block.name))
        .chain(["key", "name", "mount", "claim", "operator", "value"])
        .map(str::to_owned)
        .collect();
    prop_oneof![8 => proptest::sample::select(known), 1 => any::<String>()]
}

fn text() -> impl Strategy<Value = String> {
    const SHAPED: &[&str] = &[
        "",
        "a",
        "a/b",
        "/a",
        "a==1",
        "a@b.c",
        "@daily",
        "0 0 31 2 *",
        "UTC",
        "2024-01-01",
        "9999-12-31T23:59:59-23:59",
        "0000-01-01",
        "1é2s",
        "12é",
        "{{",
        "-",
        ".",
        "16Gi",
        "Exists",
        "é/é",
    ];
    prop_oneof![
        2 => proptest::sample::select(SHAPED).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z0-9@:/.,=~<>\\[\\]*+TZ -]{0,20}",
    ]
}

fn constant() -> impl Strategy<Value = Constant> {
    let plain = prop_oneof![
        4 => text().prop_map(ConstantKind::Str),
        1 => any::<i64>().prop_map(ConstantKind::Int),
        1 => (-2i64..5).prop_map(ConstantKind::Int),
        1 => any::<f64>().prop_map(ConstantKind::Float),
        1 => any::<bool>().prop_map(ConstantKind::Bool),
        1 => any::<Duration>().prop_map(ConstantKind::Duration),
        1 => (0u64..100).prop_map(|s| ConstantKind::Duration(Duration::from_secs(s))),
        1 => any::<u64>().prop_map(ConstantKind::Size),
    ];
    let nested = plain.prop_recursive(4, 40, 6, |inner| {
        let constant = inner.prop_map(|kind| Constant { kind, span: span() });
        let entry = (key(), constant.clone()).prop_map(|(key, value)| Entry {
            key,
            key_span: span(),
            value,
        });
        prop_oneof![
            proptest::collection::vec(constant, 0..5).prop_map(ConstantKind::List),
            proptest::collection::vec(entry, 0..6).prop_map(ConstantKind::Record),
        ]
    });
    nested.prop_map(|kind| Constant { kind, span: span() })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (key(), constant()).prop_map(|(key, value)| Entry {
        key,
        key_span: span(),
        value,
    });
    proptest::collection::vec(entry, 0..8)
}

proptest! {
    #[test]
    fn anything_is_checked_and_what_passes_is_built(far in entries(), near in entries()) {
        let mut diagnostics = Vec::new();
        for place in [Place::Component, Place::With, Place::NestedWith, Place::Defaults, Place::Pipeline] {
            let far = layer(&far, place, &mut diagnostics);
            let near = layer(&near, place, &mut diagnostics);
            pipeline(&far);
            for layers in [[&far, &near], [&far.defaults(), &near]] {
                let attributes = merge(&layers);
                check_merged(&attributes, &component(shell()), &mut Reported::default());
                attributes.retry.delays();
            }
        }
        for diagnostic in diagnostics {
            let line = |text: &str| !text.is_empty() && !text.contains('\n');
            prop_assert!(line(&diagnostic.message), "{:?}", diagnostic);
            prop_assert!(diagnostic.labels.iter().all(|label| line(&label.text)), "{:?}", diagnostic);
        }
    }
}
