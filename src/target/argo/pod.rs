//! The template of a component: its step, its attributes, its cache entry.

use super::document::{cache_name, tag_in_text};
use super::encode::Encoding;
use super::expr::{Argo, has_tag};
use super::lower::Lowering;
use super::model::{
    Artifact, Container, EnvVar, MemoizationCache, Memoize, Named, Parameter, Template,
};
use super::step::{self, Form, go_duration};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Cache, Component, PythonCode, Step, TaskAttributes, UNNAMED_OUTPUT};
use crate::source::Span;

/// The image of Python steps and of `require`, when none is given.
pub const DEFAULT_IMAGE: &str = "python:3.12-slim";

/// A hundred years: Argo wants an age, in a unit no larger than the hour.
const FOREVER: &str = "876000h";

impl Lowering<'_> {
    /// A component as a template named `name`; `span` is the task that asked for it first.
    pub fn pod(
        &mut self,
        name: String,
        component: &Component,
        attributes: &TaskAttributes,
        forms: &[Form],
        span: Span,
    ) -> Template {
        let mut template = Template {
            name,
            inputs: step::declared(&component.inputs, forms),
            outputs: step::outputs(&component.outputs),
            ..Default::default()
        };
        let image = self.image(component, attributes, span);
        match &component.step {
            Step::Run(_) | Step::Shell(_) => {
                (template.container, template.script) = step::command(component, forms, &image);
            }
            Step::Python(python) => {
                template.container = Some(self.python(component, python, attributes, forms, image));
            }
        }
        step::attributes(&mut template, attributes);
        if let Some(doc) = step::described(&component.doc) {
            let annotations = &mut template.metadata.annotations;
            annotations.insert("workflows.argoproj.io/description".into(), doc);
        }
        template.memoize = self.memoize(component, attributes, forms, span);
        self.refuse_tags(attributes, span);
        for secret in &attributes.kubernetes.image_pull_secrets {
            if !self.image_pull_secrets.contains(secret) {
                self.image_pull_secrets.push(secret.clone());
            }
        }
        template
    }

    fn image(&mut self, component: &Component, attributes: &TaskAttributes, span: Span) -> String {
        if let Some(image) = &attributes.image {
            return image.clone();
        }
        if !matches!(component.step, Step::Python(_)) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NO_IMAGE,
                    component.span,
                    format!("`{}` has no image to run in", component.name),
                )
                .label("a `run:` or `shell:` step needs an `image` that has its programs")
                .also(span, "this task needs it")
                .help("add `image: \"alpine:3.20\"`, say, to the component, the task's `with` or the pipeline's `defaults`"),
            );
        }
        DEFAULT_IMAGE.into()
    }

    /// Texts that stand in the template as they are.
    fn refuse_tags(&mut self, attributes: &TaskAttributes, span: Span) {
        let texts = [("image", attributes.image.as_ref())]
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)))
            .chain(attributes.env.values().map(|text| ("env", text)))
            .chain(attributes.labels.values().map(|text| ("labels", text)))
            .chain(
                attributes
                    .kubernetes
                    .annotations
                    .values()
                    .map(|text| ("kubernetes.annotations", text)),
            );
        for (name, text) in texts {
            if has_tag(text) {
                let span = attributes.spans.get(name).unwrap_or(span);
                let help = match name {
                    "env" => Some(
                        "make it an input of the component: an input's text is encoded".to_owned(),
                    ),
                    _ => None,
                };
                self.diagnostics
                    .push(tag_in_text(span, &format!("`{name}`")).maybe_help(help));
            }
        }
    }

    fn memoize(
        &mut self,
        component: &Component,
        attributes: &TaskAttributes,
        forms: &[Form],
        span: Span,
    ) -> Option<Memoize> {
        let max_age = match attributes.cache {
            Cache::Off => return None,
            Cache::Forever => FOREVER.to_owned(),
            Cache::For(age) => go_duration(age),
        };
        let artifact = component
            .inputs
            .iter()
            .zip(forms)
            .find(|(_, form)| matches!(form, Form::Artifact { .. } | Form::Artifacts(_)));
        if let Some((port, _)) = artifact {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::CACHE_OFF,
                    attributes.spans.get("cache").unwrap_or(span),
                    format!("`argo` can't cache `{}`, for it reads the artifact `{}`", component.name, port.name),
                )
                .label("Argo's cache compares parameters; it can't tell whether an artifact's content is the same"),
            );
            return None;
        }
        let inputs: Vec<Argo> = component
            .inputs
            .iter()
            .zip(forms)
            .filter(|(_, form)| **form != Form::Absent)
            .map(|(port, _)| Argo::input(&port.name))
            .collect();
        let definition = Argo::text(self.definition(component, attributes, forms));
        let key = definition
            .join(Argo::List(inputs).call("toJson"))
            .call("sprig.sha256sum");
        let pipeline = &self.program.entry().name;
        Some(Memoize {
            key: key.tag(),
            max_age,
            cache: MemoizationCache {
                config_map: Named {
                    name: cache_name(pipeline),
                },
            },
        })
    }

    /// A hash of what a step does, apart from its inputs.
    fn definition(
        &self,
        component: &Component,
        attributes: &TaskAttributes,
        forms: &[Form],
    ) -> String {
        let source = match &component.step {
            Step::Python(python) => match &python.code {
                PythonCode::Embedded(source) => &self.program[*source].text,
                PythonCode::Installed { .. } => "",
            },
            _ => "",
        };
        let ports = |ports: &[crate::graph::Port]| -> Vec<(String, String)> {
            ports
                .iter()
                .map(|port| (port.name.clone(), format!("{:?}", port.ty)))
                .collect()
        };
        let all = format!(
            "{:?}",
            (
                &component.name,
                &component.step,
                source,
                ports(&component.inputs),
                ports(&component.outputs),
                forms,
                (&attributes.image, &attributes.packages, &attributes.env),
            )
        );
        blake3::hash(all.as_bytes()).to_hex()[..16].to_owned()
    }

    /// Whether some step is cached.
    pub fn caches(&self) -> bool {
        self.templates
            .iter()
            .any(|template| template.memoize.is_some())
    }
}

