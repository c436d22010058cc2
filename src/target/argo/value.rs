//! Expressions of the language as the text of parameters: what is read, how it is computed, and that it is proven plain.
//!
//! A value is its text everywhere: a string as it is, all else JSON, inside `?` always JSON. What a task puts out is that text as it
//! is; only what is written into a template is encoded.

use super::control::WHOLE;
use super::encode::{Held, checked, is_plain_type, is_textual, text_as};
use super::expr::{Argo, is_plain};
use super::frame::{Key, Leaf};
use super::lower::Lowering;
use super::model::Location;
use crate::graph::{Comparison, Expr, ExprKind, NodeKind, RunField, UNNAMED_OUTPUT};
use crate::types::Type;
use crate::value::Value;

/// Where an artifact comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An output of a task in the same DAG.
    Task(String, String),
    /// An input of the template.
    Input(String),
    /// What a task put out for the whole run.
    Run(String),
    /// An expression that gives one.
    Expression(String),
    Location(Location),
}

const RUN_DATE: &str =
    "date(workflow.scheduledTime ?? workflow.creationTimestamp).Format('2006-01-02')";
const RUN_STATUS: &str = "workflow.status == 'Succeeded' ? 'succeeded' : 'failed'";

impl Lowering<'_> {
    /// The text of a value expression.
    pub fn value(&mut self, expr: &Expr) -> Held {
        match &expr.kind {
            ExprKind::Const(value) => Held::constant(text_as(value, &expr.ty)),
            ExprKind::Run(RunField::Status) => {
                let frame = self.frames.len() - 1;
                match self.resolve(frame, &Key::Status) {
                    Some(Leaf::Value { code, .. }) => Held { code, plain: true },
                    _ => run_field(RunField::Status),
                }
            }
            ExprKind::Run(field) => run_field(*field),
            ExprKind::Param(_) | ExprKind::Node(_) | ExprKind::Item(_) | ExprKind::Field(..) => {
                match self.leaf(expr) {
                    Some(Leaf::Value { code, ty, proven }) => {
                        let held = proof(code, &ty, proven);
                        convert(held, &ty, &expr.ty)
                    }
                    // A checked program reads an artifact as a value nowhere.
                    Some(Leaf::Artifact { .. } | Leaf::Absent) => Held::constant(String::new()),
                    None => self.computed(expr),
                }
            }
            ExprKind::Coalesce(a, b) => {
                let (left, right) = (self.value(a), self.value(b));
                let right = convert(right, &b.ty, &expr.ty);
                let there = if is_textual(&a.ty) && !expr.ty.is_optional() {
                    left.code.clone().call("fromJSON")
                } else {
                    left.code.clone()
                };
                let absent = left.code.binary("==", Argo::text("null"));
                Held {
                    plain: left.plain && right.plain,
                    code: absent.then(right.code, there),
                }
            }
            ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Not(_) | ExprKind::Compare(..) => {
                Held {
                    code: self.condition(expr).call("string"),
                    plain: true,
                }
            }
            ExprKind::Concat(parts) => {
                let mut all = Held::constant(String::new());
                for part in parts {
                    let held = self.value(part);
                    // Two texts that are plain apart may make a tag together.
                    all.plain &= held.plain && joins_plainly(part);
                    all.code = all.code.join(held.code);
                }
                if let Argo::Text(text) = &all.code {
                    all.plain = is_plain(text);
                }
                all
            }
            ExprKind::List(items) => {
                let mut all = Held::constant("[".into());
                for (at, item) in items.iter().enumerate() {
                    let before = if at > 0 { ", " } else { "" };
                    self.append_json(&mut all, before, item);
                }
                all.code = all.code.join(Argo::text("]"));
                settled(all)
            }
            ExprKind::Map(entries) => {
                let mut all = Held::constant("{".into());
                for (at, (name, item)) in entries.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let before = format!("{comma}{}: ", Value::Str(name.clone()).json());
                    all.plain &= is_plain(name);
                    self.append_json(&mut all, &before, item);
                }
                all.code = all.code.join(Argo::text("}"));
                settled(all)
            }
        }
    }

    fn append_json(&mut self, all: &mut Held, before: &str, item: &Expr) {
        let held = match item.constant() {
            Some(value) => Held::constant(value.json()),
            None => {
                let held = self.value(item);
                json_of(held, &item.ty)
            }
        };
        all.plain &= held.plain;
        all.code = std::mem::replace(&mut all.code, Argo::Bool(false))
            .join(Argo::text(before))
            .join(held.code);
    }

    /// What is no leaf: a field of a value, or a whole record of a task's outputs.
    fn computed(&mut self, expr: &Expr) -> Held {
        if let ExprKind::Field(inner, field) = &expr.kind {
            let held = self.value(inner);
            let plain = held.plain && is_plain_type(&expr.ty);
            let object = held.code.call("fromJSON");
            let code = if matches!(inner.ty.base(), Type::List(_)) {
                Argo::Each(Box::new(object), field.clone()).call("toJson")
            } else {
                let got = Argo::Get(Box::new(object), field.clone());
                match (&expr.ty, expr.ty.base()) {
                    (Type::Optional(_), _) => got.call("toJson"),
                    (_, Type::Str | Type::Date | Type::DateTime) => got,
                    // JSON's numbers are doubles here, which would be written with an exponent.
                    (_, Type::Int) => got.call("int").call("string"),
                    _ => got.call("toJson"),
                }
            };
            return Held { code, plain };
        }
        let fields = match expr.ty.base() {
            Type::Record(record) => record.fields.clone(),
            _ => unreachable!("only a record is split into leaves"),
        };
        let mut all = Held::constant("{".into());
        for (at, (name, ty)) in fields.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let field = Expr {
                kind: ExprKind::Field(Box::new(expr.clone()), name.clone()),
                ty: ty.clone(),
                span: expr.span,
            };
            self.append_json(
                &mut all,
                &format!("{comma}{}: ", Value::Str(name.clone()).json()),
                &field,
            );
        }
        all.code = all.code.join(Argo::text("}"));
        settled(all)
    }

    /// A condition as an expression that gives a bool.
    pub fn condition(&mut self, expr: &Expr) -> Argo {
        match &expr.kind {
            ExprKind::Const(Value::Bool(value)) => Argo::Bool(*value),
            ExprKind::And(a, b) => self.condition(a).binary("&&", self.condition(b)),
            ExprKind::Or(a, b) => self.condition(a).binary("||", self.condition(b)),
            ExprKind::Not(inner) => self.condition(inner).negated(),
            ExprKind::Compare(comparison, a, b) => {
                let number = a.ty.is_number() || b.ty.is_number();
                let both_int = matches!(a.ty.base(), Type::Int) && matches!(b.ty.base(), Type::Int);
                let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                let mut side = |expr: &Expr| {
                    if let (Some(value), true) = (expr.constant(), number) {
                        return Argo::Number(value.text());
                    }
                    let code = self.value(expr).code;
                    match expr.ty.base() {
                        _ if both_int => code.call("int"),
                        _ if number => code.call("float"),
                        Type::DateTime if ordered => code.call("date"),
                        _ => code,
                    }
                };
                let (a, b) = (side(a), side(b));
                a.binary(comparison.symbol(), b)
            }
            _ => self.value(expr).code.binary("==", Argo::text("true")),
        }
    }

    /// What an expression names directly: a parameter, an item, a task's value or one of its ports.
    pub fn leaf(&mut self, expr: &Expr) -> Option<Leaf> {
        let key = match &expr.kind {
            ExprKind::Param(name) => Key::Param(name.clone()),
            ExprKind::Item(node) => Key::Item(*node),
            ExprKind::Node(node) if !self.is_split(*node) => {
                Key::Port(*node, UNNAMED_OUTPUT.into())
            }
            // Nothing, where a task's outputs are read as one record.
            ExprKind::Node(node) => Key::Port(*node, WHOLE.into()),
            ExprKind::Field(inner, field) => match inner.kind {
                ExprKind::Node(node) if self.is_split(node) => Key::Port(node, field.clone()),
                _ => return None,
            },
            _ => return None,
        };
        let frame = self.frames.len() - 1;
        self.resolve(frame, &key)
    }

    /// Whether a node's value comes apart in named ports, so that its field is a port and not a field of one value.
    fn is_split(&self, node: petgraph::graph::NodeIndex) -> bool {
        let node = &self.pipeline().graph[node];
        match &node.kind {
            NodeKind::Task(task) => !self.program.has_unnamed_output(task.callee),
            _ => match node.ty.base() {
                Type::List(inner) => matches!(inner.base(), Type::Record(_)),
                ty => matches!(ty, Type::Record(_)),
            },
        }
    }

    /// Where an artifact expression comes from and whether it may be absent at run time; nothing when it is known to be absent.
    pub fn artifact(&mut self, expr: &Expr) -> Option<(Place, bool)> {
        match &expr.kind {
            ExprKind::Const(Value::Absent) => None,
            _ => match self.leaf(expr) {
                Some(Leaf::Artifact { place, optional }) => Some((place, optional)),
                // The second was reported where its parameter is.
                Some(Leaf::Absent) | None => None,
                Some(Leaf::Value { .. }) => {
                    unreachable!("a value is no artifact: the front end has checked it")
                }
            },
        }
    }
}

