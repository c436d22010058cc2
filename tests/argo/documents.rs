//! The objects of a file: kinds, attributes, what is refused.

use serde_json::json;

use super::case;
use super::engines::engine;

const STEP: &str = r#"
component step(n: int) -> int {
  image: "alpine:3.20"
  shell: """
    echo $((n + 1)) > "$output"
  """
}
"#;

#[test]
fn a_scheduled_pipeline() {
    case(&format!(
        r#"{STEP}
## Trains every day.
pipeline daily_training(n: int = 1) -> (n: int) {{
  owner: "mlops"
  schedule: {{
    cron: "@daily", start: "2024-01-01", end: "2025-01-01T12:00", timezone: "Europe/Berlin", catchup: false, overlap: "forbid"
  }}
  defaults: {{ retry: {{ attempts: 2, delay: 5m }} }}
  a = step(n)
  return {{ n: a }}
}}
"#
    ))
    .accepted()
    .snapshot("scheduled")
    .gives(&[], json!({ "n": "2" }));
}

#[test]
fn the_ends_of_a_schedule_are_an_expression_that_gives_a_bool() {
    for (ends, due) in [
        ("start: \"2024-01-01\"", "true"),
        (
            "start: \"2024-01-01\", end: \"2025-01-01\", timezone: \"Europe/Berlin\"",
            "false",
        ),
        (
            "start: \"2024-01-01T10:00\", end: \"2999-01-01T00:00:00Z\"",
            "true",
        ),
    ] {
        let source = format!(
            "{STEP}\npipeline p() {{\n  schedule: {{ cron: \"@daily\", {ends} }}\n  step(1)\n}}\n"
        );
        let compiled = case(&source).accepted();
        let when = compiled
            .yaml
            .lines()
            .find_map(|line| line.trim().strip_prefix("when: "))
            .expect("it has one");
        let when = when.trim_matches('"');
        let Some(argo) = engine("argo") else { return };
        let answer = argo.ask(&json!({ "pass": { "document": when, "values": {}, "strict": [] } }));
        assert_eq!(answer["result"], due, "{when}: {answer}");
    }
}

#[test]
fn the_examples_are_accepted() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    // The conformance suite runs them.
    for (example, codes) in [
        ("training", &[][..]),
        ("daily_training", &["W0601"]),
        ("cached_flow", &[]),
        ("assets", &[]),
        ("hyperparameter_sweep", &[]),
    ] {
        let text = |name: &str| {
            std::fs::read_to_string(root.join(example).join(name)).expect("it is there")
        };
        case(&text("pipeline.mlp"))
            .file("steps.py", &text("steps.py"))
            .accepted_with(codes);
    }
}

#[test]
fn all_attributes() {
    case(
        r#"
component step(n: int) -> int {
  image: "alpine:3.20"
  shell: """
    echo "$n" > "$output"
  """
}

pipeline attributes(n: int = 1) -> (n: int) {
  schedule: { cron: "0 3 * * 1-5", overlap: "queue" }
  parallelism: 3
  argo: { service_account: "runner", pod_gc: "OnPodSuccess", ttl: 7d, priority: 10, artifact_gc: "OnWorkflowDeletion" }
  a = step(n) with {
    cache: 24h
    timeout: 90s
    labels: { step: "a" }
    kubernetes: {
      node_selector: { pool: "gpu" }
      tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }]
      service_account: "other"
      image_pull_secrets: ["registry"]
      annotations: { "example.com/a": "b" }
    }
    argo: { mutex: "warehouse", node_selector: { zone: "a" }, security_context: { run_as_user: 1000, run_as_non_root: true } }
  }
  b = step(a) with { cache: true }
  return { n: b }
}
"#,
    )
    .accepted()
    .snapshot("attributes")
    .gives(&[], json!({ "n": "1" }));
}

#[test]
fn a_workflow_template_with_options() {
    case(&format!("{STEP}\npipeline plain() {{ step(1) }}\n"))
        .file(
            "mlpc.toml",
            "[target.argo]\nkind = \"WorkflowTemplate\"\nnamespace = \"ml\"\nservice_account = \"runner\"\n",
        )
        .accepted()
        .snapshot("template");
}

