//! Words and signs of other languages, each with the report that gives ours.
//!
//! None of these words is reserved: they are looked at only where a name could not stand, or (as `None`) where no one would
//! want it as one.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Parser};
use crate::diagnostics::{Code, Diagnostic, codes};
use crate::syntax::ast::BinaryOp;

/// A report at the current token.
fn at_token(
    p: &Parser,
    code: Code,
    message: impl Into<String>,
    label: &str,
    help: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(code, p.here(), message)
        .label(label)
        .help(help)
}

fn foreign(
    p: &Parser,
    message: impl Into<String>,
    label: &str,
    help: impl Into<String>,
) -> Diagnostic {
    at_token(p, codes::FOREIGN_WORD, message, label, help)
}

/// What to write for a word that begins a definition in another language.
pub fn definition(word: &str) -> Option<&'static str> {
    Some(match word {
        "def" | "function" | "func" | "fn" | "fun" | "async" | "task" | "step" | "op" | "job"
        | "process" | "resource" => {
            "a step is defined by `component name(input: type) -> type { python: \"file.py:function\" }`"
        }
        "workflow" | "dag" | "flow" | "graph" => {
            "the word for it is `pipeline`: `pipeline name(param: type) -> type { .. }`"
        }
        "class" | "struct" | "interface" | "enum" | "record" | "schema" | "typedef" => {
            "a type is defined by `type Name = { field: type }`"
        }
        "import" | "from" | "include" | "require" | "using" | "load" => {
            "another file is used by `use \"lib/io.mlp\" as io` or `use { load } from \"lib/io.mlp\"`"
        }
        "let" | "var" | "val" | "const" | "global" => {
            "there are no constants of a file; give a parameter a default, or write the value where it is used"
        }
        "export" | "pub" | "public" | "private" => {
            "every definition can be used from other files; remove the word"
        }
        _ => return None,
    })
}

/// Whether a word stands for no type at all in another language.
pub fn is_nothing(word: &str) -> bool {
    matches!(
        word,
        "None" | "void" | "null" | "nil" | "Void" | "unit" | "Unit"
    )
}

/// The report for `;`.
pub fn semicolon(p: &Parser) -> Diagnostic {
    foreign(
        p,
        "`;` ends nothing",
        "not part of the language",
        "a line end ends a statement; remove the `;`",
    )
}

/// The report for a sign of another language where a definition should begin.
pub fn at_start(p: &Parser) -> Diagnostic {
    match p.text() {
        "@" => decorator(p),
        "//" => comment(p),
        ";" => semicolon(p),
        _ => p.expectation("a definition"),
    }
}

fn decorator(p: &Parser) -> Diagnostic {
    foreign(
        p,
        "there are no decorators",
        "expected a definition",
        "what configures a component or pipeline stands as `key: value` in its braces",
    )
}

fn comment(p: &Parser) -> Diagnostic {
    foreign(
        p,
        "a comment begins with `#`",
        "not a comment here",
        "write `# ..`, or `## ..` to document what follows",
    )
}

/// Reports what Python and C write among parameters and what is no port here. Nothing is taken.
pub fn no_port(p: &mut Parser) -> bool {
    let text = p.text();
    let is_star = p.at(SyntaxKind::Star) || (p.at(SyntaxKind::Foreign) && text == "**");
    if !is_star && !p.at(SyntaxKind::Ellipsis) && !p.at(SyntaxKind::Slash) {
        return false;
    }
    let report = foreign(
        p,
        "every port has a name and a type of its own",
        "expected a port: `name: type`",
        "arguments may always be given by name; for many values of one type write `name: list[T]`",
    );
    p.fail(report);
    true
}

/// Reports `:` or `=>` where `->` was meant. The parser stays at the sign.
pub fn arrow(p: &mut Parser) -> bool {
    if p.at_line_end() {
        return false;
    }
    let is_colon =
        p.at(SyntaxKind::Colon) && p.nth(1) == SyntaxKind::Ident && !p.nth_at_line_end(1);
    let is_fat = p.at(SyntaxKind::Foreign) && p.text() == "=>";
    if is_colon || is_fat {
        let report = foreign(
            p,
            "outputs stand behind `->`",
            "expected `->`",
            "write `(..) -> type` or `(..) -> (name: type)`",
        );
        p.report(report);
    }
    is_colon || is_fat
}

