//! One DAG while it is built: what it takes, its tasks, and where everything that they read is to be had in it.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use serde_json::Value as Json;

use super::model::{
    ArtifactSelector, ArtifactSelectors, Component, Dag, InputArtifact, InputParameter, Named,
    OneOf, OutputArtifact, OutputParameter, OutputSelector, ParameterSelector, Task, TaskInputs,
};
use super::names::{Names, mangle};
use super::wire::{Coding, Feed, File, Form, From, Wire, artifact_source, parameter_source};
use crate::graph::{Callee, Expr, ExprKind, NodeKind, Pipeline, Program, RunField, UNNAMED_OUTPUT};
use crate::types::Type;

/// What an expression reads that no expression makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    Param(String),
    Run(RunField),
    /// An output port of a task; of an `if` or a loop a field of its value, or the whole of it.
    Out(NodeIndex, Option<String>),
    /// The item of a loop.
    Item(NodeIndex),
}

/// The atom that an expression is, if it is one.
pub fn atom_of(program: &Program, pipeline: &Pipeline, expr: &Expr) -> Option<Atom> {
    if let Some((node, port)) = program.port_of(pipeline, expr) {
        return Some(Atom::Out(node, Some(port.to_owned())));
    }
    let is_control = |node: NodeIndex| {
        matches!(
            pipeline.graph[node].kind,
            NodeKind::If(_) | NodeKind::For(_)
        )
    };
    match &expr.kind {
        ExprKind::Param(name) => Some(Atom::Param(name.clone())),
        ExprKind::Run(field) => Some(Atom::Run(*field)),
        ExprKind::Item(node) => Some(Atom::Item(*node)),
        ExprKind::Node(node) if is_control(*node) => Some(Atom::Out(*node, None)),
        ExprKind::Field(inner, field) => match inner.kind {
            ExprKind::Node(node) if is_control(node) => Some(Atom::Out(node, Some(field.clone()))),
            _ => None,
        },
        _ => None,
    }
}

/// Calls `visit` with every atom of an expression.
pub fn each_atom(
    program: &Program,
    pipeline: &Pipeline,
    expr: &Expr,
    visit: &mut impl FnMut(Atom),
) {
    if let Some(atom) = atom_of(program, pipeline, expr) {
        visit(atom);
        return;
    }
    match &expr.kind {
        // A task with named outputs, as the record of them.
        ExprKind::Node(node) => {
            for port in output_names(program, pipeline, *node) {
                visit(Atom::Out(*node, Some(port)));
            }
        }
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Run(_) | ExprKind::Item(_) => {}
        ExprKind::Field(inner, _) | ExprKind::Not(inner) => {
            each_atom(program, pipeline, inner, visit)
        }
        ExprKind::Coalesce(a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Compare(_, a, b) => {
            each_atom(program, pipeline, a, visit);
            each_atom(program, pipeline, b, visit);
        }
        ExprKind::Concat(items) | ExprKind::List(items) => {
            for item in items {
                each_atom(program, pipeline, item, visit);
            }
        }
        ExprKind::Map(entries) => {
            for (_, item) in entries {
                each_atom(program, pipeline, item, visit);
            }
        }
    }
}

/// The names of the outputs of a task.
pub fn output_names(program: &Program, pipeline: &Pipeline, node: NodeIndex) -> Vec<String> {
    match &pipeline.graph[node].kind {
        NodeKind::Task(task) => match task.callee {
            Callee::Component(id) => program[id]
                .outputs
                .iter()
                .map(|port| port.name.clone())
                .collect(),
            Callee::Pipeline(id) => program[id]
                .outputs
                .iter()
                .map(|output| output.name.clone())
                .collect(),
        },
        _ => Vec::new(),
    }
}

pub struct Scope<'a> {
    pub pipeline: &'a Pipeline,
    pub component: Component,
    input_names: Names,
    pub task_names: Names,
    pub feeds: IndexMap<Atom, Feed>,
    /// The tasks that a node became, for those that wait for it.
    done: HashMap<NodeIndex, Vec<String>>,
    /// The names of the nodes of this DAG's block.
    node_names: HashMap<NodeIndex, String>,
}

impl<'a> Scope<'a> {
    pub fn new(pipeline: &'a Pipeline) -> Self {
        Scope {
            pipeline,
            component: Component {
                dag: Some(Dag::default()),
                ..Default::default()
            },
            input_names: Names::default(),
            task_names: Names::default(),
            feeds: IndexMap::new(),
            done: HashMap::new(),
            node_names: HashMap::new(),
        }
    }

    /// Takes the names of a block's nodes; gives those that meet another after mangling.
    pub fn name_nodes(&mut self, nodes: &[NodeIndex]) -> Vec<(NodeIndex, String)> {
        let mut met = Vec::new();
        for &node in nodes {
            let mut name = super::names::unreserved(mangle(&self.pipeline.graph[node].name));
            if !self.task_names.take(&name) {
                met.push((node, name.clone()));
                name = self.task_names.free(&name);
            }
            self.node_names.insert(node, name);
        }
        met
    }

