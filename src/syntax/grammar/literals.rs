//! Literals, and what is wrong with them.

use super::super::kind::SyntaxKind;
use super::super::parser::{Completed, Parser};
use crate::diagnostics::{Diagnostic, codes, nearest};
use crate::source::Span;
use crate::syntax::strings::{self, StringFault};
use crate::syntax::{lexer, numbers};

/// A literal, if one stands here.
pub fn try_literal(p: &mut Parser) -> Option<Completed> {
    match p.kind() {
        SyntaxKind::Int
        | SyntaxKind::Float
        | SyntaxKind::BadNumber
        | SyntaxKind::Duration
        | SyntaxKind::Size
        | SyntaxKind::String
        | SyntaxKind::TripleString
        | SyntaxKind::ForeignString
        | SyntaxKind::TrueKw
        | SyntaxKind::FalseKw
        | SyntaxKind::Minus => Some(literal(p)),
        SyntaxKind::Dot if p.nth(1) == SyntaxKind::Int && p.nth_is_joined(1) => {
            let report =
                Diagnostic::new(codes::BAD_NUMBER, p.here(), "a number begins with a digit")
                    .label("expected a digit before the point")
                    .help(format!("write `0.{}`", p.nth_text(1)));
            p.report(report);
            let error = p.start();
            p.bump();
            p.bump();
            Some(p.complete(error, SyntaxKind::Error))
        }
        _ => None,
    }
}

/// A literal, with the `-` of a number. The parser stands at one.
pub fn literal(p: &mut Parser) -> Completed {
    let node = p.start();
    let negative = p.eat(SyntaxKind::Minus);
    check(p, negative);
    p.bump();
    p.complete(node, SyntaxKind::Literal)
}

fn check(p: &mut Parser, negative: bool) {
    let text = p.text();
    let too_large = |p: &Parser, message: &str, help: &str| {
        Diagnostic::new(codes::NUMBER_TOO_LARGE, p.here(), message)
            .label("too large")
            .help(help)
    };
    let report = match p.kind() {
        SyntaxKind::Int if numbers::int(text, negative).is_none() => too_large(
            p,
            "this integer does not fit 64 bits",
            "integers go from -9223372036854775808 to 9223372036854775807; a float has a point: `1.0`",
        ),
        SyntaxKind::Float if numbers::float(text).is_none() => too_large(
            p,
            "this number is too large for a float",
            "the largest float is about 1.8e308",
        ),
        SyntaxKind::Duration if numbers::duration(text).is_none() => too_large(
            p,
            "this duration is too long",
            "its seconds have to fit 64 bits",
        ),
        SyntaxKind::Size if numbers::size(text).is_none() => {
            too_large(p, "this size is too large", "its bytes have to fit 64 bits")
        }
        SyntaxKind::BadNumber => bad_number(p.here(), text),
        SyntaxKind::ForeignString => return foreign_string(p),
        SyntaxKind::String | SyntaxKind::TripleString => return check_string(p),
        _ => return,
    };
    p.report(report);
}

/// Reports what is wrong with the string that stands here, if anything.
pub fn check_string(p: &mut Parser) {
    let text = p.text();
    let decoded = match p.kind() {
        SyntaxKind::ForeignString => return foreign_string(p),
        SyntaxKind::TripleString => strings::triple(text),
        _ if text.len() > 1 && text.ends_with('"') && !text.contains('\\') => return,
        _ => strings::plain(text),
    };
    if let Err(faults) = decoded {
        report_faults(p, faults);
    }
}

