//! Text is data: what goes into a run comes out of it byte for byte.

use serde_json::{Value, json};

use crate::support::*;

/// Texts that some layer might take for more than text.
pub fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\n",
        "a\nb\n",
        "\n\n",
        "a\r\nb\r",
        "\t",
        "'",
        "\"",
        "\\",
        "\\n",
        "'\"'\"'",
        "`id`",
        "$(touch pwned)",
        "${HOME}",
        "$HOME",
        "$$",
        "$1",
        "%s%n",
        "{{inputs.parameters.x}}",
        "{{workflow.name}}",
        "{% raw %}",
        "{{ x }}",
        "{x}",
        "}}",
        "{{",
        "{{$}}",
        "-",
        "--",
        "-n",
        "-e x",
        "--help",
        "*",
        "?",
        "[a-z]",
        "~",
        "a b  c",
        " lead",
        "trail ",
        "#",
        "# no comment",
        ";",
        "; touch pwned",
        "&& touch pwned",
        "| cat",
        "> pwned",
        "!x",
        "^",
        "null",
        "true",
        "True",
        "None",
        "0",
        "1e5",
        "NaN",
        "[]",
        "{}",
        "\"quoted\"",
        "script.sh",
        "python3",
        "../../etc/passwd",
        "<script>",
        "&amp;",
        "é",
        "日本語",
        "🦀",
        "\u{feff}bom",
        "\u{202e}rtl",
        "\u{2028}",
        "\u{7f}",
        "\u{1}\u{2}\u{1b}[31m",
        "EOF",
        "'''",
        "\"\"\"",
        "f\"{x}\"",
        "__import__('os')",
        "%(x)s",
        "x=y",
        "=",
        "@file",
        "\\u0041",
        "\\x41",
        "\\0",
        "C:\\dir\\",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("long ".repeat(10_000));
    texts
}

/// Writes every text that comes back to a list, in order, for all the ways in.
#[test]
fn texts_arrive_byte_for_byte_through_shell_and_run() {
    let place = Place::new();
    let components = json!({
        "shell": shell("printf '%s\\n' \"$text\" > \"$output\"", &[("text", json!("str"))], &[("output", json!("str"))]),
        "argv": argv(json!(["sh", "-c", "printf '%s\\n' \"$1\" > \"$2\"", "sh", {"port": "text"}, {"port": "output"}]),
            &[("text", json!("str"))], &[("output", json!("str"))]),
        "json": shell("printf '%s' \"$list\" > \"$output\"", &[("list", json!({"list": {"dict": "str"}}))],
            &[("output", json!({"list": {"dict": "str"}}))]),
    });
    for text in corpus() {
        let nested = json!([{text.clone(): text.clone()}]);
        let body = json!([
            call("param", "shell", json!({"text": {"param": "text"}})),
            call("literal", "shell", json!({"text": {"lit": text}})),
            call("argv", "argv", json!({"text": {"param": "text"}})),
            call("again", "argv", json!({"text": {"task": "literal"}})),
            call("json", "json", json!({"list": {"lit": nested}})),
        ]);
        let plan = with(
            plan(components.clone(), body),
            json!({
                "params": [{"name": "text", "type": "str"}],
                "outputs": {"param": {"task": "param"}, "literal": {"task": "literal"}, "argv": {"task": "argv"}, "again": {"task": "again"},
                    "json": {"task": "json"}, "self": {"concat": [{"param": "text"}, {"lit": "|"}, {"param": "text"}]}},
            }),
        );
        let report = place.run_with(&plan, |options| {
            options.set = vec![("text".into(), text.clone())]
        });
        let expected = json!({"param": text, "literal": text, "argv": text, "again": text, "json": nested, "self": format!("{text}|{text}")});
        assert_eq!(outputs(&report), expected, "{:?}", messages(&report));
    }
    assert!(!std::path::Path::new("pwned").exists());
}

#[test]
fn a_nul_is_refused_with_a_reason() {
    let place = Place::new();
    let components = json!({"shell": shell("", &[("text", json!("str"))], &[]), "argv": argv(json!(["echo", {"port": "text"}]), &[("text", json!("str"))], &[])});
    let body = json!([
        call("shell", "shell", json!({"text": {"lit": "a\u{0}b"}})),
        call("argv", "argv", json!({"text": {"lit": "\u{0}"}}))
    ]);
    let report = place.run_with(&plan(components, body), |options| {
        options.jobs = Some(1.try_into().unwrap())
    });
    let why = "`text` holds a NUL character, which can't be passed to a program";
    assert_eq!(
        messages(&report),
        [format!("shell: {why}"), format!("argv: {why}")]
    );
}

#[test]
fn values_too_long_for_an_argument_go_by_file() {
    let place = Place::new();
    let long = "x$(id)'\n".repeat(40_000) + "\n\n";
    let texts: Vec<String> = (0..30).map(|n| format!("{n}").repeat(60_000)).collect();
    let ports: Vec<(String, Value)> = (0..30).map(|n| (format!("p{n}"), json!("str"))).collect();
    let ports: Vec<(&str, Value)> = ports
        .iter()
        .map(|(name, ty)| (name.as_str(), ty.clone()))
        .collect();
    let script: String = (0..30).map(|n| format!("printf %s \"$p{n}\";")).collect();
    let components = json!({
        "one": shell("printf '%s\\n' \"$text\" > \"$output\"", &[("text", json!("str"))], &[("output", json!("str"))]),
        "many": shell(&format!("({script}) > \"$output\""), &ports, &[("output", json!("str"))]),
        "argv": argv(json!(["echo", {"port": "text"}]), &[("text", json!("str"))], &[]),
        "script": shell(&format!("echo $text > $output\n{}", "# a long script\n".repeat(20_000)), &[("text", json!("str"))], &[("output", json!("str"))]),
    });
    let args: serde_json::Map<String, Value> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (format!("p{n}"), json!({"lit": text})))
        .collect();
    let body = json!([
        call("one", "one", json!({"text": {"lit": long}})),
        call("many", "many", args.into()),
        call("argv", "argv", json!({"text": {"lit": long}})),
        call("script", "script", json!({"text": {"lit": "short"}})),
    ]);
    let returns = json!({"outputs": {"one": {"task": "one"}, "many": {"task": "many"}, "script": {"task": "script"}}});
    let report = place.run(&with(plan(components, body), returns));
    assert_eq!(
        states(&report),
        "one succeeded, many succeeded, argv failed, script succeeded"
    );
    assert!(report.outputs["one"].text() == long);
    assert!(report.outputs["many"].text() == texts.concat());
    assert_eq!(report.outputs["script"].text(), "short");
    let message = &messages(&report)[0];
    assert!(
        message.contains("has 320002 bytes, and more than 102400 can't be passed to a program"),
        "{message}"
    );
}

#[test]
fn hostile_task_names_of_loops_make_files_of_their_own() {
    let place = Place::new();
    let components = json!({"step": shell("echo $x", &[("x", json!("str"))], &[])});
    let body = json!([{"for": "each", "var": "x", "in": {"lit": ["a", "../b"]}, "body": [call("step", "step", json!({"x": {"item": "x"}}))]}]);
    let report = place.run(&plan(components, body));
    assert_eq!(
        files(&report.folder.join("log")),
        ["each[0].step.1.log", "each[1].step.1.log"]
    );
}
