//! The checker: gives every expression of a pipeline its type and builds the IR.
//!
//! A body is checked in the order of what its statements wait for, so that a statement meets only names whose types are known. What
//! can't be typed has `Type::Unknown`, which fits everything: one cause gives one report.

mod arithmetic;
mod call;
mod condition;
mod edge;
mod expr;
mod link;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{self, Edge, Expr, Node, NodeKind, Program};
use crate::resolve::attributes::{Layer, Reported};
use crate::resolve::module::{self, Block, LocalId, Module, Statement, StatementKind};
use crate::source::Span;
use crate::types::{Type, join};

use edge::{Consumer, Role};

/// The IR of every pipeline of a module, in the module's order; callees are still indices into the module.
pub struct Checked {
    pipelines: Vec<graph::Pipeline>,
}

/// Checks all pipelines of a module.
pub fn check(module: &Module) -> (Checked, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut reported = Reported::default();
    let pipelines = module
        .pipelines
        .iter()
        .map(|pipeline| Checker::new(module, pipeline, &mut reported).pipeline(&mut diagnostics))
        .collect();
    (Checked { pipelines }, diagnostics)
}

impl Checked {
    /// In the module's order.
    pub fn pipelines(&self) -> &[graph::Pipeline] {
        &self.pipelines
    }

    /// The program of one pipeline: what it reaches and nothing else.
    pub fn link(self, module: Module, entry: usize, path: &str) -> Program {
        link::link(module, self.pipelines, entry, path)
    }
}

/// What a name of the body stands for.
#[derive(Clone)]
enum Local {
    Node(NodeIndex),
    Item(NodeIndex, Type),
    Let(Expr),
    /// Its statement could not be checked.
    Unknown,
}

struct Checker<'a> {
    module: &'a Module,
    pipeline: &'a module::Pipeline,
    graph: DiGraph<Node, Edge>,
    locals: Vec<Local>,
    /// The locals of the body's own block, once `finally` is being checked: there they may be absent.
    optional: Vec<bool>,
    /// The nodes so far of the blocks that are open: what a statement could read instead of what it does.
    visible: Vec<NodeIndex>,
    diagnostics: Vec<Diagnostic>,
    /// What merged attributes gave rise to already: many tasks share them.
    reported: &'a mut Reported,
}

impl<'a> Checker<'a> {
    fn new(module: &'a Module, pipeline: &'a module::Pipeline, reported: &'a mut Reported) -> Self {
        Checker {
            module,
            pipeline,
            graph: DiGraph::new(),
            locals: vec![Local::Unknown; pipeline.locals.len()],
            optional: vec![false; pipeline.locals.len()],
            visible: Vec::new(),
            diagnostics: Vec::new(),
            reported,
        }
    }

    fn pipeline(mut self, diagnostics: &mut Vec<Diagnostic>) -> graph::Pipeline {
        let pipeline = self.pipeline;
        let body = self.block(&pipeline.body);
        let outputs = self.outputs();
        let finally = pipeline.finally.as_ref().map(|finally| {
            for statement in &pipeline.body.statements {
                self.optional[statement.local.0] = true;
            }
            self.block(finally)
        });
        diagnostics.append(&mut self.diagnostics);
        graph::Pipeline {
            name: pipeline.name.clone(),
            doc: pipeline.doc.clone(),
            params: pipeline.params.clone(),
            outputs,
            unnamed_output: pipeline.unnamed_output,
            attributes: pipeline.attributes.clone(),
            graph: self.graph,
            body,
            finally,
            span: pipeline.span,
        }
    }

    /// The statements of a block, checked in their order, and the edges between them.
    fn block(&mut self, block: &Block) -> graph::Block {
        let mut nodes = Vec::with_capacity(block.statements.len());
        let outside = self.visible.len();
        // A `let` makes no node: who reads it waits for what it reads.
        let mut stands_for: Vec<Vec<NodeIndex>> = vec![Vec::new(); block.statements.len()];
        for &at in &block.order {
            let statement = &block.statements[at];
            let mut waits: Vec<(NodeIndex, Edge)> = Vec::new();
            for &(other, edge) in &block.waits[at] {
                for &node in &stands_for[other] {
                    match waits.iter_mut().find(|(seen, _)| *seen == node) {
                        Some((_, seen)) if edge == Edge::Data => *seen = edge,
                        Some(_) => {}
                        None => waits.push((node, edge)),
                    }
                }
            }
            match self.statement(statement) {
                Some(node) => {
                    nodes.push(node);
                    self.visible.push(node);
                    for (other, edge) in waits {
                        self.graph.add_edge(other, node, edge);
                    }
                    stands_for[at] = vec![node];
                }
                None => stands_for[at] = waits.into_iter().map(|(node, _)| node).collect(),
            }
        }
        let value = block.value.as_ref().map(|value| self.expr(value, None));
        self.visible.truncate(outside);
        graph::Block {
            nodes,
            value: value.filter(|value| value.ty != Type::Nothing),
        }
    }

