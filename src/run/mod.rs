//! The local runner: executes a plan on this machine. It knows the plan and nothing else of the compiler.
//!
//! [`execute`] is the door. Inside, `shape` makes a plan ready, `tree` holds what is done and what may start, `scheduler` is the loop that starts
//! and ends processes, `ports` says how a step gets and gives values, `folder` and `journal` are what stays on disk, and `progress` is
//! all that is printed.

mod attempts;
mod cache;
mod crash;
mod errands;
mod error;
mod folder;
mod journal;
mod keys;
mod page;
mod params;
mod ports;
mod process;
mod progress;
mod python;
mod report;
mod resume;
mod scheduler;
mod seal;
mod shape;
mod signals;
mod steps;
mod tree;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::plan::{self, Plan};
use cache::Cache;
use errands::Errands;
use folder::Folder;
use journal::{Journal, Record};
use keys::Keys;
use page::Page;
use progress::Progress;
use resume::{Before, Given};
use scheduler::Runner;
use shape::Shape;
use signals::Signals;
use steps::{Scripts, Steps};
use tree::{Facts, Tree};

pub use error::Error;
pub use progress::Display;
pub use report::{Failure, Report, Status, TaskReport, TaskState};

/// How to run a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--set NAME=TEXT`, in the order given: see [`assignment`].
    pub set: Vec<(String, String)>,
    /// Steps that may run at once; as many as the machine has processors when unset.
    pub jobs: Option<NonZeroUsize>,
    /// The run's own folder, new or empty; one below `state` when unset.
    pub run_dir: Option<PathBuf>,
    /// An earlier run to go on with, by its name or its folder: what is done is not done again.
    pub resume: Option<String>,
    /// Whether tasks that allow it may take the outputs of earlier runs, and leave theirs.
    pub cache: bool,
    /// The interpreter of `python` steps; `python3`, else `python`, when unset.
    pub python: Option<PathBuf>,
    /// Whether missing packages may be installed, in a virtual environment.
    pub install: bool,
    /// Where runs, the cache and virtual environments are kept: `.mlpc`.
    pub state: PathBuf,
    /// What a relative location that is a parameter's default is relative to.
    pub base: PathBuf,
    /// The environment variable that holds a secret, by the secret's `name/key`; else the one that the step calls it by.
    pub secrets: IndexMap<String, String>,
    /// Print the report as JSON on stdout, in place of the outputs.
    pub json: bool,
    pub display: Display,
    /// Learn of the end of steps by SIGCHLD, as on systems without pidfds.
    #[doc(hidden)]
    pub without_pidfd: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            set: Vec::new(),
            jobs: None,
            run_dir: None,
            resume: None,
            cache: true,
            python: None,
            install: true,
            state: PathBuf::from(".mlpc"),
            base: PathBuf::from("."),
            secrets: IndexMap::new(),
            json: false,
            display: Display::Auto,
            without_pidfd: false,
        }
    }
}

/// The name and the text of `NAME=TEXT`.
pub fn assignment(text: &str) -> Result<(String, String), Error> {
    match text.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        _ => Err(Error::usage(format!(
            "`--set {text}` is not of the form `--set NAME=VALUE`"
        ))),
    }
}

/// Runs a plan to its end, telling of it as `options` say. A run whose steps fail is a report, not an error. Must not be called on a thread while
/// another one runs on the same folder.
pub fn execute(plan: &Plan, options: &Options) -> Result<Report, Error> {
    let shape = Shape::new(plan)
        .map_err(|why| Error::plan(format!("the plan does not hold together: {why}")))?;
    let signals = Signals::catch(options.without_pidfd || !cfg!(target_os = "linux"));
    let mut signals =
        signals.map_err(|error| Error::usage(format!("can't catch signals: {error}")))?;
    let mut progress = Progress::new(options.display);
    let ran = begin(plan, &shape, options, &mut signals, &mut progress);
    if ran.is_err() {
        progress.close();
    }
    ran
}

