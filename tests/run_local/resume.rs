//! Going on with a run that failed, was ended or was killed.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use mlpc::run::{Report, Status};
use serde_json::{Value, json};

use crate::basics::alive;
use crate::support::*;

fn resume(place: &Place, plan: &Value, run: &str) -> Report {
    place.run_with(plan, |options| options.resume = Some(run.to_owned()))
}

#[test]
fn what_is_done_is_not_done_again() {
    let place = Place::new();
    let note = |more: &str| {
        shell(
            &format!(
                "echo $n >> {}; {more}; echo $n > $output",
                place.text("ran")
            ),
            &[("n", json!("int"))],
            &[("output", json!("int"))],
        )
    };
    let gate = format!("[ -e {} ]", place.text("gate"));
    let components = json!({"step": note(":"), "gate": note(&gate)});
    let body = json!([
        call("a", "step", json!({"n": {"lit": 1}})),
        call("b", "gate", json!({"n": {"lit": 2}})),
        call("c", "step", json!({"n": {"task": "b"}})),
        call("d", "step", json!({"n": {"lit": 4}})),
    ]);
    let plan = with(
        plan(components, body),
        json!({"outputs": {"a": {"task": "a"}, "c": {"task": "c"}}}),
    );
    let failed = place.run(&plan);
    assert_eq!(
        states(&failed),
        "a succeeded, b failed, c not_run, d succeeded"
    );
    std::fs::write(place.path("gate"), "").unwrap();
    let report = resume(&place, &plan, &failed.run);
    assert_eq!(
        states(&report),
        "a succeeded, b succeeded, c succeeded, d succeeded"
    );
    assert_eq!(
        (
            report.run.as_str(),
            report.tasks["b"].attempts,
            report.tasks["a"].attempts
        ),
        (failed.run.as_str(), 2, 1)
    );
    assert_eq!(outputs(&report), json!({"a": 1, "c": 2}));
    let mut ran = place.lines("ran");
    ran.sort();
    assert_eq!(ran, ["1", "2", "2", "2", "4"]);

    // Once more: nothing is left to do.
    let report = resume(&place, &plan, &failed.run);
    assert_eq!(
        (report.status, place.lines("ran").len()),
        (Status::Succeeded, 5)
    );
    assert_eq!(outputs(&report), json!({"a": 1, "c": 2}));
}

#[test]
fn only_what_a_change_touches_runs_again() {
    let place = Place::new();
    let add = shell(
        &format!(
            "echo $name >> {}; echo $((n + 1)) > $output",
            place.text("ran")
        ),
        &[("n", json!("int")), ("name", json!("str"))],
        &[("output", json!("int"))],
    );
    let touch = shell(
        &format!("echo $name >> {}; cp \"$file\" \"$out\"", place.text("ran")),
        &[
            ("file", json!({"artifact": "Dataset"})),
            ("name", json!("str")),
        ],
        &[("out", json!({"artifact": "Dataset"}))],
    );
    let body = json!([
        call(
            "a",
            "add",
            json!({"n": {"param": "n"}, "name": {"lit": "a"}})
        ),
        call("b", "add", json!({"n": {"lit": 5}, "name": {"lit": "b"}})),
        call(
            "c",
            "add",
            json!({"n": {"task": "a"}, "name": {"lit": "c"}})
        ),
        call(
            "f",
            "touch",
            json!({"file": {"param": "file"}, "name": {"lit": "f"}})
        ),
        call(
            "g",
            "touch",
            json!({"file": {"field": [{"task": "f"}, "out"]}, "name": {"lit": "g"}})
        ),
    ]);
    std::fs::write(place.path("data"), "1").unwrap();
    let base = with(
        plan(json!({"add": add, "touch": touch}), body),
        json!({
            "params": [{"name": "n", "type": "int", "default": 1}, {"name": "file", "type": {"artifact": "Dataset"}, "default": "data"}],
            "outputs": {"c": {"task": "c"}, "g": {"field": [{"task": "g"}, "out"]}},
        }),
    );
    let first = place.run(&base);
    let ran_by = |run: &mut dyn FnMut() -> Report| {
        std::fs::remove_file(place.path("ran")).unwrap();
        std::fs::write(place.path("ran"), "").unwrap();
        let report = run();
        assert_eq!(report.status, Status::Succeeded);
        let mut ran = place.lines("ran");
        ran.sort();
        (ran.join(""), report)
    };
    let (ran, _) = ran_by(&mut || resume(&place, &base, &first.run));
    assert_eq!(ran, "");
    // A parameter; it is remembered by the next one.
    let (ran, report) = ran_by(&mut || {
        place.run_with(&base, |options| {
            options.resume = Some(first.run.clone());
            options.set = vec![("n".into(), "10".into())];
        })
    });
    assert_eq!(
        (ran.as_str(), outputs(&report)["c"].clone()),
        ("ac", json!(12))
    );
    let (ran, report) = ran_by(&mut || resume(&place, &base, &first.run));
    assert_eq!(
        (ran.as_str(), outputs(&report)["c"].clone()),
        ("", json!(12))
    );
    // A definition, by which `c` gets other inputs and `b` is the same.
    let mut changed = base.clone();
    changed["body"][0]["env"] = json!({"X": "1"});
    let (ran, _) = ran_by(&mut || resume(&place, &changed, &first.run));
    assert_eq!(ran, "a", "its output is as before, so `c` need not run");
    // The user's file.
    std::fs::write(place.path("data"), "two").unwrap();
    let (ran, report) = ran_by(&mut || resume(&place, &changed, &first.run));
    assert_eq!(ran, "fg");
    assert_eq!(
        std::fs::read_to_string(report.outputs["g"].text()).unwrap(),
        "two"
    );
    // An output that is gone or of another size.
    std::fs::remove_file(report.outputs["g"].text()).unwrap();
    let (ran, _) = ran_by(&mut || resume(&place, &changed, &first.run));
    assert_eq!(ran, "g");
}

