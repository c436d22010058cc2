//! Hostile text: whatever is given to a run, or stands in a source, reaches a step byte for byte, or is refused.

use serde_json::{Value, json};

use super::{Case, case};

/// Text that must arrive at a step as it is, whatever reads it on the way.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "plain",
    "'single' \"double\" `back`",
    "back\\slash \\n \\x41",
    "line\nbreak",
    "ends with a newline\n",
    "two\n\n",
    "\r\n",
    "\ttab",
    "{{workflow.name}}",
    "{{inputs.parameters.text}}",
    "{{=1+1}}",
    "{{= 'x' }}",
    "x {{ y",
    "x }} y",
    "{",
    "}",
    "{{{{workflow.name}}}}",
    "{{='{{'}}workflow.name}}",
    "$(touch pwned)",
    "$HOME ${HOME} $$ $(HOME) $$(HOME)",
    "`touch pwned`",
    "; touch pwned #",
    "-n",
    "--help",
    "-",
    "a.sh",
    "*",
    "~",
    "%s %d %%",
    "é 日本語 😀 \u{2028} \u{feff}",
    "\u{1}\u{8}\u{b}\u{7f}",
    "\u{e000} \u{f0000} \u{10ffff}",
    "null",
    "true",
    "[1, 2]",
    "{\"a\": {\"b\": 1}}",
    "yes",
    "0123",
    "1e3",
    "2024-01-01",
    "- a\n- b",
    "# comment",
    "!!str x",
    ".",
];

/// A component for each kind of step that takes a text and writes it to an artifact.
const ECHOES: &str = r#"
component by_shell(text: str) -> Dataset {
  image: "alpine:3.20"
  shell: """
    printf %s "$text" > "$output"
  """
}

component by_run(text: str) -> Dataset {
  image: "alpine:3.20"
  run: ["sh", "-c", "printf %s \"$1\" > \"$2\"", "sh", text, output]
}

component by_python(text: str) -> Dataset {
  python: "steps.py:by_python"
}

component same(text: str) -> str {
  python: "steps.py:same"
}
"#;

const STEPS: &str = r#"
from pathlib import Path

BRACES = "{%s}"


def by_python(text: str) -> Path:
    assert len(BRACES) == 4
    path = Path("out.bin")
    path.write_bytes(text.encode())
    return path


def same(text: str) -> str:
    return text
"#;

fn echoes(source: &str) -> Case {
    case(&format!("{ECHOES}{source}")).file("steps.py", STEPS)
}

/// A text as a string of the language.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f || c == '\u{feff}' => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[test]
fn text_given_to_a_run_arrives() {
    let compiled = echoes(
        r#"
pipeline hostile(text: str) -> (shell: Dataset, run: Dataset, python: Dataset, joined: Dataset, again: Dataset, said: str) {
  a = by_shell(text)
  b = by_run(text)
  c = by_python(text)
  d = by_shell(f"{{{text}}}")
  s = same(text)
  e = by_run(s)
  return { shell: a, run: b, python: c, joined: d, again: e, said: s }
}
"#,
    )
    .accepted()
    .snapshot("hostile");
    for hostile in HOSTILE {
        let Some(report) = compiled.run(&[("text", hostile)]) else {
            return;
        };
        assert_eq!(report["phase"], "Succeeded", "{hostile:?}: {report:#}");
        assert_eq!(
            report["outputs"]["artifacts"],
            json!({ "shell": hostile, "run": hostile, "python": hostile, "again": hostile, "joined": format!("{{{hostile}}}") })
        );
        assert_eq!(report["outputs"]["parameters"], json!({ "said": hostile }));
    }
}

#[test]
fn literals_arrive() {
    // All in one workflow: a literal is a task of its own.
    let mut tasks = String::new();
    let mut expected = serde_json::Map::new();
    let mut outputs = Vec::new();
    let mut returned = Vec::new();
    for (at, hostile) in HOSTILE.iter().enumerate() {
        for by in ["shell", "run"] {
            let name = format!("{by}_{at}");
            tasks.push_str(&format!("  {name} = by_{by}({})\n", literal(hostile)));
            outputs.push(format!("{name}: Dataset"));
            returned.push(format!("{name}: {name}"));
            expected.insert(name, json!(hostile));
        }
    }
    let compiled = echoes(&format!(
        "pipeline literals() -> ({}) {{\n{tasks}  return {{ {} }}\n}}\n",
        outputs.join(", "),
        returned.join(", ")
    ))
    .accepted();
    let Some(report) = compiled.run(&[]) else {
        return;
    };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    assert_eq!(report["outputs"]["artifacts"], Value::Object(expected));
}

#[test]
fn a_source_with_braces_arrives() {
    let compiled = case(&format!(
        r#"{ECHOES}
component script() -> str {{
  image: "alpine:3.20"
  shell: """
    printf %s '{{{{workflow.name}}}} $(date) $$' > "$output"
    # a comment at the end"""
}}

component words() -> Dataset {{
  image: "alpine:3.20"
  run: ["sh", "-c", "printf %s \"$1\" > \"$2\"", "sh", "it's {{{{workflow.name}}}} $(HOME) $$", output]
}}

pipeline braces() -> (python: Dataset, script: str, words: Dataset) {{
  a = by_python("x")
  b = script()
  c = words()
  return {{ python: a, script: b, words: c }}
}}
"#
    ))
    .file("steps.py", &STEPS.replace("{%s}", "{{}}"))
    .accepted()
    .snapshot("braces");
    let Some(report) = compiled.run(&[]) else {
        return;
    };
    assert_eq!(report["phase"], "Succeeded", "{report:#}");
    assert_eq!(
        report["outputs"]["artifacts"],
        json!({ "python": "x", "words": "it's {{workflow.name}} $(HOME) $$" })
    );
    assert_eq!(
        report["outputs"]["parameters"]["script"],
        "{{workflow.name}} $(date) $$"
    );
}

#[test]
fn a_nul_for_a_command_is_refused() {
    let source = |by: &str| format!("pipeline p() {{ by_{by}(\"a\\u{{0}}b\") }}\n");
    assert_eq!(echoes(&source("shell")).codes(), ["E0601"]);
    assert_eq!(echoes(&source("run")).codes(), ["E0601"]);
    let compiled = echoes(
        "pipeline p() -> (d: Dataset) {\n  d = by_python(\"a\\u{0}b\")\n  return { d: d }\n}\n",
    )
    .accepted();
    let Some(report) = compiled.run(&[]) else {
        return;
    };
    assert_eq!(
        report["outputs"]["artifacts"],
        json!({ "d": "a\0b" }),
        "{report:#}"
    );
}
