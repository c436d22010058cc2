//! The examples of the repository, with their own steps and data: they give on Kubeflow what they give here.

use serde_json::{Value as Json, json};

use crate::engines::engine;
use crate::example::{run_locally, text};
use crate::{Case, case};

fn example(name: &str) -> Case {
    case(&text(name, "pipeline.mlp")).file("steps.py", &text(name, "steps.py"))
}

/// Runs an example on Kubeflow and here; gives the outputs that are values.
fn same_as_locally(name: &str, arguments: Json) -> Option<Json> {
    let outcome = example(name).run(arguments.clone())?;
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let arguments = arguments.as_object().expect("an object");
    let setting = |(name, value): (&String, &Json)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    };
    let settings: Vec<String> = arguments.iter().map(setting).collect();
    let local = run_locally(name, &settings, &engine("kubeflow")?.python);
    for (output, value) in local.as_object().expect("an object") {
        let here = &outcome.outputs[output];
        // kfp.local gives a `T?` as the text that it travels as.
        let decoded = here
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| here.clone());
        let same = here == value
            || &decoded == value
            || value.is_number() && here.as_f64() == value.as_f64();
        assert!(
            same,
            "{name}: `{output}` is {here}, here {value}\n{}",
            outcome.log
        );
    }
    Some(local)
}

#[test]
fn training_runs_on_real_data() {
    example("training").accepted().snapshot("training");
    let Some(outputs) = same_as_locally("training", json!({ "n_estimators": 20 })) else {
        return;
    };
    let f1 = outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
}

#[test]
fn daily_training_runs() {
    example("daily_training")
        .accepted()
        .snapshot("daily_training");
    let arguments = json!({ "day": "2024-01-31", "n_estimators": 20 });
    let Some(outputs) = same_as_locally("daily_training", arguments) else {
        return;
    };
    let release = outputs["release"].as_str().expect("a text");
    assert!(release.starts_with("wine-2024-01-31-"), "{outputs}");
}

#[test]
fn a_cached_flow_takes_the_same_branch() {
    for (threshold, status) in [(0.5, "deployed as digits-"), (0.99, "rejected")] {
        let arguments = json!({ "n_estimators": 20, "threshold": threshold });
        let Some(outputs) = same_as_locally("cached_flow", arguments) else {
            return;
        };
        let given = outputs["status"].as_str().expect("a text");
        assert!(given.starts_with(status), "{outputs}");
    }
}

#[test]
fn assets_have_the_same_error() {
    let Some(outputs) = same_as_locally("assets", json!({})) else {
        return;
    };
    assert!(outputs["mean_error"].is_f64(), "{outputs}");
}

#[test]
fn a_sweep_picks_the_same_size() {
    let arguments = json!({ "sizes": [2, 5], "threshold": 0.5, "name": "kubeflow-test" });
    let Some(outputs) = same_as_locally("hyperparameter_sweep", arguments) else {
        return;
    };
    assert_eq!(outputs["size"], 5, "{outputs}");
    assert!(outputs["url"].is_string(), "{outputs}");
}