#[test]
fn what_is_to_be_resumed_must_be_there() {
    let place = Place::new();
    let plan = plan(json!({}), json!([]));
    let error = place
        .try_run(&plan, |options| options.resume = Some("none".into()))
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no run `none` to resume");
    let run = place.run(&plan).run;
    let error = place
        .try_run(&plan, |options| options.resume = Some("none".into()))
        .unwrap_err();
    assert_eq!(error.help, Some(format!("the last run here is `{run}`")));
    // By its folder.
    let folder = place.text(&format!("state/runs/{run}"));
    assert_eq!(resume(&place, &plan, &folder).run, run);
    std::fs::write(place.path(&format!("state/runs/{run}/params.json")), "{").unwrap();
    let error = place
        .try_run(&plan, |options| options.resume = Some(run))
        .unwrap_err();
    assert!(
        error.to_string().contains("params.json` is damaged"),
        "{error}"
    );
}

#[test]
fn finally_runs_again_when_the_body_went_on() {
    let place = Place::new();
    let note = |word: &str| shell(&format!("echo {word} >> {}", place.text("ran")), &[], &[]);
    let gate = shell(&format!("[ -e {} ]", place.text("gate")), &[], &[]);
    let components = json!({"gate": gate, "clean": note("clean"), "inner": note("inner"), "in_finally": note("in_finally")});
    let plan = with(
        plan(
            components,
            json!([{"call": "p", "pipeline": "p"}, task("gate")]),
        ),
        json!({
            "pipelines": {"p": {"body": [task("inner")], "finally": [task("in_finally")]}},
            "finally": [task("clean")],
        }),
    );
    let failed = place.run(&plan);
    assert_eq!(place.lines("ran"), ["inner", "in_finally", "clean"]);
    std::fs::write(place.path("gate"), "").unwrap();
    let report = resume(&place, &plan, &failed.run);
    assert_eq!(report.status, Status::Succeeded);
    assert_eq!(
        place.lines("ran"),
        ["inner", "in_finally", "clean", "clean"]
    );
    resume(&place, &plan, &failed.run);
    assert_eq!(place.lines("ran").len(), 4);
}

const PLACE: &str = "MLPC_TEST_RESUME_PLACE";

/// Not a test of its own: the runner in a process of its own, that may die.
#[test]
fn runner() {
    let Some(folder) = std::env::var_os(PLACE) else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let plan = std::fs::read_to_string(folder.join("plan.json")).unwrap();
    let run = folder.join("run");
    let resumes = run.join("journal.jsonl").exists();
    let options = mlpc::run::Options {
        state: folder.join("state"),
        run_dir: (!resumes).then(|| run.clone()),
        resume: resumes.then(|| run.to_str().unwrap().to_owned()),
        jobs: Some(4.try_into().unwrap()),
        display: mlpc::run::Display::Silent,
        ..mlpc::run::Options::default()
    };
    let report = mlpc::run::execute(&mlpc::plan::read(&plan).unwrap(), &options).unwrap();
    std::process::exit(report.exit_code().into());
}

