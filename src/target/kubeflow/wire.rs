//! What travels between the tasks of a DAG, and in which form.

use serde_json::Value as Json;

use super::encode;
use super::model::{ArtifactSource, ArtifactType, Constant, ParameterSource, ParameterType};
use crate::graph::UNNAMED_OUTPUT;
use crate::shim::Carried;
use crate::types::{Artifact, ArtifactKind, Type};
use crate::value::Value;

/// Where something comes from, as a task of one DAG sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// An output of a task beside it.
    Output { task: String, key: String },
    /// An input of the DAG.
    Input(String),
    /// Written out.
    Constant(Json),
    /// How the task ended that an exit task waits for.
    Status { task: String },
}

/// How a value is written in its parameter. The names of the codings are the shim's.
#[derive(Clone, Debug, PartialEq)]
pub enum Coding {
    /// As the parameter's own type has it.
    Native,
    /// A STRING with the value's JSON text, `null` for what is absent: all `T?`, and what holds some. kfp knows no `null`.
    Text,
    /// A STRING with the JSON text of a string that is not safe as it is.
    Quoted,
    /// A STRING with a point in time, of which the date is meant.
    Day,
    /// The struct of a task's final state.
    Status,
    /// A LIST with items of this coding.
    Each(Box<Coding>),
}

/// What a parameter holds besides the value of its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The type of the value that is carried.
    pub ty: Type,
    pub coding: Coding,
    /// A final newline is no part of it: a command wrote the text, and nothing took the newline away.
    pub chomp: bool,
    /// A text that stands for another value: what a parameter is set to when the run was given nothing.
    pub unset: Option<Box<Unset>>,
    /// What to call it when it breaks its refinement; nothing when whoever made it has checked that.
    pub unchecked: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Unset {
    pub marker: String,
    pub then: Then,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    Value(Value),
    Run(crate::graph::RunField),
}

impl Form {
    /// The form in which a checked value of a type travels.
    pub fn of(ty: &Type) -> Form {
        Form {
            coding: if holds_absent(ty) {
                Coding::Text
            } else {
                Coding::Native
            },
            ty: ty.clone(),
            chomp: false,
            unset: None,
            unchecked: None,
        }
    }

    pub fn parameter_type(&self) -> ParameterType {
        match self.coding {
            Coding::Native => native_type(&self.ty),
            Coding::Text | Coding::Quoted | Coding::Day => ParameterType::String,
            Coding::Status => ParameterType::TaskFinalStatus,
            Coding::Each(_) => ParameterType::List,
        }
    }

    /// The value stands in the parameter as it is: a reader needs no more than the parameter's text.
    pub fn is_bare(&self) -> bool {
        self.coding == Coding::Native
            && !self.chomp
            && self.unset.is_none()
            && self.unchecked.is_none()
    }

    /// A value of this form is written just as one of the other would be.
    pub fn is_written_as(&self, other: &Form) -> bool {
        let plain = |form: &Form| !form.chomp && form.unset.is_none();
        self.coding == other.coding
            && plain(self)
            && plain(other)
            && self.parameter_type() == other.parameter_type()
    }
}

/// A value on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    pub from: From,
    pub form: Form,
}

