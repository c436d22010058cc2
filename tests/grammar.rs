//! Holds `docs/grammar.md` and the parser together: programs made from the written grammar are accepted, and whatever becomes of
//! them by a mistake is parsed without a panic and without the loss of a byte.

#[path = "grammar/ebnf.rs"]
mod ebnf;
#[path = "grammar/format.rs"]
mod format;
#[path = "grammar/generate.rs"]
mod generate;

use std::collections::BTreeSet;

use ebnf::Grammar;
use generate::{Generator, Random};
use mlpc::diagnostics::Diagnostic;
use mlpc::source::FileId;
use mlpc::syntax::ast::{self, AstNode};
use mlpc::syntax::{Parse, SyntaxKind, SyntaxNode, lexer, parse};

const DOC: &str = include_str!("../docs/grammar.md");

const SENTENCES: u64 = 3_000;

fn parsed(text: &str) -> Parse {
    parse(FileId(0), text)
}

/// Gives sentences of the grammar to the parser. The error is the first that it does not accept.
fn accepts(doc: &str, sentences: u64) -> Result<(), String> {
    let grammar = Grammar::of(doc)?;
    let mut generator = Generator::new(&grammar);
    for seed in 0..sentences {
        let text = generator.sentence(seed);
        let parse = parsed(&text);
        if let Some(first) = parse.diagnostics.first() {
            let span = first.primary().span;
            let rest: String = text[span.start as usize..].chars().take(100).collect();
            return Err(format!(
                "sentence {seed}: {} at `{rest}`, in\n\n{text}",
                first.message
            ));
        }
    }
    match generator.unused() {
        unused if unused.is_empty() => Ok(()),
        unused => Err(format!("no sentence used {}", unused.join(", "))),
    }
}

#[test]
fn the_parser_accepts_what_the_grammar_gives() {
    if let Err(fault) = accepts(DOC, SENTENCES) {
        panic!("{fault}");
    }
}

