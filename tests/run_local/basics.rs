//! Straight lines: order, values, artifacts, parameters, what is left on disk.

use mlpc::run::Status;
use serde_json::json;

use crate::support::*;

#[test]
fn values_and_artifacts_go_from_task_to_task() {
    let place = Place::new();
    let components = json!({
        "make": shell("mkdir \"$folder\"; printf '%s' \"$text\" > \"$folder/file\"; printf 42 > \"$rows\"",
            &[("text", json!("str"))], &[("folder", json!({"artifact": "Dataset"})), ("rows", json!("int"))]),
        "double": shell("echo $((rows * 2)) > \"$output\"", &[("rows", json!("int"))], &[("output", json!("float"))]),
        "show": argv(json!(["sh", "-c", "cat \"$0/file\" > \"$1\"", {"port": "data"}, {"port": "copy"}]),
            &[("data", json!({"artifact": "Dataset"}))], &[("copy", json!("str"))]),
    });
    let body = json!([
        call("make", "make", json!({"text": {"param": "text"}})),
        call(
            "twice",
            "double",
            json!({"rows": {"field": [{"task": "make"}, "rows"]}})
        ),
        call(
            "show",
            "show",
            json!({"data": {"field": [{"task": "make"}, "folder"]}})
        ),
    ]);
    let plan = with(
        plan(components, body),
        json!({
            "params": [{"name": "text", "type": "str", "default": "hello\nworld"}],
            "outputs": {
                "twice": {"task": "twice"},
                "copy": {"field": [{"task": "show"}, "copy"]},
                "folder": {"field": [{"task": "make"}, "folder"]},
                "said": {"concat": [{"lit": "twice is "}, {"task": "twice"}]},
            },
        }),
    );
    let report = place.run(&plan);
    assert_eq!(
        states(&report),
        "make succeeded, twice succeeded, show succeeded"
    );
    assert_eq!(report.outputs["twice"], mlpc::value::Value::Float(84.0));
    assert_eq!(report.outputs["copy"].text(), "hello\nworld");
    assert_eq!(report.outputs["said"].text(), "twice is 84.0");
    let folder = report.outputs["folder"].text();
    assert!(
        folder.starts_with('/') && folder.ends_with("/work/make.1/folder"),
        "{folder}"
    );

    let expected = [
        "journal.jsonl",
        "lock",
        "params.json",
        "plan.json",
        "report.html",
        "report.json",
        "work/make.1/folder/file",
        "work/make.1/rows",
        "work/show.1/copy",
        "work/twice.1/output",
    ];
    assert_eq!(files(&report.folder), expected);
    assert_eq!(place.read("state/.gitignore"), "*\n");

    let report = place.run_with(&plan, |options| {
        options.set = vec![("text".into(), "".into())]
    });
    assert_eq!(report.outputs["copy"].text(), "");
}

#[test]
fn independent_tasks_run_at_once_and_after_waits() {
    let place = Place::new();
    let (here, there) = (place.text("here"), place.text("there"));
    // Each waits for what the other makes: only two that run at once can end.
    let meet = |mine: &str, other: &str| {
        shell(
            &format!("touch {mine}; until [ -e {other} ]; do sleep 0.01; done"),
            &[],
            &[],
        )
    };
    let components = json!({"a": meet(&here, &there), "b": meet(&there, &here),
        "last": shell(&format!("[ -e {here} ] && [ -e {there} ]"), &[], &[])});
    let body = json!([
        task("a"),
        task("b"),
        with(task("last"), json!({"after": ["a", "b"]}))
    ]);
    let report = place.run(&plan(components, body));
    assert_eq!(states(&report), "a succeeded, b succeeded, last succeeded");
}

/// Notes how many run at the same time in `place/most`.
fn counting(place: &Place) -> serde_json::Value {
    let script = format!(
        "mkdir -p {0}; touch {0}/$$; ls {0} | wc -l >> {1}; sleep 0.05; rm {0}/$$",
        place.text("running"),
        place.text("most")
    );
    shell(&script, &[], &[])
}

fn most(place: &Place) -> usize {
    place
        .lines("most")
        .iter()
        .map(|line| line.trim().parse().unwrap())
        .max()
        .unwrap()
}

