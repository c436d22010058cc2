//! What a user is told: each case is a program and the report it gives.
//!
//! A line `--- path` begins another file of the program.

use mlpc::compile::{Input, Request, Which, compile};
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::project::{Memory, Project};

/// The report of a program as a person gets it, without colour.
fn report(source: &str) -> String {
    let mut files = vec![("pipeline.mlp", String::new())];
    for line in source.trim_start_matches('\n').split_inclusive('\n') {
        match line.strip_prefix("--- ") {
            Some(path) => files.push((path.trim_end(), String::new())),
            None => files
                .last_mut()
                .expect("one to begin with")
                .1
                .push_str(line),
        }
    }
    let project = Project::in_memory(Memory::new(files));
    let request = Request {
        which: Which::Roots,
        ..Request::default()
    };
    let input = Input::File("pipeline.mlp".to_owned());
    let compilation = compile(&project, input, &request).expect("the file is there");
    let found = &compilation.diagnostics;
    if found.is_empty() {
        return "nothing to complain about\n".to_owned();
    }
    render(found, &compilation.sources, Format::Human, Look::PLAIN)
}

macro_rules! reports {
    ($($name:ident: $source:expr;)*) => {$(
        #[test]
        fn $name() {
            let source: &str = $source;
            let shown = format!("{}\n{}\n\n{}", source.trim(), "=".repeat(72), report(source));
            insta::with_settings!({
                snapshot_path => "../snapshots/check",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(stringify!($name), shown);
            });
        }
    )*};
}

reports! {
    straight_line: r#"
component load(path: str) -> Dataset[csv] {
  run: ["cp", path, output]
}

component train(data: Dataset[csv], depth: int in 1..=10 = 3) -> (model: Model, f1: float) {
  shell: """
    cp "$data" "$model"
    echo 0.9 > "$f1"
  """
}

pipeline demo(path: str = "x.csv") -> (f1: float, model: Model) {
  raw = load(path)
  fit = train(raw, depth=5)
  require fit.f1 > 0.5, f"only {fit.f1}"
  return { f1: fit.f1, model: fit.model }
}
"#;
    names_are_seen_in_their_whole_block: r#"
component step(x: int) -> int {
  shell: """
    echo "$x" > "$output"
  """
}

pipeline demo() {
  b = step(a)
  a = step(1)
  step(2) after b
}
"#;
    cycles: r#"
component step(x: int) -> int {
  shell: """
    echo "$x" > "$output"
  """
}

pipeline demo() {
  a = step(c)
  b = step(a)
  c = step(1) after b
  alone = step(alone)
  fine = step(b)
}
"#;
    one_cause_one_report: r#"
component step(x: int) -> int {
  shell: """
    echo "$x" > "$output"
  """
}

pipeline demo() -> (x: int) {
  a = stop(1)
  b = step(a)
  c = step(b.y)
  require a > 3, f"{a}"
  return { x: a }
}
"#;
    control_flow: r#"
component score(n: int) -> (f1: float, model: Model) {
  shell: """
    echo "$n" > "$f1"
    echo m > "$model"
  """
}

component deploy(model: Model) -> (url: str) {
  run: ["deploy", model, url]
}

component pick(models: list[Model], scores: list[float]) -> Model {
  run: ["pick", models, output]
}

component tell(text: str) {
  run: ["echo", text]
}

pipeline demo(sizes: list[int] = [1, 2], threshold: float = 0.8) -> (url: str?, f1: list[float]) {
  fits = for n in sizes limit 2 {
    fit = score(n)
    { model: fit.model, f1: fit.f1 }
  }
  best = pick(fits.model, fits.f1)
  last = score(3)
  deployed = if last.f1 >= threshold and threshold > 0.5 {
    deploy(best)
  }
  tell(deployed.url ?? "nowhere") after deployed
  finally {
    final = tell(run.status)
    url = tell(deployed.url ?? "none")
  }
  return { url: deployed.url, f1: fits.f1 }
}
"#;
}
