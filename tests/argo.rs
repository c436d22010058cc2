//! Argo: what is emitted, held against what can be had of Argo here.

#[path = "support/build.rs"]
mod build;

use build::*;
use mlpc::graph::*;
use mlpc::target::{Options, Target, argo::Argo};
use mlpc::types::Type;
use mlpc::value::Value;

#[test]
fn first() {
    let load = component(
        "load_data",
        vec![port("uri", Type::Str), port("n", Type::Int)],
        vec![port("raw", dataset()), port("rows", Type::Int), port("name", Type::Str)],
        Step::Run(vec![
            Word::One(vec![Part::Text("python".into())]),
            Word::One(vec![Part::Text("--uri=".into()), Part::Port("uri".into())]),
            Word::One(vec![Part::Port("raw".into())]),
        ]),
    );
    let count = component(
        "row_count",
        vec![port("data", dataset()), port("note", Type::Str), port("k", Type::Int.optional())],
        vec![port("output", Type::Int)],
        Step::Shell("wc -l < \"$data\" > \"$output\"\necho \"$note\"\n".into()),
    );
    let mut p = pipeline("training");
    with_param(&mut p, "data_path", Type::Str, Some(Value::Str("s3://bucket/x".into())));
    with_param(&mut p, "k", Type::Int.optional(), Some(Value::Absent));
    let a = add(
        &mut p,
        "load_data",
        call(
            Callee::Component(ComponentId(0)),
            vec![("uri", param("data_path", Type::Str)), ("n", expr(ExprKind::Const(Value::Int(3)), Type::Int))],
            image("alpine:3.20"),
        ),
        Type::Nothing,
        &[],
        &[],
    );
    let rows = || field(node(a, Type::Nothing), "rows", Type::Int);
    let gate = add(
        &mut p,
        "require",
        NodeKind::Require(Require {
            condition: expr(
                ExprKind::Compare(
                    Comparison::Greater,
                    Box::new(rows()),
                    Box::new(expr(ExprKind::Const(Value::Int(0)), Type::Int)),
                ),
                Type::Bool,
            ),
            message: expr(ExprKind::Concat(vec![text("no rows in "), param("data_path", Type::Str)]), Type::Str),
        }),
        Type::Nothing,
        &[],
        &[],
    );
    let b = add(
        &mut p,
        "row_count",
        call(
            Callee::Component(ComponentId(1)),
            vec![
                ("data", field(node(a, Type::Nothing), "raw", dataset())),
                ("note", expr(ExprKind::Concat(vec![text("rows: "), rows()]), Type::Str)),
                ("k", param("k", Type::Int.optional())),
            ],
            image("alpine:3.20"),
        ),
        Type::Int,
        &[],
        &[gate],
    );
    output(&mut p, "rows", node(b, Type::Int));
    output(&mut p, "raw", field(node(a, Type::Nothing), "raw", dataset()));
    let program = program(vec![load, count], vec![p]);
    let (documents, diagnostics) = Argo.emit(&program, &Options::default());
    println!("{diagnostics:#?}");
    println!("{}", documents[0].text);
}
