//! Blocks as statements: the flow, nested pipelines, branches, the bodies of loops.

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::module::{Function, Module};
use super::params;
use super::scope::{Free, SUPPORT, Scope, free_of};
use super::steps::{duration, seconds};
use crate::emit::python::{Def, Param, Py, Stmt};
use crate::graph::{Block, Edge, NodeKind, Notify, NotifyOn, Pipeline, PipelineId, Task};
use crate::types::Type;
use crate::value::Value;

fn support(name: &str) -> String {
    format!("{SUPPORT}.{name}")
}

/// Decorates a task that starts others.
fn block_task(name: &str) -> Py {
    Py::call_with(
        "task",
        Vec::new(),
        vec![
            ("name".into(), Py::str(name)),
            ("cache_policy".into(), Py::name("NO_CACHE")),
            ("persist_result".into(), Py::bool(false)),
        ],
    )
}

/// Where statements are put: the variable that holds the block, and what its function reads.
struct Place<'m, 'a> {
    module: &'m mut Module<'a>,
    id: PipelineId,
    block: String,
}

/// The function of the entry.
pub fn entry(module: &mut Module, name: String) -> Function {
    let (program, id) = (module.program, module.program.entry);
    let pipeline = &program[id];
    let facts = module.facts.clone();
    let mut scope = Scope::new(pipeline, &facts, &module.globals);
    let (params, mut body) = params::flow(module, &mut scope);
    if let Some(schedule) = &pipeline.attributes.schedule
        && (schedule.start.is_some() || schedule.end.is_some())
    {
        let bound = |bound: &Option<String>| bound.clone().map_or(Py::none(), Py::str);
        let args = vec![
            bound(&schedule.start),
            bound(&schedule.end),
            Py::str(schedule.timezone.clone()),
        ];
        let skipped = Stmt::Return(Py::call(&support("skipped"), Vec::new()));
        body.push(Stmt::If {
            branches: vec![(Py::call(&support("is_out_of_season"), args), vec![skipped])],
            otherwise: Vec::new(),
        });
    }
    body.extend(pipeline_body(module, id, scope, Vec::new()));
    let mut named = vec![("name".to_owned(), Py::str(pipeline.name.clone()))];
    if let Some(Value::Str(version)) = pipeline.attributes.targets.get("prefect", "version") {
        named.push(("version".into(), Py::str(version.clone())));
    }
    if let Some(timeout) = pipeline.attributes.timeout {
        named.push(("timeout_seconds".into(), seconds(timeout)));
    }
    named.push((
        "task_runner".into(),
        Py::call(&support("threads"), Vec::new()),
    ));
    named.push(("persist_result".into(), Py::bool(true)));
    named.push(("result_serializer".into(), Py::str("json")));
    if let Some(Value::Bool(log_prints)) = pipeline.attributes.targets.get("prefect", "log_prints")
    {
        named.push(("log_prints".into(), Py::bool(*log_prints)));
    }
    if let Some(notify) = &pipeline.attributes.notify {
        named.extend(hooks(notify));
    }
    Function {
        decorator: Py::call_with("flow", Vec::new(), named),
        def: Def {
            name,
            params,
            returns: Py::name("Any"),
        },
        // A deployment reads the text as a template.
        doc: pipeline.doc.replace("{{", "{ {"),
        body,
    }
}

fn hooks(notify: &Notify) -> Vec<(String, Py)> {
    let to = Py::List(notify.email.iter().cloned().map(Py::str).collect());
    let hook = Py::List(vec![Py::call(&support("mail"), vec![to])]);
    let mut hooks = Vec::new();
    if notify.on.contains(&NotifyOn::Success) {
        hooks.push(("on_completion".to_owned(), hook.clone()));
    }
    if notify.on.contains(&NotifyOn::Failure) {
        hooks.push(("on_failure".to_owned(), hook.clone()));
        hooks.push(("on_crashed".to_owned(), hook));
    }
    hooks
}

