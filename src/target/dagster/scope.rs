//! What a function of the module reads, and the names by which it has it.

use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;

use super::lower::{Lowering, Place};
use crate::emit::python::names::Names;
use crate::emit::python::translate::{Leaf, translate, translate_to};
use crate::emit::python::{Param, Py, Stmt};
use crate::graph::{Expr, ParamDefault, RunField};
use crate::types::Type;
use crate::value::Value;

/// Names that Dagster takes for itself, or that a function has for something else.
pub const TAKEN: &[&str] = &[
    "input", "output", "type", "context", "config", "conf", "meta", "dict", "int", "str", "float",
    "bool", "params", "block", "after", "gate", "outputs", "passed",
];

/// Where a value is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// By its key.
    Asset(Vec<String>),
    /// A variable of a scope; with an output's name, that of what a call in a graph gave.
    Local {
        scope: usize,
        name: String,
        output: Option<String>,
    },
    /// The values that a run kept, by the names of ports; with one name that is empty, the value alone.
    Saved(Vec<(String, Vec<String>)>),
}

/// A function being written.
pub struct Scope {
    pub id: usize,
    pub names: Names,
    /// What comes from outside, and the parameter that it comes by.
    pub inputs: IndexMap<Source, String>,
    /// Whether it takes the run's parameters.
    pub params: bool,
    /// By what it has Dagster's context.
    pub context: &'static str,
    /// Whether it is the body of a graph: its calls stand for tasks to be.
    pub is_graph: bool,
    /// What stands before the body: reads of what a run kept.
    heads: Vec<Stmt>,
    pub body: Vec<Stmt>,
}

impl Scope {
    /// The value of a source in this function.
    pub fn read(&mut self, source: &Source) -> Py {
        match source {
            Source::Local {
                scope,
                name,
                output,
            } if *scope == self.id => {
                let py = Py::name(name.clone());
                match output {
                    Some(output) => py.attribute(output),
                    None => py,
                }
            }
            Source::Saved(values) => self.saved(source, values),
            _ => Py::name(self.input(source)),
        }
    }

    /// The parameter by which a source comes in.
    pub fn input(&mut self, source: &Source) -> String {
        if let Some(name) = self.inputs.get(source) {
            return name.clone();
        }
        let wanted = match source {
            Source::Asset(key) => key.join("_"),
            Source::Local { name, output, .. } => match output {
                Some(output) => format!("{name}_{output}"),
                None => name.clone(),
            },
            Source::Saved(_) => unreachable!("what was kept is no input"),
        };
        let name = self.names.free(&wanted);
        self.inputs.insert(source.clone(), name.clone());
        name
    }

    /// A variable that holds what the run kept: one statement at the head of the function.
    fn saved(&mut self, source: &Source, values: &[(String, Vec<String>)]) -> Py {
        if let Some(name) = self.inputs.get(source) {
            return Py::name(name.clone());
        }
        let key = |key: &Vec<String>| Py::List(key.iter().cloned().map(Py::str).collect());
        let (wanted, value) = match values {
            [(port, path)] if port.is_empty() => (
                path.last().expect("a key has a name"),
                Py::call("_saved", vec![Py::name(self.context), key(path)]),
            ),
            values => {
                let ports = values
                    .iter()
                    .map(|(port, path)| (Some(Py::str(port.clone())), key(path)));
                let first = &values[0].1;
                (
                    &first[first.len().saturating_sub(2)],
                    Py::call(
                        "_saved_all",
                        vec![Py::name(self.context), Py::Dict(ports.collect())],
                    ),
                )
            }
        };
        let name = self.names.free(wanted);
        self.inputs.insert(source.clone(), name.clone());
        self.heads.push(Stmt::assign(name.clone(), value));
        Py::name(name)
    }