/// A template that mlpc brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// Says why, and fails; the message travels so.
    Require(Encoding),
    /// Puts out the artifact that it is given.
    Pass,
    /// Does nothing.
    Nothing,
}

impl Helper {
    pub fn name(self) -> &'static str {
        match self {
            Helper::Require(_) => "require",
            Helper::Pass => "pass",
            Helper::Nothing => "nothing",
        }
    }

    pub fn template(self, name: String) -> Template {
        let variable = |name: &str, tag: &str| EnvVar {
            name: name.into(),
            value: Some(format!("{{{{{tag}}}}}")),
            value_from: None,
        };
        let mut template = Template {
            name,
            ..Default::default()
        };
        let mut env = Vec::new();
        let mut volume_mounts = Vec::new();
        let source = match self {
            Helper::Require(encoding) => {
                template.inputs.parameters.push(Parameter {
                    name: "message".into(),
                    ..Default::default()
                });
                env.push(variable("message", "inputs.parameters.message"));
                let decode = match encoding {
                    Encoding::Plain => "",
                    _ => "message=$(printf %s \"$message\" | base64 -d)\n",
                };
                format!("{decode}echo \"require: $message\" >&2\nexit 1\n")
            }
            Helper::Pass => {
                template.inputs.artifacts.push(Artifact {
                    name: "given".into(),
                    path: Some(format!("{}/given", step::IN)),
                    ..Default::default()
                });
                template.outputs.artifacts.push(Artifact {
                    name: UNNAMED_OUTPUT.into(),
                    path: Some(format!("{}/{UNNAMED_OUTPUT}", step::OUT)),
                    ..Default::default()
                });
                env.push(variable("given", "inputs.artifacts.given.path"));
                env.push(variable(
                    UNNAMED_OUTPUT,
                    &format!("outputs.artifacts.{UNNAMED_OUTPUT}.path"),
                ));
                volume_mounts.push(step::out_mount());
                format!("cp -R \"$given\" \"${UNNAMED_OUTPUT}\"\n")
            }
            Helper::Nothing => ":\n".into(),
        };
        template.script = Some(Container {
            image: DEFAULT_IMAGE.into(),
            command: vec!["sh".into(), "-eu".into()],
            env,
            source: Some(source),
            volume_mounts,
            ..Default::default()
        });
        template
    }
}
