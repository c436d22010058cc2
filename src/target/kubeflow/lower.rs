//! From the IR to the documents' model: DAG by DAG, node by node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::encode;
use super::model::{
    Component, Deployment, Executor, InputParameter, KubernetesDeployment, KubernetesExecutor,
    KubernetesPlatform, ParameterType, PipelineConfig, PipelineInfo, PipelineSpec, PlatformSpec,
    Platforms, SCHEMA_VERSION, Task, TaskInputs, Text,
};
use super::names::{Names, mangle};
use super::platform::deadline;
use super::scope::{Atom, Scope, atom_of, wire_up};
use super::wire::{self, Feed, File, Form, From, Then, Unset, Wire, output_key};
use crate::diagnostics::{Diagnostic, codes};
use crate::emit::yaml::shared;
use crate::graph::{
    Arg, Block, Callee, Expr, NodeKind, Output, Param, ParamDefault, Pipeline, PipelineId, Program,
    TaskAttributes,
};
use crate::shim::{self, Needs};
use crate::types::Type;
use crate::value::Value;

/// The documents, and what only lowering could find out.
pub struct Lowered {
    pub pipeline: PipelineSpec,
    pub platform: Option<PlatformSpec>,
    pub diagnostics: Vec<Diagnostic>,
}

pub struct Lowering<'a> {
    pub program: &'a Program,
    pub diagnostics: Vec<Diagnostic>,
    pub components: BTreeMap<String, Component>,
    component_names: Names,
    executors: BTreeMap<String, Executor>,
    platform: BTreeMap<String, KubernetesExecutor>,
    /// Components that run a container, by all that tells them apart.
    leaves: HashMap<String, String>,
    /// DAGs of pipelines, by what they are fed with.
    nested: HashMap<(PipelineId, String), (String, IndexMap<String, Feed>)>,
    /// Texts that several executors may hold.
    texts: HashMap<String, Arc<String>>,
    /// What the steps of each kind need of the shim, by the mark that stands for its text until all are known.
    pub shims: IndexMap<&'static str, Needs>,
    /// All different attributes, so that a leaf's are told by a number.
    attributes: Vec<Arc<TaskAttributes>>,
    /// Of the pipeline that is run: every pod gets them.
    pub labels: &'a IndexMap<String, String>,
}

pub fn lower(program: &Program) -> Lowered {
    let entry = program.entry();
    let mut lowering = Lowering {
        program,
        diagnostics: Vec::new(),
        components: BTreeMap::new(),
        component_names: Names::default(),
        executors: BTreeMap::new(),
        platform: BTreeMap::new(),
        leaves: HashMap::new(),
        nested: HashMap::new(),
        texts: HashMap::new(),
        shims: IndexMap::new(),
        attributes: Vec::new(),
        labels: &entry.attributes.labels,
    };
    let root = lowering.root(entry);
    lowering.texts.clear();
    let shims: HashMap<&str, Arc<String>> = lowering
        .shims
        .iter()
        .map(|(mark, needs)| (*mark, Arc::new(shim::kubeflow::text(needs))))
        .collect();
    for executor in lowering.executors.values_mut() {
        fill_in_shim(executor, &shims);
    }
    drop(shims);
    for executor in lowering.executors.values_mut() {
        keep_shared(executor);
    }
    let pipeline_config = PipelineConfig {
        active_deadline_seconds: entry.attributes.timeout.map(deadline),
        resource_ttl_on_completion: match entry.attributes.targets.get("kubeflow", "ttl") {
            Some(value) => value.as_f64().map(|seconds| seconds as u64),
            None => None,
        },
    };
    let platform = KubernetesPlatform {
        deployment_spec: (!lowering.platform.is_empty()).then_some(KubernetesDeployment {
            executors: lowering.platform,
        }),
        pipeline_config: (pipeline_config != PipelineConfig::default()).then_some(pipeline_config),
    };
    Lowered {
        pipeline: PipelineSpec {
            components: lowering.components,
            deployment_spec: Deployment {
                executors: lowering.executors,
            },
            pipeline_info: PipelineInfo {
                description: super::info::description(entry),
                name: mangle(&entry.name),
            },
            root,
            schema_version: SCHEMA_VERSION,
            sdk_version: concat!("mlpc-", env!("CARGO_PKG_VERSION")).to_owned(),
        },
        platform: (platform != KubernetesPlatform::default()).then_some(PlatformSpec {
            platforms: Platforms {
                kubernetes: platform,
            },
        }),
        diagnostics: lowering.diagnostics,
    }
}

