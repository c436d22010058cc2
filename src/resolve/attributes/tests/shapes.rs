//! The table, and the shapes of its rows.

use super::super::table::{Attribute, BLOCKS, Place, TABLE, find, find_block, keys};
use super::super::{STEP_KEYS, merge, pipeline};
use super::{check, codes, seconds, sound};
use crate::graph::{Cache, PipelineAttributes, TaskAttributes};

const PLACES: [Place; 5] = [
    Place::Component,
    Place::With,
    Place::NestedWith,
    Place::Defaults,
    Place::Pipeline,
];

fn whole(row: &super::super::table::Row) -> String {
    match row.block {
        "" => format!("{}: {}", row.key, row.example),
        block => format!("{block}: {{ {}: {} }}", row.key, row.example),
    }
}

#[test]
fn every_row_takes_its_example_where_it_may_stand_and_nowhere_else() {
    for row in TABLE {
        for place in PLACES {
            let (_, diagnostics) = check(place, &whole(row));
            let expected = match find(row.block, row.key, place) {
                // Keys of a schedule or of `notify` need others, which this test leaves out.
                Some(_) => diagnostics.iter().all(|d| d.code.as_str() == "E0507"),
                None => diagnostics.len() == 1 && diagnostics[0].code.as_str() == "E0502",
            };
            let messages: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
            assert!(expected, "{} at {place:?}: {messages:?}", row.name());
        }
    }
}

#[test]
fn every_row_says_something_in_the_built_attributes() {
    for row in TABLE {
        match row.attribute {
            Attribute::Task(_) => {
                let attributes = merge(&[&sound(Place::Component, &whole(row))]);
                assert_ne!(attributes, TaskAttributes::default(), "{}", row.name());
                assert!(
                    attributes.spans.get(&row.name()).is_some(),
                    "{}",
                    row.name()
                );
            }
            Attribute::Pipeline(_) => {
                // With the keys that the block can't be without, and a value that isn't the default.
                let source = match row.name().as_str() {
                    "schedule.catchup" => {
                        "schedule: { cron: \"@daily\", start: \"2024-01-01\", catchup: true }"
                            .to_owned()
                    }
                    "schedule.cron" | "notify.email" => whole(row),
                    name if name.starts_with("schedule") => {
                        format!(
                            "schedule: {{ cron: \"@daily\", {}: {} }}",
                            row.key, row.example
                        )
                    }
                    name if name.starts_with("notify") => {
                        format!(
                            "notify: {{ email: [\"a@b.c\"], {}: {} }}",
                            row.key, row.example
                        )
                    }
                    _ => whole(row),
                };
                let layer = sound(Place::Pipeline, &source);
                let attributes = pipeline(&layer);
                if row.key == "defaults" {
                    assert_ne!(merge(&[&layer.defaults()]), TaskAttributes::default());
                    continue;
                }
                assert_ne!(attributes, PipelineAttributes::default(), "{}", row.name());
                assert!(
                    attributes.spans.get(&row.name()).is_some(),
                    "{}",
                    row.name()
                );
            }
            Attribute::Target => {
                let targets = match row.allows(Place::Pipeline) {
                    true => pipeline(&sound(Place::Pipeline, &whole(row))).targets,
                    false => merge(&[&sound(Place::With, &whole(row))]).targets,
                };
                assert!(targets.get(row.block, row.key).is_some(), "{}", row.name());
            }
        }
    }
}

#[test]
fn names_in_the_table_are_unique_and_blocks_known() {
    for (at, row) in TABLE.iter().enumerate() {
        assert!(row.block.is_empty() || BLOCKS.iter().any(|block| block.name == row.block));
        assert!(!STEP_KEYS.contains(&row.key), "{}", row.key);
        for other in &TABLE[..at] {
            let apart =
                other.name() != row.name() || !other.places.iter().any(|place| row.allows(*place));
            assert!(apart, "{} stands twice", row.name());
        }
    }
    for block in BLOCKS {
        assert!(
            TABLE
                .iter()
                .any(|row| row.block == block.name && row.key == block.first)
        );
        // A key of the same name would hide the block.
        assert!(TABLE.iter().all(|row| row.key != block.name));
    }
    assert!(find_block("schedule", Place::Component).is_none());
    assert_eq!(keys("", Place::NestedWith), ["timeout"]);
    assert_eq!(
        keys("retry", Place::With),
        ["attempts", "delay", "backoff", "max_delay"]
    );
}

#[test]
fn step_keys_are_the_callers() {
    assert_eq!(
        codes(Place::Component, "python: \"a.py:f\", shell: \"x\""),
        [""; 0]
    );
    for place in [
        Place::With,
        Place::NestedWith,
        Place::Defaults,
        Place::Pipeline,
    ] {
        assert_eq!(codes(place, "shell: \"x\""), ["E0502"], "{place:?}");
    }
}

