//! Text that some reader on the way would take for something else: it arrives byte for byte, or is refused.

use serde_json::{Value as Json, json};

use crate::{AIRFLOWS, Case, case, engine};

/// Each is one that something reads: Jinja, a shell, JSON, Python, Airflow's serializer, Kubernetes.
pub const HOSTILE: &[&str] = &[
    "",
    " ",
    "'single' \"double\" `back`",
    "back\\slash \\n \\x41 \\",
    "line\nbreak\n",
    "\n\nleads and ends\n\n",
    "\r\n\t",
    "{{ params.a }}",
    "{{ '{{' }} {% if %} {# c #} {{ }}",
    "{{ ti.xcom_pull(task_ids='x') }}",
    "{",
    "$(touch pwned) `touch pwned` ; touch pwned",
    "$HOME $$ ${HOME} $(HOME) $$(HOME)",
    "-n",
    "--help",
    "emoji 🎉 ünï العربية",
    "a\u{301}\u{200b}\u{feff}\u{2028}",
    "\u{1}\u{7}\u{8}\u{b}\u{1b}",
    "\u{7f}\u{85}\u{9f}\u{ffff}",
    "null",
    "true",
    "1e3",
    "[1]",
    "{\"__classname__\": \"x\", \"__type\": \"y\"}",
    "run.sh",
    "a.bash",
    "%s %(x)s",
    "@file",
    "2024-01-01",
];

/// The text as a string in a `.mlp` file.
pub fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{ffff}' => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

pub fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub const STEPS: &str = r#"
import os


def digests(texts):
    return [text.encode().hex() for text in texts]


def digest(text):
    return text.encode().hex()


def echo(texts):
    return {text: text for text in texts}


def values(texts):
    return [texts[text].encode().hex() for text in texts if text == texts[text]]


def environment():
    return [os.environ["TEXT_%d" % at].encode().hex() for at in range(int(os.environ["COUNT"]))]
"#;

/// A component that takes as many texts, and a call of it: with `arguments`.
fn wide(name: &str, step: &str, count: usize) -> String {
    let ports: Vec<String> = (0..count).map(|at| format!("t{at}: str")).collect();
    format!(
        "component {name}({}) -> list[str] {{\n  image: \"alpine:3.20\"\n  {step}\n}}\n",
        ports.join(", ")
    )
}

/// Components that give the bytes of their inputs as hexadecimal digits: as a script and as a command.
pub fn components() -> String {
    let count = HOSTILE.len();
    let lines: Vec<String> = (0..count)
        .map(|at| format!("    line \"$t{at}\""))
        .collect();
    let script = format!(
        "shell: \"\"\"\n    comma='['\n    line() {{ printf '%s\"%s\"' \"$comma\" \"$(printf %s \"$1\" | od -An -tx1 -v | tr -d ' \\n')\" >> \"$output\"; comma=,; }}\n{}\n    printf ] >> \"$output\"\n  \"\"\"",
        lines.join("\n")
    );
    let words: Vec<String> = (0..count).map(|at| format!("t{at}")).collect();
    let command = format!(
        "run: [\"sh\", \"-c\", \"o=$1; shift; c='['; for t; do printf '%s\\\"%s\\\"' \\\"$c\\\" \\\"$(printf %s \\\"$t\\\" | od -An -tx1 -v | tr -d ' \\\\n')\\\" >> $o; c=,; done; printf ] >> $o\", \"sh\", output, {}]",
        words.join(", ")
    );
    format!(
        "{}{}component digests(texts: list[str]) -> list[str] {{ python: \"steps.py:digests\" }}\n\
         component digest(text: str) -> str {{ python: \"steps.py:digest\" }}\n\
         component echo(texts: list[str]) -> dict[str, str] {{ python: \"steps.py:echo\" }}\n\
         component values(texts: dict[str, str]) -> list[str] {{ python: \"steps.py:values\" }}\n",
        wide("in_shell", &script, count),
        wide("in_argv", &command, count)
    )
}

fn agree(case: &Case, arguments: &Json, outputs: &Json) {
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let ran = case.run_on(airflow, arguments);
        assert_eq!(ran.outcome.status, "succeeded", "{}", ran.log);
        assert_eq!(&ran.outcome.outputs, outputs, "{}", ran.log);
    }
}

