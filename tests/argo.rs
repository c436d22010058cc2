//! Argo: what is emitted, held against what can be had of Argo here.

#[path = "support/build.rs"]
mod build;
#[path = "support/engines.rs"]
mod engines;

use std::collections::BTreeMap;

use build::*;
use engines::engine;
use mlpc::diagnostics::Diagnostic;
use mlpc::graph::*;
use mlpc::target::{Options, Target, argo::Argo};
use mlpc::types::Type;
use mlpc::value::Value;
use serde_json::json;

fn emit(program: &Program) -> (String, Vec<Diagnostic>) {
    let (documents, diagnostics) = Argo.emit(program, &Options::default());
    (documents[0].text.clone(), diagnostics)
}

/// The YAML of a program without faults, which all checks accept.
fn accepted(program: &Program) -> String {
    let (yaml, diagnostics) = emit(program);
    assert_eq!(diagnostics, []);
    if let Some(argo) = engine("argo") {
        let answer = argo.ask(&json!({ "yaml": yaml }));
        assert_eq!(answer["errors"], json!([]), "{yaml}");
    }
    yaml
}

/// The report of a simulated run.
fn run(yaml: &str, parameters: &[(&str, &str)]) -> Option<serde_json::Value> {
    let given: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    let report = engine("argo")?.ask(&json!({ "yaml": yaml, "run": given }));
    Some(report)
}

/// Text that must arrive at a step as it is, whatever reads it on the way.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "plain",
    "'single' \"double\" `back`",
    "back\\slash \\n \\x41",
    "line\nbreak",
    "ends with a newline\n",
    "two\n\n",
    "\r\n",
    "\ttab",
    "{{workflow.name}}",
    "{{inputs.parameters.text}}",
    "{{=1+1}}",
    "{{= 'x' }}",
    "x {{ y",
    "x }} y",
    "{{{{workflow.name}}}}",
    "{{='{{'}}workflow.name}}",
    "$(touch pwned)",
    "$HOME ${HOME} $$ $(HOME) $$(HOME)",
    "`touch pwned`",
    "; touch pwned #",
    "-n",
    "--help",
    "-",
    "a.sh",
    "*",
    "~",
    "%s %d %%",
    "é 日本語 😀 \u{2028} \u{feff}",
    "\u{1}\u{8}\u{b}\u{7f}",
    "\u{e000} \u{f0000} \u{10ffff}",
    "null",
    "true",
    "[1, 2]",
    "{\"a\": {\"b\": 1}}",
    "yes",
    "0123",
    "1e3",
    "2024-01-01",
    "- a\n- b",
    "# comment",
    "!!str x",
    ".",
];

/// A component for each kind of step that takes a text and writes it to an artifact.
fn echoes() -> Vec<Component> {
    let one = |part: Part| Word::One(vec![part]);
    let word = |text: &str| one(Part::Text(text.into()));
    let ports = || {
        (
            vec![port("text", Type::Str)],
            vec![port("output", dataset())],
        )
    };
    let (inputs, outputs) = ports();
    let shell = component(
        "echo_shell",
        inputs,
        outputs,
        Step::Shell("printf %s \"$text\" > \"$output\"\n".into()),
    );
    let (inputs, outputs) = ports();
    let run = component(
        "echo_run",
        inputs,
        outputs,
        Step::Run(vec![
            word("sh"),
            word("-c"),
            word("printf %s \"$1\" > \"$2\""),
            word("sh"),
            one(Part::Port("text".into())),
            one(Part::Port("output".into())),
        ]),
    );
    vec![shell, run]
}

fn echo(pipeline: &mut Pipeline, at: usize, name: &str, value: Expr) {
    let kind = call(
        Callee::Component(ComponentId(at)),
        vec![("text", value)],
        image("alpine:3.20"),
    );
    let task = add(pipeline, name, kind, dataset(), &[], &[]);
    output(pipeline, name, node(task, dataset()));
}

