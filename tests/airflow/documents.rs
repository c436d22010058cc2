//! What is written: the JSON, the loader, the stub; what Airflow makes of the attributes; what is refused or degrades.

use serde_json::json;

use crate::{AIRFLOWS, Case, case, engine, python};

/// Holds the source and what it compiled to in a snapshot.
fn snapshot(case: &Case, name: &str, source: &str) {
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        let files = case.emitted();
        insta::assert_snapshot!(format!("airflow_{name}"), format!("{}\n----\n{}", source.trim(), files[0]));
    });
}

#[test]
fn control_flow() {
    let source = r#"
component score(n: int) -> float { run: ["score", n, output] }
component deploy(score: float) -> str { shell: "deploy \"$score\" > \"$output\"" }
component alarm(status: str) { run: ["alarm", status] }

pipeline training(ns: list[int] = [1, 2], least: float in 0.0..=1.0 = 0.5) -> (scores: list[float], url: str?) {
  scores = for n in ns limit 2 {
    one = score(n)
    one
  }
  first = score(0) after scores
  require first > 0, f"only {first}"
  deployed = if first >= least { deploy(first) }
  finally { alarm(run.status) }
  return { scores: scores, url: deployed }
}
"#;
    snapshot(&case(source), "control", source);
}

#[test]
fn a_dag_has_its_attributes() {
    let source = r#"
component hello() { run: ["echo", "hello"] }

## Says hello.
##
## Every night.
pipeline greet(
  ## What for.
  n: int in 1..=9 = 1,
) {
  owner: "mlops"
  tags: ["ml", "daily"]
  labels: { team: "x" }
  schedule: { cron: "@daily", start: "2024-01-01", end: "2025-06-30T18:00", timezone: "Europe/Berlin", catchup: true, overlap: "queue" }
  notify: { email: ["a@b.c"], on: ["failure", "success"] }
  timeout: 6h
  parallelism: 3
  hello() with { retry: { attempts: 3, delay: 5m, backoff: 2.0, max_delay: 10m }, timeout: 2h, airflow: { pool: "p" } }
}
"#;
    let case = case(source);
    snapshot(&case, "attributes", source);
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let dag = case.load(airflow);
        for (key, value) in [
            ("fileloc", json!("greet.py")),
            ("description", json!("Says hello.")),
            ("timetable", json!("CronDataIntervalTimetable")),
            ("catchup", json!(true)),
            ("max_active_runs", json!(1)),
            ("max_active_tasks", json!(3)),
            ("dagrun_timeout", json!(21600.0)),
            ("tags", json!(["daily", "ml", "team=x"])),
            ("has_failure_callback", json!(true)),
            ("params", json!(["n"])),
        ] {
            assert_eq!(dag[key], value, "{key}: {dag:#}");
        }
        let schedule = dag["schedule"].as_str().expect("a text");
        assert!(schedule.contains("0 0 * * *"), "{schedule}");
        // Both in the zone of the schedule.
        assert_eq!(dag["start_date"], "2023-12-31 23:00:00+00:00");
        assert_eq!(dag["end_date"], "2025-06-30 16:00:00+00:00");
        let task = &dag["tasks"]["hello"];
        for (key, value) in [
            ("upstream", json!(["mlpc-params"])),
            ("retries", json!(2)),
            ("retry_delay", json!(300.0)),
            ("execution_timeout", json!(7200.0)),
            ("pool", json!("p")),
            ("owner", json!("mlops")),
        ] {
            assert_eq!(task[key], value, "{key}: {task:#}");
        }
    }
}

#[test]
fn assets_start_a_run() {
    let source = |schedule: &str| {
        format!(
            "component hello() {{ run: [\"echo\"] }}\npipeline greet() {{\n  {schedule}\n  airflow: {{ trigger: [\"s3://bucket/raw\"] }}\n  hello()\n}}\n"
        )
    };
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let both = case(&source("schedule: { cron: \"0 1 * * *\" }")).load(airflow);
        assert!(
            both["timetable"]
                .as_str()
                .expect("a name")
                .ends_with("OrTimeSchedule"),
            "{both:#}"
        );
        let alone = case(&source("")).load(airflow);
        let name = alone["timetable"].as_str().expect("a name");
        assert!(
            name.contains("Asset") || name.contains("Dataset"),
            "{alone:#}"
        );
    }
}

#[test]
fn the_graph_is_that_of_the_pipeline() {
    let case = python(
        r#"
pipeline outer(n: int = 1) -> (a: str) {
  a = say("a")
  b = if n > 0 { c = say(a)
    c } else { d = say("d")
    d }
  inner = for x in [1, 2] { e = say(b)
    e }
  f = say("f") after inner
  return { a: f }
}
"#,
    );
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let dag = case.load(airflow);
        let tasks = dag["tasks"].as_object().expect("tasks by their ids");
        let mut edges: Vec<String> = tasks
            .iter()
            .map(|(name, task)| {
                let upstream = task["upstream"].as_array().expect("a list").iter();
                let upstream: Vec<_> = upstream.filter_map(|id| id.as_str()).collect();
                format!(
                    "{name} <- {} ({})",
                    upstream.join(" "),
                    task["trigger_rule"].as_str().unwrap_or_default()
                )
            })
            .collect();
        edges.sort();
        let expected = [
            "a <- mlpc-params (all_success)",
            "b-if <- a (all_success)",
            "b-join <- c d (none_failed_min_one_success)",
            "c <- b-if (all_success)",
            "d <- b-if (all_success)",
            "f <- inner-list (all_success)",
            "inner-list <- inner.e (none_failed_min_one_success)",
            "inner.e <- b-join (all_success)",
            "mlpc-outputs <- f (all_success)",
            "mlpc-params <-  (all_success)",
        ];
        assert_eq!(edges, expected);
        assert_eq!(dag["groups"], json!(["inner"]));
    }
}

