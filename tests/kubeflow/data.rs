//! Values and artifacts between tasks, expressions, nested pipelines, order: each run by kfp.local.

use serde_json::{Value as Json, json};

use crate::{Outcome, case};

const STEPS: &str = r#"
import dataclasses
import json
import pathlib
import typing


def write(text: str, name: str = "file"):
    path = pathlib.Path("written-" + name)
    path.write_text(text)
    return path


def read(file: pathlib.Path) -> str:
    return file.read_text()


def join(files: list) -> str:
    return "+".join(open(file).read() for file in files)


def show(value) -> str:
    return repr(value)


def same(value):
    return value


def both(text: str, out: str) -> dict:
    with open(out, "w") as file:
        file.write(text.upper())
    return {"size": len(text), "half": len(text) / 2}


class Pair(typing.NamedTuple):
    a: int
    b: str


def pair(n: int) -> Pair:
    return Pair(n, "x" * n)


def maybe(n: int):
    return n if n > 0 else None


def fail(text: str) -> str:
    raise ValueError(text)


def fold(folder: str):
    base = pathlib.Path("made")
    base.mkdir(exist_ok=True)
    (base / "one.txt").write_text(folder)
    return str(base)
"#;

const COMPONENTS: &str = r#"
component write(text: str, name: str = "file") -> Dataset { python: "steps.py:write" }
component read(file: Dataset) -> str { python: "steps.py:read" }
component join(files: list[Dataset]) -> str { python: "steps.py:join" }
component show_str(value: str) -> str { python: "steps.py:show" }
component show_int(value: int) -> str { python: "steps.py:show" }
component show_float(value: float) -> str { python: "steps.py:show" }
component show_list(value: list[int]) -> str { python: "steps.py:show" }
component show_maybe(value: int?) -> str { python: "steps.py:show" }
component both(text: str) -> (out: Dataset, size: int, half: float) { python: "steps.py:both" }
component pair(n: int) -> (a: int, b: str) { python: "steps.py:pair" }
component maybe(n: int) -> int? { python: "steps.py:maybe" }
component fail(text: str) -> str { python: "steps.py:fail" }
"#;

fn python(source: &str) -> crate::Case {
    case(&format!("{COMPONENTS}\n{source}")).file("steps.py", STEPS)
}

fn succeeded(outcome: Option<Outcome>) -> Json {
    match outcome {
        Some(outcome) => {
            assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
            outcome.outputs
        }
        None => Json::Null,
    }
}

#[test]
fn values_keep_their_types() {
    python(
        r#"
pipeline types(n: int = 3, x: float = 2.0, xs: list[int] = [1, 2, 3], text: str = "a") -> (n: str, x: str, wide: str, xs: str, text: str) {
  a = show_int(n)
  b = show_float(x)
  c = show_float(n)
  d = show_list(xs)
  e = show_str(text)
  return { n: a, x: b, wide: c, xs: d, text: e }
}
"#,
    )
    .gives(
        json!({}),
        json!({ "n": "3", "x": "2.0", "wide": "3.0", "xs": "[1, 2, 3]", "text": "'a'" }),
    );
}

#[test]
fn two_tasks_of_one_component_have_files_of_their_own() {
    let case = python(
        r#"
pipeline two() -> (both: str, one: str) {
  first  = write("1")
  second = write("2")
  both   = join(files=[first, second])
  one    = read(first)
  return { both: both, one: one }
}
"#,
    );
    let compiled = case.accepted();
    compiled.snapshot("artifact_list");
    case.gives(json!({}), json!({ "both": "1+2", "one": "1" }));
}

#[test]
fn outputs_come_by_path_by_dict_and_by_tuple() {
    python(
        r#"
pipeline outputs() -> (text: str, size: int, half: float, a: int, b: str) {
  made = both("abcde")
  text = read(made.out)
  two  = pair(2)
  return { text: text, size: made.size, half: made.half, a: two.a, b: two.b }
}
"#,
    )
    .gives(
        json!({}),
        json!({ "text": "ABCDE", "size": 5, "half": 2.5, "a": 2, "b": "xx" }),
    );
}

#[test]
fn optional_values_are_json_texts() {
    let case = python(
        r#"
pipeline optional(given: int? , n: int = 0) -> (a: str, b: str, c: str, d: str, out: int?) {
  made = maybe(n)
  a = show_maybe(given)
  b = show_maybe(made)
  c = show_int(made ?? 7)
  d = show_maybe(5)
  return { a: a, b: b, c: c, d: d, out: made }
}
"#,
    );
    case.accepted().snapshot("optional");
    case.gives(
        json!({}),
        json!({ "a": "None", "b": "None", "c": "7", "d": "5", "out": "null" }),
    );
    case.gives(
        json!({ "given": "4", "n": 2 }),
        json!({ "a": "4", "b": "2", "c": "2", "d": "5", "out": "2" }),
    );
}

