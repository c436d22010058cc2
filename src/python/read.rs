//! Reading a Python file by its syntax tree.

use std::collections::HashMap;

use tree_sitter::{Node, Parser};

use super::{
    Annotated, Class, ClassKind, Field, Function, Home, Import, Module, Parameter, ParameterKind,
    Returned, ReturnedValue, SyntaxError,
};
use crate::source::{FileId, Span};

/// How deep blocks may nest; Python itself takes 100.
const DEEPEST: usize = 200;

/// What the text of a file holds.
pub fn read(file: FileId, text: &str) -> Module {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar is of the library's version");
    let tree = parser.parse(text, None).expect("no limit was set");
    let root = tree.root_node();
    let mut reader = Reader {
        file,
        text,
        functions: Vec::new(),
        classes: Vec::new(),
        imports: Vec::new(),
        names: Vec::new(),
        has_star: false,
        bases: HashMap::new(),
        has_error: root.has_error(),
        error: None,
    };
    reader.block(root, &Place::module());
    reader.inherit();
    if root.has_error() {
        let place = first_error(root);
        reader.fault(place.start_byte(), place.is_missing().then(|| place.kind()));
    }
    Module {
        file,
        functions: reader.functions,
        classes: reader.classes,
        imports: reader.imports,
        names: reader.names,
        has_star: reader.has_star,
        error: reader.error,
    }
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    functions: Vec<Function>,
    classes: Vec<Class>,
    imports: Vec<Import>,
    names: Vec<String>,
    has_star: bool,
    /// Of each class, by its number: the base classes that may be in this file.
    bases: HashMap<usize, Vec<String>>,
    /// The grammar could not make sense of something.
    has_error: bool,
    error: Option<SyntaxError>,
}

/// Where a statement stands.
#[derive(Clone)]
struct Place {
    home: Home,
    /// The number of the function whose `return`s these are.
    function: Option<usize>,
    /// An import here may fail, or is never run.
    guarded: bool,
    depth: usize,
}

impl Place {
    fn module() -> Self {
        Place {
            home: Home::Module,
            function: None,
            guarded: false,
            depth: 0,
        }
    }

    fn inside(&self) -> Self {
        Place {
            depth: self.depth + 1,
            ..self.clone()
        }
    }
}

