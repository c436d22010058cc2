//! The flow's parameters: their types hold what the program says of them, so that Prefect's forms and API check it.

use super::module::Module;
use super::scope::{Free, SUPPORT, Scope};
use super::steps::annotation;
use crate::emit::python::translate::{MOMENT, TEXT, widened_value};
use crate::emit::python::{Param, Py, Stmt};
use crate::graph::{self, ParamDefault};
use crate::shim::type_tree;
use crate::types::{Refinement, Type};
use crate::value::Value;

/// The parameters, those without a default first, and what is done with them before anything else.
pub fn flow(module: &Module, scope: &mut Scope) -> (Vec<Param>, Vec<Stmt>) {
    let mut params = Vec::new();
    let mut statements = Vec::new();
    let names: Vec<String> = names(&module.program.entry().params);
    for (param, name) in module.program.entry().params.iter().zip(names) {
        let (made, statement) = flow_param(scope, param, name);
        params.push(made);
        statements.extend(statement);
    }
    params.sort_by_key(|param| param.default.is_some());
    (params, statements)
}

/// What the parameters of the flow are called.
pub fn names(params: &[graph::Param]) -> Vec<String> {
    let mut names = crate::emit::python::names::Names::with([
        SUPPORT,
        MOMENT,
        TEXT,
        "float",
        "model_config",
        "return_state",
        "self",
        "wait_for",
    ]);
    params
        .iter()
        // Prefect makes a model of the parameters: no field of one begins with a line.
        .map(|param| match param.name.strip_prefix('_') {
            Some(_) => names.param(&format!("param{}", param.name)),
            None => names.param(&param.name),
        })
        .collect()
}

fn flow_param(scope: &mut Scope, param: &graph::Param, name: String) -> (Param, Option<Stmt>) {
    scope.names.param(&name);
    let call = |function: &str, args: Vec<Py>| Py::call(&format!("{SUPPORT}.{function}"), args);
    let given = || Py::name(name.clone());
    let free = Free::Param(param.name.clone());
    let is_text = holds_dict(&param.ty);
    let run_default = match &param.default {
        Some(ParamDefault::Run(field)) => Some(scope.run.fact(*field)),
        _ => None,
    };
    let mut ty = if is_text {
        Py::name("str")
    } else {
        typed(&param.ty)
    };
    let may_be_none = run_default.is_some() || (is_text && param.ty.is_optional());
    if may_be_none && !param.ty.is_optional() || is_text && param.ty.is_optional() {
        ty = ty.binary("|", Py::none());
    }
    let default = match &param.default {
        Some(ParamDefault::Const(Value::Absent)) | Some(ParamDefault::Run(_)) => Some(Py::none()),
        Some(ParamDefault::Const(value)) => {
            let value = widened_value(value.clone(), &param.ty);
            Some(if is_text {
                Py::str(value.json())
            } else {
                Py::Value(value)
            })
        }
        None => param.ty.is_optional().then(Py::none),
    };
    let made = Param {
        name: name.clone(),
        annotation: ty,
        default,
    };
    let unless_none = |py: Py| Py::If {
        then: Py::none().into(),
        condition: given().is_none().into(),
        otherwise: py.into(),
    };
    // What the flow goes on with, where that is another value.
    let value = if param.ty.artifact().is_some() {
        Some(call("location", vec![given()]))
    } else if is_text || holds_record(&param.ty) {
        let tree = Py::Value(Value::from_json(&type_tree(&param.ty)));
        let args = vec![Py::str(param.name.clone()), given(), tree];
        Some(call(if is_text { "parsed" } else { "checked" }, args))
    } else {
        None
    };
    let value = match (value, run_default) {
        (None, None) => None,
        (Some(value), None) => Some(if param.ty.is_optional() {
            unless_none(value)
        } else {
            value
        }),
        (value, Some(fact)) => Some(Py::If {
            then: fact.into(),
            condition: given().is_none().into(),
            otherwise: value.unwrap_or_else(given).into(),
        }),
    };
    let Some(value) = value else {
        scope.know(free, name);
        return (made, None);
    };
    // A text that becomes a dict is another variable.
    let target = if is_text {
        scope.names.free(&format!("{name}_value"))
    } else {
        name.clone()
    };
    scope.know(free, target.clone());
    (made, Some(Stmt::assign(target, value)))
}

/// A run that is created through Prefect's API has a dict with a key `__prefect_kind` rewritten: what may hold any key travels as text.
fn holds_dict(ty: &Type) -> bool {
    match ty {
        Type::Dict(_) => true,
        Type::List(inner) | Type::Optional(inner) => holds_dict(inner),
        Type::Record(record) => record.fields.values().any(holds_dict),
        _ => false,
    }
}

fn holds_record(ty: &Type) -> bool {
    match ty {
        Type::Record(_) => true,
        Type::List(inner) | Type::Optional(inner) => holds_record(inner),
        _ => false,
    }
}

/// The annotation of a parameter. Numbers are strict, for Pydantic takes `"7"` and `True` for an int.
fn typed(ty: &Type) -> Py {
    match ty {
        Type::Optional(inner) => typed(inner).binary("|", Py::none()),
        Type::List(item) => Py::name("list").index(typed(item)),
        Type::Int | Type::Float | Type::Bool => {
            annotated(annotation(ty), vec![("strict", Py::bool(true))])
        }
        Type::Date => validated("iso_date"),
        Type::DateTime => validated("iso_datetime"),
        Type::Refined(refined) => match &refined.refinement {
            Refinement::OneOf(choices) if !matches!(refined.base, Type::Float) => {
                let choices = choices.iter().cloned().map(Py::Value).collect();
                Py::name("Literal").index(Py::Tuple(choices))
            }
            refinement => refined_by(&refined.base, refinement),
        },
        other => annotation(other),
    }
}

fn refined_by(base: &Type, refinement: &Refinement) -> Py {
    let wide = |value: &Value| Py::Value(widened_value(value.clone(), base));
    match refinement {
        Refinement::Range { min, max } if base.is_number() => annotated(
            annotation(base),
            vec![
                ("strict", Py::bool(true)),
                ("ge", wide(min)),
                ("le", wide(max)),
            ],
        ),
        Refinement::Matches(pattern) => annotated(
            annotation(base),
            vec![("pattern", Py::str(format!("^(?:{pattern})$")))],
        ),
        // Dates in a range, floats of a list: the support block looks.
        other => {
            let tree = type_tree(&Type::Refined(std::sync::Arc::new(crate::types::Refined {
                base: base.clone(),
                refinement: other.clone(),
            })));
            let check = Py::call(
                &format!("{SUPPORT}.check"),
                vec![Py::Value(Value::from_json(&tree))],
            );
            let check = Py::call("AfterValidator", vec![check]);
            Py::name("Annotated").index(Py::Tuple(vec![annotation(base), check]))
        }
    }
}

fn annotated(base: Py, named: Vec<(&str, Py)>) -> Py {
    let named = named
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let field = Py::call_with("Field", Vec::new(), named.collect());
    Py::name("Annotated").index(Py::Tuple(vec![base, field]))
}

fn validated(by: &str) -> Py {
    let check = Py::call("AfterValidator", vec![Py::name(format!("{SUPPORT}.{by}"))]);
    Py::name("Annotated").index(Py::Tuple(vec![Py::name("str"), check]))
}
