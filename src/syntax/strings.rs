//! What string literals hold: escapes, braces and the indentation of triple strings, undone.

use std::ops::Range;

/// The text that a literal stands for, with the way back from it to the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// Where runs of text that are the same in the source begin: offset in `text`, offset in the token.
    runs: Vec<(u32, u32)>,
}

impl Decoded {
    /// The offset in the literal's token of what stands at `offset` bytes in the text.
    pub fn source_offset(&self, offset: usize) -> usize {
        let at = self
            .runs
            .partition_point(|(decoded, _)| *decoded as usize <= offset);
        match at.checked_sub(1).map(|run| self.runs[run]) {
            Some((decoded, source)) => source as usize + (offset - decoded as usize),
            None => offset,
        }
    }

    fn push(&mut self, source: usize, text: &str) {
        self.runs.push((self.text.len() as u32, source as u32));
        self.text.push_str(text);
    }
}

/// What is wrong with a literal; ranges are in bytes of its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringFault {
    /// The closing quotes are missing.
    Unterminated,
    /// `\q`
    UnknownEscape(Range<usize>),
    /// `\u` without `{..}`, or with what is no Unicode character inside.
    BadUnicode(Range<usize>),
    /// A `{` or `}` in an f-string's text that is not doubled.
    LoneBrace(Range<usize>),
}

/// A `".."` token.
pub fn plain(token: &str) -> Result<Decoded, Vec<StringFault>> {
    let mut faults = Vec::new();
    let inner = &token[1..];
    let inner = match inner
        .strip_suffix('"')
        .filter(|inner| !ends_in_open_escape(inner))
    {
        Some(inner) => inner,
        None => {
            faults.push(StringFault::Unterminated);
            inner
        }
    };
    escaped(inner, 1, false, faults)
}

/// A piece of text between the holes of an f-string.
pub fn fstring_text(token: &str) -> Result<Decoded, Vec<StringFault>> {
    escaped(token, 0, true, Vec::new())
}

/// Whether a backslash before the end takes what follows as its own.
fn ends_in_open_escape(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Undoes escapes, and doubled braces when `braces`; `text` stands at `base` in its token.
fn escaped(
    text: &str,
    base: usize,
    braces: bool,
    mut faults: Vec<StringFault>,
) -> Result<Decoded, Vec<StringFault>> {
    let mut decoded = Decoded::default();
    let special = |byte: u8| byte == b'\\' || (braces && matches!(byte, b'{' | b'}'));
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..]
            .iter()
            .take_while(|byte| !special(**byte))
            .count();
        if length > 0 {
            decoded.push(base + at, &text[at..at + length]);
            at += length;
            continue;
        }
        let rest = &text[at..];
        let length = if rest.starts_with('\\') {
            match escape(rest) {
                Ok((c, length)) => {
                    decoded.push(base + at, c.encode_utf8(&mut [0; 4]));
                    length
                }
                Err((length, unicode)) => {
                    let range = base + at..base + at + length;
                    faults.push(if unicode {
                        StringFault::BadUnicode(range)
                    } else {
                        StringFault::UnknownEscape(range)
                    });
                    length
                }
            }
        } else if rest.starts_with("{{") || rest.starts_with("}}") {
            decoded.push(base + at, &rest[..1]);
            2
        } else {
            faults.push(StringFault::LoneBrace(base + at..base + at + 1));
            1
        };
        at += length;
    }
    if faults.is_empty() {
        Ok(decoded)
    } else {
        Err(faults)
    }
}

/// The character of the escape that `text` begins with, and its length; else the length of what is wrong, and whether
/// it is a `\u`.
fn escape(text: &str) -> Result<(char, usize), (usize, bool)> {
    let Some(c) = text[1..].chars().next() else {
        return Err((1, false));
    };
    let plain = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '"' => '"',
        '\\' => '\\',
        'u' => return unicode_escape(text),
        other => return Err((1 + other.len_utf8(), false)),
    };
    Ok((plain, 2))
}

fn unicode_escape(text: &str) -> Result<(char, usize), (usize, bool)> {
    let Some(inner) = text.strip_prefix("\\u{") else {
        return Err((2, true));
    };
    let digits = inner.bytes().take_while(u8::is_ascii_hexdigit).count();
    if !inner[digits..].starts_with('}') {
        return Err((3 + digits, true));
    }
    let length = 3 + digits + 1;
    match u32::from_str_radix(&inner[..digits], 16)
        .ok()
        .and_then(char::from_u32)
    {
        Some(c) if digits <= 6 => Ok((c, length)),
        _ => Err((length, true)),
    }
}

