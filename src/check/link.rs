//! The program of one pipeline: what it reaches once all that is decided has been pruned, numbered anew.

use std::collections::{HashMap, HashSet};

use crate::graph::{
    Callee, Component, ComponentId, NodeKind, Pipeline, PipelineId, Program, PythonCode,
    PythonSourceId, Step, Task, prune, settle,
};
use crate::resolve::module::Module;
use crate::types::Type;

pub(super) fn link(module: Module, pipelines: Vec<Pipeline>, entry: usize, path: &str) -> Program {
    let port = |task: &Task, name: &str| port_type(&module, task, name);
    let pipelines: Vec<Pipeline> = pipelines
        .into_iter()
        .map(|pipeline| {
            let mut pipeline = prune(pipeline, &port);
            settle(&mut pipeline);
            pipeline
        })
        .collect();

    let mut numbers = Numbers::default();
    numbers.visit(&pipelines, entry);

    let mut pipelines: Vec<Option<Pipeline>> = pipelines.into_iter().map(Some).collect();
    let mut components: Vec<Option<Component>> = module
        .components
        .into_iter()
        .map(|component| Some(component.definition))
        .collect();
    let mut sources: Vec<_> = module.sources.into_iter().map(Some).collect();

    let mut kept_sources = Vec::new();
    let mut source_numbers: HashMap<usize, usize> = HashMap::new();
    let mut names = HashSet::new();
    let components = numbers
        .components
        .iter()
        .map(|&at| {
            let mut component = components[at].take().expect("a component is numbered once");
            if let Step::Python(step) = &mut component.step
                && let PythonCode::Embedded(id) = &mut step.code
            {
                let number = *source_numbers.entry(id.0).or_insert_with(|| {
                    kept_sources.push(sources[id.0].take().expect("a source is numbered once"));
                    kept_sources.len() - 1
                });
                *id = PythonSourceId(number);
            }
            component.name = unique(&mut names, component.name);
            component
        })
        .collect();

    let mut names = HashSet::new();
    let kept = numbers
        .pipelines
        .iter()
        .map(|&at| {
            let mut pipeline = pipelines[at].take().expect("a pipeline is numbered once");
            for node in pipeline.graph.node_weights_mut() {
                if let NodeKind::Task(task) = &mut node.kind {
                    task.callee = match task.callee {
                        Callee::Component(id) => {
                            Callee::Component(ComponentId(numbers.component[&id.0]))
                        }
                        Callee::Pipeline(id) => {
                            Callee::Pipeline(PipelineId(numbers.pipeline[&id.0]))
                        }
                    };
                }
            }
            pipeline.name = unique(&mut names, pipeline.name);
            pipeline
        })
        .collect();
    Program {
        path: path.to_owned(),
        sources: kept_sources,
        components,
        pipelines: kept,
        entry: PipelineId(numbers.pipeline[&entry]),
    }
}

/// What the callee of a task takes for an argument.
fn port_type(module: &Module, task: &Task, name: &str) -> Option<Type> {
    match task.callee {
        Callee::Component(id) => {
            let inputs = &module.components[id.0].definition.inputs;
            let port = inputs.iter().find(|port| port.name == name)?;
            Some(port.ty.clone())
        }
        Callee::Pipeline(id) => {
            let params = &module.pipelines[id.0].params;
            let param = params.iter().find(|param| param.name == name)?;
            Some(param.ty.clone())
        }
    }
}

/// The name, or the name with the first number that nobody has.
fn unique(taken: &mut HashSet<String>, name: String) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    candidate
}

/// What is reached, in its new order, and the new number of each.
#[derive(Default)]
struct Numbers {
    components: Vec<usize>,
    component: HashMap<usize, usize>,
    pipelines: Vec<usize>,
    pipeline: HashMap<usize, usize>,
}

impl Numbers {
    /// Callees before callers. There are no cycles: resolving reports them.
    fn visit(&mut self, pipelines: &[Pipeline], at: usize) {
        if self.pipeline.contains_key(&at) {
            return;
        }
        let pipeline = &pipelines[at];
        let blocks = std::iter::once(&pipeline.body).chain(&pipeline.finally);
        for node in blocks.flat_map(|block| pipeline.nodes_within(block)) {
            let NodeKind::Task(task) = &pipeline.graph[node].kind else {
                continue;
            };
            match task.callee {
                Callee::Component(id) => {
                    self.component.entry(id.0).or_insert_with(|| {
                        self.components.push(id.0);
                        self.components.len() - 1
                    });
                }
                Callee::Pipeline(id) => self.visit(pipelines, id.0),
            }
        }
        self.pipelines.push(at);
        self.pipeline.insert(at, self.pipelines.len() - 1);
    }
}
