//! A task that runs a container, while its inputs are gathered: what its component declares, what the task gives, and how the shim
//! reads it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::model::{
    InputArtifact, InputParameter, Inputs, OutputArtifact, OutputParameter, Outputs, TaskInputs,
};
use super::names::Names;
use super::scope::{Atom, Scope, atom_of, hint, output_names};
use super::wire::{
    self, Coding, Feed, File, Form, From, Then, Wire, artifact_source, parameter_source,
};
use crate::graph::{self, Component, ExprKind, Port, Program};
use crate::shim::kubeflow::{Key, Unset};
use crate::shim::{self, Given, Input, Take, type_tree};
use crate::types::{Refined, Type};

pub struct Leaf<'a> {
    program: &'a Program,
    pub inputs: Inputs,
    pub given: TaskInputs,
    names: Names,
    /// What only expressions read, by atom.
    read: IndexMap<Atom, String>,
    pub reads: Vec<Input<Key>>,
    pub ports: Vec<Input<Key>>,
}

impl<'a> Leaf<'a> {
    /// `reserved` are the names of the ports: what else is read gets others.
    pub fn new<'n>(program: &'a Program, reserved: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names = Names::default();
        for name in reserved {
            names.take(name);
        }
        Leaf {
            program,
            inputs: Inputs::default(),
            given: TaskInputs::default(),
            names,
            read: IndexMap::new(),
            reads: Vec::new(),
            ports: Vec::new(),
        }
    }

    /// Declares a parameter under a key that is its own, and gives it.
    pub fn parameter(&mut self, key: &str, wire: &Wire, description: &str) {
        let parameter = InputParameter {
            description: description.to_owned(),
            ..InputParameter::of(&wire.form)
        };
        self.inputs.parameters.insert(key.to_owned(), parameter);
        self.given
            .parameters
            .insert(key.to_owned(), parameter_source(&wire.from));
    }

    /// Declares a parameter under a key that nothing else has, and gives it.
    pub fn parameter_beside(&mut self, hint: &str, wire: &Wire) -> String {
        let key = self.names.free_with(hint, '_');
        self.parameter(&key, wire, "");
        key
    }

    pub fn artifact(&mut self, key: &str, file: &File, description: &str) {
        self.inputs.artifacts.insert(
            key.to_owned(),
            InputArtifact::of(file, description.to_owned()),
        );
        self.given
            .artifacts
            .insert(key.to_owned(), artifact_source(&file.from));
    }

    /// The keys of the artifacts that feed a port: the port's own name for one, a number after it for each of several.
    pub fn artifacts(&mut self, port: &Port, feed: &Feed) -> Vec<String> {
        match feed {
            Feed::Artifact(file) => {
                self.artifact(&port.name, file, &port.doc);
                vec![port.name.clone()]
            }
            Feed::Artifacts(files) => files
                .iter()
                .enumerate()
                .map(|(at, file)| {
                    let key = self
                        .names
                        .free_with(&format!("{}_{}", port.name, at + 1), '_');
                    self.artifact(&key, file, &port.doc);
                    key
                })
                .collect(),
            Feed::Value(_) => panic!("an artifact is fed with artifacts"),
        }
    }

    /// An input port that the shim hands to the step.
    pub fn port(&mut self, scope: &Scope, port: &Port, arg: &graph::Expr, take: Take) {
        if port.ty.artifact().is_some() || port.ty.artifact_list().is_some() {
            let keys = self.artifacts(port, &artifacts_of(self.program, scope, arg));
            let own = keys.len() == 1 && keys[0] == port.name;
            self.ports.push(Input {
                name: port.name.clone(),
                ty: type_tree(&port.ty),
                take,
                given: Given::Engine(Key {
                    keys: (!own).then_some(keys),
                    ..Key::default()
                }),
                carried: None,
            });
            return;
        }
        let direct = match arg.constant() {
            Some(value) => Some(wire::constant(value, &port.ty)),
            None => atom_of(self.program, scope.pipeline, arg).map(|atom| scope.value(&atom)),
        };
        let input = match direct {
            // Where the port has bounds and the parameter has others, each is checked with its own name.
            Some(wire)
                if wire.form.unchecked.is_none()
                    || port.ty.refinement().is_none()
                    || port.ty.refinement() == wire.form.ty.refinement() =>
            {
                self.parameter(&port.name, &wire, &port.doc);
                let ty = as_carried(&port.ty, &wire.form);
                self.engine_input(&port.name, &port.name, &wire.form, &ty)
            }
            _ => Input {
                name: port.name.clone(),
                ty: type_tree(&port.ty),
                take: Take::Value,
                given: Given::Computed {
                    expr: self.expr(scope, arg),
                },
                carried: None,
            },
        };
        self.ports.push(input);
    }

    /// What the shim knows of an input that the engine gives.
    fn engine_input(&mut self, name: &str, key: &str, form: &Form, ty: &Type) -> Input<Key> {
        let unset = form.unset.as_deref().map(|unset| Unset {
            marker: unset.marker.clone(),
            then: match &unset.then {
                Then::Value(value) => shim::Expr::Lit(value.to_json()),
                Then::Run(field) => shim::Expr::In(self.read_feed(
                    Atom::Run(*field),
                    &format!("run_{}", field.name()),
                    &Feed::Value(super::scope::run_field(*field)),
                )),
            },
        });
        Input {
            name: name.to_owned(),
            ty: type_tree(ty),
            take: Take::Value,
            given: Given::Engine(Key {
                key: (key != name).then(|| key.to_owned()),
                keys: None,
                chomp: form.chomp,
                unset,
                what: form.unchecked.clone(),
            }),
            carried: wire::carried(&form.coding),
        }
    }

    /// The name by which an expression reads an atom.
    fn read(&mut self, scope: &Scope, atom: Atom) -> String {
        let name = hint(scope.pipeline, &atom);
        let feed = scope.feed(&atom);
        self.read_feed(atom, &name, &feed)
    }

    fn read_feed(&mut self, atom: Atom, hint: &str, feed: &Feed) -> String {
        if let Some(name) = self.read.get(&atom) {
            return name.clone();
        }
        let Feed::Value(wire) = feed else {
            panic!("an expression reads values")
        };
        let name = self.names.free_with(hint, '_');
        self.read.insert(atom, name.clone());
        self.parameter(&name, wire, "");
        let ty = as_carried(&wire.form.ty, &wire.form);
        let input = self.engine_input(&name, &name, &wire.form, &ty);
        self.reads.push(input);
        name
    }

    /// An expression as the shim computes it.
    pub fn expr(&mut self, scope: &Scope, expr: &graph::Expr) -> shim::Expr {
        let whole = expand(self.program, scope.pipeline, expr);
        let program = self.program;
        shim::Expr::lower(&whole, &mut |inner| {
            atom_of(program, scope.pipeline, inner).map(|atom| self.read(scope, atom))
        })
    }
}

