//! The step shim, driven as engines drive it: real Python processes.

mod argo;
mod kubeflow;
mod local;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A folder to work in.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Place {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder
            .path()
            .canonicalize()
            .expect("the folder is there")
            .join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a UTF-8 path").to_owned()
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Python with its folder as the current one.
    fn python(&self, words: &[String]) -> Output {
        python_in(self.folder.path(), words)
    }
}

fn python_in(folder: &Path, words: &[String]) -> Output {
    Command::new(interpreter())
        .args(words)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .expect("Python starts")
}

/// The interpreter itself: what `python3` is may be a script that looks for it.
fn interpreter() -> &'static str {
    static FOUND: OnceLock<String> = OnceLock::new();
    FOUND.get_or_init(|| {
        let python = std::env::var("MLPC_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let found = Command::new(python)
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .expect("Python starts");
        String::from_utf8(found.stdout)
            .expect("a UTF-8 path")
            .trim()
            .to_owned()
    })
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The one line by which the shim refuses.
#[track_caller]
fn refused(output: &Output, line: &str) {
    assert_eq!(stderr(output), format!("mlpc: {line}\n"));
    assert_eq!(output.status.code(), Some(1));
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

/// Text that breaks what quotes badly.
const HOSTILE: &[&str] = &[
    "",
    "'\"`",
    "a\nb",
    "ends\n",
    "ends\n\n",
    "\r\n",
    "{{workflow.name}}",
    "{{$.inputs.parameters['q']}}",
    "{{",
    "$(rm -rf /)",
    "${HOME} $KFP_POD_NAME $(KFP_POD_NAME)",
    "--output=x",
    "-",
    "@file",
    "=null",
    "back\\slash \\n",
    "null",
    "\"quoted\"",
    "[1]",
    "tab\t\u{1}\u{7f}\u{2028}",
    "über 😀 \u{fffd}",
    "script.sh",
    "%s %d",
];
