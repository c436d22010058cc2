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
    let compiled = example("training").typed();
    compiled.snapshot("training");
    let Some(outcome) = compiled.run(json!({ "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let f1 = outcome.outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
    // Dagster matches assets by name: what it makes of them is the pipeline's graph.
    assert_eq!(
        outcome.graph,
        json!({
            "raw": [],
            "features": ["raw"],
            "fit/model": ["features"],
            "fit/test": ["features"],
            "f1": ["fit/model", "fit/test"],
            "training_outputs": ["f1"],
        })
    );
}

#[test]
fn daily_training_runs() {
    let compiled = example("daily_training").typed();
    compiled.snapshot("daily_training");
    let Some(outcome) = compiled.run(json!({ "day": "2024-01-31", "n_estimators": 20 })) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let release = outcome.outputs["release"].as_str().expect("a text");
    assert!(release.starts_with("wine-2024-01-31-"), "{release}");
    let tick = compiled.tick("2024-03-01T00:00:00+00:00", &[]);
    assert_eq!(
        tick.expect("there is Dagster")["tags"],
        json!({
            "mlpc/date": "2024-03-01",
            "mlpc/interval_start": "2024-02-29T00:00:00Z",
            "mlpc/interval_end": "2024-03-01T00:00:00Z",
        })
    );
    let early = compiled.tick("2023-12-31T00:00:00+00:00", &[]);
    let early = early.expect("there is Dagster");
    assert!(early["skipped"].is_string(), "{early}");
}