#[test]
fn three_files_are_written_and_none_holds_the_users_text_as_code() {
    let case = case(
        "component echo(text: str) { run: [\"echo\", text, \"import os\"] }\npipeline quoting(a: str = \"'; import os\") { echo(\"\\\"\\\"\\\"\") }\n",
    );
    let files = case.emitted();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["quoting.airflow.json", "quoting.py", "mlpc_airflow_v1.py"]
    );
    let other = python("pipeline other() { say(\"x\") }\n").emitted();
    assert_eq!(
        files["mlpc_airflow_v1.py"], other["mlpc_airflow_v1.py"],
        "the loader is the same for all"
    );
    assert_eq!(
        files["quoting.py"].replace("quoting", "other"),
        other["other.py"]
    );
    // What Airflow's discovery looks for.
    let stub = files["quoting.py"].to_lowercase();
    assert!(stub.contains("airflow") && stub.contains("dag"));
    assert!(!files["mlpc_airflow_v1.py"].contains("@SHIM@"));
}

#[test]
fn an_artifact_may_be_a_parameter_and_an_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.txt");
    std::fs::write(&data, "rows").expect("it is writable");
    let case = python(
        r#"
pipeline imported(data: Model, more: Model?) -> (text: str, none: str, kept: Model) {
  text = content(data)
  none = content(more)
  kept = copy("x", data)
  return { text: text, none: none, kept: kept.copy }
}
"#,
    );
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let path = data.to_str().expect("its name is text");
        for location in [path.to_owned(), format!("file://{path}")] {
            let ran = case.run_on(airflow, &json!({ "data": location }));
            assert_eq!(ran.outcome.status, "succeeded", "{}", ran.log);
            assert_eq!(ran.outcome.outputs["text"], "rows");
            assert_eq!(ran.outcome.outputs["none"], "nothing");
            let kept = ran.outcome.outputs["kept"]["artifact"]
                .as_str()
                .expect("a path");
            assert_eq!(std::fs::read_to_string(kept).expect("it is there"), "rows");
        }
        let ran = case.run_on(airflow, &json!({ "data": format!("file://{path}.gone") }));
        assert_eq!(ran.outcome.status, "failed", "{}", ran.log);
        assert!(
            ran.log.contains("parameter `data`: there is nothing at"),
            "{}",
            ran.log
        );
    }
}

/// The codes and places of what is said of a source.
fn said(case: &Case) -> Vec<String> {
    let (compilation, ..) = case.compilation();
    let said = compilation.diagnostics.iter();
    said.map(|said| format!("{} {}", said.code.as_str(), said.message))
        .collect()
}

#[test]
fn what_airflow_can_not_do_is_refused() {
    for (body, message) in [
        (
            "xs = items(2)\n  for x in xs {\n    ys = items(x)\n    for y in ys { double(y) }\n  }",
            "E0601 `airflow` can't do a `for` over a run-time list inside another",
        ),
        (
            "xs = items(2)\n  for x in xs { part(x) }",
            "E0601 `airflow` can't do a `for` over a run-time list inside another",
        ),
        (
            "part(1) with { timeout: 1h }",
            "E0601 `airflow` can't do `timeout` on a nested pipeline",
        ),
        (
            "schedule: { cron: \"@daily\", overlap: \"replace\" }\n  say(\"x\")",
            "E0601 `airflow` can't do `schedule.overlap: \"replace\"`",
        ),
    ] {
        let case = python(&format!(
            "pipeline part(n: int) {{\n  ns = items(n)\n  for one in ns {{ score(one) }}\n}}\npipeline whole() {{\n  {body}\n  used = part(3)\n}}\n"
        ));
        assert!(
            said(&case).iter().any(|said| said == message),
            "{body}: {:?}",
            said(&case)
        );
    }
}

#[test]
fn what_degrades_hangs_on_the_operator() {
    let source = r#"
component train() {
  shell: "true"
  image: "alpine:3.20"
  resources: { cpu: 1, disk: 1GiB }
}
pipeline p() { train() }
"#;
    let degraded = |operator: &str| {
        let case = case(source).file(
            "mlpc.toml",
            &format!("[target.airflow]\noperator = \"{operator}\"\n"),
        );
        said(&case)
    };
    assert_eq!(
        degraded("bash"),
        [
            "W0601 `resources.cpu` degrades on `airflow`",
            "W0601 `resources.disk` degrades on `airflow`"
        ]
    );
    assert_eq!(
        degraded("docker"),
        ["W0601 `resources.disk` degrades on `airflow`"]
    );
    assert_eq!(degraded("kubernetes"), Vec::<String>::new());
}
