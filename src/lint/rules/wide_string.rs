//! A `str` parameter that is only ever compared with fixed texts.

use indexmap::IndexMap;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::Comparison;
use crate::lint::{Context, Rule, walk};
use crate::resolve::module::{Expr, ExprKind};
use crate::types::Type;
use crate::value::Value;

pub const RULE: Rule = Rule {
    code: codes::WIDE_STRING,
    level: Level::Warn,
    fixes: false,
    check,
};

fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, _) in context.pipelines() {
        let mut compared: IndexMap<usize, Vec<(&str, &Expr)>> = IndexMap::new();
        walk::exprs(pipeline, &mut |expr| {
            if let ExprKind::Compare(Comparison::Equal | Comparison::NotEqual, a, b) = &expr.kind {
                for (side, other) in [(a, b), (b, a)] {
                    if let ExprKind::Param(at) = side.kind
                        && let ExprKind::Const(Value::Str(text)) = &other.kind
                        && !text.is_empty()
                    {
                        compared.entry(at).or_default().push((text, expr));
                    }
                }
            }
        });
        for (at, texts) in compared {
            let param = &pipeline.params[at];
            let plain = match &param.ty {
                Type::Optional(inner) => **inner == Type::Str,
                ty => *ty == Type::Str,
            };
            if plain {
                let (text, place) = texts[0];
                let message = format!("a mistyped `{}` would go unnoticed", param.name);
                found.push(
                    Diagnostic::new(RULE.code, param.span, message)
                        .label("takes any text")
                        .also(place.span, format!("`{text}` means something here"))
                        .help(format!(
                            "list what it may be: `{}: str in [\"{text}\", ..]`",
                            param.name
                        )),
                );
            }
        }
    }
}
