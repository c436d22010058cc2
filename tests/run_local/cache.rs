//! Outputs of earlier runs, taken and refused.

use std::os::unix::fs::PermissionsExt;

use mlpc::run::TaskState;
use serde_json::{Value, json};

use crate::support::*;

/// A task that notes that it ran, and copies its inputs: `data` to `copy`, `n` to `value`.
fn cached(place: &Place) -> Value {
    let script = format!(
        "echo ran >> {}; cp -R \"$data\" \"$copy\"; printf '%s' \"$n\" > \"$value\"",
        place.text("ran")
    );
    let inputs = [
        ("data", json!({"artifact": "Dataset"})),
        ("n", json!("int")),
    ];
    shell(
        &script,
        &inputs,
        &[
            ("copy", json!({"artifact": "Dataset"})),
            ("value", json!("int")),
        ],
    )
}

/// `first` makes an artifact of the parameter `text`; `second` is cached.
fn plan_of(place: &Place, cache: Value) -> Value {
    let make = "mkdir -p \"$out/sub\"; printf '%s' \"$text\" > \"$out/sub/a\"; echo '#!/bin/sh' > \"$out/b\"; chmod +x \"$out/b\"; ln -s sub/a \"$out/link\"";
    let components = json!({"make": shell(make, &[("text", json!("str"))], &[("out", json!({"artifact": "Dataset"}))]), "use": cached(place)});
    let body = json!([
        call("first", "make", json!({"text": {"param": "text"}})),
        with(
            call(
                "second",
                "use",
                json!({"data": {"field": [{"task": "first"}, "out"]}, "n": {"param": "n"}})
            ),
            json!({"cache": cache})
        ),
    ]);
    with(
        plan(components, body),
        json!({
            "params": [{"name": "text", "type": "str", "default": "x"}, {"name": "n", "type": "int", "default": 1}],
            "outputs": {"copy": {"field": [{"task": "second"}, "copy"]}, "value": {"field": [{"task": "second"}, "value"]}},
        }),
    )
}

fn times(place: &Place) -> usize {
    place.lines("ran").len()
}

fn set(name: &str, text: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), text.to_owned())]
}

#[test]
fn the_same_definition_and_inputs_give_the_same_outputs() {
    let place = Place::new();
    let plan = plan_of(&place, json!(true));
    let report = place.run(&plan);
    assert_eq!(
        (states(&report).as_str(), times(&place)),
        ("first succeeded, second succeeded", 1)
    );

    let report = place.run(&plan);
    assert_eq!(
        (states(&report).as_str(), times(&place)),
        ("first succeeded, second cached", 1)
    );
    let copy = report.outputs["copy"].text();
    assert!(
        copy.starts_with(report.folder.canonicalize().unwrap().to_str().unwrap()),
        "{copy}"
    );
    assert_eq!(files(copy.as_ref()), ["b", "link", "sub/a"]);
    assert_eq!(
        std::fs::read_to_string(format!("{copy}/link")).unwrap(),
        "x"
    );
    let mode = |name: &str| {
        std::fs::metadata(format!("{copy}/{name}"))
            .unwrap()
            .permissions()
            .mode()
            & 0o111
    };
    assert!(mode("b") != 0 && mode("sub/a") == 0);
    assert_eq!(outputs(&report)["value"], json!(1));

    // Other values, other content, other definitions and other attributes that matter.
    let run = |plan: &Value, options: Vec<(String, String)>| {
        let report = place.run_with(plan, |o| o.set = options);
        state(&report, "second")
    };
    assert_eq!(run(&plan, set("n", "2")), TaskState::Succeeded);
    assert_eq!(run(&plan, set("text", "y")), TaskState::Succeeded);
    assert_eq!(run(&plan, set("n", "2")), TaskState::Cached);
    let mut changed = plan.clone();
    changed["components"]["use"]["script"] = json!(format!(
        "{} # changed",
        plan["components"]["use"]["script"].as_str().unwrap()
    ));
    assert_eq!(run(&changed, vec![]), TaskState::Succeeded);
    let mut changed = plan.clone();
    changed["body"][1]["env"] = json!({"A": "b"});
    assert_eq!(run(&changed, vec![]), TaskState::Succeeded);
    // And what does not: names, documentation, retries, time-outs.
    let mut same = plan.clone();
    same["components"]["use"]["doc"] = json!("about it");
    same["body"][1] = with(
        same["body"][1].clone(),
        json!({"retry": [1.0], "timeout": 60.0}),
    );
    assert_eq!(run(&same, vec![]), TaskState::Cached);

    let ran = times(&place);
    let report = place.run_with(&plan, |options| options.cache = false);
    assert_eq!(
        (state(&report, "second"), times(&place)),
        (TaskState::Succeeded, ran + 1)
    );
}

