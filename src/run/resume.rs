//! Going on with a run: what an earlier runner of it left behind.

use std::collections::HashMap;
use std::fs;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::folder::{Folder, JOURNAL, PARAMS};
use super::journal::{self, Record, Recorded};
use super::process;
use super::tree::Facts;
use crate::value::Value;

/// What earlier runners of a run did. Of a new run: nothing.
#[derive(Default)]
pub(super) struct Before {
    /// Tasks with outputs, by name; of several the last.
    pub done: HashMap<String, Done>,
    /// The highest number of an attempt, by task.
    pub attempts: HashMap<String, u32>,
}

pub(super) struct Done {
    pub attempt: u32,
    pub key: String,
    pub seconds: f64,
    pub outputs: IndexMap<String, Recorded>,
    pub cached: bool,
}

/// The parameters and facts of a run, as its folder keeps them.
#[derive(Serialize, Deserialize)]
pub(super) struct Given {
    pub run: Facts,
    pub params: IndexMap<String, Value>,
}

impl Given {
    pub fn read(folder: &Folder) -> Result<Given, Error> {
        let path = folder.shown.join(PARAMS);
        let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::usage(format!("`{}` is damaged: {error}", path.display())))
    }

    pub fn text(&self) -> String {
        crate::emit::json::document(&serde_json::to_value(self).expect("text keys only"))
    }
}

impl Before {
    /// Reads the journal, and ends the steps of a killed runner that still run. The folder is held, so no runner is at work.
    pub fn read(folder: &Folder) -> Result<Before, Error> {
        let path = folder.shown.join(JOURNAL);
        let records = journal::read(&path).map_err(|error| Error::io("read", &path, &error))?;
        let mut before = Before::default();
        // What started under which boot and did not end.
        let mut running: IndexMap<(String, u32), (i32, [u64; 2])> = IndexMap::new();
        let boot = process::boot_id();
        for record in records {
            match record {
                // After another boot nothing of it runs, and the numbers are somebody else's.
                Record::Run { boot: other, .. } if other != boot => running.clear(),
                Record::Start {
                    task,
                    attempt,
                    group,
                    began,
                } => {
                    before.count(&task, attempt);
                    running.insert((task, attempt), (group, began));
                }
                Record::Failed { task, attempt, .. } => {
                    before.count(&task, attempt);
                    running.swap_remove(&(task, attempt));
                }
                Record::Done {
                    task,
                    attempt,
                    key,
                    seconds,
                    outputs,
                } => {
                    running.swap_remove(&(task.clone(), attempt));
                    before.add(task, attempt, key, seconds, outputs, false);
                }
                Record::Cached {
                    task,
                    attempt,
                    key,
                    outputs,
                } => before.add(task, attempt, key, 0.0, outputs, true),
                Record::Run { .. } | Record::Skipped { .. } | Record::NotRun { .. } => {}
                Record::Broken { .. } | Record::End { .. } => {}
            }
        }
        for ((task, attempt), (group, began)) in running {
            process::kill_orphan(group, began);
            // Nothing of it is used; a new attempt has a new number.
            let _ = fs::remove_dir_all(folder.work(&task, attempt));
        }
        Ok(before)
    }

    fn count(&mut self, task: &str, attempt: u32) {
        let last = self.attempts.entry(task.to_owned()).or_default();
        *last = attempt.max(*last);
    }

    fn add(
        &mut self,
        task: String,
        attempt: u32,
        key: String,
        seconds: f64,
        outputs: IndexMap<String, Recorded>,
        cached: bool,
    ) {
        self.count(&task, attempt);
        let done = Done {
            attempt,
            key,
            seconds,
            outputs,
            cached,
        };
        self.done.insert(task, done);
    }
}
