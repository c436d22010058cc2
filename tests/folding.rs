//! What is decided while compiling leaves no trace: a program with constant conditions compiles to the same bytes as the one that was written
//! without them.

use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::project::{Memory, Project};
use mlpc::target;

const COMPONENTS: &str = r#"
component show(text: str) -> str {
  run: ["echo", text, output]
  image: "alpine:3.20"
}

component half(x: float) -> str {
  run: ["echo", x, output]
  image: "alpine:3.20"
}
"#;

fn compiled(pipeline: &str) -> Compilation {
    let source = format!("{COMPONENTS}\n{pipeline}");
    let project = Project::in_memory(Memory::new([("p.mlp", source)]));
    let request = Request {
        lint: true,
        ..Request::default()
    };
    let compilation =
        compile(&project, Input::File("p.mlp".into()), &request).expect("it is in memory");
    assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
    compilation
}

/// Both give the same documents on every target; `never` are the tasks of which the first one says that they never run.
#[track_caller]
fn same(decided: &str, plain: &str, never: &[&str]) {
    let (decided, plain) = (compiled(decided), compiled(plain));
    let said: Vec<&str> = decided
        .diagnostics
        .iter()
        .filter(|one| one.code.as_str() == "L0410")
        .flat_map(|one| &one.labels)
        .filter_map(|label| label.text.strip_suffix(" never runs"))
        .map(|name| name.trim_matches('`'))
        .filter(|name| *name != "the branch")
        .collect();
    assert_eq!(said, never);
    for target in target::all() {
        let texts = |compilation: &Compilation| -> Vec<String> {
            let (documents, _) = target.emit(&compilation.programs[0], &compilation.config.options);
            documents.into_iter().map(|one| one.text).collect()
        };
        assert_eq!(texts(&decided), texts(&plain), "{}", target.name());
    }
}

#[test]
fn the_branch_that_is_always_taken_moves_out() {
    same(
        r#"pipeline p(text: str) -> (a: str, b: str) {
  publishes = 1 > 2
  first = show(text)
  chosen = if publishes {
    no = show("no")
    no
  } else if not publishes and 1e-05 < 0.8 {
    yes = show(first)
    yes
  } else {
    other = show("other")
    other
  }
  last = show(chosen) after chosen
  return { a: chosen, b: last }
}"#,
        r#"pipeline p(text: str) -> (a: str, b: str) {
  first = show(text)
  yes = show(first)
  last = show(yes)
  return { a: yes, b: last }
}"#,
        &["no", "other"],
    );
}

#[test]
fn a_branch_that_is_never_taken_leaves_an_absent_value() {
    same(
        r#"pipeline p(text: str) -> (b: str) {
  gone = if false {
    no = show(text)
    no
  }
  b = show(gone ?? text)
  return { b: b }
}"#,
        r#"pipeline p(text: str) -> (b: str) {
  b = show(text)
  return { b: b }
}"#,
        &["no"],
    );
}

#[test]
fn what_is_undecided_stays_a_choice() {
    same(
        r#"pipeline p(n: int, text: str) -> (a: str) {
  chosen = if false {
    no = show("no")
    no
  } else if n > 1 and true {
    large = show("large")
    large
  } else if true {
    small = show(text)
    small
  } else {
    never = show("never")
    never
  }
  return { a: chosen }
}"#,
        r#"pipeline p(n: int, text: str) -> (a: str) {
  chosen = if n > 1 {
    large = show("large")
    large
  } else {
    small = show(text)
    small
  }
  return { a: chosen }
}"#,
        &["no", "never"],
    );
}

#[test]
fn constants_that_move_are_of_the_type_that_is_taken() {
    same(
        r#"pipeline p() -> (a: str) {
  x = if true { 1 } else { 2.5 }
  a = half(x)
  return { a: a }
}"#,
        "pipeline p() -> (a: str) {\n  a = half(1)\n  return { a: a }\n}",
        &[],
    );
}

#[test]
fn inner_blocks_are_folded_too_and_order_is_kept() {
    same(
        r#"pipeline p(names: list[str]) -> (a: list[str]) {
  slow = show("slow")
  checked = if true {
    one = show("one")
    two = show("two")
  } after slow
  all = for name in names {
    if true {
      require true, "always"
      each = show(name)
      each
    } else {
      never = show("never")
      never
    }
  } after checked
  finally {
    if true {
      done = show(run.status)
    }
  }
  return { a: all }
}"#,
        r#"pipeline p(names: list[str]) -> (a: list[str]) {
  slow = show("slow")
  one = show("one") after slow
  two = show("two") after slow
  all = for name in names {
    each = show(name)
    each
  } after one, two
  finally {
    done = show(run.status)
  }
  return { a: all }
}"#,
        &["never"],
    );
}

#[test]
fn a_loop_over_no_items_is_an_empty_list() {
    same(
        r#"pipeline p(text: str) -> (all: list[str], b: str) {
  first = show(text)
  all = for item in [] { show(item) } after first
  last = show("x") after all
  return { all: all, b: last }
}"#,
        r#"pipeline p(text: str) -> (all: list[str], b: str) {
  first = show(text)
  last = show("x") after first
  return { all: [], b: last }
}"#,
        &[],
    );
}
