//! Docstrings and comments from what users wrote.

use super::layout::blanks;
use super::py::is_printable;

/// A docstring at an indentation, as `ruff format` leaves it; the text's own line ends stay.
pub(super) fn docstring(text: &str, indent: usize) -> String {
    let lines = lines(text);
    let mut body = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            body.push('\n');
            if !line.is_empty() {
                body.push_str(&blanks(indent));
            }
        }
        body.push_str(line);
    }
    if lines.len() > 1 {
        return format!("\"\"\"{body}\n{}\"\"\"", blanks(indent));
    }
    // A quote at the end would make four.
    let gap = if body.ends_with(['"', '\\']) { " " } else { "" };
    let first = if body.starts_with('"') { " " } else { "" };
    format!("\"\"\"{first}{body}{gap}\"\"\"")
}

/// `# ` before each line.
pub(super) fn comment(text: &str, indent: usize) -> String {
    let mut out = String::new();
    for (number, line) in lines(text).iter().enumerate() {
        if number > 0 {
            out.push_str(&format!("\n{}", blanks(indent)));
        }
        out.push_str(if line.is_empty() { "#" } else { "# " });
        out.push_str(line);
    }
    out
}

/// The lines of a text without what can't stand in a docstring or a comment: backslashes and three quotes are written so that they read
/// alike, what does not show is a blank.
fn lines(text: &str) -> Vec<String> {
    let clean = |line: &str| -> String {
        let shown: String = line
            .chars()
            .map(|c| if is_printable(c) { c } else { ' ' })
            .collect();
        shown
            .replace('\\', "\\\\")
            .replace("\"\"\"", "'''")
            .trim_end()
            .to_owned()
    };
    let mut lines: Vec<String> = text.trim().lines().map(clean).collect();
    if let Some(first) = lines.first_mut() {
        *first = first.trim_start().to_owned();
    }
    // What all further lines are indented by is no part of the text.
    let common = lines
        .iter()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    for line in lines.iter_mut().skip(1) {
        *line = line.get(common..).unwrap_or_default().to_owned();
    }
    lines
}
