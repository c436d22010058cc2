//! The description of a step in a container, as `container.py` reads it.

use base64::Engine;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::{Expr, Needs};
use crate::graph::{Part, PythonInput, PythonOutput, Word};

/// A step for a front: `F` says where the engine has an input, `T` where an output goes.
#[derive(Clone, Debug, Serialize)]
pub struct Step<F, T> {
    #[serde(flatten)]
    pub work: Work,
    /// What only expressions read. All names of inputs and reads are different.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Input<F>>,
    /// The ports of the component; for [`Work::Give`] and [`Work::Fail`] none.
    pub inputs: Vec<Input<F>>,
    pub outputs: Vec<Output<T>>,
    /// What pip installs before a Python function's file is run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

/// What a step does.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Work {
    Function {
        function: String,
        #[serde(flatten)]
        code: Code,
    },
    /// An argument list; the image has Python to run the shim with.
    Run(#[serde(serialize_with = "run")] Vec<Word>),
    Shell {
        shell: String,
    },
    /// Outputs that are expressions, by name.
    Give {
        give: indexmap::IndexMap<String, Expr>,
    },
    /// Fails with the text of a message.
    Fail {
        fail: Expr,
    },
    /// Fails with the message unless the condition holds.
    Require {
        require: Expr,
        message: Expr,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Code {
    /// `file` is the name that tracebacks show.
    Embedded {
        file: String,
        source: String,
    },
    /// The same, in a file at the path `at`: its text, or the base64 of that.
    File {
        file: String,
        at: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        encoded: bool,
    },
    Installed {
        module: String,
    },
}

#[derive(Clone, Debug, Serialize)]
pub struct Input<F> {
    pub name: String,
    /// See [`type_tree`](super::type_tree).
    #[serde(rename = "type")]
    pub ty: Json,
    #[serde(rename = "as", skip_serializing_if = "is_default")]
    pub take: Take,
    #[serde(flatten)]
    pub given: Given<F>,
    /// Where it is not what the engine's front expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
}

/// What a step takes for an input. An artifact is never a [`Value`](Take::Value); for a command it is a [`Str`](Take::Str).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    #[default]
    Value,
    Str,
    Path,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Given<F> {
    Engine(F),
    /// Of other inputs and reads; an input that is known to be absent is the literal `null`.
    Computed {
        expr: Expr,
    },
}

#[derive(Clone, Debug, Serialize)]
pub struct Output<T> {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Json,
    /// Commands write to paths: [`By::Str`].
    pub by: By,
    #[serde(flatten)]
    pub to: T,
    /// [`Carried::Base64`], or nothing for the value's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Written to the path that the parameter of its name gets, as `str`.
    Str,
    /// The same, as `pathlib.Path`.
    Path,
    Returned,
}

/// How a value comes or goes. In a text, a value of `T?` is always JSON; else a `str`, `date` or `datetime` is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carried {
    /// A JSON value; a text is taken as one where the type has no texts, or is optional.
    Json,
    Text,
    /// Kubeflow only: a JSON value written as a text, for a literal that holds what the engine would take for a template.
    Quoted,
    /// Of the text: for a literal that holds what the engine would take for a template.
    Base64,
    /// A list whose items are carried so: what gathering a loop gives.
    Each(Box<Carried>),
    /// Kubeflow only: the final status of the task before, as `"succeeded"` or `"failed"`.
    Status,
    /// Kubeflow only: a point in time as its date.
    Day,
}

impl From<PythonInput> for Take {
    fn from(input: PythonInput) -> Self {
        match input {
            PythonInput::Value => Take::Value,
            PythonInput::Str => Take::Str,
            PythonInput::Path => Take::Path,
        }
    }
}

impl From<PythonOutput> for By {
    fn from(output: PythonOutput) -> Self {
        match output {
            PythonOutput::StrParameter => By::Str,
            PythonOutput::PathParameter => By::Path,
            PythonOutput::Returned => By::Returned,
        }
    }
}

impl<F: Serialize, T: Serialize> Step<F, T> {
    /// What it needs of the shim.
    pub fn needs(&self) -> Needs {
        Needs::of(&serde_json::to_value(self).expect("a description has text keys only"))
    }

    /// The description as JSON, in which an engine finds no template but in the places of ports.
    pub(super) fn plain(&self) -> String {
        let json = serde_json::to_value(self).expect("a description has text keys only");
        let mut text = String::new();
        write_spaced(&json, 0, false, &mut text);
        text
    }

    /// The description as one word: base64, in which no engine finds a template.
    pub(super) fn encoded(&self) -> String {
        let json = serde_json::to_string(self).expect("a description has text keys only");
        base64::engine::general_purpose::STANDARD.encode(json)
    }
}

fn run<S: Serializer>(words: &[Word], serializer: S) -> Result<S::Ok, S::Error> {
    let parts = |parts: &Vec<Part>| -> Json {
        parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => json!(text),
                Part::Port(port) => json!({ "port": port }),
            })
            .collect()
    };
    let words: Vec<Json> = words
        .iter()
        .map(|word| match word {
            Word::One(one) => parts(one),
            Word::Group(group) => json!({ "group": group.iter().map(parts).collect::<Vec<_>>() }),
        })
        .collect();
    json!({ "run": words }).serialize(serializer)
}

/// JSON with a blank after each `:` and `,`. Braces in texts are escaped where two meet, but for the `places` of ports, which may be
/// tags that the engine fills in.
fn write_spaced(json: &Json, depth: usize, is_place: bool, out: &mut String) {
    match json {
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_spaced(item, depth + 1, is_place, out);
            }
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            // A line for each part of the description: it is read in reviews.
            let between = if depth == 0 { ",\n " } else { ", " };
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { between } else { "" });
                write_text(key, out);
                out.push_str(": ");
                // The description holds lists of ports, which are objects.
                let is_place = depth == 2 && matches!(key.as_str(), "path" | "paths");
                write_spaced(value, depth + 1, is_place, out);
            }
            out.push('}');
        }
        Json::String(text) if !is_place => write_text(text, out),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    let json = Json::from(text).to_string();
    out.push_str(&json.replace("{{", "{\\u007b"));
}

fn is_default<V: Default + PartialEq>(value: &V) -> bool {
    *value == V::default()
}
