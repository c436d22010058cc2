//! What fails, how often it is tried and what it drags along.

use mlpc::run::Status;
use serde_json::json;

use crate::basics::alive;
use crate::support::*;

#[test]
fn what_needs_a_failed_task_does_not_start_and_the_rest_goes_on() {
    let place = Place::new();
    let components = json!({"bad": shell("echo why; exit 3", &[], &[("output", json!("int"))]), "step": shell("", &[("n", json!({"optional": "int"}))], &[])});
    let body = json!([
        task("bad"),
        call("reads", "step", json!({"n": {"task": "bad"}})),
        with(
            call("waits", "step", json!({})),
            json!({"after": ["reads"]})
        ),
        call("other", "step", json!({})),
    ]);
    let report = place.run(&with(
        plan(components, body),
        json!({"outputs": {"n": {"task": "bad"}, "two": {"lit": 2}}}),
    ));
    assert_eq!(
        states(&report),
        "bad failed, reads not_run, waits not_run, other succeeded"
    );
    assert_eq!(report.status, Status::Failed);
    assert_eq!(messages(&report), ["bad: exit code 3"]);
    assert_eq!(outputs(&report), json!({"n": null, "two": 2}));
    assert_eq!(
        std::fs::read_to_string(report.failures[0].log.as_ref().unwrap()).unwrap(),
        "why\n"
    );
}

#[test]
fn a_task_is_tried_as_often_as_it_may_be() {
    let place = Place::new();
    let script = format!(
        "echo try >> {0}; echo part > $output; [ $(wc -l < {0}) -ge 3 ]; echo 7 > $output",
        place.text("tries")
    );
    let components = json!({"flaky": shell(&script, &[], &[("output", json!("int"))])});
    let body = |delays: serde_json::Value| json!([with(task("flaky"), json!({"retry": delays}))]);
    let returns = json!({"outputs": {"n": {"task": "flaky"}}});

    let report = place.run(&with(
        plan(components.clone(), body(json!([0.01]))),
        returns.clone(),
    ));
    assert_eq!(messages(&report), ["flaky: exit code 1, attempt 2 of 2"]);
    assert_eq!(report.tasks["flaky"].attempts, 2);
    assert_eq!(
        files(&report.folder.join("work")),
        [""; 0],
        "what failed attempts wrote is dropped"
    );

    std::fs::remove_file(place.path("tries")).unwrap();
    let report = place.run(&with(
        plan(components, body(json!([0.01, 0.0, 0.0]))),
        returns,
    ));
    assert_eq!(report.tasks["flaky"].attempts, 3);
    assert_eq!(outputs(&report), json!({"n": 7}));
    assert_eq!(files(&report.folder.join("work")), ["flaky.3/output"]);
}

#[test]
fn a_task_that_waits_for_its_next_attempt_leaves_its_place() {
    let place = Place::new();
    let flaky = format!("if [ -e {0} ]; then exit 0; fi; exit 1", place.text("done"));
    let components = json!({"flaky": shell(&flaky, &[], &[]), "helper": shell(&format!("touch {}", place.text("done")), &[], &[])});
    let body = json!([with(task("flaky"), json!({"retry": [0.3]})), task("helper")]);
    let report = place.run_with(&plan(components, body), |options| {
        options.jobs = Some(1.try_into().unwrap())
    });
    assert_eq!(states(&report), "flaky succeeded, helper succeeded");
}

#[test]
fn a_timeout_ends_the_whole_group() {
    let place = Place::new();
    // The child of a child, and one that does not listen.
    let script = format!(
        "sh -c 'sleep 1000 & echo $! >> {0}; wait' & sh -c 'trap \"\" TERM; echo $$ >> {0}; while :; do sleep 0.1; done' & wait",
        place.text("pids")
    );
    let components = json!({"slow": shell(&script, &[], &[])});
    let report = place.run(&plan(
        components,
        json!([with(task("slow"), json!({"timeout": 1.0}))]),
    ));
    assert_eq!(
        messages(&report),
        ["slow: timeout: it took longer than 1 s"]
    );
    let pids = place.lines("pids");
    assert_eq!(pids.len(), 2);
    for pid in pids {
        until("the end of the group", || !alive(&pid));
    }
}

#[test]
fn a_main_process_that_does_not_listen_is_killed() {
    let place = Place::new();
    let components = json!({"deaf": shell("trap '' TERM; while :; do sleep 0.1; done", &[], &[])});
    let report = place.run(&plan(
        components,
        json!([with(task("deaf"), json!({"timeout": 0.1, "retry": []}))]),
    ));
    assert_eq!(
        messages(&report),
        ["deaf: timeout: it took longer than 0.1 s"]
    );
    assert!(report.tasks["deaf"].seconds < 60.0);
}