impl<'t> Reader<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.start_byte(), node.end_byte())
    }

    /// Notes that the line at an offset is no Python, if no earlier one is; `missing` is what is wanted there.
    fn fault(&mut self, at: usize, missing: Option<&str>) {
        if self
            .error
            .as_ref()
            .is_some_and(|error| error.span.start as usize <= at)
        {
            return;
        }
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let start = start + (line.len() - line.trim_start().len());
        self.error = Some(SyntaxError {
            span: Span::new(self.file, start, start + line.trim().len()),
            label: match missing {
                Some(missing) if !missing.contains(|c: char| c.is_alphanumeric()) => {
                    format!("`{missing}` is missing")
                }
                _ => "this is no Python 3, or something above it is not closed".to_owned(),
            },
        });
    }

    fn block(&mut self, block: Node<'_>, place: &Place) {
        // Beside an error, what it took from a block is missing there.
        let is_empty = !self.has_error
            && block.kind() == "block"
            && named_children(block)
                .iter()
                .all(|child| child.kind() == "comment");
        if is_empty {
            self.fault(block.parent().unwrap_or(block).start_byte(), None);
        }
        if place.depth > DEEPEST {
            return;
        }
        for statement in named_children(block) {
            self.statement(statement, place);
        }
    }

    fn statement(&mut self, node: Node<'_>, place: &Place) {
        match node.kind() {
            "function_definition" => self.function(node, &[], place),
            "class_definition" => self.class(node, &[], place),
            "decorated_definition" => {
                let decorators: Vec<Node<'_>> = named_children(node)
                    .into_iter()
                    .filter(|child| child.kind() == "decorator")
                    .collect();
                match node.child_by_field_name("definition") {
                    Some(function) if function.kind() == "function_definition" => {
                        self.function(function, &decorators, place);
                    }
                    Some(class) => self.class(class, &decorators, place),
                    None => {}
                }
            }
            "import_statement" => {
                for name in fields(node, "name") {
                    let module = name.child_by_field_name("name").unwrap_or(name);
                    self.import(self.text(module), module, false, place);
                    let bound = name.child_by_field_name("alias").map_or_else(
                        || self.text(module).split('.').next().unwrap_or_default(),
                        |alias| self.text(alias),
                    );
                    self.bind(bound, place);
                }
            }
            "import_from_statement" => {
                if let Some(module) = node.child_by_field_name("module_name") {
                    self.import(
                        self.text(module),
                        module,
                        module.kind() == "relative_import",
                        place,
                    );
                }
                if named_children(node)
                    .iter()
                    .any(|child| child.kind() == "wildcard_import")
                {
                    self.has_star |= place.home == Home::Module;
                }
                for name in fields(node, "name") {
                    let bound = name.child_by_field_name("alias").unwrap_or(name);
                    self.bind(self.text(bound), place);
                }
            }
            "expression_statement" => {
                if let Some(assignment) = node.named_child(0)
                    && assignment.kind() == "assignment"
                {
                    self.assignment(assignment, place);
                }
            }
            "type_alias_statement" => {
                if let Some(left) = node.child_by_field_name("left") {
                    let name = self.text(left).split('[').next().unwrap_or_default();
                    self.bind(name, place);
                }
            }
            // The grammar knows Python 2's.
            "print_statement" | "exec_statement" => self.fault(node.start_byte(), None),
            "return_statement" => {
                if let Some(function) = place.function {
                    let returned = Returned {
                        span: self.span(node),
                        value: node
                            .named_child(0)
                            .map_or(ReturnedValue::Nothing, |value| self.returned(value)),
                    };
                    self.functions[function].returned.push(returned);
                }
            }
            _ => self.compound(node, place),
        }
    }

    /// The blocks of an `if`, `try`, `for` and the like.
    fn compound(&mut self, node: Node<'_>, place: &Place) {
        let inside = place.inside();
        let guarded = match node.kind() {
            "try_statement" => named_children(node).iter().any(|clause| {
                clause.kind().starts_with("except")
                    && named_children(*clause).first().is_none_or(|first| {
                        let caught = self.text(*first);
                        first.kind() == "block"
                            || ["ImportError", "ModuleNotFoundError", "Exception"]
                                .iter()
                                .any(|name| caught.contains(name))
                    })
            }),
            "if_statement" => node
                .child_by_field_name("condition")
                .is_some_and(|condition| self.text(condition).ends_with("TYPE_CHECKING")),
            _ => false,
        };
        for (at, child) in named_children(node).into_iter().enumerate() {
            if child.kind() == "block" {
                // The first block is what is guarded; `else` runs as all else does.
                let here = Place {
                    guarded: inside.guarded || guarded && at <= 1,
                    ..inside.clone()
                };
                self.block(child, &here);
            } else if child.kind().ends_with("_clause") {
                self.compound(child, &inside);
            }
        }
    }

    fn bind(&mut self, name: &str, place: &Place) {
        if place.home == Home::Module && !name.is_empty() {
            self.names.push(name.to_owned());
        }
    }

    fn import(&mut self, module: &str, node: Node<'_>, is_relative: bool, place: &Place) {
        if place.guarded {
            return;
        }
        let module = if is_relative {
            module
        } else {
            module.split('.').next().unwrap_or(module)
        };
        self.imports.push(Import {
            module: module.trim().to_owned(),
            is_relative,
            span: self.span(node),
        });
    }

    fn assignment(&mut self, node: Node<'_>, place: &Place) {
        let Some(left) = node.child_by_field_name("left") else {
            return;
        };
        if place.home != Home::Module {
            return;
        }
        for name in [left].into_iter().chain(named_children(left)) {
            if name.kind() == "identifier" {
                self.names.push(self.text(name).to_owned());
            }
        }
        if let Some(right) = node.child_by_field_name("right")
            && left.kind() == "identifier"
            && let Some(fields) = self.named_tuple(right)
        {
            self.classes.push(Class {
                name: self.text(left).to_owned(),
                span: self.span(left),
                kind: ClassKind::NamedTuple,
                fields,
            });
        }
    }

    /// The fields of `namedtuple("N", "a b")`, `namedtuple("N", ["a", "b"])` or `NamedTuple("N", [("a", int)])`.
    fn named_tuple(&self, call: Node<'_>) -> Option<Vec<Field>> {
        if call.kind() != "call" {
            return None;
        }
        let called = self.text(call.child_by_field_name("function")?);
        if !matches!(last_name(called), "namedtuple" | "NamedTuple") {
            return None;
        }
        let arguments = named_children(call.child_by_field_name("arguments")?);
        let [_, fields] = arguments.as_slice() else {
            return None;
        };
        let field = |name: String, span: Span, annotation: Option<Annotated>| Field {
            name,
            span,
            annotation,
            has_default: false,
        };
        match fields.kind() {
            "string" => {
                let (names, span) = (self.string(*fields)?, self.span(*fields));
                Some(
                    names
                        .replace(',', " ")
                        .split_whitespace()
                        .map(|name| field(name.to_owned(), span, None))
                        .collect(),
                )
            }
            "list" | "tuple" => named_children(*fields)
                .into_iter()
                .map(|item| match item.kind() {
                    "string" => Some(field(self.string(item)?, self.span(item), None)),
                    "tuple" => {
                        let [name, ty] = named_children(item).try_into().ok()?;
                        let annotation = Annotated {
                            text: self.text(ty).to_owned(),
                            span: self.span(ty),
                        };
                        Some(field(self.string(name)?, self.span(name), Some(annotation)))
                    }
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    fn function(&mut self, node: Node<'_>, decorators: &[Node<'_>], place: &Place) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let body = node.child_by_field_name("body");
        let number = self.functions.len();
        let function = Function {
            name: self.text(name).to_owned(),
            span: self.span(name),
            home: place.home.clone(),
            parameters: node
                .child_by_field_name("parameters")
                .map(|list| self.parameters(list))
                .unwrap_or_default(),
            returns: node
                .child_by_field_name("return_type")
                .map(|node| self.annotated(node)),
            decorators: decorators
                .iter()
                .map(|node| self.decorator(*node))
                .collect(),
            is_async: node.child(0).is_some_and(|first| first.kind() == "async"),
            is_generator: body.is_some_and(has_yield),
            returned: Vec::new(),
            ends_elsewhere: body.is_none_or(|body| self.ends_elsewhere(body)),
        };
        let inside = Place {
            home: Home::Function(function.name.clone()),
            function: Some(number),
            ..place.inside()
        };
        self.functions.push(function);
        if let Some(body) = body {
            self.block(body, &inside);
        }
    }

    /// `@a.b(c)` -> `b`
    fn decorator(&self, node: Node<'_>) -> String {
        let text = self.text(node).trim_start_matches('@');
        last_name(text.split('(').next().unwrap_or(text).trim()).to_owned()
    }

    fn annotated(&self, node: Node<'_>) -> Annotated {
        Annotated {
            text: self.text(node).to_owned(),
            span: self.span(node),
        }
    }

    fn parameters(&self, list: Node<'_>) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut kind = ParameterKind::Plain;
        for node in named_children(list) {
            let default = node.child_by_field_name("value");
            let name = match node.kind() {
                "positional_separator" => {
                    parameters
                        .iter_mut()
                        .for_each(|parameter| parameter.kind = ParameterKind::PositionalOnly);
                    continue;
                }
                "keyword_separator" => {
                    kind = ParameterKind::KeywordOnly;
                    continue;
                }
                "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name"),
                "typed_parameter" => node.named_child(0),
                "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => Some(node),
                _ => continue,
            };
            let Some(name) = name else { continue };
            let (this, name) = match name.kind() {
                "list_splat_pattern" => (ParameterKind::Rest, name.named_child(0).unwrap_or(name)),
                "dictionary_splat_pattern" => {
                    (ParameterKind::Keywords, name.named_child(0).unwrap_or(name))
                }
                _ => (kind, name),
            };
            if this == ParameterKind::Rest {
                kind = ParameterKind::KeywordOnly;
            }
            parameters.push(Parameter {
                name: self.text(name).to_owned(),
                span: self.span(name),
                kind: this,
                annotation: node
                    .child_by_field_name("type")
                    .map(|node| self.annotated(node)),
                has_default: default.is_some(),
                default_is_none: default.is_some_and(|default| default.kind() == "none"),
            });
        }
        parameters
    }

    fn returned(&self, value: Node<'_>) -> ReturnedValue {
        match value.kind() {
            "none" => ReturnedValue::Nothing,
            "expression_list" | "tuple" => ReturnedValue::Tuple,
            "parenthesized_expression" => value
                .named_child(0)
                .map_or(ReturnedValue::Other, |inner| self.returned(inner)),
            "dictionary" => {
                let mut keys = Vec::new();
                let mut open = false;
                for entry in named_children(value) {
                    let key = entry
                        .child_by_field_name("key")
                        .filter(|_| entry.kind() == "pair");
                    match key.and_then(|key| Some((self.string(key)?, self.span(key)))) {
                        Some(key) => keys.push(key),
                        None => open |= entry.kind() != "comment",
                    }
                }
                ReturnedValue::Dict { keys, open }
            }
            _ => ReturnedValue::Other,
        }
    }

    /// The text of a string literal that has no escapes and nothing in braces.
    fn string(&self, node: Node<'_>) -> Option<String> {
        if node.kind() != "string" {
            return None;
        }
        let mut text = String::new();
        for part in named_children(node) {
            match part.kind() {
                "string_start" if self.text(part).trim_end_matches(['"', '\'']).is_empty() => {}
                "string_content" if part.named_child_count() == 0 => text.push_str(self.text(part)),
                "string_end" => {}
                _ => return None,
            }
        }
        Some(text)
    }

    /// The last statement of a block is one that does not go on: a `raise`, an endless loop, or what may hold one.
    fn ends_elsewhere(&self, body: Node<'_>) -> bool {
        let Some(last) = named_children(body)
            .into_iter()
            .rfind(|node| node.kind() != "comment")
        else {
            return true;
        };
        match last.kind() {
            "raise_statement" | "while_statement" => true,
            // A stub: `...`
            "expression_statement" => self.text(last) == "..." || self.text(last).contains("exit("),
            "if_statement" | "try_statement" | "with_statement" | "match_statement" => {
                self.text(last).contains("raise")
            }
            _ => false,
        }
    }

    fn class(&mut self, node: Node<'_>, decorators: &[Node<'_>], place: &Place) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let bases: Vec<Node<'_>> = node
            .child_by_field_name("superclasses")
            .map(named_children)
            .unwrap_or_default();
        let names: Vec<&str> = bases.iter().map(|base| self.text(*base)).collect();
        let has_base = |wanted: &str| names.iter().any(|base| last_name(base) == wanted);
        let kind = if decorators
            .iter()
            .any(|node| self.decorator(*node) == "dataclass")
        {
            ClassKind::Dataclass
        } else if has_base("NamedTuple") {
            ClassKind::NamedTuple
        } else if has_base("TypedDict") {
            ClassKind::TypedDict
        } else if names.iter().all(|base| *base == "object") && decorators.is_empty() {
            ClassKind::Plain
        } else {
            ClassKind::Open
        };
        let inside = Place {
            home: Home::Class(self.text(name).to_owned()),
            function: None,
            ..place.inside()
        };
        let body = node.child_by_field_name("body");
        if place.home == Home::Module {
            let others = names
                .iter()
                .filter(|base| !matches!(last_name(base), "NamedTuple" | "TypedDict" | "object"));
            self.bases.insert(
                self.classes.len(),
                others.map(|base| (*base).to_owned()).collect(),
            );
            self.classes.push(Class {
                name: self.text(name).to_owned(),
                span: self.span(name),
                kind,
                fields: body.map(|body| self.fields(body)).unwrap_or_default(),
            });
        }
        if let Some(body) = body {
            self.block(body, &inside);
        }
    }

    /// `name: type` and `name: type = default` in a class's body.
    fn fields(&self, body: Node<'_>) -> Vec<Field> {
        let mut found = Vec::new();
        for statement in named_children(body) {
            let Some(assignment) = statement.named_child(0).filter(|node| {
                statement.kind() == "expression_statement" && node.kind() == "assignment"
            }) else {
                continue;
            };
            let (Some(name), Some(ty)) = (
                assignment.child_by_field_name("left"),
                assignment.child_by_field_name("type"),
            ) else {
                continue;
            };
            let written = self.text(ty).split('[').next().unwrap_or_default();
            // Neither is a field.
            if name.kind() == "identifier"
                && !matches!(last_name(written), "ClassVar" | "InitVar" | "KW_ONLY")
            {
                found.push(Field {
                    name: self.text(name).to_owned(),
                    span: self.span(name),
                    annotation: Some(self.annotated(ty)),
                    has_default: assignment.child_by_field_name("right").is_some(),
                });
            }
        }
        found
    }

    /// Gives dataclasses and typed dicts the fields of their bases; one with a base from elsewhere is open.
    fn inherit(&mut self) {
        for at in 0..self.classes.len() {
            // Bases stand before; so each has its own bases' fields already.
            for base in self.bases.remove(&at).unwrap_or_default() {
                let found = self.classes[..at]
                    .iter()
                    .rfind(|class| class.name == base)
                    .cloned();
                let class = &mut self.classes[at];
                match found {
                    Some(base) if base.kind == ClassKind::Open => class.kind = ClassKind::Open,
                    Some(base) => {
                        if class.kind == ClassKind::Open {
                            // A typed dict's child is one; a dataclass's child is not, but has its fields.
                            class.kind = base.kind;
                        }
                        let own: Vec<Field> = class.fields.drain(..).collect();
                        class.fields = base.fields;
                        for field in own {
                            match class
                                .fields
                                .iter_mut()
                                .find(|known| known.name == field.name)
                            {
                                Some(known) => *known = field,
                                None => class.fields.push(field),
                            }
                        }
                    }
                    None if is_generic(&base) => {}
                    None => class.kind = ClassKind::Open,
                }
            }
        }
    }
}

/// A base that says nothing of a class's content.
fn is_generic(base: &str) -> bool {
    let name = base.split(['[', '=']).next().unwrap_or(base).trim();
    matches!(
        last_name(name),
        "Generic" | "ABC" | "metaclass" | "Protocol" | "total"
    )
}

fn last_name(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

fn fields<'n>(node: Node<'n>, name: &str) -> Vec<Node<'n>> {
    node.children_by_field_name(name, &mut node.walk())
        .collect()
}

/// A `yield` of this function, not of one inside.
fn has_yield(body: Node<'_>) -> bool {
    let mut waiting = vec![body];
    while let Some(node) = waiting.pop() {
        match node.kind() {
            "yield" => return true,
            "function_definition" | "class_definition" | "lambda" => {}
            _ => waiting.extend(named_children(node)),
        }
    }
    false
}

/// The first node, in the order of the text, that the grammar could not make sense of.
fn first_error(root: Node<'_>) -> Node<'_> {
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        if node.is_missing() || node.is_error() {
            return node;
        }
        let children: Vec<Node<'_>> = node
            .children(&mut node.walk())
            .filter(|child| child.has_error())
            .collect();
        waiting.extend(children.into_iter().rev());
    }
    root
}
