//! Constructs in each other, which the conformance suite has one by one: the same outputs and the same states of tasks as a local run.

use serde_json::json;

use crate::python;

#[test]
fn branches_join_their_values() {
    let case = python(
        r#"
pipeline choose(n: int = 9, name: str = "x") -> (grade: str, seen: str, quiet: str, model: str, size: float) {
  f1 = score(n)
  grade = if f1 >= 0.8 and n > 0 {
    good = say(f"good {name}")
    good
  } else if f1 >= 0.5 {
    parts = for x in [1, 2] { twice = double(x)
      twice }
    inner = if name == "x" { a = say("x")
      a } else { "not x" }
    fair = say(f"fair {parts} {inner}")
    fair
  } else {
    "poor"
  }
  seen  = say(f"<{grade}>")
  quiet = if n < 0 { hush = say("quiet")
    hush }
  shown = show(quiet)
  made = if n < 0 { one = fit(2)
    one.model }
  last = content(made) after quiet
  size = if n > 5 { n } else { f1 }
  return { grade: grade, seen: seen, quiet: shown, model: last, size: size }
}
"#,
    );
    case.agrees(json!({}));
    case.agrees(json!({ "n": 6 }));
    case.agrees(json!({ "n": -2 }));
}

#[test]
fn loops_give_lists_in_order() {
    let case = python(
        r#"
pipeline loops(n: int = 3, sizes: list[int] = [5, 20, 10]) -> (doubled: list[int], best: str, fixed: list[str], nested: list[list[int]], plain: list[str], texts: list[str]) {
  xs = items(n)
  doubled = for x in xs limit 2 {
    once  = double(x)
    twice = double(once)
    twice
  }
  fits = for s in sizes {
    one = fit(s)
    { model: one.model, f1: one.f1 }
  }
  winner = best(models=fits.model, scores=fits.f1)
  fixed = for s in ["a b", "{{x}}", ""] { said = say(f"{s}!")
    said }
  nested = for a in [1, 2] {
    ys = items(a)
    row = for b in ys { cell = double(b)
      cell }
    row
  }
  plain = for x in xs { f"{n}:{x}" }
  texts = for x in xs {
    big = if x > 0 {
      first  = say(f"big {x}")
      second = say(f"{first}!")
      second
    } else {
      small = say(f"small {x}")
      small
    }
    both = for y in [10, 20] { join(big, y) }
    after_all = say(f"{both}")
    after_all
  }
  return { doubled: doubled, best: winner, fixed: fixed, nested: nested, plain: plain, texts: texts }
}
"#,
    );
    let outcome = case.agrees(json!({}));
    assert_eq!(outcome.outputs["doubled"], json!([0, 4, 8]));
    case.agrees(json!({ "n": 1, "sizes": [7] }));
}

#[test]
fn nested_pipelines_run_as_groups() {
    let case = python(
        r#"
pipeline inner(k: int, note: str = "n") -> (text: str, twice: int) {
  twice = double(k)
  many = for x in [1, 2] { each = double(x)
    each }
  text = if k > 1 { big = say(f"{note} {many}")
    big } else { "small" }
  finally { clean = join(run.status, twice) }
  return { text: text, twice: twice }
}

pipeline middle(k: int) -> str {
  one = inner(k, note="m")
  done = say(f"{one.text} {one.twice}")
  return done
}

pipeline outer(n: int = 3) -> (a: str, b: list[str], c: int) {
  first = middle(n)
  loop = for k in [1, 2] {
    text = middle(k)
    text
  }
  last = inner(1) after first
  return { a: first, b: loop, c: last.twice }
}
"#,
    );
    case.agrees(json!({}));
}

#[test]
fn the_facts_of_a_run() {
    let mut case = python(
        r#"
pipeline facts(day: date = run.date, start: datetime = run.interval_start) -> (day: str, start: str, end: str, same: bool) {
  schedule: { cron: "0 3 * * *", start: "2024-01-01", timezone: "Europe/Berlin", catchup: false }
  a = say(f"{day}")
  b = say(f"{start}")
  c = say(f"{run.interval_end}")
  d = if run.id == run.name { true } else { false }
  return { day: a, start: b, end: c, same: d }
}
"#,
    );
    case.date = Some("2024-03-10T12:00:00+00:00".into());
    for airflow in crate::AIRFLOWS
        .iter()
        .filter_map(|name| crate::engine(name))
    {
        let ran = case.run_on(airflow, &json!({}));
        // By hand a run gets the last whole interval.
        assert_eq!(
            ran.outcome.outputs,
            json!({ "day": "2024-03-10", "start": "2024-03-09T02:00:00Z", "end": "2024-03-10T02:00:00Z", "same": true }),
            "{}",
            ran.log
        );
        let ran = case.run_on(airflow, &json!({ "day": "2024-02-29" }));
        assert_eq!(
            ran.outcome.outputs["day"],
            json!("2024-02-29"),
            "{}",
            ran.log
        );
    }
}
