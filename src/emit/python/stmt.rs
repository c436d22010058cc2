//! Statements, heads of functions, docstrings: what a template puts out as code.

use super::docs;
use super::layout::{At, WIDTH, blanks, nested, statement, width};
use super::py::Py;

/// What enters a template as code; everything else enters as a literal.
#[derive(Clone, Debug)]
pub enum Code {
    /// An expression; `tail` columns follow it on its line in the template.
    Py {
        py: Py,
        tail: usize,
    },
    Block(Vec<Stmt>),
    Def(Def),
    Docstring(String),
    Comment(String),
}

#[derive(Clone, Debug)]
pub enum Stmt {
    Assign {
        target: String,
        annotation: Option<Py>,
        value: Py,
    },
    Expr(Py),
    Return(Py),
    /// `with value as name:`
    With {
        value: Py,
        name: Option<String>,
        body: Vec<Stmt>,
    },
    /// Conditions and bodies, and an `else` where it is not empty.
    If {
        branches: Vec<(Py, Vec<Stmt>)>,
        otherwise: Vec<Stmt>,
    },
    For {
        target: String,
        items: Py,
        body: Vec<Stmt>,
    },
    Comment(String),
    Pass,
}

/// The head of a function: `def name(params) -> returns:`.
#[derive(Clone, Debug)]
pub struct Def {
    pub name: String,
    pub params: Vec<Param>,
    pub returns: Py,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub annotation: Py,
    pub default: Option<Py>,
}

impl Stmt {
    pub fn assign(target: impl Into<String>, value: Py) -> Stmt {
        Stmt::Assign {
            target: target.into(),
            annotation: None,
            value,
        }
    }
}

impl Code {
    /// The text where a line is indented by `indent` and taken up to `column`. What it holds of further lines is indented, the last has
    /// no line end.
    pub(super) fn text(&self, indent: usize, column: usize) -> String {
        match self {
            Code::Py { py, tail } => statement(
                py,
                At {
                    indent,
                    column,
                    tail: *tail,
                },
            ),
            Code::Block(statements) => {
                let mut lines = Vec::new();
                body(statements, indent, &mut lines);
                lines.join("\n").trim_start_matches(' ').to_owned()
            }
            Code::Def(def) => def.text(indent),
            Code::Docstring(text) => docs::docstring(text, indent),
            Code::Comment(text) => docs::comment(text, indent),
        }
    }
}

impl Def {
    fn text(&self, indent: usize) -> String {
        let returns = self.returns.flat();
        let flat: Vec<String> = self.params.iter().map(|param| param.text(None)).collect();
        let line = format!("def {}({}) -> {returns}:", self.name, flat.join(", "));
        if indent + width(&line) <= WIDTH || self.params.is_empty() {
            return line;
        }
        let mut out = format!("def {}(\n", self.name);
        for param in &self.params {
            out.push_str(&blanks(indent + 4));
            out.push_str(&param.text(Some(indent + 4)));
            out.push_str(",\n");
        }
        out.push_str(&format!("{}) -> {returns}:", blanks(indent)));
        out
    }
}

impl Param {
    /// On one line, or where a line of its own is indented.
    fn text(&self, indent: Option<usize>) -> String {
        let annotation = match indent {
            Some(indent) => {
                // The default stands behind the annotation's last line, if not on it.
                let at = At {
                    indent,
                    column: indent + self.name.len() + 2,
                    tail: 1,
                };
                nested(&self.annotation, at)
            }
            None => self.annotation.flat(),
        };
        let head = format!("{}: {annotation}", self.name);
        let Some(default) = &self.default else {
            return head;
        };
        let Some(indent) = indent else {
            return format!("{head} = {}", default.flat());
        };
        let whole = format!(
            "{}: {} = {}",
            self.name,
            self.annotation.flat(),
            default.flat()
        );
        if indent + width(&whole) < WIDTH {
            return whole;
        }
        let column = match head.rfind('\n') {
            Some(end) => width(&head[end + 1..]),
            None => indent + width(&head),
        };
        let at = At {
            indent,
            column: column + 3,
            tail: 1,
        };
        format!("{head} = {}", nested(default, at))
    }
}

fn body(statements: &[Stmt], indent: usize, lines: &mut Vec<String>) {
    for statement in statements {
        statement.lines(indent, lines);
    }
    if statements.is_empty() || statements.iter().all(|one| matches!(one, Stmt::Comment(_))) {
        lines.push(format!("{}pass", blanks(indent)));
    }
}

impl Stmt {
    fn lines(&self, indent: usize, lines: &mut Vec<String>) {
        let pad = blanks(indent);
        let value = |before: &str, py: &Py, tail: usize| {
            let column = indent + width(before);
            let text = statement(
                py,
                At {
                    indent,
                    column,
                    tail,
                },
            );
            format!("{pad}{before}{text}")
        };
        match self {
            Stmt::Assign {
                target,
                annotation: None,
                value: py,
            } => lines.push(value(&format!("{target} = "), py, 0)),
            Stmt::Assign {
                target,
                annotation: Some(annotation),
                value: py,
            } => lines.push(value(&format!("{target}: {} = ", annotation.flat()), py, 0)),
            Stmt::Expr(py) => lines.push(value("", py, 0)),
            Stmt::Return(Py::Value(crate::value::Value::Absent)) => {
                lines.push(format!("{pad}return None"))
            }
            Stmt::Return(py) => lines.push(value("return ", py, 0)),
            Stmt::With {
                value: py,
                name,
                body: inner,
            } => {
                let tail = name
                    .as_ref()
                    .map_or(String::new(), |name| format!(" as {name}"));
                let at = At {
                    indent,
                    column: indent + 5,
                    tail: tail.len() + 1,
                };
                lines.push(format!("{pad}with {}{tail}:", nested(py, at)));
                body(inner, indent + 4, lines);
            }
            Stmt::If {
                branches,
                otherwise,
            } => {
                for (number, (condition, inner)) in branches.iter().enumerate() {
                    let word = if number == 0 { "if " } else { "elif " };
                    lines.push(format!("{}:", value(word, condition, 1)));
                    body(inner, indent + 4, lines);
                }
                if !otherwise.is_empty() {
                    lines.push(format!("{pad}else:"));
                    body(otherwise, indent + 4, lines);
                }
            }
            Stmt::For {
                target,
                items,
                body: inner,
            } => {
                lines.push(format!(
                    "{}:",
                    value(&format!("for {target} in "), items, 1)
                ));
                body(inner, indent + 4, lines);
            }
            Stmt::Comment(text) => lines.push(format!("{pad}{}", docs::comment(text, indent))),
            Stmt::Pass => lines.push(format!("{pad}pass")),
        }
    }
}
