//! Any text arrives byte for byte: as a parameter, a literal, an item, a key, in a shell script, an argument list and Python.

use serde_json::{Value as Json, json};

use crate::case;

const TEXTS: &[&str] = &[
    "",
    " ",
    "a b",
    "it's \"quoted\" `x`",
    "line one\nline two\n",
    "\r\n\t",
    "{{ x }} {% x %} {x}",
    "$HOME ${HOME} $(id) `id`",
    "\\ \\n \\\\",
    "-rf",
    "--",
    "run.sh",
    "é😀\u{202e}\u{2028}\u{7f}",
    "%s %d",
    "'''\"\"\"",
    "null",
    "true",
    "1_000",
    "# no comment",
    "[1]",
];

const STEPS: &str = r#"
def python(text: str) -> str:
    return text


def keys(texts: dict) -> list:
    return [part for key, value in texts.items() for part in (key, value)]
"#;

const COMPONENTS: &str = r#"
component shell(text: str) -> str { shell: "printf '%s\\n' \"$text\" > \"$output\"" }
component argv(text: str) -> str { run: ["sh", "-c", "printf '%s\\n' \"$1\" > \"$2\"", "sh", text, output] }
component python(text: str) -> str { python: "steps.py:python" }
component keys(texts: dict[str, str]) -> list[str] { python: "steps.py:keys" }
"#;

#[test]
fn parameters_arrive() {
    let case = case(&format!(
        "{COMPONENTS}\n{}",
        r#"
pipeline carry(texts: list[str], all: dict[str, str]) -> (shells: list[str], argvs: list[str], pythons: list[str], keys: list[str], joined: list[str]) {
  shells = for text in texts { a = shell(text)
    a }
  argvs = for text in texts { b = argv(text)
    b }
  pythons = for text in texts { c = python(text)
    c }
  keys2 = keys(all)
  joined = for text in texts { d = python(f"<{text}>")
    d }
  return { shells: shells, argvs: argvs, pythons: pythons, keys: keys2, joined: joined }
}
"#
    ))
    .file("steps.py", STEPS);
    let all: serde_json::Map<String, Json> = TEXTS
        .iter()
        .map(|text| (format!("k{text}"), json!(text)))
        .collect();
    let keys: Vec<Json> = all
        .iter()
        .flat_map(|(key, value)| [json!(key), value.clone()])
        .collect();
    case.checked();
    // What may hold any key is given as JSON text.
    let arguments = json!({ "texts": TEXTS, "all": Json::Object(all).to_string() });
    let Some(outcome) = case.run(arguments) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    for name in ["shells", "argvs", "pythons"] {
        assert_eq!(outcome.outputs[name], json!(TEXTS), "{name}");
    }
    assert_eq!(outcome.outputs["keys"], json!(keys));
    let joined: Vec<String> = TEXTS.iter().map(|text| format!("<{text}>")).collect();
    assert_eq!(outcome.outputs["joined"], json!(joined));
}

/// A literal of the language.
fn literal(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    out + "\""
}

#[test]
fn literals_and_defaults_arrive() {
    let mut body = String::new();
    let mut outputs = Vec::new();
    for (at, text) in TEXTS.iter().enumerate() {
        body.push_str(&format!("  a{at} = argv({})\n", literal(text)));
        outputs.push(format!("a{at}"));
    }
    let list: Vec<String> = TEXTS.iter().map(|text| literal(text)).collect();
    let source = format!(
        "{COMPONENTS}\npipeline literals(texts: list[str] = [{}], env_text: str = {}) -> (all: list[str], given: list[str], one: str) {{\n{body}  one = shell(env_text)\n  return {{ all: [{}], given: texts, one: one }}\n}}\n",
        list.join(", "),
        literal(TEXTS[4]),
        outputs.join(", ")
    );
    let case = case(&source).file("steps.py", STEPS);
    case.checked();
    case.gives(
        json!({}),
        json!({ "all": TEXTS, "given": TEXTS, "one": TEXTS[4] }),
    );
}

#[test]
fn the_text_of_a_step_is_no_code_of_the_module() {
    let case = case(
        r#"
component odd() -> str {
  shell: """
    printf '%s' '{{ x }} \ "quoted" """ $HOME' > "$output"
  """
  env: { ODD: "'\"{{ x }}\\" }
}

component env() -> str {
  shell: "printf '%s' \"$ODD\" > \"$output\""
  env: { ODD: "\n'\"{{ x }}\\" }
}

## Says "what" \ it is told: """ {{ x }}.
pipeline scripts() -> (env: str) {
  e = env()
  return { env: e }
}
"#
        .replace(" \"\"\" $HOME", " $HOME")
        .as_str(),
    );
    assert_eq!(case.codes(), ["W0650"]);
    case.checked();
    case.gives(json!({}), json!({ "env": "\n'\"{{ x }}\\" }));
}
