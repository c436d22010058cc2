//! From a program to its plan, and what running that gives.

use mlpc::compile::{Input, Request, compile};
use mlpc::project::{Memory, Project};
use mlpc::run::{Report, Status};
use mlpc::target::local;
use serde_json::{Value, json};

use crate::support::*;

/// The plan of a program without faults.
fn lowered(source: &str, files: &[(&str, &str)]) -> Value {
    let mut all = vec![("pipeline.mlp", source)];
    all.extend(files);
    let project = Project::in_memory(Memory::new(all));
    let mut compilation = compile(
        &project,
        Input::File("pipeline.mlp".into()),
        &Request::default(),
    )
    .expect("the file is there");
    let found = compilation.check_target(&local::Local);
    compilation.add(found);
    assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
    let text = mlpc::plan::write(&local::lower(&compilation.programs[0]));
    serde_json::from_str(&text).unwrap()
}

fn run(place: &Place, source: &str, set: &[(&str, &str)]) -> Report {
    place.run_with(&lowered(source, &[]), |options| {
        options.set = set
            .iter()
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect();
    })
}

/// The components that the programs here are made of.
const STEPS: &str = r#"
component int_of(n: int) -> int { shell: "printf %s \"$n\" > \"$output\"" }
component float_of(x: float) -> float { shell: "printf %s \"$x\" > \"$output\"" }
component text_of(text: str) -> str { shell: "printf '%s\\n' \"$text\" > \"$output\"" }
component show_floats(xs: list[float], x: float) -> str { shell: "printf '%s %s' \"$xs\" \"$x\" > \"$output\"" }
component maybe(n: int, text: str?) -> (twice: int, said: str) { shell: "echo $((n * 2)) > $twice; printf '%s' \"${text-none}\" > $said" }
component fail() { shell: "exit 1" }
component make(text: str) -> (file: Dataset, size: int) { shell: "printf %s \"$text\" > \"$file\"; echo ${#text} > \"$size\"" }
component join(files: list[Dataset], sizes: list[int]) -> str { shell: "for f in $files; do cat \"$f\"; done > \"$output\"; echo \" $sizes\" >> \"$output\"" }
"#;

fn program(pipeline: &str) -> String {
    format!("{STEPS}\n{pipeline}")
}

