//! Components as tasks: each runs its step as a process.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::module::{Function, Module};
use super::scope::SUPPORT;
use super::source_path;
use crate::emit::python::names::Names;
use crate::emit::python::{Def, Param, Py, Stmt};
use crate::graph::{
    Cache, Component, ComponentId, PythonCode, Step, TaskAttributes, UNNAMED_OUTPUT,
};
use crate::shim::process::{self, Nowhere};
use crate::shim::{self, By, Code, Given, Input, Output, Take, Work, type_tree};
use crate::types::Type;
use crate::value::Value;

/// What the parameters of a component's task are called, in the order of its inputs.
pub fn param_names(module: &Module, component: &Component) -> Vec<String> {
    // Only the module of what flows share means something in the task's body; Prefect keeps some names for itself.
    let _ = module;
    let mut names = Names::with([SUPPORT, "return_state", "wait_for", "self"]);
    component
        .inputs
        .iter()
        .map(|port| names.param(&port.name))
        .collect()
}

/// The task of a component with these attributes.
pub fn task(
    module: &Module,
    id: ComponentId,
    attributes: &TaskAttributes,
    name: String,
) -> Function {
    let component = module.component(id);
    let names = param_names(module, component);
    let params = names
        .iter()
        .zip(&component.inputs)
        .map(|(name, port)| Param {
            name: name.clone(),
            annotation: annotation(&port.ty),
            default: None,
        });
    let returns = match component.outputs.as_slice() {
        [] => Py::none(),
        [only] if component.unnamed_output => annotation(&only.ty),
        _ => Py::name("dict").index(Py::Tuple(vec![Py::name("str"), Py::name("Any")])),
    };
    let inputs = names
        .iter()
        .zip(&component.inputs)
        .map(|(name, port)| (Some(Py::str(port.name.clone())), Py::name(name.clone())));
    let description = description(module, component);
    let mut named = Vec::new();
    if let Some(timeout) = attributes.timeout {
        named.push(("timeout".to_owned(), seconds(timeout)));
    }
    if !attributes.env.is_empty() {
        named.push(("env".to_owned(), texts(attributes.env.iter())));
    }
    if !attributes.secrets.is_empty() {
        let entries = attributes.secrets.iter().map(|(variable, secret)| {
            let place = vec![Py::str(secret.name.clone()), Py::str(secret.key.clone())];
            (Some(Py::str(variable.clone())), Py::Tuple(place))
        });
        named.push(("secrets".to_owned(), Py::Dict(entries.collect())));
    }
    let args = vec![
        Py::Value(Value::from_json(&description)),
        Py::Dict(inputs.collect()),
    ];
    let call = Py::call_with(&format!("{SUPPORT}.step"), args, named);
    let statement = if component.outputs.is_empty() {
        Stmt::Expr(call)
    } else {
        Stmt::Return(call)
    };
    Function {
        decorator: decorator(module, component, attributes, &description),
        def: Def {
            name,
            params: params.collect(),
            returns,
        },
        doc: component.doc.clone(),
        body: vec![statement],
    }
}

fn texts<'a>(entries: impl Iterator<Item = (&'a String, &'a String)>) -> Py {
    let entries = entries.map(|(name, text)| (Some(Py::str(name.clone())), Py::str(text.clone())));
    Py::Dict(entries.collect())
}

fn decorator(
    module: &Module,
    component: &Component,
    attributes: &TaskAttributes,
    description: &Json,
) -> Py {
    let mut named = vec![("name".to_owned(), Py::str(component.name.clone()))];
    let tags = tags(attributes);
    if !tags.is_empty() {
        named.push((
            "tags".into(),
            Py::List(tags.into_iter().map(Py::str).collect()),
        ));
    }
    let delays = attributes.retry.delays();
    if !delays.is_empty() {
        named.push(("retries".into(), Py::int(delays.len() as i64)));
        if delays.windows(2).all(|pair| pair[0] == pair[1]) {
            if delays[0] != Duration::ZERO {
                named.push(("retry_delay_seconds".into(), seconds(delays[0])));
            }
        } else {
            let delays = delays.iter().map(|delay| seconds(*delay)).collect();
            named.push(("retry_delay_seconds".into(), Py::List(delays)));
        }
    }
    if attributes.cache == Cache::Off {
        named.push(("cache_policy".into(), Py::name("NO_CACHE")));
        named.push(("persist_result".into(), Py::bool(false)));
    } else {
        let is_file = |ty: &Type| ty.artifact().is_some() || ty.artifact_list().is_some();
        let names = param_names(module, component);
        let files = names
            .iter()
            .zip(&component.inputs)
            .filter(|(_, port)| is_file(&port.ty));
        let files = Py::List(files.map(|(name, _)| Py::str(name.clone())).collect());
        let makes = component.outputs.iter().any(|port| is_file(&port.ty));
        let args = vec![
            Py::str(digest(module, component, attributes, description)),
            files,
            Py::bool(makes),
        ];
        named.push((
            "cache_key_fn".into(),
            Py::call(&format!("{SUPPORT}.content_key"), args),
        ));
        if let Cache::For(age) = attributes.cache {
            let age = vec![("seconds".to_owned(), seconds(age))];
            named.push((
                "cache_expiration".into(),
                Py::call_with("timedelta", Vec::new(), age),
            ));
        }
        named.push(("persist_result".into(), Py::bool(true)));
        named.push(("result_serializer".into(), Py::str("json")));
    }
    Py::call_with("task", Vec::new(), named)
}

