//! The command line: one file a command. Only here are files written and terminals written to.

mod check;
mod compile;
mod explain;
mod fmt;
mod input;
mod markdown;
mod new;
mod output;
mod run;
mod targets;
mod terminal;
mod walk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Write an ML pipeline once in a small typed language; run it on Kubeflow, Argo or this machine
#[derive(Parser)]
#[command(
    name = "mlpc",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = "\
Examples:
  mlpc new churn                              make a starter project in the folder `churn`
  mlpc run churn/pipeline.mlp                 run it on this machine
  mlpc compile pipeline.mlp -o pipeline.yaml  compile it for Kubeflow
  mlpc compile pipeline.mlp -t argo           compile it for Argo, to standard output
  mlpc explain E0701                          what a code means, with an example

Exit codes:
  0  all is well
  1  the input has errors, or the run failed
  2  wrong usage, or a file that cannot be read or written
  3  a fault of mlpc itself")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(compile::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Run(run::Args),
    Explain(explain::Args),
    Targets(targets::Args),
    New(new::Args),
}

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Clean,
    /// The input has errors, or the run failed.
    Errors,
    /// This signal ended the run.
    Signal(i32),
}

/// Why a command could not do its work: wrong usage, or the system said no. Exit code 2.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub help: Option<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }
}

impl Failure {
    fn print(&self) {
        let help = self
            .help
            .as_ref()
            .map_or(String::new(), |help| format!("  help: {help}\n"));
        terminal::eprint(&format!("error: {}\n{help}", self.message));
    }
}

/// Standard output could not be written to.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::new(format!(
            "cannot write to standard output: {}",
            crate::project::io_reason(&error)
        ))
    }
}

/// Exit code of a fault of mlpc itself.
const FAULT: u8 = 3;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        terminal::eprint(&format!(
            "\nmlpc: this is a fault of mlpc, not of your pipeline; please report it with the file that shows it\n  {panic}\n  mlpc {}\n",
            env!("CARGO_PKG_VERSION"),
        ));
    }));
    std::panic::catch_unwind(|| {
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version are asked for and go to standard output; all else is wrong usage.
                let _ = error.print();
                return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            }
        };
        match cli.command.run() {
            Ok(Exit::Clean) => ExitCode::SUCCESS,
            Ok(Exit::Errors) => ExitCode::from(1),
            Ok(Exit::Signal(signal)) => {
                crate::run::die_of(signal);
                ExitCode::from(128 + signal as u8)
            }
            Err(failure) => {
                failure.print();
                ExitCode::from(2)
            }
        }
    })
    .unwrap_or(ExitCode::from(FAULT))
}

impl Command {
    fn run(self) -> Result<Exit, Failure> {
        match self {
            Command::Compile(args) => args.run(),
            Command::Check(args) => args.run(),
            Command::Fmt(args) => args.run(),
            Command::Run(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Targets(args) => args.run(),
            Command::New(args) => args.run(),
        }
    }
}
