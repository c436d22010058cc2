//! What no key shows by itself: keys that owe each other something, and what holds of the merged whole only.

use std::collections::HashSet;

use indexmap::IndexMap;
use jiff::tz::TimeZone;

use crate::diagnostics::{Code, Diagnostic, codes};
use crate::graph::{Component, Step, TaskAttributes};
use crate::source::Span;

use super::check::GivenKeys;
use super::schedule::{self, Instant};
use super::table::{Place, Rule, find};
use super::{Given, Layer, mismatch};

/// What [`check_merged`] has reported: tasks share the places at fault, and each is told once.
#[derive(Debug, Default)]
pub struct Reported(HashSet<(Code, Span, Span)>);

/// Checks what only the merged attributes of a task show.
pub fn check_merged(
    attributes: &TaskAttributes,
    component: &Component,
    reported: &mut Reported,
) -> Vec<Diagnostic> {
    let spans = |name: &str| attributes.spans.get(name);
    let mut found = Vec::new();
    let mut report = |diagnostic: Diagnostic| {
        let places: Vec<Span> = diagnostic.labels.iter().map(|label| label.span).collect();
        let first = places[0];
        let last = places[places.len() - 1];
        if reported.0.insert((diagnostic.code, first, last)) {
            found.push(diagnostic);
        }
    };
    let retry = &attributes.retry;
    if let (Some(max_delay), Some(at), Some(delay_at)) = (
        retry.max_delay,
        spans("retry.max_delay"),
        spans("retry.delay"),
    ) && max_delay < retry.delay
    {
        report(
            Diagnostic::new(
                codes::MAX_DELAY_BELOW_DELAY,
                at,
                format!(
                    "`max_delay` of {} is below `delay` of {}",
                    mismatch::duration_text(max_delay),
                    mismatch::duration_text(retry.delay)
                ),
            )
            .label("what a delay never exceeds")
            .also(delay_at, "the first delay")
            .help("raise `max_delay`, or lower `delay`"),
        );
    }
    for name in attributes.secrets.keys() {
        let secret = spans(&format!("secrets.{name}"));
        let env = spans(&format!("env.{name}"));
        if let (Some(secret), Some(env)) = (secret, env) {
            report(
                Diagnostic::new(
                    codes::VARIABLE_TWICE,
                    secret,
                    format!("the variable `{name}` is set by `secrets` and by `env`"),
                )
                .label("a secret here")
                .also(env, "a plain value here")
                .help("keep one of them, or give one another name"),
            );
        }
    }
    if matches!(component.step, Step::Shell(_)) {
        for port in component.inputs.iter().chain(&component.outputs) {
            for block in ["env", "secrets"] {
                if let Some(at) = spans(&format!("{block}.{}", port.name)) {
                    report(
                        Diagnostic::new(
                            codes::VARIABLE_IS_PORT,
                            at,
                            format!("the variable `{}` has the name of a port", port.name),
                        )
                        .label("the script would see the port's value")
                        .also(port.span, "the port, a shell variable of that name")
                        .help("give one of them another name"),
                    );
                }
            }
        }
    }
    found
}

/// Checks a pipeline's layer; `given` holds also the keys that are at fault, so that none of these counts as missing.
pub fn check_pipeline(layer: &Layer, given: &GivenKeys, diagnostics: &mut Vec<Diagnostic>) {
    let missing = |block: &str, key: &str, example: &str| {
        let at = layer.blocks.get(block)?;
        // A key that isn't known may be the one that is missing.
        let inside = |name: &String| {
            let inner = name.split_once('.').filter(|(outer, _)| *outer == block);
            inner.is_some_and(|(_, inner)| {
                inner == key || find(block, inner, Place::Pipeline).is_none()
            })
        };
        let absent = !given.keys().any(inside);
        absent.then(|| {
            Diagnostic::new(
                codes::ATTRIBUTE_KEY_MISSING,
                *at,
                format!("`{block}` has no `{key}`"),
            )
            .label(format!("`{key}` is missing"))
            .help(format!("add `{key}: {example}`"))
        })
    };
    diagnostics.extend(missing("schedule", "cron", "\"@daily\""));
    diagnostics.extend(missing("notify", "email", "[\"team@example.com\"]"));
    let catchup = layer.settings.get("schedule.catchup");
    if let Some(catchup) = catchup.filter(|setting| setting.given == Given::Bool(true))
        && !given.contains_key("schedule.start")
    {
        diagnostics.push(
            Diagnostic::new(
                codes::ATTRIBUTE_KEY_MISSING,
                catchup.place(),
                "`catchup: true` without a `start`",
            )
            .label("no date to catch up from")
            .help("add `start: \"2024-01-01\"`, say, or leave `catchup` out"),
        );
    }
    diagnostics.extend(ends_first(layer, given));
}

