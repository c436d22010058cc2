//! Each construct of the language, alone and together, as it is emitted and as it runs.

use serde_json::json;

use super::case;

/// Components that the sources below share.
const LIB: &str = r#"
component number(n: int) -> int {
  image: "alpine:3.20"
  shell: """
    echo "$n" > "$output"
  """
}

component say(text: str) -> str {
  image: "alpine:3.20"
  shell: """
    printf %s "$text" > "$output"
  """
}

component maybe(n: int?, text: str?, numbers: list[int]?) -> str {
  image: "alpine:3.20"
  shell: """
    echo "${n-none} ${text-none} ${numbers-none}" > "$output"
  """
}

component fail(why: str) -> int {
  image: "alpine:3.20"
  shell: """
    echo "$why" >&2
    exit 3
  """
}
"#;

pub fn with_lib(source: &str) -> super::Case {
    case(&format!(
        "use {{ number, say, maybe, fail }} from \"lib.mlp\"\n{source}"
    ))
    .file("lib.mlp", LIB)
}

#[test]
fn training() {
    case(
        r#"
## One card transaction.
type Transaction = { amount: float, label: int }

component load_data(uri: str, day: date) -> (raw: Dataset[csv, Transaction], rows: int) {
  python: "steps.py:load_data"
}

## Scales the numeric columns.
component preprocess(raw: Dataset[csv, Transaction]) -> Dataset[csv] {
  python: "steps.py:preprocess"
  retry: { attempts: 3, delay: 30s, backoff: 2.0, max_delay: 10m }
  timeout: 2h
}

component train(data: Dataset[csv], n_estimators: int in 1..=1000 = 100, init: Model[json]?) -> Model[json] {
  python: "steps.py:train"
  resources: { cpu: 0.5, memory: 16GiB, gpu: 1, disk: 20GB }
  secrets: { WANDB_API_KEY: "wandb/api_key" }
  env: { OMP_NUM_THREADS: "4" }
}

component evaluate(model: Model[json], test: Dataset[csv]) -> float {
  run: ["python3", "-c", "import sys; open(sys.argv[3], 'w').write('0.75')", model, f"--test={test}", output]
  image: "python:3.12-slim"
}

component row_count(data: Dataset[csv]) -> int {
  image: "alpine:3.20"
  shell: """
    wc -l < "$data" > "$output"
  """
}

## End-to-end ML training.
pipeline training(
  ## Where the data is.
  data_path: str = "s3://bucket/data.csv",
  threshold: float in 0.0..=1.0 = 0.5,
  n_estimators: int = 100,
  day: date = run.date,
) -> (f1: float, model: Model[json], note: str) {
  owner: "mlops"
  tags: ["ml", "training"]
  labels: { team: "fraud" }
  timeout: 4h
  parallelism: 10

  data     = load_data(data_path, day)
  rows     = row_count(data.raw)
  require rows > 0, f"no rows in {data_path}"
  features = preprocess(data.raw)
  model    = train(features, n_estimators=n_estimators)
  score    = evaluate(model, features)
  require score >= threshold, f"{score} is below {threshold}"
  note     = say(f"f1 {score} of {rows} rows")
  return { f1: score, model: model, note: note }
}

component say(text: str) -> str {
  image: "alpine:3.20"
  shell: """
    printf %s "$text" > "$output"
  """
}
"#,
    )
    .file(
        "steps.py",
        r#"import json
from pathlib import Path


def load_data(uri: str, day: str) -> dict:
    path = Path("raw.csv")
    path.write_text(f"{uri},1\n{day},0\n")
    return {"raw": path, "rows": 2}


def preprocess(raw: Path) -> Path:
    out = Path("features.csv")
    out.write_text(Path(raw).read_text().upper())
    return out


def train(data: Path, n_estimators: int, init: Path = None) -> Path:
    assert init is None
    out = Path("model.json")
    out.write_text(json.dumps({"n": n_estimators, "data": Path(data).read_text()}))
    return out
"#,
    )
    .accepted()
    .snapshot("training")
    .gives(&[], json!({ "f1": "0.75", "note": "f1 0.75 of 2 rows" }))
    .fails(&[("threshold", "0.8")], "0.75 is below 0.8")
    .fails(&[("threshold", "1.5")], "threshold must be in 0.0..=1.0")
    .fails(&[("n_estimators", "0")], "expected int in 1..=1000");
}

