//! From the IR to the plan. The shapes are close: what is left is to name what the IR numbers, to merge attributes into plain
//! numbers and to say where an int becomes a float.

use std::collections::HashSet;

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::graph as ir;
use crate::plan::{self, Expr, Type};
use crate::types;

/// The plan of a program.
pub fn lower(program: &ir::Program) -> plan::Plan {
    let names = pipeline_names(program);
    let pipeline = |id: usize| Lowering {
        program,
        pipeline: &program.pipelines[id],
        names: &names,
    };
    let entry = pipeline(program.entry.0);
    let sources = program.sources.iter().enumerate().map(|(at, source)| {
        let text = source.text.to_string();
        let path = source.path.clone();
        (
            source_name(ir::PythonSourceId(at)),
            plan::Source { path, text },
        )
    });
    plan::Plan {
        mlpc_plan: plan::VERSION,
        pipeline: entry.pipeline.name.clone(),
        doc: entry.pipeline.doc.clone(),
        params: entry.params(),
        timeout: entry
            .pipeline
            .attributes
            .timeout
            .map(|limit| limit.as_secs_f64()),
        parallelism: entry.pipeline.attributes.parallelism,
        notify: entry.pipeline.attributes.notify.as_ref().map(notify),
        sources: sources.collect(),
        components: program
            .components
            .iter()
            .map(|it| (it.name.clone(), component(it)))
            .collect(),
        pipelines: (0..program.pipelines.len())
            .filter(|id| *id != program.entry.0)
            .map(|id| (names[id].clone(), pipeline(id).nested()))
            .collect(),
        body: entry.block(&entry.pipeline.body),
        finally: entry.finally(),
        outputs: entry.outputs(),
    }
}

/// A name for each pipeline: two files may define the same one.
fn pipeline_names(program: &ir::Program) -> Vec<String> {
    let mut taken = HashSet::new();
    let unique = |pipeline: &ir::Pipeline| {
        let mut name = pipeline.name.clone();
        let mut count = 1;
        while !taken.insert(name.clone()) {
            count += 1;
            name = format!("{}_{count}", pipeline.name);
        }
        name
    };
    program.pipelines.iter().map(unique).collect()
}

fn source_name(id: ir::PythonSourceId) -> String {
    format!("s{}", id.0 + 1)
}

fn notify(notify: &ir::Notify) -> plan::Notify {
    let on = notify.on.iter().map(|on| match on {
        ir::NotifyOn::Success => plan::NotifyOn::Success,
        ir::NotifyOn::Failure => plan::NotifyOn::Failure,
    });
    plan::Notify {
        email: notify.email.clone(),
        on: on.collect(),
    }
}

fn component(component: &ir::Component) -> plan::Component {
    let inputs = |pass: &dyn Fn(usize) -> plan::Pass| {
        let ports = component.inputs.iter().enumerate();
        ports
            .map(|(at, port)| plan::Input {
                name: port.name.clone(),
                ty: ty(&port.ty),
                pass: pass(at),
            })
            .collect()
    };
    let outputs = |give: &dyn Fn(usize) -> plan::Give| {
        let ports = component.outputs.iter().enumerate();
        ports
            .map(|(at, port)| plan::Output {
                name: port.name.clone(),
                ty: ty(&port.ty),
                give: give(at),
            })
            .collect()
    };
    let (doc, unnamed) = (component.doc.clone(), component.unnamed_output);
    match &component.step {
        ir::Step::Python(step) => {
            let (source, module) = match &step.code {
                ir::PythonCode::Embedded(id) => (Some(source_name(*id)), None),
                ir::PythonCode::Installed { module } => (None, Some(module.clone())),
            };
            plan::Component::Python(plan::Python {
                doc,
                source,
                module,
                function: step.function.clone(),
                inputs: inputs(&|at| match step.inputs[at] {
                    ir::PythonInput::Value => plan::Pass::Value,
                    ir::PythonInput::Str => plan::Pass::Str,
                    ir::PythonInput::Path => plan::Pass::Path,
                }),
                outputs: outputs(&|at| match step.outputs[at] {
                    ir::PythonOutput::Returned => plan::Give::Returned,
                    ir::PythonOutput::StrParameter => plan::Give::Str,
                    ir::PythonOutput::PathParameter => plan::Give::Path,
                }),
                unnamed,
            })
        }
        ir::Step::Run(words) => plan::Component::Run(plan::Run {
            doc,
            argv: words.iter().map(word).collect(),
            inputs: inputs(&|_| plan::Pass::default()),
            outputs: outputs(&|_| plan::Give::default()),
            unnamed,
        }),
        ir::Step::Shell(script) => plan::Component::Shell(plan::Shell {
            doc,
            script: script.clone(),
            inputs: inputs(&|_| plan::Pass::default()),
            outputs: outputs(&|_| plan::Give::default()),
            unnamed,
        }),
    }
}

