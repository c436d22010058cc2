//! What is quoted, laid out and translated how. That it is ruff's layout is tested with the real one, in `tests/prefect`.

use serde_json::json;

use super::names::Names;
use super::*;
use crate::value::Value;

fn value(json: serde_json::Value) -> Py {
    Py::Value(Value::from_json(&json))
}

#[test]
fn texts_are_literals() {
    for (text, literal) in [
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("it's", r#""it's""#),
        (r#"say "x""#, r#"'say "x"'"#),
        (r#"'"'"#, r#""'\"'""#),
        ("a\\n\n\t\r", r#""a\\n\n\t\r""#),
        ("\0\u{7f}\u{2028}\u{202e}", r#""\x00\x7f\u2028\u202e""#),
        ("é😀{{ x }}$(x)", r#""é😀{{ x }}$(x)""#),
        ("\u{feff}\u{a0}\u{10ffff}", r#""\ufeff\xa0\U0010ffff""#),
    ] {
        assert_eq!(string(text), literal);
    }
}

#[test]
fn values_are_literals() {
    let all = json!({"a": [1, -2.5, 1e-5, 1e100, true, null], "b'": {}});
    assert_eq!(
        value(all).flat(),
        r#"{"a": [1, -2.5, 1e-05, 1e100, True, None], "b'": {}}"#
    );
}

#[test]
fn operators_keep_their_order() {
    let name = Py::name;
    let less = name("a").binary("<", name("b"));
    let or = Py::Or(vec![name("x"), name("y")]);
    for (py, text) in [
        (
            Py::And(vec![or.clone(), less.clone()]),
            "(x or y) and a < b",
        ),
        (Py::Not(less.clone().into()), "not a < b"),
        (Py::Not(or.clone().into()), "not (x or y)"),
        (less.clone().binary("==", name("c")), "(a < b) == c"),
        (or.clone().item("k"), "(x or y)[\"k\"]"),
        (
            name("a").binary("-", name("b").binary("-", name("c"))),
            "a - (b - c)",
        ),
        (
            Py::Lambda(vec!["x".into()], name("x").is_none().into()),
            "lambda x: x is None",
        ),
    ] {
        assert_eq!(py.flat(), text);
    }
}

#[test]
fn an_fstring_is_one_only_where_every_python_reads_it() {
    let text = |text: &str| Part::Text(text.into());
    let n = || Part::Py(Py::name("n"));
    let key = || Part::Py(Py::name("d").item("k"));
    let odd = || Part::Py(Py::name("d").item("it's"));
    for (parts, literal) in [
        (vec![text("a {b} "), n()], r#"f"a {{b}} {n}""#),
        (vec![text("say \""), n()], r#"f'say "{n}'"#),
        (vec![text("\n"), key()], r#"f"\n{d['k']}""#),
        (
            vec![text("it's "), key()],
            r#""".join(["it's ", str(d["k"])])"#,
        ),
        (vec![odd()], r#""".join([str(d["it's"])])"#),
    ] {
        assert_eq!(Py::Format(parts).flat(), literal);
    }
}

#[test]
fn names_that_python_has_are_others() {
    let mut names = Names::default();
    assert_eq!(names.free("class"), "class_");
    assert_eq!(names.free("list"), "list_");
    assert_eq!(names.free("x"), "x");
    assert_eq!(names.free("x"), "x_");
    assert_eq!(names.free("x"), "x_2");
    assert_eq!(names.free("self"), "self_");
}

#[test]
fn a_template_quotes_all_that_is_no_code() {
    let long = "word ".repeat(20);
    let call = Py::call_with(
        "f",
        vec![Py::str("a")],
        vec![
            ("text".into(), Py::str(long.trim())),
            ("n".into(), Py::int(1)),
        ],
    );
    let body = vec![
        Stmt::If {
            branches: vec![(Py::name("c"), vec![Stmt::assign("x", call)])],
            otherwise: vec![Stmt::Pass],
        },
        Stmt::Return(Py::none()),
    ];
    let context = json!({});
    assert_eq!(template::render("x = 1\n", &context), "x = 1\n");
    #[derive(serde::Serialize)]
    struct Context {
        hostile: &'static str,
        number: f64,
        doc: minijinja::Value,
        body: minijinja::Value,
    }
    let context = Context {
        hostile: "\"\"\"{{ x }}",
        number: 1.0,
        doc: Code::Docstring("One.\n\n  Two \\ \"\"\".\n".into()).in_template(),
        body: Code::Block(body).in_template(),
    };
    insta::assert_snapshot!(template::render("def f():\n    {{ doc }}\n    y = {{ hostile }}, {{ number }}\n    {{ body }}\n", &context), @r#"
    def f():
        """One.

        Two \\ '''.
        """
        y = '"""{{ x }}', 1.0
        if c:
            x = f(
                "a",
                text="word word word word word word word word word word word word word word word word word word word word",
                n=1,
            )
        else:
            pass
        return None
    "#);
}