#[test]
fn hostile_text_given_to_a_run_arrives() {
    let mut p = pipeline("hostile");
    with_param(&mut p, "text", Type::Str, None);
    echo(&mut p, 0, "by_shell", param("text", Type::Str));
    echo(&mut p, 1, "by_run", param("text", Type::Str));
    let joined = expr(
        ExprKind::Concat(vec![text("{"), param("text", Type::Str), text("}")]),
        Type::Str,
    );
    echo(&mut p, 0, "joined", joined);
    let program = program(echoes(), vec![p]);
    let yaml = accepted(&program);
    for hostile in HOSTILE {
        let Some(report) = run(&yaml, &[("text", hostile)]) else {
            return;
        };
        assert_eq!(report["phase"], "Succeeded", "{hostile:?}: {report}");
        assert_eq!(
            report["outputs"]["artifacts"],
            json!({ "by_shell": hostile, "by_run": hostile, "joined": format!("{{{hostile}}}") }),
        );
    }
}

#[test]
fn hostile_literals_arrive() {
    for hostile in HOSTILE {
        let mut p = pipeline("hostile");
        echo(&mut p, 0, "by_shell", text(hostile));
        echo(&mut p, 1, "by_run", text(hostile));
        let yaml = accepted(&program(echoes(), vec![p]));
        let Some(report) = run(&yaml, &[]) else {
            return;
        };
        assert_eq!(
            report["phase"], "Succeeded",
            "{hostile:?}: {report}\n{yaml}"
        );
        assert_eq!(
            report["outputs"]["artifacts"],
            json!({ "by_shell": hostile, "by_run": hostile })
        );
    }
}

/// `width` chains of `length` tasks; each takes the number of the one before and adds one.
fn chains(width: usize, length: usize, joined: bool) -> Program {
    let next = component(
        "next",
        vec![port("n", Type::Int)],
        vec![port("output", Type::Int)],
        Step::Shell("echo $((n + 1)) > \"$output\"\n".into()),
    );
    let mut p = pipeline("chains");
    let attributes = image("alpine:3.20");
    let mut lasts = Vec::new();
    for chain in 0..width {
        let mut value = match lasts.last() {
            Some(&last) if joined => node(last, Type::Int),
            _ => expr(ExprKind::Const(Value::Int(0)), Type::Int),
        };
        for at in 0..length {
            let kind = call(
                Callee::Component(ComponentId(0)),
                vec![("n", value)],
                attributes.clone(),
            );
            let task = add(&mut p, &format!("c{chain}_{at}"), kind, Type::Int, &[], &[]);
            value = node(task, Type::Int);
            if at + 1 == length {
                lasts.push(task);
            }
        }
    }
    for (chain, last) in lasts.into_iter().enumerate() {
        output(&mut p, &format!("c{chain}"), node(last, Type::Int));
    }
    program(vec![next], vec![p])
}

#[test]
fn a_thousand_tasks_are_split_without_a_loss_where_they_come_apart() {
    let yaml = accepted(&chains(50, 20, false));
    assert_eq!(
        yaml.matches("  dag:").count(),
        9,
        "eight parts of seven chains, and the entry"
    );
}

#[test]
fn tasks_that_hang_together_are_split_with_a_warning() {
    let program = chains(10, 20, true);
    let (yaml, diagnostics) = emit(&program);
    let codes: Vec<&str> = diagnostics
        .iter()
        .map(|found| found.code.as_str())
        .collect();
    assert_eq!(codes, ["W0601"]);
    let Some(argo) = engine("argo") else { return };
    assert_eq!(argo.ask(&json!({ "yaml": yaml }))["errors"], json!([]));
    let report = run(&yaml, &[]).expect("it is there");
    assert_eq!(report["phase"], "Succeeded", "{report}");
    let outputs = &report["outputs"]["parameters"];
    assert_eq!(
        (&outputs["c0"], &outputs["c6"], &outputs["c9"]),
        (&json!("20"), &json!("140"), &json!("200"))
    );
}

/// A function in a file, with the inputs and outputs of a component that calls it.
fn python(name: &str, inputs: Vec<Port>, outputs: Vec<Port>, source: usize) -> Component {
    let artifact = |port: &Port| port.ty.artifact().is_some() || port.ty.artifact_list().is_some();
    let step = PythonStep {
        code: PythonCode::Embedded(PythonSourceId(source)),
        function: name.into(),
        inputs: inputs
            .iter()
            .map(|port| {
                if artifact(port) {
                    PythonInput::Path
                } else {
                    PythonInput::Value
                }
            })
            .collect(),
        outputs: outputs.iter().map(|_| PythonOutput::Returned).collect(),
    };
    component(name, inputs, outputs, Step::Python(step))
}

