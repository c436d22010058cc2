//! `mlpc check`: what is wrong with files, in a form for people, editors or programs.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Exit, Failure, input, terminal, walk};
use crate::compile::{Request, Which};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{Format, Look, render};

/// Look for mistakes in .mlp files
#[derive(clap::Args)]
pub struct Args {
    /// Files, and folders with all below them that .gitignore does not leave out; - is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// How mistakes are shown: short is one line each, json one object a line
    #[arg(long, value_enum, default_value = "human")]
    format: Output,

    /// Check for this target, too; `all` is every one
    #[arg(short, long = "target", value_name = "TARGET")]
    targets: Vec<String>,

    #[command(flatten)]
    place: input::Place,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Output {
    Human,
    Short,
    Json,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let targets = input::targets(&self.targets)?;
        let files = walk::programs(&self.paths)?;
        let request = Request {
            which: Which::Roots,
            ..self.place.request()
        };
        let (format, look) = match self.format {
            Output::Human => (Format::Human, terminal::stdout_look()),
            Output::Short => (Format::Short, Look::PLAIN),
            Output::Json => (Format::Json, Look::PLAIN),
        };
        // A file that several use is met several times, and what is wrong with it is said once.
        let mut said = HashSet::new();
        let mut found: Vec<Diagnostic> = Vec::new();
        for file in &files {
            let (mut compilation, _) = input::compile(file, &request)?;
            for target in &targets {
                let diagnostics = compilation.check_target(*target);
                compilation.add(diagnostics);
            }
            let new: Vec<Diagnostic> = compilation
                .diagnostics
                .iter()
                .filter(|one| {
                    said.insert(render(
                        std::slice::from_ref(*one),
                        &compilation.sources,
                        Format::Json,
                        Look::PLAIN,
                    ))
                })
                .cloned()
                .collect();
            let text = render(&new, &compilation.sources, format, look);
            let gap = if format == Format::Human && !found.is_empty() && !text.is_empty() {
                "\n"
            } else {
                ""
            };
            terminal::print(&format!("{gap}{text}"))?;
            found.extend(new);
        }
        if format == Format::Human {
            let s = if files.len() == 1 { "" } else { "s" };
            let closing = match input::closing(&found) {
                Some(counts) => format!("\n{counts}\n"),
                None => format!(
                    "{} file{s} checked, nothing to complain about\n",
                    files.len()
                ),
            };
            terminal::eprint(&closing);
        }
        Ok(if found.iter().any(Diagnostic::is_error) {
            Exit::Errors
        } else {
            Exit::Clean
        })
    }
}