/// Runs in a process that dies at its `crash`-th durable step, or as it likes. Gives whether it died.
fn in_process(place: &Place, crash: Option<u32>) -> bool {
    let mut command = start(place);
    if let Some(crash) = crash {
        command.env("MLPC_TEST_CRASH", crash.to_string());
    }
    let output = command.stdout(Stdio::piped()).output().unwrap();
    match output.status.signal() {
        Some(9) => true,
        _ => {
            assert!(
                output.status.success(),
                "{}: {}",
                output.status,
                String::from_utf8_lossy(&output.stdout)
            );
            false
        }
    }
}

fn start(place: &Place) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "resume::runner", "--test-threads=1"])
        .env(PLACE, place.path(""));
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
}

/// Values, artifacts, a loop, a cached task, retries, `finally`.
fn whole_plan(place: &Place) -> Value {
    let note = format!("echo $who >> {};", place.text("ran"));
    let who = ("who", json!("str"));
    let file = json!({"artifact": "Dataset"});
    let components = json!({
        "make": shell(&format!("{note} mkdir \"$out\"; echo $who > \"$out/x\"; echo 3 > $n"), std::slice::from_ref(&who), &[("out", file.clone()), ("n", json!("int"))]),
        "each": shell(&format!("{note} echo $((i * n)) > $output"), &[who.clone(), ("i", json!("int")), ("n", json!("int"))], &[("output", json!("int"))]),
        "copy": shell(&format!("{note} cp -R \"$data\" \"$out\""), &[who.clone(), ("data", file.clone())], &[("out", file.clone())]),
        "flaky": shell(&format!("{note} [ $(grep -c $who {}) -ge 2 ]", place.text("ran")), std::slice::from_ref(&who), &[]),
        "clean": shell(&note, &[who], &[]),
    });
    let named = |name: &str, component: &str, args: Value| {
        call(name, component, with(args, json!({"who": {"lit": name}})))
    };
    let n = json!({"field": [{"task": "make"}, "n"]});
    let body = json!([
        named("make", "make", json!({})),
        {"for": "loop", "var": "i", "in": {"lit": [1, 2, 3]}, "limit": 2, "body": [
            call("each", "each", json!({"i": {"item": "i"}, "n": n, "who": {"concat": [{"lit": "each"}, {"item": "i"}]}}))], "value": {"task": "each"}},
        with(named("copy", "copy", json!({"data": {"field": [{"task": "make"}, "out"]}})), json!({"cache": true})),
        with(named("flaky", "flaky", json!({})), json!({"retry": [0.01, 0.01, 0.01]})),
        {"require": {"compare": {"op": "==", "left": n, "right": {"lit": 3}}}, "message": {"lit": "three"}},
        with(named("last", "copy", json!({"data": {"field": [{"task": "copy"}, "out"]}})), json!({"after": ["loop", "flaky"]})),
    ]);
    with(
        plan(components, body),
        json!({"finally": [named("clean", "clean", json!({}))],
        "outputs": {"all": {"task": "loop"}, "last": {"field": [{"task": "last"}, "out"]}}}),
    )
}

/// What a run has come to, as far as it must not depend on crashes.
fn outcome(place: &Place) -> Value {
    let report: Value = serde_json::from_str(&place.read("run/report.json")).unwrap();
    let tasks: Vec<Value> = report["tasks"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, task)| json!([name, task["state"]]))
        .collect();
    let last =
        std::fs::read_to_string(format!("{}/x", report["outputs"]["last"].as_str().unwrap()))
            .unwrap();
    json!({"status": report["status"], "tasks": tasks, "all": report["outputs"]["all"], "last": last})
}