/// What an input of a task is fed with.
#[derive(Clone, Debug, PartialEq)]
pub enum Feed {
    Value(Wire),
    Artifact(File),
    /// A list of artifacts from several producers.
    Artifacts(Vec<File>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub from: From,
    pub kind: ArtifactType,
    /// What a loop gathered: a list by itself.
    pub gathered: bool,
}

impl Feed {
    /// What distinguishes a component that takes this from one that takes another feed by the same name.
    pub fn shape(&self) -> String {
        match self {
            Feed::Value(wire) => format!("{:?}", wire.form),
            Feed::Artifact(file) => format!("{}{}", file.kind.schema_title, file.gathered),
            Feed::Artifacts(files) => files
                .iter()
                .map(|file| file.kind.schema_title)
                .collect::<Vec<_>>()
                .join("+"),
        }
    }
}

pub fn parameter_source(from: &From) -> ParameterSource {
    match from {
        From::Output { task, key } => ParameterSource::TaskOutputParameter {
            output_parameter_key: key.clone(),
            producer_task: task.clone(),
        },
        From::Input(name) => ParameterSource::ComponentInputParameter(name.clone()),
        From::Constant(value) => ParameterSource::RuntimeValue(Constant {
            constant: value.clone(),
        }),
        From::Status { task } => ParameterSource::TaskFinalStatus {
            producer_task: task.clone(),
        },
    }
}

pub fn artifact_source(from: &From) -> ArtifactSource {
    match from {
        From::Output { task, key } => ArtifactSource::TaskOutputArtifact {
            output_artifact_key: key.clone(),
            producer_task: task.clone(),
        },
        From::Input(name) => ArtifactSource::ComponentInputArtifact(name.clone()),
        From::Constant(_) | From::Status { .. } => unreachable!("an artifact is no constant"),
    }
}

/// The value may be absent, or something in it.
fn holds_absent(ty: &Type) -> bool {
    match ty {
        Type::Optional(_) => true,
        Type::List(inner) | Type::Dict(inner) => holds_absent(inner),
        Type::Record(record) => record.fields.values().any(holds_absent),
        _ => false,
    }
}

fn native_type(ty: &Type) -> ParameterType {
    match ty.base() {
        Type::Str | Type::Date | Type::DateTime => ParameterType::String,
        Type::Int => ParameterType::NumberInteger,
        Type::Float => ParameterType::NumberDouble,
        Type::Bool => ParameterType::Boolean,
        Type::List(_) => ParameterType::List,
        Type::Dict(_) | Type::Record(_) => ParameterType::Struct,
        other => unreachable!("{other:?} is no value"),
    }
}

pub fn artifact_type(artifact: &Artifact) -> ArtifactType {
    let schema_title = match artifact.kind {
        // A kind of the user's own is none that Kubeflow knows.
        ArtifactKind::Artifact | ArtifactKind::Declared(_) => "system.Artifact",
        ArtifactKind::Dataset => "system.Dataset",
        ArtifactKind::Model => "system.Model",
        ArtifactKind::Metrics => "system.Metrics",
        ArtifactKind::ClassificationMetrics => "system.ClassificationMetrics",
        ArtifactKind::Html => "system.HTML",
        ArtifactKind::Markdown => "system.Markdown",
    };
    ArtifactType {
        schema_title,
        schema_version: "0.0.1",
    }
}

/// The key of an output port. Kubeflow's own compiler calls an unnamed value `Output`.
pub fn output_key(name: &str, ty: &Type) -> String {
    if name == UNNAMED_OUTPUT && ty.artifact().is_none() {
        "Output".to_owned()
    } else {
        name.to_owned()
    }
}

/// A constant as an input of type `ty` takes it, and its form. The value is one of the type, but for ints where floats are asked for.
pub fn constant(value: &Value, ty: &Type) -> Wire {
    let value = widened(value, ty);
    let (json, coding) = if holds_absent(ty) {
        (Json::from(encode::json(&value)), Coding::Text)
    } else if encode::is_safe_value(&value) {
        (value.to_json(), Coding::Native)
    } else {
        (Json::from(encode::json(&value)), Coding::Quoted)
    };
    Wire {
        from: From::Constant(json),
        form: Form {
            coding,
            ..Form::of(ty)
        },
    }
}

/// The value with floats where its type has them.
pub fn widened(value: &Value, ty: &Type) -> Value {
    match (value, ty.base()) {
        (Value::Int(int), Type::Float) => Value::Float(*int as f64),
        (Value::List(items), Type::List(inner)) => {
            Value::List(items.iter().map(|item| widened(item, inner)).collect())
        }
        (Value::Map(entries), Type::Dict(inner)) => Value::Map(
            entries
                .iter()
                .map(|(key, item)| (key.clone(), widened(item, inner)))
                .collect(),
        ),
        (Value::Map(entries), Type::Record(record)) => Value::Map(
            entries
                .iter()
                .map(|(key, item)| match record.fields.get(key) {
                    Some(field) => (key.clone(), widened(item, field)),
                    None => (key.clone(), item.clone()),
                })
                .collect(),
        ),
        _ => value.clone(),
    }
}

/// A coding as the shim reads it, where it is not the one it takes for granted.
pub fn carried(coding: &Coding) -> Option<Carried> {
    Some(match coding {
        Coding::Native => return None,
        Coding::Text => Carried::Text,
        Coding::Quoted => Carried::Quoted,
        Coding::Day => Carried::Day,
        Coding::Status => Carried::Status,
        Coding::Each(item) => Carried::Each(Box::new(carried(item).unwrap_or(Carried::Json))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constants_stay_plain_where_that_is_safe() {
        let list = Type::Int.list();
        for (value, ty, json, coding) in [
            (Value::Int(3), Type::Int, json!(3), Coding::Native),
            (Value::Int(3), Type::Float, json!(3.0), Coding::Native),
            (
                Value::Str("it's".into()),
                Type::Str,
                json!("it's"),
                Coding::Native,
            ),
            (
                Value::Str("{{x}}".into()),
                Type::Str,
                json!(r#""{\u007bx}}""#),
                Coding::Quoted,
            ),
            (
                Value::Absent,
                Type::Str.optional(),
                json!("null"),
                Coding::Text,
            ),
            (
                Value::Str("a".into()),
                Type::Str.optional(),
                json!("\"a\""),
                Coding::Text,
            ),
            (
                Value::List(vec![Value::Int(1)]),
                list.clone(),
                json!([1]),
                Coding::Native,
            ),
            (
                Value::List(vec![Value::Int(1)]),
                list.optional(),
                json!("[1]"),
                Coding::Text,
            ),
        ] {
            let wire = constant(&value, &ty);
            assert_eq!(
                (wire.from, wire.form.coding),
                (From::Constant(json), coding)
            );
        }
    }
}
