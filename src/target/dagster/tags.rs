//! Attributes as Dagster's tags, policies and metadata.

use serde_json::{Map, Value as Json, json};

use crate::emit::python::Py;
use crate::graph::{Kubernetes, PipelineAttributes, Resources, TaskAttributes, VolumeSource};
use crate::types::Type;
use crate::value::Value;

/// An e-mail address as it is, all else as a team.
pub fn owner(owner: &str) -> String {
    let is_address = match owner.split_once('@') {
        Some((name, host)) => {
            let plain = |text: &str| {
                !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "._%+-".contains(c))
            };
            plain(name) && plain(host) && host.contains('.') && !host.ends_with('.')
        }
        None => false,
    };
    match is_address {
        true => owner.to_owned(),
        false => format!("team:{owner}"),
    }
}

pub fn group(attributes: &TaskAttributes) -> Option<String> {
    match attributes.targets.get("dagster", "group") {
        Some(Value::Str(group)) => Some(group.clone()),
        _ => None,
    }
}

pub fn kinds(attributes: &TaskAttributes) -> Option<Py> {
    let kinds = attributes.targets.get("dagster", "kinds")?;
    Some(Py::call("set", vec![Py::Value(kinds.clone())]))
}

pub fn retry_policy(attributes: &TaskAttributes) -> Option<Py> {
    let retries = i64::from(attributes.retry.attempts) - 1;
    let args = vec![("max_retries".to_owned(), Py::int(retries))];
    (retries > 0).then(|| Py::call_with("dg.RetryPolicy", Vec::new(), args))
}

/// The columns of an artifact, as Dagster's catalogue shows them.
pub fn columns(ty: &Type) -> Option<Py> {
    let columns = ty.artifact()?.columns.as_ref()?;
    let columns = columns.fields.iter().map(|(name, ty)| {
        let optional = if ty.is_optional() { "?" } else { "" };
        let ty = Py::str(format!("{}{optional}", ty.base()));
        (Some(Py::str(name.clone())), ty)
    });
    let schema = Py::call("_columns", vec![Py::Dict(columns.collect())]);
    let key = Some(Py::str("dagster/column_schema"));
    Some(Py::Dict(vec![(key, schema)]))
}

/// Tags of an op: what its pod needs if there are pods, the limit of its loop, the user's own.
pub fn op_tags(attributes: &TaskAttributes, pods: bool, limit: Option<&str>) -> Option<Py> {
    let mut tags = Map::new();
    if let Some(limit) = limit {
        tags.insert("mlpc/limit".to_owned(), json!(limit));
    }
    let pod = pod(attributes);
    if pods && !pod.is_empty() {
        tags.insert("dagster-k8s/config".to_owned(), Json::Object(pod));
    }
    own(&attributes.targets, &mut tags);
    (!tags.is_empty()).then(|| Py::Value(Value::from_json(&Json::Object(tags))))
}

fn own(targets: &crate::graph::TargetBlocks, tags: &mut Map<String, Json>) {
    if let Some(Value::Map(own)) = targets.get("dagster", "op_tags") {
        for (key, value) in own {
            tags.insert(key.clone(), value.to_json());
        }
    }
}

/// Whether steps are pods: nothing but that executor reads what is said of them.
pub fn pods(attributes: &PipelineAttributes) -> bool {
    matches!(attributes.targets.get("dagster", "executor"),
        Some(Value::Str(executor)) if executor == "k8s_job")
}

/// Tags of the job.
pub fn job_tags(attributes: &PipelineAttributes) -> Option<Py> {
    let mut tags = Map::new();
    for tag in &attributes.tags {
        tags.insert(tag.clone(), json!(""));
    }
    for (key, value) in &attributes.labels {
        tags.insert(key.clone(), json!(value));
    }
    if let Some(timeout) = attributes.timeout {
        let seconds = timeout.as_secs_f64().ceil();
        tags.insert(
            "dagster/max_runtime".to_owned(),
            json!(format!("{seconds}")),
        );
    }
    own(&attributes.targets, &mut tags);
    (!tags.is_empty()).then(|| Py::Value(Value::from_json(&Json::Object(tags))))
}

