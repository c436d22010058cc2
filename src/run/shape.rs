//! A plan made ready to run: names are looked up once, what waits for what is worked out, and what does not hold together is refused before
//! anything starts.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::plan::{self, Expr, Statement, eval};

/// All pipelines of a plan; the one that runs comes last.
#[derive(Debug)]
pub(super) struct Shape<'p> {
    pub pipelines: Vec<Pipeline<'p>>,
}

#[derive(Debug)]
pub(super) struct Pipeline<'p> {
    pub params: &'p [plan::Param],
    pub body: Block<'p>,
    pub finally: Option<Block<'p>>,
    pub outputs: &'p IndexMap<String, Expr>,
    pub unnamed: bool,
    /// Seconds.
    pub timeout: Option<f64>,
    pub parallelism: Option<u32>,
}

/// A list of statements.
#[derive(Debug)]
pub(super) struct Block<'p> {
    pub nodes: Vec<Node<'p>>,
    pub value: Option<&'p Expr>,
    index: HashMap<&'p str, usize>,
}

impl Block<'_> {
    pub fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }
}

#[derive(Debug)]
pub(super) struct Node<'p> {
    /// Empty for a `require`.
    pub name: &'p str,
    pub kind: Kind<'p>,
    /// How many statements of its block it waits for.
    pub waits_for: usize,
    /// The statements of its block that wait for it.
    pub dependents: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Kind<'p> {
    Task {
        task: &'p plan::Task,
        component: &'p plan::Component,
    },
    Call {
        call: &'p plan::Call,
        /// In [`Shape::pipelines`].
        pipeline: usize,
    },
    If {
        /// The conditions with their blocks; `else` has none.
        branches: Vec<(Option<&'p Expr>, Block<'p>)>,
    },
    For {
        each: &'p plan::For,
        body: Block<'p>,
    },
    Require(&'p plan::Require),
}

impl<'p> Shape<'p> {
    /// The error says what in the plan does not hold together.
    pub fn new(plan: &'p plan::Plan) -> Result<Self, String> {
        let mut builder = Builder {
            plan,
            pipelines: Vec::new(),
            numbers: HashMap::new(),
            building: Vec::new(),
        };
        for component in plan.components.values() {
            builder.component(component)?;
        }
        for name in plan.pipelines.keys() {
            builder.pipeline(name)?;
        }
        let entry = builder.assemble(
            &plan.params,
            &plan.body,
            &plan.finally,
            &plan.outputs,
            (plan.timeout, plan.parallelism, false),
        )?;
        builder.pipelines.push(entry);
        Ok(Shape {
            pipelines: builder.pipelines,
        })
    }

    /// The number of the pipeline that runs.
    pub fn entry(&self) -> usize {
        self.pipelines.len() - 1
    }

    /// Calls `found` with every task that may run, in the order they are written, called pipelines once.
    pub fn tasks(&self, found: &mut dyn FnMut(&'p plan::Task, &'p plan::Component)) {
        for pipeline in &self.pipelines {
            pipeline.body.tasks(found);
            if let Some(finally) = &pipeline.finally {
                finally.tasks(found);
            }
        }
    }
}

impl<'p> Block<'p> {
    fn tasks(&self, found: &mut dyn FnMut(&'p plan::Task, &'p plan::Component)) {
        for node in &self.nodes {
            match &node.kind {
                Kind::Task { task, component } => found(task, component),
                Kind::If { branches } => branches.iter().for_each(|(_, block)| block.tasks(found)),
                Kind::For { body, .. } => body.tasks(found),
                Kind::Call { .. } | Kind::Require(_) => {}
            }
        }
    }
}

struct Builder<'p> {
    plan: &'p plan::Plan,
    pipelines: Vec<Pipeline<'p>>,
    numbers: HashMap<&'p str, usize>,
    /// The called pipelines whose calls are being followed, outermost first.
    building: Vec<&'p str>,
}

/// The names that a block's statements may read: its own and those of the blocks around it.
struct Names<'a, 'p> {
    own: &'a HashMap<&'p str, usize>,
    outer: Option<&'a Names<'a, 'p>>,
    params: &'p [plan::Param],
    /// Variables of the loops around.
    items: Vec<&'p str>,
}

impl<'p> Builder<'p> {
    fn component(&self, component: &'p plan::Component) -> Result<(), String> {
        if let plan::Component::Python(python) = component {
            match (&python.source, &python.module) {
                (Some(source), None) if self.plan.sources.contains_key(source) => {}
                (Some(source), None) => return Err(format!("there is no source `{source}`")),
                (None, Some(_)) => {}
                _ => return Err(format!("`{}` needs a source or a module", python.function)),
            }
        }
        if component.unnamed() && component.outputs().len() != 1 {
            return Err("a component is unnamed only with one output".into());
        }
        Ok(())
    }