/// Declared outputs of a component's ports.
pub fn outputs_of(component: &Component) -> Outputs {
    let mut outputs = Outputs::default();
    for port in &component.outputs {
        let key = wire::output_key(&port.name, &port.ty);
        match port.ty.artifact() {
            Some(artifact) => {
                let artifact = OutputArtifact {
                    artifact_type: wire::artifact_type(artifact),
                    description: port.doc.clone(),
                    is_artifact_list: false,
                };
                outputs.artifacts.insert(key, artifact);
            }
            None => {
                let parameter = OutputParameter {
                    description: port.doc.clone(),
                    parameter_type: Form::of(&port.ty).parameter_type(),
                };
                outputs.parameters.insert(key, parameter);
            }
        }
    }
    outputs
}

/// What feeds an artifact port: an argument is a producer or a list of them.
pub fn artifacts_of(program: &Program, scope: &Scope, arg: &graph::Expr) -> Feed {
    if let Some(atom) = atom_of(program, scope.pipeline, arg) {
        return scope.feed(&atom);
    }
    let items: &[graph::Expr] = match &arg.kind {
        ExprKind::List(items) => items,
        // No artifact is a constant: this is a list of none.
        ExprKind::Const(_) => &[],
        _ => panic!("an artifact is wired, not computed: {arg:?}"),
    };
    let files = items
        .iter()
        .flat_map(|item| match artifacts_of(program, scope, item) {
            Feed::Artifact(file) => vec![file],
            Feed::Artifacts(files) => files,
            Feed::Value(_) => panic!("an artifact is no value"),
        })
        .collect();
    Feed::Artifacts(files)
}

