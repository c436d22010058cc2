//! Attributes that are Kubernetes': resources, and the platform document's part for an executor.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::model::{
    Accelerator, CachingOptions, ConfigMapAsEnv, ConfigMapAsVolume, ConfigMapKeyToEnv,
    EmptyDirMount, ImagePullSecret, KubernetesExecutor, NameParameter, NodeSelector, PodMetadata,
    PvcMount, Resources, RetryPolicy, SecretAsEnv, SecretAsVolume, SecretKeyToEnv, Toleration,
};
use crate::graph::{self, Cache, Retry, TaskAttributes, VolumeSource};
use crate::value::Value;

/// What all attempts of a task may take together, where no timeout bounds an attempt: nothing in practice.
const NO_BUDGET: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn resources(resources: &graph::Resources) -> Option<Resources> {
    let cpu = resources.cpu.map(cpu_quantity);
    let memory = resources.memory.map(memory_quantity);
    let gigabytes = resources.memory.map(|bytes| bytes as f64 / 1e9);
    let made = Resources {
        accelerator: resources
            .gpu
            .filter(|count| *count > 0)
            .map(|count| Accelerator {
                count: count.to_string(),
                resource_count: count.to_string(),
                resource_type: resources.gpu_type().to_owned(),
                kind: resources.gpu_type().to_owned(),
            }),
        cpu_limit: resources.cpu,
        cpu_request: resources.cpu,
        memory_limit: gigabytes,
        memory_request: gigabytes,
        resource_cpu_limit: cpu.clone(),
        resource_cpu_request: cpu,
        resource_memory_limit: memory.clone(),
        resource_memory_request: memory,
    };
    (made != Resources::default()).then_some(made)
}

/// `4`, `500m`
fn cpu_quantity(cores: f64) -> String {
    let milli = (cores * 1000.0).ceil() as u64;
    if milli.is_multiple_of(1000) {
        (milli / 1000).to_string()
    } else {
        format!("{milli}m")
    }
}

/// `16Gi`, `512Mi`, else bytes.
fn memory_quantity(bytes: u64) -> String {
    let units = [
        ("Ti", 1 << 40),
        ("Gi", 1 << 30),
        ("Mi", 1 << 20),
        ("T", 1_000_000_000_000),
        ("G", 1_000_000_000),
        ("M", 1_000_000),
    ];
    units
        .iter()
        .find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size))
        .map_or_else(
            || bytes.to_string(),
            |(unit, size)| format!("{}{unit}", bytes / size),
        )
}

/// Seconds, rounded up: no timeout becomes 0, which would be none.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

pub fn deadline(timeout: Duration) -> u64 {
    seconds(timeout)
}

pub fn retry(attributes: &TaskAttributes) -> Option<RetryPolicy> {
    let retry: &Retry = &attributes.retry;
    if retry.attempts < 2 {
        return None;
    }
    let delays: Duration = retry.delays().iter().sum();
    let budget = match attributes.timeout {
        Some(timeout) => timeout.saturating_mul(retry.attempts) + delays,
        None => NO_BUDGET + delays,
    };
    Some(RetryPolicy {
        backoff_duration: format!("{}s", seconds(retry.delay)),
        backoff_factor: retry.backoff.round().max(1.0) as u32,
        backoff_max_duration: format!("{}s", seconds(budget)),
        max_retry_count: retry.attempts - 1,
    })
}

pub fn caching(attributes: &TaskAttributes) -> CachingOptions {
    let cache_key = match attributes.targets.get("kubeflow", "cache_key") {
        Some(Value::Str(key)) => Some(key.clone()),
        _ => None,
    };
    CachingOptions {
        enable_cache: attributes.cache != Cache::Off,
        cache_key,
    }
}

