//! Components, calls of them, parameters, and the module that all stands in.

use indexmap::IndexMap;
use minijinja::context;
use serde_json::Value as Json;

use super::jobs::Jobs;
use super::lower::Lowering;
use super::scope::Scope;
use super::support;
use crate::emit::python::template::render;
use crate::emit::python::{Code, Py, Stmt};
use crate::graph::{
    Cache, ComponentId, ParamDefault, Pipeline, PythonCode, Step, Task, TaskAttributes,
};
use crate::shim::process::{self, Nowhere, Step as Described};
use crate::shim::{By, Code as Source, Given, Input, Output, Take, Work, type_tree};
use crate::types::{Refinement, Type};
use crate::value::Value;

/// Keyword arguments.
pub struct Named {
    pub all: Vec<(String, Py)>,
}

impl Named {
    pub fn new() -> Named {
        Named { all: Vec::new() }
    }

    pub fn add(&mut self, name: &str, value: Py) {
        self.all.push((name.to_owned(), value));
    }

    /// Without the key that an asset has by the name of its function.
    pub fn without_key(&mut self, function: &str) {
        let own = Py::List(vec![Py::str(function)]);
        self.all
            .retain(|(name, value)| name != "key" || *value != own);
    }

    pub fn maybe(&mut self, name: &str, value: Option<Py>) {
        self.all.extend(value.map(|value| (name.to_owned(), value)));
    }
}

/// The names of the fields of `Params`, by parameter.
pub type Fields = IndexMap<String, String>;

/// What a resource of Dagster has of its own: a field of such a name would take its place.
const METHODS: &[&str] = &[
    "configure_at_launch",
    "construct",
    "copy",
    "create_resource",
    "dict",
    "from_orm",
    "from_resource_context",
    "from_resource_context_cm",
    "get_resource_context",
    "get_resource_definition",
    "json",
    "nested_resources",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "process_config_and_initialize",
    "process_config_and_initialize_cm",
    "schema",
    "schema_json",
    "setup_for_execution",
    "teardown_after_execution",
    "to_config_schema",
    "to_fields_dict",
    "update_forward_refs",
    "validate",
    "with_replaced_resource_context",
    "with_resource_context",
    "yield_for_execution",
];

/// What the annotations and defaults of fields are written with: a field of such a name would hide it from those below.
const SPELLED_WITH: &[&str] = &[
    "Any", "Field", "Literal", "bool", "dg", "float", "int", "list", "str",
];

pub fn fields(pipeline: &Pipeline) -> Fields {
    let reserved = METHODS.iter().chain(SPELLED_WITH);
    let mut taken = crate::emit::python::names::Names::with(reserved.copied());
    let mut field = |name: &str| {
        // All methods of the models below it begin so.
        let wanted = match name.starts_with("model_") || name.starts_with('_') {
            true => format!("p_{name}"),
            false => name.to_owned(),
        };
        (name.to_owned(), taken.param(&wanted))
    };
    let params = pipeline.params.iter();
    params.map(|param| field(&param.name)).collect()
}

impl<'a> Lowering<'a> {
    /// A call of the support block that runs a component: the engine's own step, or with a `block` one inside of an op.
    pub fn step_call(
        &mut self,
        scope: &mut Scope,
        frame: usize,
        task: &Task,
        id: ComponentId,
        path: Py,
        block: Option<&str>,
    ) -> Py {
        let component = &self.program[id];
        let mut inputs = Vec::new();
        for (port, arg) in component.inputs.iter().zip(&task.args) {
            if !matches!(arg.value.constant(), Some(Value::Absent)) {
                let value = self.py(scope, frame, &arg.value);
                inputs.push((Some(Py::str(port.name.clone())), value));
            }
        }
        let constant = Py::name(self.constant(id));
        let mut args = vec![path, constant, Py::Dict(inputs)];
        let function = match block {
            Some(block) => Py::name(block).attribute("step"),
            None => {
                args.insert(0, Py::name("context"));
                Py::name("_step")
            }
        };
        let is_python = matches!(component.step, Step::Python(_));
        let named = attributes(&task.attributes, is_python);
        Py::Call(function.into(), args, named.all)
    }

