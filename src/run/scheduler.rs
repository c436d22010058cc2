//! The loop of a run: one thread and one `poll` over all that can happen.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::attempts::TaskRun;
use super::cache::{Cache, Content};
use super::crash;
use super::errands::Errands;
use super::error::{Error, reason};
use super::folder::{Folder, JOURNAL, REPORT};
use super::journal::{Journal, Record};
use super::keys::Keys;
use super::page::Times;
use super::process::{Output, Process};
use super::progress::Progress;
use super::report::{Failure, Report, Status, TaskReport, TaskState};
use super::resume::Before;
use super::signals::Signals;
use super::steps::Steps;
use super::tree::{self, Event, FrameId, NodeId, Tree};
use crate::value::Value;

/// How long a group that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How much of what was printed and not yet read is kept when a step has ended: more than any pipe holds.
const REST: usize = 4 << 20;

pub(super) struct Runner<'p> {
    pub tree: Tree<'p>,
    pub keys: &'p Keys,
    pub steps: &'p Steps,
    /// What earlier runners of this run did.
    pub before: &'p Before,
    /// Nothing when outputs of earlier runs are not wanted.
    pub cache: Option<Arc<Cache>>,
    pub errands: Errands,
    /// Keys of outputs that are being made or fetched, with the tasks that wait for the same.
    pub held_keys: IndexMap<String, Vec<NodeId>>,
    /// The content of artifacts, by path.
    pub contents: HashMap<String, Content>,
    pub folder: &'p Folder,
    pub journal: Journal,
    pub progress: &'p mut Progress,
    pub signals: &'p mut Signals,
    /// How many steps may run at once.
    pub slots: usize,
    /// Whether the system tells the end of a process by a file descriptor.
    pub pidfd: bool,
    pub jobs: Vec<Job>,
    pub tasks: HashMap<NodeId, TaskRun>,
    /// Tasks between two attempts, with when the next is due.
    pub delayed: Vec<(Instant, NodeId)>,
    /// Pipelines that may take so long.
    pub limits: Vec<(Instant, FrameId, f64)>,
    pub failures: Vec<Failure>,
    /// The signal that ends the run.
    pub signal: Option<i32>,
    /// A second signal came: nothing more is waited for.
    pub leave: bool,
}

/// A running attempt.
pub(super) struct Job {
    pub id: NodeId,
    pub process: Process,
    pub work: PathBuf,
    pub inputs: Vec<Value>,
    /// Its key within the run.
    pub key: String,
    pub started: Instant,
    log: Option<File>,
    deadline: Option<Instant>,
    stop: Option<Stop>,
}

/// A job that is being ended.
struct Stop {
    reason: String,
    kill_at: Instant,
    killed: bool,
}

impl Job {
    /// An attempt that begins now and may take so long.
    pub fn new(
        id: NodeId,
        process: Process,
        work: PathBuf,
        inputs: Vec<Value>,
        key: String,
        limit: Option<Duration>,
    ) -> Job {
        let started = Instant::now();
        Job {
            id,
            process,
            work,
            inputs,
            key,
            started,
            log: None,
            deadline: limit.map(|limit| started + limit),
            stop: None,
        }
    }

    /// Why it was ended, if it was.
    pub fn stopped(&self) -> Option<&str> {
        self.stop.as_ref().map(|stop| stop.reason.as_str())
    }

    /// Asks it to end, and sees that it does.
    pub fn stop(&mut self, reason: String) {
        if self.stop.is_none() {
            self.process.terminate();
            self.stop = Some(Stop {
                reason,
                kill_at: Instant::now() + GRACE,
                killed: false,
            });
        }
    }
}