/// The functions of a nested pipeline: a task, and where subflows are asked for a flow that it calls.
pub fn nested(module: &mut Module, id: PipelineId, timeout: Option<f64>, name: String) {
    let pipeline = &module.program[id];
    let facts = module.facts.clone();
    let mut scope = Scope::new(pipeline, &facts, &module.globals);
    let params: Vec<Param> = pipeline
        .params
        .iter()
        .map(|param| scope.param(Free::Param(param.name.clone())))
        .collect();
    let own = pipeline.attributes.timeout.map(|limit| limit.as_secs_f64());
    let timeout = match (own, timeout) {
        (Some(own), Some(given)) => Some(own.min(given)),
        (own, given) => own.or(given),
    };
    let mut options = Vec::new();
    if let Some(timeout) = timeout {
        options.push(("timeout".to_owned(), duration(timeout)));
    }
    let def = |name: &str| Def {
        name: name.to_owned(),
        params: params.clone(),
        returns: Py::name("Any"),
    };
    let Some(flow) = module.subflow_of(&name) else {
        options.insert(0, ("names_inside".to_owned(), Py::bool(true)));
        let body = pipeline_body(module, id, scope, options);
        module.functions.push(Function {
            decorator: block_task(&pipeline.name),
            def: def(&name),
            doc: pipeline.doc.clone(),
            body,
        });
        return;
    };
    let block = scope.clone().names.free("block");
    let body = pipeline_body(module, id, scope, options);
    let named = vec![
        ("name".to_owned(), Py::str(pipeline.name.clone())),
        (
            "task_runner".into(),
            Py::call(&support("threads"), Vec::new()),
        ),
        ("validate_parameters".into(), Py::bool(false)),
        ("persist_result".into(), Py::bool(false)),
    ];
    module.functions.push(Function {
        decorator: Py::call_with("flow", Vec::new(), named),
        def: def(&flow),
        doc: pipeline.doc.clone(),
        body,
    });
    let args = params
        .iter()
        .map(|param| (param.name.clone(), Py::name(param.name.clone())));
    let call = Py::call_with(&flow, Vec::new(), args.collect());
    let inside = vec![("names_inside".to_owned(), Py::bool(true))];
    let with = Stmt::With {
        value: Py::call_with(&support("Block"), Vec::new(), inside),
        name: Some(block.clone()),
        body: vec![Stmt::Expr(Py::call(
            &format!("{block}.returns"),
            vec![call],
        ))],
    };
    let result = Stmt::Return(Py::call(&format!("{block}.result"), Vec::new()));
    module.functions.push(Function {
        decorator: block_task(&pipeline.name),
        def: def(&name),
        doc: String::new(),
        body: vec![with, result],
    });
}

/// A pipeline's body, its `finally`, and what it returns.
fn pipeline_body(
    module: &mut Module,
    id: PipelineId,
    mut scope: Scope,
    mut options: Vec<(String, Py)>,
) -> Vec<Stmt> {
    let pipeline = &module.program[id];
    if let Some(parallelism) = pipeline.attributes.parallelism {
        options.push(("parallelism".to_owned(), Py::int(parallelism.into())));
    }
    let block = scope.names.free("block");
    let mut place = Place {
        module,
        id,
        block: block.clone(),
    };
    let mut body = place.statements(&mut scope, &pipeline.body);
    if !pipeline.outputs.is_empty() {
        let is_entry = id == place.module.program.entry;
        let value = match pipeline.outputs.as_slice() {
            [only] if pipeline.unnamed_output && !is_entry => scope.value(&only.value, &only.ty),
            outputs => {
                let entries = outputs.iter().map(|output| {
                    (
                        Some(Py::str(output.name.clone())),
                        scope.value(&output.value, &output.ty),
                    )
                });
                Py::Dict(entries.collect())
            }
        };
        body.push(Stmt::Expr(Py::call(
            &format!("{block}.returns"),
            vec![value],
        )));
    }
    let mut statements = vec![Stmt::With {
        value: Py::call_with(&support("Block"), Vec::new(), options),
        name: Some(block.clone()),
        body,
    }];
    let mut end = block.clone();
    if let Some(finally) = &pipeline.finally {
        end = scope.names.free("last");
        let inner = place.finally(&mut scope, finally, &end);
        let after = vec![("after".to_owned(), Py::name(block))];
        statements.push(Stmt::With {
            value: Py::call_with(&support("Block"), Vec::new(), after),
            name: Some(end.clone()),
            body: inner,
        });
    }
    statements.push(Stmt::Return(Py::call(&format!("{end}.result"), Vec::new())));
    statements
}

impl Place<'_, '_> {
    /// `finally`: the body's values are there, or absent.
    fn finally(&mut self, scope: &mut Scope, finally: &Block, last: &str) -> Vec<Stmt> {
        let pipeline = scope.pipeline;
        let mut statements = Vec::new();
        let mut read: Vec<NodeIndex> = Vec::new();
        let mut status = false;
        pipeline.for_each_expr(finally, &mut |expr| match &expr.kind {
            crate::graph::ExprKind::Node(node)
                if pipeline.body.nodes.contains(node) && !read.contains(node) =>
            {
                read.push(*node);
            }
            crate::graph::ExprKind::Run(crate::graph::RunField::Status) => status = true,
            _ => {}
        });
        for node in read {
            let name = scope.arrived(node);
            let args = vec![Py::str(pipeline.graph[node].name.clone())];
            let value = Py::call(&format!("{}.value", self.block), args);
            statements.push(Stmt::assign(name, value));
        }
        if status {
            let name = scope.names.free("status");
            scope.know(Free::Status, name.clone());
            let value = Py::name(self.block.clone()).attribute("status");
            statements.push(Stmt::assign(name, value));
        }
        let block = std::mem::replace(&mut self.block, last.to_owned());
        statements.extend(self.statements(scope, finally));
        self.block = block;
        statements
    }