    /// The constant that describes a component.
    fn constant(&mut self, id: ComponentId) -> String {
        if let Some(name) = self.components.get(&id) {
            return name.clone();
        }
        let component = &self.program[id];
        let name = self.names.free(&component.name.to_uppercase());
        self.components.insert(id, name.clone());
        if let Step::Python(python) = &component.step
            && let PythonCode::Embedded(source) = &python.code
            && !self.sources.contains_key(source)
        {
            let path = &self.program[*source].path;
            let stem = path.rsplit('/').next().unwrap_or(path);
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let wanted: String = stem.chars().map(plain).collect();
            let constant = self.names.free(&format!("_{}", wanted.to_uppercase()));
            self.sources.insert(*source, constant);
        }
        name
    }

    fn description(&self, id: ComponentId) -> Json {
        let component = &self.program[id];
        let takes: Vec<Take> = match &component.step {
            Step::Python(python) => python.inputs.iter().map(|take| (*take).into()).collect(),
            Step::Run(_) | Step::Shell(_) => component
                .inputs
                .iter()
                .map(|port| match port.ty.is_value() {
                    true => Take::Value,
                    false => Take::Str,
                })
                .collect(),
        };
        let bys: Vec<By> = match &component.step {
            Step::Python(python) => python.outputs.iter().map(|by| (*by).into()).collect(),
            Step::Run(_) | Step::Shell(_) => vec![By::Str; component.outputs.len()],
        };
        let work = match &component.step {
            Step::Python(python) => Work::Function {
                function: python.function.clone(),
                code: match &python.code {
                    PythonCode::Embedded(source) => Source::Embedded {
                        file: self.program[*source].path.clone(),
                        source: self.program[*source].text.to_string(),
                    },
                    PythonCode::Installed { module } => Source::Installed {
                        module: module.clone(),
                    },
                },
            },
            Step::Run(words) => Work::Run(words.clone()),
            Step::Shell(shell) => Work::Shell {
                shell: shell.clone(),
            },
        };
        let inputs = component.inputs.iter().zip(takes);
        let outputs = component.outputs.iter().zip(bys);
        process::description(&Described {
            work,
            reads: Vec::new(),
            inputs: inputs
                .map(|(port, take)| Input {
                    name: port.name.clone(),
                    ty: type_tree(&port.ty),
                    take,
                    given: Given::Engine(Nowhere {}),
                    carried: None,
                })
                .collect(),
            outputs: outputs
                .map(|(port, by)| Output {
                    name: port.name.clone(),
                    ty: type_tree(&port.ty),
                    by,
                    to: Nowhere {},
                    carried: None,
                })
                .collect(),
            packages: Vec::new(),
        })
    }

    /// Changes when what a component does may have changed.
    pub fn version(&self, id: ComponentId) -> String {
        let text = self.description(id).to_string();
        blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
    }

    /// The constants of the module: sources, then components.
    fn constants(&self) -> Vec<minijinja::Value> {
        let assign = |target: &String, annotation: &str, value: Py| {
            let stmt = Stmt::Assign {
                target: target.clone(),
                annotation: Some(Py::name(annotation)),
                value,
            };
            Code::Block(vec![stmt]).in_template()
        };
        let sources = self.sources.iter().map(|(id, name)| {
            let text = Py::str(self.program[*id].text.to_string());
            assign(name, "str", text)
        });
        let components = self.components.iter().map(|(id, name)| {
            let component = &self.program[*id];
            let mut entries = Vec::new();
            if let Json::Object(description) = self.description(*id) {
                for (key, value) in description {
                    let value = match (&component.step, key.as_str()) {
                        (Step::Python(python), "source") => match &python.code {
                            PythonCode::Embedded(source) => Py::name(self.sources[source].clone()),
                            PythonCode::Installed { .. } => continue,
                        },
                        _ => Py::Value(Value::from_json(&value)),
                    };
                    entries.push((Some(Py::str(key)), value));
                }
            }
            assign(name, "dict[str, Any]", Py::Dict(entries))
        });
        sources.chain(components).collect()
    }
}

