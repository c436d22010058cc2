//! The code blocks of a Markdown page.

use std::ops::Range;

#[derive(Debug, Clone, PartialEq)]
pub struct Fence {
    /// The heading above it, without its marks.
    pub heading: String,
    /// The words after the backticks.
    pub words: Vec<String>,
    pub text: String,
    /// Bytes of the text in the page.
    pub range: Range<usize>,
}

impl Fence {
    pub fn language(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The value of `key=value` among its words.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.words
            .iter()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The file that the block stands for.
    pub fn path(&self) -> &str {
        let bare = self.words.iter().skip(1).find(|word| !word.contains('='));
        let default = if self.language() == "mlp" {
            "pipeline.mlp"
        } else {
            ""
        };
        self.option("file")
            .or(bare.map(String::as_str))
            .unwrap_or(default)
    }
}

pub fn fences(page: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut heading = String::new();
    let mut open: Option<(Vec<String>, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(words) = line.trim_end().strip_prefix("```") {
            match open.take() {
                None => open = Some((words.split_whitespace().map(str::to_owned).collect(), at)),
                Some((words, from)) => found.push(Fence {
                    heading: heading.clone(),
                    words,
                    text: page[from..start].to_owned(),
                    range: from..start,
                }),
            }
        } else if open.is_none() && line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_owned();
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    found
}
