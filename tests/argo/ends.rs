//! How runs end: what they put out, what `finally` reads, what fails.

use serde_json::json;

use super::constructs::with_lib;

#[test]
fn finally_runs_at_the_end() {
    let source = r#"
component note(status: str, rows: int?, text: str?) {
  image: "alpine:3.20"
  shell: """
    echo "$status ${rows-none} ${text-none}"
  """
}

pipeline with_end(n: int) -> (rows: int) {
  rows = number(n)
  require rows > 0, "no rows"
  text = say(f"{{{rows}}}")
  bad = if rows > 10 { fail("too many") }
  finally { note(run.status, rows, text) }
  return { rows: rows }
}
"#;
    let compiled = with_lib(source)
        .accepted()
        .snapshot("finally")
        .gives(&[("n", "3")], json!({ "rows": "3" }));
    for (n, phase, said) in [
        ("3", "Succeeded", "succeeded 3 {3}\n"),
        ("0", "Failed", "failed 0 none\n"),
        ("11", "Failed", "failed 11 {11}\n"),
    ] {
        let Some(report) = compiled.run(&[("n", n)]) else {
            return;
        };
        assert_eq!(report["phase"], phase, "{report:#}");
        let last = report["pods"]
            .as_array()
            .expect("a list")
            .last()
            .expect("a pod")
            .clone();
        assert_eq!(
            (&last["template"], &last["stdout"]),
            (&json!("note"), &json!(said)),
            "{report:#}"
        );
    }
}

#[test]
fn finally_reads_what_succeeded_of_a_run_that_failed() {
    let source = r#"
component number_cached(n: int) -> int {
  image: "alpine:3.20"
  cache: 1h
  shell: """
    echo "$n" > "$output"
  """
}

component file(text: str) -> Artifact {
  image: "alpine:3.20"
  shell: """
    printf %s "$text" > "$output"
  """
}

component write_and_fail() -> int {
  image: "alpine:3.20"
  shell: """
    echo 1 > "$output"
    exit 1
  """
}

component note(a: int?, b: list[int]?, c: int?, d: int?, e: Artifact?, f: int?) {
  image: "alpine:3.20"
  shell: """
    if [ -n "${e-}" ]; then e=$(cat "$e"); fi
    echo "${a-none} ${b-none} ${c-none} ${d-none} ${e-none} ${f-none}"
  """
}

pipeline inner(n: int) -> (twice: int) {
  twice = number(n)
  return { twice: twice }
}

pipeline failing(n: int) -> (n: int) {
  a = if n > 0 { number(n) } else { number(0) }
  b = for i in [1, 2] {
    each = number(i)
    each
  }
  c = inner(n)
  d = number_cached(n)
  e = file("text")
  f = write_and_fail()
  finally { note(a, b, c.twice, d, e, f) }
  return { n: d }
}
"#;
    let compiled = with_lib(source).accepted().snapshot("finally_failed");
    let Some(report) = compiled.run(&[("n", "7")]) else {
        return;
    };
    assert_eq!(report["phase"], "Failed", "{report:#}");
    let last = report["pods"]
        .as_array()
        .expect("a list")
        .last()
        .expect("a pod");
    assert_eq!(
        last["stdout"], "7 [1, 2] 7 7 text none\n",
        "{report:#}\n{}",
        compiled.yaml
    );
}

#[test]
fn a_run_puts_out_what_is_no_output_of_a_pod() {
    with_lib(
        r#"
pipeline chosen(n: int) -> (value: int, file: str) {
  value = if n > 0 { number(n) } else { number(0) }
  return { value: value, file: f"{value}" }
}
"#,
    )
    .accepted()
    .gives(&[("n", "3")], json!({ "value": "3", "file": "3" }));
}

#[test]
fn tasks_named_as_operators_of_an_expression() {
    with_lib(
        r#"
pipeline names() -> (all: list[int]) {
  let = number(1)
  nil = number(let)
  matches = number(let) after nil
  contains = number(matches)
  sprig = number(contains)
  last = number(sprig) after nil, matches
  return { all: [let, matches, contains, sprig, last] }
}
"#,
    )
    .accepted()
    .snapshot("operators")
    .gives(&[], json!({ "all": "[1, 1, 1, 1, 1]" }));
}

#[test]
fn an_output_of_the_wrong_type_ends_the_run() {
    let source = r#"
component word() -> int {
  image: "alpine:3.20"
  shell: """
    echo abc > "$output"
  """
}

pipeline inner() -> (n: int) {
  n = word()
  return { n: n }
}

pipeline wrong(yes: bool) -> (n: int) {
  a = if yes { word() } else { number(1) }
  b = number(a)
  c = for i in [1] {
    one = word()
    one
  }
  d = number_of(c)
  e = inner()
  f = number(e.n)
  return { n: b }
}

component number_of(n: list[int]) -> int {
  image: "alpine:3.20"
  shell: """
    echo 1 > "$output"
  """
}
"#;
    with_lib(source).accepted().fails(&[("yes", "true")], "abc");
    with_lib(
        r#"
component word() -> int {
  image: "alpine:3.20"
  shell: """
    echo abc > "$output"
  """
}

pipeline wrong() -> (n: int) {
  return { n: word() }
}
"#,
    )
    .accepted()
    .fails(&[], "abc");
}

#[test]
fn finally_in_a_nested_pipeline() {
    let source = r#"
component note(status: str, rows: int?) {
  image: "alpine:3.20"
  shell: """
    echo "$status ${rows-none}"
  """
}

pipeline inner(n: int) -> (rows: int) {
  rows = number(n)
  require rows > 0, "no rows"
  finally { note(run.status, rows) }
  return { rows: rows }
}

pipeline outer(n: int) -> (rows: int) {
  a = inner(n)
  b = number(a.rows)
  return { rows: b }
}
"#;
    let compiled = with_lib(source)
        .accepted()
        .snapshot("nested_finally")
        .gives(&[("n", "3")], json!({ "rows": "3" }));
    for (n, phase, said) in [
        ("3", "Succeeded", "succeeded 3\n"),
        ("0", "Failed", "failed none\n"),
    ] {
        let Some(report) = compiled.run(&[("n", n)]) else {
            return;
        };
        assert_eq!(report["phase"], phase, "{report:#}");
        let pods = report["pods"].as_array().expect("a list");
        let note = pods
            .iter()
            .find(|pod| pod["template"] == "note")
            .expect("it ran");
        assert_eq!(note["stdout"], said, "{report:#}");
    }
}

#[test]
fn what_needs_no_failed_task_still_runs() {
    let compiled = with_lib(
        r#"
pipeline failing() -> (c: int) {
  a = fail("broken")
  b = number(a)
  c = number(3)
  d = number(c)
  return { c: c }
}
"#,
    )
    .accepted()
    .fails(&[], "broken");
    if let Some(ran) = compiled.ran(&[]) {
        assert_eq!(ran, ["fail", "number", "number"]);
    }
}