fn word(word: &ir::Word) -> plan::Word {
    match word {
        ir::Word::One(parts) => joined(parts),
        ir::Word::Group(words) => plan::Word::Group {
            group: words.iter().map(|parts| joined(parts)).collect(),
        },
    }
}

fn joined(parts: &[ir::Part]) -> plan::Word {
    match parts {
        [] => plan::Word::Text(String::new()),
        [ir::Part::Text(text)] => plan::Word::Text(text.clone()),
        [ir::Part::Port(port)] => plan::Word::Port { port: port.clone() },
        parts => plan::Word::Join {
            join: parts
                .iter()
                .map(|part| match part {
                    ir::Part::Text(text) => plan::Part::Text(text.clone()),
                    ir::Part::Port(port) => plan::Part::Port { port: port.clone() },
                })
                .collect(),
        },
    }
}

/// A type without what only the compiler looks at: names, formats, columns.
pub(super) fn ty(ty_: &types::Type) -> Type {
    match ty_ {
        types::Type::Str => Type::Str,
        types::Type::Int => Type::Int,
        types::Type::Float => Type::Float,
        types::Type::Bool => Type::Bool,
        types::Type::Date => Type::Date,
        types::Type::DateTime => Type::DateTime,
        types::Type::List(item) => Type::List(Box::new(ty(item))),
        types::Type::Dict(item) => Type::Dict(Box::new(ty(item))),
        types::Type::Record(record) => Type::Record(
            record
                .fields
                .iter()
                .map(|(name, field)| (name.clone(), ty(field)))
                .collect(),
        ),
        types::Type::Optional(inner) => Type::Optional(Box::new(ty(inner))),
        types::Type::Artifact(artifact) => Type::Artifact(artifact.kind.name().to_owned()),
        types::Type::Refined(refined) => {
            let base = match &refined.base {
                types::Type::Str => plan::Scalar::Str,
                types::Type::Int => plan::Scalar::Int,
                types::Type::Float => plan::Scalar::Float,
                types::Type::Bool => plan::Scalar::Bool,
                types::Type::Date => plan::Scalar::Date,
                types::Type::DateTime => plan::Scalar::DateTime,
                other => unreachable!("only scalars are refined, not `{other}`"),
            };
            let mut plain = plan::Refined {
                base,
                min: None,
                max: None,
                one_of: None,
                matches: None,
            };
            match &refined.refinement {
                types::Refinement::Range { min, max } => {
                    plain.min = Some(min.clone());
                    plain.max = Some(max.clone());
                }
                types::Refinement::OneOf(choices) => plain.one_of = Some(choices.clone()),
                types::Refinement::Matches(pattern) => plain.matches = Some(pattern.clone()),
            }
            Type::Refined(plain)
        }
        types::Type::Nothing | types::Type::Unknown => {
            unreachable!("a checked program has no value of type {ty_}")
        }
    }
}

