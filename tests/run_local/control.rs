//! Branches, loops, `finally`.

use mlpc::run::Status;
use serde_json::{Value, json};

use crate::support::*;

/// Gives its input back.
fn echo() -> Value {
    shell(
        "printf '%s' \"$n\" > \"$output\"",
        &[("n", json!("int"))],
        &[("output", json!("int"))],
    )
}

fn greater(left: Value, right: Value) -> Value {
    json!({"compare": {"op": ">", "left": left, "right": right}})
}

#[test]
fn the_first_branch_that_holds_runs() {
    let components = json!({"echo": echo()});
    let branch = |least: i64, name: &str| {
        json!({
            "when": greater(json!({"task": "n"}), json!({"lit": least})),
            "body": [call(name, "echo", json!({"n": {"lit": least}}))],
            "value": {"widen": [{"task": name}, "float"]},
        })
    };
    let body = |n: i64, otherwise: bool| {
        let mut branch =
            json!({"if": "chosen", "branches": [branch(10, "big"), branch(5, "medium")]});
        if otherwise {
            branch["else"] = json!({"body": [call("big", "echo", json!({"n": {"lit": -1}}))], "value": {"task": "big"}});
        }
        json!([
            call("n", "echo", json!({"n": {"lit": n}})),
            branch,
            with(
                call("after", "echo", json!({"n": {"lit": 0}})),
                json!({"after": ["chosen"]})
            ),
            call(
                "reads",
                "echo",
                json!({"n": {"coalesce": [{"widen": [{"lit": 7}, "int"]}, {"lit": 1}]}})
            )
        ])
    };
    let run = |n, otherwise| {
        let place = Place::new();
        let plan = with(
            plan(components.clone(), body(n, otherwise)),
            json!({"outputs": {"value": {"task": "chosen"}}}),
        );
        let report = place.run(&plan);
        assert_eq!(report.status, Status::Succeeded);
        let after = ", after succeeded, reads succeeded";
        let states = states(&report);
        assert!(
            states.starts_with("n succeeded, ") && states.ends_with(after),
            "{states}"
        );
        (
            states["n succeeded, ".len()..states.len() - after.len()].to_owned(),
            report.outputs["value"].json(),
        )
    };
    assert_eq!(
        run(11, true),
        (
            "big succeeded, medium skipped".to_owned(),
            "10.0".to_owned()
        )
    );
    assert_eq!(
        run(6, true),
        ("big skipped, medium succeeded".to_owned(), "5.0".to_owned())
    );
    assert_eq!(
        run(1, true),
        ("big succeeded, medium skipped".to_owned(), "-1".to_owned())
    );
    assert_eq!(
        run(1, false),
        ("big skipped, medium skipped".to_owned(), "null".to_owned())
    );
}

#[test]
fn loops_gather_in_the_order_of_their_items() {
    let place = Place::new();
    // The first item ends last.
    let slow = shell(
        "sleep 0.$((3 - n)); echo $n > \"$file\"; echo $((n * n)) > \"$square\"",
        &[("n", json!("int"))],
        &[
            ("file", json!({"artifact": "Model"})),
            ("square", json!("int")),
        ],
    );
    let components = json!({"work": slow,
        "join": shell("for f in $files; do cat \"$f\"; done > $output", &[("files", json!({"list": {"artifact": "Model"}}))], &[("output", json!("str"))]),
        "args": argv(json!(["cat", {"group": [{"port": "files"}]}]), &[("files", json!({"list": {"artifact": "Model"}}))], &[])});
    let body = json!([
        {"for": "loop", "var": "n", "in": {"param": "sizes"}, "body": [call("work", "work", json!({"n": {"item": "n"}}))],
            "value": {"map": {"file": {"field": [{"task": "work"}, "file"]}, "square": {"field": [{"task": "work"}, "square"]}, "outer": {"param": "k"}}}},
        call("join", "join", json!({"files": {"field": [{"task": "loop"}, "file"]}})),
        call("args", "args", json!({"files": {"field": [{"task": "loop"}, "file"]}})),
    ]);
    let plan = with(
        plan(components, body),
        json!({
            "params": [{"name": "sizes", "type": {"list": "int"}, "default": [0, 1, 2]}, {"name": "k", "type": "str", "default": "k"}],
            "outputs": {"squares": {"field": [{"task": "loop"}, "square"]}, "joined": {"task": "join"}, "outer": {"field": [{"task": "loop"}, "outer"]}},
        }),
    );
    let report = place.run(&plan);
    assert_eq!(
        states(&report),
        "loop[0].work succeeded, loop[1].work succeeded, loop[2].work succeeded, join succeeded, args succeeded"
    );
    assert_eq!(
        outputs(&report),
        json!({"squares": [0, 1, 4], "joined": "0\n1\n2", "outer": ["k", "k", "k"]})
    );
    assert_eq!(
        std::fs::read_to_string(report.folder.join("log/args.1.log")).unwrap(),
        "0\n1\n2\n"
    );

    let report = place.run_with(&plan, |options| {
        options.set = vec![("sizes".into(), "[]".into())]
    });
    assert_eq!(
        outputs(&report),
        json!({"squares": [], "joined": "", "outer": []})
    );
}

