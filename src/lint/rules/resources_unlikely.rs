//! Resources that no machine has, or no program can live with: mostly another unit was meant.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::RESOURCES_UNLIKELY,
    level: Level::Warn,
    fixes: false,
    check,
};

/// More than the largest machines that are for rent.
const CORES: f64 = 960.0;
const MEMORY: u64 = 48 << 40;
const GPUS: u32 = 16;
/// An interpreter does not start with less.
const LEAST_MEMORY: u64 = 8 << 20;

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (attributes, _) in context.settings() {
        let resources = &attributes.resources;
        let mut report = |key: &str, label: &str, help: String| {
            let at = attributes.spans.get(&format!("resources.{key}"));
            if let Some(at) = at.filter(|at| told.insert(*at)) {
                let message = format!("no step can have this `{key}`");
                found.push(
                    Diagnostic::new(RULE.code, at, message)
                        .label(label)
                        .help(help),
                );
            }
        };
        if let Some(cpu) = resources.cpu.filter(|cpu| *cpu > CORES) {
            let help = format!("`cpu` counts cores: `cpu: {}`?", cpu / 1000.0);
            report("cpu", "more cores than any machine has", help);
        }
        let memory = "`memory` has a unit: `512MiB`, `4GiB`".to_owned();
        if resources.memory.is_some_and(|memory| memory > MEMORY) {
            report("memory", "more than any machine has", memory.clone());
        }
        if resources.memory.is_some_and(|memory| memory < LEAST_MEMORY) {
            report("memory", "too little for a program to start", memory);
        }
        if resources.gpu.is_some_and(|gpus| gpus > GPUS) {
            let help = "`gpu` counts the GPUs of one step".to_owned();
            report("gpu", "more than any machine has", help);
        }
    }
}