#[test]
fn expressions_are_computed_by_their_reader() {
    let case = python(
        r#"
type Box = { name: str, sizes: list[int] }
component box(name: str) -> Box { python: "more.py:box" }

pipeline expressions(name: str = "q", n: int = 2) -> (text: str, field: str, sizes: str, whole: str) {
  made  = box(name)
  two   = pair(n)
  text  = show_str(f"{name}:{n}:{two.b}:{made.name} {{ok}}")
  field = show_str(made.name)
  sizes = show_list(made.sizes)
  return { text: text, field: field, sizes: sizes, whole: f"{two.a}/{n}" }
}
"#,
    )
    .file("more.py", "def box(name):\n    return {'name': name + '!', 'sizes': [1, 2]}\n");
    case.accepted().snapshot("expressions");
    case.gives(
        json!({}),
        json!({ "text": "'q:2:xx:q! {ok}'", "field": "'q!'", "sizes": "[1, 2]", "whole": "2/2" }),
    );
}

#[test]
fn nested_pipelines_run() {
    let case = python(
        r#"
pipeline inner(text: str, n: int = 1, file: Dataset) -> (said: str, made: Dataset, same: Dataset, n: int) {
  said = show_str(f"{text}{n}")
  made = write(said, name="inner")
  return { said: said, made: made, same: file, n: n }
}

pipeline only_files(file: Dataset) -> str {
  text = read(file)
  return text
}

pipeline outer(text: str = "t") -> (a: str, b: str, c: str, d: str, n: int) {
  file = write("f")
  x = inner(text, file=file)
  y = inner(f"{text}!", n=2, file=x.made)
  b = read(y.made)
  c = only_files(y.same)
  d = only_files(x.same)
  return { a: x.said, b: b, c: c, d: d, n: y.n }
}
"#,
    );
    case.accepted().snapshot("nested");
    case.gives(
        json!({}),
        json!({ "a": "'t1'", "b": "'t!2'", "c": "'t1'", "d": "f", "n": 2 }),
    );
}

#[test]
fn requirements_hold_back_what_is_below() {
    let case = python(
        r#"
pipeline guarded(n: int = 1) -> (a: str) {
  before = show_int(n)
  require before != "-1" and n < 10, f"n is {n}"
  a = show_str(before)
  return { a: a }
}
"#,
    );
    case.accepted().snapshot("require");
    case.gives(json!({}), json!({ "a": "'1'" }));
    if let Some(outcome) = case.run(json!({ "n": -1 })) {
        assert_eq!(outcome.status, "failed", "{}", outcome.log);
        assert!(outcome.log.contains("n is -1"), "{}", outcome.log);
        assert_eq!(outcome.state("a"), None);
        // What the condition reads has run; what it doesn't read may be caught by the failure before it starts.
        assert_eq!(outcome.state("before"), Some("succeeded"));
    }
}

#[test]
fn order_without_data_is_a_dependency() {
    let case = python(
        r#"
pipeline ordered() -> (b: str) {
  a = show_str("1")
  b = show_str("2") after a
  return { b: b }
}
"#,
    );
    let yaml = case.accepted().yaml;
    assert!(yaml.contains("dependentTasks:\n        - a\n"), "{yaml}");
    case.gives(json!({}), json!({ "b": "'2'" }));
}

#[test]
fn a_failed_step_fails_the_run() {
    let case = python(
        r#"
pipeline failing() -> (b: str) {
  a = fail("broken pipe\nwith two lines")
  b = show_str(a)
  return { b: b }
}
"#,
    );
    if let Some(outcome) = case.run(json!({})) {
        assert_eq!(outcome.status, "failed");
        assert!(
            outcome.log.contains("ValueError: broken pipe"),
            "{}",
            outcome.log
        );
        assert!(outcome.log.contains("steps.py\", line"), "{}", outcome.log);
        assert_eq!(
            (outcome.state("a"), outcome.state("b")),
            (Some("failed"), None)
        );
    }
}

#[test]
fn bounds_are_checked_by_the_reader() {
    let case = python(
        r#"
component bounded(value: int in 1..=10) -> str { python: "steps.py:show" }
pipeline bounds(n: int in 1..=5 = 2, p: str matches "[a-z]+" = "abc", k: str in ["x", "y"] = "x") -> (a: str, b: str, c: str) {
  a = bounded(n)
  b = show_str(p)
  c = show_str(k)
  return { a: a, b: b, c: c }
}
"#,
    );
    case.gives(json!({}), json!({ "a": "2", "b": "'abc'", "c": "'x'" }));
    for (arguments, said) in [
        (
            json!({ "n": 7 }),
            "parameter `n`: expected int in 1..=5, got int 7",
        ),
        (json!({ "p": "ABC" }), "parameter `p`"),
        (json!({ "k": "z" }), "parameter `k`"),
    ] {
        if let Some(outcome) = case.run(arguments) {
            assert_eq!(outcome.status, "failed");
            assert!(outcome.log.contains(said), "{}", outcome.log);
        }
    }
}

