//! The folder of a run: where it is, who holds it and what its files are called.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::error::Error;

pub(super) struct Folder {
    pub id: String,
    /// Absolute.
    pub path: PathBuf,
    /// As the user would type it.
    pub shown: PathBuf,
    /// Held for as long as the run is.
    _lock: File,
}

pub(super) const JOURNAL: &str = "journal.jsonl";
pub(super) const PLAN: &str = "plan.json";
pub(super) const PARAMS: &str = "params.json";
pub(super) const REPORT: &str = "report.json";
pub(super) const PAGE: &str = "report.html";

impl Folder {
    /// A new folder: `given`, which must be empty or missing, else one below `state` whose name sorts by time.
    pub fn create(id: &str, given: Option<&Path>, state: &Path) -> Result<Folder, Error> {
        let shown = match given {
            Some(path) => {
                if path.join(JOURNAL).exists() {
                    let help = format!(
                        "go on with it by `--resume {}`, or name another folder",
                        path.display()
                    );
                    return Err(
                        Error::usage(format!("`{}` holds a run already", path.display()))
                            .help(help),
                    );
                }
                if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
                    return Err(Error::usage(format!(
                        "the run folder `{}` is not empty",
                        path.display()
                    )));
                }
                path.to_owned()
            }
            None => state.join("runs").join(id),
        };
        fs::create_dir_all(&shown)
            .map_err(|error| Error::io("make the run folder", &shown, &error))?;
        if given.is_none() {
            keep_out_of_git(state);
        }
        for inner in ["work", "log", "src"] {
            let path = shown.join(inner);
            fs::create_dir(&path).map_err(|error| Error::io("make the folder", &path, &error))?;
        }
        Folder::hold(id.to_owned(), shown)
    }

    /// The folder of an earlier run: a path, else the name of one below `state`.
    pub fn open(run: &str, state: &Path) -> Result<Folder, Error> {
        let below = state.join("runs").join(run);
        let shown = [below, PathBuf::from(run)]
            .into_iter()
            .find(|path| path.join(JOURNAL).is_file());
        let Some(shown) = shown else {
            return Err(Error::usage(format!("there is no run `{run}` to resume"))
                .maybe_help(latest(state)));
        };
        // The run's own name: the folder may have been given another.
        let id = super::journal::run_id(&shown.join(JOURNAL));
        let id = id.or_else(|| {
            shown
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
        });
        Folder::hold(id.unwrap_or_else(|| run.to_owned()), shown)
    }

    fn hold(id: String, shown: PathBuf) -> Result<Folder, Error> {
        let lock_path = shown.join("lock");
        let fault = |error: io::Error| Error::io("lock the run by", &lock_path, &error);
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path);
        let mut lock = options.map_err(fault)?;
        // A step that was being started when a runner was killed holds its files for a moment more.
        let patience = std::time::Instant::now() + std::time::Duration::from_millis(500);
        let held = loop {
            let held = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive);
            if held != Err(rustix::io::Errno::WOULDBLOCK) || std::time::Instant::now() > patience {
                break held;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        if let Err(error) = held {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(fault(error.into()));
            }
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let holder = if holder.is_empty() {
                "another process"
            } else {
                holder.trim()
            };
            return Err(
                Error::usage(format!("the run `{}` is held by {holder}", shown.display()))
                    .help("wait for it to end, or end that process"),
            );
        }
        let write = |lock: &mut File| {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "process {}", std::process::id())
        };
        write(&mut lock).map_err(fault)?;
        let path = fs::canonicalize(&shown)
            .map_err(|error| Error::io("find the run folder", &shown, &error))?;
        if path.to_str().is_none() {
            return Err(Error::usage(format!(
                "the run folder's path `{}` is not UTF-8",
                path.display()
            )));
        }
        Ok(Folder {
            id,
            path,
            shown,
            _lock: lock,
        })
    }

    /// Where an attempt has its outputs.
    pub fn work(&self, task: &str, attempt: u32) -> PathBuf {
        self.path.join("work").join(file_name(task, attempt))
    }

    /// Where an attempt's output goes, as the user would type it.
    pub fn log(&self, task: &str, attempt: u32) -> PathBuf {
        self.shown
            .join("log")
            .join(file_name(task, attempt) + ".log")
    }

    /// Writes a file of the folder whole or not at all.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.shown.join(name);
        let temporary = self.shown.join(format!("{name}.tmp"));
        let write = || {
            super::crash::point();
            fs::write(&temporary, text)?;
            super::crash::point();
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| Error::io("write", &path, &error))
    }
}

/// `task.attempt`, shortened where the file system would refuse it.
fn file_name(task: &str, attempt: u32) -> String {
    // 255 bytes less what stands after it.
    const LONGEST: usize = 200;
    if task.len() <= LONGEST {
        return format!("{task}.{attempt}");
    }
    let digest = blake3::hash(task.as_bytes()).to_hex();
    let mut end = LONGEST - 20;
    while !task.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{}.{attempt}", &task[..end], &digest[..16])
}

/// A name for a run that begins now.
pub(super) fn new_id(now: jiff::Timestamp) -> String {
    let seed = format!("{} {}", now.as_nanosecond(), std::process::id());
    let digest = blake3::hash(seed.as_bytes()).to_hex();
    format!("{}-{}", now.strftime("%Y%m%d-%H%M%S"), &digest[..6])
}

/// State is no part of a project: git is told so by the folder itself.
pub(super) fn keep_out_of_git(state: &Path) {
    let path = state.join(".gitignore");
    if !path.exists() {
        // Without it the folder works as well.
        let _ = fs::write(path, "*\n");
    }
}

/// Names the last run there is.
fn latest(state: &Path) -> Option<String> {
    let entries = fs::read_dir(state.join("runs")).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .max()
        .map(|name| format!("the last run here is `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_task_names_make_short_distinct_file_names() {
        let long = "é".repeat(300);
        let (a, b) = (
            file_name(&(long.clone() + "a"), 1),
            file_name(&(long + "b"), 1),
        );
        assert!(a.len() < 250 && a != b, "{a} {b}");
        assert_eq!(file_name("fits[0].fit", 2), "fits[0].fit.2");
    }

    #[test]
    fn ids_sort_by_time() {
        let at = |second| new_id(jiff::Timestamp::from_second(second).unwrap());
        assert!(at(1_700_000_000) < at(1_700_000_001));
    }
}