    /// What comes from outside, and the parameters that take it.
    pub fn outside(&self) -> impl Iterator<Item = (&Source, &String)> {
        let is_saved = |source: &Source| matches!(source, Source::Saved(_));
        self.inputs
            .iter()
            .filter(move |(source, _)| !is_saved(source))
    }

    pub fn input_params(&self) -> Vec<Param> {
        self.outside().map(|(_, name)| any(name)).collect()
    }

    /// The statements of the function.
    pub fn statements(self) -> Vec<Stmt> {
        self.heads.into_iter().chain(self.body).collect()
    }
}

/// A parameter of any type.
pub fn any(name: &str) -> Param {
    param(name, "Any")
}

pub fn param(name: &str, annotation: &str) -> Param {
    Param {
        name: name.to_owned(),
        annotation: Py::name(annotation),
        default: None,
    }
}

impl<'a> Lowering<'a> {
    pub fn scope(&mut self, context: &'static str) -> Scope {
        self.scopes += 1;
        let mut names = super::lower::taken();
        for name in TAKEN {
            names.free(name);
        }
        Scope {
            id: self.scopes,
            names,
            inputs: IndexMap::new(),
            params: false,
            context,
            is_graph: false,
            heads: Vec::new(),
            body: Vec::new(),
        }
    }

    /// An expression of a frame's pipeline, read by the function of a scope.
    pub fn py(&mut self, scope: &mut Scope, frame: usize, expr: &Expr) -> Py {
        let pipeline = self.frames[frame].pipeline;
        let mut leaf = |leaf: Leaf| self.leaf(scope, frame, leaf);
        let py = translate(pipeline, expr, &mut leaf);
        self.resolved(scope, py)
    }

    /// The same as a value of a type.
    pub fn py_to(&mut self, scope: &mut Scope, frame: usize, expr: &Expr, to: &Type) -> Py {
        let pipeline = self.frames[frame].pipeline;
        let mut leaf = |leaf: Leaf| self.leaf(scope, frame, leaf);
        let py = translate_to(pipeline, expr, to, &mut leaf);
        self.resolved(scope, py)
    }

    fn leaf(&mut self, scope: &mut Scope, frame: usize, leaf: Leaf) -> Py {
        match leaf {
            Leaf::Param(name) => self.param(scope, frame, name),
            Leaf::Run(field) => self.fact(scope, field),
            Leaf::Item(node) => {
                let source = self.frames[frame].items[&node].clone();
                scope.read(&source)
            }
            Leaf::Node(node) => match self.frames[frame].places[&node].clone() {
                Place::Value(source) => scope.read(&source),
                // Which of the outputs is read shows only around the leaf.
                Place::Outputs(_) => Py::name(placeholder(frame, node)),
            },
        }
    }

    fn param(&mut self, scope: &mut Scope, frame: usize, name: &str) -> Py {
        let this = &self.frames[frame];
        let at = this.pipeline.params.iter().position(|it| it.name == name);
        let param = &this.pipeline.params[at.expect("a checked program reads what there is")];
        if let Some((caller, task)) = this.call {
            let arg = task.args.iter().find(|arg| arg.port == name);
            let arg = arg.expect("a call gives every input");
            return self.py_to(scope, caller, &arg.value, &param.ty);
        }
        scope.params = true;
        let given = Py::name("params").attribute(&self.fields[name]);
        let given = match param.ty.artifact().is_some() {
            true => Py::call("_location", vec![given]),
            false => given,
        };
        match param.default {
            Some(ParamDefault::Run(field)) => Py::If {
                then: self.fact(scope, field).into(),
                condition: given.clone().is_none().into(),
                otherwise: given.into(),
            },
            _ => given,
        }
    }

    fn fact(&mut self, scope: &Scope, field: RunField) -> Py {
        let args = vec![Py::name(scope.context), Py::str(field.name())];
        Py::call("_fact", args)
    }

