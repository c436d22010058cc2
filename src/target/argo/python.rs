//! `python:` steps: the shim and the files of the functions, once for the whole workflow, and the description that each step gives the shim.
//!
//! The files travel as annotations of the pods, which Kubernetes puts into a volume: so a text stands in the workflow once, as it was
//! written, however many steps use it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::encode::{Encoding, required};
use super::expr::has_tag;
use super::lower::Lowering;
use super::model::{Container, DownwardItem, FieldRef, Volume, VolumeMount, VolumeSource};
use super::step::{Form, kubernetes_literal, listed, output_path};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Component, PythonCode, PythonSourceId, PythonStep, TaskAttributes};
use crate::shim::argo::{self, From, To};
use crate::shim::{Carried, Code, Expr, Given, Input, Needs, Output, Step, Work, type_tree};

/// Where the shim and the sources are in a container, and the volume that holds them.
const LIB: &str = "/mlpc/lib";
const LIB_VOLUME: &str = "mlpc-lib";
const SHIM: &str = "shim.py";
/// Bytes that all annotations of a pod may have.
const MOST_BYTES: usize = 250_000;

/// What the workflow has to bring along for its `python:` steps.
#[derive(Debug, Default)]
pub struct Library {
    used: bool,
    /// Of the shim, by any of the steps.
    needs: Needs,
    /// In the order of their first use.
    sources: Vec<PythonSourceId>,
}

impl Library {
    fn file(&self, id: PythonSourceId, path: &str) -> String {
        // Two files may have the same name; their paths from the root differ.
        debug_assert!(self.sources.contains(&id));
        format!("{LIB}/src/{path}")
    }
}

impl Lowering<'_> {
    /// The container of a `python:` step.
    pub fn python(
        &mut self,
        component: &Component,
        python: &PythonStep,
        attributes: &TaskAttributes,
        forms: &[Form],
        image: String,
    ) -> Container {
        let library = &mut self.library;
        library.used = true;
        let code = match &python.code {
            PythonCode::Installed { module } => Code::Installed {
                module: module.clone(),
            },
            PythonCode::Embedded(id) => {
                if !library.sources.contains(id) {
                    library.sources.push(*id);
                }
                let source = &self.program[*id];
                Code::File {
                    file: source.path.clone(),
                    at: library.file(*id, &source.path),
                    encoded: has_tag(&source.text),
                }
            }
        };
        let mut args = Vec::new();
        let mut inputs = Vec::new();
        for ((port, form), take) in component.inputs.iter().zip(forms).zip(&python.inputs) {
            let mut carried = None;
            let mut ty = required(&port.ty);
            let given = match form {
                Form::Value { encoding, optional } => {
                    if *optional {
                        ty = port.ty.clone();
                    }
                    carried = (*encoding == Encoding::Base64).then_some(Carried::Base64);
                    args.push(format!("{{{{inputs.parameters.{}}}}}", port.name));
                    Given::Engine(From::Arg(args.len() - 1))
                }
                Form::Artifact { optional } => {
                    if *optional {
                        ty = port.ty.clone();
                    }
                    Given::Engine(From::Path(format!(
                        "{{{{inputs.artifacts.{}.path}}}}",
                        port.name
                    )))
                }
                Form::Artifacts(count) => Given::Engine(From::Paths(
                    (0..*count)
                        .map(|at| {
                            format!("{{{{inputs.artifacts.{}.path}}}}", listed(&port.name, at))
                        })
                        .collect(),
                )),
                Form::Absent => {
                    ty = port.ty.clone();
                    Given::Computed {
                        expr: Expr::Lit(Json::Null),
                    }
                }
            };
            inputs.push(Input {
                name: port.name.clone(),
                ty: type_tree(&ty),
                take: (*take).into(),
                given,
                carried,
            });
        }
        let outputs = component
            .outputs
            .iter()
            .zip(&python.outputs)
            .map(|(port, by)| Output {
                name: port.name.clone(),
                ty: type_tree(&port.ty),
                by: (*by).into(),
                to: To {
                    path: output_path(port),
                    digest: None,
                },
                carried: None,
            })
            .collect();
        let step = Step {
            work: Work::Function {
                function: python.function.clone(),
                code,
            },
            reads: Vec::new(),
            inputs,
            outputs,
            packages: attributes.packages.clone(),
        };
        self.library.needs.join(step.needs());
        args.insert(0, kubernetes_literal(&argo::plain(&step)));
        Container {
            image,
            command: vec!["python3".into(), "-u".into(), format!("{LIB}/{SHIM}")],
            args,
            volume_mounts: vec![VolumeMount {
                name: LIB_VOLUME.into(),
                mount_path: LIB.into(),
                read_only: true,
            }],
            ..Default::default()
        }
    }

    /// The annotations that hold the files, and the volume that puts them in place; none when no step needs them.
    pub fn library(&mut self) -> Option<(indexmap::IndexMap<String, String>, Volume)> {
        if !self.library.used {
            return None;
        }
        let mut files = vec![(
            "mlpc.dev/shim".to_owned(),
            SHIM.to_owned(),
            argo::shim(&self.library.needs),
        )];
        for (at, id) in self.library.sources.iter().enumerate() {
            let source = &self.program[*id];
            let text = if has_tag(&source.text) {
                STANDARD.encode(source.text.as_bytes())
            } else {
                source.text.to_string()
            };
            files.push((
                format!("mlpc.dev/source-{}", at + 1),
                format!("src/{}", source.path),
                text,
            ));
        }
        let bytes: usize = files.iter().map(|(_, _, text)| text.len()).sum();
        if bytes > MOST_BYTES {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::REFUSED,
                    self.program.entry().span,
                    format!("the Python files have {bytes} bytes in all; a pod's annotations hold {MOST_BYTES}"),
                )
                .label("the files of `python:` steps travel as annotations of the workflow's pods")
                .help("install the code in the image and name it there: `python: \"module:function\"`"),
            );
        }
        let items = files
            .iter()
            .map(|(key, path, _)| DownwardItem {
                path: path.clone(),
                field_ref: FieldRef {
                    field_path: format!("metadata.annotations['{key}']"),
                },
            })
            .collect();
        let volume = Volume {
            name: LIB_VOLUME.into(),
            source: VolumeSource::Downward { items },
        };
        Some((
            files
                .into_iter()
                .map(|(key, _, text)| (key, text))
                .collect(),
            volume,
        ))
    }
}
