//! Which text may stand in the documents as it is, and how the rest is written.
//!
//! What stands in a command, an argument, a constant or a variable is read again on its way to the step: Argo and Kubeflow's launcher
//! look for `{{..}}`, Kubernetes makes `$$` one `$` and fills in `$(NAME)`, and kfp.local writes its interpreter's path for `python3` and
//! looks for its workspace. Text without any of these is safe and stays plain. The rest is written so that no two harmful characters
//! stand side by side: in JSON text by an escape, in an argument by cutting it in two.
//!
//! The API server stores a pipeline as YAML that it can't always read again: some control characters are not safe anywhere.

use crate::value::Value;

/// Places to cut: after the first part and before the second, together they would be read.
const PAIRS: [(&str, &str); 4] = [
    ("{", "{"),
    ("$", "$"),
    ("python", "3"),
    ("/kfp-", "workspace"),
];

/// What one argument may hold; Linux takes 128 KiB, and the launcher adds its own to some.
pub const LONGEST_ARGUMENT: usize = 90_000;

/// The text is read as it is written, wherever it stands.
pub fn is_safe(text: &str) -> bool {
    cuts(text).is_empty() && !text.contains(is_lost)
}

/// A character that the API server does not give back, or fails on.
pub fn is_lost(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// Offsets at which the text must be cut so that each piece is safe.
fn cuts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut cuts = Vec::new();
    for at in 1..bytes.len() {
        let pair = PAIRS.iter().any(|(before, after)| {
            bytes[at..].starts_with(after.as_bytes()) && bytes[..at].ends_with(before.as_bytes())
        });
        if pair || is_reference(&bytes[at - 1..]) {
            cuts.push(at);
        }
    }
    cuts
}

/// `$(NAME)`: the name of a variable, as Kubernetes takes them.
fn is_reference(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"$(") else {
        return false;
    };
    let Some(end) = rest.iter().position(|&byte| byte == b')') else {
        return false;
    };
    let name = &rest[..end];
    !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
}

/// The text in pieces that are safe and of which none is longer than an argument may be. Safe and short text is one piece. What
/// [`is_lost`] is lost all the same.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut ends = cuts(text);
    ends.push(text.len());
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in ends {
        while end - start > LONGEST_ARGUMENT {
            let cut = text.floor_char_boundary(start + LONGEST_ARGUMENT);
            pieces.push(&text[start..cut]);
            start = cut;
        }
        pieces.push(&text[start..end]);
        start = end;
    }
    pieces
}

/// The JSON text of a value, safe.
pub fn json(value: &Value) -> String {
    safe_json(&value.json())
}

/// JSON text made safe: what is harmful stands in its strings only, where an escape is the same character.
pub fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut cuts = cuts(json).into_iter().peekable();
    for (at, c) in json.char_indices() {
        if cuts.next_if_eq(&at).is_some() || is_lost(c) {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

/// All text inside a value is safe.
pub fn is_safe_value(value: &Value) -> bool {
    match value {
        Value::Absent | Value::Bool(_) | Value::Int(_) | Value::Float(_) => true,
        Value::Str(text) => is_safe(text),
        Value::List(items) => items.iter().all(is_safe_value),
        Value::Map(entries) => entries
            .iter()
            .all(|(key, value)| is_safe(key) && is_safe_value(value)),
    }
}

/// Whether `find` holds for any text inside a value.
pub fn any_text(value: &Value, find: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Absent | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
        Value::Str(text) => find(text),
        Value::List(items) => items.iter().any(|item| any_text(item, find)),
        Value::Map(entries) => entries
            .iter()
            .any(|(key, value)| find(key) || any_text(value, find)),
    }
}

/// The first int inside a value that a double does not hold.
pub fn inexact_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(int) => (int.unsigned_abs() > 1 << 53).then_some(*int),
        Value::List(items) => items.iter().find_map(inexact_int),
        Value::Map(entries) => entries.values().find_map(inexact_int),
        _ => None,
    }
}

/// A word of a POSIX shell script that stands for the text.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARMFUL: [&str; 12] = [
        "{{x}}",
        "{{{",
        "a{{$.inputs.parameters['x']}}b",
        "$$",
        "$$$(HOME)",
        "$(HOME)",
        "python3",
        "/kfp-workspace/x",
        "{{$}}{{",
        "é{{é",
        "x$(A.b-c)y",
        "{{workflow.name}} costs $$",
    ];

    #[test]
    fn harmless_text_is_plain() {
        for text in [
            "",
            "{",
            "}}",
            "{ {",
            "$(touch pwned)",
            "$(date +%F)",
            "${HOME}",
            "$x $y",
            "python 3",
            "-n",
            "a\nb",
            "$((1 + 2))",
        ] {
            assert!(is_safe(text), "{text:?}");
            assert_eq!(pieces(text), [text]);
        }
    }

    #[test]
    fn harmful_text_is_cut_into_safe_pieces() {
        for text in HARMFUL {
            assert!(!is_safe(text), "{text:?}");
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| is_safe(piece)), "{pieces:?}");
        }
    }

    #[test]
    fn harmful_text_is_safe_as_json() {
        for text in HARMFUL.into_iter().chain(["\u{85}\u{7f}", "\u{ffff}{{"]) {
            let value = Value::Map(
                [(
                    text.to_owned(),
                    Value::List(vec![Value::Str(text.to_owned())]),
                )]
                .into_iter()
                .collect(),
            );
            let json = json(&value);
            assert!(is_safe(&json), "{json}");
            let read: serde_json::Value = serde_json::from_str(&json).expect("still JSON");
            assert_eq!(Value::from_json(&read), value);
        }
        assert_eq!(json(&Value::Str("{{x}}".into())), r#""{\u007bx}}""#);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = "é".repeat(LONGEST_ARGUMENT);
        let pieces = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST_ARGUMENT));
        assert_eq!(pieces.len(), 2);
    }

    #[test]
    fn shell_words() {
        assert_eq!(shell_word("--n=1"), "--n=1");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("it's $x"), "'it'\\''s $x'");
    }
}
