//! Keys that aren't known where they stand: what was meant, or where they belong.

use crate::diagnostics::{Diagnostic, codes, nearest};
use crate::resolve::constant::Entry;
use crate::source::Span;

use super::table::{Attribute, BLOCKS, Field, Place, Row, STEP_KEYS, TABLE, find_block, keys};
use super::text::shown;

/// Words of other tools, with how it is said here.
const OTHER_WORDS: &[(&str, &str)] = &[
    (
        "retries",
        "write `retry: { attempts: .. }`, which counts runs in all: two retries are `attempts: 3`",
    ),
    (
        "max_retries",
        "write `retry: { attempts: .. }`, which counts runs in all: two retries are `attempts: 3`",
    ),
    ("retry_delay", "write `retry: { delay: .. }`"),
    ("retry_policy", "write `retry: { attempts: .., delay: .. }`"),
    ("execution_timeout", "write `timeout: ..`"),
    ("deadline", "write `timeout: ..`"),
    ("dagrun_timeout", "write `timeout: ..`"),
    ("base_image", "write `image: ..`"),
    ("container", "write `image: ..`"),
    ("container_image", "write `image: ..`"),
    ("docker_image", "write `image: ..`"),
    ("packages_to_install", "write `packages: [..]`"),
    ("requirements", "write `packages: [..]`"),
    ("pip", "write `packages: [..]`"),
    ("environment", "write `env: { NAME: \"..\" }`"),
    ("env_vars", "write `env: { NAME: \"..\" }`"),
    (
        "caching",
        "write `cache: true`, or how old a result may be: `cache: 24h`",
    ),
    (
        "enable_caching",
        "write `cache: true`, or how old a result may be: `cache: 24h`",
    ),
    (
        "memoize",
        "write `cache: true`, or how old a result may be: `cache: 24h`",
    ),
    ("gpus", "write `resources: { gpu: .. }`"),
    (
        "accelerator",
        "write `resources: { gpu: .., gpu_type: \"..\" }`",
    ),
    ("cpus", "write `resources: { cpu: .. }`"),
    ("mem", "write `resources: { memory: 4GiB }`"),
    ("ram", "write `resources: { memory: 4GiB }`"),
    ("limits", "write `resources: { cpu: .., memory: .. }`"),
    ("requests", "write `resources: { cpu: .., memory: .. }`"),
    ("schedule_interval", "write `schedule: { cron: \"..\" }`"),
    ("start_date", "write `schedule: { start: \"..\" }`"),
    ("end_date", "write `schedule: { end: \"..\" }`"),
    ("tz", "write `schedule: { timezone: \"..\" }`"),
    (
        "concurrency_policy",
        "write `schedule: { overlap: \"..\" }`",
    ),
    (
        "max_active_runs",
        "write `schedule: { overlap: \"queue\" }` for one run at a time",
    ),
    ("max_active_tasks", "write `parallelism: ..`"),
    ("concurrency", "write `parallelism: ..`"),
    ("default_args", "write `defaults: { .. }`"),
    ("emails", "write `notify: { email: [\"..\"] }`"),
    (
        "email_on_failure",
        "write `notify: { email: [\"..\"], on: [\"failure\"] }`",
    ),
    (
        "on_failure",
        "write `notify: { email: [\"..\"], on: [\"failure\"] }`",
    ),
    ("description", "write a doc comment above it: `## ..`"),
    ("doc", "write a doc comment above it: `## ..`"),
    (
        "command",
        "a step is `python: \"file.py:function\"`, `run: [..]` or `shell: \"\"\"..\"\"\"`",
    ),
    ("args", "write the arguments into the list of `run: [..]`"),
    ("script", "write `shell: \"\"\"..\"\"\"`"),
];

/// A key that `block` (empty: no block) does not have at `place`.
pub fn attribute(block: &str, key: &str, span: Span, place: Place) -> Diagnostic {
    if let Some(report) = misplaced(block, key, span, place) {
        return report;
    }
    let here = candidates(block, place);
    let other_word = OTHER_WORDS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(key))
        .map(|(_, help)| (*help).to_owned());
    let near_here =
        || nearest(key, here.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let help = other_word
        .or_else(near_here)
        .or_else(|| near_elsewhere(block, key, place))
        .unwrap_or_else(|| match block {
            "" => format!("known {}: {}", at(place), listed(&here)),
            block => format!("known in `{block}`: {}", listed(&here)),
        });
    let message = match block {
        "" => format!("no attribute {}", shown(key)),
        block => format!("no attribute {} in `{block}`", shown(key)),
    };
    Diagnostic::new(codes::UNKNOWN_ATTRIBUTE, span, message)
        .label(match block {
            "" => format!("not known {}", at(place)),
            block => format!("not known in `{block}`"),
        })
        .help(help)
}

