//! What a user reads.

use super::{Place, check};

/// The diagnostics of a source as text: message, labels with what they underline, help.
fn shown(place: Place, source: &str) -> String {
    let (_, diagnostics) = check(place, source);
    let mut text = format!("{source}\n");
    for diagnostic in &diagnostics {
        text += &format!("  {}: {}\n", diagnostic.code, diagnostic.message);
        for label in &diagnostic.labels {
            text += &format!("    `{}` {}\n", &source[label.span.range()], label.text);
        }
        if let Some(help) = &diagnostic.help {
            text += &format!("    help: {help}\n");
        }
    }
    text
}

fn snapshot(name: &str, place: Place, sources: &[&str]) {
    let all: Vec<String> = sources.iter().map(|source| shown(place, source)).collect();
    let settings = insta::Settings::clone_current();
    settings.bind(|| {
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, all.join("\n"));
        });
    });
}

#[test]
fn on_a_component() {
    snapshot(
        "attributes_component",
        Place::Component,
        &[
            "imgae: \"python\"",
            "foo: 1",
            "retries: 3",
            "attempts: 3",
            "atempts: 3",
            "shel: \"x\"",
            "shedule: { cron: \"@daily\" }",
            "schedule: { cron: \"@daily\" }",
            "cron: \"@daily\"",
            "tags: [\"a\"]",
            "pool: \"deploys\"",
            "argo: { pod_gc: \"OnPodSuccess\" }",
            "argo: { annotations: { a: \"b\" } }",
            "retry: { memory: 4GiB, wait: 1s, timeout: 5m }",
            "resources: { retry: { attempts: 3 }, shell: \"x\" }",
            "retry: 3",
            "resources: \"large\"",
            "resources: { memory: 16, cpu: \"500m\" }",
            "resources: { memory: \"16Gi\", gpu: \"1\", disk: 0GiB }",
            "resources: { gpu_type: \"nvidia-tesla-t4\" }",
            "timeout: 30",
            "timeout: \"2h\"",
            "timeout: 0s",
            "cache: 0s",
            "cache: \"yes\"",
            "retry: { attempts: 0, backoff: 0.5, delay: 4000d }",
            "image: \"python 3.12\"",
            "image: \"Acme/Train:1\"",
            "image: \"docker://python:3\"",
            "image: \"\"",
            "image: 3.12",
            "packages: [\"pandas=2.2\", \"numpy~=2\", \"-r req.txt\", \"a\", \"A\", 3]",
            "packages: \"pandas\"",
            "env: { \"MY-VAR\": \"x\", \"1ST\": \"x\", N: 1, N: 2 }",
            "env: [\"A=1\"]",
            "secrets: { KEY: \"wandb\" }",
            "labels: { \"my team\": \"ml ops\" }",
            "kubernetes: { service_account: \"ml_Trainer\", volumes: [{ mount: \"/a\", clam: \"x\" }] }",
            "kubernetes: { tolerations: [{ key: \"gpu\", effect: \"noSchedule\" }, { value: \"x\" }] }",
            "kubeflow: { image_pull_policy: \"always\" }",
        ],
    );
}

#[test]
fn on_a_pipeline_and_elsewhere() {
    snapshot(
        "attributes_pipeline",
        Place::Pipeline,
        &[
            "image: \"python:3.12\"",
            "attempts: 3",
            "kubernetes: { service_account: \"a\" }",
            "shell: \"x\"",
            "schedule: \"@daily\"",
            "schedule: { crn: \"@daily\" }",
            "schedule: { cron: \"0 0 3 * * *\", overlap: \"skip\" }",
            "schedule: { cron: \"0 22-2 * * 7\" }",
            "schedule: { cron: \"0 0 30 2 *\", timezone: \"Berlin\" }",
            "schedule: { cron: \"@dayly\", timezone: \"europe/berlin\" }",
            "schedule: { cron: \"@daily\", start: \"2024-02-30\", end: \"1.1.2024\" }",
            "schedule: { cron: \"@daily\", start: \"2024-02-01\", end: \"2024-01-01\" }",
            "schedule: { cron: \"@daily\", catchup: true }",
            "schedule_interval: \"@daily\"",
            "notify: \"mlops@company.com\"",
            "notify: { email: \"mlops@company.com\" }",
            "notify: { email: [\"a@b.c, d@e.f\", \"mlops\"], on: [] }",
            "parallelism: 0",
            "owner: \"\"",
            "defaults: { owner: \"x\", image: \"a b\", defaults: { } }",
            "defaults: { schedule: { cron: \"@daily\" } }",
        ],
    );
    snapshot(
        "attributes_nested_with",
        Place::NestedWith,
        &[
            "image: \"a\"",
            "retry: { attempts: 3 }",
            "tineout: 5m",
            "foo: 1",
        ],
    );
}
