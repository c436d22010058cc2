//! The two documents as they are written: `PipelineSpec` and `PlatformSpec` in their JSON form, as far as mlpc uses them.
//!
//! Fields stand in the order of their names and maps are sorted, so keys are sorted all through, as Kubeflow's own compiler writes them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use crate::emit::yaml::Shared;

/// The only version that the API server takes.
pub const SCHEMA_VERSION: &str = "2.1.0";

fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineSpec {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, Component>,
    pub deployment_spec: Deployment,
    pub pipeline_info: PipelineInfo,
    pub root: Component,
    pub schema_version: &'static str,
    pub sdk_version: String,
}

impl PipelineSpec {
    /// Bytes that a reader has beyond those written: the texts that are referred to.
    pub fn repeated(&self) -> usize {
        let mut seen = HashSet::new();
        let mut bytes = 0;
        for executor in self.deployment_spec.executors.values() {
            let Executor::Container(container) = executor else {
                continue;
            };
            for word in container.command.iter().chain(&container.args) {
                if let Text::Shared(text) = word
                    && !seen.insert(Arc::as_ptr(&text.0))
                {
                    bytes += text.0.len();
                }
            }
        }
        bytes
    }
}

#[derive(Debug, Serialize)]
pub struct PipelineInfo {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub name: String,
}

#[derive(Debug, Default, Serialize)]
pub struct Deployment {
    pub executors: BTreeMap<String, Executor>,
}

/// Either of the two kinds that the backend knows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Executor {
    Container(Container),
    Importer(Importer),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Container {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Text>,
    pub command: Vec<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    pub image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Text {
    Plain(String),
    /// The same in several executors.
    Shared(Shared),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvVar {
    pub name: String,
    pub value: String,
}

/// Quantities, and beside them the older doubles, which older backends read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<Accelerator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<f64>,
    /// Gigabytes (10^9 bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_cpu_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_cpu_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_memory_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_memory_request: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accelerator {
    /// An int64, so a string in JSON.
    pub count: String,
    pub resource_count: String,
    pub resource_type: String,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Importer {
    pub artifact_uri: ArtifactUri,
    pub type_schema: ArtifactType,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactUri {
    /// kfp.local looks for `uri`, whatever stands here.
    pub runtime_parameter: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dag: Option<Dag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor_label: Option<String>,
    #[serde(skip_serializing_if = "Inputs::is_empty")]
    pub input_definitions: Inputs,
    #[serde(skip_serializing_if = "Outputs::is_empty")]
    pub output_definitions: Outputs,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, InputArtifact>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, InputParameter>,
}

impl Inputs {
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputArtifact {
    pub artifact_type: ArtifactType,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "is_false")]
    pub is_artifact_list: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputParameter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Json>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "is_false")]
    pub is_optional: bool,
    pub parameter_type: ParameterType,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, OutputArtifact>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, OutputParameter>,
}

