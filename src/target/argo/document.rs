//! Templates and a pipeline's attributes as the objects of a file, and what Argo and Kubernetes limit in them.

use indexmap::IndexMap;

use super::block::ArgoBlock;
use super::expr::{Argo, has_tag};
use super::lower::{ENTRY, Lowering};
use super::model::{
    API_VERSION, Arguments, CronWorkflowSpec, Metadata, Named, Object, Parameter, Strategy,
    Synchronization, TtlStrategy, Volume, VolumeSource, WorkflowSpec,
};
use super::names::{CRON, GENERATED, LABEL, object};
use super::step::{OUT_VOLUME, described, whole_seconds};
use crate::diagnostics::{Diagnostic, codes};
use crate::emit::yaml::YamlFile;
use crate::graph::{Overlap, Pipeline, Program, Schedule};
use crate::target::{ArgoKind, ArgoOptions, Document};

/// What the full CRDs allow.
const MOST_TEMPLATES: usize = 200;
const MOST_TASKS: usize = 200;
/// Bytes of JSON that a workflow may have: etcd refuses more than about 1.5 MB, and the status needs room beside the spec.
const MOST_BYTES: usize = 1_500_000;
const MANY_BYTES: usize = 600_000;
/// How late a scheduled run may start. Argo misses one when its controller is away at the minute.
const STARTING_DEADLINE_SECONDS: u64 = 300;

pub fn emit(program: &Program, options: &ArgoOptions) -> (Vec<Document>, Vec<Diagnostic>) {
    let pipeline = program.entry();
    let mut lowering = Lowering::new(program, options);
    let (parameters, on_exit) = lowering.entry();
    let mut spec = spec(pipeline, options, &mut lowering, parameters);
    spec.on_exit = on_exit;
    spec.templates = std::mem::take(&mut lowering.templates);
    let schedule = pipeline.attributes.schedule.as_ref();
    let as_template = schedule.is_some() || options.kind == ArgoKind::WorkflowTemplate;
    let longest = if schedule.is_some() { CRON } else { LABEL };
    let name = object(&pipeline.name, longest);
    let mut metadata = metadata(pipeline, options, &mut lowering.diagnostics);
    let kind = if as_template {
        metadata.name = Some(name.clone());
        "WorkflowTemplate"
    } else {
        let prefix = object(&pipeline.name, LABEL - GENERATED - 1);
        metadata.generate_name = Some(format!("{prefix}-"));
        "Workflow"
    };
    let caches = lowering.caches();
    let cron = schedule.map(|schedule| cron(schedule, &name, &metadata));
    let main = Object {
        api_version: API_VERSION,
        kind,
        metadata: metadata.clone(),
        spec: Some(spec),
    };
    limits(pipeline, &main, &mut lowering.diagnostics);

    let mut file = YamlFile::new(&program.path);
    file.document(&main);
    if let Some(cron) = cron {
        file.document(&cron);
    }
    if caches {
        file.document(&cache(pipeline, &metadata));
    }
    let document = Document {
        name: format!("{}.yaml", pipeline.name),
        text: file.finish(),
    };
    (vec![document], lowering.diagnostics)
}

/// The name of the ConfigMap that holds a pipeline's cache.
pub fn cache_name(pipeline: &str) -> String {
    object(&format!("{pipeline}_cache"), LABEL)
}

fn cache(pipeline: &Pipeline, like: &Metadata) -> Object<()> {
    let mut metadata = Metadata {
        name: Some(cache_name(&pipeline.name)),
        namespace: like.namespace.clone(),
        labels: like.labels.clone(),
        ..Default::default()
    };
    // Argo reads a ConfigMap as a cache only with this label.
    metadata.labels.insert(
        "workflows.argoproj.io/configmap-type".into(),
        "Cache".into(),
    );
    Object {
        api_version: "v1",
        kind: "ConfigMap",
        metadata,
        spec: None,
    }
}