/// The port's type as its reader checks it: absent only where the wire can be, within the wire's bounds where nobody checked them.
fn as_carried(port: &Type, form: &Form) -> Type {
    let inner = match port {
        Type::Optional(inner) => (**inner).clone(),
        other => other.clone(),
    };
    let inner = match (
        form.unchecked.is_some(),
        inner.refinement(),
        form.ty.refinement(),
    ) {
        (true, None, Some(refinement)) => Type::Refined(Arc::new(Refined {
            base: inner.base().clone(),
            refinement: refinement.clone(),
        })),
        _ => inner,
    };
    if form.ty.is_optional() {
        inner.optional()
    } else {
        inner
    }
}

/// The expression with every task of named outputs that is read whole as the record of its outputs.
fn expand(program: &Program, pipeline: &graph::Pipeline, expr: &graph::Expr) -> graph::Expr {
    let mut expr = expr.clone();
    expand_in(program, pipeline, &mut expr);
    expr
}

fn expand_in(program: &Program, pipeline: &graph::Pipeline, expr: &mut graph::Expr) {
    if atom_of(program, pipeline, expr).is_some() {
        return;
    }
    match &mut expr.kind {
        ExprKind::Node(node) => {
            let node = *node;
            let entries = output_names(program, pipeline, node)
                .into_iter()
                .map(|port| {
                    let inner = Box::new(expr.clone());
                    let field = graph::Expr {
                        kind: ExprKind::Field(inner, port.clone()),
                        ty: expr.ty.clone(),
                        span: expr.span,
                    };
                    (port, field)
                })
                .collect();
            expr.kind = ExprKind::Map(entries);
        }
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Run(_) | ExprKind::Item(_) => {}
        ExprKind::Field(inner, _) | ExprKind::Not(inner) => expand_in(program, pipeline, inner),
        ExprKind::Coalesce(a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Compare(_, a, b) => {
            expand_in(program, pipeline, a);
            expand_in(program, pipeline, b);
        }
        ExprKind::Concat(items) | ExprKind::List(items) => {
            items
                .iter_mut()
                .for_each(|item| expand_in(program, pipeline, item));
        }
        ExprKind::Map(entries) => {
            entries
                .iter_mut()
                .for_each(|(_, item)| expand_in(program, pipeline, item));
        }
    }
}

/// The feed of an output of a task.
pub fn output_feed(task: &str, port: &Port, form: Form) -> Feed {
    let from = From::Output {
        task: task.to_owned(),
        key: wire::output_key(&port.name, &port.ty),
    };
    match port.ty.artifact() {
        Some(artifact) => Feed::Artifact(File {
            from,
            kind: wire::artifact_type(artifact),
            gathered: false,
        }),
        None => Feed::Value(Wire { from, form }),
    }
}

/// A parameter that holds JSON text where the type has no text of its own.
pub fn is_bare_text(form: &Form) -> bool {
    let text_is_the_parameters = matches!(
        form.ty.base(),
        Type::Str | Type::Int | Type::Float | Type::Bool | Type::Date | Type::DateTime
    );
    form.is_bare() && form.coding == Coding::Native && text_is_the_parameters
}