fn report_faults(p: &mut Parser, faults: Vec<StringFault>) {
    let token = p.span_of(p.pos());
    for fault in faults {
        let inside = |range: std::ops::Range<usize>| {
            let start = token.start as usize;
            Span::new(token.file, start + range.start, start + range.end)
        };
        let report = match fault {
            StringFault::Unterminated => {
                unterminated(p, p.kind() == SyntaxKind::TripleString);
                continue;
            }
            StringFault::UnknownEscape(range) => {
                let span = inside(range);
                let written = &p.input.text[span.range()];
                let help = if written == "\\'" {
                    "a single quote stands in a string as it is".to_owned()
                } else {
                    format!(
                        "a backslash is written `\\\\`; {KNOWN_ESCAPES}, and `\"\"\"..\"\"\"` has no escapes at all"
                    )
                };
                Diagnostic::new(codes::BAD_ESCAPE, span, format!("`{written}` is no escape"))
                    .label("not known")
                    .help(help)
            }
            StringFault::BadUnicode(range) => Diagnostic::new(
                codes::BAD_ESCAPE,
                inside(range),
                "this escape names no character",
            )
            .label("expected `\\u{..}` with up to six hexadecimal digits")
            .help("write `\\u{e9}` for é; surrogates (d800 to dfff) are no characters"),
            StringFault::LoneBrace(range) => Diagnostic::new(
                codes::FSTRING_HOLE,
                inside(range),
                "this `}` closes nothing in the f-string",
            )
            .label("no `{` before it is open")
            .help("a brace as text is doubled: `}}`"),
        };
        p.report(report);
    }
}

const KNOWN_ESCAPES: &str = r#"the escapes are `\n`, `\t`, `\r`, `\"`, `\\` and `\u{..}`"#;

/// Reports a string that never ends, at the quotes that open it.
fn unterminated(p: &mut Parser, triple: bool) {
    let token = p.span_of(p.pos());
    let report = if triple {
        Diagnostic::new(
            codes::UNTERMINATED_STRING,
            Span::new(token.file, token.start as usize, token.start as usize + 3),
            "this string is never closed",
        )
        .label("the file ends before the closing `\"\"\"`")
        .help("add `\"\"\"` where the string ends")
    } else {
        Diagnostic::new(
            codes::UNTERMINATED_STRING,
            token,
            "this string is not closed on its line",
        )
        .label("expected `\"` before the end of the line")
        .help("close it with `\"`; a text of several lines stands in `\"\"\"..\"\"\"`")
    };
    p.note_unterminated(p.pos());
    p.fail(report);
}

/// Reports the string here that another language would write so. Takes nothing.
pub fn foreign_string(p: &mut Parser) {
    let text = p.text();
    let quote = text.find(['"', '\'']).unwrap_or(0);
    let (prefix, quoted) = text.split_at(quote);
    let is_triple =
        quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\""));
    let is_formatted = prefix.eq_ignore_ascii_case("f");
    let (message, help) = if is_formatted && is_triple {
        (
            "an f-string stands on one line",
            "write `f\"..\"`, with `\\n` for a line end; a script reads its inputs from variables"
                .to_owned(),
        )
    } else if !prefix.is_empty() && !is_formatted {
        let help = if prefix.contains(['r', 'R']) {
            "`\"\"\"..\"\"\"` has no escapes; in `\"..\"` a backslash is written `\\\\`"
        } else {
            "write `\"..\"`: a string is Unicode text"
        };
        ("a string has no such prefix", help.to_owned())
    } else {
        let inner = quoted.trim_matches('\'');
        let inner = inner.replace("\\'", "'").replace('"', "\\\"");
        let help = match inner.len() {
            _ if is_triple => "a text of several lines stands in `\"\"\"..\"\"\"`".to_owned(),
            ..40 => format!("write `{}\"{inner}\"`", prefix.to_lowercase()),
            _ => "write `\"..\"`".to_owned(),
        };
        ("a string stands in double quotes", help)
    };
    let report = Diagnostic::new(codes::FOREIGN_STRING, p.here(), message)
        .label("not a form of string here")
        .help(help);
    p.report(report);
}