    /// The name of a node's task.
    pub fn name_of(&self, node: NodeIndex) -> String {
        self.node_names[&node].clone()
    }

    pub fn dag(&mut self) -> &mut Dag {
        self.component.dag.as_mut().expect("a scope is a DAG")
    }

    /// Where the atom is to be had.
    pub fn feed(&self, atom: &Atom) -> Feed {
        if let Some(feed) = self.feeds.get(atom) {
            return feed.clone();
        }
        match atom {
            Atom::Run(field) => Feed::Value(run_field(*field)),
            other => panic!("{other:?} is not captured"),
        }
    }

    pub fn value(&self, atom: &Atom) -> Wire {
        match self.feed(atom) {
            Feed::Value(wire) => wire,
            other => panic!("{other:?} is no value"),
        }
    }

    /// The tasks that a node waits for.
    pub fn waits(&self, node: NodeIndex) -> BTreeSet<String> {
        self.pipeline
            .graph
            .neighbors_directed(node, Direction::Incoming)
            .filter_map(|before| self.done.get(&before))
            .flatten()
            .cloned()
            .collect()
    }

    pub fn finished(&mut self, node: NodeIndex, tasks: Vec<String>) {
        self.done.insert(node, tasks);
    }

    /// Adds a task; it waits for all that it reads and for `waits`.
    pub fn add_task(
        &mut self,
        name: &str,
        component: String,
        inputs: TaskInputs,
        waits: BTreeSet<String>,
        rest: Task,
    ) {
        let mut waits = waits;
        for source in inputs.parameters.values() {
            match source {
                super::model::ParameterSource::TaskOutputParameter { producer_task, .. }
                | super::model::ParameterSource::TaskFinalStatus { producer_task } => {
                    waits.insert(producer_task.clone());
                }
                _ => {}
            }
        }
        for source in inputs.artifacts.values() {
            if let super::model::ArtifactSource::TaskOutputArtifact { producer_task, .. } = source {
                waits.insert(producer_task.clone());
            }
        }
        let task = Task {
            component_ref: Named { name: component },
            dependent_tasks: waits.into_iter().collect(),
            inputs,
            task_info: Named {
                name: name.to_owned(),
            },
            ..rest
        };
        self.dag().tasks.insert(name.to_owned(), task);
    }

    /// Makes what is fed from outside an input of this DAG, by the name `hint` if it is free.
    pub fn declare(&mut self, hint: &str, feed: &Feed) -> Feed {
        match feed {
            Feed::Value(wire) => {
                let name = self.input_names.free_with(hint, '_');
                self.declare_parameter(&name, InputParameter::of(&wire.form));
                Feed::Value(Wire {
                    from: From::Input(name),
                    form: wire.form.clone(),
                })
            }
            Feed::Artifact(file) => Feed::Artifact(self.declare_file(hint, file)),
            Feed::Artifacts(files) => Feed::Artifacts(
                files
                    .iter()
                    .enumerate()
                    .map(|(at, file)| self.declare_file(&format!("{hint}_{}", at + 1), file))
                    .collect(),
            ),
        }
    }

    pub fn declare_parameter(&mut self, name: &str, parameter: InputParameter) {
        self.input_names.take(name);
        self.component
            .input_definitions
            .parameters
            .insert(name.to_owned(), parameter);
    }

    fn declare_file(&mut self, hint: &str, file: &File) -> File {
        let name = self.input_names.free_with(hint, '_');
        self.component
            .input_definitions
            .artifacts
            .insert(name.clone(), InputArtifact::of(file, String::new()));
        File {
            from: From::Input(name),
            ..file.clone()
        }
    }

    /// Makes what a task of this DAG gives an output of the DAG.
    pub fn output(&mut self, key: &str, feed: &Feed, description: String) {
        match feed {
            Feed::Value(wire) => {
                let selector = ParameterSelector::ValueFromParameter(output_selector(&wire.from));
                self.output_parameter(key, &wire.form, description, selector);
            }
            Feed::Artifact(file) => {
                self.output_artifact(key, file, description, vec![artifact_selector(&file.from)])
            }
            Feed::Artifacts(_) => panic!("a list of artifacts is no output"),
        }
    }

    /// Makes what one of several tasks gives an output: of those only one runs.
    pub fn output_of_one(&mut self, key: &str, feeds: &[Feed]) {
        match &feeds[0] {
            Feed::Value(wire) => {
                let parameter_selectors = feeds
                    .iter()
                    .map(|feed| match feed {
                        Feed::Value(wire) => output_selector(&wire.from),
                        other => panic!("{other:?} is no value"),
                    })
                    .collect();
                let selector = ParameterSelector::ValueFromOneof(OneOf {
                    parameter_selectors,
                });
                self.output_parameter(key, &wire.form, String::new(), selector);
            }
            Feed::Artifact(file) => {
                let selectors = feeds
                    .iter()
                    .map(|feed| match feed {
                        Feed::Artifact(file) => artifact_selector(&file.from),
                        other => panic!("{other:?} is no artifact"),
                    })
                    .collect();
                self.output_artifact(key, file, String::new(), selectors);
            }
            Feed::Artifacts(_) => panic!("a list of artifacts is no output"),
        }
    }

