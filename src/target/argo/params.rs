//! Parameters: of the run, and of nested pipelines.

use super::encode::{Encoding, required, text_as};
use super::expr::{Argo, has_tag};
use super::frame::{Leaf, decoded};
use super::lower::Lowering;
use super::model::{Arguments, Artifact, Location, Parameter};
use super::step::{self, Form};
use super::value::Place;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Param, ParamDefault};
use crate::value::Value;

impl<'a> Lowering<'a> {
    /// A parameter of the run, and what reads it. No leaf when it was reported.
    pub fn run_parameter(&mut self, param: &Param) -> (Parameter, Option<Leaf>) {
        let mut parameter = Parameter {
            name: param.name.clone(),
            description: step::described(&param.doc),
            ..Default::default()
        };
        if let Some(ParamDefault::Const(value)) = &param.default {
            let text = if param.ty.artifact().is_some() {
                value.text()
            } else {
                text_as(value, &param.ty)
            };
            if has_tag(&text) {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::TAG_IN_TEXT,
                        param.span,
                        format!("the default of `{}` holds `{{{{`, which `argo` takes for a template tag", param.name),
                    )
                    .label("its text can't be encoded: it is what the user of the workflow sees and sets")
                    .help("leave the default out and give the value when the run is submitted"),
                );
            }
            parameter.value = Some(text);
        }
        if param.ty.artifact().is_some() {
            let leaf = self.artifact_parameter(param, parameter.value.as_deref());
            return (parameter, leaf);
        }
        if let Some(crate::types::Refinement::OneOf(choices)) = param.ty.refinement()
            && !param.ty.is_optional()
        {
            parameter.choices = choices.iter().map(Value::text).collect();
        }
        let mut code = Argo::global(&param.name);
        if parameter.value.is_none() && param.ty.is_optional() {
            parameter.value = Some("null".into());
        }
        if let Some(ParamDefault::Run(field)) = &param.default {
            // The engine's own tags are not read in a parameter's value.
            parameter.value = Some(String::new());
            let default = format!("Empty: run.{}.", field.name());
            parameter.description = Some(match parameter.description {
                Some(doc) => format!("{doc}\n{default}"),
                None => default,
            });
            let given = code.clone().binary("!=", Argo::text(""));
            code = given.then(code, super::value::run_field(*field).code);
        }
        if parameter.choices.is_empty() && param.ty.refinement().is_some() {
            let checked = super::encode::checked(code.clone(), &param.ty, &param.name);
            self.checks.insert(param.name.clone(), checked.tag());
        }
        let leaf = Leaf::Value {
            code,
            ty: param.ty.clone(),
            proven: true,
        };
        (parameter, Some(leaf))
    }

    /// An existing artifact, by a location that the user of the workflow may set to another in the same kind of store.
    pub fn artifact_parameter(&mut self, param: &Param, default: Option<&str>) -> Option<Leaf> {
        use crate::target::ArtifactRepository;
        let text = || Argo::global(&param.name);
        let parts = || Argo::Call("split", vec![text(), Argo::text("/")]);
        let bucket = || Some(Argo::Part(Box::new(parts()), "2").tag());
        let key = || {
            Argo::Call(
                "join",
                vec![Argo::Part(Box::new(parts()), "3:"), Argo::text("/")],
            )
            .tag()
        };
        let scheme =
            default.map(|location| location.split_once("://").map_or("", |(scheme, _)| scheme));
        let scheme = match (scheme, self.options.artifact_repository) {
            (Some(scheme), _) => scheme,
            (None, Some(ArtifactRepository::S3)) => "s3",
            (None, Some(ArtifactRepository::Gcs)) => "gs",
            (None, _) => "none",
        };
        let location = match scheme {
            "http" | "https" => Location::Http { url: text().tag() },
            "s3" => Location::S3 {
                endpoint: Some("s3.amazonaws.com".into()),
                bucket: bucket(),
                key: key(),
                use_sdk_creds: true,
            },
            "gs" => Location::Gcs {
                bucket: bucket(),
                key: key(),
            },
            _ => {
                let message = match default {
                    Some(default) => format!(
                        "`argo` can't fetch the artifact `{}` from `{default}`",
                        param.name
                    ),
                    None => format!(
                        "`argo` can't tell where the artifact `{}` will be fetched from",
                        param.name
                    ),
                };
                self.diagnostics.push(
                    Diagnostic::new(codes::ARTIFACT_LOCATION, param.span, message)
                        .label("a location in the cluster's reach is needed: the kind of store is fixed while compiling")
                        .help(
                            "give a default such as \"s3://bucket/key\", \"gs://bucket/key\" or \"https://..\", or set \
                             `artifact_repository` in mlpc.toml's [target.argo] to \"s3\" or \"gcs\"",
                        ),
                );
                return None;
            }
        };
        Some(Leaf::Artifact {
            place: Place::Location(location),
            optional: false,
        })
    }
}

pub fn parameter_of_nested(param: &Param, form: &Form, inputs: &mut Arguments) -> Leaf {
    match form {
        Form::Absent if param.ty.artifact().is_some() => Leaf::Absent,
        Form::Absent => Leaf::Value {
            code: Argo::text("null"),
            ty: param.ty.clone(),
            proven: true,
        },
        Form::Value { encoding, optional } => {
            inputs.parameters.push(Parameter {
                name: param.name.clone(),
                description: step::described(&param.doc),
                ..Default::default()
            });
            let ty = if *optional {
                param.ty.clone()
            } else {
                required(&param.ty)
            };
            Leaf::Value {
                code: decoded(Argo::input(&param.name), *encoding),
                ty,
                proven: *encoding == Encoding::Plain,
            }
        }
        Form::Artifact { optional } => {
            inputs.artifacts.push(Artifact {
                name: param.name.clone(),
                optional: *optional,
                ..Default::default()
            });
            Leaf::Artifact {
                place: Place::Input(param.name.clone()),
                optional: *optional,
            }
        }
        Form::Artifacts(_) => unreachable!("a pipeline has no list of artifacts as a parameter"),
    }
}
