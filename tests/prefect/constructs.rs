//! Every construct of the language, run on Prefect and by `mlpc run`.

use serde_json::json;

use crate::{Case, case};

const STEPS: &str = r#"
import time


def score(n: int) -> float:
    return n / 10


def show(value) -> str:
    return repr(value)


def double(n: int) -> int:
    return 2 * n


def items(n: int) -> list:
    return list(range(1, n + 1))


def total(ns) -> int:
    return sum(ns)


def fit(n: int) -> dict:
    path = "model-%d-%f" % (n, time.time())
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


def pair(n: int) -> dict:
    return {"a": n, "b": None if n > 5 else "b%d" % n}


def clock(seconds: float) -> list:
    start = time.time()
    time.sleep(seconds)
    return [start, time.time()]
"#;

const COMPONENTS: &str = r#"
component score(n: int) -> float { python: "steps.py:score" }
component say(text: str) -> str { shell: "printf '%s' \"$text\" > \"$output\"" }
component double(n: int) -> int { python: "steps.py:double" }
component items(n: int) -> list[int] { python: "steps.py:items" }
component total(ns: list[int]) -> int { python: "steps.py:total" }
component show_ints(value: list[int]) -> str { python: "steps.py:show" }
component show_maybe(value: str?) -> str { python: "steps.py:show" }
component show_float(value: float) -> str { python: "steps.py:show" }
component fit(n: int) -> (model: Model, f1: float) { python: "steps.py:fit" }
component best(models: list[Model], scores: list[float]) -> str { python: "steps.py:best" }
component read(file: Model) -> str { python: "steps.py:read" }
component fail_if(yes: bool) -> str { python: "steps.py:fail_if" }
component note(path: str, text: str) -> str { python: "steps.py:note" }
component pair(n: int) -> (a: int, b: str?) { python: "steps.py:pair" }
component clock(seconds: float) -> list[float] { python: "steps.py:clock" }
"#;

fn python(source: &str) -> Case {
    case(&format!("{COMPONENTS}\n{source}")).file("steps.py", STEPS)
}

#[test]
fn values_files_and_expressions_travel() {
    let case = python(
        r#"
type Both = { text: str, n: float }

pipeline travel(n: int = 3, name: str = "x") -> (grade: str, all: str, wide: float, shown: str, both: Both, lists: list[float]) {
  f1 = score(n)
  p  = pair(n)
  b = p.b ?? "none"
  both_n = [n, p.a]
  grade = say(f"{name}: {f1} {p.a} {b} {n}")
  all = say(f"<{grade}>{both_n}")
  m = fit(p.a)
  shown = read(m.model)
  wide = show_float(n)
  return { grade: grade, all: all, wide: p.a, shown: f"{shown} {wide}", both: { text: grade, n: n }, lists: [n, f1, 1] }
}
"#,
    );
    case.accepted("travel");
    case.gives(
        json!({}),
        json!({ "grade": "x: 0.3 3 b3 3", "all": "<x: 0.3 3 b3 3>[3, 3]", "wide": 3.0, "shown": "m3 3.0",
            "both": { "text": "x: 0.3 3 b3 3", "n": 3.0 }, "lists": [3.0, 0.3, 1.0] }),
    );
    case.agrees(json!({ "n": 7, "name": "it's {braces} \"quoted\" \\ \n" }));
}

#[test]
fn the_branch_that_holds_runs() {
    let case = python(
        r#"
pipeline choose(n: int = 9, name: str = "x") -> (grade: str, also: str, maybe: str?, raw: str?, n: float) {
  f1 = score(n)
  grade = if f1 >= 0.8 and n > 0 {
    say(f"good {name}")
  } else if f1 >= 0.5 or not (name == "x") {
    first = say(f"fair {f1}")
    say2 = say(f"{first}!")
    say2
  } else {
    "poor"
  }
  also = say(f"<{grade}>")
  made = if f1 > 0.5 {
    text = say(name)
    { text: text, n: 1 }
  }
  number = if f1 > 0.5 { 1 } else { 2.5 }
  quiet = if name == "quiet" { say3 = say("quiet") }
  maybe = show_maybe(made.text)
  last = say("last") after quiet, made
  return { grade: grade, also: also, maybe: maybe, raw: made.text, n: number }
}
"#,
    );
    case.accepted("if");
    case.gives(
        json!({}),
        json!({ "grade": "good x", "also": "<good x>", "maybe": "'x'", "raw": "x", "n": 1.0 }),
    );
    case.agrees(json!({ "n": 6 }));
    case.agrees(json!({ "n": -2, "name": "quiet" }));
    case.gives(
        json!({ "n": -2 }),
        json!({ "grade": "poor", "also": "<poor>", "maybe": "None", "raw": null, "n": 2.5 }),
    );
}