    /// The number of a called pipeline, which is built when it is first met.
    fn pipeline(&mut self, name: &'p str) -> Result<usize, String> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let Some((name, pipeline)) = self.plan.pipelines.get_key_value(name) else {
            return Err(format!("there is no pipeline `{name}`"));
        };
        if self.building.contains(&name.as_str()) {
            return Err(format!("pipeline `{name}` calls itself"));
        }
        self.building.push(name);
        let built = self.assemble(
            &pipeline.params,
            &pipeline.body,
            &pipeline.finally,
            &pipeline.outputs,
            (pipeline.timeout, pipeline.parallelism, pipeline.unnamed),
        )?;
        self.building.pop();
        self.pipelines.push(built);
        self.numbers.insert(name, self.pipelines.len() - 1);
        Ok(self.pipelines.len() - 1)
    }

    fn assemble(
        &mut self,
        params: &'p [plan::Param],
        body: &'p [Statement],
        finally: &'p [Statement],
        outputs: &'p IndexMap<String, Expr>,
        (timeout, parallelism, unnamed): (Option<f64>, Option<u32>, bool),
    ) -> Result<Pipeline<'p>, String> {
        if parallelism == Some(0) {
            return Err("a parallelism of 0 runs nothing".into());
        }
        let none = HashMap::new();
        let outside = Names {
            own: &none,
            outer: None,
            params,
            items: Vec::new(),
        };
        let body = self.block(body, None, &outside)?.0;
        let inside = Names {
            own: &body.index,
            outer: None,
            params,
            items: Vec::new(),
        };
        for expr in outputs.values() {
            inside.check(expr)?;
        }
        let finally = match finally {
            [] => None,
            statements => Some(self.block(statements, None, &inside)?.0),
        };
        seconds(timeout)?;
        Ok(Pipeline {
            params,
            body,
            finally,
            outputs,
            unnamed,
            timeout,
            parallelism,
        })
    }

    /// A block, and the names of outer blocks that it reads.
    fn block(
        &mut self,
        statements: &'p [Statement],
        value: Option<&'p Expr>,
        outer: &Names<'_, 'p>,
    ) -> Result<(Block<'p>, Vec<&'p str>), String> {
        let mut index = HashMap::with_capacity(statements.len());
        for (at, statement) in statements.iter().enumerate() {
            if let Some(name) = statement.name()
                && index.insert(name, at).is_some()
            {
                return Err(format!("two statements are called `{name}`"));
            }
        }
        let names = Names {
            own: &index,
            outer: Some(outer),
            params: outer.params,
            items: outer.items.clone(),
        };
        let mut free = Vec::new();
        let mut nodes: Vec<Node<'p>> = Vec::with_capacity(statements.len());
        let mut before: Vec<Vec<usize>> = Vec::with_capacity(statements.len());
        let mut gates = Vec::new();
        for (at, statement) in statements.iter().enumerate() {
            let mut read = Vec::new();
            let kind = self.kind(statement, &names, &mut read)?;
            read.extend(statement.after().iter().map(String::as_str));
            let mut waits: Vec<usize> = gates.clone();
            for name in read {
                match index.get(name) {
                    Some(other) => waits.push(*other),
                    None if outer.has(name) => free.push(name),
                    None => return Err(format!("there is no statement `{name}` here")),
                }
            }
            waits.sort_unstable();
            waits.dedup();
            if matches!(kind, Kind::Require(_)) {
                // Each waits for the gate before it, so the last one stands for all.
                gates = vec![at];
            }
            nodes.push(Node {
                name: statement.name().unwrap_or_default(),
                kind,
                waits_for: waits.len(),
                dependents: Vec::new(),
            });
            before.push(waits);
        }
        for (at, waits) in before.iter().enumerate() {
            for other in waits {
                nodes[*other].dependents.push(at);
            }
        }
        if let Some(value) = value {
            names.check(value)?;
            eval::names(value, &mut |name| {
                if !index.contains_key(name) {
                    free.push(name);
                }
            });
        }
        let block = Block {
            nodes,
            value,
            index,
        };
        block.acyclic()?;
        Ok((block, free))
    }

    /// The kind of a statement; all names that it reads go to `read`.
    fn kind(
        &mut self,
        statement: &'p Statement,
        names: &Names<'_, 'p>,
        read: &mut Vec<&'p str>,
    ) -> Result<Kind<'p>, String> {
        let mut reads = |expr: &'p Expr| {
            names.check(expr)?;
            eval::names(expr, &mut |name| read.push(name));
            Ok::<(), String>(())
        };
        match statement {
            Statement::Task(task) => {
                let component = self
                    .plan
                    .components
                    .get(&task.component)
                    .ok_or_else(|| format!("there is no component `{}`", task.component))?;
                for (port, expr) in &task.args {
                    if !component.inputs().iter().any(|input| input.name == *port) {
                        return Err(format!("`{}` has no input `{port}`", task.component));
                    }
                    reads(expr)?;
                }
                seconds(task.timeout)?;
                task.retry
                    .iter()
                    .try_for_each(|delay| seconds(Some(*delay)))?;
                Ok(Kind::Task { task, component })
            }
            Statement::Call(call) => {
                let pipeline = self.pipeline(&call.pipeline)?;
                for (param, expr) in &call.args {
                    if !self.pipelines[pipeline]
                        .params
                        .iter()
                        .any(|it| it.name == *param)
                    {
                        return Err(format!("`{}` has no parameter `{param}`", call.pipeline));
                    }
                    reads(expr)?;
                }
                seconds(call.timeout)?;
                Ok(Kind::Call { call, pipeline })
            }
            Statement::If(branch) => {
                for branch in &branch.branches {
                    reads(&branch.when)?;
                }
                let mut branches = Vec::new();
                for branch in &branch.branches {
                    let (block, free) = self.block(&branch.body, branch.value.as_ref(), names)?;
                    read.extend(free);
                    branches.push((Some(&branch.when), block));
                }
                if let Some(otherwise) = &branch.otherwise {
                    let (block, free) =
                        self.block(&otherwise.body, otherwise.value.as_ref(), names)?;
                    read.extend(free);
                    branches.push((None, block));
                }
                Ok(Kind::If { branches })
            }
            Statement::For(each) => {
                reads(&each.items)?;
                if each.limit == Some(0) {
                    return Err(format!(
                        "the limit of `{}` is 0, which runs nothing",
                        each.name
                    ));
                }
                let mut items = names.items.clone();
                items.push(&each.var);
                let names = Names {
                    own: names.own,
                    outer: names.outer,
                    params: names.params,
                    items,
                };
                let (body, free) = self.block(&each.body, each.value.as_ref(), &names)?;
                read.extend(free);
                Ok(Kind::For { each, body })
            }
            Statement::Require(require) => {
                reads(&require.require)?;
                reads(&require.message)?;
                Ok(Kind::Require(require))
            }
        }
    }
}

