//! Interpreters for `python` steps: the one of the place when it has what a step asks for, else a virtual environment made once for each
//! distinct set of packages.
//!
//! An environment is built at its own path, under a lock, and counts only when its marker is there, which is written last: what a killed
//! build leaves is built again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::FlockOperation;
use serde::Deserialize;

use super::error::{Error, reason};
use super::process::{self, Output, Process};
use super::progress::{Progress, last_lines};
use super::shape::Shape;
use super::signals::Signals;
use crate::plan::Component;

/// An interpreter by the packages that a step asks for.
#[derive(Default)]
pub(super) struct Pythons {
    by_packages: HashMap<Vec<String>, Python>,
}

pub(super) struct Python {
    /// Absolute.
    pub path: PathBuf,
    /// The folder of the environment's programs, when it is one that we made.
    pub programs: Option<PathBuf>,
    /// Changes when the interpreter is another one.
    pub identity: String,
}

impl Pythons {
    /// The interpreter for a task's packages.
    pub fn get(&self, packages: &[String]) -> &Python {
        &self.by_packages[&set_of(packages)]
    }
}

/// What making environments needs to know.
pub(super) struct Setup<'a> {
    /// As mlpc.toml names it.
    pub python: Option<&'a Path>,
    /// Where environments are kept.
    pub envs: PathBuf,
    /// Whether packages may be installed.
    pub install: bool,
}

