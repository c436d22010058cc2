//! Attributes: what becomes of each, in the pipeline document, in the platform document, or in a report.

use crate::case;

const SOURCE: &str = r#"
## Writes a greeting.
component greet(name: str) -> str {
  image: "ghcr.io/acme/greet:1"
  run: ["greet", name, output]
  resources: { cpu: 1.5, memory: 16GiB, gpu: 2, gpu_type: "amd.com/gpu" }
  retry: { attempts: 3, delay: 30s, backoff: 2.0 }
  timeout: 2h
  cache: true
  env: { LOG_LEVEL: "debug", PRICE: "5 $" }
  secrets: { TOKEN: "acme/token", USER: "acme/user", KEY: "other/key" }
  labels: { team: "greeting" }
  kubernetes: {
    node_selector: { pool: "gpu" }
    tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }]
    image_pull_secrets: ["registry"]
    annotations: { "acme.dev/cost": "low" }
    volumes: [{ name: "data", claim: "data-pvc", mount: "/data" }, { name: "tmp", empty_dir: true, mount: "/scratch" }]
  }
  kubeflow: {
    pvc: { "models-pvc": "/models" }
    config_map_env: { REGION: "cluster/region" }
    image_pull_policy: "IfNotPresent"
    cache_key: "greet-v2"
  }
}

## Greets every night.
pipeline greetings(
  ## Whom to greet.
  name: str = "ada",
) -> (
  ## What was said.
  text: str
) {
  owner: "mlops"
  tags: ["demo", "greeting"]
  labels: { app: "greetings" }
  timeout: 6h
  schedule: { cron: "30 2 * * *", start: "2024-01-01", timezone: "Europe/Berlin", catchup: false, overlap: "forbid" }
  kubeflow: { ttl: 7d }

  text = greet(name)
  return { text: text }
}
"#;

#[test]
fn every_attribute_has_its_place() {
    let case = case(SOURCE);
    // The text of a `run:` step may end in a newline, which one more step takes away; the schedule is not part of the document.
    assert_eq!(case.codes(), ["W0601"]);
    case.accepted().snapshot("attributes");
}

#[test]
fn what_degrades_is_said() {
    let source = r#"
component greet() -> str {
  image: "alpine:3.20"
  run: ["greet", output]
  resources: { disk: 10GiB }
  retry: { attempts: 2, delay: 500ms, max_delay: 1m }
  cache: 24h
  kubernetes: { service_account: "runner" }
}
pipeline greetings() {
  notify: { email: ["a@acme.dev"], on: ["failure"] }
  parallelism: 3
  a = greet()
  b = greet()
}
"#;
    let codes = case(&source.replace("500ms", "5s")).codes();
    assert!(codes.iter().all(|code| *code == "W0601"), "{codes:?}");
    assert!(codes.len() >= 7, "{codes:?}");
}

#[test]
fn what_can_not_be_is_refused() {
    for (attribute, code) in [
        ("retry: { attempts: 2, delay: 5s, backoff: 1.5 }", "E0601"),
        ("env: { X: \"$$\" }", "E0612"),
    ] {
        let source = format!(
            "component greet() {{\n  image: \"alpine:3.20\"\n  run: [\"greet\"]\n  {attribute}\n}}\npipeline p() {{ greet() }}\n"
        );
        assert_eq!(case(&source).codes(), [code], "{attribute}");
    }
}
