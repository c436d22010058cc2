//! The examples of the repository, with their own steps and data: on both Airflows what they are here.

use std::path::Path;

use serde_json::json;

use crate::{Case, case, engine};

/// With the packages of an engine's environment for the local run.
fn example(name: &str) -> Option<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let read =
        |file: &str| std::fs::read_to_string(folder.join(file)).expect("an example has its files");
    let mut case = case(&read("pipeline.mlp")).file("steps.py", &read("steps.py"));
    let answer = engine("airflow")?.ask(&json!({ "do": "python" }));
    case.python = answer["python"].as_str().map(Into::into);
    Some(case)
}

#[test]
fn training_gives_the_same_f1() {
    let Some(case) = example("training") else {
        return;
    };
    let outcome = case.agrees(json!({ "n_estimators": 20 }));
    let f1 = outcome.outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
}

#[test]
fn daily_training_releases_the_same_model() {
    let Some(case) = example("daily_training") else {
        return;
    };
    let outcome = case.agrees(json!({ "day": "2024-01-31", "n_estimators": 20 }));
    let release = outcome.outputs["release"].as_str().expect("a text");
    assert!(release.starts_with("wine-2024-01-31-"), "{release}");
}
