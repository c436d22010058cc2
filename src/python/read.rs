//! From the text of a Python file to a [`Module`].

use tree_sitter::{Node, Parser};

use super::{Annotation, Class, Function, Import, Module, Parameter, ParameterKind, ReturnedDict};
use crate::source::{FileId, Span};

/// What a Python file holds; a file that is no Python has an `error`.
pub fn read(file: FileId, text: &str) -> Module {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar is of the library's version");
    let Some(tree) = parser.parse(text, None) else {
        return Module::default();
    };
    let mut reader = Reader {
        file,
        text,
        module: Module::default(),
    };
    if tree.root_node().has_error() {
        reader.module.error = reader.first_error(tree.root_node());
    }
    reader.block(tree.root_node(), true);
    reader.imports(tree.root_node());
    reader.module
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    module: Module,
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

impl Reader<'_> {
    fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.start_byte(), node.end_byte())
    }

    fn text(&self, node: Node<'_>) -> String {
        self.text[node.byte_range()].to_owned()
    }

    fn first_error(&self, node: Node<'_>) -> Option<Span> {
        if node.is_error() || node.is_missing() {
            let span = self.span(node);
            // One line is enough to look at.
            let line = self.text[span.range()].find('\n').unwrap_or(span.range().len());
            return Some(Span::new(self.file, node.start_byte(), node.start_byte() + line));
        }
        let mut cursor = node.walk();
        let all: Vec<Node<'_>> = node.children(&mut cursor).collect();
        all.into_iter()
            .filter(|child| child.has_error() || child.is_missing())
            .find_map(|child| self.first_error(child))
    }

    /// The definitions of a block. What stands under an `if` or a `try` at the top is as good as at the top.
    fn block(&mut self, node: Node<'_>, top: bool) {
        for child in children(node) {
            match child.kind() {
                "function_definition" => self.function(child, top),
                "class_definition" => self.class(child, top),
                "decorated_definition" => {
                    if let Some(definition) = child.child_by_field_name("definition") {
                        match definition.kind() {
                            "class_definition" => self.class(definition, top),
                            _ => self.function(definition, top),
                        }
                    }
                }
                _ => self.block(child, top),
            }
        }
    }

    fn function(&mut self, node: Node<'_>, top: bool) {
        let Some(name) = node.child_by_field_name("name") else { return };
        if top {
            let mut returned_dicts = Vec::new();
            if let Some(body) = node.child_by_field_name("body") {
                self.returns(body, &mut returned_dicts);
            }
            let function = Function {
                name: self.text(name),
                span: self.span(name),
                is_async: node.child(0).is_some_and(|first| first.kind() == "async"),
                parameters: node
                    .child_by_field_name("parameters")
                    .map_or(Vec::new(), |parameters| self.parameters(parameters)),
                returns: node.child_by_field_name("return_type").map(|ty| self.annotation(ty)),
                returned_dicts,
            };
            self.module.functions.retain(|other| other.name != function.name);
            self.module.functions.push(function);
        } else {
            let inner = (self.text(name), self.span(name));
            self.module.inner.push(inner);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.block(body, false);
        }
    }

    fn class(&mut self, node: Node<'_>, top: bool) {
        let (Some(name), Some(body)) = (node.child_by_field_name("name"), node.child_by_field_name("body")) else {
            return;
        };
        if top {
            let decorated = node
                .parent()
                .filter(|parent| parent.kind() == "decorated_definition")
                .map_or(Vec::new(), children);
            let is_dataclass = decorated
                .iter()
                .any(|part| part.kind() == "decorator" && self.text(*part).contains("dataclass"));
            let bases = node
                .child_by_field_name("superclasses")
                .map_or(String::new(), |bases| self.text(bases));
            let fields = children(body)
                .into_iter()
                .filter(|statement| statement.kind() == "expression_statement")
                .filter_map(|statement| statement.named_child(0))
                .filter(|statement| statement.kind() == "assignment")
                .filter_map(|assignment| {
                    let name = assignment.child_by_field_name("left")?;
                    let ty = assignment.child_by_field_name("type")?;
                    Some((self.text(name), self.annotation(ty)))
                })
                .collect();
            let class = Class {
                name: self.text(name),
                span: self.span(name),
                fields,
                is_record: is_dataclass || ["(NamedTuple)", "(TypedDict)"].iter().any(|base| {
                    bases.replace("typing.", "").replace(' ', "").contains(base)
                }),
            };
            self.module.classes.push(class);
        }
        self.block(body, false);
    }

    fn annotation(&self, node: Node<'_>) -> Annotation {
        Annotation {
            text: self.text(node),
            span: self.span(node),
        }
    }

    fn parameters(&self, node: Node<'_>) -> Vec<Parameter> {
        let mut found: Vec<Parameter> = Vec::new();
        let mut kind = ParameterKind::Plain;
        for child in children(node) {
            let annotation = child.child_by_field_name("type").map(|ty| self.annotation(ty));
            let default = child.child_by_field_name("value").map(|value| self.text(value));
            let inner = match child.kind() {
                "typed_parameter" => child.named_child(0).unwrap_or(child),
                _ => child.child_by_field_name("name").unwrap_or(child),
            };
            match inner.kind() {
                "positional_separator" => {
                    for parameter in &mut found {
                        parameter.kind = ParameterKind::PositionalOnly;
                    }
                }
                "keyword_separator" => kind = ParameterKind::KeywordOnly,
                "list_splat_pattern" | "dictionary_splat_pattern" => {
                    let name = inner.named_child(0).unwrap_or(inner);
                    let rest = inner.kind() == "list_splat_pattern";
                    found.push(Parameter {
                        name: self.text(name),
                        span: self.span(name),
                        kind: if rest { ParameterKind::Rest } else { ParameterKind::RestByName },
                        annotation,
                        default: None,
                    });
                    kind = ParameterKind::KeywordOnly;
                }
                "identifier" => found.push(Parameter {
                    name: self.text(inner),
                    span: self.span(inner),
                    kind,
                    annotation,
                    default,
                }),
                _ => {}
            }
        }
        found
    }

    /// The literal dicts that a function's own body returns.
    fn returns(&self, node: Node<'_>, found: &mut Vec<ReturnedDict>) {
        for child in children(node) {
            match child.kind() {
                "function_definition" | "class_definition" | "lambda" => {}
                "return_statement" => {
                    if let Some(dict) = child.named_child(0).filter(|value| value.kind() == "dictionary") {
                        found.extend(self.literal_dict(dict));
                    }
                }
                _ => self.returns(child, found),
            }
        }
    }

    fn literal_dict(&self, node: Node<'_>) -> Option<ReturnedDict> {
        let mut keys = Vec::new();
        for pair in children(node) {
            if pair.kind() == "comment" {
                continue;
            }
            let key = pair.child_by_field_name("key").filter(|key| key.kind() == "string")?;
            let parts = children(key);
            let [_, content, _] = parts.as_slice() else { return None };
            if content.kind() != "string_content" || content.named_child_count() > 0 {
                return None;
            }
            keys.push((self.text(*content), self.span(key)));
        }
        Some(ReturnedDict {
            keys,
            span: self.span(node),
        })
    }

    /// Imports anywhere in the file: one inside a function runs, too.
    fn imports(&mut self, node: Node<'_>) {
        for child in children(node) {
            match child.kind() {
                "import_statement" => {
                    for name in children(child) {
                        let module = name.child_by_field_name("name").unwrap_or(name);
                        self.import(module, false);
                    }
                }
                "import_from_statement" => {
                    if let Some(module) = child.child_by_field_name("module_name") {
                        self.import(module, module.kind() == "relative_import");
                    }
                }
                _ => self.imports(child),
            }
        }
    }

    fn import(&mut self, module: Node<'_>, is_relative: bool) {
        let text = self.text(module);
        let name = text.trim_start_matches('.').split('.').next().unwrap_or_default().to_owned();
        self.module.imports.push(Import {
            module: name,
            is_relative,
            span: self.span(module),
        });
    }
}
