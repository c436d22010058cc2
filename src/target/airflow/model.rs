//! The document: a DAG as data, in Airflow's words. The loader reads it; `schemas/airflow.schema.json` is made of these types.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value as Json;

use crate::value::Value;

/// The version of the format, under `format`.
pub const FORMAT: &str = "mlpc.airflow/1";

/// A DAG for Airflow.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mlpc DAG for Airflow")]
pub struct Document {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT))]
    pub format: &'static str,
    pub dag: Dag,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dag {
    pub dag_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_md: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// ISO 8601; in the schedule's time zone unless it says another.
    pub start_date: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    pub catchup: bool,
    pub max_active_runs: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_tasks: Option<u32>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dagrun_timeout: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "DefaultArgs::is_empty")]
    pub default_args: DefaultArgs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// The folder, the same for all workers, below which tasks leave artifacts; `$AIRFLOW_HOME/artifacts` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_root: Option<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub params: IndexMap<String, Param>,
    /// The Python files that components embed.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub sources: IndexMap<String, Source>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub components: IndexMap<String, Component>,
    /// An enclosing group stands before those inside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_groups: Vec<TaskGroup>,
    /// A task stands after its upstream tasks.
    pub tasks: Vec<Task>,
}

/// When runs start: by the clock, when all assets were updated, or by both.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    pub timezone: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultArgs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub depends_on_past: bool,
}

impl DefaultArgs {
    fn is_empty(&self) -> bool {
        self.owner.is_none() && !self.depends_on_past
    }
}

/// Who gets mail.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub email: Vec<String>,
    pub on_failure: bool,
    pub on_success: bool,
}

