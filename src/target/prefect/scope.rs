//! What a function calls what it reads.

use std::collections::{HashMap, HashSet};

use petgraph::graph::NodeIndex;

use crate::emit::python::names::Names;
use crate::emit::python::translate::{Leaf, MOMENT, TEXT, translate, translate_to};
use crate::emit::python::{Param, Py};
use crate::graph::{Block, Expr, ExprKind, NodeKind, Pipeline, RunField};
use crate::types::Type;

/// The module of what flows share, as the emitted module calls it.
pub const SUPPORT: &str = "mlpc";

/// What a function is given by its caller, or has made itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Free {
    Param(String),
    Node(NodeIndex),
    Item(NodeIndex),
    /// `run.status`; all other facts of the run are asked for where they stand.
    Status,
}

/// Names in one function.
#[derive(Clone)]
pub struct Scope<'a> {
    pub pipeline: &'a Pipeline,
    /// The zone of the entry's schedule.
    pub run: &'a RunFacts,
    pub names: Names,
    known: HashMap<Free, String>,
    /// Names of what is not there yet.
    later: HashSet<String>,
}

/// What facts of the run depend on.
#[derive(Clone, Debug)]
pub struct RunFacts {
    pub zone: String,
    /// `hour`, `day`, ..: what runs of the schedule cover.
    pub every: Option<&'static str>,
}

impl<'a> Scope<'a> {
    /// `globals` are the names of the module that the function may use.
    pub fn new(pipeline: &'a Pipeline, run: &'a RunFacts, globals: &Names) -> Self {
        Scope {
            pipeline,
            run,
            names: globals.clone(),
            known: HashMap::new(),
            later: HashSet::new(),
        }
    }

    /// Says what something is called.
    pub fn know(&mut self, free: Free, name: impl Into<String>) {
        self.known.insert(free, name.into());
    }

    /// A parameter of the function for what its caller gives it.
    pub fn param(&mut self, free: Free) -> Param {
        let wanted = self.wanted(&free);
        let name = self.names.free(&wanted);
        self.know(free, name.clone());
        Param {
            name,
            annotation: Py::name("Any"),
            default: None,
        }
    }

    /// A variable for a task that is started here: what it gives comes later.
    pub fn task(&mut self, node: NodeIndex) -> String {
        let name = self.names.free(&self.wanted(&Free::Node(node)));
        self.know(Free::Node(node), name.clone());
        self.later.insert(name.clone());
        name
    }

    /// The task's value is there now, under the same name.
    pub fn arrived(&mut self, node: NodeIndex) -> String {
        let name = self.name(&Free::Node(node)).to_owned();
        self.later.remove(&name);
        name
    }

    pub fn name(&self, free: &Free) -> &str {
        self.known
            .get(free)
            .expect("a block is given all that it reads")
    }

    fn wanted(&self, free: &Free) -> String {
        match free {
            Free::Param(name) => name.clone(),
            Free::Node(node) => self.pipeline.graph[*node].name.clone(),
            Free::Item(node) => match &self.pipeline.graph[*node].kind {
                NodeKind::For(each) => each.variable.clone(),
                _ => unreachable!("an item is one of a loop"),
            },
            Free::Status => "status".to_owned(),
        }
    }

    /// What stands for a leaf of an expression.
    fn leaf(&self, leaf: Leaf) -> Py {
        match leaf {
            Leaf::Param(name) => Py::name(self.name(&Free::Param(name.to_owned()))),
            Leaf::Node(node) => Py::name(self.name(&Free::Node(node))),
            Leaf::Item(node) => Py::name(self.name(&Free::Item(node))),
            Leaf::Run(RunField::Status) => Py::name(self.name(&Free::Status)),
            Leaf::Run(field) => self.run.fact(field),
        }
    }

    /// The expression with what is there; it must read nothing that comes later.
    pub fn now(&self, expr: &Expr) -> Py {
        in_support(translate(self.pipeline, expr, &mut |leaf| self.leaf(leaf)))
    }

    /// The expression as a value of a type, which may come later.
    pub fn value(&self, expr: &Expr, ty: &Type) -> Py {
        self.lift(translate_to(self.pipeline, expr, ty, &mut |leaf| {
            self.leaf(leaf)
        }))
    }