/// The report for a word that begins with a digit and is no number.
fn bad_number(span: Span, word: &str) -> Diagnostic {
    let report = Diagnostic::new(
        codes::BAD_NUMBER,
        span,
        format!("`{word}` is no number, duration or size"),
    );
    let digits = word
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'_')
        .count();
    let (number, rest) = word.split_at(digits);
    if rest.is_empty() {
        return if number.contains('_') {
            report
                .label("a `_` stands between two digits")
                .help("write `1_000_000`")
        } else {
            let plain = number.trim_start_matches('0');
            let decimal = if plain.is_empty() { "0" } else { plain };
            let octal = u64::from_str_radix(number, 8);
            let help = match octal {
                Ok(octal) if octal.to_string() != decimal => format!(
                    "numbers are decimal: write `{decimal}`, or `{octal}` if octal was meant"
                ),
                _ => format!("write `{decimal}`"),
            };
            report.label("a number does not begin with `0`").help(help)
        };
    }
    if number == "0" && rest.starts_with(['x', 'X', 'b', 'B', 'o', 'O']) && rest.len() > 1 {
        let radix = match rest.as_bytes()[0].to_ascii_lowercase() {
            b'x' => 16,
            b'b' => 2,
            _ => 8,
        };
        let help = match u64::from_str_radix(&rest[1..].replace('_', ""), radix) {
            Ok(value) => format!("numbers are decimal: write `{value}`"),
            Err(_) => "numbers are decimal".to_owned(),
        };
        return report.label("numbers are decimal").help(help);
    }
    if rest.starts_with('.') {
        return fraction(report, word);
    }
    let unit = rest;
    let meant = meant_unit(unit).map(|unit| format!("{number}{unit}"));
    let durations = "the units of durations are `d`, `h`, `m` and `s`, from long to short: `1h30m`";
    let sizes = "the units of sizes are `B`, `KB`, `MB`, `GB`, `TB`, `PB`, `KiB`, `MiB`, `GiB`, `TiB` and `PiB`";
    let is_plain_unit = unit.bytes().all(|byte| byte.is_ascii_alphabetic());
    let report = report.label(if is_plain_unit {
        "not a unit"
    } else {
        "not a form of number"
    });
    match meant {
        Some(meant) if meant.ends_with('B') => report.help(format!("write `{meant}`; {sizes}")),
        Some(meant) => report.help(format!("write `{meant}`; {durations}")),
        None if is_duration_like(unit) => report.help(durations),
        None => report.help(format!("{durations}; {sizes}")),
    }
}

/// `500ms`, `1m1h`
fn is_duration_like(unit: &str) -> bool {
    matches!(unit, "ms" | "us" | "ns" | "w" | "mo" | "y") || unit.ends_with(['d', 'h', 'm', 's'])
}

/// `1.5h`, `1.2.3`
fn fraction(report: Diagnostic, word: &str) -> Diagnostic {
    let letters = word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len());
    let (number, unit) = word.split_at(letters);
    let Ok(value) = number.parse::<f64>() else {
        return report
            .label("more than one point")
            .help("a version or an address is a string: put it in quotes");
    };
    let unit = meant_unit(unit).unwrap_or(unit);
    let mut smaller = None;
    if let Some(at) = numbers::DURATION_UNITS
        .iter()
        .position(|(known, _)| *known == unit)
    {
        smaller = numbers::DURATION_UNITS.get(at + 1).map(|(name, seconds)| {
            (
                *name,
                numbers::DURATION_UNITS[at].1 as f64 / *seconds as f64,
            )
        });
    } else if let Some((_, bytes)) = numbers::SIZE_UNITS.iter().find(|(known, _)| *known == unit) {
        let step = if unit.contains('i') { 1024.0 } else { 1000.0 };
        smaller = (numbers::SIZE_UNITS.iter())
            .find(|(_, less)| *less as f64 * step == *bytes as f64)
            .map(|(name, _)| (*name, step));
    }
    let report = report.label("expected a whole number before the unit");
    match smaller {
        Some((name, factor)) if (value * factor).fract() == 0.0 => {
            report.help(format!("write `{}{name}`", value * factor))
        }
        _ => report.help("durations and sizes are whole numbers with a unit: `1h30m`, `512MiB`"),
    }
}