#[test]
fn nested_pipelines() {
    with_lib(
        r#"
## Adds its two inputs' texts.
pipeline pair(left: str, right: int, label: str = "pair") -> (joined: str, right: int) {
  r = number(right)
  l = say(f"{label}: {left} {r}")
  return { joined: l, right: r }
}

pipeline outer(name: str, n: int = 3) -> (first: str, second: str, sum: int) {
  one = pair(name, n)
  two = pair("{{constant}}", one.right, label="two")
  return { first: one.joined, second: two.joined, sum: two.right }
}
"#,
    )
    .accepted()
    .snapshot("nested")
    .gives(
        &[("name", "{{x}}")],
        json!({ "first": "pair: {{x}} 3", "second": "two: {{constant}} 3", "sum": "3" }),
    );
}

#[test]
fn after_and_require() {
    let compiled = with_lib(
        r#"
pipeline order(n: int = 1) -> (last: int) {
  a = number(n)
  b = number(2) after a
  require a > 0, "a is {{not}} positive"
  require a < 10 and not (a == 5), f"a is {a}"
  c = number(b)
  d = number(4) after b, c
  return { last: c }
}
"#,
    )
    .accepted()
    .snapshot("after_require")
    .gives(&[], json!({ "last": "2" }))
    .fails(&[("n", "-1")], "a is {{not}} positive")
    .fails(&[("n", "5")], "a is 5");
    // What stands above a `require` runs on, what stands below doesn't start.
    if let Some(ran) = compiled.ran(&[("n", "-1")]) {
        assert_eq!(ran, ["number", "number", "require"]);
    }
}

#[test]
fn optional_values_in_commands() {
    with_lib(
        r#"
component argv(n: int?, text: str?) -> str {
  image: "alpine:3.20"
  run: ["sh", "-c", "o=$1; shift; echo \"$#:$*\" > $o", "sh", output, ["--n", n], ["--text", text], "end"]
}

pipeline optional(n: int?, text: str?, numbers: list[int]?) -> (a: str, b: str, c: str, d: str, e: str, f: str) {
  a = maybe(n, text, numbers)
  b = maybe(n ?? 7, text ?? "left {{out}}", numbers ?? [])
  c = maybe()
  d = maybe(1, "", [2])
  e = argv(n, text)
  f = argv(text="only")
  return { a: a, b: b, c: c, d: d, e: e, f: f }
}
"#,
    )
    .accepted()
    .snapshot("optional")
    .gives(
        &[],
        json!({
            "a": "none none none", "b": "7 left {{out}} []", "c": "none none none", "d": "1  [2]",
            "e": "1:end", "f": "3:--text only end",
        }),
    )
    .gives(
        &[("n", "5"), ("text", "\"it's {{x}}\""), ("numbers", "[1, 2]")],
        json!({
            "a": "5 it's {{x}} [1, 2]", "b": "5 it's {{x}} [1, 2]", "c": "none none none", "d": "1  [2]",
            "e": "5:--n 5 --text it's {{x}} end", "f": "3:--text only end",
        }),
    )
    .gives(
        &[("text", "\"\"")],
        json!({
            "a": "none  none", "b": "7  []", "c": "none none none", "d": "1  [2]",
            "e": "3:--text  end", "f": "3:--text only end",
        }),
    );
}

#[test]
fn fields_of_values() {
    with_lib(
        r#"
type Point = { x: int, name: str, tags: list[str], at: { day: date }? }

component make(name: str) -> Point {
  python: "steps.py:make"
}

component show(points: list[Point], names: dict[str, str]) -> str {
  python: "steps.py:show"
}

pipeline fields(name: str) -> (x: int, name: str, tags: list[str], day: date?, all: str) {
  p = make(name)
  x = number(p.x)
  n = say(p.name)
  s = show([p, { x: 1000000, name: n, tags: [], at: { day: "2024-01-31" } }], { "a": n, "b": f"{x}" })
  return { x: x, name: n, tags: p.tags, day: p.at.day, all: s }
}
"#,
    )
    .file(
        "steps.py",
        r#"def make(name):
    return {"x": 2000000, "name": name, "tags": [name], "at": None}


def show(points, names):
    return f"{points} {names}"
"#,
    )
    .accepted()
    .snapshot("fields")
    .gives(
        &[("name", "{{\"q\"}} <&>")],
        json!({
            "x": "2000000",
            "name": "{{\"q\"}} <&>",
            "tags": "[\"{{\\\"q\\\"}} \\u003c\\u0026\\u003e\"]",
            "day": "null",
            "all": "[{'x': 2000000, 'name': '{{\"q\"}} <&>', 'tags': ['{{\"q\"}} <&>'], 'at': None}, \
                    {'x': 1000000, 'name': '{{\"q\"}} <&>', 'tags': [], 'at': {'day': '2024-01-31'}}] \
                    {'a': '{{\"q\"}} <&>', 'b': '2000000'}",
        }),
    );
}