/// One pipeline being lowered.
struct Lowering<'a> {
    program: &'a ir::Program,
    pipeline: &'a ir::Pipeline,
    /// What the pipelines are called in the plan.
    names: &'a [String],
}

impl Lowering<'_> {
    fn nested(&self) -> plan::Pipeline {
        plan::Pipeline {
            doc: self.pipeline.doc.clone(),
            params: self.params(),
            timeout: self
                .pipeline
                .attributes
                .timeout
                .map(|limit| limit.as_secs_f64()),
            parallelism: self.pipeline.attributes.parallelism,
            body: self.block(&self.pipeline.body),
            finally: self.finally(),
            outputs: self.outputs(),
            unnamed: self.pipeline.unnamed_output,
        }
    }

    fn params(&self) -> Vec<plan::Param> {
        let param = |param: &ir::Param| {
            let (default, default_run) = match &param.default {
                None => (None, None),
                // Absent is what an optional without a default is, too.
                Some(ir::ParamDefault::Const(value)) => {
                    ((!value.is_absent()).then(|| value.clone()), None)
                }
                Some(ir::ParamDefault::Run(field)) => (None, Some(run_field(*field))),
            };
            plan::Param {
                name: param.name.clone(),
                ty: ty(&param.ty),
                default,
                default_run,
                doc: param.doc.clone(),
            }
        };
        self.pipeline.params.iter().map(param).collect()
    }

    fn outputs(&self) -> IndexMap<String, Expr> {
        let output =
            |output: &ir::Output| (output.name.clone(), self.widened(&output.value, &output.ty));
        self.pipeline.outputs.iter().map(output).collect()
    }

    fn finally(&self) -> Vec<plan::Statement> {
        self.pipeline
            .finally
            .as_ref()
            .map(|block| self.block(block))
            .unwrap_or_default()
    }

    fn block(&self, block: &ir::Block) -> Vec<plan::Statement> {
        block
            .nodes
            .iter()
            .map(|node| self.statement(*node))
            .collect()
    }

    /// The value of a block as one of a statement of type `ty`.
    fn value(&self, block: &ir::Block, ty: &types::Type) -> Option<Expr> {
        block.value.as_ref().map(|value| self.widened(value, ty))
    }

    fn after(&self, node: NodeIndex) -> Vec<String> {
        let graph = &self.pipeline.graph;
        let mut before: Vec<NodeIndex> = graph
            .edges_directed(node, Direction::Incoming)
            .filter(|edge| *edge.weight() == ir::Edge::Order)
            .map(|edge| edge.source())
            .collect();
        before.sort();
        before.dedup();
        before
            .into_iter()
            .map(|node| graph[node].name.clone())
            .collect()
    }

    fn statement(&self, index: NodeIndex) -> plan::Statement {
        let node = &self.pipeline.graph[index];
        let name = node.name.clone();
        let after = self.after(index);
        match &node.kind {
            ir::NodeKind::Task(task) => match task.callee {
                ir::Callee::Component(id) => {
                    let component = self.program[id].name.clone();
                    plan::Statement::Task(self.task(name, component, task, after))
                }
                ir::Callee::Pipeline(id) => plan::Statement::Call(plan::Call {
                    call: name,
                    pipeline: self.names[id.0].clone(),
                    args: self.args(task),
                    after,
                    timeout: task.attributes.timeout.map(|limit| limit.as_secs_f64()),
                }),
            },
            ir::NodeKind::If(branch) => plan::Statement::If(plan::If {
                name,
                branches: branch
                    .branches
                    .iter()
                    .map(|branch| plan::Branch {
                        when: self.expr(&branch.condition),
                        body: self.block(&branch.block),
                        value: self.value(&branch.block, &node.ty),
                    })
                    .collect(),
                otherwise: branch.otherwise.as_ref().map(|block| plan::Block {
                    body: self.block(block),
                    value: self.value(block, &node.ty),
                }),
                after,
            }),
            ir::NodeKind::For(each) => {
                let item = match &node.ty {
                    types::Type::List(item) => item,
                    other => other,
                };
                plan::Statement::For(plan::For {
                    name,
                    var: each.variable.clone(),
                    items: self.expr(&each.items),
                    limit: each.limit,
                    body: self.block(&each.body),
                    value: self.value(&each.body, item),
                    after,
                })
            }
            ir::NodeKind::Require(require) => plan::Statement::Require(plan::Require {
                require: self.expr(&require.condition),
                message: self.expr(&require.message),
            }),
        }
    }

    fn task(
        &self,
        name: String,
        component: String,
        task: &ir::Task,
        after: Vec<String>,
    ) -> plan::Task {
        let attributes = &task.attributes;
        let secret = |(variable, secret): (&String, &ir::SecretRef)| {
            (variable.clone(), format!("{}/{}", secret.name, secret.key))
        };
        plan::Task {
            task: name,
            component,
            args: self.args(task),
            after,
            retry: attributes
                .retry
                .delays()
                .iter()
                .map(|delay| delay.as_secs_f64())
                .collect(),
            timeout: attributes.timeout.map(|limit| limit.as_secs_f64()),
            cache: match attributes.cache {
                ir::Cache::Off => None,
                ir::Cache::Forever => Some(plan::Cache::Forever(plan::True)),
                ir::Cache::For(age) => Some(plan::Cache::Seconds(age.as_secs_f64())),
            },
            packages: attributes.packages.clone(),
            env: attributes.env.clone(),
            secrets: attributes.secrets.iter().map(secret).collect(),
        }
    }

    /// Arguments as they are: the runner makes each one of its port's type.
    fn args(&self, task: &ir::Task) -> IndexMap<String, Expr> {
        let given = task.args.iter().filter(|arg| {
            !matches!(
                arg.value.kind,
                ir::ExprKind::Const(crate::value::Value::Absent)
            )
        });
        given
            .map(|arg| (arg.port.clone(), self.expr(&arg.value)))
            .collect()
    }

    /// The expression as a value of `to`.
    fn widened(&self, expr: &ir::Expr, to: &types::Type) -> Expr {
        match self.expr(expr) {
            Expr::Lit(value) if widens(&expr.ty, to) => Expr::Lit(ty(to).widen(value)),
            lowered if widens(&expr.ty, to) => Expr::Widen(Box::new(lowered), ty(to)),
            lowered => lowered,
        }
    }

    fn expr(&self, expr: &ir::Expr) -> Expr {
        let both = |a: &ir::Expr, b: &ir::Expr| (Box::new(self.expr(a)), Box::new(self.expr(b)));
        let read = |lowered: Expr, from: &types::Type| match widens(from, &expr.ty) {
            true => Expr::Widen(Box::new(lowered), ty(&expr.ty)),
            false => lowered,
        };
        match &expr.kind {
            ir::ExprKind::Const(value) => match &expr.ty {
                types::Type::Unknown => Expr::Lit(value.clone()),
                known => Expr::Lit(ty(known).widen(value.clone())),
            },
            ir::ExprKind::Param(name) => {
                let param = self
                    .pipeline
                    .params
                    .iter()
                    .find(|param| param.name == *name);
                let param = param.expect("a checked program reads parameters that exist");
                read(Expr::Param(name.clone()), &param.ty)
            }
            ir::ExprKind::Run(field) => Expr::Run(run_field(*field)),
            ir::ExprKind::Node(node) => {
                let node = &self.pipeline.graph[*node];
                read(Expr::Task(node.name.clone()), &node.ty)
            }
            ir::ExprKind::Item(node) => match &self.pipeline.graph[*node].kind {
                ir::NodeKind::For(each) => match each.items.ty.base() {
                    types::Type::List(item) => read(Expr::Item(each.variable.clone()), item),
                    _ => Expr::Item(each.variable.clone()),
                },
                _ => unreachable!("an item is one of a loop"),
            },
            ir::ExprKind::Field(inner, name) => {
                Expr::Field(Box::new(self.expr(inner)), name.clone())
            }
            ir::ExprKind::Coalesce(a, b) => {
                // The first is optional where the whole is not.
                let whole = expr.ty.clone();
                Expr::Coalesce(
                    Box::new(self.widened(a, &whole)),
                    Box::new(self.widened(b, &whole)),
                )
            }
            ir::ExprKind::And(a, b) => {
                let (a, b) = both(a, b);
                Expr::And(a, b)
            }
            ir::ExprKind::Or(a, b) => {
                let (a, b) = both(a, b);
                Expr::Or(a, b)
            }
            ir::ExprKind::Not(inner) => Expr::Not(Box::new(self.expr(inner))),
            ir::ExprKind::Compare(op, a, b) => {
                let datetime = *a.ty.base() == types::Type::DateTime;
                let (left, right) = both(a, b);
                let op = comparison(*op);
                Expr::Compare(plan::Compare {
                    op,
                    left,
                    right,
                    datetime,
                })
            }
            ir::ExprKind::Concat(parts) => {
                Expr::Concat(parts.iter().map(|part| self.expr(part)).collect())
            }
            ir::ExprKind::List(items) => {
                let item_type = match expr.ty.base() {
                    types::Type::List(item) => (**item).clone(),
                    _ => types::Type::Unknown,
                };
                Expr::List(
                    items
                        .iter()
                        .map(|item| self.widened(item, &item_type))
                        .collect(),
                )
            }
            ir::ExprKind::Map(entries) => {
                let of = |key: &str| match expr.ty.base() {
                    types::Type::Dict(item) => (**item).clone(),
                    types::Type::Record(record) => record
                        .fields
                        .get(key)
                        .cloned()
                        .unwrap_or(types::Type::Unknown),
                    _ => types::Type::Unknown,
                };
                Expr::Map(
                    entries
                        .iter()
                        .map(|(key, value)| (key.clone(), self.widened(value, &of(key))))
                        .collect(),
                )
            }
        }
    }
}