/// The unit that was likely meant: `min` is `m`, `Gi` is `GiB`.
fn meant_unit(unit: &str) -> Option<&'static str> {
    let same = |known: &&'static str| known.eq_ignore_ascii_case(unit);
    match unit.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => return Some("s"),
        "min" | "mins" | "minute" | "minutes" => return Some("m"),
        "hr" | "hrs" | "hour" | "hours" => return Some("h"),
        "day" | "days" => return Some("d"),
        "k" | "ki" => return Some(if unit.len() == 1 { "KB" } else { "KiB" }),
        "mi" => return Some("MiB"),
        "g" | "gi" => return Some(if unit.len() == 1 { "GB" } else { "GiB" }),
        "t" | "ti" => return Some(if unit.len() == 1 { "TB" } else { "TiB" }),
        "byte" | "bytes" => return Some("B"),
        _ => {}
    }
    let durations = numbers::DURATION_UNITS.iter().map(|(known, _)| *known);
    let sizes = numbers::SIZE_UNITS.iter().map(|(known, _)| *known);
    let all: Vec<&'static str> = durations.chain(sizes).collect();
    let exact = all.iter().copied().find(|known| same(known));
    exact.or_else(|| (unit.len() > 2).then(|| nearest(unit, all.iter().copied()))?)
}

/// A point behind an integer that no digit and no name follows: `1.`
pub fn is_trailing_point(p: &Parser, value: Completed) -> bool {
    let after_number =
        value.kind == SyntaxKind::Literal && p.input.kind(p.pos() - 1) == SyntaxKind::Int;
    let before_name = p.nth(1) == SyntaxKind::Ident && p.nth_is_joined(1);
    after_number && p.is_joined() && !before_name
}

/// Reports such a point and takes it.
pub fn trailing_point(p: &mut Parser) {
    let span = p.span_of(p.pos() - 1).to(p.span_of(p.pos()));
    let number = p.input.text(p.pos() - 1);
    let report = Diagnostic::new(codes::BAD_NUMBER, span, "a number does not end in a point")
        .label("expected a digit after the point")
        .help(format!("write `{number}.0`"));
    p.report(report);
    p.bump_error();
}

/// `f"text {name.field}"`
pub fn fstring(p: &mut Parser) -> Completed {
    let node = p.start();
    let open = p.pos();
    p.bump();
    loop {
        match p.kind() {
            SyntaxKind::FStringText => {
                if let Err(faults) = strings::fstring_text(p.text()) {
                    report_faults(p, faults);
                }
                p.bump();
            }
            SyntaxKind::HoleOpen => hole(p),
            SyntaxKind::FStringClose => {
                p.bump();
                break;
            }
            _ => {
                let span = p.span_from(open);
                let report = Diagnostic::new(
                    codes::UNTERMINATED_STRING,
                    span,
                    "this f-string is not closed on its line",
                )
                .label("expected `\"` before the end of the line")
                .help("close it with `\"`");
                p.note_unterminated(open);
                p.fail(report);
                break;
            }
        }
    }
    p.complete(node, SyntaxKind::FString)
}

