//! Mistakes that people make, each with the reports they get: to be read, and kept good.

use super::parsed;
use crate::diagnostics::render::{Format, Look, render};
use crate::source::SourceMap;

/// The text of each mistake and its reports.
fn reports(mistakes: &[&str]) -> String {
    let mut all = String::new();
    for text in mistakes {
        let mut sources = SourceMap::default();
        sources.add("pipeline.mlp", "pipeline.mlp", *text);
        let parse = parsed(text);
        assert!(
            !parse.diagnostics.is_empty(),
            "nothing is wrong with:\n{text}"
        );
        let rendered = render(&parse.diagnostics, &sources, Format::Human, Look::PLAIN);
        all.push_str(&format!("{}\n{text}\n{rendered}\n", "=".repeat(100)));
    }
    all
}

/// As [`reports`], for bodies of pipelines.
fn body_reports(bodies: &[&str]) -> String {
    let texts: Vec<String> = bodies
        .iter()
        .map(|body| format!("pipeline p() {{\n{body}\n}}\n"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    reports(&texts)
}

macro_rules! assert_reports {
    ($name:literal, $reports:expr) => {
        insta::with_settings!({
            snapshot_path => "../../../snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!($name, $reports);
        });
    };
}

/// Words and signs of other languages.
#[test]
fn words() {
    assert_reports!(
        "syntax_words",
        body_reports(&[
            "  if x > 1 {
    f()
  } elif x > 2 {
    g()
  }",
            r###"  require x > 1 && y < 2, "m""###,
            r###"  require !x || y, "m""###,
            "  x = f(None, a=null)",
            "  x = f(True)",
            "  x = f('abc')",
            "  while x {
    f()
  }
  y = g()",
            "  def f(x):
    return x",
            "  let x = f()",
            "  x = f();
  y = g();",
            "  x = a[0]",
            "  x = [f(i) for i in xs]",
            "  x = a if c else b",
            "  x = c ? a : b",
            "  for i in 0..10 {
    f(i)
  }",
            "  x = f(*args, **kw)",
            "  x += 1",
            "  x = f(a => a.b, lambda x: x)",
            r###"  assert x > 1, "no"
  try { f() }
  raise x"###,
            "  x = a in [1, 2]
  y = a is None
  z = a not in b",
            "  // note
  x = f()",
            "  x = f(new Foo(1))",
            r###"  x = $y + "${z}""###,
            "  x = a ** 2
  y = a |> f",
            "  x = a?.b",
            "  switch x { f() }",
            "  x := f()",
            r###"  x = f(r"\d", f"""a""", b'x', '''a''')"###,
            "  for x in xs:
    f(x)
  y = g()",
        ])
    );
}

/// Statements and lines.
#[test]
fn statements() {
    assert_reports!(
        "syntax_statements",
        body_reports(&[
            "  x = f(a: 1, b: 2)",
            "  x = f(a b)",
            "  x = f(a,, b)",
            "  x = f(a, b
  y = g(x)",
            "  x = if c {
    f1: 1
    f2: 2
  }",
            "  x = if c
    f()
  y = g()",
            "  x = if c:
    f()
  else:
    g()
  y = h()",
            "  x == f()
  y = g()",
            "  if x = 1 {
    f()
  }",
            "  x = f(a) y = g(b)",
            "  x = a
    + b",
            "  x = f(if c { 1 } else { 2 })",
            "  x = g(h(1) with { timeout: 5m })",
            "  x = f() after y with { timeout: 5m }",
            "  x = f() after y.z",
            "  x = f() with timeout: 5m",
            "  x = 1 < y < 3",
            "  x = f(a=1, 2)",
            "  return { a: 1 }
  x = f()",
            "  finally { f() }
  x = g()
  return x",
            r###"  x = f()
  owner: "me""###,
            "  for (i, x) in xs {
    f(i)
  }",
            "  for x of xs { f(x) }",
            "  t: int = f()",
        ])
    );
}

/// Expressions and brackets.
#[test]
fn expressions() {
    assert_reports!(
        "syntax_expressions",
        body_reports(&[
            "  a, b = f()",
            "  x.y = f()",
            r###"  x = f("abc)
  y = g()"###,
            r###"  x = f("a\qb")"###,
            r###"  x = f(f"{a + b} {c:.2f} {d["k"]}")"###,
            r###"  x = f(f"{} }")"###,
            "  x = f(5min, 500ms, 1.5h, 4Gi, 0x1F, 1., .5, 99999999999999999999, 007)",
            "  x = f(
    a,
    b
  y = g()",
            "  if c {
    f()
  y = g()
",
            "  require x > 1",
            "  x = {
    a = f()
  }",
            "  x =
  y = 1",
            "  x = f(
  )
  else { g() }",
            "  café = f()
  x = f(a b)",
            "  if c { return 1 }
  for x in xs { finally { f() } }
  finally { f() }
  finally { g() }",
            "  return",
            "  x = not",
            "  x = f(1)(2)
  y = f(1).g(2)",
            r###"  print("a" "b")"###,
            "  x = {a, b}
  y = {1, 2}
  z = ()
  w = (1, 2)",
            "  x = f(a=b=c)
  y = f(1=2)",
            "  if (a) { f() } else if { g() }",
            "  for x in xs { f(x) } limit 2",
            "  for x in xs, limit=2 { f(x) }",
        ])
    );
}

/// Definitions and whole files.
#[test]
fn definitions() {
    assert_reports!(
        "syntax_definitions",
        reports(&[
            r###"component a(x: int -> int {
  run: ["a"]
}

component b() {
  run: ["b"]
}
"###,
            r###"component a(x: int) -> int {
  run: ["a"
  image: "x"
}

component b() {
  run: ["b"]
}
"###,
            r###"component a(x: int) -> int
{
  run: ["a"]
}
"###,
            r###"component a(x: int): int {
  run: ["a"]
}
"###,
            r###"component a(x = 1, y int, z?: str) {
  run: ["a"]
}
"###,
            r###"component a(in: int) -> None {
  run = ["a"]
  resources {
    cpu: 1
  }
  node-selector: 1
}
"###,
            r###"component a(x: int | None, y: list<int>, z: [int], w: int[]) -> (int, str) {
  run: ["a"] image: "x"
}
"###,
            r###"@component
def f(x: int) -> int:
    return x + 1

component b() {
  run: ["b"]
}
"###,
            r###"import kfp
from a import b

use alerts from "lib.mlp"
use "lib.mlp"
use lib/io.mlp as io
"###,
            "x = f()
workflow p() {
}
",
            r###"componet a() {
  run: ["a"]
}
"###,
            "type T { a: int }
type U = { a = int, b: int = 5 }
type V: int
artifact X[json]
",
            r###"type T = int in 1..5
type U = str matches /x/
type V = str in ("a", "b")
"###,
            "component a() {
  resources:
    cpu: 4
    memory: 4GiB
}
",
            "component a() {
  python: “steps.py:f”
}
",
            r###"component a() {
  shell: """
    echo hi
}

component b() {}
"###,
            "}
component a() {}
}
",
            "## nothing

component a() {}

pipeline p() {
  ## a task
  ## of mine
  x = f()
}
## end
",
            "pipeline a() {
  x = f(
",
            "pipeline a() {
  if c {
    if d {
      f()
    }
  g()
}

pipeline b() {
}
",
        ])
    );
}