#[test]
fn a_value_set_while_compiling_is_the_default() {
    let compiled = case(&format!(
        "{STEP}\npipeline plain(n: int) -> (n: int) {{\n  a = step(n)\n  return {{ n: a }}\n}}\n"
    ))
    .set("n=5")
    .accepted();
    compiled.gives(&[], json!({ "n": "6" }));
}

#[test]
fn what_argo_has_no_way_to_do_is_refused() {
    for (attribute, code) in [
        (
            "schedule: { cron: \"@daily\", start: \"2024-01-01\", catchup: true }",
            "E0601",
        ),
        ("depends_on_past: true", "E0601"),
        (
            "defaults: { retry: { attempts: 2, delay: 1s, backoff: 1.5 } }",
            "E0601",
        ),
        ("notify: { email: [\"a@b.c\"], on: [\"failure\"] }", "W0601"),
        ("owner: \"{{x}}\"", "E0630"),
        ("defaults: { env: { A: \"{{x}}\" } }", "E0630"),
    ] {
        let source = format!("{STEP}\npipeline p() {{\n  {attribute}\n  step(1)\n}}\n");
        assert_eq!(case(&source).codes(), [code], "{attribute}");
    }
}

#[test]
fn more_templates_than_argo_takes_are_refused() {
    let mut source = String::new();
    for at in 0..201 {
        source.push_str(&format!(
            "component c{at}() {{\n  image: \"alpine:3.20\"\n  shell: \"true\"\n}}\n"
        ));
    }
    source.push_str("pipeline p() {\n");
    for at in 0..201 {
        source.push_str(&format!("  c{at}()\n"));
    }
    source.push_str("}\n");
    assert_eq!(case(&source).codes(), ["E0601"]);
}

#[test]
fn a_workflow_beyond_etcd_is_refused_and_one_near_it_is_warned_of() {
    let source = |components: usize| {
        let script = "# what a long script is made of\n    ".repeat(300);
        let mut source = String::new();
        for at in 0..components {
            source.push_str(&format!(
                "component c{at}() {{\n  image: \"alpine:3.20\"\n  shell: \"\"\"\n    {script}true\n  \"\"\"\n}}\n"
            ));
        }
        source.push_str("pipeline p() {\n");
        for at in 0..components {
            source.push_str(&format!("  c{at}()\n"));
        }
        source + "}\n"
    };
    assert_eq!(case(&source(10)).codes(), [""; 0]);
    assert_eq!(case(&source(80)).codes(), ["W0601"]);
    assert_eq!(case(&source(180)).codes(), ["E0601"]);
}

#[test]
fn the_checks_see_what_is_wrong() {
    let compiled = case(&format!(
        "{STEP}\npipeline p(n: int = 1) {{\n  a = step(n)\n  b = step(a)\n}}\n"
    ))
    .accepted();
    let Some(argo) = engine("argo") else { return };
    for (right, wrong, said) in [
        (
            "failFast: false",
            "failfast: false",
            "'failfast' was unexpected",
        ),
        ("entrypoint: main", "entrypoint: no", "entrypoint"),
        (
            "template: step",
            "retryStrategy: {limit: \"1\"}",
            "'retryStrategy' was unexpected",
        ),
        ("image: alpine:3.20", "image: 3.20", "image"),
    ] {
        let mutant = compiled.yaml.replacen(right, wrong, 1);
        assert_ne!(mutant, compiled.yaml, "{right}");
        let errors = argo.ask(&json!({ "yaml": mutant }))["errors"].to_string();
        assert!(errors.contains(said), "{wrong}: {errors}");
    }
    for (right, wrong, said) in [
        (
            "{{inputs.parameters.n}}",
            "{{input.parameters.n}}",
            "left as text",
        ),
        (
            "{{workflow.parameters.n}}",
            "{{workflow.parameters.m}}",
            "left as text",
        ),
        ("depends: a.Succeeded", "depends: b.Succeeded", "cycle"),
        ("trim(tasks.a.outputs", "trim(tasks.c.outputs", "missing"),
    ] {
        let mutant = compiled.yaml.replacen(right, wrong, 1);
        assert_ne!(mutant, compiled.yaml, "{right}");
        let report = argo.ask(&json!({ "yaml": mutant, "run": {} }));
        assert_ne!(report["phase"], "Succeeded", "{wrong}");
        assert!(
            report["message"].to_string().contains(said),
            "{wrong}: {report:#}"
        );
    }
}
