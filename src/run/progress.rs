//! What a run tells while it runs and at its end: everything that is printed is printed here.
//!
//! On a terminal the running tasks and their times stand at the bottom, drawn at most ten times a second, and what ended scrolls above. Elsewhere
//! every start and end is a line. All of it goes to stderr; stdout gets the outputs, or with `--json` the report.

use std::collections::HashMap;
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::folder::PAGE;
use super::report::{Failure, Report, Status, TaskState};
use crate::plan::{Notify, NotifyOn};
use crate::value::Value;

/// Where the words go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Display {
    /// Live on a terminal, else plain lines.
    #[default]
    Auto,
    /// Plain lines.
    Plain,
    /// Nothing is printed, on neither stream.
    Silent,
}

/// How often a terminal is drawn at most.
const REDRAW: Duration = Duration::from_millis(100);
/// How many running tasks are shown at once.
const SHOWN: usize = 12;
/// How many lines of a failed task's log the report shows.
const LOG_LINES: usize = 20;

pub(super) struct Progress {
    mode: Mode,
    colour: bool,
    done: usize,
    began: Instant,
}

enum Mode {
    Silent,
    Plain,
    Live(Box<Live>),
}

struct Live {
    screen: MultiProgress,
    /// The count, below the running tasks.
    total: ProgressBar,
    bars: HashMap<String, ProgressBar>,
    /// What to print above at the next redraw.
    lines: Vec<String>,
    drawn: Instant,
}

impl Progress {
    pub fn new(display: Display) -> Progress {
        let terminal = std::io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let mode = match display {
            Display::Silent => Mode::Silent,
            Display::Auto if terminal => {
                let screen =
                    MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20));
                let total = screen.add(ProgressBar::new_spinner().with_style(style("{msg}")));
                Mode::Live(Box::new(Live {
                    screen,
                    total,
                    bars: HashMap::new(),
                    lines: Vec::new(),
                    drawn: Instant::now(),
                }))
            }
            Display::Auto | Display::Plain => Mode::Plain,
        };
        Progress {
            mode,
            colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            done: 0,
            began: Instant::now(),
        }
    }

    /// Seconds since the beginning.
    pub fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// When the screen wants to be drawn again, however little happens.
    pub fn next_redraw(&self) -> Option<Instant> {
        match &self.mode {
            Mode::Live(live) => Some(live.drawn + REDRAW),
            _ => None,
        }
    }

    /// A line of its own.
    pub fn note(&mut self, text: &str) {
        match &mut self.mode {
            Mode::Silent => {}
            Mode::Plain => print(text),
            Mode::Live(live) => live.lines.push(text.to_owned()),
        }
    }

    pub fn started(&mut self, task: &str, attempt: u32) {
        // On a terminal the running tasks are seen anyway.
        if matches!(self.mode, Mode::Plain) {
            match attempt {
                1 => print(&format!("{task}: started")),
                attempt => print(&format!("{task}: started, attempt {attempt}")),
            }
        }
    }

    /// A task's outputs are those of an earlier runner of the run.
    pub fn kept(&mut self, task: &str) {
        self.done += 1;
        let kept = self.paint("36", "done before");
        self.note(&format!("{task}: {kept}"));
    }

    pub fn ended(&mut self, task: &str, state: TaskState, seconds: f64) {
        self.done += 1;
        let line = match state {
            TaskState::Succeeded => format!(
                "{task}: {} in {}",
                self.paint("32", "succeeded"),
                duration(seconds)
            ),
            TaskState::Cached => format!("{task}: {}", self.paint("36", "cached")),
            TaskState::Failed => format!(
                "{task}: {} after {}",
                self.paint("31", "failed"),
                duration(seconds)
            ),
            TaskState::Skipped => format!("{task}: skipped"),
            TaskState::NotRun => format!("{task}: {}", self.paint("33", "not run")),
        };
        self.note(&line);
    }

    /// An attempt failed; another follows.
    pub fn again(&mut self, task: &str, reason: &str, next: u32, delay: f64) {
        let failed = self.paint("33", "failed");
        self.note(&format!(
            "{task}: {failed} ({reason}); attempt {next} in {}",
            duration(delay)
        ));
    }

    /// Another thing than a task failed.
    pub fn broken(&mut self, name: &str, message: &str) {
        let name = self.paint("31", name);
        self.note(&format!("{name}: {message}"));
    }

    /// Draws what runs, when it is time to.
    pub fn draw<'a>(&mut self, running: impl Iterator<Item = (&'a str, Instant)>) {
        let Mode::Live(live) = &mut self.mode else {
            return;
        };
        let now = Instant::now();
        if now < live.drawn + REDRAW {
            return;
        }
        live.drawn = now;
        if !live.lines.is_empty() {
            let _ = live.screen.println(live.lines.join("\n"));
            live.lines.clear();
        }
        let mut running: Vec<(&str, Instant)> = running.collect();
        running.sort_by_key(|(_, since)| *since);
        let count = running.len();
        running.truncate(SHOWN);
        let screen = &live.screen;
        live.bars.retain(|name, bar| {
            let runs = running.iter().any(|(running, _)| running == name);
            if !runs {
                bar.finish_and_clear();
                screen.remove(bar);
            }
            runs
        });
        for (name, since) in running {
            let bar = live.bars.entry(name.to_owned()).or_insert_with(|| {
                let bar = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
                screen.insert_before(&live.total, bar)
            });
            bar.set_message(format!("{name}  {}", duration((now - since).as_secs_f64())));
            bar.tick();
        }
        let elapsed = duration((now - self.began).as_secs_f64());
        live.total
            .set_message(format!("{} done, {count} running, {elapsed}", self.done));
        live.total.tick();
    }

    /// Takes the live part off the screen and prints what waits to be printed.
    pub fn close(&mut self) {
        if let Mode::Live(live) = &mut self.mode {
            let _ = live.screen.clear();
            live.lines.drain(..).for_each(|line| print(&line));
            self.mode = Mode::Plain;
        }
    }

    /// The end of it all.
    pub fn report(&mut self, report: &Report, notify: Option<&Notify>, json: bool) {
        self.close();
        if matches!(self.mode, Mode::Silent) {
            return;
        }
        for failure in &report.failures {
            self.failure(failure);
        }
        let states = [
            TaskState::Succeeded,
            TaskState::Cached,
            TaskState::Failed,
            TaskState::Skipped,
            TaskState::NotRun,
        ];
        let counts: Vec<String> = states
            .into_iter()
            .filter_map(|state| match report.count(state) {
                0 => None,
                count => Some(format!("{count} {}", state.word())),
            })
            .collect();
        let status = match report.status {
            Status::Succeeded => self.paint("1;32", "succeeded"),
            Status::Failed => self.paint("1;31", "failed"),
        };
        let elapsed = duration(self.began.elapsed().as_secs_f64());
        let counts = if counts.is_empty() {
            "no tasks".to_owned()
        } else {
            counts.join(", ")
        };
        print(&format!(
            "run {} {status} in {elapsed}: {counts}",
            report.run
        ));
        print(&format!("report: {}", report.folder.join(PAGE).display()));
        if let Some(signal) = report.signal {
            let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
            print(&format!(
                "ended by {name}; go on with `--resume {}`",
                report.run
            ));
        }
        if let Some(notify) = notify {
            let on = match report.status {
                Status::Succeeded => NotifyOn::Success,
                Status::Failed => NotifyOn::Failure,
            };
            if notify.on.contains(&on) {
                let whom = notify.email.join(", ");
                print(&format!(
                    "notify: {whom} would be told that the run {}; a local run sends nothing",
                    report.status.text()
                ));
            }
        }
        let text = match json {
            true => report.json(),
            false => report.outputs.iter().map(output_line).collect(),
        };
        // A reader that went away is no fault of the run.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    fn failure(&self, failure: &Failure) {
        print(&format!(
            "\n{}: {}",
            self.paint("1;31", &failure.name),
            failure.message
        ));
        let Some(log) = &failure.log else {
            return;
        };
        let (lines, all) = last_lines(log);
        if !all {
            print(&format!("  the last {LOG_LINES} lines of its log:"));
        }
        lines.iter().for_each(|line| print(&format!("  | {line}")));
        print(&format!("  log: {}", log.display()));
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template of our own")
}