impl Outputs {
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputArtifact {
    pub artifact_type: ArtifactType,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "is_false")]
    pub is_artifact_list: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputParameter {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub parameter_type: ParameterType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParameterType {
    Boolean,
    List,
    NumberDouble,
    NumberInteger,
    String,
    Struct,
    TaskFinalStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactType {
    /// `system.Dataset`, ..
    pub schema_title: &'static str,
    pub schema_version: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Dag {
    #[serde(skip_serializing_if = "DagOutputs::is_empty")]
    pub outputs: DagOutputs,
    pub tasks: BTreeMap<String, Task>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DagOutputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, ArtifactSelectors>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterSelector>,
}

impl DagOutputs {
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactSelectors {
    pub artifact_selectors: Vec<ArtifactSelector>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactSelector {
    pub output_artifact_key: String,
    pub producer_subtask: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ParameterSelector {
    ValueFromParameter(OutputSelector),
    ValueFromOneof(OneOf),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OneOf {
    pub parameter_selectors: Vec<OutputSelector>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputSelector {
    pub output_parameter_key: String,
    pub producer_subtask: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caching_options: Option<CachingOptions>,
    pub component_ref: Named,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependent_tasks: Vec<String>,
    #[serde(skip_serializing_if = "TaskInputs::is_empty")]
    pub inputs: TaskInputs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterator_policy: Option<IteratorPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_iterator: Option<ParameterIterator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    pub task_info: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_policy: Option<TriggerPolicy>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Named {
    pub name: String,
}

/// An empty one means no cache.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CachingOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub enable_cache: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskInputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, ArtifactSource>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterSource>,
}

impl TaskInputs {
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ArtifactSource {
    ComponentInputArtifact(String),
    #[serde(rename_all = "camelCase")]
    TaskOutputArtifact {
        output_artifact_key: String,
        producer_task: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ParameterSource {
    ComponentInputParameter(String),
    RuntimeValue(Constant),
    #[serde(rename_all = "camelCase")]
    TaskFinalStatus {
        producer_task: String,
    },
    #[serde(rename_all = "camelCase")]
    TaskOutputParameter {
        output_parameter_key: String,
        producer_task: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Constant {
    pub constant: Json,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IteratorPolicy {
    pub parallelism_limit: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParameterIterator {
    pub item_input: String,
    pub items: IteratorItems,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum IteratorItems {
    InputParameter(String),
    /// JSON text.
    Raw(String),
}

/// All four, always: without `backoffMaxDuration` Argo gets a budget of 0 and never retries.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// `"30s"`
    pub backoff_duration: String,
    /// Whole: Argo reads an int.
    pub backoff_factor: u32,
    /// What all attempts together may take.
    pub backoff_max_duration: String,
    pub max_retry_count: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<&'static str>,
}

/// The second document.
#[derive(Debug, Serialize)]
pub struct PlatformSpec {
    pub platforms: Platforms,
}

#[derive(Debug, Serialize)]
pub struct Platforms {
    pub kubernetes: KubernetesPlatform,
}

#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesPlatform {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_spec: Option<KubernetesDeployment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_config: Option<PipelineConfig>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub struct KubernetesDeployment {
    pub executors: BTreeMap<String, KubernetesExecutor>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineConfig {
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<u64>,
    /// Seconds that a finished run's resources are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_ttl_on_completion: Option<u64>,
}

/// What the executors of one label get from Kubernetes beside their container.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesExecutor {
    /// An int64, so a string in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_map_as_env: Vec<ConfigMapAsEnv>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_map_as_volume: Vec<ConfigMapAsVolume>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub empty_dir_mounts: Vec<EmptyDirMount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secret: Vec<ImagePullSecret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<NodeSelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_metadata: Option<PodMetadata>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pvc_mount: Vec<PvcMount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret_as_env: Vec<SecretAsEnv>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret_as_volume: Vec<SecretAsVolume>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
}

/// A name as newer backends read it; the older field stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameParameter {
    pub runtime_value: Constant,
}

impl NameParameter {
    pub fn new(name: &str) -> Self {
        NameParameter {
            runtime_value: Constant {
                constant: name.into(),
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapAsEnv {
    pub config_map_name: String,
    pub config_map_name_parameter: NameParameter,
    pub key_to_env: Vec<ConfigMapKeyToEnv>,
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKeyToEnv {
    pub config_map_key: String,
    pub env_var: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapAsVolume {
    pub config_map_name: String,
    pub config_map_name_parameter: NameParameter,
    pub mount_path: String,
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmptyDirMount {
    pub mount_path: String,
    pub volume_name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePullSecret {
    pub secret_name: String,
    pub secret_name_parameter: NameParameter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeSelector {
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PodMetadata {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PvcMount {
    pub constant: String,
    pub mount_path: String,
    pub pvc_name_parameter: NameParameter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretAsEnv {
    pub key_to_env: Vec<SecretKeyToEnv>,
    pub optional: bool,
    pub secret_name: String,
    pub secret_name_parameter: NameParameter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyToEnv {
    pub env_var: String,
    pub secret_key: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretAsVolume {
    pub mount_path: String,
    pub optional: bool,
    pub secret_name: String,
    pub secret_name_parameter: NameParameter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// An int64, so a string in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
