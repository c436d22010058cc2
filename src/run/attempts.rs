//! What becomes of a task that may start: its outputs of before, those of the cache, or an attempt, and what follows from each.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::cache::{Content, Stored};
use super::crash;
use super::errands::{Errand, Found, What};
use super::error::reason;
use super::journal::Record;
use super::keys;
use super::ports::Ports;
use super::process::{self, Process};
use super::report::{Failure, TaskState};
use super::scheduler::{Job, Runner};
use super::tree::NodeId;
use crate::plan;
use crate::value::Value;

/// What is known of a task that was reached.
pub(super) struct TaskRun {
    pub name: String,
    /// The number of the last attempt, of all runners together.
    pub attempt: u32,
    /// Attempts of this runner.
    pub tries: u32,
    pub seconds: f64,
    /// When this runner began its first attempt, in seconds from its own begin.
    pub began: Option<f64>,
    pub state: Option<TaskState>,
    /// Of the last attempt, when it printed anything.
    pub log: Option<PathBuf>,
    /// Its key in the cache, which it holds until it is done.
    pub cache_key: Option<String>,
}

/// What stood in the way of an attempt, or what became of it.
pub(super) struct Refusal {
    pub reason: String,
    /// Another attempt may do better.
    pub again: bool,
}

impl Refusal {
    fn for_good(reason: String) -> Refusal {
        Refusal {
            reason,
            again: false,
        }
    }
}

