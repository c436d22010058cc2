//! Which `.mlp` files are meant by paths on the command line.

use std::path::{Path, PathBuf};

use super::{Failure, input};

/// Files as they are named, and all `.mlp` files below folders, each folder's in the order of their names. Left out are hidden files and
/// folders, and what a `.gitignore` or `.ignore` leaves out. No file is met twice.
pub fn programs(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = indexmap::IndexSet::new();
    for path in paths {
        match path != Path::new("-") && path.is_dir() {
            true => found.extend(below(path)?),
            false => drop(found.insert(path.clone())),
        }
    }
    if found.is_empty() {
        return Err(Failure::new("there is no `.mlp` file here")
            .help("name a file, or a folder that holds some"));
    }
    Ok(found.into_iter().collect())
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let walk = ignore::WalkBuilder::new(folder)
        // A checkout without its `.git`, as in a container, leaves out the same.
        .require_git(false)
        .sort_by_file_name(|a, b| a.cmp(b))
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir());
        let is_program = entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "mlp");
        if is_file && is_program {
            // `./x.mlp` is shown as `x.mlp`.
            let path = entry.path();
            found.push(path.strip_prefix("./").unwrap_or(path).to_owned());
        }
    }
    Ok(found)
}

fn unreadable(folder: &Path, error: &ignore::Error) -> Failure {
    let reason = match error.io_error() {
        Some(error) => crate::project::io_reason(error),
        None => error.to_string(),
    };
    input::unreadable(folder, &reason)
}
