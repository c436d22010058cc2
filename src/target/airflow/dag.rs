//! What belongs to the DAG as a whole.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::model::{Dag, DefaultArgs, Notify, Param, Schedule, TypeTree};
use crate::graph::{NotifyOn, Overlap, ParamDefault, Pipeline, Program};
use crate::shim::{python_pattern, type_tree};
use crate::target::AirflowOptions;
use crate::types::{Refinement, Type};
use crate::value::Value;

/// What Airflow runs beside each other where nothing says otherwise.
const ACTIVE_RUNS: u32 = 16;
/// Airflow wants a day; without `catchup` it makes no difference.
const START: &str = "2000-01-01";
const LONGEST_TAG: usize = 100;

/// The DAG without its tasks.
pub fn dag(program: &Program, options: &AirflowOptions) -> Dag {
    let pipeline = program.entry();
    let attributes = &pipeline.attributes;
    let schedule = attributes.schedule.as_ref();
    let assets = match attributes.targets.get("airflow", "trigger") {
        Some(Value::List(assets)) => assets.iter().map(Value::text).collect(),
        _ => Vec::new(),
    };
    let queued = matches!(
        schedule.map(|schedule| schedule.overlap),
        Some(Overlap::Forbid | Overlap::Queue)
    );
    let first_line = pipeline.doc.lines().next().map(str::to_owned);
    Dag {
        dag_id: pipeline.name.clone(),
        description: first_line,
        doc_md: (pipeline.doc.lines().count() > 1).then(|| pipeline.doc.clone()),
        start_date: schedule
            .and_then(|schedule| schedule.start.clone())
            .unwrap_or_else(|| START.to_owned()),
        end_date: schedule.and_then(|schedule| schedule.end.clone()),
        catchup: schedule.is_some_and(|schedule| schedule.catchup),
        max_active_runs: if queued { 1 } else { ACTIVE_RUNS },
        schedule: (schedule.is_some() || !assets.is_empty()).then(|| Schedule {
            cron: schedule.map(|schedule| five_fields(&schedule.cron)),
            timezone: schedule.map_or("UTC".to_owned(), |schedule| schedule.timezone.clone()),
            assets,
        }),
        max_active_tasks: attributes.parallelism,
        dagrun_timeout: attributes.timeout.map(|limit| limit.as_secs_f64()),
        tags: tags(pipeline),
        default_args: DefaultArgs {
            owner: attributes.owner.clone(),
            depends_on_past: attributes.depends_on_past,
        },
        notify: attributes.notify.as_ref().map(|notify| Notify {
            email: notify.email.clone(),
            on_failure: notify.on.contains(&NotifyOn::Failure),
            on_success: notify.on.contains(&NotifyOn::Success),
        }),
        artifact_root: options.artifact_root.clone(),
        params: pipeline
            .params
            .iter()
            .map(|it| (it.name.clone(), param(it)))
            .collect(),
        sources: super::step::sources(program),
        components: program
            .components
            .iter()
            .map(|it| (it.name.clone(), super::step::component(it)))
            .collect(),
        task_groups: Vec::new(),
        tasks: Vec::new(),
    }
}

/// As a bare `@daily` means another timetable on Airflow 3.
fn five_fields(cron: &str) -> String {
    match cron {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        other => other,
    }
    .to_owned()
}

fn tags(pipeline: &Pipeline) -> Vec<String> {
    let attributes = &pipeline.attributes;
    let labels = attributes.labels.iter();
    let labels = labels.map(|(key, value)| format!("{key}={value}"));
    let mut tags: Vec<String> = Vec::new();
    for tag in attributes.tags.iter().cloned().chain(labels) {
        let tag: String = tag.chars().take(LONGEST_TAG).collect();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn param(param: &crate::graph::Param) -> Param {
    let (default, default_run) = match &param.default {
        Some(ParamDefault::Const(value)) => {
            (Some(super::expr::widen(&param.ty, value.clone())), None)
        }
        Some(ParamDefault::Run(field)) => (Some(Value::Absent), Some(field.name())),
        None => (param.ty.is_optional().then_some(Value::Absent), None),
    };
    Param {
        description: param.doc.clone(),
        schema: schema(&param.ty, param.ty.is_optional() || default_run.is_some()),
        ty: TypeTree(type_tree(&param.ty)),
        default,
        default_run,
    }
}

/// The JSON Schema by which Airflow checks a value before a run starts, and makes its form.
fn schema(ty: &Type, nullable: bool) -> Json {
    let base = ty.base();
    let word = match base {
        Type::Int => "integer",
        Type::Float => "number",
        Type::Bool => "boolean",
        Type::List(_) => "array",
        Type::Dict(_) | Type::Record(_) => "object",
        _ => "string",
    };
    let mut schema = IndexMap::new();
    schema.insert(
        "type",
        if nullable {
            json!(["null", word])
        } else {
            json!(word)
        },
    );
    match base {
        Type::List(of) => {
            schema.insert("items", self::schema(of, of.is_optional()));
        }
        Type::Dict(of) => {
            schema.insert("additionalProperties", self::schema(of, of.is_optional()));
        }
        _ => {}
    }
    let is_number = base.is_number();
    match ty.refinement() {
        // Of dates and times JSON Schema knows no order: the first task checks it.
        Some(Refinement::Range { min, max }) if is_number => {
            schema.insert("minimum", min.to_json());
            schema.insert("maximum", max.to_json());
        }
        Some(Refinement::OneOf(choices)) => {
            let null = nullable.then_some(Json::Null);
            let all = choices.iter().map(Value::to_json).chain(null);
            schema.insert("enum", all.collect());
        }
        Some(Refinement::Matches(pattern)) => {
            if let Some(pattern) = python_pattern(pattern) {
                schema.insert("pattern", json!(format!("^(?:{pattern})$")));
            }
        }
        _ => {}
    }
    json!(schema)
}
