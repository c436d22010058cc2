//! Reading a plan.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Call, For, If, Plan, Require, Statement, Task, True, VERSION};

/// Why a text is no plan that can be run.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadError {
    /// It is not JSON; says where and why.
    Json(String),
    /// It is JSON, but has no `mlpc_plan`.
    NoPlan,
    /// A version that this mlpc does not know, as it stands there.
    Version(String),
    /// It says something that a plan of this version does not.
    Model(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Json(why) => write!(f, "the plan is not JSON: {why}"),
            ReadError::NoPlan => f.write_str("this is no plan: it has no `mlpc_plan`"),
            ReadError::Version(found) => {
                write!(
                    f,
                    "this plan has version {found}, and this mlpc knows version {VERSION} only: compile it again"
                )
            }
            ReadError::Model(why) => write!(f, "the plan is damaged: {why}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// The plan of a document.
pub fn read(text: &str) -> Result<Plan, ReadError> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| ReadError::Json(error.to_string()))?;
    match json.get("mlpc_plan") {
        None => return Err(ReadError::NoPlan),
        Some(version) if version.as_u64() == Some(VERSION.into()) => {}
        Some(version) => return Err(ReadError::Version(version.to_string())),
    }
    Plan::deserialize(json).map_err(|error| ReadError::Model(error.to_string()))
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        let entries = json
            .as_object()
            .ok_or_else(|| D::Error::custom("a statement is an object"))?;
        let key = ["task", "call", "if", "for", "require"]
            .into_iter()
            .find(|key| entries.contains_key(*key))
            .ok_or_else(|| {
                D::Error::custom(
                    "a statement has one of the keys `task`, `call`, `if`, `for`, `require`",
                )
            })?;
        let name = entries[key].as_str().unwrap_or("..").to_owned();
        match key {
            "task" => Task::deserialize(json).map(Statement::Task),
            "call" => Call::deserialize(json).map(Statement::Call),
            "if" => If::deserialize(json).map(Statement::If),
            "for" => For::deserialize(json).map(Statement::For),
            _ => Require::deserialize(json).map(Statement::Require),
        }
        .map_err(|error| D::Error::custom(format!("in `{key}: {name}`: {error}")))
    }
}

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            true => Ok(True),
            false => Err(D::Error::custom("`false` is said by leaving it out")),
        }
    }
}

impl JsonSchema for True {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "True".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"const": true})
    }
}
