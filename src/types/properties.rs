//! What holds of all types: checked on every pair and triple of a few hundred small ones, and on generated constants.

use std::sync::Arc;

use indexmap::IndexMap;
use proptest::prelude::*;

use super::constant::{conform, type_of};
use super::{Artifact, ArtifactKind, Proof, Record, Refined, Refinement, Type, fits, join};
use crate::value::Value;

fn record(fields: &[(&str, &Type)]) -> Type {
    Type::record(
        fields
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), (*ty).clone()))
            .collect(),
    )
}

fn artifact(kind: ArtifactKind, format: Option<&str>, columns: Option<&Type>) -> Type {
    let columns = columns.map(|columns| match columns {
        Type::Record(record) => Arc::new(Record::clone(record)),
        other => panic!("columns are a record, not {other}"),
    });
    Type::Artifact(Arc::new(Artifact {
        kind,
        format: format.map(str::to_owned),
        columns,
    }))
}

fn small_int() -> Type {
    Type::Refined(Arc::new(Refined {
        base: Type::Int,
        refinement: Refinement::Range {
            min: Value::Int(1),
            max: Value::Int(9),
        },
    }))
}

const SCALARS: [Type; 6] = [
    Type::Str,
    Type::Int,
    Type::Float,
    Type::Bool,
    Type::Date,
    Type::DateTime,
];

/// Every form of type over few parts, two levels deep.
fn universe() -> Vec<Type> {
    let mut flat: Vec<Type> = SCALARS.to_vec();
    flat.push(small_int());
    let columns: Vec<Type> = vec![
        record(&[]),
        record(&[("a", &Type::Int)]),
        record(&[("a", &Type::Float)]),
        record(&[("a", &Type::Float.optional())]),
        record(&[("a", &Type::Int), ("b", &Type::Str)]),
        record(&[("b", &Type::Str.optional()), ("a", &Type::Float)]),
    ];
    let mut artifacts = Vec::new();
    for kind in [
        ArtifactKind::Artifact,
        ArtifactKind::Model,
        ArtifactKind::Declared("Tokenizer".into()),
    ] {
        for format in [None, Some("csv"), Some("onnx")] {
            artifacts.push(artifact(kind.clone(), format, None));
        }
    }
    for format in [None, Some("csv"), Some("onnx")] {
        artifacts.push(artifact(ArtifactKind::Dataset, format, None));
        for columns in &columns {
            artifacts.push(artifact(ArtifactKind::Dataset, format, Some(columns)));
        }
    }
    let mut deep: Vec<Type> = Vec::new();
    for inner in flat.iter().chain(&columns) {
        let containers = [
            inner.clone().list(),
            inner.clone().dict(),
            record(&[("x", inner)]),
        ];
        for container in containers {
            deep.push(container.clone().optional());
            deep.push(container.clone().list());
            deep.push(container);
        }
        deep.push(inner.clone().optional());
        deep.push(inner.clone().optional().list());
        deep.push(record(&[
            ("x", &inner.clone().optional()),
            ("y", &Type::Int),
        ]));
    }
    for artifact in &artifacts {
        deep.push(artifact.clone().optional());
        deep.push(artifact.clone().list());
    }
    flat.into_iter()
        .chain(columns)
        .chain(artifacts)
        .chain(deep)
        .collect()
}

fn proven(given: &Type, asked: &Type) -> bool {
    fits(given, asked) == Ok(Proof::Proven)
}

#[test]
fn fitting_is_reflexive() {
    for ty in universe() {
        assert!(proven(&ty, &ty), "{ty}");
    }
}

/// Unproven edges are left out on purpose: a csv file goes where any data set is taken, and any data set may be parquet.
#[test]
fn fitting_is_transitive() {
    let types = universe();
    let wider: Vec<Vec<usize>> = types
        .iter()
        .map(|given| {
            (0..types.len())
                .filter(|&at| proven(given, &types[at]))
                .collect()
        })
        .collect();
    let mut chains = 0;
    for (a, above) in wider.iter().enumerate() {
        for &b in above {
            for &c in &wider[b] {
                chains += 1;
                assert!(
                    above.binary_search(&c).is_ok(),
                    "`{}` fits `{}`, which fits `{}`",
                    types[a],
                    types[b],
                    types[c]
                );
            }
        }
    }
    // Else nothing was tested.
    assert!(
        chains > 10 * types.len(),
        "{chains} chains of {} types",
        types.len()
    );
}

/// Two types that fit each other are the same, but for refinements, which don't count.
#[test]
fn fitting_both_ways_is_being_the_same() {
    let types = universe();
    for a in &types {
        for b in &types {
            if proven(a, b) && proven(b, a) {
                assert_eq!(
                    a.to_string().replace(" in 1..=9", ""),
                    b.to_string().replace(" in 1..=9", "")
                );
            }
        }
    }
}