#[test]
fn existing_artifacts_are_imported() {
    let case = python(
        r#"
pipeline imported(file: Dataset) -> (text: str, again: str) {
  text  = read(file)
  again = nested(file)
  return { text: text, again: again }
}
pipeline nested(file: Dataset) -> str {
  text = read(file)
  return text
}
"#,
    );
    case.accepted().snapshot("imported");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("given.txt");
    std::fs::write(&path, "what was there").expect("it can be written");
    case.gives(
        json!({ "file": path.to_str() }),
        json!({ "text": "what was there", "again": "what was there" }),
    );
}

#[test]
fn facts_of_the_run() {
    let case = python(
        r#"
pipeline facts(name: str = run.name, day: date = run.date) -> (id: str, name: str, other: str, day: str, today: str) {
  id    = show_str(run.id)
  shown = show_str(name)
  other = show_str(f"<{run.id}>")
  return { id: id, name: shown, other: other, day: f"{day}", today: f"{run.date}" }
}
"#,
    );
    let compiled = case.accepted();
    let outputs = succeeded(compiled.run(json!({})));
    if !outputs.is_null() {
        let text = |name: &str| {
            outputs[name]
                .as_str()
                .expect("a text")
                .trim_matches('\'')
                .to_owned()
        };
        assert!(text("name").starts_with("facts-"), "{outputs}");
        assert_eq!(text("other"), format!("<{}>", text("id")));
        assert_eq!(
            (text("day"), text("today")),
            ("2024-02-29".to_owned(), "2024-02-29".to_owned())
        );
    }
    let outputs = succeeded(compiled.run(json!({ "name": "mine", "day": "2024-01-31" })));
    assert!(
        outputs.is_null() || outputs["name"] == "'mine'" && outputs["day"] == "2024-01-31",
        "{outputs}"
    );
}

#[test]
fn commands_take_texts_and_paths() {
    let case = case(
        r#"
component make(text: str, n: int) -> (file: Dataset, size: int, said: str) {
  image: "alpine:3.20"
  shell: """
    i=0
    while [ $i -lt $n ]; do printf %s "$text" >> "$file"; i=$((i + 1)); done
    wc -c < "$file" > "$size"
    echo "$text" > "$said"
  """
}
component cat(first: Dataset, others: list[Dataset], mark: str?, xs: list[int], weight: float) -> str {
  image: "busybox:1.36"
  run: ["sh", "-c", "cat \"$@\" > \"$0\"; echo >> \"$0\"", output, first, others, ["-s", mark]]
}
component show(texts: list[str], mark: str?, label: str) -> str {
  image: "busybox:1.36"
  shell: """
    echo "$texts|${mark-none}|$label" > "$output"
  """
}

pipeline commands(text: str = "ab", mark: str?) -> (out: str, size: int, shown: str, said: str) {
  a = make(text, 2)
  b = make("cd", 1)
  out = cat(a.file, others=[a.file, b.file], xs=[1], weight=0.5)
  shown = show(["x", "y z"], mark=mark, label=f"{a.size} {out}")
  return { out: out, size: a.size, shown: shown, said: a.said }
}
"#,
    );
    case.accepted().snapshot("commands");
    case.gives(
        json!({}),
        json!({ "out": "ababababcd", "size": 4, "shown": "[\"x\", \"y z\"]|none|4 ababababcd", "said": "ab" }),
    );
    case.gives(
        json!({ "mark": "\"m\"", "text": "-" }),
        json!({ "out": "----cd", "size": 2, "shown": "[\"x\", \"y z\"]|m|2 ----cd", "said": "-" }),
    );
}

#[test]
fn identical_steps_are_written_once() {
    let calls: String = (0..40)
        .map(|at| format!("  t{at} = show_int({at})\n"))
        .collect();
    let yaml = python(&format!("pipeline many() {{\n{calls}}}\n"))
        .accepted()
        .yaml;
    assert_eq!(yaml.matches("executorLabel:").count(), 1);
    assert_eq!(yaml.matches("name: comp-show-int").count(), 40);
}

#[test]
fn a_thousand_tasks_compile_to_less_than_the_limit() {
    let calls: String = (1..1000)
        .map(|at| format!("  t{at} = show_str(t{})\n", at - 1))
        .collect();
    let case = python(&format!(
        "pipeline chain() {{\n  t0 = show_str(\"a\")\n{calls}}}\n"
    ));
    let yaml = case.accepted().yaml;
    assert!(yaml.len() < 900_000, "{}", yaml.len());
    assert_eq!(case.codes(), [""; 0]);
}