    fn statement(&mut self, statement: &Statement) -> Option<NodeIndex> {
        let id = statement.local;
        let (kind, ty) = match &statement.kind {
            StatementKind::Let(value) => {
                let value = self.expr(value, None);
                self.locals[id.0] = Local::Let(value);
                return None;
            }
            StatementKind::Call(call) => self.call(call)?,
            StatementKind::If(branching) => self.branching(branching, statement.span),
            StatementKind::For(looping) => return Some(self.looping(looping, statement)),
            StatementKind::Require(require) => (
                NodeKind::Require(graph::Require {
                    condition: self.condition(&require.condition),
                    message: self.wanted(
                        &require.message,
                        &Type::Str,
                        Consumer {
                            name: "the message of `require`",
                            role: Role::Part,
                            declared: None,
                        },
                    ),
                }),
                Type::Nothing,
            ),
        };
        Some(self.node(id, kind, ty, statement.span))
    }

    fn node(&mut self, id: LocalId, kind: NodeKind, ty: Type, span: Span) -> NodeIndex {
        let node = self.graph.add_node(Node {
            name: self.pipeline.locals[id.0].name.clone(),
            kind,
            ty,
            span,
        });
        self.locals[id.0] = Local::Node(node);
        node
    }

    fn branching(&mut self, branching: &module::If, span: Span) -> (NodeKind, Type) {
        let mut branches = Vec::new();
        for (condition, block) in &branching.branches {
            branches.push(graph::Branch {
                condition: self.condition(condition),
                block: self.block(block),
            });
        }
        let otherwise = branching.otherwise.as_ref().map(|block| self.block(block));
        let values: Vec<Option<&Expr>> = branches
            .iter()
            .map(|branch| branch.block.value.as_ref())
            .chain(otherwise.iter().map(|block| block.value.as_ref()))
            .collect();
        let ty = self.joined(&values, span);
        let ty = if otherwise.is_none() {
            ty.optional()
        } else {
            ty
        };
        (
            NodeKind::If(graph::If {
                branches,
                otherwise,
            }),
            ty,
        )
    }

