//! Numbers, durations and sizes: which of them a word of digits and letters is, and its value.

use std::time::Duration;

use super::kind::SyntaxKind;

/// Units of a duration, from long to short, in seconds.
pub const DURATION_UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Units of a size in bytes.
pub const SIZE_UNITS: [(&str, u64); 11] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// What a word that begins with a digit is: `Int`, `Float`, `Duration`, `Size` or `BadNumber`.
pub fn classify(word: &str) -> SyntaxKind {
    if is_digits(word) {
        let leading_zero = word.len() > 1 && word.starts_with('0');
        return if leading_zero {
            SyntaxKind::BadNumber
        } else {
            SyntaxKind::Int
        };
    }
    if is_float(word) {
        SyntaxKind::Float
    } else if pieces(word).is_some_and(|pieces| is_duration(&pieces)) {
        SyntaxKind::Duration
    } else if pieces(word)
        .is_some_and(|pieces| matches!(pieces[..], [(_, unit)] if size_unit(unit).is_some()))
    {
        SyntaxKind::Size
    } else {
        SyntaxKind::BadNumber
    }
}

/// Digits with single `_` between them.
fn is_digits(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| *byte == b'_')
        .all(|group| !group.is_empty() && group.iter().all(u8::is_ascii_digit))
}

fn is_float(word: &str) -> bool {
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let exponent_is_good =
        exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    exponent_is_good
        && is_digits(whole)
        && part.is_none_or(is_digits)
        && (part.is_some() || exponent.is_some())
}

/// `1h30m` as `[("1", "h"), ("30", "m")]`; nothing when it has another form.
fn pieces(word: &str) -> Option<Vec<(&str, &str)>> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'_')
            .count();
        let letters = rest[digits..]
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        if !is_digits(&rest[..digits]) || letters == 0 {
            return None;
        }
        pieces.push((&rest[..digits], &rest[digits..digits + letters]));
        rest = &rest[digits + letters..];
    }
    Some(pieces)
}

/// Units of duration only, each at most once and the longer before the shorter.
fn is_duration(pieces: &[(&str, &str)]) -> bool {
    let order: Option<Vec<usize>> = pieces
        .iter()
        .map(|(_, unit)| DURATION_UNITS.iter().position(|(known, _)| known == unit))
        .collect();
    order.is_some_and(|order| order.windows(2).all(|pair| pair[0] < pair[1]))
}

fn size_unit(unit: &str) -> Option<u64> {
    SIZE_UNITS
        .iter()
        .find(|(known, _)| *known == unit)
        .map(|(_, bytes)| *bytes)
}

fn number(digits: &str) -> Option<u64> {
    digits.replace('_', "").parse().ok()
}

/// The value of an `Int` token that may have a `-` before it; nothing when 64 bits do not hold it.
pub fn int(digits: &str, negative: bool) -> Option<i64> {
    let magnitude = number(digits)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The value of a `Float` token; nothing when it is too large for a double.
pub fn float(text: &str) -> Option<f64> {
    let value: f64 = text.replace('_', "").parse().ok()?;
    value.is_finite().then_some(value)
}

/// The value of a `Duration` token; nothing when its seconds exceed 64 bits (signed, as engines count them).
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0u64;
    for (count, unit) in pieces(text)? {
        let (_, length) = DURATION_UNITS.iter().find(|(known, _)| *known == unit)?;
        seconds = seconds.checked_add(number(count)?.checked_mul(*length)?)?;
    }
    i64::try_from(seconds).ok()?;
    Some(Duration::from_secs(seconds))
}

/// The value of a `Size` token in bytes; nothing when it exceeds 64 bits (signed, as engines count them).
pub fn size(text: &str) -> Option<u64> {
    let [(count, unit)] = pieces(text)?[..] else {
        return None;
    };
    let bytes = number(count)?.checked_mul(size_unit(unit)?)?;
    i64::try_from(bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_classified() {
        use SyntaxKind::*;
        for (kind, words) in [
            (Int, &["0", "7", "1_000", "42"][..]),
            (Float, &["0.5", "1e5", "1.5e-3", "1E+5", "1_000.2_5"]),
            (
                Duration,
                &["90s", "5m", "1h30m", "2d", "2d3h4m5s", "1_000s"],
            ),
            (Size, &["512MiB", "4GiB", "1TB", "7B"]),
            (
                BadNumber,
                &[
                    "5min", "500ms", "0x10", "1.5h", "007", "1__0", "1_", "4Gi", "30m1h", "1m2m",
                    "1h5", "1e", "1hGiB",
                ],
            ),
        ] {
            for word in words {
                assert_eq!(classify(word), kind, "{word}");
            }
        }
    }

    #[test]
    fn values() {
        assert_eq!(int("9_223_372_036_854_775_807", false), Some(i64::MAX));
        assert_eq!(int("9223372036854775808", false), None);
        assert_eq!(int("9223372036854775808", true), Some(i64::MIN));
        assert_eq!(int("9223372036854775809", true), None);
        assert_eq!(int("99999999999999999999999", true), None);
        assert_eq!(float("1_0.5e1"), Some(105.0));
        assert_eq!(float("1e999"), None);
        assert_eq!(
            duration("1d2h3m4s"),
            Some(Duration::from_secs(86_400 + 7_200 + 180 + 4))
        );
        assert_eq!(duration("200000000000000000000s"), None);
        assert_eq!(duration("200000000000000d"), None);
        assert_eq!(size("512MiB"), Some(512 << 20));
        assert_eq!(size("9999999PiB"), None);
    }
}
