//! The Python bridge: what a `.py` file holds, read without importing it, and whether a function in it fits a component.

mod annotation;
mod check;
mod read;

pub use check::{Checked, Component, check};
pub use read::read;

use crate::source::Span;

/// What a Python file holds, as far as a component can tell.
#[derive(Debug, Default)]
pub struct Module {
    /// Functions at the top level, in the order of the file. Python keeps the last of one name.
    pub functions: Vec<Function>,
    pub classes: Vec<Class>,
    /// Functions that a component can't name: those inside classes and other functions.
    pub inner: Vec<(String, Span)>,
    pub imports: Vec<Import>,
    /// The first place that is no Python.
    pub error: Option<Span>,
}

#[derive(Debug)]
pub struct Function {
    pub name: String,
    /// Of the name.
    pub span: Span,
    pub is_async: bool,
    pub parameters: Vec<Parameter>,
    pub returns: Option<Annotation>,
    /// The keys of each `return {..}` whose keys are all literal texts.
    pub returned_dicts: Vec<ReturnedDict>,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    pub span: Span,
    pub kind: ParameterKind,
    pub annotation: Option<Annotation>,
    /// The text of its default.
    pub default: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    PositionalOnly,
    Plain,
    KeywordOnly,
    /// `*args`
    Rest,
    /// `**kwargs`
    RestByName,
}

#[derive(Clone, Debug)]
pub struct Annotation {
    pub text: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct ReturnedDict {
    pub keys: Vec<(String, Span)>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Class {
    pub name: String,
    pub span: Span,
    /// What its body annotates: the fields of a dataclass, a `NamedTuple` or a `TypedDict`.
    pub fields: Vec<(String, Annotation)>,
    /// It is one of these, so that its fields are all that it has.
    pub is_record: bool,
}

#[derive(Debug)]
pub struct Import {
    /// The first part of the module's name; empty for `from . import x`.
    pub module: String,
    pub is_relative: bool,
    pub span: Span,
}

/// Whether the place of `"place:function"` is a file rather than a module that the image has.
pub fn names_file(place: &str) -> bool {
    place.ends_with(".py") || place.contains('/')
}
