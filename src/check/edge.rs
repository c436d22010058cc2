//! Reports about what goes from a producer to a consumer: the two ends of an edge and why they don't fit.

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use crate::types::constant::Reject;
use crate::types::{Fit, Mismatch, Proof, Type};
use crate::value::Value;

/// What a value is wanted for.
#[derive(Clone, Copy)]
pub(super) struct Consumer<'a> {
    /// In messages: `` `data` of `train` ``.
    pub name: &'a str,
    pub role: Role,
    /// Where what is asked for is declared.
    pub declared: Option<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    /// Of the pipeline.
    Output,
    /// Of an expression.
    Part,
}

/// Where a value comes from.
pub(super) struct Producer {
    /// `` `raw` ``, as written.
    pub name: String,
    pub source: Source,
    pub declared: Option<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Param,
    /// A task as it stands: a record when its outputs have names.
    Task,
    /// One output of a task.
    Output,
    If,
    Loop,
}

/// The report about a run-time value of type `given` at `span`, unless it is proven to fit.
pub(super) fn report(
    fit: &Fit,
    given: &Type,
    asked: &Type,
    span: Span,
    producer: Option<&Producer>,
    consumer: Consumer<'_>,
) -> Option<Diagnostic> {
    let name = consumer.name;
    let is = format!("this is `{given}`");
    let diagnostic = match fit {
        Ok(Proof::Proven) => return None,
        Ok(Proof::Unproven { asked: open }) => Diagnostic::new(
            codes::UNPROVEN,
            span,
            format!("{name} takes `{asked}`, but nothing shows that this is one"),
        )
        .label(is)
        .help(format!(
            "the producer leaves open {open}: declare it there, or state it here with `as {asked}`"
        )),
        Err(Mismatch::Type) if names_no_output(given, producer) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes `{asked}`, not all outputs of a task"),
        )
        .label("this has an output for each name")
        .maybe_help(conversion_help(given, asked)),
        Err(Mismatch::Type) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes `{asked}`, not `{given}`"),
        )
        .label(is)
        .maybe_help(conversion_help(given, asked)),
        Err(Mismatch::MayBeAbsent) => Diagnostic::new(
            codes::MAY_BE_ABSENT,
            span,
            format!("{name} takes `{asked}`, but this may be absent"),
        )
        .label(is)
        .help(absent_help(asked, producer, consumer)),
        Err(Mismatch::Kind) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes `{asked}`, not `{given}`"),
        )
        .label(is),
        Err(Mismatch::Format {
            given: from,
            asked: to,
        }) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes the format `{to}`, not `{from}`"),
        )
        .label(is)
        .help(format!(
            "convert it with a component from `{from}` to `{to}`"
        )),
        Err(Mismatch::Missing { field }) => {
            let columns = fields_of(given);
            let what = if given.artifact().is_some() {
                "column"
            } else {
                "field"
            };
            Diagnostic::new(
                codes::MISSING_COLUMN,
                span,
                format!("{name} needs the {what} `{field}`, which this does not have"),
            )
            .label(is)
            .maybe_help(did_you_mean(field, columns.iter().map(String::as_str)))
        }
        Err(Mismatch::Field {
            field,
            given: from,
            asked: to,
        }) => {
            let what = if given.artifact().is_some() {
                "column"
            } else {
                "field"
            };
            Diagnostic::new(
                codes::TYPE_MISMATCH,
                span,
                format!("{name} takes the {what} `{field}` as `{to}`, not `{from}`"),
            )
            .label(is)
        }
    };
    let diagnostic = match producer {
        Some(producer) if names_no_output(given, Some(producer)) => match producer.declared {
            Some(declared) => diagnostic.also(declared, "its outputs are declared here"),
            None => diagnostic,
        },
        Some(Producer {
            name,
            declared: Some(declared),
            ..
        }) => diagnostic.also(*declared, format!("{name} is declared here as `{given}`")),
        _ => diagnostic,
    };
    Some(match consumer.declared {
        Some(declared) => diagnostic.also(declared, format!("{name} takes `{asked}`")),
        None => diagnostic,
    })
}

/// A whole task stands where one of its outputs is meant.
fn names_no_output(given: &Type, producer: Option<&Producer>) -> bool {
    matches!(given, Type::Record(_)) && producer.is_some_and(|from| from.source == Source::Task)
}

