//! Text that some reader on the way would take for something else: it arrives byte for byte, or is refused.

use serde_json::json;

use crate::case;

/// Each is one that something reads: YAML, JSON, Argo, Kubeflow's launcher, Kubernetes, a shell, kfp.local.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "'single' \"double\" `back`",
    "back\\slash \\n \\x41 \\",
    "line\nbreak\n",
    "\n\nleads and ends\n\n",
    "\r\n\t",
    "{{workflow.name}}",
    "{{inputs.parameters.x}}",
    "{{$.inputs.parameters['text']}}",
    "{{$.pipeline_job_name}}",
    "{{$}}",
    "{{=1+1}} {{ {{{ }}",
    "$(touch pwned) `touch pwned` ; touch pwned",
    "$(HOME) $$ $$$$ ${HOME} $HOME",
    "-n",
    "--help",
    "emoji 🎉 ünï العربية",
    "a\u{301}\u{200b}\u{feff}\u{2028}",
    "\u{1}\u{7}\u{8}\u{b}\u{1b}",
    "\u{7f}\u{85}\u{9f}\u{ffff}",
    "yes",
    "null",
    "1_000",
    "12:30",
    "2024-01-01",
    "1e3",
    "# no comment",
    "- item",
    "&anchor *alias !tag",
    "python3 -m pip install x",
    "/kfp-workspace/x",
    "{\"Concat\": [\"a\"]}",
    "script.sh",
    "pipelinechannel--x-Output",
];

/// What kfp.local itself does not hand on as it is when a run is given it: mlpc has no say in that.
fn is_local_s_own(text: &str) -> bool {
    text.contains("{{$") || text.contains("python3") || text.contains("/kfp-workspace")
}

/// The text as a string in a `.mlp` file.
fn literal(text: &str) -> String {
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

const STEPS: &str = "def echo(text):\n    return text\n\n\ndef first(texts):\n    return texts[0]\n\n\ndef digest(text):\n    return text.encode().hex()\n";

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn constants_arrive_at_python_steps() {
    let mut calls = String::new();
    let mut outputs = Vec::new();
    let mut expected = serde_json::Map::new();
    for (at, text) in HOSTILE.iter().enumerate() {
        let text_ = literal(text);
        calls.push_str(&format!(
            "  a{at} = digest({text_})\n  b{at} = in_list([{text_}])\n  c{at} = maybe({text_})\n"
        ));
        calls.push_str(&format!("  d{at} = digest(f\"{{b{at}}}\")\n"));
        outputs.push(format!("a{at}: a{at}, c{at}: c{at}"));
        expected.insert(format!("a{at}"), json!(hex(text)));
        expected.insert(format!("c{at}"), json!(hex(text)));
    }
    let declared: Vec<String> = (0..HOSTILE.len())
        .map(|at| format!("a{at}: str, c{at}: str"))
        .collect();
    case(&format!(
        r#"
component digest(text: str) -> str {{ python: "steps.py:digest" }}
component in_list(texts: list[str]) -> str {{ python: "more.py:first" }}
component maybe(text: str?) -> str {{ python: "steps.py:digest" }}
pipeline hostile() -> ({}) {{
{calls}
  return {{ {} }}
}}
"#,
        declared.join(", "),
        outputs.join(", ")
    ))
    .file("steps.py", STEPS)
    .file(
        "more.py",
        "def first(texts):\n    return texts[0].encode().hex()\n",
    )
    .gives(json!({}), json!(expected));
}

#[test]
fn defaults_arrive_at_python_steps() {
    let names: Vec<String> = (0..HOSTILE.len()).map(|at| format!("p{at}")).collect();
    let params: Vec<String> = HOSTILE
        .iter()
        .zip(&names)
        .map(|(text, name)| format!("{name}: str = {}", literal(text)))
        .collect();
    let calls: String = (0..HOSTILE.len())
        .map(|at| format!("  a{at} = digest(p{at})\n"))
        .collect();
    let declared: Vec<String> = (0..HOSTILE.len()).map(|at| format!("a{at}: str")).collect();
    let outputs: Vec<String> = (0..HOSTILE.len())
        .map(|at| format!("a{at}: a{at}"))
        .collect();
    let case = case(&format!(
        r#"
component digest(text: str) -> str {{ python: "steps.py:digest" }}
pipeline hostile({}) -> ({}) {{
{calls}
  return {{ {} }}
}}
"#,
        params.join(", "),
        declared.join(", "),
        outputs.join(", ")
    ))
    .file("steps.py", STEPS);
    let all = |wanted: &dyn Fn(&str) -> String| {
        let entries = HOSTILE
            .iter()
            .enumerate()
            .map(|(at, text)| (format!("a{at}"), json!(wanted(text))));
        json!(entries.collect::<serde_json::Map<_, _>>())
    };
    case.gives(json!({}), all(&hex));
    // The same texts given for the run, but for those that kfp.local reads.
    let given = |text: &str| {
        if is_local_s_own(text) {
            "plain".to_owned()
        } else {
            text.to_owned()
        }
    };
    let arguments: serde_json::Map<_, _> = names
        .iter()
        .zip(HOSTILE)
        .map(|(name, text)| (name.clone(), json!(given(text))))
        .collect();
    case.gives(json!(arguments), all(&|text| hex(&given(text))));
}

#[test]
fn set_values_arrive_as_defaults() {
    let params: Vec<String> = (0..HOSTILE.len()).map(|at| format!("p{at}: str")).collect();
    let calls: String = (0..HOSTILE.len())
        .map(|at| format!("  a{at} = digest(p{at})\n"))
        .collect();
    let declared: Vec<String> = (0..HOSTILE.len()).map(|at| format!("a{at}: str")).collect();
    let outputs: Vec<String> = (0..HOSTILE.len())
        .map(|at| format!("a{at}: a{at}"))
        .collect();
    let mut case = case(&format!(
        "component digest(text: str) -> str {{ python: \"steps.py:digest\" }}\npipeline hostile({}) -> ({}) {{\n{calls}  return {{ {} }}\n}}\n",
        params.join(", "),
        declared.join(", "),
        outputs.join(", ")
    ))
    .file("steps.py", STEPS);
    for (at, text) in HOSTILE.iter().enumerate() {
        case = case.set(format!("p{at}={text}"));
    }
    let expected = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("a{at}"), json!(hex(text))));
    case.gives(
        json!({}),
        json!(expected.collect::<serde_json::Map<_, _>>()),
    );
}

