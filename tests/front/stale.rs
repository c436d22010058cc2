//! `mlpc compile --check`: the committed output held against the pipeline.

use crate::project::Project;

const PIPELINE: &str = "component a(x: str) {\n  image: \"alpine:3.20\"\n  run: [\"echo\", x]\n}\n\npipeline p(x: str = \"one\") {\n  a(x)\n}\n";

#[test]
fn an_output_that_is_up_to_date_is_left_alone_and_any_other_shown() {
    let project = Project::new().file("p.mlp", PIPELINE);
    let compile = ["compile", "p.mlp", "-t", "argo", "-o", "p.yaml"];
    let check = [&compile[..], &["--check"]].concat();
    let ran = project
        .mlpc(&check)
        .code(1)
        .stderr_has("`p.yaml` is not there");
    assert_eq!(ran.stdout, "");
    assert_eq!(project.names(), ["p.mlp"], "nothing is written");
    project.mlpc(&compile).code(0);
    let ran = project.mlpc(&check).code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));

    let committed = project.read("p.yaml");
    let project = project.file("p.mlp", PIPELINE.replace("\"one\"", "\"two\""));
    project
        .mlpc(&check)
        .code(1)
        .stdout_has("--- p.yaml\n+++ p.yaml (compiled now)\n")
        .stdout_has("-      value: one\n+      value: two\n")
        .stderr_has("the output is not what `p.mlp` compiles to");
    assert_eq!(project.read("p.yaml"), committed, "nothing is written");

    // One byte is enough, and bytes that are no text are no fault of ours.
    let project = project
        .file("p.mlp", PIPELINE)
        .file("p.yaml", format!("{committed}\n"));
    project.mlpc(&check).code(1);
    let project = project.file("p.yaml", [0xff, 0xfe, b'\n']);
    project.mlpc(&check).code(1).stdout_has("+++ p.yaml");
    let project = project.file("p.mlp", "pipeline p() {\n  nothing()\n}\n");
    project.mlpc(&check).code(1).stderr_has("error[E0202]");
}

#[test]
fn all_files_of_several_targets_are_held() {
    let project = Project::new().file("p.mlp", PIPELINE);
    let compile = ["compile", "p.mlp", "-t", "argo", "-t", "local", "-o", "out"];
    let check = [&compile[..], &["--check"]].concat();
    project.mlpc(&check).code(1).stderr_has("2 files are not");
    project.mlpc(&compile).code(0);
    project.mlpc(&check).code(0);
    let file = std::fs::read_dir(project.path("out/argo"))
        .unwrap()
        .next()
        .unwrap();
    std::fs::write(file.unwrap().path(), "").unwrap();
    project
        .mlpc(&check)
        .code(1)
        .stderr_has("the output is not")
        .stdout_has("+++ out/argo/");
}

#[test]
fn there_is_nothing_to_hold_standard_output_against() {
    let project = Project::new().file("p.mlp", PIPELINE);
    project
        .mlpc(&["compile", "p.mlp", "--check"])
        .code(2)
        .stderr_has("name it: `-o PATH`");
}
