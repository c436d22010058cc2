//! The plan: what the target `local` writes and the runner reads, whole and without the project it came from.
//!
//! One JSON document of a version of its own. Everything in it is resolved: attributes are merged and plain numbers (seconds),
//! Python files are inside by their text, expressions are small trees over the names of their scope.
//!
//! **Scope.** A name in an expression or in `after` is that of a statement in the same list of statements or in one that encloses it;
//! `item` is the variable of an enclosing loop; `param` is a parameter of the pipeline. In `finally`, the names of the body are
//! seen too, and what failed there is absent.
//!
//! **Order.** A statement starts when all that it reads, all that it is `after` and every `require` above it in its list are done. What an
//! inner statement reads of an outer list is waited for by the statement that encloses it.

pub mod eval;
mod read;
mod types;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use read::{ReadError, read};
pub use types::{Refined, Reject, Scalar, Type};

use crate::value::Value;

/// The version this mlpc reads and writes, under `mlpc_plan`.
pub const VERSION: u32 = 1;

/// The plan as its canonical bytes: the keys in the order of the model, ASCII only, lines of at most 120 where they can be.
pub fn write(plan: &Plan) -> String {
    let json = serde_json::to_value(plan).expect("a plan has text keys only");
    crate::emit::json::document(&json)
}

/// The JSON schema of the document.
pub fn schema() -> String {
    crate::emit::json::document(schemars::schema_for!(Plan).as_value())
}

/// A pipeline with all that it reaches, ready to run: mlpc's execution plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mlpc execution plan")]
pub struct Plan {
    /// The version of this format.
    #[schemars(extend("const" = VERSION))]
    pub mlpc_plan: u32,
    /// The name of the pipeline that runs.
    pub pipeline: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Seconds for the whole run, `finally` not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// How many steps may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// The Python files that components embed.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub sources: IndexMap<String, Source>,
    pub components: IndexMap<String, Component>,
    /// The pipelines that are called by others.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub pipelines: IndexMap<String, Pipeline>,
    pub body: Vec<Statement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<Statement>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, Expr>,
}

/// A pipeline that others call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Seconds for each call of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// How many steps of one call may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    pub body: Vec<Statement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<Statement>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, Expr>,
    /// A call of it is used as the value of its one output.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unnamed: bool,
}

/// What a run takes. Without a default it must be given, unless it is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
    /// For an artifact its location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// A fact of the run as the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_run: Option<RunField>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// Whom to tell about the end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub email: Vec<String>,
    pub on: Vec<NotifyOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotifyOn {
    Success,
    Failure,
}

/// A Python file that components embed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// From the project's root: the name that tracebacks show.
    pub path: String,
    pub text: String,
}

/// The definition of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Component {
    Python(Python),
    Run(Run),
    Shell(Shell),
}

/// A function in a Python file or module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// A name in `sources`; else `module` says where the function is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// A module that the interpreter has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    pub function: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub unnamed: bool,
}

/// An argument list, started without a shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    pub argv: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub unnamed: bool,
}

/// A POSIX `sh` script, run with `-eu`, whose variables are the ports' names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shell {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    pub script: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub unnamed: bool,
}

impl Component {
    pub fn inputs(&self) -> &[Input] {
        match self {
            Component::Python(python) => &python.inputs,
            Component::Run(run) => &run.inputs,
            Component::Shell(shell) => &shell.inputs,
        }
    }

    pub fn outputs(&self) -> &[Output] {
        match self {
            Component::Python(python) => &python.outputs,
            Component::Run(run) => &run.outputs,
            Component::Shell(shell) => &shell.outputs,
        }
    }

    /// A task of it is used as the value of its one output.
    pub fn unnamed(&self) -> bool {
        match self {
            Component::Python(python) => python.unnamed,
            Component::Run(run) => run.unnamed,
            Component::Shell(shell) => shell.unnamed,
        }
    }
}

/// An input port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
    /// How a Python function takes it.
    #[serde(default, rename = "as", skip_serializing_if = "is_default")]
    pub pass: Pass,
}

/// How a Python function takes an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pass {
    /// As the Python value.
    #[default]
    Value,
    /// As a `str` path, or a list of them.
    Str,
    /// As a `pathlib.Path`, or a list of them.
    Path,
}