#[test]
fn constants_arrive_at_commands_or_are_refused() {
    let dump = "printf %s \\\"$1\\\" | od -An -tx1 -v | tr -d ' \\\\n' > \\\"$0\\\"";
    let components = format!(
        r#"
component in_shell(text: str) -> str {{
  image: "busybox:1.36"
  shell: """
    printf %s "$text" | od -An -tx1 -v | tr -d ' \n' > "$output"
  """
}}
component in_argv(text: str) -> str {{
  image: "busybox:1.36"
  run: ["sh", "-c", "{dump}", output, text]
}}
"#
    );
    let lost = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{ffff}');
    let mut calls = String::new();
    let mut declared = Vec::new();
    let mut outputs = Vec::new();
    let mut expected = serde_json::Map::new();
    for (at, text) in HOSTILE.iter().enumerate() {
        let text_ = literal(text);
        if text.contains(lost) {
            let source = format!("{components}pipeline lost() {{\n  in_shell({text_})\n}}\n");
            assert_eq!(case(&source).codes(), ["E0612"]);
            continue;
        }
        calls.push_str(&format!(
            "  a{at} = in_shell({text_})\n  b{at} = in_argv({text_})\n"
        ));
        for name in [format!("a{at}"), format!("b{at}")] {
            declared.push(format!("{name}: str"));
            outputs.push(format!("{name}: {name}"));
            expected.insert(name, json!(hex(text)));
        }
    }
    case(&format!(
        "{components}pipeline hostile() -> ({}) {{\n{calls}  return {{ {} }}\n}}\n",
        declared.join(", "),
        outputs.join(", ")
    ))
    .gives(json!({}), json!(expected));
}

#[test]
fn sources_and_scripts_arrive_as_they_are() {
    let source = "\n# python3 {{workflow.name}} $$ $(HOME)\ndef echo():\n    name = '{{' + \"\"\"}}\n\ttab $$(x)\"\"\"\n    return f\"{{{name}}} \\\\ é\"\n";
    case(
        r#"
component echo() -> str { python: "steps.py:echo" }
component script() -> str {
  image: "busybox:1.36"
  shell: """
    # {{workflow.name}} python3
    x='{{' ; y="$(echo '}} \ $$')"
    printf %s "$x$y" > "$output"
  """
}
component listed() -> str {
  image: "busybox:1.36"
  run: ["sh", "-c", "printf %s \"$1\" > \"$0\"", output, "{{a}} $$"]
}
pipeline texts() -> (a: str, b: str, c: str) {
  a = echo()
  b = script()
  c = listed()
  return { a: a, b: b, c: c }
}
"#,
    )
    .file("steps.py", source)
    .gives(
        json!({}),
        json!({ "a": "{{{}}\n\ttab $$(x)} \\ é", "b": "{{}} \\ $$", "c": "{{a}} $$" }),
    );
}

#[test]
fn what_can_not_be_carried_is_refused() {
    let step = "component echo(text: str, n: int) -> str { python: \"steps.py:echo\" }\n";
    for (source, code) in [
        ("pipeline p() { echo(\"a\\u{0}b\", 1) }", "E0612"),
        (
            "pipeline p(text: str = \"a\\u{0}b\") { echo(text, 1) }",
            "E0612",
        ),
        ("pipeline p() { echo(\"a\", 9007199254740993) }", "E0614"),
        (
            "pipeline p(xs: list[str] = [\"{{x}}\"]) { echo(\"a\", 1) }",
            "E0612",
        ),
        (
            "pipeline p() { echo(\"a\", 1) with { env: { X: \"$(HOME)\" } } }",
            "E0612",
        ),
    ] {
        let case = case(&format!("{step}{source}\n"))
            .file("steps.py", "def echo(text, n):\n    return text\n");
        assert!(case.codes().contains(&code), "{source}: {:?}", case.codes());
    }
}
