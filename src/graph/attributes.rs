//! Attributes of tasks and pipelines, resolved: typed, in plain units, with where each was written.

use std::time::Duration;

use indexmap::IndexMap;

use crate::source::Span;
use crate::value::Value;

/// What holds for one task: its own `with`, then its component's attributes, then the pipeline's `defaults`, key by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskAttributes {
    pub image: Option<String>,
    pub packages: Vec<String>,
    pub resources: Resources,
    pub retry: Retry,
    /// Of each attempt.
    pub timeout: Option<Duration>,
    pub cache: Cache,
    pub env: IndexMap<String, String>,
    pub secrets: IndexMap<String, SecretRef>,
    pub labels: IndexMap<String, String>,
    pub kubernetes: Kubernetes,
    pub targets: TargetBlocks,
    pub spans: AttributeSpans,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineAttributes {
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub schedule: Option<Schedule>,
    pub notify: Option<Notify>,
    /// Of the whole run.
    pub timeout: Option<Duration>,
    /// Tasks of the run that may run at once.
    pub parallelism: Option<u32>,
    pub depends_on_past: bool,
    pub labels: IndexMap<String, String>,
    pub targets: TargetBlocks,
    pub spans: AttributeSpans,
}

/// Where each attribute that was set was written, by its dotted name: `retry.backoff`, `argo.pod_gc`.
#[derive(Clone, Debug, Default)]
pub struct AttributeSpans(pub IndexMap<String, Span>);

impl AttributeSpans {
    pub fn get(&self, name: &str) -> Option<Span> {
        self.0.get(name).copied()
    }
}

/// Places don't make two sets of attributes different.
impl PartialEq for AttributeSpans {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// Cores; a fraction is allowed.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<u64>,
    pub gpu: Option<u32>,
    /// The resource's name in the cluster; `nvidia.com/gpu` when unset.
    pub gpu_type: Option<String>,
    /// Bytes.
    pub disk: Option<u64>,
}

impl Resources {
    pub const DEFAULT_GPU_TYPE: &str = "nvidia.com/gpu";

    pub fn gpu_type(&self) -> &str {
        self.gpu_type.as_deref().unwrap_or(Self::DEFAULT_GPU_TYPE)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Runs in all, at least 1.
    pub attempts: u32,
    pub delay: Duration,
    /// What each delay is multiplied with for the next.
    pub backoff: f64,
    /// What a delay never exceeds.
    pub max_delay: Option<Duration>,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            attempts: 1,
            delay: Duration::ZERO,
            backoff: 1.0,
            max_delay: None,
        }
    }
}

impl Retry {
    /// The delays before the second, third, .. attempt.
    pub fn delays(&self) -> Vec<Duration> {
        let mut delay = self.delay.as_secs_f64();
        (1..self.attempts)
            .map(|_| {
                let cap = self
                    .max_delay
                    .map_or(f64::INFINITY, |cap| cap.as_secs_f64());
                // A year is past any run, and keeps a steep backoff within what a Duration holds.
                let this = delay.min(cap).min(31_536_000.0);
                delay *= self.backoff;
                Duration::from_secs_f64(this)
            })
            .collect()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Cache {
    #[default]
    Off,
    /// However old an entry is.
    Forever,
    /// Entries no older than this.
    For(Duration),
}

/// `"name/key"`: a key of a named secret.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretRef {
    pub name: String,
    pub key: String,
}

/// What all engines on Kubernetes share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kubernetes {
    pub node_selector: IndexMap<String, String>,
    pub tolerations: Vec<Toleration>,
    pub service_account: Option<String>,
    pub volumes: Vec<Volume>,
    pub image_pull_secrets: Vec<String>,
    pub annotations: IndexMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toleration {
    pub key: Option<String>,
    /// `Equal` or `Exists`
    pub operator: Option<String>,
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`
    pub effect: Option<String>,
    /// With `NoExecute`: for how long.
    pub duration: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    pub name: String,
    pub source: VolumeSource,
    /// The absolute path in the container.
    pub mount: String,
    pub read_only: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum VolumeSource {
    /// Name of a PersistentVolumeClaim.
    Claim(String),
    ConfigMap(String),
    Secret(String),
    /// Scratch space.
    EmptyDir,
}

/// `argo {}`, `kubeflow {}`, ..: by target and key, checked against the attribute table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetBlocks(pub IndexMap<String, IndexMap<String, Value>>);

impl TargetBlocks {
    pub fn get(&self, target: &str, key: &str) -> Option<&Value> {
        self.0.get(target)?.get(key)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Five fields, or `@hourly`, `@daily`, ..
    pub cron: String,
    /// ISO 8601.
    pub start: Option<String>,
    pub end: Option<String>,
    /// IANA name; `UTC` when unset.
    pub timezone: String,
    pub catchup: bool,
    pub overlap: Overlap,
}

/// What happens when a scheduled run is due while the one before still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    #[default]
    Allow,
    Forbid,
    Queue,
    Replace,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notify {
    pub email: Vec<String>,
    pub on: Vec<NotifyOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyOn {
    Success,
    Failure,
}
