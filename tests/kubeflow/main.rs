//! Kubeflow: what is emitted, held against kfp's own messages and run by kfp.local.

#[path = "../support/compile.rs"]
mod compile;
#[path = "../support/engines.rs"]
mod engines;

use engines::engine;
use mlpc::target::kubeflow::Kubeflow;
use serde_json::{Value as Json, json};

/// The YAML of a project without errors, which kfp's messages and our own rules accept.
fn accepted(files: &[(&str, &str)], set: &[(String, String)]) -> String {
    let compiled = compile::compile(files, &Kubeflow, set);
    assert!(!compiled.text.is_empty(), "{}", compiled.report);
    if let Some(kubeflow) = engine("kubeflow") {
        let answer = kubeflow.ask(&json!({ "do": "check", "yaml": compiled.text }));
        assert_eq!(answer["errors"], json!([]), "{}", compiled.text);
    }
    compiled.text
}

/// What kfp.local makes of a run.
fn run(yaml: &str, arguments: Json) -> Option<Json> {
    let answer = engine("kubeflow")?.ask(&json!({ "do": "run", "yaml": yaml, "arguments": arguments }));
    Some(answer)
}

const STEPS: &str = r#"
def load(path: str, n: int):
    with open("rows.txt", "w") as file:
        file.write(path * n)
    return "rows.txt"


def count(data, weight: float = 1.0):
    return int(len(open(data).read()) * weight)
"#;

#[test]
fn a_chain_runs() {
    let source = r#"
component load(path: str, n: int = 3) -> Dataset { python: "steps.py:load" }
component count(data: Dataset, weight: float) -> int { python: "steps.py:count" }

## Counts.
pipeline counting(path: str = "ab") -> (rows: int) {
  data = load(path)
  rows = count(data, weight=2)
  return { rows: rows }
}
"#;
    let yaml = accepted(&[("pipeline.mlp", source), ("steps.py", STEPS)], &[]);
    println!("{yaml}");
    let Some(outcome) = run(&yaml, json!({})) else { return };
    assert_eq!(outcome["status"], "succeeded", "{}", outcome["log"].as_str().unwrap_or_default());
    assert_eq!(outcome["outputs"], json!({ "rows": 12 }));
}
