//! Layers to typed attributes: the one place that knows where in the IR each row goes.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;

use crate::graph::{
    AttributeSpans, Notify, NotifyOn, Overlap, PipelineAttributes, Schedule, SecretRef,
    TargetBlocks, TaskAttributes, Toleration, Volume, VolumeSource,
};
use crate::source::Span;
use crate::value::Value;

use super::table::{Attribute, PipelineAttribute, TaskAttribute};
use super::{Given, Layer, Setting};

/// Lays layers over each other, from far to near: `defaults`, the component, the task's `with`. The nearest wins key
/// by key, in blocks and maps too; a list is one value.
pub fn merge(layers: &[&Layer]) -> TaskAttributes {
    let (settings, spans) = flatten(layers);
    let mut attributes = TaskAttributes {
        spans,
        ..TaskAttributes::default()
    };
    for setting in settings.values() {
        match setting.row.attribute {
            Attribute::Task(attribute) => set_task(&mut attributes, attribute, setting),
            Attribute::Target => set_target(&mut attributes.targets, setting),
            // Only a pipeline's own layer has these, and it says nothing about a task.
            Attribute::Pipeline(_) => {}
        }
    }
    attributes
}

/// A pipeline's own attributes; its `defaults` are [`Layer::defaults`].
pub fn pipeline(layer: &Layer) -> PipelineAttributes {
    let (settings, spans) = flatten(&[layer]);
    let mut attributes = PipelineAttributes {
        spans,
        ..PipelineAttributes::default()
    };
    let mut parts = Parts::default();
    for setting in settings.values() {
        match setting.row.attribute {
            Attribute::Pipeline(attribute) => {
                set_pipeline(&mut attributes, &mut parts, attribute, setting);
            }
            Attribute::Target => set_target(&mut attributes.targets, setting),
            Attribute::Task(_) => {}
        }
    }
    attributes.schedule = parts.schedule();
    attributes.notify = parts.notify();
    attributes
}

/// The settings that hold, and where they and their blocks were written.
fn flatten<'a>(layers: &[&'a Layer]) -> (IndexMap<String, &'a Setting>, AttributeSpans) {
    let mut settings: IndexMap<String, &Setting> = IndexMap::new();
    let mut blocks: IndexMap<&str, Span> = IndexMap::new();
    for layer in layers {
        for (name, setting) in &layer.settings {
            settings.insert(name.clone(), setting);
        }
        for (name, span) in &layer.blocks {
            blocks.insert(name, *span);
        }
    }
    let mut spans = IndexMap::new();
    for (name, setting) in &settings {
        // An empty list sets nothing, but takes back what stands further out.
        if !matches!(&setting.given, Given::Texts(texts) if texts.is_empty()) {
            for (at, _) in name.match_indices('.') {
                if let Some(span) = blocks.get(&name[..at]) {
                    spans.insert(name[..at].to_owned(), *span);
                }
            }
            spans.insert(name.clone(), setting.place());
        }
    }
    (settings, AttributeSpans(spans))
}

fn set_task(out: &mut TaskAttributes, attribute: TaskAttribute, setting: &Setting) {
    let given = &setting.given;
    let entry = || setting.entry.clone().unwrap_or_default();
    match attribute {
        TaskAttribute::Image => out.image = Some(given.text()),
        TaskAttribute::Packages => out.packages = given.texts(),
        TaskAttribute::Cpu => out.resources.cpu = Some(given.number()),
        TaskAttribute::Memory => out.resources.memory = Some(given.bytes()),
        TaskAttribute::Gpu => {
            out.resources.gpu = Some(given.int() as u32).filter(|count| *count > 0);
        }
        TaskAttribute::GpuType => out.resources.gpu_type = Some(given.text()),
        TaskAttribute::Disk => out.resources.disk = Some(given.bytes()),
        TaskAttribute::Attempts => out.retry.attempts = given.int() as u32,
        TaskAttribute::Delay => out.retry.delay = given.duration(),
        TaskAttribute::Backoff => out.retry.backoff = given.number(),
        TaskAttribute::MaxDelay => out.retry.max_delay = Some(given.duration()),
        TaskAttribute::Timeout => out.timeout = Some(given.duration()),
        TaskAttribute::Cache => match given {
            Given::Cache(cache) => out.cache = *cache,
            other => other.not("a cache"),
        },
        TaskAttribute::Env => {
            out.env.insert(entry(), given.text());
        }
        TaskAttribute::Secrets => {
            out.secrets.insert(entry(), given.reference());
        }
        TaskAttribute::Labels => {
            out.labels.insert(entry(), given.text());
        }
        TaskAttribute::NodeSelector => {
            out.kubernetes.node_selector.insert(entry(), given.text());
        }
        TaskAttribute::Tolerations => {
            out.kubernetes.tolerations = given.records().iter().map(toleration).collect();
        }
        TaskAttribute::ServiceAccount => out.kubernetes.service_account = Some(given.text()),
        TaskAttribute::Volumes => {
            out.kubernetes.volumes = given.records().iter().map(volume).collect();
        }
        TaskAttribute::ImagePullSecrets => out.kubernetes.image_pull_secrets = given.texts(),
        TaskAttribute::Annotations => {
            out.kubernetes.annotations.insert(entry(), given.text());
        }
    }
}

