//! What a layout may be: texts, the places where a line may end, and groups of those. The printer chooses.
//!
//! A group is printed on one line when it fits into what is left of the line, else each of its own line ends is taken; groups inside
//! it choose again for themselves.

use crate::syntax::strings;

/// Columns that a line may have.
pub const WIDTH: usize = 100;
/// Columns by which what stands in brackets is moved in.
pub const INDENT: usize = 2;

#[derive(Clone, Debug)]
pub enum Doc {
    Text(String),
    /// A `"""` string: the lines of its text are moved to where it stands.
    Triple(String),
    /// A blank (or nothing) in a group on one line, else a line end, with an empty line when `blank`.
    Line {
        flat: &'static str,
        blank: bool,
    },
    /// A line end always; `extra` columns further in than the lines around it.
    Hard {
        extra: usize,
        blank: bool,
    },
    /// In a group that is broken: a blank when what follows, `next` columns wide, still fits on the line; else a line end.
    Fill {
        next: usize,
    },
    /// Only in a group that is broken.
    IfBroken(&'static str),
    /// Only in a group on one line.
    IfFlat(&'static str),
    /// A comment, at the end of the line.
    Comment(String),
    Indent(usize, Vec<Doc>),
    /// `broken`: it has a line end that is always taken, or is wanted on several lines.
    Group {
        broken: bool,
        docs: Vec<Doc>,
    },
}

impl Doc {
    pub fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    /// A blank, or a line end.
    pub const LINE: Doc = Doc::Line {
        flat: " ",
        blank: false,
    };
    /// Nothing, or a line end.
    pub const SOFT: Doc = Doc::Line {
        flat: "",
        blank: false,
    };

    /// A line end always.
    pub const HARD: Doc = Doc::Hard {
        extra: 0,
        blank: false,
    };

    /// On one line when it fits.
    pub fn group(docs: Vec<Doc>) -> Doc {
        Doc::Group {
            broken: docs.iter().any(Doc::must_break),
            docs,
        }
    }

    /// On several lines.
    pub fn broken(docs: Vec<Doc>) -> Doc {
        Doc::Group { broken: true, docs }
    }

    /// Whether it can't stand on one line.
    fn must_break(&self) -> bool {
        match self {
            Doc::Hard { .. } | Doc::Comment(_) => true,
            Doc::Triple(token) => token.contains('\n'),
            Doc::Indent(_, docs) => docs.iter().any(Doc::must_break),
            Doc::Group { broken, .. } => *broken,
            _ => false,
        }
    }
}

/// The columns that `docs` take on one line; nothing when they can't stand on one.
pub fn flat_width(docs: &[Doc]) -> Option<usize> {
    docs.iter().try_fold(0, |width, doc| {
        let own = match doc {
            _ if doc.must_break() => return None,
            Doc::Text(text) | Doc::Triple(text) => columns(text),
            Doc::Line { flat, .. } | Doc::IfFlat(flat) => columns(flat),
            Doc::Fill { .. } => 1,
            Doc::Indent(_, docs) | Doc::Group { docs, .. } => flat_width(docs)?,
            Doc::IfBroken(_) | Doc::Hard { .. } | Doc::Comment(_) => 0,
        };
        Some(width + own)
    })
}

pub fn columns(text: &str) -> usize {
    text.chars().count()
}

#[derive(Clone, Copy)]
struct Task<'d> {
    doc: &'d Doc,
    indent: usize,
    flat: bool,
}

struct Printer {
    out: String,
    column: usize,
    /// Comments that wait for the line's end.
    comments: Vec<String>,
}

/// The text of `docs`, ending with a line end when there is any.
pub fn print(docs: &[Doc]) -> String {
    let mut printer = Printer {
        out: String::new(),
        column: 0,
        comments: Vec::new(),
    };
    let mut tasks = Vec::new();
    push(&mut tasks, docs, 0, false);
    while let Some(task) = tasks.pop() {
        printer.one(task, &mut tasks);
    }
    printer.end_line();
    let end = printer.out.trim_end_matches('\n').len();
    printer.out.truncate(end);
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

fn push<'d>(tasks: &mut Vec<Task<'d>>, docs: &'d [Doc], indent: usize, flat: bool) {
    tasks.extend(docs.iter().rev().map(|doc| Task { doc, indent, flat }));
}

impl Printer {
    fn one<'d>(&mut self, task: Task<'d>, tasks: &mut Vec<Task<'d>>) {
        let Task { doc, indent, flat } = task;
        match doc {
            Doc::Text(text) => self.text(text),
            Doc::Triple(token) => {
                let moved = moved(token, indent);
                self.out.push_str(&moved);
                let last = moved.rsplit('\n').next().unwrap_or_default();
                self.column = columns(last) + if moved.contains('\n') { 0 } else { self.column };
            }
            Doc::Line { flat: blank, .. } if flat => self.text(blank),
            Doc::Line { blank, .. } => self.line(indent, *blank),
            Doc::Hard { extra, blank } => self.line(indent + extra, *blank),
            // A comma follows, or the line's end.
            Doc::Fill { next } if flat || self.column + next + 2 <= WIDTH => self.text(" "),
            Doc::Fill { .. } => self.line(indent, false),
            Doc::IfBroken(text) if !flat => self.text(text),
            Doc::IfFlat(text) if flat => self.text(text),
            Doc::IfBroken(_) | Doc::IfFlat(_) => {}
            Doc::Comment(text) => self.comments.push(text.clone()),
            Doc::Indent(by, docs) => push(tasks, docs, indent + by, flat),
            Doc::Group { broken, docs } => {
                let fits = !broken && (flat || self.fits(docs, tasks));
                push(tasks, docs, indent, fits);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += columns(text);
    }

    fn line(&mut self, indent: usize, blank: bool) {
        self.end_line();
        self.out.push('\n');
        if blank {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn end_line(&mut self) {
        for comment in self.comments.drain(..) {
            self.out.push_str("  ");
            self.out.push_str(&comment);
        }
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
    }

    /// Whether `docs` on one line, and what follows them up to where a line may end, fit.
    fn fits(&self, docs: &[Doc], rest: &[Task]) -> bool {
        let Some(mut left) =
            flat_width(docs).and_then(|width| WIDTH.checked_sub(self.column + width))
        else {
            return false;
        };
        for task in rest.iter().rev() {
            match ends_line(task.doc, task.flat, &mut left) {
                None => return false,
                Some(true) => return true,
                Some(false) => {}
            }
        }
        true
    }
}

/// Takes the columns of `doc` from those that are left, up to where its first line may end. Nothing when they are too few.
fn ends_line(doc: &Doc, flat: bool, left: &mut usize) -> Option<bool> {
    let text = match doc {
        Doc::Text(text) => text.as_str(),
        Doc::Triple(token) => match token.split_once('\n') {
            Some((first, _)) => {
                *left = left.checked_sub(columns(first))?;
                return Some(true);
            }
            None => token,
        },
        Doc::Line { flat: blank, .. } if flat => blank,
        Doc::Fill { .. } if flat => " ",
        Doc::Line { .. } | Doc::Hard { .. } | Doc::Fill { .. } => return Some(true),
        Doc::IfBroken(text) if !flat => text,
        Doc::IfFlat(text) if flat => text,
        Doc::IfBroken(_) | Doc::IfFlat(_) | Doc::Comment(_) => "",
        Doc::Indent(_, docs) | Doc::Group { docs, .. } => {
            for doc in docs {
                if ends_line(doc, flat, left)? {
                    return Some(true);
                }
            }
            ""
        }
    };
    *left = left.checked_sub(columns(text))?;
    Some(false)
}

/// A `"""` string whose quotes stand on lines of their own, its text moved to `indent`. Any other one is left as it is.
fn moved(token: &str, indent: usize) -> String {
    let unmoved = || token.to_owned();
    let Ok(before) = strings::triple(token) else {
        return unmoved();
    };
    let Some(content) = before.text.strip_suffix('\n') else {
        return unmoved();
    };
    let mut moved = String::from("\"\"\"\n");
    for line in content.split('\n') {
        if !line.is_empty() {
            moved.extend(std::iter::repeat_n(' ', indent + INDENT));
            moved.push_str(line);
        }
        moved.push('\n');
    }
    moved.extend(std::iter::repeat_n(' ', indent));
    moved.push_str("\"\"\"");
    match strings::triple(&moved) {
        Ok(after) if after.text == before.text && !has_text_at_quotes(token) => moved,
        _ => unmoved(),
    }
}

/// There is text on the lines of the quotes.
fn has_text_at_quotes(token: &str) -> bool {
    let inner = &token[3..token.len() - 3];
    let holds_text = |line: Option<&str>| line.is_some_and(|line| !line.trim().is_empty());
    holds_text(inner.split('\n').next()) || holds_text(inner.rsplit('\n').next())
}
