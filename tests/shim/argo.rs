use base64::Engine;
use mlpc::shim::argo::{From, Step, To, command, description};
use mlpc::shim::{By, Carried, Code, Expr, Given, Input, Output, Take, Work};
use serde_json::{Value as Json, json};

use super::{HOSTILE, Place, refused, succeeded};

fn step(source: &str) -> Step {
    Step {
        work: Work::Function {
            function: "f".into(),
            code: Code::Embedded {
                file: "steps.py".into(),
                source: source.into(),
            },
        },
        reads: vec![],
        inputs: vec![],
        outputs: vec![],
        packages: vec![],
    }
}

fn input(name: &str, ty: impl Into<Json>, from: From) -> Input<From> {
    Input {
        name: name.into(),
        ty: ty.into(),
        take: Take::Value,
        given: Given::Engine(from),
        carried: None,
    }
}

fn output(place: &Place, name: &str, ty: impl Into<Json>, by: By) -> Output<To> {
    Output {
        name: name.into(),
        ty: ty.into(),
        by,
        to: To {
            path: place.text(&format!("out/{name}")),
            digest: None,
        },
        carried: None,
    }
}

fn run(place: &Place, step: &Step, values: &[&str]) -> std::process::Output {
    let mut words = command(step)[1..].to_vec();
    words.push(description(step));
    words.extend(values.iter().map(|value| value.to_string()));
    place.python(&words)
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn values_come_as_texts_from_arguments_and_files() {
    let place = Place::new();
    let mut step = step("def f(n, x, o, xs, big, none): return repr([n, x, o, xs, big, none])");
    let big = place.write("in/big", "[1, 2]");
    let each = Carried::Each(Carried::Base64.into());
    step.inputs = vec![
        input("n", "int", From::Arg(0)),
        input("x", "float", From::Arg(1)),
        Input {
            carried: Some(Carried::Base64),
            ..input("o", "str?", From::Arg(2))
        },
        Input {
            carried: Some(each),
            ..input("xs", json!({"list": "str"}), From::Arg(3))
        },
        input(
            "big",
            json!({"list": "float"}),
            From::File(big.to_str().unwrap().into()),
        ),
        Input {
            given: Given::Computed {
                expr: Expr::Lit(Json::Null),
            },
            ..input("none", "int?", From::Arg(0))
        },
    ];
    step.outputs = vec![output(&place, "o1", "str", By::Returned)];
    let gathered = json!([base64("a\n"), base64("")]).to_string();
    succeeded(&run(
        &place,
        &step,
        &["3", "1e-05", &base64("\"null\""), &gathered],
    ));
    assert_eq!(
        place.read("out/o1"),
        r"[3, 1e-05, 'null', ['a\n', ''], [1.0, 2.0], None]"
    );
    refused(
        &run(&place, &step, &["3", "1", "?", "[]"]),
        "input `o`: expected base64, got '?'",
    );
    // All texts of a gather were lists: the engine made one list of them.
    step.inputs = vec![Input {
        carried: Some(Carried::Each(Carried::Text.into())),
        ..input("xs", json!({"list": {"list": "int"}}), From::Arg(0))
    }];
    if let Work::Function {
        code: Code::Embedded { source, .. },
        ..
    } = &mut step.work
    {
        *source = "def f(xs): return repr(xs)".into();
    }
    for given in ["[[1.0], []]", r#"["[1]", "[]"]"#] {
        succeeded(&run(&place, &step, &[given]));
        assert_eq!(place.read("out/o1"), "[[1], []]");
    }
}

#[test]
fn hostile_text_passes() {
    let place = Place::new();
    let mut step = step("def f(a, b): assert a == b; return dict(plain=a, encoded=b)");
    step.inputs = vec![
        input("a", "str", From::Arg(0)),
        Input {
            carried: Some(Carried::Base64),
            ..input("b", "str", From::Arg(1))
        },
    ];
    step.outputs = vec![
        output(&place, "plain", "str", By::Returned),
        Output {
            carried: Some(Carried::Base64),
            ..output(&place, "encoded", "str", By::Returned)
        },
    ];
    for text in HOSTILE {
        succeeded(&run(&place, &step, &[text, &base64(text)]));
        let plain = place.read("out/plain");
        assert_eq!(plain.strip_suffix('\n').unwrap_or(&plain), *text);
        assert_eq!(place.read("out/encoded"), base64(text));
    }
}

#[test]
fn artifacts_are_where_the_description_says() {
    let place = Place::new();
    let mut step = step("def f(data, many, folder, none): return repr([data, many, folder, none])");
    for name in ["in/folder/000001", "in/folder/000000"] {
        place.write(name, "");
    }
    let artifact = |name, ty: Json, from| Input {
        take: Take::Str,
        ..input(name, ty, from)
    };
    step.inputs = vec![
        artifact("data", json!("artifact"), From::Path("/in/data".into())),
        artifact(
            "many",
            json!({"list": "artifact"}),
            From::Paths(vec!["/in/1".into(), "/in/2".into()]),
        ),
        artifact(
            "folder",
            json!({"list": "artifact"}),
            From::Folder("in/folder".into()),
        ),
        artifact("none", json!("artifact?"), From::Path("/in/none".into())),
    ];
    step.outputs = vec![output(&place, "o", "str", By::Returned)];
    succeeded(&run(&place, &step, &[]));
    assert_eq!(
        place.read("out/o"),
        "['/in/data', ['/in/1', '/in/2'], ['in/folder/000000', 'in/folder/000001'], None]"
    );
}

#[test]
fn a_digest_is_of_names_and_contents() {
    let digest = |files: &[(&str, &str)]| {
        let place = Place::new();
        let make = "import os\ndef f(m):\n    for n, t in FILES:\n        os.makedirs(m + '/' + os.path.dirname(n), exist_ok=True)\n        open(m + '/' + n, 'w').write(t)\n";
        let files = json!(files).to_string();
        let mut step = step(&make.replace("FILES", &files));
        let mut model = output(&place, "m", "artifact", By::Str);
        model.to.digest = Some(place.text("out/digest"));
        step.outputs = vec![model];
        succeeded(&run(&place, &step, &[]));
        place.read("out/digest")
    };
    let first = digest(&[("a", "1"), ("b/c", "2")]);
    assert_eq!(first, digest(&[("b/c", "2"), ("a", "1")]));
    assert_ne!(first, digest(&[("a", "1"), ("b/d", "2")]));
    assert_ne!(first, digest(&[("a", "1"), ("b/c", "3")]));
    assert_eq!(first.len(), 64);
}

#[test]
fn what_the_engine_would_cut_or_round_is_refused() {
    let place = Place::new();
    let mut step = step("def f(n): return [n]");
    step.inputs = vec![input("n", "int", From::Arg(0))];
    step.outputs = vec![output(&place, "o", json!({"list": "int"}), By::Returned)];
    refused(
        &run(&place, &step, &["9007199254740993"]),
        "output `o`: 9007199254740993 is beyond 2^53, and this engine carries numbers as doubles",
    );
    step.outputs = vec![output(&place, "o", json!({"list": "str"}), By::Returned)];
    if let Work::Function {
        code: Code::Embedded { source, .. },
        ..
    } = &mut step.work
    {
        *source = "def f(n): return ['x' * n]".into();
    }
    refused(
        &run(&place, &step, &["262144"]),
        "output `o`: 262148 bytes are more than the 256 KiB that Argo keeps of a value",
    );
}

#[test]
fn a_description_may_be_a_file() {
    let place = Place::new();
    let mut step = step("def f(): return 1");
    step.outputs = vec![output(&place, "o", "int", By::Returned)];
    place.write("step", &description(&step));
    let mut words = command(&step)[1..].to_vec();
    words.push("@step".into());
    succeeded(&place.python(&words));
    assert_eq!(place.read("out/o"), "1");
}
