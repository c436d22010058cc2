//! The module: which functions there are, what they are called, and the template around them.

use indexmap::IndexMap;
use minijinja::Value as Jinja;
use petgraph::graph::NodeIndex;
use serde::Serialize;

use super::scope::{RunFacts, SUPPORT};
use super::{body, params, steps};
use crate::emit::python::names::Names;
use crate::emit::python::translate::{MOMENT, TEXT};
use crate::emit::python::{Code, Def, Py, Stmt, template};
use crate::graph::{
    Callee, Component, ComponentId, NodeKind, Pipeline, PipelineId, Program, Task, TaskAttributes,
};
use crate::value::Value;

/// Names that mean something in every function: they are no one's else.
const TAKEN: &[&str] = &[
    SUPPORT,
    MOMENT,
    TEXT,
    "AfterValidator",
    "Annotated",
    "Any",
    "Field",
    "Literal",
    "NO_CACHE",
    "flow",
    "return_state",
    "task",
    "timedelta",
    "wait_for",
];

/// A function with its decorator.
pub struct Function {
    pub decorator: Py,
    pub def: Def,
    pub doc: String,
    pub body: Vec<Stmt>,
}

/// What all functions of the module are called, and what they share.
pub struct Module<'a> {
    pub program: &'a Program,
    pub facts: RunFacts,
    pub globals: Names,
    /// Tasks of components: one for each set of attributes that it is called with.
    steps: Vec<(ComponentId, &'a TaskAttributes, String)>,
    /// Bodies of `if`s and loops.
    blocks: IndexMap<(PipelineId, NodeIndex), String>,
    /// Nested pipelines, by the time-out that they are called with.
    pipelines: Vec<(PipelineId, Option<f64>, String)>,
    /// Of nested pipelines that are flows of their own, by the names of their tasks.
    subflows: IndexMap<String, String>,
    pub functions: Vec<Function>,
}

/// The text of the module.
pub fn text(program: &Program) -> String {
    let mut module = Module::new(program);
    let entry = module.write();
    template::render(include_str!("flow.py.j2"), &module.page(entry))
}

/// What the flow's function is called.
pub fn entry_name(program: &Program) -> String {
    Module::new(program).pipelines.swap_remove(0).2
}

impl<'a> Module<'a> {
    fn new(program: &'a Program) -> Self {
        let schedule = program.entry().attributes.schedule.as_ref();
        let facts = RunFacts {
            zone: schedule.map_or_else(|| "UTC".to_owned(), |schedule| schedule.timezone.clone()),
            every: schedule.and_then(|schedule| super::limits::every(&schedule.cron)),
        };
        let mut globals = Names::with(TAKEN.iter().copied());
        // The parameters of the flow are what people type.
        for name in params::names(&program.entry().params) {
            globals.param(&name);
        }
        let mut module = Module {
            program,
            facts,
            globals,
            steps: Vec::new(),
            blocks: IndexMap::new(),
            pipelines: Vec::new(),
            subflows: IndexMap::new(),
            functions: Vec::new(),
        };
        let entry = module.globals.free(&program.entry().name);
        module.pipelines.push((program.entry, None, entry));
        for (at, pipeline) in program.pipelines.iter().enumerate() {
            module.name_tasks(pipeline);
            module.name_blocks(PipelineId(at), pipeline);
        }
        if has_subflows(program) {
            for (.., name) in &module.pipelines[1..] {
                let flow = module.globals.free(&format!("{name}_flow"));
                module.subflows.insert(name.clone(), flow);
            }
        }
        module
    }

    fn name_tasks(&mut self, pipeline: &'a Pipeline) {
        for node in pipeline.graph.node_weights() {
            let NodeKind::Task(task) = &node.kind else {
                continue;
            };
            match task.callee {
                Callee::Component(id) if self.step_of(id, &task.attributes).is_none() => {
                    let name = self.globals.free(&self.program[id].name);
                    self.steps.push((id, &task.attributes, name));
                }
                Callee::Pipeline(id) if self.pipeline_of(id, task).is_none() => {
                    let name = self.globals.free(&self.program[id].name);
                    self.pipelines.push((id, timeout_of(task), name));
                }
                _ => {}
            }
        }
    }

    fn name_blocks(&mut self, id: PipelineId, pipeline: &Pipeline) {
        for node in pipeline.graph.node_indices() {
            let kind = match pipeline.graph[node].kind {
                NodeKind::If(_) => "if",
                NodeKind::For(_) => "each",
                _ => continue,
            };
            let name = format!("{}_{kind}", pipeline.graph[node].name);
            let name = self.globals.free(&name);
            self.blocks.insert((id, node), name);
        }
    }

    fn step_of(&self, id: ComponentId, attributes: &TaskAttributes) -> Option<&str> {
        let found = self
            .steps
            .iter()
            .find(|(is, with, _)| *is == id && *with == attributes);
        found.map(|(.., name)| name.as_str())
    }

    fn pipeline_of(&self, id: PipelineId, task: &Task) -> Option<&str> {
        let timeout = timeout_of(task);
        // The entry is called by no one.
        let found = self.pipelines[1..]
            .iter()
            .find(|(is, with, _)| *is == id && *with == timeout);
        found.map(|(.., name)| name.as_str())
    }

