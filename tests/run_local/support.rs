//! Plans from a few lines, run in a folder of their own.

use std::path::{Path, PathBuf};

use mlpc::plan::{self, Plan};
use mlpc::run::{self, Display, Options, Report, TaskState};
use serde_json::{Value, json};

/// A folder that is gone after the test.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as text, for scripts.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The lines of a file that steps append to.
    pub fn lines(&self, name: &str) -> Vec<String> {
        match std::fs::read_to_string(self.path(name)) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        }
    }

    pub fn options(&self) -> Options {
        Options {
            state: self.path("state"),
            base: self.folder.path().to_owned(),
            jobs: Some(4.try_into().unwrap()),
            display: Display::Silent,
            ..Options::default()
        }
    }

    pub fn run(&self, plan: &Value) -> Report {
        self.run_with(plan, |_| ())
    }

    pub fn run_with(&self, plan: &Value, change: impl FnOnce(&mut Options)) -> Report {
        self.try_run(plan, change)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn try_run(
        &self,
        plan: &Value,
        change: impl FnOnce(&mut Options),
    ) -> Result<Report, run::Error> {
        let mut options = self.options();
        change(&mut options);
        run::execute(&read(plan), &options)
    }
}

/// A document as the plan it is; what is written reads back the same.
pub fn read(document: &Value) -> Plan {
    let plan =
        plan::read(&document.to_string()).unwrap_or_else(|error| panic!("{error}: {document}"));
    let text = plan::write(&plan);
    assert_eq!(plan::read(&text).as_ref(), Ok(&plan));
    plan
}

/// A plan of components and statements.
pub fn plan(components: Value, body: Value) -> Value {
    json!({"mlpc_plan": 1, "pipeline": "test", "components": components, "body": body})
}

/// The document with these keys set.
pub fn with(mut document: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

/// A `shell` component of named and typed ports.
pub fn shell(script: &str, inputs: &[(&str, Value)], outputs: &[(&str, Value)]) -> Value {
    json!({"kind": "shell", "script": script, "inputs": ports(inputs), "outputs": ports(outputs),
        "unnamed": matches!(outputs, [("output", _)])})
}

/// A `run` component.
pub fn argv(words: Value, inputs: &[(&str, Value)], outputs: &[(&str, Value)]) -> Value {
    json!({"kind": "run", "argv": words, "inputs": ports(inputs), "outputs": ports(outputs),
        "unnamed": matches!(outputs, [("output", _)])})
}

fn ports(ports: &[(&str, Value)]) -> Value {
    ports
        .iter()
        .map(|(name, ty)| json!({"name": name, "type": ty}))
        .collect()
}

/// A task of the same name as its component.
pub fn task(name: &str) -> Value {
    json!({"task": name, "component": name})
}

/// A call of a component.
pub fn call(name: &str, component: &str, args: Value) -> Value {
    json!({"task": name, "component": component, "args": args})
}

pub fn state(report: &Report, task: &str) -> TaskState {
    match report.tasks.get(task) {
        Some(task) => task.state,
        None => panic!("no task `{task}` in {:?}", report.tasks.keys()),
    }
}

/// `a succeeded, b failed`
pub fn states(report: &Report) -> String {
    let word = |state| match state {
        TaskState::Succeeded => "succeeded",
        TaskState::Failed => "failed",
        TaskState::Skipped => "skipped",
        TaskState::NotRun => "not_run",
        TaskState::Cached => "cached",
    };
    let states: Vec<String> = report
        .tasks
        .iter()
        .map(|(name, task)| format!("{name} {}", word(task.state)))
        .collect();
    states.join(", ")
}

/// The outputs as JSON.
pub fn outputs(report: &Report) -> Value {
    serde_json::to_value(&report.outputs).unwrap()
}

/// The messages of all that failed.
pub fn messages(report: &Report) -> Vec<String> {
    report
        .failures
        .iter()
        .map(|failure| format!("{}: {}", failure.name, failure.message))
        .collect()
}

/// The files below a folder, sorted, from it.
pub fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{name}/"), found),
                false => found.push(name),
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort();
    found
}

/// Waits for something that another process does.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !done() {
        assert!(std::time::Instant::now() < give_up, "{what} did not happen");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