/// Sources for a component, with the codes they give.
fn expect(cases: &[(&str, &[&str])]) {
    for (source, expected) in cases {
        assert_eq!(codes(Place::Component, source), *expected, "{source}");
    }
}

#[test]
fn numbers_have_bounds() {
    expect(&[
        ("retry: { attempts: 0 }", &["E0505"]),
        ("retry: { attempts: -1 }", &["E0505"]),
        ("retry: { attempts: 1 }", &[]),
        ("retry: { attempts: 1001 }", &["E0505"]),
        ("retry: { attempts: 2.0 }", &["E0504"]),
        ("retry: { attempts: \"2\" }", &["E0504"]),
        ("retry: { backoff: 0.9 }", &["E0505"]),
        ("retry: { backoff: 1 }", &[]),
        ("retry: { backoff: -2.0 }", &["E0505"]),
        ("resources: { cpu: 0 }", &["E0505"]),
        ("resources: { cpu: 0.0 }", &["E0505"]),
        ("resources: { cpu: -1.5 }", &["E0505"]),
        ("resources: { cpu: 0.5 }", &[]),
        ("resources: { cpu: NaN }", &["E0505"]),
        ("resources: { cpu: inf }", &["E0505"]),
        ("resources: { gpu: 0 }", &[]),
        ("resources: { gpu: -1 }", &["E0505"]),
        ("resources: { gpu: 0.5 }", &["E0504"]),
        ("airflow: { pool_slots: 0 }", &["E0505"]),
    ]);
    assert_eq!(codes(Place::Pipeline, "parallelism: 0"), ["E0505"]);
    assert_eq!(
        codes(Place::Pipeline, "argo: { priority: 3000000000 }"),
        ["E0505"]
    );
}

#[test]
fn sizes_and_durations_have_units() {
    expect(&[
        ("resources: { memory: 16 }", &["E0504"]),
        ("resources: { memory: \"16Gi\" }", &["E0504"]),
        ("resources: { memory: 0GiB }", &["E0505"]),
        ("resources: { memory: 9PiB }", &["E0505"]),
        ("resources: { memory: 10m }", &["E0504"]),
        ("timeout: 30", &["E0504"]),
        ("timeout: 0s", &["E0505"]),
        ("timeout: 3651d", &["E0505"]),
        ("timeout: \"2h\"", &["E0504"]),
        ("timeout: 4GiB", &["E0504"]),
        ("retry: { delay: 0s, max_delay: 0s }", &["E0505"]),
    ]);
    assert_eq!(codes(Place::NestedWith, "timeout: 0s"), ["E0505"]);
    assert_eq!(codes(Place::Pipeline, "kubeflow: { ttl: 0s }"), ["E0505"]);
}

#[test]
fn a_cache_is_a_bool_or_a_duration() {
    for (source, cache) in [
        ("cache: false", Cache::Off),
        ("cache: true", Cache::Forever),
        ("cache: 1h30m", Cache::For(seconds(5400))),
    ] {
        assert_eq!(merge(&[&sound(Place::Component, source)]).cache, cache);
    }
    expect(&[
        ("cache: 0s", &["E0505"]),
        ("cache: \"24h\"", &["E0504"]),
        ("cache: 24", &["E0504"]),
    ]);
}

#[test]
fn lists_hold_texts_once() {
    expect(&[
        ("packages: []", &[]),
        ("packages: \"pandas\"", &["E0504"]),
        ("packages: [1, \"pandas\"]", &["E0504"]),
        ("packages: [\"pandas==1.0\", \"Pandas\"]", &["E0503"]),
        ("packages: [\"scikit_learn\", \"scikit-learn\"]", &["E0503"]),
    ]);
    let of_pipeline = |source: &str| codes(Place::Pipeline, source);
    assert_eq!(of_pipeline("tags: [\"a\", \"a\"]"), ["E0503"]);
    assert_eq!(of_pipeline("tags: [\"\"]"), ["E0514"]);
    assert_eq!(of_pipeline("notify: { email: [] }"), ["E0505"]);
    assert_eq!(
        of_pipeline("notify: { email: [\"a@b.c\"], on: [] }"),
        ["E0505"]
    );
    assert_eq!(
        of_pipeline("notify: { email: [\"a@b.c\"], on: [\"retry\"] }"),
        ["E0506"]
    );
    assert_eq!(
        of_pipeline("notify: { email: [\"a@b.c\"], on: \"failure\" }"),
        ["E0504"]
    );
}

