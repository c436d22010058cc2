//! Whether a Python function fits a component, with labels in both files.

use super::annotation::Hint;
use super::{Function, Module, Parameter, ParameterKind};
use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{Port, PythonInput, PythonOutput};
use crate::source::Span;
use crate::types::Type;

/// What a component says of its function.
pub struct Component<'a> {
    pub name: &'a str,
    pub inputs: &'a [Port],
    pub outputs: &'a [Port],
    pub unnamed_output: bool,
    /// Of the text `"file.py:function"`.
    pub reference: Span,
    pub function: &'a str,
}

/// How the function's parameters and results meet the ports, in port order.
pub struct Checked {
    pub inputs: Vec<PythonInput>,
    pub outputs: Vec<PythonOutput>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a function against its component. `is_beside` says whether a module stands beside the file.
pub fn check(component: &Component<'_>, module: &Module, is_beside: &dyn Fn(&str) -> bool) -> Checked {
    let mut check = Check {
        component,
        module,
        diagnostics: Vec::new(),
    };
    check.imports(is_beside);
    let (inputs, outputs) = match check.function() {
        Some(function) => {
            check.parameters(function);
            check.returned(function);
            conventions(component, function)
        }
        None => (
            component.inputs.iter().map(|port| given(port, None)).collect(),
            component.outputs.iter().map(|_| PythonOutput::Returned).collect(),
        ),
    };
    Checked {
        inputs,
        outputs,
        diagnostics: check.diagnostics,
    }
}

fn conventions(component: &Component<'_>, function: &Function) -> (Vec<PythonInput>, Vec<PythonOutput>) {
    let named = |port: &Port| function.parameters.iter().find(|parameter| parameter.name == port.name);
    let inputs = component.inputs.iter().map(|port| given(port, named(port))).collect();
    let outputs = component
        .outputs
        .iter()
        .map(|port| match named(port) {
            None => PythonOutput::Returned,
            Some(parameter) if wants_path(parameter) => PythonOutput::PathParameter,
            Some(_) => PythonOutput::StrParameter,
        })
        .collect();
    (inputs, outputs)
}

fn given(port: &Port, parameter: Option<&Parameter>) -> PythonInput {
    if port.ty.is_value() {
        PythonInput::Value
    } else if parameter.is_some_and(wants_path) {
        PythonInput::Path
    } else {
        PythonInput::Str
    }
}

/// The annotation is of paths, and not of texts too.
fn wants_path(parameter: &Parameter) -> bool {
    fn names<'h>(hint: &'h Hint, found: &mut Vec<&'h str>) {
        match hint {
            Hint::Named(name, args) => {
                found.push(name);
                args.iter().for_each(|arg| names(arg, found));
            }
            Hint::Union(members) => members.iter().for_each(|member| names(member, found)),
            Hint::None | Hint::Other => {}
        }
    }
    let Some(annotation) = &parameter.annotation else { return false };
    let hint = Hint::parse(&annotation.text);
    let mut found = Vec::new();
    names(&hint, &mut found);
    found.iter().any(|name| matches!(*name, "Path" | "PurePath" | "PosixPath")) && !found.contains(&"str")
}

