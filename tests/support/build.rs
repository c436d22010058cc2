//! Programs by hand, for tests of what comes after the front end.

use std::sync::Arc;

use mlpc::graph::*;
use mlpc::source::{FileId, Span};
use mlpc::types::{Artifact, ArtifactKind, Type};
use mlpc::value::Value;
use petgraph::graph::{DiGraph, NodeIndex};

pub fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

pub fn dataset() -> Type {
    Type::Artifact(Arc::new(Artifact {
        kind: ArtifactKind::Dataset,
        format: None,
        columns: None,
    }))
}

pub fn port(name: &str, ty: Type) -> Port {
    Port {
        name: name.into(),
        ty,
        default: None,
        doc: String::new(),
        span: span(),
    }
}

pub fn component(name: &str, inputs: Vec<Port>, outputs: Vec<Port>, step: Step) -> Component {
    Component {
        name: name.into(),
        doc: String::new(),
        unnamed_output: outputs.len() == 1 && outputs[0].name == UNNAMED_OUTPUT,
        inputs,
        outputs,
        step,
        span: span(),
    }
}

pub fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr {
        kind,
        ty,
        span: span(),
    }
}

pub fn text(text: &str) -> Expr {
    expr(ExprKind::Const(Value::Str(text.into())), Type::Str)
}

pub fn param(name: &str, ty: Type) -> Expr {
    expr(ExprKind::Param(name.into()), ty)
}

pub fn node(at: NodeIndex, ty: Type) -> Expr {
    expr(ExprKind::Node(at), ty)
}

pub fn field(of: Expr, name: &str, ty: Type) -> Expr {
    expr(ExprKind::Field(Box::new(of), name.into()), ty)
}

pub fn pipeline(name: &str) -> Pipeline {
    Pipeline {
        name: name.into(),
        doc: String::new(),
        params: Vec::new(),
        outputs: Vec::new(),
        unnamed_output: false,
        attributes: PipelineAttributes::default(),
        graph: DiGraph::new(),
        body: Block::default(),
        finally: None,
        span: span(),
    }
}

pub fn with_param(pipeline: &mut Pipeline, name: &str, ty: Type, default: Option<Value>) {
    pipeline.params.push(Param {
        name: name.into(),
        ty,
        default: default.map(ParamDefault::Const),
        doc: String::new(),
        span: span(),
    });
}

pub fn output(pipeline: &mut Pipeline, name: &str, value: Expr) {
    pipeline.outputs.push(Output {
        name: name.into(),
        ty: value.ty.clone(),
        value,
        doc: String::new(),
        span: span(),
    });
}

/// Adds a node with the data edges that its expressions ask for.
pub fn add(
    pipeline: &mut Pipeline,
    name: &str,
    kind: NodeKind,
    ty: Type,
    after: &[NodeIndex],
    gates: &[NodeIndex],
) -> NodeIndex {
    let mut reads = Vec::new();
    for expr in kind.exprs() {
        expr.for_each(&mut |inner| {
            if let ExprKind::Node(read) = inner.kind {
                reads.push(read);
            }
        });
    }
    let index = pipeline.graph.add_node(Node {
        name: name.into(),
        kind,
        ty,
        span: span(),
    });
    for read in reads {
        pipeline.graph.update_edge(read, index, Edge::Data);
    }
    for &before in after {
        pipeline.graph.add_edge(before, index, Edge::Order);
    }
    for &gate in gates {
        pipeline.graph.add_edge(gate, index, Edge::Gate);
    }
    pipeline.body.nodes.push(index);
    index
}

pub fn call(callee: Callee, args: Vec<(&str, Expr)>, attributes: TaskAttributes) -> NodeKind {
    NodeKind::Task(Task {
        callee,
        args: args
            .into_iter()
            .map(|(port, value)| Arg {
                port: port.into(),
                value,
            })
            .collect(),
        attributes: Arc::new(attributes),
    })
}

pub fn image(image: &str) -> TaskAttributes {
    TaskAttributes {
        image: Some(image.into()),
        ..Default::default()
    }
}

pub fn program(components: Vec<Component>, pipelines: Vec<Pipeline>) -> Program {
    Program {
        path: "pipeline.mlp".into(),
        sources: Vec::new(),
        components,
        entry: PipelineId(pipelines.len() - 1),
        pipelines,
    }
}
