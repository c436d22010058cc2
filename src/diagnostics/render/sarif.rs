//! SARIF 2.1.0, the form that code scanning services take.

use indexmap::IndexSet;
use serde::Serialize;
use serde_json::{Value, json};

use super::Group;
use crate::diagnostics::{Code, Diagnostic, Label, Severity, codes, fingerprint};
use crate::source::{SourceMap, Span};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Value,
    column_kind: &'static str,
    results: Vec<Value>,
}

pub fn document(groups: &[Group<'_>]) -> String {
    let all = groups.iter().flat_map(|group| {
        let diagnostics = group.ordered().into_iter();
        diagnostics.map(|one| (one, group.sources))
    });
    let all: Vec<(&Diagnostic, &SourceMap)> = all.collect();
    let rules: IndexSet<Code> = all.iter().map(|(one, _)| one.code).collect();
    let results = all.iter().map(|(one, sources)| {
        let index = rules.get_index_of(&one.code);
        result(one, sources, index.expect("collected above"))
    });
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {
                "name": "mlpc",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }}),
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }],
    };
    let mut text = serde_json::to_string_pretty(&log).expect("plain data always serializes");
    text.push('\n');
    text
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(code: Code) -> Value {
    let entry = codes::find(code.as_str()).expect("a code has a row");
    let prose = entry.page.split("\n## ").next().unwrap_or("");
    let prose = prose
        .split_once("\n\n")
        .map_or("", |(_, prose)| prose.trim());
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": prose.replace('\n', " ")},
        "help": {"text": prose.replace('\n', " "), "markdown": entry.page},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn result(diagnostic: &Diagnostic, sources: &SourceMap, index: usize) -> Value {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("; {help}"));
    }
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": index,
        "level": level(diagnostic.severity),
        "message": {"text": text},
        "locations": [location(diagnostic.primary(), sources)],
        "partialFingerprints": {"mlpcLine/v1": fingerprint(diagnostic, sources)},
    });
    if diagnostic.labels.len() > 1 {
        let related = diagnostic.labels[1..]
            .iter()
            .enumerate()
            .map(|(at, label)| {
                let mut location = location(label, sources);
                location["id"] = json!(at + 1);
                location
            });
        result["relatedLocations"] = related.collect();
    }
    if let Some(first) = diagnostic.fix.first() {
        let replacements = diagnostic.fix.iter().map(|edit| {
            json!({
                "deletedRegion": region(edit.span, sources),
                "insertedContent": {"text": edit.text},
            })
        });
        result["fixes"] = json!([{
            "artifactChanges": [{
                "artifactLocation": artifact(first.span, sources),
                "replacements": replacements.collect::<Vec<_>>(),
            }],
        }]);
    }
    result
}

fn location(label: &Label, sources: &SourceMap) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": artifact(label.span, sources),
            "region": region(label.span, sources),
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({"text": label.text});
    }
    location
}

fn region(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = (sources.start(span), sources.end(span));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A path from where the command ran, as a relative reference.
fn artifact(span: Span, sources: &SourceMap) -> Value {
    let mut uri = String::new();
    for byte in sources.file(span.file).shown.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    json!({"uri": uri})
}
