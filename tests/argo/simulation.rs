//! The simulation is as harsh as the engine: workflows written by hand that fall into its traps.

use serde_json::{Value, json};

use super::engines::engine;

/// Runs the DAG `main`, with templates of its own before those of steps.
fn run(main: &str, templates: &str) -> Option<Value> {
    let yaml = format!(
        r#"
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: trap-}}
spec:
  entrypoint: main
  onExit: bye
  templates:
{main}
{templates}
  - name: bye
    dag:
      failFast: false
      tasks:
      - name: told
        template: says
        arguments: {{parameters: [{{name: text, value: "{{{{=workflow?.outputs?.parameters?.told ?? 'nothing'}}}}"}}]}}
  - name: says
    inputs: {{parameters: [{{name: text}}]}}
    script: {{image: alpine, command: [sh, -eu], env: [{{name: text, value: "{{{{inputs.parameters.text}}}}"}}], source: echo "$text"}}
  - name: writes
    outputs: {{parameters: [{{name: x, valueFrom: {{path: /mlpc/out/x}}}}]}}
    script: &script
      image: alpine
      command: [sh, -eu]
      env: [{{name: x, value: "{{{{outputs.parameters.x.path}}}}"}}]
      source: mkdir -p "$(dirname "$x")"; echo abc > "$x"
  - name: writes-and-fails
    outputs: {{parameters: [{{name: x, globalName: told, valueFrom: {{path: /mlpc/out/x}}}}]}}
    script:
      <<: *script
      source: mkdir -p "$(dirname "$x")"; echo abc > "$x"; exit 1
"#
    );
    Some(engine("argo")?.ask(&json!({ "yaml": yaml, "run": {} })))
}

/// What the exit handler saw of the output `told`.
fn told(report: &Value) -> &str {
    let pods = report["pods"].as_array().expect("a list");
    pods.last().expect("a pod")["stdout"]
        .as_str()
        .expect("a text")
}

const CALLED: &str = r#"
  - name: called
    dag: {failFast: false, tasks: [{name: a, template: writes}]}
    outputs: {parameters: [{name: x, globalName: told, valueFrom: {parameter: "{{tasks.a.outputs.parameters.x}}"}}]}
"#;

#[test]
fn what_the_entry_puts_out_does_not_reach_the_run() {
    let main = CALLED.replace("called", "main");
    let Some(report) = run(&main, "") else { return };
    assert_eq!(
        (&report["phase"], told(&report)),
        (&json!("Succeeded"), "nothing\n")
    );
}

#[test]
fn what_a_dag_puts_out_reaches_the_run_when_its_caller_succeeds() {
    let well = "  - {name: main, dag: {failFast: false, tasks: [{name: b, template: called}]}}";
    let badly = "  - {name: main, dag: {failFast: false, tasks: [{name: b, template: called}, {name: c, template: writes-and-fails}]}}";
    let Some(report) = run(well, CALLED) else {
        return;
    };
    assert_eq!(
        (&report["phase"], told(&report)),
        (&json!("Succeeded"), "abc\n")
    );
    // Here it is the pod that failed which puts it out.
    let report = run(badly, &CALLED.replace("told", "other")).expect("it ran before");
    assert_eq!(
        (&report["phase"], told(&report)),
        (&json!("Failed"), "abc\n")
    );
    assert_eq!(report["outputs"]["parameters"], json!({ "told": "abc" }));
}

#[test]
fn a_task_sees_only_what_it_depends_on() {
    let main = r#"
  - name: main
    dag:
      failFast: false
      tasks:
      - {name: a, template: writes}
      - {name: b, template: writes, depends: a.Succeeded}
      - name: c
        template: says
        depends: b.Succeeded
        arguments: {parameters: [{name: text, value: "{{tasks.a.outputs.parameters.x}}"}]}
"#;
    let Some(report) = run(main, "") else { return };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    let report = run(&main.replace(", depends: a.Succeeded", ""), "").expect("it ran before");
    assert_eq!(report["phase"], "Error", "{report:#}");
}

#[test]
fn a_dag_ends_as_its_last_tasks_do() {
    let main = r#"
  - name: main
    dag:
      failFast: false
      tasks:
      - {name: a, template: writes-and-fails}
      - {name: b, template: writes, depends: a.Failed}
"#;
    let Some(report) = run(main, "") else { return };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    let report = run(&main.replace("a.Failed", "a.Succeeded"), "").expect("it ran before");
    assert_eq!(report["phase"], "Failed", "{report:#}");
}

#[test]
fn what_depends_on_a_dag_that_failed_over_its_outputs_is_forgotten() {
    let main = r#"
  - name: main
    dag:
      failFast: false
      tasks:
      - {name: a, template: number}
      - {name: b, template: writes, depends: a.Succeeded}
"#;
    let number = r#"
  - name: number
    dag: {failFast: false, tasks: [{name: a, template: writes}]}
    outputs: {parameters: [{name: x, valueFrom: {expression: "string(int(tasks.a.outputs.parameters.x))"}}]}
"#;
    let Some(report) = run(main, number) else {
        return;
    };
    assert_eq!(report["phase"], "Running", "{report:#}");
    let more = "      - {name: c, template: writes}\n";
    let main = main.replace(
        "depends: a.Succeeded}",
        "depends: a.Succeeded && c.Succeeded}",
    );
    let report = run(&format!("{main}{more}"), number).expect("it ran before");
    assert_eq!(
        report["phase"], "Succeeded",
        "the failure is lost: {report:#}"
    );
}
