//! Where a compilation's files come from: the project's root, and the one place that reads below it.
//!
//! Paths inside a project are *project paths*: from its root, with `/`, without `.` and `..`. Whatever a source file names
//! (`use "lib/io.mlp"`, `python: "../steps.py:f"`) is taken from the folder of that file and becomes a project path, or a
//! diagnostic when it leads out. All reading happens before names are resolved; later stages find texts in the [`SourceMap`].

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::{FileId, SourceMap, Span};

/// The name of the file that marks a project's root and holds its settings.
pub const CONFIG_FILE: &str = "mlpc.toml";

/// The project path of a program that was read from standard input.
pub const STDIN: &str = "<stdin>";

/// Files are held in memory and spans count bytes with 32 bits; a text of this size is no source text.
pub const LARGEST_FILE: u64 = 64 << 20;

/// Reads files by project path.
pub trait Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// The names in a folder, sorted, a folder's with a `/` at its end; none when there is no such folder. `""` is the root.
    fn list(&self, folder: &str) -> Vec<String>;
}

/// Why a file's bytes can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    Missing,
    /// A link in its path leads out of the project.
    Outside,
    /// It is no regular file, it is too large, or the system says so.
    Unreadable(String),
}

/// Files on disk. Nothing outside of the root is read, links included.
#[derive(Debug)]
pub struct Disk {
    /// Canonical.
    root: PathBuf,
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let real = match self.root.join(path).canonicalize() {
            Ok(real) => real,
            Err(error) => return Err(ReadError::from_io(&error)),
        };
        if !real.starts_with(&self.root) {
            return Err(ReadError::Outside);
        }
        read_regular(&real)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let inside = self
            .root
            .join(folder)
            .canonicalize()
            .is_ok_and(|real| real.starts_with(&self.root));
        let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        if !inside {
            return Vec::new();
        }
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                Some(if entry.path().is_dir() {
                    name + "/"
                } else {
                    name
                })
            })
            .collect();
        names.sort();
        names
    }
}

impl ReadError {
    fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ReadError::Missing,
            _ => ReadError::Unreadable(io_reason(error)),
        }
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Missing => f.write_str("no such file"),
            ReadError::Outside => f.write_str("it leads out of the project"),
            ReadError::Unreadable(reason) => f.write_str(reason),
        }
    }
}

/// The system's words without their error number.
pub fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "input/output error".to_owned(),
    }
}

fn read_regular(path: &Path) -> Result<Vec<u8>, ReadError> {
    let reason = |error: std::io::Error| ReadError::from_io(&error);
    let metadata = path.metadata().map_err(reason)?;
    if metadata.is_dir() {
        return Err(ReadError::Unreadable("it is a folder".into()));
    }
    if !metadata.is_file() {
        return Err(ReadError::Unreadable("it is no regular file".into()));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(too_large(metadata.len()));
    }
    std::fs::read(path).map_err(reason)
}

fn too_large(bytes: u64) -> ReadError {
    ReadError::Unreadable(format!(
        "it has {} MiB and a source file at most {}",
        bytes >> 20,
        LARGEST_FILE >> 20
    ))
}

/// Files in memory, for tests and for the examples of `mlpc explain`.
#[derive(Clone, Debug, Default)]
pub struct Memory(IndexMap<String, Vec<u8>>);