#[test]
fn constants_arrive() {
    let texts: Vec<String> = HOSTILE.iter().map(|text| literal(text)).collect();
    let all = texts.join(", ");
    let source = format!(
        r#"{}
pipeline hostile() -> (a: list[str], b: list[str], c: list[str], d: list[str], e: list[str], f: str) {{
  a = in_shell({all})
  b = in_argv({all})
  c = digests([{all}])
  there = echo([{all}])
  d = values(there)
  e = for text in [{all}] {{ one = digest(text)
    one }}
  head = "{{{{ a }}}}"
  f = if head == "{{{{ a }}}}" {{ g = digest(f"{{head}} $(b)")
    g }} else {{ "" }}
  return {{ a: a, b: b, c: c, d: d, e: e, f: f }}
}}
"#,
        components()
    );
    let digits: Vec<String> = HOSTILE.iter().map(|text| hex(text)).collect();
    let outputs = json!({ "a": digits, "b": digits, "c": digits, "d": digits, "e": digits, "f": hex("{{ a }} $(b)") });
    agree(&case(&source).file("steps.py", STEPS), &json!({}), &outputs);
}

#[test]
fn parameters_arrive() {
    let params: Vec<String> = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| format!("p{at}: str = {}", literal(text)))
        .collect();
    let names: Vec<String> = (0..HOSTILE.len()).map(|at| format!("p{at}")).collect();
    let source = format!(
        r#"{}
pipeline hostile({}, all: list[str] = [], map: dict[str, str] = {{}}) -> (a: list[str], b: list[str], c: list[str], d: list[str]) {{
  a = in_shell({names})
  b = in_argv({names})
  c = digests(all)
  d = values(map)
  return {{ a: a, b: b, c: c, d: d }}
}}
"#,
        components(),
        params.join(", "),
        names = names.join(", ")
    );
    let case = case(&source).file("steps.py", STEPS);
    let digits: Vec<String> = HOSTILE.iter().map(|text| hex(text)).collect();
    agree(
        &case,
        &json!({}),
        &json!({ "a": digits, "b": digits, "c": [], "d": [] }),
    );

    // The same given for a run, each to another parameter.
    let mut given: serde_json::Map<String, Json> = serde_json::Map::new();
    let turned: Vec<&str> = HOSTILE[1..].iter().chain(&HOSTILE[..1]).copied().collect();
    for (name, text) in names.iter().zip(&turned) {
        given.insert(name.clone(), json!(text));
    }
    given.insert("all".into(), json!(HOSTILE));
    let map: serde_json::Map<String, Json> = HOSTILE
        .iter()
        .map(|text| (text.to_string(), json!(text)))
        .collect();
    given.insert("map".into(), json!(map));
    let turned: Vec<String> = turned.iter().map(|text| hex(text)).collect();
    agree(
        &case,
        &Json::Object(given),
        &json!({ "a": turned, "b": turned, "c": digits, "d": digits }),
    );
}

#[test]
fn the_environment_arrives() {
    let entries: Vec<String> = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| format!("TEXT_{at}: {}", literal(text)))
        .collect();
    let mut case = case(&format!(
        r#"
component environment() -> list[str] {{
  python: "steps.py:environment"
  env: {{ COUNT: "{}", {} }}
}}
component secret() -> str {{
  shell: "printf %s \"$KEY\" | od -An -tx1 -v | tr -d ' \\n' > \"$output\""
  secrets: {{ KEY: "store/api_key" }}
}}
pipeline hostile() -> (a: list[str], b: str) {{
  a = environment()
  b = secret()
  return {{ a: a, b: b }}
}}
"#,
        HOSTILE.len(),
        entries.join(", ")
    ))
    .file("steps.py", STEPS);
    let secret = "{{ x }} $(id) 'it' run.sh";
    case.variables = vec![("store__api_key".into(), secret.into())];
    let digits: Vec<String> = HOSTILE.iter().map(|text| hex(text)).collect();
    agree(&case, &json!({}), &json!({ "a": digits, "b": hex(secret) }));
    // Without it the run fails before its first task.
    case.variables.clear();
    for airflow in AIRFLOWS.iter().filter_map(|name| engine(name)) {
        let ran = case.run_on(airflow, &json!({}));
        assert_eq!(ran.outcome.states["a"], json!("not_run"), "{}", ran.log);
        assert!(
            ran.log.contains("the Airflow Variable `store__api_key`"),
            "{}",
            ran.log
        );
    }
}

#[test]
fn a_nul_is_refused() {
    let step = "component echo(text: str) -> str { python: \"steps.py:digest\" }\n";
    for source in [
        "pipeline p() { echo(\"a\\u{0}b\") }",
        "pipeline p(text: str = \"a\\u{0}b\") { echo(text) }",
        "pipeline p() { echo(\"a\") with { env: { X: \"a\\u{0}b\" } } }",
    ] {
        let case = case(&format!("{step}{source}\n")).file("steps.py", STEPS);
        let codes = case.codes();
        assert!(
            codes.iter().any(|code| code.starts_with('E')),
            "{source}: {codes:?}"
        );
    }
}