#[test]
fn maps_check_keys_and_values() {
    expect(&[
        ("env: { }", &[]),
        (
            "env: { A: \"\", \"a b\": \"1\", \"2\": \"\" }",
            &["E0510", "E0510"],
        ),
        ("env: { A: 1 }", &["E0504"]),
        ("env: { A: \"{{ x }}\" }", &[]),
        ("env: { A: \"x\\0y\" }", &["E0514"]),
        ("env: { A: \"1\", A: \"2\" }", &["E0503"]),
        ("env: [\"A=1\"]", &["E0504"]),
        ("secrets: { \"A-B\": \"no\" }", &["E0510", "E0512"]),
        ("labels: { \"a b\": \"x y\" }", &["E0511", "E0511"]),
        (
            "kubernetes: { annotations: { a: \"any text {{ at }} all\" } }",
            &[],
        ),
    ]);
    let source =
        "prefect: { job_variables: { a: 1, b: true, c: 0.5, d: \"x\", e: [1], \"f-g\": 1 } }";
    assert_eq!(codes(Place::Pipeline, source), ["E0504", "E0514"]);
}

#[test]
fn keys_are_known() {
    expect(&[
        ("imag: \"x\"", &["E0501"]),
        ("retry: { atempts: 1 }", &["E0501"]),
        ("attempts: 3", &["E0502"]),
        ("resources: { image: \"x\" }", &["E0502"]),
        ("resources: { retry: { attempts: 1 } }", &["E0502"]),
        ("schedule: { cron: \"@daily\" }", &["E0502"]),
        ("image: \"a\", image: \"b\"", &["E0503"]),
        ("retry: { attempts: 1, attempts: 2 }", &["E0503"]),
        ("retry: { attempts: 1 }, retry: { delay: 1s }", &["E0503"]),
        ("retry: 3", &["E0504"]),
        ("argo: { security_context: { run_as_usr: 1 } }", &["E0501"]),
        (
            "argo: { security_context: { run_as_user: -1 } }",
            &["E0505"],
        ),
        ("argo: { security_context: 1 }", &["E0504"]),
    ]);
}

#[test]
fn tolerations_are_what_kubernetes_takes() {
    let tolerations = |inner: &str| {
        let source = format!("kubernetes: {{ tolerations: [{inner}] }}");
        codes(Place::Component, &source)
    };
    for sound in [
        "{ operator: \"Exists\" }",
        "{ key: \"gpu\" }",
        "{ key: \"gpu\", value: \"yes\", effect: \"NoSchedule\" }",
        "{ key: \"a\", operator: \"Exists\", effect: \"NoExecute\", duration: 0s }",
        "{ key: \"a\" }, { key: \"a\" }",
    ] {
        assert_eq!(tolerations(sound), [""; 0], "{sound}");
    }
    for (faulty, code) in [
        ("{ }", "E0516"),
        ("{ value: \"x\" }", "E0516"),
        (
            "{ key: \"a\", operator: \"Exists\", value: \"x\" }",
            "E0516",
        ),
        ("{ key: \"a\", duration: 5m }", "E0516"),
        ("{ key: \"a\", effect: \"noschedule\" }", "E0506"),
        ("{ key: \"a\", when: 1 }", "E0501"),
        ("{ key: \"a\", key: \"b\" }", "E0503"),
        ("\"gpu\"", "E0504"),
    ] {
        assert_eq!(tolerations(faulty), [code], "{faulty}");
    }
    assert_eq!(
        codes(Place::With, "kubernetes: { tolerations: { key: \"a\" } }"),
        ["E0504"]
    );
}

#[test]
fn volumes_have_one_source() {
    let volumes = |inner: &str| {
        let source = format!("kubernetes: {{ volumes: [{inner}] }}");
        codes(Place::Component, &source)
    };
    let sound = "{ name: \"a\", claim: \"c\", mount: \"/a\" }, { name: \"b\", claim: \"c\", mount: \"/b\" }";
    assert_eq!(volumes(sound), [""; 0]);
    assert_eq!(
        volumes("{ name: \"a\", empty_dir: true, mount: \"/a\" }"),
        [""; 0]
    );
    for (faulty, expected) in [
        ("{ claim: \"c\", mount: \"/a\" }", &["E0507"][..]),
        ("{ name: \"a\", claim: \"c\" }", &["E0507"]),
        ("{ name: \"a\", mount: \"/a\" }", &["E0515"]),
        (
            "{ name: \"a\", empty_dir: false, mount: \"/a\" }",
            &["E0515"],
        ),
        (
            "{ name: \"a\", claim: \"c\", secret: \"s\", mount: \"/a\" }",
            &["E0515"],
        ),
        ("{ name: \"a\", claim: \"c\", mount: \"a\" }", &["E0515"]),
        ("{ name: \"A\", claim: \"c\", mount: \"/a\" }", &["E0513"]),
        (
            "{ name: \"a\", claim: \"c\", mount: \"/a\" }, { name: \"a\", claim: \"d\", mount: \"/a\" }",
            &["E0515", "E0515"],
        ),
    ] {
        assert_eq!(volumes(faulty), expected, "{faulty}");
    }
}
