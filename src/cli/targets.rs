//! `mlpc targets`: what each target can do.

use std::path::PathBuf;

use super::{Exit, Failure, input, terminal};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::summary;
use crate::target::{self, table};

/// Show what each target can do, or which targets can run a file
#[derive(clap::Args)]
pub struct Args {
    /// The .mlp file; - is standard input
    file: Option<PathBuf>,

    #[command(flatten)]
    options: input::Options,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let Some(file) = self.file else {
            terminal::print(&table::text(target::all()))?;
            return Ok(Exit::Clean);
        };
        let (compilation, _) = input::compile(&file, &self.options.request())?;
        input::report(&compilation);
        if compilation.has_errors() {
            return Ok(Exit::Errors);
        }
        let mut text = String::new();
        for target in target::all() {
            let found = compilation.check_target(*target);
            let verdict = match (found.iter().any(Diagnostic::is_error), summary(&found)) {
                (true, Some(counts)) => format!("cannot run it: {counts}"),
                (false, Some(counts)) => format!("can run it, with {counts}"),
                (_, None) => "can run it".to_owned(),
            };
            text.push_str(&format!("{:9} {verdict}\n", target.name()));
            for diagnostic in &found {
                let label = diagnostic.primary();
                let file = compilation.sources.file(label.span.file);
                let line = file.position(label.span.start).line;
                text.push_str(&format!(
                    "          {}:{line}: {}: {}\n",
                    file.shown, diagnostic.message, label.text
                ));
            }
        }
        terminal::print(&text)?;
        Ok(Exit::Clean)
    }
}
