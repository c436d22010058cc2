//! The examples of the repository, with their own steps and data.

use std::path::Path;

use serde_json::json;

use crate::{Case, case};

fn example(name: &str) -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let read =
        |file: &str| std::fs::read_to_string(folder.join(file)).expect("an example has its files");
    case(&read("pipeline.mlp")).file("steps.py", &read("steps.py"))
}

#[test]
fn training_runs_on_real_data() {
    let training = example("training");
    training.accepted("training");
    let Some(outcome) = training.run(json!({ "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let f1 = outcome.outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
    assert_eq!(outcome.states["fit"], "succeeded");
}

#[test]
fn daily_training_runs_and_stops_at_its_requirement() {
    let daily = example("daily_training");
    daily.accepted("daily_training");
    let Some(outcome) = daily.run(json!({ "day": "2024-01-31", "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let release = outcome.outputs["release"].as_str().expect("a text");
    assert!(release.starts_with("wine-2024-01-31-"), "{release}");
    let outcome = daily
        .run(json!({ "day": "2024-01-31", "n_estimators": 1, "threshold": 1.0 }))
        .expect("Prefect is there");
    assert_eq!(outcome.status, "failed", "{}", outcome.log);
    assert_eq!(outcome.states["f1"], "succeeded");
    assert_eq!(outcome.states["require_2"], "failed");
    assert_eq!(outcome.states["release"], "not_run");
    assert!(
        outcome
            .log
            .contains("and 1.0 is the least that is released"),
        "{}",
        outcome.log
    );
}

#[test]
fn cached_flow_takes_its_input_from_the_cache_in_a_second_run() {
    let cached = example("cached_flow");
    cached.accepted("cached_flow");
    let arguments = |threshold: f64| json!({ "n_estimators": 5, "threshold": threshold });
    let Some(first) = cached.run(arguments(0.5)) else {
        return;
    };
    let second = cached.run(arguments(0.999)).expect("Prefect is there");
    for outcome in [&first, &second] {
        assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    }
    assert_eq!(first.outputs["f1"], second.outputs["f1"]);
    assert_eq!(second.outputs["status"], "rejected");
    assert_eq!(first.states["raw"], "succeeded", "{}", first.log);
    assert_eq!(second.states["raw"], "cached", "{}", second.log);
    // Nothing else asks for a cache.
    assert_eq!(second.states["parts"], "succeeded");
    assert_eq!(
        (first.states.get("deploy"), second.states.get("deploy")),
        (Some(&"succeeded".to_owned()), None)
    );
}
