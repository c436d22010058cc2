use mlpc::graph::{Part, Word};
use mlpc::shim::kubeflow::{Key, Step, description, source, text};
use mlpc::shim::{By, Carried, Code, Expr, Given, Input, Output, Take, Work};
use serde_json::{Value as Json, json};

use super::{HOSTILE, Place, refused, stderr, succeeded};

fn function(source: &str) -> Work {
    Work::Function {
        function: "f".into(),
        code: Code::Embedded {
            file: "lib/steps.py".into(),
            source: source.into(),
        },
    }
}

fn step(work: Work) -> Step {
    Step {
        work,
        reads: vec![],
        inputs: vec![],
        outputs: vec![],
        packages: vec![],
    }
}

fn input(name: &str, ty: impl Into<Json>) -> Input<Key> {
    Input {
        name: name.into(),
        ty: ty.into(),
        take: Take::Value,
        given: Given::Engine(Key::default()),
        carried: None,
    }
}

fn output(name: &str, ty: impl Into<Json>, by: By) -> Output<Key> {
    Output {
        name: name.into(),
        ty: ty.into(),
        by,
        to: Key::default(),
        carried: None,
    }
}

/// Runs a step as the launcher does. Outputs go to `out/NAME`.
fn run(place: &Place, step: &Step, parameters: Json, artifacts: Json) -> std::process::Output {
    let mut outputs =
        json!({"parameters": {}, "artifacts": {}, "outputFile": place.text("run/output.json")});
    for output in &step.outputs {
        let key = output.to.key.as_deref().unwrap_or(&output.name);
        let path = place.text(&format!("out/{key}"));
        if output
            .ty
            .as_str()
            .is_some_and(|ty| ty.starts_with("artifact"))
        {
            let artifact =
                json!({"name": "n", "uri": path, "metadata": {"display": "d"}, "type": {}});
            outputs["artifacts"][key] = json!({"artifacts": [artifact]});
        } else {
            outputs["parameters"][key] = json!({ "outputFile": path });
        }
    }
    let given = json!({"inputs": {"parameterValues": parameters, "artifacts": artifacts}, "outputs": outputs});
    let mut words = vec![
        "-u".into(),
        "-c".into(),
        text(&step.needs()),
        given.to_string(),
        description(step),
    ];
    // In pieces, as the target writes a long one.
    words.extend(
        source(step)
            .as_bytes()
            .chunks(100 << 10)
            .map(|piece| String::from_utf8(piece.to_vec()).unwrap()),
    );
    place.python(&words)
}

#[test]
fn values_come_as_doubles_and_leave_as_their_text() {
    let place = Place::new();
    let mut step = step(function(
        "def f(n, xs, t, o, d): return dict(r=repr([n, xs, t, o, d]), n=n, x=2, o=None, s='a\\n')",
    ));
    step.inputs = vec![
        input("n", "int"),
        input(
            "xs",
            json!({"list": {"record": {"n": "int", "x": "float"}}}),
        ),
        input("t", "bool"),
        input("o", "str?"),
        input("d", json!({"optional": {"dict": "int"}})),
    ];
    step.outputs = vec![
        output("r", "str", By::Returned),
        output("n", "int", By::Returned),
        output("x", "float", By::Returned),
        output("o", "int?", By::Returned),
        output("s", "str", By::Returned),
    ];
    let given = json!({"n": 3.0, "xs": [{"n": 1.0, "x": 2.0}], "t": true, "o": "\"null\"", "d": "{\"a\": 9007199254740993}"});
    succeeded(&run(&place, &step, given, json!({})));
    assert_eq!(
        place.read("out/r"),
        "[3, [{'n': 1, 'x': 2.0}], True, 'null', {'a': 9007199254740993}]"
    );
    assert_eq!(place.read("out/n"), "3");
    assert_eq!(place.read("out/x"), "2.0");
    assert_eq!(place.read("out/o"), "null");
    assert_eq!(place.read("out/s"), "a\n");
    assert_eq!(
        serde_json::from_str::<Json>(&place.read("run/output.json")).unwrap(),
        json!({"artifacts": {}})
    );
}

