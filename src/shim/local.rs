//! The front for local runs: a Python function called by plain words, which need no JSON for plain values.
//!
//! ```text
//! python shim.py FILE NAME FUNCTION (SPEC PORT TEXT)..
//! python shim.py @CALL.json
//! ```
//!
//! The head of `local.py` says what the words are. The step succeeds when the process exits with 0; every output is at its path then: a
//! file or folder, or the text of a value. **The text of an output is read back** as everywhere: a `str`, `date` or `datetime` less one
//! final newline (the shim writes one more where a text ends in one), all else as JSON; an output of `T?` is JSON also where `T` is
//! `str` (`null`, `"text"`). An optional artifact that is absent leaves nothing.

use serde_json::Value as Json;

use super::{By, CORE, assemble};

pub(super) const FRONT: &str = include_str!("local.py");
const START: &str = include_str!("start.py");

/// The files of the shim by name, written to one folder once a run. Of a script Python keeps no compiled form, of a module it does: so the
/// script does no more than start the module, which saves each step some milliseconds.
pub fn files() -> [(&'static str, String); 2] {
    [
        ("shim.py", assemble(&[START])),
        ("mlpc_step.py", assemble(&[CORE, FRONT])),
    ]
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub code: Code<'a>,
    pub function: &'a str,
    pub inputs: Vec<(&'a str, Input<'a>)>,
    pub outputs: Vec<Output<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Code<'a> {
    /// `path` holds the source. Called as the file of the user (`steps.py`) and alone in its folder, it is importable by processes that the
    /// step starts (`spawn`, joblib). `name` is what tracebacks show.
    File {
        path: &'a str,
        name: &'a str,
    },
    Module(&'a str),
}

#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    Absent,
    /// A value that was checked, by its type tree (as a plan holds it) and its text.
    Value {
        ty: &'a Json,
        text: &'a str,
    },
    Artifact {
        path: &'a str,
        as_path: bool,
    },
    Artifacts {
        paths: &'a [String],
        as_path: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    pub name: &'a str,
    /// The type tree; for an artifact anything whose kind is `artifact`.
    pub ty: &'a Json,
    pub by: By,
    pub path: &'a str,
}

impl Call<'_> {
    /// The arguments after `shim.py`.
    pub fn words(&self) -> Vec<String> {
        let (file, name) = match self.code {
            Code::File { path, name } => (path, name),
            Code::Module(module) => ("", module),
        };
        let mut words = vec![file.to_owned(), name.to_owned(), self.function.to_owned()];
        let mut port = |spec: String, name: &str, text: &str| {
            words.extend([spec, name.to_owned(), text.to_owned()])
        };
        for (name, input) in &self.inputs {
            let form = |as_path| if as_path { "path" } else { "str" };
            match input {
                Input::Absent => port("=null".into(), name, ""),
                Input::Value { ty, text } => port(format!("={}", type_word(given(ty))), name, text),
                Input::Artifact { path, as_path } => {
                    port(format!("<{}", form(*as_path)), name, path)
                }
                Input::Artifacts { paths, as_path } => {
                    let json = serde_json::to_string(paths).expect("texts are JSON");
                    port(format!("<{}s", form(*as_path)), name, &json);
                }
            }
        }
        for output in &self.outputs {
            let ty = type_word(output.ty);
            let spec = match output.by {
                By::Returned => format!(">{ty}"),
                By::Str => format!(">str:{ty}"),
                By::Path => format!(">path:{ty}"),
            };
            port(spec, output.name, output.path);
        }
        words
    }
}

/// The words can't be arguments: one has a NUL or is too long, or they are too many. Then they go to a file, as a JSON list, and the one
/// argument is `@` and its path.
pub fn needs_file(words: &[String]) -> bool {
    const LONGEST: usize = 100 << 10;
    const ALL: usize = 512 << 10;
    words
        .iter()
        .any(|word| word.len() > LONGEST || word.contains('\0'))
        || words.iter().map(|word| word.len() + 9).sum::<usize>() > ALL
}

/// The content of `CALL.json`.
pub fn file(words: &[String]) -> String {
    serde_json::to_string(words).expect("texts are JSON")
}

/// The type of a value that is there.
fn given(ty: &Json) -> &Json {
    ty.get("optional").unwrap_or(ty)
}

/// A word where one says it, else JSON. Refinements are left out: the runner checks them.
fn type_word(ty: &Json) -> String {
    match ty {
        Json::String(word) => word.clone(),
        other => match other.as_object().and_then(|tree| tree.iter().next()) {
            Some((kind, Json::Object(refined))) if kind == "refined" => type_word(&refined["base"]),
            Some((kind, _)) if kind == "artifact" => "artifact".to_owned(),
            Some((kind, inner)) if kind == "optional" => match type_word(inner) {
                word if word.starts_with('{') => other.to_string(),
                word => word + "?",
            },
            _ => other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_calls_are_plain_words() {
        let (optional, list) = (json!({ "optional": "int" }), json!({ "list": "int" }));
        let refined = json!({ "refined": { "base": "float", "min": 0.0, "max": 1.0 } });
        let model = json!({ "artifact": "Model" });
        let paths = ["/a".to_owned()];
        let call = Call {
            code: Code::File {
                path: "/r/src/ab/steps.py",
                name: "steps.py",
            },
            function: "train",
            inputs: vec![
                (
                    "n",
                    Input::Value {
                        ty: &optional,
                        text: "3",
                    },
                ),
                ("none", Input::Absent),
                (
                    "xs",
                    Input::Value {
                        ty: &list,
                        text: "[1]",
                    },
                ),
                (
                    "data",
                    Input::Artifact {
                        path: "/d",
                        as_path: true,
                    },
                ),
                (
                    "all",
                    Input::Artifacts {
                        paths: &paths,
                        as_path: false,
                    },
                ),
            ],
            outputs: vec![
                Output {
                    name: "f1",
                    ty: &refined,
                    by: By::Returned,
                    path: "/o/f1",
                },
                Output {
                    name: "model",
                    ty: &model,
                    by: By::Path,
                    path: "/o/model",
                },
                Output {
                    name: "k",
                    ty: &optional,
                    by: By::Str,
                    path: "/o/k",
                },
            ],
        };
        assert_eq!(
            call.words().join(" "),
            "/r/src/ab/steps.py steps.py train =int n 3 =null none  ={\"list\":\"int\"} xs [1] <path data /d \
             <strs all [\"/a\"] >float f1 /o/f1 >path:artifact model /o/model >str:int? k /o/k"
        );
        assert!(!needs_file(&call.words()));
        assert!(needs_file(&["a\0b".into()]) && needs_file(&["x".repeat(102_401)]));
    }
}