impl Runner<'_> {
    fn task(&mut self, id: NodeId) -> &mut TaskRun {
        self.tasks.entry(id).or_insert_with(|| {
            let name = self.tree.name(id);
            TaskRun {
                attempt: self.before.attempts.get(&name).copied().unwrap_or(0),
                name,
                tries: 0,
                seconds: 0.0,
                began: None,
                state: None,
                log: None,
                cache_key: None,
            }
        })
    }

    /// Sees to a task that has a place.
    pub fn start(&mut self, id: NodeId) {
        let run = self.task(id);
        let (first, cache_key) = (run.tries == 0, run.cache_key.clone());
        let inputs = match self.tree.inputs(id) {
            Ok(inputs) => inputs,
            Err(reason) => return self.failed(id, Refusal::for_good(reason)),
        };
        let (task, component) = (self.tree.task(id), self.tree.component(id));
        let folder = &self.folder.path;
        let text = keys::inputs(component.inputs(), &inputs, &mut |path| {
            Ok::<_, std::convert::Infallible>(keys::place(&path, folder))
        });
        let Ok(text) = text;
        let key = self.keys.key(task, component, &text, "");
        if first && self.kept(id, &key, &inputs) {
            return;
        }
        if task.cache.is_some() && self.cache.is_some() && cache_key.is_none() {
            return self.look_up(id, inputs, key);
        }
        self.attempt(id, inputs, key, None);
    }

    /// Whether a task has the outputs that an earlier runner of this run left.
    fn kept(&mut self, id: NodeId, key: &str, inputs: &[Value]) -> bool {
        let name = &self.tasks[&id].name;
        let Some(done) = self.before.done.get(name) else {
            return false;
        };
        if done.key != key || self.tree.ends_a_changed_body(id) {
            return false;
        }
        let work = self.folder.work(name, done.attempt);
        let ports = Ports {
            component: self.tree.component(id),
            inputs,
            work: &work,
        };
        let Some(outputs) = ports.recall(&done.outputs) else {
            return false;
        };
        let (attempt, seconds) = (done.attempt, done.seconds);
        let state = if done.cached {
            TaskState::Cached
        } else {
            TaskState::Succeeded
        };
        let run = self.task(id);
        run.attempt = attempt;
        run.seconds = seconds;
        run.state = Some(state);
        self.progress.kept(&self.tasks[&id].name);
        self.tree.succeed(id, outputs);
        true
    }

    /// Works out a task's key in the cache, to begin with.
    fn look_up(&mut self, id: NodeId, inputs: Vec<Value>, key: String) {
        let Some(cache) = self.cache.clone() else {
            return;
        };
        let component = self.tree.component(id);
        let paths = keys::artifacts(component.inputs(), &inputs);
        let known: HashMap<String, Content> = paths
            .iter()
            .filter_map(|path| Some((path.clone(), self.contents.get(path)?.clone())))
            .collect();
        let short = paths.iter().all(|path| known.contains_key(path));
        let ports = component.inputs().to_vec();
        let values = inputs.clone();
        let work = move || {
            let mut contents = known;
            let text = keys::inputs(&ports, &values, &mut |path| {
                if !contents.contains_key(&path) {
                    let content = cache
                        .content(Path::new(&path))
                        .map_err(|error| format!("`{path}`: {}", reason(&error)))?;
                    contents.insert(path.clone(), content);
                }
                Ok(contents[&path].key())
            });
            Found::Key {
                key: text,
                contents,
            }
        };
        let errand = Errand {
            id,
            inputs,
            key,
            what: What::Key,
        };
        if let Some((errand, found)) = self.errands.run(errand, short, work) {
            self.errand_ended(errand, found);
        }
    }

    /// An errand came to its end.
    pub fn errand_ended(&mut self, errand: Errand, found: Found) {
        let Errand {
            id,
            inputs,
            key,
            what,
        } = errand;
        match (what, found) {
            (
                What::Key,
                Found::Key {
                    key: text,
                    contents,
                },
            ) => {
                self.contents.extend(contents);
                if self.is_cancelled(id) {
                    return;
                }
                match text {
                    Ok(text) => self.fetch(id, inputs, key, &text),
                    Err(why) => {
                        self.progress
                            .note(&format!("{}: can't be cached: {why}", self.tasks[&id].name));
                        self.attempt(id, inputs, key, None);
                    }
                }
            }
            (What::Take { cache_key }, Found::Taken(stored)) => {
                let run = &self.tasks[&id];
                let (name, attempt) = (run.name.clone(), run.attempt);
                let work = self.folder.work(&name, attempt);
                let component = self.tree.component(id);
                let ports = Ports {
                    component,
                    inputs: &inputs,
                    work: &work,
                };
                let taken = stored.and_then(|stored| Some((ports.taken(&stored)?, stored)));
                let Some((outputs, stored)) = taken else {
                    clear(&work);
                    if !self.is_cancelled(id) {
                        self.attempt(id, inputs, key, Some(attempt));
                    }
                    return;
                };
                self.remember(&work, &stored);
                self.journal.add(&Record::Cached {
                    task: name.clone(),
                    attempt,
                    key,
                    outputs: ports.record(&outputs),
                });
                self.task(id).state = Some(TaskState::Cached);
                self.progress.ended(&name, TaskState::Cached, 0.0);
                self.release(id, &cache_key);
                self.tree.changed(id);
                self.tree.succeed(id, outputs);
            }
            (What::Keep { outputs, seconds }, Found::Kept(kept)) => {
                let run = &self.tasks[&id];
                let work = self.folder.work(&run.name, run.attempt);
                match kept {
                    Ok(stored) => self.remember(&work, &stored),
                    Err(error) => {
                        let note = format!(
                            "{}: can't be kept in the cache: {}",
                            run.name,
                            reason(&error)
                        );
                        self.progress.note(&note);
                    }
                }
                self.succeeded(id, &inputs, key, outputs, seconds);
            }
            _ => unreachable!("an errand gives what was asked of it"),
        }
    }

    /// Looks for the outputs of a task whose inputs' content is known, unless another task is about to make the same.
    fn fetch(&mut self, id: NodeId, inputs: Vec<Value>, key: String, text: &str) {
        let (task, component) = (self.tree.task(id), self.tree.component(id));
        let cache_key = self.keys.key(
            task,
            component,
            text,
            &self.steps.interpreter(component, task),
        );
        if let Some(waiting) = self.held_keys.get_mut(&cache_key) {
            waiting.push(id);
            self.tree.pause(id);
            return;
        }
        self.held_keys.insert(cache_key.clone(), Vec::new());
        self.task(id).cache_key = Some(cache_key.clone());
        let work = match self.open_attempt(id) {
            Ok(work) => work,
            Err(refusal) => return self.failed(id, refusal),
        };
        let oldest = match task.cache {
            Some(plan::Cache::Seconds(seconds)) => {
                Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            }
            _ => None,
        };
        let short = !component
            .outputs()
            .iter()
            .any(|output| output.ty.is_artifact());
        let errand = Errand {
            id,
            inputs,
            key,
            what: What::Take {
                cache_key: cache_key.clone(),
            },
        };
        let cache = self
            .cache
            .clone()
            .expect("only tasks of a run with a cache are looked up");
        let fetch = move || Found::Taken(cache.take(&cache_key, oldest, &|port| work.join(port)));
        if let Some((errand, found)) = self.errands.run(errand, short, fetch) {
            self.errand_ended(errand, found);
        }
    }

    /// Whether a task is to do nothing more, in which case it has failed.
    fn is_cancelled(&mut self, id: NodeId) -> bool {
        let Some(reason) = self.tree.cancelled(id).map(str::to_owned) else {
            return false;
        };
        self.failed(id, Refusal::for_good(reason));
        true
    }

    /// The content of artifacts whose task's folder is `work`.
    fn remember(&mut self, work: &Path, stored: &IndexMap<String, Stored>) {
        for (port, output) in stored {
            if let (Stored::Artifact(content), Some(path)) = (output, work.join(port).to_str()) {
                self.contents.insert(path.to_owned(), content.clone());
            }
        }
    }

    /// A key is free: whoever waited for it looks again.
    fn release(&mut self, id: NodeId, cache_key: &str) {
        self.task(id).cache_key = None;
        for waiting in self.held_keys.swap_remove(cache_key).unwrap_or_default() {
            self.tree.resume(waiting);
        }
    }

    /// The folder of a new attempt. It is there when the task has outputs.
    fn open_attempt(&mut self, id: NodeId) -> Result<PathBuf, Refusal> {
        let folder = self.folder;
        let outputs = !self.tree.component(id).outputs().is_empty();
        let run = self.task(id);
        loop {
            run.attempt += 1;
            let work = folder.work(&run.name, run.attempt);
            if !outputs {
                return Ok(work);
            }
            crash::point();
            match std::fs::create_dir(&work) {
                Ok(()) => return Ok(work),
                // Of an attempt that a killed runner had no time to record.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let reason = format!(
                        "can't make the folder `{}`: {}",
                        work.display(),
                        reason(&error)
                    );
                    return Err(Refusal::for_good(reason));
                }
            }
        }
    }

    /// Starts an attempt: a new one, or the one of this number, whose folder is there.
    fn attempt(&mut self, id: NodeId, inputs: Vec<Value>, key: String, opened: Option<u32>) {
        self.task(id).tries += 1;
        self.tree.changed(id);
        match self.spawn(id, inputs, key, opened) {
            Ok(job) => self.jobs.push(job),
            Err(refusal) => self.failed(id, refusal),
        }
    }

    fn spawn(
        &mut self,
        id: NodeId,
        inputs: Vec<Value>,
        key: String,
        opened: Option<u32>,
    ) -> Result<Job, Refusal> {
        let (task, component) = (self.tree.task(id), self.tree.component(id));
        let work = match opened {
            Some(attempt) => self.folder.work(&self.tasks[&id].name, attempt),
            None => self.open_attempt(id)?,
        };
        let run = &self.tasks[&id];
        let ports = Ports {
            component,
            inputs: &inputs,
            work: &work,
        };
        let command = self.steps.command(&ports, task, &run.name);
        let mut command = command.map_err(Refusal::for_good)?;
        let before = process::boot_millis();
        let process = Process::start(&mut command, self.pidfd).map_err(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            Refusal {
                reason: cannot_start(&program, &error),
                again: error.kind() == ErrorKind::WouldBlock,
            }
        })?;
        self.journal.add(&Record::Start {
            task: run.name.clone(),
            attempt: run.attempt,
            group: process.group(),
            began: [before, process::boot_millis()],
        });
        self.progress.started(&run.name, run.attempt);
        let now = self.progress.elapsed();
        self.task(id).began.get_or_insert(now);
        let limit = task.timeout.map(Duration::from_secs_f64);
        let mut job = Job::new(id, process, work, inputs, key, limit);
        if let Some(reason) = self.tree.cancelled(id) {
            job.stop(reason.to_owned());
        }
        Ok(job)
    }

    /// The main process of a job has ended.
    pub fn ended(&mut self, mut job: Job) {
        let seconds = job.started.elapsed().as_secs_f64();
        let component = self.tree.component(job.id);
        let outcome = match (job.process.reap(), job.stopped()) {
            (_, Some(reason)) => Err(reason.to_owned()),
            (Err(error), None) => Err(format!("its end is not known: {}", reason(&error))),
            (Ok(status), None) => match process::failure(status) {
                Some(reason) => Err(reason),
                None => Ports {
                    component,
                    inputs: &job.inputs,
                    work: &job.work,
                }
                .outputs(),
            },
        };
        let run = self.task(job.id);
        run.seconds += seconds;
        let cache_key = run.cache_key.clone();
        match (outcome, cache_key, self.cache.clone()) {
            (Ok(outputs), Some(cache_key), Some(cache)) => {
                let ports = Ports {
                    component,
                    inputs: &job.inputs,
                    work: &job.work,
                };
                let keep = ports.to_keep(&outputs);
                let short = !component
                    .outputs()
                    .iter()
                    .any(|output| output.ty.is_artifact());
                let errand = Errand {
                    id: job.id,
                    inputs: job.inputs,
                    key: job.key,
                    what: What::Keep { outputs, seconds },
                };
                let work = move || Found::Kept(cache.keep(&cache_key, &keep));
                if let Some((errand, found)) = self.errands.run(errand, short, work) {
                    self.errand_ended(errand, found);
                }
            }
            (Ok(outputs), ..) => self.succeeded(job.id, &job.inputs, job.key, outputs, seconds),
            (Err(reason), ..) => {
                clear(&job.work);
                let _ = std::fs::remove_dir(&job.work);
                self.failed(
                    job.id,
                    Refusal {
                        reason,
                        again: true,
                    },
                );
            }
        }
    }

    fn succeeded(
        &mut self,
        id: NodeId,
        inputs: &[Value],
        key: String,
        outputs: IndexMap<String, Value>,
        seconds: f64,
    ) {
        let run = self
            .tasks
            .get_mut(&id)
            .expect("a task that ran was started");
        run.state = Some(TaskState::Succeeded);
        let work = self.folder.work(&run.name, run.attempt);
        let ports = Ports {
            component: self.tree.component(id),
            inputs,
            work: &work,
        };
        self.journal.add(&Record::Done {
            task: run.name.clone(),
            attempt: run.attempt,
            key,
            seconds,
            outputs: ports.record(&outputs),
        });
        self.progress
            .ended(&run.name, TaskState::Succeeded, run.seconds);
        if let Some(cache_key) = run.cache_key.clone() {
            self.release(id, &cache_key);
        }
        self.tree.succeed(id, outputs);
    }

    /// An attempt failed: another follows, or the task has failed for good.
    pub fn failed(&mut self, id: NodeId, refusal: Refusal) {
        let task = self.tree.task(id);
        let cancelled = self.tree.cancelled(id).is_some();
        let run = self
            .tasks
            .get_mut(&id)
            .expect("a task that failed was started");
        let delay = (run.tries as usize)
            .checked_sub(1)
            .and_then(|at| task.retry.get(at))
            .copied();
        let delay = delay.filter(|_| refusal.again && !cancelled);
        self.journal.add(&Record::Failed {
            task: run.name.clone(),
            attempt: run.attempt,
            seconds: run.seconds,
            reason: refusal.reason.clone(),
            again: delay.is_some(),
        });
        if let Some(delay) = delay {
            self.progress
                .again(&run.name, &refusal.reason, run.attempt + 1, delay);
            self.delayed
                .push((Instant::now() + Duration::from_secs_f64(delay), id));
            self.tree.pause(id);
            return;
        }
        let message = match run.tries {
            0 | 1 => refusal.reason,
            tries => format!(
                "{}, attempt {tries} of {}",
                refusal.reason,
                task.retry.len() + 1
            ),
        };
        self.failed_for_good(id, message);
        self.tree.fail(id);
    }

    /// Tells that no further attempt follows.
    pub fn failed_for_good(&mut self, id: NodeId, message: String) {
        let run = self
            .tasks
            .get_mut(&id)
            .expect("a task that failed was started");
        run.state = Some(TaskState::Failed);
        self.progress
            .ended(&run.name, TaskState::Failed, run.seconds);
        self.failures.push(Failure {
            name: run.name.clone(),
            message,
            log: run.log.clone(),
        });
        if let Some(cache_key) = run.cache_key.clone() {
            self.release(id, &cache_key);
        }
    }
}

fn cannot_start(program: &str, error: &io::Error) -> String {
    const E2BIG: i32 = 7;
    match error.kind() {
        ErrorKind::NotFound if program.contains('/') => format!("there is no program `{program}`"),
        ErrorKind::NotFound => format!("there is no program `{program}` on the PATH"),
        ErrorKind::PermissionDenied => format!("`{program}` can't be executed: {}", reason(error)),
        _ if error.raw_os_error() == Some(E2BIG) => {
            format!(
                "the arguments of `{program}` and the environment are too long for the system: pass large values as artifacts"
            )
        }
        _ => format!("`{program}` can't be started: {}", reason(error)),
    }
}

/// Empties an attempt's folder: what a failed attempt wrote is dropped.
fn clear(work: &Path) {
    // What can't be removed stays below its own number, where nothing looks for it.
    for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
        let path = entry.path();
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(path),
            _ => std::fs::remove_file(path),
        };
    }
}
