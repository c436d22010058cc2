//! Control flow as graphs of ops.
//!
//! An `if` is an op that gives one of several outputs, which the ops of the branches come after; those of the others skip. The value of
//! each branch goes to an op that takes what was not skipped. A loop is an op with dynamic outputs, mapped over the body and collected.
//! Dagster can't join branches inside a mapped body, nor map there again: such a body is one op (`sequence`).

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::assets::{function, mangled};
use super::lower::{Lowering, Place, Unit};
use super::parts::Named;
use super::scope::{Scope, Source, any, param};
use super::tags;
use crate::emit::python::{Def, Part, Py, Stmt};
use crate::graph::{
    Block, Callee, ComponentId, Expr, For, If, NodeKind, Pipeline, Require, Task, TaskAttributes,
};
use crate::types::Type;

/// Gives the output of the branch that is taken, and makes the op a generator.
pub const BRANCH: &str = "yield from _branch";

/// Where in a pipeline's tree the ops of a graph stand.
#[derive(Clone)]
pub struct Site {
    /// What comes before the name of a task: `outer.`, `fits[3].`
    pub path: Vec<Part>,
    /// What comes before the name of an op.
    pub prefix: String,
    /// What everything waits for.
    pub gates: Vec<Source>,
    /// The limit of the loop it is in, by the value of its tag.
    pub limit: Option<String>,
}

impl Site {
    pub fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The path of a task.
    pub fn path_of(&self, name: &str) -> Py {
        let mut parts = self.path.clone();
        parts.push(Part::Text(name.to_owned()));
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.as_slice() {
            [Part::Text(text)] => Py::str(text.clone()),
            _ => Py::Format(joined),
        }
    }

    fn inside(&self, path: Vec<Part>, name: &str) -> Site {
        Site {
            path: self.path.iter().cloned().chain(path).collect(),
            prefix: format!("{}{name}_", self.prefix),
            ..self.clone()
        }
    }
}

/// An op: what it does stands in its scope's body.
struct Op<'t> {
    name: String,
    doc: String,
    scope: Scope,
    /// Keyword arguments of its decorator, but for `ins`.
    named: Named,
    waits: Vec<Source>,
    attributes: Option<&'t TaskAttributes>,
}

impl<'a> Lowering<'a> {
    /// The job of a pipeline that is ops; gives the code of its decorator and its function.
    pub fn ops_job(&mut self, frame: usize, job: &str) -> Unit {
        let pipeline = self.pipeline(frame);
        let mut graph = self.scope("context");
        graph.is_graph = true;
        let site = Site {
            path: Vec::new(),
            prefix: String::new(),
            gates: Vec::new(),
            limit: None,
        };
        self.graph_block(&mut graph, frame, &pipeline.body, &site);
        if !pipeline.outputs.is_empty() {
            let mut scope = self.scope("context");
            let value = self.outputs_value(&mut scope, frame);
            scope.body.push(Stmt::Return(value));
            let name = self.outputs_name(frame);
            let op = Op {
                name,
                doc: String::new(),
                scope,
                named: Named::new(),
                waits: Vec::new(),
                attributes: None,
            };
            self.op(&mut graph, &site, op);
        }
        Unit {
            decorator: None,
            def: Def {
                name: job.to_owned(),
                params: Vec::new(),
                returns: Py::none(),
            },
            doc: pipeline.doc.clone(),
            body: graph.statements(),
        }
    }

    /// The job of `finally`.
    pub fn finally_job(&mut self, frame: usize, job: &str, block: &'a Block) -> Unit {
        let mut graph = self.scope("context");
        graph.is_graph = true;
        let site = Site {
            path: Vec::new(),
            prefix: "finally_".to_owned(),
            gates: Vec::new(),
            limit: None,
        };
        self.graph_block(&mut graph, frame, block, &site);
        Unit {
            decorator: None,
            def: Def {
                name: job.to_owned(),
                params: Vec::new(),
                returns: Py::none(),
            },
            doc: String::new(),
            body: graph.statements(),
        }
    }

