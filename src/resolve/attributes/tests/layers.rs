//! Layers merged, and what only the whole shows.

use indexmap::IndexMap;

use super::super::{Reported, check_merged, merge, pipeline};
use super::{Place, check, component, seconds, shell, sound};
use crate::graph::{
    Cache, Notify, NotifyOn, Overlap, Resources, Retry, Schedule, SecretRef, Step, TaskAttributes,
    Toleration, VolumeSource,
};
use crate::value::Value;

fn merged(sources: &[&str]) -> TaskAttributes {
    let layers: Vec<_> = sources
        .iter()
        .map(|source| sound(Place::Component, source))
        .collect();
    merge(&layers.iter().collect::<Vec<_>>())
}

fn run() -> Step {
    Step::Run(Vec::new())
}

fn map(entries: &[(&str, &str)]) -> IndexMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn nothing_set_is_the_default() {
    assert_eq!(merge(&[]), TaskAttributes::default());
    assert_eq!(
        merged(&["", "retry: { }, env: { }, packages: []"]),
        TaskAttributes::default()
    );
}

#[test]
fn the_nearest_wins_key_by_key() {
    let attributes = merged(&[
        "image: \"far\", retry: { attempts: 2, delay: 5m }, env: { A: \"far\", B: \"far\" }, cache: true, timeout: 1h
         resources: { cpu: 1, gpu: 2 }, packages: [\"a\", \"b\"]",
        "retry: { attempts: 3, backoff: 2.0 }, env: { B: \"mid\", C: \"mid\" }, cache: 24h, packages: [\"c\"]",
        "image: \"near\", env: { C: \"near\" }, resources: { gpu: 0, memory: 4GiB }, timeout: 10m",
    ]);
    assert_eq!(attributes.image.as_deref(), Some("near"));
    assert_eq!(
        attributes.retry,
        Retry {
            attempts: 3,
            delay: seconds(300),
            backoff: 2.0,
            max_delay: None
        }
    );
    assert_eq!(
        attributes.env,
        map(&[("A", "far"), ("B", "mid"), ("C", "near")])
    );
    assert_eq!(attributes.cache, Cache::For(seconds(86_400)));
    assert_eq!(attributes.timeout, Some(seconds(600)));
    assert_eq!(attributes.packages, ["c"]);
    let resources = Resources {
        cpu: Some(1.0),
        memory: Some(4 << 30),
        ..Resources::default()
    };
    assert_eq!(attributes.resources, resources);
}

#[test]
fn maps_in_blocks_merge_too_and_lists_do_not() {
    let attributes = merged(&[
        "kubernetes: { node_selector: { a: \"1\", b: \"1\" }, tolerations: [{ key: \"x\" }], image_pull_secrets: [\"r\"] }
         argo: { node_selector: { a: \"1\" }, security_context: { run_as_user: 1, fs_group: 2 } }
         labels: { team: \"a\" }, secrets: { S: \"one/k\", T: \"one/k\" }",
        "kubernetes: { node_selector: { b: \"2\" }, tolerations: [{ operator: \"Exists\", effect: \"NoExecute\", duration: 5m }] }
         argo: { node_selector: { b: \"2\" }, security_context: { run_as_user: 3 }, mutex: \"m\" }
         labels: { app: \"b\" }, secrets: { S: \"two/k\" }",
    ]);
    let kubernetes = &attributes.kubernetes;
    assert_eq!(kubernetes.node_selector, map(&[("a", "1"), ("b", "2")]));
    assert_eq!(kubernetes.image_pull_secrets, ["r"]);
    let toleration = Toleration {
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        duration: Some(seconds(300)),
        ..Toleration::default()
    };
    assert_eq!(kubernetes.tolerations, [toleration]);
    assert_eq!(attributes.labels, map(&[("team", "a"), ("app", "b")]));
    let secret = |name: &str| SecretRef {
        name: name.to_owned(),
        key: "k".to_owned(),
    };
    assert_eq!(attributes.secrets["S"], secret("two"));
    assert_eq!(attributes.secrets["T"], secret("one"));
    let argo = &attributes.targets.0["argo"];
    assert_eq!(argo["mutex"], Value::Str("m".to_owned()));
    assert_eq!(argo["node_selector"].json(), r#"{"a": "1", "b": "2"}"#);
    assert_eq!(
        argo["security_context"].json(),
        r#"{"run_as_user": 3, "fs_group": 2}"#
    );
}

#[test]
fn volumes_are_typed() {
    let attributes = merged(&["kubernetes: { volumes: [
            { name: \"a\", claim: \"c\", mount: \"/a\", read_only: true },
            { name: \"b\", config_map: \"m\", mount: \"/b\" },
            { name: \"s\", secret: \"x\", mount: \"/s\" },
            { name: \"t\", empty_dir: true, mount: \"/t\" } ] }"]);
    let volumes = &attributes.kubernetes.volumes;
    let sources: Vec<&VolumeSource> = volumes.iter().map(|volume| &volume.source).collect();
    assert_eq!(
        sources,
        [
            &VolumeSource::Claim("c".to_owned()),
            &VolumeSource::ConfigMap("m".to_owned()),
            &VolumeSource::Secret("x".to_owned()),
            &VolumeSource::EmptyDir,
        ]
    );
    assert_eq!(volumes[0].mount, "/a");
    assert!(volumes[0].read_only && !volumes[1].read_only);
}

#[test]
fn spans_name_what_was_set_and_the_blocks_around_it() {
    let far = sound(
        Place::Defaults,
        "retry: { attempts: 2, delay: 5m }, tags: []"
            .split(", tags")
            .next()
            .unwrap(),
    );
    let near_source = "env: { HOME: \"/x\" }, retry: { attempts: 3 }, packages: [\"a\"], kubernetes: { volumes: [] }";
    let near = sound(Place::Component, near_source);
    let spans = merge(&[&far, &near]).spans;
    let text = |name: &str| spans.get(name).map(|span| &near_source[span.range()]);
    assert_eq!(text("env"), Some("env"));
    assert_eq!(text("env.HOME"), Some("HOME: \"/x\""));
    assert_eq!(text("retry"), Some("retry"));
    assert_eq!(text("retry.attempts"), Some("attempts: 3"));
    assert_eq!(text("packages"), Some("packages"));
    assert!(spans.get("retry.delay").is_some());
    assert_eq!(text("retry.backoff"), None);
    assert_eq!(near.span("retry.attempts"), spans.get("retry.attempts"));
    assert_eq!(near.span("image"), None);
}

#[test]
fn an_empty_list_takes_back_and_sets_nothing() {
    let attributes = merged(&["packages: [\"a\"]", "packages: []"]);
    assert_eq!(attributes.packages, [""; 0]);
    assert_eq!(attributes.spans.get("packages"), None);
}

#[test]
fn a_pipeline_has_its_own_and_defaults() {
    let layer = sound(
        Place::Pipeline,
        "owner: \"mlops\", tags: [\"ml\", \"training\"], timeout: 6h, parallelism: 4, depends_on_past: true
         schedule: { cron: \"@daily\", start: \"2024-01-01\", timezone: \"UTC\", catchup: false, overlap: \"forbid\" }
         notify: { email: [\"mlops@company.com\"], on: [\"failure\", \"success\"] }
         defaults: { image: \"python:3.12-slim\", retry: { attempts: 2, delay: 5m } }
         labels: { team: \"ml\" }, argo: { ttl: 7d, pod_gc: \"OnPodSuccess\" }",
    );
    let attributes = pipeline(&layer);
    assert_eq!(attributes.owner.as_deref(), Some("mlops"));
    assert_eq!(attributes.tags, ["ml", "training"]);
    assert_eq!(attributes.timeout, Some(seconds(21_600)));
    assert_eq!(attributes.parallelism, Some(4));
    assert!(attributes.depends_on_past);
    assert_eq!(
        attributes.schedule,
        Some(Schedule {
            cron: "@daily".to_owned(),
            start: Some("2024-01-01".to_owned()),
            end: None,
            timezone: "UTC".to_owned(),
            catchup: false,
            overlap: Overlap::Forbid,
        })
    );
    let notify = Notify {
        email: vec!["mlops@company.com".to_owned()],
        on: vec![NotifyOn::Failure, NotifyOn::Success],
    };
    assert_eq!(attributes.notify, Some(notify));
    assert_eq!(attributes.labels, map(&[("team", "ml")]));
    assert_eq!(
        attributes.targets.get("argo", "ttl"),
        Some(&Value::Int(604_800))
    );
    for name in [
        "schedule",
        "schedule.overlap",
        "notify",
        "argo.pod_gc",
        "labels",
    ] {
        assert!(attributes.spans.get(name).is_some(), "{name}");
    }
    assert_eq!(attributes.spans.get("defaults"), None);
    let task = merge(&[&layer.defaults()]);
    assert_eq!(task.image.as_deref(), Some("python:3.12-slim"));
    assert_eq!(task.retry.attempts, 2);
    assert_eq!(task.timeout, None);
}

#[test]
fn what_stands_unsaid_about_a_schedule_and_mail() {
    let layer = sound(
        Place::Pipeline,
        "schedule: { cron: \"0 3 * * *\" }, notify: { email: [\"a@b.c\"] }",
    );
    let attributes = pipeline(&layer);
    let schedule = attributes.schedule.expect("a schedule");
    assert_eq!(schedule.timezone, "UTC");
    assert_eq!(schedule.overlap, Overlap::Allow);
    assert_eq!(attributes.notify.expect("mail").on, [NotifyOn::Failure]);
    assert_eq!(merge(&[&layer.defaults()]), TaskAttributes::default());
}

#[test]
fn what_is_at_fault_is_left_out_and_the_rest_holds() {
    let (layer, diagnostics) = check(
        Place::Component,
        "retry: { attempts: 0, delay: 5m }, env: { A: \"1\", \"B-C\": \"2\" }, image: \"a b\", resources: 4",
    );
    assert_eq!(diagnostics.len(), 4);
    let attributes = merge(&[&layer]);
    assert_eq!(attributes.retry.attempts, 1);
    assert_eq!(attributes.retry.delay, seconds(300));
    assert_eq!(attributes.env, map(&[("A", "1")]));
    assert_eq!(attributes.image, None);
}

fn merged_codes(
    attributes: &TaskAttributes,
    step: Step,
    reported: &mut Reported,
) -> Vec<&'static str> {
    check_merged(attributes, &component(step), reported)
        .iter()
        .map(|d| d.code.as_str())
        .collect()
}

#[test]
fn the_merged_whole_is_checked_once() {
    let far = sound(
        Place::Defaults,
        "retry: { delay: 5m }, env: { TOKEN: \"x\", data: \"y\" }",
    );
    let near = sound(
        Place::Component,
        "retry: { attempts: 2, max_delay: 1m }, secrets: { TOKEN: \"a/b\" }",
    );
    let attributes = merge(&[&far, &near]);
    let mut reported = Reported::default();
    let expected = ["E0522", "E0523", "E0524"];
    assert_eq!(merged_codes(&attributes, shell(), &mut reported), expected);
    // The same component, called again.
    assert_eq!(merged_codes(&attributes, shell(), &mut reported), [""; 0]);
    // A variable is no port's shell variable in other steps.
    let mut reported = Reported::default();
    assert_eq!(
        merged_codes(&attributes, run(), &mut reported),
        expected[..2]
    );
    // Another task mends one of them.
    let with = sound(Place::With, "retry: { max_delay: 5m }");
    let mut reported = Reported::default();
    let attributes = merge(&[&far, &near, &with]);
    assert_eq!(merged_codes(&attributes, run(), &mut reported), ["E0523"]);
}