#[test]
fn jobs_and_parallelism_bound_what_runs_at_once() {
    let tasks: serde_json::Value = (0..8)
        .map(|n| call(&format!("t{n}"), "count", json!({})))
        .collect();
    for (parallelism, jobs, expected) in [(None, 1, 1), (None, 3, 3), (Some(2), 8, 2)] {
        let place = Place::new();
        let plan = plan(json!({"count": counting(&place)}), tasks.clone());
        let plan = match parallelism {
            Some(limit) => with(plan, json!({"parallelism": limit})),
            None => plan,
        };
        let report = place.run_with(&plan, |options| {
            options.jobs = Some(jobs.try_into().unwrap())
        });
        assert_eq!(report.status, Status::Succeeded);
        assert!(
            most(&place) <= expected,
            "{} at once with {expected}",
            most(&place)
        );
    }
}

#[test]
fn tasks_start_in_the_order_they_are_written() {
    let place = Place::new();
    let component = shell(
        &format!("echo $name >> {}", place.text("order")),
        &[("name", json!("str"))],
        &[],
    );
    let body: serde_json::Value = (0..20)
        .map(|n| {
            call(
                &format!("t{n}"),
                "note",
                json!({"name": {"lit": format!("{n}")}}),
            )
        })
        .collect();
    place.run_with(&plan(json!({"note": component}), body), |options| {
        options.jobs = Some(1.try_into().unwrap())
    });
    let expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(place.lines("order"), expected);
}

#[test]
fn nested_calls_have_their_own_names_and_outputs() {
    let place = Place::new();
    let components = json!({"add": shell("echo $((a + b)) > \"$output\"", &[("a", json!("int")), ("b", json!("int"))], &[("output", json!("int"))])});
    let body = json!([
        {"call": "outer", "pipeline": "twice", "args": {"n": {"lit": 5}}},
        {"call": "again", "pipeline": "twice", "args": {"n": {"field": [{"task": "outer"}, "sum"]}}, "after": ["outer"]},
    ]);
    let plan = with(
        plan(components, body),
        json!({
            "pipelines": {
                "twice": {
                    "params": [{"name": "n", "type": "int"}, {"name": "more", "type": "int", "default": 1}],
                    "body": [
                        call("sum", "add", json!({"a": {"param": "n"}, "b": {"param": "n"}})),
                        {"call": "inner", "pipeline": "one_more", "args": {"n": {"task": "sum"}, "more": {"param": "more"}}},
                    ],
                    "outputs": {"sum": {"task": "inner"}},
                },
                "one_more": {
                    "params": [{"name": "n", "type": "int"}, {"name": "more", "type": "int"}],
                    "body": [call("sum", "add", json!({"a": {"param": "n"}, "b": {"param": "more"}}))],
                    "outputs": {"output": {"task": "sum"}},
                    "unnamed": true,
                },
            },
            "outputs": {"sum": {"field": [{"task": "again"}, "sum"]}},
        }),
    );
    let report = place.run(&plan);
    let expected = "outer.sum succeeded, outer.inner.sum succeeded, again.sum succeeded, again.inner.sum succeeded";
    assert_eq!(states(&report), expected);
    assert_eq!(outputs(&report), json!({"sum": 23}));
}

