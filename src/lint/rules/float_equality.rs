//! Two floats that steps computed, compared for being the same to the last bit.

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Comparison, Expr, ExprKind};
use crate::lint::{Context, Rule};
use crate::types::Type;

pub const RULE: Rule = Rule {
    code: codes::FLOAT_EQUALITY,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pipeline) in context.pipelines() {
        for block in std::iter::once(&pipeline.body).chain(&pipeline.finally) {
            pipeline.for_each_expr(block, &mut |expr| {
                if let ExprKind::Compare(op, a, b) = &expr.kind
                    && matches!(op, Comparison::Equal | Comparison::NotEqual)
                    && [a, b]
                        .iter()
                        .any(|side| is_float(side) && is_computed(side))
                {
                    let message = format!("`{}` on a computed float", op.symbol());
                    found.push(
                        Diagnostic::new(RULE.code, expr.span, message)
                            .label("two ways to the same number rarely give the same bits")
                            .help("compare with `<=` or `>=`"),
                    );
                }
            });
        }
    }
}

fn is_float(expr: &Expr) -> bool {
    matches!(expr.ty.base(), Type::Float)
}

fn is_computed(expr: &Expr) -> bool {
    let mut computed = false;
    expr.for_each(&mut |inner| computed |= matches!(inner.kind, ExprKind::Node(_)));
    computed
}
