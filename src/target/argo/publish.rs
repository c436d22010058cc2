//! What reaches the whole run: its outputs, and what its `finally` reads.
//!
//! A `globalName` on an output of a DAG takes effect when the DAG that calls it has succeeded, and only then; the entry DAG is called
//! by none. One on an output of a pod takes effect when the pod has ended, even if it failed. So what is to reach the run is put out
//! by a DAG, and that DAG is the only task of another.

use petgraph::graph::NodeIndex;

use super::control;
use super::expr::Argo;
use super::frame::{given_artifact, value_from};
use super::lower::{Lowering, dag};
use super::model::{Arguments, Artifact, DagTask, Parameter, Template};
use super::value::Place;

/// The only task of a DAG that is there for what its task puts out to reach the run.
const PUBLISHED: &str = "published";

/// That task.
pub fn call(template: &str, arguments: Arguments) -> DagTask {
    DagTask {
        name: PUBLISHED.into(),
        template: Some(template.to_owned()),
        arguments,
        ..Default::default()
    }
}

impl Arguments {
    /// Names each of these outputs for the run.
    pub fn for_the_run(&mut self, name: impl Fn(&str) -> String) {
        for output in &mut self.parameters {
            output.global_name = Some(name(&output.name));
        }
        for output in &mut self.artifacts {
            output.global_name = Some(name(&output.name));
        }
    }
}

/// A DAG that takes what a task gives, calls a template with it, and puts out what that puts out.
fn around(name: &str, template: &Template, given: &Arguments) -> Template {
    let input = |parameter: &Parameter| Parameter {
        name: parameter.name.clone(),
        ..Default::default()
    };
    let handed_on = |parameter: &Parameter| Parameter {
        value: Some(Argo::input(&parameter.name).tag()),
        ..input(parameter)
    };
    let put_out = |parameter: &Parameter| Parameter {
        value_from: Some(value_from(Argo::output(PUBLISHED, &parameter.name))),
        ..input(parameter)
    };
    let artifact = |artifact: &Artifact| Artifact {
        name: artifact.name.clone(),
        optional: artifact.optional,
        ..Default::default()
    };
    let artifact_handed_on = |artifact: &Artifact| {
        let name = &artifact.name;
        given_artifact(name, Place::Input(name.clone()), artifact.optional)
    };
    let artifact_put_out = |artifact: &Artifact| {
        let name = &artifact.name;
        let place = Place::Task(PUBLISHED.into(), name.clone());
        given_artifact(name, place, artifact.optional)
    };
    let inputs = Arguments {
        parameters: given.parameters.iter().map(input).collect(),
        artifacts: given.artifacts.iter().map(artifact).collect(),
    };
    let arguments = Arguments {
        parameters: given.parameters.iter().map(handed_on).collect(),
        artifacts: given.artifacts.iter().map(artifact_handed_on).collect(),
    };
    let outputs = Arguments {
        parameters: template.outputs.parameters.iter().map(put_out).collect(),
        artifacts: template
            .outputs
            .artifacts
            .iter()
            .map(artifact_put_out)
            .collect(),
    };
    dag(name, inputs, vec![call(&template.name, arguments)], outputs)
}

impl Lowering<'_> {
    /// Has a node's task put out for the whole run when it succeeds; the templates for it go to a place among the others.
    pub fn publish(&mut self, index: NodeIndex, task: &mut DagTask, place: usize) {
        let pipeline = self.pipeline();
        let node = &pipeline.graph[index].name;
        let outer = self.template_name(&format!("{node}-published"));
        let inner = self.template_name(&format!("{node}-outputs"));
        let called = task.template.replace(outer.clone());
        let called = self.template(&called.expect("every task has a template"));
        let mut inner = around(&inner, called, &task.arguments);
        let outer = around(&outer, &inner, &task.arguments);
        inner
            .outputs
            .for_the_run(|port| control::global_name(pipeline, index, port));
        self.templates.splice(place..place, [outer, inner]);
    }
}
