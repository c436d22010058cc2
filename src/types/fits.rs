//! Whether what a producer gives is what a consumer takes.

use super::{Artifact, ArtifactKind, Record, Type};

/// What is known of an edge whose types don't exclude each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    Proven,
    /// The producer leaves open what the consumer asks for: the kind, the format or the columns.
    Unproven {
        asked: String,
    },
}

/// Why a type does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Mismatch {
    /// Two types with nothing in common.
    Type,
    /// `T?` where `T` is asked for.
    MayBeAbsent,
    Kind,
    Format {
        given: String,
        asked: String,
    },
    /// A column, or a field of a record.
    Missing {
        field: String,
    },
    Field {
        field: String,
        given: Type,
        asked: Type,
    },
}

pub type Fit = Result<Proof, Mismatch>;

/// Whether a run-time value of type `given` may go where `asked` is expected. Refinements don't count here: constants are checked
/// against them while compiling, run-time values when the step starts.
pub fn fits(given: &Type, asked: &Type) -> Fit {
    match (given, asked) {
        (Type::Unknown, _) | (_, Type::Unknown) => Ok(Proof::Proven),
        (Type::Optional(given), Type::Optional(asked)) => fits(given, asked),
        (Type::Optional(_), _) => Err(Mismatch::MayBeAbsent),
        (_, Type::Optional(asked)) => fits(given, asked),
        (Type::Refined(given), _) => fits(&given.base, asked),
        (_, Type::Refined(asked)) => fits(given, &asked.base),
        (Type::Int, Type::Float) => Ok(Proof::Proven),
        (Type::List(given), Type::List(asked)) | (Type::Dict(given), Type::Dict(asked)) => {
            // A difference inside is one of the whole list: there is no name to point at.
            fits(given, asked).map_err(|mismatch| match mismatch {
                Mismatch::MayBeAbsent | Mismatch::Kind => Mismatch::Type,
                other => other,
            })
        }
        (Type::Record(given), Type::Record(asked)) => record_fits(given, asked),
        (Type::Artifact(given), Type::Artifact(asked)) => artifact_fits(given, asked),
        (given, asked) if given == asked && !matches!(given, Type::Nothing) => Ok(Proof::Proven),
        _ => Err(Mismatch::Type),
    }
}

/// Width subtyping: all of `asked`'s fields are there with fitting types; more do no harm.
fn record_fits(given: &Record, asked: &Record) -> Fit {
    let mut proof = Proof::Proven;
    for (name, asked_type) in &asked.fields {
        let Some(given_type) = given.fields.get(name) else {
            return Err(Mismatch::Missing {
                field: name.clone(),
            });
        };
        match fits(given_type, asked_type) {
            Ok(Proof::Proven) => {}
            Ok(unproven) => proof = unproven,
            Err(_) => {
                return Err(Mismatch::Field {
                    field: name.clone(),
                    given: given_type.clone(),
                    asked: asked_type.clone(),
                });
            }
        }
    }
    Ok(proof)
}

fn artifact_fits(given: &Artifact, asked: &Artifact) -> Fit {
    let mut open = Vec::new();
    if given.kind != asked.kind && asked.kind != ArtifactKind::Artifact {
        if given.kind != ArtifactKind::Artifact {
            return Err(Mismatch::Kind);
        }
        open.push(format!("a `{}`", asked.kind.name()));
    }
    match (&given.format, &asked.format) {
        (Some(given), Some(asked)) if given != asked => {
            return Err(Mismatch::Format {
                given: given.clone(),
                asked: asked.clone(),
            });
        }
        (None, Some(asked)) => open.push(format!("the format `{asked}`")),
        _ => {}
    }
    match (&given.columns, &asked.columns) {
        (Some(given), Some(asked)) => {
            if let Proof::Unproven { asked } = record_fits(given, asked)? {
                open.push(asked);
            }
        }
        (None, Some(asked)) => open.push(format!("the columns `{asked}`")),
        _ => {}
    }
    Ok(if open.is_empty() {
        Proof::Proven
    } else {
        Proof::Unproven {
            asked: open.join(" and "),
        }
    })
}