/// Reports what stands for a type in another language. Nothing is taken.
pub fn no_type(p: &mut Parser) -> bool {
    let report = match p.kind() {
        SyntaxKind::LBracket => foreign(
            p,
            "a list's type has a name",
            "expected `list[..]`",
            "write `list[T]`",
        ),
        SyntaxKind::LParen => foreign(
            p,
            "a type has no parentheses",
            "expected a type",
            "several values are a record: `{ a: int, b: str }`",
        ),
        SyntaxKind::Question => foreign(
            p,
            "`?` stands behind a type",
            "expected a type",
            "write `T?`",
        ),
        SyntaxKind::String | SyntaxKind::ForeignString => at_token(
            p,
            codes::UNEXPECTED,
            "a string is no type",
            "expected a type",
            "types and formats are names, without quotes; a choice of strings is `str in [\"a\", \"b\"]`",
        ),
        _ => return false,
    };
    p.fail(report);
    true
}

/// Reports what other languages write behind a type.
pub fn type_tail(p: &mut Parser) {
    if p.at_line_end() || p.is_lost() {
        return;
    }
    match p.kind() {
        SyntaxKind::Foreign if p.text() == "|" => {
            if p.nth(1) == SyntaxKind::Ident && is_nothing(p.nth_text(1)) {
                let report = foreign(
                    p,
                    "an optional type is written with `?`",
                    "expected `?`",
                    "write `T?`",
                );
                p.report(report);
                let error = p.start();
                p.bump();
                p.bump();
                p.complete(error, SyntaxKind::Error);
            } else {
                let report = foreign(
                    p,
                    "there are no union types",
                    "not part of a type",
                    "choices of strings are `str in [\"a\", \"b\"]`; what may be absent is `T?`",
                );
                p.fail(report);
            }
        }
        _ => {}
    }
}

/// Reports a type that is bounded or applied as in other languages. Behind `as` the same signs compare.
pub fn type_bounds(p: &mut Parser) {
    let is_comparison = p.at_any(&[
        SyntaxKind::Lt,
        SyntaxKind::LtEq,
        SyntaxKind::Gt,
        SyntaxKind::GtEq,
    ]);
    if !is_comparison || p.at_line_end() || p.is_lost() {
        return;
    }
    let is_generic = p.at(SyntaxKind::Lt) && p.is_joined();
    let report = if is_generic {
        foreign(
            p,
            "what a type holds stands in brackets",
            "expected `[`",
            "write `list[T]`",
        )
    } else {
        foreign(
            p,
            "a type is bounded by a range",
            "expected `in`",
            "write `int in 1..=10`; both ends are needed",
        )
    };
    p.fail(report);
}

/// Signs that other languages have for one of our operators.
pub fn same_operator(sign: &str) -> Option<SyntaxKind> {
    Some(match sign {
        "&&" => SyntaxKind::AndKw,
        "||" => SyntaxKind::OrKw,
        "===" => SyntaxKind::EqEq,
        "!==" | "<>" => SyntaxKind::NotEq,
        _ => return None,
    })
}

/// Words that other languages have for one of our operators, behind a value on its line.
pub fn word_operator(p: &Parser) -> Option<SyntaxKind> {
    match p.text() {
        "is" if p.nth(1) != SyntaxKind::NotKw && !is_nothing(p.nth_text(1)) => {
            Some(SyntaxKind::EqEq)
        }
        "eq" => Some(SyntaxKind::EqEq),
        _ => None,
    }
}

/// Reports an operator that is not written so here; says nothing of one that is.
pub fn operator(p: &mut Parser) {
    let ours = match p.kind() {
        SyntaxKind::Foreign if p.text() == "!" => "not",
        SyntaxKind::Foreign => match same_operator(p.text()).and_then(BinaryOp::of) {
            Some(op) => op.symbol(),
            None => return,
        },
        SyntaxKind::Ident => "==",
        _ => return,
    };
    let report = foreign(
        p,
        format!("`{}` is written `{ours}`", p.text()),
        &format!("expected `{ours}`"),
        if ours == "not" {
            "write `not a`".to_owned()
        } else {
            format!("write `a {ours} b`")
        },
    );
    p.report(report);
}

/// Reports and skips an index.
pub fn index(p: &mut Parser) {
    let report = foreign(
        p,
        "there are no indexes",
        "not part of an expression",
        "a field is read with `.name`; what picks from a list is a component",
    );
    p.report(report);
    p.skip_one_error();
}