fn begin(
    plan: &Plan,
    shape: &Shape<'_>,
    options: &Options,
    signals: &mut Signals,
    progress: &mut Progress,
) -> Result<Report, Error> {
    let secrets = secrets(shape, options)?;
    let resumed = options
        .resume
        .as_deref()
        .map(|run| Folder::open(run, &options.state))
        .transpose()?;
    let (facts, old_params, before) = match &resumed {
        Some(folder) => {
            let given = Given::read(folder)?;
            (given.run, given.params, Before::read(folder)?)
        }
        None => (facts(plan), IndexMap::new(), Before::default()),
    };
    let here = std::env::current_dir()
        .map_err(|error| Error::usage(format!("there is no current folder: {error}")))?;
    let places = params::Places {
        here: &here,
        defaults: &here.join(&options.base),
    };
    let params = params::bind(&plan.params, &options.set, &old_params, &facts, &places)?;
    let setup = python::Setup {
        python: options.python.as_deref(),
        envs: options.state.join("envs"),
        install: options.install,
    };
    let pythons = setup.prepare(shape, progress, signals)?;
    let folder = match resumed {
        Some(folder) => folder,
        None => Folder::create(&facts.id, options.run_dir.as_deref(), &options.state)?,
    };
    let scripts = Scripts::write(plan, shape, &folder, &options.state)?;
    let began = jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string();
    let given = Given { run: facts, params };
    let plan_text = plan::write(plan);
    folder.write(folder::PLAN, &plan_text)?;
    folder.write(folder::PARAMS, &given.text())?;
    let journal_path = folder.shown.join(folder::JOURNAL);
    let mut journal =
        Journal::open(&journal_path).map_err(|error| Error::io("write", &journal_path, &error))?;
    journal.add(&Record::Run {
        run: folder.id.clone(),
        plan: blake3::hash(plan_text.as_bytes()).to_hex().to_string(),
        boot: process::boot_id(),
        time: jiff::Timestamp::now().to_string(),
    });
    progress.note(&format!("run {}: {}", folder.id, folder.shown.display()));
    let errands =
        Errands::new().map_err(|error| Error::usage(format!("can't make a pipe: {error}")))?;
    let mut runner = Runner {
        tree: Tree::new(shape, given.params.clone(), given.run),
        keys: &Keys::new(plan, shape),
        steps: &Steps {
            secrets,
            pythons,
            scripts,
        },
        before: &before,
        cache: options.cache.then(|| Arc::new(Cache::new(&options.state))),
        errands,
        held_keys: IndexMap::new(),
        contents: HashMap::new(),
        folder: &folder,
        journal,
        progress,
        signals,
        slots: options
            .jobs
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get),
        pidfd: !options.without_pidfd,
        jobs: Vec::new(),
        tasks: HashMap::new(),
        delayed: Vec::new(),
        limits: Vec::new(),
        failures: Vec::new(),
        signal: None,
        leave: false,
    };
    runner.run()?;
    let tasks = runner.tree.tasks();
    let report = Report {
        run: folder.id.clone(),
        status: runner.status(),
        outputs: runner.tree.outputs(),
        tasks: runner.tasks(&tasks),
        failures: std::mem::take(&mut runner.failures),
        signal: runner.signal,
        folder: folder.shown.clone(),
    };
    runner.end(&report)?;
    let page = Page {
        plan,
        report: &report,
        params: &given.params,
        began: &began,
        elapsed: runner.progress.elapsed(),
        times: runner.times(&tasks),
        edges: runner.tree.edges(&tasks, page::MOST_EDGES),
    };
    folder.write(folder::PAGE, &page.html(&folder)?)?;
    runner
        .progress
        .report(&report, plan.notify.as_ref(), options.json);
    Ok(report)
}

/// Dies of a signal that ended a run, as the shell that waits for us expects it. Comes back only if the signal does not kill.
pub fn die_of(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// The facts of a run that begins now.
fn facts(plan: &Plan) -> Facts {
    let now = jiff::Timestamp::now();
    let id = folder::new_id(now);
    let moment = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Facts {
        name: format!("{}-{id}", plan.pipeline),
        id,
        date: moment[..10].to_owned(),
        interval_start: moment.clone(),
        interval_end: moment,
    }
}

/// The value of every secret that a task may ask for.
fn secrets(
    shape: &Shape<'_>,
    options: &Options,
) -> Result<HashMap<(String, String), String>, Error> {
    let mut secrets = HashMap::new();
    let mut missing: Vec<String> = Vec::new();
    shape.tasks(&mut |task, _| {
        for (variable, reference) in &task.secrets {
            let source = options.secrets.get(reference).unwrap_or(variable);
            match std::env::var(source) {
                Ok(value) => {
                    secrets.insert((reference.clone(), variable.clone()), value);
                }
                Err(_) => {
                    let what = format!("`{source}` (secret `{reference}` of `{}`)", task.task);
                    if !missing.contains(&what) {
                        missing.push(what);
                    }
                }
            }
        }
    });
    if missing.is_empty() {
        return Ok(secrets);
    }
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let message = format!(
        "the environment does not hold {}, which {verb} needed as a secret",
        missing.join(", ")
    );
    Err(Error::usage(message)
        .help("set it before the run, or say in mlpc.toml which variable holds it"))
}
