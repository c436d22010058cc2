//! Any text arrives as it is, and any name of the source is one of the module.

use serde_json::{Value as Json, json};

use crate::case;

const TEXTS: &[&str] = &[
    "",
    " ",
    "it's \"quoted\" `x`",
    "line one\nline two\n",
    "\r\n\t",
    "{{ x }} {% x %} {x} {# x #}",
    "$HOME ${HOME} $(id) `id`",
    "\\ \\n \\\\ \\N{BULLET}",
    "-rf",
    "é😀\u{202e}\u{2028}\u{7f}",
    "%s %d",
    "'''\"\"\"",
    "null",
    "1_000",
    "# no comment",
    "{\"env\": \"HOME\"}",
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
type Parts = { a: str, b: str, c: str }

pipeline carry(texts: list[str], all: dict[str, str], one: str) -> (parts: list[Parts], keys: list[str], one: str) {
  parts = for text in texts {
    a = shell(text)
    b = argv(a)
    c = python(f"<{b}>")
    { a: a, b: b, c: c }
  }
  every = keys(all)
  given = python(one)
  return { parts: parts, keys: every, one: given }
}
"#
    ))
    .file("steps.py", STEPS);
    let compiled = case.typed();
    // Two mappings that Dagster reads the environment by, where a scalar is asked for.
    let mut all: serde_json::Map<String, Json> = TEXTS
        .iter()
        .map(|text| (format!("k{text}"), json!(text)))
        .collect();
    all.insert("env".to_owned(), json!("HOME"));
    let keys: Vec<Json> = all
        .iter()
        .flat_map(|(key, value)| [json!(key), value.clone()])
        .collect();
    let arguments = json!({ "texts": TEXTS, "all": all, "one": "{\"env\": \"HOME\"}" });
    let Some(outcome) = compiled.run(arguments) else {
        return;
    };
    assert_eq!(outcome.status, "succeeded", "{}", outcome.log);
    let parts = TEXTS
        .iter()
        .map(|text| json!({ "a": text, "b": text, "c": format!("<{text}>") }));
    assert_eq!(outcome.outputs["parts"], parts.collect::<Json>());
    assert_eq!(outcome.outputs["keys"], json!(keys));
    assert_eq!(outcome.outputs["one"], "{\"env\": \"HOME\"}");
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
fn literals_defaults_and_environments_arrive() {
    let mut body = String::new();
    let mut outputs = Vec::new();
    for (at, text) in TEXTS.iter().enumerate() {
        let text = literal(text);
        body.push_str(&format!(
            "  a{at} = said({text}) with {{ env: {{ ODD: {text} }} }}\n"
        ));
        outputs.push(format!("a{at}"));
    }
    let list: Vec<String> = TEXTS.iter().map(|text| literal(text)).collect();
    let source = format!(
        r#"
component said(text: str) -> str {{ shell: "printf '%s\\n' \"$text$ODD\" > \"$output\"" }}

## Says "what" \ it is told: ''' {{{{ x }}}} {{% raw %}}.
pipeline literals(texts: list[str] = [{}], text: str = {}) -> (all: list[str], given: list[str], one: str) {{
  tags: ["it's", "a b", "{{{{ x }}}}"]
{body}  one = said(text) with {{ env: {{ ODD: "" }} }}
  return {{ all: [{}], given: texts, one: one }}
}}
"#,
        list.join(", "),
        literal(TEXTS[5]),
        outputs.join(", ")
    );
    let case = case(&source);
    case.typed();
    let doubled: Vec<String> = TEXTS.iter().map(|text| format!("{text}{text}")).collect();
    case.gives(
        json!({}),
        json!({ "all": doubled, "given": TEXTS, "one": TEXTS[5] }),
    );
}

#[test]
fn names_that_dagster_or_python_keeps_are_free_in_the_source() {
    let case = case(
        r#"
component dg(context: str, config: str) -> (type: str, str: str) {
  shell: "printf '%s' \"$context\" > \"$type\"; printf '%s' \"$config\" > \"$str\""
}
component params(input: str) -> str { shell: "printf '%s' \"$input\" > \"$output\"" }

pipeline defs(json: str = "a", schema: str = "b", model_x: str = "c", _y: str = "d", lambda: str = "e", str: int = 1, any: int in 1..=9 = 2)
    -> (out: str, n: int) {
  context = dg(json, schema)
  input = params(context.type)
  output = params(context.str)
  type = params(model_x)
  conf = params(_y)
  _step = params(lambda)
  defs = params("f")
  os = for dict in ["x", "y"] {
    meta = params(dict)
    meta
  }
  asset = if defs == "f" {
    float = params(f"{input}{output}{type}{conf}{_step}{defs}")
    float
  } else { "no" }
  require asset != "no", "no"
  return { out: f"{asset}{os}", n: str }
}
"#,
    );
    case.typed();
    case.gives(json!({}), json!({ "out": "abcdef[\"x\", \"y\"]", "n": 1 }));
}
