//! An engine's outcome against that which the case demands.

use serde_json::{Map, Value as Json};

use super::case::{Case, Exception, Otherwise, Run};
use super::drivers::{Driver, Outcome};

/// What is known of a case on an engine.
pub struct Verdict {
    pub proof: Proof,
    /// What is not as the case says.
    pub faults: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Compiling is refused, as the case says.
    Refused,
    /// The engine's validator takes what is emitted.
    Validated,
    /// It ran, and ended as the case says.
    Ran,
}

pub fn judge(case: &Case, driver: &Driver) -> Verdict {
    // A panic of the compiler is a fault of this case, and no reason not to look at the others.
    let Ok(emitted) = std::panic::catch_unwind(|| case.emit(driver.target)) else {
        return Verdict {
            proof: Proof::Refused,
            faults: vec!["the compiler panicked, see above".to_owned()],
        };
    };
    let exception = driver.of(&case.expect.on);
    if let Some(Exception::Refused(reason)) = exception {
        let faults = if !emitted.has_errors {
            vec!["it compiles, though the case says that it is refused".to_owned()]
        } else if !emitted.report.contains(reason.as_str()) {
            vec![format!(
                "it is refused, but not for `{reason}`:\n{}",
                emitted.report
            )]
        } else {
            Vec::new()
        };
        return Verdict {
            proof: Proof::Refused,
            faults,
        };
    }
    if emitted.has_errors {
        return Verdict {
            proof: Proof::Refused,
            faults: vec![format!("it does not compile:\n{}", emitted.report)],
        };
    }
    let mut faults: Vec<String> = driver
        .check(&emitted.documents)
        .into_iter()
        .map(|error| format!("the validator says: {error}"))
        .collect();
    let mut proof = Proof::Validated;
    if exception.is_none() && faults.is_empty() {
        for (at, run) in case.expect.runs.iter().enumerate() {
            if matches!(driver.of(&run.on), Some(Otherwise::Unrun(_))) {
                continue;
            }
            proof = Proof::Ran;
            if let Some(Otherwise::Degrades { warning, .. }) = driver.of(&run.on)
                && !emitted.report.contains(warning.as_str())
            {
                faults.push(format!(
                    "run {at}: no warning says `{warning}`:\n{}",
                    emitted.report
                ));
            }
            let outcome = driver.run(case, &emitted.documents, run);
            let found = differences(run, driver, &outcome);
            if !found.is_empty() {
                let set = Json::Object(run.set.clone());
                faults.push(format!(
                    "run {at} with {set}:\n  {}\n{}",
                    found.join("\n  "),
                    short(&outcome.log)
                ));
            }
        }
    }
    Verdict { proof, faults }
}

fn differences(run: &Run, driver: &Driver, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let mut status = run.status.as_str();
    let mut tasks = run.tasks.clone();
    match driver.of(&run.on) {
        Some(Otherwise::Degrades {
            status: other,
            tasks: others,
            ..
        }) => {
            status = other.as_deref().unwrap_or(status);
            tasks.extend(others.clone());
        }
        Some(Otherwise::Differs { tasks: others, .. }) => tasks.extend(others.clone()),
        Some(Otherwise::Unrun(_)) | None => {}
    }
    if outcome.status != status {
        found.push(format!(
            "the run {}, and should have {status}",
            outcome.status
        ));
    }
    if (status == "succeeded" && run.status == "succeeded"
        || driver.reports_all() && !run.outputs.is_empty())
        && !same_map(&run.outputs, &outcome.outputs)
    {
        found.push(format!(
            "its outputs are\n    {}\n  and should be\n    {}",
            text(&outcome.outputs),
            text(&run.outputs)
        ));
    }
    for (task, state) in &tasks {
        let is = outcome.state(task);
        let agrees = match state.as_str() {
            // Which of them, an engine that reports only what started does not say.
            "either" => true,
            "pruned" => matches!(is, None | Some("skipped")),
            "skipped" | "not_run" if !driver.reports_all() => {
                !matches!(is, Some("succeeded" | "failed"))
            }
            // The local run has a folder of its own; an engine keeps its cache from an earlier run.
            "succeeded" if !driver.reports_all() => matches!(is, Some("succeeded" | "cached")),
            state => is == Some(state),
        };
        if !agrees {
            found.push(format!(
                "`{task}` is {}, and should be {state}",
                is.unwrap_or("not there")
            ));
        }
    }
    if driver.reports_all() {
        for (task, state) in &outcome.tasks {
            if !run.tasks.contains_key(task) {
                found.push(format!(
                    "the case says nothing of `{task}`, which is {state}"
                ));
            }
        }
    }
    found
}

/// The end of a log, without the blanks that fill a wide screen.
fn short(log: &str) -> String {
    let words: Vec<String> = log
        .lines()
        .map(|line| line.trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    words[words.len().saturating_sub(30)..].join("\n")
}

fn text(map: &Map<String, Json>) -> String {
    Json::Object(map.clone()).to_string()
}

fn same_map(expected: &Map<String, Json>, found: &Map<String, Json>) -> bool {
    expected.len() == found.len()
        && expected
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| same(value, found)))
}

/// The same value: an engine may write `2.0` for `2` and put keys in another order.
pub fn same(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Number(a), Json::Number(b)) => {
            a == b || a.as_f64() == b.as_f64() && a.as_f64().is_some_and(|a| a.abs() < 9e15)
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => same_map(a, b),
        _ => expected == found,
    }
}

#[test]
fn what_differs_is_seen() {
    let same = |a: &str, b: &str| {
        same(
            &serde_json::from_str(a).unwrap(),
            &serde_json::from_str(b).unwrap(),
        )
    };
    assert!(same(
        "[1, {\"a\": 2.5, \"b\": null}]",
        "[1.0, {\"b\": null, \"a\": 2.5}]"
    ));
    for (a, b) in [
        ("1", "\"1\""),
        ("[1]", "[1, 2]"),
        ("{\"a\": 1}", "{}"),
        ("{}", "{\"a\": 1}"),
        ("null", "\"null\""),
        ("0.1", "0.2"),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
    assert!(!same("9007199254740993", "9007199254740992"));
}

#[test]
fn tasks_are_found_by_their_names() {
    let names = [
        "fits[0].train",
        "fits[10].train",
        "a.then.say-it-2",
        "a-conditions",
    ];
    let outcome = Outcome {
        status: String::new(),
        outputs: Map::new(),
        tasks: names
            .iter()
            .map(|name| ((*name).to_owned(), (*name).to_owned()))
            .collect(),
        log: String::new(),
    };
    assert_eq!(outcome.state("fits[10].train"), Some("fits[10].train"));
    assert_eq!(outcome.state("say_it"), Some("a.then.say-it-2"));
    for name in ["fits[1].train", "say", "then", "conditions"] {
        assert_eq!(outcome.state(name), None, "{name}");
    }
}