    /// With the outputs of tasks in place of what stands for them.
    fn resolved(&mut self, scope: &mut Scope, py: Py) -> Py {
        match &py {
            Py::Name(name) => {
                if let Some(outputs) = self.outputs_of(name) {
                    let entries = outputs
                        .iter()
                        .map(|(port, source)| (Some(Py::str(port.clone())), scope.read(source)));
                    return Py::Dict(entries.collect());
                }
                py
            }
            Py::Index(base, index) => {
                if let (Py::Name(name), Py::Value(Value::Str(port))) = (&**base, &**index)
                    && let Some(outputs) = self.outputs_of(name)
                {
                    return scope.read(&outputs[port]);
                }
                each_inside(py, &mut |inner| self.resolved(scope, inner))
            }
            _ => each_inside(py, &mut |inner| self.resolved(scope, inner)),
        }
    }

    fn outputs_of(&self, name: &str) -> Option<IndexMap<String, Source>> {
        let (frame, node) = name.strip_prefix('\0')?.split_once('\0')?;
        let (frame, node): (usize, usize) = (frame.parse().ok()?, node.parse().ok()?);
        match &self.frames[frame].places[&NodeIndex::new(node)] {
            Place::Outputs(outputs) => Some(outputs.clone()),
            Place::Value(_) => None,
        }
    }

    /// What an expression reads, in the order in which it does.
    pub fn sources(&mut self, frame: usize, expr: &Expr) -> IndexSet<Source> {
        let mut scope = self.scope("context");
        self.py(&mut scope, frame, expr);
        scope.inputs.into_keys().collect()
    }
}

/// No name of Python: it stands for the outputs of a node until it is known which are read.
fn placeholder(frame: usize, node: NodeIndex) -> String {
    format!("\0{frame}\0{}", node.index())
}

/// The expression with `change` made of each part of it.
fn each_inside(py: Py, change: &mut dyn FnMut(Py) -> Py) -> Py {
    let mut boxed = |py: Box<Py>| Box::new(change(*py));
    match py {
        Py::Name(_) | Py::Value(_) => py,
        Py::Attribute(inner, name) => Py::Attribute(boxed(inner), name),
        Py::Not(inner) => Py::Not(boxed(inner)),
        Py::Lambda(names, body) => Py::Lambda(names, boxed(body)),
        Py::Index(base, index) => Py::Index(boxed(base), boxed(index)),
        Py::Binary(symbol, a, b) => Py::Binary(symbol, boxed(a), boxed(b)),
        Py::If {
            then,
            condition,
            otherwise,
        } => Py::If {
            then: boxed(then),
            condition: boxed(condition),
            otherwise: boxed(otherwise),
        },
        Py::Each {
            item,
            variable,
            items,
        } => Py::Each {
            item: boxed(item),
            variable,
            items: boxed(items),
        },
        Py::EachEntry {
            item,
            variable,
            items,
        } => Py::EachEntry {
            item: boxed(item),
            variable,
            items: boxed(items),
        },
        Py::List(items) => Py::List(items.into_iter().map(change).collect()),
        Py::Tuple(items) => Py::Tuple(items.into_iter().map(change).collect()),
        Py::Or(items) => Py::Or(items.into_iter().map(change).collect()),
        Py::And(items) => Py::And(items.into_iter().map(change).collect()),
        Py::Dict(entries) => {
            let entries = entries.into_iter().map(|(key, item)| (key, change(item)));
            Py::Dict(entries.collect())
        }
        Py::Call(function, args, named) => {
            let function = boxed(function);
            let args = args.into_iter().map(&mut *change).collect();
            let named = named.into_iter().map(|(name, arg)| (name, change(arg)));
            Py::Call(function, args, named.collect())
        }
        Py::Format(parts) => {
            use crate::emit::python::Part;
            let parts = parts.into_iter().map(|part| match part {
                Part::Py(inner) => Part::Py(change(inner)),
                text => text,
            });
            Py::Format(parts.collect())
        }
    }
}
