//! What runs inside one op: the statements of a block in order, in Python's own control flow.

use petgraph::graph::NodeIndex;

use super::lower::{Lowering, Place, Unit};
use super::scope::{Scope, Source, any, param};
use crate::emit::python::{Def, Param, Py, Stmt};
use crate::graph::{Block, Callee, For, If, NodeKind};
use crate::types::Type;

impl<'a> Lowering<'a> {
    /// Adds a block's statements to a function; `block` is the variable by which it runs steps, `prefix` begins the names of the
    /// module's functions that it needs.
    pub fn run_block(
        &mut self,
        scope: &mut Scope,
        frame: usize,
        block: &'a Block,
        runner: &str,
        prefix: &str,
    ) {
        for &node in &block.nodes {
            let here = &self.pipeline(frame).graph[node];
            match &here.kind {
                NodeKind::Task(task) => match task.callee {
                    Callee::Component(id) => {
                        let component = &self.program[id];
                        let path = Py::str(here.name.clone());
                        let call = self.step_call(scope, frame, task, id, path, Some(runner));
                        let value = match component.unnamed_output {
                            true => call.item(&component.outputs[0].name),
                            false => call,
                        };
                        self.assign(scope, frame, node, value);
                    }
                    Callee::Pipeline(id) => {
                        let pipeline = &self.program[id];
                        let mut path = self.frames[frame].path.clone();
                        path.push(here.name.clone());
                        let inner = self.frame(pipeline, Some((frame, task)), path);
                        let within = Py::name(runner).attribute("within");
                        let within =
                            Py::Call(within.into(), vec![Py::str(here.name.clone())], Vec::new());
                        let nested = scope.names.free(&format!("{}_block", here.name));
                        scope.body.push(Stmt::assign(nested.clone(), within));
                        let prefix = format!("{prefix}{}_", here.name);
                        self.run_block(scope, inner, &pipeline.body, &nested, &prefix);
                        let value = self.outputs_value(scope, inner);
                        self.assign(scope, frame, node, value);
                    }
                },
                NodeKind::If(branching) => {
                    self.run_if(scope, frame, node, branching, runner, prefix)
                }
                NodeKind::For(looping) => self.run_for(scope, frame, node, looping, runner, prefix),
                NodeKind::Require(require) => {
                    let condition = self.py(scope, frame, &require.condition);
                    let message = self.py(scope, frame, &require.message);
                    let call = Py::call("_require", vec![condition, message]);
                    scope.body.push(Stmt::Expr(call));
                    self.frames[frame].done.insert(node, Vec::new());
                }
            }
        }
    }

    /// A variable that holds a node's value.
    fn assign(&mut self, scope: &mut Scope, frame: usize, node: NodeIndex, value: Py) {
        let name = scope.names.free(&self.pipeline(frame).graph[node].name);
        scope.body.push(Stmt::assign(name.clone(), value));
        self.is_variable(scope, frame, node, name);
    }

    fn is_variable(&mut self, scope: &Scope, frame: usize, node: NodeIndex, name: String) {
        let source = Source::Local {
            scope: scope.id,
            name,
            output: None,
        };
        self.put(frame, node, Place::Value(source));
    }

    fn run_if(
        &mut self,
        scope: &mut Scope,
        frame: usize,
        node: NodeIndex,
        branching: &'a If,
        runner: &str,
        prefix: &str,
    ) {
        let here = &self.pipeline(frame).graph[node];
        let name = scope.names.free(&here.name);
        scope.body.push(Stmt::Assign {
            target: name.clone(),
            annotation: Some(Py::name("Any")),
            value: Py::none(),
        });
        let mut branches = Vec::new();
        for branch in &branching.branches {
            let condition = self.py(scope, frame, &branch.condition);
            let body = self.run_branch(scope, frame, &branch.block, &name, node, (runner, prefix));
            branches.push((condition, body));
        }
        let otherwise = match &branching.otherwise {
            Some(block) => self.run_branch(scope, frame, block, &name, node, (runner, prefix)),
            None => Vec::new(),
        };
        scope.body.push(Stmt::If {
            branches,
            otherwise,
        });
        self.is_variable(scope, frame, node, name);
    }

    fn run_branch(
        &mut self,
        scope: &mut Scope,
        frame: usize,
        block: &'a Block,
        name: &str,
        node: NodeIndex,
        (runner, prefix): (&str, &str),
    ) -> Vec<Stmt> {
        let ty = self.pipeline(frame).graph[node].ty.clone();
        let outer = std::mem::take(&mut scope.body);
        self.run_block(scope, frame, block, runner, prefix);
        if let Some(value) = &block.value {
            let value = self.py_to(scope, frame, value, &ty);
            scope.body.push(Stmt::assign(name, value));
        }
        std::mem::replace(&mut scope.body, outer)
    }

    fn run_for(
        &mut self,
        scope: &mut Scope,
        frame: usize,
        node: NodeIndex,
        looping: &'a For,
        runner: &str,
        prefix: &str,
    ) {
        let here = &self.pipeline(frame).graph[node];
        let items = self.py(scope, frame, &looping.items);
        let prefix = format!("{prefix}{}_", here.name);
        let mut body = self.scope("block.context");
        let variable = body.names.free(&looping.variable);
        let item = Source::Local {
            scope: body.id,
            name: variable.clone(),
            output: None,
        };
        self.frames[frame].items.insert(node, item);
        self.run_block(&mut body, frame, &looping.body, "block", &prefix);
        let item_type = match here.ty.base() {
            Type::List(item) => (**item).clone(),
            _ => Type::Nothing,
        };
        let value = match &looping.body.value {
            Some(value) => self.py_to(&mut body, frame, value, &item_type),
            None => Py::none(),
        };
        body.body.push(Stmt::Return(value));
        let function = self.unshadowed(scope, &format!("{prefix}body"));
        // The class stands below.
        let block = Param {
            name: "block".to_owned(),
            annotation: Py::str("_Block"),
            default: None,
        };
        let mut params = vec![block, any(&variable)];
        let mut args = vec![Py::name("block"), Py::name(variable.clone())];
        if body.params {
            scope.params = true;
            params.push(param("params", "Params"));
            args.push(Py::name("params"));
        }
        params.extend(body.input_params());
        args.extend(body.outside().map(|(source, _)| scope.read(source)));
        self.units.push(Unit {
            decorator: None,
            def: Def {
                name: function.clone(),
                params,
                returns: Py::name("Any"),
            },
            doc: String::new(),
            body: body.statements(),
        });
        let each = match args.len() {
            2 => Py::name(function),
            _ => Py::Lambda(
                vec!["block".to_owned(), variable],
                Py::call(&function, args).into(),
            ),
        };
        let mut all = vec![Py::str(here.name.clone()), items, each];
        // The executor counts the op as one, whatever it has under way.
        let limit = match self.program.entry().attributes.parallelism {
            Some(_) => Some(1),
            None => looping.limit,
        };
        all.extend(limit.map(|limit| Py::int(limit.into())));
        let call = Py::Call(Py::name(runner).attribute("each").into(), all, Vec::new());
        self.assign(scope, frame, node, call);
    }
}
