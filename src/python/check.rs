//! Whether a function fits a component: its name, its parameters, their annotations.

use super::annotation::{Annotation, parse};
use super::returns;
use super::{Class, Function, Home, Module, Parameter, ParameterKind};
use crate::diagnostics::{Diagnostic, codes, did_you_mean, nearest, one_of};
use crate::graph::{Port, PythonInput, PythonOutput};
use crate::source::Span;
use crate::types::Type;

/// What the `.mlp` file says of a Python step.
pub struct Component<'a> {
    pub name: &'a str,
    pub inputs: &'a [Port],
    pub outputs: &'a [Port],
    /// Of the text `"file.py:function"`.
    pub reference: Span,
    pub function: &'a str,
}

/// How the ports reach the function, in port order, and what does not fit.
pub struct Checked {
    pub inputs: Vec<PythonInput>,
    pub outputs: Vec<PythonOutput>,
    pub diagnostics: Vec<Diagnostic>,
}

/// What is wrong with a file itself, whichever component names it: a syntax error, imports of files that are not embedded. `is_beside` says whether
/// a module of that name stands beside it; `reference` is a place that names the file.
pub fn module_faults(
    module: &Module,
    reference: Span,
    is_beside: &dyn Fn(&str) -> bool,
) -> Vec<Diagnostic> {
    if let Some(error) = &module.error {
        let fault = Diagnostic::new(
            codes::PYTHON_SYNTAX,
            error.span,
            "the Python file does not parse",
        )
        .label(error.label.as_str())
        .also(reference, "the file is embedded here")
        .help("`python -m py_compile` on the file shows Python's own message");
        return vec![fault];
    }
    let local = module
        .imports
        .iter()
        .filter(|import| import.is_relative || is_beside(&import.module));
    local
        .map(|import| {
            let kind = if import.is_relative { "is relative" } else { "stands beside this file" };
            Diagnostic::new(codes::LOCAL_IMPORT, import.span, format!("`{}` is not embedded with this file", import.module))
                .label(format!("this module {kind}, and only the one file goes into what is compiled"))
                .also(reference, "the file is embedded here")
                .help("move what it needs into this file, or build an image that has both and name the function as `\"package.module:function\"`")
        })
        .collect()
}

/// Holds a component against the file's function.
pub fn check(component: &Component<'_>, module: &Module) -> Checked {
    let mut checker = Checker {
        component,
        module,
        diagnostics: Vec::new(),
    };
    // What does not parse is reported once, by the file.
    let function = if module.error.is_some() {
        None
    } else {
        checker.function()
    };
    let mut checked = match function {
        Some(function) => checker.signature(function),
        None => Checked {
            inputs: component
                .inputs
                .iter()
                .map(|port| default_input(&port.ty))
                .collect(),
            outputs: component
                .outputs
                .iter()
                .map(|_| PythonOutput::Returned)
                .collect(),
            diagnostics: Vec::new(),
        },
    };
    checked.diagnostics = checker.diagnostics;
    checked
}

fn default_input(ty: &Type) -> PythonInput {
    if is_artifact(ty) {
        PythonInput::Str
    } else {
        PythonInput::Value
    }
}

/// An artifact or a list of them.
fn is_artifact(ty: &Type) -> bool {
    ty.artifact().is_some() || ty.artifact_list().is_some()
}

/// Decorators that leave a function's parameters and what it returns as they are.
const PLAIN_DECORATORS: [&str; 11] = [
    "cache",
    "lru_cache",
    "override",
    "final",
    "deprecated",
    "no_type_check",
    "no_grad",
    "inference_mode",
    "njit",
    "jit",
    "profile",
];

