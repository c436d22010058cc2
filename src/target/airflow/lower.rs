//! From the IR to the DAG. Airflow has no blocks: all that nests becomes tasks of one flat list, with ids that say where they stood.
//!
//! **Every node has one task that is done when the node is, and leaves its value**: the step itself, the `outputs` of a nested pipeline, the
//! `join` of an `if`, the `gather` of a loop. Whoever reads or waits for the node depends on that task alone.
//!
//! - `if`: a `branch` task skips the arms that are not taken; the `join` runs when one arm did. In a mapped group nothing can be skipped from
//!   outside, so there a `pick` task says which arm it is, and the tasks of an arm skip themselves (`runs_if`); arms of values alone need no
//!   more than that.
//! - `for`: a mapped group. A loop that holds another, or stands in a mapped group, is written out: its list is constant then.
//! - `finally`: a `status` task that succeeds when the body does; the tasks of `finally` run when that and the body's last tasks are done; the
//!   `outputs` need both, so that neither hides the other's failure.
//!
//! Ids that mlpc makes up hold a `-`, which no name of a pipeline does.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::expr::Instance;
use super::limits::MOST_TASKS;
use super::model::{
    Arm, Expand, Expr, Given, Joined, Operator, RunsIf, Task, TaskGroup, TriggerRule, TypeTree,
};
use super::step;
use crate::diagnostics::Diagnostic;
use crate::graph::{
    self, Block, Callee, For, If, NodeKind, Pipeline, Program, Require, UNNAMED_OUTPUT,
};
use crate::shim::type_tree;
use crate::target::AirflowOptions;
use crate::target::features::holds_loop;
use crate::value::Value;

/// The first task, which everything waits for.
pub const PARAMS: &str = "mlpc-params";
const STATUS: &str = "mlpc-status";
/// The last one.
pub const OUTPUTS: &str = "mlpc-outputs";

pub struct Lowering<'a> {
    pub program: &'a Program,
    pub options: &'a AirflowOptions,
    pub tasks: Vec<Task>,
    pub groups: Vec<TaskGroup>,
    pub diagnostics: Vec<Diagnostic>,
    /// Of tasks and groups.
    ids: HashSet<String>,
}

/// Where tasks are put.
#[derive(Clone, Default)]
struct Place {
    /// What stands before ids and names.
    id: String,
    name: String,
    group: Option<String>,
    /// The group, or one around it, is mapped.
    is_mapped: bool,
    /// Instances of a task that may run at once.
    limit: Option<u32>,
    runs_if: Vec<RunsIf>,
}

/// What the tasks of a block wait for that wait for no other of it.
#[derive(Clone, Default)]
struct Entry {
    upstream: Vec<String>,
    rule: TriggerRule,
    runs_if: Vec<RunsIf>,
}

impl Entry {
    fn after(upstream: Vec<String>) -> Self {
        Entry {
            upstream,
            ..Default::default()
        }
    }
}

impl<'a> Lowering<'a> {
    pub fn new(program: &'a Program, options: &'a AirflowOptions) -> Self {
        Lowering {
            program,
            options,
            tasks: Vec::new(),
            groups: Vec::new(),
            diagnostics: Vec::new(),
            ids: HashSet::new(),
        }
    }

    /// Lowers the pipeline that runs.
    pub fn run(&mut self) {
        let place = Place::default();
        let params = self.add(PARAMS, &place, Entry::default(), Operator::Params);
        let pipeline = self.program.entry();
        let mut instance = self.instance(pipeline, None);
        let ends = Ends {
            place: place.clone(),
            status: STATUS.to_owned(),
            outputs: OUTPUTS.to_owned(),
            // A run whose parameters were refused did not start.
            started: params.clone(),
        };
        self.pipeline(&mut instance, &place, &Entry::after(vec![params]), &ends);
    }