#[test]
fn hostile_text_passes_as_it_is_and_as_base64() {
    use base64::Engine;
    let place = Place::new();
    let mut step = step(function("def f(a, b, c): assert a == b == c[0]; return a"));
    let base64 = |name, ty: Json| Input {
        carried: Some(Carried::Base64),
        ..input(name, ty)
    };
    step.inputs = vec![
        input("a", "str"),
        base64("b", json!("str")),
        base64("c", json!({"list": "str"})),
    ];
    step.outputs = vec![output("o", "str", By::Returned)];
    for text in HOSTILE {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let given = json!({"a": text, "b": encode(text), "c": encode(&json!([text]).to_string())});
        succeeded(&run(&place, &step, given, json!({})));
        assert_eq!(place.read("out/o"), *text);
    }
}

#[test]
fn artifacts_are_mapped_and_named() {
    let place = Place::new();
    let mut step = step(function(
        "def f(data, many, none, report):\n    report.write_text(repr([data, many, none]))\n    return open('made', 'w').name",
    ));
    let artifact = |name, ty: Json, take| Input {
        take,
        ..input(name, ty)
    };
    step.inputs = vec![
        artifact("data", json!("artifact"), Take::Str),
        artifact("many", json!({"list": "artifact"}), Take::Path),
        artifact("none", json!("artifact?"), Take::Path),
    ];
    let mut report = output("report", "artifact", By::Path);
    report.to.key = Some("Report".into());
    step.outputs = vec![report, output("model", "artifact", By::Returned)];
    let given = json!({
        "data": {"artifacts": [{"uri": "gs://bucket/a b"}]},
        "many": {"artifacts": [{"uri": "minio://b/1"}, {"uri": "s3://b/2"}, {"uri": "oci://r/3"}, {"uri": "/plain"}]},
    });
    succeeded(&run(&place, &step, json!({}), given));
    let written: Json = serde_json::from_str(&place.read("run/output.json")).unwrap();
    let uri = |key: &str, name: &str| {
        let artifact = &written["artifacts"][key]["artifacts"][0];
        assert_eq!(
            (&artifact["name"], &artifact["metadata"]),
            (&json!("n"), &json!({"display": "d"}))
        );
        // In a folder of the task's own.
        let uri = artifact["uri"].as_str().unwrap().to_owned();
        assert!(
            uri.starts_with(&place.text("out/"))
                && uri.ends_with(&format!("/{name}"))
                && uri != place.text(&format!("out/{name}"))
        );
        uri
    };
    assert_eq!(
        std::fs::read_to_string(uri("Report", "Report")).unwrap(),
        "['/gcs/bucket/a b', [PosixPath('/minio/b/1'), PosixPath('/s3/b/2'), PosixPath('/oci/r_3'), PosixPath('/plain')], None]"
    );
    assert!(std::fs::exists(uri("model", "model")).unwrap());
}

#[test]
fn expressions_are_computed_before_the_call() {
    let place = Place::new();
    let inside = |name: &str| Expr::In(name.into());
    let computed = |name, ty: Json, expr| Input {
        given: Given::Computed { expr },
        ..input(name, ty)
    };
    let mut step = step(function(
        "def f(msg, k, xs, m, none, y): return repr([msg, k, xs, m, none, y])",
    ));
    step.reads = vec![
        input("a", "float"),
        input("b", "int?"),
        input("rows", json!({"list": {"record": {"n": "int"}}})),
    ];
    step.inputs = vec![
        computed(
            "msg",
            json!("str"),
            Expr::Concat(vec![
                Expr::Lit(json!("a=")),
                inside("a"),
                inside("rows"),
                Expr::Lit(json!(true)),
            ]),
        ),
        computed(
            "k",
            json!("float"),
            Expr::Coalesce(inside("b").into(), Expr::Lit(json!(5)).into()),
        ),
        computed(
            "xs",
            json!({"list": "float"}),
            Expr::Field(inside("rows").into(), "n".into()),
        ),
        computed(
            "m",
            json!({"dict": {"list": "int?"}}),
            Expr::Map(
                [("x".to_owned(), Expr::List(vec![inside("b")]))]
                    .into_iter()
                    .collect(),
            ),
        ),
        computed("none", json!("str?"), Expr::Lit(Json::Null)),
        computed(
            "y",
            json!("bool"),
            Expr::And(vec![
                Expr::Not(Expr::Lit(json!(false)).into()),
                Expr::Compare("<=", inside("a").into(), Expr::Lit(json!(1.5)).into()),
            ]),
        ),
    ];
    step.outputs = vec![output("o", "str", By::Returned)];
    let given = json!({"a": 1.0, "b": "null", "rows": [{"n": 1.0}, {"n": 2.0}]});
    succeeded(&run(&place, &step, given, json!({})));
    assert_eq!(
        place.read("out/o"),
        r#"['a=1.0[{"n": 1}, {"n": 2}]true', 5.0, [1.0, 2.0], {'x': [None]}, None, True]"#
    );
}