impl Runner<'_> {
    /// Runs to the end. The error is one of the machine; steps that were running are ended by then.
    pub fn run(&mut self) -> Result<(), Error> {
        loop {
            while self.jobs.len() + self.errands.len() < self.slots
                && let Some(id) = self.tree.next()
            {
                self.start(id);
            }
            self.tell();
            if self.jobs.is_empty() && self.errands.len() == 0 && self.tree.finished().is_some() {
                break;
            }
            self.flush()?;
            self.wait()?;
            if self.leave {
                break;
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Error> {
        let path = self.folder.shown.join(JOURNAL);
        crash::point();
        self.journal
            .flush()
            .map_err(|error| Error::io("write", &path, &error))
    }

    /// Records and shows what followed from what happened.
    fn tell(&mut self) {
        for event in self.tree.events() {
            match event {
                Event::Skipped { name } => {
                    self.progress.ended(&name, TaskState::Skipped, 0.0);
                    self.journal.add(&Record::Skipped { task: name });
                }
                Event::NotRun { name } => {
                    self.progress.ended(&name, TaskState::NotRun, 0.0);
                    self.journal.add(&Record::NotRun { task: name });
                }
                Event::Broken { name, message } => {
                    self.progress.broken(&name, &message);
                    self.journal.add(&Record::Broken {
                        name: name.clone(),
                        message: message.clone(),
                    });
                    self.failures.push(Failure {
                        name,
                        message,
                        log: None,
                    });
                }
                Event::Limited { frame, seconds } => {
                    let due = Instant::now() + Duration::from_secs_f64(seconds);
                    self.limits.push((due, frame, seconds));
                }
            }
        }
    }

    /// Waits until something happens, and sees to it.
    fn wait(&mut self) -> Result<(), Error> {
        self.progress.draw(
            self.jobs
                .iter()
                .map(|job| (self.tasks[&job.id].name.as_str(), job.started)),
        );
        let timeout = self
            .next_deadline()
            .map(|due| due.saturating_duration_since(Instant::now()));
        let timeout = timeout.map(|left| Timespec {
            tv_sec: left.as_secs() as _,
            tv_nsec: left.subsec_nanos() as _,
        });
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2 * self.jobs.len() + 4);
        fds.extend(
            self.signals
                .fds()
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        let signals = fds.len();
        fds.push(PollFd::from_borrowed_fd(self.errands.fd(), PollFlags::IN));
        for job in &self.jobs {
            for fd in [job.process.ended(), job.process.output()]
                .into_iter()
                .flatten()
            {
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            }
        }
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(Error::usage(format!(
                    "can't wait for the steps: {}",
                    reason(&error.into())
                )));
            }
        }
        let came = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let signalled = fds[..signals].iter().any(came);
        let errands = came(&fds[signals]);
        let mut rest = fds[signals + 1..].iter();
        // Whether each job has ended, and whether it printed.
        let mut happened = Vec::with_capacity(self.jobs.len());
        for job in &self.jobs {
            let ended = match job.process.ended() {
                Some(_) => rest.next().is_some_and(came),
                None => job.process.has_ended(),
            };
            let printed = job.process.output().is_some() && rest.next().is_some_and(came);
            happened.push((ended, printed));
        }
        drop(fds);

        for (at, (_, printed)) in happened.iter().enumerate() {
            if *printed {
                self.pump(at, 16 * BUFFER)?;
            }
        }
        // From the last to the first, for each one that ends leaves the list.
        let ended: Vec<usize> = (0..happened.len()).filter(|at| happened[*at].0).collect();
        for at in ended.into_iter().rev() {
            self.pump(at, REST)?;
            let job = self.jobs.remove(at);
            self.ended(job);
        }
        if errands {
            for (errand, found) in self.errands.ended() {
                self.errand_ended(errand, found);
            }
        }
        if signalled {
            for signal in self.signals.take() {
                self.signalled(signal);
            }
        }
        self.on_time();
        Ok(())
    }

    /// Takes what a job printed to its log, at most so many bytes.
    fn pump(&mut self, at: usize, most: usize) -> Result<(), Error> {
        let mut buffer = [0; BUFFER];
        let mut taken = 0;
        while taken < most {
            let job = &mut self.jobs[at];
            let count = match job.process.read(&mut buffer) {
                Ok(Output::Bytes(count)) => count,
                Ok(Output::Later | Output::End) => break,
                // What can't be read is lost; the step itself may be well.
                Err(_) => break,
            };
            taken += count;
            let run = self.tasks.get_mut(&job.id).expect("a job's task is known");
            let path = self.folder.log(&run.name, run.attempt);
            if job.log.is_none() {
                job.log = Some(
                    File::create(&path)
                        .map_err(|error| Error::io("write the log", &path, &error))?,
                );
                run.log = Some(path.clone());
            }
            if let Some(log) = &mut job.log {
                log.write_all(&buffer[..count])
                    .map_err(|error| Error::io("write the log", &path, &error))?;
            }
        }
        Ok(())
    }

    fn signalled(&mut self, signal: i32) {
        let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
        if self.signal.is_some() {
            for job in &mut self.jobs {
                job.process.kill();
            }
            self.progress
                .note(&format!("{name} again: all steps are killed"));
            self.jobs.clear();
            self.leave = true;
            return;
        }
        self.signal = Some(signal);
        match self.tree.body_status() {
            None => self.progress.note(&format!(
                "{name}: the running steps are ended, `finally` runs; again to leave at once"
            )),
            Some(_) => self.progress.note(&format!(
                "{name}: `finally` runs to its end; again to leave at once"
            )),
        }
        let root = self.tree.root();
        self.cancel(root, &format!("ended by {name}"));
    }

    /// Ends all of a pipeline's body.
    fn cancel(&mut self, frame: FrameId, reason: &str) {
        self.tree.cancel(frame, reason);
        for job in &mut self.jobs {
            if let Some(reason) = self.tree.cancelled(job.id) {
                let reason = reason.to_owned();
                job.stop(reason);
            }
        }
        let (ended, delayed) = std::mem::take(&mut self.delayed)
            .into_iter()
            .partition(|(_, id)| self.tree.cancelled(*id).is_some());
        self.delayed = delayed;
        let ended: Vec<(Instant, NodeId)> = ended;
        for (_, id) in ended {
            self.failed_for_good(id, format!("{reason} before another attempt"));
            self.tree.fail_paused(id);
        }
        // Those that wait for another task's outputs never began.
        for waiting in self.held_keys.values_mut() {
            let ended = waiting.extract_if(.., |id| self.tree.cancelled(*id).is_some());
            ended
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|id| self.tree.give_up(id));
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let jobs = self.jobs.iter().filter_map(|job| match &job.stop {
            Some(stop) if stop.killed => None,
            Some(stop) => Some(stop.kill_at),
            None => job.deadline,
        });
        let delayed = self.delayed.iter().map(|(due, _)| *due);
        let limits = self.limits.iter().map(|(due, ..)| *due);
        jobs.chain(delayed)
            .chain(limits)
            .chain(self.progress.next_redraw())
            .min()
    }

    /// Sees to all that is due.
    fn on_time(&mut self) {
        let now = Instant::now();
        for job in &mut self.jobs {
            match &mut job.stop {
                Some(stop) if !stop.killed && stop.kill_at <= now => {
                    stop.killed = true;
                    job.process.kill();
                }
                None if job.deadline.is_some_and(|deadline| deadline <= now) => {
                    let limit = self.tree.task(job.id).timeout.unwrap_or_default();
                    job.stop(format!("timeout: it took longer than {limit} s"));
                }
                _ => {}
            }
        }
        let (due, later) = std::mem::take(&mut self.delayed)
            .into_iter()
            .partition(|(due, _)| *due <= now);
        self.delayed = later;
        let due: Vec<(Instant, NodeId)> = due;
        due.into_iter().for_each(|(_, id)| self.tree.resume(id));
        let (over, running) = std::mem::take(&mut self.limits)
            .into_iter()
            .partition(|(due, ..)| *due <= now);
        self.limits = running;
        let over: Vec<(Instant, FrameId, f64)> = over;
        for (_, frame, seconds) in over {
            if !self.tree.is_running(frame) {
                continue;
            }
            let name = self.tree.frame_name(frame);
            let message = format!("timeout: it took longer than {seconds} s");
            self.progress.broken(&name, &message);
            let broken = Record::Broken {
                name: name.clone(),
                message: message.clone(),
            };
            self.journal.add(&broken);
            self.failures.push(Failure {
                name: name.clone(),
                message,
                log: None,
            });
            self.cancel(frame, &format!("`{name}` took longer than {seconds} s"));
        }
    }

    /// The last record and the report's own file.
    pub fn end(&mut self, report: &Report) -> Result<(), Error> {
        self.tell();
        self.journal.add(&Record::End {
            status: report.status.text().to_owned(),
        });
        self.flush()?;
        self.folder.write(REPORT, &report.json())
    }

    /// What is known of a task, by what the tree says of it.
    fn run_of(&self, state: &tree::TaskState) -> Option<&TaskRun> {
        match state {
            tree::TaskState::Reached(id) | tree::TaskState::NotRun(Some(id)) => self.tasks.get(id),
            _ => None,
        }
    }

    /// Every task of the run as it stands.
    pub fn tasks(&self, tasks: &IndexMap<String, tree::TaskState>) -> IndexMap<String, TaskReport> {
        let report = |state: &tree::TaskState| {
            let run = self.run_of(state);
            let state = match (state, run.and_then(|run| run.state)) {
                (_, Some(state)) => state,
                (tree::TaskState::Skipped, _) => TaskState::Skipped,
                // It had begun when all was ended.
                _ if run.is_some_and(|run| run.attempt > 0) => TaskState::Failed,
                _ => TaskState::NotRun,
            };
            TaskReport {
                state,
                attempts: run.map_or(0, |run| run.attempt),
                seconds: run.map_or(0.0, |run| (run.seconds * 1000.0).round() / 1000.0),
            }
        };
        tasks
            .iter()
            .map(|(name, state)| (name.clone(), report(state)))
            .collect()
    }

    /// What the page shows of the same tasks.
    pub fn times(&self, tasks: &IndexMap<String, tree::TaskState>) -> Vec<Times> {
        let times = |state| {
            let run = self.run_of(state);
            Times {
                began: run.and_then(|run| run.began),
                log: run.and_then(|run| run.log.clone()),
            }
        };
        tasks.values().map(times).collect()
    }

    pub fn status(&self) -> Status {
        self.tree.finished().unwrap_or(Status::Failed)
    }
}

const BUFFER: usize = 64 * 1024;
