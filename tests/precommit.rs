//! The hooks and the GitHub action as they are used: the real pre-commit in a scratch repository, and the action's steps in bash.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The interpreter of the environment with pre-commit; nothing when it can't be had here, which CI does not accept.
fn python() -> Option<PathBuf> {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/setup.py");
    let output = Command::new("python3")
        .arg(setup)
        .arg("precommit")
        .stderr(Stdio::inherit())
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let python = said.strip_prefix("ready: precommit: ").map(PathBuf::from);
    if python.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{said}");
        // Not `eprintln!`, which is captured: a test that did not test must show.
        let line = format!("skipped, for pre-commit is not to be had here: {said}\n");
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr takes text");
    }
    python
}

const STEPS: &str = "def count(day: str) -> int:\n    return len(day)\n";

const PIPELINE: &str = r#"component count(day: str) -> int {
  python: "steps.py:count"
  image: "python:3.12-slim"
}

pipeline nightly(day: str = "monday") -> (n: int) {
  n = count(day)
  return { n: n }
}
"#;

/// A repository, with a home of its own beside it: nothing of who runs the test is read or written.
struct Scratch {
    folder: tempfile::TempDir,
    /// In which the commands are looked for.
    path: String,
}

/// How a command ended and all that it printed.
struct Ran {
    ok: bool,
    said: String,
}

impl Scratch {
    fn new(first_on_path: &[&Path]) -> Scratch {
        let folder = tempfile::tempdir().expect("there is room");
        for inside in ["home", "repo"] {
            fs::create_dir(folder.path().join(inside)).expect("it is new");
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_mlpc")).parent();
        let first: Vec<String> = first_on_path
            .iter()
            .copied()
            .chain(binary)
            .map(|path| path.display().to_string())
            .collect();
        let path = std::env::var("PATH").expect("there is a PATH");
        Scratch {
            folder,
            path: format!("{}:{path}", first.join(":")),
        }
    }

    fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.repo().join(file), text).expect("it can be written");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.repo().join(file)).expect("it is there")
    }

    fn command(&self, folder: &Path, program: &str, args: &[&str]) -> Command {
        let home = self.folder.path().join("home");
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(folder)
            .env("PATH", &self.path)
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("PRE_COMMIT_HOME", home.join("pre-commit"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join("gitconfig"))
            .env("LC_ALL", "C.UTF-8")
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::null());
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        for (name, value) in [("NAME", "Ada"), ("EMAIL", "ada@example.com")] {
            command
                .env(format!("GIT_AUTHOR_{name}"), value)
                .env(format!("GIT_COMMITTER_{name}"), value);
        }
        command
    }

    fn run_in(&self, folder: &Path, program: &str, args: &[&str]) -> Ran {
        let output = self
            .command(folder, program, args)
            .output()
            .expect("the command starts");
        let said = [output.stdout, output.stderr].concat();
        Ran {
            ok: output.status.success(),
            said: String::from_utf8_lossy(&said).into_owned(),
        }
    }

    #[track_caller]
    fn must(&self, program: &str, args: &[&str]) {
        let ran = self.run_in(&self.repo(), program, args);
        assert!(ran.ok, "{program} {args:?}:\n{}", ran.said);
    }

    /// `git commit` of all there is.
    fn commit(&self) -> Ran {
        self.must("git", &["add", "--all"]);
        self.run_in(
            &self.repo(),
            "git",
            &["commit", "-qm", "x", "--allow-empty"],
        )
    }

    #[track_caller]
    fn is_stopped(&self, by: &str, because: &str) {
        let ran = self.commit();
        assert!(!ran.ok, "committed:\n{}", ran.said);
        let failed = ran
            .said
            .lines()
            .any(|line| line.starts_with(by) && line.ends_with("Failed"));
        assert!(failed, "not stopped by {by}:\n{}", ran.said);
        assert!(
            ran.said.contains(because),
            "no `{because}` in:\n{}",
            ran.said
        );
    }

    #[track_caller]
    fn is_committed(&self) {
        let ran = self.commit();
        assert!(ran.ok, "{}", ran.said);
    }
}

#[test]
fn pre_commit_stops_what_is_broken_unformatted_or_stale() {
    let Some(python) = python() else { return };
    let python = python.to_str().expect("UTF-8");
    let scratch = Scratch::new(&[]);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let valid = [
        "-m",
        "pre_commit",
        "validate-manifest",
        manifest.to_str().expect("UTF-8"),
    ];
    scratch.must(python, &valid);

    // The repository that the hooks come from, at a commit.
    let hooks = scratch.folder.path().join("hooks");
    fs::create_dir(&hooks).expect("it is new");
    fs::copy(&manifest, hooks.join(".pre-commit-hooks.yaml")).expect("it can be read");
    for args in [
        &["init", "-q"][..],
        &["add", "--all"],
        &["commit", "-qm", "hooks"],
        &["tag", "v1"],
    ] {
        let ran = scratch.run_in(&hooks, "git", args);
        assert!(ran.ok, "{}", ran.said);
    }
    let config = format!(
        "repos:\n  - repo: {}\n    rev: v1\n    hooks:\n      - id: mlpc-check\n        language: system\n        args: [--deny, warnings]\n      - id: mlpc-fmt\n        language: system\n      - id: mlpc-compiled\n        language: system\n        args: [pipeline.mlp, -t, argo, -o, argo.yaml]\n",
        hooks.display()
    );
    scratch.must("git", &["init", "-q"]);
    scratch.write(".pre-commit-config.yaml", &config);
    scratch.write("steps.py", STEPS);
    scratch.write("pipeline.mlp", PIPELINE);
    scratch.must(python, &["-m", "pre_commit", "install"]);
    let compile = ["compile", "pipeline.mlp", "-t", "argo", "-o", "argo.yaml"];

    scratch.is_stopped("mlpc compile --check", "`argo.yaml` is not there");
    scratch.must("mlpc", &compile);
    scratch.is_committed();

    // A mistake in the Python file alone.
    scratch.write("steps.py", &STEPS.replace("day: str", "day: int"));
    scratch.is_stopped("mlpc check", "E0407");
    scratch.write("steps.py", STEPS);

    scratch.write("pipeline.mlp", &PIPELINE.replace("3.12-slim", "latest"));
    scratch.is_stopped("mlpc check", "L0101");

    scratch.write(
        "pipeline.mlp",
        &PIPELINE.replace("  n = count", "      n=count"),
    );
    scratch.is_stopped("mlpc fmt", "files were modified by this hook");
    assert_eq!(scratch.read("pipeline.mlp"), PIPELINE);
    scratch.is_committed();

    scratch.write("pipeline.mlp", &PIPELINE.replace("monday", "friday"));
    scratch.is_stopped("mlpc compile --check", "+++ argo.yaml (compiled now)");
    scratch.must("mlpc", &compile);
    scratch.is_committed();
    scratch.write("argo.yaml", "edited: by hand\n");
    scratch.is_stopped("mlpc compile --check", "-edited: by hand");
}

