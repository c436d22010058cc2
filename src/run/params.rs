//! The parameters of a run: `--set` texts, defaults and locations made into values.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::error::Error;
use super::tree::Facts;
use crate::diagnostics::did_you_mean;
use crate::plan::{Param, RunField};
use crate::value::Value;

/// Where relative locations begin.
pub(super) struct Places<'a> {
    /// For what is set: where the command runs.
    pub here: &'a Path,
    /// For defaults.
    pub defaults: &'a Path,
}

/// The value of every parameter: the last text that is set for it, else what it was `before` in a run that is resumed, else its default.
pub(super) fn bind(
    params: &[Param],
    set: &[(String, String)],
    before: &IndexMap<String, Value>,
    facts: &Facts,
    places: &Places<'_>,
) -> Result<IndexMap<String, Value>, Error> {
    for (name, _) in set {
        if !params.iter().any(|param| param.name == *name) {
            let known = params.iter().map(|param| param.name.as_str());
            let help = did_you_mean(name, known).unwrap_or_else(|| "it has no parameters".into());
            return Err(Error::usage(format!("the pipeline has no parameter `{name}`")).help(help));
        }
    }
    let mut values = IndexMap::new();
    for param in params {
        let text = set
            .iter()
            .rev()
            .find(|(name, _)| *name == param.name)
            .map(|(_, text)| text);
        // What was another type's before is not resumed.
        let before = before
            .get(&param.name)
            .and_then(|value| param.ty.conform(value.clone()).ok());
        let (value, base) = match (text, &param.default, param.default_run) {
            (Some(text), ..) => (parse(param, text)?, places.here),
            (None, ..) if before.is_some() => (before.unwrap_or(Value::Absent), places.here),
            (None, Some(value), _) => (conform(param, value.clone())?, places.defaults),
            (None, None, Some(field)) => (
                conform(param, Value::Str(fact(facts, field).to_owned()))?,
                places.defaults,
            ),
            (None, None, None) if param.ty.is_optional() => (Value::Absent, places.defaults),
            (None, None, None) => {
                return Err(Error::usage(format!(
                    "parameter `{}` ({}) has no default",
                    param.name, param.ty
                ))
                .help(format!("give it by `--set {}=..`", param.name)));
            }
        };
        let value = param
            .ty
            .map_artifacts(value, &mut |location| locate(param, &location, base))?;
        values.insert(param.name.clone(), value);
    }
    Ok(values)
}

/// The value of a text given by `--set`: as it is where a value travels as text, else JSON.
fn parse(param: &Param, text: &str) -> Result<Value, Error> {
    if param.ty.is_text() {
        return conform(param, Value::Str(text.to_owned()));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => conform(param, value),
        Err(error) => Err(Error::usage(format!(
            "`--set {}`: a value of type {} is written as JSON, and `{text}` is not: {error}",
            param.name, param.ty
        ))),
    }
}

fn conform(param: &Param, value: Value) -> Result<Value, Error> {
    let refused = |reject| Error::usage(format!("parameter `{}`: {reject}", param.name));
    param.ty.conform(value).map_err(refused)
}

fn fact(facts: &Facts, field: RunField) -> &str {
    match field {
        RunField::Id => &facts.id,
        RunField::Name => &facts.name,
        RunField::Date => &facts.date,
        RunField::IntervalStart => &facts.interval_start,
        RunField::IntervalEnd => &facts.interval_end,
        // Nothing is known of it before the run; a checked program doesn't ask.
        RunField::Status => "",
    }
}

/// The absolute path of an artifact that exists.
fn locate(param: &Param, location: &str, base: &Path) -> Result<String, Error> {
    let refused = |why: String| Error::usage(format!("parameter `{}`: {why}", param.name));
    let set = format!("give its path by `--set {}=..`", param.name);
    let written = base.join(location);
    let path = match scheme(location) {
        // However it looks, it is there.
        _ if written.exists() => written,
        Some("file") => match file_uri(location) {
            Some(path) => path,
            None => {
                let why = format!(
                    "`{location}` is no file of this machine: a URI of one is `file:///absolute/path`"
                );
                return Err(refused(why).help(set));
            }
        },
        Some(scheme) => {
            let why = format!(
                "a local run reads files and folders, and `{location}` is a {scheme} location"
            );
            return Err(refused(why).help(format!("download it, then {set}")));
        }
        None => written,
    };
    if !path.exists() {
        return Err(refused(format!("there is no file or folder `{}`", path.display())).help(set));
    }
    let path = std::path::absolute(&path).map_err(|error| Error::io("find", &path, &error))?;
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| refused(format!("the path `{}` is not UTF-8", path.display())))
}

