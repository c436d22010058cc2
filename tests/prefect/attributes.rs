//! Attributes: retries, time-outs, the cache, secrets, the deployment.

use std::path::Path;

use serde_json::json;

use crate::case;
use crate::engines::engine;

#[test]
fn a_failed_attempt_is_made_again() {
    let case = case(
        r#"
component flaky(path: str) -> int {
  shell: """
    echo x >> "$path"
    lines=$(wc -l < "$path")
    [ "$lines" -ge 3 ] || exit 1
    printf '%s' "$lines" > "$output"
  """
  retry: { attempts: 4, delay: 20ms, backoff: 1.5, max_delay: 40ms }
}

pipeline again(path: str) -> (n: int) {
  n = flaky(path)
  return { n: n }
}
"#
        .replace("20ms", "1s")
        .replace("40ms", "1s")
        .as_str(),
    );
    case.accepted("retry");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lines");
    if let Some(outcome) = case.run(json!({ "path": path })) {
        assert_eq!(outcome.outputs, json!({ "n": 3 }), "{}", outcome.log);
    }
}

#[test]
fn a_time_out_ends_all_that_the_step_started() {
    let case = case(
        r#"
component slow(path: str) {
  shell: "(sleep 3; echo late > \"$path\") & sleep 30"
  timeout: 1s
}

component slow_too(path: str) {
  shell: "sleep 3; echo late > \"$path\""
}

pipeline inner(path: str) {
  b = slow_too(path)
}

pipeline late(path: str, other: str) -> (n: int) {
  slow(path)
  inner(other) with { timeout: 1s }
  return { n: 1 }
}
"#,
    );
    case.checked();
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("late"), folder.path().join("other"));
    let Some(outcome) = case.run(json!({ "path": path, "other": other })) else {
        return;
    };
    assert_eq!(outcome.status, "failed", "{}", outcome.log);
    assert_eq!(outcome.states["slow"], "failed");
    assert_eq!(outcome.states["inner"], "failed");
    assert!(
        outcome.log.contains("more than 1 seconds"),
        "{}",
        outcome.log
    );
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(!path.exists() && !other.exists());
}

#[test]
fn the_cache_goes_by_content() {
    let case = case(
        r#"
component count(data: Dataset, log: str) -> int {
  shell: "echo count >> \"$log\"; wc -c < \"$data\" > \"$output\""
  cache: 1h
}

component copy(data: Dataset, log: str) -> Dataset {
  shell: "echo copy >> \"$log\"; cp \"$data\" \"$output\""
  cache: true
}

pipeline counted(data: Dataset, log: str) -> (n: int, made: Dataset) {
  made = copy(data, log)
  n = count(made, log)
  return { n: n, made: made }
}
"#,
    );
    case.accepted("cache");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let log = folder.path().join("log");
    let (one, same, other) = (
        file("one", "abc"),
        file("same", "abc"),
        file("other", "abcd"),
    );
    let run = |data: &Path| case.run(json!({ "data": data, "log": log }));
    let Some(first) = run(&one) else {
        return;
    };
    assert_eq!(first.outputs["n"], 3, "{}", first.log);
    let again = run(&same).expect("Prefect is there");
    let states =
        |outcome: &crate::Outcome| [outcome.states["made"].clone(), outcome.states["n"].clone()];
    assert_eq!(states(&again), ["cached", "cached"], "{}", again.log);
    assert_eq!(again.outputs, first.outputs);
    // Other content is another entry.
    let changed = run(&other).expect("Prefect is there");
    assert_eq!(states(&changed), ["succeeded", "succeeded"]);
    assert_eq!(changed.outputs["n"], 4);
    // An entry whose files are gone does not count; what it makes anew does.
    let made = Path::new(first.outputs["made"].as_str().expect("a path"));
    std::fs::remove_dir_all(made.parent().expect("a folder")).expect("it is there");
    let renewed = run(&one).expect("Prefect is there");
    assert_eq!(states(&renewed), ["succeeded", "cached"], "{}", renewed.log);
    let last = run(&one).expect("Prefect is there");
    assert_eq!(states(&last), ["cached", "cached"], "{}", last.log);
}

#[test]
fn secrets_come_from_blocks() {
    let case = case(
        r#"
component tell(expected: str) -> bool {
  shell: "if [ \"$TOKEN\" = \"$expected\" ]; then echo true; else echo false; fi > \"$output\""
  secrets: { TOKEN: "team-secrets/token" }
}

pipeline told(expected: str) -> (same: bool) {
  same = tell(expected)
  return { same: same }
}
"#,
    );
    case.checked();
    let Some(prefect) = engine("prefect") else {
        return;
    };
    let secret = "it's \"{{ secret }}\" $(x)\nline";
    prefect.ask(&json!({ "do": "secret", "name": "team-secrets", "value": { "token": secret } }));
    let outcome = case
        .run(json!({ "expected": secret }))
        .expect("Prefect is there");
    assert_eq!(outcome.outputs, json!({ "same": true }), "{}", outcome.log);
}

#[test]
fn the_deployment_is_as_the_program_says() {
    let case = case(
        r#"
component hello(day: date) { shell: "echo $day" }

## Says hello.
pipeline scheduled(day: date = run.date) {
  owner: "mlops"
  tags: ["ml", "a b: c"]
  labels: { team: "x" }
  schedule: { cron: "30 6 * * 1-5", timezone: "Europe/Berlin", start: "2024-01-01", overlap: "queue" }
  prefect: { work_pool: "tests", work_queue: "default", version: "2.1", tags: ["nightly"] }
  hello(day)
}
"#,
    );
    case.accepted("deployment");
    let Some(prefect) = engine("prefect") else {
        return;
    };
    let answer = prefect.ask(&json!({ "do": "deploy", "files": case.files() }));
    assert_eq!(answer["errors"], json!([]));
    let deployment = &answer["deployment"];
    assert_eq!(deployment["version"], "2.1");
    assert_eq!(
        deployment["tags"],
        json!(["ml", "a b: c", "nightly", "owner:mlops", "team=x"])
    );
    assert_eq!(
        deployment["schedules"][0]["schedule"]["cron"],
        "30 6 * * 1-5"
    );
    assert_eq!(
        deployment["schedules"][0]["schedule"]["timezone"],
        "Europe/Berlin"
    );
    assert_eq!(
        deployment["concurrency_options"]["collision_strategy"],
        "ENQUEUE"
    );
    assert_eq!(deployment["work_pool_name"], "tests");
}

#[test]
fn the_run_knows_itself() {
    let case = case(
        r#"
component same(a: str, b: str, day: date, since: datetime, until: datetime) -> bool {
  shell: "if [ \"$a\" = \"$b\" ] && [ -n \"$a$day\" ] && [ \"$since\" != \"$until\" ]; then echo true; else echo false; fi > \"$output\""
}

pipeline itself(day: date = run.date, since: datetime = run.interval_start) -> (same: bool, inner: bool?, ordered: bool) {
  schedule: { cron: "@daily" }
  until = run.interval_end
  s = same(run.id, run.id, day, since, until)
  inner = if since < until { t = same(run.name, run.name, day, since, until)
    t }
  ordered = if since == until { false } else { true }
  return { same: s, inner: inner, ordered: ordered }
}
"#,
    );
    case.checked();
    if let Some(outcome) = case.run(json!({})) {
        let expected = json!({ "same": true, "inner": true, "ordered": true });
        assert_eq!(outcome.outputs, expected, "{}", outcome.log);
    }
}
