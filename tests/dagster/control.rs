//! `if`, `for`, `require`, `after`, `finally` and nested pipelines, run by Dagster and beside it locally.

use serde_json::json;

use crate::{Case, case};

const STEPS: &str = r#"
import os
import tempfile


def score(n: int) -> float:
    return n / 10


def say(text: str) -> str:
    return text


def double(n: int) -> int:
    return 2 * n


def items(n: int) -> list:
    return list(range(1, n + 1))


def total(ns) -> int:
    return sum(ns)


def show(value) -> str:
    return repr(value)


def fit(n: int) -> dict:
    path = os.path.join(tempfile.mkdtemp(), "model")
    with open(path, "w") as file:
        file.write("m%d" % n)
    return {"model": path, "f1": n / 100}


def best(models, scores) -> str:
    at = scores.index(max(scores))
    return open(models[at]).read() + ":" + repr(scores)


def read(file) -> str:
    return open(file).read()


def fail_if(yes: bool) -> str:
    if yes:
        raise ValueError("as asked")
    return "fine"


def halve(x: float) -> float:
    return x / 2


def note(text: str) -> None:
    print(text)
"#;

const COMPONENTS: &str = r#"
component score(n: int) -> float { python: "steps.py:score" }
component say(text: str) -> str { python: "steps.py:say" }
component double(n: int) -> int { python: "steps.py:double" }
component items(n: int) -> list[int] { python: "steps.py:items" }
component total(ns: list[int]) -> int { python: "steps.py:total" }
component show_ints(value: list[int]) -> str { python: "steps.py:show" }
component show_maybe(value: str?) -> str { python: "steps.py:show" }
component fit(n: int) -> (model: Model, f1: float) { python: "steps.py:fit" }
component best(models: list[Model], scores: list[float]) -> str { python: "steps.py:best" }
component read(file: Model) -> str { python: "steps.py:read" }
component fail_if(yes: bool) -> str { python: "steps.py:fail_if" }
component halve(x: float) -> float { python: "steps.py:halve" }
component note(text: str) { python: "steps.py:note" }
"#;

fn python(source: &str) -> Case {
    case(&format!("{COMPONENTS}\n{source}")).file("steps.py", STEPS)
}

#[test]
fn the_branch_that_holds_runs() {
    let case = python(
        r#"
pipeline choose(n: int = 9, name: str = "x") -> (grade: str, also: str) {
  f1 = score(n)
  grade = if f1 >= 0.8 and n > 0 {
    say(f"good {name}")
  } else if f1 >= 0.5 {
    note("fair")
    say(f"fair {f1}")
  } else {
    "poor"
  }
  also = say(f"<{grade}>")
  return { grade: grade, also: also }
}
"#,
    );
    case.typed().snapshot("if");
    case.gives(json!({}), json!({ "grade": "good x", "also": "<good x>" }));
    case.gives(
        json!({ "n": 6 }),
        json!({ "grade": "fair 0.6", "also": "<fair 0.6>" }),
    );
    case.gives(
        json!({ "n": -2 }),
        json!({ "grade": "poor", "also": "<poor>" }),
    );
}

#[test]
fn without_an_else_the_value_may_be_absent() {
    let case = python(
        r#"
pipeline maybe(go: bool = true, name: str = "it's") -> (said: str, raw: str?, field: str, order: str) {
  made = if go {
    text = say(name)
    { text: text, n: 1 }
  }
  quiet = if name == "it's" and not go { say("quiet") }
  said  = show_maybe(made.text)
  field = say(made.text ?? "none")
  order = say("last") after quiet
  return { said: said, raw: made.text, field: field, order: order }
}
"#,
    );
    case.gives(
        json!({}),
        json!({ "said": "\"it's\"", "raw": "it's", "field": "it's", "order": "last" }),
    );
    case.gives(
        json!({ "go": false }),
        json!({ "said": "None", "raw": null, "field": "none", "order": "last" }),
    );
}

#[test]
fn branches_nest_and_join_artifacts() {
    let case = python(
        r#"
pipeline nested_if(n: int = 3) -> (out: str, f1: float) {
  small = fit(1)
  chosen = if n > 2 {
    grown = if n > 5 { fit(n) } else { fit(50) }
    { model: grown.model, f1: grown.f1 }
  } else {
    { model: small.model, f1: 1 }
  }
  out = read(chosen.model)
  return { out: out, f1: chosen.f1 }
}
"#,
    );
    case.typed();
    case.gives(json!({}), json!({ "out": "m50", "f1": 0.5 }));
    case.gives(json!({ "n": 7 }), json!({ "out": "m7", "f1": 0.07 }));
    case.gives(json!({ "n": 1 }), json!({ "out": "m1", "f1": 1.0 }));
}