impl Memory {
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Memory(
            files
                .into_iter()
                .map(|(path, bytes)| (path.into(), bytes.into()))
                .collect(),
        )
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if let Some(bytes) = self.0.get(path) {
            return match bytes.len() as u64 {
                size if size > LARGEST_FILE => Err(too_large(size)),
                _ => Ok(bytes.clone()),
            };
        }
        if self.list(path).is_empty() {
            Err(ReadError::Missing)
        } else {
            Err(ReadError::Unreadable("it is a folder".into()))
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| {
                let rest = match folder {
                    "" => path,
                    _ => path.strip_prefix(folder)?.strip_prefix('/')?,
                };
                Some(match rest.split_once('/') {
                    Some((name, _)) => format!("{name}/"),
                    None => rest.to_owned(),
                })
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A project: its files, and how their names are shown.
pub struct Project {
    pub files: Box<dyn Files>,
    /// The root from where the user is: `""`, `../` or `pipelines/`.
    shown_root: String,
    /// The root on disk; none in memory.
    pub root: Option<PathBuf>,
}

impl Project {
    /// A project in memory, whose root is where the user is.
    pub fn in_memory(files: Memory) -> Self {
        Project {
            files: Box::new(files),
            shown_root: String::new(),
            root: None,
        }
    }

    /// The project of an `.mlp` file or a folder, and that file's project path (`""` for the root itself). The root is the
    /// folder of the nearest `mlpc.toml` upwards, else the nearest with a `.git`, else the file's own folder.
    pub fn of(path: &Path, cwd: &Path) -> std::io::Result<(Self, String)> {
        let whole = cwd.join(path);
        let (folder, name) = if whole.is_dir() {
            (whole.canonicalize()?, None)
        } else {
            // The file itself may be a link to elsewhere: its project is where the user sees it.
            let name = whole
                .file_name()
                .ok_or(std::io::ErrorKind::NotFound)?
                .to_owned();
            let folder = whole.parent().unwrap_or(cwd).canonicalize()?;
            folder.join(&name).metadata()?;
            (folder, Some(name))
        };
        let upwards = |marker: &str| folder.ancestors().find(|above| above.join(marker).exists());
        let root = upwards(CONFIG_FILE)
            .or_else(|| upwards(".git"))
            .unwrap_or(&folder)
            .to_owned();
        let mut inside = folder.strip_prefix(&root).expect("an ancestor").to_owned();
        inside.extend(name);
        let path =
            project_text(&inside).ok_or_else(|| std::io::Error::other("its path is not UTF-8"))?;
        let cwd = cwd.canonicalize()?;
        let project = Project {
            shown_root: shown_root(&cwd, &root)
                .ok_or_else(|| std::io::Error::other("its path is not UTF-8"))?,
            files: Box::new(Disk { root: root.clone() }),
            root: Some(root),
        };
        Ok((project, path))
    }

    /// A project path as the user would type it.
    pub fn shown(&self, path: &str) -> String {
        if path == STDIN {
            path.to_owned()
        } else {
            format!("{}{path}", self.shown_root)
        }
    }
}

/// A relative path with `/`.
fn project_text(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// What to write before a project path so that it leads there from `cwd`; both are canonical.
fn shown_root(cwd: &Path, root: &Path) -> Option<String> {
    let common = cwd
        .iter()
        .zip(root.iter())
        .take_while(|(a, b)| a == b)
        .count();
    let ups = cwd.iter().count() - common;
    let downs: PathBuf = root.iter().skip(common).collect();
    // Far from each other a path with many `..` is harder to read than the whole one.
    if ups > 0 && common <= 1 {
        return Some(format!("{}/", root.to_str()?.trim_end_matches('/')));
    }
    let mut text = "../".repeat(ups);
    let downs = project_text(&downs)?;
    if !downs.is_empty() {
        text.push_str(&downs);
        text.push('/');
    }
    Some(text)
}

/// Why a path that a source file names is no project path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFault {
    Empty,
    Absolute,
    /// More `..` than folders.
    Escapes,
}

/// The project path that `written` names in the file with project path `from`.
pub fn join(from: &str, written: &str) -> Result<String, PathFault> {
    if written.is_empty() {
        return Err(PathFault::Empty);
    }
    let drive =
        written.as_bytes().get(1) == Some(&b':') && written.as_bytes()[0].is_ascii_alphabetic();
    if written.starts_with(['/', '\\']) || drive {
        return Err(PathFault::Absolute);
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(PathFault::Escapes)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Reads a compilation's files into its [`SourceMap`], each once.
pub struct Loader<'a> {
    project: &'a Project,
    pub sources: SourceMap,
    /// What went wrong with a file that is in the map all the same: its text is only part of the truth.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    pub fn new(project: &'a Project) -> Self {
        Loader {
            project,
            sources: SourceMap::default(),
            diagnostics: Vec::new(),
        }
    }

    /// The file that the compilation starts from; a file that can't be had is not the program's fault but the caller's.
    pub fn entry(&mut self, path: &str) -> Result<FileId, ReadError> {
        let bytes = match (self.project.files.read(path), &self.project.root) {
            // The user named it: a link out of the project is what they mean.
            (Err(ReadError::Outside), Some(root)) => read_regular(&root.join(path))?,
            (read, _) => read?,
        };
        Ok(self.add(path, bytes))
    }

    /// The project's `mlpc.toml`, if it has one.
    pub fn settings(&mut self) -> Option<FileId> {
        match self.project.files.read(CONFIG_FILE) {
            Ok(bytes) => Some(self.add(CONFIG_FILE, bytes)),
            Err(ReadError::Missing) => None,
            Err(error) => {
                let shown = self.project.shown(CONFIG_FILE);
                let file = self.sources.add(CONFIG_FILE, shown.as_str(), "");
                let message = format!("`{shown}` cannot be read: {error}");
                self.diagnostics.push(Diagnostic::new(
                    codes::FILE_UNREADABLE,
                    Span::new(file, 0, 0),
                    message,
                ));
                None
            }
        }
    }

    /// A text that is already here: standard input.
    pub fn text(&mut self, path: &str, bytes: Vec<u8>) -> FileId {
        self.add(path, bytes)
    }

    /// The file that `written` names at `from`; loaded when it wasn't yet.
    pub fn load(&mut self, from: Span, written: &str) -> Result<FileId, Diagnostic> {
        let path = self.path(from, written)?;
        if let Some(id) = self.sources.find(&path) {
            return Ok(id);
        }
        match self.project.files.read(&path) {
            Ok(bytes) => Ok(self.add(&path, bytes)),
            Err(error) => Err(self.unread(from, written, &path, error)),
        }
    }

    /// The Python modules that stand beside a file: what its `import` would find when run from its own folder.
    pub fn modules_beside(&self, file: FileId) -> Vec<String> {
        let path = &self.sources.file(file).path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = path[folder.len()..].trim_start_matches('/');
        self.project
            .files
            .list(folder)
            .into_iter()
            .filter(|name| name != own)
            .filter_map(|name| match name.strip_suffix('/') {
                // A folder of data, such as `datasets`, hides no installed package of its name.
                Some(package) => {
                    let inside = if folder.is_empty() {
                        package.to_owned()
                    } else {
                        format!("{folder}/{package}")
                    };
                    let has_python = self
                        .project
                        .files
                        .list(&inside)
                        .iter()
                        .any(|name| name.ends_with(".py"));
                    has_python.then(|| package.to_owned())
                }
                None => name.strip_suffix(".py").map(str::to_owned),
            })
            .collect()
    }

    fn path(&self, from: Span, written: &str) -> Result<String, Diagnostic> {
        let diagnostic = |message: String| Diagnostic::new(codes::FILE_OUTSIDE, from, message);
        join(&self.sources.file(from.file).path, written).map_err(|fault| match fault {
            PathFault::Empty => Diagnostic::new(codes::FILE_MISSING, from, "the path is empty")
                .label("a path relative to this file is expected"),
            PathFault::Absolute => diagnostic(format!("`{written}` is an absolute path"))
                .label("a path relative to this file is expected")
                .help("move the file into the project and name it from here: what is compiled is then the same everywhere"),
            PathFault::Escapes => diagnostic(format!("`{written}` leads out of the project"))
                .label(format!("the project is {}", self.root_words()))
                .help(format!(
                    "move the file into the project, or put an `{CONFIG_FILE}` into the folder that holds all its files"
                )),
        })
    }

    fn root_words(&self) -> String {
        match self.project.shown_root.trim_end_matches('/') {
            "" => "this folder and what is below it".to_owned(),
            folder => format!("`{folder}` and what is below it"),
        }
    }

    fn unread(&self, from: Span, written: &str, path: &str, error: ReadError) -> Diagnostic {
        let shown = self.project.shown(path);
        match error {
            ReadError::Missing => {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                let names = self.project.files.list(folder);
                let alike: Vec<&str> = names
                    .iter()
                    .map(String::as_str)
                    .filter(|other| extension(other) == extension(name))
                    .collect();
                let help = if written.contains('\\') {
                    Some("paths are written with `/`".to_owned())
                } else if let Some(near) = crate::diagnostics::nearest(name, alike.iter().copied())
                {
                    let before = written
                        .rsplit_once('/')
                        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
                    Some(format!("did you mean `{before}{near}`?"))
                } else {
                    did_you_mean(name, alike)
                };
                Diagnostic::new(
                    codes::FILE_MISSING,
                    from,
                    format!("there is no file `{shown}`"),
                )
                .label("paths are relative to the file they stand in")
                .maybe_help(help)
            }
            ReadError::Outside => Diagnostic::new(
                codes::FILE_OUTSIDE,
                from,
                format!("`{written}` is a link that leads out of the project"),
            )
            .label(format!("the project is {}", self.root_words()))
            .help("put the file itself into the project"),
            ReadError::Unreadable(reason) => Diagnostic::new(
                codes::FILE_UNREADABLE,
                from,
                format!("`{shown}` cannot be read: {reason}"),
            )
            .label("a readable text file is expected"),
        }
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) -> FileId {
        let shown = self.project.shown(path);
        // Editors on Windows put a mark at the beginning that means nothing in UTF-8.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let fault = std::str::from_utf8(bytes)
            .err()
            .map(|error| error.valid_up_to());
        let id = self
            .sources
            .add(path, shown.clone(), String::from_utf8_lossy(bytes));
        if let Some(at) = fault {
            let span = Span::new(id, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
            let byte = bytes[at];
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let encoding = if utf16 { "UTF-16" } else { "another encoding" };
            self.diagnostics.push(
                Diagnostic::new(
                    codes::FILE_NOT_TEXT,
                    span,
                    format!("`{shown}` is not UTF-8 text"),
                )
                .label(format!(
                    "byte 0x{byte:02x} has no meaning here; the file is probably in {encoding}"
                ))
                .help("save the file as UTF-8"),
            );
        }
        id
    }
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded<'a>(project: &'a Project, path: &str) -> (Loader<'a>, Span) {
        let mut loader = Loader::new(project);
        let id = loader.entry(path).unwrap();
        (loader, Span::new(id, 0, 0))
    }

    fn short(diagnostic: &Diagnostic) -> String {
        let help = diagnostic.help.as_deref().unwrap_or("");
        format!("{}: {} ({help})", diagnostic.code, diagnostic.message)
    }

    #[test]
    fn paths_are_taken_from_the_folder_of_the_file_they_stand_in() {
        for (from, written, path) in [
            ("a.mlp", "b.mlp", Ok("b.mlp")),
            ("a.mlp", "./lib//b.mlp", Ok("lib/b.mlp")),
            ("lib/a.mlp", "../b.mlp", Ok("b.mlp")),
            ("lib/a.mlp", "../lib/../x/b.mlp", Ok("x/b.mlp")),
            (STDIN, "b.mlp", Ok("b.mlp")),
            ("lib/a.mlp", "../../b.mlp", Err(PathFault::Escapes)),
            ("a.mlp", "lib/../../proj/b.mlp", Err(PathFault::Escapes)),
            ("a.mlp", "/etc/passwd", Err(PathFault::Absolute)),
            ("a.mlp", "C:\\b.mlp", Err(PathFault::Absolute)),
            ("a.mlp", "", Err(PathFault::Empty)),
        ] {
            assert_eq!(
                join(from, written).as_deref(),
                path.as_ref().map(|path| *path),
                "{written} in {from}"
            );
        }
    }

    #[test]
    fn a_file_is_loaded_once_however_it_is_spelled() {
        let project = Project::in_memory(Memory::new([("a.mlp", ""), ("lib/b.mlp", "b")]));
        let (mut loader, here) = loaded(&project, "a.mlp");
        let first = loader.load(here, "lib/b.mlp").unwrap();
        assert_eq!(loader.load(here, "./lib/../lib/b.mlp").unwrap(), first);
        assert_eq!(loader.load(Span::new(first, 0, 0), "b.mlp").unwrap(), first);
        assert_eq!(loader.sources.file(first).path, "lib/b.mlp");
    }

    #[test]
    fn a_missing_file_is_reported_with_the_nearest_name() {
        let project = Project::in_memory(Memory::new([
            ("p/a.mlp", ""),
            ("p/lib/steps.py", ""),
            ("p/lib/step.mlp", ""),
        ]));
        let (mut loader, here) = loaded(&project, "p/a.mlp");
        assert_eq!(
            short(&loader.load(here, "lib/setps.py").unwrap_err()),
            "E0701: there is no file `p/lib/setps.py` (did you mean `lib/steps.py`?)"
        );
        assert_eq!(
            short(&loader.load(here, "lib\\steps.py").unwrap_err()),
            "E0701: there is no file `p/lib\\steps.py` (paths are written with `/`)"
        );
        assert_eq!(
            short(&loader.load(here, "lib").unwrap_err()),
            "E0704: `p/lib` cannot be read: it is a folder ()"
        );
    }

    #[test]
    fn modules_beside_a_file() {
        let project = Project::in_memory(Memory::new([
            ("p/steps.py", ""),
            ("p/helpers.py", ""),
            ("p/lib/x.py", ""),
            ("p/datasets/x.csv", ""),
            ("p/a.mlp", ""),
            ("other.py", ""),
        ]));
        let (loader, here) = loaded(&project, "p/steps.py");
        assert_eq!(loader.modules_beside(here.file), ["helpers", "lib"]);
    }

    #[test]
    fn text_in_another_encoding_is_a_diagnostic_at_its_first_bad_byte() {
        let project = Project::in_memory(Memory::new([
            ("a.mlp", b"\xef\xbb\xbf# ok\n# caf\xe9\n".to_vec()),
            ("b.mlp", b"\xff\xfep\0".to_vec()),
            ("c.mlp", b"\xef\xbb\xbf# mark".to_vec()),
        ]));
        let (mut loader, here) = loaded(&project, "a.mlp");
        loader.load(here, "b.mlp").unwrap();
        let c = loader.load(here, "c.mlp").unwrap();
        assert_eq!(loader.sources.file(c).text, "# mark");
        let [a, b] = loader.diagnostics.as_slice() else {
            panic!("{:?}", loader.diagnostics)
        };
        assert_eq!(a.code, codes::FILE_NOT_TEXT);
        let at = loader.sources.start(a.primary().span);
        assert_eq!((at.line, at.column), (2, 6));
        assert!(b.primary().text.contains("UTF-16"));
    }

    #[test]
    fn on_disk_nothing_outside_the_root_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("proj");
        std::fs::create_dir_all(root.join("pipelines")).unwrap();
        std::fs::write(root.join(CONFIG_FILE), "").unwrap();
        std::fs::write(root.join("steps.py"), "ok").unwrap();
        std::fs::write(dir.path().join("secret.py"), "secret").unwrap();
        std::fs::write(root.join("pipelines/a.mlp"), "").unwrap();
        std::os::unix::fs::symlink("../secret.py", root.join("leak.py")).unwrap();
        std::os::unix::fs::symlink("../steps.py", root.join("pipelines/inside.py")).unwrap();

        let (project, path) = Project::of(Path::new("a.mlp"), &root.join("pipelines")).unwrap();
        assert_eq!(path, "pipelines/a.mlp");
        assert_eq!(project.shown("steps.py"), "../steps.py");
        let (mut loader, here) = loaded(&project, &path);
        let steps = loader.load(here, "../steps.py").unwrap();
        assert_eq!(loader.sources.file(steps).text, "ok");
        assert_eq!(loader.sources.file(steps).shown, "../steps.py");
        assert!(
            loader.load(here, "inside.py").is_ok(),
            "a link that stays inside is fine"
        );
        for path in ["../leak.py", "../../secret.py"] {
            assert_eq!(
                loader.load(here, path).unwrap_err().code,
                codes::FILE_OUTSIDE,
                "{path}"
            );
        }
        assert_eq!(
            loader.load(here, "../pipelines").unwrap_err().code,
            codes::FILE_UNREADABLE
        );
    }

    #[test]
    fn the_root_is_at_the_nearest_settings_then_at_the_repository_then_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        std::fs::create_dir_all(top.join("a/b")).unwrap();
        std::fs::write(top.join("a/b/p.mlp"), "").unwrap();
        let of = || {
            Project::of(Path::new("a/b/p.mlp"), top)
                .map(|(project, path)| (project.shown_root, path))
                .unwrap()
        };
        assert_eq!(of(), ("a/b/".into(), "p.mlp".into()));
        std::fs::create_dir(top.join(".git")).unwrap();
        assert_eq!(of(), (String::new(), "a/b/p.mlp".into()));
        std::fs::write(top.join("a").join(CONFIG_FILE), "").unwrap();
        assert_eq!(of(), ("a/".into(), "b/p.mlp".into()));
        assert!(Project::of(Path::new("missing.mlp"), top).is_err());
    }
}
