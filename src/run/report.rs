//! What is known of a run when it is over.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Serialize;

use crate::value::Value;

/// How a run ended. Serialized it is the object of `--json`.
#[derive(Debug, Serialize)]
pub struct Report {
    pub run: String,
    pub status: Status,
    /// What the pipeline returns; `null` where it was not to be had. Artifacts are absolute paths.
    pub outputs: IndexMap<String, Value>,
    /// Every task by its full name, in the order of the plan.
    pub tasks: IndexMap<String, TaskReport>,
    /// What made the run fail, tasks and other statements, in the order it happened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// The signal that ended the run.
    #[serde(skip)]
    pub signal: Option<i32>,
    /// Where the run has its files, as the user would type it.
    #[serde(skip)]
    pub folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    Failed,
}

impl Status {
    /// As it is written in reports and as `run.status`.
    pub fn text(self) -> &'static str {
        match self {
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
        }
    }
}

#[derive(Debug, Serialize)]
pub struct TaskReport {
    pub state: TaskState,
    /// Processes started for it, in this run and those it resumes.
    pub attempts: u32,
    /// Of all attempts together, without the waits between them.
    pub seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    Succeeded,
    Failed,
    /// Its branch was not taken.
    Skipped,
    /// Something that it needs failed, or the run was ended before.
    NotRun,
    /// Its outputs are those of an earlier run.
    Cached,
}

#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The task's full name; `require` for a failed requirement.
    pub name: String,
    pub message: String,
    /// Of the last attempt, when it printed anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl TaskState {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            TaskState::Succeeded => "succeeded",
            TaskState::Failed => "failed",
            TaskState::Skipped => "skipped",
            TaskState::NotRun => "not run",
            TaskState::Cached => "cached",
        }
    }
}

impl Report {
    /// How many tasks ended so.
    pub fn count(&self, state: TaskState) -> usize {
        self.tasks
            .values()
            .filter(|task| task.state == state)
            .count()
    }

    /// 0, or 1 when the run failed, or 128 and the signal that ended it.
    pub fn exit_code(&self) -> u8 {
        match (self.signal, self.status) {
            (Some(signal), _) => 128 + signal as u8,
            (None, Status::Succeeded) => 0,
            (None, Status::Failed) => 1,
        }
    }

    /// The object of `--json`, with a line end.
    pub fn json(&self) -> String {
        crate::emit::json::document(
            &serde_json::to_value(self).expect("a report has text keys only"),
        )
    }
}
