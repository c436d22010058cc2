//! The journal: what happened in a run, one JSON object a line, appended only.
//!
//! Every line ends with a checksum of what stands before it, so that a torn or damaged line is seen; reading stops at the first bad one. A
//! `done` in the journal is what commits a task's outputs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::seal::{is_whole, seal};
use crate::value::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record {
    /// A runner begins, the first or one that resumes.
    Run {
        run: String,
        plan: String,
        boot: String,
        time: String,
    },
    /// An attempt has a process.
    Start {
        task: String,
        attempt: u32,
        group: i32,
        /// Milliseconds since boot between which the process began.
        began: [u64; 2],
    },
    Done {
        task: String,
        attempt: u32,
        /// What its outputs are outputs of: definition and inputs.
        key: String,
        seconds: f64,
        outputs: IndexMap<String, Recorded>,
    },
    Failed {
        task: String,
        attempt: u32,
        seconds: f64,
        reason: String,
        /// Another attempt follows.
        again: bool,
    },
    /// The outputs are those of an earlier run.
    Cached {
        task: String,
        attempt: u32,
        key: String,
        outputs: IndexMap<String, Recorded>,
    },
    Skipped {
        task: String,
    },
    NotRun {
        task: String,
    },
    /// A statement that is no task failed.
    Broken {
        name: String,
        message: String,
    },
    End {
        status: String,
    },
}

/// An output as the journal holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Recorded {
    Value(Value),
    /// A value too long for the journal: its text is the file of the port.
    Text {
        size: u64,
    },
    /// An artifact at the port's path; of a folder the sum of its files.
    Path {
        size: u64,
    },
    /// An optional artifact that was not written.
    Nothing,
}

/// Writes records in batches.
pub(super) struct Journal {
    file: File,
    batch: Vec<u8>,
}

impl Journal {
    /// Opens a journal, cut after its last good line.
    pub fn open(path: &Path) -> io::Result<Journal> {
        let good = match std::fs::read(path) {
            Ok(bytes) => good_lines(&bytes).map(|line| line.len() + 1).sum::<usize>() as u64,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        if file.metadata()?.len() != good {
            file.set_len(good)?;
        }
        Ok(Journal {
            file,
            batch: Vec::new(),
        })
    }

    pub fn add(&mut self, record: &Record) {
        seal(record, &mut self.batch);
    }

    /// Hands all records to the system, which a killed runner does not lose.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.batch.is_empty() {
            self.file.write_all(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }
}

/// The records up to the first line that is damaged.
pub(super) fn read(path: &Path) -> io::Result<Vec<Record>> {
    let bytes = std::fs::read(path)?;
    Ok(good_lines(&bytes)
        .map_while(|line| serde_json::from_slice(line).ok())
        .collect())
}

/// The name of the run that a journal belongs to.
pub(super) fn run_id(path: &Path) -> Option<String> {
    match read(path).ok()?.into_iter().next()? {
        Record::Run { run, .. } => Some(run),
        _ => None,
    }
}

/// The lines with right checksums, up to the first without, less their line ends.
fn good_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map_while(|line| line.strip_suffix(b"\n"))
        .take_while(|line| is_whole(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(task: &str) -> Record {
        Record::Skipped { task: task.into() }
    }

    #[test]
    fn a_journal_ends_at_its_first_bad_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(super::super::folder::JOURNAL);
        let mut journal = Journal::open(&path).unwrap();
        let records = [skipped("a"), skipped("b\n\"c"), skipped("d")];
        records.iter().for_each(|record| journal.add(record));
        journal.flush().unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(read(&path).unwrap(), records);

        let ends: Vec<usize> = (1..=whole.len())
            .filter(|end| whole[end - 1] == b'\n')
            .collect();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(read(&path).unwrap(), records[..complete], "cut at {cut}");

            let mut flipped = whole.clone();
            flipped[cut] ^= 4;
            std::fs::write(&path, &flipped).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(
                read(&path).unwrap(),
                records[..complete],
                "flipped at {cut}"
            );

            // What is appended after damage can be read.
            let mut journal = Journal::open(&path).unwrap();
            journal.add(&skipped("e"));
            journal.flush().unwrap();
            assert_eq!(
                read(&path).unwrap().last(),
                Some(&skipped("e")),
                "flipped at {cut}"
            );
        }
    }
}