    pub fn given(&self, expr: &Expr) -> Py {
        self.lift(self.now(expr))
    }

    /// What reads values that come later is a function of them, unless it only passes them on or takes one of their fields.
    fn lift(&self, py: Py) -> Py {
        let py = in_support(py);
        let mut needs: Vec<String> = Vec::new();
        py.for_each(&mut |inner| {
            if let Py::Name(name) = inner
                && self.later.contains(name)
                && !needs.contains(name)
            {
                needs.push(name.clone());
            }
        });
        if needs.is_empty() || is_path(&py) {
            return py;
        }
        match py {
            Py::List(items) => Py::List(items.into_iter().map(|item| self.lift(item)).collect()),
            Py::Dict(entries) if entries.iter().all(|(key, _)| key.is_some()) => Py::Dict(
                entries
                    .into_iter()
                    .map(|(key, item)| (key, self.lift(item)))
                    .collect(),
            ),
            computed => {
                let mut args = vec![Py::Lambda(needs.clone(), computed.into())];
                args.extend(needs.into_iter().map(Py::Name));
                Py::call(&format!("{SUPPORT}.later"), args)
            }
        }
    }
}

/// What translated expressions call is in the support module.
fn in_support(py: Py) -> Py {
    [TEXT, MOMENT].into_iter().fold(py, |py, name| {
        py.renamed(name, &format!("{SUPPORT}.{name}"))
    })
}

/// A name, or an item of one.
fn is_path(py: &Py) -> bool {
    match py {
        Py::Name(_) => true,
        Py::Index(base, index) => is_path(base) && matches!(**index, Py::Value(_)),
        _ => false,
    }
}

impl RunFacts {
    pub fn fact(&self, field: RunField) -> Py {
        let call = |name: &str, args| Py::call(&format!("{SUPPORT}.{name}"), args);
        let zone = Py::str(self.zone.clone());
        let interval = |at: i64| {
            let every = self.every.map_or(Py::none(), Py::str);
            call("run_interval", vec![zone.clone(), every]).index(Py::int(at))
        };
        match field {
            RunField::Id => call("run_id", Vec::new()),
            RunField::Name => call("run_name", Vec::new()),
            RunField::Date => call("run_date", vec![zone]),
            RunField::IntervalStart => interval(0),
            RunField::IntervalEnd => interval(1),
            RunField::Status => unreachable!("it is given by name"),
        }
    }
}

/// What the expressions of a node, and of the blocks inside it, read that is not made inside it, in the order in which they do.
pub fn free_of(pipeline: &Pipeline, node: NodeIndex, with_own: bool) -> Vec<Free> {
    let kind = &pipeline.graph[node].kind;
    let mut inner: HashSet<Free> = HashSet::new();
    for block in kind.blocks() {
        inner.extend(pipeline.nodes_within(block).into_iter().map(Free::Node));
        for within in pipeline.nodes_within(block) {
            inner.insert(Free::Item(within));
        }
    }
    inner.insert(Free::Item(node));
    let mut found = Vec::new();
    let mut visit = |expr: &Expr| {
        if let Some(free) = free(expr)
            && !inner.contains(&free)
            && !found.contains(&free)
        {
            found.push(free);
        }
    };
    if with_own {
        for expr in kind.exprs() {
            expr.for_each(&mut visit);
        }
    }
    for block in kind.blocks() {
        each_expr(pipeline, block, &mut visit);
    }
    found
}

fn each_expr<'a>(pipeline: &'a Pipeline, block: &'a Block, visit: &mut impl FnMut(&'a Expr)) {
    pipeline.for_each_expr(block, visit);
}

fn free(expr: &Expr) -> Option<Free> {
    match &expr.kind {
        ExprKind::Param(name) => Some(Free::Param(name.clone())),
        ExprKind::Node(node) => Some(Free::Node(*node)),
        ExprKind::Item(node) => Some(Free::Item(*node)),
        ExprKind::Run(RunField::Status) => Some(Free::Status),
        _ => None,
    }
}