/// Labels and tags of a task.
pub fn tags(attributes: &TaskAttributes) -> Vec<String> {
    let labels = attributes
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let own = match attributes.targets.get("prefect", "tags") {
        Some(Value::List(tags)) => tags.iter().map(Value::text).collect(),
        _ => Vec::new(),
    };
    labels.chain(own).collect()
}

/// What makes two steps the same, but for their inputs.
fn digest(
    module: &Module,
    component: &Component,
    attributes: &TaskAttributes,
    description: &Json,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let whole = json!([
        component.name,
        description,
        attributes.image,
        attributes.env,
        attributes.packages
    ]);
    hasher.update(whole.to_string().as_bytes());
    if let Step::Python(step) = &component.step
        && let PythonCode::Embedded(id) = step.code
    {
        hasher.update(module.program[id].text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// The step as the shim reads it, but for the source: the support module reads the file.
fn description(module: &Module, component: &Component) -> Json {
    let work = match &component.step {
        Step::Run(words) => Work::Run(words.clone()),
        Step::Shell(script) => Work::Shell {
            shell: script.clone(),
        },
        Step::Python(step) => Work::Function {
            function: step.function.clone(),
            code: match &step.code {
                PythonCode::Installed { module } => Code::Installed {
                    module: module.clone(),
                },
                PythonCode::Embedded(id) => Code::Embedded {
                    file: source_path(module.program, *id),
                    source: String::new(),
                },
            },
        },
    };
    let inputs = component
        .inputs
        .iter()
        .enumerate()
        .map(|(number, port)| Input {
            name: port.name.clone(),
            ty: type_tree(&port.ty),
            take: match &component.step {
                Step::Python(step) => step.inputs[number].into(),
                _ if port.ty.artifact().is_some() || port.ty.artifact_list().is_some() => Take::Str,
                _ => Take::Value,
            },
            given: Given::Engine(Nowhere {}),
            carried: None,
        });
    let outputs = component
        .outputs
        .iter()
        .enumerate()
        .map(|(number, port)| Output {
            name: port.name.clone(),
            ty: type_tree(&port.ty),
            by: match &component.step {
                Step::Python(step) => step.outputs[number].into(),
                _ => By::Str,
            },
            to: Nowhere {},
            carried: None,
        });
    let step = shim::Step {
        work,
        reads: Vec::new(),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        packages: Vec::new(),
    };
    let mut json = process::description(&step);
    let entries = json.as_object_mut().expect("a description is an object");
    entries.shift_remove("source");
    if component.unnamed_output {
        debug_assert_eq!(component.outputs[0].name, UNNAMED_OUTPUT);
        entries.insert("unnamed".into(), true.into());
    }
    json
}

/// A duration as a number of seconds.
pub fn seconds(duration: Duration) -> Py {
    self::duration(duration.as_secs_f64())
}

pub fn duration(seconds: f64) -> Py {
    match seconds.fract() == 0.0 && seconds.abs() < 1e15 {
        true => Py::int(seconds as i64),
        false => Py::Value(Value::Float(seconds)),
    }
}

/// What a value of the type is in Python; an artifact is its path.
pub fn annotation(ty: &Type) -> Py {
    let of = |name: &str, args: Vec<Py>| Py::name(name).index(Py::Tuple(args));
    match ty {
        Type::Str | Type::Date | Type::DateTime | Type::Artifact(_) => Py::name("str"),
        Type::Int => Py::name("int"),
        Type::Float => Py::name("float"),
        Type::Bool => Py::name("bool"),
        Type::List(item) => Py::name("list").index(annotation(item)),
        Type::Dict(item) => of("dict", vec![Py::name("str"), annotation(item)]),
        Type::Record(_) => of("dict", vec![Py::name("str"), Py::name("Any")]),
        Type::Optional(inner) => annotation(inner).binary("|", Py::none()),
        Type::Refined(refined) => annotation(&refined.base),
        Type::Nothing | Type::Unknown => Py::name("Any"),
    }
}
