//! `mlpc run`: a pipeline on this machine.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::{Exit, Failure, input};
use crate::plan::{self, Plan};
use crate::run;
use crate::target::local::{self, Local};

/// Run a pipeline on this machine
#[derive(clap::Args)]
pub struct Args {
    /// The .mlp file, or a plan that `mlpc compile -t local` wrote; - is an .mlp file on standard input
    file: PathBuf,

    /// How many steps may run at once [default: the number of processors, or as mlpc.toml says]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// The folder of this run, new or empty [default: one below .mlpc/runs]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,

    /// Neither take outputs of earlier runs nor keep this one's for later ones
    #[arg(long)]
    no_cache: bool,

    /// Go on with an earlier run, by its name or folder: what is done is not done again
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,

    /// Do not install packages that a step asks for; say which are missing
    #[arg(long)]
    no_install: bool,

    /// Print one JSON object with states, times and outputs
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    options: input::Options,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let mut options = run::Options {
            jobs: self.jobs,
            run_dir: self.run_dir.clone(),
            resume: self.resume.clone(),
            cache: !self.no_cache,
            install: !self.no_install,
            json: self.json,
            ..run::Options::default()
        };
        let plan = match read_plan(&self.file)? {
            Some(plan) => {
                for setting in &self.options.set {
                    options.set.push(run::assignment(setting).map_err(failure)?);
                }
                plan
            }
            None => match self.compile(&mut options)? {
                Some(plan) => plan,
                None => return Ok(Exit::Errors),
            },
        };
        match run::execute(&plan, &options) {
            Ok(report) => Ok(match (report.signal, report.exit_code()) {
                (Some(signal), _) => Exit::Signal(signal),
                (None, 0) => Exit::Clean,
                (None, _) => Exit::Errors,
            }),
            Err(error) if error.exit_code == 1 => {
                failure(error).print();
                Ok(Exit::Errors)
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// The plan of an `.mlp` file; nothing when it has errors, which are said. Fills in what the file's place decides.
    fn compile(&self, options: &mut run::Options) -> Result<Option<Plan>, Failure> {
        let (mut compilation, project) = input::compile(&self.file, &self.options.request())?;
        if !compilation.has_errors() {
            let found = compilation.check_target(&Local);
            compilation.add(found);
        }
        input::report(&compilation);
        let [program] = compilation.programs.as_slice() else {
            return Ok(None);
        };
        if compilation.has_errors() {
            return Ok(None);
        }
        let place = &compilation.config.options.local;
        options.jobs = options
            .jobs
            .or(place.jobs.and_then(|jobs| NonZeroUsize::new(jobs as usize)));
        options.secrets = place.secrets.clone();
        options.python = place.python.as_ref().map(|python| match &project.root {
            Some(root) if python.contains('/') => root.join(python),
            _ => PathBuf::from(python),
        });
        if let Some(root) = &project.root {
            options.base.clone_from(root);
        }
        options.state = PathBuf::from(project.shown(".mlpc"));
        Ok(Some(local::lower(program)))
    }
}

/// The plan in a file, if it is one: the text is a JSON object.
fn read_plan(file: &Path) -> Result<Option<Plan>, Failure> {
    if file.extension().is_some_and(|extension| extension == "mlp") {
        return Ok(None);
    }
    // What cannot be read is said where `.mlp` files are read.
    let Ok(text) = std::fs::read_to_string(file) else {
        return Ok(None);
    };
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let shown = file.display();
    plan::read(&text)
        .map(Some)
        .map_err(|error| Failure::new(format!("cannot run `{shown}`: {error}")))
}

fn failure(error: run::Error) -> Failure {
    Failure::new(error.message).maybe_help(error.help)
}
