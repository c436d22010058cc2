//! The pipeline IR: what is left of a program once it was resolved and checked, and all that a target sees.
//!
//! A pipeline is one petgraph [`DiGraph`] whose nodes are tasks, `if`s, loops and `require`s. Control flow nests: an `if` or a loop
//! is one node, and holds [`Block`]s of further nodes. **Invariant:** an edge joins two nodes of the same block; what an inner node reads
//! of an outer block is an edge of the node that encloses it. So every block is a DAG of its own, which is what all targets want.

mod attributes;
mod fold;
mod prune;
mod settle;

use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

pub use attributes::*;
pub use prune::prune;
pub use settle::settle;

use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

/// A whole program: the entry pipeline and all that it reaches.
#[derive(Debug)]
pub struct Program {
    /// Path of the `.mlp` file from the project's root, for headers.
    pub path: String,
    /// The Python files that components embed.
    pub sources: Vec<PythonSource>,
    /// In the order of their first use.
    pub components: Vec<Component>,
    /// A called pipeline stands before its callers.
    pub pipelines: Vec<Pipeline>,
    pub entry: PipelineId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId(pub usize);

/// Index into [`Program::sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PythonSourceId(pub usize);

impl std::ops::Index<ComponentId> for Program {
    type Output = Component;
    fn index(&self, id: ComponentId) -> &Component {
        &self.components[id.0]
    }
}

impl std::ops::Index<PipelineId> for Program {
    type Output = Pipeline;
    fn index(&self, id: PipelineId) -> &Pipeline {
        &self.pipelines[id.0]
    }
}

impl std::ops::Index<PythonSourceId> for Program {
    type Output = PythonSource;
    fn index(&self, id: PythonSourceId) -> &PythonSource {
        &self.sources[id.0]
    }
}

impl Program {
    pub fn entry(&self) -> &Pipeline {
        &self[self.entry]
    }

    /// The single output of what a task calls was given without a name.
    pub fn has_unnamed_output(&self, callee: Callee) -> bool {
        match callee {
            Callee::Component(id) => self[id].unnamed_output,
            Callee::Pipeline(id) => self[id].unnamed_output,
        }
    }