pub(super) struct Checker<'a> {
    pub component: &'a Component<'a>,
    pub module: &'a Module,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// The function, when it is one whose signature can be read.
    fn function(&mut self) -> Option<&'a Function> {
        let (module, written) = (self.module, self.component.function);
        let home = |function: &&Function| function.home == Home::Module;
        // Of several definitions the last one holds.
        if let Some(function) = module
            .functions
            .iter()
            .filter(home)
            .rfind(|function| function.name == written)
        {
            return self.plain(function);
        }
        if module.names.iter().any(|name| name == written) {
            // It is imported or computed: there is no signature to read.
            return None;
        }
        let name = written.rsplit('.').next().unwrap_or(written);
        let reference = self.component.reference;
        let named = |text: String| Diagnostic::new(codes::NO_STEP_FUNCTION, reference, text);
        let candidates = || {
            module
                .functions
                .iter()
                .filter(home)
                .map(|function| function.name.as_str())
        };
        if let Some(class) = module.classes.iter().find(|class| class.name == written) {
            self.diagnostics.push(
                named(format!("`{written}` is a class, not a function"))
                    .label("a function at the top level of the file is expected")
                    .also(class.span, "the class")
                    .help("write a function that makes an object of it and calls what is needed"),
            );
            return None;
        }
        if let Some(function) = module
            .functions
            .iter()
            .rfind(|function| function.name == name)
        {
            let diagnostic = match &function.home {
                Home::Class(class) => named(format!(
                    "`{name}` is a method of `{class}`, not a function"
                ))
                .help(format!(
                    "write a function at the top level that makes a `{class}` and calls `{name}`"
                )),
                Home::Function(outer) => named(format!(
                    "`{name}` is defined inside `{outer}`, out of reach"
                ))
                .help(format!(
                    "move `{name}` out of `{outer}`, to the top level of the file"
                )),
                Home::Module => unreachable!("it was looked for above"),
            };
            self.diagnostics.push(
                diagnostic
                    .label("a function at the top level of the file is expected")
                    .also(function.span, "it is defined here"),
            );
            return None;
        }
        if !module.has_star {
            let mut diagnostic = Diagnostic::new(
                codes::NO_FUNCTION,
                reference,
                format!("there is no function `{written}` in the file"),
            )
            .label("no such function at the top level")
            .maybe_help(did_you_mean(written, candidates()));
            if let Some(near) =
                nearest(written, candidates()).and_then(|near| candidates_span(module, near))
            {
                diagnostic = diagnostic.also(near, "the nearest one");
            }
            self.diagnostics.push(diagnostic);
        }
        None
    }

    /// The function, unless calling it does not run it or its signature is hidden.
    fn plain(&mut self, function: &'a Function) -> Option<&'a Function> {
        if function
            .decorators
            .iter()
            .any(|decorator| !PLAIN_DECORATORS.contains(&decorator.as_str()))
        {
            return None;
        }
        let (what, help) = match function {
            Function { is_async: true, .. } => (
                "is `async`: calling it runs nothing",
                "write a plain function that calls `asyncio.run(..)`",
            ),
            Function {
                is_generator: true, ..
            } => (
                "is a generator: calling it runs nothing",
                "return a list, or write to a file, instead of `yield`",
            ),
            _ => return Some(function),
        };
        self.diagnostics.push(
            Diagnostic::new(
                codes::NO_STEP_FUNCTION,
                self.component.reference,
                format!("`{}` {what}", function.name),
            )
            .label("a plain function is expected")
            .also(function.span, "it is defined here")
            .help(help),
        );
        None
    }

    fn signature(&mut self, function: &'a Function) -> Checked {
        let component = self.component;
        let takes_all = function
            .parameters
            .iter()
            .any(|parameter| parameter.kind == ParameterKind::Keywords);
        self.parameters(function, takes_all);
        let inputs = component
            .inputs
            .iter()
            .map(|port| match named(function, &port.name) {
                Some(parameter) => self.input(function, port, parameter),
                None => default_input(&port.ty),
            })
            .collect();
        let outputs: Vec<PythonOutput> = component
            .outputs
            .iter()
            .map(|port| match named(function, &port.name) {
                Some(parameter) => self.output(function, port, parameter),
                None => PythonOutput::Returned,
            })
            .collect();
        let returned = component.outputs.iter().zip(&outputs);
        let returned: Vec<&Port> = returned
            .filter(|(_, by)| **by == PythonOutput::Returned)
            .map(|(port, _)| port)
            .collect();
        returns::check(self, function, &returned);
        Checked {
            inputs,
            outputs,
            diagnostics: Vec::new(),
        }
    }

    /// Each input has a parameter, and each required parameter is a port.
    fn parameters(&mut self, function: &Function, takes_all: bool) {
        let component = self.component;
        let ports = || component.inputs.iter().chain(component.outputs);
        let is_port = |name: &str| ports().any(|port| port.name == name);
        for parameter in &function.parameters {
            let has_port = is_port(&parameter.name);
            if parameter.kind == ParameterKind::PositionalOnly
                && (has_port || !parameter.has_default)
            {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::POSITIONAL_ONLY,
                        component.reference,
                        format!(
                            "`{}` takes `{}` by position only",
                            function.name, parameter.name
                        ),
                    )
                    .label("ports are given by name")
                    .also(
                        parameter.span,
                        "a parameter before `/` has no name to its callers",
                    )
                    .help("drop the `/` from the function's parameters"),
                );
            }
        }
        let mut extra: Vec<&Parameter> = function
            .parameters
            .iter()
            .filter(|parameter| {
                matches!(
                    parameter.kind,
                    ParameterKind::Plain | ParameterKind::KeywordOnly
                )
            })
            .filter(|parameter| !parameter.has_default && !is_port(&parameter.name))
            .collect();
        let free = |parameter: &&Parameter| {
            matches!(
                parameter.kind,
                ParameterKind::Plain | ParameterKind::KeywordOnly
            ) && !is_port(&parameter.name)
        };
        for port in component.inputs {
            let is_named = |parameter: &Parameter| {
                parameter.name == port.name
                    && !matches!(
                        parameter.kind,
                        ParameterKind::Rest | ParameterKind::Keywords
                    )
            };
            if takes_all || function.parameters.iter().any(is_named) {
                continue;
            }
            let candidates: Vec<&Parameter> = function.parameters.iter().filter(free).collect();
            let names = || candidates.iter().map(|parameter| parameter.name.as_str());
            let mut diagnostic = Diagnostic::new(
                codes::NO_PARAMETER,
                port.span,
                format!("`{}` has no parameter `{}`", function.name, port.name),
            )
            .label("an input reaches the function by the parameter of its name")
            .maybe_help(did_you_mean(&port.name, names()));
            // One cause, one report: a parameter that was meant is not reported as one too many.
            match nearest(&port.name, names())
                .and_then(|near| candidates.iter().find(|parameter| parameter.name == near))
            {
                Some(near) => {
                    extra.retain(|parameter| parameter.name != near.name);
                    diagnostic = diagnostic.also(near.span, "the nearest parameter");
                }
                None => {
                    if let [only] = extra[..] {
                        extra.clear();
                        diagnostic = diagnostic.also(only.span, "this parameter is no port");
                    } else {
                        diagnostic = diagnostic.also(function.span, "the function");
                    }
                }
            }
            if diagnostic.help.is_none() {
                diagnostic = diagnostic.help(format!(
                    "add a parameter `{}` to `{}`",
                    port.name, function.name
                ));
            }
            self.diagnostics.push(diagnostic);
        }
        for parameter in extra {
            let inputs: Vec<&str> = component
                .inputs
                .iter()
                .map(|port| port.name.as_str())
                .collect();
            let ports = match inputs.len() {
                0 => "it has no inputs".to_owned(),
                1..=12 => format!(
                    "its inputs are {}",
                    one_of(&inputs).replace(" or ", " and ")
                ),
                count => format!("it has {count} inputs"),
            };
            self.diagnostics.push(
                Diagnostic::new(
                    codes::EXTRA_PARAMETER,
                    component.reference,
                    format!(
                        "`{}` needs `{}`, which `{}` does not give",
                        function.name, parameter.name, component.name
                    ),
                )
                .label(format!(
                    "no port of the component is called `{}`: {ports}",
                    parameter.name
                ))
                .also(parameter.span, "this parameter has no default")
                .help(
                    "add an input of that name to the component, or give the parameter a default",
                ),
            );
        }
    }

    /// How an input is given, by the annotation of its parameter.
    fn input(&mut self, function: &Function, port: &Port, parameter: &Parameter) -> PythonInput {
        let Some(annotated) = &parameter.annotation else {
            return default_input(&port.ty);
        };
        let annotation = parse(&annotated.text, self.module);
        if !annotation.takes(&port.ty, self.module) {
            let given = given(&port.ty);
            let diagnostic = Diagnostic::new(
                codes::PARAMETER_TYPE,
                port.span,
                format!(
                    "`{}` takes `{}` as `{}`, and is given {given}",
                    function.name, port.name, annotated.text
                ),
            )
            .label(format!("this is `{}`", port.ty))
            .also(annotated.span, "annotated here")
            .maybe_help(input_help(&annotation, &port.ty, self.module));
            self.diagnostics.push(diagnostic);
        } else if port.ty.is_optional()
            && !annotation.has_none()
            && !parameter.default_is_none
            && !is_open(&annotation)
        {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NONE_NOT_TAKEN,
                    port.span,
                    format!(
                        "`{}` is given `None` when `{}` is absent",
                        function.name, port.name
                    ),
                )
                .label(format!("this is `{}`", port.ty))
                .also(annotated.span, "annotated without `None`")
                .help(format!(
                    "annotate it `{} | None`, and handle `None`",
                    annotated.text
                )),
            );
        }
        match is_artifact(&port.ty) {
            true if annotation.wants_path() => PythonInput::Path,
            true => PythonInput::Str,
            false => PythonInput::Value,
        }
    }

    /// How an output by parameter is given its path.
    fn output(&mut self, function: &Function, port: &Port, parameter: &Parameter) -> PythonOutput {
        let annotation = parameter
            .annotation
            .as_ref()
            .map(|it| (it, parse(&it.text, self.module)));
        let Some((annotated, annotation)) = annotation else {
            return PythonOutput::StrParameter;
        };
        let path = Type::Artifact(std::sync::Arc::new(crate::types::Artifact {
            kind: crate::types::ArtifactKind::Artifact,
            format: None,
            columns: None,
        }));
        if !annotation.takes(&path, self.module) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::PARAMETER_TYPE,
                    port.span,
                    format!("`{}` takes `{}` as `{}`, and is given the path to write it to", function.name, port.name, annotated.text),
                )
                .label("an output with a parameter of its name is written to the path that this gets")
                .also(annotated.span, "annotated here")
                .help("annotate it `str` or `pathlib.Path` and write to it, or rename the parameter and return the output"),
            );
        }
        if annotation.wants_path() {
            PythonOutput::PathParameter
        } else {
            PythonOutput::StrParameter
        }
    }
}

