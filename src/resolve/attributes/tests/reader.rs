//! Constants from text, so that tests read as programs do. It panics at what it doesn't know: tests write what is
//! right.

use std::time::Duration;

use crate::resolve::constant::{Constant, ConstantKind, Entry};
use crate::source::{FileId, Span};

/// Reads `key: value` entries, separated by commas or line ends.
pub fn entries(source: &str) -> Vec<Entry> {
    let mut reader = Reader { source, at: 0 };
    let entries = reader.entries();
    assert_eq!(reader.rest(), "", "unread");
    entries
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn skip(&mut self) {
        let rest = self.rest();
        let blank = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        self.at += rest.len() - blank.len();
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn span(&self, from: usize) -> Span {
        Span::new(FileId(0), from, self.at)
    }

    /// Letters, digits and what stands in numbers with units.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let long = rest
            .find(|c: char| !(c.is_alphanumeric() || "_.-".contains(c)))
            .unwrap_or(rest.len());
        self.at += long;
        &rest[..long]
    }

    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut chars = self.rest()[1..].chars();
        loop {
            match chars.next().expect("a string ends") {
                '"' => break,
                '\\' => text.push(match chars.next().expect("an escape") {
                    'n' => '\n',
                    '0' => '\0',
                    other => other,
                }),
                other => text.push(other),
            }
        }
        self.at = self.source.len() - chars.as_str().len();
        text
    }

    fn entries(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        loop {
            self.skip();
            if self.rest().is_empty() || self.rest().starts_with('}') {
                return entries;
            }
            let from = self.at;
            let key = match self.rest().starts_with('"') {
                true => self.string(),
                false => self.word().to_owned(),
            };
            let key_span = self.span(from);
            assert!(self.eat(":"), "no `:` at {:?}", self.rest());
            self.skip();
            let value = self.constant();
            entries.push(Entry {
                key,
                key_span,
                value,
            });
        }
    }

    fn constant(&mut self) -> Constant {
        let from = self.at;
        let kind = if self.rest().starts_with('"') {
            ConstantKind::Str(self.string())
        } else if self.eat("{") {
            let entries = self.entries();
            assert!(self.eat("}"));
            ConstantKind::Record(entries)
        } else if self.eat("[") {
            let mut items = Vec::new();
            self.skip();
            while !self.eat("]") {
                items.push(self.constant());
                self.skip();
            }
            ConstantKind::List(items)
        } else {
            plain(self.word())
        };
        Constant {
            kind,
            span: self.span(from),
        }
    }
}

fn plain(word: &str) -> ConstantKind {
    if let Ok(value) = word.parse() {
        return ConstantKind::Bool(value);
    }
    if let Ok(number) = word.parse() {
        return ConstantKind::Int(number);
    }
    if let Ok(number) = word.parse() {
        return ConstantKind::Float(number);
    }
    let sizes = [
        ("PiB", 1 << 50),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
    ];
    for (unit, bytes) in sizes {
        if let Some(count) = word.strip_suffix(unit) {
            return ConstantKind::Size(count.parse::<u64>().expect("a count") * bytes);
        }
    }
    let mut seconds = 0;
    let mut count = 0;
    for c in word.chars() {
        match (c.to_digit(10), c) {
            (Some(digit), _) => count = count * 10 + u64::from(digit),
            (None, unit) => {
                seconds += count
                    * match unit {
                        's' => 1,
                        'm' => 60,
                        'h' => 3600,
                        'd' => 86_400,
                        _ => panic!("`{word}` is no constant"),
                    };
                count = 0;
            }
        }
    }
    ConstantKind::Duration(Duration::from_secs(seconds))
}
