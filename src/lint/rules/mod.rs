//! One rule a file; the list of them all.

use crate::graph::{Part, Step, Word};
use crate::types::{ArtifactKind, Type};

use super::Rule;

mod cache_never_hit;
mod cache_without_outputs;
mod catchup_alike;
mod component_undescribed;
mod confusing_names;
mod constant_condition;
mod float_equality;
mod gpu_type_without_gpu;
mod image_by_tag;
mod image_unpinned;
mod large_value;
mod local_path;
mod loop_above_parallelism;
mod needless_after;
mod note_in_doc;
mod one_task_pipeline;
mod output_not_written;
mod package_missing;
mod package_unpinned;
mod packages_unused;
mod pipeline_undescribed;
mod plain_http;
mod resources_unlikely;
mod retry_without_attempts;
mod retry_without_delay;
mod retry_without_timeout;
mod same_component_twice;
mod same_task_twice;
mod schedule_every_minute;
mod schedule_in_clock_change;
mod schedule_meets_itself;
mod schedule_unwatched;
mod secret_literal;
mod short_loop;
mod timeout_above_run;
mod unbounded_loop;
mod unquoted_port;
mod unused_component;
mod unused_input;
mod unused_loop_variable;
mod unused_output;
mod unused_parameter;
mod unused_type;
mod unused_use;
mod unused_value_name;
mod wide_string;

/// All rules, in the order of their codes.
pub const RULES: &[Rule] = &[
    image_unpinned::RULE,
    image_by_tag::RULE,
    package_unpinned::RULE,
    packages_unused::RULE,
    package_missing::RULE,
    retry_without_timeout::RULE,
    retry_without_attempts::RULE,
    retry_without_delay::RULE,
    timeout_above_run::RULE,
    gpu_type_without_gpu::RULE,
    resources_unlikely::RULE,
    cache_without_outputs::RULE,
    cache_never_hit::RULE,
    loop_above_parallelism::RULE,
    unbounded_loop::RULE,
    large_value::RULE,
    schedule_every_minute::RULE,
    schedule_meets_itself::RULE,
    catchup_alike::RULE,
    schedule_unwatched::RULE,
    schedule_in_clock_change::RULE,
    unused_component::RULE,
    unused_type::RULE,
    unused_use::RULE,
    unused_parameter::RULE,
    unused_input::RULE,
    unused_output::RULE,
    output_not_written::RULE,
    unused_value_name::RULE,
    unused_loop_variable::RULE,
    constant_condition::RULE,
    short_loop::RULE,
    needless_after::RULE,
    same_task_twice::RULE,
    same_component_twice::RULE,
    float_equality::RULE,
    one_task_pipeline::RULE,
    secret_literal::RULE,
    local_path::RULE,
    plain_http::RULE,
    unquoted_port::RULE,
    pipeline_undescribed::RULE,
    component_undescribed::RULE,
    note_in_doc::RULE,
    confusing_names::RULE,
    wide_string::RULE,
];

/// Whether a command or a script names a port. A function's parameters are checked against its file.
fn mentions(step: &Step, port: &str) -> bool {
    let named = |parts: &[Part]| {
        parts
            .iter()
            .any(|part| matches!(part, Part::Port(name) if name == port))
    };
    match step {
        Step::Python(_) => true,
        Step::Run(words) => words.iter().any(|word| match word {
            Word::One(parts) => named(parts),
            Word::Group(group) => group.iter().any(|parts| named(parts)),
        }),
        Step::Shell(script) => script.match_indices(port).any(|(at, _)| {
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !script[..at].ends_with(inside) && !script[at + port.len()..].starts_with(inside)
        }),
    }
}

/// An engine shows it to people: making it is use enough.
fn is_shown(ty: &Type) -> bool {
    ty.artifact().is_some_and(|artifact| {
        matches!(
            artifact.kind,
            ArtifactKind::Metrics
                | ArtifactKind::ClassificationMetrics
                | ArtifactKind::Html
                | ArtifactKind::Markdown
        )
    })
}