#[test]
fn artifacts() {
    let compiled = case(
        r#"
component split(data: Dataset[csv]) -> (head: Dataset[csv], tail: Dataset[csv]) {
  image: "alpine:3.20"
  shell: """
    head -n 1 "$data" > "$head"
    mkdir "$tail"
    tail -n 1 "$data" > "$tail/part"
  """
}

component join(parts: list[Dataset[csv]], base: Dataset[csv]?) -> (whole: Dataset[csv], names: str) {
  image: "alpine:3.20"
  shell: """
    echo "$parts" | while read -r part; do cat "$part"; done > "$whole"
    echo "${base-no base}" > "$names"
  """
}

component argv(parts: list[Dataset[csv]]) -> Dataset[csv] {
  image: "alpine:3.20"
  run: ["sh", "-c", "o=$1; shift; cat $@ > $o", "sh", output, parts]
}

component python(parts: list[Dataset[csv]], base: Dataset[csv]?) -> str {
  python: "steps.py:python"
}

pipeline artifacts(data: Dataset[csv] = "s3://bucket/in/rows.csv") -> (whole: Dataset[csv], cat: Dataset[csv], seen: str, names: str) {
  s = split(data)
  j = join([s.head, data, s.head])
  c = argv([s.head, j.whole])
  p = python([s.head, s.head], base=s.tail)
  return { whole: j.whole, cat: c, seen: p, names: j.names }
}
"#,
    )
    .file(
        "steps.py",
        r#"from pathlib import Path


def python(parts: list[Path], base: Path = None) -> str:
    return "".join(Path(part).read_text() for part in parts) + (Path(base) / "part").read_text()
"#,
    )
    .accepted()
    .snapshot("artifacts");
    let stores = [
        ("bucket/in/rows.csv", "a\nb\n"),
        ("other/rows.csv", "c\nd\n"),
    ];
    let Some(report) = compiled.run_with(&[], &stores) else {
        return;
    };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    assert_eq!(
        report["outputs"]["artifacts"],
        json!({ "whole": "a\na\nb\na\n", "cat": "a\na\na\nb\na\n" })
    );
    assert_eq!(
        report["outputs"]["parameters"],
        json!({ "seen": "a\na\nb\n", "names": "no base" })
    );
    let report = compiled
        .run_with(&[("data", "s3://other/rows.csv")], &stores)
        .expect("it ran before");
    assert_eq!(
        report["outputs"]["artifacts"]["whole"], "c\nc\nd\nc\n",
        "{report:#}"
    );
}

#[test]
fn refinements() {
    with_lib(
        r#"
component bounded(n: int in 1..=9, word: str matches "[a-z]{2,}", mode: str in ["a", "b"]) -> str {
  image: "alpine:3.20"
  shell: """
    echo "$n $word $mode" > "$output"
  """
}

pipeline refined(
  n: int = 3,
  word: str matches "[a-z]{2,}" = "ab",
  mode: str in ["a", "b"] = "a",
  day: date in "2024-01-01"..="2024-12-31" = "2024-02-03",
) -> (said: str, day: str) {
  m = number(n)
  b = bounded(m, word, mode)
  d = say(f"{day}")
  return { said: b, day: d }
}
"#,
    )
    .accepted()
    .snapshot("refinements")
    .gives(&[], json!({ "said": "3 ab a", "day": "2024-02-03" }))
    .fails(&[("n", "10")], "n must be in 1..=9")
    .fails(&[("word", "{{workflow.name}}")], "word must match")
    .fails(&[("mode", "c")], "enum")
    .fails(&[("day", "2025-01-01")], "day must be in");
}

#[test]
fn facts_of_the_run() {
    with_lib(
        r#"
pipeline facts(day: date = run.date, name: str = run.name) -> (day: str, name: str, id: str) {
  a = say(f"on {day}")
  b = say(name)
  c = say(run.id)
  return { day: a, name: b, id: c }
}
"#,
    )
    .accepted()
    .snapshot("facts")
    .gives(
        &[],
        json!({ "day": "on 2024-05-06", "name": "facts-abcde", "id": "0f1e2d3c-0000-4000-8000-000000000001" }),
    )
    .gives(
        &[("day", "2020-01-02"), ("name", "mine")],
        json!({ "day": "on 2020-01-02", "name": "mine", "id": "0f1e2d3c-0000-4000-8000-000000000001" }),
    );
}

