//! YAML: the one door through which text enters a YAML document.
//!
//! Block style, and plain strings wherever both YAML 1.1 and 1.2 read them as that string: Go's and Python's readers still differ in
//! which of `yes`, `1_000`, `12:30` and `2024-01-01` they take for something else.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

/// A text that stands in a document once, where it comes first, and is referred to from then on. Told apart by its `Arc`, not its content.
pub type Shared = serde_yaml::ArcAnchor<String>;

/// A text to be written in several places.
pub fn shared(text: &Arc<String>) -> Shared {
    serde_yaml::ArcAnchor(text.clone())
}

/// A file of one or more documents under a short header.
#[derive(Debug)]
pub struct YamlFile {
    text: String,
    documents: usize,
}

impl YamlFile {
    /// A file whose header names mlpc's version and the source it was compiled from, as a path from the project's root.
    pub fn new(source: &str) -> Self {
        // A path may hold any character; a line break would end the comment.
        let source: String = source
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .collect();
        let version = env!("CARGO_PKG_VERSION");
        YamlFile {
            text: format!("# mlpc {version}, from {source}\n"),
            documents: 0,
        }
    }

    /// Adds a document. Keys keep the order in which `value` gives them; a map key must be a string or a number.
    pub fn document(&mut self, value: &impl Serialize) {
        if self.documents > 0 {
            self.text.push_str("---\n");
        }
        self.documents += 1;
        let options = serde_yaml::ser_options! {
            // Folding changes how a long line looks, and readers differ in how they join what was folded.
            folded_wrap_chars: usize::MAX,
            anchor_generator: Some(anchor),
        };
        serde_yaml::to_fmt_writer_with_options(&mut self.text, value, options)
            .expect("documents are made of maps, lists and scalars");
        if !self.text.ends_with('\n') {
            self.text.write_char('\n').expect("a String takes all");
        }
    }

    /// The whole file. Ends in one line end.
    pub fn finish(self) -> String {
        self.text
    }
}

/// What shared texts are called.
fn anchor(number: usize) -> String {
    format!("text{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn yaml(value: serde_json::Value) -> String {
        let mut file = YamlFile::new("a.mlp");
        file.document(&value);
        let text = file.finish();
        text.split_once('\n').expect("a header").1.to_owned()
    }

    #[test]
    fn strings_that_some_reader_takes_for_something_else_are_quoted() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "True",
            "null",
            "~",
            "",
            "1",
            "1_000",
            "0x1f",
            "0o17",
            "017",
            "1e3",
            ".5",
            "12:30:45",
            "2024-01-01",
            "2024-01-01T00:00:00Z",
            "<<",
            "=",
            "- a",
            "? a",
            "a: b",
            "a #b",
            "# a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "{a",
            "[a",
            "---",
            "... a",
            " a",
            "a ",
            "'",
            "\"",
            "\u{feff}a",
            "\u{85}",
            "nan",
            "inf",
            "-",
            "?",
            ":",
        ] {
            let line = yaml(json!({ "k": text }));
            assert!(
                line.starts_with("k: \"") || line.starts_with("k: '"),
                "{text:?} gave {line}"
            );
            let line = yaml(json!({ text: 1 }));
            assert!(
                line.starts_with(['"', '\'']),
                "the key {text:?} gave {line}"
            );
        }
    }

    #[test]
    fn strings_that_all_readers_read_alike_stay_plain() {
        for text in [
            "a",
            "a b",
            "a:b",
            "a#b",
            "python:3.12-slim",
            "s3://bucket/a.csv",
            "-n",
            "it's",
            "a, b",
            "v1.0.0",
        ] {
            let line = yaml(json!({ "k": text }));
            assert_eq!(line, format!("k: {text}\n"));
        }
    }

    #[test]
    fn long_lines_are_not_folded() {
        let long = "word ".repeat(100) + "end";
        assert_eq!(yaml(json!({ "k": long })), format!("k: {long}\n"));
        let lines = format!("{long}\n{long}\n");
        assert_eq!(
            yaml(json!({ "k": lines })),
            format!("k: |\n  {long}\n  {long}\n")
        );
    }

    #[test]
    fn a_shared_text_stands_once() {
        let text = Arc::new("a: b\nc\n".to_owned());
        let other = Arc::new("d\n".to_owned());
        let mut file = YamlFile::new("a.mlp");
        file.document(&[
            ("x", vec![shared(&text), shared(&text)]),
            ("z", vec![shared(&other), shared(&text)]),
        ]);
        let yaml = file.finish();
        let lines: Vec<&str> = yaml.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "- - x",
                "  - - &text1 |",
                "      a: b",
                "      c",
                "    - *text1",
                "- - z",
                "  - - &text2 |",
                "      d",
                "    - *text1"
            ]
        );
    }

    #[test]
    fn a_header_stays_one_line() {
        let mut file = YamlFile::new("a\nb.mlp");
        file.document(&json!({}));
        file.document(&json!({ "a": [] }));
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            file.finish(),
            format!("# mlpc {version}, from a?b.mlp\n{{}}\n---\na: []\n")
        );
    }
}
