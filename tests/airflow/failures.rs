//! Runs that fail: what fails, what does not start for it, and what runs all the same.

use serde_json::json;

use crate::{AIRFLOWS, case, engine, python};

#[test]
fn what_needs_a_failed_task_does_not_start_and_the_rest_runs() {
    let case = python(
        r#"
pipeline part(fails: bool) -> str {
  inside = fail_if(fails)
  finally { clean = join(run.status) }
  return inside
}

pipeline partly(fails: bool = true) -> (out: str) {
  out    = fail_if(fails)
  needs  = say(f"after {out}")
  nested = part(false) after needs
  picked = if out == "fine" { p = say("p")
    p } else { "q" }
  free   = say("free")
  more   = double(2) after free
  return { out: needs }
}
"#,
    );
    let here = case.run_here(&json!({}));
    assert_eq!(here.states["needs"], json!("not_run"));
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let mut ran = case.run_on(airflow, &json!({}));
        assert_eq!(ran.outcome.status, "failed", "{}", ran.log);
        // The one difference: `finally` of a call that did not start is skipped.
        assert_eq!(
            ran.outcome.states["nested.clean"],
            json!("skipped"),
            "{}",
            ran.log
        );
        ran.outcome.states["nested.clean"] = json!("not_run");
        assert_eq!(ran.outcome.states, here.states, "{}", ran.log);
    }
}

#[test]
fn a_failure_in_a_nested_pipeline_and_in_a_loop() {
    let case = python(
        r#"
pipeline part(fails: bool) -> str {
  inside = fail_if(fails)
  other  = say("other")
  finally { clean = join(run.status) }
  return other
}

pipeline fails(n: int = 2) -> (a: str) {
  nested = part(true)
  after_it = say(nested)
  xs = items(n)
  loop = for x in xs {
    flag = if x == 1 { yes = fail_if(true)
      yes } else { no = fail_if(false)
      no }
    next = say(flag)
    next
  }
  sum = say(f"{loop}")
  return { a: after_it }
}
"#,
    );
    case.agrees(json!({}));
}

#[test]
fn what_was_required_is_in_the_log() {
    let case = python(
        r#"
pipeline gated(n: int = 1) -> (out: str) {
  above = double(n)
  require above > 10, f"only {above}"
  below = say("below")
  finally { status = join(run.status) }
  return { out: below }
}
"#,
    );
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        assert!(case.run_on(airflow, &json!({})).log.contains("only 2"));
    }
}

#[test]
fn attempts_and_timeouts() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = case(
        r#"
component third(log: str) -> int {
  shell: """
    echo x >> "$log"
    [ "$(wc -l < "$log")" -ge 3 ]
    echo 3 > "$output"
  """
  retry: { attempts: 3, delay: 1s, backoff: 2.0, max_delay: 2s }
}
component slow(log: str) {
  shell: """
    echo begun >> "$log"
    sleep 60 & wait
    echo ended >> "$log"
  """
  timeout: 1s
}
pipeline tries(log: str, other: str) -> (n: int) {
  n = third(log)
  s = slow(other)
  return { n: n }
}
"#,
    );
    for airflow in AIRFLOWS {
        let Some(engine) = engine(airflow) else {
            continue;
        };
        let (log, other) = (
            folder.path().join(airflow),
            folder.path().join(format!("{airflow}-slow")),
        );
        let ran = case.run_on(engine, &json!({ "log": log, "other": other }));
        assert_eq!(ran.outcome.status, "failed", "{}", ran.log);
        assert_eq!(ran.outcome.states["n"], json!("succeeded"), "{}", ran.log);
        assert_eq!(ran.outcome.states["s"], json!("failed"), "{}", ran.log);
        assert_eq!(
            std::fs::read_to_string(&log).expect("it was written"),
            "x\nx\nx\n"
        );
        assert_eq!(
            std::fs::read_to_string(&other).expect("it was written"),
            "begun\n"
        );
    }
}

#[test]
fn bad_parameters_fail_the_run_before_its_tasks() {
    let case = python(
        r#"
pipeline checked(n: int in 1..=5 = 1, day: date in "2024-01-01"..="2024-12-31" = "2024-05-05", name: str matches "[a-z]+" = "x") -> (out: int) {
  out = double(n)
  finally { clean = join(run.status) }
  return { out: out }
}
"#,
    );
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        for (arguments, said) in [
            (
                json!({ "m": 1 }),
                "no parameter is called m; there are: n, day, name",
            ),
            (
                json!({ "day": "2025-01-01" }),
                "parameter `day`: expected date in",
            ),
        ] {
            let ran = case.run_on(airflow, &arguments);
            assert_eq!(ran.outcome.status, "failed", "{arguments}: {}", ran.log);
            assert_eq!(ran.outcome.states["out"], json!("not_run"), "{}", ran.log);
            assert_eq!(ran.outcome.states["clean"], json!("skipped"), "{}", ran.log);
            assert!(ran.log.contains(said), "{}", ran.log);
        }
        // Airflow's own schema refuses the run.
        for arguments in [
            json!({ "n": 6 }),
            json!({ "n": "1" }),
            json!({ "name": "X" }),
        ] {
            let ran = case.run_on(airflow, &arguments);
            assert_ne!(ran.outcome.status, "succeeded", "{arguments}: {}", ran.log);
            assert!(
                !ran.outcome
                    .states
                    .values()
                    .any(|state| state == "succeeded")
            );
        }
    }
}