/// A key that a record of fixed keys does not have.
pub fn field(name: &str, fields: &'static [Field], entry: &Entry) -> Diagnostic {
    let known: Vec<&str> = fields.iter().map(|field| field.key).collect();
    let help = match nearest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known in `{name}`: {}", listed(&known)),
    };
    Diagnostic::new(
        codes::UNKNOWN_ATTRIBUTE,
        entry.key_span,
        format!("no key {} in `{name}`", shown(&entry.key)),
    )
    .label(format!("not known in `{name}`"))
    .help(help)
}

fn candidates(block: &str, place: Place) -> Vec<&'static str> {
    let mut found = keys(block, place);
    if block.is_empty() && place == Place::Component {
        found.extend(STEP_KEYS);
    }
    found
}

/// The right key in the wrong place or at the wrong depth.
fn misplaced(block: &str, key: &str, span: Span, place: Place) -> Option<Diagnostic> {
    let report = |problem: String, label: String, help: String| {
        Some(
            Diagnostic::new(codes::MISPLACED_ATTRIBUTE, span, problem)
                .label(label)
                .help(help),
        )
    };
    if STEP_KEYS.contains(&key) && (place != Place::Component || !block.is_empty()) {
        let help = match place {
            Place::Pipeline => "write a component and call it in the pipeline's body",
            _ => "write it in the component's body, outside of any block",
        };
        return report(
            format!("`{key}` is a component's step, no attribute"),
            "can't stand here".to_owned(),
            help.to_owned(),
        );
    }
    let is_block = BLOCKS.iter().any(|known| known.name == key);
    if is_block {
        let label = match find_block(key, place) {
            Some(_) => format!("stands in `{block}`"),
            None => format!("not known {}", at(place)),
        };
        let help = elsewhere_block(key, block, place);
        return report(format!("`{key}` can't stand here"), label, help);
    }
    let row = meant(key, block, place)?;
    let label = match (row.allows(place), row.block) {
        (true, "") => format!("stands in `{block}`"),
        (true, inner) => format!("is a key of `{inner}`"),
        (false, _) => format!("not known {}", at(place)),
    };
    report(
        format!("{} can't stand here", shown(key)),
        label,
        written_elsewhere(row, block, place),
    )
}

/// The row that is most likely meant by a key which has none where it stands: of tasks and pipelines before a
/// target's own.
fn meant(key: &str, block: &str, place: Place) -> Option<&'static Row> {
    let plain = |row: &&Row| row.attribute != Attribute::Target;
    let rows = || TABLE.iter().filter(|row| row.key == key);
    rows()
        .find(|row| plain(row) && row.allows(place))
        .or_else(|| rows().find(|row| row.block == block))
        .or_else(|| rows().find(plain))
        .or_else(|| rows().find(|row| row.allows(place)))
        .or_else(|| rows().next())
}

/// How to write a row that is meant but stands in `block` at `place`.
fn written_elsewhere(row: &Row, block: &str, place: Place) -> String {
    let form = row.as_written();
    if row.allows(place) {
        return match (row.block, block) {
            ("", outer) => format!("write `{form}` beside `{outer}`, not in it"),
            _ => format!("write `{form}`"),
        };
    }
    match place {
        Place::NestedWith => nested_help(),
        Place::Pipeline => format!("for all its tasks write `defaults: {{ {form} }}`"),
        Place::Component | Place::With | Place::Defaults => {
            format!("write `{form}` in the pipeline's body, above its first statement")
        }
    }
}

/// How to write a block that is meant but stands in `block` at `place`.
fn elsewhere_block(name: &str, block: &str, place: Place) -> String {
    if find_block(name, place).is_some() {
        return format!("write `{name}: {{ .. }}` beside `{block}`, not in it");
    }
    match place {
        Place::NestedWith => nested_help(),
        Place::Pipeline => format!("for all its tasks write `defaults: {{ {name}: {{ .. }} }}`"),
        Place::Component | Place::With | Place::Defaults => {
            format!("write `{name}: {{ .. }}` in the pipeline's body, above its first statement")
        }
    }
}

fn nested_help() -> String {
    "on the call of a pipeline `with` takes `timeout` only; set it in that pipeline, for example in its `defaults`".to_owned()
}

/// A key or block that is near in spelling, but belongs elsewhere.
fn near_elsewhere(block: &str, key: &str, place: Place) -> Option<String> {
    let blocks = BLOCKS.iter().map(|block| block.name);
    let near = nearest(key, TABLE.iter().map(|row| row.key).chain(blocks))?;
    let how = match meant(near, block, place) {
        Some(row) => written_elsewhere(row, block, place),
        None => elsewhere_block(near, block, place),
    };
    Some(format!("did you mean `{near}`? {how}"))
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn at(place: Place) -> &'static str {
    match place {
        Place::Component => "on a component",
        Place::With => "in a task's `with`",
        Place::NestedWith => "in `with` on the call of a pipeline",
        Place::Defaults => "in `defaults`",
        Place::Pipeline => "on a pipeline",
    }
}