#[test]
fn a_limit_bounds_the_items_under_way() {
    let place = Place::new();
    // An item holds its place from its first step to its last.
    let first = format!(
        "mkdir -p {0}; touch {0}/$n; ls {0} | wc -l >> {1}",
        place.text("open"),
        place.text("most")
    );
    let last = format!("sleep 0.02; rm {}/$n", place.text("open"));
    let components = json!({"first": shell(&first, &[("n", json!("int"))], &[]), "last": shell(&last, &[("n", json!("int"))], &[])});
    let args = json!({"n": {"item": "n"}});
    let body = json!([{"for": "each", "var": "n", "in": {"lit": (0..9).collect::<Vec<i32>>()}, "limit": 2,
        "body": [call("first", "first", args.clone()), with(call("last", "last", args), json!({"after": ["first"]}))]}]);
    let report = place.run_with(&plan(components, body), |options| {
        options.jobs = Some(8.try_into().unwrap())
    });
    assert_eq!((report.status, report.tasks.len()), (Status::Succeeded, 18));
    let most = place
        .lines("most")
        .iter()
        .map(|line| line.trim().parse::<usize>().unwrap())
        .max();
    assert!(most <= Some(2), "{most:?} at once");
}

#[test]
fn loops_branches_and_calls_nest_anywhere() {
    let place = Place::new();
    let components = json!({"echo": echo()});
    let inner = json!({"for": "inner", "var": "b", "in": {"item": "a"}, "body": [
        {"if": "pick", "branches": [{"when": greater(json!({"item": "b"}), json!({"param": "least"})),
            "body": [{"call": "same", "pipeline": "same", "args": {"n": {"item": "b"}}}], "value": {"task": "same"}}]}],
        "value": {"coalesce": [{"task": "pick"}, {"task": "outside"}]}});
    let body = json!([
        call("outside", "echo", json!({"n": {"lit": -7}})),
        {"for": "outer", "var": "a", "in": {"lit": [[1, 5], [], [6]]}, "body": [inner], "value": {"task": "inner"}},
    ]);
    let plan = with(
        plan(components, body),
        json!({
            "params": [{"name": "least", "type": "int", "default": 2}],
            "pipelines": {"same": {"params": [{"name": "n", "type": "int"}], "body": [call("echo", "echo", json!({"n": {"param": "n"}}))],
                "outputs": {"output": {"task": "echo"}}, "unnamed": true}},
            "outputs": {"all": {"task": "outer"}},
        }),
    );
    let report = place.run(&plan);
    assert_eq!(outputs(&report), json!({"all": [[-7, 5], [], [6]]}));
    let expected = "outside succeeded, outer[0].inner[0].same.echo skipped, outer[0].inner[1].same.echo succeeded, \
                    outer[2].inner[0].same.echo succeeded";
    assert_eq!(states(&report), expected);
}

#[test]
fn a_failed_item_fails_the_loop_and_the_others_go_on() {
    let place = Place::new();
    let components = json!({"pick": shell("[ $n != 1 ]; echo $n > $output", &[("n", json!("int"))], &[("output", json!("int"))]),
        "sum": shell("", &[("all", json!({"list": "int"}))], &[])});
    let body = json!([
        {"for": "each", "var": "n", "in": {"lit": [0, 1, 2]}, "limit": 1, "body": [call("pick", "pick", json!({"n": {"item": "n"}}))], "value": {"task": "pick"}},
        call("sum", "sum", json!({"all": {"task": "each"}})),
    ]);
    let report = place.run(&plan(components, body));
    assert_eq!(
        states(&report),
        "each[0].pick succeeded, each[1].pick failed, each[2].pick succeeded, sum not_run"
    );
}

