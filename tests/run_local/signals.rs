//! Ctrl-C and its kin, on a runner in a process of its own: this test binary, called again.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::basics::alive;
use crate::support::*;

const PLACE: &str = "MLPC_TEST_PLACE";

/// Not a test of its own: what the runner's process does.
#[test]
fn runner() {
    let Some(folder) = std::env::var_os(PLACE) else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let plan = std::fs::read_to_string(folder.join("plan.json")).unwrap();
    let options = mlpc::run::Options {
        state: folder.join("state"),
        run_dir: Some(folder.join("run")),
        jobs: Some(4.try_into().unwrap()),
        display: mlpc::run::Display::Plain,
        json: true,
        ..mlpc::run::Options::default()
    };
    let report = mlpc::run::execute(&mlpc::plan::read(&plan).unwrap(), &options).unwrap();
    if let Some(signal) = report.signal {
        mlpc::run::die_of(signal);
    }
    std::process::exit(report.exit_code().into());
}

fn start(place: &Place, plan: &Value) -> Child {
    std::fs::write(place.path("plan.json"), plan.to_string()).unwrap();
    // Who runs tests in the background ignores signals, which a runner rightly takes over: this one starts with none ignored.
    let heard = "import os, signal, sys\n\
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_DFL)\n\
        os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = Command::new("python3");
    command
        .args(["-c", heard])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "signals::runner",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(PLACE, place.path(""));
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    command.spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn plan_that_waits(place: &Place, deaf: bool) -> Value {
    let trap = if deaf { "trap '' TERM;" } else { "" };
    let wait = format!(
        "{trap} echo $$ > {}; while :; do sleep 0.05; done",
        place.text("pid")
    );
    let components = json!({"wait": shell(&wait, &[], &[]), "step": shell("", &[], &[]),
        "note": shell(&format!("echo $status > {}", place.text("finally")), &[("status", json!("str"))], &[])});
    with(
        plan(
            components,
            json!([task("wait"), with(task("step"), json!({"after": ["wait"]}))]),
        ),
        json!({"finally": [call("note", "note", json!({"status": {"run": "status"}}))]}),
    )
}

#[test]
fn the_first_signal_stops_the_steps_and_runs_finally() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15)] {
        let place = Place::new();
        let child = start(&place, &plan_that_waits(&place, false));
        until("the step's start", || !place.lines("pid").is_empty());
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.signal(),
            Some(number),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(place.read("finally"), "failed\n");
        assert!(!alive(place.read("pid").trim()));
        let report: Value = serde_json::from_str(&place.read("run/report.json")).unwrap();
        assert_eq!(report["status"], json!("failed"));
        assert_eq!(report["tasks"]["wait"]["state"], json!("failed"));
        assert_eq!(report["tasks"]["step"]["state"], json!("not_run"));
        assert_eq!(report["tasks"]["note"]["state"], json!("succeeded"));
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains("\"status\": \"failed\""), "{stdout}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("go on with `--resume"), "{stderr}");
    }
}

#[test]
fn the_second_signal_kills() {
    let place = Place::new();
    let child = start(&place, &plan_that_waits(&place, true));
    until("the step's start", || !place.lines("pid").is_empty());
    send(&child, Signal::INT);
    until("the first signal", || {
        place
            .lines("run/journal.jsonl")
            .iter()
            .any(|line| line.contains("not_run"))
    });
    send(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(2));
    assert!(!place.path("finally").exists());
    let pid = place.read("pid");
    until("the end of the step", || !alive(pid.trim()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("all steps are killed"), "{stderr}");
}

#[test]
fn a_run_is_held_by_one_process() {
    let place = Place::new();
    let plan = plan_that_waits(&place, false);
    let child = start(&place, &plan);
    until("the step's start", || !place.lines("pid").is_empty());
    let holder = place.read("run/lock");
    assert_eq!(holder, format!("process {}\n", child.id()));
    send(&child, Signal::TERM);
    child.wait_with_output().unwrap();
}