impl<'a> Lowering<'a> {
    fn root(&mut self, entry: &'a Pipeline) -> Component {
        let mut scope = Scope::new(self.program, entry);
        if entry.finally.is_none() {
            self.name_block(&mut scope, &entry.body);
        }
        for param in &entry.params {
            let feed = if param.ty.artifact().is_some() {
                self.imported(&mut scope, param)
            } else {
                root_parameter(&mut scope, param)
            };
            scope.feeds.insert(Atom::Param(param.name.clone()), feed);
        }
        self.pipeline_body(&mut scope, entry);
        scope.component
    }

    /// An artifact parameter: its location is a text, and an importer makes it an artifact.
    fn imported(&mut self, scope: &mut Scope<'a>, param: &Param) -> Feed {
        let form = Form::of(&Type::Str);
        let default = match &param.default {
            Some(ParamDefault::Const(Value::Str(location))) => Some(location.as_str().into()),
            _ => None,
        };
        let parameter = InputParameter {
            is_optional: default.is_some(),
            default_value: default,
            description: super::info::described(&param.doc),
            parameter_type: ParameterType::String,
        };
        scope.declare_parameter(&param.name, parameter);
        let artifact = param.ty.artifact().expect("an artifact parameter");
        let wire = Wire {
            from: From::Input(param.name.clone()),
            form,
        };
        Feed::Artifact(self.importer(scope, &param.name, wire::artifact_type(artifact), &wire))
    }

    /// The DAG of a called pipeline for what it is fed with, and its outputs.
    fn nested(
        &mut self,
        id: PipelineId,
        feeds: &[Feed],
    ) -> (String, IndexMap<String, Feed>, Vec<Feed>) {
        let pipeline = &self.program[id];
        let mut scope = Scope::new(self.program, pipeline);
        let declared: Vec<Feed> = pipeline
            .params
            .iter()
            .zip(feeds)
            .map(|(param, feed)| {
                let declared = scope.declare(&param.name, feed);
                scope
                    .feeds
                    .insert(Atom::Param(param.name.clone()), declared.clone());
                declared
            })
            .collect();
        let shape = feeds.iter().map(Feed::shape).collect::<Vec<_>>().join("|");
        if let Some((component, outputs)) = self.nested.get(&(id, shape.clone())) {
            return (component.clone(), outputs.clone(), declared);
        }
        // Its own name comes before those of what is inside.
        let name = self.component_name(&pipeline.name);
        if pipeline.finally.is_none() {
            self.name_block(&mut scope, &pipeline.body);
        }
        with_a_parameter(&mut scope);
        let outputs = self.pipeline_body(&mut scope, pipeline);
        self.components.insert(name.clone(), scope.component);
        self.nested
            .insert((id, shape), (name.clone(), outputs.clone()));
        (name, outputs, declared)
    }

    /// A pipeline's statements and what it returns.
    fn pipeline_body(
        &mut self,
        scope: &mut Scope<'a>,
        pipeline: &'a Pipeline,
    ) -> IndexMap<String, Feed> {
        if let Some(finally) = &pipeline.finally {
            let feeds = self.with_finally(scope, pipeline, finally);
            return self.return_all(scope, &pipeline.outputs, feeds);
        }
        self.block(scope, &pipeline.body);
        let forms: Vec<Form> = pipeline
            .outputs
            .iter()
            .map(|output| Form::of(&output.ty))
            .collect();
        self.outputs(scope, &pipeline.outputs, &forms)
    }

    pub fn name_block(&mut self, scope: &mut Scope<'a>, block: &Block) {
        for (node, name) in scope.name_nodes(&block.nodes) {
            let graph = &scope.pipeline.graph;
            let other = block
                .nodes
                .iter()
                .find(|&&other| other != node && mangle(&graph[other].name) == name);
            let written = &graph[node].name;
            let mut diagnostic = Diagnostic::new(
                codes::KUBEFLOW_NAMES_MEET,
                graph[node].span,
                format!("`{written}` is called `{name}` on kubeflow, as another task is"),
            )
            .label("this one")
            .help("give one of them another name: kubeflow takes small letters, digits and dashes only");
            if let Some(&other) = other {
                diagnostic = diagnostic.also(graph[other].span, "and this one");
            }
            self.diagnostics.push(diagnostic);
        }
    }

