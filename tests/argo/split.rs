//! Pipelines of more tasks than one DAG of Argo may have.

use serde_json::json;

use super::{Case, case};

const NEXT: &str = "component next(n: int) -> int {\n  image: \"alpine:3.20\"\n  shell: \"echo $((n + 1)) > $output\"\n}\n";

/// `width` chains of `length` tasks; each takes the number of the one before and adds one. `joined` chains follow each other.
fn chains(width: usize, length: usize, joined: bool) -> Case {
    let mut source = String::from(NEXT);
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
    assert_eq!(
        dags, 10,
        "eight parts of up to seven chains, the block, and the entry"
    );
}

#[test]
fn a_chain_is_split_without_a_loss() {
    let compiled = chains(10, 20, true).accepted();
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
fn a_thousand_in_a_row_are_accepted() {
    chains(1, 1000, true).accepted();
}

#[test]
fn tasks_that_a_cut_holds_up_are_warned_of() {
    // A fan of 200, each read by one of another 200.
    let mut source = String::from(NEXT);
    source.push_str("pipeline fan() {\n  root = next(0)\n");
    for at in 0..200 {
        source.push_str(&format!("  a{at} = next(root)\n"));
    }
    for at in 0..200 {
        source.push_str(&format!("  b{at} = next(a{at})\n"));
    }
    case(&(source + "}\n")).accepted_with(&["W0601"]);
}