    fn statements(&mut self, scope: &mut Scope, block: &Block) -> Vec<Stmt> {
        // Those that something here reads or waits for have a variable.
        let mut used: Vec<NodeIndex> = Vec::new();
        let pipeline = scope.pipeline;
        pipeline.for_each_expr(block, &mut |expr| {
            if let crate::graph::ExprKind::Node(node) = &expr.kind {
                used.push(*node);
            }
        });
        for output in &pipeline.outputs {
            output.value.for_each(&mut |expr| {
                if let crate::graph::ExprKind::Node(node) = &expr.kind {
                    used.push(*node);
                }
            });
        }
        if let Some(finally) = &pipeline.finally {
            pipeline.for_each_expr(finally, &mut |expr| {
                if let crate::graph::ExprKind::Node(node) = &expr.kind {
                    used.push(*node);
                }
            });
        }
        for &node in &block.nodes {
            used.extend(self.before(pipeline, node));
        }
        let mut statements = Vec::new();
        for &node in &block.nodes {
            let call = self.statement(scope, node);
            statements.push(if used.contains(&node) {
                Stmt::assign(scope.task(node), call)
            } else {
                Stmt::Expr(call)
            });
        }
        statements
    }

    /// What a node is `after`.
    fn before(&self, pipeline: &Pipeline, node: NodeIndex) -> Vec<NodeIndex> {
        let mut before: Vec<NodeIndex> = pipeline
            .graph
            .edges_directed(node, Direction::Incoming)
            .filter(|edge| *edge.weight() == Edge::Order)
            .map(|edge| edge.source())
            .collect();
        before.sort();
        before.dedup();
        before
    }

    fn statement(&mut self, scope: &mut Scope, index: NodeIndex) -> Py {
        let pipeline = scope.pipeline;
        let node = &pipeline.graph[index];
        let method = |name: &str| format!("{}.{name}", self.block);
        let after: Vec<Py> = self
            .before(pipeline, index)
            .into_iter()
            .map(|before| Py::name(scope.name(&Free::Node(before))))
            .collect();
        let mut named = Vec::new();
        if !after.is_empty() {
            named.push(("after".to_owned(), Py::List(after)));
        }
        let name = Py::str(node.name.clone());
        match &node.kind {
            NodeKind::Task(task) => {
                let inputs = self.inputs(scope, task);
                let function = Py::name(self.module.function_of(task));
                Py::call_with(&method("submit"), vec![name, function, inputs], named)
            }
            NodeKind::Require(require) => {
                let condition = scope.given(&require.condition);
                let message = scope.given(&require.message);
                Py::call_with(&method("require"), vec![name, condition, message], named)
            }
            NodeKind::If(_) => {
                let submit = method("submit");
                let free = free_of(pipeline, index, true);
                let given = self.passed(scope, &free);
                let (function, params) = self.branches(scope, index, &free);
                let inputs = dict(params.iter().zip(given));
                Py::call_with(&submit, vec![name, Py::name(function), inputs], named)
            }
            NodeKind::For(each) => {
                let start = method("loop");
                let free = free_of(pipeline, index, false);
                let given = self.passed(scope, &free);
                let items = scope.given(&each.items);
                let (function, variable, params) = self.repeated(scope, index, &free);
                let inputs = dict(params.iter().zip(given));
                if let Some(limit) = each.limit {
                    named.insert(0, ("limit".to_owned(), Py::int(limit.into())));
                }
                let args = vec![name, Py::name(function), Py::str(variable), items, inputs];
                Py::call_with(&start, args, named)
            }
        }
    }

    fn inputs(&self, scope: &Scope, task: &Task) -> Py {
        let names: Vec<(String, &Type)> = match task.callee {
            crate::graph::Callee::Component(id) => {
                let component = self.module.component(id);
                super::steps::param_names(self.module, component)
                    .into_iter()
                    .zip(component.inputs.iter().map(|port| &port.ty))
                    .collect()
            }
            crate::graph::Callee::Pipeline(id) => {
                let callee = &self.module.program[id];
                let facts = self.module.facts.clone();
                let mut inner = Scope::new(callee, &facts, &self.module.globals);
                callee
                    .params
                    .iter()
                    .map(|param| (inner.param(Free::Param(param.name.clone())).name, &param.ty))
                    .collect()
            }
        };
        let entries = names.into_iter().zip(&task.args).map(|((name, ty), arg)| {
            let value = match (arg.value.constant(), ty.artifact()) {
                // A location that a nested pipeline imports.
                (Some(Value::Str(location)), Some(_)) => {
                    Py::call(&support("location"), vec![Py::str(location.clone())])
                }
                _ => scope.value(&arg.value, ty),
            };
            (Some(Py::str(name)), value)
        });
        Py::Dict(entries.collect())
    }