    pub fn graph_block(&mut self, graph: &mut Scope, frame: usize, block: &'a Block, site: &Site) {
        for &node in &block.nodes {
            let pipeline = self.pipeline(frame);
            let here = &pipeline.graph[node];
            match &here.kind {
                NodeKind::Task(task) => match task.callee {
                    Callee::Component(id) => self.graph_task(graph, frame, node, task, id, site),
                    Callee::Pipeline(id) => {
                        let pipeline = &self.program[id];
                        self.graph_call(graph, frame, node, task, pipeline, site);
                    }
                },
                NodeKind::If(_) | NodeKind::For(_) => {
                    let source = self.graph_block_node(graph, frame, node, site);
                    self.put(frame, node, Place::Value(source));
                }
                NodeKind::Require(require) => self.graph_require(graph, frame, node, require, site),
            }
        }
    }

    /// An `if` or a loop; gives its value.
    pub fn graph_block_node(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        site: &Site,
    ) -> Source {
        match &self.pipeline(frame).graph[node].kind {
            NodeKind::If(branching) => self.graph_if(graph, frame, node, branching, site),
            NodeKind::For(looping) => self.graph_for(graph, frame, node, looping, site),
            NodeKind::Task(_) | NodeKind::Require(_) => unreachable!("it holds no block"),
        }
    }

    fn graph_task(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        task: &'a Task,
        id: ComponentId,
        site: &Site,
    ) {
        let here = &self.pipeline(frame).graph[node];
        let component = &self.program[id];
        let mut scope = self.scope("context");
        let path = site.path_of(&here.name);
        let call = self.step_call(&mut scope, frame, task, id, path, None);
        let mut named = Named::new();
        let several = component.outputs.len() > 1;
        if several {
            let outs = component.outputs.iter().map(|port| {
                let out = Py::call("dg.Out", vec![Py::name("Any")]);
                (Some(Py::str(mangled(&port.name))), out)
            });
            named.add("out", Py::Dict(outs.collect()));
        }
        let outputs = component.outputs.iter();
        let mut outputs: Vec<Py> = outputs
            .map(|port| Py::name("outputs").item(&port.name))
            .collect();
        match outputs.len() {
            0 => scope
                .body
                .extend([Stmt::Expr(call), Stmt::Return(Py::none())]),
            1 => {
                scope.body.push(Stmt::assign("outputs", call));
                scope.body.push(Stmt::Return(outputs.remove(0)));
            }
            _ => {
                scope.body.push(Stmt::assign("outputs", call));
                scope.body.push(Stmt::Return(Py::Tuple(outputs)));
            }
        }
        let op = Op {
            name: here.name.clone(),
            doc: component.doc.clone(),
            scope,
            named,
            waits: self.waits(frame, node),
            attributes: Some(&task.attributes),
        };
        let whole = self.op(graph, site, op);
        let place = match component.unnamed_output || component.outputs.is_empty() {
            true => Place::Value(whole),
            false => {
                let ports = component.outputs.iter().map(|port| {
                    let source = match several {
                        true => part_of(&whole, &mangled(&port.name)),
                        false => whole.clone(),
                    };
                    (port.name.clone(), source)
                });
                Place::Outputs(ports.collect())
            }
        };
        self.put(frame, node, place);
    }

    /// A call of a pipeline: its tasks stand among those of the caller.
    fn graph_call(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        task: &'a Task,
        pipeline: &'a Pipeline,
        site: &Site,
    ) {
        let name = self.pipeline(frame).graph[node].name.clone();
        let mut path = self.frames[frame].path.clone();
        path.push(name.clone());
        let inner = self.frame(pipeline, Some((frame, task)), path);
        let mut below = site.inside(vec![Part::Text(format!("{name}."))], &name);
        below.gates.extend(self.all_waits(frame, node));
        self.graph_block(graph, inner, &pipeline.body, &below);
        let mut scope = self.scope("context");
        let value = self.outputs_value(&mut scope, inner);
        scope.body.push(Stmt::Return(value));
        let done = self.done_of(inner, &pipeline.body);
        let op = Op {
            name: format!("{name}_outputs"),
            doc: pipeline.doc.clone(),
            scope,
            named: Named::new(),
            waits: done,
            attributes: None,
        };
        let gated = Site {
            gates: below.gates,
            ..site.clone()
        };
        let source = self.op(graph, &gated, op);
        self.put(frame, node, Place::Value(source));
    }