/// A parameter of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema, as Airflow's `Param` takes it.
    pub schema: Json,
    #[serde(rename = "type")]
    pub ty: TypeTree,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What stands for `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_run: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// From the project's root.
    pub path: String,
    pub text: String,
}

/// A type: a word (`str int float bool date datetime artifact`, with `?` for one that may be absent), or an object of one key: `list`, `dict`,
/// `optional` with a type, `record` with types by name, `refined` with `base` and `min`, `max`, `one_of` or `matches`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TypeTree(pub Json);

impl JsonSchema for TypeTree {
    fn schema_name() -> Cow<'static, str> {
        "Type".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let ty = generator.subschema_for::<TypeTree>();
        json_schema!({
            "description": "A word, with `?` for what may be absent, or an object of one key. Every artifact is `artifact`.",
            "anyOf": [
                { "type": "string", "pattern": r"^(str|int|float|bool|date|datetime|artifact)\??$" },
                {
                    "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                    "properties": {
                        "list": ty, "dict": ty, "optional": ty,
                        "record": { "type": "object", "additionalProperties": ty },
                        "refined": {
                            "type": "object", "required": ["base"], "additionalProperties": false,
                            "properties": {
                                "base": ty, "min": true, "max": true, "one_of": { "type": "array" }, "matches": { "type": "string" }
                            }
                        }
                    }
                }
            ]
        })
    }
}

/// What a step is. Exactly one of `function`, `run` and `shell`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc_md: String,
    /// A Python function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Where it is: one of the `sources`, ..
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// .. or a module that is installed where the step runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Vec<Word>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    pub inputs: Vec<Input>,
    pub outputs: Vec<Output>,
}

/// An argument, or several that fall away together when a port in them is absent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Word {
    One(Vec<Part>),
    Group { group: Vec<Vec<Part>> },
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Part {
    Text(String),
    Port { port: String },
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: TypeTree,
    /// What the step takes: a value, or a path as `str` or `pathlib.Path`.
    #[serde(rename = "as")]
    pub take: Take,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    Value,
    Str,
    Path,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: TypeTree,
    /// Returned by the function, or written to a path that it gets as `str` or `pathlib.Path`.
    pub by: By,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Returned,
    Str,
    Path,
}

/// A nested pipeline, or a loop.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskGroup {
    pub group_id: String,
    /// The group that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tooltip: String,
    /// The group is mapped over a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand: Option<Expand>,
}

/// What a group is mapped over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expand {
    /// These.
    Items(Vec<Value>),
    /// The list that a task of operator `items` makes.
    TaskId(String),
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Task {
    pub task_id: String,
    /// What the pipeline calls it, where that is another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_group: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream_task_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "TriggerRule::is_default")]
    pub trigger_rule: TriggerRule,
    /// The task is skipped unless all of these hold when it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs_if: Vec<RunsIf>,
    #[serde(flatten)]
    pub operator: Operator,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerRule {
    #[default]
    AllSuccess,
    AllDone,
    NoneFailedMinOneSuccess,
}

impl TriggerRule {
    fn is_default(&self) -> bool {
        *self == TriggerRule::AllSuccess
    }
}

/// A branch was taken, or a task succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunsIf {
    pub task_id: String,
    /// The number of the arm that the task, of operator `pick`, chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<usize>,
}

/// What a task does. Every task but `empty` leaves a JSON object as its XCom: its outputs by name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "operator", rename_all = "snake_case")]
pub enum Operator {
    /// A step as a process of the worker.
    Bash(Step),
    /// A step in a container of the worker's Docker.
    Docker(Step),
    /// A step in a pod.
    Kubernetes(Step),
    /// Checks the parameters of the run, and says what it is.
    Params,
    /// Runs the tasks of the first arm whose condition holds, and skips those of the others.
    Branch { arms: Vec<Arm> },
    /// The number of the first arm whose condition holds: in a mapped group, where nothing can be skipped from outside.
    Pick { arms: Vec<Arm> },
    /// The value of the arm that was taken.
    Join { branch: String, arms: Vec<Joined> },
    /// Nothing.
    Empty,
    /// Fails, without a retry, unless the condition holds.
    Require { condition: Expr, message: Expr },
    /// The list that a group is mapped over.
    Items { items: Expr },
    /// The list of what each item of a mapped group gives.
    Gather {
        group: String,
        expand: Expand,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Expr>,
    },
    /// The values of expressions.
    Outputs { outputs: IndexMap<String, Given> },
}

/// A branch of an `if`; without a condition, `else`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// Those of its tasks that wait for no other of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_ids: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    /// The tasks that must have succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_ids: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub value: Expr,
    /// What it has to be, where that is checked.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<TypeTree>,
}

/// A call of a component, and how Airflow runs it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Step {
    pub component: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub inputs: IndexMap<String, Expr>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Seconds, as all that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<f64>,
    /// What each delay is multiplied with for the next; Airflow 2 doubles, whatever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_exponential_backoff: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retry_delay: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_tis_per_dagrun: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_slots: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_weight: Option<i64>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// By the step's environment variable: `name/key` of a Kubernetes secret, or the Airflow Variable `name__key`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub secrets: IndexMap<String, String>,
    // Of containers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
}

#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_type: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
}

impl Resources {
    fn is_empty(&self) -> bool {
        *self == Resources::default()
    }
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub node_selector: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub annotations: IndexMap<String, String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toleration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    pub name: String,
    pub mount_path: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// One of these three, or scratch space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// An expression, computed when a task starts.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    Const(Value),
    Param(String),
    /// `id`, `name`, `date`, `interval_start` or `interval_end`.
    Run(&'static str),
    /// `succeeded` or `failed`: whether the task of this id succeeded.
    Status(String),
    /// What a task left.
    Xcom(Xcom),
    /// The item of a mapped group.
    Item(String),
    /// A field; looks through an absent value and through lists.
    Field(Box<Expr>, String),
    Coalesce(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Compare),
    /// The texts of the parts, joined.
    Concat(Vec<Expr>),
    List(Vec<Expr>),
    Map(IndexMap<String, Expr>),
    /// The value with every int that stands where the type has a float as a float.
    Widen(Box<Expr>, TypeTree),
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Xcom {
    pub task_id: String,
    /// One of its outputs; all, as an object, when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// `null` where the task did not succeed, else an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    pub op: &'static str,
    pub left: Box<Expr>,
    pub right: Box<Expr>,
    /// Both are `datetime`: compared as points in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub datetime: bool,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// The JSON schema of the document.
pub fn schema() -> String {
    crate::emit::json::document(schemars::schema_for!(Document).as_value())
}