#[test]
fn joining_gives_what_both_fit_whichever_comes_first() {
    let types = universe();
    let mut joined = 0;
    for a in &types {
        for b in &types {
            let join = (join(a, b), join(b, a));
            assert_eq!(join.0, join.1, "`{a}` and `{b}`");
            let Some(both) = join.0 else { continue };
            joined += 1;
            assert!(proven(a, &both), "`{a}` and `{b}` join to `{both}`");
            assert!(proven(b, &both), "`{a}` and `{b}` join to `{both}`");
        }
    }
    assert!(
        joined > 2 * types.len(),
        "{joined} of {} types",
        types.len()
    );
}

/// When one type fits the other and is no wider, joining gives the wider one; but records of other fields don't join.
#[test]
fn joining_of_scalars_is_the_least() {
    for a in SCALARS {
        for b in SCALARS {
            let wider = [&a, &b]
                .into_iter()
                .find(|wider| proven(&a, wider) && proven(&b, wider));
            assert_eq!(join(&a, &b).as_ref(), wider, "`{a}` and `{b}`");
        }
    }
}

fn scalar() -> impl Strategy<Value = (Type, Value)> {
    prop_oneof![
        any::<String>().prop_map(|text| (Type::Str, Value::Str(text))),
        any::<i64>().prop_map(|int| (Type::Int, Value::Int(int))),
        (1..=9i64).prop_map(|int| (small_int(), Value::Int(int))),
        prop::num::f64::NORMAL.prop_map(|float| (Type::Float, Value::Float(float))),
        any::<bool>().prop_map(|value| (Type::Bool, Value::Bool(value))),
        (1..=9999i16, 1..=12i8, 1..=28i8)
            .prop_map(|(y, m, d)| (Type::Date, Value::Str(format!("{y:04}-{m:02}-{d:02}")))),
        (0..=23u8, 0..=59u8).prop_map(|(h, m)| (
            Type::DateTime,
            Value::Str(format!("2024-01-31T{h:02}:{m:02}:00Z"))
        )),
    ]
}

/// A type and a constant of it.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(|((ty, value), there)| match there {
                true => (ty.optional(), value),
                false => (ty.optional(), Value::Absent),
            }),
            (inner.clone(), 0..4usize)
                .prop_map(|((ty, value), times)| (ty.list(), Value::List(vec![value; times]))),
            (inner.clone(), prop::collection::vec(any::<String>(), 0..3)).prop_map(
                |((ty, value), keys)| {
                    let entries = keys.into_iter().map(|key| (key, value.clone()));
                    (ty.dict(), Value::Map(entries.collect()))
                }
            ),
            prop::collection::vec(inner, 0..4).prop_map(|fields| {
                let named = || {
                    fields
                        .iter()
                        .enumerate()
                        .map(|(at, field)| (format!("f{at}"), field))
                };
                let types: IndexMap<String, Type> =
                    named().map(|(name, (ty, _))| (name, ty.clone())).collect();
                let values = named()
                    .map(|(name, (_, value))| (name, value.clone()))
                    .collect();
                (Type::record(types), Value::Map(values))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_constant_of_a_type_conforms_unchanged((ty, value) in typed()) {
        prop_assert_eq!(conform(&value, &ty), Ok(value));
    }

    #[test]
    fn a_constant_reads_back_from_its_json((ty, value) in typed()) {
        let json: serde_json::Value = serde_json::from_str(&value.json()).expect("it is JSON");
        prop_assert_eq!(conform(&Value::from_json(&json), &ty), Ok(value));
    }

    /// What comes out is of the type: to conform once more changes nothing.
    #[test]
    fn conforming_is_done_at_once((_, value) in typed(), (ty, _) in typed()) {
        if let Ok(conforming) = conform(&value, &ty) {
            prop_assert_eq!(conform(&conforming, &ty), Ok(conforming));
        }
    }

    /// A constant that nothing is expected of is one of the type that it is given.
    #[test]
    fn a_constant_is_of_its_own_type((_, value) in typed()) {
        let ty = type_of(&value);
        prop_assert!(conform(&value, &ty).is_ok(), "{} is no {}", value.json(), ty);
    }

    #[test]
    fn a_constant_is_of_every_wider_type((ty, value) in typed()) {
        let wider = [ty.clone().optional(), ty.unrefined(), Type::Unknown];
        for wider in wider {
            prop_assert!(fits(&ty, &wider).is_ok());
            prop_assert!(conform(&value, &wider).is_ok());
        }
    }
}
