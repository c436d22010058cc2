//! A JUnit report: a test case a file, which fails when the file has errors.

use super::{Group, printable, short, summary};
use crate::diagnostics::Diagnostic;

pub fn document(groups: &[Group<'_>]) -> String {
    let failed = |group: &&Group<'_>| group.diagnostics.iter().any(|one| one.is_error());
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\"",
        groups.len(),
        groups.iter().filter(failed).count()
    );
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(&format!("<testsuites name=\"mlpc check\" {counts}>\n"));
    text.push_str(&format!("  <testsuite name=\"mlpc check\" {counts}>\n"));
    for group in groups {
        let name = escaped(&printable(group.name));
        text.push_str(&format!("    <testcase classname=\"mlpc\" name=\"{name}\""));
        if group.diagnostics.is_empty() {
            text.push_str("/>\n");
            continue;
        }
        text.push_str(">\n");
        let (errors, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            group.ordered().into_iter().partition(|one| one.is_error());
        let lines = |these: &[&Diagnostic]| -> String {
            let lines = these.iter().map(|one| short::line(one, group.sources));
            escaped(&lines.collect::<String>())
        };
        if let Some(first) = errors.first() {
            let owned: Vec<Diagnostic> = errors.iter().map(|one| (*one).clone()).collect();
            text.push_str(&format!(
                "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                first.code,
                summary(&owned).unwrap_or_default(),
                lines(&errors)
            ));
        }
        if !others.is_empty() {
            text.push_str(&format!(
                "      <system-out>{}</system-out>\n",
                lines(&others)
            ));
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// Text of XML: in content and in quotes. What XML has no form for was made printable before.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