    /// The task and the output port that an expression of `pipeline` reads directly, if that is all it does.
    pub fn port_of<'a>(&self, pipeline: &Pipeline, expr: &'a Expr) -> Option<(NodeIndex, &'a str)> {
        let callee = |node: NodeIndex| match &pipeline.graph[node].kind {
            NodeKind::Task(task) => Some(task.callee),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Node(node) => {
                let unnamed = self.has_unnamed_output(callee(*node)?);
                unnamed.then_some((*node, UNNAMED_OUTPUT))
            }
            ExprKind::Field(inner, field) => match inner.kind {
                ExprKind::Node(node) => {
                    (!self.has_unnamed_output(callee(node)?)).then_some((node, field.as_str()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

#[derive(Debug)]
pub struct PythonSource {
    /// From the project's root.
    pub path: String,
    pub text: Arc<str>,
}

/// The definition of a step.
#[derive(Debug)]
pub struct Component {
    /// Unique among a program's components: two files may define the same name, then the later one is `name_2`.
    pub name: String,
    pub doc: String,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// The one output was given without a name: its port is `output`, and a task is used as its value.
    pub unnamed_output: bool,
    pub step: Step,
    pub span: Span,
}

/// The name of the port of an output that was given without a name.
pub const UNNAMED_OUTPUT: &str = "output";

#[derive(Clone, Debug)]
pub struct Port {
    pub name: String,
    pub ty: Type,
    /// What an input is when a call leaves it out; calls in the IR always give every input.
    pub default: Option<Value>,
    pub doc: String,
    pub span: Span,
}

/// How a component does its work.
#[derive(Debug)]
pub enum Step {
    Python(PythonStep),
    /// An argv list; never goes through a shell.
    Run(Vec<Word>),
    /// A POSIX `sh` script, run with `-eu`, verbatim.
    Shell(String),
}

#[derive(Debug)]
pub struct PythonStep {
    pub code: PythonCode,
    pub function: String,
    /// How each input port reaches its parameter, in port order.
    pub inputs: Vec<PythonInput>,
    /// How each output port is had, in port order.
    pub outputs: Vec<PythonOutput>,
}

#[derive(Debug)]
pub enum PythonCode {
    /// The file's text is embedded in what is compiled.
    Embedded(PythonSourceId),
    /// A module that the image already has.
    Installed { module: String },
}

/// What a Python function takes for an input port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PythonInput {
    /// The Python value.
    Value,
    /// A path as `str`, or a list of them for a gathered artifact.
    Str,
    /// A path as `pathlib.Path`, or a list of them.
    Path,
}

/// Where a Python function leaves an output port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PythonOutput {
    /// It writes to the path that it gets as a `str` by the parameter of the port's name.
    StrParameter,
    /// The same, as a `pathlib.Path`.
    PathParameter,
    /// It returns it: alone when it is the only returned output, else under its name.
    Returned,
}

/// An element of a `run:` list.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// One argument; a gathered artifact that stands alone gives one argument a path.
    One(Vec<Part>),
    /// Several arguments that fall away together when an optional port in them is absent.
    Group(Vec<Vec<Part>>),
}

/// A piece of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    /// The text of an input's value, the path of an artifact, or the path to write an output to.
    Port(String),
}

#[derive(Debug)]
pub struct Pipeline {
    pub name: String,
    pub doc: String,
    pub params: Vec<Param>,
    pub outputs: Vec<Output>,
    /// The pipeline has one unnamed output: a task that calls it is used as its value.
    pub unnamed_output: bool,
    pub attributes: PipelineAttributes,
    pub graph: DiGraph<Node, Edge>,
    pub body: Block,
    pub finally: Option<Block>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub ty: Type,
    pub default: Option<ParamDefault>,
    pub doc: String,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ParamDefault {
    /// For an artifact, the location as a `Str`: a URI, or a path from the project's root.
    Const(Value),
    Run(RunField),
}

/// What a pipeline returns under a name.
#[derive(Debug)]
pub struct Output {
    pub name: String,
    /// As declared.
    pub ty: Type,
    pub value: Expr,
    pub doc: String,
    pub span: Span,
}

/// The statements between two braces.
#[derive(Debug, Default)]
pub struct Block {
    /// In an order in which each stands after all that it waits for, else as written.
    pub nodes: Vec<NodeIndex>,
    /// The last expression of a branch or of a loop's body, when it has one.
    pub value: Option<Expr>,
}

#[derive(Debug)]
pub struct Node {
    /// Unique in the pipeline, but for the arms of one `if`.
    pub name: String,
    pub kind: NodeKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Debug)]
pub enum NodeKind {
    Task(Task),
    If(If),
    For(For),
    Require(Require),
}

impl Pipeline {
    /// The nodes of a block and of all blocks inside it, an enclosing node right before its inner ones.
    pub fn nodes_within(&self, block: &Block) -> Vec<NodeIndex> {
        let mut found = Vec::new();
        for &node in &block.nodes {
            found.push(node);
            for inner in self.graph[node].kind.blocks() {
                found.extend(self.nodes_within(inner));
            }
        }
        found
    }

    /// Calls `visit` with every expression of a block: its nodes' own, those of inner blocks, and the blocks' values.
    pub fn for_each_expr<'a>(&'a self, block: &'a Block, visit: &mut impl FnMut(&'a Expr)) {
        for &index in &block.nodes {
            let kind = &self.graph[index].kind;
            for expr in kind.exprs() {
                expr.for_each(visit);
            }
            for inner in kind.blocks() {
                self.for_each_expr(inner, visit);
            }
        }
        if let Some(value) = &block.value {
            value.for_each(visit);
        }
    }
}

impl NodeKind {
    /// The blocks directly inside, in the order they were written.
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            NodeKind::Task(_) | NodeKind::Require(_) => Vec::new(),
            NodeKind::If(branching) => branching
                .branches
                .iter()
                .map(|branch| &branch.block)
                .chain(&branching.otherwise)
                .collect(),
            NodeKind::For(looping) => vec![&looping.body],
        }
    }

    /// The expressions of the node itself, not those of its blocks.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            NodeKind::Task(task) => task.args.iter().map(|arg| &arg.value).collect(),
            NodeKind::If(branching) => branching
                .branches
                .iter()
                .map(|branch| &branch.condition)
                .collect(),
            NodeKind::For(looping) => vec![&looping.items],
            NodeKind::Require(require) => vec![&require.condition, &require.message],
        }
    }
}

