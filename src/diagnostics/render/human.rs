//! The report that a person reads, drawn by miette.
//!
//! Miette knows one source a report; an edge's two ends may lie in two files. So each report gets an [`Excerpt`]: the few lines
//! that its labels touch, of whatever files, put into one text that miette sees as its source.

use std::fmt;

use miette::{
    Diagnostic as Report, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Look, printable, severity_word};
use crate::diagnostics::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceFile, SourceMap};

/// A label over more lines than this is drawn on its first line only: nobody reads a box around a whole pipeline.
const MOST_LINES: usize = 6;
/// The text of a label gets this many columns, whether there is room for them or not.
const LEAST_ROOM: usize = 24;
/// Columns that line numbers and frame take.
const FRAME: usize = 10;

pub fn render(diagnostics: &[&Diagnostic], sources: &SourceMap, look: Look) -> String {
    let reports: Vec<String> = diagnostics
        .iter()
        .map(|one| report(one, sources, look))
        .collect();
    reports.join("\n")
}

fn report(diagnostic: &Diagnostic, sources: &SourceMap, look: Look) -> String {
    let excerpt = Excerpt::new(
        &diagnostic.labels,
        sources,
        look.width.saturating_sub(FRAME).max(30),
    );
    let handler = GraphicalReportHandler::new_themed(theme(diagnostic, &excerpt, look))
        .with_width(look.width)
        .with_break_words(false)
        .with_urls(false)
        .without_cause_chain();
    let message = printable(&diagnostic.message);
    let drawn = Drawn {
        message: if look.color {
            format!("\x1b[1m{message}\x1b[0m")
        } else {
            message
        },
        help: diagnostic.help.as_deref().map(printable),
        severity: diagnostic.severity,
        excerpt,
    };
    let mut out = String::new();
    handler
        .render_report(&mut out, &drawn)
        .expect("every label lies in the excerpt, and a String takes all");
    // The message begins at the margin, and no line ends in blanks.
    let mut text = String::with_capacity(out.len());
    for (at, line) in out.trim_start_matches('\n').lines().enumerate() {
        let line = if at == 0 {
            line.strip_prefix("  ").unwrap_or(line)
        } else {
            line
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn theme(diagnostic: &Diagnostic, excerpt: &Excerpt, look: Look) -> GraphicalTheme {
    let mut characters = if look.unicode {
        ThemeCharacters::unicode()
    } else {
        ThemeCharacters::ascii()
    };
    let mut styles = if look.color {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    if look.color {
        styles.error = styles.error.bold();
        styles.warning = styles.warning.bold();
        let primary = match diagnostic.severity {
            Severity::Error => styles.error,
            Severity::Warning => styles.warning,
            Severity::Note => styles.advice,
        };
        // Miette takes them in turn for the labels in their order.
        styles.highlights = excerpt
            .labels
            .iter()
            .map(|label| {
                if label.primary() {
                    primary
                } else {
                    styles.advice
                }
            })
            .collect();
    }
    let head = format!(
        "{}[{}]:",
        severity_word(diagnostic.severity),
        diagnostic.code
    );
    characters.error.clone_from(&head);
    characters.warning.clone_from(&head);
    characters.advice = head;
    GraphicalTheme { characters, styles }
}

/// A diagnostic as miette takes it.
#[derive(Debug)]
struct Drawn {
    message: String,
    help: Option<String>,
    severity: Severity,
    excerpt: Excerpt,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl Report for Drawn {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpt.labels.iter().cloned()))
    }
}

/// The lines that the labels of a diagnostic touch, with one line of context.
#[derive(Debug)]
struct Excerpt {
    text: String,
    chunks: Vec<Chunk>,
    /// In the order of their places in `text`.
    labels: Vec<LabeledSpan>,
}

/// Successive lines of one file.
#[derive(Debug)]
struct Chunk {
    name: String,
    /// Bytes of the excerpt's text.
    range: std::ops::Range<usize>,
    /// From 0.
    first_line: usize,
    lines: usize,
    /// Where labels begin in the excerpt, and the line and column there, from 0, in the file.
    starts: Vec<(usize, usize, usize)>,
}

/// A label cut down to the lines that are shown. Lines count from 0; bytes from the start of their line.
struct Shown<'a> {
    label: &'a Label,
    first: (usize, usize),
    last: (usize, usize),
}

impl<'a> Shown<'a> {
    fn new(label: &'a Label, file: &SourceFile) -> Self {
        let range = label.span.range();
        let first = file.line_at(range.start);
        // A span that ends with a line's newline doesn't reach into the next line.
        let last = file.line_at(range.end.max(range.start + 1) - 1);
        let column = |line: usize, offset: usize| {
            let whole = file.line_range(line);
            offset.clamp(whole.start, whole.end) - whole.start
        };
        let start = (first, column(first, range.start));
        if last - first >= MOST_LINES {
            let end = file.line_range(first).len();
            return Shown {
                label,
                first: start,
                last: (first, end),
            };
        }
        Shown {
            label,
            first: start,
            last: (last, column(last, range.end)),
        }
    }
}

impl Excerpt {
    /// `width` is how much of a line is shown, in characters.
    fn new(labels: &[Label], sources: &SourceMap, width: usize) -> Self {
        let mut files: Vec<FileId> = Vec::new();
        for label in labels {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        let mut excerpt = Excerpt {
            text: String::new(),
            chunks: Vec::new(),
            labels: Vec::new(),
        };
        let mut groups: Vec<(FileId, Vec<Shown>)> = Vec::new();
        for id in files {
            let file = sources.file(id);
            let mut shown: Vec<Shown> = labels
                .iter()
                .filter(|label| label.span.file == id)
                .map(|label| Shown::new(label, file))
                .collect();
            shown.sort_by_key(|one| (one.first, !one.label.primary));
            for one in shown {
                match groups.last_mut() {
                    Some((of, near))
                        if *of == id
                            && near.iter().any(|other| one.first.0 <= other.last.0 + 3) =>
                    {
                        near.push(one);
                    }
                    _ => groups.push((id, vec![one])),
                }
            }
        }
        // The place to mend is what one looks for first; what explains it stands below.
        groups.sort_by_key(|(_, near)| !near.iter().any(|one| one.label.primary));
        for (id, near) in groups {
            let file = sources.file(id);
            let first = near
                .iter()
                .map(|one| one.first.0)
                .min()
                .expect("no group is empty");
            let last = near
                .iter()
                .map(|one| one.last.0)
                .max()
                .expect("no group is empty");
            // A line of context on both sides, but for a blank one.
            let context = |line: usize| {
                line < file.lines() && !file.text[file.line_range(line)].trim().is_empty()
            };
            let start = first - usize::from(first > 0 && context(first - 1));
            let end = last + usize::from(context(last + 1));
            excerpt.add(file, start..=end, &near, width);
        }
        excerpt
    }

    fn add(
        &mut self,
        file: &SourceFile,
        lines: std::ops::RangeInclusive<usize>,
        labels: &[Shown],
        width: usize,
    ) {
        let from = self.text.len();
        // For each label: where it begins and ends in the excerpt, and where its line begins there.
        let mut places = vec![(0, 0, 0); labels.len()];
        for line in lines.clone() {
            let raw = &file.text[file.line_range(line)];
            let anchor = labels
                .iter()
                .find(|one| one.first.0 == line)
                .map_or(0, |one| one.first.1);
            let window = window(raw, anchor, width);
            let start = self.text.len();
            if window.start > 0 {
                self.text.push('…');
            }
            let body = self.text.len();
            self.text.push_str(&printable(&raw[window.clone()]));
            if window.end < raw.len() {
                self.text.push('…');
            }
            let end = self.text.len();
            let place = |column: usize| match column {
                column if column < window.start => start,
                column if column > window.end => end,
                column => body + printable(&raw[window.start..column]).len(),
            };
            for (one, at) in labels.iter().zip(&mut places) {
                if one.first.0 == line {
                    at.0 = place(one.first.1);
                    at.2 = start;
                }
                if one.last.0 == line {
                    at.1 = place(one.last.1);
                }
            }
            self.text.push('\n');
        }
        let mut starts = Vec::new();
        for (one, (start, end, line)) in labels.iter().zip(places) {
            // The text hangs below the middle of what it labels; below several lines it begins at the margin.
            let hangs = match one.first.0 == one.last.0 {
                true => line..start + self.text[start..end].chars().count() / 2,
                false => 0..0,
            };
            let room = width.saturating_sub(hangs.len() + 4).max(LEAST_ROOM);
            let text =
                (!one.label.text.is_empty()).then(|| wrap(&printable(&one.label.text), room));
            let span = (start, end.saturating_sub(start));
            self.labels.push(if one.label.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            });
            let column = file.text[file.line_range(one.first.0)][..one.first.1]
                .chars()
                .count();
            starts.push((start, one.first.0, column));
        }
        self.chunks.push(Chunk {
            name: printable(&file.shown),
            range: from..self.text.len(),
            first_line: *lines.start(),
            lines: lines.end() + 1 - lines.start(),
            starts,
        });
    }
}

/// Lines of at most `width` characters, broken at blanks.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 {
            let fits = column + 1 + length <= width;
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// The part of a line, in bytes, that is shown when at most `width` characters are: what stands around `anchor`.
fn window(line: &str, anchor: usize, width: usize) -> std::ops::Range<usize> {
    if line.len() <= width || line.chars().count() <= width {
        return 0..line.len();
    }
    let before = line[..anchor].chars().count();
    let skip = if before < width * 2 / 3 {
        0
    } else {
        before - width / 3
    };
    let byte = |nth: usize| {
        line.char_indices()
            .nth(nth)
            .map_or(line.len(), |(at, _)| at)
    };
    byte(skip)..byte(skip + width)
}

impl SourceCode for Excerpt {
    /// The whole chunk that the span lies in: it holds just the lines to be shown. Without context lines miette asks where the
    /// span begins in its file.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let chunk = self
            .chunks
            .iter()
            .find(|chunk| chunk.range.contains(&start) && end <= chunk.range.end)
            .ok_or(MietteError::OutOfBounds)?;
        let (line, column) = match chunk
            .starts
            .iter()
            .find(|(at, ..)| *at == start && before == 0)
        {
            Some((_, line, column)) => (*line, *column),
            None => (chunk.first_line, 0),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            chunk.name.clone(),
            &self.text.as_bytes()[chunk.range.clone()],
            (chunk.range.start, chunk.range.len()).into(),
            line,
            column,
            chunk.lines,
        )))
    }
}
