//! Image references: `[host[:port]/]path[:tag][@algorithm:digest]`, as registries take them.

use super::text::Fault;

const FORM: &str = "an image is written `python:3.12-slim` or `ghcr.io/acme/train@sha256:..`";

pub fn check(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new("has nothing in it").help(FORM));
    }
    if text.contains("{{") || text.contains("}}") {
        return Err(
            Fault::new("holds template braces, which an engine would fill in")
                .help("an image is a constant: write its name and tag"),
        );
    }
    if let Some(scheme) = ["https://", "http://", "docker://", "oci://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))
    {
        return Err(Fault::new(format!("`{scheme}` is no part of an image"))
            .help(format!("write `{}`", &text[scheme.len()..])));
    }
    if text.contains(char::is_whitespace) {
        return Err(Fault::new("an image has no blanks").help(FORM));
    }
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    // A `:` before the last `/` belongs to a port.
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    };
    name_fault(name)?;
    if let Some(tag) = tag {
        tag_fault(tag)?;
    }
    if let Some(digest) = digest {
        digest_fault(digest)?;
    }
    Ok(())
}

fn name_fault(name: &str) -> Result<(), Fault> {
    if name.chars().count() > 255 {
        return Err(Fault::new("an image's name has at most 255 characters"));
    }
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if is_host(host) => (Some(host), path),
        _ => (None, name),
    };
    if let Some(host) = host {
        host_fault(host)?;
    }
    if path.is_empty() {
        return Err(Fault::new("no name stands before the tag or digest").help(FORM));
    }
    for part in path.split('/') {
        if part.is_empty() {
            return Err(Fault::new("nothing stands between two `/`"));
        }
        if part.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(
                Fault::new(format!("`{part}` has capital letters")).help(format!(
                    "an image's name is in lower case: `{}`",
                    part.to_ascii_lowercase()
                )),
            );
        }
        if !is_component(part) {
            return Err(Fault::new(format!(
                "`{}` is no part of an image's name: lower-case letters and digits, with single `.`, `_` or `-` between",
                part.replace('`', "'")
            )));
        }
    }
    Ok(())
}

/// The first part is a host when it can't be anything else.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || part.chars().any(|c| c.is_ascii_uppercase())
}

fn host_fault(host: &str) -> Result<(), Fault> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let literal = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| {
            !address.is_empty() && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':')
        });
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if !literal && !name.split('.').all(label) {
        return Err(Fault::new(format!(
            "`{}` is no registry's host name",
            name.replace('`', "'")
        )));
    }
    match port {
        Some(port) if port.parse::<u16>().is_err() || !digits(port) => Err(Fault::new(format!(
            "`{}` is no port",
            port.replace('`', "'")
        ))),
        _ => Ok(()),
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_component(part: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = part;
    loop {
        let run = rest.find(|c| !alphanumeric(c)).unwrap_or(rest.len());
        if run == 0 {
            return false;
        }
        rest = &rest[run..];
        if rest.is_empty() {
            return true;
        }
        let joint = rest.find(alphanumeric).unwrap_or(rest.len());
        let between = &rest[..joint];
        if !(matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')) {
            return false;
        }
        rest = &rest[joint..];
    }
}

fn tag_fault(tag: &str) -> Result<(), Fault> {
    if tag.is_empty() {
        return Err(
            Fault::new("nothing stands after the `:`").help("write a tag, or leave out the `:`")
        );
    }
    let first = tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let rest = tag
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !first || !rest {
        return Err(Fault::new(format!(
            "`{}` is no tag: ASCII letters, digits, `_`, `.` and `-`, and no `.` or `-` first",
            tag.replace('`', "'")
        )));
    }
    if tag.len() > 128 {
        return Err(Fault::new("a tag has at most 128 characters"));
    }
    Ok(())
}

fn digest_fault(digest: &str) -> Result<(), Fault> {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Err(Fault::new(
            "a digest follows the `@`: `sha256:` and 64 hexadecimal digits",
        ));
    };
    let lower_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let long = match algorithm {
        "sha256" => 64,
        "sha512" => 128,
        _ => {
            return Err(Fault::new(format!(
                "`{}` is no digest's algorithm: `sha256` or `sha512`",
                algorithm.replace('`', "'")
            )));
        }
    };
    if hex.len() != long || !hex.chars().all(lower_hex) {
        return Err(Fault::new(format!(
            "a `{algorithm}` digest has {long} hexadecimal digits in lower case, this has {}",
            hex.chars().count()
        )));
    }
    Ok(())
}
