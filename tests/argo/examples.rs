//! The examples of the repository, with their own steps and data: they give on Argo what they give here.

use std::path::Path;

use serde_json::Value;

use crate::engines::engine;
use crate::example::{run_locally, text};
use crate::{Compiled, case};

fn accepted(name: &str, codes: &[&str]) -> Compiled {
    case(&text(name, "pipeline.mlp"))
        .file("steps.py", &text(name, "steps.py"))
        .accepted_with(codes)
}

/// Runs an example on Argo and here, where the packages are those of the environment of Kubeflow; gives the outputs that are values.
fn same_as_locally(compiled: &Compiled, name: &str, parameters: &[(&str, &str)]) -> Option<Value> {
    let python: &Path = &engine("kubeflow")?.python;
    let programs = python.parent().expect("it is in a folder");
    let report = compiled.run_among(parameters, programs)?;
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    let settings: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let local = run_locally(name, &settings, python);
    for (output, value) in local.as_object().expect("an object") {
        let text = report["outputs"]["parameters"][output].as_str();
        let text = text.unwrap_or_else(|| panic!("{name}: there is no `{output}`: {report:#}"));
        let same =
            value.as_str() == Some(text) || serde_json::from_str(text).ok().as_ref() == Some(value);
        assert!(same, "{name}: `{output}` is {text}, here {value}");
    }
    Some(local)
}

#[test]
fn training_runs_on_real_data() {
    let compiled = accepted("training", &[]);
    let Some(outputs) = same_as_locally(&compiled, "training", &[("n_estimators", "20")]) else {
        return;
    };
    let f1 = outputs["f1"].as_f64().expect("a number");
    assert!((0.9..=1.0).contains(&f1), "{f1}");
}

#[test]
fn daily_training_runs() {
    let compiled = accepted("daily_training", &["W0601"]);
    let parameters = [("day", "2024-01-31"), ("n_estimators", "20")];
    let Some(outputs) = same_as_locally(&compiled, "daily_training", &parameters) else {
        return;
    };
    let release = outputs["release"].as_str().expect("a text");
    assert!(release.starts_with("wine-2024-01-31-"), "{outputs}");
}

#[test]
fn a_cached_flow_takes_the_same_branch() {
    let compiled = accepted("cached_flow", &[]);
    for (threshold, status) in [("0.5", "deployed as digits-"), ("0.99", "rejected")] {
        let parameters = [("n_estimators", "20"), ("threshold", threshold)];
        let Some(outputs) = same_as_locally(&compiled, "cached_flow", &parameters) else {
            return;
        };
        let given = outputs["status"].as_str().expect("a text");
        assert!(given.starts_with(status), "{outputs}");
    }
}

#[test]
fn assets_have_the_same_error() {
    let compiled = accepted("assets", &[]);
    let Some(outputs) = same_as_locally(&compiled, "assets", &[]) else {
        return;
    };
    assert!(outputs["mean_error"].is_f64(), "{outputs}");
}

#[test]
fn a_sweep_picks_the_same_size() {
    let compiled = accepted("hyperparameter_sweep", &[]);
    let parameters = [
        ("sizes", "[2, 5]"),
        ("threshold", "0.5"),
        ("name", "argo-test"),
    ];
    let Some(outputs) = same_as_locally(&compiled, "hyperparameter_sweep", &parameters) else {
        return;
    };
    assert_eq!(outputs["size"], 5, "{outputs}");
    assert!(outputs["url"].is_string(), "{outputs}");
}