    fn graph_require(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        require: &'a Require,
        site: &Site,
    ) {
        let mut scope = self.scope("context");
        let condition = self.py(&mut scope, frame, &require.condition);
        let message = self.py(&mut scope, frame, &require.message);
        let call = Py::call("_require", vec![condition, message]);
        scope
            .body
            .extend([Stmt::Expr(call), Stmt::Return(Py::none())]);
        let op = Op {
            name: "check".to_owned(),
            doc: String::new(),
            scope,
            named: Named::new(),
            waits: self.waits(frame, node),
            attributes: None,
        };
        let source = self.op(graph, site, op);
        self.put(frame, node, Place::Value(source));
    }

    fn graph_if(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        branching: &'a If,
        site: &Site,
    ) -> Source {
        let here = &self.pipeline(frame).graph[node];
        let name = here.name.as_str();
        let outs: Vec<String> = (0..branching.branches.len())
            .map(|at| match at {
                0 => "then".to_owned(),
                1 => "elif".to_owned() + "_1",
                at => format!("elif_{at}"),
            })
            .chain(["otherwise".to_owned()])
            .collect();
        let mut scope = self.scope("context");
        let mut chosen = Py::str("otherwise");
        let conditions: Vec<Py> = branching
            .branches
            .iter()
            .map(|branch| self.py(&mut scope, frame, &branch.condition))
            .collect();
        for (condition, out) in conditions.into_iter().zip(&outs).rev() {
            chosen = Py::If {
                then: Py::str(out.clone()).into(),
                condition: condition.into(),
                otherwise: chosen.into(),
            };
        }
        scope.body.push(Stmt::Expr(Py::call(BRANCH, vec![chosen])));
        let mut named = Named::new();
        let out = |name: &String| {
            let optional = vec![("is_required".to_owned(), Py::bool(false))];
            let out = Py::call_with("dg.Out", vec![Py::name("Any")], optional);
            (Some(Py::str(name.clone())), out)
        };
        named.add("out", Py::Dict(outs.iter().map(out).collect()));
        let op = Op {
            name: format!("{name}_if"),
            doc: String::new(),
            scope,
            named,
            waits: self.all_waits(frame, node),
            attributes: None,
        };
        let whole = self.op(graph, site, op);
        let blocks = branching.branches.iter().map(|branch| Some(&branch.block));
        let blocks: Vec<Option<&Block>> = blocks.chain([branching.otherwise.as_ref()]).collect();
        let mut values = Vec::new();
        for (block, out) in blocks.into_iter().zip(&outs) {
            let token = part_of(&whole, out);
            let below = Site {
                prefix: format!("{}{name}_", site.prefix),
                gates: vec![token.clone()],
                ..site.clone()
            };
            values.push(match block {
                Some(block) if !block.nodes.is_empty() || block.value.is_some() => {
                    self.graph_block(graph, frame, block, &below);
                    self.graph_value(graph, frame, block, &here.ty, &below, out)
                }
                _ => token,
            });
        }
        let values = values.iter().map(|value| graph.read(value)).collect();
        self.gather(
            graph,
            site,
            &format!("{name}_join"),
            "The value of the branch that was taken.",
            Py::List(values),
            Py::name("values").index(Py::int(0)),
        )
    }

    /// The value of a block, once all in it is done.
    fn graph_value(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        block: &'a Block,
        ty: &Type,
        site: &Site,
        name: &str,
    ) -> Source {
        // The one task's own output, where that is all.
        if let ([_], Some(value)) = (block.nodes.as_slice(), &block.value)
            && let Some(source) = self.as_it_is(frame, value, ty)
            && self.done_of(frame, block).contains(&source)
        {
            return source;
        }
        let mut scope = self.scope("context");
        let value = match &block.value {
            Some(value) => self.py_to(&mut scope, frame, value, ty),
            None => Py::none(),
        };
        scope.body.push(Stmt::Return(value));
        let op = Op {
            name: name.to_owned(),
            doc: String::new(),
            scope,
            named: Named::new(),
            waits: self.done_of(frame, block),
            attributes: None,
        };
        self.op(graph, site, op)
    }

    /// Where an expression's value is, when it is no more than that of a node.
    fn as_it_is(&self, frame: usize, value: &Expr, ty: &Type) -> Option<Source> {
        let crate::graph::ExprKind::Node(node) = value.kind else {
            return None;
        };
        if crate::emit::python::translate::widens(&self.pipeline(frame).graph[node].ty, ty) {
            return None;
        }
        match self.frames[frame].places.get(&node)? {
            Place::Value(source) => Some(source.clone()),
            Place::Outputs(_) => None,
        }
    }