/// A schedule whose end is not after its start.
fn ends_first(layer: &Layer, given: &GivenKeys) -> Option<Diagnostic> {
    let text = |name: &str| match layer.settings.get(name)?.given {
        Given::Text(ref text) => Some(text.as_str()),
        _ => None,
    };
    let zone = match text("schedule.timezone") {
        Some(name) => schedule::time_zone(name).ok()?,
        // A zone at fault is reported already, and another would only guess.
        None if given.contains_key("schedule.timezone") => return None,
        None => TimeZone::UTC,
    };
    let (start, end) = (text("schedule.start")?, text("schedule.end")?);
    let moment = |text: &str| Instant::read(text).ok()?.timestamp(&zone);
    if moment(start)? < moment(end)? {
        return None;
    }
    let report = Diagnostic::new(
        codes::SCHEDULE_ENDS_FIRST,
        layer.span("schedule.end")?,
        format!("the schedule ends at {end}, and starts at {start}"),
    )
    .label("expected a date after the start")
    .also(layer.span("schedule.start")?, "the start")
    .help("no run would ever be made: move one of them");
    Some(report)
}

type Record = IndexMap<&'static str, Given>;
type Spans = IndexMap<&'static str, Span>;

/// What the keys of one record owe each other.
pub fn check_record(
    rule: Rule,
    record: &Record,
    spans: &Spans,
    whole: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match rule {
        Rule::Tolerations => diagnostics.extend(toleration(record, spans, whole)),
        Rule::Volumes => diagnostics.extend(volume(record, spans, whole)),
    }
}

fn toleration(record: &Record, spans: &Spans, whole: Span) -> Option<Diagnostic> {
    let text = |key: &str| match record.get(key) {
        Some(Given::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let at = |key: &str| spans.get(key).copied().unwrap_or(whole);
    let report = |span: Span, message: &str, label: &str, help: &str| {
        Some(
            Diagnostic::new(codes::BAD_TOLERATION, span, message)
                .label(label)
                .help(help),
        )
    };
    let exists = text("operator") == Some("Exists");
    if exists && text("value").is_some() {
        return report(
            at("value"),
            "a toleration with `Exists` has no `value`",
            "no value is compared",
            "leave `value` out, or write `operator: \"Equal\"`",
        );
    }
    if !exists && text("key").is_none() {
        return report(
            whole,
            "a toleration without a `key` needs `operator: \"Exists\"`",
            "no taint to compare with",
            "give the taint's `key`, or write `operator: \"Exists\"` to tolerate all",
        );
    }
    if record.contains_key("duration") && text("effect") != Some("NoExecute") {
        return report(
            at("duration"),
            "`duration` goes with the effect `NoExecute` only",
            "nothing ends a pod of another effect",
            "write `effect: \"NoExecute\"`, or leave `duration` out",
        );
    }
    None
}

fn volume(record: &Record, spans: &Spans, whole: Span) -> Option<Diagnostic> {
    const SOURCES: [&str; 4] = ["claim", "config_map", "secret", "empty_dir"];
    let at = |key: &str| spans.get(key).copied().unwrap_or(whole);
    let given: Vec<&str> = SOURCES
        .into_iter()
        .filter(|source| record.contains_key(source))
        .collect();
    let help = "give one of `claim`, `config_map`, `secret` and `empty_dir: true`";
    match given.as_slice() {
        [] => Some(
            Diagnostic::new(codes::BAD_VOLUME, whole, "a volume without a source")
                .label("nothing to mount")
                .help(help),
        ),
        [one] => (record.get(one) == Some(&Given::Bool(false))).then(|| {
            Diagnostic::new(codes::BAD_VOLUME, at(one), "a volume without a source")
                .label("this says that it is no scratch space")
                .help(help)
        }),
        [first, second, ..] => Some(
            Diagnostic::new(codes::BAD_VOLUME, at(second), "a volume with two sources")
                .label("another source")
                .also(at(first), "one source")
                .help(help),
        ),
    }
}

/// What the records of one list owe each other.
pub fn check_records(
    rule: Rule,
    records: &[Record],
    places: &[Spans],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let unique: &[&str] = match rule {
        Rule::Tolerations => &[],
        Rule::Volumes => &["name", "mount"],
    };
    for key in unique {
        let mut seen: IndexMap<&str, Span> = IndexMap::new();
        for (record, spans) in records.iter().zip(places) {
            let (Some(Given::Text(text)), Some(at)) = (record.get(key), spans.get(key)) else {
                continue;
            };
            match seen.get(text.as_str()) {
                Some(first) => diagnostics.push(
                    Diagnostic::new(
                        codes::BAD_VOLUME,
                        *at,
                        format!("two volumes have the `{key}` `{text}`"),
                    )
                    .label("the second")
                    .also(*first, "the first")
                    .help("give one of them another"),
                ),
                None => {
                    seen.insert(text, *at);
                }
            }
        }
    }
}
