//! Diagnostics as text: for people ([`human`]), for editors and `grep` ([`short`]), for programs ([`json`]), and for what
//! shows them beside code: GitHub's runners ([`github`]), code scanning ([`sarif`]), test reports ([`junit`]).
//!
//! Pure: whoever prints finds out about the terminal and says so with a [`Look`].

mod github;
mod human;
mod json;
mod junit;
mod sarif;
mod short;

use super::{Diagnostic, Severity};
use crate::source::SourceMap;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Source excerpts with labels below them.
    #[default]
    Human,
    /// `file:line:col: error[E0201]: message (help)`, one a line.
    Short,
    /// One JSON object a line.
    Json,
    /// A SARIF 2.1.0 document.
    Sarif,
    /// One command to a GitHub Actions runner a line.
    Github,
    /// A JUnit document.
    Junit,
}

/// What was found when one file was compiled.
pub struct Group<'a> {
    /// The file, as it is shown.
    pub name: &'a str,
    pub sources: &'a SourceMap,
    pub diagnostics: &'a [Diagnostic],
}

impl<'a> Group<'a> {
    /// In source order: files as they were loaded, then by position.
    fn ordered(&self) -> Vec<&'a Diagnostic> {
        let mut ordered: Vec<&Diagnostic> = self.diagnostics.iter().collect();
        ordered.sort_by_key(|diagnostic| {
            let span = diagnostic.primary().span;
            (span.file, span.start, span.end)
        });
        ordered
    }
}

/// What the place that the text goes to can show. Only [`Format::Human`] asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Box drawing characters; else ASCII.
    pub unicode: bool,
    /// In columns.
    pub width: usize,
}

impl Look {
    /// No colour and no terminal: what a file gets.
    pub const PLAIN: Look = Look {
        color: false,
        unicode: true,
        width: 120,
    };
}

/// The text of diagnostics in source order: files as they were loaded, then by position. Each line ends with a newline; no
/// diagnostics give no text, but where it is a document.
pub fn render(
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
    format: Format,
    look: Look,
) -> String {
    let group = Group {
        name: "",
        sources,
        diagnostics,
    };
    render_all(&[group], format, look)
}