#[test]
fn steps_that_are_expressions() {
    let place = Place::new();
    let mut give = step(Work::Give {
        give: [
            ("url".to_owned(), Expr::Lit(Json::Null)),
            (
                "ok".to_owned(),
                Expr::Compare(
                    "==",
                    Expr::In("s".into()).into(),
                    Expr::Lit(json!("succeeded")).into(),
                ),
            ),
        ]
        .into_iter()
        .collect(),
    });
    give.reads = vec![
        Input {
            carried: Some(Carried::Status),
            ..input("s", "str")
        },
        Input {
            carried: Some(Carried::Day),
            ..input("day", "date")
        },
    ];
    give.outputs = vec![
        output("url", "str?", By::Returned),
        output("ok", "bool", By::Returned),
    ];
    for (state, ok) in [
        ("SUCCEEDED", "true"),
        ("COMPLETE", "true"),
        ("FAILED", "false"),
    ] {
        succeeded(&run(
            &place,
            &give,
            json!({"s": {"state": state}, "day": "2024-01-31T00:00:00Z"}),
            json!({}),
        ));
        assert_eq!(
            (place.read("out/url"), place.read("out/ok")),
            ("null".into(), ok.into())
        );
    }
    let mut fail = step(Work::Fail {
        fail: Expr::Concat(vec![
            Expr::Lit(json!("no rows in ")),
            Expr::In("path".into()),
        ]),
    });
    fail.reads = vec![input("path", "str")];
    refused(
        &run(&place, &fail, json!({"path": "s3://b"}), json!({})),
        "no rows in s3://b",
    );
}

#[test]
fn gathered_texts_are_read_item_by_item() {
    let place = Place::new();
    let mut step = step(function("def f(xs): return repr(xs)"));
    step.inputs = vec![Input {
        carried: Some(Carried::Each(Carried::Text.into())),
        ..input("xs", json!({"list": "str?"}))
    }];
    step.outputs = vec![output("o", "str", By::Returned)];
    succeeded(&run(
        &place,
        &step,
        json!({"xs": ["null", "\"null\"", "\"a\""]}),
        json!({}),
    ));
    assert_eq!(place.read("out/o"), "[None, 'null', 'a']");
}

#[test]
fn what_the_engine_cannot_carry_is_refused() {
    let place = Place::new();
    let mut step = step(function("def f(): return 2**53 + 1"));
    step.outputs = vec![output("o", "int", By::Returned)];
    refused(
        &run(&place, &step, json!({}), json!({})),
        "output `o`: 9007199254740993 is beyond 2^53, and this engine carries numbers as doubles",
    );
    step.inputs = vec![input("x", "int")];
    refused(
        &run(&place, &step, json!({}), json!({})),
        "input `x`: the engine gave no value",
    );
    refused(
        &run(&place, &step, json!({"x": 1.5}), json!({})),
        "input `x`: expected int, got float 1.5",
    );
}

