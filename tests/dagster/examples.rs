//! The examples of the repository as Dagster reads them. That they run and what they give is held by the conformance suite.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::{Case, case, text_in};

fn example(name: &str) -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let read = |file: &str| text_in(&folder.join(file));
    case(&read("pipeline.mlp")).file("steps.py", &read("steps.py"))
}

/// What each asset depends on: Dagster matches assets by name, and what it makes of them is the pipeline's graph.
fn graph(read: &Json) -> Json {
    let assets = read["assets"].as_object().expect("assets by key").iter();
    assets
        .map(|(key, asset)| (key.clone(), asset["reads"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn training_is_a_graph_of_assets() {
    let compiled = example("training").typed();
    compiled.snapshot("training");
    let Some(read) = compiled.described() else {
        return;
    };
    assert_eq!(
        graph(&read),
        json!({
            "raw": [],
            "features": ["raw"],
            "fit/model": ["features"],
            "fit/test": ["features"],
            "f1": ["fit/model", "fit/test"],
            "training_outputs": ["f1"],
        })
    );
    let columns = |key: &str| read["assets"][key]["columns"].as_array().map(Vec::len);
    assert_eq!(columns("raw"), Some(11));
    assert_eq!(columns("fit/test"), Some(13));
    assert_eq!(columns("fit/model"), None);
}

#[test]
fn every_table_of_assets_is_one_with_its_columns() {
    let compiled = example("assets").typed();
    compiled.snapshot("assets");
    let Some(read) = compiled.described() else {
        return;
    };
    assert_eq!(
        graph(&read),
        json!({
            "raw": [],
            "clean": ["raw"],
            "features": ["clean"],
            "fit/model": ["features"],
            "fit/held_out": ["features"],
            "tested": ["fit/held_out", "fit/model"],
            "quality/scores": ["tested"],
            "quality/mean_error": ["tested"],
            "quality/groups": ["tested"],
            "assets_outputs": ["fit/model", "quality/mean_error", "quality/scores"],
        })
    );
    for key in [
        "raw",
        "clean",
        "features",
        "fit/held_out",
        "tested",
        "quality/scores",
    ] {
        assert!(read["assets"][key]["columns"].is_array(), "{key}");
        assert_eq!(read["assets"][key]["group"], "assets", "{key}");
    }
    assert_eq!(
        read["checks"],
        json!({ "check_quality_groups": { "asset": "quality/groups", "blocking": true } })
    );
}

#[test]
fn daily_training_runs_daily() {
    let compiled = example("daily_training").typed();
    compiled.snapshot("daily_training");
    let Some(tick) = compiled.tick("2024-03-01T00:00:00+00:00", &[]) else {
        return;
    };
    assert_eq!(
        tick["tags"],
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