/// `{name.field}`
fn hole(p: &mut Parser) {
    let open = p.pos();
    p.bump();
    let is_word = p.at(SyntaxKind::Ident) || lexer::reserved(p.text()).is_some();
    if is_word {
        let node = p.start();
        super::name(p, "a name");
        let mut value = p.complete(node, SyntaxKind::NameExpr);
        let mut fields = 0;
        while p.at(SyntaxKind::Dot)
            && (p.nth(1) == SyntaxKind::Ident || lexer::reserved(p.nth_text(1)).is_some())
        {
            let field = p.precede(value);
            p.bump();
            super::name(p, "a field's name");
            value = p.complete(field, SyntaxKind::FieldExpr);
            fields += 1;
            if !p.is_shallow(fields) {
                break;
            }
        }
    }
    if is_word && p.eat(SyntaxKind::HoleClose) {
        return;
    }
    let first = p.pos();
    let error = p.start();
    while p.at_any(&[SyntaxKind::Ident, SyntaxKind::Dot, SyntaxKind::HoleJunk])
        || lexer::reserved(p.text()).is_some()
    {
        p.bump();
    }
    let report = if p.pos() > first || p.at(SyntaxKind::HoleClose) {
        let junk = &p.input.text[p.span_from(first).range()];
        let (span, message, help) = if p.pos() == first {
            (
                p.span_from(open).to(p.here()),
                "there is nothing between these braces",
                "name what is to stand here; braces as text are doubled: `{{}}`",
            )
        } else if is_word && junk.starts_with([':', '!']) {
            (
                p.span_from(first),
                "an f-string does not format values",
                "a value has one text form everywhere; a component can format it otherwise",
            )
        } else {
            (
                p.span_from(open),
                "an f-string holds names and `.field`s only",
                "give the value a name first; braces as text are doubled: `{{ }}`",
            )
        };
        Diagnostic::new(codes::FSTRING_HOLE, span, message)
            .label("expected `{name}` or `{name.field}`")
            .help(help)
    } else {
        Diagnostic::new(
            codes::FSTRING_HOLE,
            p.span_of(open),
            "this `{` of an f-string is not closed",
        )
        .label("expected `}` before the string's end")
        .help("close it with `}`; a brace as text is doubled: `{{`")
    };
    p.complete(error, SyntaxKind::Error);
    if p.eat(SyntaxKind::HoleClose) {
        p.report(report);
    } else {
        // The string's own quotes are in doubt.
        p.fail(report);
    }
}

/// The report for characters that begin no token.
fn unknown_report(p: &Parser) -> Diagnostic {
    let text = p.text();
    let first = text.chars().next().unwrap_or_default();
    let (message, help) = match first {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '\u{ab}' | '\u{bb}' => (
            "these are not the quotes of a string".to_owned(),
            "write `\"..\"` with straight quotes",
        ),
        '\'' => (
            "a string stands in double quotes".to_owned(),
            "write `\"..\"`",
        ),
        '\u{2013}' | '\u{2014}' | '\u{2212}' => {
            (format!("`{first}` is no minus sign"), "write `-`")
        }
        c if text.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            let _ = c;
            (
                format!("`{text}` is no name"),
                "names are made of ASCII letters, digits and `_`; any text may stand in a string",
            )
        }
        c if c.is_control() => (
            format!("there is a control character here (U+{:04X})", c as u32),
            "remove it",
        ),
        _ => (
            format!("`{text}` means nothing here"),
            "remove it, or put it in a string",
        ),
    };
    Diagnostic::new(codes::UNKNOWN_CHARACTER, p.here(), message)
        .label("not part of the language")
        .help(help)
}

/// Reports blanks that look like plain ones and are not.
pub fn odd_blanks(p: &mut Parser) {
    for range in p.input.odd_blanks() {
        let c = p.input.text[range.clone()]
            .chars()
            .next()
            .unwrap_or_default();
        let report = Diagnostic::new(
            codes::UNKNOWN_CHARACTER,
            Span::new(p.file(), range.start, range.end),
            format!(
                "this is not a plain blank but the character U+{:04X}",
                c as u32
            ),
        )
        .label("not part of the language")
        .help("write a plain blank; in a string, any character may stand");
        p.report(report);
    }
}

/// Reports an unknown character; the parser goes on behind it.
pub fn unknown(p: &mut Parser) {
    let report = unknown_report(p);
    p.report(report);
}

/// Reports an unknown character; the parser gives up on the line.
pub fn unknown_lost(p: &mut Parser) {
    let report = unknown_report(p);
    p.fail(report);
}