/// A `""".."""` token. Nothing is escaped in it. The line end after the opening quotes is dropped, and from each line
/// the indentation that all share; blank lines, and text beside the opening quotes, have no say in that. Line ends are `\n`,
/// whatever the file has.
pub fn triple(token: &str) -> Result<Decoded, Vec<StringFault>> {
    let Some(inner) = token[3..].strip_suffix("\"\"\"") else {
        return Err(vec![StringFault::Unterminated]);
    };
    let lines: Vec<&str> = inner.split('\n').collect();
    let is_blank = |line: &str| line.trim_matches([' ', '\t', '\r']).is_empty();
    let indentation = |line: &'_ str| line.len() - line.trim_start_matches([' ', '\t']).len();

    let mut common: Option<&str> = None;
    for line in lines.iter().skip(1).filter(|line| !is_blank(line)) {
        let own = &line[..indentation(line)];
        common = Some(match common {
            Some(common) => {
                let shared = common
                    .bytes()
                    .zip(own.bytes())
                    .take_while(|(a, b)| a == b)
                    .count();
                &own[..shared]
            }
            None => own,
        });
    }
    let strip = common.map_or(0, str::len);

    let mut decoded = Decoded::default();
    let mut start = 3;
    let last = lines.len() - 1;
    for (at, line) in lines.iter().enumerate() {
        let text = match line.strip_suffix('\r') {
            Some(line) if at < last => line,
            _ => line,
        };
        if at == 0 {
            if last == 0 || !is_blank(text) {
                decoded.push(start, text);
                if last > 0 {
                    decoded.push(start + line.len(), "\n");
                }
            }
        } else if at < last || !is_blank(text) {
            let strip = strip.min(indentation(text));
            decoded.push(start + strip, &text[strip..]);
            if at < last {
                decoded.push(start + line.len(), "\n");
            }
        }
        start += line.len() + 1;
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(decoded: Result<Decoded, Vec<StringFault>>) -> String {
        decoded.expect("a good literal").text
    }

    #[test]
    fn escapes() {
        assert_eq!(
            text(plain(r#""a\n\t\r\"\\\u{e9}\u{1F600}{x}""#)),
            "a\n\t\r\"\\é😀{x}"
        );
        assert_eq!(text(plain(r#""""#)), "");
        assert_eq!(text(fstring_text(r"a{{b}}\n")), "a{b}\n");
    }

    #[test]
    fn faults_say_where() {
        assert_eq!(
            plain(r#""a\q""#),
            Err(vec![StringFault::UnknownEscape(2..4)])
        );
        assert_eq!(
            plain(r#""\é""#),
            Err(vec![StringFault::UnknownEscape(1..4)])
        );
        assert_eq!(
            plain(r#""\u{d800}""#),
            Err(vec![StringFault::BadUnicode(1..9)])
        );
        assert_eq!(plain(r#""\u12""#), Err(vec![StringFault::BadUnicode(1..3)]));
        assert_eq!(
            plain(r#""\u{0000041}""#),
            Err(vec![StringFault::BadUnicode(1..12)])
        );
        assert_eq!(plain("\"abc"), Err(vec![StringFault::Unterminated]));
        assert_eq!(plain("\""), Err(vec![StringFault::Unterminated]));
        assert!(
            plain(r#""abc\""#)
                .unwrap_err()
                .contains(&StringFault::Unterminated)
        );
        assert_eq!(fstring_text("a}b"), Err(vec![StringFault::LoneBrace(1..2)]));
    }

    #[test]
    fn triple_strings_lose_their_indentation() {
        assert_eq!(
            text(triple("\"\"\"\n    a\n      b\n\n    c\n  \"\"\"")),
            "a\n  b\n\nc\n"
        );
        assert_eq!(text(triple("\"\"\"a\"\"\"")), "a");
        assert_eq!(text(triple("\"\"\"\"\"\"")), "");
        assert_eq!(text(triple("\"\"\"  a\n    b\n   c\"\"\"")), "  a\n b\nc");
        assert_eq!(text(triple("\"\"\"\n\ta\n    b\"\"\"")), "\ta\n    b");
        assert_eq!(
            text(triple("\"\"\"\r\n  a\\n\r\n  b\r\n\"\"\"")),
            "a\\n\nb\n"
        );
        assert_eq!(text(triple("\"\"\"\n  a\n \"\"\"")), "a\n");
        assert_eq!(triple("\"\"\"a"), Err(vec![StringFault::Unterminated]));
    }

    #[test]
    fn the_way_back_to_the_source() {
        let token = "\"\"\"\n    a\n    bc\n\"\"\"";
        let decoded = triple(token).unwrap();
        for (at, c) in decoded.text.char_indices() {
            assert!(
                token[decoded.source_offset(at)..].starts_with(c),
                "{c:?} at {at}"
            );
        }
        let token = r#""a\nbc\tx""#;
        let decoded = plain(token).unwrap();
        assert_eq!(
            decoded.source_offset(decoded.text.find('c').unwrap()),
            token.find('c').unwrap()
        );
        assert_eq!(
            decoded.source_offset(decoded.text.find('x').unwrap()),
            token.find('x').unwrap()
        );
    }
}
