//! Calls: how each argument reaches its port, which template a task shares, and what it puts out.

use std::rc::Rc;
use std::sync::Arc;

use petgraph::graph::NodeIndex;

use super::control;
use super::encode::{Encoding, Held, is_plain_type, required, text_as};
use super::expr::Argo;
use super::frame::{Frame, Leaf, artifact_output, given_artifact, value_from};
use super::lower::{Lowering, annotate};
use super::model::{Arguments, DagTask, Parameter};
use super::names;
use super::params::parameter_of_nested;
use super::step::{self, Form, listed};
use super::value::{Place, convert};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    Callee, ComponentId, Expr, ExprKind, Pipeline, PipelineId, Task, TaskAttributes,
};
use crate::types::Type;
use crate::value::Value;

/// A pod template that tasks share.
pub struct Shared {
    attributes: Arc<TaskAttributes>,
    forms: Vec<Form>,
    template: String,
}

/// A pipeline's DAG template, for parameters of these forms.
pub struct Nested {
    pipeline: PipelineId,
    forms: Vec<Form>,
    template: String,
    outputs: Rc<Vec<NestedOutput>>,
}

pub struct NestedOutput {
    name: String,
    ty: Type,
    proven: bool,
}

/// What takes an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The shim of a `python:` step: it reads JSON and checks types and refinements.
    Shim,
    Command,
    Pipeline,
}

/// An argument of a task.
pub enum Given {
    Parameter(String),
    Artifact(Place),
    Artifacts(Vec<Place>),
    Nothing,
}

impl<'a> Lowering<'a> {
    pub fn task(&mut self, index: NodeIndex, task: &'a Task, name: &str) -> DagTask {
        let mut forms = Vec::new();
        let mut arguments = Arguments::default();
        let (ports, reader): (Vec<(&str, &Type)>, Reader) = match task.callee {
            Callee::Component(id) => {
                let component = &self.program[id];
                let python = matches!(component.step, crate::graph::Step::Python(_));
                let ports = component
                    .inputs
                    .iter()
                    .map(|port| (port.name.as_str(), &port.ty))
                    .collect();
                (
                    ports,
                    if python {
                        Reader::Shim
                    } else {
                        Reader::Command
                    },
                )
            }
            Callee::Pipeline(id) => {
                let params = self.program[id]
                    .params
                    .iter()
                    .map(|param| (param.name.as_str(), &param.ty));
                (params.collect(), Reader::Pipeline)
            }
        };
        for ((port, ty), arg) in ports.into_iter().zip(&task.args) {
            debug_assert_eq!(port, arg.port);
            let (form, given) = self.given(port, ty, &arg.value, reader);
            let optional = matches!(form, Form::Artifact { optional: true });
            match given {
                Given::Parameter(value) => arguments.parameters.push(Parameter {
                    name: port.to_owned(),
                    value: Some(value),
                    ..Default::default()
                }),
                Given::Artifact(place) => arguments
                    .artifacts
                    .push(given_artifact(port, place, optional)),
                Given::Artifacts(places) => arguments.artifacts.extend(
                    places
                        .into_iter()
                        .enumerate()
                        .map(|(at, place)| given_artifact(&listed(port, at), place, false)),
                ),
                Given::Nothing => {}
            }
            forms.push(form);
        }
        let template = match task.callee {
            Callee::Component(id) => self.component(index, id, task, forms, name),
            Callee::Pipeline(id) => self.nested(index, id, forms, name),
        };
        DagTask {
            template: Some(template),
            arguments,
            ..Default::default()
        }
    }

    /// Whether an argument was found to keep the refinement of a type where it was made. That the program states it by `as` proves
    /// nothing.
    fn keeps_to(&mut self, arg: &Expr, ty: &Type) -> bool {
        match self.leaf(arg) {
            Some(Leaf::Value { ty: made, .. }) => made.refinement() == ty.refinement(),
            _ => false,
        }
    }