    fn output_parameter(
        &mut self,
        key: &str,
        form: &Form,
        description: String,
        selector: ParameterSelector,
    ) {
        let parameter = OutputParameter {
            description,
            parameter_type: form.parameter_type(),
        };
        self.component
            .output_definitions
            .parameters
            .insert(key.to_owned(), parameter);
        self.dag()
            .outputs
            .parameters
            .insert(key.to_owned(), selector);
    }

    fn output_artifact(
        &mut self,
        key: &str,
        file: &File,
        description: String,
        artifact_selectors: Vec<ArtifactSelector>,
    ) {
        let artifact = OutputArtifact {
            artifact_type: file.kind.clone(),
            description,
            is_artifact_list: file.gathered,
        };
        self.component
            .output_definitions
            .artifacts
            .insert(key.to_owned(), artifact);
        self.dag()
            .outputs
            .artifacts
            .insert(key.to_owned(), ArtifactSelectors { artifact_selectors });
    }
}

/// Wires a feed of an outer scope to the inputs that [`Scope::declare`] made of it in an inner one.
pub fn wire_up(inputs: &mut TaskInputs, declared: &Feed, outer: &Feed) {
    let name = |from: &From| match from {
        From::Input(name) => name.clone(),
        other => panic!("{other:?} is no input"),
    };
    match (declared, outer) {
        (Feed::Value(inner), Feed::Value(outer)) => {
            inputs
                .parameters
                .insert(name(&inner.from), parameter_source(&outer.from));
        }
        (Feed::Artifact(inner), Feed::Artifact(outer)) => {
            inputs
                .artifacts
                .insert(name(&inner.from), artifact_source(&outer.from));
        }
        (Feed::Artifacts(inner), Feed::Artifacts(outer)) => {
            for (inner, outer) in inner.iter().zip(outer) {
                inputs
                    .artifacts
                    .insert(name(&inner.from), artifact_source(&outer.from));
            }
        }
        (inner, outer) => panic!("{outer:?} was declared as {inner:?}"),
    }
}

impl InputParameter {
    pub fn of(form: &Form) -> Self {
        InputParameter {
            default_value: None,
            description: String::new(),
            is_optional: false,
            parameter_type: form.parameter_type(),
        }
    }
}

impl InputArtifact {
    pub fn of(file: &File, description: String) -> Self {
        InputArtifact {
            artifact_type: file.kind.clone(),
            description,
            is_artifact_list: file.gathered,
        }
    }
}

fn output_selector(from: &From) -> OutputSelector {
    match from {
        From::Output { task, key } => OutputSelector {
            output_parameter_key: key.clone(),
            producer_subtask: task.clone(),
        },
        other => panic!("{other:?} is no task's output"),
    }
}

fn artifact_selector(from: &From) -> ArtifactSelector {
    match from {
        From::Output { task, key } => ArtifactSelector {
            output_artifact_key: key.clone(),
            producer_subtask: task.clone(),
        },
        other => panic!("{other:?} is no task's output"),
    }
}

/// A fact of the run: a constant that is one placeholder and nothing else, for the backend fills in only these.
pub fn run_field(field: RunField) -> Wire {
    let (placeholder, ty, coding) = match field {
        RunField::Id => ("{{$.pipeline_job_uuid}}", Type::Str, Coding::Native),
        RunField::Name => ("{{$.pipeline_job_name}}", Type::Str, Coding::Native),
        // On a run that was started by hand this is when it was created.
        RunField::Date => (
            "{{$.pipeline_job_schedule_time_utc}}",
            Type::Date,
            Coding::Day,
        ),
        RunField::IntervalStart | RunField::IntervalEnd | RunField::Status => {
            unreachable!("refused, or an input of `finally`")
        }
    };
    Wire {
        from: From::Constant(Json::from(placeholder)),
        form: Form {
            coding,
            ..Form::of(&ty)
        },
    }
}

/// What to call the input that an atom becomes.
pub fn hint(pipeline: &Pipeline, atom: &Atom) -> String {
    let node_name = |node: &NodeIndex| pipeline.graph[*node].name.clone();
    match atom {
        Atom::Param(name) => name.clone(),
        Atom::Run(field) => format!("run_{}", field.name()),
        Atom::Out(node, Some(port)) if port != UNNAMED_OUTPUT => {
            format!("{}_{port}", node_name(node))
        }
        Atom::Out(node, _) => node_name(node),
        Atom::Item(node) => match &pipeline.graph[*node].kind {
            NodeKind::For(looping) => looping.variable.clone(),
            _ => node_name(node),
        },
    }
}
