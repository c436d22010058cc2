//! Pipelines of more tasks than one DAG of Argo may have.

use serde_json::json;

use super::{Case, case};

/// `width` chains of `length` tasks; each takes the number of the one before and adds one. `joined` chains follow each other.
fn chains(width: usize, length: usize, joined: bool) -> Case {
    let mut source = String::from(
        "component next(n: int) -> int {\n  image: \"alpine:3.20\"\n  shell: \"echo $((n + 1)) > $output\"\n}\n",
    );
    let names: Vec<String> = (0..width).map(|chain| format!("c{chain}")).collect();
    let outputs: Vec<String> = names.iter().map(|name| format!("{name}: int")).collect();
    source.push_str(&format!(
        "pipeline chains() -> ({}) {{\n",
        outputs.join(", ")
    ));
    let mut last = "0".to_owned();
    for name in &names {
        if !joined {
            last = "0".into();
        }
        for at in 0..length {
            let task = if at + 1 == length {
                name.clone()
            } else {
                format!("{name}_{at}")
            };
            source.push_str(&format!("  {task} = next({last})\n"));
            last = task;
        }
    }
    let returned: Vec<String> = names.iter().map(|name| format!("{name}: {name}")).collect();
    source.push_str(&format!("  return {{ {} }}\n}}\n", returned.join(", ")));
    case(&source)
}

#[test]
fn a_thousand_tasks_that_come_apart_are_split_without_a_loss() {
    let compiled = chains(50, 20, false).accepted();
    let dags = compiled.yaml.matches("  dag:").count();
    assert_eq!(dags, 9, "eight parts of up to seven chains, and the entry");
}

#[test]
fn tasks_that_hang_together_are_split_with_a_warning() {
    let compiled = chains(10, 20, true).accepted_with(&["W0601"]);
    let Some(report) = compiled.run(&[]) else {
        return;
    };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    let outputs = &report["outputs"]["parameters"];
    assert_eq!(
        (&outputs["c0"], &outputs["c6"], &outputs["c9"]),
        (&json!("20"), &json!("140"), &json!("200"))
    );
}

#[test]
fn a_whole_thousand_is_accepted() {
    chains(1, 1000, true).accepted_with(&["W0601"]);
}