    fn graph_for(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        node: NodeIndex,
        looping: &'a For,
        site: &Site,
    ) -> Source {
        let here = &self.pipeline(frame).graph[node];
        let name = here.name.as_str();
        let mut scope = self.scope("context");
        let items = self.py(&mut scope, frame, &looping.items);
        scope
            .body
            .push(Stmt::Return(Py::call("_items", vec![items])));
        let mut named = Named::new();
        named.add("out", Py::call("dg.DynamicOut", vec![Py::name("Any")]));
        let op = Op {
            name: format!("{name}_items"),
            doc: String::new(),
            scope,
            named,
            waits: self.all_waits(frame, node),
            attributes: None,
        };
        let items = self.op(graph, site, op);
        let key = Part::Py(Py::call("context.get_mapping_key", Vec::new()));
        let path = vec![
            Part::Text(format!("{name}[")),
            key,
            Part::Text("].".to_owned()),
        ];
        let mut below = site.inside(path, name);
        below.gates.clear();
        if let Some(limit) = looping.limit {
            let tag = site.named(name);
            self.limits.push((tag.clone(), limit));
            below.limit = Some(tag);
        }
        let item_type = match here.ty.base() {
            Type::List(item) => (**item).clone(),
            _ => Type::Nothing,
        };
        let mut body = self.scope("context");
        body.is_graph = true;
        let variable = body.names.free(&looping.variable);
        let item = Source::Local {
            scope: body.id,
            name: variable.clone(),
            output: None,
        };
        self.frames[frame].items.insert(node, item);
        let value = if self.is_plain(frame, &looping.body) {
            self.graph_block(&mut body, frame, &looping.body, &below);
            self.graph_value(&mut body, frame, &looping.body, &item_type, &below, "value")
        } else {
            self.graph_body(&mut body, frame, &looping.body, &item_type, &below)
        };
        let value = body.read(&value);
        body.body.push(Stmt::Return(value));
        let function = self.unshadowed(graph, &format!("{}each", below.prefix));
        let mut params = vec![any(&variable)];
        params.extend(body.input_params());
        let mut args = vec![Py::name(variable.clone())];
        args.extend(body.outside().map(|(source, _)| graph.read(source)));
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
        let map = graph.read(&items).attribute("map");
        let each = match args.len() {
            1 => Py::name(function),
            _ => Py::Lambda(vec![variable], Py::call(&function, args).into()),
        };
        let mapped = Py::Call(map.into(), vec![each], Vec::new());
        let each = graph.names.free("each");
        graph.body.push(Stmt::assign(each.clone(), mapped));
        let collected = Py::Call(
            Py::name(each).attribute("collect").into(),
            Vec::new(),
            Vec::new(),
        );
        self.gather(
            graph,
            site,
            &format!("{name}_gather"),
            "The values of the loop's body, in the order of its items.",
            collected,
            Py::name("values"),
        )
    }

    /// Only tasks: what Dagster can map.
    fn is_plain(&self, frame: usize, block: &Block) -> bool {
        let graph = &self.pipeline(frame).graph;
        block.nodes.iter().all(|&node| match &graph[node].kind {
            NodeKind::Task(task) => matches!(task.callee, Callee::Component(_)),
            NodeKind::Require(_) => true,
            NodeKind::If(_) | NodeKind::For(_) => false,
        })
    }

    /// A loop's body as one op.
    fn graph_body(
        &mut self,
        graph: &mut Scope,
        frame: usize,
        block: &'a Block,
        ty: &Type,
        site: &Site,
    ) -> Source {
        let mut scope = self.scope("context");
        let path = Py::Format(site.path.clone());
        let args = vec![Py::name("context"), path];
        scope
            .body
            .push(Stmt::assign("block", Py::call("_Block", args)));
        self.run_block(&mut scope, frame, block, "block", &site.prefix);
        let value = match &block.value {
            Some(value) => self.py_to(&mut scope, frame, value, ty),
            None => Py::none(),
        };
        scope.body.push(Stmt::Return(value));
        let op = Op {
            name: "body".to_owned(),
            doc: String::new(),
            scope,
            named: Named::new(),
            waits: Vec::new(),
            attributes: None,
        };
        self.op(graph, site, op)
    }

    pub fn done_of(&self, frame: usize, block: &Block) -> Vec<Source> {
        let nodes = block.nodes.iter();
        nodes
            .flat_map(|node| self.frames[frame].done[node].clone())
            .collect()
    }