    pub fn block(&mut self, scope: &mut Scope<'a>, block: &'a Block) {
        for &node in &block.nodes {
            let pipeline = scope.pipeline;
            match &pipeline.graph[node].kind {
                NodeKind::Task(task) => match task.callee {
                    Callee::Component(id) => self.call(scope, node, task, id),
                    Callee::Pipeline(id) => self.call_pipeline(scope, node, &task.args, id),
                },
                NodeKind::Require(require) => self.require(scope, node, require),
                NodeKind::If(branching) => self.branch(scope, node, branching),
                NodeKind::For(looping) => self.repeat(scope, node, looping),
            }
        }
    }

    fn call_pipeline(
        &mut self,
        scope: &mut Scope<'a>,
        node: NodeIndex,
        args: &'a [Arg],
        id: PipelineId,
    ) {
        let task = scope.name_of(node);
        let waits = scope.waits(node);
        let callee = &self.program[id];
        let mut computed: Vec<(&Param, &Expr)> = Vec::new();
        let mut feeds: Vec<Option<Feed>> = Vec::new();
        for (param, arg) in callee.params.iter().zip(args) {
            let feed = self.argument(scope, param, &arg.value);
            if feed.is_none() {
                computed.push((param, &arg.value));
            }
            feeds.push(feed);
        }
        if !computed.is_empty() {
            let values: Vec<(String, Form, &Expr)> = computed
                .iter()
                .map(|(param, value)| (param.name.clone(), Form::of(&param.ty.unrefined()), *value))
                .collect();
            let given = self.give(scope, &format!("{task}-inputs"), &values, waits.clone());
            let mut given = given.into_iter();
            for feed in &mut feeds {
                if feed.is_none() {
                    *feed = given.next();
                }
            }
        }
        let feeds: Vec<Feed> = feeds
            .into_iter()
            .map(|feed| feed.expect("every argument is fed"))
            .collect();
        let (component, outputs, declared) = self.nested(id, &feeds);
        let mut inputs = TaskInputs::default();
        for (declared, feed) in declared.iter().zip(&feeds) {
            wire_up(&mut inputs, declared, feed);
        }
        give_a_parameter(&mut inputs);
        scope.add_task(&task, component, inputs, waits, Task::default());
        for (name, feed) in outputs {
            scope
                .feeds
                .insert(Atom::Out(node, Some(name)), of_task(feed, &task));
        }
        scope.finished(node, vec![task]);
    }

    /// What feeds a parameter of a called pipeline; nothing when a step must compute it.
    fn argument(&mut self, scope: &mut Scope<'a>, param: &Param, value: &Expr) -> Option<Feed> {
        if let Some(artifact) = param.ty.artifact() {
            if let Some(Value::Str(location)) = value.constant() {
                let wire = wire::constant(&Value::Str(location.clone()), &Type::Str);
                let file = self.importer(scope, &param.name, wire::artifact_type(artifact), &wire);
                return Some(Feed::Artifact(file));
            }
            return Some(super::leaf::artifacts_of(self.program, scope, value));
        }
        if param.ty.artifact_list().is_some() {
            return Some(super::leaf::artifacts_of(self.program, scope, value));
        }
        if let Some(value) = value.constant() {
            return Some(Feed::Value(wire::constant(value, &param.ty)));
        }
        atom_of(self.program, scope.pipeline, value).map(|atom| scope.feed(&atom))
    }

