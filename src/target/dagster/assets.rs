//! Tasks, checks and outputs as assets.

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::graph::{BRANCH, Site};
use super::lower::{Lowering, Place, Unit};
use super::parts::Named;
use super::scope::{Scope, Source, param};
use super::tags;
use crate::emit::python::{Def, Part, Py, Stmt};
use crate::graph::{Callee, ComponentId, Edge, ExprKind, Node, NodeKind, Port, Require, Task};

/// No key may be one of these.
const RESERVED_KEYS: &[&str] = &[
    "input", "output", "type", "context", "config", "conf", "meta", "dict", "int", "str", "float",
    "bool",
];

/// A name as an asset, an op or an output of one may have it.
pub fn mangled(name: &str) -> String {
    match RESERVED_KEYS.contains(&name) || !crate::emit::python::names::is_free(name) {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

impl<'a> Lowering<'a> {
    /// The body of a pipeline and its outputs; nothing of it starts before `gates`.
    pub fn asset_pipeline(&mut self, frame: usize, gates: &[Source]) {
        let pipeline = self.pipeline(frame);
        for &node in &pipeline.body.nodes {
            let here = &pipeline.graph[node];
            match &here.kind {
                NodeKind::Task(task) => match task.callee {
                    Callee::Component(id) => self.asset_task(frame, node, task, id, gates),
                    Callee::Pipeline(id) => {
                        let mut path = self.frames[frame].path.clone();
                        path.push(here.name.clone());
                        let inner = self.frame(&self.program[id], Some((frame, task)), path);
                        let mut before = self.all_waits(frame, node);
                        before.extend(gates.iter().cloned());
                        self.asset_pipeline(inner, &before);
                        let key = self.frames[inner].path.clone();
                        let source = Source::Asset(key);
                        // Read by name, its one asset holds a record.
                        self.put(frame, node, Place::Value(source));
                    }
                },
                NodeKind::If(_) | NodeKind::For(_) => self.asset_graph(frame, node, gates),
                NodeKind::Require(require) => self.asset_require(frame, node, require, gates),
            }
        }
        self.asset_outputs(frame, gates);
    }

    fn key(&self, frame: usize, name: &str) -> Vec<String> {
        let mut key: Vec<String> = self.frames[frame]
            .path
            .iter()
            .map(|it| mangled(it))
            .collect();
        key.push(mangled(name));
        key
    }

    pub fn group(&self, frame: usize) -> String {
        match self.frames[frame].path.as_slice() {
            [] => mangled(&self.pipeline(frame).name),
            path => path.join("_"),
        }
    }

    fn asset_task(
        &mut self,
        frame: usize,
        node: NodeIndex,
        task: &'a Task,
        id: ComponentId,
        gates: &[Source],
    ) {
        let here = &self.pipeline(frame).graph[node];
        let component = &self.program[id];
        let mut scope = self.scope("context");
        let mut path = self.frames[frame].path.clone();
        path.push(here.name.clone());
        let call = self.step_call(&mut scope, frame, task, id, Py::str(path.join(".")), None);
        let key = self.key(frame, &here.name);
        let keys: Vec<Vec<String>> = component
            .outputs
            .iter()
            .map(|port| match component.unnamed_output {
                true => key.clone(),
                false => [key.as_slice(), &[mangled(&port.name)]].concat(),
            })
            .collect();
        let results = component.outputs.iter().zip(&keys).map(|(port, key)| {
            let args = vec![
                Py::name("context"),
                Py::name("outputs").item(&port.name),
                strings(key),
                Py::bool(port.ty.artifact().is_some()),
            ];
            Py::call("_result", args)
        });
        let mut results: Vec<Py> = results.collect();
        match results.len() {
            0 => scope
                .body
                .extend([Stmt::Expr(call), Stmt::Return(Py::none())]),
            1 => {
                scope.body.push(Stmt::assign("outputs", call));
                scope.body.push(Stmt::Return(results.remove(0)));
            }
            _ => {
                scope.body.push(Stmt::assign("outputs", call));
                scope.body.push(Stmt::Return(Py::Tuple(results)));
            }
        }
        let waits = self.waits(frame, node);
        let waits: Vec<Source> = waits.iter().chain(gates).cloned().collect();
        let mut named = Named::new();
        let group = tags::group(&task.attributes).unwrap_or_else(|| self.group(frame));
        let code_version = Py::str(self.version(id));
        if component.outputs.len() > 1 {
            let outs = component.outputs.iter().zip(&keys).map(|(port, key)| {
                let mut out = Named::new();
                out.add("key", strings(key));
                out.maybe("metadata", tags::columns(&port.ty));
                out.add("code_version", code_version.clone());
                out.maybe("owners", self.owners());
                out.maybe("kinds", tags::kinds(&task.attributes));
                let out = Py::call_with("dg.AssetOut", Vec::new(), out.all);
                (Some(Py::str(mangled(&port.name))), out)
            });
            let outs = Py::Dict(outs.collect());
            named.add("outs", outs);
            self.reads(&mut named, &mut scope, &waits);
            named.add("group_name", Py::str(group));
        } else {
            let port = component.outputs.first();
            let key = keys.first().unwrap_or(&key);
            named.add("key", strings(key));
            self.reads(&mut named, &mut scope, &waits);
            named.add("group_name", Py::str(group));
            named.maybe(
                "metadata",
                port.and_then(|port: &Port| tags::columns(&port.ty)),
            );
            named.add("code_version", code_version);
            named.maybe("owners", self.owners());
            named.maybe("kinds", tags::kinds(&task.attributes));
        }
        let pods = tags::pods(&self.program.entry().attributes);
        named.maybe("op_tags", tags::op_tags(&task.attributes, pods, None));
        named.maybe("retry_policy", tags::retry_policy(&task.attributes));
        let decorator = match component.outputs.len() {
            0 | 1 => "dg.asset",
            _ => "dg.multi_asset",
        };
        self.asset_unit(frame, here, decorator, named, scope, component.doc.clone());
        let place = match component.unnamed_output || component.outputs.is_empty() {
            true => Place::Value(Source::Asset(key)),
            false => {
                let ports = component.outputs.iter().zip(keys);
                let ports = ports.map(|(port, key)| (port.name.clone(), Source::Asset(key)));
                Place::Outputs(ports.collect())
            }
        };
        self.put(frame, node, place);
    }

    /// `ins` and `deps`: what is read, and what is only waited for.
    fn reads(&mut self, named: &mut Named, scope: &mut Scope, waits: &[Source]) {
        named.maybe("ins", ins(scope));
        let deps: Vec<Py> = waits
            .iter()
            .filter(|source| !scope.inputs.contains_key(*source))
            .filter_map(|source| match source {
                Source::Asset(key) => Some(asset_key(key)),
                _ => None,
            })
            .collect();
        if !deps.is_empty() {
            named.add("deps", Py::List(deps));
        }
    }

    fn asset_unit(
        &mut self,
        frame: usize,
        node: &Node,
        decorator: &str,
        mut named: Named,
        scope: Scope,
        doc: String,
    ) {
        let mut wanted = self.frames[frame].path.join("_");
        if !wanted.is_empty() {
            wanted.push('_');
        }
        let name = self.names.free(&format!("{wanted}{}", node.name));
        self.assets.push(name.clone());
        named.without_key(&name);
        let def = function(&name, &scope, Some("dg.AssetExecutionContext"));
        self.units.push(Unit {
            decorator: Some(Py::call_with(decorator, Vec::new(), named.all)),
            def,
            doc,
            body: scope.statements(),
        });
    }

    /// What a pipeline returns, as an asset of its own.
    fn asset_outputs(&mut self, frame: usize, gates: &[Source]) {
        let pipeline = self.pipeline(frame);
        let nested = self.frames[frame].call.is_some();
        if pipeline.outputs.is_empty() && !nested {
            return;
        }
        let mut scope = self.scope("context");
        let value = self.outputs_value(&mut scope, frame);
        let key = match nested {
            true => self.frames[frame]
                .path
                .iter()
                .map(|it| mangled(it))
                .collect(),
            false => vec![self.outputs_name(frame)],
        };
        let is_path = pipeline.unnamed_output && pipeline.outputs[0].ty.artifact().is_some();
        let args = vec![Py::name("context"), value, strings(&key), Py::bool(is_path)];
        scope.body.push(Stmt::Return(Py::call("_result", args)));
        let mut waits: Vec<Source> = gates.to_vec();
        if nested {
            let nodes = pipeline.body.nodes.iter();
            waits.extend(nodes.flat_map(|node| self.frames[frame].done[node].clone()));
        }
        let mut named = Named::new();
        named.add("key", strings(&key));
        self.reads(&mut named, &mut scope, &waits);
        named.add("group_name", Py::str(self.group(frame)));
        named.maybe("owners", self.owners());
        let name = self.names.free(&match nested {
            true => format!("{}_outputs", key.join("_")),
            false => key[0].clone(),
        });
        named.without_key(&name);
        self.assets.push(name.clone());
        self.units.push(Unit {
            decorator: Some(Py::call_with("dg.asset", Vec::new(), named.all)),
            def: function(&name, &scope, Some("dg.AssetExecutionContext")),
            doc: pipeline.doc.clone(),
            body: scope.statements(),
        });
    }

    /// The asset or op of the entry's outputs; nothing may be called as the job is.
    pub fn outputs_name(&self, frame: usize) -> String {
        let pipeline = self.pipeline(frame);
        let mut name = format!("{}_outputs", pipeline.name);
        let mut nodes = pipeline.body.nodes.iter();
        while nodes.any(|&node| pipeline.graph[node].name == name) {
            name.push('_');
        }
        name
    }

    /// The value of a call of a pipeline.
    pub fn outputs_value(&mut self, scope: &mut Scope, frame: usize) -> Py {
        let pipeline = self.pipeline(frame);
        if pipeline.unnamed_output {
            let output = &pipeline.outputs[0];
            return self.py_to(scope, frame, &output.value, &output.ty);
        }
        if pipeline.outputs.is_empty() {
            return Py::none();
        }
        let mut entries = Vec::new();
        for output in &pipeline.outputs {
            let value = self.py_to(scope, frame, &output.value, &output.ty);
            entries.push((Some(Py::str(output.name.clone())), value));
        }
        Py::Dict(entries)
    }

    /// An `if` or a loop: a graph of ops behind one asset.
    fn asset_graph(&mut self, frame: usize, node: NodeIndex, gates: &[Source]) {
        let here = &self.pipeline(frame).graph[node];
        let mut graph = self.scope("context");
        graph.is_graph = true;
        let path = self.frames[frame].path.clone();
        let site = Site {
            path: vec![Part::Text(path.iter().map(|it| format!("{it}.")).collect())],
            prefix: path.iter().map(|it| format!("{it}_")).collect(),
            gates: gates.to_vec(),
            limit: None,
        };
        let value = self.graph_block_node(&mut graph, frame, node, &site);
        let value = graph.read(&value);
        graph.body.push(Stmt::Return(value));
        let key = self.key(frame, &here.name);
        let mut named = Named::new();
        named.add("key", strings(&key));
        named.maybe("ins", ins(&graph));
        named.add("group_name", Py::str(self.group(frame)));
        named.maybe("owners", self.owners());
        let name = self.names.free(&site.named(&here.name));
        named.without_key(&name);
        self.assets.push(name.clone());
        self.units.push(Unit {
            decorator: Some(Py::call_with("dg.graph_asset", Vec::new(), named.all)),
            def: function(&name, &graph, None),
            doc: String::new(),
            body: graph.statements(),
        });
        self.put(frame, node, Place::Value(Source::Asset(key)));
    }

    /// A blocking check where it holds up no more than it should, else an asset that fails.
    fn asset_require(
        &mut self,
        frame: usize,
        node: NodeIndex,
        require: &'a Require,
        gates: &[Source],
    ) {
        let mut scope = self.scope("context");
        let condition = self.py(&mut scope, frame, &require.condition);
        let checked = self.checked(frame, node, require);
        let message = self.py(&mut scope, frame, &require.message);
        let wanted = match &checked {
            Some(key) => format!("check_{}", key.join("_")),
            None => "check".to_owned(),
        };
        let name = self.names.free(&wanted);
        let Some(key) = checked else {
            let call = Py::call("_require", vec![condition, message]);
            scope
                .body
                .extend([Stmt::Expr(call), Stmt::Return(Py::none())]);
            let waits: Vec<Source> = self
                .waits(frame, node)
                .iter()
                .chain(gates)
                .cloned()
                .collect();
            let key = self.key(frame, &name);
            let mut named = Named::new();
            named.add("key", strings(&key));
            self.reads(&mut named, &mut scope, &waits);
            named.add("group_name", Py::str(self.group(frame)));
            named.maybe("owners", self.owners());
            self.assets.push(name.clone());
            self.units.push(Unit {
                decorator: Some(Py::call_with("dg.asset", Vec::new(), named.all)),
                def: function(&name, &scope, Some("dg.AssetExecutionContext")),
                doc: String::new(),
                body: scope.statements(),
            });
            self.put(frame, node, Place::Value(Source::Asset(key)));
            return;
        };
        let mut others = scope.inputs.clone();
        others.shift_remove(&Source::Asset(key.clone()));
        let mut named = Named::new();
        named.add("asset", asset_key(&key));
        let more = others.iter().filter_map(|(source, name)| match source {
            Source::Asset(key) => Some((
                Some(Py::str(name.clone())),
                Py::call("dg.AssetIn", vec![asset_key(key)]),
            )),
            _ => None,
        });
        let more: Vec<_> = more.collect();
        if !more.is_empty() {
            named.add("additional_ins", Py::Dict(more));
        }
        named.add("blocking", Py::bool(true));
        scope
            .body
            .push(Stmt::assign("passed", Py::call("bool", vec![condition])));
        let description = Py::If {
            then: Py::none().into(),
            condition: Py::name("passed").into(),
            otherwise: message.into(),
        };
        scope.body.push(Stmt::Return(Py::call_with(
            "dg.AssetCheckResult",
            Vec::new(),
            vec![
                ("passed".to_owned(), Py::name("passed")),
                ("description".to_owned(), description),
            ],
        )));
        self.checks.push(name.clone());
        let mut def = function(&name, &scope, Some("dg.AssetCheckExecutionContext"));
        def.returns = Py::name("dg.AssetCheckResult");
        self.units.push(Unit {
            decorator: Some(Py::call_with("dg.asset_check", Vec::new(), named.all)),
            def,
            doc: String::new(),
            body: scope.statements(),
        });
        self.put(frame, node, Place::Value(Source::Asset(key)));
    }

    /// The asset that the condition reads last, if nothing reads it that stands above the `require`.
    fn checked(&mut self, frame: usize, node: NodeIndex, require: &Require) -> Option<Vec<String>> {
        let pipeline = self.pipeline(frame);
        let mut read: Vec<NodeIndex> = Vec::new();
        require.condition.for_each(&mut |expr| {
            if let ExprKind::Node(node) = expr.kind {
                read.push(node);
            }
        });
        let order = |node: &NodeIndex| pipeline.body.nodes.iter().position(|it| it == node);
        let last = *read.iter().max_by_key(|node| order(node))?;
        let reads = self.sources(frame, &require.condition);
        // What else it waits for would not hold up a check.
        if self.before_require(frame, node, &read) {
            return None;
        }
        let held = |other: NodeIndex| other == node || pipeline.graph.contains_edge(node, other);
        let readers = pipeline.graph.neighbors_directed(last, Direction::Outgoing);
        if !readers.into_iter().all(held) {
            return None;
        }
        // Others of its outputs would not be held up.
        let of_last: Vec<Source> = match &self.frames[frame].places[&last] {
            Place::Value(source) => vec![source.clone()],
            Place::Outputs(outputs) => outputs.values().cloned().collect(),
        };
        reads.into_iter().rev().find_map(|source| match source {
            Source::Asset(key) if of_last.contains(&Source::Asset(key.clone())) => Some(key),
            _ => None,
        })
    }

    /// Whether a `require` waits for what its condition doesn't read: for its message, or for another `require`.
    fn before_require(&self, frame: usize, node: NodeIndex, read: &[NodeIndex]) -> bool {
        let graph = &self.pipeline(frame).graph;
        graph
            .edges_directed(node, Direction::Incoming)
            .any(|edge| match edge.weight() {
                Edge::Data => false,
                Edge::Order => true,
                // A check that holds up what this one reads has passed by then.
                Edge::Gate => !read
                    .iter()
                    .any(|read| graph.contains_edge(edge.source(), *read)),
            })
    }

    pub fn owners(&self) -> Option<Py> {
        let owner = self.program.entry().attributes.owner.as_ref()?;
        Some(Py::List(vec![Py::str(tags::owner(owner))]))
    }
}

/// `ins` of the inputs whose name is not their key.
fn ins(scope: &Scope) -> Option<Py> {
    let ins = scope
        .inputs
        .iter()
        .filter_map(|(source, name)| match source {
            Source::Asset(key) if key.len() > 1 || key[0] != *name => Some((
                Some(Py::str(name.clone())),
                Py::call("dg.AssetIn", vec![asset_key(key)]),
            )),
            _ => None,
        });
    let ins: Vec<_> = ins.collect();
    (!ins.is_empty()).then_some(Py::Dict(ins))
}

pub fn asset_key(key: &[String]) -> Py {
    match key {
        [one] => Py::str(one.clone()),
        key => Py::call("dg.AssetKey", vec![strings(key)]),
    }
}

pub fn strings(texts: &[String]) -> Py {
    Py::List(texts.iter().cloned().map(Py::str).collect())
}

/// The head of a function of a scope.
pub fn function(name: &str, scope: &Scope, context: Option<&str>) -> Def {
    // Dagster looks at the annotation of what has several outputs.
    let returns = match scope.body.last() {
        Some(Stmt::Return(Py::Tuple(items))) => {
            Py::name("tuple").index(Py::Tuple(items.iter().map(|_| Py::name("Any")).collect()))
        }
        Some(Stmt::Expr(Py::Call(function, ..))) if **function == Py::name(BRANCH) => {
            Py::name("Iterator").index(Py::name("Any"))
        }
        _ => Py::name("Any"),
    };
    let mut params = Vec::new();
    params.extend(context.map(|context| param("context", context)));
    if scope.params {
        params.push(param("params", "Params"));
    }
    params.extend(scope.input_params());
    Def {
        name: name.to_owned(),
        params,
        returns,
    }
}
