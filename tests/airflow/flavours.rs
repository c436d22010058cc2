//! Steps in containers: what the operators ask the engine for, and what the command does that they start. It runs as a plain process: no
//! container was started.

use serde_json::json;

use crate::hostile::{HOSTILE, STEPS, components, hex, literal};
use crate::{AIRFLOWS, Case, case, engine, python};

fn flavour(case: Case, operator: &str) -> Case {
    case.file(
        "mlpc.toml",
        &format!("[target.airflow]\noperator = \"{operator}\"\nartifact_root = \"/tmp/mlpc-test-artifacts\"\n"),
    )
}

#[test]
fn steps_in_containers_give_what_they_give_here() {
    for operator in ["docker", "kubernetes"] {
        let source = r#"
component optional(a: str?, flag: str?) -> (text: str, n: int?, list: list[int]) {
  run: ["sh", "-c", "echo null > $1; echo '[1, 2]' > $2; shift 2; printf %s:%s \"$#\" \"$*\" > $0", text, n, list, ["--a", a], ["--flag", flag]]
  image: "alpine:3.20"
}
component maybe(yes: bool) -> Model? {
  shell: "if $yes; then echo made > \"$output\"; fi"
  image: "alpine:3.20"
}
pipeline contained(n: int = 4) -> (text: str, read: str, args: str, list: list[int], made: str, none: str, sum: list[int]) {
  defaults: { image: "python:3.12-slim", packages: ["numpy==2.1.3"] }
  fitted = fit(n)
  said   = join("it's $HOME", n)
  copied = copy(said, fitted.model)
  read   = content(copied.copy)
  args   = optional("x y", flag=if_absent)
  if_absent = if n > 100 { never = say("x")
    never }
  m1 = maybe(true)
  m2 = maybe(false)
  made = content(m1) with { packages: [] }
  none = content(m2)
  xs = items(2)
  sum = for x in xs { twice = double(x)
    twice }
  return { text: copied.text, read: read, args: args.text, list: args.list, made: made, none: none, sum: sum }
}
"#;
        // A value is defined before it is used.
        let source = source.replace("  args   = optional(\"x y\", flag=if_absent)\n", "");
        let source = source.replace(
            "  m1 = maybe(true)\n",
            "  args = optional(\"x y\", flag=if_absent)\n  m1 = maybe(true)\n",
        );
        let case = flavour(python(&source), operator);
        case.agrees(json!({}));
    }
}

#[test]
fn a_container_that_does_not_give_what_it_should_fails() {
    for operator in ["docker", "kubernetes"] {
        let case = flavour(
            case(
                r#"
component wrong() -> int { shell: "echo x > \"$output\""
  image: "alpine:3.20" }
component nothing() -> int { shell: "true"
  image: "alpine:3.20" }
component no_file() -> Model { shell: "true"
  image: "alpine:3.20" }
component exits() { shell: "exit 3"
  image: "alpine:3.20" }
pipeline p() {
  wrong()
  nothing()
  no_file()
  exits()
}
"#,
            ),
            operator,
        );
        let outcome = case.agrees(json!({}));
        assert!(outcome.states.values().all(|state| state == "failed"));
    }
}

#[test]
fn hostile_texts_reach_containers() {
    let texts: Vec<String> = HOSTILE.iter().map(|text| literal(text)).collect();
    let all = texts.join(", ");
    let entries: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| format!("TEXT_{at}: {text}"))
        .collect();
    for operator in ["docker", "kubernetes"] {
        let source = format!(
            r#"{}
component environment() -> list[str] {{
  python: "steps.py:environment"
  env: {{ COUNT: "{}", {} }}
}}
pipeline hostile(given: list[str] = []) -> (a: list[str], b: list[str], c: list[str], d: list[str], e: list[str]) {{
  a = in_shell({all})
  b = in_argv({all})
  c = digests([{all}])
  d = digests(given)
  e = environment()
  return {{ a: a, b: b, c: c, d: d, e: e }}
}}
"#,
            components(),
            HOSTILE.len(),
            entries.join(", ")
        );
        let case = flavour(case(&source).file("steps.py", STEPS), operator);
        let digits: Vec<String> = HOSTILE.iter().map(|text| hex(text)).collect();
        let outputs = json!({ "a": digits, "b": digits, "c": digits, "d": digits, "e": digits });
        for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
            let ran = case.run_on(airflow, &json!({ "given": HOSTILE }));
            assert_eq!(ran.outcome.outputs, outputs, "{}", ran.log);
        }
    }
}

#[test]
fn operators_ask_for_what_attributes_say() {
    let case = flavour(
        case(
            r#"
component train() {
  shell: "true"
  image: "ghcr.io/acme/train:1"
  resources: { cpu: 2, memory: 4GiB, gpu: 1, disk: 10GiB }
  labels: { team: "ml" }
  secrets: { WANDB_API_KEY: "wandb/api_key" }
  kubernetes: {
    node_selector: { pool: "gpu" }
    tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }]
    service_account: "trainer"
    volumes: [{ name: "data", claim: "data-pvc", mount: "/tmp/mlpc-test-artifacts" }]
    image_pull_secrets: ["login"]
    annotations: { "acme.com/owner": "ml" }
  }
}
pipeline p() {
  pod  = train()
  here = train() with { airflow: { operator: "docker" } }
  none = train() with { airflow: { operator: "bash", pool: "small", pool_slots: 2, queue: "q", priority_weight: 7 } }
}
"#,
        ),
        "kubernetes",
    );
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let dag = case.load(airflow);
        let pod = &dag["tasks"]["pod"]["container"];
        let gib = |n: u64| (n << 30).to_string();
        assert_eq!(
            pod["resources"],
            json!({
                "requests": { "cpu": "2", "memory": gib(4), "ephemeral-storage": gib(10) },
                "limits": { "memory": gib(4), "nvidia.com/gpu": "1" }
            })
        );
        assert_eq!(pod["image"], "ghcr.io/acme/train:1");
        assert_eq!(pod["labels"], json!({ "team": "ml" }));
        assert_eq!(
            pod["secrets"],
            json!([["WANDB_API_KEY", "wandb", "api_key"]])
        );
        assert_eq!(pod["node_selector"], json!({ "pool": "gpu" }));
        assert_eq!(
            pod["tolerations"],
            json!([{ "key": "gpu", "operator": "Exists", "effect": "NoSchedule" }])
        );
        assert_eq!(pod["service_account"], "trainer");
        assert_eq!(pod["image_pull_secrets"], json!([{ "name": "login" }]));
        assert_eq!(
            pod["volumes"],
            json!([{ "name": "data", "persistentVolumeClaim": { "claimName": "data-pvc" } }])
        );
        assert_eq!(
            pod["volume_mounts"],
            json!([{ "name": "data", "mountPath": "/tmp/mlpc-test-artifacts", "readOnly": false }])
        );
        assert_eq!(pod["annotations"], json!({ "acme.com/owner": "ml" }));

        let docker = &dag["tasks"]["here"]["container"];
        assert_eq!(docker["cpus"], 2.0);
        assert_eq!(docker["mem_limit"], json!(4u64 << 30));
        assert_eq!(docker["labels"], json!({ "team": "ml" }));
        assert_eq!(
            docker["mounts"],
            json!([["/tmp/mlpc-test-artifacts", "/tmp/mlpc-test-artifacts"]])
        );
        let none = &dag["tasks"]["none"];
        assert_eq!(none["operator"], "BashStepOperator");
        assert_eq!(
            (&none["pool"], &none["queue"], &none["priority_weight"]),
            (&json!("small"), &json!("q"), &json!(7))
        );
    }
}
