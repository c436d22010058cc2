//! JSON lines that carry a checksum of themselves, so that a torn or damaged one is seen.

use serde::Serialize;

/// `,"sum":"0123456789abcdef"}`
const TAIL: usize = 26;

/// Appends an object as one line, its checksum as the last entry. `record` serializes to an object with at least one entry.
pub(super) fn seal(record: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    serde_json::to_writer(&mut *out, record).expect("records have text keys only");
    let sum = checksum(&out[start..]);
    out.pop();
    out.extend_from_slice(b",\"sum\":\"");
    out.extend_from_slice(sum.as_bytes());
    out.extend_from_slice(b"\"}\n");
}

/// Whether a line, without its end, is as it was sealed.
pub(super) fn is_whole(line: &[u8]) -> bool {
    let Some((head, tail)) = line.split_at_checked(line.len().saturating_sub(TAIL)) else {
        return false;
    };
    let sum = tail
        .strip_prefix(b",\"sum\":\"")
        .and_then(|tail| tail.strip_suffix(b"\"}"));
    let mut whole = head.to_vec();
    whole.push(b'}');
    sum == Some(checksum(&whole).as_bytes())
}

fn checksum(record: &[u8]) -> String {
    blake3::hash(record).to_hex()[..16].to_owned()
}
