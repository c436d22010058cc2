//! Runs every command that the README and the pages in docs/ show, and compares what it prints with what they say.
//!
//! A ```` ```console ```` block holds commands after `$ ` and below each what it prints, both outputs as they come. A line of
//! `...` stands for any lines, `...` in a line for any text. The blocks of a page run one after the other in one folder, a copy of
//! the repository's examples; a block of another language that names a file (```` ```mlp pipeline.mlp ````) puts that file there.
//! `UPDATE_DOCS=1` writes the real outputs into blocks that have no `...`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fences::fences;
use crate::project::copy;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command as it runs here: the binary that is under test, not one built anew.
fn run(folder: &Path, command: &str) -> String {
    let command = match command.split_once("cargo run --release -- ") {
        Some(("", rest)) => format!("mlpc {rest}"),
        _ => command.to_owned(),
    };
    let binary = Path::new(env!("CARGO_BIN_EXE_mlpc"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a text is what a pattern with `...` says.
fn matches(pattern: &str, text: &str) -> bool {
    let patterns: Vec<&str> = pattern.trim_end().lines().map(str::trim_end).collect();
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines_match(&patterns, &lines)
}

fn lines_match(patterns: &[&str], lines: &[&str]) -> bool {
    match patterns {
        [] => lines.is_empty(),
        ["...", rest @ ..] => (0..=lines.len()).any(|skip| lines_match(rest, &lines[skip..])),
        [one, rest @ ..] => {
            lines.first().is_some_and(|line| line_matches(one, line))
                && lines_match(rest, &lines[1..])
        }
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let parts: Vec<&str> = pattern.split("...").collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == line;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The commands of a console block and what is said to come of them.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
            (None, None) => panic!("a console block begins with `$ `: {line}"),
        }
    }
    found
}

fn hold(page: &str) {
    let file = root().join(page);
    let text = fs::read_to_string(&file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    // It stands for the repository, which is the examples' project. What they install is kept from run to run.
    fs::create_dir(folder.path().join(".git")).unwrap();
    let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).join("envs");
    fs::create_dir_all(&environments).unwrap();
    fs::create_dir(folder.path().join(".mlpc")).unwrap();
    std::os::unix::fs::symlink(environments, folder.path().join(".mlpc/envs")).unwrap();
    let mut made = text.clone();
    let mut faults = String::new();
    let mut edits = Vec::new();
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for fence in fences(&text) {
        if fence.language() != "console" {
            if !fence.path().is_empty() {
                let path = folder.path().join(fence.path());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &fence.text).unwrap();
            }
            continue;
        }
        let mut real = String::new();
        let written = update && !fence.text.contains("...");
        for (command, said) in commands(&fence.text) {
            let output = run(folder.path(), &command);
            if !matches(&said, &output) && !written {
                faults.push_str(&format!(
                    "\n{page}: $ {command}\n--- says\n{said}--- prints\n{output}"
                ));
            }
            real.push_str(&format!("$ {command}\n"));
            real.extend(output.lines().flat_map(|line| [line.trim_end(), "\n"]));
        }
        if written {
            edits.push((fence.range, real));
        }
    }
    if update {
        // Backwards, so that a block that changes doesn't move those before it.
        for (range, real) in edits.into_iter().rev() {
            made.replace_range(range, &real);
        }
        fs::write(&file, made).unwrap();
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_readme_says_what_happens() {
    hold("README.md");
}

#[test]
fn the_pages_in_docs_say_what_happens() {
    let mut pages: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        if fences(&text)
            .iter()
            .any(|fence| fence.language() == "console")
        {
            hold(page.strip_prefix(root()).unwrap().to_str().unwrap());
        }
    }
}

#[test]
fn patterns() {
    assert!(matches("a\n...\nz\n", "a\nb\nc\nz\n"));
    assert!(matches("a\n...\n", "a\n"));
    assert!(matches("took ...s, all fine", "took 1.5s, all fine"));
    assert!(!matches("took ...s, all fine", "took 1.5s, not fine"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a\nb\n", "a\n"));
}
