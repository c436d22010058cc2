//! What is done for a task besides running it: looking it up in the cache and keeping it there. Where files are read and linked for that,
//! a thread does it, so that the loop goes on.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use indexmap::IndexMap;

use super::cache::{Content, Stored};
use super::tree::NodeId;
use crate::value::Value;

/// A task that an errand is run for.
pub(super) struct Errand {
    pub id: NodeId,
    pub inputs: Vec<Value>,
    /// Its key within the run.
    pub key: String,
    /// What is run for it.
    pub what: What,
}

pub(super) enum What {
    /// To work out its key in the cache.
    Key,
    /// To fetch its outputs.
    Take { cache_key: String },
    /// To keep its outputs, which it has.
    Keep {
        outputs: IndexMap<String, Value>,
        seconds: f64,
    },
}

impl What {
    /// What comes of it when it can't be run.
    fn failed(&self, error: io::Error) -> Found {
        match self {
            What::Key => Found::Key {
                key: Err(error.to_string()),
                contents: HashMap::new(),
            },
            What::Take { .. } => Found::Taken(None),
            What::Keep { .. } => Found::Kept(Err(error)),
        }
    }
}

/// What came of an errand.
pub(super) enum Found {
    Key {
        /// The key, or why there is none.
        key: Result<String, String>,
        /// Artifacts whose content was read on the way.
        contents: HashMap<String, Content>,
    },
    Taken(Option<IndexMap<String, Stored>>),
    Kept(io::Result<IndexMap<String, Stored>>),
}

/// The errands that are being run.
pub(super) struct Errands {
    running: Vec<(Errand, Receiver<Found>)>,
    /// Readable when one has come to its end.
    wake: UnixStream,
    waker: UnixStream,
}

impl Errands {
    pub fn new() -> io::Result<Errands> {
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        Ok(Errands {
            running: Vec::new(),
            wake,
            waker,
        })
    }

    pub fn len(&self) -> usize {
        self.running.len()
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Runs an errand: on a thread, or at once when it is `short`. What is at its end comes back.
    pub fn run(
        &mut self,
        errand: Errand,
        short: bool,
        work: impl FnOnce() -> Found + Send + 'static,
    ) -> Option<(Errand, Found)> {
        if short {
            return Some((errand, work()));
        }
        let (sender, receiver) = mpsc::channel();
        let spawned = self.waker.try_clone().and_then(|mut waker| {
            let thread = std::thread::Builder::new().name("errand".into());
            thread.spawn(move || {
                let _ = sender.send(work());
                // A full pipe wakes as well.
                let _ = waker.write(&[0]);
            })
        });
        if let Err(error) = spawned {
            let found = errand.what.failed(error);
            return Some((errand, found));
        }
        self.running.push((errand, receiver));
        None
    }

    /// The errands that came to their end.
    pub fn ended(&mut self) -> Vec<(Errand, Found)> {
        let mut buffer = [0; 64];
        while matches!(self.wake.read(&mut buffer), Ok(1..)) {}
        let mut ended = Vec::new();
        let mut at = 0;
        while at < self.running.len() {
            let found = match self.running[at].1.try_recv() {
                Ok(found) => found,
                Err(TryRecvError::Disconnected) => self.running[at]
                    .0
                    .what
                    .failed(io::Error::other("its thread broke")),
                Err(TryRecvError::Empty) => {
                    at += 1;
                    continue;
                }
            };
            let (errand, _) = self.running.remove(at);
            ended.push((errand, found));
        }
        ended
    }
}