#[test]
fn finally_runs_whatever_happened() {
    let cleanup = |place: &Place| {
        shell(
            &format!(
                "echo $status ${{n-absent}} ${{all-absent}} >> {}",
                place.text("finally")
            ),
            &[
                ("status", json!("str")),
                ("n", json!({"optional": "int"})),
                ("all", json!({"optional": {"list": "int"}})),
            ],
            &[],
        )
    };
    let run = |n: i64, fail_finally: bool| {
        let place = Place::new();
        let components = json!({"echo": echo(), "check": shell("[ $n -gt 0 ]; echo $n > $output", &[("n", json!("int"))], &[("output", json!("int"))]),
            "cleanup": cleanup(&place), "bad": shell("false", &[], &[])});
        let body = json!([call("first", "echo", json!({"n": {"lit": n}})), call("check", "check", json!({"n": {"task": "first"}})),
            {"for": "each", "var": "x", "in": {"list": [{"task": "check"}]}, "body": [call("in_loop", "echo", json!({"n": {"item": "x"}}))], "value": {"task": "in_loop"}}]);
        let mut finally = vec![call(
            "cleanup",
            "cleanup",
            json!({"status": {"run": "status"}, "n": {"task": "check"}, "all": {"task": "each"}}),
        )];
        if fail_finally {
            finally.push(task("bad"));
            finally.push(with(
                call("later", "echo", json!({"n": {"lit": 1}})),
                json!({"after": ["bad"]}),
            ));
        }
        let report = place.run(&with(
            plan(components, body),
            json!({"finally": finally, "outputs": {"n": {"task": "check"}}}),
        ));
        (
            states(&report),
            report.status,
            place.read("finally"),
            outputs(&report)["n"].clone(),
        )
    };
    assert_eq!(
        run(1, false),
        (
            "first succeeded, check succeeded, each[0].in_loop succeeded, cleanup succeeded".into(),
            Status::Succeeded,
            "succeeded 1 [1]\n".into(),
            json!(1)
        )
    );
    assert_eq!(
        run(0, false),
        (
            "first succeeded, check failed, each[*].in_loop not_run, cleanup succeeded".into(),
            Status::Failed,
            "failed absent absent\n".into(),
            json!(null)
        )
    );
    let (states, status, text, _) = run(1, true);
    assert_eq!(
        states,
        "first succeeded, check succeeded, each[0].in_loop succeeded, cleanup succeeded, bad failed, later not_run"
    );
    assert_eq!(
        (status, text.as_str()),
        (Status::Failed, "succeeded 1 [1]\n")
    );
}

#[test]
fn a_called_pipeline_has_its_own_finally() {
    let place = Place::new();
    let note = shell(
        &format!("echo $who $status >> {}", place.text("notes")),
        &[("who", json!("str")), ("status", json!("str"))],
        &[],
    );
    let components =
        json!({"note": note, "bad": shell("false", &[], &[]), "good": shell("", &[], &[])});
    let finally = |who: &str| {
        json!([call(
            "note",
            "note",
            json!({"who": {"lit": who}, "status": {"run": "status"}})
        )])
    };
    let plan = with(
        plan(
            components,
            json!([{"call": "works", "pipeline": "works"}, {"call": "fails", "pipeline": "fails"}]),
        ),
        json!({
            "pipelines": {"works": {"body": [task("good")], "finally": finally("works")}, "fails": {"body": [task("bad")], "finally": finally("fails")}},
            "finally": finally("all"),
        }),
    );
    let report = place.run(&plan);
    assert_eq!(
        states(&report),
        "works.good succeeded, works.note succeeded, fails.bad failed, fails.note succeeded, note succeeded"
    );
    let mut notes = place.lines("notes");
    assert_eq!(notes.pop().as_deref(), Some("all failed"));
    notes.sort();
    assert_eq!(notes, ["fails failed", "works succeeded"]);
}

#[test]
fn what_an_inner_statement_reads_holds_back_the_outer_one() {
    let place = Place::new();
    let components =
        json!({"bad": shell("false", &[], &[("output", json!("int"))]), "echo": echo()});
    let body = json!([
        task("bad"),
        {"if": "branch", "branches": [{"when": {"lit": false}, "body": [call("reads", "echo", json!({"n": {"task": "bad"}}))]}]},
        {"for": "each", "var": "x", "in": {"lit": [1]}, "body": [with(call("waits", "echo", json!({"n": {"item": "x"}})), json!({"after": ["bad"]}))]},
        call("free", "echo", json!({"n": {"lit": 1}})),
    ]);
    let report = place.run(&plan(components, body));
    assert_eq!(
        states(&report),
        "bad failed, reads not_run, each[*].waits not_run, free succeeded"
    );
}