    /// The type of an `if` whose branches have these values; no value when one of them has none.
    fn joined(&mut self, values: &[Option<&Expr>], span: Span) -> Type {
        let Some(values) = values.iter().copied().collect::<Option<Vec<&Expr>>>() else {
            return Type::Nothing;
        };
        let mut joined = values[0].ty.clone();
        for value in &values[1..] {
            joined = match join(&joined, &value.ty) {
                Some(wider) => wider,
                None => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::BRANCHES_DIFFER,
                            value.span,
                            format!(
                                "this branch gives `{}`, an earlier one `{joined}`",
                                value.ty
                            ),
                        )
                        .label(format!("this is `{}`", value.ty))
                        .also(values[0].span, format!("this is `{}`", values[0].ty))
                        .also(span, "an `if` has one type")
                        .help("give both branches the same type, or the same fields"),
                    );
                    return Type::Unknown;
                }
            };
        }
        joined
    }

    fn looping(&mut self, looping: &module::For, statement: &Statement) -> NodeIndex {
        let items = self.expr(&looping.items, None);
        let item = match &items.ty {
            Type::Unknown => Type::Unknown,
            Type::List(item) => (**item).clone(),
            ty => {
                let help = match ty {
                    Type::Optional(inner) if matches!(**inner, Type::List(_)) => {
                        Some("it may be absent: give a list for that case with `?? []`")
                    }
                    ty if matches!(ty.base(), Type::Int) => {
                        Some("there are no ranges: write the list, or let a component return it")
                    }
                    _ => None,
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::NOT_A_LIST,
                        items.span,
                        format!("a loop takes a list, not `{ty}`"),
                    )
                    .label(format!("this is `{ty}`"))
                    .maybe_help(help.map(str::to_owned)),
                );
                Type::Unknown
            }
        };
        // The node stands before its body is known, for the body's expressions name it.
        let node = self.node(
            statement.local,
            NodeKind::For(graph::For {
                variable: self.pipeline.locals[looping.variable.0].name.clone(),
                items,
                limit: looping.limit,
                body: graph::Block::default(),
            }),
            Type::Unknown,
            statement.span,
        );
        self.locals[looping.variable.0] = Local::Item(node, item);
        let body = self.block(&looping.body);
        let weight = &mut self.graph[node];
        weight.ty = match &body.value {
            Some(value) => value.ty.clone().list(),
            None => Type::Nothing,
        };
        if let NodeKind::For(looping) = &mut weight.kind {
            looping.body = body;
        }
        node
    }

    /// What `return` gives for each declared output.
    fn outputs(&mut self) -> Vec<graph::Output> {
        let pipeline = self.pipeline;
        let Some(returned) = &pipeline.returned else {
            if !pipeline.outputs.is_empty() {
                let names: Vec<&str> = pipeline
                    .outputs
                    .iter()
                    .map(|output| output.name.as_str())
                    .collect();
                let example = if pipeline.unnamed_output {
                    "return ..".to_owned()
                } else {
                    format!(
                        "return {{ {} }}",
                        names
                            .iter()
                            .map(|name| format!("{name}: .."))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::BAD_RETURN,
                        pipeline.span,
                        format!(
                            "pipeline `{}` declares outputs but returns nothing",
                            pipeline.name
                        ),
                    )
                    .also(pipeline.outputs[0].span, "declared here")
                    .help(format!("end its body with `{example}`")),
                );
            }
            return Vec::new();
        };
        if pipeline.outputs.is_empty() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_RETURN,
                    returned.span,
                    format!("pipeline `{}` declares no outputs", pipeline.name),
                )
                .also(pipeline.span, "outputs are declared here, after `->`")
                .help("declare what it returns: `-> (name: type)`"),
            );
            return Vec::new();
        }
        if pipeline.unnamed_output {
            let output = &pipeline.outputs[0];
            return vec![self.output(output, &returned.value)];
        }
        let module::ExprKind::Record(entries) = &returned.value.kind else {
            if !matches!(returned.value.kind, module::ExprKind::Unknown) {
                let names: Vec<String> = pipeline
                    .outputs
                    .iter()
                    .map(|output| format!("{}: ..", output.name))
                    .collect();
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::BAD_RETURN,
                        returned.value.span,
                        "`return` names every output",
                    )
                    .label("this is no record")
                    .help(format!("write `return {{ {} }}`", names.join(", "))),
                );
            }
            return Vec::new();
        };
        let declared = |name: &str| pipeline.outputs.iter().any(|output| output.name == name);
        for (name, span, value) in entries {
            if !declared(name) {
                self.expr(value, None);
                let names = pipeline.outputs.iter().map(|output| output.name.as_str());
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::BAD_RETURN,
                        *span,
                        format!("pipeline `{}` declares no output `{name}`", pipeline.name),
                    )
                    .also(pipeline.outputs[0].span, "outputs are declared here")
                    .maybe_help(crate::diagnostics::did_you_mean(name, names)),
                );
            }
        }
        let mut outputs = Vec::new();
        let mut missing = Vec::new();
        for output in &pipeline.outputs {
            match entries.iter().find(|(name, ..)| *name == output.name) {
                Some((_, _, value)) => outputs.push(self.output(output, value)),
                None => missing.push(output),
            }
        }
        // A misspelt output is also a missing one; one report says both.
        if !missing.is_empty() && entries.iter().all(|(name, ..)| declared(name)) {
            let names: Vec<String> = missing
                .iter()
                .map(|output| format!("`{}`", output.name))
                .collect();
            let mut diagnostic = Diagnostic::new(
                codes::BAD_RETURN,
                returned.value.span,
                format!("`return` leaves out {}", names.join(", ")),
            );
            for output in missing {
                diagnostic =
                    diagnostic.also(output.span, format!("`{}` is declared here", output.name));
            }
            self.diagnostics.push(diagnostic);
        }
        outputs
    }

    fn output(&mut self, output: &module::OutputPort, value: &module::Expr) -> graph::Output {
        let name = if self.pipeline.unnamed_output {
            format!("the output of `{}`", self.pipeline.name)
        } else {
            format!("the output `{}`", output.name)
        };
        let consumer = Consumer {
            name: &name,
            role: Role::Output,
            declared: Some(output.span),
        };
        graph::Output {
            name: output.name.clone(),
            ty: output.ty.clone(),
            value: self.wanted(value, &output.ty, consumer),
            doc: output.doc.clone(),
            span: output.span,
        }
    }

    /// The settings that hold for a call: the pipeline's defaults, the component's own, the task's.
    fn layers<'l>(
        &'l self,
        component: &'l module::Component,
        with: Option<&'l Layer>,
    ) -> Vec<&'l Layer> {
        let mut layers = vec![&self.pipeline.defaults, &component.attributes];
        layers.extend(with);
        layers
    }
}
