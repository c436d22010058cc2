//! The `argo {}` block of tasks and pipelines. Its keys and shapes were checked against the attribute table.

use indexmap::IndexMap;

use super::model::{Named, Synchronization, Toleration};
use crate::graph::{TargetBlocks, Toleration as Written};
use crate::value::Value;

/// The block of a task or a pipeline.
#[derive(Clone, Copy)]
pub struct ArgoBlock<'a>(pub &'a TargetBlocks);

impl ArgoBlock<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get("argo", key)
    }

    pub fn text(&self, key: &str) -> Option<String> {
        match self.get(key) {
            Some(Value::Str(text)) => Some(text.clone()),
            _ => None,
        }
    }

    pub fn int(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Int(int)) => Some(*int),
            _ => None,
        }
    }

    pub fn mutex(&self) -> Option<Synchronization> {
        self.text("mutex").map(|name| Synchronization {
            mutexes: vec![Named { name }],
        })
    }

    /// The labels of nodes, over those that hold for all engines.
    pub fn node_selector(&self, shared: &IndexMap<String, String>) -> IndexMap<String, String> {
        let mut all = shared.clone();
        if let Some(Value::Map(own)) = self.get("node_selector") {
            all.extend(own.iter().map(|(key, value)| (key.clone(), value.text())));
        }
        all
    }

    /// The tolerations, beside those that hold for all engines.
    pub fn tolerations(&self, shared: &[Written]) -> Vec<Toleration> {
        let mut all: Vec<Toleration> = shared
            .iter()
            .map(|toleration| Toleration {
                key: toleration.key.clone(),
                operator: toleration.operator.clone(),
                value: toleration.value.clone(),
                effect: toleration.effect.clone(),
                toleration_seconds: toleration.duration.map(super::step::whole_seconds),
            })
            .collect();
        if let Some(Value::List(own)) = self.get("tolerations") {
            all.extend(own.iter().map(|entry| {
                let text = |key: &str| field(entry, key).map(Value::text);
                Toleration {
                    key: text("key"),
                    operator: text("operator"),
                    value: text("value"),
                    effect: text("effect"),
                    toleration_seconds: field(entry, "duration")
                        .and_then(Value::as_f64)
                        .map(|s| s.ceil() as u64),
                }
            }));
        }
        all
    }

    /// Who the pod runs as, with Kubernetes' spelling of the keys.
    pub fn security_context(&self) -> Option<serde_json::Value> {
        self.get("security_context").map(camel_case)
    }
}

fn field<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Map(entries) => entries.get(key),
        _ => None,
    }
}

/// `run_as_user` as `runAsUser`, at every depth.
fn camel_case(value: &Value) -> serde_json::Value {
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| {
                let mut words = key.split('_');
                let mut name = words.next().unwrap_or_default().to_owned();
                for word in words {
                    name.extend(word[..1].chars().map(|c| c.to_ascii_uppercase()));
                    name.push_str(&word[1..]);
                }
                (name, camel_case(value))
            })
            .collect(),
        Value::List(items) => items.iter().map(camel_case).collect(),
        other => other.to_json(),
    }
}
