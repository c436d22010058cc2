//! Attributes: what Dagster makes of them, schedules, sensors, pods, the cache, secrets.

use serde_json::{Value as Json, json};

use crate::{case, text_in};

/// Values of a JSON object, by their keys; the others are left out.
fn picked(json: &Json, keys: &[&str]) -> Json {
    keys.iter()
        .map(|key| ((*key).to_owned(), json[*key].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn dagster_reads_of_assets_what_the_source_says() {
    let case = case(
        r#"
type Row = { id: int, name: str?, score: float }

component load(day: str) -> Dataset[csv, Row] {
  shell: "printf 'id,name,score\n1,,2\n' > \"$output\""
}

## Counts "rows": {{ x }}.
component count(rows: Dataset[csv, Row]) -> (n: int, copy: Dataset[csv, Row]) {
  shell: "wc -l < \"$rows\" > \"$n\"; cp \"$rows\" \"$copy\""
  retry: { attempts: 3, delay: 1s }
  dagster: { kinds: ["shell", "csv"], group: "numbers", op_tags: { "dagster/priority": "3" } }
}

component tell(n: int) -> int { shell: "printf '%s' \"$n\" > \"$output\"" }

pipeline deep(n: int) -> int {
  m = tell(n)
  return m
}

pipeline inner(day: str) -> int {
  rows = load(day)
  c = count(rows)
  twice = deep(c.n)
  return twice
}

pipeline read(day: str = "x") -> (n: int) {
  owner: "mlops@example.com"
  tags: ["a tag", "nightly"]
  labels: { team: "fraud" }
  parallelism: 2

  rows = load(day)
  c = count(rows)
  require c.n == 2, f"{c.n} lines"
  m = inner(day)
  return { n: m }
}
"#,
    );
    let compiled = case.typed();
    let Some(read) = compiled.described() else {
        return;
    };
    let assets = &read["assets"];
    let columns = json!([
        ["id", "int", false],
        ["name", "str", true],
        ["score", "float", false]
    ]);
    for (key, group) in [
        ("rows", "read"),
        ("c/n", "numbers"),
        ("c/copy", "numbers"),
        ("m/rows", "m"),
        ("m/twice/m", "m_twice"),
        ("m/twice", "m_twice"),
        ("m", "m"),
        ("read_outputs", "read"),
    ] {
        assert_eq!(assets[key]["group"], group, "{key}");
        assert_eq!(assets[key]["owners"], json!(["mlops@example.com"]), "{key}");
    }
    assert_eq!(
        picked(&assets["c/n"], &["kinds", "tags", "retries", "description"]),
        json!({ "kinds": ["csv", "shell"], "tags": { "dagster/priority": "3" }, "retries": 2,
            "description": "Counts \"rows\": {{ x }}." })
    );
    assert_eq!(assets["rows"]["columns"], columns);
    assert_eq!(assets["c/copy"]["columns"], columns);
    assert_eq!(assets["c/n"]["columns"], Json::Null);
    assert_eq!(
        read["checks"],
        json!({ "check_c_n": { "asset": "c/n", "blocking": true } })
    );
    assert_eq!(assets["m/rows"]["reads"], json!(["c/n"]));
    assert_eq!(
        picked(&read["jobs"]["read"], &["tags", "executor"]),
        json!({ "tags": { "a tag": "", "nightly": "", "team": "fraud" }, "executor": "multiprocess" })
    );
    assert!(compiled.module.contains("{\"max_concurrent\": 2}"));
    case.gives(json!({}), json!({ "n": 2 }));
}

#[test]
fn a_tick_is_a_run_or_a_reason_why_not() {
    let compiled = case(
        r#"
component tell(day: date) -> str { shell: "printf '%s' \"$day\" > \"$output\"" }

pipeline ticks(day: date = run.date) -> (day: str) {
  schedule: {
    cron: "0 3 * * *"
    timezone: "Europe/Berlin"
    start: "2024-03-01"
    end: "2024-06-01"
    overlap: "forbid"
  }
  depends_on_past: true

  told = tell(day)
  return { day: told }
}
"#,
    )
    .typed();
    let Some(read) = compiled.described() else {
        return;
    };
    assert_eq!(
        read["schedules"],
        json!({ "ticks_schedule": ["0 3 * * *", "Europe/Berlin", "RUNNING"] })
    );
    let tick = |at: &str, before: &[&str]| compiled.tick(at, before).expect("there is Dagster");
    // Over a change of the clocks: the interval has 23 hours.
    assert_eq!(
        tick("2024-04-01T01:00:00+00:00", &["SUCCESS"]),
        json!({ "tags": {
            "mlpc/date": "2024-04-01",
            "mlpc/interval_start": "2024-03-31T01:00:00Z",
            "mlpc/interval_end": "2024-04-01T01:00:00Z",
        } })
    );
    assert_eq!(
        tick("2024-03-31T01:00:00+00:00", &[])["tags"]["mlpc/interval_start"],
        "2024-03-30T02:00:00Z"
    );
    for (at, before, reason) in [
        ("2024-02-28T02:00:00+00:00", "SUCCESS", "outside"),
        ("2024-06-02T01:00:00+00:00", "SUCCESS", "outside"),
        ("2024-04-01T01:00:00+00:00", "STARTED", "under way"),
        ("2024-04-01T01:00:00+00:00", "QUEUED", "under way"),
        ("2024-04-01T01:00:00+00:00", "FAILURE", "did not succeed"),
        ("2024-04-01T01:00:00+00:00", "CANCELED", "did not succeed"),
    ] {
        let said = tick(at, &[before]);
        let said = said["skipped"].as_str().unwrap_or_default();
        assert!(said.contains(reason), "{at} after {before}: {said}");
    }
}

#[test]
fn mails_are_sent_when_a_run_has_ended() {
    let case = case(
        r#"
component fail(yes: bool) -> str { shell: "[ \"$yes\" = false ]; printf ok > \"$output\"" }

pipeline mailed(yes: bool = false) -> (out: str) {
  notify: { email: ["a@example.com", "b@example.com"], on: ["failure", "success"] }

  out = fail(yes)
  return { out: out }
}
"#,
    );
    assert!(case.codes().contains(&"W0601"), "{:?}", case.codes());
    let compiled = case.typed();
    for (yes, status) in [(false, "succeeded"), (true, "failed")] {
        let Some(outcome) = compiled.run(json!({ "yes": yes })) else {
            return;
        };
        assert_eq!(outcome.status, status, "{}", outcome.log);
        assert_eq!(
            outcome.mails,
            json!([{ "to": "a@example.com, b@example.com", "subject": format!("mailed {status}") }])
        );
    }
}

#[test]
fn pods_get_what_the_source_says() {
    let case = case(
        r#"
component train(n: int) -> int {
  shell: "printf '%s' \"$n\" > \"$output\""
  image: "alpine:3.20"
  resources: { cpu: 0.5, memory: 1GiB, gpu: 1, disk: 2GiB }
  labels: { size: "large" }
  secrets: { TOKEN: "registry/token" }
  kubernetes: {
    node_selector: { pool: "gpu" }
    service_account: "trainer"
    annotations: { "example.com/note": "it's" }
    tolerations: [{ key: "gpu", operator: "Exists", effect: "NoExecute", duration: 5m }]
    volumes: [{ name: "data", mount: "/data", claim: "datasets", read_only: true }]
    image_pull_secrets: ["registry"]
  }
}

pipeline pods(n: int = 1) -> (n: int) {
  dagster: { executor: "k8s_job", max_concurrent: 3 }

  out = train(n)
  return { n: out }
}
"#,
    );
    let compiled = case.typed();
    let Some(read) = compiled.described() else {
        return;
    };
    assert_eq!(read["jobs"]["pods"]["executor"], "k8s");
    let wanted = json!({
        "container_config": {
            "image": "alpine:3.20",
            "resources": {
                "requests": { "cpu": "0.5", "memory": "1073741824", "ephemeral-storage": "2147483648", "nvidia.com/gpu": "1" },
                "limits": { "cpu": "0.5", "memory": "1073741824", "ephemeral-storage": "2147483648", "nvidia.com/gpu": "1" },
            },
            "env": [{ "name": "TOKEN", "value_from": { "secret_key_ref": { "name": "registry", "key": "token" } } }],
            "volume_mounts": [{ "name": "data", "mount_path": "/data", "read_only": true }],
        },
        "pod_template_spec_metadata": { "labels": { "size": "large" }, "annotations": { "example.com/note": "it's" } },
        "pod_spec_config": {
            "node_selector": { "pool": "gpu" },
            "service_account_name": "trainer",
            "tolerations": [{ "key": "gpu", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 300 }],
            "volumes": [{ "name": "data", "persistent_volume_claim": { "claim_name": "datasets" } }],
            "image_pull_secrets": [{ "name": "registry" }],
        },
    });
    let tags = read["assets"]["out"]["tags"]["dagster-k8s/config"].as_str();
    let tags: Json = serde_json::from_str(tags.expect("a tag")).expect("JSON");
    assert_eq!(tags, wanted, "{tags:#}");
    // Without pods nothing would read it.
    let local = case.edited(
        "  dagster: { executor: \"k8s_job\", max_concurrent: 3 }\n",
        "",
    );
    let compiled = local.accepted();
    assert!(!compiled.module.contains("k8s"));
    assert_eq!(
        compiled.described().expect("there is Dagster")["assets"]["out"]["tags"],
        json!({})
    );
}

#[test]
fn an_earlier_result_is_taken_until_it_is_too_old() {
    let case = case(
        r#"
component count(data: Dataset, log: str) -> (n: int, copy: Dataset) {
  shell: "echo x >> \"$log\"; wc -c < \"$data\" > \"$n\"; cp \"$data\" \"$copy\""
  cache: 2s
}

pipeline counted(data: Dataset, log: str) -> (n: int, copy: Dataset) {
  c = count(data, log)
  return { n: c.n, copy: c.copy }
}
"#,
    );
    let compiled = case.typed();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file of this test");
        path
    };
    let log = file("log", "");
    let (one, same, other) = (
        file("one", "abc"),
        file("same", "abc"),
        file("other", "abcd"),
    );
    let run = |data: &std::path::Path| compiled.run(json!({ "data": data, "log": log }));
    let times = || text_in(&log).lines().count();
    let Some(first) = run(&one) else {
        return;
    };
    assert_eq!(first.state("c"), Some("succeeded"), "{}", first.log);
    let again = run(&same).expect("there is Dagster");
    assert_eq!((again.state("c"), times()), (Some("cached"), 1));
    let copy = again.outputs["copy"].as_str().expect("a path");
    assert_eq!(text_in(std::path::Path::new(copy)), "abc");
    assert_ne!(first.outputs["copy"], again.outputs["copy"]);
    let different = run(&other).expect("there is Dagster");
    assert_eq!((different.state("c"), times()), (Some("succeeded"), 2));
    assert_eq!(different.outputs["n"], 4);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let late = run(&one).expect("there is Dagster");
    assert_eq!((late.state("c"), times()), (Some("succeeded"), 3));
}

#[test]
fn a_secret_that_is_not_there_fails_the_step_before_it_starts() {
    let case = case(
        r#"
component ask(journal: str) -> str {
  shell: "echo started > \"$journal\"; printf '%s' \"$MLPC_TEST_MISSING\" > \"$output\""
  secrets: { MLPC_TEST_MISSING: "registry/token" }
}

pipeline asked(journal: str) -> (out: str) {
  out = ask(journal)
  return { out: out }
}
"#,
    );
    let compiled = case.typed();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let journal = folder.path().join("journal");
    let Some(outcome) = compiled.run(json!({ "journal": journal })) else {
        return;
    };
    assert_eq!(outcome.status, "failed");
    assert!(outcome.log.contains("MLPC_TEST_MISSING"), "{}", outcome.log);
    assert!(!journal.exists());
}

#[test]
fn nothing_of_a_nested_pipeline_is_dropped_in_silence() {
    let source = r#"
component tell(n: int) -> int { shell: "printf '%s' \"$n\" > \"$output\"" }

pipeline inner(n: int) -> int {
  ATTRIBUTE

  m = tell(n)
  return m
}

pipeline outer(n: int = 1) -> (n: int) {
  m = inner(n)
  return { n: m }
}
"#;
    for (attribute, code) in [("timeout: 1m", "E0601"), ("parallelism: 2", "W0601")] {
        let case = case(&source.replace("ATTRIBUTE", attribute));
        assert_eq!(case.codes(), [code], "{attribute}");
    }
}

/// A list of the executor's own is no limit of the threads of one op: with `parallelism` there is one.
#[test]
fn parallelism_holds_inside_one_op_too() {
    let source = r#"
component pause(n: int, folder: str) -> int {
  shell: """
    mkdir "$folder/busy" || exit 9
    sleep 0.05
    rmdir "$folder/busy"
    printf '%s' "$n" > "$output"
  """
}

component items(n: int) -> list[int] { shell: "echo '[1, 2, 3]' > \"$output\"" }

pipeline one_by_one(folder: str) -> (all: list[list[int]]) {
  parallelism: 1

  outer = items(3)
  all = for n in outer {
    inner = items(n)
    these = for m in inner {
      done = pause(m, folder)
      done
    }
    these
  }
  return { all: all }
}
"#;
    let compiled = case(source).typed();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    if let Some(outcome) = compiled.run(json!({ "folder": folder.path() })) {
        assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
        assert_eq!(
            outcome.outputs["all"],
            json!([[1, 2, 3], [1, 2, 3], [1, 2, 3]])
        );
    }
}