/// `s3` of `s3://bucket/key`
fn scheme(location: &str) -> Option<&str> {
    let (scheme, _) = location.split_once("://")?;
    let mut chars = scheme.chars();
    let starts = chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    (starts && chars.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))).then_some(scheme)
}

/// The path of `file:///a%20b` or `file://localhost/a`.
fn file_uri(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            id: "id".into(),
            name: "name".into(),
            date: "2024-01-31".into(),
            interval_start: "2024-01-31T10:00:00Z".into(),
            interval_end: "2024-01-31T10:00:00Z".into(),
        }
    }

    fn check(params: &str, set: &[(&str, &str)], expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("data file.csv"), "").unwrap();
        let params: Vec<Param> = serde_json::from_str(params).unwrap();
        let here = folder.path().to_str().unwrap();
        let set: Vec<_> = set
            .iter()
            .map(|(name, text)| (name.to_string(), text.replace("HERE", here)))
            .collect();
        let places = Places {
            here: folder.path(),
            defaults: folder.path(),
        };
        let found = bind(&params, &set, &IndexMap::new(), &facts(), &places);
        let found = found
            .map(|values| Value::Map(values).json().replace(here, "HERE"))
            .map_err(|error| {
                format!(
                    "{}{}",
                    error,
                    error
                        .help
                        .as_ref()
                        .map(|help| format!(" | {help}"))
                        .unwrap_or_default()
                )
            });
        let found = found.map_err(|text| text.replace(here, "HERE"));
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn texts_become_values() {
        let params = r#"[{"name": "s", "type": "str"}, {"name": "n", "type": "float"}, {"name": "l", "type": {"list": "int"}, "default": []},
            {"name": "o", "type": {"optional": "int"}}, {"name": "d", "type": "date", "default_run": "date"}]"#;
        let expected = r#"{"s": "[1]", "n": 1.0, "l": [1, 2], "o": null, "d": "2024-01-31"}"#;
        check(
            params,
            &[("s", "[1]"), ("n", "1"), ("l", "[1, 2]")],
            Ok(expected),
        );
        let expected = r#"{"s": "", "n": 1e-05, "l": [], "o": 3, "d": "2024-02-01"}"#;
        check(
            params,
            &[
                ("s", "x"),
                ("s", ""),
                ("n", "1e-5"),
                ("o", "3"),
                ("d", "2024-02-01"),
            ],
            Ok(expected),
        );
    }

    #[test]
    fn wrong_texts_are_refused() {
        let params =
            r#"[{"name": "rows", "type": {"refined": {"base": "int", "min": 1, "max": 9}}}]"#;
        check(
            params,
            &[],
            Err("parameter `rows` (int in 1..=9) has no default | give it by `--set rows=..`"),
        );
        check(
            params,
            &[("row", "1")],
            Err("the pipeline has no parameter `row` | did you mean `rows`?"),
        );
        check(
            params,
            &[("rows", "10")],
            Err("parameter `rows`: expected int in 1..=9, got 10"),
        );
        check(
            params,
            &[("rows", "1.0")],
            Err("parameter `rows`: expected int, got 1.0"),
        );
        check(
            params,
            &[("rows", "many")],
            Err(
                "`--set rows`: a value of type int in 1..=9 is written as JSON, and `many` is not: expected value at line 1 column 1",
            ),
        );
        check(
            "[]",
            &[("x", "1")],
            Err("the pipeline has no parameter `x` | it has no parameters"),
        );
    }

    #[test]
    fn artifacts_are_locations() {
        let params = r#"[{"name": "data", "type": {"optional": {"artifact": "Dataset"}}}]"#;
        check(params, &[], Ok(r#"{"data": null}"#));
        check(
            params,
            &[("data", "data file.csv")],
            Ok(r#"{"data": "HERE/data file.csv"}"#),
        );
        check(
            params,
            &[("data", "file://HERE/data%20file.csv")],
            Ok(r#"{"data": "HERE/data file.csv"}"#),
        );
        check(
            params,
            &[("data", "no.csv")],
            Err(
                "parameter `data`: there is no file or folder `HERE/no.csv` | give its path by `--set data=..`",
            ),
        );
        check(
            params,
            &[("data", "s3://bucket/x")],
            Err(
                "parameter `data`: a local run reads files and folders, and `s3://bucket/x` is a s3 location \
                 | download it, then give its path by `--set data=..`",
            ),
        );
        let list = r#"[{"name": "all", "type": {"list": {"artifact": "Dataset"}}, "default": ["data file.csv"]}]"#;
        check(list, &[], Ok(r#"{"all": ["HERE/data file.csv"]}"#));
    }
}