    fn instance(
        &self,
        pipeline: &'a Pipeline,
        params: Option<IndexMap<String, Expr>>,
    ) -> Instance<'a> {
        Instance {
            program: self.program,
            pipeline,
            params,
            tasks: HashMap::new(),
            items: HashMap::new(),
            unsure: HashSet::new(),
            status: None,
        }
    }

    /// Lowers a whole pipeline; gives the task that is done when all of it is.
    fn pipeline(
        &mut self,
        instance: &mut Instance<'a>,
        place: &Place,
        entry: &Entry,
        ends: &Ends,
    ) -> String {
        let pipeline = instance.pipeline;
        let mut done = self.block(instance, &pipeline.body, place, entry);
        if let Some(finally) = &pipeline.finally {
            let nothing = Operator::Outputs {
                outputs: IndexMap::new(),
            };
            let after = Entry::after(done.clone());
            let status = self.add(&ends.status, &ends.place, after, nothing);
            instance.unsure = pipeline.nodes_within(&pipeline.body).into_iter().collect();
            instance.status = Some(status.clone());
            done.push(status.clone());
            let started = RunsIf {
                task_id: ends.started.clone(),
                arm: None,
            };
            let after = Entry {
                upstream: done,
                rule: TriggerRule::AllDone,
                runs_if: vec![started],
            };
            let cleaned = self.block(instance, finally, place, &after);
            instance.unsure.clear();
            instance.status = None;
            // An empty `finally` waits for nothing.
            done = if finally.nodes.is_empty() {
                Vec::new()
            } else {
                cleaned
            };
            done.push(status);
        }
        let outputs = pipeline.outputs.iter().map(|output| {
            let value = instance.widened(&output.value, &output.ty);
            let checked = output
                .ty
                .is_value()
                .then(|| TypeTree(type_tree(&output.ty)));
            (output.name.clone(), Given { value, ty: checked })
        });
        let outputs = Operator::Outputs {
            outputs: outputs.collect(),
        };
        self.add(&ends.outputs, &ends.place, Entry::after(done), outputs)
    }

    /// Lowers the statements of a block; gives the tasks that are done when all of it is, or what it waits for where it has none.
    fn block(
        &mut self,
        instance: &mut Instance<'a>,
        block: &'a Block,
        place: &Place,
        entry: &Entry,
    ) -> Vec<String> {
        let graph = &instance.pipeline.graph;
        for &node in &block.nodes {
            let mut before: Vec<NodeIndex> = graph
                .neighbors_directed(node, Direction::Incoming)
                .collect();
            before.sort();
            before.dedup();
            let entry = if before.is_empty() {
                entry.clone()
            } else {
                Entry::after(
                    before
                        .iter()
                        .map(|node| instance.tasks[node].clone())
                        .collect(),
                )
            };
            let task = self.node(instance, node, place, entry);
            instance.tasks.insert(node, task);
        }
        let is_last = |node: &&NodeIndex| {
            graph
                .neighbors_directed(**node, Direction::Outgoing)
                .next()
                .is_none()
        };
        let last = block.nodes.iter().filter(is_last);
        let last: Vec<String> = last.map(|node| instance.tasks[node].clone()).collect();
        if last.is_empty() {
            return entry.upstream.clone();
        }
        last
    }

    fn node(
        &mut self,
        instance: &mut Instance<'a>,
        index: NodeIndex,
        place: &Place,
        entry: Entry,
    ) -> String {
        let node = &instance.pipeline.graph[index];
        match &node.kind {
            NodeKind::Task(task) => match task.callee {
                Callee::Component(_) => {
                    let operator = step::operator(self, instance, task, node.span, place.limit);
                    self.add(&node.name, place, entry, operator)
                }
                Callee::Pipeline(id) => self.call(instance, &node.name, task, id, place, entry),
            },
            NodeKind::Require(Require { condition, message }) => {
                let require = Operator::Require {
                    condition: instance.expr(condition),
                    message: instance.expr(message),
                };
                self.add(&node.name, place, entry, require)
            }
            NodeKind::If(branching) => self.branch(instance, node, branching, place, entry),
            NodeKind::For(looping) => self.repeat(instance, index, looping, place, entry),
        }
    }

    fn call(
        &mut self,
        caller: &Instance<'a>,
        name: &str,
        task: &graph::Task,
        callee: graph::PipelineId,
        place: &Place,
        mut entry: Entry,
    ) -> String {
        let pipeline = &self.program[callee];
        let given = |arg: &graph::Arg| {
            let param = pipeline.params.iter().find(|param| param.name == arg.port);
            let param = param.expect("a checked call gives parameters that exist");
            (arg.port.clone(), caller.widened(&arg.value, &param.ty))
        };
        let params = task.args.iter().map(given).collect();
        let group = self.group(name, place, &pipeline.doc, None);
        let inner = Place {
            id: format!("{}{name}.", place.id),
            name: format!("{}{name}.", place.name),
            group: Some(group),
            ..place.clone()
        };
        let around = Place {
            group: inner.group.clone(),
            ..place.clone()
        };
        let mut started = String::new();
        if pipeline.finally.is_some() {
            // So that `finally` can tell whether the call began.
            let nothing = Operator::Outputs {
                outputs: IndexMap::new(),
            };
            started = self.add(&format!("{name}-start"), &around, entry, nothing);
            entry = Entry::after(vec![started.clone()]);
        }
        let ends = Ends {
            place: around,
            status: format!("{name}-status"),
            outputs: format!("{name}-outputs"),
            started,
        };
        let mut instance = self.instance(pipeline, Some(params));
        self.pipeline(&mut instance, &inner, &entry, &ends)
    }

    fn branch(
        &mut self,
        instance: &mut Instance<'a>,
        node: &graph::Node,
        branching: &'a If,
        place: &Place,
        entry: Entry,
    ) -> String {
        let conditions = branching.branches.iter();
        let mut blocks: Vec<(Option<Expr>, Option<&'a Block>)> = conditions
            .map(|branch| (Some(instance.expr(&branch.condition)), Some(&branch.block)))
            .collect();
        blocks.push((None, branching.otherwise.as_ref()));
        // Without tasks in its arms there is nothing to skip.
        let is_bare = blocks
            .iter()
            .all(|(_, block)| block.is_none_or(|block| block.nodes.is_empty()));
        let picks = place.is_mapped || is_bare;
        // Its arms are known when they were lowered.
        let chooser = if picks {
            Operator::Pick { arms: Vec::new() }
        } else {
            Operator::Branch { arms: Vec::new() }
        };
        let at = self.tasks.len();
        let chooser = self.add(&format!("{}-if", node.name), place, entry, chooser);
        let mut arms = Vec::new();
        let mut joined = Vec::new();
        let mut done = Vec::new();
        for (number, (when, block)) in blocks.into_iter().enumerate() {
            let mut inner = place.clone();
            if place.is_mapped {
                inner.runs_if.push(RunsIf {
                    task_id: chooser.clone(),
                    arm: Some(number),
                });
            }
            let first = self.tasks.len();
            let mut last = Vec::new();
            let mut value = None;
            if let Some(block) = block {
                let mut entry = Entry::after(vec![chooser.clone()]);
                if !place.is_mapped && holds_loop(self.program, instance.pipeline, block, &|_| true)
                {
                    // Airflow 2 does not skip the items of a mapped group that stands right behind a branch.
                    let first = self.add(
                        &format!("{}-then-{}", node.name, number + 1),
                        place,
                        entry,
                        Operator::Empty,
                    );
                    entry = Entry::after(vec![first]);
                }
                if !block.nodes.is_empty() {
                    last = self.block(instance, block, &inner, &entry);
                }
                value = block
                    .value
                    .as_ref()
                    .map(|value| instance.widened(value, &node.ty));
            }
            if last.is_empty() && !picks {
                let end = match when {
                    Some(_) => format!("{}-then-{}", node.name, number + 1),
                    None => format!("{}-else", node.name),
                };
                let entry = Entry::after(vec![chooser.clone()]);
                last.push(self.add(&end, place, entry, Operator::Empty));
            }
            let roots = self.tasks[first..]
                .iter()
                .filter(|task| !place.is_mapped && task.upstream_task_ids.contains(&chooser))
                .map(|task| task.task_id.clone());
            arms.push(Arm {
                when,
                task_ids: roots.collect(),
            });
            done.extend(last.iter().cloned());
            joined.push(Joined {
                value,
                task_ids: if place.is_mapped { last } else { Vec::new() },
            });
        }
        match &mut self.tasks[at].operator {
            Operator::Branch { arms: known } | Operator::Pick { arms: known } => *known = arms,
            _ => unreachable!("it was added above"),
        }
        let mut after = Entry::after(done);
        after.rule = match (place.is_mapped, is_bare) {
            (true, _) => TriggerRule::AllDone,
            (false, true) => TriggerRule::AllSuccess,
            (false, false) => TriggerRule::NoneFailedMinOneSuccess,
        };
        if picks {
            after.upstream.push(chooser.clone());
        }
        let join = Operator::Join {
            branch: chooser,
            arms: joined,
        };
        self.add(&format!("{}-join", node.name), place, after, join)
    }

    fn repeat(
        &mut self,
        instance: &mut Instance<'a>,
        index: NodeIndex,
        looping: &'a For,
        place: &Place,
        entry: Entry,
    ) -> String {
        let node = &instance.pipeline.graph[index];
        let item_type = match &node.ty {
            crate::types::Type::List(item) => &**item,
            other => other,
        };
        let constant = match looping.items.constant() {
            Some(Value::List(items)) => Some(items),
            _ => None,
        };
        if let Some(items) = constant
            && (items.is_empty()
                || looping.body.nodes.is_empty()
                || place.is_mapped
                || holds_loop(self.program, instance.pipeline, &looping.body, &|_| true))
        {
            return self.unroll(instance, index, looping, items, place, entry);
        }
        let (expand, mut done) = match constant {
            Some(items) => {
                let items = match instance.expr(&looping.items) {
                    Expr::Const(Value::List(widened)) => widened,
                    _ => items.clone(),
                };
                (Expand::Items(items), Vec::new())
            }
            None => {
                let items = Operator::Items {
                    items: instance.expr(&looping.items),
                };
                let id = self.add(&format!("{}-items", node.name), place, entry.clone(), items);
                (Expand::TaskId(id.clone()), vec![id])
            }
        };
        let entry = if done.is_empty() {
            entry
        } else {
            Entry::after(done.clone())
        };
        let group = self.group(&node.name, place, "", Some(expand.clone()));
        instance.items.insert(index, Expr::Item(group.clone()));
        let inner = Place {
            id: format!("{}{}.", place.id, node.name),
            name: format!("{}{}[*].", place.name, node.name),
            group: Some(group.clone()),
            is_mapped: true,
            limit: looping.limit,
            runs_if: place.runs_if.clone(),
        };
        done.extend(self.block(instance, &looping.body, &inner, &entry));
        done.dedup();
        let value = looping.body.value.as_ref();
        let gather = Operator::Gather {
            group,
            expand,
            value: value.map(|value| instance.widened(value, item_type)),
        };
        let mut after = Entry::after(done);
        // Of an empty list all tasks are skipped, but the one that made the list.
        after.rule = TriggerRule::NoneFailedMinOneSuccess;
        self.add(&format!("{}-list", node.name), place, after, gather)
    }

    /// Writes the body of a loop out once an item.
    fn unroll(
        &mut self,
        instance: &mut Instance<'a>,
        index: NodeIndex,
        looping: &'a For,
        items: &[Value],
        place: &Place,
        entry: Entry,
    ) -> String {
        let node = &instance.pipeline.graph[index];
        let item_type = match &node.ty {
            crate::types::Type::List(item) => &**item,
            other => other,
        };
        let group = self.group(&node.name, place, "", None);
        let mut values = Vec::new();
        let mut done = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let of = match looping.items.ty.base() {
                crate::types::Type::List(of) => super::expr::widen(of, item.clone()),
                _ => item.clone(),
            };
            instance.items.insert(index, Expr::Const(of));
            if self.tasks.len() > MOST_TASKS {
                // It is reported, and more would only take time.
                break;
            }
            let inner = Place {
                id: format!("{}{}.{at}.", place.id, node.name),
                name: format!("{}{}[{at}].", place.name, node.name),
                group: Some(group.clone()),
                ..place.clone()
            };
            done.extend(self.block(instance, &looping.body, &inner, &entry));
            let value = looping.body.value.as_ref();
            values.push(value.map_or(Expr::Const(Value::Absent), |value| {
                instance.widened(value, item_type)
            }));
        }
        let list = Given {
            value: Expr::List(values),
            ty: None,
        };
        let outputs = Operator::Outputs {
            outputs: IndexMap::from([(UNNAMED_OUTPUT.to_owned(), list)]),
        };
        // Without tasks inside it is the first itself.
        let after = if looping.body.nodes.is_empty() || items.is_empty() {
            entry
        } else {
            Entry::after(done)
        };
        self.add(&format!("{}-list", node.name), place, after, outputs)
    }

    /// Adds a task; gives its id.
    fn add(&mut self, name: &str, place: &Place, entry: Entry, operator: Operator) -> String {
        let task_id = self.free(format!("{}{name}", place.id));
        let shown = format!("{}{name}", place.name);
        let mut runs_if = entry.runs_if;
        runs_if.extend(place.runs_if.iter().cloned());
        self.tasks.push(Task {
            task_display_name: (shown != task_id).then_some(shown),
            task_id: task_id.clone(),
            task_group: place.group.clone(),
            upstream_task_ids: entry.upstream,
            trigger_rule: entry.rule,
            runs_if,
            operator,
        });
        task_id
    }

    fn group(&mut self, name: &str, place: &Place, doc: &str, expand: Option<Expand>) -> String {
        // Unlike a task's, a group's id holds no dots.
        let group_id = self.free(format!("{}{name}", place.id).replace('.', "-"));
        self.groups.push(TaskGroup {
            group_id: group_id.clone(),
            parent: place.group.clone(),
            tooltip: doc.to_owned(),
            expand,
        });
        group_id
    }

    /// The id, or one like it that is free: the arms of an `if` may use a name twice. Airflow takes at most 250 characters.
    fn free(&mut self, id: String) -> String {
        const LONGEST: usize = 200;
        let id = if id.len() > LONGEST {
            let hash = blake3::hash(id.as_bytes()).to_hex();
            let start: String = id.chars().take(LONGEST - 20).collect();
            format!("{start}-{}", &hash[..12])
        } else {
            id
        };
        let mut chosen = id.clone();
        let mut number = 2;
        while !self.ids.insert(chosen.clone()) {
            chosen = format!("{id}-{number}");
            number += 1;
        }
        chosen
    }
}

/// What the tasks at the end of a pipeline are called.
struct Ends {
    place: Place,
    status: String,
    outputs: String,
    /// The task that has succeeded when the pipeline was started.
    started: String,
}
