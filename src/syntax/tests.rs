//! What the parser makes of texts: the newline rule, blocks and records, words as names, trees, reports.

use super::ast::{self, AstNode, BinaryOp, Expr, FStringPart, LiteralValue, Stmt};
use super::{Parse, SyntaxKind, SyntaxNode, parse};
use crate::diagnostics::codes;
use crate::source::{FileId, SourceMap};

mod mistakes;

fn parsed(text: &str) -> Parse {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.syntax().text().to_string(), text);
    parse
}

fn codes_of(text: &str) -> Vec<&'static str> {
    parsed(text)
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .collect()
}

/// The syntax of a text without any fault.
fn good(text: &str) -> ast::File {
    let parse = parsed(text);
    assert!(
        parse.diagnostics.is_empty(),
        "{text}\n{:#?}",
        parse.diagnostics
    );
    parse.ast()
}

/// The statements of a pipeline with this body.
fn statements(body: &str) -> Vec<Stmt> {
    let file = good(&format!("pipeline p() {{\n{body}\n}}\n"));
    let Some(ast::Item::Pipeline(pipeline)) = file.items().next() else {
        panic!("no pipeline");
    };
    pipeline.statements()
}

/// The codes for a pipeline with this body.
fn faults(body: &str) -> Vec<&'static str> {
    codes_of(&format!("pipeline p() {{\n{body}\n}}\n"))
}

/// An expression as a term that shows how it groups.
fn term(expr: &Expr) -> String {
    let inner = |expr: Option<Expr>| expr.map_or("?".to_owned(), |expr| term(&expr));
    match expr {
        Expr::Binary(node) => format!(
            "({} {} {})",
            inner(node.left()),
            node.op().map_or("?", BinaryOp::symbol),
            inner(node.right())
        ),
        Expr::Unary(node) => match node.op() {
            Some(ast::UnaryOp::Not) => format!("(not {})", inner(node.operand())),
            _ => format!("(-{})", inner(node.operand())),
        },
        Expr::As(node) => format!(
            "({} as {})",
            inner(node.value()),
            node.ty().unwrap().syntax().text()
        ),
        Expr::Field(node) => format!("{}.{}", inner(node.base()), node.field().unwrap().text()),
        Expr::Call(node) => {
            let args: Vec<String> = node.args().iter().map(|arg| inner(arg.value())).collect();
            format!("{}({})", inner(node.callee()), args.join(", "))
        }
        other => other.syntax().text().to_string(),
    }
}

fn value(text: &str) -> String {
    let [Stmt::Assign(assign)] = &statements(&format!("x = {text}"))[..] else {
        panic!("not one assignment: {text}");
    };
    term(&assign.value().unwrap())
}

fn only<T: std::fmt::Debug>(items: Vec<T>) -> T {
    let [item] = <[T; 1]>::try_from(items).expect("one item");
    item
}