const STEPS: &str = r#"
import pathlib

BRACES = "{%s}"

def echo(text):
    path = pathlib.Path("out.bin")
    path.write_bytes(text.encode())
    return path

def same(text):
    return text

def total(numbers, label=None):
    assert BRACES == "{%s}"
    return {"sum": sum(numbers), "label": label}
"#;

#[test]
fn python_steps_take_and_give_what_they_are_given() {
    // The second can't stand in the workflow as it is.
    for (source, count) in [
        (STEPS.to_owned(), HOSTILE.len()),
        (STEPS.replace("{%s}", "{{%s}}"), 3),
    ] {
        let echo_port = || vec![port("text", Type::Str)];
        let components = vec![
            python("echo", echo_port(), vec![port("output", dataset())], 0),
            python("same", echo_port(), vec![port("output", Type::Str)], 0),
            python(
                "total",
                vec![
                    port("numbers", Type::Float.list()),
                    port("label", Type::Str.optional()),
                ],
                vec![
                    port("sum", Type::Float),
                    port("label", Type::Str.optional()),
                ],
                0,
            ),
        ];
        let mut p = pipeline("hostile");
        with_param(&mut p, "text", Type::Str, None);
        with_param(
            &mut p,
            "numbers",
            Type::Int.list(),
            Some(Value::List(vec![Value::Int(1), Value::Int(2)])),
        );
        let plain = TaskAttributes::default;
        let same = |p: &mut Pipeline, value: Expr| {
            let kind = call(
                Callee::Component(ComponentId(1)),
                vec![("text", value)],
                plain(),
            );
            add(p, "same", kind, Type::Str, &[], &[])
        };
        let given = same(&mut p, param("text", Type::Str));
        let kind = call(
            Callee::Component(ComponentId(0)),
            vec![("text", node(given, Type::Str))],
            plain(),
        );
        let echoed = add(&mut p, "echo", kind, dataset(), &[], &[]);
        output(&mut p, "echoed", node(echoed, dataset()));
        output(&mut p, "given", node(given, Type::Str));
        let record = Type::record(
            [
                ("sum".to_owned(), Type::Float),
                ("label".to_owned(), Type::Str.optional()),
            ]
            .into_iter()
            .collect(),
        );
        for (name, label) in [
            ("labelled", node(given, Type::Str)),
            (
                "bare",
                expr(ExprKind::Const(Value::Absent), Type::Str.optional()),
            ),
        ] {
            let args = vec![
                ("numbers", param("numbers", Type::Int.list())),
                ("label", label),
            ];
            let task = add(
                &mut p,
                name,
                call(Callee::Component(ComponentId(2)), args, plain()),
                record.clone(),
                &[],
                &[],
            );
            output(
                &mut p,
                &format!("{name}_sum"),
                field(node(task, record.clone()), "sum", Type::Float),
            );
            output(
                &mut p,
                &format!("{name}_label"),
                field(node(task, record.clone()), "label", Type::Str.optional()),
            );
        }
        let mut program = program(components, vec![p]);
        program.sources = vec![PythonSource {
            path: "steps.py".into(),
            text: source.into(),
        }];
        let yaml = accepted(&program);

        for hostile in &HOSTILE[..count] {
            let Some(report) = run(&yaml, &[("text", hostile)]) else {
                return;
            };
            assert_eq!(
                report["phase"], "Succeeded",
                "{hostile:?}: {report}\n{yaml}"
            );
            assert_eq!(report["outputs"]["artifacts"], json!({ "echoed": hostile }));
            assert_eq!(
                report["outputs"]["parameters"],
                json!({
                    "given": hostile,
                    "labelled_sum": "3.0",
                    "labelled_label": Value::Str((*hostile).to_owned()).json(),
                    "bare_sum": "3.0",
                    "bare_label": "null",
                })
            );
        }
    }
}
