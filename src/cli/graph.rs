//! `mlpc graph`: a picture of a pipeline.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, input, output, terminal};
use crate::draw;

/// Draw a pipeline
#[derive(clap::Args)]
pub struct Args {
    /// The .mlp file; - is standard input
    file: PathBuf,

    /// Mermaid and dot are texts that other tools draw; svg and html are whole pictures [default: as the output's name ends, else mermaid]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Where to write: a file, replaced whole or not at all; - is standard output
    #[arg(
        short,
        long,
        value_name = "PATH",
        default_value = "-",
        hide_default_value = true
    )]
    output: PathBuf,

    #[command(flatten)]
    options: input::Options,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Svg,
    Html,
}

impl Format {
    /// The one that a file's name tells.
    fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "mmd" | "mermaid" => Some(Format::Mermaid),
            "dot" | "gv" => Some(Format::Dot),
            "svg" => Some(Format::Svg),
            "html" | "htm" => Some(Format::Html),
            _ => None,
        }
    }
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let (compilation, project) = input::compile(&self.file, &self.options.request())?;
        input::report(&compilation);
        if compilation.has_errors() {
            return Ok(Exit::Errors);
        }
        let [program] = compilation.programs.as_slice() else {
            return Err(Failure::new("there is no pipeline to draw"));
        };
        let picture = draw::picture(program, &compilation.sources);
        let format = self.format.or(Format::of(&self.output));
        let text = match format.unwrap_or(Format::Mermaid) {
            Format::Mermaid => draw::mermaid(&picture),
            Format::Dot => draw::dot(&picture),
            Format::Svg => draw::svg(&picture),
            Format::Html => draw::html(&picture),
        };
        if self.output == Path::new("-") {
            terminal::print(&text)?;
        } else {
            let inputs: Vec<PathBuf> = match &project.root {
                Some(root) => compilation
                    .sources
                    .files()
                    .map(|file| root.join(&file.path))
                    .collect(),
                None => Vec::new(),
            };
            output::check_target(&self.output, &inputs)?;
            output::write_file(&self.output, &text)?;
        }
        Ok(Exit::Clean)
    }
}