#[test]
fn what_can_not_be_evaluated_fails_where_it_stands() {
    let place = Place::new();
    let components = json!({"echo": echo()});
    let body = json!([
        {"if": "branch", "branches": [{"when": greater(json!({"param": "maybe"}), json!({"lit": 1})), "body": [call("inner", "echo", json!({"n": {"lit": 1}}))]}]},
        {"for": "each", "var": "x", "in": {"param": "maybe"}, "body": [call("body", "echo", json!({"n": {"item": "x"}}))]},
        {"require": greater(json!({"param": "maybe"}), json!({"lit": 1})), "message": {"lit": "needed"}},
        call("below", "echo", json!({"n": {"lit": 1}})),
    ]);
    let report = place.run(&with(
        plan(components, body),
        json!({"params": [{"name": "maybe", "type": {"optional": "int"}}]}),
    ));
    assert_eq!(
        states(&report),
        "inner not_run, each[*].body not_run, below not_run"
    );
    let mut messages = messages(&report);
    messages.sort();
    assert_eq!(
        messages,
        [
            "branch: an absent value and an int can't be compared",
            "each: a loop takes a list, not an absent value",
            "require: needed (an absent value and an int can't be compared)",
        ]
    );
}

#[test]
fn long_chains_of_statements_that_settle_at_once_take_no_stack() {
    let place = Place::new();
    let body: Value = (0..20_000).map(|n| json!({"if": format!("i{n}"), "branches": [], "after": if n == 0 { json!([]) } else { json!([format!("i{}", n - 1)]) }})).collect();
    assert_eq!(place.run(&plan(json!({}), body)).status, Status::Succeeded);
}

#[test]
fn the_report_page_shows_what_happened_and_escapes_it() {
    let place = Place::new();
    let components = json!({
        "make": shell("echo '<b>log</b>'; printf 1 > $output", &[], &[("output", json!("int"))]),
        "bad": shell("echo '<script>'; false", &[("n", json!({"optional": "int"}))], &[]),
        "step": shell("", &[("n", json!("int"))], &[]),
        "file": shell("touch $out", &[], &[("out", json!({"artifact": "Dataset"}))]),
    });
    let body = json!([
        task("make"),
        {"for": "each", "var": "n", "in": {"lit": [1, 2]}, "body": [call("step", "step", json!({"n": {"item": "n"}}))], "after": ["make"]},
        {"if": "maybe", "branches": [{"when": {"lit": false}, "body": [call("inner", "make", json!({}))]}], "after": ["each"]},
        call("bad", "bad", json!({"n": {"task": "make"}})),
        {"require": {"lit": true}, "message": {"lit": ""}},
        with(task("file"), json!({"after": ["maybe"]})),
        with(call("never", "bad", json!({})), json!({"after": ["bad"]})),
    ]);
    let plan = with(
        plan(components, body),
        json!({
            "doc": "About <this>.",
            "params": [{"name": "text", "type": "str", "default": "<i>&amp;\"'"}],
            "outputs": {"file": {"field": [{"task": "file"}, "out"]}},
            "finally": [call("last", "step", json!({"n": {"lit": 1}}))],
        }),
    );
    let report = place.run(&plan);
    let page = std::fs::read_to_string(report.folder.join("report.html")).unwrap();
    for text in ["<b>log", "<script>", "<i>&amp;\"", "About <this>"] {
        assert!(!page.contains(text), "{text} in {page}");
    }
    for text in [
        "&lt;i&gt;&amp;amp;",
        "About &lt;this&gt;",
        "&lt;script&gt;",
        "href=\".&#x2f;log&#x2f;bad.1.log\"",
        "work&#x2f;file.1&#x2f;out",
    ] {
        assert!(page.contains(text), "{text} not in {page}");
    }
    assert!(!page.contains("://"), "it needs no network");
    // Three after `make`, one after each item, one after the skipped branch, one after `bad`, and `finally` after both ends.
    assert_eq!(page.matches("<path class=\"wire").count(), 9, "{page}");
    assert_eq!(
        page.matches("<rect class=\"box\"").count(),
        report.tasks.len()
    );
}
