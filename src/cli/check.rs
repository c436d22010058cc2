//! `mlpc check`: what is wrong with files, in a form for people, editors or programs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Exit, Failure, input, output, terminal, walk};
use crate::compile::{Request, Which};
use crate::diagnostics::render::{Format, Group, Look, render, render_all};
use crate::diagnostics::{Diagnostic, Severity};
use crate::lint::across::{self, Checked};
use crate::lint::baseline::Baseline;
use crate::lint::fix;
use crate::project::{STDIN, io_reason};
use crate::target::Target;

/// Look for mistakes and bad habits in .mlp files
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes:
  0  no errors; there may be warnings
  1  errors, or what mlpc.toml or --deny makes one
  2  wrong usage, or a file that cannot be read or written
  3  a fault of mlpc itself

docs/lints.md lists the rules; `# mlpc: allow(CODE) reason` allows one at a line.")]
pub struct Args {
    /// Files, and folders with all below them that .gitignore does not leave out; - is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// How mistakes are shown: short is one line each, json one object a line [default: human, in GitHub Actions github]
    #[arg(long, value_enum)]
    format: Option<Output>,

    /// Check for this target, too; `all` is every one
    #[arg(short, long = "target", value_name = "TARGET")]
    targets: Vec<String>,

    /// Mend what can be mended without changing what a program does
    #[arg(long)]
    fix: bool,

    /// Leave out the warnings that this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Put all warnings of today into the file of --baseline
    #[arg(long, requires = "baseline")]
    write_baseline: bool,

    #[command(flatten)]
    place: input::Place,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Output {
    Human,
    Short,
    Json,
    Sarif,
    Github,
    Junit,
}

/// Mends may make room for others, so they are made until there are no more; at most so often.
const ROUNDS: usize = 10;

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let targets = input::targets(&self.targets)?;
        let files = walk::programs(&self.paths)?;
        if self.fix && files.iter().any(|file| file == Path::new("-")) {
            return Err(Failure::new("standard input can't be mended in its place")
                .help("name files or folders with `--fix`"));
        }
        let mut baseline = self.read_baseline()?;
        let request = Request {
            which: Which::Roots,
            lint: true,
            ..self.place.request()
        };
        let mut mended = 0;
        let mut all = check(&files, &request, &targets)?;
        for _ in 0..if self.fix { ROUNDS } else { 0 } {
            match mend(&all, baseline.as_ref())? {
                0 => break,
                count => mended += count,
            }
            all = check(&files, &request, &targets)?;
        }
        let known = leave_out_known(&mut all, baseline.as_mut());
        if self.write_baseline
            && let Some(path) = &self.baseline
        {
            return write_baseline(path, &all);
        }
        self.show(&all, mended, known)
    }

    fn read_baseline(&self) -> Result<Option<Baseline>, Failure> {
        let Some(path) = self.baseline.as_ref().filter(|_| !self.write_baseline) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let failure = input::unreadable(path, &io_reason(&error));
            match error.kind() {
                std::io::ErrorKind::NotFound => failure.help("`--write-baseline` makes it"),
                _ => failure,
            }
        })?;
        let baseline = Baseline::read(&text).map_err(|why| {
            Failure::new(format!("`{}` is no baseline: {why}", path.display()))
                .help("`--write-baseline` makes it anew")
        })?;
        Ok(Some(baseline))
    }

    fn show(&self, all: &[Checked], mended: usize, known: usize) -> Result<Exit, Failure> {
        let in_actions = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
        let (format, look) = match self.format {
            None if in_actions => (Format::Github, Look::PLAIN),
            None | Some(Output::Human) => (Format::Human, terminal::stdout_look()),
            Some(Output::Short) => (Format::Short, Look::PLAIN),
            Some(Output::Json) => (Format::Json, Look::PLAIN),
            Some(Output::Sarif) => (Format::Sarif, Look::PLAIN),
            Some(Output::Github) => (Format::Github, Look::PLAIN),
            Some(Output::Junit) => (Format::Junit, Look::PLAIN),
        };
        let groups: Vec<Group<'_>> = all
            .iter()
            .map(|one| Group {
                name: &one.compilation.sources.file(one.compilation.entry).shown,
                sources: &one.compilation.sources,
                diagnostics: &one.compilation.diagnostics,
            })
            .collect();
        terminal::print(&render_all(&groups, format, look))?;
        let found: Vec<Diagnostic> = groups
            .iter()
            .flat_map(|group| group.diagnostics.iter().cloned())
            .collect();
        if matches!(format, Format::Human | Format::Github) {
            terminal::eprint(&closing(&found, all.len(), mended, known));
        }
        Ok(if found.iter().any(Diagnostic::is_error) {
            Exit::Errors
        } else {
            Exit::Clean
        })
    }
}

