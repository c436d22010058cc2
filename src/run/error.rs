//! Why a run could not begin or go on. A run whose steps fail is no error: see [`super::Report`].

use std::fmt;
use std::path::Path;

/// A message for the user and the code to exit with.
#[derive(Debug)]
pub struct Error {
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// 1: the plan is at fault; 2: how mlpc was called, or the machine.
    pub exit_code: u8,
}

impl Error {
    /// Of the call or the machine.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            help: None,
            exit_code: 2,
        }
    }

    /// Of the plan.
    pub(crate) fn plan(message: impl Into<String>) -> Self {
        Error {
            exit_code: 1,
            ..Error::usage(message)
        }
    }

    pub(crate) fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Error::usage(format!(
            "can't {doing} `{}`: {}",
            path.display(),
            reason(error)
        ))
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What the system says, in lower case and without its number.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().collect::<String>() + chars.as_str(),
        None => String::new(),
    }
}