impl Names<'_, '_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.outer.is_some_and(|outer| outer.has(name))
    }

    /// Whether all that an expression reads is there.
    fn check(&self, expr: &Expr) -> Result<(), String> {
        match expr {
            Expr::Task(name) if !self.has(name) => {
                Err(format!("there is no statement `{name}` here"))
            }
            Expr::Param(name) if !self.params.iter().any(|param| param.name == *name) => {
                Err(format!("there is no parameter `{name}`"))
            }
            Expr::Item(name) if !self.items.contains(&name.as_str()) => {
                Err(format!("there is no loop over `{name}` here"))
            }
            Expr::Task(_) | Expr::Param(_) | Expr::Item(_) | Expr::Lit(_) | Expr::Run(_) => Ok(()),
            Expr::Field(inner, _) | Expr::Not(inner) | Expr::Widen(inner, _) => self.check(inner),
            Expr::Coalesce(a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
                self.check(a).and_then(|()| self.check(b))
            }
            Expr::Compare(comparison) => self
                .check(&comparison.left)
                .and_then(|()| self.check(&comparison.right)),
            Expr::Concat(items) | Expr::List(items) => {
                items.iter().try_for_each(|item| self.check(item))
            }
            Expr::Map(entries) => entries.values().try_for_each(|value| self.check(value)),
        }
    }
}

impl Block<'_> {
    fn acyclic(&self) -> Result<(), String> {
        let mut left: Vec<usize> = self.nodes.iter().map(|node| node.waits_for).collect();
        let mut ready: Vec<usize> = (0..left.len()).filter(|at| left[*at] == 0).collect();
        let mut done = 0;
        while let Some(at) = ready.pop() {
            done += 1;
            for dependent in &self.nodes[at].dependents {
                left[*dependent] -= 1;
                if left[*dependent] == 0 {
                    ready.push(*dependent);
                }
            }
        }
        match left.iter().position(|left| *left > 0) {
            Some(at) if done < self.nodes.len() => {
                Err(format!("`{}` waits for itself", self.nodes[at].name))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a number of seconds is one that a clock can wait.
fn seconds(number: Option<f64>) -> Result<(), String> {
    match number.map(std::time::Duration::try_from_secs_f64) {
        Some(Err(_)) => Err(format!(
            "{} is no number of seconds",
            number.unwrap_or_default()
        )),
        _ => Ok(()),
    }
}
