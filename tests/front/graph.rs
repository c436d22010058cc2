//! `mlpc graph` as a command: which pipeline, which form, where to, and what is said when it can't be drawn.

use crate::project::Project;

const TWO: &str = r#"component load(path: str) -> Dataset[csv] {
  image: "alpine:3.20"
  run: ["load", path, output]
}

component train(data: Dataset[csv]) -> Model[onnx] {
  image: "alpine:3.20"
  run: ["train", data, output]
}

## Trains.
pipeline training(path: str) {
  data  = load(path)
  model = train(data)
}

## Loads.
pipeline loading(path: str) {
  table = load(path)
}
"#;

fn two() -> Project {
    Project::new().file("p.mlp", TWO)
}

#[test]
fn a_pipeline_is_chosen_by_name() {
    let project = two();
    project
        .mlpc(&["graph", "p.mlp"])
        .code(1)
        .stderr_has("`--pipeline training`")
        .stdout_is("");
    let drawn = project.mlpc(&["graph", "p.mlp", "--pipeline", "loading"]);
    let drawn = drawn.code(0).stdout_has("table");
    assert!(!drawn.stdout.contains("train"), "{}", drawn.stdout);
    project
        .mlpc(&["graph", "p.mlp", "--pipeline", "training"])
        .code(0)
        .stdout_has("model");
    project
        .mlpc(&["graph", "p.mlp", "--pipeline", "loadin"])
        .code(1)
        .stderr_has("`loading`")
        .stdout_is("");
}

#[test]
fn each_form_begins_as_it_should() {
    let project = two();
    let begins = [
        ("mermaid", "mmd", "flowchart"),
        ("dot", "dot", "digraph"),
        ("svg", "svg", "<?xml"),
        ("html", "html", "<!doctype html>"),
    ];
    for (format, ending, start) in begins {
        let args = ["graph", "p.mlp", "--pipeline", "training"];
        let shown = project
            .mlpc(&[&args[..], &["--format", format]].concat())
            .code(0)
            .stdout;
        assert!(shown.contains(start), "{format}: {shown}");
        for name in ["data", "model", "Dataset"] {
            assert!(shown.contains(name), "{format} has no {name}: {shown}");
        }
        // The name of a file tells the form as well.
        let file = format!("out.{ending}");
        project
            .mlpc(&[&args[..], &["-o", &file]].concat())
            .code(0)
            .stdout_is("");
        assert_eq!(project.read(&file), shown, "{file}");
    }
    project
        .mlpc(&["graph", "p.mlp", "--format", "png"])
        .code(2)
        .stderr_has("mermaid");
}

#[test]
fn a_program_with_errors_is_not_drawn() {
    let project = two().file("q.mlp", TWO.replace("train(data)", "train(daata)"));
    project
        .mlpc(&["graph", "q.mlp", "--pipeline", "training", "-o", "q.svg"])
        .code(1)
        .stderr_has("daata")
        .stdout_is("");
    assert_eq!(project.names(), ["p.mlp", "q.mlp"]);
    project
        .mlpc(&["graph", "p.mlp", "--pipeline", "training", "-o", "p.mlp"])
        .code(2);
    assert_eq!(project.read("p.mlp"), TWO);
    project
        .mlpc(&["graph", "none.mlp"])
        .code(2)
        .stderr_has("none.mlp");
}

#[test]
fn standard_input_is_drawn() {
    let args = ["graph", "-", "--pipeline", "loading"];
    let from_file = two().mlpc(&["graph", "p.mlp", "--pipeline", "loading"]);
    let piped = Project::new().stdin(TWO).mlpc(&args).code(0);
    assert_eq!(piped.stdout, from_file.code(0).stdout);
}