#[test]
fn an_entry_can_be_too_old() {
    let place = Place::new();
    let plan = plan_of(&place, json!(3600.0));
    place.run(&plan);
    assert_eq!(state(&place.run(&plan), "second"), TaskState::Cached);
    let none = plan_of(&place, json!(0.0));
    assert_eq!(state(&place.run(&none), "second"), TaskState::Succeeded);
}

#[test]
fn tasks_that_fail_are_not_kept() {
    let place = Place::new();
    let script = format!(
        "echo ran >> {0}; [ $(wc -l < {0}) -gt 1 ]",
        place.text("ran")
    );
    let plan = plan(
        json!({"step": shell(&script, &[], &[])}),
        json!([with(task("step"), json!({"cache": true}))]),
    );
    assert_eq!(state(&place.run(&plan), "step"), TaskState::Failed);
    assert_eq!(state(&place.run(&plan), "step"), TaskState::Succeeded);
    assert_eq!(state(&place.run(&plan), "step"), TaskState::Cached);
}

#[test]
fn equal_tasks_of_a_run_are_done_once() {
    let place = Place::new();
    let script = format!(
        "echo ran >> {}; sleep 0.2; echo 5 > \"$output\"",
        place.text("ran")
    );
    let components =
        json!({"step": shell(&script, &[("n", json!("int"))], &[("output", json!("int"))])});
    let body: Value = (0..6)
        .map(|n| {
            with(
                call(&format!("t{n}"), "step", json!({"n": {"lit": n % 2}})),
                json!({"cache": true}),
            )
        })
        .collect();
    let report = place.run(&plan(components, body));
    let count = |state| {
        report
            .tasks
            .values()
            .filter(|task| task.state == state)
            .count()
    };
    assert_eq!(
        (
            count(TaskState::Succeeded),
            count(TaskState::Cached),
            times(&place)
        ),
        (2, 4, 2)
    );
}

#[test]
fn a_task_that_waited_for_an_equal_one_that_failed_runs_itself() {
    let place = Place::new();
    let script = format!(
        "echo ran >> {0}; sleep 0.1; [ $(wc -l < {0}) -gt 1 ]; echo 5 > \"$output\"",
        place.text("ran")
    );
    let components = json!({"step": shell(&script, &[], &[("output", json!("int"))])});
    let body: Value = (0..3)
        .map(|n| {
            with(
                call(&format!("t{n}"), "step", json!({})),
                json!({"cache": true}),
            )
        })
        .collect();
    let report = place.run(&plan(components, body));
    assert_eq!(
        (states(&report).as_str(), times(&place)),
        ("t0 failed, t1 succeeded, t2 cached", 2)
    );
}

#[test]
fn every_kind_of_value_comes_back_as_it_was() {
    let place = Place::new();
    let long = "long\n".repeat(3000);
    let ports = [
        ("a", json!("float")),
        ("b", json!({"optional": "str"})),
        ("c", json!({"optional": {"artifact": "Model"}})),
        ("d", json!("str")),
        ("e", json!({"list": {"dict": "int"}})),
    ];
    let script = format!(
        "echo 1 > $a; echo '\"q\"' > $b; printf '%s\\n' \"$text\" > $d; echo '[{{\"k\": 1}}]' > $e; echo ran >> {}",
        place.text("ran")
    );
    let components = json!({"step": shell(&script, &[("text", json!("str"))], &ports),
        "echo": shell("printf '%s\\n' \"$d\" > $output", &[("d", json!("str"))], &[("output", json!("str"))])});
    let field = |name: &str| json!({"field": [{"task": "step"}, name]});
    let body = json!([
        with(
            call("step", "step", json!({"text": {"lit": long}})),
            json!({"cache": true})
        ),
        call("echo", "echo", json!({"d": field("d")}))
    ]);
    let plan = with(
        plan(components, body),
        json!({"outputs": {"a": field("a"), "b": field("b"), "c": field("c"), "d": field("d"), "e": field("e"), "echo": {"task": "echo"}}}),
    );
    let expected = json!({"a": 1.0, "b": "q", "c": null, "d": long, "e": [{"k": 1}], "echo": long});
    let report = place.run(&plan);
    assert_eq!(outputs(&report), expected);
    let report = place.run(&plan);
    assert_eq!(states(&report), "step cached, echo succeeded");
    assert_eq!(outputs(&report), expected);
    // Kept outputs of a cached task are read from the journal and its files.
    let again = place.run_with(&plan, |options| options.resume = Some(report.run.clone()));
    assert_eq!(states(&again), "step cached, echo succeeded");
    assert_eq!(outputs(&again), expected);
}