    /// Wires what a pipeline returns; what no task gives as it is asked for, one more step does.
    pub fn outputs(
        &mut self,
        scope: &mut Scope<'a>,
        outputs: &'a [Output],
        forms: &[Form],
    ) -> IndexMap<String, Feed> {
        let mut feeds: IndexMap<String, Feed> = IndexMap::new();
        let mut computed: Vec<(String, Form, &Expr)> = Vec::new();
        for (output, form) in outputs.iter().zip(forms) {
            let direct =
                atom_of(self.program, scope.pipeline, &output.value).map(|atom| scope.feed(&atom));
            match direct {
                Some(Feed::Value(wire))
                    if matches!(wire.from, From::Output { .. })
                        && wire.form.is_written_as(form) =>
                {
                    let form = Form {
                        ty: output.ty.clone(),
                        ..wire.form
                    };
                    feeds.insert(output.name.clone(), Feed::Value(Wire { form, ..wire }));
                }
                Some(Feed::Artifact(file)) if matches!(file.from, From::Output { .. }) => {
                    feeds.insert(output.name.clone(), Feed::Artifact(file));
                }
                Some(Feed::Artifact(file)) => {
                    let file = self.copy(scope, &file);
                    feeds.insert(output.name.clone(), Feed::Artifact(file));
                }
                _ => {
                    // Keeps its place in the order.
                    feeds.insert(output.name.clone(), Feed::Artifacts(Vec::new()));
                    let form = Form {
                        ty: form.ty.unrefined(),
                        ..form.clone()
                    };
                    computed.push((output.name.clone(), form, &output.value));
                }
            }
        }
        if !computed.is_empty() {
            let given = self.give(scope, "return", &computed, BTreeSet::new());
            for ((name, ..), feed) in computed.iter().zip(given) {
                feeds.insert(name.clone(), feed);
            }
        }
        self.return_all(scope, outputs, feeds)
    }

    /// Makes feeds the outputs of a DAG; gives them as its caller sees them.
    fn return_all(
        &mut self,
        scope: &mut Scope<'a>,
        outputs: &[Output],
        feeds: IndexMap<String, Feed>,
    ) -> IndexMap<String, Feed> {
        for output in outputs {
            let key = output_key(&output.name, &output.ty);
            scope.output(
                &key,
                &feeds[&output.name],
                super::info::described(&output.doc),
            );
        }
        feeds
            .into_iter()
            .zip(outputs)
            .map(|((name, feed), output)| {
                let key = output_key(&output.name, &output.ty);
                (name, renamed(feed, key))
            })
            .collect()
    }

    /// A name for a component, told apart from others of the same name by a number.
    pub fn component_name(&mut self, name: &str) -> String {
        let name = super::names::unreserved(format!("comp-{}", mangle(name)));
        self.component_names.free(&name)
    }

    /// The component of a leaf: an earlier one with the same key, else what `make` gives.
    pub fn leaf(
        &mut self,
        name: &str,
        key: String,
        make: impl FnOnce(&mut Self) -> (Component, Executor, KubernetesExecutor),
    ) -> String {
        if let Some(component) = self.leaves.get(&key) {
            return component.clone();
        }
        let (mut component, executor, kubernetes) = make(self);
        let component_name = self.component_name(name);
        let label = component_name.replacen("comp-", "exec-", 1);
        component.executor_label = Some(label.clone());
        self.components.insert(component_name.clone(), component);
        self.executors.insert(label.clone(), executor);
        if kubernetes != KubernetesExecutor::default() {
            self.platform.insert(label, kubernetes);
        }
        self.leaves.insert(key, component_name.clone());
        component_name
    }

    /// The number of a set of attributes.
    pub fn attributes_number(&mut self, attributes: &Arc<TaskAttributes>) -> usize {
        let same =
            |known: &Arc<TaskAttributes>| Arc::ptr_eq(known, attributes) || **known == **attributes;
        match self.attributes.iter().position(same) {
            Some(at) => at,
            None => {
                self.attributes.push(attributes.clone());
                self.attributes.len() - 1
            }
        }
    }