#[test]
fn commands_run_with_arguments() {
    let place = Place::new();
    let port = |name: &str| Part::Port(name.into());
    let text = |text: &str| Part::Text(text.into());
    let mut run_step = step(Work::Run(vec![
        Word::One(vec![text("sh")]),
        Word::One(vec![text("-c")]),
        Word::One(vec![text(
            "out=$1; shift; for x in \"$@\"; do printf '%s|' \"$x\"; done > \"$out\"",
        )]),
        Word::One(vec![text("sh")]),
        Word::One(vec![port("o")]),
        Word::One(vec![text("--s="), port("s"), text("{{")]),
        Word::Group(vec![vec![text("--none")], vec![port("none")]]),
        Word::Group(vec![vec![text("--n")], vec![port("n")]]),
        Word::One(vec![port("many")]),
    ]));
    run_step.inputs = vec![
        input("s", "str"),
        input("none", "int?"),
        input("n", "int?"),
        Input {
            take: Take::Str,
            ..input("many", json!({"list": "artifact"}))
        },
    ];
    run_step.outputs = vec![output("o", "str", By::Str)];
    let many = json!({"many": {"artifacts": [{"uri": "/1"}, {"uri": "/2"}]}});
    succeeded(&run(
        &place,
        &run_step,
        json!({"s": "a b\n$(x)", "none": "null", "n": "4"}),
        many.clone(),
    ));
    assert_eq!(place.read("out/o"), "--s=a b\n$(x){{|--n|4|/1|/2|");

    let mut shell = step(Work::Shell {
        shell: "printf '%s' \"$s,${none-absent},$f,$many\" > \"$o\"; exit ${#t}".into(),
    });
    shell.inputs = vec![
        input("s", "str"),
        input("none", "int?"),
        input("f", "float"),
        Input {
            take: Take::Str,
            ..input("many", json!({"list": "artifact"}))
        },
        input("t", "str"),
    ];
    shell.outputs = vec![output("o", "str", By::Str)];
    let given = |t: &str| json!({"s": "a'\"$(x)", "none": "null", "f": 2.0, "t": t});
    succeeded(&run(&place, &shell, given(""), many.clone()));
    assert_eq!(place.read("out/o"), "a'\"$(x),absent,2.0,/1\n/2");
    assert_eq!(
        run(&place, &shell, given("12345"), many).status.code(),
        Some(5)
    );
    refused(
        &run(
            &place,
            &step(Work::Run(vec![Word::One(vec![text("no-such-command")])])),
            json!({}),
            json!({}),
        ),
        "no-such-command: No such file or directory",
    );
}

#[test]
fn long_sources_are_split_and_leave_nothing_behind() {
    let place = Place::new();
    std::fs::create_dir(place.path("tmp")).unwrap();
    let source = format!(
        "import multiprocessing, os\n# {}\ndef twice(x): return 2 * x\ndef f():\n    os.environ['TMPDIR'] = ''\n    \
         with multiprocessing.get_context('spawn').Pool(1) as pool:\n        return pool.map(twice, [1, 2])[1]\n",
        "x".repeat(200_000)
    );
    let mut step = step(function(&source));
    step.outputs = vec![output("o", "int", By::Returned)];
    succeeded(&run(&place, &step, json!({}), json!({})));
    assert_eq!(place.read("out/o"), "4");
}

#[test]
fn packages_that_are_there_are_not_installed() {
    let place = Place::new();
    // A package as pip leaves it, found from the folder that the step runs in.
    place.write(
        "thing-1.2.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: thing\nVersion: 1.2\n",
    );
    place.write("thing.py", "def f():\n    return 1\n");
    let mut step = step(Work::Function {
        function: "f".into(),
        code: Code::Installed {
            module: "thing".into(),
        },
    });
    step.outputs = vec![output("o", "int", By::Returned)];
    step.packages = vec!["thing==1.2".into()];
    succeeded(&run(&place, &step, json!({}), json!({})));
    assert_eq!(place.read("out/o"), "1");
    // What is not there is asked of pip, which here finds no index.
    step.packages.push("-r/none".into());
    let ran = run(&place, &step, json!({}), json!({}));
    let last = stderr(&ran).lines().last().unwrap_or_default().to_owned();
    assert_eq!(
        last,
        "mlpc: pip could not install thing==1.2, -r/none (exit code 1)"
    );
    assert_eq!(ran.status.code(), Some(1));
}