#[test]
fn ints_become_floats_where_floats_are_expected() {
    let source = program(
        r#"
pipeline p(n: int = 3, given: float = 2, c: bool = true) -> (a: str, joined: float, text: str, record: { x: float, n: int }) {
  i = int_of(n)
  a = show_floats(xs=[i, 2.5, 7], x=i)
  joined = if c { i } else { float_of(0.5) }
  text = text_of(f"{given} {joined} {i}")
  return { a: a, joined: joined, text: text, record: { x: i, n: i } }
}
"#,
    );
    let report = run(&Place::new(), &source, &[]);
    assert_eq!(messages(&report), [""; 0]);
    let text = |name: &str| report.outputs[name].text();
    assert_eq!(text("a"), "[3.0, 2.5, 7.0] 3.0");
    assert_eq!(text("joined"), "3.0");
    assert_eq!(text("text"), "2.0 3.0 3");
    assert_eq!(text("record"), r#"{"x": 3.0, "n": 3}"#);
    let report = run(
        &Place::new(),
        &source,
        &[("c", "false"), ("given", "1e-05")],
    );
    assert_eq!(report.outputs["text"].text(), "1e-05 0.5 3");
}

#[test]
fn branches_loops_and_optional_values() {
    let source = program(
        r#"
pipeline twice(n: int) -> int {
  m = maybe(n)
  return m.twice
}

pipeline p(sizes: list[int] = [3, 1, 2], least: int = 2, note: str?) -> (kept: list[int?], all: str, best: int, said: str, note: str?) {
  made = for n in sizes limit 2 {
    file = make(f"<{n}>")
    kept = if n >= least and not (n == 100) { twice(n) }
    { file: file.file, size: file.size, kept: kept }
  }
  all = join(files=made.file, sizes=made.size)
  said = maybe(n=1, text=note)
  found = if least > 2 or note ?? "" == "x" { int_of(1) } else if least == 2 { int_of(2) } else { int_of(3) }
  return { kept: made.kept, all: all, best: found, said: said.said, note: note }
}
"#,
    );
    let report = run(&Place::new(), &source, &[]);
    assert_eq!(messages(&report), [""; 0]);
    assert_eq!(
        outputs(&report),
        json!({"kept": [6, null, 4], "all": "<3><1><2> [3, 3, 3]", "best": 2, "said": "none", "note": null})
    );
    assert!(
        states(&report)
            .contains("made[0].twice.m succeeded, made[1].file succeeded, made[1].twice.m skipped"),
        "{}",
        states(&report)
    );
    let report = run(
        &Place::new(),
        &source,
        &[("note", "x"), ("sizes", "[]"), ("least", "1")],
    );
    assert_eq!(
        outputs(&report),
        json!({"kept": [], "all": " []", "best": 1, "said": "x", "note": "x"})
    );
}

#[test]
fn requirements_order_and_finally() {
    let source = program(
        r#"
pipeline p(n: int = 1, day: datetime = "2024-01-01T02:00:00+02:00") -> int {
  a = int_of(n)
  require a > 0, f"{a} is not enough"
  b = int_of(a) after a
  c = if day == "2024-01-01T00:00:00Z" { int_of(7) } else { int_of(8) }
  finally { said = maybe(n=b ?? -1, text=run.status) }
  return c
}
"#,
    );
    let place = Place::new();
    let report = run(&place, &source, &[]);
    assert_eq!(messages(&report), [""; 0]);
    assert_eq!(outputs(&report), json!({"output": 7}));
    let said = |report: &Report| {
        let port = |name: &str| {
            std::fs::read_to_string(report.folder.join("work/said.1").join(name)).unwrap()
        };
        port("said") + " " + &port("twice")
    };
    assert_eq!(said(&report), "succeeded 2\n");
    let report = run(&place, &source, &[("n", "0")]);
    assert_eq!(report.status, Status::Failed);
    assert_eq!(messages(&report), ["require: 0 is not enough"]);
    assert_eq!(said(&report), "failed -2\n");
}

#[test]
fn attributes_are_numbers_and_merged() {
    let source = r#"
## Doubles a number.
component double(n: int in 1..=10, label: str?) -> int {
  python: "steps.py:double"
  packages: ["numpy==2.0.0"]
  retry: { attempts: 4, delay: 30s, backoff: 2.0, max_delay: 1m30s }
  timeout: 1h30m
  cache: 24h
  env: { MODE: "fast" }
  secrets: { TOKEN: "vault/token" }
  resources: { cpu: 2 }
}
component note(paths: list[Dataset], n: int?) { run: ["echo", "-n", ["--n", f"={n}"], paths], image: "alpine:3.20" }
component file(text: str) -> (out: Dataset[csv]) { shell: "printf '%s' \"$text\" > \"$out\"" }

pipeline inner(n: int) -> int {
  timeout: 5m
  n2 = double(n) with { timeout: 90s, env: { MORE: "x" } }
  return n2
}

## Shows what a plan holds.
pipeline p(n: int in 0..=5 = 2, day: date = run.date, data: Dataset = "data.csv", choice: str in ["a", "b"] = "a") -> (n: int, when: str) {
  owner: "ml"
  timeout: 2h
  parallelism: 3
  notify: { email: ["ml@example.com"], on: ["failure"] }
  made = file("é\n")
  twice = inner(n) with { timeout: 10m }
  last = note(paths=[data, made.out]) with { retry: { attempts: 2 } } after twice
  return { n: twice, when: f"{day} {run.id}" }
}
"#;
    let files = [(
        "steps.py",
        "def double(n: int, label=None) -> int:\n    return 2 * n\n",
    )];
    let plan = lowered(source, &files);
    let text = mlpc::plan::write(&read(&plan));
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("local_plan", format!("{}\n==== local ====\n{text}", source.trim()));
    });
}
