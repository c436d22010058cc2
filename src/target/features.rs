//! What of the capability table a program uses, and where.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::Feature;
use crate::graph::{
    Block, Cache, Callee, Edge, Expr, ExprKind, For, NodeKind, Overlap, Param, ParamDefault,
    Pipeline, PipelineAttributes, Port, Program, RunField, Step, Task, TaskAttributes,
};
use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

/// A feature and a place that uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub feature: Feature,
    pub span: Span,
    /// The tasks for which the place uses it, where that is what it belongs to.
    pub tasks: Vec<Arc<TaskAttributes>>,
}

/// All that the program uses, in the order of its places; each feature once a place.
pub fn uses(program: &Program) -> Vec<Use> {
    let mut scan = Scan {
        program,
        found: IndexMap::new(),
        in_runtime_loop: false,
    };
    for component in &program.components {
        scan.component(component);
    }
    for (at, pipeline) in program.pipelines.iter().enumerate() {
        scan.pipeline(pipeline, at == program.entry.0);
    }
    let found = scan.found.into_iter();
    let mut found: Vec<Use> = found
        .map(|((feature, span), tasks)| Use {
            feature,
            span,
            tasks,
        })
        .collect();
    found.sort_by_key(|used| (used.span, used.feature));
    found
}

struct Scan<'a> {
    program: &'a Program,
    found: IndexMap<(Feature, Span), Vec<Arc<TaskAttributes>>>,
    /// A loop over a list that is known at run time only encloses what is looked at.
    in_runtime_loop: bool,
}

