//! Definitions: `use`, `type`, `artifact`, `component`, `pipeline`.

use super::super::kind::SyntaxKind;
use super::super::parser::Parser;
use super::{
    Separator, entries, foreign, list, literals, name, name_anywhere, ports, statements, types,
};
use crate::diagnostics::{Diagnostic, codes, nearest};

/// The words that begin a definition.
const ITEM_WORDS: [&str; 5] = ["use", "type", "artifact", "component", "pipeline"];

/// One definition, or what stands in its place.
pub fn item(p: &mut Parser) {
    if p.at(SyntaxKind::Ident) && ITEM_WORDS.contains(&p.text()) {
        known_item(p, p.text());
        end_of_item(p);
    } else if let Some(word) = misspelt(p) {
        let report = Diagnostic::new(
            codes::UNEXPECTED,
            p.here(),
            format!("`{}` begins no definition", p.text()),
        )
        .label(format!(
            "expected {}",
            crate::diagnostics::one_of(&ITEM_WORDS)
        ))
        .help(format!("did you mean `{word}`?"));
        p.report(report);
        known_item(p, word);
        end_of_item(p);
    } else {
        no_item(p);
        p.get_lost();
        let first = p.pos();
        let word = p.text();
        p.skip_until(|p| {
            let at = p.pos();
            let is_other_word = || {
                !["@", p.text()].contains(&word)
                    && p.input.column(at) == 0
                    && foreign::definition(p.text()).is_some()
            };
            at > first
                && p.input.is_line_start(at)
                && (p.input.is_item_start(at) || is_other_word())
        });
    }
}

fn known_item(p: &mut Parser, word: &str) {
    match word {
        "use" => use_decl(p),
        "type" => type_def(p),
        "artifact" => artifact_def(p),
        "component" => component(p),
        _ => pipeline(p),
    }
}

/// A word like `componet` before a name.
fn misspelt(p: &Parser) -> Option<&'static str> {
    if !p.at(SyntaxKind::Ident)
        || p.nth(1) != SyntaxKind::Ident
        || foreign::definition(p.text()).is_some()
    {
        return None;
    }
    nearest(p.text(), ITEM_WORDS)
}

/// Reports what stands where a definition should.
fn no_item(p: &mut Parser) {
    let report = match p.kind() {
        SyntaxKind::RBrace | SyntaxKind::RParen | SyntaxKind::RBracket => unmatched(p),
        SyntaxKind::Unknown => {
            literals::unknown(p);
            return;
        }
        SyntaxKind::Foreign => foreign::at_start(p),
        SyntaxKind::Ident
            if foreign::definition(p.text()).is_some() && p.nth(1) != SyntaxKind::Eq =>
        {
            let help = foreign::definition(p.text()).unwrap_or_default();
            Diagnostic::new(
                codes::FOREIGN_WORD,
                p.here(),
                format!("`{}` is a word of another language", p.text()),
            )
            .label("begins no definition here")
            .help(help)
        }
        SyntaxKind::Ident
        | SyntaxKind::IfKw
        | SyntaxKind::ForKw
        | SyntaxKind::RequireKw
        | SyntaxKind::FinallyKw
        | SyntaxKind::ReturnKw => Diagnostic::new(
            codes::OUTSIDE_PIPELINE,
            p.here(),
            format!("{} stands outside of any definition", p.found()),
        )
        .label("a file holds definitions only")
        .help("calls and other statements stand in the body of a `pipeline name(..) { .. }`"),
        _ => p.expectation("a definition").help(format!(
            "a file holds definitions, which begin with {}",
            crate::diagnostics::one_of(&ITEM_WORDS)
        )),
    };
    p.fail(report);
}

/// The report for a closing bracket that closes nothing.
pub fn unmatched(p: &Parser) -> Diagnostic {
    let bracket = p.text();
    Diagnostic::new(
        codes::UNMATCHED,
        p.here(),
        format!("this `{bracket}` closes nothing"),
    )
    .label("no bracket before it is open")
    .help("remove it, or add the opening one where it was forgotten")
}

/// A definition ends with its line.
fn end_of_item(p: &mut Parser) {
    if p.at_line_end() || p.input.is_item_start(p.pos()) {
        return;
    }
    if p.at(SyntaxKind::Foreign) && p.text() == ";" {
        let report = foreign::semicolon(p);
        p.report(report);
        p.bump_error();
        return;
    }
    if p.at_any(&[SyntaxKind::RBrace, SyntaxKind::RParen, SyntaxKind::RBracket]) {
        let report = unmatched(p);
        p.fail(report);
    } else {
        p.expected("the end of the line");
    }
    p.skip_line();
}

/// `use "lib.mlp" as lib`, `use { a, b as c } from "lib.mlp"`
fn use_decl(p: &mut Parser) {
    let decl = p.start();
    p.bump_as(SyntaxKind::UseKw);
    if p.at(SyntaxKind::LBrace) && !p.at_line_end() {
        use_list(p);
        if p.at_word("from") && !p.at_line_end() {
            p.bump_as(SyntaxKind::FromKw);
            use_path(p);
        } else {
            p.expected("`from` and the file's path");
        }
    } else if p.at(SyntaxKind::Ident) && !p.at_line_end() {
        use_without_braces(p);
    } else if use_path(p) {
        if p.at_word("as") && !p.at_line_end() {
            p.bump_as(SyntaxKind::AsKw);
            name(p, "the name by which the file is known here");
        } else {
            let report = p
                .expectation("`as` and a name")
                .help("write `use \"lib/io.mlp\" as io`, or name what you use: `use { load } from \"lib/io.mlp\"`");
            p.fail(report);
        }
    }
    p.complete(decl, SyntaxKind::UseDecl);
}

