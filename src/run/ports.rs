//! How a step gets its inputs and gives its outputs.

use std::path::{Path, PathBuf};
use std::process::Command;

use indexmap::IndexMap;

use super::cache::{self, Stored};
use super::error::reason;
use super::journal::Recorded;
use crate::plan::{self, Component, Part, Word};
use crate::value::Value;

/// The longest text that goes by the command line. The system takes 131,071 bytes a word.
pub(super) const LONGEST_WORD: usize = 100 * 1024;
/// The most that goes by the command line in all. The system takes 2 MiB, with the environment.
pub(super) const LONGEST_LINE: usize = 1024 * 1024;

/// The longest value that stands in the journal itself.
const INLINE: usize = 4096;

/// One attempt's ports.
pub(super) struct Ports<'a> {
    pub component: &'a Component,
    /// In port order, each of its port's type.
    pub inputs: &'a [Value],
    /// Where the attempt has its outputs, absolute. It is made when something goes there.
    pub work: &'a Path,
}

/// A word of the command line, or a value that travels by file because it is too long for one.
enum Travel {
    Word(String),
    File(PathBuf),
}

impl Ports<'_> {
    /// The path of a port below the attempt's folder.
    pub fn path(&self, port: &str) -> PathBuf {
        self.work.join(port)
    }

    pub fn path_text(&self, port: &str) -> String {
        // The run folder's path is UTF-8, see `Folder::hold`.
        self.path(port).to_str().expect("a UTF-8 path").to_owned()
    }

    fn input(&self, port: &str) -> Option<&Value> {
        let at = self
            .component
            .inputs()
            .iter()
            .position(|input| input.name == port)?;
        Some(&self.inputs[at])
    }

    /// The command of a `run` step.
    pub fn run(&self, argv: &[Word]) -> Result<Command, String> {
        let mut words = Vec::new();
        for word in argv {
            self.word(word, &mut words)?;
        }
        for word in &words {
            if word.len() > LONGEST_WORD {
                let start: String = word.chars().take(40).collect();
                return Err(format!(
                    "the argument `{start}..` has {} bytes, and more than {LONGEST_WORD} can't be passed to a program: pass it as an artifact",
                    word.len()
                ));
            }
        }
        let mut words = words.into_iter();
        let Some(program) = words.next() else {
            return Err("its command has no words".into());
        };
        let mut command = Command::new(program);
        command.args(words);
        Ok(command)
    }

    fn word(&self, word: &Word, words: &mut Vec<String>) -> Result<(), String> {
        match word {
            Word::Text(text) => words.push(plain(text, "an argument")?),
            Word::Port { port } => match self.input(port) {
                Some(Value::Absent) => {
                    return Err(format!(
                        "input `{port}` is absent, and only a group `[..]` of `run` can fall away"
                    ));
                }
                Some(Value::List(paths)) if self.is_artifact_list(port) => {
                    for path in paths {
                        words.push(plain(&path.text(), port)?);
                    }
                }
                _ => words.push(self.text(port)?),
            },
            Word::Join { join } => {
                let mut whole = String::new();
                for part in join {
                    match part {
                        Part::Text(text) => whole.push_str(&plain(text, "an argument")?),
                        Part::Port { port } => whole.push_str(&self.text(port)?),
                    }
                }
                words.push(whole);
            }
            Word::Group { group } => {
                if !group.iter().any(|word| self.reads_absent(word)) {
                    for word in group {
                        self.word(word, words)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn reads_absent(&self, word: &Word) -> bool {
        let absent = |port: &str| self.input(port).is_some_and(Value::is_absent);
        match word {
            Word::Text(_) => false,
            Word::Port { port } => absent(port),
            Word::Join { join } => join
                .iter()
                .any(|part| matches!(part, Part::Port { port } if absent(port))),
            Word::Group { group } => group.iter().any(|word| self.reads_absent(word)),
        }
    }

    fn is_artifact_list(&self, port: &str) -> bool {
        self.component
            .inputs()
            .iter()
            .any(|input| input.name == port && input.ty.is_artifact_list())
    }

    /// What a port stands for in a `run` word: a value's text, an artifact's path, the path to write to.
    fn text(&self, port: &str) -> Result<String, String> {
        match self.input(port) {
            Some(Value::Absent) => Err(format!("input `{port}` is absent and has no text")),
            Some(Value::List(paths)) if self.is_artifact_list(port) => plain(&lines(paths), port),
            Some(value) => plain(&value.text(), port),
            None if self
                .component
                .outputs()
                .iter()
                .any(|output| output.name == port) =>
            {
                Ok(self.path_text(port))
            }
            None => Err(format!("there is no port `{port}`")),
        }
    }

    /// The command of a `shell` step. Values are positional, and a first line made of port names only gives them their names.
    pub fn shell(&self, script: &str, name: &str) -> Result<Command, String> {
        let mut prelude = String::new();
        let mut arguments = Vec::new();
        // A variable that came from outside would be exported, and an absent one not unset.
        let ports = self.component.inputs().iter().map(|input| &input.name);
        for port in ports.chain(self.component.outputs().iter().map(|output| &output.name)) {
            prelude.push_str("unset ");
            prelude.push_str(port);
            prelude.push(';');
        }
        let mut room = LONGEST_LINE;
        for (input, value) in self.component.inputs().iter().zip(self.inputs) {
            let text = match value {
                Value::Absent => continue,
                Value::List(paths) if input.ty.is_artifact_list() => lines(paths),
                value => value.text(),
            };
            let number = arguments.len() + 1;
            match self.travel(&input.name, plain(&text, &input.name)?, &mut room)? {
                Travel::Word(word) => {
                    prelude.push_str(&format!("{}=${{{number}}};", input.name));
                    arguments.push(word);
                }
                Travel::File(path) => {
                    // `$(..)` drops final line ends: the guard keeps them.
                    let port = &input.name;
                    prelude.push_str(&format!(
                        "{port}=$(cat \"${{{number}}}\";printf x);{port}=${{{port}%x}};"
                    ));
                    arguments.push(path.to_str().expect("a UTF-8 path").to_owned());
                }
            }
        }
        for output in self.component.outputs() {
            arguments.push(self.path_text(&output.name));
            prelude.push_str(&format!("{}=${{{}}};", output.name, arguments.len()));
        }
        if !arguments.is_empty() {
            prelude.push_str(&format!("shift {};", arguments.len()));
        }
        // On the script's own first line, so that the shell counts lines as the user does.
        let whole = plain(&(prelude + script), "the script")?;
        let mut command = Command::new("sh");
        command.arg("-eu");
        if whole.len() > LONGEST_WORD {
            let path = self.file("script.sh", &whole)?;
            command.arg(path);
        } else {
            command.arg("-c").arg(whole).arg(name);
        }
        command.args(arguments);
        Ok(command)
    }

    /// How a text goes to the step, within what is left of the command line.
    fn travel(&self, port: &str, text: String, room: &mut usize) -> Result<Travel, String> {
        if text.len() <= LONGEST_WORD && text.len() <= *room {
            *room -= text.len();
            return Ok(Travel::Word(text));
        }
        self.file(port, &text).map(Travel::File)
    }

    /// A file for the step to read. Ports can't be called `in`, so it is in no output's way.
    pub fn file(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let folder = self.work.join("in");
        let path = folder.join(name);
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("can't write `{}`: {}", path.display(), reason(&error)))?;
        Ok(path)
    }

    /// What the step has left at its ports, each output of its type. The error says what is missing or wrong.
    pub fn outputs(&self) -> Result<IndexMap<String, Value>, String> {
        let read = |output: &plan::Output| {
            let value = self
                .output(output)
                .map_err(|why| format!("output `{}` {why}", output.name))?;
            Ok((output.name.clone(), value))
        };
        self.component.outputs().iter().map(read).collect()
    }

    fn output(&self, output: &plan::Output) -> Result<Value, String> {
        let path = self.path(&output.name);
        if output.ty.is_artifact() {
            return match path.try_exists() {
                Ok(true) => Ok(Value::Str(self.path_text(&output.name))),
                Ok(false) if output.ty.is_optional() => Ok(Value::Absent),
                Ok(false) => Err(format!(
                    "is missing: nothing was written to `{}`",
                    path.display()
                )),
                Err(error) => Err(format!("can't be read: {}", reason(&error))),
            };
        }
        match std::fs::read(&path) {
            Ok(bytes) => parse(&output.ty, bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                match output.ty.is_optional() {
                    true => Ok(Value::Absent),
                    false => Err("is missing: nothing was written".into()),
                }
            }
            Err(error) => Err(format!("can't be read: {}", reason(&error))),
        }
    }

    /// The outputs that the journal holds, when all of them are still there.
    pub fn recall(&self, recorded: &IndexMap<String, Recorded>) -> Option<IndexMap<String, Value>> {
        let recall = |output: &plan::Output| {
            let path = self.path(&output.name);
            let value = match recorded.get(&output.name)? {
                Recorded::Value(value) => output.ty.conform(value.clone()).ok()?,
                Recorded::Text { size } => {
                    let bytes = std::fs::read(&path).ok()?;
                    if bytes.len() as u64 != *size {
                        return None;
                    }
                    parse(&output.ty, bytes).ok()?
                }
                Recorded::Path { size: recorded } if path.exists() && size(&path) == *recorded => {
                    Value::Str(self.path_text(&output.name))
                }
                Recorded::Path { .. } => return None,
                Recorded::Nothing => Value::Absent,
            };
            Some((output.name.clone(), value))
        };
        self.component.outputs().iter().map(recall).collect()
    }

    /// The outputs as the cache keeps them.
    pub fn to_keep(&self, outputs: &IndexMap<String, Value>) -> IndexMap<String, cache::Output> {
        let keep = |output: &plan::Output| {
            let value = outputs.get(&output.name).cloned().unwrap_or(Value::Absent);
            let kept = match (output.ty.is_artifact(), value) {
                (true, Value::Absent) => cache::Output::Nothing,
                (true, _) => cache::Output::Artifact(self.path(&output.name)),
                (false, value) => cache::Output::Value(value),
            };
            (output.name.clone(), kept)
        };
        self.component.outputs().iter().map(keep).collect()
    }

    /// The outputs that the cache gave, whose artifacts are at their places. Nothing when they are not those of the component.
    pub fn taken(&self, stored: &IndexMap<String, Stored>) -> Option<IndexMap<String, Value>> {
        let taken = |output: &plan::Output| {
            let value = match (stored.get(&output.name)?, output.ty.is_artifact()) {
                (Stored::Value(value), false) => {
                    let value = output.ty.conform(value.clone()).ok()?;
                    if value.text().len() > INLINE {
                        // The journal says no more than its size: it is read from its file.
                        std::fs::write(self.path(&output.name), text(&output.ty, &value)).ok()?;
                    }
                    value
                }
                (Stored::Artifact(_), true) => Value::Str(self.path_text(&output.name)),
                (Stored::Nothing, true) => Value::Absent,
                _ => return None,
            };
            Some((output.name.clone(), value))
        };
        self.component.outputs().iter().map(taken).collect()
    }

    /// The outputs as the journal holds them.
    pub fn record(&self, outputs: &IndexMap<String, Value>) -> IndexMap<String, Recorded> {
        let record = |output: &plan::Output| {
            let value = outputs.get(&output.name).unwrap_or(&Value::Absent);
            let path = self.path(&output.name);
            let recorded = match value {
                Value::Absent if output.ty.is_artifact() => Recorded::Nothing,
                _ if output.ty.is_artifact() => Recorded::Path { size: size(&path) },
                value if value.text().len() <= INLINE => Recorded::Value(value.clone()),
                _ => Recorded::Text { size: size(&path) },
            };
            (output.name.clone(), recorded)
        };
        self.component.outputs().iter().map(record).collect()
    }
}

/// A value travels as its own text through an output's file. What may be absent is JSON there, so that no text means absence.
fn is_plain(ty: &plan::Type) -> bool {
    ty.is_text() && !ty.is_optional()
}

/// The text of an output's file, as [`parse`] reads it.
fn text(ty: &plan::Type, value: &Value) -> String {
    match value {
        // One final newline is the file's.
        Value::Str(text) if is_plain(ty) && text.ends_with('\n') => format!("{text}\n"),
        Value::Str(text) if is_plain(ty) => text.clone(),
        value => value.json(),
    }
}

/// The value of the text that a step wrote.
fn parse(ty: &plan::Type, bytes: Vec<u8>) -> Result<Value, String> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
            .into_owned();
        format!("is not UTF-8 after `{}`", shortened(&good))
    })?;
    let value = if is_plain(ty) {
        if text.ends_with('\n') {
            text.pop();
        }
        Value::Str(text)
    } else if text.trim() == "-0" {
        // An int, which serde_json would make a float of.
        Value::Int(0)
    } else {
        match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(_) => {
                return Err(format!(
                    "is no {ty}, which is written as JSON: `{}`",
                    shortened(text.trim_end())
                ));
            }
        }
    };
    ty.conform(value)
        .map_err(|reject| format!("is wrong: {reject}"))
}

/// A path a line.
fn lines(paths: &[Value]) -> String {
    let paths: Vec<String> = paths.iter().map(Value::text).collect();
    paths.join("\n")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text that can be passed to a program.
fn plain(text: &str, what: &str) -> Result<String, String> {
    match text.contains('\0') {
        true => Err(format!(
            "`{what}` holds a NUL character, which can't be passed to a program"
        )),
        false => Ok(text.to_owned()),
    }
}

/// Bytes of a file, or of all files in a folder.
pub(super) fn size(path: &Path) -> u64 {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry_size(&entry)).sum()
        }
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}

fn entry_size(entry: &std::fs::DirEntry) -> u64 {
    // Links inside are not followed: they may lead in a circle.
    match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}
