//! `mlpc run`: from a file, or a plan, to a run on this machine.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::{Exit, Failure, input, terminal};
use crate::plan::{self, Plan};
use crate::run;
use crate::target::{self, LocalOptions};

/// Run a pipeline on this machine
#[derive(clap::Args)]
pub struct Args {
    /// The .mlp file, or a plan that `mlpc compile -t local` wrote; - is standard input
    file: PathBuf,

    /// The pipeline that is meant, in a file with several
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,

    /// Give a parameter a value: text for str, date and datetime, a location for an artifact, JSON for the rest
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,

    /// How many steps may run at once [default: mlpc.toml's, else as many as there are processors]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// The run's own folder, new or empty [default: one below .mlpc/runs]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,

    /// Take no outputs of earlier runs, and leave none for later ones
    #[arg(long)]
    no_cache: bool,

    /// Go on with an earlier run, by its name or its folder: what is done is not done again
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,

    /// Install no packages: missing ones are an error that says how to install them
    #[arg(long)]
    no_install: bool,

    /// Print one JSON object about the run on standard output
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: input::Place,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let set: Result<Vec<_>, _> = self.set.iter().map(|text| run::assignment(text)).collect();
        let set = set.map_err(Failure::from)?;
        let Some((plan, local, base)) = self.plan()? else {
            return Ok(Exit::Errors);
        };
        let python = local.python.map(|python| {
            // A bare name is looked for on the PATH.
            if python.contains('/') { base.join(python) } else { PathBuf::from(python) }
        });
        let options = run::Options {
            set,
            jobs: self.jobs.or(local.jobs.and_then(|jobs| NonZeroUsize::new(jobs as usize))),
            run_dir: self.run_dir,
            resume: self.resume,
            cache: !self.no_cache,
            python,
            install: !self.no_install,
            base,
            secrets: local.secrets,
            json: self.json,
            ..run::Options::default()
        };
        let report = match run::execute(&plan, &options) {
            Ok(report) => report,
            Err(error) if error.exit_code == 1 => {
                terminal::eprint(&format!("error: {error}\n"));
                return Ok(Exit::Errors);
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(signal) = report.signal {
            run::die_of(signal);
        }
        Ok(match report.exit_code() {
            0 => Exit::Clean,
            _ => Exit::Errors,
        })
    }

    /// The plan, how `mlpc.toml` wants it run, and the folder that default locations are relative to. Nothing when the
    /// file has errors, which were shown.
    fn plan(&self) -> Result<Option<(Plan, LocalOptions, PathBuf)>, Failure> {
        let file = &self.file;
        if file.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(file)
                .map_err(|error| input::unreadable(file, &crate::project::io_reason(&error)))?;
            let plan = plan::read(&text).map_err(|error| input::unreadable(file, &error.to_string()))?;
            let base = file.parent().unwrap_or(Path::new("")).to_owned();
            return Ok(Some((plan, LocalOptions::default(), base)));
        }
        let request = crate::compile::Request {
            pipeline: self.pipeline.clone(),
            ..self.place.request()
        };
        let (mut compilation, project) = input::compile(file, &request)?;
        let local = target::find("local").expect("the runner's own target is registered");
        let refused = compilation.check_target(local);
        compilation.add(refused);
        input::report(&compilation);
        if compilation.has_errors() {
            return Ok(None);
        }
        let [program] = compilation.programs.as_slice() else {
            return Ok(None);
        };
        let base = project.root.clone().unwrap_or_default();
        Ok(Some((target::local::lower(program), compilation.config.options.local.clone(), base)))
    }
}

impl From<run::Error> for Failure {
    fn from(error: run::Error) -> Self {
        Failure::new(error.message).maybe_help(error.help)
    }
}