    /// The form in which an argument reaches a port, and the argument.
    pub fn given(&mut self, name: &str, ty: &Type, arg: &Expr, reader: Reader) -> (Form, Given) {
        let command = reader == Reader::Command;
        if matches!(arg.kind, ExprKind::Const(Value::Absent)) {
            return (Form::Absent, Given::Nothing);
        }
        if ty.artifact_list().is_some() {
            let places = match &arg.kind {
                ExprKind::List(items) => items
                    .iter()
                    .filter_map(|item| self.artifact(item))
                    .map(|(place, _)| place)
                    .collect(),
                // No artifact is a constant: this is a list of none.
                ExprKind::Const(_) => Vec::new(),
                _ => unreachable!(
                    "a list of artifacts from a loop is refused by the capability table"
                ),
            };
            let places: Vec<Place> = places;
            return (Form::Artifacts(places.len()), Given::Artifacts(places));
        }
        if ty.artifact().is_some() {
            return match self.artifact(arg) {
                Some((place, optional)) => (Form::Artifact { optional }, Given::Artifact(place)),
                None => (Form::Absent, Given::Nothing),
            };
        }
        let optional = arg.ty.is_optional() && arg.constant().is_none();
        // What is there for certain is handed over as if the port asked for no less.
        let asked = if optional { ty.clone() } else { required(ty) };
        if command && matches!(arg.constant(), Some(Value::Str(text)) if text.contains('\0')) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::REFUSED,
                    arg.span,
                    "`argo` can't hand a text with a NUL to a command",
                )
                .label("arguments and variables of a process end at a NUL")
                .help("take it in a `python:` step"),
            );
        }
        let mut held = match arg.constant() {
            Some(value) => Held::constant(text_as(value, &asked)),
            None => convert(self.value(arg), &arg.ty, &asked),
        };
        // The shim checks what it is given.
        if reader != Reader::Shim
            && ty.refinement().is_some()
            && arg.constant().is_none()
            && !self.keeps_to(arg, ty)
        {
            let plain = held.plain || is_plain_type(&asked);
            held = Held {
                code: super::encode::checked(held.code, &asked, name),
                plain,
            };
        }
        let (encoding, value) = if command && optional {
            let absent = held.code.clone().binary("==", Argo::text("null"));
            if super::encode::is_textual(ty) && !is_plain_type(&required(ty)) {
                let marked = Argo::text(".").join(held.code.call("fromJSON")).encoded();
                (Encoding::Marked, absent.then(Argo::text(""), marked).tag())
            } else {
                let encoding = held.encoding();
                let text = if super::encode::is_textual(ty) {
                    held.code.call("fromJSON")
                } else {
                    held.code
                };
                let text = if encoding == Encoding::Base64 {
                    text.encoded()
                } else {
                    text
                };
                (encoding, absent.then(Argo::text(""), text).tag())
            }
        } else {
            let encoding = held.encoding();
            (encoding, held.written(encoding))
        };
        (Form::Value { encoding, optional }, Given::Parameter(value))
    }

    /// The template of a component for these forms, made once, and what the task puts out.
    pub fn component(
        &mut self,
        index: NodeIndex,
        id: ComponentId,
        task: &'a Task,
        forms: Vec<Form>,
        name: &str,
    ) -> String {
        let component = &self.program[id];
        // What the shim of a Python step puts out was checked by it.
        let proven = matches!(component.step, crate::graph::Step::Python(_));
        for port in &component.outputs {
            let leaf = if port.ty.artifact().is_some() {
                artifact_output(name, &port.name, port.ty.is_optional())
            } else {
                Leaf::Value {
                    code: Argo::output(name, &port.name),
                    ty: port.ty.clone(),
                    proven,
                }
            };
            self.frame_mut()
                .ports
                .insert((index, port.name.clone()), leaf);
        }
        let same = |shared: &&Shared| {
            (Arc::ptr_eq(&shared.attributes, &task.attributes)
                || shared.attributes == task.attributes)
                && shared.forms == forms
        };
        let known = self.steps.get(&id).and_then(|all| all.iter().find(same));
        if let Some(shared) = known {
            return shared.template.clone();
        }
        let template = self
            .names
            .give(&names::hyphened(&component.name, names::INNER));
        let pod = self.pod(
            template.clone(),
            component,
            &task.attributes,
            &forms,
            self.frame().pipeline.graph[index].span,
        );
        self.templates.push(pod);
        self.steps.entry(id).or_default().push(Shared {
            attributes: task.attributes.clone(),
            forms,
            template: template.clone(),
        });
        template
    }

    /// The DAG template of a called pipeline, made once for the forms of its parameters, and what the task puts out.
    pub fn nested(
        &mut self,
        index: NodeIndex,
        id: PipelineId,
        forms: Vec<Form>,
        name: &str,
    ) -> String {
        let known = self
            .nested
            .iter()
            .find(|nested| nested.pipeline == id && nested.forms == forms);
        let (template, outputs) = match known {
            Some(nested) => (nested.template.clone(), nested.outputs.clone()),
            None => {
                let pipeline = &self.program[id];
                let template = self.template_name(&pipeline.name);
                let mut frame = Frame::new(pipeline, true);
                for (param, form) in pipeline.params.iter().zip(&forms) {
                    let leaf = parameter_of_nested(param, form, &mut frame.inputs);
                    frame.params.insert(param.name.clone(), leaf);
                }
                self.frames.push(frame);
                // Its place is before the templates of its tasks, as a reader goes.
                let at = self.templates.len();
                match &pipeline.finally {
                    None => self.block(&pipeline.body),
                    Some(finally) => self.body_and_finally(&pipeline.body, finally, &template),
                }
                let (outputs, info) = self.outputs(pipeline);
                let frame = self.frames.pop().expect("pushed above");
                self.finish(&template, frame, outputs, at);
                let made = self.template(&template);
                annotate(made, &pipeline.doc);
                if pipeline.finally.is_some() {
                    made.dag.as_mut().expect("it is a DAG").target = Some(control::TARGETS.into());
                }
                let outputs = Rc::new(info);
                self.nested.push(Nested {
                    pipeline: id,
                    forms,
                    template: template.clone(),
                    outputs: outputs.clone(),
                });
                (template, outputs)
            }
        };
        for output in outputs.iter() {
            let leaf = if output.ty.artifact().is_some() {
                artifact_output(name, &output.name, output.ty.is_optional())
            } else {
                Leaf::Value {
                    code: Argo::output(name, &output.name),
                    ty: output.ty.clone(),
                    proven: output.proven,
                }
            };
            self.frame_mut()
                .ports
                .insert((index, output.name.clone()), leaf);
        }
        template
    }

    /// What a pipeline returns, as outputs of its template.
    pub fn outputs(&mut self, pipeline: &'a Pipeline) -> (Arguments, Vec<NestedOutput>) {
        let mut outputs = Arguments::default();
        let mut info = Vec::new();
        // Nothing reads what the run puts out and would prove it; and nothing depends on the entry.
        let entry = std::ptr::eq(pipeline, self.program.entry());
        for output in &pipeline.outputs {
            let mut proven = true;
            if output.ty.artifact().is_some() {
                // An absent artifact is no output at all.
                if let Some((place, optional)) = self.artifact(&output.value) {
                    outputs
                        .artifacts
                        .push(given_artifact(&output.name, place, optional));
                }
            } else {
                let code = if entry && output.value.constant().is_none() {
                    convert(self.value(&output.value), &output.value.ty, &output.ty).code
                } else {
                    let (code, known) = self.put_out(&output.value, &output.ty);
                    proven = known;
                    code
                };
                outputs.parameters.push(Parameter {
                    name: output.name.clone(),
                    description: step::described(&output.doc),
                    value_from: Some(value_from(code)),
                    ..Default::default()
                });
            }
            info.push(NestedOutput {
                name: output.name.clone(),
                ty: output.ty.clone(),
                proven,
            });
        }
        (outputs, info)
    }

    /// A value as what a DAG puts out as one of type `ty`, and whether it is known to be one. A task's output is put out as it was
    /// written: what reads it here proves it. Argo forgets the tasks that depend on a DAG which fails over its outputs.
    pub fn put_out(&mut self, value: &Expr, ty: &Type) -> (Argo, bool) {
        if let Some(constant) = value.constant() {
            return (Argo::Text(text_as(constant, ty)), true);
        }
        if let Some(Leaf::Value {
            code,
            ty: from,
            proven,
        }) = self.leaf(value)
        {
            return (convert(Held { code, plain: false }, &from, ty).code, proven);
        }
        let held = convert(self.value(value), &value.ty, ty);
        (held.code, held.plain || !is_plain_type(ty))
    }
}
