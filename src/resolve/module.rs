//! The owned module: what resolving gives. Names are bound, types are formed, components are whole; pipeline bodies are
//! trees whose names point at what they mean, not yet typed.

use crate::graph;
use crate::graph::{Comparison, Param, PipelineAttributes, PythonSource, RunField};
use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

use super::attributes::Layer;

/// All files of a program, resolved.
pub struct Module {
    pub sources: Vec<PythonSource>,
    pub components: Vec<Component>,
    pub pipelines: Vec<Pipeline>,
}

/// A component and the attributes that it sets itself.
pub struct Component {
    pub definition: graph::Component,
    pub attributes: Layer,
    /// Of the whole definition's head, for the other end of a bad call.
    pub span: Span,
}

pub struct Pipeline {
    pub name: String,
    pub doc: String,
    /// The file it stands in is the one that was named, not one that it uses.
    pub in_entry_file: bool,
    pub params: Vec<Param>,
    pub outputs: Vec<OutputPort>,
    pub unnamed_output: bool,
    pub attributes: PipelineAttributes,
    pub defaults: Layer,
    pub body: Block,
    pub finally: Option<Block>,
    pub returned: Option<Return>,
    /// Everything that a name in the body can mean, by [`LocalId`].
    pub locals: Vec<Local>,
    pub span: Span,
}

/// An output as the pipeline's head declares it.
pub struct OutputPort {
    pub name: String,
    pub ty: Type,
    pub doc: String,
    pub span: Span,
}

pub struct Return {
    pub value: Expr,
    pub span: Span,
}

/// Index into [`Pipeline::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub usize);

/// A name of a pipeline's body, or a statement without one.
pub struct Local {
    pub name: String,
    pub span: Span,
}

#[derive(Default)]
pub struct Block {
    /// As written; calls nested in arguments stand before the statement they were written in.
    pub statements: Vec<Statement>,
    /// Positions in `statements`, each after all that it waits for. Empty when the block holds a cycle.
    pub order: Vec<usize>,
    /// For each statement, the statements of this block that it waits for, and why.
    pub waits: Vec<Vec<(usize, graph::Edge)>>,
    /// The block's last expression.
    pub value: Option<Expr>,
    pub span: Option<Span>,
}

pub struct Statement {
    pub local: LocalId,
    pub kind: StatementKind,
    pub span: Span,
}

pub enum StatementKind {
    Call(Call),
    If(If),
    For(For),
    Require(Require),
    /// A name for an expression that makes no task.
    Let(Expr),
}

pub struct Call {
    pub callee: Callee,
    /// Of the callee's name.
    pub callee_span: Span,
    pub args: Vec<Arg>,
    /// All that stands between the parentheses was understood.
    pub whole: bool,
    pub with: Option<Layer>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    Component(usize),
    Pipeline(usize),
    /// Already reported.
    Unknown,
}

pub struct Arg {
    pub name: Option<(String, Span)>,
    pub value: Expr,
}

pub struct If {
    pub branches: Vec<(Expr, Block)>,
    pub otherwise: Option<Block>,
}

pub struct For {
    /// The local of the loop variable.
    pub variable: LocalId,
    pub items: Expr,
    pub limit: Option<u32>,
    pub body: Block,
}

pub struct Require {
    pub condition: Expr,
    pub message: Expr,
}

#[derive(Clone)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone)]
pub enum ExprKind {
    Const(Value),
    /// Index into the pipeline's parameters.
    Param(usize),
    Run(RunField),
    Local(LocalId),
    Field(Box<Expr>, String, Span),
    Coalesce(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Concat(Vec<Expr>),
    List(Vec<Expr>),
    Record(Vec<(String, Span, Expr)>),
    /// `expr as T`
    As(Box<Expr>, Type),
    /// Already reported.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Block {
    /// Calls `visit` with every call of the block and of all blocks inside it.
    pub fn for_each_call<'a>(&'a self, visit: &mut impl FnMut(&'a Call)) {
        for statement in &self.statements {
            match &statement.kind {
                StatementKind::Call(call) => visit(call),
                StatementKind::If(branching) => {
                    for (_, block) in &branching.branches {
                        block.for_each_call(visit);
                    }
                    if let Some(block) = &branching.otherwise {
                        block.for_each_call(visit);
                    }
                }
                StatementKind::For(looping) => looping.body.for_each_call(visit),
                StatementKind::Require(_) | StatementKind::Let(_) => {}
            }
        }
    }
}