/// What a step's call says beside its inputs.
fn attributes(attributes: &TaskAttributes, is_python: bool) -> Named {
    let mut named = Named::new();
    let seconds = |duration: std::time::Duration| Py::Value(Value::Float(duration.as_secs_f64()));
    let delays = attributes.retry.delays();
    if !delays.is_empty() {
        let delays = delays.into_iter().map(seconds);
        named.add("retry", Py::List(delays.collect()));
    }
    named.maybe("timeout", attributes.timeout.map(seconds));
    match attributes.cache {
        Cache::Off => {}
        Cache::Forever => named.add("cache", Py::call("float", vec![Py::str("inf")])),
        Cache::For(age) => named.add("cache", seconds(age)),
    }
    if is_python && !attributes.packages.is_empty() {
        let packages = attributes.packages.iter().cloned().map(Value::Str);
        named.add("packages", Py::Value(Value::List(packages.collect())));
    }
    if !attributes.env.is_empty() {
        let env = attributes.env.iter();
        let env = env.map(|(name, text)| (name.clone(), Value::Str(text.clone())));
        named.add("env", Py::Value(Value::Map(env.collect())));
    }
    if !attributes.secrets.is_empty() {
        let names = attributes.secrets.keys().cloned().map(Value::Str);
        named.add("secrets", Py::Value(Value::List(names.collect())));
    }
    if let (Some(image), true) = (&attributes.image, attributes.cache != Cache::Off) {
        named.add("image", Py::str(image.clone()));
    }
    named
}

/// The fields of `Params`.
fn params(pipeline: &Pipeline, fields: &Fields) -> Vec<Stmt> {
    let field = |param: &crate::graph::Param| {
        let mut named = Named::new();
        let default = match &param.default {
            Some(ParamDefault::Const(value)) => Some(Py::Value(
                crate::emit::python::translate::widened_value(value.clone(), &param.ty),
            )),
            Some(ParamDefault::Run(_)) => Some(Py::none()),
            None if param.ty.is_optional() => Some(Py::none()),
            None => None,
        };
        let absent = matches!(default, Some(Py::Value(Value::Absent)));
        let annotation = annotation(&param.ty);
        let annotation = match absent || param.ty.is_optional() {
            true => annotation.binary("|", Py::none()),
            false => annotation,
        };
        match param.ty.refinement() {
            Some(Refinement::Range { min, max }) if param.ty.is_number() => {
                named.add("ge", Py::Value(min.clone()));
                named.add("le", Py::Value(max.clone()));
            }
            Some(Refinement::Matches(pattern)) => {
                named.add("pattern", Py::str(format!("^(?:{pattern})$")));
            }
            _ => {}
        }
        if !param.doc.is_empty() {
            named.add("description", Py::str(param.doc.clone()));
        }
        let value = match default {
            Some(default) if named.all.is_empty() => default,
            default => {
                let mut all = Named::new();
                all.maybe("default", default);
                all.all.extend(named.all);
                Py::call_with("Field", Vec::new(), all.all)
            }
        };
        Stmt::Assign {
            target: fields[&param.name].clone(),
            annotation: Some(annotation),
            value,
        }
    };
    pipeline.params.iter().map(field).collect()
}

fn annotation(ty: &Type) -> Py {
    let scalar = |ty: &Type| match ty.base() {
        Type::Str | Type::Date | Type::DateTime => Some("str"),
        Type::Int => Some("int"),
        Type::Float => Some("float"),
        Type::Bool => Some("bool"),
        _ => None,
    };
    let item = |ty: &Type| match scalar(ty) {
        Some(name) if !ty.is_optional() => Py::name(name),
        _ => Py::name("Any"),
    };
    match ty.base() {
        Type::List(inner) => Py::name("list").index(item(inner)),
        Type::Dict(inner) => Py::name("dict").index(Py::Tuple(vec![Py::name("str"), item(inner)])),
        Type::Record(_) => {
            Py::name("dict").index(Py::Tuple(vec![Py::name("str"), Py::name("Any")]))
        }
        base => match ty.refinement() {
            Some(Refinement::OneOf(choices)) if *base == Type::Str => {
                let choices = choices.iter().cloned().map(Py::Value);
                Py::name("Literal").index(Py::Tuple(choices.collect()))
            }
            _ => Py::name(scalar(base).unwrap_or("str")),
        },
    }
}