fn metadata(
    pipeline: &Pipeline,
    options: &ArgoOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Metadata {
    let attributes = &pipeline.attributes;
    let mut labels =
        IndexMap::from([("app.kubernetes.io/managed-by".to_owned(), "mlpc".to_owned())]);
    labels.extend(attributes.labels.clone());
    let mut annotations = IndexMap::new();
    let mut annotate = |key: &str, text: String, name: &str| {
        if has_tag(&text) {
            let span = attributes.spans.get(name).unwrap_or(pipeline.span);
            diagnostics.push(tag_in_text(span, &format!("`{name}`")));
        }
        annotations.insert(key.to_owned(), text);
    };
    annotate("workflows.argoproj.io/title", pipeline.name.clone(), "name");
    if let Some(doc) = described(&pipeline.doc) {
        annotate("workflows.argoproj.io/description", doc, "description");
    }
    if let Some(owner) = &attributes.owner {
        annotate("mlpc.dev/owner", owner.clone(), "owner");
    }
    if !attributes.tags.is_empty() {
        annotate("mlpc.dev/tags", attributes.tags.join(", "), "tags");
    }
    Metadata {
        namespace: options.namespace.clone(),
        labels,
        annotations,
        ..Default::default()
    }
}

/// Text that can't be encoded holds a tag's braces.
pub fn tag_in_text(span: crate::source::Span, what: &str) -> Diagnostic {
    Diagnostic::new(
        codes::TAG_IN_TEXT,
        span,
        format!("{what} holds `{{{{`, which `argo` takes for a template tag"),
    )
    .label("Argo knows no escape for it, and this text can't be encoded")
}

fn spec(
    pipeline: &Pipeline,
    options: &ArgoOptions,
    lowering: &mut Lowering,
    parameters: Vec<Parameter>,
) -> WorkflowSpec {
    let attributes = &pipeline.attributes;
    let block = ArgoBlock(&attributes.targets);
    let strategy = |key: &str| block.text(key).map(|strategy| Strategy { strategy });
    let queue = attributes
        .schedule
        .as_ref()
        .is_some_and(|schedule| schedule.overlap == Overlap::Queue);
    // A run that must queue waits for the one before it.
    let queue = queue.then(|| Synchronization {
        mutexes: vec![Named {
            name: object(&pipeline.name, LABEL),
        }],
    });
    let has_outputs = lowering
        .templates
        .iter()
        .any(|template| template.dag.is_none() && !template.outputs.is_empty());
    let caches = lowering.caches();
    let mut volumes = Vec::new();
    if has_outputs {
        volumes.push(Volume {
            name: OUT_VOLUME.into(),
            source: VolumeSource::EmptyDir {},
        });
    }
    let mut pod_metadata = Metadata {
        labels: attributes.labels.clone(),
        ..Default::default()
    };
    if let Some((annotations, volume)) = lowering.library() {
        pod_metadata.annotations = annotations;
        volumes.push(volume);
    }
    WorkflowSpec {
        entrypoint: Some(ENTRY.into()),
        arguments: Arguments {
            parameters,
            artifacts: Vec::new(),
        },
        service_account_name: block
            .text("service_account")
            .or_else(|| options.service_account.clone()),
        image_pull_secrets: std::mem::take(&mut lowering.image_pull_secrets)
            .into_iter()
            .map(|name| Named { name })
            .collect(),
        active_deadline_seconds: attributes.timeout.map(whole_seconds),
        parallelism: attributes.parallelism,
        priority: block.int("priority"),
        synchronization: match (block.mutex(), queue) {
            (Some(mut own), Some(queue)) => {
                own.mutexes.extend(queue.mutexes);
                Some(own)
            }
            (own, queue) => own.or(queue),
        },
        node_selector: block.node_selector(&IndexMap::new()),
        tolerations: block.tolerations(&[]),
        security_context: block.security_context(),
        pod_metadata: (!pod_metadata.is_empty()).then_some(pod_metadata),
        pod_gc: strategy("pod_gc"),
        ttl_strategy: block.int("ttl").map(|seconds| TtlStrategy {
            seconds_after_completion: seconds as u64,
        }),
        // A cached step's artifacts are looked up by their keys: they must outlive the run that made them.
        artifact_gc: strategy("artifact_gc").or_else(|| {
            caches.then(|| Strategy {
                strategy: "Never".into(),
            })
        }),
        volumes,
        ..Default::default()
    }
}

fn cron(schedule: &Schedule, name: &str, like: &Metadata) -> Object<CronWorkflowSpec> {
    let metadata = Metadata {
        name: Some(name.to_owned()),
        ..like.clone()
    };
    // `now()` against the ends; the bare `now` of a CronWorkflow's `when` is the time it was due.
    let bound = |operator: &'static str, end: &Option<String>| {
        end.as_ref()
            .map(|end| Argo::Call("now", vec![]).binary(operator, moment(end, &schedule.timezone)))
    };
    let within = match (bound(">=", &schedule.start), bound("<", &schedule.end)) {
        (Some(after), Some(before)) => Some(after.binary("&&", before)),
        (one, other) => one.or(other),
    };
    let spec = CronWorkflowSpec {
        schedules: vec![schedule.cron.clone()],
        timezone: schedule.timezone.clone(),
        concurrency_policy: match schedule.overlap {
            Overlap::Allow | Overlap::Queue => "Allow",
            Overlap::Forbid => "Forbid",
            Overlap::Replace => "Replace",
        },
        starting_deadline_seconds: STARTING_DEADLINE_SECONDS,
        when: within.map(|within| within.tag()),
        workflow_spec: WorkflowSpec {
            workflow_template_ref: Some(Named {
                name: name.to_owned(),
            }),
            ..Default::default()
        },
    };
    Object {
        api_version: API_VERSION,
        kind: "CronWorkflow",
        metadata,
        spec: Some(spec),
    }
}

