//! Whether what a function returns are the outputs that it does not write by parameter.

use super::annotation::{Annotation, parse};
use super::check::Checker;
use super::{Annotated, Class, ClassKind, Function, ReturnedValue};
use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::Port;
use crate::source::Span;
use crate::types::Type;

/// Checks the annotation and the literal `return`s of a function against the outputs it returns.
pub(super) fn check(checker: &mut Checker<'_>, function: &Function, ports: &[&Port]) {
    let Some(first) = ports.first() else { return };
    let before = checker.diagnostics.len();
    if let Some(annotated) = &function.returns {
        let annotation = parse(&annotated.text, checker.module);
        match ports {
            [port] => one(checker, function, port, annotated, &annotation),
            _ => several(checker, function, ports, annotated, &annotation),
        }
    }
    // An annotation that is wrong already says it all.
    if checker.diagnostics.len() > before {
        return;
    }
    let returns_value = function
        .returned
        .iter()
        .any(|returned| !matches!(returned.value, ReturnedValue::Nothing));
    let required = ports.iter().find(|port| !port.ty.is_optional());
    if let Some(port) = required.filter(|_| !returns_value && !function.ends_elsewhere) {
        let at = function
            .returned
            .first()
            .map_or(function.span, |returned| returned.span);
        checker.diagnostics.push(
            Diagnostic::new(
                codes::RETURN_SHAPE,
                first.span,
                format!(
                    "`{}` returns nothing, and `{}` is to be returned",
                    function.name, port.name
                ),
            )
            .label(
                "this output is no parameter of the function, so it is what the function returns",
            )
            .also(at, "no value is returned")
            .help(format!(
                "return it, or add a parameter `{}`, which gets the path to write it to",
                port.name
            )),
        );
        return;
    }
    for returned in &function.returned {
        match (&returned.value, ports) {
            (ReturnedValue::Tuple, [port]) if !takes_tuple(&port.ty) => {
                let text = format!(
                    "`{}` returns a tuple, and `{}` is {}",
                    function.name,
                    port.name,
                    words(&port.ty)
                );
                report(
                    checker,
                    codes::RETURN_TYPE,
                    port.span,
                    text,
                    &port.ty,
                    returned.span,
                );
            }
            (ReturnedValue::Dict { .. }, [port]) if !takes_dict(&port.ty) => {
                let text = format!(
                    "`{}` returns a dict, and `{}` is {}",
                    function.name,
                    port.name,
                    words(&port.ty)
                );
                report(
                    checker,
                    codes::RETURN_TYPE,
                    port.span,
                    text,
                    &port.ty,
                    returned.span,
                );
            }
            (ReturnedValue::Tuple, [_, _, ..]) => checker.diagnostics.push(
                Diagnostic::new(
                    codes::RETURN_SHAPE,
                    returned.span,
                    format!("`{}` returns a tuple without names", function.name),
                )
                .label("several outputs are returned by their names")
                .also(first.span, "the first of the outputs")
                .help(format!("return a dict: {}", dict_of(ports))),
            ),
            (ReturnedValue::Dict { keys, open }, [_, _, ..]) => {
                let names: Vec<(&str, Span)> = keys
                    .iter()
                    .map(|(name, span)| (name.as_str(), *span))
                    .collect();
                keys_fit(
                    checker,
                    function,
                    ports,
                    &names,
                    *open,
                    returned.span,
                    "the returned dict",
                );
            }
            _ => {}
        }
    }
}

/// One returned output: the value itself.
fn one(
    checker: &mut Checker<'_>,
    function: &Function,
    port: &Port,
    annotated: &Annotated,
    annotation: &Annotation,
) {
    if annotation.gives(&port.ty, checker.module) {
        return;
    }
    if *annotation == Annotation::None {
        checker.diagnostics.push(
            Diagnostic::new(
                codes::RETURN_SHAPE,
                port.span,
                format!(
                    "`{}` returns nothing, and `{}` is to be returned",
                    function.name, port.name
                ),
            )
            .label(
                "this output is no parameter of the function, so it is what the function returns",
            )
            .also(annotated.span, "it says that it returns `None`")
            .help(format!(
                "return it, or add a parameter `{}`, which gets the path to write it to",
                port.name
            )),
        );
        return;
    }
    let only_none =
        annotation.has_none() && annotation.gives(&port.ty.clone().optional(), checker.module);
    let diagnostic = Diagnostic::new(
        codes::RETURN_TYPE,
        port.span,
        format!(
            "`{}` returns `{}`, and `{}` is {}",
            function.name,
            annotated.text,
            port.name,
            words(&port.ty)
        ),
    )
    .label(format!("this is `{}`", port.ty))
    .also(annotated.span, "the function says what it returns here")
    .maybe_help(match (annotation, port.ty.base()) {
        _ if only_none => Some(format!(
            "declare the output as `{}?`, or drop `None` from the annotation",
            port.ty
        )),
        (Annotation::Data, Type::Artifact(_)) => {
            Some("write it to a file, and return the path".to_owned())
        }
        (Annotation::Float, Type::Int) => {
            Some("declare the output as `float`, or round to an `int`".to_owned())
        }
        (Annotation::Path, Type::Str) => Some(
            "declare the output as an artifact such as `Dataset`, or return a `str`".to_owned(),
        ),
        _ => None,
    });
    checker.diagnostics.push(diagnostic);
}