fn use_path(p: &mut Parser) -> bool {
    if p.at(SyntaxKind::String) && !p.at_line_end() {
        literals::check_string(p);
        p.bump();
        return true;
    }
    if p.at_any(&[
        SyntaxKind::ForeignString,
        SyntaxKind::TripleString,
        SyntaxKind::FStringOpen,
    ]) {
        let report = p.expectation("a path in `\"..\"`");
        p.fail(report);
        return false;
    }
    let report = p
        .expectation("the path of a file")
        .help("write it in quotes: `use \"lib/io.mlp\" as io`");
    p.fail(report);
    false
}

/// `use a, b from ".."`, `use a from ".."`, `use lib.io`
fn use_without_braces(p: &mut Parser) {
    let is_from = p.nth_is_word(1, "from") || p.nth(1) == SyntaxKind::Comma;
    if !is_from {
        use_path(p);
        return;
    }
    let report = Diagnostic::new(
        codes::UNEXPECTED,
        p.here(),
        "the names that are used stand in braces",
    )
    .label("expected `{`")
    .help("write `use { a, b } from \"lib/io.mlp\"`");
    p.report(report);
    let names = p.start();
    use_name(p);
    while p.eat(SyntaxKind::Comma) {
        use_name(p);
    }
    p.complete(names, SyntaxKind::UseList);
    if p.at_word("from") {
        p.bump_as(SyntaxKind::FromKw);
        use_path(p);
    } else {
        p.expected("`from` and the file's path");
    }
}

fn use_list(p: &mut Parser) {
    let names = p.start();
    let frame = p.open();
    list(p, &frame, Separator::CommaOrLineEnd, "a name", use_name);
    p.close(frame);
    p.complete(names, SyntaxKind::UseList);
}

fn use_name(p: &mut Parser) {
    if p.at(SyntaxKind::Star) {
        let report = Diagnostic::new(codes::FOREIGN_WORD, p.here(), "names are used one by one")
            .label("expected a name")
            .help("name what you use, or use the whole file: `use \"lib/io.mlp\" as io`");
        p.fail(report);
        return;
    }
    let used = p.start();
    name_anywhere(p, "a name");
    if p.at_word("as") && !p.at_line_end() {
        p.bump_as(SyntaxKind::AsKw);
        name(p, "the name by which it is known here");
    }
    p.complete(used, SyntaxKind::UseName);
}

/// `type Name = type`
fn type_def(p: &mut Parser) {
    let def = p.start();
    p.bump_as(SyntaxKind::TypeKw);
    let named = name(p, "the type's name");
    if p.at(SyntaxKind::LBrace) && !p.at_line_end() {
        let report = p.expectation("`=`").help("write `type Name = { .. }`");
        p.report(report);
        types::ty(p);
    } else if p.at(SyntaxKind::Colon) {
        let report = Diagnostic::new(
            codes::EQUALS_OR_COLON,
            p.here(),
            "a type is defined with `=`",
        )
        .label("expected `=`")
        .help("write `type Name = ..`");
        p.report(report);
        p.bump_error();
        types::ty(p);
    } else if named && p.expect(SyntaxKind::Eq, "`=` and a type") {
        types::ty(p);
    }
    p.complete(def, SyntaxKind::TypeDef);
}

/// `artifact Name`
fn artifact_def(p: &mut Parser) {
    let def = p.start();
    p.bump_as(SyntaxKind::ArtifactKw);
    name(p, "the artifact kind's name");
    if !p.at_line_end() && !p.input.is_item_start(p.pos()) && !p.at(SyntaxKind::Foreign) {
        let report = p
            .expectation("the end of the line")
            .help("an artifact kind is a name only; formats and columns are given where it is used: `Tokenizer[json]`");
        p.fail(report);
        p.skip_line();
    }
    p.complete(def, SyntaxKind::ArtifactDef);
}

/// `component name(inputs) -> outputs { attributes }`
fn component(p: &mut Parser) {
    let def = p.start();
    let first = p.pos();
    p.bump_as(SyntaxKind::ComponentKw);
    head(p, "component");
    entries::body(p, first);
    p.complete(def, SyntaxKind::Component);
}

/// `pipeline name(params) -> outputs { attributes statements }`
fn pipeline(p: &mut Parser) {
    let def = p.start();
    let first = p.pos();
    p.bump_as(SyntaxKind::PipelineKw);
    head(p, "pipeline");
    statements::pipeline_body(p, first);
    p.complete(def, SyntaxKind::Pipeline);
}

/// Name, ports and outputs.
fn head(p: &mut Parser, what: &str) {
    name(p, &format!("the {what}'s name"));
    if p.at(SyntaxKind::LParen) {
        ports::port_list(p, ports::Side::Inputs);
    } else if p.at(SyntaxKind::LBrace) || p.at(SyntaxKind::Arrow) {
        let report = p.expectation("`(`").help(format!(
            "a {what} without inputs is written `{what} name() ..`"
        ));
        p.report(report);
    } else {
        p.expected("`(`");
        p.skip_until(|p| p.at_any(&[SyntaxKind::LBrace, SyntaxKind::Arrow]) || p.at_line_end());
    }
    ports::outputs(p);
}
