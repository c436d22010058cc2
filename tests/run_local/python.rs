//! Python steps: functions of embedded files, their packages and interpreters.

use std::os::unix::fs::PermissionsExt;

use mlpc::run::TaskState;
use serde_json::{Value, json};

use crate::hostile::corpus;
use crate::support::*;

/// A component that calls a function of the source `s1`.
fn function(name: &str, inputs: &[(&str, Value, &str)], outputs: &[(&str, Value, &str)]) -> Value {
    let ports = |ports: &[(&str, Value, &str)]| -> Value {
        ports
            .iter()
            .map(|(name, ty, by)| json!({"name": name, "type": ty, "as": by}))
            .collect()
    };
    json!({"kind": "python", "source": "s1", "function": name, "inputs": ports(inputs), "outputs": ports(outputs),
        "unnamed": matches!(outputs, [("output", ..)])})
}

fn with_source(plan: Value, text: &str) -> Value {
    with(
        plan,
        json!({"sources": {"s1": {"path": "lib/steps.py", "text": text}}}),
    )
}

#[test]
fn functions_take_and_give_values_and_paths() {
    let place = Place::new();
    let source = r#"
from dataclasses import dataclass
from pathlib import Path

def make(text: str, out: Path) -> int:
    out.write_text(text)
    return len(text)

@dataclass
class Result:
    model: str
    score: float
    extra: dict

def train(data: str, n: int, weights: list, maybe=None, unused=3):
    assert isinstance(data, str) and isinstance(n, int) and maybe is None and unused == 3
    with open("model.txt", "w") as file:
        file.write(open(data).read() * n)
    return Result(model="model.txt", score=n, extra={"weights": weights})

def join(models: list):
    return "+".join(open(model).read() for model in models)
"#;
    let (file, files_of) = (
        json!({"artifact": "Dataset"}),
        json!({"list": {"artifact": "Dataset"}}),
    );
    let components = json!({
        "make": function("make", &[("text", json!("str"), "value")], &[("out", file.clone(), "path"), ("length", json!("int"), "returned")]),
        "train": function("train", &[("data", file.clone(), "str"), ("n", json!("int"), "value"), ("weights", json!({"list": "float"}), "value"), ("maybe", json!({"optional": "str"}), "value")],
            &[("model", file, "returned"), ("score", json!("float"), "returned"), ("extra", json!({"dict": {"list": "float"}}), "returned")]),
        "join": function("join", &[("models", files_of, "str")], &[("output", json!("str"), "returned")]),
    });
    let train = |name: &str, n: i64| {
        call(
            name,
            "train",
            json!({"data": {"field": [{"task": "make"}, "out"]}, "n": {"lit": n}, "weights": {"lit": [1, 2.5]}}),
        )
    };
    let model = |name: &str| json!({"field": [{"task": name}, "model"]});
    let body = json!([
        call("make", "make", json!({"text": {"lit": "ab\n"}})),
        train("one", 1),
        with(train("two", 2), json!({"after": ["one"]})),
        call(
            "join",
            "join",
            json!({"models": {"list": [model("two"), model("one")]}})
        )
    ]);
    let plan = with(
        plan(components, body),
        json!({"outputs": {"length": {"field": [{"task": "make"}, "length"]}, "score": {"field": [{"task": "two"}, "score"]},
        "extra": {"field": [{"task": "two"}, "extra"]}, "joined": {"task": "join"}}}),
    );
    let report = place.run(&with_source(plan, source));
    assert_eq!(
        messages(&report),
        [""; 0],
        "{:?}",
        report
            .failures
            .first()
            .and_then(|failure| std::fs::read_to_string(failure.log.as_ref()?).ok())
    );
    assert_eq!(
        outputs(&report),
        json!({"length": 3, "score": 2.0, "extra": {"weights": [1.0, 2.5]}, "joined": "ab\nab\n+ab\n"})
    );
    assert!(
        !std::path::Path::new("model.txt").exists(),
        "a returned file is moved into place"
    );
}

