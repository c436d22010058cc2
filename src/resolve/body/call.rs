//! Calls in a body: what they call and what they give it.

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode as _};

use super::super::attributes::{self, Place};
use super::super::items::Item;
use super::super::module::{Arg, Call, Callee};
use super::Walk;

impl Walk<'_, '_> {
    pub(super) fn call(
        &mut self,
        call: &ast::CallExpr,
        with: Option<(ast::RecordExpr, Span)>,
    ) -> Call {
        let span = call.span(self.id);
        let (callee, callee_span) = self.callee(call);
        let args = call
            .args()
            .into_iter()
            .map(|arg| Arg {
                name: arg
                    .name()
                    .map(|name| (name.text().to_owned(), name.span(self.id))),
                value: self.maybe(arg.value(), arg.span(self.id)),
            })
            .collect();
        let with = with.map(|(record, _)| {
            let place = match callee {
                Callee::Pipeline(_) => Place::NestedWith,
                _ => Place::With,
            };
            let entries = self.resolver.constant_entries(self.id, record.entries());
            attributes::layer(&entries, place, &mut self.resolver.diagnostics)
        });
        Call {
            callee,
            callee_span,
            args,
            whole: !call.has_holes(),
            with,
            span,
        }
    }

    fn callee(&mut self, call: &ast::CallExpr) -> (Callee, Span) {
        let span = call.span(self.id);
        let Some(node) = call.callee() else {
            return (Callee::Unknown, span);
        };
        let span = node.span(self.id);
        let item = match &node {
            ast::Expr::Name(name) => {
                let Some(name) = name.name() else {
                    return (Callee::Unknown, span);
                };
                match self.resolver.scopes[self.file].names.get(name.text()) {
                    Some((item, _)) => *item,
                    None => {
                        self.unknown_callee(name.text(), span);
                        return (Callee::Unknown, span);
                    }
                }
            }
            ast::Expr::Field(field) => match (field.base(), field.field()) {
                (Some(ast::Expr::Name(alias)), Some(name)) => {
                    let Some(alias) = alias.name() else {
                        return (Callee::Unknown, span);
                    };
                    let alias = alias.text();
                    match self.resolver.scopes[self.file].names.get(alias) {
                        Some((Item::File(used), _)) => {
                            let used = *used;
                            self.resolver.taken(used, name.text(), name.span(self.id))
                        }
                        Some((Item::Unknown, _)) => Item::Unknown,
                        _ => {
                            self.report(
                                Diagnostic::new(
                                    codes::UNKNOWN_CALLEE,
                                    span,
                                    format!("`{alias}` is not a file that is used here"),
                                )
                                .help("a call is `component(..)`, or `alias.component(..)` after `use \"..\" as alias`"),
                            );
                            Item::Unknown
                        }
                    }
                }
                _ => Item::Unknown,
            },
            _ => {
                self.report(Diagnostic::new(
                    codes::UNKNOWN_CALLEE,
                    span,
                    "only components and pipelines can be called",
                ));
                Item::Unknown
            }
        };
        let callee = match item {
            Item::Component(at) => Callee::Component(at),
            Item::Pipeline(at) => Callee::Pipeline(at),
            Item::Unknown => Callee::Unknown,
            Item::Type(_) | Item::Kind(_) | Item::File(_) => {
                self.report(
                    Diagnostic::new(
                        codes::UNKNOWN_CALLEE,
                        span,
                        "only components and pipelines can be called",
                    )
                    .label("this is none"),
                );
                Callee::Unknown
            }
        };
        (callee, span)
    }

    fn unknown_callee(&mut self, name: &str, span: Span) {
        let scope = &self.resolver.scopes[self.file];
        let callable = scope
            .names
            .iter()
            .filter(|(_, (item, _))| matches!(item, Item::Component(_) | Item::Pipeline(_)))
            .map(|(name, _)| name.as_str());
        let help = did_you_mean(name, callable);
        self.report(
            Diagnostic::new(
                codes::UNKNOWN_CALLEE,
                span,
                format!("there is no component or pipeline `{name}`"),
            )
            .maybe_help(help),
        );
    }
}