/// Every file of the cache, changed in every way: never a wrong output.
#[test]
fn damage_is_a_miss() {
    let place = Place::new();
    let plan = plan_of(&place, json!(true));
    let check = |what: &str, report: &mlpc::run::Report| {
        let copy = report.outputs["copy"].text();
        assert_eq!(
            std::fs::read_to_string(format!("{copy}/sub/a")).unwrap(),
            "x",
            "{what}"
        );
        assert_eq!(outputs(report)["value"], json!(1), "{what}");
    };
    check("new", &place.run(&plan));
    let cache = place.path("state/cache/v1");
    let whole: Vec<(String, Vec<u8>)> = files(&cache)
        .into_iter()
        .map(|name| (name.clone(), std::fs::read(cache.join(name)).unwrap()))
        .collect();
    assert_eq!(
        whole
            .iter()
            .filter(|(name, _)| name.starts_with("objects/"))
            .count(),
        4
    );
    let damage = |name: &str, bytes: Option<&[u8]>| {
        let path = cache.join(name);
        let _ = std::fs::remove_file(&path);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
    };
    for (name, bytes) in &whole {
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        let other = &whole
            .iter()
            .find(|(other, _)| other != name && other.starts_with("objects/"))
            .unwrap()
            .1;
        for (what, damaged) in [
            ("gone", None),
            ("cut", Some(&bytes[..middle])),
            ("empty", Some(&[][..])),
            ("flipped", Some(&flipped)),
            ("swapped", Some(other)),
        ] {
            damage(name, damaged);
            let report = place.run(&plan);
            check(&format!("{what} {name}"), &report);
            // What was wrong was put right.
            let report = place.run(&plan);
            check(&format!("after {what} {name}"), &report);
            assert_eq!(
                state(&report, "second"),
                TaskState::Cached,
                "after {what} {name}"
            );
        }
    }
    std::fs::remove_dir_all(&cache).unwrap();
    check("all gone", &place.run(&plan));
}

/// A step that writes to its input (which a superuser can) does not reach the cache.
#[test]
fn a_changed_copy_does_not_change_what_is_kept() {
    let place = Place::new();
    let make = shell(
        "printf good > \"$out\"",
        &[],
        &[("out", json!({"artifact": "Dataset"}))],
    );
    let spoil = shell(
        "chmod u+w \"$data\"; printf evil > \"$data\"",
        &[("data", json!({"artifact": "Dataset"}))],
        &[],
    );
    let read = shell(
        "cat \"$data\" > \"$output\"",
        &[("data", json!({"artifact": "Dataset"}))],
        &[("output", json!("str"))],
    );
    let data = json!({"data": {"field": [{"task": "make"}, "out"]}});
    let body = |last: &str| {
        json!([
            with(task("make"), json!({"cache": true})),
            call(last, last, data.clone())
        ])
    };
    let components = json!({"make": make, "spoil": spoil, "read": read});
    for _ in 0..3 {
        place.run(&plan(components.clone(), body("spoil")));
        let report = place.run(&with(
            plan(components.clone(), body("read")),
            json!({"outputs": {"text": {"task": "read"}}}),
        ));
        assert_eq!(outputs(&report), json!({"text": "good"}));
    }
}

#[test]
fn an_input_that_is_the_users_is_left_as_it_is() {
    let place = Place::new();
    std::fs::write(place.path("mine"), "mine").unwrap();
    let before = std::fs::metadata(place.path("mine")).unwrap();
    // The output is another name of the user's file.
    let link = shell(
        "ln \"$data\" \"$out\"",
        &[("data", json!({"artifact": "Dataset"}))],
        &[("out", json!({"artifact": "Dataset"}))],
    );
    let body = json!([with(
        call("link", "link", json!({"data": {"param": "data"}})),
        json!({"cache": true})
    )]);
    let plan = with(
        plan(json!({"link": link}), body),
        json!({
            "params": [{"name": "data", "type": {"artifact": "Dataset"}, "default": "mine"}],
            "outputs": {"out": {"field": [{"task": "link"}, "out"]}},
        }),
    );
    place.run(&plan);
    let after = std::fs::metadata(place.path("mine")).unwrap();
    assert_eq!(
        (before.permissions(), before.modified().unwrap()),
        (after.permissions(), after.modified().unwrap())
    );
    // It may change at any time, and what was kept does not.
    assert_eq!(state(&place.run(&plan), "link"), TaskState::Cached);
    std::fs::write(place.path("mine"), "other").unwrap();
    let report = place.run(&plan);
    assert_eq!(state(&report, "link"), TaskState::Succeeded);
    std::fs::write(place.path("mine"), "mine").unwrap();
    let report = place.run(&plan);
    assert_eq!(state(&report, "link"), TaskState::Cached);
    assert_eq!(
        std::fs::read_to_string(report.outputs["out"].text()).unwrap(),
        "mine"
    );
}

#[test]
fn what_can_not_be_kept_runs_all_the_same() {
    let place = Place::new();
    let plan = plan(
        json!({"step": shell("mkfifo \"$out\"", &[], &[("out", json!({"artifact": "Dataset"}))])}),
        json!([with(task("step"), json!({"cache": true}))]),
    );
    assert_eq!(state(&place.run(&plan), "step"), TaskState::Succeeded);
    assert_eq!(state(&place.run(&plan), "step"), TaskState::Succeeded);
}