/// Checks all files, on as many threads as there are processors. The results stand in the order of the files, and each report in the
/// first that has it.
fn check(
    files: &[PathBuf],
    request: &Request,
    targets: &[&dyn Target],
) -> Result<Vec<Checked>, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else {
                return done;
            };
            done.push((at, one(file, request, targets)));
        }
    };
    let mut done: Vec<(usize, Result<Checked, Failure>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(files.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    let mut all = done
        .into_iter()
        .map(|(_, result)| result)
        .collect::<Result<Vec<_>, _>>()?;
    across::settle(&mut all);
    // A file that several use is met several times, and what is wrong with it is said once.
    let mut said = HashSet::new();
    for one in &mut all {
        let compilation = &mut one.compilation;
        let sources = &compilation.sources;
        compilation.diagnostics.retain(|diagnostic| {
            let these = std::slice::from_ref(diagnostic);
            said.insert(render(these, sources, Format::Json, Look::PLAIN))
        });
    }
    Ok(all)
}

fn one(file: &Path, request: &Request, targets: &[&dyn Target]) -> Result<Checked, Failure> {
    let (mut compilation, project) = input::compile(file, request)?;
    for target in targets {
        let diagnostics = compilation.check_target(*target);
        compilation.add(diagnostics);
    }
    Ok(Checked {
        root: project.root.unwrap_or_default(),
        compilation,
    })
}

/// Puts the fixes of each file into it; says how many there were.
fn mend(all: &[Checked], baseline: Option<&Baseline>) -> Result<usize, Failure> {
    let mut count = 0;
    let mut known = baseline.cloned();
    for one in all {
        let compilation = &one.compilation;
        let file = compilation.sources.file(compilation.entry);
        if file.path == STDIN {
            continue;
        }
        let mut open = compilation.diagnostics.clone();
        open.retain(|diagnostic| {
            let baseline = known.as_mut();
            !baseline.is_some_and(|known| known.takes(diagnostic, &compilation.sources))
        });
        if let Some((text, fixes)) = fix::apply(compilation.entry, &file.text, &open) {
            output::write_file(&one.root.join(&file.path), &text)?;
            count += fixes;
        }
    }
    Ok(count)
}

/// Takes out what a baseline lists; says how many reports that were.
fn leave_out_known(all: &mut [Checked], baseline: Option<&mut Baseline>) -> usize {
    let Some(baseline) = baseline else { return 0 };
    let mut count = 0;
    for one in all {
        let compilation = &mut one.compilation;
        let sources = &compilation.sources;
        compilation.diagnostics.retain(|diagnostic| {
            let known = baseline.takes(diagnostic, sources);
            count += usize::from(known);
            !known
        });
    }
    count
}

fn write_baseline(path: &Path, all: &[Checked]) -> Result<Exit, Failure> {
    let found = all.iter().flat_map(|one| {
        let compilation = &one.compilation;
        let diagnostics = compilation.diagnostics.iter();
        diagnostics.map(|diagnostic| (diagnostic, &compilation.sources))
    });
    let (errors, warnings): (Vec<_>, Vec<_>) =
        found.partition(|(one, _)| one.code.severity() == Severity::Error);
    let baseline = Baseline::of(warnings);
    output::write_file(path, &baseline.text())?;
    let s = if baseline.len() == 1 { "" } else { "s" };
    let mut said = format!(
        "wrote {} warning{s} to {}\n",
        baseline.len(),
        path.display()
    );
    if !errors.is_empty() {
        said.push_str("errors are not put into a baseline: `mlpc check` shows them\n");
    }
    terminal::eprint(&said);
    Ok(if errors.is_empty() {
        Exit::Clean
    } else {
        Exit::Errors
    })
}

/// What is said at the end, to people.
fn closing(found: &[Diagnostic], files: usize, mended: usize, known: usize) -> String {
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = match input::closing(found) {
        Some(counts) => format!("\n{counts}\n"),
        None => format!(
            "{files} file{} checked, nothing to complain about\n",
            s(files)
        ),
    };
    if mended > 0 {
        text.push_str(&format!("{mended} mended\n"));
    }
    if known > 0 {
        text.push_str(&format!(
            "{known} warning{} of the baseline left out\n",
            s(known)
        ));
    }
    let mendable = found.iter().filter(|one| !one.fix.is_empty()).count();
    if mendable > 0 {
        text.push_str(&format!("`mlpc check --fix` mends {mendable} of them\n"));
    }
    text
}