#[test]
fn texts_arrive_byte_for_byte_through_python() {
    let place = Place::new();
    let source = "def echo(text, more):\n    assert more == [{text: text}]\n    return text\n";
    let inputs = [
        ("text", json!("str"), "value"),
        ("more", json!({"list": {"dict": "str"}}), "value"),
    ];
    let components =
        json!({"echo": function("echo", &inputs, &[("output", json!("str"), "returned")])});
    let texts: Vec<String> = corpus()
        .into_iter()
        .chain(["\u{0}a\u{0}".to_owned(), "x\u{1f}".repeat(100_000)])
        .collect();
    let body: Value = texts
        .iter()
        .enumerate()
        .map(|(n, text)| {
            call(
                &format!("t{n}"),
                "echo",
                json!({"text": {"lit": text}, "more": {"lit": [{text: text}]}}),
            )
        })
        .collect();
    let returns: serde_json::Map<String, Value> = (0..texts.len())
        .map(|n| (format!("t{n}"), json!({"task": format!("t{n}")})))
        .collect();
    let report = place.run(&with_source(
        with(plan(components, body), json!({"outputs": returns})),
        source,
    ));
    for (n, text) in texts.iter().enumerate() {
        assert!(
            report.outputs[&format!("t{n}")].text() == *text,
            "{text:?}: {:?}",
            messages(&report)
        );
    }
}

#[test]
fn an_exception_shows_the_users_file_and_line() {
    let place = Place::new();
    let components =
        json!({"bad": function("bad", &[], &[]), "missing": function("missing", &[], &[])});
    let plan = with_source(
        plan(components, json!([task("bad"), task("missing")])),
        "\n\ndef bad():\n    raise ValueError('why')\n",
    );
    let report = place.run(&plan);
    let log = std::fs::read_to_string(report.folder.join("log/bad.1.log")).unwrap();
    assert!(
        log.contains("steps.py\", line 4, in bad") && log.contains("ValueError: why"),
        "{log}"
    );
    let log = std::fs::read_to_string(report.folder.join("log/missing.1.log")).unwrap();
    assert!(log.contains("there is no function `missing`"), "{log}");
}

#[test]
fn python_tasks_are_cached_by_their_source() {
    let place = Place::new();
    let components = json!({"f": function("f", &[], &[("output", json!("int"), "returned")])});
    let plan = plan(components, json!([with(task("f"), json!({"cache": true}))]));
    let run = |source: &str| state(&place.run(&with_source(plan.clone(), source)), "f");
    assert_eq!(run("def f():\n    return 1\n"), TaskState::Succeeded);
    assert_eq!(run("def f():\n    return 1\n"), TaskState::Cached);
    assert_eq!(run("def f():\n    return 2\n"), TaskState::Succeeded);
}

#[test]
fn an_interpreter_that_is_not_there_is_refused() {
    let place = Place::new();
    let plan = with_source(
        plan(json!({"f": function("f", &[], &[])}), json!([task("f")])),
        "def f():\n    pass\n",
    );
    let error = place
        .try_run(&plan, |options| options.python = Some(place.path("none")))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("there is no Python interpreter `{}`", place.text("none"))
    );
    assert_eq!(error.exit_code, 2);
    std::fs::write(
        place.path("broken"),
        "#!/bin/sh\necho no such version >&2; exit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(place.path("broken"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = place
        .try_run(&plan, |options| options.python = Some(place.path("broken")))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("gives no Python interpreter: no such version"),
        "{error}"
    );
    assert!(!place.path("state/runs").exists(), "nothing began");
    // Steps of other kinds need none.
    let other = crate::support::plan(json!({"step": shell("", &[], &[])}), json!([task("step")]));
    let report = place.run_with(&other, |options| options.python = Some(place.path("none")));
    assert_eq!(states(&report), "step succeeded");
}