impl Scan<'_> {
    fn add(&mut self, feature: Feature, span: Span) {
        self.found.entry((feature, span)).or_default();
    }

    fn component(&mut self, component: &crate::graph::Component) {
        let step = match component.step {
            Step::Python(_) => Feature::PythonStep,
            Step::Run(_) => Feature::RunStep,
            Step::Shell(_) => Feature::ShellStep,
        };
        self.add(step, component.span);
        let command = step != Feature::PythonStep;
        for Port { ty, span, .. } in &component.inputs {
            self.port_type(ty, *span);
            if command && ty.is_optional() && ty.is_value() {
                self.add(Feature::OptionalValueInCommand, *span);
            }
        }
        for Port { ty, span, .. } in &component.outputs {
            self.port_type(ty, *span);
        }
    }

    fn port_type(&mut self, ty: &Type, span: Span) {
        if ty.artifact_list().is_some() {
            self.add(Feature::ArtifactList, span);
        } else if ty.artifact().is_some() {
            let artifact = if ty.is_optional() {
                Feature::OptionalArtifact
            } else {
                Feature::Artifact
            };
            self.add(artifact, span);
        } else {
            self.add(
                if ty.is_optional() {
                    Feature::OptionalValue
                } else {
                    Feature::Value
                },
                span,
            );
        }
        if ty.refinement().is_some() {
            self.add(Feature::Refinement, span);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, is_entry: bool) {
        for Param {
            ty, default, span, ..
        } in &pipeline.params
        {
            // A nested pipeline's parameters are wired like ports; what they hold shows at its tasks.
            if is_entry {
                if ty.artifact().is_some() {
                    self.add(Feature::ArtifactParameter, *span);
                }
                self.port_type(ty, *span);
                if let Some(ParamDefault::Run(field)) = default {
                    self.run_field(*field, *span);
                }
            }
        }
        if is_entry {
            self.pipeline_attributes(&pipeline.attributes);
        } else {
            self.nested_attributes(&pipeline.attributes);
        }
        self.block(pipeline, &pipeline.body);
        if let Some(finally) = &pipeline.finally {
            let span = finally
                .nodes
                .first()
                .map_or(pipeline.span, |&node| pipeline.graph[node].span);
            let feature = match is_entry {
                true => Feature::Finally,
                false => Feature::NestedFinally,
            };
            self.add(feature, span);
            let body: HashSet<_> = pipeline.body.nodes.iter().copied().collect();
            pipeline.for_each_expr(finally, &mut |expr| {
                if let ExprKind::Node(read) = expr.kind
                    && body.contains(&read)
                {
                    self.add(Feature::BodyValueInFinally, expr.span);
                }
            });
            self.block(pipeline, finally);
        }
        for output in &pipeline.outputs {
            self.expr(&output.value);
        }
    }

    fn block(&mut self, pipeline: &Pipeline, block: &Block) {
        // In a chain everything needs what came before. The nodes stand in such an order that in a chain each waits for the one
        // before it.
        let linked = |pair: &[NodeIndex]| pipeline.graph.contains_edge(pair[0], pair[1]);
        if !block.nodes.windows(2).all(linked) {
            self.add(Feature::KeepRunning, pipeline.span);
        }
        for &index in &block.nodes {
            let node = &pipeline.graph[index];
            let ordered = pipeline
                .graph
                .edges_directed(index, petgraph::Direction::Incoming)
                .any(|edge| *edge.weight() == Edge::Order);
            if ordered {
                self.add(Feature::After, node.span);
            }
            match &node.kind {
                NodeKind::Task(task) => self.task(pipeline, task, node.span),
                NodeKind::If(branching) => {
                    self.add(Feature::If, node.span);
                    if holds_artifact_list(&node.ty) {
                        self.add(Feature::ArtifactListFromBlock, node.span);
                    }
                    for branch in &branching.branches {
                        self.expr(&branch.condition);
                        self.block(pipeline, &branch.block);
                    }
                    if let Some(otherwise) = &branching.otherwise {
                        self.block(pipeline, otherwise);
                    }
                }
                NodeKind::For(looping) => {
                    self.add(Feature::For, node.span);
                    if matches!(looping.items.ty.base(), Type::List(item) if !item.is_value()) {
                        self.add(Feature::ForArtifacts, looping.items.span);
                    }
                    // The rounds need nothing of each other.
                    if !matches!(looping.items.constant(), Some(Value::List(items)) if items.len() < 2)
                    {
                        self.add(Feature::KeepRunning, pipeline.span);
                    }
                    if looping.limit.is_some() {
                        self.add(Feature::LoopLimit, node.span);
                        if holds_loop(self.program, pipeline, &looping.body, &|_| true) {
                            self.add(Feature::NestedLoopLimit, node.span);
                        }
                    }
                    if let Some(value) = &looping.body.value {
                        if holds_artifact_list(&value.ty) {
                            self.add(Feature::ArtifactListFromBlock, node.span);
                        }
                        self.gathered(&value.ty, node.span, is_runtime(looping));
                    }
                    self.expr(&looping.items);
                    let is_runtime = is_runtime(looping);
                    if self.in_runtime_loop && is_runtime {
                        self.add(Feature::NestedRuntimeFor, node.span);
                    }
                    let outer = self.in_runtime_loop;
                    self.in_runtime_loop |= is_runtime;
                    self.block(pipeline, &looping.body);
                    self.in_runtime_loop = outer;
                }
                NodeKind::Require(require) => {
                    self.add(Feature::Require, node.span);
                    self.expr(&require.condition);
                    self.expr(&require.message);
                }
            }
        }
        if let Some(value) = &block.value {
            self.expr(value);
        }
    }

    fn gathered(&mut self, ty: &Type, span: Span, runtime: bool) {
        match ty.base() {
            Type::Record(record) => {
                for field in record.fields.values() {
                    self.gathered(field, span, runtime);
                }
            }
            Type::Artifact(_) => {
                self.add(Feature::GatherArtifacts, span);
                if runtime {
                    self.add(Feature::GatherRuntimeArtifacts, span);
                }
            }
            other if other.artifact_list().is_some() => {}
            Type::Nothing | Type::Unknown => {}
            _ => self.add(Feature::GatherValues, span),
        }
    }

    fn task(&mut self, pipeline: &Pipeline, task: &Task, span: Span) {
        match task.callee {
            Callee::Pipeline(id) => {
                self.add(Feature::NestedPipeline, span);
                let callee = &self.program[id];
                let blocks = [Some(&callee.body), callee.finally.as_ref()];
                let loops = |block| holds_loop(self.program, callee, block, &is_runtime);
                if self.in_runtime_loop && blocks.into_iter().flatten().any(loops) {
                    self.add(Feature::NestedRuntimeFor, span);
                }
                if task.attributes.timeout.is_some() {
                    self.add(
                        Feature::NestedTimeout,
                        task.attributes.spans.get("timeout").unwrap_or(span),
                    );
                }
                for arg in &task.args {
                    self.expr(&arg.value);
                }
            }
            Callee::Component(id) => {
                let component = &self.program[id];
                self.task_attributes(&task.attributes, span, component);
                let command = !matches!(component.step, Step::Python(_));
                for arg in &task.args {
                    self.expr(&arg.value);
                    if computed(self.program, pipeline, &arg.value) {
                        self.add(Feature::RuntimeExpression, arg.value.span);
                        if command {
                            self.add(Feature::RuntimeExpressionInCommand, arg.value.span);
                        }
                    }
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        let mut fields = Vec::new();
        expr.for_each(&mut |inner| {
            if let ExprKind::Run(field) = inner.kind {
                fields.push((field, inner.span));
            }
        });
        for (field, span) in fields {
            self.run_field(field, span);
        }
    }

    fn run_field(&mut self, field: RunField, span: Span) {
        let feature = match field {
            RunField::Id => Feature::RunId,
            RunField::Name => Feature::RunName,
            RunField::Date => Feature::RunDate,
            RunField::IntervalStart | RunField::IntervalEnd => Feature::RunInterval,
            RunField::Status => Feature::RunStatus,
        };
        self.add(feature, span);
    }

    fn task_attributes(
        &mut self,
        attributes: &Arc<TaskAttributes>,
        span: Span,
        component: &crate::graph::Component,
    ) {
        let at = |name: &str| attributes.spans.get(name).unwrap_or(span);
        let resources = &attributes.resources;
        let retry = &attributes.retry;
        let python = matches!(component.step, Step::Python(_));
        for (used, feature, span) in [
            (attributes.image.is_some(), Feature::Image, at("image")),
            (
                python && !attributes.packages.is_empty(),
                Feature::Packages,
                at("packages"),
            ),
            (resources.cpu.is_some(), Feature::Cpu, at("resources.cpu")),
            (
                resources.memory.is_some(),
                Feature::Memory,
                at("resources.memory"),
            ),
            (resources.gpu.is_some(), Feature::Gpu, at("resources.gpu")),
            (
                resources.disk.is_some(),
                Feature::Disk,
                at("resources.disk"),
            ),
            (retry.attempts > 1, Feature::Retry, at("retry.attempts")),
            (
                retry.backoff.fract() != 0.0,
                Feature::FractionalBackoff,
                at("retry.backoff"),
            ),
            (
                retry.max_delay.is_some(),
                Feature::MaxDelay,
                at("retry.max_delay"),
            ),
            (
                attributes.timeout.is_some(),
                Feature::Timeout,
                at("timeout"),
            ),
            (attributes.cache != Cache::Off, Feature::Cache, at("cache")),
            (
                matches!(attributes.cache, Cache::For(_)),
                Feature::CacheDuration,
                at("cache"),
            ),
            (!attributes.env.is_empty(), Feature::Env, at("env")),
            (
                !attributes.secrets.is_empty(),
                Feature::Secrets,
                at("secrets"),
            ),
            (!attributes.labels.is_empty(), Feature::Labels, at("labels")),
            (
                attributes.kubernetes != crate::graph::Kubernetes::default(),
                Feature::Kubernetes,
                at("kubernetes"),
            ),
        ] {
            if used {
                let tasks = self.found.entry((feature, span)).or_default();
                if !tasks.contains(attributes) {
                    tasks.push(attributes.clone());
                }
            }
        }
    }

    /// What says when a run starts and what it is called counts for the pipeline that runs alone.
    fn nested_attributes(&mut self, attributes: &PipelineAttributes) {
        for (name, feature) in [
            ("timeout", Feature::NestedTimeout),
            ("parallelism", Feature::NestedParallelism),
        ] {
            if let Some(span) = attributes.spans.get(name) {
                self.add(feature, span);
            }
        }
    }

    fn pipeline_attributes(&mut self, attributes: &PipelineAttributes) {
        // Every attribute that is set has a span.
        let mut add = |name: &str, feature| {
            if let Some(span) = attributes.spans.get(name) {
                self.add(feature, span);
            }
        };
        for (name, feature) in [
            ("owner", Feature::Owner),
            ("tags", Feature::Tags),
            ("notify", Feature::Notify),
            ("timeout", Feature::PipelineTimeout),
            ("parallelism", Feature::Parallelism),
            ("labels", Feature::PipelineLabels),
            ("schedule", Feature::Schedule),
        ] {
            add(name, feature);
        }
        if attributes.depends_on_past {
            add("depends_on_past", Feature::DependsOnPast);
        }
        if let Some(schedule) = &attributes.schedule {
            if schedule.catchup {
                add("schedule.catchup", Feature::Catchup);
            }
            match schedule.overlap {
                Overlap::Allow => {}
                Overlap::Forbid => add("schedule.overlap", Feature::OverlapForbid),
                Overlap::Queue => add("schedule.overlap", Feature::OverlapQueue),
                Overlap::Replace => add("schedule.overlap", Feature::OverlapReplace),
            }
        }
    }
}

/// Whether an argument is computed when the task starts, rather than a constant or what a producer gave as it is.
fn computed(program: &Program, pipeline: &Pipeline, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Run(_)
        | ExprKind::Node(_)
        | ExprKind::Item(_) => false,
        ExprKind::Field(..) => program.port_of(pipeline, expr).is_none(),
        // A list of artifacts is wired, not computed.
        ExprKind::List(items) if expr.ty.artifact_list().is_some() => {
            items.iter().any(|item| computed(program, pipeline, item))
        }
        _ => true,
    }
}

/// A list of artifacts is the value, or a field of it.
fn holds_artifact_list(ty: &Type) -> bool {
    match ty.base() {
        Type::Record(record) => record.fields.values().any(holds_artifact_list),
        other => other.artifact_list().is_some(),
    }
}

fn is_runtime(looping: &For) -> bool {
    looping.items.constant().is_none()
}

/// A loop of which `which` is true stands in the block, or in a pipeline that it calls.
pub fn holds_loop(
    program: &Program,
    pipeline: &Pipeline,
    block: &Block,
    which: &dyn Fn(&For) -> bool,
) -> bool {
    let mut nodes = pipeline.nodes_within(block).into_iter();
    nodes.any(|node| match &pipeline.graph[node].kind {
        NodeKind::For(looping) => which(looping),
        NodeKind::Task(task) => match task.callee {
            Callee::Component(_) => false,
            Callee::Pipeline(id) => {
                let callee = &program[id];
                let blocks = [Some(&callee.body), callee.finally.as_ref()];
                let mut blocks = blocks.into_iter().flatten();
                blocks.any(|block| holds_loop(program, callee, block, which))
            }
        },
        NodeKind::If(_) | NodeKind::Require(_) => false,
    })
}
