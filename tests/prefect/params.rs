//! The flow's parameters: types, bounds, defaults, names that Python or Prefect keeps for itself, artifacts.

use serde_json::json;

use crate::case;

const SOURCE: &str = r#"
type Both = { text: str, n: float }

component show(n: int, x: float, flag: bool, day: date, at: datetime, names: list[str], both: Both, counts: dict[str, int], maybe: str?) -> str {
  python: "steps.py:show"
}

pipeline typed(
  n: int in 1..=9 = 3,
  x: float in 0.0..=1.0 = 1,
  flag: bool = true,
  day: date = "2024-01-31",
  at: datetime = "2024-01-31T12:00:00Z",
  names: list[str] = ["a", "b"],
  both: Both = { text: "t", n: 1 },
  counts: dict[str, int] = { a: 1 },
  kind: str in ["small", "large"] = "small",
  code: str matches "[a-z]{2}\\d+" = "ab1",
  maybe: str?,
  free: str,
) -> (shown: str, kind: str, code: str) {
  shown = show(n, x, flag, day, at, names, both, counts, maybe)
  return { shown: shown, kind: kind, code: code }
}
"#;

const STEPS: &str = r#"
def show(n, x, flag, day, at, names, both, counts, maybe) -> str:
    return repr([n, x, flag, day, at, names, both, counts, maybe])
"#;

#[test]
fn parameters_have_their_types() {
    let case = case(SOURCE).file("steps.py", STEPS);
    case.accepted("params");
    case.agrees(json!({ "free": "x" }));
    case.agrees(json!({ "free": "x", "n": 9, "x": 0, "flag": false, "names": [], "maybe": "m", "kind": "large", "code": "xy12" }));
    for (name, wrong) in [
        ("n", json!(10)),
        ("n", json!("7")),
        ("n", json!(true)),
        ("x", json!(1.5)),
        ("flag", json!(1)),
        ("day", json!("2024-02-30")),
        ("at", json!("noon")),
        ("names", json!([1])),
        ("both", json!({ "text": "t" })),
        ("counts", json!("{\"a\": \"b\"}")),
        ("kind", json!("medium")),
        ("code", json!("ab1!")),
    ] {
        let mut arguments = json!({ "free": "x" });
        arguments[name] = wrong.clone();
        let Some(outcome) = case.run(arguments) else {
            return;
        };
        assert_ne!(outcome.status, "succeeded", "{name} = {wrong}");
        assert!(
            outcome.states.is_empty(),
            "{name} = {wrong}: {:?}",
            outcome.states
        );
    }
}

#[test]
fn names_of_python_and_prefect_are_free() {
    let case = case(
        r#"
component class(lambda: int, list: int, step: int, wait_for: int) -> int {
  shell: "printf '%s' $((lambda + list + step + wait_for)) > \"$output\""
}

component task(mlpc: int) -> int {
  shell: "printf '%s' \"$mlpc\" > \"$output\""
}

pipeline flow(def: int = 1, list: int = 2, block: int = 3, task2: int = 4, return_state: int = 5, model_config: int = 6, float: float = 7, _x: int = 8)
    -> (class: int, float: float, int: int) {
  sum = class(def, list, block, task2)
  int = class(sum, return_state, model_config, _x)
  any = for str in [1, 2] { last = task(str)
    last }
  text_of = task(int)
  float2 = if text_of > 0 { float } else { 0 }
  return { class: sum, float: float2, int: text_of }
}
"#,
    );
    case.checked();
    case.gives(json!({}), json!({ "class": 10, "float": 7.0, "int": 29 }));
    case.agrees(json!({ "def": 2, "return_state": 7, "_x": 1 }));
}

#[test]
fn artifacts_are_given_by_location() {
    let case = case(
        r#"
component copy(data: Dataset) -> Dataset { shell: "cp \"$data\" \"$output\"" }
component folder(data: Dataset) -> Dataset { shell: "mkdir \"$output\"; cp \"$data\" \"$output/in\"" }
component read(data: Dataset, deep: Dataset) -> str { shell: "cat \"$data\" \"$deep/in\" > \"$output\"" }

pipeline copies(data: Dataset, other: Dataset?) -> (text: str, made: Dataset) {
  made = copy(data)
  deep = folder(made)
  text = read(made, deep)
  return { text: text, made: made }
}
"#,
    );
    case.checked();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a b.txt");
    std::fs::write(&path, "hello").expect("a file");
    for location in [
        json!(path),
        json!(format!("file://{}/a%20b.txt", folder.path().display())),
    ] {
        let Some(outcome) = case.run(json!({ "data": location })) else {
            return;
        };
        assert_eq!(outcome.outputs["text"], "hellohello", "{}", outcome.log);
        let made = outcome.outputs["made"].as_str().expect("a location");
        assert_eq!(std::fs::read_to_string(made).expect("it is kept"), "hello");
    }
    for missing in ["nowhere", "s3://bucket/key"] {
        let outcome = case
            .run(json!({ "data": missing }))
            .expect("Prefect is there");
        assert_eq!(outcome.status, "failed");
        assert!(outcome.states.is_empty());
    }
}