#[test]
fn loops_give_lists_in_order_and_keep_their_limit() {
    let case = python(
        r#"
pipeline loops(n: int = 3, name: str = "k", sizes: list[int] = [5, 20, 10]) -> (doubled: list[int], sum: int, texts: list[str], best: str, none: list[str], times: list[list[float]]) {
  xs = items(n)
  doubled = for x in xs limit 2 {
    y = double(x)
    text = say(f"{name}{x}")
    { y: y, text: text }
  }
  literal = for s in ["a b", "{{x}}"] { say2 = say(f"{s}!")
    say2 }
  sum  = total(doubled.y)
  fits = for size in sizes {
    one = fit(size)
    { model: one.model, f1: one.f1 }
  }
  winner = best(models=fits.model, scores=fits.f1)
  nobody = items(0)
  none = for x in nobody { nothing = say(f"{x}")
    nothing }
  times = for x in ["a", "b", "c"] limit 1 { at = clock(0.1)
    at }
  return { doubled: doubled.y, sum: sum, texts: literal, best: winner, none: none, times: times }
}
"#,
    );
    case.accepted("for");
    let Some(outcome) = case.run(json!({})) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let expected = json!({ "doubled": [2, 4, 6], "sum": 12, "texts": ["a b!", "{{x}}!"], "best": "m20:[0.05, 0.2, 0.1]", "none": [] });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&outcome.outputs[name], value, "{}", outcome.log);
    }
    let times = outcome.outputs["times"].as_array().unwrap();
    for pair in times.windows(2) {
        assert!(
            pair[0][1].as_f64() <= pair[1][0].as_f64(),
            "one at once: {times:?}"
        );
    }
    assert_eq!(outcome.states["doubled[0].y"], "succeeded");
}

#[test]
fn control_flow_nests() {
    let case = python(
        r#"
pipeline inner(text: str, n: int) -> str {
  first = say(f"{text}-{n}")
  require n > 0, "n is not positive"
  second = say(f"{first}!")
  return second
}

pipeline two(n: int) -> (low: int, high: int) {
  low = double(n)
  high = double(low)
  finally {
    low_or = low ?? 0
    after_two = say(f"two {run.status} {low_or}")
  }
  return { low: low, high: high }
}

pipeline grid(n: int = 2, factor: int = 3) -> (sums: list[int], all: list[str], nested: str, high: int) {
  sums = for x in [1, 2] {
    xs = items(n)
    inner_loop = for y in xs {
      big = if factor > 2 {
        d = double(y)
        pairs = two(d)
        pairs.low
      } else { y }
      { big: big }
    }
    text = say(f"{x}/{factor}/{inner_loop.big}")
    { total: total(inner_loop.big), text: text }
  }
  nested = inner("t", n)
  both = two(n)
  return { sums: sums.total, all: sums.text, nested: nested, high: both.high }
}
"#,
    );
    case.accepted("nested");
    case.agrees(json!({}));
    case.agrees(json!({ "factor": 1 }));
    // The requirement of the nested pipeline does not hold: what needs nothing of it runs.
    case.agrees(json!({ "n": 0 }));
}

#[test]
fn subflows_are_flows() {
    let case = python(
        r#"
pipeline inner(text: str, n: int) -> str {
  first = say(f"{text}-{n}")
  second = say(f"{first}!")
  return second
}

pipeline outer(n: int = 2) -> (a: str, b: str) {
  prefect: { subflows: true }
  a = inner("a", n)
  b = inner(a, 1)
  return { a: a, b: b }
}
"#,
    );
    case.accepted("subflows");
    case.gives(json!({}), json!({ "a": "a-2!", "b": "a-2!-1!" }));
}

#[test]
fn what_needs_nothing_of_a_failed_task_still_runs() {
    let case = python(
        r#"
pipeline failing(path: str, fails: bool = true) -> (out: str) {
  bad   = fail_if(fails)
  after_bad = note(path, text=f"after {bad}")
  unrelated = say("x")
  other = note(path, text="other") after unrelated
  gone = for x in [1, 2] {
    inner_bad = fail_if(fails)
    inner_ok = double(x)
    inner_ok
  }
  sum = total(gone)
  finally {
    first_last = say("z")
    bad_or = bad ?? "absent"
    unrelated_or = unrelated ?? "absent"
    last = note(path, text=f"run {run.status} {bad_or} {unrelated_or}") after first_last
    if run.status == "failed" { told = note(path, text="failed") after last } else { told2 = note(path, text="fine") after last }
  }
  return { out: bad }
}
"#,
    );
    case.accepted("finally");
    for (fails, last) in [
        (true, "run failed absent x\nfailed\n"),
        (false, "run succeeded fine x\nfine\n"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes");
        let Some(outcome) = case.run(json!({ "fails": fails, "path": path })) else {
            return;
        };
        assert_eq!(
            outcome.status,
            if fails { "failed" } else { "succeeded" },
            "{}",
            outcome.log
        );
        let notes = std::fs::read_to_string(&path).expect("it was noted");
        assert!(
            notes.ends_with(last) && notes.contains("other\n"),
            "{notes}\n{}",
            outcome.log
        );
        assert_eq!(outcome.states["gone[1].inner_ok"], "succeeded");
        if fails {
            assert_eq!(outcome.states["after_bad"], "not_run");
            assert_eq!(outcome.states["sum"], "not_run");
        }
    }
}