    /// What a block's function is given here.
    fn passed(&self, scope: &Scope, free: &[Free]) -> Vec<Py> {
        free.iter().map(|free| Py::name(scope.name(free))).collect()
    }

    /// The function of an `if`.
    fn branches(
        &mut self,
        outer: &Scope,
        index: NodeIndex,
        free: &[Free],
    ) -> (String, Vec<String>) {
        let pipeline = outer.pipeline;
        let node = &pipeline.graph[index];
        let NodeKind::If(branching) = &node.kind else {
            unreachable!("asked for an `if`")
        };
        let mut scope = Scope::new(pipeline, outer.run, &self.module.globals);
        let params: Vec<Param> = free.iter().map(|free| scope.param(free.clone())).collect();
        let block = scope.names.free("block");
        let mut place = Place {
            module: &mut *self.module,
            id: self.id,
            block: block.clone(),
        };
        let mut branches = Vec::new();
        for branch in &branching.branches {
            let condition = scope.now(&branch.condition);
            // At most one branch runs: they may use the same names.
            let mut inner = scope.clone();
            branches.push((condition, place.valued(&mut inner, &branch.block, &node.ty)));
        }
        let otherwise = match &branching.otherwise {
            Some(otherwise) => place.valued(&mut scope.clone(), otherwise, &node.ty),
            None => Vec::new(),
        };
        let body = vec![
            Stmt::With {
                value: Py::call(&support("Block"), Vec::new()),
                name: Some(block.clone()),
                body: vec![Stmt::If {
                    branches,
                    otherwise,
                }],
            },
            Stmt::Return(Py::call(&format!("{block}.result"), Vec::new())),
        ];
        let names = params.iter().map(|param| param.name.clone()).collect();
        let function = self.module.block_of(self.id, index).to_owned();
        self.function(&node.name, &function, params, body);
        (function, names)
    }

    /// The function of a loop's body, and what it calls the item.
    fn repeated(
        &mut self,
        outer: &Scope,
        index: NodeIndex,
        free: &[Free],
    ) -> (String, String, Vec<String>) {
        let pipeline = outer.pipeline;
        let node = &pipeline.graph[index];
        let NodeKind::For(each) = &node.kind else {
            unreachable!("asked for a loop")
        };
        let mut scope = Scope::new(pipeline, outer.run, &self.module.globals);
        let mut params = vec![scope.param(Free::Item(index))];
        params.extend(free.iter().map(|free| scope.param(free.clone())));
        let block = scope.names.free("block");
        let mut place = Place {
            module: &mut *self.module,
            id: self.id,
            block: block.clone(),
        };
        let ty = match &node.ty {
            Type::List(item) => item,
            other => other,
        };
        let inner = place.valued(&mut scope, &each.body, ty);
        let inside = vec![("names_inside".to_owned(), Py::bool(true))];
        let body = vec![
            Stmt::With {
                value: Py::call_with(&support("Block"), Vec::new(), inside),
                name: Some(block.clone()),
                body: inner,
            },
            Stmt::Return(Py::call(&format!("{block}.result"), Vec::new())),
        ];
        let mut names: Vec<String> = params.iter().map(|param| param.name.clone()).collect();
        let function = self.module.block_of(self.id, index).to_owned();
        self.function(&node.name, &function, params, body);
        let variable = names.remove(0);
        (function, variable, names)
    }

    /// The statements of a block that gives a value of a type.
    fn valued(&mut self, scope: &mut Scope, block: &Block, ty: &Type) -> Vec<Stmt> {
        let mut statements = self.statements(scope, block);
        if let Some(value) = &block.value
            && !matches!(ty, Type::Nothing)
        {
            let value = scope.value(value, ty);
            statements.push(Stmt::Expr(Py::call(
                &format!("{}.returns", self.block),
                vec![value],
            )));
        }
        if statements.is_empty() {
            statements.push(Stmt::Pass);
        }
        statements
    }

    fn function(&mut self, name: &str, function: &str, params: Vec<Param>, body: Vec<Stmt>) {
        // A pipeline that is called with two time-outs has its blocks once.
        if self
            .module
            .functions
            .iter()
            .any(|known| known.def.name == function)
        {
            return;
        }
        self.module.functions.push(Function {
            decorator: block_task(name),
            def: Def {
                name: function.to_owned(),
                params,
                returns: Py::name("Any"),
            },
            doc: String::new(),
            body,
        });
    }
}

fn dict<'a>(entries: impl Iterator<Item = (&'a String, Py)>) -> Py {
    Py::Dict(
        entries
            .map(|(name, value)| (Some(Py::str(name.clone())), value))
            .collect(),
    )
}