/// An output port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
    /// How a Python function gives it.
    #[serde(default, rename = "as", skip_serializing_if = "is_default")]
    pub give: Give,
}

/// How a Python function gives an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Give {
    /// It returns it: alone when it is the only returned output, else under its name.
    #[default]
    Returned,
    /// It writes to the path that it gets as a `str`.
    Str,
    /// It writes to the path that it gets as a `pathlib.Path`.
    Path,
}

/// An element of an argument list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Word {
    /// One argument, as it is.
    Text(String),
    /// The text of an input, the path of an artifact or the path to write an output to; a list of artifacts gives one argument a path.
    Port { port: String },
    /// Pieces of one argument.
    Join { join: Vec<Part> },
    /// Arguments that fall away together when an input in them is absent.
    Group { group: Vec<Word> },
}

/// A piece of an argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Part {
    Text(String),
    Port { port: String },
}

/// A statement, told by its first key.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Statement {
    Task(Task),
    Call(Call),
    If(If),
    For(For),
    Require(Require),
}

impl Statement {
    /// What other statements call it; a `require` has no name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Statement::Task(task) => Some(&task.task),
            Statement::Call(call) => Some(&call.call),
            Statement::If(branch) => Some(&branch.name),
            Statement::For(each) => Some(&each.name),
            Statement::Require(_) => None,
        }
    }

    pub fn after(&self) -> &[String] {
        match self {
            Statement::Task(task) => &task.after,
            Statement::Call(call) => &call.after,
            Statement::If(branch) => &branch.after,
            Statement::For(each) => &each.after,
            Statement::Require(_) => &[],
        }
    }
}

/// A call of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name.
    pub task: String,
    pub component: String,
    /// Every input; one that is left out is absent.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub args: IndexMap<String, Expr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// The seconds before the second, third, .. attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry: Vec<f64>,
    /// Seconds for each attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// The environment variable a secret is given by, and its reference, `name/key`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub secrets: IndexMap<String, String>,
}

/// Which results of earlier runs may stand for a task: `true` for any, a number for those no older than so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cache {
    Forever(True),
    Seconds(f64),
}

/// The JSON value `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct True;

/// A call of another pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Its name.
    pub call: String,
    pub pipeline: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub args: IndexMap<String, Expr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
}

/// The first branch whose condition holds runs; its value is the statement's, absent when none is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct If {
    /// Its name.
    #[serde(rename = "if")]
    pub name: String,
    pub branches: Vec<Branch>,
    #[serde(default, rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    pub when: Expr,
    pub body: Vec<Statement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    pub body: Vec<Statement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
}

/// The body once an item; its value is the list of the body's values, in the items' order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct For {
    /// Its name.
    #[serde(rename = "for")]
    pub name: String,
    pub var: String,
    #[serde(rename = "in")]
    pub items: Expr,
    /// How many items may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    pub body: Vec<Statement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// When the condition is false or not to be had, the run fails and the statements below it don't start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Require {
    pub require: Expr,
    pub message: Expr,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expr {
    /// A constant.
    Lit(Value),
    /// A parameter of the pipeline.
    Param(String),
    Run(RunField),
    /// The value of a statement.
    Task(String),
    /// The item of an enclosing loop, by its variable.
    Item(String),
    /// A field; looks through an absent value and through lists.
    Field(Box<Expr>, String),
    /// The first, unless it is absent; else the second.
    Coalesce(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Compare),
    /// The texts of the parts, joined.
    Concat(Vec<Expr>),
    List(Vec<Expr>),
    /// A record or dict.
    Map(IndexMap<String, Expr>),
    /// The value with every int that stands where the type has a float as a float.
    Widen(Box<Expr>, Type),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    pub op: Op,
    pub left: Box<Expr>,
    pub right: Box<Expr>,
    /// Both are `datetime`: compared as points in time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub datetime: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Op {
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterEqual,
}

/// A fact of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunField {
    Id,
    Name,
    Date,
    IntervalStart,
    IntervalEnd,
    /// In `finally`: `succeeded` or `failed`, of the body.
    Status,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