/// Several returned outputs: a dict, a dataclass or a named tuple.
fn several(
    checker: &mut Checker<'_>,
    function: &Function,
    ports: &[&Port],
    annotated: &Annotated,
    annotation: &Annotation,
) {
    if let Some(class) = annotation.only_class(checker.module) {
        return class_fits(checker, function, ports, annotated, class);
    }
    let may_do = |member: &Annotation| {
        matches!(
            member,
            Annotation::Unknown | Annotation::Dict(_) | Annotation::Class(_)
        )
    };
    let fits = match annotation {
        Annotation::Union(members) => members.iter().any(may_do),
        other => may_do(other),
    };
    if !fits {
        checker.diagnostics.push(
            Diagnostic::new(
                codes::RETURN_SHAPE,
                ports[0].span,
                format!(
                    "`{}` returns `{}`, and {} outputs are to be returned",
                    function.name,
                    annotated.text,
                    ports.len()
                ),
            )
            .label("several outputs are returned by their names")
            .also(annotated.span, "the function says what it returns here")
            .help(format!(
                "return a dict, a dataclass or a named tuple, such as {}",
                dict_of(ports)
            )),
        );
    }
}

fn class_fits(
    checker: &mut Checker<'_>,
    function: &Function,
    ports: &[&Port],
    annotated: &Annotated,
    class: &Class,
) {
    match class.kind {
        ClassKind::Open => return,
        ClassKind::Plain => {
            checker.diagnostics.push(
                Diagnostic::new(
                    codes::RETURN_SHAPE,
                    annotated.span,
                    format!(
                        "`{}` is no dataclass, so its fields can't be told",
                        class.name
                    ),
                )
                .label(format!(
                    "`{}` returns {} outputs by it",
                    function.name,
                    ports.len()
                ))
                .also(class.span, "the class")
                .help("put `@dataclasses.dataclass` above it, or make it a `typing.NamedTuple`"),
            );
            return;
        }
        ClassKind::Dataclass | ClassKind::NamedTuple | ClassKind::TypedDict => {}
    }
    let names: Vec<(&str, Span)> = class
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.span))
        .collect();
    keys_fit(
        checker,
        function,
        ports,
        &names,
        false,
        class.span,
        &format!("`{}`", class.name),
    );
    for field in &class.fields {
        let (Some(port), Some(written)) = (
            ports.iter().find(|port| port.name == field.name),
            &field.annotation,
        ) else {
            continue;
        };
        if !parse(&written.text, checker.module).gives(&port.ty, checker.module) {
            let text = format!(
                "`{}.{}` is `{}`, and the output is {}",
                class.name,
                field.name,
                written.text,
                words(&port.ty)
            );
            report(
                checker,
                codes::RETURN_TYPE,
                port.span,
                text,
                &port.ty,
                written.span,
            );
        }
    }
}

/// The names of what is returned are those of the outputs; `open` says that there may be more.
fn keys_fit(
    checker: &mut Checker<'_>,
    function: &Function,
    ports: &[&Port],
    keys: &[(&str, Span)],
    open: bool,
    whole: Span,
    what: &str,
) {
    let missing: Vec<&&Port> = ports
        .iter()
        .filter(|port| {
            !open && !port.ty.is_optional() && !keys.iter().any(|(key, _)| *key == port.name)
        })
        .collect();
    let unknown: Vec<&(&str, Span)> = keys
        .iter()
        .filter(|(key, _)| !ports.iter().any(|port| port.name == *key))
        .collect();
    let absent = ports
        .iter()
        .filter(|port| !keys.iter().any(|(key, _)| *key == port.name));
    let absent: Vec<&str> = absent.map(|port| port.name.as_str()).collect();
    for (key, span) in &unknown {
        checker.diagnostics.push(
            Diagnostic::new(
                codes::RETURN_SHAPE,
                *span,
                format!("`{key}` is no output of `{}`", checker.component.name),
            )
            .label(format!(
                "`{}` returns this beside its outputs",
                function.name
            ))
            .also(
                checker.component.reference,
                "the component takes its outputs from there",
            )
            .maybe_help(did_you_mean(key, absent.iter().copied())),
        );
    }
    // A name that is only misspelt is one fault.
    if unknown.is_empty() {
        for port in missing {
            checker.diagnostics.push(
                Diagnostic::new(
                    codes::RETURN_SHAPE,
                    port.span,
                    format!("{what} has no `{}`", port.name),
                )
                .label("this output is to be returned")
                .also(whole, format!("`{}` returns this", function.name))
                .help(format!("add `{}` to what is returned", port.name)),
            );
        }
    }
}

fn report(
    checker: &mut Checker<'_>,
    code: codes::Code,
    span: Span,
    text: String,
    ty: &Type,
    at: Span,
) {
    checker.diagnostics.push(
        Diagnostic::new(code, span, text)
            .label(format!("this is `{ty}`"))
            .also(at, "what the function returns"),
    );
}

fn takes_tuple(ty: &Type) -> bool {
    matches!(ty.base(), Type::List(_) | Type::Unknown)
}

fn takes_dict(ty: &Type) -> bool {
    matches!(ty.base(), Type::Dict(_) | Type::Record(_) | Type::Unknown)
}

/// What an output of this type is returned as, in words.
fn words(ty: &Type) -> String {
    match ty.artifact() {
        Some(artifact) => format!("a `{}`, returned as its path", artifact.kind.name()),
        None => format!("`{}`", ty.unrefined()),
    }
}

fn dict_of(ports: &[&Port]) -> String {
    let entries: Vec<String> = ports
        .iter()
        .take(4)
        .map(|port| format!("\"{0}\": {0}", port.name))
        .collect();
    let more = if ports.len() > 4 { ", .." } else { "" };
    format!("`{{{}{more}}}`", entries.join(", "))
}
