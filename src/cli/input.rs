//! What the commands that take a file have in common: finding it and its project, and saying what was found in it.

use std::path::{Path, PathBuf};

use super::{Failure, terminal};
use crate::compile::{Compilation, Input, Request};
use crate::diagnostics::render::{Format, render, summary};
use crate::diagnostics::{Diagnostic, Severity, did_you_mean};
use crate::project::{Project, ReadError, STDIN, io_reason};
use crate::target::{self, Target};

/// Options that change what a file means.
#[derive(clap::Args)]
pub struct Options {
    /// The pipeline that is meant, in a file with several
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,

    /// Give a parameter a value: text for str, date and datetime, a location for an artifact, JSON for the rest
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<String>,

    #[command(flatten)]
    pub place: Place,
}

/// Options about how much is asked of a file, and in which place.
#[derive(clap::Args)]
pub struct Place {
    /// Lay the section [profile.NAME] of mlpc.toml over the rest of it
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Take warnings for errors
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    pub deny: Option<String>,
}

fn setting(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("it has the form NAME=VALUE".into()),
    }
}

impl Options {
    pub fn request(&self) -> Request {
        Request {
            pipeline: self.pipeline.clone(),
            settings: self.set.clone(),
            ..self.place.request()
        }
    }
}

impl Place {
    pub fn request(&self) -> Request {
        Request {
            profile: self.profile.clone(),
            deny_warnings: self.deny.is_some(),
            ..Request::default()
        }
    }
}

/// A file as named on the command line, `-` for standard input, and the project it belongs to.
pub fn open(file: &Path) -> Result<(Project, Input), Failure> {
    let cwd = std::env::current_dir().map_err(|error| {
        Failure::new(format!(
            "cannot tell the current folder: {}",
            io_reason(&error)
        ))
    })?;
    if file == Path::new("-") {
        let (project, _) =
            Project::of(&cwd, &cwd).map_err(|error| unreadable(&cwd, &io_reason(&error)))?;
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut text)
            .map_err(|error| unreadable(Path::new(STDIN), &io_reason(&error)))?;
        return Ok((project, Input::Text(text)));
    }
    if file.is_dir() {
        let failure = unreadable(file, "it is a folder");
        let inside = programs_in(file);
        return Err(match inside.as_slice() {
            [only] => failure.help(format!("did you mean `{}`?", only.display())),
            _ => failure.help("name an `.mlp` file"),
        });
    }
    match Project::of(file, &cwd) {
        Ok((project, path)) => Ok((project, Input::File(path))),
        Err(error) => Err(unreadable(file, &io_reason(&error)).maybe_help(alike(file))),
    }
}

/// The failure to read a file.
pub fn unreadable(file: &Path, reason: &str) -> Failure {
    Failure::new(format!("cannot read `{}`: {reason}", file.display()))
}

/// Compiles a file as far as checking goes.
pub fn compile(file: &Path, request: &Request) -> Result<(Compilation, Project), Failure> {
    let (project, input) = open(file)?;
    match crate::compile::compile(&project, input, request) {
        Ok(compilation) => Ok((compilation, project)),
        Err(ReadError::Missing) => {
            Err(unreadable(file, "no such file or directory").maybe_help(alike(file)))
        }
        Err(error) => Err(unreadable(file, &error.to_string())),
    }
}

/// The `.mlp` files that stand in a folder itself.
fn programs_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "mlp"))
        .collect();
    found.sort();
    found
}

/// The file beside the one that is missing whose name is nearest.
fn alike(file: &Path) -> Option<String> {
    let folder = file.parent()?;
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let programs = programs_in(here);
    let names: Vec<&str> = programs
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    let near = crate::diagnostics::nearest(file.file_name()?.to_str()?, names.iter().copied());
    match near {
        Some(near) => Some(format!("did you mean `{}`?", folder.join(near).display())),
        None => did_you_mean("", names),
    }
}

/// The targets of these names; `all` is every one.
pub fn targets(names: &[String]) -> Result<Vec<&'static dyn Target>, Failure> {
    let mut found: Vec<&'static dyn Target> = Vec::new();
    for name in names {
        let these = match target::find(name) {
            Some(target) => vec![target],
            None if name == "all" => target::all().to_vec(),
            None => {
                let known = target::all()
                    .iter()
                    .map(|target| target.name())
                    .chain(["all"]);
                return Err(Failure::new(format!("there is no target `{name}`"))
                    .maybe_help(did_you_mean(name, known)));
            }
        };
        for target in these {
            if found.iter().all(|other| other.name() != target.name()) {
                found.push(target);
            }
        }
    }
    Ok(found)
}

/// Shows diagnostics on standard error, with a line at the end that counts them.
pub fn report(compilation: &Compilation) {
    let diagnostics = &compilation.diagnostics;
    let look = terminal::stderr_look();
    let mut text = render(diagnostics, &compilation.sources, Format::Human, look);
    if let Some(line) = closing(diagnostics) {
        text.push_str(&format!("\n{line}\n"));
    }
    terminal::eprint(&text);
}

/// `2 errors and 1 warning; mlpc explain E0301 says more`
pub fn closing(diagnostics: &[Diagnostic]) -> Option<String> {
    let counts = summary(diagnostics)?;
    let worst = diagnostics
        .iter()
        .min_by_key(|diagnostic| diagnostic.severity)?;
    debug_assert!(Severity::Error < Severity::Warning);
    Some(format!("{counts}; `mlpc explain {}` says more", worst.code))
}
