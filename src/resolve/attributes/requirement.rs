//! Package requirements: the part of PEP 508 that a list in a pipeline needs, `name[extra, ..] ==1.2, ..`.
//!
//! Left out are markers (`; python_version < "3.9"`: a component has one image), addresses (`name @ https://..`) and
//! pip's options.

use std::sync::LazyLock;

use regex::Regex;

use super::text::Fault;

const FORM: &str = "a package is written `pandas==2.2.3`, `pyarrow>=17,<18` or `uvicorn[standard]`";

/// A version of PEP 440, without the local part.
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix-u) ^ v? ([0-9]+!)? [0-9]+ (\.[0-9]+)*
          ( [-_.]? (alpha|beta|preview|pre|a|b|c|rc) [-_.]? [0-9]* )?
          ( -[0-9]+ | [-_.]? (post|rev|r) [-_.]? [0-9]* )?
          ( [-_.]? dev [-_.]? [0-9]* )? $",
    )
    .expect("the pattern is constant")
});

/// Longest first, so that `==` is not read as `=` twice.
const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

/// The package's name in the normal form of PEP 503: what pip means by it.
pub fn check(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new("has nothing in it").help(FORM));
    }
    if text.trim() != text {
        return Err(Fault::new("begins or ends with a blank")
            .help(format!("write `{}`", text.trim().replace('`', "'"))));
    }
    if text.starts_with('-') {
        return Err(Fault::new("an option of pip is no package").help(FORM));
    }
    if text.contains(';') {
        return Err(Fault::new("a condition after `;` is not supported")
            .help("a component has one image, so list what that image needs"));
    }
    if text.contains('@') || text.contains("://") {
        return Err(Fault::new("an address is not supported")
            .help("name a package of the index, or use an image that has it"));
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() {
        return Err(Fault::new("no package's name at the beginning").help(FORM));
    }
    let ends = [name.chars().next(), name.chars().last()];
    if ends.iter().flatten().any(|c| !c.is_ascii_alphanumeric()) {
        return Err(Fault::new(
            "a package's name begins and ends with a letter or a digit",
        ));
    }
    rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('[') {
        let Some((extras, after)) = inside.split_once(']') else {
            return Err(Fault::new("the `[` is not closed").help(FORM));
        };
        for extra in extras.split(',').map(str::trim) {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if extra.is_empty() || !extra.chars().all(word) {
                return Err(Fault::new("expected names of extras between `[` and `]`").help(FORM));
            }
        }
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        for specifier in rest.split(',') {
            check_specifier(specifier.trim(), name)?;
        }
    }
    Ok(normal(name))
}

/// Lower case, with runs of `-`, `_` and `.` as one `-`.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase()
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn check_specifier(specifier: &str, name: &str) -> Result<(), Fault> {
    if specifier.is_empty() {
        return Err(Fault::new("a `,` with nothing after it").help(FORM));
    }
    let Some(operator) = OPERATORS
        .into_iter()
        .find(|operator| specifier.starts_with(operator))
    else {
        let version = specifier.trim_start_matches('=').trim_start();
        let fault = Fault::new(format!(
            "expected one of `==`, `>=`, `<=`, `>`, `<`, `!=`, `~=` before `{}`",
            version.replace('`', "'")
        ));
        return Err(if VERSION.is_match(version) {
            fault.help(format!("write `{name}=={version}`"))
        } else {
            fault.help(FORM)
        });
    };
    let version = specifier[operator.len()..].trim();
    if operator == "===" {
        return if version.is_empty() || version.contains(char::is_whitespace) {
            Err(Fault::new("no version after `===`"))
        } else {
            Ok(())
        };
    }
    let bad = || {
        Fault::new(match version {
            "" => format!("no version after `{operator}`"),
            version => format!("`{}` is no version", version.replace('`', "'")),
        })
    };
    let exact = matches!(operator, "==" | "!=");
    if let Some(prefix) = version.strip_suffix(".*") {
        if !exact {
            return Err(Fault::new(format!(
                "`.*` goes with `==` and `!=`, not with `{operator}`"
            ))
            .help(format!("write `{name}{operator}{prefix}`")));
        }
        return match VERSION.is_match(prefix) {
            true => Ok(()),
            false => Err(bad()),
        };
    }
    let (public, local) = match version.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (version, None),
    };
    if !VERSION.is_match(public) {
        return Err(bad());
    }
    if let Some(local) = local {
        let part =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !local.split(['.', '-', '_']).all(part) {
            return Err(bad());
        }
        if !exact {
            return Err(Fault::new(format!(
                "`+{local}` goes with `==` and `!=`, not with `{operator}`"
            )));
        }
    }
    let release = public
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .split('!')
        .next_back()
        .unwrap_or_default();
    let whole = release
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map_or(release, |end| &release[..end]);
    if operator == "~=" && !whole.trim_end_matches('.').contains('.') {
        return Err(Fault::new("`~=` needs a version of two numbers or more")
            .help(format!("write `{name}~={whole}.0`, or `{name}>={whole}`")));
    }
    Ok(())
}