#[test]
fn outputs_are_checked() {
    let check = |script: &str, ty: serde_json::Value, expected: &str| {
        let plan = plan(
            json!({"step": shell(script, &[], &[("output", ty)])}),
            json!([task("step")]),
        );
        let place = Place::new();
        assert_eq!(
            messages(&place.run(&plan)),
            [format!("step: output `output` {expected}")]
        );
    };
    check("", json!("int"), "is missing: nothing was written");
    check(
        "echo many > $output",
        json!("int"),
        "is no int, which is written as JSON: `many`",
    );
    check(
        "echo 1.0 > $output",
        json!("int"),
        "is wrong: expected int, got 1.0",
    );
    check(
        "echo NaN > $output",
        json!("float"),
        "is no float, which is written as JSON: `NaN`",
    );
    check(
        "echo True > $output",
        json!("bool"),
        "is no bool, which is written as JSON: `True`",
    );
    check(
        "echo 11 > $output",
        json!({"refined": {"base": "int", "max": 10}}),
        "is wrong: expected int in ..=10, got 11",
    );
    check(
        "printf 'a\\377' > $output",
        json!("str"),
        "is not UTF-8 after `a`",
    );
    check(
        "echo '[1, \"2\"]' > $output",
        json!({"list": "int"}),
        "is wrong: expected int, got \"2\" at `[1]`",
    );
    check(
        "mkdir $output",
        json!("int"),
        "can't be read: is a directory",
    );
    check(
        "printf 'x%.0s' $(seq 200) > $output",
        json!("int"),
        &format!(
            "is no int, which is written as JSON: `{}..`",
            "x".repeat(80)
        ),
    );
    let place = Place::new();
    let plan = plan(
        json!({"step": shell("", &[], &[("model", json!({"artifact": "Model"}))])}),
        json!([task("step")]),
    );
    let message = &messages(&place.run(&plan))[0];
    assert!(
        message.starts_with("step: output `model` is missing: nothing was written to `/"),
        "{message}"
    );
}

#[test]
fn inputs_are_checked_before_a_task_starts() {
    let place = Place::new();
    let components = json!({"make": shell("echo 0 > $output", &[], &[("output", json!("int"))]),
        "take": shell("echo started", &[("n", json!({"refined": {"base": "int", "min": 1, "max": 1000}}))], &[])});
    let body = json!([
        task("make"),
        with(
            call("take", "take", json!({"n": {"task": "make"}})),
            json!({"retry": [1000.0]})
        )
    ]);
    let report = place.run(&plan(components, body));
    assert_eq!(
        messages(&report),
        ["take: input `n`: expected int in 1..=1000, got 0"]
    );
    assert_eq!(report.tasks["take"].attempts, 0);
}

#[test]
fn what_can_not_be_started_says_why() {
    let place = Place::new();
    std::fs::write(place.path("plain"), "").unwrap();
    let components = json!({"none": argv(json!(["no-such-program-here"]), &[], &[]), "gone": argv(json!(["/no/such"]), &[], &[]),
        "plain": argv(json!([place.text("plain")]), &[], &[]), "killed": shell("kill -9 $$", &[], &[])});
    let body = json!([
        with(task("none"), json!({"retry": [1000.0]})),
        task("gone"),
        task("plain"),
        task("killed")
    ]);
    let report = place.run_with(&plan(components, body), |options| {
        options.jobs = Some(1.try_into().unwrap())
    });
    let expected = [
        "none: there is no program `no-such-program-here` on the PATH".to_owned(),
        "gone: there is no program `/no/such`".to_owned(),
        format!(
            "plain: `{}` can't be executed: permission denied",
            place.text("plain")
        ),
        "killed: killed by SIGKILL".to_owned(),
    ];
    assert_eq!(messages(&report), expected);
}

#[test]
fn a_pipelines_time_limit_ends_its_body() {
    let place = Place::new();
    let components = json!({"slow": shell("sleep 1000", &[], &[]), "step": shell("", &[], &[])});
    let body = json!([task("slow"), with(task("step"), json!({"after": ["slow"]}))]);
    let report = place.run(&with(
        plan(components.clone(), body.clone()),
        json!({"timeout": 0.3}),
    ));
    assert_eq!(states(&report), "slow failed, step not_run");
    assert_eq!(
        messages(&report)[0],
        "the pipeline: timeout: it took longer than 0.3 s"
    );

    let nested = with(
        plan(
            components,
            json!([{"call": "inner", "pipeline": "p", "timeout": 0.3}, call("other", "step", json!({}))]),
        ),
        json!({"pipelines": {"p": {"body": body}}}),
    );
    let report = place.run(&nested);
    assert_eq!(
        states(&report),
        "inner.slow failed, inner.step not_run, other succeeded"
    );
    assert_eq!(
        messages(&report),
        [
            "inner: timeout: it took longer than 0.3 s",
            "inner.slow: `inner` took longer than 0.3 s"
        ]
    );
}

#[test]
fn a_step_may_print_more_than_a_pipe_holds() {
    let place = Place::new();
    let components = json!({"loud": shell("head -c 30000000 /dev/zero; printf end", &[], &[])});
    let report = place.run(&plan(components, json!([task("loud")])));
    let log = std::fs::read(report.folder.join("log/loud.1.log")).unwrap();
    assert_eq!(log.len(), 30_000_003);
    assert!(log.ends_with(b"end"));
}