fn pod(attributes: &TaskAttributes) -> Map<String, Json> {
    let mut container = Map::new();
    if let Some(image) = &attributes.image {
        container.insert("image".to_owned(), json!(image));
    }
    let resources = resources(&attributes.resources);
    if !resources.is_empty() {
        container.insert(
            "resources".to_owned(),
            json!({ "requests": resources, "limits": resources }),
        );
    }
    let secrets = attributes.secrets.iter().map(|(variable, secret)| {
        json!({
            "name": variable,
            "value_from": { "secret_key_ref": { "name": secret.name, "key": secret.key } },
        })
    });
    let secrets: Vec<Json> = secrets.collect();
    if !secrets.is_empty() {
        container.insert("env".to_owned(), json!(secrets));
    }
    let kubernetes = &attributes.kubernetes;
    let mounts = kubernetes.volumes.iter().map(|volume| {
        json!({ "name": volume.name, "mount_path": volume.mount, "read_only": volume.read_only })
    });
    let mounts: Vec<Json> = mounts.collect();
    if !mounts.is_empty() {
        container.insert("volume_mounts".to_owned(), json!(mounts));
    }
    let mut metadata = Map::new();
    if !attributes.labels.is_empty() {
        metadata.insert("labels".to_owned(), json!(attributes.labels));
    }
    if !kubernetes.annotations.is_empty() {
        metadata.insert("annotations".to_owned(), json!(kubernetes.annotations));
    }
    let mut config = Map::new();
    for (key, part) in [
        ("container_config", container),
        ("pod_template_spec_metadata", metadata),
        ("pod_spec_config", pod_spec(kubernetes)),
    ] {
        if !part.is_empty() {
            config.insert(key.to_owned(), Json::Object(part));
        }
    }
    config
}

fn resources(resources: &Resources) -> Map<String, Json> {
    let mut found = Map::new();
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            found.insert(key.to_owned(), json!(value));
        }
    };
    add("cpu", resources.cpu.map(|cpu| cpu.to_string()));
    add("memory", resources.memory.map(|bytes| bytes.to_string()));
    add(
        "ephemeral-storage",
        resources.disk.map(|bytes| bytes.to_string()),
    );
    add(
        resources.gpu_type(),
        resources.gpu.map(|gpu| gpu.to_string()),
    );
    found
}

fn pod_spec(kubernetes: &Kubernetes) -> Map<String, Json> {
    let mut spec = Map::new();
    if !kubernetes.node_selector.is_empty() {
        spec.insert("node_selector".to_owned(), json!(kubernetes.node_selector));
    }
    if let Some(account) = &kubernetes.service_account {
        spec.insert("service_account_name".to_owned(), json!(account));
    }
    let tolerations = kubernetes.tolerations.iter().map(|toleration| {
        let mut entry = Map::new();
        let duration = toleration.duration.map(|duration| duration.as_secs());
        for (key, value) in [
            ("key", toleration.key.as_ref().map(|it| json!(it))),
            ("operator", toleration.operator.as_ref().map(|it| json!(it))),
            ("value", toleration.value.as_ref().map(|it| json!(it))),
            ("effect", toleration.effect.as_ref().map(|it| json!(it))),
            ("toleration_seconds", duration.map(|it| json!(it))),
        ] {
            entry.extend(value.map(|value| (key.to_owned(), value)));
        }
        Json::Object(entry)
    });
    let tolerations: Vec<Json> = tolerations.collect();
    let volumes = kubernetes
        .volumes
        .iter()
        .map(|volume| match &volume.source {
            VolumeSource::Claim(claim) => {
                json!({ "name": volume.name, "persistent_volume_claim": { "claim_name": claim } })
            }
            VolumeSource::ConfigMap(name) => {
                json!({ "name": volume.name, "config_map": { "name": name } })
            }
            VolumeSource::Secret(name) => {
                json!({ "name": volume.name, "secret": { "secret_name": name } })
            }
            VolumeSource::EmptyDir => json!({ "name": volume.name, "empty_dir": {} }),
        });
    let volumes: Vec<Json> = volumes.collect();
    let secrets = kubernetes.image_pull_secrets.iter();
    let secrets: Vec<Json> = secrets.map(|name| json!({ "name": name })).collect();
    for (key, list) in [
        ("tolerations", tolerations),
        ("volumes", volumes),
        ("image_pull_secrets", secrets),
    ] {
        if !list.is_empty() {
            spec.insert(key.to_owned(), json!(list));
        }
    }
    spec
}
