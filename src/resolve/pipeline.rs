//! Pipelines: their heads first, so that any can call any, then their bodies.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{Param, ParamDefault, PipelineAttributes};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode as _};
use crate::types::Type;
use crate::types::constant::conform;
use crate::value::Value;

use super::Resolver;
use super::attributes::{self, Layer, Place};
use super::body::Body;
use super::component::Direction;
use super::items::{Definition, Style};
use super::module;

/// What others see of a pipeline, and what its body is made from.
pub(super) struct Head {
    pub definition: Definition<ast::Pipeline>,
    params: Vec<Param>,
    outputs: Vec<module::OutputPort>,
    unnamed_output: bool,
    attributes: PipelineAttributes,
    defaults: Layer,
}

impl Resolver<'_> {
    pub(super) fn declare_pipelines(&mut self, definitions: Vec<Definition<ast::Pipeline>>) {
        for definition in definitions {
            let head = self.head(definition);
            self.heads.push(head);
        }
    }

    fn head(&mut self, definition: Definition<ast::Pipeline>) -> Head {
        let file = definition.file;
        let id = self.file_id(file);
        let mut seen = IndexMap::new();
        let params: Vec<Param> = definition
            .node
            .params()
            .into_iter()
            .filter_map(|port| self.param(file, &port, &mut seen))
            .collect();
        let (outputs, unnamed_output) = self.output_ports(file, definition.node.outputs());
        let entries = self.constant_entries(id, definition.node.attributes().into_iter());
        let layer = attributes::layer(&entries, Place::Pipeline, &mut self.diagnostics);
        let attributes = attributes::pipeline(&layer);
        if attributes.schedule.is_some() {
            for param in &params {
                if param.default.is_none() && !param.ty.is_optional() {
                    self.diagnostics.push(
                        Diagnostic::new(
                            codes::SCHEDULE_NEEDS_DEFAULT,
                            param.span,
                            format!("a scheduled run has no value for `{}`", param.name),
                        )
                        .also(
                            attributes.spans.get("schedule").unwrap_or(definition.span),
                            "the pipeline is scheduled here",
                        )
                        .help("give it a default, or make it optional with `?`"),
                    );
                }
            }
        }
        Head {
            params,
            outputs,
            unnamed_output,
            attributes,
            defaults: layer.defaults(),
            definition,
        }
    }

    fn param(
        &mut self,
        file: usize,
        node: &ast::Port,
        seen: &mut IndexMap<String, Span>,
    ) -> Option<Param> {
        let id = self.file_id(file);
        let name = node.name()?;
        let span = name.span(id);
        let name = name.text().to_owned();
        self.check_style(&name, span, Style::Snake);
        let ty = match node.ty() {
            Some(ty) => {
                let formed = self.form(file, &ty);
                self.port_type(formed, ty.span(id), Direction::Parameter)
            }
            None => Type::Unknown,
        };
        let default = node.has_default().then(|| {
            let value = node
                .default()
                .and_then(|node| self.param_default(file, &node, &ty, &name));
            // For a default that was reported stands one that is absent.
            value.unwrap_or(ParamDefault::Const(Value::Absent))
        });
        if !self.first_of(seen, &name, span, "the parameter") {
            return None;
        }
        Some(Param {
            name,
            ty,
            default,
            doc: node.doc(),
            span,
        })
    }

    fn param_default(
        &mut self,
        file: usize,
        node: &ast::Expr,
        ty: &Type,
        name: &str,
    ) -> Option<ParamDefault> {
        let id = self.file_id(file);
        let span = node.span(id);
        if let Some((field, _)) = self.run_field(id, node, false) {
            let field = field?;
            let given = super::expr::run_type(field);
            if crate::types::fits(&given, ty).is_err() {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::TYPE_MISMATCH,
                        span,
                        format!("the default of `{name}` is `{ty}`, not `{given}`"),
                    )
                    .label(format!("this is `{given}`")),
                );
                return None;
            }
            return Some(ParamDefault::Run(field));
        }
        let value = self.constant_value(id, node)?;
        if ty.artifact().is_some() && conform(&value, ty).is_ok() {
            return self.location(value, span).map(ParamDefault::Const);
        }
        self.conforming(&value, ty, span, &format!("the default of `{name}`"))
            .map(ParamDefault::Const)
    }

    /// The location of an artifact as a default gives it: a URI as it is, a path from the project's root.
    fn location(&mut self, value: Value, span: Span) -> Option<Value> {
        let Value::Str(written) = &value else {
            return None;
        };
        if written.contains("://") {
            return Some(value);
        }
        let from = &self.sources.file(span.file).path;
        match crate::project::join(from, written) {
            Ok(path) => Some(Value::Str(path)),
            Err(_) => {
                self.diagnostics.push(
                    Diagnostic::new(codes::FILE_OUTSIDE, span, format!("`{written}` is no path inside the project"))
                        .label("a default location is a URI, or a path relative to this file")
                        .help("give a location outside of the project when you run it: `--set name=/path`"),
                );
                None
            }
        }
    }

    /// All pipelines with their bodies.
    pub(super) fn pipelines(&mut self) -> Vec<module::Pipeline> {
        let heads = std::mem::take(&mut self.heads);
        heads
            .into_iter()
            .map(|head| {
                let Definition {
                    file,
                    node,
                    name,
                    span,
                } = head.definition;
                let body = Body::of(self, file, &node, &head.params);
                module::Pipeline {
                    name,
                    doc: node.doc(),
                    in_entry_file: file == 0,
                    params: head.params,
                    outputs: head.outputs,
                    unnamed_output: head.unnamed_output,
                    attributes: head.attributes,
                    defaults: head.defaults,
                    body: body.block,
                    finally: body.finally,
                    returned: body.returned,
                    locals: body.locals,
                    span,
                }
            })
            .collect()
    }
}
