//! `mlpc graph`, looked at in a real browser: nothing overlaps, nothing is cut, no text leaves its box.
//!
//! Needs Chromium on the PATH (`chromium`, `chromium-browser` or `google-chrome`); without one the test says that it is skipped, but not
//! under CI=true.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Answers `faults: [..]` about the picture in the page.
const LOOK: &str = r#"<script>
addEventListener("load", () => {
  const faults = [], box = (e) => e.getBoundingClientRect();
  const svg = document.querySelector("svg.mlpc"), whole = box(svg);
  const within = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const texts = [...svg.querySelectorAll("text")], items = [...svg.querySelectorAll(".item")];
  for (const text of texts) if (!within(box(text), whole)) faults.push("cut: " + text.textContent);
  for (const part of svg.querySelectorAll(".item, .cluster, .end")) {
    const frame = box(part.querySelector(":scope > rect"));
    for (const text of part.querySelectorAll(":scope > text")) if (!within(box(text), frame)) faults.push("leaves its box: " + text.textContent);
  }
  for (const part of svg.querySelectorAll(".item, .cluster")) {
    const outer = part.parentElement.closest(".cluster");
    const own = box(part.querySelector(":scope > rect"));
    if (outer && !within(own, box(outer.querySelector(":scope > rect")))) faults.push("leaves its group: " + part.id);
    for (let side = part.nextElementSibling; side; side = side.nextElementSibling)
      if (side.matches(".item, .cluster, .end") && !apart(own, box(side.querySelector(":scope > rect")))) faults.push("overlaps: " + part.id + " " + side.id);
    for (const end of part.parentElement.querySelectorAll(":scope > .end"))
      if (!apart(own, box(end.querySelector(":scope > rect")))) faults.push("overlaps: " + part.id + " " + end.textContent);
  }
  // What is to run last stands below all beside it.
  for (const last of svg.querySelectorAll(".finally"))
    for (const part of last.parentElement.querySelectorAll(":scope > .item, :scope > .cluster"))
      if (part !== last && box(part.querySelector(":scope > rect")).bottom > box(last.querySelector(":scope > rect")).top) faults.push("beside finally: " + part.id);
  for (const text of texts) for (let other = text.nextElementSibling; other; other = other.nextElementSibling)
    if (other.matches("text") && !apart(box(text), box(other))) faults.push("texts overlap: " + text.textContent + " / " + other.textContent);
  const frames = items.map((item) => ({ id: item.id, rect: box(item.querySelector(":scope > rect")) }));
  for (const wire of svg.querySelectorAll(".wire")) {
    const flow = wire.parentElement, length = wire.getTotalLength(), matrix = wire.getScreenCTM();
    const step = Math.max(4, length / 400);
    for (let at = step; at < length - step; at += step) {
      const point = wire.getPointAtLength(at).matrixTransform(matrix);
      const hit = frames.find(({ rect }) => {
        return point.x > rect.left + 1 && point.x < rect.right - 1 && point.y > rect.top + 2 && point.y < rect.bottom - 2;
      });
      if (hit) { faults.push("a wire through " + hit.id + " from " + flow.dataset.from); break; }
    }
  }
  document.body.replaceChildren("items: " + items.length + "; faults: " + JSON.stringify(faults) + ";");
});
</script>"#;

const CONTROL: &str = r#"
component load(path: str) -> Dataset[parquet] { run: ["load", path, output] }
component train(data: Dataset[parquet], n: int, init: Model[joblib]?) -> (model: Model[joblib], rows: int) {
  run: ["train", data, n, [init], model, rows]
}
component evaluate(model: Model[joblib], test: Dataset[parquet]) -> float { run: ["ev", model, test, output] }
component pick(models: list[Model[joblib]], scores: list[float]) -> (model: Model[joblib], f1: float) {
  run: ["pick", models, scores, model, f1]
}
component deploy(model: Model[joblib], note: str = "</title><script>alert(1)</script>") -> (url: str, id: int) { shell: "x" }
component report(f1: float) { shell: "x" }
component slack(status: str, f1: float?) { shell: "x" }
pipeline prepare(path: str, strict: bool = true) -> (data: Dataset[parquet]) {
  raw = load(path)
  if strict { check = load(path) }
  return { data: raw }
}
## With </svg><script>alert("it")</script> & more.
pipeline training(path: str = "s3://x", sizes: list[int] = [50, 100]) -> (f1: float, endpoint: str) {
  prepared = prepare(path)
  fits = for n in sizes limit 2 {
    fit   = train(prepared.data, n)
    score = evaluate(fit.model, prepared.data)
    { model: fit.model, f1: score }
  }
  best = pick(models=fits.model, scores=fits.f1)
  require best.f1 > 0.5, "a text with \"quotes\" and 日本語"
  deployed = if best.f1 >= 0.9 { deploy(best.model) } else if best.f1 >= 0.8 { deploy(best.model) } else { deploy(best.model) }
  report(best.f1) after deployed
  finally { slack(status=run.status, f1=best.f1) }
  return { f1: best.f1, endpoint: deployed.url }
}
"#;