    /// The function that a task's call starts.
    pub fn function_of(&self, task: &Task) -> &str {
        let name = match task.callee {
            Callee::Component(id) => self.step_of(id, &task.attributes),
            Callee::Pipeline(id) => self.pipeline_of(id, task),
        };
        name.expect("all calls were named")
    }

    pub fn subflow_of(&self, name: &str) -> Option<String> {
        self.subflows.get(name).cloned()
    }

    pub fn block_of(&self, pipeline: PipelineId, node: NodeIndex) -> &str {
        &self.blocks[&(pipeline, node)]
    }

    pub fn component(&self, id: ComponentId) -> &'a Component {
        &self.program[id]
    }

    /// All functions in the order in which they are read: steps, then what calls them. Gives the flow's own.
    fn write(&mut self) -> Function {
        for (id, attributes, name) in self.steps.clone() {
            let function = steps::task(self, id, attributes, name);
            self.functions.push(function);
        }
        let mut pipelines = self.pipelines.clone();
        let (_, _, entry) = pipelines.remove(0);
        // A called pipeline stands before its callers.
        pipelines.sort_by_key(|(id, ..)| *id);
        for (id, timeout, name) in pipelines {
            body::nested(self, id, timeout, name);
        }
        body::entry(self, entry)
    }

    fn page(&self, entry: Function) -> Page {
        let functions: Vec<&Function> = self.functions.iter().chain([&entry]).collect();
        let startable = entry.def.params.iter().all(|param| param.default.is_some());
        let main = startable.then(|| Py::call(&entry.def.name, Vec::new()).in_template());
        Page {
            doc: Code::Docstring(self.doc()).in_template(),
            imports: Code::Block(imports(&functions)).in_template(),
            functions: functions.iter().map(|function| function.page()).collect(),
            main,
        }
    }

    fn doc(&self) -> String {
        let entry = self.program.entry();
        let title = entry.doc.lines().next().unwrap_or_default().trim();
        let title = match title {
            "" => format!("The flow {}.", entry.name),
            title => title.to_owned(),
        };
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "{title}\n\nCompiled by mlpc {version} from {}: change that, and compile again.",
            self.program.path
        )
    }
}

pub fn timeout_of(task: &Task) -> Option<f64> {
    match task.callee {
        Callee::Pipeline(_) => task.attributes.timeout.map(|limit| limit.as_secs_f64()),
        Callee::Component(_) => None,
    }
}

/// The context of the template.
#[derive(Serialize)]
struct Page {
    doc: Jinja,
    imports: Jinja,
    functions: Vec<FunctionPage>,
    main: Option<Jinja>,
}

#[derive(Serialize)]
struct FunctionPage {
    decorator: Jinja,
    def: Jinja,
    doc: Option<Jinja>,
    body: Jinja,
}

impl Function {
    fn page(&self) -> FunctionPage {
        let doc =
            (!self.doc.trim().is_empty()).then(|| Code::Docstring(self.doc.clone()).in_template());
        FunctionPage {
            decorator: self.decorator.clone().in_template(),
            def: Code::Def(self.def.clone()).in_template(),
            doc,
            body: Code::Block(self.body.clone()).in_template(),
        }
    }

    fn mentions(&self, name: &str) -> bool {
        let params = self.def.params.iter();
        let mut all = params
            .flat_map(|param| [Some(&param.annotation), param.default.as_ref()])
            .flatten();
        self.decorator.mentions(name)
            || self.def.returns.mentions(name)
            || all.any(|py| py.mentions(name))
    }
}

/// What the functions use of other modules.
fn imports(functions: &[&Function]) -> Vec<Stmt> {
    let used = |name: &str| functions.iter().any(|function| function.mentions(name));
    let mut groups: Vec<Vec<(&str, &[&str])>> = vec![
        vec![
            ("datetime", &["timedelta"]),
            ("typing", &["Annotated", "Any", "Literal"]),
        ],
        vec![
            ("prefect", &["flow", "task"]),
            ("prefect.cache_policies", &["NO_CACHE"]),
            ("pydantic", &["AfterValidator", "Field"]),
        ],
    ];
    let mut lines = Vec::new();
    for (at, group) in groups.drain(..).enumerate() {
        let mut own = Vec::new();
        for (module, names) in group {
            let names: Vec<String> = names
                .iter()
                .filter(|name| used(name))
                .map(|&name| name.to_owned())
                .collect();
            if !names.is_empty() {
                own.push(Stmt::Import {
                    module: module.to_owned(),
                    names,
                });
            }
        }
        if at == 1 {
            let module = format!("mlpc_support as {SUPPORT}");
            own.insert(
                0,
                Stmt::Import {
                    module,
                    names: Vec::new(),
                },
            );
        }
        if !lines.is_empty() && !own.is_empty() {
            lines.push(Stmt::Blank);
        }
        lines.extend(own);
    }
    lines
}

/// Pipelines that the entry calls are flows of their own.
pub fn has_subflows(program: &Program) -> bool {
    let entry = &program.entry().attributes.targets;
    entry.get("prefect", "subflows") == Some(&Value::Bool(true))
}
