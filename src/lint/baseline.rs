//! The warnings that a repository had when it began to use the rules: they are kept in a file and not said again.
//!
//! A warning is known again by its file, its code and the text of its line, blanks aside; so it may move within its file, and comes
//! back when its line is changed.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::diagnostics::{Diagnostic, Severity, fingerprint};
use crate::source::SourceMap;

/// The form of the file; another form has another number.
const VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: Vec<Known>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// From the project's root.
    file: String,
    code: String,
    /// For who reads the file.
    message: String,
    fingerprint: String,
    /// How many times.
    count: usize,
}

impl Baseline {
    /// All that is no error of the language.
    pub fn of<'a>(found: impl IntoIterator<Item = (&'a Diagnostic, &'a SourceMap)>) -> Baseline {
        let mut counts: IndexMap<(String, String, String, String), usize> = IndexMap::new();
        for (diagnostic, sources) in found {
            if diagnostic.code.severity() != Severity::Error {
                let key = key(diagnostic, sources);
                *counts.entry(key).or_default() += 1;
            }
        }
        let mut findings: Vec<Known> = counts
            .into_iter()
            .map(|((file, code, message, fingerprint), count)| Known {
                file,
                code,
                message,
                fingerprint,
                count,
            })
            .collect();
        findings.sort();
        Baseline {
            version: VERSION,
            findings,
        }
    }

    /// What stands in a file; the error says what is wrong with it.
    pub fn read(text: &str) -> Result<Baseline, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match baseline.version {
            VERSION => Ok(baseline),
            other => Err(format!(
                "it has version {other}, and this mlpc reads {VERSION}"
            )),
        }
    }

    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data always serializes");
        text.push('\n');
        text
    }

    pub fn len(&self) -> usize {
        self.findings.iter().map(|known| known.count).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether it holds this warning; it is used up by that.
    pub fn takes(&mut self, diagnostic: &Diagnostic, sources: &SourceMap) -> bool {
        if diagnostic.code.severity() == Severity::Error {
            return false;
        }
        let (file, code, _, fingerprint) = key(diagnostic, sources);
        let known = self.findings.iter_mut().find(|known| {
            known.count > 0
                && known.file == file
                && known.code == code
                && known.fingerprint == fingerprint
        });
        match known {
            Some(known) => {
                known.count -= 1;
                true
            }
            None => false,
        }
    }
}

fn key(diagnostic: &Diagnostic, sources: &SourceMap) -> (String, String, String, String) {
    (
        sources.file(diagnostic.primary().span.file).path.clone(),
        diagnostic.code.to_string(),
        diagnostic.message.clone(),
        fingerprint(diagnostic, sources),
    )
}