fn run_field(field: ir::RunField) -> plan::RunField {
    match field {
        ir::RunField::Id => plan::RunField::Id,
        ir::RunField::Name => plan::RunField::Name,
        ir::RunField::Date => plan::RunField::Date,
        ir::RunField::IntervalStart => plan::RunField::IntervalStart,
        ir::RunField::IntervalEnd => plan::RunField::IntervalEnd,
        ir::RunField::Status => plan::RunField::Status,
    }
}

fn comparison(op: ir::Comparison) -> plan::Op {
    match op {
        ir::Comparison::Equal => plan::Op::Equal,
        ir::Comparison::NotEqual => plan::Op::NotEqual,
        ir::Comparison::Less => plan::Op::Less,
        ir::Comparison::LessEqual => plan::Op::LessEqual,
        ir::Comparison::Greater => plan::Op::Greater,
        ir::Comparison::GreaterEqual => plan::Op::GreaterEqual,
    }
}

/// Somewhere in a value of type `from` an int stands where `to` has a float.
fn widens(from: &types::Type, to: &types::Type) -> bool {
    use types::Type::{Dict, Float, Int, List, Optional, Record, Refined};
    match (from, to) {
        (Int, Float) => true,
        (Optional(from), to) => widens(from, to),
        (from, Optional(to)) => widens(from, to),
        (Refined(from), to) => widens(&from.base, to),
        (from, Refined(to)) => widens(from, &to.base),
        (List(from), List(to)) | (Dict(from), Dict(to)) => widens(from, to),
        (Record(from), Dict(to)) => from.fields.values().any(|field| widens(field, to)),
        (Record(from), Record(to)) => to
            .fields
            .iter()
            .any(|(name, to)| from.fields.get(name).is_some_and(|from| widens(from, to))),
        _ => false,
    }
}