fn candidates_span(module: &Module, name: &str) -> Option<Span> {
    let found = module
        .functions
        .iter()
        .find(|function| function.home == Home::Module && function.name == name)?;
    Some(found.span)
}

/// The parameter that a keyword of this name reaches.
fn named<'f>(function: &'f Function, name: &str) -> Option<&'f Parameter> {
    function.parameters.iter().find(|parameter| {
        parameter.name == name
            && matches!(
                parameter.kind,
                ParameterKind::Plain | ParameterKind::KeywordOnly
            )
    })
}

/// Something in it can't be told, and may take `None`.
fn is_open(annotation: &Annotation) -> bool {
    match annotation {
        Annotation::Unknown => true,
        Annotation::Union(members) => members.contains(&Annotation::Unknown),
        _ => false,
    }
}

/// What reaches a function from a port of this type, in words.
fn given(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => given(inner),
        Type::Artifact(_) => "the path of a file or folder".to_owned(),
        Type::List(item) if item.artifact().is_some() => "a list of paths".to_owned(),
        Type::Record(_) => "a dict".to_owned(),
        Type::Date | Type::DateTime => "ISO-8601 text".to_owned(),
        other => format!("`{}`", other.unrefined()),
    }
}

fn input_help(annotation: &Annotation, ty: &Type, module: &Module) -> Option<String> {
    let class: Option<&Class> = annotation.only_class(module);
    Some(match (annotation, ty.base()) {
        (Annotation::Data, Type::Artifact(_)) => {
            "annotate it `str` or `pathlib.Path`, and read the file in the function".to_owned()
        }
        (Annotation::SdkArtifact, Type::Artifact(_)) => {
            "annotate it `str` or `pathlib.Path`: the path itself is given, without the SDK's `.path`".to_owned()
        }
        (_, Type::Artifact(_)) => "annotate it `str` or `pathlib.Path`".to_owned(),
        (_, Type::Date | Type::DateTime) => "annotate it `str`, and parse it in the function".to_owned(),
        (_, Type::Record(_)) => match class {
            Some(class) => format!("annotate it `dict`, and make a `{}` of it in the function", class.name),
            None => "annotate it `dict`".to_owned(),
        },
        (Annotation::Int, Type::Float) => "annotate it `float`, or declare the input as `int`".to_owned(),
        (_, Type::List(item)) if item.artifact().is_some() => "annotate it `list[str]` or `list[pathlib.Path]`".to_owned(),
        _ => return None,
    })
}