#[test]
fn loops_give_lists_in_order() {
    let case = python(
        r#"
pipeline loops(n: int = 3, name: str = "k") -> (doubled: str, sum: int, literal: str, texts: str) {
  xs = items(n)
  doubled = for x in xs limit 2 {
    y = double(x)
    note(f"{x}") after y
    text = say(f"{name}{x}")
    { y: y, text: text }
  }
  literal = for s in ["a b", "{{x}}"] { say(f"{s}!") }
  shown = show_ints(doubled.y)
  sum   = total(doubled.y)
  return { doubled: shown, sum: sum, literal: f"{literal}", texts: f"{doubled.text}" }
}
"#,
    );
    case.typed().snapshot("for");
    case.gives(
        json!({}),
        json!({ "doubled": "[2, 4, 6]", "sum": 12, "literal": "[\"a b!\", \"{{x}}!\"]", "texts": "[\"k1\", \"k2\", \"k3\"]" }),
    );
    case.gives(
        json!({ "n": 0 }),
        json!({ "doubled": "[]", "sum": 0, "literal": "[\"a b!\", \"{{x}}!\"]", "texts": "[]" }),
    );
    case.gives(
        json!({ "n": 11, "name": "" }),
        json!({ "doubled": "[2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]", "sum": 132, "literal": "[\"a b!\", \"{{x}}!\"]",
            "texts": "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\", \"11\"]" }),
    );
}

#[test]
fn artifacts_are_gathered() {
    python(
        r#"
pipeline gather(sizes: list[int] = [5, 20, 10]) -> (best: str) {
  fits = for n in sizes {
    one = fit(n)
    { model: one.model, f1: one.f1 }
  }
  winner = best(models=fits.model, scores=fits.f1)
  return { best: winner }
}
"#,
    )
    .gives(json!({}), json!({ "best": "m20:[0.05, 0.2, 0.1]" }));
}

#[test]
fn what_dagster_can_t_map_runs_inside_one_op() {
    let case = python(
        r#"
pipeline grid(n: int = 2, factor: int = 3) -> (sums: str, all: str) {
  sums = for x in [1, 2] {
    xs = items(n)
    inner = for y in xs limit 1 {
      big = if factor > 2 { double(y) } else { y }
      odd = if y == 1 { say(f"{x}") }
      { big: big, odd: odd }
    }
    text = say(f"{x}/{factor}/{inner.big}")
    require n > 0, "n is not positive"
    { total: total(inner.big), list: inner.odd, text: text }
  }
  return { sums: f"{sums.total}", all: f"{sums.list}{sums.text}" }
}
"#,
    );
    case.typed().snapshot("sequence");
    case.gives(
        json!({}),
        json!({ "sums": "[6, 6]", "all": "[[\"1\", null], [\"2\", null]][\"1/3/[2, 4]\", \"2/3/[2, 4]\"]" }),
    );
    case.gives(
        json!({ "factor": 1 }),
        json!({ "sums": "[3, 3]", "all": "[[\"1\", null], [\"2\", null]][\"1/1/[1, 2]\", \"2/1/[1, 2]\"]" }),
    );
    let failed = case.agrees(json!({ "n": 0 }));
    if let Some(failed) = failed {
        assert!(failed.log.contains("n is not positive"), "{}", failed.log);
    }
}

#[test]
fn a_pipeline_is_called_like_a_component() {
    let case = python(
        r#"
## Doubles, and says so.
pipeline inner(n: int, text: str = "t") -> (twice: int, said: str) {
  twice = double(n)
  said  = say(f"{text}{twice}")
  return { twice: twice, said: said }
}

pipeline one(n: int) -> int {
  twice = double(n)
  return twice
}

pipeline outer(n: int = 2, deep: bool = true) -> (a: int, b: str, c: int, d: str) {
  start = one(n)
  first = inner(start)
  again = inner(n=first.twice, text="again ") after first
  deeper = if deep {
    more = inner(again.twice)
    more.twice
  } else { 0 }
  each = for x in [1, 2] {
    it = inner(x)
    it.said
  }
  return { a: again.twice, b: again.said, c: deeper, d: f"{each}" }
}
"#,
    );
    case.typed().snapshot("nested");
    case.gives(
        json!({}),
        json!({ "a": 16, "b": "again 16", "c": 32, "d": "[\"t2\", \"t4\"]" }),
    );
    case.gives(
        json!({ "deep": false }),
        json!({ "a": 16, "b": "again 16", "c": 0, "d": "[\"t2\", \"t4\"]" }),
    );
}