const RETURNED: &str = r#"
component make() -> int { shell: "x" }
component clean() { shell: "x" }
pipeline returned() -> (n: int) {
  made = make()
  finally { clean() }
  return { n: made }
}
"#;

const RUN: &str = r#"
component step(n: int) -> int { shell: "echo $((n + 1)) > $output" }
component sum(ns: list[int], one: int) -> int { shell: "echo 1 > $output" }
component fail(n: int) { shell: "exit 3" }
component last(status: str) { shell: "true" }
pipeline with_a_long_name(n: int) -> (n: int) {
  a_task_with_a_very_long_name_indeed = step(n)
  return { n: a_task_with_a_very_long_name_indeed }
}
pipeline all(n: int = 1) {
  first = step(n)
  many  = for x in [1, 2, 3, 4, 5, 6, 7, 8] {
    one = step(x)
    two = with_a_long_name(one)
    two.n
  }
  total  = sum(many, first)
  chosen = if total > 5 {
    big = step(total)
    big
  } else {
    small = step(total)
    small
  }
  bad   = fail(chosen)
  never = step(n) after bad
  finally { last(run.status) }
}
"#;

fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let mut command = Command::new(name);
        let quiet = command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    });
    if found.is_none() {
        let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!must, "under CI Chromium must be there");
        eprintln!("skipped: there is no Chromium on the PATH");
    }
    found
}

/// A pipeline of so many tasks, joined in a fixed but irregular way.
fn many(tasks: usize) -> String {
    let mut text = String::from(
        "component src(path: str) -> Dataset[parquet] { run: [\"a\", path, output] }\n\
         component two(a: Dataset[parquet], b: Dataset[parquet]) -> (data: Dataset[parquet], rows: int) {\n  run: [\"a\", a, b, data, rows]\n}\n\
         pipeline big(path: str = \"x\") {\n  t0 = src(path)\n  t1 = src(path)\n",
    );
    let out = |at: usize| {
        if at < 2 {
            format!("t{at}")
        } else {
            format!("t{at}.data")
        }
    };
    for at in 2..tasks {
        let reach = at.min(12);
        let (a, b) = (at - 1 - at * 7 % reach, at - 1 - at * 13 % reach);
        let _ = writeln!(text, "  t{at} = two({}, {})", out(a), out(b));
    }
    text.push_str("}\n");
    text
}

fn look_at(browser: &str, source: &str, format: &str, items: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("p.mlp"), source).unwrap();
    let drawn = Command::new(env!("CARGO_BIN_EXE_mlpc"))
        .args(["graph", "p.mlp"])
        .args(["--format", format, "-o", "out"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        drawn.status.success(),
        "{}",
        String::from_utf8_lossy(&drawn.stderr)
    );
    let text = std::fs::read_to_string(path("out")).unwrap();
    assert!(
        !text.contains("<script>alert"),
        "a text of the user got out"
    );
    let page = match format {
        "html" => text.replace("</body>", &format!("{LOOK}</body>")),
        _ => format!(
            "<!doctype html><body>{}{LOOK}",
            text.split_once("?>\n").unwrap().1
        ),
    };
    look_at_page(browser, folder.path(), &page, items);
}

fn look_at_page(browser: &str, folder: &Path, page: &str, items: usize) {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("page.html"), page).unwrap();
    let seen = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--timeout=60000",
            "--virtual-time-budget=20000",
        ])
        .arg(format!("--user-data-dir={}", path("profile").display()))
        .args(["--window-size=6000,6000", "--dump-dom"])
        .arg(format!("file://{}", path("page.html").display()))
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    let expected = format!("items: {items}; faults: [];");
    assert!(seen.contains(&expected), "not `{expected}` in {seen}");
}

/// The report of a run draws what ran in the same way.
#[test]
fn nothing_overlaps_in_the_report_of_a_run() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.mlp"), RUN).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_mlpc"))
        .args(["run", "p.mlp", "--run-dir", "out"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    let page = page.replace("</body>", &format!("{LOOK}</body>"));
    look_at_page(browser, folder.path(), &page, 23);
}

#[test]
fn nothing_overlaps_and_nothing_is_cut() {
    let Some(browser) = browser() else { return };
    look_at(browser, CONTROL, "svg", 11);
    look_at(browser, CONTROL, "html", 11);
    // All that nothing waits for leaves the pipeline here.
    look_at(browser, RETURNED, "svg", 2);
    for tasks in [5, 50, 500] {
        look_at(browser, &many(tasks), "svg", tasks);
    }
}

#[test]
fn the_picture_of_the_example_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let drawn = Command::new(env!("CARGO_BIN_EXE_mlpc"))
        .args([
            "graph",
            "examples/daily_training/pipeline.mlp",
            "--format",
            "svg",
        ])
        .current_dir(root)
        .output()
        .unwrap();
    let text = String::from_utf8(drawn.stdout).unwrap();
    let file = root.join("docs/images/daily_training.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "run UPDATE_DOCS=1 cargo test --test graph");
}
