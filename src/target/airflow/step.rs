//! Steps: components, and the calls of them with how Airflow runs them.

use indexmap::IndexMap;

use super::expr::Instance;
use super::lower::Lowering;
use super::model::{
    By, Component, Input, Kubernetes, Operator, Output, Part, Resources, Source, Step, Take,
    Toleration, TypeTree, Volume, Word,
};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    self, Callee, Program, PythonCode, PythonInput, PythonOutput, PythonSourceId, TaskAttributes,
    VolumeSource,
};
use crate::shim::type_tree;
use crate::source::Span;
use crate::target::{AirflowOperator, AirflowOptions};
use crate::value::Value;

/// The image of Python steps in containers that name none.
const PYTHON_IMAGE: &str = "python:3.12-slim";

/// The flavour of a task: its own, else the one of mlpc.toml.
pub fn flavour(attributes: &TaskAttributes, options: &AirflowOptions) -> AirflowOperator {
    match attributes.targets.get("airflow", "operator") {
        Some(Value::Str(word)) if word == "docker" => AirflowOperator::Docker,
        Some(Value::Str(word)) if word == "kubernetes" => AirflowOperator::Kubernetes,
        Some(_) => AirflowOperator::Bash,
        None => options.operator,
    }
}

/// A call of a component as a task.
pub fn operator(
    lowering: &mut Lowering<'_>,
    instance: &Instance<'_>,
    task: &graph::Task,
    span: Span,
    limit: Option<u32>,
) -> Operator {
    let Callee::Component(id) = task.callee else {
        unreachable!("a pipeline is lowered as a group")
    };
    let component = &lowering.program[id];
    let attributes = &*task.attributes;
    let flavour = flavour(attributes, lowering.options);
    let mut step = Step {
        component: component.name.clone(),
        inputs: inputs(instance, task, component),
        env: attributes.env.clone(),
        max_active_tis_per_dagrun: limit,
        ..Default::default()
    };
    let secrets = attributes
        .secrets
        .iter()
        .map(|(variable, secret)| (variable.clone(), format!("{}/{}", secret.name, secret.key)));
    step.secrets = secrets.collect();
    schedule(&mut step, attributes);
    if flavour == AirflowOperator::Bash {
        return Operator::Bash(step);
    }
    let python = matches!(component.step, graph::Step::Python(_));
    step.image = attributes
        .image
        .clone()
        .or_else(|| python.then(|| PYTHON_IMAGE.to_owned()));
    if step.image.is_none() {
        lowering.diagnostics.push(
            Diagnostic::new(
                codes::AIRFLOW_NO_IMAGE,
                span,
                format!("`{}` has no image to run in", component.name),
            )
            .label("this task runs in a container")
            .also(component.span, "it has no `image`")
            .help("add `image: \"...\"` to the component, or to the pipeline's `defaults`"),
        );
    }
    if python {
        step.packages = attributes.packages.clone();
    }
    let resources = &attributes.resources;
    step.resources = Resources {
        cpu: resources.cpu,
        memory: resources.memory,
        gpu: resources.gpu,
        gpu_type: resources.gpu.map(|_| resources.gpu_type().to_owned()),
        disk: resources.disk,
    };
    step.labels = attributes.labels.clone();
    if flavour == AirflowOperator::Docker {
        return Operator::Docker(step);
    }
    step.kubernetes = kubernetes(&attributes.kubernetes);
    Operator::Kubernetes(step)
}

fn inputs(
    instance: &Instance<'_>,
    task: &graph::Task,
    component: &graph::Component,
) -> IndexMap<String, super::model::Expr> {
    let given = task
        .args
        .iter()
        .filter(|arg| !matches!(arg.value.constant(), Some(Value::Absent)));
    given
        .map(|arg| {
            let port = component.inputs.iter().find(|port| port.name == arg.port);
            let port = port.expect("a checked call gives inputs that exist");
            (arg.port.clone(), instance.widened(&arg.value, &port.ty))
        })
        .collect()
}

/// What the scheduler looks at.
fn schedule(step: &mut Step, attributes: &TaskAttributes) {
    let retry = &attributes.retry;
    if retry.attempts > 1 {
        step.retries = retry.attempts - 1;
        step.retry_delay = Some(retry.delay.as_secs_f64());
        step.retry_exponential_backoff = (retry.backoff != 1.0).then_some(retry.backoff);
        step.max_retry_delay = retry.max_delay.map(|delay| delay.as_secs_f64());
    }
    step.execution_timeout = attributes.timeout.map(|limit| limit.as_secs_f64());
    let text = |key: &str| match attributes.targets.get("airflow", key) {
        Some(Value::Str(text)) => Some(text.clone()),
        _ => None,
    };
    let int = |key: &str| match attributes.targets.get("airflow", key) {
        Some(Value::Int(int)) => Some(*int),
        _ => None,
    };
    step.pool = text("pool");
    step.pool_slots = int("pool_slots");
    step.queue = text("queue");
    step.priority_weight = int("priority_weight");
}