/// The same for several files, one after the other.
pub fn render_all(groups: &[Group<'_>], format: Format, look: Look) -> String {
    let lines = |line: fn(&Diagnostic, &SourceMap) -> String| {
        let mut text = String::new();
        for group in groups {
            for one in group.ordered() {
                text.push_str(&line(one, group.sources));
            }
        }
        text
    };
    match format {
        Format::Human => {
            let texts = groups
                .iter()
                .map(|group| human::render(&group.ordered(), group.sources, look));
            let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
            texts.join("\n")
        }
        Format::Short => lines(short::line),
        Format::Json => lines(json::line),
        Format::Github => lines(github::line),
        Format::Sarif => sarif::document(groups),
        Format::Junit => junit::document(groups),
    }
}

/// `2 errors and 1 warning`; nothing when there is nothing to count.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity, word: &str| {
        let n = diagnostics
            .iter()
            .filter(|one| one.severity == severity)
            .count();
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let counts: Vec<String> = [
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!counts.is_empty()).then(|| counts.join(" and "))
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Text of a user's file or built from it, safe to show: what could move a terminal's cursor or turn the reading direction
/// becomes a replacement character. Line ends and tabs stay.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;
    use crate::source::{FileId, Span};

    /// A span of `text` at its `nth` appearance in a file, from 0.
    fn find(sources: &SourceMap, file: FileId, text: &str, nth: usize) -> Span {
        let (at, _) = sources
            .file(file)
            .text
            .match_indices(text)
            .nth(nth)
            .unwrap();
        Span::new(file, at, at + text.len())
    }

    const LIB: &str = "## Trains.\ncomponent train(data: Dataset[parquet, Features]) -> Model[joblib] {\n  python: \"steps.py:train\"\n}\n";
    const MAIN: &str = "use { train } from \"lib.mlp\"\n\npipeline p(path: str) {\n  raw = load(path)\n  fit = train(raw)\n\n\n\n\n  x = 1\n}\n";

    fn two_files() -> (SourceMap, Vec<Diagnostic>) {
        let mut sources = SourceMap::default();
        let main = sources.add("main.mlp", "main.mlp", MAIN);
        let lib = sources.add("lib.mlp", "lib.mlp", LIB);
        let at = |file, text, nth| find(&sources, file, text, nth);
        let edge = Diagnostic::new(
            codes::FILE_OUTSIDE,
            at(main, "raw", 1),
            "`raw` has no column `age_z`",
        )
        .label("is `Dataset[parquet, {age: float}]`")
        .also(
            at(lib, "data: Dataset[parquet, Features]", 0),
            "`train` takes `Dataset[parquet, Features]`",
        )
        .also(at(main, "raw = load(path)", 0), "made here")
        .help("rename a column in `load`: `age` is the nearest");
        let whole = at(main, "pipeline p(path: str) {", 0).to(at(main, "}", 1));
        let body =
            Diagnostic::new(codes::FILE_MISSING, whole, "this pipeline is long").label("from here");
        let some = at(main, "raw = load(path)", 0).to(at(main, "train(raw)", 0));
        let lines = Diagnostic::new(codes::FILE_MISSING, some, "two lines").label("both of them");
        let diagnostics = vec![
            edge,
            Diagnostic::new(
                codes::FILE_NOT_TEXT,
                at(lib, "Trains", 0),
                "in the second file",
            ),
            lines,
            body,
        ];
        (sources, diagnostics)
    }

    fn snapshot(name: &str, text: &str) {
        insta::with_settings!({snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, text);
        });
    }

    #[test]
    fn reports_stand_in_source_order_with_labels_in_several_files() {
        let (sources, diagnostics) = two_files();
        let ascii = Look {
            unicode: false,
            ..Look::PLAIN
        };
        let text = |format, look| render(&diagnostics, &sources, format, look);
        snapshot(
            "diagnostics_in_two_files",
            &format!(
                "{}\n----\n{}\n----\n{}\n----\n{}",
                text(Format::Human, Look::PLAIN),
                text(Format::Human, ascii),
                text(Format::Short, ascii),
                text(Format::Json, ascii),
            ),
        );
    }

    #[test]
    fn colour_is_in_escapes_only() {
        let (sources, diagnostics) = two_files();
        let plain = render(&diagnostics, &sources, Format::Human, Look::PLAIN);
        let look = Look {
            color: true,
            ..Look::PLAIN
        };
        let colored = render(&diagnostics, &sources, Format::Human, look);
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
        assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
        assert_ne!(plain, colored);
    }

    #[test]
    fn lines_of_all_sorts_are_drawn() {
        let mut sources = SourceMap::default();
        let long = format!(
            "x = [{}\"needle\", {}]\n",
            "\"hay\", ".repeat(60),
            "\"hay\", ".repeat(60)
        );
        let text = format!(
            "a\tb = 1\r\nh = \"日本語 héé\" + y\r\nesc = \"\u{1b}[31m\u{202e}\" + z\r\n{long}end"
        );
        let file = sources.add("odd.mlp", "odd.mlp", text.clone());
        let empty = sources.add("empty.mlp", "empty.mlp", "");
        let at = |text, nth| find(&sources, file, text, nth);
        let end = text.len();
        let spans = [
            at("b", 0),
            at("y", 0),
            at("z", 0),
            at("\"needle\"", 0),
            at("1\r\nh", 0),
            Span::new(file, end, end),
            Span::new(file, 0, end),
            Span::new(empty, 0, 0),
        ];
        let diagnostics: Vec<Diagnostic> = spans
            .map(|span| {
                Diagnostic::new(codes::FILE_MISSING, span, "look \u{1b}[31mhere").label("this")
            })
            .into();
        let look = Look {
            width: 80,
            ..Look::PLAIN
        };
        snapshot(
            "diagnostics_on_odd_lines",
            &render(&diagnostics, &sources, Format::Human, look),
        );
    }

    #[test]
    fn counts() {
        let (_, diagnostics) = two_files();
        assert_eq!(summary(&diagnostics).as_deref(), Some("4 errors"));
        assert_eq!(summary(&diagnostics[..1]).as_deref(), Some("1 error"));
        assert_eq!(summary(&[]), None);
    }
}
