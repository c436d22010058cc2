//! `mlpc fmt`: what it makes of files, and which files it finds.

use std::path::Path;

use mlpc::source::FileId;
use mlpc::{fmt, syntax};

use crate::fences::fences;
use crate::project::Project;

const CROOKED: &str = "component c( x:int )->int{run:[\"true\"]} # done\n";
const STRAIGHT: &str = "component c(x: int) -> int { run: [\"true\"] }  # done\n";
const BROKEN: &str = "component c( {\n";

fn formatted(text: &str) -> String {
    fmt::format(&syntax::parse(FileId(0), text))
}

/// A snapshot of a source and what became of it.
fn check(name: &str, source: &str) {
    let text = formatted(source);
    assert_eq!(text, formatted(&text), "formatted twice");
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("fmt_{name}"), format!("{}\n==== formatted ====\n{text}", source.trim_end()));
    });
}

#[test]
fn definitions() {
    check(
        "definitions",
        r##"


# A file's comment.


## Documents nothing.

use "lib/alerts.mlp"   as alerts
use { load_data,evaluate as ev }   from "lib/io.mlp"
use {
  after as b } from "lib/io.mlp"
## One transaction.
type Transaction={ amount: float, age: int, "odd name": str? ?, label: int }
type Features = {...Transaction, amount_z: float}
type Opened = { 
  a: int, b: str }
type Long = { ...Transaction, amount_z: float, age_z: float, another_column_here: float, and_one_more: str?? }
artifact Tokenizer
component train(data: Dataset[parquet, Features], n_estimators: int in 1..=1000 = 100, init: Model[joblib]?)
    -> (model: Model[joblib], rows: int) {
  python: "steps.py:train_model", resources: { cpu: 4, memory: 16GiB, gpu: 1 } # of the large kind
  retry: { attempts: 3, delay: 30s, backoff: 2.0, max_delay: 10m }


  secrets: { WANDB_API_KEY: "wandb/api_key", WANDB_API_KEY_2: "wandb/api_key_the_second", THIRD: "x/y" }
}
component short( mode : str in ["fast","slow"] = "fast", name: str matches "[a-z]+" ) -> float { run: ["true"] }
component split(samples: Dataset[csv, Features], share: float in 0.0..=1.0) -> (train: Dataset[csv], test: Dataset[csv]) { python: "steps.py:split" }
component row_count(data: Dataset[parquet])->int { shell: """
       duckdb -c "select count(*) from '$data'" > "$output"
         # moved with the others

""" }
component command() {
  run: ["sh",
     "-c", "x", "--flag", "value", "--other-flag", "value", "--yet-another", "some longer value here",
     "y"]
  kubernetes: { tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }, {key: "b", operator: "Exists", effect: "NoSchedule"} ] }
}
component nothing() {}
"##,
    );
}

#[test]
fn statements() {
    check(
        "statements",
        r#"pipeline training(
  data_path: str = "s3://bucket/data.parquet", # where it lies
  ## Sizes to try.
  sizes: list[int] = [50, 100, 200], day: date = run.date) -> (f1: float, endpoint: str?) {

  owner: "mlops", tags: ["ml", "training"]
  raw=load_data(data_path,day=day)
  rows = row_count(raw)   # how many
  require rows>0,f"no rows in {data_path}"
  features = preprocess(raw)
  fits = for n in sizes limit 2 { # fan-out
    fit = train(features, n_estimators=n)
    # how good it is
    score = evaluate(fit.model, features)


    { model: fit.model, f1: score }
  }
  best = pick_best(models=fits.model, scores=fits.f1)
  deployed = if best.f1>=threshold and best.f1 <= 1.0 { deploy(best.model) with { timeout: 10m, airflow: { pool: "deploys" } } }
  else if not (x or y) { a }
  # What is left.
  else { b }
  kind = if -x ?? 1 - -2 * 3 > 4 { a } else { b }

  report(best.f1) after deployed,raw
  report_with_a_very_long_name(best.f1, another_argument=deployed.url, third=[1,2,3], fourth="a string") after deployed, raw
  z = deploy(best.model, "some argument that is rather long for a line") with { timeout: 10m, airflow: { pool: "deploys" } } after x
  notify({ title: "hello", body: "a text that is rather long so that it has to break", level: "warning", more: 1 })
  require best.f1 >= threshold and best.f1 <= 1.0 and something_else.field > 100 or yet_another_thing.value != 3, f"f1 is {best.f1}"
  each(x as Dataset[csv , { a:int }]) with { } after z
  finally { alerts.slack(channel="ml", status=run.status) }
  return {f1:best.f1,endpoint:deployed.url}
}
"#,
    );
}