#[test]
fn operators_group() {
    for (text, expected) in [
        ("a or b and c", "(a or (b and c))"),
        ("not a and b", "((not a) and b)"),
        ("not a == b", "(not (a == b))"),
        ("a ?? b == c", "((a ?? b) == c)"),
        ("a ?? b ?? c", "(a ?? (b ?? c))"),
        ("a ?? b + c", "(a ?? (b + c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c % d", "(a + ((b * c) % d))"),
        ("-a.b * c", "((-a.b) * c)"),
        ("a - -1", "(a - -1)"),
        ("-a as int", "((-a) as int)"),
        ("a * b as int", "(a * (b as int))"),
        ("a as int? ?? 1", "((a as int?) ?? 1)"),
        ("a as int ?? 1", "((a as int) ?? 1)"),
        ("f(a, b=g(c)).d", "f(a, g(c)).d"),
        ("a.b.c(d)", "a.b.c(d)"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_line_end_ends_a_statement() {
    assert_eq!(statements("a = f()\nb = g()").len(), 2);
    assert_eq!(faults("a = f() b = g()"), ["E0115"]);
    assert_eq!(faults("a = b\n+ c"), ["E0115"]);
    assert_eq!(faults("a = b\n== c"), ["E0115"]);
    // A call's `(` and a block's `{` do not continue a line either.
    assert_eq!(faults("f\n(x)"), ["E0119", "E0119"]);
    assert_eq!(faults("if c\n{ f() }"), ["E0115"]);
    assert_eq!(faults("return\nx"), ["E0101"]);
}

#[test]
fn a_line_end_is_a_blank_in_parentheses_and_brackets() {
    assert_eq!(value("f(\na\n,\nb\n+\nc\n)"), "f(a, (b + c))");
    assert_eq!(value("(\na\n+ b\n== c\n)"), "(\na\n+ b\n== c\n)");
    good("type T = dict[\nstr\n,\nint\n]\n");
    good("component f(\n  a\n  :\n  int\n  ,\n)\n  -> (\n b: int\n) {}\n");
}

#[test]
fn in_braces_inside_of_parentheses_a_line_end_counts_again() {
    good("component f() {\n  a: [{\n    b: 1\n    c: 2\n  }, {\n    b: 3\n  }]\n}\n");
    assert_eq!(codes_of("component f() { a: [{ b: 1 c: 2 }] }"), ["E0113"]);
    assert_eq!(codes_of("component f() { a: [{ b:\n1 }] }"), ["E0101"]);
}

#[test]
fn some_lines_continue_the_one_above() {
    for (text, expected) in [
        ("a\n.b\n.c", "a.b.c"),
        ("a\n?? b", "(a ?? b)"),
        ("a\nand b\nor c", "((a and b) or c)"),
        ("a +\nb", "(a + b)"),
        ("a ==\n\n# note\nb", "(a == b)"),
        ("\nf(a)", "f(a)"),
        ("not\na", "(not a)"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let statement = only(statements(
        "x = f()\n  with {\n    timeout: 1m\n  }\n  after a,\n    b",
    ));
    assert_eq!(statement.with().unwrap().entries().len(), 1);
    let names: Vec<String> = statement
        .after()
        .unwrap()
        .names()
        .map(|name| name.text().to_owned())
        .collect();
    assert_eq!(names, ["a", "b"]);
    only(statements(
        "if a {\n  f()\n}\nelse if b {\n  g()\n}\nelse {\n  h()\n}",
    ));
    good(
        "component f()\n  -> int\n  in 1..=2 {}\n"
            .replace("\n  in", " in")
            .as_str(),
    );
}

#[test]
fn with_and_after_are_names_where_they_are_no_suffixes() {
    let body = "with = f()\nafter = g(with)\nafter.x(with)\nwith(after)\nlimit = h() with { timeout: 1m } after with, after";
    let statements = statements(body);
    assert_eq!(statements.len(), 5);
    let names = statements[4].after().unwrap().names().count();
    assert_eq!(names, 2);
    // A name at the end of a block, above a line that begins with a name.
    assert_eq!(faults("x = if c {\n  after\n}\ny = f()"), [] as [&str; 0]);
}

#[test]
fn words_with_a_place_are_names_elsewhere() {
    let words = [
        "use",
        "from",
        "as",
        "type",
        "artifact",
        "component",
        "pipeline",
        "limit",
        "with",
        "after",
        "matches",
        "run",
        "is",
        "while",
        "match",
        "let",
        "new",
        "lambda",
        "elif",
        "then",
        "do",
        "def",
        "step",
        "null_",
        "string",
    ];
    for word in words {
        let text = format!(
            "component {word}({word}: int = 1, b: {{ {word}: int }}) -> ({word}_out: int) {{\n  {word}: {word}\n}}\n\
             pipeline p({word}: int) {{\n  owner: {word}\n  {word} = {word}({word}={word}, b={word}.{word})\n  \
             {word}.{word}(f\"{{{word}.{word}}}\")\n  y = for {word} in {word} limit {word} {{ {word} }}\n  \
             z = {word} as {word} ?? [{word}, {word}]\n  return {word}\n}}\n"
        );
        good(&text);
    }
}

#[test]
fn reserved_words_are_no_names() {
    for (word, _) in super::lexer::RESERVED {
        assert_eq!(
            codes_of(&format!("component {word}() {{}}\n")),
            ["E0102"],
            "{word}"
        );
        assert_eq!(
            codes_of(&format!("component c({word}: int) {{}}\n")),
            ["E0102"],
            "{word}"
        );
        assert_eq!(
            codes_of(&format!("component c() {{ {word}: 1 }}\n")),
            ["E0102"],
            "{word}"
        );
        good(&format!("component c() {{ \"{word}\": 1 }}\n"));
        // It is taken for the name it was meant to be.
        let Some(ast::Item::Component(component)) = parsed(&format!("component {word}() {{}}\n"))
            .ast()
            .items()
            .next()
        else {
            panic!("no component");
        };
        assert_eq!(component.name().unwrap().text(), word);
    }
}

#[test]
fn where_a_value_is_expected_a_brace_opens_a_record_and_behind_one_a_block() {
    let [Stmt::Assign(record), Stmt::Assign(choice)] =
        &statements("a = { b: 1 }\nc = if {} == d { { e: 1 } } else { {} }")[..]
    else {
        panic!("not two assignments");
    };
    assert!(matches!(record.value(), Some(Expr::Record(_))));
    let Some(Expr::If(choice)) = choice.value() else {
        panic!("no `if`");
    };
    let blocks = choice
        .branches()
        .filter_map(|branch| branch.block())
        .chain(choice.otherwise());
    for block in blocks {
        assert!(matches!(
            block.value().unwrap().value(),
            Some(Expr::Record(_))
        ));
    }
    assert_eq!(
        statements("for x in xs limit y { f() }\nif { a: 1 }.a {}").len(),
        2
    );
}

#[test]
fn an_entry_in_a_block_is_one_report_and_makes_the_record_that_was_meant() {
    let text = "pipeline p() {\n  x = if c {\n    a: 1\n    b: { c: 2 }\n  } else {\n    { a: 2 }\n  }\n}\n";
    let parse = parsed(text);
    let [report] = &parse.diagnostics[..] else {
        panic!("{:#?}", parse.diagnostics);
    };
    assert_eq!(report.code, codes::BLOCK_NOT_RECORD);
    assert_eq!(&text[report.labels[1].span.range()], "{");
    let records: Vec<SyntaxNode> = parse
        .syntax()
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::RecordExpr)
        .collect();
    assert_eq!(records.len(), 3);
    assert_eq!(faults("x = if c {\n  y = f()\n  a: 1\n}"), ["E0116"]);
}

#[test]
fn attributes_stand_above_the_statements() {
    good("pipeline p() {\n  owner: \"a\", tags: []\n  labels: { a: \"b\" }\n  x = f()\n}\n");
    assert_eq!(faults("x = f()\nowner: \"a\""), ["E0117"]);
}

#[test]
fn finally_and_return_stand_last() {
    good("pipeline p() {\n  f()\n  finally { g() }\n  return { a: 1 }\n}\n");
    for body in [
        "return x\nf()",
        "finally { g() }\nf()\nh()",
        "finally { g() }\nfinally { h() }",
        "return x\nfinally { g() }",
        "if c { return x }",
        "for x in xs { finally { f() } }",
        "finally { return x }",
    ] {
        assert_eq!(faults(body), ["E0117"], "{body}");
    }
}

#[test]
fn literals_have_values() {
    let values = [
        ("-9223372036854775808", LiteralValue::Int(i64::MIN)),
        ("1_000", LiteralValue::Int(1000)),
        ("-1.5e3", LiteralValue::Float(-1500.0)),
        ("true", LiteralValue::Bool(true)),
        (
            "1h30m",
            LiteralValue::Duration(std::time::Duration::from_secs(5400)),
        ),
        ("4GiB", LiteralValue::Size(4 << 30)),
        (r#""a\u{e9}\n""#, LiteralValue::Str("aé\n".into())),
        (
            "\"\"\"\n    a {b} \\n\n      c\n  \"\"\"",
            LiteralValue::Str("a {b} \\n\n  c\n".into()),
        ),
    ];
    for (text, expected) in values {
        let Some(Expr::Literal(literal)) = only(statements(&format!("x = {text}"))).value() else {
            panic!("no literal: {text}");
        };
        assert_eq!(literal.value(), Some(expected), "{text}");
    }
    assert_eq!(faults("x = 9223372036854775808"), ["E0108"]);
    assert_eq!(faults("x = 1 - 9223372036854775808"), ["E0108"]);
}

#[test]
fn numbers_take_a_point_only_before_a_digit() {
    let file = good("type T = int in 1..=5\n");
    let Some(ast::Item::Type(def)) = file.items().next() else {
        panic!("no type");
    };
    let Some(ast::TypeExpr::Refined(refined)) = def.ty() else {
        panic!("no refinement");
    };
    let Some(ast::Refinement::Range(range)) = refined.refinement() else {
        panic!("no range");
    };
    assert_eq!(term(&range.min().unwrap()), "1");
    assert_eq!(term(&range.max().unwrap()), "5");
}

#[test]
fn fstrings_have_parts() {
    let Some(Expr::FString(node)) = only(statements(r#"x = f"a{{{b.c}\u{1F600}}}{d}""#)).value()
    else {
        panic!("no f-string");
    };
    let parts: Vec<String> = node
        .parts()
        .unwrap()
        .iter()
        .map(|part| match part {
            FStringPart::Text(text) => format!("text {text}"),
            FStringPart::Value(expr) => format!("value {}", term(expr)),
        })
        .collect();
    assert_eq!(parts, ["text a{", "value b.c", "text 😀}", "value d"]);
}

#[test]
fn docs_belong_to_what_stands_below() {
    let text = "# a remark\n## Loads.\n##\n##  Twice.\n# another\ncomponent load(\n  ## Where.\n  path: str,\n  b: { \n    ## In.\n    c: int }\n) {}\n";
    let file = good(text);
    let Some(ast::Item::Component(component)) = file.items().next() else {
        panic!("no component");
    };
    assert_eq!(component.doc(), "Loads.\n\n Twice.");
    assert_eq!(component.inputs()[0].doc(), "Where.");
    assert_eq!(
        &text[usize::from(component.range().start())..][..9],
        "component"
    );
    let field = component
        .syntax()
        .descendants()
        .find_map(ast::Field::cast)
        .unwrap();
    assert_eq!(field.doc(), "In.");
    assert_eq!(codes_of("## a\n\ncomponent c() {}\n"), ["W0101"]);
    assert_eq!(
        codes_of("component c(a: int, ## no\n  b: int) {}\n"),
        ["W0101"]
    );
    // Where there are errors, they may be why.
    assert_eq!(codes_of("## a\n\ncomponent () {}\n"), ["E0101"]);
}

#[test]
fn views_of_definitions() {
    let file = good(
        "use \"a.mlp\" as a\nuse { b, c as d } from \"e.mlp\"\nartifact Tokens\n\
         component f(x: a.T[parquet, { \"odd name\": int, ...B }]?, y: int in [1, 2] = 1) -> str matches \"a+\" {}\n\
         component g() {}\npipeline h(z: list[int]) -> (o: int, q: str?) {}\n",
    );
    let items: Vec<ast::Item> = file.items().collect();
    let [
        ast::Item::Use(whole),
        ast::Item::Use(some),
        ast::Item::Artifact(tokens),
        ast::Item::Component(f),
        ast::Item::Component(g),
        ast::Item::Pipeline(h),
    ] = &items[..]
    else {
        panic!("other items: {items:?}");
    };
    assert_eq!(
        (whole.path().as_deref(), whole.alias().unwrap().text()),
        (Some("a.mlp"), "a")
    );
    assert!(whole.names().is_none() && some.alias().is_none());
    let names: Vec<String> = some
        .names()
        .unwrap()
        .iter()
        .map(|name| name.local().unwrap().text().to_owned())
        .collect();
    assert_eq!(names, ["b", "d"]);
    assert_eq!(tokens.name().unwrap().text(), "Tokens");
    let inputs = f.inputs();
    let Some(ast::TypeExpr::Optional(optional)) = inputs[0].ty() else {
        panic!("not optional");
    };
    let Some(ast::TypeExpr::Name(name)) = optional.inner() else {
        panic!("no name");
    };
    assert_eq!(name.qualifier().unwrap().text(), "a");
    assert_eq!(name.name().unwrap().text(), "T");
    let Some([_, ast::TypeExpr::Record(columns)]) = name
        .args()
        .as_deref()
        .map(<[_]>::to_vec)
        .map(|args| <[_; 2]>::try_from(args).unwrap())
    else {
        panic!("not two arguments");
    };
    let Some(ast::RecordTypeEntry::Field(field)) = columns.entries().next() else {
        panic!("no field");
    };
    assert_eq!(field.key().unwrap().text().as_deref(), Some("odd name"));
    assert!(inputs[1].default().is_some());
    assert!(f.outputs().unwrap().unnamed().is_some() && f.outputs().unwrap().named().is_none());
    assert!(g.outputs().is_none() && g.body().is_some());
    assert_eq!(h.outputs().unwrap().named().unwrap().len(), 2);
}

#[test]
fn what_nests_too_deeply_is_reported_once() {
    for text in [
        format!(
            "component c() {{ a: {}1{} }}\n",
            "(".repeat(10_000),
            ")".repeat(10_000)
        ),
        format!(
            "component c() {{ a: {}1{} }}\n",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ),
        format!(
            "component c() {{ a: {}1{} }}\n",
            "{ a: ".repeat(10_000),
            "}".repeat(10_000)
        ),
        format!("component c() {{ a: a{} }}\n", ".b".repeat(10_000)),
        format!("component c() {{ a: a{} }}\n", " + b".repeat(10_000)),
        format!("component c() {{ a: a{} }}\n", " ?? b".repeat(10_000)),
        format!("component c() {{ a: a{} }}\n", " as b".repeat(10_000)),
        format!("component c() {{ a: {}b }}\n", "not ".repeat(10_000)),
        format!("component c() {{ a: {}b }}\n", "- ".repeat(10_000)),
        format!("component c() {{ a: f\"{{a{}}}\" }}\n", ".b".repeat(10_000)),
        format!(
            "type T = {}int{}\n",
            "list[".repeat(10_000),
            "]".repeat(10_000)
        ),
        format!(
            "pipeline p() {{ {}{} }}\n",
            "if a { ".repeat(10_000),
            "}".repeat(10_000)
        ),
    ] {
        assert_eq!(codes_of(&text), ["E0124"], "{}", &text[..40]);
    }
    // Long is not deep.
    good(&format!(
        "pipeline p() {{ if a {{}}{} }}\n",
        " else if b {}".repeat(10_000)
    ));
    good(&format!("type T = int{}\n", "?".repeat(10_000)));
}

#[test]
fn each_pages_examples_have_their_code_and_no_other() {
    let pages = codes::all().filter(|entry| entry.code.as_str().get(1..3) == Some("01"));
    for entry in pages {
        let (fails, mended) = entry
            .page
            .split_once("## Mended")
            .expect("a page has two examples");
        let example = |part: &str| -> String {
            let (_, rest) = part.split_once("```mlp\n").expect("an example");
            rest.split_once("```").expect("its end").0.to_owned()
        };
        assert_eq!(
            codes_of(&example(fails)),
            [entry.code.as_str()],
            "{}",
            entry.code
        );
        assert_eq!(
            codes_of(&example(mended)),
            [] as [&str; 0],
            "{}",
            entry.code
        );
    }
}

#[test]
fn an_unclosed_brace_is_found_by_its_indentation() {
    let text = "component a() {\n  run: [\"a\"]\n}\n\npipeline p() {\n  if c {\n    f()\n  for x in xs {\n    g()\n  }\n}\n\npipeline q() {}\n";
    let parse = parsed(text);
    let [report] = &parse.diagnostics[..] else {
        panic!("{:#?}", parse.diagnostics);
    };
    assert_eq!(report.code, codes::UNCLOSED);
    assert_eq!(
        &text[..report.primary().span.end as usize]
            .lines()
            .last()
            .unwrap(),
        &"  if c {"
    );
    assert!(text[report.labels[1].span.start as usize..].starts_with("for x"));
    assert_eq!(parse.ast().items().count(), 3);
}

#[test]
fn an_unclosed_bracket_leaves_the_statements_below_alone() {
    for body in [
        "x = f(a,\ny = g(b)\nz = h(c)",
        "x = [a\ny = g(b)\nz = h(c)",
        "x = { a: 1,\ny = g(b)\nz = h(c)",
    ] {
        let text = format!("pipeline p() {{\n  {}\n}}\n", body.replace('\n', "\n  "));
        let parse = parsed(&text);
        assert_eq!(codes_of(&text), ["E0103"], "{text}");
        let Some(ast::Item::Pipeline(pipeline)) = parse.ast().items().next() else {
            panic!("no pipeline");
        };
        assert_eq!(pipeline.statements().len(), 3, "{text}");
    }
}

#[test]
fn a_missing_opening_brace_is_one_report() {
    assert_eq!(faults("  if c\n    f()\n  }\n  y = g()"), ["E0101"]);
    assert_eq!(faults("  if c:\n    f()\n  y = g()"), ["E0111"]);
    assert_eq!(
        codes_of("component c() -> int\n  run: [\"a\"]\n}\n\ncomponent d() {}\n"),
        ["E0101"]
    );
}

#[test]
fn a_swallowed_bracket_is_not_missed() {
    assert_eq!(faults("  x = f(\"abc)\n  y = g()"), ["E0105"]);
    assert_eq!(faults("  x = f(f\"abc)\n  y = g()"), ["E0105"]);
    assert_eq!(
        codes_of("component c() {\n  shell: \"\"\"\n    ls\n}\n\ncomponent d() {}\n"),
        ["E0105"]
    );
}

#[test]
fn odd_texts_have_trees() {
    for text in [
        "",
        "\n",
        "\u{feff}type A = int\r\n",
        "# only a comment",
        "\r",
        "type A = int # no line end",
    ] {
        good(text);
    }
    assert_eq!(codes_of("type A =\u{a0}int"), ["E0112"]);
    let mut sources = SourceMap::default();
    let second = {
        sources.add("a", "a", "");
        sources.add("b", "b", "x")
    };
    assert_eq!(
        parse(second, "x").diagnostics[0].primary().span.file,
        second
    );
}
