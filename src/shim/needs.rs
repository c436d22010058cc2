//! What a step needs of the shim, so that the text in a document holds no more.
//!
//! In the shim's files a line `# if WORDS` says that the statement below it is for steps that need one of these words: a type (`date`), a way
//! of carrying a value (`carried_base64`), a kind of port (`placed`). A definition that nothing names any more goes, too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The words that some steps need.
#[derive(Clone, Debug, Default)]
pub struct Needs(BTreeSet<String>);

impl Needs {
    /// Those of a step, from its description.
    pub(super) fn of(description: &Json) -> Needs {
        let mut needs = Needs::default();
        for key in ["function", "module", "at", "packages"] {
            if description.get(key).is_some() {
                needs.add(key);
            }
        }
        if description.get("file").is_some() {
            needs.add("embedded");
        }
        if description.get("run").is_some() || description.get("shell").is_some() {
            needs.add("command");
        }
        if ["give", "fail", "require"]
            .iter()
            .any(|key| description.get(key).is_some())
        {
            needs.add("expressions");
        }
        for list in ["reads", "inputs"] {
            for port in ports(description, list) {
                needs.port(port);
            }
        }
        let mut returned = 0;
        for port in ports(description, "outputs") {
            needs.port(port);
            if port.get("digest").is_some() {
                needs.add("digest");
            }
            let is_artifact = is_artifact(&port["type"]);
            if port["by"] != "returned" {
                needs.add("written");
            } else {
                returned += 1;
                needs.add(if is_artifact { "placed" } else { "gives" });
            }
        }
        if returned > 1 {
            needs.add("several");
        }
        needs
    }

    pub fn join(&mut self, other: Needs) {
        self.0.extend(other.0);
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    fn add(&mut self, word: &str) {
        if !self.has(word) {
            self.0.insert(word.to_owned());
        }
    }

    fn port(&mut self, port: &Json) {
        self.ty(&port["type"]);
        for key in ["chomp", "unset", "folder", "paths"] {
            if port.get(key).is_some() {
                self.add(key);
            }
        }
        // What an unset text stands for is a constant or another input.
        if port.get("unset").is_some() {
            self.add("expressions");
        }
        if port.get("file").is_some() {
            self.add("in_file");
        }
        if port.get("expr").is_some() {
            self.add("expressions");
        }
        if port["as"] == "path" || port["by"] == "path" {
            self.add("as_path");
        }
        self.carried(&port["carried"]);
    }

    fn carried(&mut self, carried: &Json) {
        match carried {
            Json::String(word) => self.add(&format!("carried_{word}")),
            Json::Object(each) => {
                self.add("each");
                self.carried(&each["each"]);
            }
            _ => {}
        }
    }

    fn ty(&mut self, ty: &Json) {
        match ty {
            Json::String(word) => {
                let word = word.trim_end_matches('?');
                self.add(if word == "artifact" { "files" } else { word });
            }
            Json::Object(form) => {
                for (kind, inner) in form {
                    self.add(kind);
                    match (kind.as_str(), inner) {
                        ("refined", inner) => self.ty(&inner["base"]),
                        ("record", Json::Object(fields)) => {
                            fields.values().for_each(|field| self.ty(field));
                        }
                        (_, inner) => self.ty(inner),
                    }
                }
            }
            _ => {}
        }
    }
}

fn ports<'a>(description: &'a Json, list: &str) -> &'a [Json] {
    description[list].as_array().map_or(&[], Vec::as_slice)
}

fn is_artifact(ty: &Json) -> bool {
    matches!(ty.as_str(), Some("artifact" | "artifact?"))
}

/// The lines of a part without the statements that are for other steps; all of them where nothing is known of the steps.
pub(super) fn wanted<'a>(part: &'a str, needs: Option<&Needs>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    // The depth of the statement that is left out.
    let mut left_out: Option<usize> = None;
    let mut unwanted = false;
    for line in part.lines() {
        let code = line.trim_start();
        let depth = line.len() - code.len();
        if let Some(outer) = left_out {
            if code.is_empty() || depth > outer {
                continue;
            }
            left_out = None;
        }
        if let Some(words) = code.strip_prefix("# if ") {
            unwanted = needs.is_some_and(|needs| !words.split(' ').any(|word| needs.has(word)));
        } else if unwanted && !code.is_empty() && !code.starts_with('#') {
            unwanted = false;
            left_out = Some(depth);
        } else {
            kept.push(line);
        }
    }
    kept
}

/// The text without the definitions at its top that nothing in it names.
pub(super) fn reached(text: &str) -> String {
    let mut chunks: Vec<String> = Vec::new();
    for line in text.lines() {
        match chunks.last_mut() {
            Some(chunk) if line.starts_with(' ') => chunk.push_str(line),
            _ => chunks.push(line.to_owned()),
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push('\n');
        }
    }
    let defined: BTreeMap<&str, usize> = chunks
        .iter()
        .enumerate()
        .filter_map(|(at, chunk)| Some((definition(chunk)?, at)))
        .collect();
    let mut reached: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = (0..chunks.len())
        .filter(|&at| definition(&chunks[at]).is_none())
        .collect();
    while let Some(at) = open.pop() {
        if reached.insert(at) {
            let names = chunks[at].split(|c: char| !c.is_alphanumeric() && c != '_');
            open.extend(names.filter_map(|name| defined.get(name)));
        }
    }
    reached.into_iter().map(|at| chunks[at].as_str()).collect()
}

/// The name that a chunk defines.
fn definition(chunk: &str) -> Option<&str> {
    let rest = chunk
        .strip_prefix("def ")
        .or_else(|| chunk.strip_prefix("class "));
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = |text: &'_ str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    match rest {
        Some(rest) => Some(&rest[..name(rest)]),
        None => {
            let end = name(chunk);
            chunk[end..].starts_with(" = ").then(|| &chunk[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_goes_with_what_is_in_it() {
        let part = "def f(x):\n    # if date\n    if x:\n        a\n\n        b\n    # if str\n    else:\n        c\n    return x\n";
        let needs = Needs::of(&json!({ "inputs": [{ "type": "str?" }] }));
        assert_eq!(
            wanted(part, Some(&needs)).join("\n"),
            "def f(x):\n    else:\n        c\n    return x"
        );
        assert_eq!(wanted(part, None).len(), 9 - 1);
    }

    #[test]
    fn what_nothing_names_goes() {
        let text =
            "import os\nA = 1\nB = {A}\ndef f():\n g()\ndef g():\n f()\ndef h():\n return B\nh()\n";
        assert_eq!(
            reached(text),
            "import os\nA = 1\nB = {A}\ndef h():\n return B\nh()\n"
        );
    }
}