#[test]
fn a_requirement_holds_back_what_stands_below_it() {
    let place = Place::new();
    let components = json!({"step": shell("", &[], &[]), "rows": shell("echo 0 > $output", &[], &[("output", json!("int"))])});
    let body = json!([
        task("rows"),
        call("above", "step", json!({})),
        {"require": {"compare": {"op": ">", "left": {"task": "rows"}, "right": {"lit": 0}}},
            "message": {"concat": [{"lit": "only "}, {"task": "rows"}, {"lit": " rows"}]}},
        call("below", "step", json!({})),
        {"require": {"lit": true}, "message": {"lit": "never"}},
        call("further", "step", json!({})),
    ]);
    let report = place.run(&plan(components.clone(), body.clone()));
    assert_eq!(report.status, Status::Failed);
    assert_eq!(
        states(&report),
        "rows succeeded, above succeeded, below not_run, further not_run"
    );
    assert_eq!(messages(&report), ["require: only 0 rows"]);
    assert_eq!(report.exit_code(), 1);

    let components = with(
        components,
        json!({"rows": shell("echo 1 > $output", &[], &[("output", json!("int"))])}),
    );
    let report = place.run(&plan(components, body));
    assert_eq!(report.status, Status::Succeeded);
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn the_report_is_the_object_that_json_promises() {
    let place = Place::new();
    let components =
        json!({"step": shell("echo said; echo 1 > $output", &[], &[("output", json!("int"))])});
    let plan = with(
        plan(components, json!([task("step")])),
        json!({"outputs": {"n": {"task": "step"}}}),
    );
    let report = place.run(&plan);
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["run", "status", "outputs", "tasks"]);
    assert_eq!(json["run"], json!(report.run));
    assert_eq!(json["status"], json!("succeeded"));
    assert_eq!(json["outputs"], json!({"n": 1}));
    let task = json["tasks"]["step"].as_object().unwrap();
    assert_eq!(
        task.keys().collect::<Vec<_>>(),
        ["state", "attempts", "seconds"]
    );
    assert_eq!(
        (&task["state"], &task["attempts"]),
        (&json!("succeeded"), &json!(1))
    );
    assert!(task["seconds"].is_number());
    let written = std::fs::read_to_string(report.folder.join("report.json")).unwrap();
    assert_eq!(written, report.json());
    let log = std::fs::read_to_string(report.folder.join("log/step.1.log")).unwrap();
    assert_eq!(log, "said\n");
}

#[test]
fn the_run_knows_itself() {
    let place = Place::new();
    let outputs_of_run = json!({"id": {"run": "id"}, "name": {"run": "name"}, "date": {"run": "date"},
        "start": {"run": "interval_start"}, "end": {"run": "interval_end"}, "given": {"param": "day"}});
    let params = json!([{"name": "day", "type": "date", "default_run": "date"}]);
    let plan = with(
        plan(json!({}), json!([])),
        json!({"outputs": outputs_of_run, "params": params}),
    );
    let report = place.run(&plan);
    let value = |name: &str| report.outputs[name].text();
    assert_eq!(value("id"), report.run);
    assert_eq!(value("name"), format!("test-{}", report.run));
    assert_eq!(value("date"), value("start")[..10]);
    assert_eq!(value("given"), value("date"));
    assert_eq!(value("start"), value("end"));
}

#[test]
fn optional_outputs_may_be_left_out() {
    let place = Place::new();
    let optional = |ty: serde_json::Value| json!({"optional": ty});
    let ports = [
        ("text", optional(json!("str"))),
        ("number", optional(json!("int"))),
        ("null", optional(json!("int"))),
        ("file", optional(json!({"artifact": "Model"}))),
    ];
    let outputs_of_step = json!({"text": {"field": [{"task": "step"}, "text"]}, "number": {"field": [{"task": "step"}, "number"]},
        "null": {"field": [{"task": "step"}, "null"]}, "file": {"field": [{"task": "step"}, "file"]}});
    let nothing = with(
        plan(
            json!({"step": shell("echo null > $null", &[], &ports)}),
            json!([task("step")]),
        ),
        json!({"outputs": outputs_of_step}),
    );
    let report = place.run(&nothing);
    assert_eq!(
        outputs(&report),
        json!({"text": null, "number": null, "null": null, "file": null})
    );

    let script = "printf '\"\"' > $text; echo 5 > $number; echo 6 > $null; echo x > $file";
    let all = with(
        plan(
            json!({"step": shell(script, &[], &ports)}),
            json!([task("step")]),
        ),
        json!({"outputs": outputs_of_step}),
    );
    let report = place.run(&all);
    let file = report.outputs["file"].text();
    assert_eq!(
        outputs(&report),
        json!({"text": "", "number": 5, "null": 6, "file": file})
    );
}