/// A word that is a value, or begins one, in other languages. Gives what stands for it in the tree, if it was one.
pub fn value_word(p: &mut Parser) -> Option<Option<Completed>> {
    if matches!(
        p.nth(1),
        SyntaxKind::LParen | SyntaxKind::Dot | SyntaxKind::Eq | SyntaxKind::Colon
    ) {
        return lambda(p);
    }
    match p.text() {
        word @ ("None" | "null" | "nil" | "NULL" | "undefined") => {
            let report = foreign(
                p,
                format!("there is no `{word}`"),
                "not a value",
                "leave an optional input out to leave it absent; `x ?? default` gives a value where `x` is absent",
            );
            p.report(report);
            let error = p.start();
            p.bump();
            Some(Some(p.complete(error, SyntaxKind::Error)))
        }
        word @ ("True" | "False" | "TRUE" | "FALSE") => {
            let ours = word.to_lowercase();
            let report = foreign(
                p,
                format!("`{word}` is written `{ours}`"),
                &format!("expected `{ours}`"),
                format!("write `{ours}`"),
            );
            p.report(report);
            let literal = p.start();
            p.bump_as(if ours == "true" {
                SyntaxKind::TrueKw
            } else {
                SyntaxKind::FalseKw
            });
            Some(Some(p.complete(literal, SyntaxKind::Literal)))
        }
        word @ ("await" | "new" | "yield" | "async")
            if p.nth(1) == SyntaxKind::Ident
                && p.nth(2) == SyntaxKind::LParen
                && !p.nth_at_line_end(1) =>
        {
            let report = foreign(
                p,
                format!("`{word}` stands before no call"),
                "not part of an expression",
                "write the call alone: a task runs when what it reads is there",
            );
            p.report(report);
            p.bump_error();
            None
        }
        _ => lambda(p),
    }
}

fn lambda(p: &mut Parser) -> Option<Option<Completed>> {
    let has_params =
        p.nth(1) == SyntaxKind::Ident && matches!(p.nth(2), SyntaxKind::Colon | SyntaxKind::Comma);
    let is_lambda = p.at_word("lambda") && (has_params || p.nth(1) == SyntaxKind::Colon);
    let is_arrow = p.nth(1) == SyntaxKind::Foreign && p.nth_text(1) == "=>";
    if !is_lambda && !is_arrow {
        return None;
    }
    let report = foreign(
        p,
        "there are no functions in a pipeline",
        "not a value",
        "code stands in a component",
    );
    p.fail(report);
    Some(None)
}

/// Reports what begins a value in other languages. Nothing is taken.
pub fn no_value(p: &mut Parser) -> bool {
    let report = match p.kind() {
        SyntaxKind::Unknown => {
            super::literals::unknown_lost(p);
            return true;
        }
        SyntaxKind::Foreign => match p.text() {
            "$" => foreign(
                p,
                "a name stands without `$`",
                "expected a value",
                "write the name alone; in an f-string, `{name}`",
            ),
            "&" => foreign(
                p,
                "there are no references",
                "expected a value",
                "write the name alone",
            ),
            "|" | "||" => foreign(
                p,
                "there are no functions in a pipeline",
                "not a value",
                "code stands in a component",
            ),
            _ => return false,
        },
        SyntaxKind::Plus => at_token(
            p,
            codes::UNEXPECTED,
            "`+` stands between two values",
            "expected a value",
            "a positive number is written without a sign",
        ),
        SyntaxKind::Lt => foreign(
            p,
            "`<` begins no value",
            "expected a value",
            "a string stands in double quotes",
        ),
        _ => return false,
    };
    p.fail(report);
    true
}

/// Reports `*args` and `...rest` among values. Nothing is taken.
pub fn spread(p: &mut Parser) -> bool {
    let is_spread = p.at_any(&[SyntaxKind::Star, SyntaxKind::Ellipsis])
        || (p.at(SyntaxKind::Foreign) && matches!(p.text(), "**" | ".."));
    if is_spread {
        let report = foreign(
            p,
            "values are not unpacked",
            "expected a value",
            "name each one; `...` joins record types only",
        );
        p.fail(report);
    }
    is_spread
}

/// A word for `else if` stands behind the `}` of a branch.
pub fn at_elif(p: &Parser) -> bool {
    let is_word = p.at_word("elif") || p.at_word("elsif") || p.at_word("elseif");
    is_word
        && !matches!(
            p.nth(1),
            SyntaxKind::Eq | SyntaxKind::Dot | SyntaxKind::Colon
        )
}

