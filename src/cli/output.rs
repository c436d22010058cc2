//! Writing what was compiled: a file is replaced whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::project::io_reason;

/// Puts `text` into the file `path` by way of a temporary file beside it. A file that was there keeps its permissions; a link
/// stays one, and what it points to is replaced.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    // A device or a pipe is written to: there is nothing to replace.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return fs::write(path, text).map_err(|error| cannot_write(path, &error));
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(&target, text).map_err(|error| cannot_write(path, &error))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".mlpc-")
        // As for any new file: the umask takes away what it takes away.
        .permissions(PermissionsExt::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(replaced) = fs::metadata(path) {
        file.as_file().set_permissions(replaced.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Says why `path` is no place to write a file to: it is a folder, or one of the files that were read.
pub fn check_target(path: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let Ok(real) = fs::canonicalize(path) else {
        return Ok(());
    };
    if real.is_dir() {
        return Err(
            Failure::new(format!("cannot write `{}`: it is a folder", path.display()))
                .help("name a file in it"),
        );
    }
    if inputs
        .iter()
        .any(|input| fs::canonicalize(input).is_ok_and(|input| input == real))
    {
        return Err(Failure::new(format!(
            "`{}` is one of the files being compiled",
            path.display()
        ))
        .help("choose another name for the output"));
    }
    Ok(())
}

/// A unified diff of two texts, under these two names.
pub fn diff(before_name: &str, after_name: &str, before: &str, after: &str) -> String {
    similar::TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(before_name, after_name)
        .to_string()
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "a file of that name is in the way".to_owned()
            }
            _ => io_reason(&error),
        };
        Failure::new(format!(
            "cannot make the folder `{}`: {reason}",
            path.display()
        ))
    })
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(format!(
        "cannot write `{}`: {}",
        path.display(),
        io_reason(error)
    ));
    match path.parent() {
        Some(folder)
            if error.kind() == io::ErrorKind::NotFound && !folder.as_os_str().is_empty() =>
        {
            failure.help(format!("make the folder `{}` first", folder.display()))
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions_and_links() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out.yaml");
        fs::write(&file, "old and longer").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("link.yaml");
        symlink("out.yaml", &link).unwrap();

        write_file(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no temporary file is left"
        );
    }

    #[test]
    fn a_new_file_has_the_permissions_of_any_new_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("usual"), "").unwrap();
        write_file(&dir.path().join("ours"), "").unwrap();
        let mode = |name: &str| {
            fs::metadata(dir.path().join(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("ours"), mode("usual"));
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let failure = write_file(&dir.path().join("no/out.yaml"), "x").unwrap_err();
        assert!(
            failure.message.contains("no such file or directory"),
            "{}",
            failure.message
        );
        assert!(failure.help.unwrap().starts_with("make the folder"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn inputs_and_folders_are_no_targets() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("p.mlp");
        fs::write(&input, "").unwrap();
        let other = dir.path().join("x/../p.mlp");
        fs::create_dir(dir.path().join("x")).unwrap();
        assert!(check_target(&other, std::slice::from_ref(&input)).is_err());
        assert!(check_target(dir.path(), &[]).is_err());
        assert!(check_target(&dir.path().join("new"), &[input]).is_ok());
    }
}
