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
    let compiled = example("training").accepted();
    compiled.snapshot("training");
    let Some(outcome) = compiled.run(json!({ "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let f1 = outcome.outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
}

#[test]
fn daily_training_runs() {
    let compiled = example("daily_training").accepted();
    compiled.snapshot("daily_training");
    let Some(outcome) = compiled.run(json!({ "day": "2024-01-31", "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    assert!(
        outcome.outputs["release"]
            .as_str()
            .expect("a text")
            .starts_with("wine-2024-01-31-"),
        "{}",
        outcome.outputs
    );
}

/// The conformance suite runs them.
#[test]
fn the_others_are_accepted() {
    for name in ["cached_flow", "assets", "hyperparameter_sweep"] {
        example(name).accepted();
    }
}
