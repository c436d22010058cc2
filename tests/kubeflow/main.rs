//! Kubeflow: what is emitted, held against kfp's own messages and run by kfp.local.

#[path = "../support/compile.rs"]
mod compile;
#[path = "../support/engines.rs"]
mod engines;

#[path = "../support/build.rs"]
mod build;

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

#[test]
fn by_hand() {
    use build::*;
    use mlpc::graph::*;
    use mlpc::target::{Options, Target};
    use mlpc::types::Type;
    use mlpc::value::Value;
    let python = |function: &str, inputs: Vec<PythonInput>| {
        Step::Python(PythonStep {
            code: PythonCode::Embedded(PythonSourceId(0)),
            function: function.into(),
            inputs,
            outputs: vec![PythonOutput::Returned],
        })
    };
    let load = component(
        "load",
        vec![port("path", Type::Str), port("n", Type::Int)],
        vec![port("output", dataset())],
        python("load", vec![PythonInput::Value, PythonInput::Value]),
    );
    let count = component(
        "count",
        vec![port("data", dataset()), port("weight", Type::Float)],
        vec![port("output", Type::Int)],
        python("count", vec![PythonInput::Str, PythonInput::Value]),
    );
    let mut p = pipeline("counting_rows");
    with_param(&mut p, "path", Type::Str, Some(Value::Str("ab".into())));
    let three = expr(ExprKind::Const(Value::Int(3)), Type::Int);
    let data = add(&mut p, "load", call(Callee::Component(ComponentId(0)), vec![("path", param("path", Type::Str)), ("n", three)], TaskAttributes::default()), dataset(), &[], &[]);
    let two = expr(ExprKind::Const(Value::Int(2)), Type::Int);
    let rows = add(&mut p, "row_count", call(Callee::Component(ComponentId(1)), vec![("data", node(data, dataset())), ("weight", two)], TaskAttributes::default()), Type::Int, &[], &[]);
    output(&mut p, "rows", node(rows, Type::Int));
    let mut program = program(vec![load, count], vec![p]);
    program.sources.push(PythonSource { path: "steps.py".into(), text: STEPS.into() });
    let (documents, diagnostics) = Kubeflow.emit(&program, &Options::default());
    assert_eq!(diagnostics, []);
    let yaml = &documents[0].text;
    println!("{yaml}");
    let answer = engine("kubeflow").unwrap().ask(&json!({ "do": "check", "yaml": yaml }));
    assert_eq!(answer["errors"], json!([]));
    let outcome = run(yaml, json!({})).unwrap();
    println!("{}", outcome["log"].as_str().unwrap());
    assert_eq!(outcome["outputs"], json!({ "rows": 12 }));
}
