//! What `emit::python` lays out is as the real ruff leaves it.

use mlpc::emit::python::{Code, Part, Py, Stmt, template};
use mlpc::value::Value;
use serde_json::json;

use crate::engines::engine;

/// Ruff changes nothing in the statements.
fn stays(statements: Vec<Stmt>) {
    #[derive(serde::Serialize)]
    struct Context {
        body: minijinja::Value,
    }
    let context = Context {
        body: Code::Block(statements).in_template(),
    };
    let text = template::render("def f() -> None:\n    {{ body }}\n", &context);
    let Some(prefect) = engine("prefect") else {
        return;
    };
    let answer = prefect.ask(&json!({ "do": "format", "text": text }));
    assert_eq!(text, answer["text"].as_str().expect("a text"));
}

fn word(length: usize) -> Py {
    Py::name("n".repeat(length))
}

#[test]
fn statements_of_every_length() {
    for length in [1, 4, 9, 16, 25, 36] {
        let n = || word(length);
        let text = || Py::str("x".repeat(length * 2));
        let less = || n().binary("<=", n());
        let and = || Py::And(vec![less(), Py::Not(n().into()), Py::Or(vec![less(), n()])]);
        let choice = || Py::If {
            then: text().into(),
            condition: n().is_none().into(),
            otherwise: n().item("key").into(),
        };
        let format = || {
            Py::Format(vec![
                Part::Text("it is ".into()),
                Part::Py(n()),
                Part::Text(" and more".into()),
            ])
        };
        let lambda = |body: Py| {
            Py::call(
                "later",
                vec![Py::Lambda(vec!["n".into()], body.into()), n()],
            )
        };
        let each = || Py::Each {
            item: Py::name("item").item("k").into(),
            variable: "item".into(),
            items: n().into(),
        };
        let each_of_each = || Py::Each {
            item: Py::name("item").item("n").into(),
            variable: "item".into(),
            items: each().into(),
        };
        let values = [
            n(),
            text(),
            and(),
            choice(),
            format(),
            each(),
            each_of_each(),
            lambda(each()),
            lambda(each_of_each()),
            lambda(and()),
            lambda(choice()),
            lambda(format()),
            lambda(n().item("k")),
            Py::List(vec![n(), text(), and()]),
            Py::Dict(vec![
                (Some(Py::str("a")), and()),
                (None, n()),
                (Some(Py::str("b")), choice()),
            ]),
            Py::call_with(
                "f",
                vec![n(), lambda(format())],
                vec![("named".into(), text())],
            ),
            Py::Tuple(vec![n(), n()]),
        ];
        for value in values {
            stays(vec![
                Stmt::assign("target", value.clone()),
                Stmt::Return(value.clone()),
                Stmt::Expr(Py::call("g", vec![value])),
            ]);
        }
        stays(vec![Stmt::If {
            branches: vec![(and(), vec![Stmt::Return(n())]), (less(), vec![Stmt::Pass])],
            otherwise: vec![Stmt::Pass],
        }]);
    }
}

#[test]
fn texts_of_every_kind() {
    let texts = [
        "",
        "it's",
        "say \"x\"",
        "'\"",
        "a\nb\n",
        "\\",
        "\u{7f}\u{2028}é😀",
        "{{ x }}",
        "$(rm)",
        "line one\nline 'two'\n",
    ];
    for text in texts {
        for times in [1, 12] {
            let text = Py::str(text.repeat(times));
            stays(vec![
                Stmt::assign("x", text.clone()),
                Stmt::Expr(Py::call("f", vec![text.clone()])),
                Stmt::assign("y", Py::Dict(vec![(Some(Py::str("key")), text)])),
            ]);
        }
    }
    for number in [0.0, -1.5, 1e100, 1e-7, 5e15] {
        stays(vec![Stmt::assign("x", Py::Value(Value::Float(number)))]);
    }
}

#[test]
fn docstrings_of_every_kind() {
    for doc in [
        "One line.",
        "Two\nlines.",
        "A \"quote\"",
        "\"\"\"",
        "ends in \\",
        "  blanks \n\n   and more  \n",
        "é😀 {{ x }}",
    ] {
        #[derive(serde::Serialize)]
        struct Context {
            doc: minijinja::Value,
        }
        let context = Context {
            doc: Code::Docstring(doc.into()).in_template(),
        };
        let text = template::render("def f() -> None:\n    {{ doc }}\n", &context);
        let Some(prefect) = engine("prefect") else {
            return;
        };
        let answer = prefect.ask(&json!({ "do": "format", "text": text }));
        assert_eq!(text, answer["text"].as_str().expect("a text"));
    }
}