/// The executor's part of the platform document. `labels` are those of the pipeline; a task's own come before them.
pub fn kubernetes(
    attributes: &TaskAttributes,
    labels: &IndexMap<String, String>,
) -> KubernetesExecutor {
    let shared = &attributes.kubernetes;
    let sorted = |entries: &IndexMap<String, String>| -> BTreeMap<String, String> {
        entries
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let mut pod = PodMetadata {
        annotations: sorted(&shared.annotations),
        labels: sorted(labels),
    };
    pod.labels.extend(sorted(&attributes.labels));
    let mut made = KubernetesExecutor {
        active_deadline_seconds: attributes
            .timeout
            .map(|timeout| seconds(timeout).to_string()),
        pod_metadata: (!pod.annotations.is_empty() || !pod.labels.is_empty()).then_some(pod),
        secret_as_env: secrets(attributes),
        tolerations: shared.tolerations.iter().map(toleration).collect(),
        ..Default::default()
    };
    let mut node_labels = sorted(&shared.node_selector);
    node_labels.extend(texts(attributes, "node_selector"));
    made.node_selector = (!node_labels.is_empty()).then_some(NodeSelector {
        labels: node_labels,
    });
    for volume in &shared.volumes {
        let mount_path = volume.mount.clone();
        match &volume.source {
            VolumeSource::Claim(name) => made.pvc_mount.push(pvc(name, mount_path)),
            VolumeSource::ConfigMap(name) => made.config_map_as_volume.push(ConfigMapAsVolume {
                config_map_name: name.clone(),
                config_map_name_parameter: NameParameter::new(name),
                mount_path,
                optional: false,
            }),
            VolumeSource::Secret(name) => made.secret_as_volume.push(SecretAsVolume {
                mount_path,
                optional: false,
                secret_name: name.clone(),
                secret_name_parameter: NameParameter::new(name),
            }),
            VolumeSource::EmptyDir => made.empty_dir_mounts.push(EmptyDirMount {
                mount_path,
                volume_name: volume.name.clone(),
            }),
        }
    }
    for (name, mount_path) in texts(attributes, "pvc") {
        made.pvc_mount.push(pvc(&name, mount_path));
    }
    let mut pull_secrets = shared.image_pull_secrets.clone();
    if let Some(Value::List(names)) = attributes.targets.get("kubeflow", "image_pull_secrets") {
        pull_secrets.extend(names.iter().map(Value::text));
    }
    made.image_pull_secret = pull_secrets
        .iter()
        .map(|name| ImagePullSecret {
            secret_name: name.clone(),
            secret_name_parameter: NameParameter::new(name),
        })
        .collect();
    if let Some(Value::Str(policy)) = attributes.targets.get("kubeflow", "image_pull_policy") {
        made.image_pull_policy = Some(policy.clone());
    }
    made.config_map_as_env = config_maps(attributes);
    if let Some(Value::List(tolerations)) = attributes.targets.get("kubeflow", "tolerations") {
        made.tolerations
            .extend(tolerations.iter().map(toleration_value));
    }
    made
}

fn pvc(name: &str, mount_path: String) -> PvcMount {
    PvcMount {
        constant: name.to_owned(),
        mount_path,
        pvc_name_parameter: NameParameter::new(name),
    }
}

fn secrets(attributes: &TaskAttributes) -> Vec<SecretAsEnv> {
    let mut by_name: IndexMap<&str, Vec<SecretKeyToEnv>> = IndexMap::new();
    for (variable, secret) in &attributes.secrets {
        by_name
            .entry(&secret.name)
            .or_default()
            .push(SecretKeyToEnv {
                env_var: variable.clone(),
                secret_key: secret.key.clone(),
            });
    }
    by_name
        .into_iter()
        .map(|(name, key_to_env)| SecretAsEnv {
            key_to_env,
            optional: false,
            secret_name: name.to_owned(),
            secret_name_parameter: NameParameter::new(name),
        })
        .collect()
}

/// `config_map_env: { VAR: "name/key" }`, grouped by name.
fn config_maps(attributes: &TaskAttributes) -> Vec<ConfigMapAsEnv> {
    let mut by_name: IndexMap<String, Vec<ConfigMapKeyToEnv>> = IndexMap::new();
    for (variable, place) in texts(attributes, "config_map_env") {
        let (name, key) = place.split_once('/').unwrap_or((&place, &variable));
        by_name
            .entry(name.to_owned())
            .or_default()
            .push(ConfigMapKeyToEnv {
                config_map_key: key.to_owned(),
                env_var: variable.clone(),
            });
    }
    by_name
        .into_iter()
        .map(|(name, key_to_env)| ConfigMapAsEnv {
            config_map_name_parameter: NameParameter::new(&name),
            config_map_name: name,
            key_to_env,
            optional: false,
        })
        .collect()
}

/// The entries of a key of the `kubeflow {}` block that holds texts by name.
fn texts(attributes: &TaskAttributes, key: &str) -> Vec<(String, String)> {
    match attributes.targets.get("kubeflow", key) {
        Some(Value::Map(entries)) => entries
            .iter()
            .map(|(name, value)| (name.clone(), value.text()))
            .collect(),
        _ => Vec::new(),
    }
}

fn toleration(toleration: &graph::Toleration) -> Toleration {
    Toleration {
        effect: toleration.effect.clone(),
        key: toleration.key.clone(),
        operator: toleration.operator.clone(),
        toleration_seconds: toleration
            .duration
            .map(|duration| seconds(duration).to_string()),
        value: toleration.value.clone(),
    }
}

fn toleration_value(value: &Value) -> Toleration {
    let field = |name: &str| match value {
        Value::Map(entries) => entries.get(name).map(Value::text),
        _ => None,
    };
    Toleration {
        effect: field("effect"),
        key: field("key"),
        operator: field("operator"),
        toleration_seconds: field("duration"),
        value: field("value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        assert_eq!([4.0, 0.5, 2.25].map(cpu_quantity), ["4", "500m", "2250m"]);
        assert_eq!(
            [16 << 30, 512 << 20, 1_000_000_000_000, 0].map(memory_quantity),
            ["16Gi", "512Mi", "1T", "0"]
        );
    }

    #[test]
    fn a_retry_has_all_four_fields_and_a_budget_that_holds_every_attempt() {
        let mut attributes = TaskAttributes::default();
        assert_eq!(retry(&attributes), None);
        attributes.retry = Retry {
            attempts: 3,
            delay: Duration::from_secs(30),
            backoff: 2.0,
            max_delay: None,
        };
        attributes.timeout = Some(Duration::from_secs(100));
        assert_eq!(
            retry(&attributes),
            Some(RetryPolicy {
                backoff_duration: "30s".into(),
                backoff_factor: 2,
                backoff_max_duration: "390s".into(),
                max_retry_count: 2,
            })
        );
    }
}