/// Runs the steps of the action, with a `cargo` that installs the binary under test. The first step that fails, and what it said.
fn action(
    scratch: &Scratch,
    python: &Path,
    inputs: &serde_json::Value,
) -> Option<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let steps = Command::new(python)
        .arg(root.join("tests/engines/precommit/steps.py"))
        .arg(root.join("action.yml"))
        .arg(inputs.to_string())
        .output()
        .expect("python starts");
    assert!(
        steps.status.success(),
        "{}",
        String::from_utf8_lossy(&steps.stderr)
    );
    let steps: Vec<serde_json::Value> =
        serde_json::from_slice(&steps.stdout).expect("it prints JSON");
    let home = scratch.folder.path().join("home");
    for step in steps {
        let script = step["run"].as_str().expect("a script");
        let args = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
        let mut command = scratch.command(&scratch.repo(), "bash", &args);
        let installed = home.join("temp/mlpc/bin");
        command
            .env("RUNNER_TEMP", home.join("temp"))
            .env("GITHUB_PATH", home.join("path"))
            .env("GITHUB_ACTIONS", "true")
            .env("PATH", format!("{}:{}", installed.display(), scratch.path));
        for (name, value) in step["env"].as_object().expect("variables") {
            command.env(name, value.as_str().expect("text"));
        }
        let output = command.output().expect("bash starts");
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let name = step["name"].as_str().expect("a name").to_owned();
            return Some((name, String::from_utf8_lossy(&said).into_owned()));
        }
    }
    None
}

#[test]
fn the_github_action_does_the_same() {
    let Some(python) = python() else { return };
    let bin = tempfile::tempdir().expect("there is room");
    let cargo = bin.path().join("cargo");
    let script = format!(
        "#!/bin/sh\nset -eu\n[ \"$1\" = install ]\nwhile [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\nln -sf '{}' \"$2/bin/mlpc\"\n",
        env!("CARGO_BIN_EXE_mlpc")
    );
    fs::write(&cargo, script).expect("it can be written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&cargo, mode).expect("it is ours");
    let scratch = Scratch::new(&[bin.path()]);
    scratch.write("steps.py", STEPS);
    scratch.write("pipeline.mlp", PIPELINE);
    let mut inputs = serde_json::json!({
        "github.action_path": "/nowhere",
        "inputs.args": "--deny\nwarnings",
        "inputs.compiled": "pipeline.mlp -t argo -o argo.yaml\n\npipeline.mlp -o kfp.yaml",
        "inputs.sarif": "out.sarif",
    });
    let failed = |inputs: &serde_json::Value| action(&scratch, &python, inputs);

    let (step, said) = failed(&inputs).expect("nothing is compiled yet");
    assert_eq!(step, "Compiled files", "{said}");
    assert!(
        said.contains("argo.yaml") && said.contains("kfp.yaml"),
        "{said}"
    );
    scratch.must(
        "mlpc",
        &["compile", "pipeline.mlp", "-t", "argo", "-o", "argo.yaml"],
    );
    scratch.must("mlpc", &["compile", "pipeline.mlp", "-o", "kfp.yaml"]);
    assert_eq!(failed(&inputs), None);
    assert!(scratch.read("out.sarif").contains("\"results\": []"));

    scratch.write("pipeline.mlp", &PIPELINE.replace("  n =", " n ="));
    let (step, said) = failed(&inputs).expect("the layout is wrong");
    assert_eq!(step, "Layout", "{said}");
    inputs["inputs.fmt"] = "false".into();
    assert_eq!(failed(&inputs), None);

    scratch.write("pipeline.mlp", &PIPELINE.replace("3.12-slim", "latest"));
    let (step, said) = failed(&inputs).expect("the image is not pinned");
    assert_eq!(step, "Check", "{said}");
    assert!(said.contains("::error file=pipeline.mlp,line=3"), "{said}");
    assert!(scratch.read("out.sarif").contains("L0101"));
    inputs["inputs.args"] = "".into();
    inputs["inputs.paths"] = "$(touch owned)".into();
    let (step, _) = failed(&inputs).expect("there is no such path");
    assert_eq!(step, "Check");
    assert!(
        !scratch.repo().join("owned").exists(),
        "an input is no command"
    );
}
