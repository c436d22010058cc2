//! `mlpc fmt`: files in the one layout.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, input, output, terminal, walk};
use crate::compile::Input;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{Format, render};
use crate::project::{Loader, ReadError};
use crate::{fmt, syntax};

/// Lay .mlp files out in the one style; comments stay, and what a file means does not change
#[derive(clap::Args)]
pub struct Args {
    /// Files, and folders with all below them that .gitignore does not leave out; - is standard input, and is written to standard
    /// output
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Write nothing; show what would change, and exit with 1 if anything would
    #[arg(long)]
    check: bool,
}

/// What became of a file.
enum Outcome {
    Same,
    Changed,
    /// It has syntax errors, which were shown.
    Faulty,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let files = walk::programs(&self.paths)?;
        let (mut changed, mut faulty) = (0, 0);
        for file in &files {
            match self.one(file)? {
                Outcome::Same => {}
                Outcome::Changed => changed += 1,
                Outcome::Faulty => faulty += 1,
            }
        }
        if files.iter().any(|file| file != Path::new("-")) || self.check {
            terminal::eprint(&self.closing(files.len(), changed, faulty));
        }
        Ok(match faulty > 0 || (self.check && changed > 0) {
            true => Exit::Errors,
            false => Exit::Clean,
        })
    }

    fn one(&self, file: &Path) -> Result<Outcome, Failure> {
        let (project, given) = input::open(file)?;
        let mut loader = Loader::new(&project);
        let is_stdin = matches!(given, Input::Text(_));
        let id = match given {
            Input::Text(bytes) => loader.text(crate::project::STDIN, bytes),
            Input::File(path) => loader.entry(&path).map_err(|error| match error {
                ReadError::Missing => input::unreadable(file, "no such file or directory"),
                error => input::unreadable(file, &error.to_string()),
            })?,
        };
        let text = &loader.sources.file(id).text;
        let parse = syntax::parse(id, text);
        let errors: Vec<Diagnostic> = std::mem::take(&mut loader.diagnostics)
            .into_iter()
            .chain(parse.diagnostics.iter().cloned())
            .filter(Diagnostic::is_error)
            .collect();
        if !errors.is_empty() {
            let look = terminal::stderr_look();
            let shown = render(&errors, &loader.sources, Format::Human, look);
            terminal::eprint(&format!("{shown}\n"));
            return Ok(Outcome::Faulty);
        }
        let formatted = fmt::format(&parse);
        let shown = &loader.sources.file(id).shown;
        let same = formatted == *text;
        if self.check {
            if !same {
                let after = format!("{shown} (formatted)");
                terminal::print(&output::diff(shown, &after, text, &formatted))?;
            }
        } else if is_stdin {
            terminal::print(&formatted)?;
        } else if !same {
            output::write_file(file, &formatted)?;
            terminal::eprint(&format!("formatted {shown}\n"));
        }
        Ok(match same {
            true => Outcome::Same,
            false => Outcome::Changed,
        })
    }

    /// `3 files: 1 formatted, 1 left alone for its syntax errors`
    fn closing(&self, files: usize, changed: usize, faulty: usize) -> String {
        let s = if files == 1 { "" } else { "s" };
        let mut parts = Vec::new();
        if changed > 0 {
            let done = if self.check {
                "would be formatted"
            } else {
                "formatted"
            };
            parts.push(format!("{changed} {done}"));
        }
        if faulty > 0 {
            let its = if faulty == 1 { "its" } else { "their" };
            parts.push(format!("{faulty} left alone for {its} syntax errors"));
        }
        if parts.is_empty() {
            parts.push("all formatted already".to_owned());
        }
        format!("{files} file{s}: {}\n", parts.join(", "))
    }
}
