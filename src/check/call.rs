//! Calls: which argument goes to which input.

use std::sync::Arc;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{self, Arg, Expr, ExprKind, NodeKind, ParamDefault, Task};
use crate::resolve::attributes;
use crate::resolve::module::{Call, Callee};
use crate::source::Span;
use crate::types::{Proof, Type, fits};
use crate::value::Value;

use super::Checker;
use super::edge::{Consumer, Role};

/// An input of a component, or a parameter of a nested pipeline.
struct Input<'a> {
    name: &'a str,
    ty: &'a Type,
    default: Default,
    span: Span,
}

/// An argument that was reported.
struct Fault {
    /// Index of the input that it was given to.
    input: usize,
    /// Index of the first report.
    report: usize,
    given: Type,
}

enum Default {
    None,
    Const(Value),
    Run(graph::RunField),
}

impl Checker<'_> {
    /// The task of a call and the type of its value; nothing when the callee is unknown.
    pub(super) fn call(&mut self, call: &Call) -> Option<(NodeKind, Type)> {
        let module = self.module;
        let (name, declared, inputs, outputs, unnamed) = match call.callee {
            Callee::Unknown => {
                // The arguments may hold mistakes of their own.
                for arg in &call.args {
                    self.expr(&arg.value, None);
                }
                return None;
            }
            Callee::Component(at) => {
                let component = &module.components[at];
                let definition = &component.definition;
                let inputs = definition.inputs.iter().map(|port| Input {
                    name: &port.name,
                    ty: &port.ty,
                    default: port.default.clone().map_or(Default::None, Default::Const),
                    span: port.span,
                });
                let outputs = definition.outputs.iter().map(|port| (&port.name, &port.ty));
                (
                    &definition.name,
                    component.span,
                    inputs.collect::<Vec<_>>(),
                    outputs.collect::<Vec<_>>(),
                    definition.unnamed_output,
                )
            }
            Callee::Pipeline(at) => {
                let pipeline = &module.pipelines[at];
                let inputs = pipeline.params.iter().map(|param| Input {
                    name: &param.name,
                    ty: &param.ty,
                    default: match &param.default {
                        None => Default::None,
                        // A location is given to a run, not to a call.
                        Some(ParamDefault::Const(_)) if param.ty.artifact().is_some() => {
                            Default::None
                        }
                        Some(ParamDefault::Const(value)) => Default::Const(value.clone()),
                        Some(ParamDefault::Run(field)) => Default::Run(*field),
                    },
                    span: param.span,
                });
                let outputs = pipeline
                    .outputs
                    .iter()
                    .map(|output| (&output.name, &output.ty));
                (
                    &pipeline.name,
                    pipeline.span,
                    inputs.collect::<Vec<_>>(),
                    outputs.collect::<Vec<_>>(),
                    pipeline.unnamed_output,
                )
            }
        };
        let args = self.args(call, name, declared, &inputs);
        let ty = match outputs.as_slice() {
            [] => Type::Nothing,
            [(_, ty)] if unnamed => (*ty).clone(),
            several => Type::record(
                several
                    .iter()
                    .map(|(name, ty)| ((*name).clone(), (*ty).clone()))
                    .collect(),
            ),
        };
        let (callee, merged) = match call.callee {
            Callee::Component(at) => {
                let component = &module.components[at];
                let merged = attributes::merge(&self.layers(component, call.with.as_ref()));
                self.diagnostics.extend(attributes::check_merged(
                    &merged,
                    &component.definition,
                    self.reported,
                ));
                (graph::Callee::Component(graph::ComponentId(at)), merged)
            }
            Callee::Pipeline(at) => {
                let layers: Vec<_> = call.with.iter().collect();
                (
                    graph::Callee::Pipeline(graph::PipelineId(at)),
                    attributes::merge(&layers),
                )
            }
            Callee::Unknown => unreachable!("returned above"),
        };
        let task = Task {
            callee,
            args,
            attributes: Arc::new(merged),
        };
        Some((NodeKind::Task(task), ty))
    }

    fn args(
        &mut self,
        call: &Call,
        callee: &str,
        declared: Span,
        inputs: &[Input<'_>],
    ) -> Vec<Arg> {
        let mut given: Vec<Option<Expr>> = inputs.iter().map(|_| None).collect();
        let mut spans: Vec<Option<Span>> = vec![None; inputs.len()];
        // What was not understood may be the argument that seems to be missing.
        let mut unknown = !call.whole;
        let mut faults: Vec<Fault> = Vec::new();
        for (position, arg) in call.args.iter().enumerate() {
            let at = match &arg.name {
                Some((name, _)) => inputs.iter().position(|input| input.name == *name),
                None => (position < inputs.len()).then_some(position),
            };
            let span = arg.name.as_ref().map_or(arg.value.span, |(_, span)| *span);
            let Some(at) = at else {
                unknown = true;
                self.unknown_argument(arg, callee, declared, inputs, position);
                self.expr(&arg.value, None);
                continue;
            };
            let input = &inputs[at];
            if let Some(first) = spans[at] {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::REPEATED_ARGUMENT,
                        span,
                        format!("`{}` of `{callee}` is given twice", input.name),
                    )
                    .also(first, "given here first"),
                );
                self.expr(&arg.value, None);
                continue;
            }
            spans[at] = Some(span);
            let name = format!("`{}` of `{callee}`", input.name);
            let consumer = Consumer {
                name: &name,
                role: Role::Input,
                declared: Some(input.span),
            };
            let before = self.diagnostics.len();
            let value = self.wanted(&arg.value, input.ty, consumer);
            if self
                .diagnostics
                .get(before)
                .is_some_and(Diagnostic::is_error)
            {
                faults.push(Fault {
                    input: at,
                    report: before,
                    given: value.ty.clone(),
                });
            }
            given[at] = Some(value);
        }
        self.report_swapped(callee, inputs, &faults);
        let missing: Vec<&Input<'_>> = inputs
            .iter()
            .zip(&given)
            .filter(|(input, given)| {
                given.is_none() && matches!(input.default, Default::None) && !input.ty.is_optional()
            })
            .map(|(input, _)| input)
            .collect();
        // A misspelt argument is also a missing one; one report says both.
        if !missing.is_empty() && !unknown {
            self.missing_arguments(call, callee, &missing);
        }
        inputs
            .iter()
            .zip(given)
            .map(|(input, given)| Arg {
                port: input.name.to_owned(),
                value: given.unwrap_or_else(|| Expr {
                    kind: match &input.default {
                        Default::Const(value) => ExprKind::Const(value.clone()),
                        Default::Run(field) => ExprKind::Run(*field),
                        Default::None => ExprKind::Const(Value::Absent),
                    },
                    ty: input.ty.clone(),
                    span: call.span,
                }),
            })
            .collect()
    }

    /// Two arguments that each would fit the other's input are one mistake.
    fn report_swapped(&mut self, callee: &str, inputs: &[Input<'_>], faults: &[Fault]) {
        let [first, second] = faults else { return };
        let fits_other = |fault: &Fault, other: &Fault| {
            !fault.given.is_unknown()
                && fits(&fault.given, inputs[other.input].ty) == Ok(Proof::Proven)
        };
        let alone =
            second.report == first.report + 1 && self.diagnostics.len() == second.report + 1;
        if !alone || !fits_other(first, second) || !fits_other(second, first) {
            return;
        }
        let spans = [first, second].map(|fault| self.diagnostics[fault.report].primary().span);
        let [a, b] = [first, second].map(|fault| &inputs[fault.input]);
        self.diagnostics.truncate(first.report);
        self.diagnostics.push(
            Diagnostic::new(
                codes::TYPE_MISMATCH,
                spans[0],
                format!(
                    "`{}` and `{}` of `{callee}` are given the wrong way round",
                    a.name, b.name
                ),
            )
            .label(format!("this is `{}`", first.given))
            .also(spans[1], format!("this is `{}`", second.given))
            .also(a.span, format!("`{}` takes `{}`", a.name, a.ty))
            .also(b.span, format!("`{}` takes `{}`", b.name, b.ty))
            .help("swap the two"),
        );
    }

    fn missing_arguments(&mut self, call: &Call, callee: &str, missing: &[&Input<'_>]) {
        let names: Vec<String> = missing
            .iter()
            .map(|input| format!("`{}`", input.name))
            .collect();
        let mut diagnostic = Diagnostic::new(
            codes::MISSING_ARGUMENT,
            call.span,
            format!("the call of `{callee}` leaves out {}", names.join(", ")),
        );
        for input in missing {
            diagnostic = diagnostic.also(
                input.span,
                format!("`{}` has no default and is `{}`", input.name, input.ty),
            );
        }
        let example: Vec<String> = missing
            .iter()
            .map(|input| format!("{}=..", input.name))
            .collect();
        self.diagnostics
            .push(diagnostic.help(format!("add `{}`", example.join(", "))));
    }

    fn unknown_argument(
        &mut self,
        arg: &crate::resolve::module::Arg,
        callee: &str,
        declared: Span,
        inputs: &[Input<'_>],
        position: usize,
    ) {
        let diagnostic = match &arg.name {
            Some((name, span)) => Diagnostic::new(
                codes::UNKNOWN_ARGUMENT,
                *span,
                format!("`{callee}` takes no `{name}`"),
            )
            .maybe_help(did_you_mean(name, inputs.iter().map(|input| input.name))),
            None => {
                let takes = match inputs.len() {
                    0 => "no arguments".to_owned(),
                    1 => "one argument".to_owned(),
                    several => format!("{several} arguments"),
                };
                Diagnostic::new(
                    codes::UNKNOWN_ARGUMENT,
                    arg.value.span,
                    format!("`{callee}` takes {takes}"),
                )
                .label(format!("this is argument {}", position + 1))
            }
        };
        self.diagnostics
            .push(diagnostic.also(declared, format!("`{callee}` is declared here")));
    }
}
