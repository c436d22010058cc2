//! `mlpc compile`: from a file to what an engine takes.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, input, output, terminal};
use crate::project::io_reason;
use crate::target::Document;

/// The target when neither the command line nor mlpc.toml names one.
const DEFAULT_TARGET: &str = "kubeflow";

/// Compile a pipeline for an engine
#[derive(clap::Args)]
pub struct Args {
    /// The .mlp file; - is standard input
    file: PathBuf,

    /// What to compile for, see `mlpc targets`; `all` is every target [default: kubeflow, or as mlpc.toml says]
    #[arg(short, long = "target", value_name = "TARGET")]
    targets: Vec<String>,

    /// Where to write: a file, replaced whole or not at all; a folder for several targets, which gets one for each; - is standard output
    #[arg(
        short,
        long,
        value_name = "PATH",
        default_value = "-",
        hide_default_value = true
    )]
    output: PathBuf,

    /// Write nothing; show what would change in the output, and exit with 1 if anything would
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    options: input::Options,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let stdout = self.output == Path::new("-");
        if self.check && stdout {
            return Err(
                Failure::new("`--check` compares with an output that is there")
                    .help("name it: `-o PATH`"),
            );
        }
        let mut targets = input::targets(&self.targets)?;
        let several = targets.len() > 1 || self.targets.iter().any(|name| name == "all");
        if several && stdout {
            return Err(Failure::new("several targets are several files")
                .help("name a folder for them: `-o DIR`"));
        }
        let (mut compilation, project) = input::compile(&self.file, &self.options.request())?;
        if targets.is_empty() {
            let name = compilation
                .config
                .target
                .clone()
                .unwrap_or_else(|| DEFAULT_TARGET.to_owned());
            targets = input::targets(&[name])?;
        }
        let emitted = if compilation.has_errors() {
            Vec::new()
        } else {
            compilation.emit(&targets)
        };
        input::report(&compilation);
        if compilation.has_errors() {
            return Ok(Exit::Errors);
        }
        // Two engines may well call their documents the same.
        let documents: Vec<Document> = emitted
            .into_iter()
            .flat_map(|(target, documents)| {
                documents
                    .into_iter()
                    .map(move |document| (target, document))
            })
            .map(|(target, document)| Document {
                name: if several {
                    format!("{target}/{}", document.name)
                } else {
                    document.name
                },
                text: document.text,
            })
            .collect();
        let inputs: Vec<PathBuf> = match &project.root {
            Some(root) => compilation
                .sources
                .files()
                .map(|file| root.join(&file.path))
                .collect(),
            None => Vec::new(),
        };
        if self.check {
            let folder = several || documents.len() != 1;
            return self.compare(folder, &documents);
        }
        match documents.as_slice() {
            documents if several => write_all(&self.output, documents, &inputs)?,
            [document] if stdout => terminal::print(&document.text)?,
            [document] => {
                output::check_target(&self.output, &inputs)?;
                output::write_file(&self.output, &document.text)?;
            }
            _ if stdout => {
                return Err(Failure::new("this target gives several files")
                    .help("name a folder for them: `-o DIR`"));
            }
            documents => write_all(&self.output, documents, &inputs)?,
        }
        Ok(Exit::Clean)
    }
}

impl Args {
    /// Shows what would change in the files of these documents.
    fn compare(&self, folder: bool, documents: &[Document]) -> Result<Exit, Failure> {
        let mut stale = 0;
        for document in documents {
            let path = match folder {
                true => self.output.join(&document.name),
                false => self.output.clone(),
            };
            let shown = path.display().to_string();
            let there = match std::fs::read(&path) {
                Ok(bytes) if bytes == document.text.as_bytes() => continue,
                Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(input::unreadable(&path, &io_reason(&error))),
            };
            stale += 1;
            let compiled = format!("{shown} (compiled now)");
            match there {
                Some(there) => {
                    let diff = output::diff(&shown, &compiled, &there, &document.text);
                    terminal::print(&diff)?;
                }
                None => terminal::eprint(&format!("`{shown}` is not there\n")),
            }
        }
        if stale == 0 {
            return Ok(Exit::Clean);
        }
        let what = match stale {
            1 => "the output is not".to_owned(),
            files => format!("{files} files are not"),
        };
        terminal::eprint(&format!(
            "{what} what `{}` compiles to; without `--check` the command writes it\n",
            self.file.display()
        ));
        Ok(Exit::Errors)
    }
}

fn write_all(folder: &Path, documents: &[Document], inputs: &[PathBuf]) -> Result<(), Failure> {
    output::make_folder(folder)?;
    for document in documents {
        output::check_target(&folder.join(&document.name), inputs)?;
    }
    for document in documents {
        let path = folder.join(&document.name);
        output::make_folder(path.parent().unwrap_or(folder))?;
        output::write_file(&path, &document.text)?;
    }
    Ok(())
}