#[test]
fn absent_inputs_unset_a_variable_and_drop_a_group() {
    let place = Place::new();
    let inputs = [
        ("a", json!({"optional": "str"})),
        ("b", json!({"optional": {"artifact": "Model"}})),
        ("home", json!({"optional": "str"})),
    ];
    let words = json!(["printf", "%s\n", {"group": ["--a", {"port": "a"}]}, {"group": [{"join": ["--b=", {"port": "b"}]}, "more"]}, "end"]);
    let components = json!({
        "words": argv(words, &inputs, &[]),
        "bare": argv(json!(["echo", {"port": "a"}]), &inputs, &[]),
        "vars": shell("echo ${a-unset}.${b-unset}.${home-unset}", &inputs, &[]),
    });
    let body = json!([
        call("none", "words", json!({})),
        call("some", "words", json!({"a": {"lit": ""}})),
        call("vars", "vars", json!({"a": {"lit": "x y"}})),
        call("bare", "bare", json!({})),
    ]);
    let plan = with(plan(components, body), json!({}));
    let report = place.run(&plan);
    let log = |task: &str| {
        std::fs::read_to_string(report.folder.join(format!("log/{task}.1.log"))).unwrap()
    };
    assert_eq!(log("none"), "end\n");
    assert_eq!(log("some"), "--a\n\nend\n");
    assert_eq!(log("vars"), "x y.unset.unset\n");
    assert_eq!(
        messages(&report),
        ["bare: input `a` is absent, and only a group `[..]` of `run` can fall away"]
    );
}

#[test]
fn environment_and_secrets_reach_the_step_and_nothing_else() {
    let place = Place::new();
    let script = "echo $GIVEN $TOKEN; env | grep -c '^value=' || true";
    let components = json!({"step": shell(script, &[("value", json!("str"))], &[])});
    let body = json!([with(
        call("step", "step", json!({"value": {"lit": "v"}})),
        json!({"env": {"GIVEN": "given {x}"}, "secrets": {"TOKEN": "vault/token"}})
    )]);
    let plan = plan(components, body);
    let error = place.try_run(&plan, |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment does not hold `TOKEN` (secret `vault/token` of `step`), which is needed as a secret"
    );
    assert_eq!(error.exit_code, 2);
    assert!(!place.path("state/runs").exists(), "nothing began");

    // HOME stands for a variable that holds the secret: tests must not change the environment.
    let report = place.run_with(&plan, |options| {
        options.secrets.insert("vault/token".into(), "HOME".into());
    });
    let secret = std::env::var("HOME").unwrap();
    let log = std::fs::read_to_string(report.folder.join("log/step.1.log")).unwrap();
    assert_eq!(log, format!("given {{x}} {secret}\n0\n"));
    for file in ["plan.json", "journal.jsonl", "params.json", "report.json"] {
        let text = std::fs::read_to_string(report.folder.join(file)).unwrap();
        assert!(
            !text.contains(&format!("\"{secret}\"")),
            "{file} holds the secret"
        );
    }
}

#[test]
fn artifact_parameters_are_locations() {
    let place = Place::new();
    std::fs::write(place.path("data.csv"), "1,2").unwrap();
    let components = json!({"read": shell("cat \"$data\" > \"$output\"", &[("data", json!({"artifact": "Dataset"}))], &[("output", json!("str"))])});
    let plan = with(
        plan(
            components,
            json!([call("read", "read", json!({"data": {"param": "data"}}))]),
        ),
        json!({
            "params": [{"name": "data", "type": {"artifact": "Dataset"}, "default": "data.csv"}],
            "outputs": {"text": {"task": "read"}},
        }),
    );
    assert_eq!(outputs(&place.run(&plan)), json!({"text": "1,2"}));
    let uri = format!("file://{}", place.text("data.csv"));
    let report = place.run_with(&plan, |options| options.set = vec![("data".into(), uri)]);
    assert_eq!(outputs(&report), json!({"text": "1,2"}));
    let error = place
        .try_run(&plan, |options| {
            options.set = vec![("data".into(), "gs://bucket/x".into())]
        })
        .unwrap_err();
    assert_eq!(error.exit_code, 2);
    assert!(
        error
            .to_string()
            .contains("`gs://bucket/x` is a gs location"),
        "{error}"
    );
}

