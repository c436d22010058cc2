//! The engines' own packages, as processes that answer JSON jobs: see `tests/engines/setup.py` and each engine's `driver.py`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

/// A running `tests/engines/NAME/driver.py`. It ends when the test process does, for then its input ends.
pub struct Engine {
    name: String,
    /// The interpreter that has the engine's packages.
    pub python: std::path::PathBuf,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

impl Engine {
    /// The answer to a job. Jobs of several threads are answered one after the other.
    pub fn ask(&self, job: &Value) -> Value {
        // A test that failed while it held the lock left no half answer behind.
        let mut pipes = self
            .pipes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let (jobs, answers) = &mut *pipes;
        let mut line = job.to_string();
        line.push('\n');
        jobs.write_all(line.as_bytes()).expect("the driver reads");
        let mut answer = String::new();
        answers
            .read_line(&mut answer)
            .expect("the driver answers in UTF-8");
        serde_json::from_str(&answer).unwrap_or_else(|_| {
            panic!(
                "the driver of {} ({}) died of a job, see its last words above",
                self.name,
                self.python.display()
            )
        })
    }
}

/// The engine, set up if it is not yet. Nothing when it can't be had here: then the test that asked says so and passes, but for
/// CI, where it fails.
pub fn engine(name: &str) -> Option<&'static Engine> {
    static STARTED: Mutex<BTreeMap<String, Option<&'static Engine>>> = Mutex::new(BTreeMap::new());
    let mut started = STARTED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let found = *started
        .entry(name.to_owned())
        .or_insert_with(|| start(name));
    if found.is_none() {
        let test = std::thread::current();
        // Not `eprintln!`, which is captured: a test that did not test must show.
        let line = format!(
            "{}: skipped, for {name} is not to be had here\n",
            test.name().unwrap_or("a test")
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr takes text");
    }
    found
}

fn start(name: &str) -> Option<&'static Engine> {
    let engines = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines");
    let setup = Command::new("python3")
        .arg(engines.join("setup.py"))
        .arg(name)
        .stderr(Stdio::inherit())
        .output();
    let said = match &setup {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => format!("skipped: {name}: python3 does not start: {error}"),
    };
    let Some(python) = said.strip_prefix(&format!("ready: {name}: ")) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{said}");
        return None;
    };
    let mut process = Command::new(python)
        .arg(engines.join(name).join("driver.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an interpreter that was set up starts");
    let jobs = process.stdin.take().expect("it is piped");
    let answers = BufReader::new(process.stdout.take().expect("it is piped"));
    Some(Box::leak(Box::new(Engine {
        name: name.to_owned(),
        python: python.into(),
        pipes: Mutex::new((jobs, answers)),
        _process: process,
    })))
}