/// A date or a time of the schedule; without an offset it is in the schedule's zone.
fn moment(text: &str, zone: &str) -> Argo {
    let layout = match text.len() {
        10 => "2006-01-02",
        16 => "2006-01-02T15:04",
        19 => "2006-01-02T15:04:05",
        _ => return Argo::text(text).call("date"),
    };
    Argo::Call(
        "date",
        [text, layout, zone].into_iter().map(Argo::text).collect(),
    )
}

fn limits(pipeline: &Pipeline, object: &Object<WorkflowSpec>, diagnostics: &mut Vec<Diagnostic>) {
    let templates = object.spec.as_ref().map_or(0, |spec| spec.templates.len());
    if templates > MOST_TEMPLATES {
        diagnostics.push(
            Diagnostic::new(
                codes::REFUSED,
                pipeline.span,
                format!("the workflow has {templates} templates; Argo's CRDs allow {MOST_TEMPLATES}"),
            )
            .label("each component is a template, once more for each set of attributes it is called with")
            .help("call fewer different components, or split the pipeline into several"),
        );
    }
    for template in object.spec.iter().flat_map(|spec| &spec.templates) {
        let tasks = template.dag.as_ref().map_or(0, |dag| dag.tasks.len());
        if tasks > MOST_TASKS {
            diagnostics.push(
                Diagnostic::new(
                    codes::REFUSED,
                    pipeline.span,
                    format!(
                        "the DAG `{}` has {tasks} tasks; Argo's CRDs allow {MOST_TASKS}",
                        template.name
                    ),
                )
                .label("a block inside an `if` or a loop is not split")
                .help("move some of its tasks to a nested pipeline"),
            );
        }
    }
    let bytes = serde_json::to_vec(object).expect("the model is JSON").len();
    let figure = |bytes: usize| format!("{:.2} MB", bytes as f64 / 1e6);
    if bytes > MOST_BYTES {
        diagnostics.push(
            Diagnostic::new(
                codes::REFUSED,
                pipeline.span,
                format!("the workflow has {} of JSON; etcd takes no more than {}", figure(bytes), figure(MOST_BYTES)),
            )
            .label("Argo stores a workflow as one object")
            .help("move embedded Python into the images (`python: \"module:function\"`), or split the pipeline"),
        );
    } else if bytes > MANY_BYTES {
        diagnostics.push(
            Diagnostic::new(
                codes::DEGRADED,
                pipeline.span,
                format!(
                    "the workflow has {} of JSON, and grows as it runs; etcd takes {}",
                    figure(bytes),
                    figure(MOST_BYTES)
                ),
            )
            .label("Argo stores a workflow and its status as one object"),
        );
    }
}
