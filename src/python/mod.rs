//! The Python bridge: what a `.py` file holds, and whether its function fits a component. The file is parsed, never imported.
//!
//! [`read`] gives plain data, [`check`] holds it against a component. What can't be judged from the text (an alias, an imported class, an
//! unknown decorator) is accepted: the shim checks values again when the step runs.

mod annotation;
mod check;
mod read;
mod returns;
#[cfg(test)]
mod tests;

use crate::source::{FileId, Span};

pub use check::{Checked, Component, check, module_faults};
pub use read::read;

/// What a `python:` place names: a file, else an installed module.
pub fn names_file(place: &str) -> bool {
    place.ends_with(".py") || place.contains('/')
}

/// A Python file.
#[derive(Clone, Debug)]
pub struct Module {
    pub file: FileId,
    /// All of them, nested ones and methods too, in the order of the file.
    pub functions: Vec<Function>,
    pub classes: Vec<Class>,
    /// Imports that run whenever the file does: guarded ones are left out.
    pub imports: Vec<Import>,
    /// Other names that the module binds: by assignment or import.
    pub names: Vec<String>,
    /// `from x import *`: any name may be there.
    pub has_star: bool,
    pub error: Option<SyntaxError>,
}

/// The first place where a file is no Python, and what is to be said there.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    pub span: Span,
    pub label: String,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub span: Span,
    pub home: Home,
    pub parameters: Vec<Parameter>,
    pub returns: Option<Annotated>,
    /// Their last names: `cache` for `@functools.cache()`.
    pub decorators: Vec<String>,
    pub is_async: bool,
    /// It holds a `yield`.
    pub is_generator: bool,
    pub returned: Vec<Returned>,
    /// Its end can't be reached without a `return`, as far as its last statement shows.
    pub ends_elsewhere: bool,
}

/// Where a function is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    Module,
    Class(String),
    Function(String),
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub span: Span,
    pub kind: ParameterKind,
    pub annotation: Option<Annotated>,
    pub has_default: bool,
    pub default_is_none: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    PositionalOnly,
    Plain,
    KeywordOnly,
    /// `*args`
    Rest,
    /// `**kwargs`
    Keywords,
}

/// The text of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    pub text: String,
    pub span: Span,
}

/// A `return` statement.
#[derive(Clone, Debug)]
pub struct Returned {
    pub span: Span,
    pub value: ReturnedValue,
}

#[derive(Clone, Debug)]
pub enum ReturnedValue {
    /// `return` or `return None`
    Nothing,
    /// A dict display with its keys; `open` when it has others than literal ones.
    Dict {
        keys: Vec<(String, Span)>,
        open: bool,
    },
    /// `return a, b`
    Tuple,
    Other,
}

#[derive(Clone, Debug)]
pub struct Class {
    pub name: String,
    pub span: Span,
    pub kind: ClassKind,
    /// With those of base classes of the same file.
    pub fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    Dataclass,
    NamedTuple,
    TypedDict,
    /// No bases and no decorators.
    Plain,
    /// It gets something from elsewhere.
    Open,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub span: Span,
    pub annotation: Option<Annotated>,
    pub has_default: bool,
}

#[derive(Clone, Debug)]
pub struct Import {
    /// The first name of the module; with its dots when it is relative.
    pub module: String,
    pub is_relative: bool,
    pub span: Span,
}
