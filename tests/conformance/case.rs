//! Cases as they stand in their folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mlpc::compile::{Compilation, Input, Request, compile};
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::graph::Program;
use mlpc::project::{Memory, Project};
use mlpc::target::{self, Document, Feature};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// `expect.json`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What the case is about, in a sentence.
    pub about: String,
    /// Environment variables for engines whose steps are processes here: secrets, by the names that steps see.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The same secrets for engines that keep them, by `name/key`.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// By engine, or by target for all engines of it: where it does not do as the language says, and why.
    #[serde(default)]
    pub on: BTreeMap<String, Exception>,
    pub runs: Vec<Run>,
}

/// What of a case an engine can't do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Exception {
    /// Compiling for it gives an error that says this.
    Refused(String),
    /// It is compiled and validated but not run: the runner at hand is wrong, in this way.
    Unrun(String),
}

/// One set of parameters, and the outcome that the run must have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Parameters by name; `{"artifact": text}` is a file that holds the text, `{"path": name}` the path of a new file.
    #[serde(default)]
    pub set: Map<String, Json>,
    pub status: String,
    /// What the run puts out, all of it; `{"artifact": text}` is a file that holds the text, `{"artifact": {"bytes": n}}` one of n bytes
    /// that are no text. Of a run that fails, local only.
    #[serde(default)]
    pub outputs: Map<String, Json>,
    /// The state of every task, by its name; `pruned` is one that is known not to run: it may be left out or reported as skipped.
    pub tasks: BTreeMap<String, String>,
    /// By engine or target, where this run ends in another way than the language says.
    #[serde(default)]
    pub on: BTreeMap<String, Otherwise>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Otherwise {
    /// A warning of the compiler says this, and so these tasks end so; `either` where it may run or not.
    Degrades {
        warning: String,
        #[serde(default)]
        status: Option<String>,
        #[serde(default)]
        tasks: BTreeMap<String, String>,
    },
    /// The engine notices something at another task than the language says, for this reason; the run ends the same.
    Differs {
        because: String,
        tasks: BTreeMap<String, String>,
    },
    /// The runner at hand is wrong, in this way: this run is left out.
    Unrun(String),
}

pub struct Case {
    pub name: String,
    pub files: Vec<(String, String)>,
    pub expect: Expect,
    checked: Compilation,
}

/// What a case compiled to for a target.
pub struct Emitted {
    pub documents: Vec<Document>,
    /// Codes and texts of all that was reported.
    pub report: String,
    pub has_errors: bool,
}

/// Every case, or those that `CASE` asks for, by name.
pub fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
        let entries = std::fs::read_dir(&root).expect("the folder of this test");
        let mut folders: Vec<PathBuf> = entries
            .map(|entry| entry.expect("it can be read").path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort_by_key(|folder| folder.file_name().map(ToOwned::to_owned));
        let wanted = std::env::var("CASE").unwrap_or_default();
        let name = |folder: &Path| {
            folder
                .file_name()
                .and_then(|name| name.to_str())
                .expect("UTF-8")
                .to_owned()
        };
        folders
            .iter()
            .filter(|folder| name(folder).contains(&wanted))
            .map(|folder| Case::read(name(folder), folder))
            .collect()
    })
}

impl Case {
    fn read(name: String, folder: &Path) -> Case {
        let mut files = Vec::new();
        collect(folder, "", &mut files);
        let expect = files.iter().position(|(file, _)| file == "expect.json");
        let expect = expect.unwrap_or_else(|| panic!("{name} has no expect.json"));
        let (_, expect) = files.swap_remove(expect);
        if files.is_empty() {
            // The program is one of the repository's examples.
            let example = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("examples")
                .join(&name);
            collect(&example, "", &mut files);
        }
        files.sort();
        let expect: Expect = serde_json::from_str(&expect)
            .unwrap_or_else(|error| panic!("{name}/expect.json: {error}"));
        let checked = checked(&files);
        assert!(!checked.has_errors(), "{name}:\n{}", report(&checked));
        for driver in expect
            .on
            .keys()
            .chain(expect.runs.iter().flat_map(|run| run.on.keys()))
        {
            assert!(
                super::drivers::ALL
                    .iter()
                    .any(|known| known.name == driver || known.target == driver),
                "{name}: no engine is called `{driver}`"
            );
        }
        Case {
            name,
            files,
            expect,
            checked,
        }
    }

    pub fn program(&self) -> Option<&Program> {
        self.checked.programs.first()
    }

    /// The program, which a case has: it was compiled without errors.
    pub fn entry(&self) -> &mlpc::graph::Pipeline {
        self.program().expect("a case compiles").entry()
    }

    /// What of the capability table the program uses, in the table's order.
    pub fn features(&self) -> Vec<Feature> {
        let mut features: Vec<Feature> = self
            .program()
            .map(target::uses)
            .unwrap_or_default()
            .into_iter()
            .map(|used| used.feature)
            .collect();
        features.sort();
        features.dedup();
        features
    }

    pub fn emit(&self, target: &str) -> Emitted {
        let target = target::find(target).expect("a target");
        let mut compilation = checked(&self.files);
        let mut emitted = compilation.emit(&[target]);
        Emitted {
            documents: emitted
                .pop()
                .map(|(_, documents)| documents)
                .unwrap_or_default(),
            report: report(&compilation),
            has_errors: compilation.has_errors(),
        }
    }
}

/// The files below a folder, by their paths from it.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            let text = std::fs::read_to_string(&path);
            files.push((
                name,
                text.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            ));
        }
    }
}

fn checked(files: &[(String, String)]) -> Compilation {
    let project = Project::in_memory(Memory::new(files.to_vec()));
    compile(
        &project,
        Input::File("pipeline.mlp".into()),
        &Request::default(),
    )
    .expect("a case has a pipeline.mlp")
}

/// What is reported, as one line of words: reasons are looked for in it.
fn report(compilation: &Compilation) -> String {
    render(
        &compilation.diagnostics,
        &compilation.sources,
        Format::Json,
        Look::PLAIN,
    )
}