fn kubernetes(pod: &graph::Kubernetes) -> Option<Kubernetes> {
    if *pod == graph::Kubernetes::default() {
        return None;
    }
    let volumes = pod.volumes.iter().map(|volume| {
        let mut plain = Volume {
            name: volume.name.clone(),
            mount_path: volume.mount.clone(),
            read_only: volume.read_only,
            claim: None,
            config_map: None,
            secret: None,
        };
        match &volume.source {
            VolumeSource::Claim(name) => plain.claim = Some(name.clone()),
            VolumeSource::ConfigMap(name) => plain.config_map = Some(name.clone()),
            VolumeSource::Secret(name) => plain.secret = Some(name.clone()),
            VolumeSource::EmptyDir => {}
        }
        plain
    });
    let tolerations = pod.tolerations.iter().map(|toleration| Toleration {
        key: toleration.key.clone(),
        operator: toleration.operator.clone(),
        value: toleration.value.clone(),
        effect: toleration.effect.clone(),
        toleration_seconds: toleration.duration.map(|duration| duration.as_secs()),
    });
    Some(Kubernetes {
        node_selector: pod.node_selector.clone(),
        tolerations: tolerations.collect(),
        service_account: pod.service_account.clone(),
        volumes: volumes.collect(),
        image_pull_secrets: pod.image_pull_secrets.clone(),
        annotations: pod.annotations.clone(),
    })
}

fn source_name(id: PythonSourceId) -> String {
    format!("s{}", id.0 + 1)
}

/// The Python files of a program.
pub fn sources(program: &Program) -> IndexMap<String, Source> {
    let sources = program.sources.iter().enumerate().map(|(at, source)| {
        let source = Source {
            path: source.path.clone(),
            text: source.text.to_string(),
        };
        (source_name(PythonSourceId(at)), source)
    });
    sources.collect()
}

/// A component without what belongs to a call of it.
pub fn component(component: &graph::Component) -> Component {
    let mut plain = Component {
        doc_md: component.doc.clone(),
        ..Default::default()
    };
    let (mut takes, mut gives) = (Vec::new(), Vec::new());
    match &component.step {
        graph::Step::Python(step) => {
            plain.function = Some(step.function.clone());
            match &step.code {
                PythonCode::Embedded(id) => plain.source = Some(source_name(*id)),
                PythonCode::Installed { module } => plain.module = Some(module.clone()),
            }
            takes.extend(step.inputs.iter().map(|input| match input {
                PythonInput::Value => Take::Value,
                PythonInput::Str => Take::Str,
                PythonInput::Path => Take::Path,
            }));
            gives.extend(step.outputs.iter().map(|output| match output {
                PythonOutput::StrParameter => By::Str,
                PythonOutput::PathParameter => By::Path,
                PythonOutput::Returned => By::Returned,
            }));
        }
        graph::Step::Run(words) => plain.run = Some(words.iter().map(word).collect()),
        graph::Step::Shell(script) => plain.shell = Some(script.clone()),
    }
    let inputs = component.inputs.iter().enumerate().map(|(at, port)| {
        let is_path = port.ty.artifact().is_some() || port.ty.artifact_list().is_some();
        let command = if is_path { Take::Str } else { Take::Value };
        Input {
            name: port.name.clone(),
            ty: TypeTree(type_tree(&port.ty)),
            take: takes.get(at).copied().unwrap_or(command),
        }
    });
    plain.inputs = inputs.collect();
    let outputs = component
        .outputs
        .iter()
        .enumerate()
        .map(|(at, port)| Output {
            name: port.name.clone(),
            ty: TypeTree(type_tree(&port.ty)),
            by: gives.get(at).copied().unwrap_or(By::Str),
        });
    plain.outputs = outputs.collect();
    plain
}

fn word(word: &graph::Word) -> Word {
    let parts = |parts: &Vec<graph::Part>| -> Vec<Part> {
        let part = |part: &graph::Part| match part {
            graph::Part::Text(text) => Part::Text(text.clone()),
            graph::Part::Port(port) => Part::Port { port: port.clone() },
        };
        parts.iter().map(part).collect()
    };
    match word {
        graph::Word::One(one) => Word::One(parts(one)),
        graph::Word::Group(words) => Word::Group {
            group: words.iter().map(parts).collect(),
        },
    }
}
