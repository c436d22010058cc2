//! The little Markdown that the pages of `mlpc explain` are written in, for a terminal with colours.

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const CODE: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// A page with headings in bold, paragraphs laid out for `width` columns, and code indented below the name of its file.
pub fn for_terminal(page: &str, width: usize) -> String {
    let mut out = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in page.lines().chain([""]) {
        let heading = line.strip_prefix("# ").or_else(|| line.strip_prefix("## "));
        let fence = line.strip_prefix("```");
        if !fenced && heading.is_none() && fence.is_none() && !line.is_empty() {
            paragraph.push(line);
            continue;
        }
        if !paragraph.is_empty() {
            out.push_str(&inline(
                &wrap(&paragraph.join(" "), width.clamp(40, 100)),
                true,
            ));
            paragraph.clear();
        }
        if let Some(info) = fence {
            fenced = !fenced;
            if fenced {
                out.push_str(&format!("  {DIM}{}{PLAIN}\n", file_name(info)));
            }
        } else if let Some(heading) = heading.filter(|_| !fenced) {
            out.push_str(&format!("{BOLD}{}{PLAIN}\n", heading.replace('`', "")));
        } else if line.is_empty() {
            out.push('\n');
        } else {
            out.push_str(&format!("    {line}\n"));
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Lines of at most `width` columns. Backticks take none: they are not shown.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().filter(|&c| c != '`').count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// What a fence's `info` words call the text in it.
fn file_name(info: &str) -> &str {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or_default();
    let named = words.find_map(|word| match word.split_once('=') {
        Some(("file", name)) => Some(name),
        Some(_) => None,
        None => Some(word),
    });
    named.unwrap_or(if language == "mlp" {
        "pipeline.mlp"
    } else {
        language
    })
}

/// Text with `code` in colour.
pub fn inline(text: &str, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    text.split('`')
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 1 {
                format!("{CODE}{part}{PLAIN}")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page() {
        let page = "# E1: a `b`\n\nSee `c` on\ntwo lines.\n\n```mlp target=argo\n# x\n\n```\n\n```mlp file=lib.mlp\ny\n```\n\n```python steps.py\nz\n```\n";
        let text = for_terminal(page, 80);
        let text = text
            .replace(BOLD, "<b>")
            .replace(DIM, "<d>")
            .replace(CODE, "<c>")
            .replace(PLAIN, "</>");
        assert_eq!(
            text,
            "<b>E1: a b</>\n\nSee <c>c</> on two lines.\n\n  <d>pipeline.mlp</>\n    # x\n\n\n  <d>lib.mlp</>\n    y\n\n  <d>steps.py</>\n    z\n"
        );
    }

    #[test]
    fn paragraphs_fit_the_terminal() {
        assert_eq!(wrap("one `two` three", 7), "one `two`\nthree\n");
    }
}
