//! `docs/conformance.md`: what is proven of each engine, from what was just seen.

use std::io::Write;
use std::path::Path;

use mlpc::target::{self, Feature, Support};

use super::Results;
use super::case::{Exception, Otherwise, cases};
use super::compare::{Proof, Verdict};

/// What is proven of a feature on an engine.
struct Cell {
    text: String,
    /// Nothing proves what the table says.
    gap: bool,
}

fn cell(feature: Feature, results: &Results) -> Cell {
    let verdicts = results
        .verdicts
        .as_deref()
        .expect("asked only of engines that ran");
    let support = target::find(results.driver.target)
        .expect("a target")
        .support(feature);
    let passed: Vec<&Verdict> = cases()
        .iter()
        .zip(verdicts)
        .filter(|(case, verdict)| verdict.faults.is_empty() && case.features().contains(&feature))
        .map(|(_, verdict)| verdict)
        .collect();
    let count = |proof: Proof| {
        passed
            .iter()
            .filter(|verdict| verdict.proof == proof)
            .count()
    };
    let (ran, validated, refused) = (
        count(Proof::Ran),
        count(Proof::Validated),
        count(Proof::Refused),
    );
    let proven = match (ran, validated, results.driver.validates()) {
        (1.., ..) => format!("proven by running ({ran})"),
        (0, 1.., true) => format!("proven by the engine's validator ({validated})"),
        _ => String::new(),
    };
    let text = match support {
        Support::Refused { reason, .. } => {
            return Cell {
                text: format!("refused: {reason}"),
                gap: refused == 0,
            };
        }
        Support::Degrades(lost) => format!("degrades: {lost}; what is left is {proven}"),
        Support::Ignored(why) => format!("no effect: {why}; {proven}"),
        Support::Native | Support::Emulated(_) => proven.clone(),
    };
    Cell {
        gap: proven.is_empty(),
        text,
    }
}

/// Holds the page to what was seen, and the suite to having seen all that the table says.
pub fn hold(all: &[&Results]) {
    let missing: Vec<&str> = all
        .iter()
        .filter(|results| results.verdicts.is_none())
        .map(|results| results.driver.name)
        .collect();
    let mut gaps = Vec::new();
    for results in all.iter().filter(|results| results.verdicts.is_some()) {
        for (feature, title) in Feature::ALL {
            if cell(*feature, results).gap {
                gaps.push(format!("{title} on {}", results.driver.name));
            }
        }
    }
    assert!(
        gaps.is_empty(),
        "no case that passes proves:\n{}",
        gaps.join("\n")
    );
    if !missing.is_empty() {
        let line = format!(
            "docs/conformance.md: not compared, for {} is not to be had here\n",
            missing.join(", ")
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr takes text");
        return;
    }
    let made = page(all);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &made).expect("the docs can be written");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == made,
        "docs/conformance.md is not what was seen: run UPDATE_DOCS=1 cargo test --test conformance"
    );
}

fn page(all: &[&Results]) -> String {
    let runs: usize = cases().iter().map(|case| case.expect.runs.len()).sum();
    let mut out = format!(
        "# What is proven of each engine\n\n\
         <!-- Made by the test run: UPDATE_DOCS=1 cargo test --test conformance -->\n\n\
         The suite in `tests/conformance` has {} programs and {runs} runs of them, each with the outcome that the language gives it: the run's\n\
         status, its outputs and the state of every task. A cell counts the programs that use the construct, and what they prove.\n\n",
        cases().len()
    );
    for results in all {
        let how = match results.driver.name {
            "local" => "`mlpc run`, which is the reference",
            "kubeflow" => {
                "kfp's messages, its loader and its conditions' language check the document; kfp.local runs it"
            }
            "argo" => {
                "a strict form of Argo's own schema checks the document; a simulation runs it, on Argo's own template and expression packages"
            }
            other => unreachable!("say how `{other}` is proven"),
        };
        out.push_str(&format!("- **{}**: {how}\n", results.driver.name));
    }
    out.push_str("\n| |");
    for results in all {
        out.push_str(&format!(" {} |", results.driver.name));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(all.len()));
    out.push('\n');
    for (feature, title) in Feature::ALL {
        out.push_str(&format!("| {title} |"));
        for results in all {
            out.push_str(&format!(" {} |", cell(*feature, results).text));
        }
        out.push('\n');
    }
    out.push_str("\n## The programs\n\n");
    for case in cases() {
        out.push_str(&format!("- `{}`: {}\n", case.name, case.expect.about));
        for (engine, exception) in &case.expect.on {
            match exception {
                Exception::Refused(reason) => {
                    out.push_str(&format!("  - {engine}: refused: {reason}\n"))
                }
                Exception::Unrun(why) => {
                    out.push_str(&format!("  - {engine}: validated, not run: {why}\n"))
                }
            }
        }
        for (at, run) in case.expect.runs.iter().enumerate() {
            for (engine, otherwise) in &run.on {
                match otherwise {
                    Otherwise::Degrades { warning, .. } => {
                        out.push_str(&format!(
                            "  - {engine}, run {}: degrades: {warning}\n",
                            at + 1
                        ));
                    }
                    Otherwise::Differs { because, .. } => {
                        out.push_str(&format!("  - {engine}, run {}: {because}\n", at + 1));
                    }
                    Otherwise::Unrun(why) => {
                        out.push_str(&format!("  - {engine}, run {}: not run: {why}\n", at + 1))
                    }
                }
            }
        }
    }
    out
}