/// Reports such a word. The parser stays at it.
pub fn elif(p: &mut Parser) {
    p.found_again();
    let word = p.text();
    let report = Diagnostic::new(
        codes::FOREIGN_WORD,
        p.span_of(p.pos()),
        format!("`{word}` is written `else if`"),
    )
    .label("expected `else if`")
    .help("write `else if condition { .. }`");
    p.report(report);
}

/// Reports what other languages write behind a value that stands inside of something.
pub fn in_list(p: &mut Parser) {
    if p.is_lost() || p.at_line_end() {
        return;
    }
    if let Some(report) = tail(p) {
        p.fail(report);
    }
}

/// The report for what stands behind the value of a statement and does not belong there.
pub fn after_value(p: &Parser) -> Diagnostic {
    if let Some(report) = tail(p) {
        return report;
    }
    match p.kind() {
        SyntaxKind::Eq => at_token(
            p,
            codes::UNEXPECTED,
            "only a plain name can be given a value",
            "not behind this",
            "write `name = ..`",
        ),
        SyntaxKind::Comma => at_token(
            p,
            codes::UNEXPECTED,
            "a statement has one name and one value",
            "expected the end of the line",
            "give a task with several outputs one name, `t = f(..)`, and read `t.a` and `t.b`",
        ),
        SyntaxKind::RBrace | SyntaxKind::RParen | SyntaxKind::RBracket => super::items::unmatched(p),
        SyntaxKind::ElseKw => lone_else(p),
        SyntaxKind::Ident if p.text() == "limit" => at_token(
            p,
            codes::SUFFIX,
            "`limit` stands behind the loop's body",
            "expected the end of the line",
            "write `for x in list limit 2 { .. }`",
        ),
        SyntaxKind::LBrace => p
            .expectation("the end of the line")
            .help("attributes of a task stand behind `with`: `f(..) with { .. }`; a block belongs to `if`, `for` or `finally`"),
        _ => p.expectation("the end of the line"),
    }
}

/// The report for an `else` that nothing comes before.
pub fn lone_else(p: &Parser) -> Diagnostic {
    at_token(
        p,
        codes::UNEXPECTED,
        "this `else` belongs to no `if`",
        "expected a statement",
        "an `else` follows the `}` of its `if`",
    )
}

/// What other languages write behind a value.
fn tail(p: &Parser) -> Option<Diagnostic> {
    let conditional = "a choice between values is an `if` of its own: `x = if c { a } else { b }`";
    Some(match p.kind() {
        SyntaxKind::IfKw => foreign(
            p,
            "`if` does not stand behind a value",
            "expected no more of the value",
            conditional,
        ),
        SyntaxKind::ForKw => foreign(
            p,
            "there are no comprehensions",
            "expected no more of the value",
            "a loop is a statement of its own: `name = for x in list { f(x) }`",
        ),
        SyntaxKind::Question => foreign(
            p,
            "there is no `? :`",
            "expected no more of the value",
            conditional,
        ),
        SyntaxKind::InKw | SyntaxKind::NotKw => foreign(
            p,
            "there is no test of membership",
            "expected no more of the value",
            "compare with `==` and join with `or`; a type can name its values: `str in [\"a\", \"b\"]`",
        ),
        SyntaxKind::DotDotEq => foreign(
            p,
            "a range is not a value",
            "expected no more of the value",
            "ranges bound types (`int in 1..=10`); write a list, or a component that returns one",
        ),
        SyntaxKind::Ident => return word_tail(p),
        SyntaxKind::Foreign => return sign_tail(p),
        _ => return None,
    })
}

fn word_tail(p: &Parser) -> Option<Diagnostic> {
    let next = p.nth(1);
    match p.text() {
        "is" => Some(foreign(
            p,
            "there is no test of presence",
            "expected no more of the value",
            "`x ?? default` gives a value where `x` is absent; values compare with `==`",
        )),
        word @ ("with" | "after")
            if (word == "with" && next == SyntaxKind::LBrace)
                || (word == "after" && next == SyntaxKind::Ident) =>
        {
            Some(at_token(
                p,
                codes::SUFFIX,
                format!("`{word}` stands inside of a statement"),
                "ends a statement only",
                "give the inner call a line and a name of its own",
            ))
        }
        _ => None,
    }
}