fn absent_help(asked: &Type, producer: Option<&Producer>, consumer: Consumer<'_>) -> String {
    let source = producer.map(|producer| producer.source);
    let mut ways = Vec::new();
    match source {
        Some(Source::Param) => ways.push("declare the parameter without `?`".to_owned()),
        Some(Source::If) => ways.push("give the `if` an `else`".to_owned()),
        _ => {}
    }
    ways.push("say with `?? ..` what stands in for it when it is absent".to_owned());
    match consumer.role {
        Role::Output => ways.push(format!("declare the output as `{asked}?`")),
        Role::Input if source == Some(Source::If) => {
            ways.push("move this call into the branch".to_owned())
        }
        _ => {}
    }
    crate::diagnostics::either(&ways)
}

/// The report about a constant that is not a value of `asked`.
pub(super) fn report_constant(
    reject: &Reject,
    value: &Value,
    given: &Type,
    asked: &Type,
    span: Span,
    consumer: Consumer<'_>,
) -> Diagnostic {
    let name = consumer.name;
    let diagnostic = match reject {
        Reject::Type { .. } => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes `{asked}`, not `{given}`"),
        )
        .label(format!("this is `{given}`"))
        .maybe_help(quotes_help(value, asked).or_else(|| conversion_help(given, asked))),
        Reject::Outside { expected } => {
            let expected = if expected.starts_with("a date") {
                expected.clone()
            } else {
                format!("`{expected}`")
            };
            Diagnostic::new(
                codes::OUT_OF_RANGE,
                span,
                format!("{name} takes {expected}, not {}", shown(value)),
            )
            .label("this is outside")
        }
    };
    match consumer.declared {
        Some(declared) => diagnostic.also(declared, format!("{name} takes `{asked}`")),
        None => diagnostic,
    }
}

/// A constant as it would be written, when it is short.
fn shown(value: &Value) -> String {
    let text = value.json();
    if text.chars().count() <= 40 {
        format!("`{text}`")
    } else {
        "this".to_owned()
    }
}

/// A number or bool that stands in quotes.
pub(super) fn quotes_help(value: &Value, asked: &Type) -> Option<String> {
    let Value::Str(text) = value else { return None };
    let meant = match asked.base() {
        Type::Int => text.parse::<i64>().is_ok(),
        Type::Float => text.parse::<f64>().is_ok_and(f64::is_finite),
        Type::Bool => matches!(text.as_str(), "true" | "false"),
        _ => false,
    };
    meant.then(|| format!("write it without quotes: `{text}`"))
}

/// The way from one type to the other that users look for.
fn conversion_help(given: &Type, asked: &Type) -> Option<String> {
    match (given.base(), asked.base()) {
        (Type::Int | Type::Float | Type::Date | Type::DateTime | Type::Bool, Type::Str) => {
            Some("make text of it with an f-string: `f\"{..}\"`".into())
        }
        (Type::Float, Type::Int) => Some("nothing converts by itself but `int` to `float`: round it in a component".into()),
        (given, Type::Artifact(_)) if given.is_value() => Some(
            "a value never becomes an artifact: take it from a task, or make it a parameter of the pipeline, which is given \
             as a location"
                .into(),
        ),
        (Type::Artifact(_), asked) if asked.is_value() => {
            Some("an artifact never becomes a value: read it in a component that returns what you need".into())
        }
        (Type::List(item), asked) if crate::types::fits(item, asked).is_ok() => {
            Some("this is a list: use a `for` loop to take its items one by one".into())
        }
        (given, Type::List(item)) if crate::types::fits(given, item).is_ok() => {
            Some("write `[..]` around it for a list of one".into())
        }
        (Type::Record(record), _) if record.fields.len() == 1 => {
            let (name, _) = record.fields.first()?;
            Some(format!("it has one field: write `.{name}` after it"))
        }
        (Type::Record(record), asked) => {
            let fitting: Vec<&str> = record
                .fields
                .iter()
                .filter(|(_, ty)| crate::types::fits(ty, asked).is_ok())
                .map(|(name, _)| name.as_str())
                .collect();
            match fitting.as_slice() {
                [] => None,
                [one] => Some(format!("its field `{one}` would fit: write `.{one}` after it")),
                several => Some(format!(
                    "it has several outputs: choose {}",
                    crate::diagnostics::one_of(several)
                )),
            }
        }
        _ => None,
    }
}

/// The columns or fields of a type, for candidates.
pub(super) fn fields_of(ty: &Type) -> Vec<String> {
    match ty.base() {
        Type::Record(record) => record.fields.keys().cloned().collect(),
        Type::Artifact(artifact) => match &artifact.columns {
            Some(columns) => columns.fields.keys().cloned().collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}
