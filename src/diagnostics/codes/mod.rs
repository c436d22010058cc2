//! The table of codes: the one list from which messages, `mlpc explain` and `docs/codes.md` come.
//!
//! A code is a row in one of the files beside this one and a page in `explain/`, which holds why it is reported, an example that
//! fails with it and the same example mended. The tests compile both.

use super::Severity;

mod attributes;
mod lint;
mod names;
mod project;
mod python;
mod syntax;
mod target;
mod types;

pub use attributes::*;
pub use lint::*;
pub use names::*;
pub use project::*;
pub use python::*;
pub use syntax::*;
pub use target::*;
pub use types::*;

/// A stable code such as `E0201`: an error begins with `E`, a warning with `W`, a lint with `L`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

/// What the table holds about a code.
pub struct Entry {
    pub code: Code,
    /// What the code means, in a few words.
    pub title: &'static str,
    /// The page that `mlpc explain` shows, in Markdown.
    pub page: &'static str,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        self.0
    }

    pub fn severity(self) -> Severity {
        match self.0.as_bytes()[0] {
            b'E' => Severity::Error,
            _ => Severity::Warning,
        }
    }

    /// It speaks of habit, not of what the compiler must do: `mlpc check` looks for it.
    pub fn is_lint(self) -> bool {
        self.0.starts_with('L')
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Defines the constants of one family of codes and the rows of its table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: super::Code = super::Code($code);)*
        pub(super) const ENTRIES: &[super::Entry] = &[$(super::Entry {
            code: $name,
            title: $title,
            page: include_str!(concat!("explain/", $code, ".md")),
        }),*];
    };
}
use codes;

/// All codes, family by family, in the order of their numbers within one.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    [
        syntax::ENTRIES,
        names::ENTRIES,
        types::ENTRIES,
        python::ENTRIES,
        attributes::ENTRIES,
        target::ENTRIES,
        project::ENTRIES,
        lint::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

/// The entry of a code as a user writes it, in any case.
pub fn find(code: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.code.as_str().eq_ignore_ascii_case(code))
}
