//! The loop of a run: one thread and one `poll` over all that can happen.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::error::{Error, reason};
use super::folder::{Folder, JOURNAL, REPORT};
use super::journal::{Journal, Record};
use super::ports::Ports;
use super::process::{self, Output, Process};
use super::progress::Progress;
use super::report::{Failure, Report, Status, TaskReport, TaskState};
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
    pub steps: &'p Steps,
    pub folder: &'p Folder,
    pub journal: Journal,
    pub progress: Progress,
    pub signals: Signals,
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

/// What is known of a task that was reached.
pub(super) struct TaskRun {
    pub name: String,
    /// The number of the last attempt, of all runners together.
    pub attempt: u32,
    /// Attempts of this runner.
    pub tries: u32,
    pub seconds: f64,
    pub state: Option<TaskState>,
    /// Of the last attempt, when it printed anything.
    pub log: Option<PathBuf>,
}

/// A running attempt.
pub(super) struct Job {
    id: NodeId,
    process: Process,
    work: PathBuf,
    inputs: Vec<Value>,
    key: String,
    log: Option<File>,
    started: Instant,
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
    fn stop(&mut self, reason: String) {
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

/// What stood in the way of an attempt, or what became of it.
struct Refusal {
    reason: String,
    /// Another attempt may do better.
    again: bool,
}

impl Runner<'_> {
    /// Runs to the end. The error is one of the machine; steps that were running are ended by then.
    pub fn run(&mut self) -> Result<(), Error> {
        loop {
            while self.jobs.len() < self.slots
                && let Some(id) = self.tree.next()
            {
                self.start(id)?;
            }
            self.tell();
            if self.jobs.is_empty() && self.tree.finished().is_some() {
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
        self.journal.flush().map_err(|error| Error::io("write", &path, &error))
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

    fn task(&mut self, id: NodeId) -> &mut TaskRun {
        self.tasks.entry(id).or_insert_with(|| TaskRun {
            name: self.tree.name(id),
            attempt: 0,
            tries: 0,
            seconds: 0.0,
            state: None,
            log: None,
        })
    }

    /// Starts the next attempt of a task that has a place.
    fn start(&mut self, id: NodeId) -> Result<(), Error> {
        self.task(id).tries += 1;
        let inputs = match self.tree.inputs(id) {
            Ok(inputs) => inputs,
            Err(reason) => {
                self.failed(id, Refusal { reason, again: false });
                return Ok(());
            }
        };
        match self.spawn(id, inputs) {
            Ok(job) => self.jobs.push(job),
            Err(refusal) => self.failed(id, refusal),
        }
        Ok(())
    }

    fn spawn(&mut self, id: NodeId, inputs: Vec<Value>) -> Result<Job, Refusal> {
        let (task, component) = (self.tree.task(id), self.tree.component(id));
        let folder = self.folder;
        let run = self.task(id);
        let name = run.name.clone();
        let key = String::new();
        let work = loop {
            run.attempt += 1;
            let work = folder.work(&name, run.attempt);
            if component.outputs().is_empty() {
                break work;
            }
            match std::fs::create_dir(&work) {
                Ok(()) => break work,
                // Of an attempt that a killed runner had no time to record.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let reason = format!("can't make the folder `{}`: {}", work.display(), reason(&error));
                    return Err(Refusal { reason, again: false });
                }
            }
        };
        let attempt = run.attempt;
        let ports = Ports {
            component,
            inputs: &inputs,
            work: &work,
        };
        let command = self.steps.command(&ports, task, &name);
        let mut command = command.map_err(|reason| Refusal { reason, again: false })?;
        let before = process::boot_millis();
        let process = Process::start(&mut command, self.pidfd).map_err(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            Refusal {
                reason: cannot_start(&program, &error),
                again: error.kind() == ErrorKind::WouldBlock,
            }
        })?;
        self.journal.add(&Record::Start {
            task: name.clone(),
            attempt,
            key: key.clone(),
            group: process.group(),
            began: [before, process::boot_millis()],
        });
        self.progress.started(&name, attempt);
        let started = Instant::now();
        let mut job = Job {
            id,
            process,
            work,
            inputs,
            key,
            log: None,
            started,
            deadline: task.timeout.map(|limit| started + Duration::from_secs_f64(limit)),
            stop: None,
        };
        if let Some(reason) = self.tree.cancelled(id) {
            job.stop(reason.to_owned());
        }
        Ok(job)
    }

    /// Waits until something happens, and sees to it.
    fn wait(&mut self) -> Result<(), Error> {
        self.progress.draw(self.jobs.iter().map(|job| (self.tasks[&job.id].name.as_str(), job.started)));
        let timeout = self.next_deadline().map(|due| due.saturating_duration_since(Instant::now()));
        let timeout = timeout.map(|left| Timespec {
            tv_sec: left.as_secs() as _,
            tv_nsec: left.subsec_nanos() as _,
        });
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2 * self.jobs.len() + 4);
        fds.extend(self.signals.fds().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let signals = fds.len();
        for job in &self.jobs {
            for fd in [job.process.ended(), job.process.output()].into_iter().flatten() {
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            }
        }
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::usage(format!("can't wait for the steps: {}", reason(&error.into())))),
        }
        let came = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let signalled = fds[..signals].iter().any(came);
        let mut rest = fds[signals..].iter();
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
                job.log = Some(File::create(&path).map_err(|error| Error::io("write the log", &path, &error))?);
                run.log = Some(path.clone());
            }
            if let Some(log) = &mut job.log {
                log.write_all(&buffer[..count]).map_err(|error| Error::io("write the log", &path, &error))?;
            }
        }
        Ok(())
    }

    /// The main process of a job has ended.
    fn ended(&mut self, mut job: Job) {
        let seconds = job.started.elapsed().as_secs_f64();
        let outcome = match (job.process.reap(), &job.stop) {
            (_, Some(stop)) => Err(stop.reason.clone()),
            (Err(error), None) => Err(format!("its end is not known: {}", reason(&error))),
            (Ok(status), None) => match process::failure(status) {
                Some(reason) => Err(reason),
                None => self.outputs(&job),
            },
        };
        self.task(job.id).seconds += seconds;
        match outcome {
            Ok(outputs) => {
                let component = self.tree.component(job.id);
                let ports = Ports {
                    component,
                    inputs: &job.inputs,
                    work: &job.work,
                };
                let run = self.tasks.get_mut(&job.id).expect("a job's task is known");
                run.state = Some(TaskState::Succeeded);
                self.journal.add(&Record::Done {
                    task: run.name.clone(),
                    attempt: run.attempt,
                    key: job.key.clone(),
                    seconds,
                    outputs: ports.record(&outputs),
                });
                self.progress.ended(&run.name, TaskState::Succeeded, run.seconds);
                self.tree.succeed(job.id, outputs);
            }
            Err(reason) => {
                discard(&job.work);
                self.failed(job.id, Refusal { reason, again: true });
            }
        }
    }

    fn outputs(&self, job: &Job) -> Result<indexmap::IndexMap<String, Value>, String> {
        let ports = Ports {
            component: self.tree.component(job.id),
            inputs: &job.inputs,
            work: &job.work,
        };
        ports.outputs()
    }

    /// An attempt failed: another follows, or the task has failed for good.
    fn failed(&mut self, id: NodeId, refusal: Refusal) {
        let task = self.tree.task(id);
        let cancelled = self.tree.cancelled(id).is_some();
        let run = self.tasks.get_mut(&id).expect("a task that failed was started");
        let delay = task.retry.get(run.tries as usize - 1).copied();
        let delay = delay.filter(|_| refusal.again && !cancelled);
        self.journal.add(&Record::Failed {
            task: run.name.clone(),
            attempt: run.attempt,
            seconds: run.seconds,
            reason: refusal.reason.clone(),
            again: delay.is_some(),
        });
        if let Some(delay) = delay {
            self.progress.again(&run.name, &refusal.reason, run.attempt + 1, delay);
            self.delayed.push((Instant::now() + Duration::from_secs_f64(delay), id));
            self.tree.pause(id);
            return;
        }
        run.state = Some(TaskState::Failed);
        self.progress.ended(&run.name, TaskState::Failed, run.seconds);
        self.failures.push(Failure {
            name: run.name.clone(),
            message: match run.tries {
                0 | 1 => refusal.reason,
                tries => format!("{}, attempt {tries} of {}", refusal.reason, task.retry.len() + 1),
            },
            log: run.log.clone(),
        });
        self.tree.fail(id);
    }

    fn signalled(&mut self, signal: i32) {
        let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
        if self.signal.is_some() {
            for job in &mut self.jobs {
                job.process.kill();
            }
            self.progress.note(&format!("{name} again: all steps are killed"));
            self.jobs.clear();
            self.leave = true;
            return;
        }
        self.signal = Some(signal);
        match self.tree.body_status() {
            None => self.progress.note(&format!("{name}: the running steps are ended, `finally` runs; again to leave at once")),
            Some(_) => self.progress.note(&format!("{name}: `finally` runs to its end; again to leave at once")),
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
        let (ended, delayed) = std::mem::take(&mut self.delayed).into_iter().partition(|(_, id)| self.tree.cancelled(*id).is_some());
        self.delayed = delayed;
        let ended: Vec<(Instant, NodeId)> = ended;
        for (_, id) in ended {
            let run = self.tasks.get_mut(&id).expect("a task between attempts was started");
            run.state = Some(TaskState::Failed);
            self.progress.ended(&run.name, TaskState::Failed, run.seconds);
            self.failures.push(Failure {
                name: run.name.clone(),
                message: format!("{reason} before another attempt"),
                log: run.log.clone(),
            });
            self.tree.fail_paused(id);
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
        jobs.chain(delayed).chain(limits).chain(self.progress.next_redraw()).min()
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
        let (due, later) = std::mem::take(&mut self.delayed).into_iter().partition(|(due, _)| *due <= now);
        self.delayed = later;
        let due: Vec<(Instant, NodeId)> = due;
        due.into_iter().for_each(|(_, id)| self.tree.resume(id));
        let (over, running) = std::mem::take(&mut self.limits).into_iter().partition(|(due, ..)| *due <= now);
        self.limits = running;
        let over: Vec<(Instant, FrameId, f64)> = over;
        for (_, frame, seconds) in over {
            if !self.tree.is_running(frame) {
                continue;
            }
            let name = self.tree.frame_name(frame);
            let message = format!("timeout: it took longer than {seconds} s");
            self.progress.broken(&name, &message);
            let broken = Record::Broken { name: name.clone(), message: message.clone() };
            self.journal.add(&broken);
            self.failures.push(Failure { name: name.clone(), message, log: None });
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

    /// Every task of the run as it stands.
    pub fn tasks(&self) -> indexmap::IndexMap<String, TaskReport> {
        let report = |state: tree::TaskState| {
            let run = match state {
                tree::TaskState::Reached(id) | tree::TaskState::NotRun(Some(id)) => self.tasks.get(&id),
                _ => None,
            };
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
        self.tree.tasks().into_iter().map(|(name, state)| (name, report(state))).collect()
    }

    pub fn status(&self) -> Status {
        self.tree.finished().unwrap_or(Status::Failed)
    }
}

const BUFFER: usize = 64 * 1024;

fn cannot_start(program: &str, error: &io::Error) -> String {
    const E2BIG: i32 = 7;
    match error.kind() {
        ErrorKind::NotFound if program.contains('/') => format!("there is no program `{program}`"),
        ErrorKind::NotFound => format!("there is no program `{program}` on the PATH"),
        ErrorKind::PermissionDenied => format!("`{program}` can't be executed: {}", reason(error)),
        _ if error.raw_os_error() == Some(E2BIG) => {
            format!("the arguments of `{program}` and the environment are too long for the system: pass large values as artifacts")
        }
        _ => format!("`{program}` can't be started: {}", reason(error)),
    }
}

/// What a failed attempt wrote is dropped.
fn discard(work: &Path) {
    // What can't be removed stays below its own number, where nothing looks for it.
    let _ = std::fs::remove_dir_all(work);
}