#[test]
fn a_run_folder_is_used_once_and_by_one() {
    let place = Place::new();
    let plan = plan(json!({}), json!([]));
    let report = place.run_with(&plan, |options| options.run_dir = Some(place.path("mine")));
    assert_eq!(report.folder, place.path("mine"));
    let error = place
        .try_run(&plan, |options| options.run_dir = Some(place.path("mine")))
        .unwrap_err();
    assert!(
        error.to_string().ends_with("holds a run already"),
        "{error}"
    );
    std::fs::create_dir(place.path("full")).unwrap();
    std::fs::write(place.path("full/x"), "").unwrap();
    let error = place
        .try_run(&plan, |options| options.run_dir = Some(place.path("full")))
        .unwrap_err();
    assert!(error.to_string().ends_with("is not empty"), "{error}");
    std::fs::write(place.path("file"), "").unwrap();
    let error = place
        .try_run(&plan, |options| {
            options.run_dir = Some(place.path("file/below"))
        })
        .unwrap_err();
    assert!(
        error.to_string().starts_with("can't make the run folder"),
        "{error}"
    );
    assert_eq!(error.exit_code, 2);
}

#[test]
fn a_plan_is_refused_for_what_is_wrong_with_it() {
    let check = |change: serde_json::Value, expected: &str| {
        let document = with(
            plan(
                json!({"step": shell("", &[("n", json!("int"))], &[])}),
                json!([]),
            ),
            change,
        );
        let found = match mlpc::plan::read(&document.to_string()) {
            Ok(_) => {
                let error = Place::new().try_run(&document, |_| ()).unwrap_err();
                assert_eq!(error.exit_code, 1);
                error.to_string()
            }
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    };
    check(
        json!({"mlpc_plan": 2}),
        "this plan has version 2, and this mlpc knows version 1 only",
    );
    check(json!({"more": 1}), "unknown field `more`");
    check(
        json!({"body": [{"task": "a", "component": "step", "retries": 1}]}),
        "in `task: a`: unknown field `retries`",
    );
    check(
        json!({"body": [{"task": "a", "component": "none"}]}),
        "there is no component `none`",
    );
    check(
        json!({"body": [call("a", "step", json!({"m": {"lit": 1}}))]}),
        "`step` has no input `m`",
    );
    check(
        json!({"body": [call("a", "step", json!({"n": {"task": "b"}}))]}),
        "there is no statement `b` here",
    );
    check(
        json!({"body": [call("a", "step", json!({"n": {"param": "b"}}))]}),
        "there is no parameter `b`",
    );
    check(
        json!({"body": [call("a", "step", json!({})), call("a", "step", json!({}))]}),
        "two statements are called `a`",
    );
    check(
        json!({"body": [with(task("step"), json!({"after": ["other"]})), with(call("other", "step", json!({})), json!({"after": ["step"]}))]}),
        "`step` waits for itself",
    );
    check(
        json!({"body": [{"call": "p", "pipeline": "p"}], "pipelines": {"p": {"body": [{"call": "p", "pipeline": "p"}]}}}),
        "pipeline `p` calls itself",
    );
    check(
        json!({"body": [with(task("step"), json!({"timeout": -1.0}))]}),
        "-1 is no number of seconds",
    );
}

#[test]
fn a_step_is_ended_by_its_main_process_not_by_its_pipe() {
    // The child keeps the pipe open and would sleep for ever.
    let place = Place::new();
    let script = format!("sleep 1000 & echo $! > {}; echo said", place.text("pid"));
    for without_pidfd in [false, true] {
        let report = place.run_with(
            &plan(
                json!({"step": shell(&script, &[], &[])}),
                json!([task("step")]),
            ),
            |options| {
                options.without_pidfd = without_pidfd;
            },
        );
        assert_eq!(states(&report), "step succeeded");
        let log = std::fs::read_to_string(report.folder.join("log/step.1.log")).unwrap();
        assert_eq!(log, "said\n");
        let pid = place.read("pid");
        until("the end of what the step left", || !alive(pid.trim()));
    }
}

/// Whether a process is there and no zombie.
pub fn alive(pid: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('Z')),
        Err(_) => false,
    }
}