#[test]
fn comments() {
    check(
        "comments",
        r#"component c( # behind a bracket
  # above a port

  ## About a.
  a: int # before a comma
  , # behind it
  ## Documents nothing, for it stood before the comma.

  b: int = # between
    1
  # last
) -> int {
  # first
  run: [ # a list
    "x" # one
    , "y"
    # end
  ]
}
pipeline p() {
  # only a comment
}
pipeline q() {
  x = f(a, # one
    b)
    # deep
  if x { # why
    y() } # that was all
  z = g({ a: 1 # an entry
  })
}
# The end.


# Really.
"#,
    );
}

/// Whatever stands in the pages can be formatted, with nothing lost.
#[test]
fn every_program_of_the_docs_can_be_formatted() {
    let pages = [
        "docs/language.md",
        "docs/codes.md",
        "docs/messages.md",
        "README.md",
    ];
    let mut found = 0;
    for page in pages {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
        for fence in fences(&page.unwrap()) {
            let parse = syntax::parse(FileId(0), &fence.text);
            if fence.language() == "mlp" && !parse.has_errors() {
                let text = fmt::format(&parse);
                assert_eq!(text, formatted(&text));
                found += 1;
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn files_are_written_only_when_they_change() {
    let project = Project::new()
        .file("a.mlp", CROOKED)
        .file("b.mlp", STRAIGHT)
        .file("sub/c.mlp", CROOKED);
    let before = std::fs::metadata(project.path("b.mlp")).unwrap();
    let ran = project.mlpc(&["fmt"]).code(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        "formatted a.mlp\nformatted sub/c.mlp\n3 files: 2 formatted\n"
    );
    for file in ["a.mlp", "b.mlp", "sub/c.mlp"] {
        assert_eq!(project.read(file), STRAIGHT);
    }
    let after = std::fs::metadata(project.path("b.mlp")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    project
        .mlpc(&["fmt"])
        .code(0)
        .stderr_has("3 files: all formatted already");
}

#[test]
fn check_shows_a_diff_and_writes_nothing() {
    let project = Project::new()
        .file("a.mlp", CROOKED)
        .file("b.mlp", STRAIGHT);
    let ran = project.mlpc(&["fmt", "--check", "."]).code(1);
    assert_eq!(
        ran.stdout,
        format!("--- a.mlp\n+++ a.mlp (formatted)\n@@ -1 +1 @@\n-{CROOKED}+{STRAIGHT}")
    );
    assert_eq!(ran.stderr, "2 files: 1 would be formatted\n");
    assert_eq!(project.read("a.mlp"), CROOKED);
    project.mlpc(&["fmt", "--check", "b.mlp"]).code(0);
}

#[test]
fn a_file_with_syntax_errors_is_left_alone() {
    let project = Project::new().file("a.mlp", BROKEN).file("b.mlp", CROOKED);
    project
        .mlpc(&["fmt"])
        .code(1)
        .stderr_has("E01")
        .stderr_has("formatted b.mlp\n")
        .stderr_has("2 files: 1 formatted, 1 left alone for its syntax errors\n");
    assert_eq!(project.read("a.mlp"), BROKEN);
    assert_eq!(project.read("b.mlp"), STRAIGHT);
    project.mlpc(&["fmt", "c.mlp"]).code(2);
    let bytes = Project::new().file("a.mlp", b"component \xff() {}\n");
    bytes.mlpc(&["fmt"]).code(1).stderr_has("UTF-8");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let ran = Project::new().stdin(CROOKED).mlpc(&["fmt", "-"]).code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (STRAIGHT, ""));
    let ran = Project::new().stdin(BROKEN).mlpc(&["fmt", "-"]).code(1);
    assert_eq!(ran.stdout, "");
    let checked = Project::new()
        .stdin(CROOKED)
        .mlpc(&["fmt", "--check", "-"])
        .code(1);
    assert!(checked.stdout.starts_with("--- <stdin>\n"));
}

#[test]
fn folders_are_walked_without_what_git_leaves_out() {
    let project = Project::new()
        .file("a.mlp", CROOKED)
        .file(".gitignore", "build/\n*.gen.mlp\n")
        .file("build/b.mlp", BROKEN)
        .file(".hidden/c.mlp", BROKEN)
        .file("x.gen.mlp", BROKEN)
        .file("sub/.gitignore", "d.mlp\n")
        .file("sub/d.mlp", BROKEN)
        .file("sub/e.mlp", CROOKED)
        .file("sub/steps.py", "");
    for command in [&["fmt", "--check"][..], &["fmt", "--check", ".", "a.mlp"]] {
        let ran = project.mlpc(command).code(1);
        assert_eq!(ran.stderr, "2 files: 2 would be formatted\n");
    }
    // What is named is meant.
    project
        .mlpc(&["fmt", "x.gen.mlp"])
        .code(1)
        .stderr_has("E01");
    project
        .mlpc(&["fmt", ".hidden/../build"])
        .stderr_has("build/b.mlp");
    let empty = Project::new();
    empty.mlpc(&["fmt"]).code(2).stderr_has("no `.mlp` file");
}
