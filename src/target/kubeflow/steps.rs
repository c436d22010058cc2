//! Tasks that run a container: calls of components, and the steps that mlpc adds where Kubeflow has nothing of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::command::{self, Variable};
use super::encode::{pieces, safe_json};
use super::leaf::{Leaf, artifacts_of, is_bare_text, output_feed, outputs_of};
use super::lower::Lowering;
use super::model::{
    ArtifactType, ArtifactUri, Component as Spec, Container, EnvVar, Executor, Importer, Inputs,
    KubernetesExecutor, OutputArtifact, OutputParameter, Outputs, Task as TaskSpec, TaskInputs,
    Text,
};
use super::platform;
use super::scope::{Atom, Scope, atom_of};
use super::wire::{self, Coding, Feed, File, Form, From, Wire, output_key, parameter_source};
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{
    Arg, Component, ComponentId, Expr, Port, PythonCode, PythonStep, Require, Step, Task,
    TaskAttributes,
};
use crate::shim::kubeflow::{Key, Step as Described};
use crate::shim::{self, Code, Output, Work, type_tree};
use crate::types::Type;

/// The image of Python steps that name none, and of the steps that mlpc adds.
pub const PYTHON_IMAGE: &str = "python:3.12-slim";

impl<'a> Lowering<'a> {
    pub fn call(
        &mut self,
        scope: &mut Scope<'a>,
        node: NodeIndex,
        task: &'a Task,
        id: ComponentId,
    ) {
        let component = &self.program[id];
        let name = scope.name_of(node);
        let waits = scope.waits(node);
        match &component.step {
            Step::Python(python) => self.call_python(scope, &name, task, component, python, waits),
            Step::Run(_) | Step::Shell(_) => {
                self.call_command(scope, node, &name, task, component, waits)
            }
        }
        for port in &component.outputs {
            let mut form = Form::of(&port.ty);
            if command::leaves_newline(component, port) {
                form.chomp = true;
            }
            // The shim checks what a Python step gives; a command's outputs are taken as they are.
            if port.ty.refinement().is_some() && !matches!(component.step, Step::Python(_)) {
                form.unchecked = Some(format!(
                    "output `{}` of `{}`",
                    port.name, scope.pipeline.graph[node].name
                ));
            }
            scope.feeds.insert(
                Atom::Out(node, Some(port.name.clone())),
                output_feed(&name, port, form),
            );
        }
        scope.finished(node, vec![name]);
    }

    fn call_python(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        task: &Task,
        component: &Component,
        python: &PythonStep,
        waits: BTreeSet<String>,
    ) {
        let mut leaf = Leaf::new(self.program, names_of(component));
        for ((port, arg), take) in component.inputs.iter().zip(&task.args).zip(&python.inputs) {
            leaf.port(scope, port, &arg.value, (*take).into());
        }
        let outputs = component
            .outputs
            .iter()
            .zip(&python.outputs)
            .map(|(port, by)| {
                let key = output_key(&port.name, &port.ty);
                Output {
                    name: port.name.clone(),
                    ty: type_tree(&port.ty),
                    by: (*by).into(),
                    to: Key {
                        key: (key != port.name).then_some(key),
                        ..Key::default()
                    },
                    carried: None,
                }
            })
            .collect();
        let step = Described {
            work: Work::Function {
                function: python.function.clone(),
                code: match &python.code {
                    PythonCode::Embedded(id) => Code::Embedded {
                        file: self.program[*id].path.clone(),
                        source: self.program[*id].text.to_string(),
                    },
                    PythonCode::Installed { module } => Code::Installed {
                        module: module.clone(),
                    },
                },
            },
            reads: std::mem::take(&mut leaf.reads),
            inputs: std::mem::take(&mut leaf.ports),
            outputs,
            packages: task.attributes.packages.clone(),
        };
        let spec = self.shim_leaf(
            &component.name,
            leaf.inputs,
            outputs_of(component),
            &step,
            &task.attributes,
        );
        scope.add_task(name, spec, leaf.given, waits, task_rest(&task.attributes));
    }