/// What is said, key by key, about what the IR keeps whole.
#[derive(Default)]
struct Parts {
    cron: Option<String>,
    start: Option<String>,
    end: Option<String>,
    timezone: Option<String>,
    catchup: bool,
    overlap: Overlap,
    email: Option<Vec<String>>,
    on: Option<Vec<NotifyOn>>,
}

impl Parts {
    fn schedule(&mut self) -> Option<Schedule> {
        Some(Schedule {
            cron: self.cron.take()?,
            start: self.start.take(),
            end: self.end.take(),
            timezone: self.timezone.take().unwrap_or_else(|| "UTC".to_owned()),
            catchup: self.catchup,
            overlap: self.overlap,
        })
    }

    fn notify(&mut self) -> Option<Notify> {
        Some(Notify {
            email: self.email.take()?,
            on: self.on.take().unwrap_or_else(|| vec![NotifyOn::Failure]),
        })
    }
}

fn set_pipeline(
    out: &mut PipelineAttributes,
    parts: &mut Parts,
    attribute: PipelineAttribute,
    setting: &Setting,
) {
    let given = &setting.given;
    match attribute {
        PipelineAttribute::Owner => out.owner = Some(given.text()),
        PipelineAttribute::Tags => out.tags = given.texts(),
        PipelineAttribute::Cron => {
            // Fields with one blank between them, whatever stood there.
            let fields: Vec<String> = given.text().split_whitespace().map(str::to_owned).collect();
            parts.cron = Some(fields.join(" "));
        }
        PipelineAttribute::Start => parts.start = Some(given.text()),
        PipelineAttribute::End => parts.end = Some(given.text()),
        PipelineAttribute::TimeZone => parts.timezone = Some(given.text()),
        PipelineAttribute::Catchup => parts.catchup = given.bool(),
        PipelineAttribute::Overlap => {
            parts.overlap = match given.text().as_str() {
                "allow" => Overlap::Allow,
                "forbid" => Overlap::Forbid,
                "queue" => Overlap::Queue,
                "replace" => Overlap::Replace,
                _ => given.not("an overlap"),
            };
        }
        PipelineAttribute::NotifyEmail => parts.email = Some(given.texts()),
        PipelineAttribute::NotifyOn => {
            let occasion = |word: &String| match word.as_str() {
                "success" => NotifyOn::Success,
                "failure" => NotifyOn::Failure,
                _ => given.not("an occasion"),
            };
            parts.on = Some(given.texts().iter().map(occasion).collect());
        }
        PipelineAttribute::Timeout => out.timeout = Some(given.duration()),
        PipelineAttribute::Parallelism => out.parallelism = Some(given.int() as u32),
        PipelineAttribute::DependsOnPast => out.depends_on_past = given.bool(),
        PipelineAttribute::Labels => {
            let key = setting.entry.clone().unwrap_or_default();
            out.labels.insert(key, given.text());
        }
        // A layer of its own: it is never a setting.
        PipelineAttribute::Defaults => {}
    }
}