impl Setup<'_> {
    /// Sees to an interpreter for every `python` step of the plan.
    pub fn prepare(
        &self,
        shape: &Shape<'_>,
        progress: &mut Progress,
        signals: &mut Signals,
    ) -> Result<Pythons, Error> {
        let mut sets: Vec<Vec<String>> = Vec::new();
        shape.tasks(&mut |task, component| {
            let set = set_of(&task.packages);
            if matches!(component, Component::Python(_)) && !sets.contains(&set) {
                sets.push(set);
            }
        });
        if sets.is_empty() {
            return Ok(Pythons::default());
        }
        let base = self.base()?;
        let lacks = self.lacks(&base, &sets)?;
        let mut pythons = Pythons::default();
        for (set, lacks) in sets.into_iter().zip(lacks) {
            let path = if lacks.is_empty() {
                None
            } else {
                Some(self.environment(&base, &set, &lacks, progress, signals)?)
            };
            let python = match path {
                None => Python {
                    identity: identity(&base)?,
                    path: base.clone(),
                    programs: None,
                },
                Some(folder) => {
                    let path = folder.join("bin").join("python");
                    Python {
                        identity: identity(&path)?,
                        path,
                        programs: Some(folder.join("bin")),
                    }
                }
            };
            pythons.by_packages.insert(set, python);
        }
        Ok(pythons)
    }

    /// The interpreter of the place.
    fn base(&self) -> Result<PathBuf, Error> {
        let help = "install Python 3, or name an interpreter in mlpc.toml: `[target.local] python = \"..\"`";
        let found = match self.python {
            Some(named) => find(named).ok_or_else(|| {
                Error::usage(format!(
                    "there is no Python interpreter `{}`",
                    named.display()
                ))
                .help("mlpc.toml names it: `[target.local] python`")
            }),
            None => ["python3", "python"]
                .iter()
                .find_map(|name| find(Path::new(name)))
                .ok_or_else(|| {
                    Error::usage("there is neither a `python3` nor a `python` on the PATH")
                        .help(help)
                }),
        }?;
        interpreter(found)
    }

    /// What of each set the interpreter lacks, and why: one process for all of them. That nothing is lacking is kept until a folder changes in
    /// which the interpreter looks for packages.
    fn lacks(
        &self,
        base: &Path,
        sets: &[Vec<String>],
    ) -> Result<Vec<Vec<(String, String)>>, Error> {
        let nothing = || vec![Vec::new(); sets.len()];
        if sets.iter().all(Vec::is_empty) {
            return Ok(nothing());
        }
        let question = serde_json::to_string(sets).expect("texts are JSON");
        let python_path = std::env::var("PYTHONPATH").unwrap_or_default();
        let key =
            blake3::hash(format!("{}\n{python_path}\n{question}", identity(base)?).as_bytes())
                .to_hex();
        let known = self.envs.join(format!("{}.has", &key[..16]));
        if fs::read_to_string(&known).is_ok_and(|text| {
            text.lines()
                .all(|line| stamp(line.split_once(' ').unwrap_or_default().1) == line)
        }) {
            return Ok(nothing());
        }
        let output = Command::new(base)
            .args(["-c", include_str!("satisfies.py"), &question])
            .output();
        let output = output.map_err(|error| Error::io("start", base, &error))?;
        let broken = || {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said
                .lines()
                .last()
                .unwrap_or("it printed nothing")
                .to_owned();
            Error::usage(format!(
                "`{}` can't say which packages it has: {last}",
                base.display()
            ))
        };
        if !output.status.success() {
            return Err(broken());
        }
        let mut answers = serde_json::Deserializer::from_slice(&output.stdout);
        let lacks =
            Vec::<Vec<(String, String)>>::deserialize(&mut answers).map_err(|_| broken())?;
        let folders = Vec::<String>::deserialize(&mut answers).map_err(|_| broken())?;
        if lacks.iter().all(Vec::is_empty) {
            let stamps: String = folders.iter().map(|folder| stamp(folder) + "\n").collect();
            // Without it the interpreter is asked again.
            let _ = fs::create_dir_all(&self.envs).and_then(|()| fs::write(&known, stamps));
        }
        Ok(lacks)
    }

    /// The folder of an environment with these packages.
    fn environment(
        &self,
        base: &Path,
        set: &[String],
        lacks: &[(String, String)],
        progress: &mut Progress,
        signals: &mut Signals,
    ) -> Result<PathBuf, Error> {
        let digest =
            blake3::hash(format!("{}\n{}", identity(base)?, set.join("\n")).as_bytes()).to_hex();
        let folder = self.envs.join(&digest[..16]);
        let marker = folder.join("mlpc.json");
        let absolute = |folder: &Path| {
            std::path::absolute(folder).map_err(|error| Error::io("find", folder, &error))
        };
        if marker.exists() {
            return absolute(&folder);
        }
        if !self.install {
            let lacks: Vec<String> = lacks
                .iter()
                .map(|(package, why)| format!("`{package}` ({why})"))
                .collect();
            let quoted: Vec<String> = set.iter().map(|package| quoted(package)).collect();
            let help = format!(
                "install them by `{} -m pip install {}`, or leave out `--no-install`",
                base.display(),
                quoted.join(" ")
            );
            return Err(
                Error::usage(format!("`{}` lacks {}", base.display(), lacks.join(", "))).help(help),
            );
        }
        fs::create_dir_all(&self.envs)
            .map_err(|error| Error::io("make the folder", &self.envs, &error))?;
        let lock_path = folder.with_extension("lock");
        let lock =
            File::create(&lock_path).map_err(|error| Error::io("write", &lock_path, &error))?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            progress.note("another process makes the environment that is needed: waiting for it");
            rustix::fs::flock(&lock, FlockOperation::LockExclusive)
                .map_err(|error| Error::io("lock", &lock_path, &error.into()))?;
        }
        if !marker.exists() {
            if folder.exists() {
                fs::remove_dir_all(&folder)
                    .map_err(|error| Error::io("remove", &folder, &error))?;
            }
            self.build(base, &absolute(&folder)?, set, progress, signals)?;
            let text = serde_json::json!({"python": base, "packages": set}).to_string() + "\n";
            fs::write(&marker, text).map_err(|error| Error::io("write", &marker, &error))?;
        }
        absolute(&folder)
    }

    fn build(
        &self,
        base: &Path,
        folder: &Path,
        set: &[String],
        progress: &mut Progress,
        signals: &mut Signals,
    ) -> Result<(), Error> {
        let uv = find(Path::new("uv"));
        let tool = if uv.is_some() { "uv" } else { "pip" };
        let python = folder.join("bin").join("python");
        let commands = match &uv {
            Some(uv) => {
                let mut make = Command::new(uv);
                make.args(["venv", "--no-project", "--python"])
                    .arg(base)
                    .arg(folder);
                let mut install = Command::new(uv);
                install
                    .args(["pip", "install", "--python"])
                    .arg(&python)
                    .arg("--")
                    .args(set);
                [make, install]
            }
            None => {
                let mut make = Command::new(base);
                make.args(["-m", "venv"]).arg(folder);
                let mut install = Command::new(&python);
                install
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--disable-pip-version-check",
                        "--no-input",
                        "--",
                    ])
                    .args(set);
                [make, install]
            }
        };
        let label = format!("environment with {}", set.join(", "));
        progress.note(&format!("{label}: {tool} makes it, once"));
        let began = std::time::Instant::now();
        let log = folder.with_extension("log");
        let mut file = File::create(&log).map_err(|error| Error::io("write", &log, &error))?;
        for mut command in commands {
            let failure = watch(
                &mut command,
                &mut file,
                &log,
                &label,
                began,
                progress,
                signals,
            )?;
            if let Some(failure) = failure {
                let (lines, _) = last_lines(&log);
                let mut message = format!(
                    "can't make an {label}: {} ended with {failure}",
                    command.get_program().to_string_lossy()
                );
                for line in lines {
                    message.push_str("\n  | ");
                    message.push_str(&line);
                }
                return Err(
                    Error::usage(message).help(format!("the whole log is `{}`", log.display()))
                );
            }
        }
        progress.note(&format!(
            "{label}: made in {:.1} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

/// Runs a command to its end, its output going to a log. Gives why it failed, if it did.
fn watch(
    command: &mut Command,
    file: &mut File,
    log: &Path,
    label: &str,
    began: std::time::Instant,
    progress: &mut Progress,
    signals: &mut Signals,
) -> Result<Option<String>, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut process = Process::start(command, true)
        .map_err(|error| Error::usage(format!("can't start `{program}`: {}", reason(&error))))?;
    let mut buffer = [0; 8192];
    loop {
        let ended = process.has_ended();
        while let Ok(Output::Bytes(count)) = process.read(&mut buffer) {
            file.write_all(&buffer[..count])
                .map_err(|error| Error::io("write", log, &error))?;
        }
        if ended {
            break;
        }
        progress.draw([(label, began)].into_iter());
        if let Some(signal) = signals.take().first() {
            drop(process);
            let name = signal_hook::low_level::signal_name(*signal).unwrap_or("a signal");
            return Err(Error {
                exit_code: 128 + *signal as u8,
                ..Error::usage(format!("ended by {name} before the run began"))
            });
        }
        let mut fds: Vec<PollFd<'_>> = signals
            .fds()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        fds.extend(
            [process.ended(), process.output()]
                .into_iter()
                .flatten()
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        // A tenth of a second: the screen, and systems where nothing tells the end.
        let tick = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let _ = rustix::event::poll(&mut fds, Some(&tick));
    }
    let status = process.reap().map_err(|error| {
        Error::usage(format!(
            "the end of `{program}` is not known: {}",
            reason(&error)
        ))
    })?;
    Ok(process::failure(status))
}

/// The packages in an order of their own, each once.
fn set_of(packages: &[String]) -> Vec<String> {
    let mut set = packages.to_vec();
    set.sort();
    set.dedup();
    set
}

/// The absolute path of a program: one with a slash is a path, another is looked for on the PATH.
fn find(program: &Path) -> Option<PathBuf> {
    let executable = |path: &Path| {
        fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return executable(program)
            .then(|| std::path::absolute(program).ok())
            .flatten();
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| executable(path))
        .and_then(|path| std::path::absolute(path).ok())
}

/// The interpreter itself, where what was found is a script that picks one (pyenv): going through it costs every step a tenth of a second.
fn interpreter(found: PathBuf) -> Result<PathBuf, Error> {
    let mut head = [0; 2];
    let script = File::open(&found)
        .and_then(|mut file| file.read_exact(&mut head))
        .is_ok_and(|()| head == *b"#!");
    if !script {
        return Ok(found);
    }
    let output = Command::new(&found)
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let output = output.map_err(|error| Error::io("start", &found, &error))?;
    match String::from_utf8(output.stdout) {
        Ok(path) if output.status.success() && Path::new(path.trim_end()).is_file() => {
            Ok(path.trim_end().into())
        }
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let why = said
                .lines()
                .last()
                .unwrap_or("it names no interpreter")
                .to_owned();
            Err(Error::usage(format!(
                "`{}` gives no Python interpreter: {why}",
                found.display()
            )))
        }
    }
}

/// A folder with when something in it last came or went.
fn stamp(folder: &str) -> String {
    match fs::metadata(folder) {
        Ok(meta) => format!("{}.{:09} {folder}", meta.mtime(), meta.mtime_nsec()),
        Err(_) => format!("- {folder}"),
    }
}

/// Tells one interpreter from another: its path and the file that it really is.
fn identity(python: &Path) -> Result<String, Error> {
    let meta =
        fs::metadata(python).map_err(|error| Error::io("find the interpreter", python, &error))?;
    Ok(format!(
        "{} {} {}.{:09}",
        python.display(),
        meta.len(),
        meta.mtime(),
        meta.mtime_nsec()
    ))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-=+/:@,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