/// A text that is known by now.
fn settled(held: Held) -> Held {
    match held.code {
        Argo::Text(text) => Held::constant(text),
        code => Held {
            code,
            plain: held.plain,
        },
    }
}

/// A part of an f-string that makes no tag with its neighbours: it begins and ends with no brace, and holds no `$`.
fn joins_plainly(part: &Expr) -> bool {
    match part.constant() {
        Some(value) => {
            let text = value.text();
            !text.starts_with(['{', '}']) && !text.ends_with(['{', '}'])
        }
        // Only records are written with braces; strings that are proven plain may end in one.
        None => {
            part.ty.is_scalar() && !matches!(part.ty.base(), Type::Str)
                || part.ty.refinement().is_some()
        }
    }
}

/// The JSON of a value whose text is given.
fn json_of(held: Held, ty: &Type) -> Held {
    if is_textual(ty) && !ty.is_optional() {
        Held {
            code: held.code.call("toJson"),
            plain: held.plain,
        }
    } else {
        held
    }
}

/// The text of a value of type `from` as one of type `to`.
pub fn convert(held: Held, from: &Type, to: &Type) -> Held {
    match (from, to) {
        (Type::Optional(_), _) => held,
        (_, Type::Optional(_)) => json_of(held, from),
        _ if matches!(from.base(), Type::Int) && matches!(to.base(), Type::Float) => Held {
            code: held.code.join(Argo::text(".0")),
            plain: held.plain,
        },
        _ => held,
    }
}