#[test]
fn branches() {
    let compiled = with_lib(
        r#"
component file(text: str) -> Dataset[csv] {
  image: "alpine:3.20"
  shell: """
    printf %s "$text" > "$output"
  """
}

pipeline branches(n: int, text: str) -> (joined: str, only: int?, kind: str, data: Dataset[csv], kept: Dataset[csv], late: int) {
  base = file("base")
  m = number(n)
  joined = if m > 10 {
    big = say(f"big {text}")
    big
  } else if m == 10 and text != "" {
    a = say(text)
    ten = say(f"ten {a}")
    ten
  } else {
    small = say("small")
    small
  }
  only = if m > 10 {
    some = number(m)
    some
  }
  kind = if m > 10 { "big" } else { "small" }
  data = if m > 10 { file(text) } else { file("small") }
  kept = if m > 10 {
    fresh = file(text)
    fresh
  } else {
    base
  }
  late = number(only ?? -1) after joined
  k = say(kind)
  return { joined: joined, only: only, kind: k, data: data, kept: kept, late: late }
}
"#,
    )
    .accepted()
    .snapshot("branches")
    .gives(
        &[("n", "11"), ("text", "{{t}}")],
        json!({ "joined": "big {{t}}", "only": "11", "kind": "big", "late": "11" }),
    )
    .gives(
        &[("n", "10"), ("text", "{{t}}")],
        json!({ "joined": "ten {{t}}", "only": "null", "kind": "small", "late": "-1" }),
    )
    .gives(
        &[("n", "10"), ("text", "")],
        json!({ "joined": "small", "only": "null", "kind": "small", "late": "-1" }),
    );
    for (n, artifacts) in [
        ("11", json!({ "data": "t", "kept": "t" })),
        ("1", json!({ "data": "small", "kept": "base" })),
    ] {
        let Some(report) = compiled.run(&[("n", n), ("text", "t")]) else {
            return;
        };
        assert_eq!(report["outputs"]["artifacts"], artifacts, "{report:#}");
    }
}

#[test]
fn floats_in_conditions() {
    with_lib(
        r#"
component score(text: str) -> float {
  image: "alpine:3.20"
  shell: """
    echo "$text" > "$output"
  """
}

pipeline scores(text: str, least: float = 0.5) -> (good: str) {
  s = score(text)
  good = if s >= least { say("good") } else { say("bad") }
  return { good: good }
}
"#,
    )
    .accepted()
    .gives(&[("text", "1e-05")], json!({ "good": "bad" }))
    .gives(&[("text", "1e+05")], json!({ "good": "good" }))
    .gives(&[("text", "0.50")], json!({ "good": "good" }))
    .gives(
        &[("text", "1e-05"), ("least", "1e-06")],
        json!({ "good": "good" }),
    )
    .fails(&[("text", "fast")], "float");
}

#[test]
fn loops() {
    with_lib(
        r#"
component sum(numbers: list[int], texts: list[str]) -> str {
  python: "steps.py:total"
}

pipeline loops(sizes: list[int] = [50, 100, 200], words: list[str] = ["a", "[b]"], extra: str = "x") -> (total: str, sizes: list[int], words: list[str]) {
  fits = for n in sizes limit 2 {
    a = number(n)
    b = say(f"{extra}{a}")
    { size: a, label: b }
  }
  said = for word in words {
    say(f"{word}!")
  }
  total = sum(fits.size, fits.label)
  return { total: total, sizes: fits.size, words: said }
}
"#,
    )
    .file(
        "steps.py",
        r#"def total(numbers, texts):
    return f"{sum(numbers)} {'|'.join(texts)}"
"#,
    )
    .accepted()
    .snapshot("loops")
    .gives(
        &[],
        json!({ "total": "350 x50|x100|x200", "sizes": "[50, 100, 200]", "words": "[\"a!\",\"[b]!\"]" }),
    )
    .gives(
        &[("sizes", "[]"), ("words", "[]")],
        json!({ "total": "0 ", "sizes": "[]", "words": "[]" }),
    )
    .gives(
        &[("sizes", "[9007199254740993]"), ("words", "[\"[1]\", \"{{2}}\"]"), ("extra", "{{e}}")],
        json!({
            "total": "9007199254740993 {{e}}9007199254740993",
            "sizes": "[9007199254740993]",
            "words": "[\"[1]!\",\"{{2}}!\"]",
        }),
    );
}

#[test]
fn loops_and_branches_in_each_other() {
    with_lib(
        r#"
pipeline grid(rows: list[int], columns: list[int], add: int = 100) -> (cells: list[list[int]], big: list[int?]) {
  cells = for row in rows {
    for column in columns {
      if row == column {
        cell = number(add)
        cell
      } else {
        cell = number(row)
        cell
      }
    }
  }
  big = for row in rows {
    if row > 1 {
      first = for c in columns { each = number(c) }
      last = number(row)
      last
    }
  }
  return { cells: cells, big: big }
}
"#,
    )
    .accepted()
    .snapshot("grid")
    .gives(
        &[("rows", "[1, 2]"), ("columns", "[2, 3]")],
        json!({ "cells": "[[1, 1], [100, 2]]", "big": "[null, 2]" }),
    );
}