    /// A text that stands in the document once, however many executors hold it.
    pub fn shared(&mut self, text: String) -> Text {
        let known = self
            .texts
            .entry(text)
            .or_insert_with_key(|text| Arc::new(text.clone()));
        Text::Shared(shared(known))
    }

    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// Puts the text of the shim where its mark stands.
fn fill_in_shim(executor: &mut Executor, shims: &HashMap<&str, Arc<String>>) {
    let Executor::Container(container) = executor else {
        return;
    };
    for word in &mut container.command {
        if let Text::Shared(text) = word
            && let Some(shim) = shims.get(text.0.as_str())
        {
            *word = Text::Shared(shared(shim));
        }
    }
}

/// Makes texts that no other executor holds plain ones.
fn keep_shared(executor: &mut Executor) {
    let Executor::Container(container) = executor else {
        return;
    };
    for word in container.command.iter_mut().chain(&mut container.args) {
        if let Text::Shared(text) = word
            && Arc::strong_count(&text.0) == 1
        {
            *word = Text::Plain(std::mem::take(Arc::make_mut(&mut text.0)));
        }
    }
}

/// A value parameter of the pipeline that is run.
fn root_parameter(scope: &mut Scope, param: &Param) -> Feed {
    let mut form = Form::of(&param.ty);
    if param.ty.refinement().is_some() {
        form.unchecked = Some(format!("parameter `{}`", param.name));
    }
    let default_value = match &param.default {
        // The server fills in no placeholder in a default: the readers do, on this text.
        Some(ParamDefault::Run(field)) => {
            let marker = format!("run.{}", field.name());
            form.unset = Some(Box::new(Unset {
                marker: marker.clone(),
                then: Then::Run(*field),
            }));
            Some(marker.into())
        }
        Some(ParamDefault::Const(value)) => {
            let wire = wire::constant(value, &param.ty);
            match (wire.from, wire.form.coding) {
                // What is not safe as it is can't be written otherwise either: users of the run give plain text.
                (_, wire::Coding::Quoted) => {
                    let digest = blake3::hash(encode::json(value).as_bytes()).to_hex();
                    let marker = format!("default:{}", &digest[..16]);
                    form.unset = Some(Box::new(Unset {
                        marker: marker.clone(),
                        then: Then::Value(value.clone()),
                    }));
                    Some(marker.into())
                }
                (From::Constant(json), _) => Some(json),
                _ => unreachable!("a constant"),
            }
        }
        None if param.ty.is_optional() => Some("null".into()),
        None => None,
    };
    let parameter = InputParameter {
        is_optional: default_value.is_some(),
        default_value,
        description: super::info::described(&param.doc),
        parameter_type: form.parameter_type(),
    };
    scope.declare_parameter(&param.name, parameter);
    Feed::Value(Wire {
        from: From::Input(param.name.clone()),
        form,
    })
}

/// The name of the input that a DAG has for kfp.local's sake, which loses artifacts that come without a parameter.
const PARAMETER_FOR_LOCAL: &str = "artifacts_only";

pub fn with_a_parameter(scope: &mut Scope) {
    let inputs = &scope.component.input_definitions;
    if !inputs.artifacts.is_empty() && inputs.parameters.is_empty() {
        let parameter = InputParameter {
            default_value: None,
            description: "kfp.local hands artifacts to a DAG only beside a parameter".to_owned(),
            is_optional: false,
            parameter_type: ParameterType::Boolean,
        };
        scope.declare_parameter(PARAMETER_FOR_LOCAL, parameter);
    }
}

pub fn give_a_parameter(inputs: &mut TaskInputs) {
    if !inputs.artifacts.is_empty() && inputs.parameters.is_empty() {
        let from = From::Constant(true.into());
        inputs.parameters.insert(
            PARAMETER_FOR_LOCAL.to_owned(),
            wire::parameter_source(&from),
        );
    }
}

/// What a DAG's output is under its key.
fn renamed(feed: Feed, key: String) -> Feed {
    let from = From::Output {
        task: String::new(),
        key,
    };
    match feed {
        Feed::Value(wire) => Feed::Value(Wire { from, ..wire }),
        Feed::Artifact(file) => Feed::Artifact(File { from, ..file }),
        Feed::Artifacts(_) => unreachable!("a list of artifacts is no output"),
    }
}

/// The feed of a DAG's output as the task that calls it gives it.
pub fn of_task(feed: Feed, task: &str) -> Feed {
    let named = |from: From| match from {
        From::Output { key, .. } => From::Output {
            task: task.to_owned(),
            key,
        },
        other => other,
    };
    match feed {
        Feed::Value(wire) => Feed::Value(Wire {
            from: named(wire.from),
            ..wire
        }),
        Feed::Artifact(file) => Feed::Artifact(File {
            from: named(file.from),
            ..file
        }),
        other => other,
    }
}
