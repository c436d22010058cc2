//! Conditions of `if` and `require`, and the comparisons in them.

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Comparison, Expr};
use crate::resolve::module;
use crate::source::Span;
use crate::types::Type;
use crate::types::constant::conform;

use super::Checker;
use super::edge::{self, Consumer, Role};
use super::expr::unknown;

impl Checker<'_> {
    /// A condition of `if` or `require`.
    pub(super) fn condition(&mut self, source: &module::Expr) -> Expr {
        let expr = self.logic(source);
        self.boolean(expr)
    }

    pub(super) fn boolean(&mut self, expr: Expr) -> Expr {
        match &expr.ty {
            Type::Unknown => expr,
            ty if !ty.is_optional() && matches!(ty.base(), Type::Bool) => expr,
            Type::Nothing => {
                self.no_value(&expr);
                unknown(expr.span)
            }
            ty => {
                let help = match ty {
                    Type::Optional(_) => {
                        "it may be absent: give a value for that case with `?? false`"
                    }
                    _ if ty.is_number() => "compare it: `.. > 0`",
                    Type::Str => "compare it: `.. == \"\"`",
                    _ => "write a comparison",
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::NOT_A_CONDITION,
                        expr.span,
                        format!("a condition is true or false, not `{ty}`"),
                    )
                    .label(format!("this is `{ty}`"))
                    .help(help),
                );
                unknown(expr.span)
            }
        }
    }

    /// An expression in which logic on run-time values is allowed.
    pub(super) fn logic(&mut self, source: &module::Expr) -> Expr {
        let span = source.span;
        match &source.kind {
            module::ExprKind::And(a, b) => Expr::and(self.condition(a), self.condition(b), span),
            module::ExprKind::Or(a, b) => Expr::or(self.condition(a), self.condition(b), span),
            module::ExprKind::Not(inner) => Expr::not(self.condition(inner), span),
            module::ExprKind::Compare(op, a, b) => self.comparison(*op, a, b, span),
            _ => self.expr(source, None),
        }
    }

    pub(super) fn comparison(
        &mut self,
        op: Comparison,
        a: &module::Expr,
        b: &module::Expr,
        span: Span,
    ) -> Expr {
        let (mut a, mut b) = (self.expr(a, None), self.expr(b, None));
        if a.ty.is_unknown() || b.ty.is_unknown() {
            return unknown(span);
        }
        for side in [&a, &b] {
            if side.ty == Type::Nothing {
                let side = side.clone();
                self.no_value(&side);
                return unknown(span);
            }
            if side.ty.is_optional() {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::MAY_BE_ABSENT,
                        side.span,
                        "a comparison needs a value, but this may be absent",
                    )
                    .label(format!("this is `{}`", side.ty))
                    .help("give a value for when it is absent: `(x ?? default) == ..`"),
                );
                return unknown(span);
            }
        }
        // A literal text beside a date is one.
        for (side, other) in [(0, 1), (1, 0)] {
            let types = [a.ty.base().clone(), b.ty.base().clone()];
            if types[side] == Type::Str && matches!(types[other], Type::Date | Type::DateTime) {
                let literal = if side == 0 { &mut a } else { &mut b };
                if let Some(value) = literal.constant() {
                    match conform(value, &types[other]) {
                        Ok(_) => literal.ty = types[other].clone(),
                        Err(reject) => {
                            let consumer = Consumer {
                                name: "the comparison",
                                role: Role::Part,
                                declared: None,
                            };
                            let report = edge::report_constant(
                                &reject,
                                value,
                                &literal.ty,
                                &types[other],
                                literal.span,
                                consumer,
                            );
                            self.diagnostics.push(report);
                            return unknown(span);
                        }
                    }
                }
            }
        }
        let equality = matches!(op, Comparison::Equal | Comparison::NotEqual);
        let comparable = match (a.ty.base(), b.ty.base()) {
            (Type::Int | Type::Float, Type::Int | Type::Float) => true,
            (a, b) if a == b && a.is_scalar() => {
                equality || matches!(a, Type::Date | Type::DateTime)
            }
            _ => false,
        };
        if !comparable {
            let quotes = [(&a, &b), (&b, &a)]
                .into_iter()
                .find_map(|(side, other)| edge::quotes_help(side.constant()?, &other.ty));
            let help = if equality {
                "`==` and `!=` compare scalars of one type, and ints with floats"
            } else {
                "`<`, `<=`, `>` and `>=` compare numbers, dates and datetimes"
            };
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NOT_COMPARABLE,
                    a.span,
                    format!("`{}` can't compare `{}` with `{}`", op.symbol(), a.ty, b.ty),
                )
                .label(format!("this is `{}`", a.ty))
                .also(b.span, format!("this is `{}`", b.ty))
                .help(quotes.unwrap_or_else(|| help.to_owned())),
            );
            return unknown(span);
        }
        Expr::compare(op, a, b, span)
    }
}