/// The text of a number without the blanks around it, or an error.
fn number(text: Argo, pattern: &str, otherwise: &str) -> Argo {
    let text = text.call("trim");
    text.clone()
        .binary("matches", Argo::text(pattern))
        .then(text, Argo::fail(otherwise))
}

/// The text with what proves that it is one of `ty`, where nothing else has.
fn proof(code: Argo, ty: &Type, proven: bool) -> Held {
    if proven {
        return Held {
            plain: is_plain_type(ty),
            code,
        };
    }
    let code = match ty {
        // Go reads more than JSON has: `+1`, `007`, `nan`, `0x1p-2`.
        Type::Int => number(code, "^-?(0|[1-9][0-9]*)$", "no int")
            .call("int")
            .call("string"),
        Type::Float => {
            let pattern = "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$";
            number(code, pattern, "no float")
                .call("float")
                .call("string")
        }
        Type::Bool => {
            let text = code.call("trim");
            let known = Argo::List(vec![Argo::text("true"), Argo::text("false")]);
            let bad = Argo::fail("neither true nor false");
            text.clone().binary("in", known).then(text, bad)
        }
        Type::Date => {
            let layout = || Argo::text("2006-01-02");
            let date = Argo::Call("date", vec![code.call("trim"), layout()]);
            Argo::Method(Box::new(date), "Format", vec![layout()])
        }
        Type::Optional(inner) if inner.is_scalar() && !is_textual(inner) => {
            let absent = code.clone().binary("==", Argo::text("null"));
            absent.then(code.clone(), proof(code, inner, false).code)
        }
        Type::List(inner) if inner.is_scalar() && !inner.is_optional() && !is_textual(inner) => {
            // Not by `fromJSON`, which makes every number a double.
            let inside = Argo::Call("trim", vec![code, Argo::text("[] \t\r\n")]);
            let items = Argo::Call("split", vec![inside, Argo::text(",")]);
            let item = proof(Argo::Verbatim("#"), inner, false).code;
            let items = Argo::Collect(Box::new(Argo::NotEmpty(Box::new(items))), Box::new(item));
            let joined = Argo::Call("join", vec![items, Argo::text(", ")]);
            Argo::text("[").join(joined).join(Argo::text("]"))
        }
        Type::Refined(refined) => {
            let inner = proof(code, &refined.base, false).code;
            checked(inner, ty, "an output")
        }
        _ => return Held { code, plain: false },
    };
    Held {
        plain: is_plain_type(ty),
        code,
    }
}

pub fn run_field(field: RunField) -> Held {
    let code = match field {
        RunField::Id => Argo::path(&["workflow", "uid"]),
        RunField::Name => Argo::path(&["workflow", "name"]),
        RunField::Date => Argo::Verbatim(RUN_DATE),
        RunField::Status => Argo::Verbatim(RUN_STATUS),
        RunField::IntervalStart | RunField::IntervalEnd => {
            unreachable!("refused by the capability table")
        }
    };
    Held { code, plain: true }
}
