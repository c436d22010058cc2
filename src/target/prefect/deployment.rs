//! `prefect.yaml`: the deployment's schedule, tags and work pool. It is a template to Prefect, and holds no parameter's value.

use serde::Serialize;
use serde_json::Value as Json;

use crate::emit::yaml::YamlFile;
use crate::graph::{Overlap, Pipeline, Program};
use crate::value::Value;

#[derive(Serialize)]
struct PrefectFile {
    name: String,
    deployments: Vec<Deployment>,
}

#[derive(Serialize)]
struct Deployment {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    entrypoint: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schedules: Vec<Schedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency_limit: Option<ConcurrencyLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_pool: Option<WorkPool>,
}

#[derive(Serialize)]
struct Schedule {
    cron: String,
    timezone: String,
    slug: &'static str,
}

#[derive(Serialize)]
struct ConcurrencyLimit {
    limit: u32,
    collision_strategy: &'static str,
}

#[derive(Serialize)]
struct WorkPool {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_queue_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_variables: Option<Json>,
}

pub fn text(program: &Program) -> String {
    let pipeline = program.entry();
    let name = pipeline.name.clone();
    let text = |key: &str| match pipeline.attributes.targets.get("prefect", key) {
        Some(Value::Str(text)) => Some(text.clone()),
        _ => None,
    };
    let pool = WorkPool {
        name: text("work_pool"),
        work_queue_name: text("work_queue"),
        job_variables: pipeline
            .attributes
            .targets
            .get("prefect", "job_variables")
            .map(Value::to_json),
    };
    let has_pool =
        pool.name.is_some() || pool.work_queue_name.is_some() || pool.job_variables.is_some();
    let schedule = pipeline.attributes.schedule.as_ref();
    let file = PrefectFile {
        name: name.clone(),
        deployments: vec![Deployment {
            version: text("version"),
            description: escaped(&pipeline.doc),
            entrypoint: format!("{name}_flow.py:{}", super::module::entry_name(program)),
            name,
            tags: tags(pipeline),
            schedules: schedule
                .iter()
                .map(|schedule| Schedule {
                    cron: schedule.cron.clone(),
                    timezone: schedule.timezone.clone(),
                    slug: "mlpc",
                })
                .collect(),
            concurrency_limit: schedule.and_then(|schedule| {
                let collision_strategy = match schedule.overlap {
                    Overlap::Forbid => "CANCEL_NEW",
                    Overlap::Queue => "ENQUEUE",
                    Overlap::Allow | Overlap::Replace => return None,
                };
                Some(ConcurrencyLimit {
                    limit: 1,
                    collision_strategy,
                })
            }),
            work_pool: has_pool.then_some(pool),
        }],
    };
    let mut out = YamlFile::new(&program.path);
    out.document(&file);
    out.finish()
}

/// Prefect fills in what stands in two braces.
fn escaped(doc: &str) -> String {
    doc.trim().replace("{{", "{ {")
}

/// Tags, labels and the owner.
pub fn tags(pipeline: &Pipeline) -> Vec<String> {
    let attributes = &pipeline.attributes;
    let own = match attributes.targets.get("prefect", "tags") {
        Some(Value::List(tags)) => tags.iter().map(Value::text).collect(),
        _ => Vec::new(),
    };
    let owner = attributes
        .owner
        .iter()
        .map(|owner| format!("owner:{owner}"));
    let labels = attributes
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    attributes
        .tags
        .iter()
        .cloned()
        .chain(own)
        .chain(owner)
        .chain(labels)
        .collect()
}