fn set_target(out: &mut TargetBlocks, setting: &Setting) {
    let block = out.0.entry(setting.row.block.to_owned()).or_default();
    let value = setting.given.value();
    let Some(entry) = &setting.entry else {
        block.insert(setting.row.key.to_owned(), value);
        return;
    };
    match block.entry(setting.row.key.to_owned()) {
        Slot::Occupied(mut slot) => {
            if let Value::Map(map) = slot.get_mut() {
                map.insert(entry.clone(), value);
            }
        }
        Slot::Vacant(slot) => {
            slot.insert(Value::Map(IndexMap::from([(entry.clone(), value)])));
        }
    }
}

type Record = IndexMap<&'static str, Given>;

fn toleration(record: &Record) -> Toleration {
    let text = |key: &str| record.get(key).map(Given::text);
    Toleration {
        key: text("key"),
        operator: text("operator"),
        value: text("value"),
        effect: text("effect"),
        duration: record.get("duration").map(Given::duration),
    }
}

fn volume(record: &Record) -> Volume {
    let text = |key: &str| record.get(key).map(Given::text);
    let source = [
        text("claim").map(VolumeSource::Claim),
        text("config_map").map(VolumeSource::ConfigMap),
        text("secret").map(VolumeSource::Secret),
    ];
    Volume {
        name: text("name").unwrap_or_default(),
        source: source
            .into_iter()
            .flatten()
            .next()
            .unwrap_or(VolumeSource::EmptyDir),
        mount: text("mount").unwrap_or_default(),
        read_only: record.get("read_only").is_some_and(Given::bool),
    }
}

/// The checks gave each row a value of its shape; another one is a fault of the table.
impl Given {
    fn not(&self, what: &str) -> ! {
        panic!("the attribute table promises {what}, the checks gave {self:?}")
    }

    fn text(&self) -> String {
        match self {
            Given::Text(text) => text.clone(),
            other => other.not("a text"),
        }
    }

    fn texts(&self) -> Vec<String> {
        match self {
            Given::Texts(texts) => texts.clone(),
            other => other.not("a list of texts"),
        }
    }

    fn int(&self) -> i64 {
        match self {
            Given::Int(number) => *number,
            other => other.not("a whole number"),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Given::Number(number) => *number,
            other => other.not("a number"),
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Given::Size(bytes) => *bytes,
            other => other.not("a size"),
        }
    }

    fn duration(&self) -> std::time::Duration {
        match self {
            Given::Duration(duration) => *duration,
            other => other.not("a duration"),
        }
    }

    fn bool(&self) -> bool {
        match self {
            Given::Bool(value) => *value,
            other => other.not("a bool"),
        }
    }

    fn reference(&self) -> SecretRef {
        match self {
            Given::Reference(reference) => reference.clone(),
            other => other.not("a reference"),
        }
    }

    fn records(&self) -> &[Record] {
        match self {
            Given::Records(records) => records,
            other => other.not("a list of records"),
        }
    }

    /// As the target blocks keep it: durations in seconds, sizes in bytes.
    fn value(&self) -> Value {
        match self {
            Given::Text(text) => Value::Str(text.clone()),
            Given::Int(number) => Value::Int(*number),
            Given::Number(number) => Value::Float(*number),
            Given::Duration(duration) => seconds(*duration),
            Given::Size(bytes) => Value::Int(*bytes as i64),
            Given::Bool(value) => Value::Bool(*value),
            Given::Reference(reference) => {
                Value::Str(format!("{}/{}", reference.name, reference.key))
            }
            Given::Texts(texts) => Value::List(texts.iter().cloned().map(Value::Str).collect()),
            Given::Records(records) => Value::List(
                records
                    .iter()
                    .map(|record| {
                        let entries = record
                            .iter()
                            .map(|(key, given)| ((*key).to_owned(), given.value()));
                        Value::Map(entries.collect())
                    })
                    .collect(),
            ),
            Given::Cache(_) => self.not("a plain value"),
        }
    }
}

fn seconds(duration: std::time::Duration) -> Value {
    match duration.subsec_nanos() {
        0 => Value::Int(duration.as_secs() as i64),
        _ => Value::Float(duration.as_secs_f64()),
    }
}