fn sign_tail(p: &Parser) -> Option<Diagnostic> {
    let (message, help) = match p.text() {
        "**" | "//" | "^" | "~" | "&" => (
            format!("there is no operator `{}`", p.text()),
            "the operators on numbers are `+`, `-`, `*`, `/` and `%`; more is a component's work",
        ),
        ".." => (
            "a range is not a value".to_owned(),
            "ranges bound types (`int in 1..=10`); write a list, or a component that returns one",
        ),
        "+=" | "-=" | "*=" | "/=" | "++" => (
            "a name keeps its value".to_owned(),
            "give the new value a name of its own: `name = ..`",
        ),
        ":=" => (
            "a name gets its value with `=`".to_owned(),
            "write `name = ..`",
        ),
        "|" | "|>" => (
            "there is no operator for piping".to_owned(),
            "calls nest as arguments: `outer(inner(x))`",
        ),
        "=>" => (
            "there are no functions in a pipeline".to_owned(),
            "code stands in a component",
        ),
        "::" => (
            "a name of another file is read with `.`".to_owned(),
            "write `alias.name`",
        ),
        _ => return None,
    };
    Some(foreign(p, message, "not part of an expression", help))
}

/// A statement that begins with a word of another language. Takes the word and goes on where the rest is understood (false), or
/// gives up on the line (true).
pub fn statement(p: &mut Parser) -> bool {
    let next = p.nth(1);
    let used_as_name = matches!(
        next,
        SyntaxKind::Eq | SyntaxKind::Dot | SyntaxKind::Colon | SyntaxKind::LParen
    );
    if used_as_name {
        return false;
    }
    let alone = p.nth_at_line_end(1);
    let word = p.text();
    let help = match word {
        "let" | "var" | "val" | "const" | "final" if !alone && p.nth(2) == SyntaxKind::Eq => {
            let report = foreign(
                p,
                format!("a name needs no `{word}`"),
                "not part of a statement",
                "write `name = ..`",
            );
            p.report(report);
            p.bump_error();
            return false;
        }
        "elif" | "elsif" | "elseif" => "`else if` follows the `}` of its `if`",
        "break" | "continue" | "pass" | "fallthrough" => {
            "a loop's tasks run all; an empty block is `{}`"
        }
        _ if alone => return false,
        "while" | "until" | "loop" | "do" | "repeat" | "foreach" => {
            "loops run over a list: `for x in list { .. }`; a component may loop by itself"
        }
        "switch" | "match" | "case" | "when" | "unless" => {
            "write `if c { .. } else if d { .. } else { .. }`"
        }
        "try" | "except" | "catch" => {
            "a failed task fails the run; `retry` is an attribute, `finally { .. }` runs in any case"
        }
        "raise" | "throw" => "`require condition, \"message\"` fails the run",
        "def" | "fn" | "func" | "function" | "class" | "import" | "from" | "lambda" => {
            "code stands in components, and definitions beside the pipeline"
        }
        "assert" => "write `require condition, \"message\"`",
        "parallel" => "tasks run side by side unless one reads another or stands `after` it",
        _ => return false,
    };
    let report = foreign(
        p,
        format!("`{word}` begins no statement"),
        "a word of another language",
        help,
    );
    p.fail(report);
    p.skip_line();
    true
}

/// A line that begins with what no statement begins with. Gives up on it.
pub fn line(p: &mut Parser) -> bool {
    let report = match p.kind() {
        SyntaxKind::Foreign => match p.text() {
            "@" => decorator(p),
            "//" => comment(p),
            ";" => semicolon(p),
            sign if same_operator(sign).is_some() => dangling(p),
            _ => return false,
        },
        SyntaxKind::Slash if p.nth(1) == SyntaxKind::Star => comment(p),
        SyntaxKind::Plus
        | SyntaxKind::Star
        | SyntaxKind::Slash
        | SyntaxKind::Percent
        | SyntaxKind::EqEq
        | SyntaxKind::NotEq
        | SyntaxKind::Lt
        | SyntaxKind::LtEq
        | SyntaxKind::Gt
        | SyntaxKind::GtEq
        | SyntaxKind::Eq
        | SyntaxKind::Comma => dangling(p),
        _ => return false,
    };
    p.fail(report);
    p.skip_line();
    true
}

fn dangling(p: &Parser) -> Diagnostic {
    let sign = p.text();
    Diagnostic::new(
        codes::LINE_BREAK,
        p.span_of(p.pos()),
        format!("a line that begins with `{sign}` does not continue the one above"),
    )
    .label("expected a statement")
    .help(format!(
        "end the line above with `{sign}`, or put the whole in parentheses"
    ))
}
