//! Data: what a run leaves in Dagster's catalogue, and what a run of some assets reads.

use serde_json::json;

use crate::{case, text_in};

const SOURCE: &str = r#"
component write(text: str) -> Dataset { shell: "printf '%s' \"$text\" > \"$output\"" }
component size(data: Dataset) -> int { shell: "wc -c < \"$data\" > \"$output\"" }
component upper(data: Dataset) -> Dataset { shell: "tr a-z A-Z < \"$data\" > \"$output\"" }

pipeline sized(text: str = "abc") -> (n: int, loud: Dataset) {
  data = write(text)
  n = size(data)
  loud = if n > 1 {
    changed = upper(data)
    changed
  } else {
    data
  }
  return { n: n, loud: loud }
}
"#;

#[test]
fn a_run_leaves_versions_and_places_in_the_catalogue() {
    let compiled = case(SOURCE).typed();
    let run = |text: &str| compiled.run(json!({ "text": text }));
    let Some(first) = run("abc") else {
        return;
    };
    assert_eq!(first.status, "succeeded", "{}", first.log);
    let path = first.made["data"]["path"].as_str().expect("a path");
    assert_eq!(text_in(std::path::Path::new(path)), "abc");
    assert_eq!(first.made["n"]["value"], "3");
    // A step of a branch is no asset, but what it made is there.
    let loud = first.made["changed/output"]["path"].as_str();
    assert_eq!(text_in(std::path::Path::new(loud.expect("a path"))), "ABC");
    let (again, other) = (
        run("abc").expect("there is"),
        run("abcd").expect("there is"),
    );
    for key in ["data", "n"] {
        let version = |outcome: &crate::Outcome| outcome.made[key]["version"].clone();
        assert!(version(&first).is_string());
        assert_eq!(version(&first), version(&again), "{key}");
        assert_ne!(version(&first), version(&other), "{key}");
    }
    assert_ne!(first.made["data"]["path"], again.made["data"]["path"]);
}

/// Its assets are its own: the tests share the catalogue, and what another's run leaves is the latest too.
const CATALOGUED: &str = r#"
component write(text: str) -> Dataset { shell: "printf '%s' \"$text\" > \"$output\"" }
component size(data: Dataset) -> int { shell: "wc -c < \"$data\" > \"$output\"" }

pipeline catalogued(text: str = "abc") -> (letters: int) {
  written = write(text)
  letters = size(written)
  return { letters: letters }
}
"#;

#[test]
fn a_run_of_some_assets_reads_the_latest_of_the_others() {
    let compiled = case(CATALOGUED).typed();
    let Some(first) = compiled.run(json!({ "text": "abc" })) else {
        return;
    };
    compiled.run(json!({ "text": "abcdef" }));
    let part = compiled.select(&["letters"]).expect("there is Dagster");
    assert_eq!(part.status, "succeeded", "{}", part.log);
    assert_eq!(part.made["letters"]["value"], "6");
    assert_eq!(part.state("written"), None);
    assert_eq!(first.made["letters"]["value"], "3");
}
