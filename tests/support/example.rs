//! The examples of the repository, run by `mlpc run` to compare an engine with.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// A file of an example.
pub fn text(name: &str, file: &str) -> String {
    std::fs::read_to_string(folder(name).join(file)).expect("an example has its files")
}

/// The outputs of `mlpc run` with the packages of `python`, those that are values: an artifact is another file on each engine.
pub fn run_locally(name: &str, settings: &[String], python: &Path) -> Json {
    let place = tempfile::tempdir().expect("a folder");
    for file in ["pipeline.mlp", "steps.py"] {
        std::fs::write(place.path().join(file), text(name, file)).expect("a folder of this test");
    }
    let python = python.display().to_string();
    let toml = format!("[target.local]\npython = {python:?}\n");
    std::fs::write(place.path().join("mlpc.toml"), toml).expect("a folder of this test");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlpc"));
    command.args(["run", "--json", "pipeline.mlp"]);
    for setting in settings {
        command.arg("--set").arg(setting);
    }
    let done = command
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program that was just built starts");
    let log = String::from_utf8_lossy(&done.stderr);
    let answer: Json = serde_json::from_slice(&done.stdout).unwrap_or_default();
    assert_eq!(answer["status"], "succeeded", "{name}: {log}");
    let is_file = |value: &Json| value.as_str().is_some_and(|text| Path::new(text).exists());
    let outputs = answer["outputs"].as_object().expect("an object");
    let values = outputs.iter().filter(|(_, value)| !is_file(value));
    let values: serde_json::Map<String, Json> = values
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!(values)
}