struct Check<'a> {
    component: &'a Component<'a>,
    module: &'a Module,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn imports(&mut self, is_beside: &dyn Fn(&str) -> bool) {
        for import in &self.module.imports {
            if import.is_relative || is_beside(&import.module) {
                let name = if import.module.is_empty() { "." } else { &import.module };
                self.report(
                    Diagnostic::new(
                        codes::LOCAL_IMPORT,
                        import.span,
                        format!("`{name}` stands beside this file and is not there when the step runs"),
                    )
                    .label("only this one file is embedded in what is compiled")
                    .also(self.component.reference, "the step is made from that file")
                    .help(
                        "put what is needed into this file, or into a package that the image has or `packages` installs",
                    ),
                );
            }
        }
    }

    fn function(&mut self) -> Option<&'a Function> {
        let Component { function, reference, .. } = *self.component;
        if let Some(error) = self.module.error {
            self.report(
                Diagnostic::new(codes::PYTHON_SYNTAX, error, "this is no Python")
                    .also(reference, "the step is made from that file"),
            );
            return None;
        }
        if let Some(found) = self.module.functions.iter().find(|found| found.name == function) {
            if found.is_async {
                self.report(
                    Diagnostic::new(codes::NOT_CALLABLE, found.span, format!("`{function}` is an async function"))
                        .also(reference, "named here")
                        .help("name a plain function that runs it: `asyncio.run(..)`"),
                );
                return None;
            }
            return Some(found);
        }
        let class = self.module.classes.iter().find(|class| class.name == function);
        let inner = self.module.inner.iter().find(|(name, _)| name == function);
        let diagnostic = if let Some(class) = class {
            Diagnostic::new(codes::NOT_CALLABLE, reference, format!("`{function}` is a class"))
                .also(class.span, "defined here")
                .help("name a function at the top of the file")
        } else if let Some((_, span)) = inner {
            Diagnostic::new(codes::NOT_CALLABLE, reference, format!("`{function}` is not at the top of the file"))
                .also(*span, "it is inside a class or another function")
                .help("name a function at the top of the file")
        } else {
            let names = self.module.functions.iter().map(|found| found.name.as_str());
            Diagnostic::new(codes::NO_FUNCTION, reference, format!("the file has no function `{function}`"))
                .maybe_help(did_you_mean(function, names))
        };
        self.report(diagnostic);
        None
    }

    fn parameters(&mut self, function: &Function) {
        let Component { name, inputs, outputs, .. } = *self.component;
        let takes_all = function.parameters.iter().any(|one| one.kind == ParameterKind::RestByName);
        let mut missing = Vec::new();
        for port in inputs {
            match function.parameters.iter().find(|one| one.name == port.name) {
                None if takes_all => {}
                None => missing.push(port),
                Some(parameter) => self.annotation(function, parameter, port),
            }
        }
        let extra: Vec<&Parameter> = function
            .parameters
            .iter()
            .filter(|one| !matches!(one.kind, ParameterKind::Rest | ParameterKind::RestByName))
            .filter(|one| !inputs.iter().chain(outputs).any(|port| port.name == one.name))
            .filter(|one| one.default.is_none())
            .collect();
        for port in &missing {
            // A port and a parameter that differ in spelling are one mistake.
            let candidates = function.parameters.iter().map(|one| one.name.as_str());
            let diagnostic = Diagnostic::new(
                codes::PORT_WITHOUT_PARAMETER,
                port.span,
                format!("`{}` takes no `{}`", function.name, port.name),
            )
            .label(format!("an input of `{name}`"))
            .also(function.span, "the function")
            .maybe_help(did_you_mean(&port.name, candidates));
            self.report(diagnostic);
        }
        for parameter in function.parameters.iter() {
            let is_port = inputs.iter().chain(outputs).any(|port| port.name == parameter.name);
            if is_port && parameter.kind == ParameterKind::PositionalOnly {
                self.report(
                    Diagnostic::new(
                        codes::NOT_CALLABLE,
                        parameter.span,
                        format!("`{}` can't be given by name", parameter.name),
                    )
                    .label("it stands before `/`")
                    .also(self.component.reference, "a step gives its inputs by name")
                    .help("take the `/` out"),
                );
            }
        }
        if missing.is_empty() {
            for parameter in extra {
                let ports = inputs.iter().map(|port| port.name.as_str());
                self.report(
                    Diagnostic::new(
                        codes::PARAMETER_WITHOUT_PORT,
                        parameter.span,
                        format!("`{name}` gives no value for `{}`", parameter.name),
                    )
                    .label("it has no default")
                    .also(self.component.reference, format!("`{name}` calls it with its inputs"))
                    .help(did_you_mean(&parameter.name, ports).unwrap_or_else(|| {
                        format!("add an input `{}` to `{name}`, or give the parameter a default", parameter.name)
                    })),
                );
            }
        }
    }

    fn annotation(&mut self, function: &Function, parameter: &Parameter, port: &Port) {
        let Some(annotation) = &parameter.annotation else { return };
        let hint = Hint::parse(&annotation.text);
        if hint.takes(&port.ty) == Some(false) {
            let expected = expected(&port.ty);
            self.report(
                Diagnostic::new(
                    codes::ANNOTATION_DIFFERS,
                    annotation.span,
                    format!("`{}` of `{}` is `{}`, not `{}`", port.name, self.component.name, port.ty, annotation.text),
                )
                .label(format!("`{}` says `{}`", function.name, annotation.text))
                .also(port.span, format!("this is `{}`", port.ty))
                .help(format!("annotate it as `{expected}`, or change the port")),
            );
        } else if port.ty.is_optional()
            && hint.takes_none() == Some(false)
            && parameter.default.as_deref() != Some("None")
        {
            self.report(
                Diagnostic::new(
                    codes::NONE_NOT_EXPECTED,
                    annotation.span,
                    format!("`{}` may be absent, and is then `None`", port.name),
                )
                .label(format!("`{}` says `{}`", function.name, annotation.text))
                .also(port.span, format!("this is `{}`", port.ty))
                .help(format!("annotate it as `{} | None`", annotation.text)),
            );
        }
    }

    fn returned(&mut self, function: &Function) {
        let Component { outputs, .. } = *self.component;
        let returned: Vec<&Port> = outputs
            .iter()
            .filter(|port| !function.parameters.iter().any(|one| one.name == port.name))
            .collect();
        match returned.as_slice() {
            [] => {}
            [only] => self.returned_one(function, only),
            several => self.returned_several(function, several),
        }
    }

    fn returned_one(&mut self, function: &Function, port: &Port) {
        let Some(annotation) = &function.returns else { return };
        if Hint::parse(&annotation.text).gives(&port.ty) == Some(false) {
            let what = if self.component.unnamed_output {
                format!("the output of `{}`", self.component.name)
            } else {
                format!("the output `{}`", port.name)
            };
            self.report(
                Diagnostic::new(
                    codes::RETURN_DIFFERS,
                    annotation.span,
                    format!("{what} is `{}`, but `{}` returns `{}`", port.ty, function.name, annotation.text),
                )
                .label(format!("`{}` would fit", expected(&port.ty)))
                .also(port.span, "declared here"),
            );
        }
    }

    fn returned_several(&mut self, function: &Function, ports: &[&Port]) {
        if let Some(annotation) = &function.returns {
            let hint = Hint::parse(&annotation.text);
            let class = hint
                .name()
                .and_then(|name| self.module.classes.iter().find(|class| class.name == name));
            if let Some(class) = class {
                if class.is_record {
                    let fields: Vec<(&str, Span)> =
                        class.fields.iter().map(|(name, ty)| (name.as_str(), ty.span)).collect();
                    self.names(&fields, ports, class.span, &format!("`{}`", class.name));
                    for (name, ty) in &class.fields {
                        let Some(port) = ports.iter().find(|port| port.name == *name) else { continue };
                        if Hint::parse(&ty.text).gives(&port.ty) == Some(false) {
                            self.report(
                                Diagnostic::new(
                                    codes::RETURN_DIFFERS,
                                    ty.span,
                                    format!("the output `{name}` is `{}`, not `{}`", port.ty, ty.text),
                                )
                                .label(format!("`{}` would fit", expected(&port.ty)))
                                .also(port.span, "declared here"),
                            );
                        }
                    }
                }
                return;
            }
            // Anything but a dict of the outputs can't hold several.
            let single = match &hint {
                Hint::None => true,
                Hint::Named(name, _) => {
                    matches!(name.as_str(), "int" | "float" | "str" | "bool" | "list" | "List" | "Path" | "bytes")
                        || name.eq_ignore_ascii_case("tuple")
                }
                _ => false,
            };
            if single {
                let names: Vec<String> = ports.iter().map(|port| format!("\"{}\": ..", port.name)).collect();
                self.report(
                    Diagnostic::new(
                        codes::RETURN_DIFFERS,
                        annotation.span,
                        format!(
                            "`{}` has {} outputs, but `{}` returns `{}`",
                            self.component.name,
                            ports.len(),
                            function.name,
                            annotation.text
                        ),
                    )
                    .also(ports[0].span, "declared here")
                    .help(format!(
                        "return a dict `{{{}}}`, a dataclass or a named tuple with these names",
                        names.join(", ")
                    )),
                );
                return;
            }
        }
        for dict in &function.returned_dicts {
            let keys: Vec<(&str, Span)> = dict.keys.iter().map(|(name, span)| (name.as_str(), *span)).collect();
            self.names(&keys, ports, dict.span, "this dict");
        }
    }

    /// Holds the names that are returned against the outputs.
    fn names(&mut self, given: &[(&str, Span)], ports: &[&Port], span: Span, what: &str) {
        let unknown: Vec<&(&str, Span)> =
            given.iter().filter(|(name, _)| !ports.iter().any(|port| port.name == *name)).collect();
        for (name, at) in &unknown {
            let names = ports.iter().map(|port| port.name.as_str());
            self.report(
                Diagnostic::new(
                    codes::RETURN_DIFFERS,
                    *at,
                    format!("`{}` has no output `{name}`", self.component.name),
                )
                .also(ports[0].span, "its outputs are declared here")
                .maybe_help(did_you_mean(name, names)),
            );
        }
        // A misspelt name is also a missing one.
        if !unknown.is_empty() {
            return;
        }
        for port in ports {
            if !given.iter().any(|(name, _)| *name == port.name) && !port.ty.is_optional() {
                self.report(
                    Diagnostic::new(
                        codes::RETURN_DIFFERS,
                        span,
                        format!("{what} lacks the output `{}`", port.name),
                    )
                    .also(port.span, "declared here"),
                );
            }
        }
    }
}

/// The annotation that fits a type.
fn expected(ty: &Type) -> String {
    let plain = match ty.base() {
        Type::Int => "int".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Str | Type::Date | Type::DateTime | Type::Artifact(_) => "str".to_owned(),
        Type::List(item) => format!("list[{}]", expected(item)),
        Type::Dict(item) => format!("dict[str, {}]", expected(item)),
        Type::Record(_) => "dict".to_owned(),
        Type::Optional(_) | Type::Refined(_) | Type::Nothing | Type::Unknown => "object".to_owned(),
    };
    if ty.is_optional() { format!("{plain} | None") } else { plain }
}