#[test]
fn a_wrong_grammar_is_noticed() {
    for (right, wrong) in [
        (r#""->" type"#, r#""=>" type"#),
        (r#""with" RecordExpr"#, r#""with" ListExpr"#),
        (r#"NAME ":" type ["#, r#"NAME "=" type ["#),
        ("{ item LINE_END }", "{ item }"),
        (
            r#""in" Literal "..=" Literal"#,
            r#""in" Literal ".." Literal"#,
        ),
        (r#""finally" Block"#, r#""finally" pipeline_block"#),
        ("comparison  = coalesce [", "comparison  = coalesce {"),
        (
            "statement      = Assign |",
            "statement      = Assign | expression |",
        ),
        ("UseName     = NAME", "UseName     = STRING"),
    ] {
        assert_eq!(DOC.matches(right).count(), 1, "{right}");
        let wrong = DOC
            .replace(right, wrong)
            .replace("coalesce ]", "coalesce }");
        assert!(accepts(&wrong, SENTENCES).is_err(), "{right}");
    }
}

#[test]
fn sentences_have_every_node() {
    let grammar = Grammar::of(DOC).unwrap();
    let mut generator = Generator::new(&grammar);
    let mut seen = BTreeSet::new();
    for seed in 0..SENTENCES {
        let root = parsed(&generator.sentence(seed)).syntax();
        seen.extend(root.descendants().map(|node| node.kind()));
    }
    let missing: Vec<_> = SyntaxKind::NODES
        .iter()
        .filter(|kind| !seen.contains(kind))
        .collect();
    assert_eq!(missing, [&SyntaxKind::Error]);
}

#[test]
fn the_page_names_every_node() {
    let grammar = Grammar::of(DOC).unwrap();
    for kind in SyntaxKind::NODES {
        let name = format!("{kind:?}");
        let is_named = grammar.rules.contains_key(&name) || DOC.contains(&format!("`{name}`"));
        assert!(is_named, "{name} is not in docs/grammar.md");
    }
    for name in grammar
        .rules
        .keys()
        .filter(|name| name.starts_with(char::is_uppercase))
    {
        let is_node = SyntaxKind::NODES
            .iter()
            .any(|kind| format!("{kind:?}") == *name);
        assert!(is_node, "the rule {name} is no node");
    }
}

/// The kinds of the tokens of a text.
fn kinds(text: &str) -> Vec<SyntaxKind> {
    let lexed = lexer::lex(text);
    (0..lexed.len()).map(|at| lexed.kind(at)).collect()
}

#[test]
fn the_page_has_the_tokens_of_the_lexer() {
    let grammar = Grammar::of(DOC).unwrap();
    let mut words = BTreeSet::new();
    for terminal in grammar.terminals() {
        let [kind] = kinds(&terminal)[..] else {
            panic!("`{terminal}` is not one token");
        };
        if kind == SyntaxKind::Ident {
            words.insert(terminal);
        } else {
            assert!(
                !matches!(kind, SyntaxKind::Foreign | SyntaxKind::Unknown),
                "`{terminal}` is not a token"
            );
            words.insert(format!("{kind:?}"));
        }
    }
    // `UseKw` stands for "use"; all other tokens for themselves. Numbers, strings and the like are the capital ones.
    for kind in SyntaxKind::TOKENS {
        use SyntaxKind::*;
        let is_elsewhere = matches!(
            kind,
            Whitespace
                | OddBlank
                | Newline
                | Comment
                | DocComment
                | Ident
                | Int
                | Float
                | Duration
                | Size
                | BadNumber
                | String
                | TripleString
                | ForeignString
                | FStringOpen
                | FStringText
                | FStringClose
                | HoleOpen
                | HoleClose
                | HoleJunk
                | Foreign
                | Unknown
                | Eof
        );
        let name = format!("{kind:?}");
        let word = name
            .strip_suffix("Kw")
            .map(str::to_lowercase)
            .unwrap_or_default();
        assert!(
            is_elsewhere || words.contains(&name) || words.contains(&word),
            "the token {name} is not in docs/grammar.md"
        );
    }
    for word in words
        .iter()
        .filter(|word| word.starts_with(char::is_lowercase))
    {
        let has_kind = SyntaxKind::TOKENS
            .iter()
            .any(|kind| format!("{kind:?}").to_lowercase() == format!("{word}kw"));
        assert!(has_kind, "the parser knows no word `{word}`");
        assert!(
            DOC.contains(&format!("`{word}`")),
            "`{word}` is not among the words that are free as names"
        );
    }
    for (word, _) in lexer::RESERVED {
        assert!(
            DOC.contains(&format!("`{word}`")),
            "`{word}` is not among the reserved words"
        );
    }
}

#[test]
fn samples_of_tokens_are_what_the_page_says() {
    let grammar = Grammar::of(DOC).unwrap();
    assert!(
        grammar
            .tokens
            .keys()
            .all(|class| class == "LINE_END" || !generate::samples(class).is_empty())
    );
    for (class, pattern) in &grammar.tokens {
        for sample in generate::samples(class) {
            assert!(
                pattern.is_match(sample),
                "`{sample}` does not match {class}"
            );
            let expected = match class.as_str() {
                "NAME" => SyntaxKind::Ident,
                "INT" => SyntaxKind::Int,
                "FLOAT" => SyntaxKind::Float,
                "DURATION" => SyntaxKind::Duration,
                "SIZE" => SyntaxKind::Size,
                "STRING" => SyntaxKind::String,
                "TRIPLE_STRING" => SyntaxKind::TripleString,
                _ => SyntaxKind::FStringOpen,
            };
            let kinds = kinds(sample);
            assert_eq!(kinds[0], expected, "{sample}");
            assert!(
                kinds.len() == 1 || expected == SyntaxKind::FStringOpen,
                "{sample}"
            );
        }
    }
    for (class, text) in [
        ("NAME", "é"),
        ("INT", "007"),
        ("INT", "1__0"),
        ("FLOAT", "1."),
        ("SIZE", "4Gi"),
        ("DURATION", "1m1h"),
        ("STRING", r#""\q""#),
        ("FSTRING", r#"f"{a + b}""#),
    ] {
        assert!(!grammar.tokens[class].is_match(text), "{text}");
        let wrong = parsed(&format!("component c() {{ a: {text} }}")).has_errors();
        assert!(wrong, "`{text}` is taken for a {class}");
    }
}

/// What holds for every text, however wrong.
fn check_any(text: &str) {
    let parse = parsed(text);
    let root = parse.syntax();
    assert_eq!(root.text().to_string(), text, "the tree lost something");
    let has_error_node = root
        .descendants()
        .any(|node| node.kind() == SyntaxKind::Error);
    assert!(
        !has_error_node || parse.has_errors(),
        "an error that was not reported:\n{text}"
    );
    let mut last = 0;
    for diagnostic in &parse.diagnostics {
        check_diagnostic(diagnostic, text);
        let start = diagnostic.primary().span.start;
        assert!(start >= last, "out of order:\n{text}");
        last = start;
    }
    let places: Vec<_> = parse
        .diagnostics
        .iter()
        .map(|one| (one.primary().span, &one.message))
        .collect();
    let distinct: BTreeSet<_> = places.iter().collect();
    assert_eq!(
        places.len(),
        distinct.len(),
        "said twice: {places:?}\n{text}"
    );
    for node in root.descendants() {
        look_at(&node);
    }
}

fn check_diagnostic(diagnostic: &Diagnostic, text: &str) {
    for label in &diagnostic.labels {
        assert!(
            text.get(label.span.range()).is_some(),
            "a label outside of the text: {diagnostic:?}"
        );
        assert!(
            !label.text.is_empty() && !label.text.ends_with('.'),
            "{diagnostic:?}"
        );
    }
    let first = diagnostic.message.chars().next().unwrap();
    assert!(
        !first.is_uppercase() && !diagnostic.message.ends_with('.'),
        "{diagnostic:?}"
    );
    assert!(!diagnostic.message.contains('\n'), "{diagnostic:?}");
    assert_eq!(diagnostic.code.as_str().get(1..3), Some("01"));
}

/// Every accessor of the views on this node, which must not panic whatever is missing.
fn look_at(node: &SyntaxNode) {
    if let Some(item) = ast::Item::cast(node.clone()) {
        match &item {
            ast::Item::Use(one) => drop((one.path(), one.alias(), one.names())),
            ast::Item::Type(one) => drop((one.name(), one.ty(), one.doc())),
            ast::Item::Artifact(one) => drop((one.name(), one.doc())),
            ast::Item::Component(one) => drop((
                one.name(),
                one.inputs(),
                one.outputs(),
                one.attributes(),
                one.doc(),
            )),
            ast::Item::Pipeline(one) => drop((
                one.name(),
                one.params(),
                one.outputs(),
                one.attributes(),
                one.statements(),
            )),
        }
        assert!(item.range().len() <= node.text_range().len());
    }
    if let Some(port) = ast::Port::cast(node.clone()) {
        drop((
            port.name(),
            port.ty(),
            port.has_default(),
            port.default(),
            port.doc(),
        ));
    }
    if let Some(outputs) = ast::Outputs::cast(node.clone()) {
        drop((outputs.unnamed(), outputs.named()));
    }
    if let Some(entry) = ast::Entry::cast(node.clone()) {
        drop((entry.key_text(), entry.value()));
    }
    if let Some(field) = ast::Field::cast(node.clone()) {
        drop((field.key(), field.ty(), field.doc()));
    }
    if let Some(ty) = ast::TypeExpr::cast(node.clone()) {
        match ty {
            ast::TypeExpr::Name(one) => {
                drop((one.qualifier(), one.name(), one.args(), one.args_range()))
            }
            ast::TypeExpr::Optional(one) => drop(one.inner()),
            ast::TypeExpr::Refined(one) => match one.refinement() {
                Some(ast::Refinement::Range(range)) => drop((range.min(), range.max())),
                Some(ast::Refinement::OneOf(list)) => drop(list.values()),
                Some(ast::Refinement::Matches(text)) => drop(text.pattern()),
                None => {}
            },
            ast::TypeExpr::Record(one) => drop(one.entries().count()),
        }
    }
    if let Some(statement) = ast::Stmt::cast(node.clone()) {
        drop((statement.value(), statement.with(), statement.after()));
        if let ast::Stmt::Require(one) = &statement {
            drop((one.condition(), one.message()));
        }
    }
    if let Some(expr) = ast::Expr::cast(node.clone()) {
        drop((expr.path(), expr.clone().unparenthesised()));
        match expr {
            ast::Expr::Literal(one) => drop((one.value(), one.decoded())),
            ast::Expr::FString(one) => drop(one.parts()),
            ast::Expr::Call(one) => drop((one.callee(), one.args(), one.has_holes())),
            ast::Expr::Binary(one) => drop((one.op(), one.left(), one.right())),
            ast::Expr::Unary(one) => drop((one.op(), one.operand())),
            ast::Expr::As(one) => drop((one.value(), one.ty())),
            ast::Expr::If(one) => drop((one.branches().count(), one.otherwise())),
            ast::Expr::For(one) => drop((one.variable(), one.items(), one.limit(), one.body())),
            _ => {}
        }
    }
}

#[test]
fn mutated_sentences_lose_nothing() {
    let grammar = Grammar::of(DOC).unwrap();
    let mut generator = Generator::new(&grammar);
    let mut random = Random::new(7);
    for seed in 0..SENTENCES {
        let text = generator.sentence(seed);
        check_any(&text);
        for _ in 0..3 {
            check_any(&generate::mutate(&text, &mut random));
        }
    }
}

#[test]
fn random_text_loses_nothing() {
    let mut random = Random::new(11);
    for _ in 0..4_000 {
        let length = random.below(60);
        let text: String = (0..length).map(|_| random.pick(generate::JUNK)).collect();
        check_any(&text);
        check_any(&format!("component c(a: int) -> int {{\n  {text}\n}}\n"));
        check_any(&format!(
            "pipeline p(a: int) {{\n  x = f()\n  {text}\n  y = g()\n}}\n"
        ));
    }
}