/// A call of a component or of another pipeline.
#[derive(Debug)]
pub struct Task {
    pub callee: Callee,
    /// Every input of the callee, in its order; what the call left out is its default, or `Absent`.
    pub args: Vec<Arg>,
    /// Merged from the task, its component and the pipeline's defaults; on a nested pipeline only `timeout` can be set.
    pub attributes: Arc<TaskAttributes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    Component(ComponentId),
    Pipeline(PipelineId),
}

#[derive(Debug)]
pub struct Arg {
    pub port: String,
    pub value: Expr,
}

#[derive(Debug)]
pub struct If {
    /// `if` and every `else if`.
    pub branches: Vec<Branch>,
    pub otherwise: Option<Block>,
}

#[derive(Debug)]
pub struct Branch {
    pub condition: Expr,
    pub block: Block,
}

#[derive(Debug)]
pub struct For {
    pub variable: String,
    pub items: Expr,
    pub limit: Option<u32>,
    pub body: Block,
}

#[derive(Debug)]
pub struct Require {
    pub condition: Expr,
    /// A `str`.
    pub message: Expr,
}

/// Why a node waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It reads its value. What is needed and not to be had means `not_run`.
    Data,
    /// `after`: a skipped predecessor counts as done.
    Order,
    /// It stands below a `require` in its block.
    Gate,
}

/// An expression. Evaluating it gives a value of `ty`: an int where `ty` is a float is widened.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Const(Value),
    /// A parameter of the pipeline.
    Param(String),
    Run(RunField),
    /// The value of a task, an `if` or a loop. A task with named outputs is a record of them.
    Node(NodeIndex),
    /// The item of an enclosing loop.
    Item(NodeIndex),
    /// `.field`; looks through `T?` (giving `F?`) and lists (giving `list[F]`).
    Field(Box<Expr>, String),
    /// `a ?? b`
    Coalesce(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// An f-string: the texts of its parts, joined.
    Concat(Vec<Expr>),
    List(Vec<Expr>),
    /// A record, or a dict where `ty` is one.
    Map(Vec<(String, Expr)>),
}

impl Expr {
    /// Calls `visit` with this expression and all inside it.
    pub fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Param(_)
            | ExprKind::Run(_)
            | ExprKind::Node(_)
            | ExprKind::Item(_) => {}
            ExprKind::Field(inner, _) | ExprKind::Not(inner) => inner.for_each(visit),
            ExprKind::Coalesce(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b) => {
                a.for_each(visit);
                b.for_each(visit);
            }
            ExprKind::Concat(items) | ExprKind::List(items) => {
                for item in items {
                    item.for_each(visit);
                }
            }
            ExprKind::Map(entries) => {
                for (_, item) in entries {
                    item.for_each(visit);
                }
            }
        }
    }

    /// Calls `visit` with this expression and all inside it, to change them.
    pub fn for_each_mut(&mut self, visit: &mut impl FnMut(&mut Expr)) {
        visit(self);
        match &mut self.kind {
            ExprKind::Const(_)
            | ExprKind::Param(_)
            | ExprKind::Run(_)
            | ExprKind::Node(_)
            | ExprKind::Item(_) => {}
            ExprKind::Field(inner, _) | ExprKind::Not(inner) => inner.for_each_mut(visit),
            ExprKind::Coalesce(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b) => {
                a.for_each_mut(visit);
                b.for_each_mut(visit);
            }
            ExprKind::Concat(items) | ExprKind::List(items) => {
                for item in items {
                    item.for_each_mut(visit);
                }
            }
            ExprKind::Map(entries) => {
                for (_, item) in entries {
                    item.for_each_mut(visit);
                }
            }
        }
    }

    /// The value, when it is known while compiling.
    pub fn constant(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Const(value) => Some(value),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }
}

/// A fact of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunField {
    Id,
    Name,
    Date,
    IntervalStart,
    IntervalEnd,
    /// In `finally` only.
    Status,
}

impl RunField {
    /// As written after `run.`
    pub fn name(self) -> &'static str {
        match self {
            RunField::Id => "id",
            RunField::Name => "name",
            RunField::Date => "date",
            RunField::IntervalStart => "interval_start",
            RunField::IntervalEnd => "interval_end",
            RunField::Status => "status",
        }
    }
}