/// Tasks whose `done` is in the journal.
fn done(place: &Place) -> Vec<String> {
    let lines = place.lines("run/journal.jsonl");
    let records = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records
        .filter(|record| record["record"] == "done")
        .map(|record| record["task"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_runner_may_die_at_any_durable_step() {
    let undisturbed = Place::new();
    std::fs::write(
        undisturbed.path("plan.json"),
        whole_plan(&undisturbed).to_string(),
    )
    .unwrap();
    assert!(!in_process(&undisturbed, None));
    let expected = outcome(&undisturbed);
    assert_eq!(expected["all"], json!([3, 6, 9]));
    for crash in 1.. {
        let place = Place::new();
        std::fs::write(place.path("plan.json"), whole_plan(&place).to_string()).unwrap();
        let died = in_process(&place, Some(crash));
        let before = done(&place);
        let ran = place.lines("ran");
        if !place.path("run/journal.jsonl").exists() && place.path("run").exists() {
            // Nothing had begun: the folder is of no use.
            std::fs::remove_dir_all(place.path("run")).unwrap();
        }
        if died {
            assert!(!in_process(&place, None), "crash {crash}");
        }
        let found = outcome(&place);
        let differs = found["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .zip(expected["tasks"].as_array().unwrap())
            .filter(|(a, b)| a != b);
        // The only difference may be that what had been kept before the crash was taken from the cache after it.
        for (found, _) in differs {
            assert_eq!(found, &json!(["copy", "cached"]), "crash {crash}");
        }
        assert_eq!(
            (&found["status"], &found["all"], &found["last"]),
            (&expected["status"], &expected["all"], &expected["last"]),
            "crash {crash}"
        );
        for task in before.iter().filter(|task| *task != "clean") {
            let word = match task.strip_prefix("loop[") {
                Some(rest) => format!("each{}", rest[..1].parse::<u32>().unwrap() + 1),
                None => task.clone(),
            };
            let count = |lines: &[String]| lines.iter().filter(|line| **line == word).count();
            assert_eq!(
                count(&ran),
                count(&place.lines("ran")),
                "`{task}` was done twice: crash {crash}"
            );
        }
        if !died {
            assert!(crash > 20, "{crash} durable steps are too few to believe");
            break;
        }
    }
}

#[test]
fn a_runner_may_be_killed_at_any_moment() {
    let expected = {
        let place = Place::new();
        std::fs::write(place.path("plan.json"), whole_plan(&place).to_string()).unwrap();
        assert!(!in_process(&place, None));
        outcome(&place)
    };
    for round in 0..20 {
        let place = Place::new();
        std::fs::write(place.path("plan.json"), whole_plan(&place).to_string()).unwrap();
        // Killed again and again, each time a little later.
        for kill in 0..3 {
            let mut child = start(&place).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(
                5 + (round * 7 + kill * 13) % 60,
            ));
            child.kill().unwrap();
            child.wait().unwrap();
            if !place.path("run/journal.jsonl").exists() && place.path("run").exists() {
                std::fs::remove_dir_all(place.path("run")).unwrap();
            }
        }
        assert!(!in_process(&place, None), "round {round}");
        let found = outcome(&place);
        assert_eq!(
            (&found["status"], &found["all"], &found["last"]),
            (&expected["status"], &expected["all"], &expected["last"]),
            "round {round}"
        );
    }
}

#[test]
fn the_orphans_of_a_killed_runner_are_ended() {
    let place = Place::new();
    let script = format!(
        "echo $$ >> {0}; if [ $(wc -l < {0}) = 1 ]; then echo old > $output; sleep 1000; fi; echo new > $output",
        place.text("pids")
    );
    let plan = with(
        plan(
            json!({"step": shell(&script, &[], &[("output", json!("str"))])}),
            json!([task("step")]),
        ),
        json!({"outputs": {"text": {"task": "step"}}}),
    );
    std::fs::write(place.path("plan.json"), plan.to_string()).unwrap();
    let mut child = start(&place).spawn().unwrap();
    until("the step's start", || !place.lines("pids").is_empty());
    until("its record", || {
        place
            .lines("run/journal.jsonl")
            .iter()
            .any(|line| line.contains("\"start\""))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let orphan = place.lines("pids")[0].clone();
    assert!(alive(&orphan));
    assert!(!in_process(&place, None));
    until("the end of the orphan", || !alive(&orphan));
    let report: Value = serde_json::from_str(&place.read("run/report.json")).unwrap();
    assert_eq!(report["outputs"]["text"], json!("new"));
    assert_eq!(files(&place.path("run/work")), ["step.2/output"]);
}

#[test]
fn a_run_that_another_process_holds_is_refused() {
    let place = Place::new();
    let plan = plan(
        json!({"step": shell(&format!("touch {}; sleep 1000", place.text("began")), &[], &[])}),
        json!([task("step")]),
    );
    std::fs::write(place.path("plan.json"), plan.to_string()).unwrap();
    let mut child = start(&place).spawn().unwrap();
    until("the step's start", || place.path("began").exists());
    let error = place
        .try_run(&plan, |options| options.resume = Some(place.text("run")))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the run `{}` is held by process {}",
            place.text("run"),
            child.id()
        )
    );
    assert_eq!(error.exit_code, 2);
    child.kill().unwrap();
    child.wait().unwrap();
    // Its step is ended by whoever goes on.
    std::fs::write(
        place.path("plan.json"),
        crate::support::plan(json!({}), json!([])).to_string(),
    )
    .unwrap();
    assert!(!in_process(&place, None));
}