#[test]
fn require_holds_what_is_below_and_nothing_else() {
    let case = python(
        r#"
pipeline required(n: int = 3, least: int = 1) -> (out: int) {
  rows   = double(n)
  above  = double(rows)
  aside  = say("aside")
  other  = double(n)
  require other > least, f"only {other}"
  below  = double(other)
  require least >= 0, "least is negative"
  last   = double(below)
  return { out: last }
}
"#,
    );
    case.typed().snapshot("require");
    case.gives(json!({}), json!({ "out": 24 }));
    if let Some(failed) = case.agrees(json!({ "least": 100 })) {
        assert_eq!(failed.state("above"), Some("succeeded"));
        assert_eq!(failed.state("below"), None);
    }
    if let Some(failed) = case.agrees(json!({ "least": -1 })) {
        assert!(failed.log.contains("least is negative"), "{}", failed.log);
    }
    // Read above, too: there the check would hold up more than it should.
    let case = python(
        r#"
pipeline shared(n: int = 3) -> (out: int) {
  rows  = double(n)
  above = double(rows)
  require rows > 6, f"{rows} are too few"
  below = double(rows)
  return { out: below }
}
"#,
    );
    if let Some(failed) = case.agrees(json!({})) {
        assert_eq!(failed.state("above"), Some("succeeded"));
        assert!(failed.log.contains("6 are too few"), "{}", failed.log);
    }
    case.gives(json!({ "n": 4 }), json!({ "out": 16 }));
}

#[test]
fn what_needs_nothing_of_a_failed_task_still_runs() {
    let case = python(
        r#"
pipeline partly(fails: bool = true) -> (out: str) {
  bad   = fail_if(fails)
  after_bad = say(bad)
  ordered = say("ordered") after bad
  good  = say("good")
  branch = if good == "good" { say(bad) } else { "x" }
  loop  = for x in [1, 2] {
    one = double(x)
    two = fail_if(fails)
    one
  }
  done  = say(f"{good}!")
  return { out: f"{done}{ordered}" }
}
"#,
    );
    case.agrees(json!({}));
    case.gives(json!({ "fails": false }), json!({ "out": "good!ordered" }));
}

#[test]
fn finally_runs_whatever_happened() {
    let case = python(
        r#"
pipeline guarded(fails: bool = false, name: str = "n") -> (out: str) {
  first = fit(7)
  out = fail_if(fails)
  finally {
    note(f"{run.status} {name}")
    if run.status == "failed" { report = halve(first.f1 ?? 0.0) }
    told = show_maybe(out)
  }
  return { out: out }
}
"#,
    );
    case.typed().snapshot("finally");
    if let Some(outcome) = case.agrees(json!({ "name": "it's" })) {
        assert_eq!(outcome.finally.as_deref(), Some("succeeded"));
        assert_eq!(outcome.state("report"), None);
    }
    if let Some(outcome) = case.agrees(json!({ "fails": true })) {
        assert_eq!(outcome.finally.as_deref(), Some("succeeded"));
        assert_eq!(outcome.state("report"), Some("succeeded"));
        assert_eq!(outcome.state("told"), Some("succeeded"));
    }
}

#[test]
fn ops_when_asked_for_and_when_there_is_nothing_to_catalogue() {
    let case = python(
        r#"
pipeline as_ops(n: int = 3) -> (out: str, n: int) {
  dagster: { style: "ops" }
  rows  = double(n)
  fits  = for x in [1, 2] { fit(x) }
  which = if rows > 4 { say("many") } else { "few" }
  require rows > 0, "no rows"
  tried = fit(rows)
  text  = read(tried.model) after which
  return { out: f"{text} {which} {fits.f1}", n: rows }
}
"#,
    );
    case.typed().snapshot("ops");
    case.gives(json!({}), json!({ "out": "m6 many [0.01, 0.02]", "n": 6 }));
    case.gives(
        json!({ "n": 1 }),
        json!({ "out": "m2 few [0.01, 0.02]", "n": 2 }),
    );
    case.agrees(json!({ "n": 0 }));
    let case = python(
        r#"
pipeline quiet(text: str = "a") {
  note(text)
  more = note("b") after note
}
"#,
    );
    case.typed();
    case.gives(json!({}), json!({}));
}
