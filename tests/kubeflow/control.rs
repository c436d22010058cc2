//! `if`, `for` and `finally`, run by kfp.local.

use serde_json::json;

use crate::{Case, case};

const STEPS: &str = r#"
def score(n: int) -> float:
    return n / 10


def say(text: str) -> str:
    print(text)
    return text


def say_int(n: int) -> str:
    return repr(n)


def double(n: int) -> int:
    return 2 * n


def items(n: int) -> list:
    return list(range(1, n + 1))


def total(ns) -> int:
    return sum(ns)


def show(value) -> str:
    return repr(value)


def fit(n: int) -> dict:
    path = "model-%d" % n
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


def note(path: str, text: str) -> str:
    with open(path, "a") as file:
        file.write(text + "\n")
    return text
"#;

const COMPONENTS: &str = r#"
component score(n: int) -> float { python: "steps.py:score" }
component say(text: str) -> str { python: "steps.py:say" }
component say_int(n: int) -> str { python: "steps.py:say_int" }
component double(n: int) -> int { python: "steps.py:double" }
component items(n: int) -> list[int] { python: "steps.py:items" }
component total(ns: list[int]) -> int { python: "steps.py:total" }
component show_ints(value: list[int]) -> str { python: "steps.py:show" }
component show_lists(value: list[list[int]]) -> str { python: "steps.py:show" }
component show_maybe(value: str?) -> str { python: "steps.py:show" }
component fit(n: int) -> (model: Model, f1: float) { python: "steps.py:fit" }
component best(models: list[Model], scores: list[float]) -> str { python: "steps.py:best" }
component read(file: Model) -> str { python: "steps.py:read" }
component fail_if(yes: bool) -> str { python: "steps.py:fail_if" }
component note(path: str, text: str) -> str { python: "steps.py:note" }
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
    say(f"fair {f1}")
  } else {
    "poor"
  }
  also = say(f"<{grade}>")
  return { grade: grade, also: also }
}
"#,
    );
    case.accepted().snapshot("if");
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
        json!({ "said": "\"it's\"", "raw": "\"it's\"", "field": "it's", "order": "last" }),
    );
    if let Some(outcome) = case.run(json!({ "go": false })) {
        assert_eq!(
            outcome.outputs,
            json!({ "said": "None", "raw": "null", "field": "none", "order": "last" }),
            "{}",
            outcome.log
        );
        assert_eq!(outcome.state("quiet.then.say"), Some("succeeded"));
    }
}

#[test]
fn loops_give_lists_in_order() {
    let case = python(
        r#"
pipeline loops(n: int = 3, name: str = "k") -> (doubled: str, sum: int, literal: str, texts: str) {
  xs = items(n)
  doubled = for x in xs limit 2 {
    y = double(x)
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
    case.accepted().snapshot("for");
    case.gives(
        json!({}),
        json!({ "doubled": "[2, 4, 6]", "sum": 12, "literal": "[\"a b!\", \"{{x}}!\"]", "texts": "[\"k1\", \"k2\", \"k3\"]" }),
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
fn control_flow_nests() {
    let case = python(
        r#"
pipeline grid(n: int = 2, factor: int = 3) -> (sums: str, all: str) {
  sums = for x in [1, 2] {
    xs = items(n)
    inner = for y in xs {
      big = if factor > 2 { double(y) } else { y }
      { big: big }
    }
    text = say(f"{x}/{factor}/{inner.big}")
    require n > 0, "n is not positive"
    { total: total(inner.big), list: inner.big, text: text }
  }
  return { sums: f"{sums.total}", all: f"{sums.list}{sums.text}" }
}
"#,
    );
    case.gives(
        json!({}),
        json!({ "sums": "[6, 6]", "all": "[[2, 4], [2, 4]][\"1/3/[2, 4]\", \"2/3/[2, 4]\"]" }),
    );
}

#[test]
fn finally_runs_whatever_happened() {
    let case = python(
        r#"
pipeline guarded(fails: bool = false, path: str) -> (out: str) {
  out = fail_if(fails)
  first = note(path, text=f"after {out}") after out
  finally {
    last = note(path, text=f"run {run.status}")
  }
  return { out: out }
}
"#,
    );
    case.accepted().snapshot("finally");
    let folder = tempfile::tempdir().expect("a folder");
    for (fails, said) in [
        (false, "after fine\nrun succeeded\n"),
        (true, "run failed\n"),
    ] {
        let path = folder.path().join(format!("{fails}"));
        let Some(outcome) = case.run(json!({ "fails": fails, "path": path.to_str() })) else {
            return;
        };
        assert_eq!(
            outcome.status,
            if fails { "failed" } else { "succeeded" },
            "{}",
            outcome.log
        );
        assert_eq!(
            std::fs::read_to_string(&path).expect("it was noted"),
            said,
            "{}",
            outcome.log
        );
    }
}