    /// An op that takes a list of values.
    fn gather(
        &mut self,
        graph: &mut Scope,
        site: &Site,
        name: &str,
        doc: &str,
        values: Py,
        value: Py,
    ) -> Source {
        let function = self.unshadowed(graph, &site.named(name));
        self.units.push(Unit {
            decorator: Some(Py::name("dg.op")),
            def: Def {
                name: function.clone(),
                params: vec![param("values", "list[Any]")],
                returns: Py::name("Any"),
            },
            doc: doc.to_owned(),
            body: vec![Stmt::Return(value)],
        });
        self.variable(graph, name, &function, vec![("values".to_owned(), values)])
    }

    /// Writes an op, and its call into the graph.
    fn op(&mut self, graph: &mut Scope, site: &Site, mut op: Op) -> Source {
        let function_name = self.unshadowed(graph, &site.named(&op.name));
        let mut nothing: IndexMap<Source, String> = IndexMap::new();
        for (wanted, sources) in [("gate", &site.gates), ("after", &op.waits)] {
            for source in sources {
                if op.scope.inputs.contains_key(source) || nothing.contains_key(source) {
                    continue;
                }
                match source {
                    // An asset that comes into the graph is a value.
                    Source::Asset(_) => {
                        op.scope.input(source);
                    }
                    Source::Local { .. } => {
                        let mut name = wanted.to_owned();
                        let mut number = 2;
                        while nothing.values().any(|taken| *taken == name) {
                            name = format!("{wanted}_{number}");
                            number += 1;
                        }
                        nothing.insert(source.clone(), name);
                    }
                    // It was there before this run.
                    Source::Saved(_) => {}
                }
            }
        }
        let mut named = Named::new();
        if !nothing.is_empty() {
            let ins = nothing.values().map(|name| {
                let nothing = Py::call("dg.In", vec![Py::name("dg.Nothing")]);
                (Some(Py::str(name.clone())), nothing)
            });
            named.add("ins", Py::Dict(ins.collect()));
        }
        named.all.extend(op.named.all);
        let none = TaskAttributes::default();
        let pods = tags::pods(&self.program.entry().attributes);
        let tags = tags::op_tags(op.attributes.unwrap_or(&none), pods, site.limit.as_deref());
        named.maybe("tags", tags);
        named.maybe("retry_policy", op.attributes.and_then(tags::retry_policy));
        let decorator = match named.all.is_empty() {
            true => Py::name("dg.op"),
            false => Py::call_with("dg.op", Vec::new(), named.all),
        };
        let args: Vec<(String, Py)> = op
            .scope
            .outside()
            .chain(&nothing)
            .map(|(source, name)| (name.clone(), graph.read(source)))
            .collect();
        self.units.push(Unit {
            decorator: Some(decorator),
            def: function(&function_name, &op.scope, Some("dg.OpExecutionContext")),
            doc: op.doc,
            body: op.scope.statements(),
        });
        self.variable(graph, &op.name, &function_name, args)
    }

    /// A call in a graph, and the variable that holds what it gives.
    fn variable(
        &mut self,
        graph: &mut Scope,
        name: &str,
        function: &str,
        args: Vec<(String, Py)>,
    ) -> Source {
        let wanted = match name == function {
            true => format!("{name}_op"),
            false => name.to_owned(),
        };
        let variable = graph.names.free(&wanted);
        self.ops
            .insert((graph.id, variable.clone()), function.to_owned());
        let call = Py::call_with(function, Vec::new(), args);
        graph.body.push(Stmt::assign(variable.clone(), call));
        Source::Local {
            scope: graph.id,
            name: variable,
            output: None,
        }
    }

    /// A name of the module that is no variable of the graph, and becomes none.
    pub fn unshadowed(&mut self, graph: &mut Scope, wanted: &str) -> String {
        let mut name = self.names.free(wanted);
        while graph.names.is_taken(&name) {
            name = self.names.free(&format!("{wanted}_op"));
        }
        graph.names.free(&name)
    }
}

/// An output of what a call gives.
fn part_of(whole: &Source, output: &str) -> Source {
    match whole {
        Source::Local { scope, name, .. } => Source::Local {
            scope: *scope,
            name: name.clone(),
            output: Some(output.to_owned()),
        },
        other => other.clone(),
    }
}