    /// The component of a step that the shim runs.
    fn shim_leaf(
        &mut self,
        name: &str,
        inputs: Inputs,
        outputs: Outputs,
        step: &Described,
        attributes: &Arc<TaskAttributes>,
    ) -> String {
        let number = self.attributes_number(attributes);
        let description = shim::kubeflow::description(step);
        let inputs_key = serde_json::to_string(&inputs).expect("text keys");
        let key = format!("{name}|{number}|{description}|{inputs_key}");
        self.leaf(name, key, |lowering| {
            let (command, args) = lowering.shim_command(step);
            let executor = lowering.container(attributes, PYTHON_IMAGE, command, args);
            let spec = Spec {
                input_definitions: inputs,
                output_definitions: outputs,
                ..Default::default()
            };
            (
                spec,
                executor,
                platform::kubernetes(attributes, lowering.labels),
            )
        })
    }

    /// A container's `command` and `args` for a step that the shim runs.
    fn shim_command(&mut self, step: &Described) -> (Vec<Text>, Vec<Text>) {
        let plain = |word: &str| Text::Plain(word.to_owned());
        let mark = match step.work {
            Work::Function { .. } => "the shim of functions",
            _ => "the shim of expressions",
        };
        self.shims.entry(mark).or_default().join(step.needs());
        let shim = self.shared(mark.to_owned());
        let command = vec![plain("python3"), plain("-u"), plain("-c"), shim];
        let mut args = vec![
            plain("{{$}}"),
            Text::Plain(safe_json(&shim::kubeflow::description(step))),
        ];
        let source = shim::kubeflow::source(step);
        if !source.is_empty() {
            args.extend(
                pieces(source)
                    .into_iter()
                    .map(|piece| self.shared(piece.to_owned())),
            );
        }
        (command, args)
    }

