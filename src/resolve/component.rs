//! Components: their ports, their step and their attributes.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{
    self, Part, Port, PythonCode, PythonInput, PythonOutput, PythonSource, PythonSourceId,
    PythonStep, Step, UNNAMED_OUTPUT, Word,
};
use crate::python;
use crate::source::{FileId, Span};
use crate::syntax::ast::{self, AstNode as _};
use crate::types::Type;
use crate::types::constant::{Reject, conform, type_of};
use crate::value::Value;

use super::Resolver;
use super::attributes::{self, Place, STEP_KEYS};
use super::constant::Entry;
use super::items::{Definition, Style};
use super::module;

impl Resolver<'_> {
    pub(super) fn declare_components(&mut self, definitions: &[Definition<ast::Component>]) {
        for definition in definitions {
            let component = self.component(definition);
            self.components.push(component);
        }
    }

    fn component(&mut self, definition: &Definition<ast::Component>) -> module::Component {
        let Definition {
            file,
            node,
            name,
            span,
        } = definition;
        let id = self.file_id(*file);
        let mut seen = IndexMap::new();
        let inputs: Vec<Port> = node
            .inputs()
            .into_iter()
            .filter_map(|port| self.port(*file, &port, &mut seen, Direction::Input))
            .collect();
        let (outputs, unnamed_output) = match node.outputs() {
            None => (Vec::new(), false),
            Some(outputs) => match outputs.unnamed() {
                Some(ty) => {
                    let span = ty.span(id);
                    let ty = self.form(*file, &ty);
                    let ty = self.port_type(ty, span, Direction::Output);
                    let port = Port {
                        name: UNNAMED_OUTPUT.to_owned(),
                        ty,
                        default: None,
                        doc: String::new(),
                        span,
                    };
                    (vec![port], true)
                }
                None => {
                    let mut seen_outputs = IndexMap::new();
                    let ports = outputs
                        .named()
                        .unwrap_or_default()
                        .into_iter()
                        .filter_map(|port| {
                            self.port(*file, &port, &mut seen_outputs, Direction::Output)
                        })
                        .collect();
                    (ports, false)
                }
            },
        };
        for output in &outputs {
            if let Some(input) = inputs.iter().find(|input| input.name == output.name) {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::INPUT_IS_OUTPUT,
                        output.span,
                        format!("`{}` is an input already", output.name),
                    )
                    .also(input.span, "the input")
                    .help("give the output a name of its own"),
                );
            }
        }
        let (steps, entries): (Vec<ast::Entry>, Vec<ast::Entry>) =
            node.attributes().into_iter().partition(|entry| {
                entry
                    .key_text()
                    .is_some_and(|key| STEP_KEYS.contains(&key.as_str()))
            });
        let step = self.step(id, definition, &steps, &inputs, &outputs, unnamed_output);
        let entries: Vec<Entry> = self.constant_entries(id, entries.into_iter());
        let attributes = attributes::layer(&entries, Place::Component, &mut self.diagnostics);
        module::Component {
            definition: graph::Component {
                name: name.clone(),
                doc: node.doc(),
                inputs,
                outputs,
                unnamed_output,
                step,
                span: *span,
            },
            attributes,
            span: *span,
        }
    }

    /// A port of a component, or a parameter or output of a pipeline. `seen` holds the names so far.
    fn port(
        &mut self,
        file: usize,
        node: &ast::Port,
        seen: &mut IndexMap<String, Span>,
        direction: Direction,
    ) -> Option<Port> {
        let id = self.file_id(file);
        let name = node.name()?;
        let span = name.span(id);
        let name = name.text().to_owned();
        self.check_style(&name, span, Style::Snake);
        let ty = match node.ty() {
            Some(ty) => {
                let formed = self.form(file, &ty);
                self.port_type(formed, ty.span(id), direction)
            }
            None => Type::Unknown,
        };
        let default = node.has_default().then(|| {
            let value = node
                .default()
                .and_then(|node| self.default(id, &node, &ty, &name));
            // For a default that was reported stands one that is absent.
            value.unwrap_or(Value::Absent)
        });
        if !self.first_of(seen, &name, span, direction.noun()) {
            return None;
        }
        Some(Port {
            name,
            ty,
            default,
            doc: node.doc(),
            span,
        })
    }

    fn default(&mut self, id: FileId, node: &ast::Expr, ty: &Type, name: &str) -> Option<Value> {
        let value = self.constant_value(id, node)?;
        self.conforming(
            &value,
            ty,
            node.span(id),
            &format!("the default of `{name}`"),
        )
    }

    /// A constant as a value of its type; reports one that is none.
    pub(super) fn conforming(
        &mut self,
        value: &Value,
        ty: &Type,
        span: Span,
        what: &str,
    ) -> Option<Value> {
        match conform(value, ty) {
            Ok(_) if ty.artifact().is_some() => {
                self.not_allowed(
                    span,
                    format!("{what} can't be a constant: it is an artifact"),
                    "make it optional with `?`, or take it from a task",
                );
                None
            }
            Ok(value) => Some(value),
            Err(Reject::Type { .. }) => {
                let given = type_of(value);
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::TYPE_MISMATCH,
                        span,
                        format!("{what} is `{ty}`, not `{given}`"),
                    )
                    .label(format!("this is `{given}`")),
                );
                None
            }
            Err(Reject::Outside { expected }) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::OUT_OF_RANGE,
                        span,
                        format!("{what} is outside of its type"),
                    )
                    .label(format!("expected: {expected}")),
                );
                None
            }
        }
    }

    /// The type, when it may stand at a component's port.
    pub(super) fn port_type(&mut self, ty: Type, span: Span, direction: Direction) -> Type {
        if ty.is_value() || ty.artifact().is_some() {
            return ty;
        }
        if ty.artifact_list().is_some() {
            if direction == Direction::Input {
                return ty;
            }
            self.not_allowed(
                span,
                format!("{} can't be `{ty}`", direction.a_noun()),
                "write a folder as one artifact, or take the list as an input only",
            );
        } else {
            self.not_allowed(
                span,
                format!("{} can't be `{ty}`", direction.a_noun()),
                "a port is one value, one artifact, or a list of artifacts as an input",
            );
        }
        Type::Unknown
    }

    fn step(
        &mut self,
        id: FileId,
        definition: &Definition<ast::Component>,
        steps: &[ast::Entry],
        inputs: &[Port],
        outputs: &[Port],
        unnamed_output: bool,
    ) -> Step {
        let name = &definition.name;
        // What was reported stands as a step that does nothing; a program with errors is never lowered.
        let nothing = Step::Run(Vec::new());
        let [entry] = steps else {
            let diagnostic = match steps {
                [] => Diagnostic::new(
                    codes::ONE_STEP,
                    definition.span,
                    format!("component `{name}` does not say what it does"),
                )
                .help("add `python: \"file.py:function\"`, `run: [..]` or `shell: \"\"\"..\"\"\"`"),
                [first, second, ..] => Diagnostic::new(
                    codes::ONE_STEP,
                    second.span(id),
                    format!("component `{name}` says twice what it does"),
                )
                .also(first.span(id), "said here first")
                .help("keep one of `python`, `run` and `shell`"),
                [_] => unreachable!("matched above"),
            };
            self.diagnostics.push(diagnostic);
            return nothing;
        };
        let (Some(key), Some(value)) = (entry.key_text(), entry.value()) else {
            return nothing;
        };
        let span = value.span(id);
        match key.as_str() {
            "run" => {
                match &value {
                    ast::Expr::List(list) => {
                        let words: Vec<Word> = list
                            .items()
                            .filter_map(|item| self.word(id, &item, inputs, outputs))
                            .collect();
                        if list.items().next().is_none() {
                            self.diagnostics.push(
                            Diagnostic::new(codes::BAD_RUN_WORD, span, "`run` needs a command")
                                .help("write the program and its arguments: `[\"cp\", data, output]`"),
                        );
                        }
                        Step::Run(words)
                    }
                    _ => {
                        self.diagnostics.push(
                        Diagnostic::new(codes::BAD_RUN_WORD, span, "`run` is a list of arguments")
                            .help("write `[\"program\", \"argument\", port]`; for a script there is `shell:`"),
                    );
                        nothing
                    }
                }
            }
            "shell" => match self.constant_value(id, &value) {
                Some(Value::Str(script)) => Step::Shell(script),
                Some(_) => {
                    self.diagnostics.push(Diagnostic::new(
                        codes::ONE_STEP,
                        span,
                        "`shell` is a script: a string in `\"\"\"`",
                    ));
                    nothing
                }
                None => nothing,
            },
            _ => match self.constant_value(id, &value) {
                Some(Value::Str(reference)) => self.python_step(
                    &reference,
                    span,
                    definition,
                    inputs,
                    outputs,
                    unnamed_output,
                ),
                Some(_) => {
                    self.diagnostics.push(Diagnostic::new(
                        codes::ONE_STEP,
                        span,
                        "`python` names a function: `\"file.py:function\"`",
                    ));
                    nothing
                }
                None => nothing,
            },
        }
    }

    fn python_step(
        &mut self,
        reference: &str,
        span: Span,
        definition: &Definition<ast::Component>,
        inputs: &[Port],
        outputs: &[Port],
        _unnamed_output: bool,
    ) -> Step {
        let (place, function) = reference.rsplit_once(':').unwrap_or((reference, ""));
        if place.is_empty() || function.is_empty() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::ONE_STEP,
                    span,
                    format!("`{reference}` names no function"),
                )
                .label("`\"file.py:function\"` or `\"package.module:function\"` is expected"),
            );
            return Step::Run(Vec::new());
        }
        if !python::names_file(place) {
            // The module is in the image: nothing here to check it against.
            return Step::Python(PythonStep {
                code: PythonCode::Installed {
                    module: place.to_owned(),
                },
                function: function.to_owned(),
                inputs: inputs
                    .iter()
                    .map(|port| {
                        if port.ty.is_value() {
                            PythonInput::Value
                        } else {
                            PythonInput::Str
                        }
                    })
                    .collect(),
                outputs: outputs.iter().map(|_| PythonOutput::Returned).collect(),
            });
        }
        let files = self.files;
        // A file that could not be read was reported when it was looked for.
        let Some((file, python)) = files
            .named
            .get(&span)
            .and_then(|file| Some((*file, files.python.get(file)?)))
        else {
            return Step::Run(Vec::new());
        };
        let checked = python::check(
            &python::Component {
                name: &definition.name,
                inputs,
                outputs,
                reference: span,
                function,
            },
            &python.module,
        );
        self.diagnostics.extend(checked.diagnostics);
        if !self.python_sources.contains_key(&file) {
            let is_beside = |module: &str| python.beside.iter().any(|beside| beside == module);
            self.diagnostics
                .extend(python::module_faults(&python.module, span, &is_beside));
        }
        let source = self.sources.file(file);
        let next = self.python_sources.len();
        let entry = self.python_sources.entry(file);
        let at = entry.index();
        entry.or_insert_with(|| PythonSource {
            path: source.path.clone(),
            text: source.text.as_str().into(),
        });
        debug_assert!(at <= next);
        Step::Python(PythonStep {
            code: PythonCode::Embedded(PythonSourceId(at)),
            function: function.to_owned(),
            inputs: checked.inputs,
            outputs: checked.outputs,
        })
    }

    fn word(
        &mut self,
        id: FileId,
        node: &ast::Expr,
        inputs: &[Port],
        outputs: &[Port],
    ) -> Option<Word> {
        if let ast::Expr::List(group) = node {
            let words = group
                .items()
                .filter_map(|item| self.parts(id, &item, inputs, outputs, true))
                .collect();
            return Some(Word::Group(words));
        }
        self.parts(id, node, inputs, outputs, false).map(Word::One)
    }

    fn parts(
        &mut self,
        id: FileId,
        node: &ast::Expr,
        inputs: &[Port],
        outputs: &[Port],
        in_group: bool,
    ) -> Option<Vec<Part>> {
        let span = node.span(id);
        match node {
            ast::Expr::Name(name) => {
                let name = name.name()?;
                let part = self.port_part(name.text(), span, inputs, outputs, in_group, true)?;
                Some(vec![part])
            }
            ast::Expr::FString(text) => {
                let mut parts = Vec::new();
                for part in text.parts()? {
                    match part {
                        ast::FStringPart::Text(text) => parts.push(Part::Text(text)),
                        ast::FStringPart::Value(value) => {
                            let span = value.span(id);
                            let names = value.path().unwrap_or_default();
                            match names.as_slice() {
                                [name] => parts.push(self.port_part(
                                    name.text(),
                                    span,
                                    inputs,
                                    outputs,
                                    in_group,
                                    false,
                                )?),
                                _ => {
                                    self.diagnostics.push(
                                        Diagnostic::new(codes::BAD_RUN_WORD, span, "a word of `run:` takes whole ports")
                                            .help("take the field in the pipeline, and pass it to an input of its own"),
                                    );
                                    return None;
                                }
                            }
                        }
                    }
                }
                Some(parts)
            }
            ast::Expr::List(_) => {
                self.diagnostics.push(Diagnostic::new(
                    codes::BAD_RUN_WORD,
                    span,
                    "a group holds words, not another group",
                ));
                None
            }
            _ => Some(vec![Part::Text(self.constant_value(id, node)?.text())]),
        }
    }

    fn port_part(
        &mut self,
        name: &str,
        span: Span,
        inputs: &[Port],
        outputs: &[Port],
        in_group: bool,
        alone: bool,
    ) -> Option<Part> {
        let Some(port) = inputs.iter().chain(outputs).find(|port| port.name == name) else {
            let names = inputs.iter().chain(outputs).map(|port| port.name.as_str());
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_RUN_WORD,
                    span,
                    format!("there is no port `{name}`"),
                )
                .label("a name here is a port of this component")
                .help(
                    did_you_mean(name, names)
                        .unwrap_or_else(|| format!("for the text itself write `\"{name}\"`")),
                ),
            );
            return None;
        };
        let is_input = inputs.iter().any(|input| input.name == name);
        if is_input && port.ty.is_optional() && !in_group {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_RUN_WORD,
                    span,
                    format!("`{name}` may be absent, and then this argument would be missing"),
                )
                .also(port.span, format!("`{name}` is `{}`", port.ty))
                .help(format!(
                    "put it into a group that falls away with it: `[\"--{name}\", {name}]`"
                )),
            );
            return None;
        }
        if is_input && port.ty.artifact_list().is_some() && !alone {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_RUN_WORD,
                    span,
                    format!("`{name}` is a list of artifacts, which can't be part of a text"),
                )
                .help(format!(
                    "write `{name}` as a word of its own: it gives one argument a path"
                )),
            );
            return None;
        }
        Some(Part::Port(name.to_owned()))
    }

    pub(super) fn output_ports(
        &mut self,
        file: usize,
        outputs: Option<ast::Outputs>,
    ) -> (Vec<module::OutputPort>, bool) {
        let id = self.file_id(file);
        let Some(outputs) = outputs else {
            return (Vec::new(), false);
        };
        if let Some(ty) = outputs.unnamed() {
            let span = ty.span(id);
            let ty = self.form(file, &ty);
            let ty = self.port_type(ty, span, Direction::PipelineOutput);
            let output = module::OutputPort {
                name: UNNAMED_OUTPUT.to_owned(),
                ty,
                doc: String::new(),
                span,
            };
            return (vec![output], true);
        }
        let mut seen = IndexMap::new();
        let ports = outputs
            .named()
            .unwrap_or_default()
            .into_iter()
            .filter_map(|port| self.port(file, &port, &mut seen, Direction::PipelineOutput))
            .map(|port| module::OutputPort {
                name: port.name,
                ty: port.ty,
                doc: port.doc,
                span: port.span,
            })
            .collect();
        (ports, false)
    }
}

/// Which side of a component or pipeline a port is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
    Parameter,
    PipelineOutput,
}

impl Direction {
    fn noun(self) -> &'static str {
        match self {
            Direction::Input => "the input",
            Direction::Output | Direction::PipelineOutput => "the output",
            Direction::Parameter => "the parameter",
        }
    }

    fn a_noun(self) -> &'static str {
        match self {
            Direction::Input => "an input",
            Direction::Output => "a component's output",
            Direction::Parameter => "a pipeline's parameter",
            Direction::PipelineOutput => "a pipeline's output",
        }
    }
}
