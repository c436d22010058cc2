//! Reports about what goes from a producer to a consumer: the two ends of an edge and why they don't fit.

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use crate::types::constant::Reject;
use crate::types::{Fit, Mismatch, Proof, Type};

/// What a value is wanted for.
#[derive(Clone, Copy)]
pub(super) struct Consumer<'a> {
    /// In messages: `` `data` of `train` ``.
    pub name: &'a str,
    /// Where what is asked for is declared.
    pub declared: Option<Span>,
}

/// Where a value comes from.
pub(super) struct Producer {
    /// `` `raw` ``, as written.
    pub name: String,
    pub declared: Option<Span>,
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
        .help(if asked.artifact().is_some() {
            "give the `if` an `else`, or move this call into the branch"
        } else {
            "give a value for when it is absent with `?? default`, or move this call into the branch"
        }),
        Err(Mismatch::Kind) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes `{asked}`, not `{given}`"),
        )
        .label(is),
        Err(Mismatch::Format { given: from, asked: to }) => Diagnostic::new(
            codes::TYPE_MISMATCH,
            span,
            format!("{name} takes the format `{to}`, not `{from}`"),
        )
        .label(is)
        .help(format!("convert it with a component from `{from}` to `{to}`")),
        Err(Mismatch::Missing { field }) => {
            let columns = fields_of(given);
            let what = if given.artifact().is_some() { "column" } else { "field" };
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
            let what = if given.artifact().is_some() { "column" } else { "field" };
            Diagnostic::new(
                codes::TYPE_MISMATCH,
                span,
                format!("{name} takes the {what} `{field}` as `{to}`, not `{from}`"),
            )
            .label(is)
        }
    };
    let diagnostic = match producer {
        Some(Producer {
            name,
            declared: Some(declared),
        }) => diagnostic.also(*declared, format!("{name} is declared here as `{given}`")),
        _ => diagnostic,
    };
    Some(match consumer.declared {
        Some(declared) => diagnostic.also(declared, format!("{name} takes `{asked}`")),
        None => diagnostic,
    })
}

/// The report about a constant that is not a value of `asked`.
pub(super) fn report_constant(
    reject: &Reject,
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
        .maybe_help(conversion_help(given, asked)),
        Reject::Outside { expected } => {
            let expected = if expected.starts_with("a date") {
                expected.clone()
            } else {
                format!("`{expected}`")
            };
            Diagnostic::new(
                codes::OUT_OF_RANGE,
                span,
                format!("{name} takes {expected}"),
            )
            .label("this is outside")
        }
    };
    match consumer.declared {
        Some(declared) => diagnostic.also(declared, format!("{name} takes `{asked}`")),
        None => diagnostic,
    }
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
fn fields_of(ty: &Type) -> Vec<String> {
    match ty.base() {
        Type::Record(record) => record.fields.keys().cloned().collect(),
        Type::Artifact(artifact) => match &artifact.columns {
            Some(columns) => columns.fields.keys().cloned().collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}