#[test]
fn packages_that_are_missing_are_named() {
    let place = Place::new();
    let components = json!({"f": function("f", &[], &[])});
    let with_packages = |packages: Value| {
        let body = json!([with(task("f"), json!({"packages": packages}))]);
        with_source(plan(components.clone(), body), "def f():\n    pass\n")
    };
    let run = |packages: Value| {
        place.try_run(&with_packages(packages), |options| options.install = false)
    };
    // pip is there wherever these tests run, and no such package is anywhere.
    assert_eq!(states(&run(json!(["pip"])).unwrap()), "f succeeded");
    assert_eq!(
        states(&run(json!(["pip>1,<1000", "pip; python_version < '3'"])).unwrap()),
        "f succeeded"
    );
    let error = run(json!(["pip>=1000", "no-such-package-mlpc==1.0"])).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("lacks `no-such-package-mlpc==1.0` (not installed), `pip>=1000` ("),
        "{message}"
    );
    assert_eq!(error.exit_code, 2);
    let help = error.help.unwrap();
    assert!(
        help.contains("-m pip install no-such-package-mlpc==1.0 'pip>=1000'`"),
        "{help}"
    );
}

/// A package of our own, so that nothing is fetched: a wheel with one module.
fn wheel(place: &Place) -> String {
    let script = r#"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("mlpc_test_module.py", "VALUE = 42\n")
    wheel.writestr("mlpc_test-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: mlpc-test\nVersion: 1.2\n")
    wheel.writestr("mlpc_test-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("mlpc_test-1.2.dist-info/RECORD", "")
"#;
    let path = place.text("mlpc_test-1.2-py3-none-any.whl");
    assert!(
        std::process::Command::new("python3")
            .args(["-c", script, &path])
            .status()
            .unwrap()
            .success()
    );
    path
}

#[test]
fn an_environment_is_made_once_for_each_set_of_packages() {
    let place = Place::new();
    let wheel = wheel(&place);
    let packages = json!([format!("mlpc-test @ file://{wheel}")]);
    let source = "def f():\n    import mlpc_test_module, sys\n    assert sys.prefix != sys.base_prefix\n    return mlpc_test_module.VALUE\n";
    let components = json!({"f": function("f", &[], &[("output", json!("int"), "returned")])});
    let body = json!([
        with(task("f"), json!({"packages": packages})),
        with(call("g", "f", json!({})), json!({"packages": packages}))
    ]);
    let plan = with_source(
        with(
            plan(components, body),
            json!({"outputs": {"f": {"task": "f"}, "g": {"task": "g"}}}),
        ),
        source,
    );
    let report = place.run(&plan);
    assert_eq!(
        outputs(&report),
        json!({"f": 42, "g": 42}),
        "{:?}",
        messages(&report)
    );
    // Nothing is installed again, so nothing is asked for.
    std::fs::remove_file(wheel).unwrap();
    let report = place.run_with(&plan, |options| options.install = false);
    assert_eq!(outputs(&report), json!({"f": 42, "g": 42}));
    // One that was not finished does not count.
    let marker = files(&place.path("state/envs"))
        .into_iter()
        .find(|name| name.ends_with("/mlpc.json"))
        .unwrap();
    std::fs::remove_file(place.path("state/envs").join(marker)).unwrap();
    let error = place.try_run(&plan, |_| ()).unwrap_err();
    assert!(
        error.to_string().starts_with("can't make an environment"),
        "{error}"
    );
}

#[test]
fn an_environment_that_can_not_be_made_says_why() {
    let place = Place::new();
    let body = json!([with(
        task("f"),
        json!({"packages": [format!("mlpc-none @ file://{}/nowhere.whl", place.text("x"))]})
    )]);
    let plan = with_source(
        plan(json!({"f": function("f", &[], &[])}), body),
        "def f():\n    pass\n",
    );
    let error = place.try_run(&plan, |_| ()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("can't make an environment with mlpc-none @ file://"),
        "{message}"
    );
    assert!(message.contains("\n  | "), "{message}");
    assert_eq!(error.exit_code, 2);
}