    fn container(
        &self,
        attributes: &TaskAttributes,
        image: &str,
        command: Vec<Text>,
        args: Vec<Text>,
    ) -> Executor {
        Executor::Container(Box::new(Container {
            args,
            command,
            env: attributes
                .env
                .iter()
                .map(|(name, value)| EnvVar {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            image: attributes.image.clone().unwrap_or_else(|| image.to_owned()),
            resources: platform::resources(&attributes.resources),
        }))
    }

    fn call_command(
        &mut self,
        scope: &mut Scope<'a>,
        node: NodeIndex,
        name: &str,
        task: &'a Task,
        component: &'a Component,
        mut waits: BTreeSet<String>,
    ) {
        let Some(image) = &task.attributes.image else {
            self.error(
                Diagnostic::new(
                    codes::KUBEFLOW_NO_IMAGE,
                    scope.pipeline.graph[node].span,
                    format!("`{}` has no image to run in", component.name),
                )
                .label("this step runs in a container on kubeflow")
                .also(component.span, "it has no `image`")
                .help("add `image: \"...\"` to the component, or to the pipeline's `defaults`"),
            );
            return;
        };
        let mut leaf = Leaf::new(self.program, names_of(component));
        let texts = self.command_texts(scope, name, task, component, &waits);
        let mut variables = Vec::new();
        for (port, arg) in component.inputs.iter().zip(&task.args) {
            variables.push(command_input(
                self,
                scope,
                &mut leaf,
                port,
                arg,
                texts.get(&port.name),
            ));
        }
        waits.extend(texts.values().filter_map(|wire| match &wire.from {
            From::Output { task, .. } => Some(task.clone()),
            _ => None,
        }));
        let number = self.attributes_number(&task.attributes);
        let inputs_key = serde_json::to_string(&leaf.inputs).expect("text keys");
        let key = format!("{}|{number}|{variables:?}|{inputs_key}", component.name);
        let inputs = std::mem::take(&mut leaf.inputs);
        let spec = self.leaf(&component.name, key, |lowering| {
            let (command, args) = command::command(component, &variables);
            let plain = |words: Vec<String>| words.into_iter().map(Text::Plain).collect();
            let executor = lowering.container(&task.attributes, image, plain(command), plain(args));
            let spec = Spec {
                input_definitions: inputs,
                output_definitions: outputs_of(component),
                ..Default::default()
            };
            (
                spec,
                executor,
                platform::kubernetes(&task.attributes, lowering.labels),
            )
        });
        scope.add_task(name, spec, leaf.given, waits, task_rest(&task.attributes));
    }

    /// The texts of a command's inputs that a step before it must write, by port: they are computed, checked or decoded there, for an
    /// image need not have Python. Of what a loop gathered, the paths.
    fn command_texts(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        task: &'a Task,
        component: &'a Component,
        waits: &BTreeSet<String>,
    ) -> IndexMap<String, Wire> {
        let mut leaf = Leaf::new(self.program, names_of(component));
        let mut give = IndexMap::new();
        let mut outputs = Outputs::default();
        let mut written = Vec::new();
        for (port, arg) in component.inputs.iter().zip(&task.args) {
            if arg.value.constant().is_some() || port.ty.artifact().is_some() {
                continue;
            }
            let is_list = port.ty.artifact_list().is_some();
            if is_list
                && !matches!(
                    artifacts_of(self.program, scope, &arg.value),
                    Feed::Artifact(_)
                )
            {
                continue;
            }
            if !is_list && let Some(atom) = atom_of(self.program, scope.pipeline, &arg.value) {
                let form = scope.value(&atom).form;
                let bounded =
                    port.ty.refinement().is_some() && form.ty.refinement() != port.ty.refinement();
                let widens = matches!((form.ty.base(), port.ty.base()), (Type::Int, Type::Float));
                if is_bare_text(&form) && !bounded && !widens {
                    continue;
                }
            }
            let take = if is_list {
                shim::Take::Str
            } else {
                shim::Take::Value
            };
            leaf.port(scope, port, &arg.value, take);
            let read = Box::new(shim::Expr::In(port.name.clone()));
            let text = if is_list {
                shim::Expr::Lines(read)
            } else if port.ty.is_optional() {
                shim::Expr::Mark(read)
            } else {
                shim::Expr::Concat(vec![*read])
            };
            give.insert(port.name.clone(), text);
            outputs.parameters.insert(
                port.name.clone(),
                OutputParameter {
                    description: String::new(),
                    parameter_type: Form::of(&Type::Str).parameter_type(),
                },
            );
            written.push(port.name.clone());
        }
        if written.is_empty() {
            return IndexMap::new();
        }
        let attributes = Arc::new(TaskAttributes {
            kubernetes: task.attributes.kubernetes.clone(),
            labels: task.attributes.labels.clone(),
            ..Default::default()
        });
        let step = Described {
            work: Work::Give { give },
            reads: std::mem::take(&mut leaf.reads),
            inputs: std::mem::take(&mut leaf.ports),
            outputs: written
                .iter()
                .map(|name| returned(name, &Type::Str))
                .collect(),
            packages: Vec::new(),
        };
        let base = format!("{}_inputs", component.name);
        let spec = self.shim_leaf(&base, leaf.inputs, outputs, &step, &attributes);
        let adapter = scope.task_names.free(&format!("{name}-inputs"));
        scope.add_task(
            &adapter,
            spec,
            leaf.given,
            waits.clone(),
            task_rest(&attributes),
        );
        written
            .into_iter()
            .map(|name| {
                let from = From::Output {
                    task: adapter.clone(),
                    key: name.clone(),
                };
                let form = Form::of(&Type::Str);
                (name, Wire { from, form })
            })
            .collect()
    }

    /// A step that gives the values of expressions; their feeds, in the order given.
    pub fn give(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        values: &[(String, Form, &Expr)],
        waits: BTreeSet<String>,
    ) -> Vec<Feed> {
        let outputs: Vec<(String, Form)> = values
            .iter()
            .map(|(name, form, _)| (name.clone(), form.clone()))
            .collect();
        self.give_with(scope, name, &outputs, waits, |leaf, scope| {
            let exprs = values.iter();
            exprs.map(|(_, _, expr)| leaf.expr(scope, expr)).collect()
        })
    }

    /// The same for expressions that the shim has and the language has not: `lower` gives one for each output.
    pub fn give_with(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        values: &[(String, Form)],
        waits: BTreeSet<String>,
        lower: impl FnOnce(&mut Leaf<'a>, &Scope<'a>) -> Vec<shim::Expr>,
    ) -> Vec<Feed> {
        let task = scope.task_names.free(name);
        let mut leaf = Leaf::new(self.program, []);
        let mut outputs = Outputs::default();
        for (name, form) in values {
            let parameter = OutputParameter {
                description: String::new(),
                parameter_type: form.parameter_type(),
            };
            outputs.parameters.insert(name.clone(), parameter);
        }
        let names = values.iter().map(|(name, _)| name.clone());
        let give = names.zip(lower(&mut leaf, scope)).collect();
        let step = Described {
            work: Work::Give { give },
            reads: std::mem::take(&mut leaf.reads),
            inputs: Vec::new(),
            outputs: values
                .iter()
                .map(|(name, form)| match form.coding {
                    // Of the JSON texts of the items.
                    Coding::Each(_) => returned(name, &Type::Str.list()),
                    _ => returned(name, &form.ty),
                })
                .collect(),
            packages: Vec::new(),
        };
        let attributes = Arc::new(TaskAttributes::default());
        let spec = self.shim_leaf(name, leaf.inputs, outputs, &step, &attributes);
        scope.add_task(&task, spec, leaf.given, waits, task_rest(&attributes));
        values
            .iter()
            .map(|(name, form)| {
                let from = From::Output {
                    task: task.clone(),
                    key: name.clone(),
                };
                Feed::Value(Wire {
                    from,
                    form: form.clone(),
                })
            })
            .collect()
    }

    /// A step that fails unless the condition holds.
    pub fn require(&mut self, scope: &mut Scope<'a>, node: NodeIndex, require: &Require) {
        let task = scope.name_of(node);
        let waits = scope.waits(node);
        let mut leaf = Leaf::new(self.program, []);
        let work = Work::Require {
            require: leaf.expr(scope, &require.condition),
            message: leaf.expr(scope, &require.message),
        };
        let step = Described {
            work,
            reads: std::mem::take(&mut leaf.reads),
            inputs: Vec::new(),
            outputs: Vec::new(),
            packages: Vec::new(),
        };
        let attributes = Arc::new(TaskAttributes::default());
        let spec = self.shim_leaf(
            "require",
            leaf.inputs,
            Outputs::default(),
            &step,
            &attributes,
        );
        scope.add_task(&task, spec, leaf.given, waits, task_rest(&attributes));
        scope.finished(node, vec![task]);
    }

    /// The artifact at a location.
    pub fn importer(
        &mut self,
        scope: &mut Scope<'a>,
        name: &str,
        kind: ArtifactType,
        location: &Wire,
    ) -> File {
        let task = scope
            .task_names
            .free(&format!("import-{}", super::names::mangle(name)));
        let key = format!("import|{}", kind.schema_title);
        let spec = self.leaf("import", key, |_| {
            let mut component = Spec::default();
            let uri = super::model::InputParameter::of(&location.form);
            component
                .input_definitions
                .parameters
                .insert("uri".to_owned(), uri);
            component.output_definitions.artifacts.insert(
                "artifact".to_owned(),
                OutputArtifact {
                    artifact_type: kind.clone(),
                    description: String::new(),
                    is_artifact_list: false,
                },
            );
            let executor = Executor::Importer(Importer {
                artifact_uri: ArtifactUri {
                    runtime_parameter: "uri",
                },
                type_schema: kind.clone(),
            });
            (component, executor, KubernetesExecutor::default())
        });
        let mut inputs = TaskInputs::default();
        inputs
            .parameters
            .insert("uri".to_owned(), parameter_source(&location.from));
        scope.add_task(&task, spec, inputs, BTreeSet::new(), TaskSpec::default());
        File {
            from: From::Output {
                task,
                key: "artifact".to_owned(),
            },
            kind,
            gathered: false,
        }
    }

    /// An artifact that is an input of a DAG as an output of it, which only a task can give.
    pub fn copy(&mut self, scope: &mut Scope<'a>, file: &File) -> File {
        let task = scope.task_names.free("copy");
        let mut leaf = Leaf::new(self.program, []);
        leaf.artifact("given", file, "");
        let mut outputs = Outputs::default();
        outputs.artifacts.insert(
            "copy".to_owned(),
            OutputArtifact {
                artifact_type: file.kind.clone(),
                description: String::new(),
                is_artifact_list: false,
            },
        );
        let step = Described {
            work: Work::Give {
                give: [("copy".to_owned(), shim::Expr::In("given".to_owned()))]
                    .into_iter()
                    .collect(),
            },
            reads: vec![shim::Input {
                name: "given".to_owned(),
                ty: "artifact".into(),
                take: shim::Take::Str,
                given: shim::Given::Engine(Key::default()),
                carried: None,
            }],
            inputs: Vec::new(),
            outputs: vec![Output {
                ty: "artifact".into(),
                ..returned("copy", &Type::Str)
            }],
            packages: Vec::new(),
        };
        let attributes = Arc::new(TaskAttributes::default());
        let spec = self.shim_leaf("copy", leaf.inputs, outputs, &step, &attributes);
        scope.add_task(
            &task,
            spec,
            leaf.given,
            BTreeSet::new(),
            task_rest(&attributes),
        );
        File {
            from: From::Output {
                task,
                key: "copy".to_owned(),
            },
            ..file.clone()
        }
    }
}

/// How a command gets one of its inputs; what it takes of the engine is added to the leaf.
fn command_input(
    lowering: &mut Lowering,
    scope: &Scope,
    leaf: &mut Leaf,
    port: &Port,
    arg: &Arg,
    text: Option<&Wire>,
) -> Variable {
    let name = &port.name;
    if port.ty.artifact().is_some() || port.ty.artifact_list().is_some() {
        let feed = artifacts_of(lowering.program, scope, &arg.value);
        let keys = leaf.artifacts(port, &feed);
        // The launcher fills in no more than the first path of a list; it brings all of them all the same.
        if let Some(paths) = text {
            let key = leaf.parameter_beside(&format!("{name}_paths"), paths);
            return Variable::Lines(command::parameter(&key));
        }
        let listed = port.ty.artifact_list().is_some();
        let mut paths: Vec<String> = keys.iter().map(|key| command::artifact(key)).collect();
        return match paths.len() {
            1 if !listed => Variable::Filled(paths.remove(0)),
            _ => Variable::Listed(paths),
        };
    }
    if let Some(wire) = text {
        leaf.parameter(name, wire, &port.doc);
        return if port.ty.is_optional() {
            Variable::Marked(command::parameter(name))
        } else {
            Variable::Filled(command::parameter(name))
        };
    }
    let wire = match arg.value.constant() {
        Some(value) if value.is_absent() => return Variable::Absent,
        Some(value) => {
            let value = wire::widened(value, &port.ty);
            let text = value.text();
            let cut = pieces(&text);
            if cut.len() > 1 {
                return Variable::Pieces(cut.into_iter().map(str::to_owned).collect());
            }
            let wire = wire::constant(&value, &port.ty.unrefined());
            // What a launcher might spell in its own way is written as the text it has here.
            if is_bare_text(&wire.form) && !matches!(port.ty.base(), Type::Float) {
                wire
            } else {
                Wire {
                    from: From::Constant(text.into()),
                    form: Form::of(&Type::Str),
                }
            }
        }
        None => {
            let atom = atom_of(lowering.program, scope.pipeline, &arg.value)
                .expect("all else has a text of its own");
            scope.value(&atom)
        }
    };
    leaf.parameter(name, &wire, &port.doc);
    Variable::Filled(command::parameter(name))
}

fn returned(name: &str, ty: &Type) -> Output<Key> {
    Output {
        name: name.to_owned(),
        ty: type_tree(ty),
        by: shim::By::Returned,
        to: Key::default(),
        carried: None,
    }
}

fn names_of(component: &Component) -> impl Iterator<Item = &str> {
    component
        .inputs
        .iter()
        .chain(&component.outputs)
        .map(|port| port.name.as_str())
}

/// What a task has of its attributes beside its executor.
fn task_rest(attributes: &TaskAttributes) -> TaskSpec {
    TaskSpec {
        caching_options: Some(platform::caching(attributes)),
        retry_policy: platform::retry(attributes),
        ..Default::default()
    }
}

impl Form {
    /// The form of a list whose items have this form.
    pub fn gathered(&self) -> Form {
        Form {
            ty: self.ty.clone().list(),
            coding: match &self.coding {
                Coding::Native => Coding::Native,
                other => Coding::Each(Box::new(other.clone())),
            },
            ..self.clone()
        }
    }
}