fn print(line: &str) {
    // A closed stderr must not end a run.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn output_line((name, value): (&String, &Value)) -> String {
    format!("{name} = {}\n", value.text())
}

/// `0.25 s`, `12 s`, `3 min 20 s`, `2 h 5 min`
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..10 => format!("{seconds:.2} s"),
        10..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The last lines of a log that may be as large as a disk, as text, and whether these are all.
pub(super) fn last_lines(path: &Path) -> (Vec<String>, bool) {
    /// More than this is not looked at, however long the lines are.
    const WINDOW: u64 = 64 * 1024;
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let start = length.saturating_sub(WINDOW);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(WINDOW).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>((bytes, start > 0))
    };
    let Ok((bytes, cut)) = read() else {
        return (Vec::new(), true);
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    let shown = lines[from..].iter().map(|line| visible(line)).collect();
    (shown, from == 0 && !cut)
}

/// A line without what would move a terminal's cursor, and not endless.
fn visible(line: &str) -> String {
    // What a progress bar of the step overwrote is not what it left on the screen.
    let line = line
        .rsplit('\r')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    line.chars()
        .filter(|c| !c.is_control() || *c == '\t')
        .take(500)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_shown_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, b"0%\r50%\r100%\r\nred \x1b[31mtext\xff\n").unwrap();
        assert_eq!(
            last_lines(&path),
            (
                vec!["100%".to_owned(), "red [31mtext\u{fffd}".to_owned()],
                true
            )
        );
        let many: String = (0..100).map(|n| format!("{n}\n")).collect();
        std::fs::write(&path, many).unwrap();
        let (lines, all) = last_lines(&path);
        assert_eq!(
            (lines.len(), lines[0].as_str(), all),
            (LOG_LINES, "80", false)
        );
        std::fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
        let (lines, all) = last_lines(&path);
        assert_eq!((lines.len(), lines[0].len(), all), (1, 500, false));
    }

    #[test]
    fn durations_are_read_at_a_glance() {
        assert_eq!(duration(0.254), "0.25 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 5 min");
    }
}