/// The whole text.
pub fn module(lowering: &mut Lowering, jobs: &Jobs) -> String {
    let pipeline = lowering.program.entry();
    let parts = support::parts(&lowering.units);
    let supported: String = parts
        .iter()
        .map(|part| format!("\n\n{}\n", part.text.trim()))
        .collect();
    let supported = supported.trim();
    let template = include_str!("templates/module.py.j2").replace("@support@", supported);
    let fields = params(pipeline, &lowering.fields);
    let needs_field = fields.iter().any(|field| {
        matches!(field, Stmt::Assign { value: Py::Call(function, ..), .. }
            if **function == Py::name("Field"))
    });
    let units = lowering.units.iter().map(|unit| {
        context! {
            decorator => unit.decorator.clone().map(Py::in_template),
            def => Code::Def(unit.def.clone()).in_template(),
            doc => (!unit.doc.is_empty()).then(|| Code::Docstring(unit.doc.clone()).in_template()),
            body => Code::Block(unit.body.clone()).in_template(),
        }
    });
    let mut above: Vec<_> = units.collect();
    let below = above.split_off(jobs.above);
    let names = |names: &[String]| names.iter().cloned().map(Py::name).collect::<Vec<_>>();
    let mut definitions = Named::new();
    for (key, found) in [
        ("assets", &lowering.assets),
        ("asset_checks", &lowering.checks),
        ("jobs", &lowering.jobs),
        ("schedules", &lowering.schedules),
        ("sensors", &lowering.sensors),
    ] {
        if !found.is_empty() {
            definitions.add(key, Py::List(names(found)));
        }
    }
    let mut resources = Vec::new();
    if !fields.is_empty() {
        let is_whole = pipeline
            .params
            .iter()
            .all(|param| param.default.is_some() || param.ty.is_optional());
        let params = match is_whole {
            true => Py::call("Params", Vec::new()),
            false => Py::call("Params.configure_at_launch", Vec::new()),
        };
        resources.push((Some(Py::str("params")), params));
    }
    resources.push((Some(Py::str("io_manager")), Py::call("_RunIO", Vec::new())));
    definitions.add("resources", Py::Dict(resources));
    let definitions = Py::call_with("dg.Definitions", Vec::new(), definitions.all);
    let imports = support::imports(&parts).into_iter();
    let is_literal = |field: &Stmt| {
        matches!(field, Stmt::Assign { annotation: Some(annotation), .. }
            if annotation.mentions("Literal"))
    };
    let typing = match fields.iter().any(is_literal) {
        true => "Any, Literal",
        false => "Any",
    };
    let [(_, start), (_, shim)] = process::files();
    let assign = |target: &str, text: String| {
        let stmt = Stmt::Assign {
            target: target.to_owned(),
            annotation: None,
            value: Py::str(text),
        };
        Code::Block(vec![stmt]).in_template()
    };
    let doc = match pipeline.doc.is_empty() {
        true => pipeline.name.clone(),
        false => pipeline.doc.clone(),
    };
    let context = context! {
        head => Code::Comment(format!("Made by mlpc from {}: changes here are lost.", lowering.program.path)).in_template(),
        doc => Code::Docstring(doc).in_template(),
        imports => imports.map(|name| Py::name(name).in_template()).collect::<Vec<_>>(),
        abstracts => Py::name(support::abstracts(&parts).join(", ")).in_template(),
        typing => Py::name(typing).in_template(),
        k8s => jobs.k8s,
        needs_field,
        columns => lowering.units.iter().any(|unit| {
            unit.decorator.as_ref().is_some_and(|py| py.mentions("_columns"))
        }),
        params => (!fields.is_empty()).then(|| Code::Block(fields).in_template()),
        above,
        job => jobs.code.clone().map(Code::in_template),
        below,
        constants => lowering.constants(),
        start => assign("_START", start),
        shim => assign("_SHIM", shim),
        definitions => Code::Block(vec![Stmt::assign("defs", definitions)]).in_template(),
    };
    render(&template, &context)
}
