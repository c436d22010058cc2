//! The bodies of pipelines: statements, scopes and who waits for whom.
//!
//! A name is seen in its whole block and the blocks inside it, above its statement too: what comes first is said by data
//! and `after`, not by the order of lines. Only `require` looks at lines: it holds for what stands below it.

mod call;

use indexmap::IndexMap;
use std::collections::HashMap;

use crate::diagnostics::{Diagnostic, codes, did_you_mean};
use crate::graph::{Edge, Param};
use crate::source::{FileId, Span};
use crate::syntax::ast::{self, AstNode as _};

use super::Resolver;
use super::items::Style;
use super::module::{
    Block, Expr, ExprKind, For, If, Local, LocalId, Require, Return, Statement, StatementKind,
};
use super::order;

/// A pipeline's body, resolved.
pub(super) struct Body {
    pub block: Block,
    pub finally: Option<Block>,
    pub returned: Option<Return>,
    pub locals: Vec<Local>,
}

impl Body {
    pub fn of(
        resolver: &mut Resolver<'_>,
        file: usize,
        node: &ast::Pipeline,
        params: &[Param],
    ) -> Body {
        let mut walk = Walk {
            id: resolver.file_id(file),
            resolver,
            file,
            params,
            locals: Vec::new(),
            taken: IndexMap::new(),
            scopes: Vec::new(),
            frames: Vec::new(),
            homes: Vec::new(),
            calls: HashMap::new(),
            in_finally: false,
        };
        for param in params {
            walk.taken.insert(param.name.clone(), param.span);
        }
        let statements: Vec<ast::Stmt> = node.statements();
        let mut returned = None;
        // The body's scope stays open: `finally` sees its names.
        walk.open();
        let block = walk.block(&statements, true, &mut returned);
        let finally = statements.iter().find_map(|statement| match statement {
            ast::Stmt::Finally(finally) => Some(finally.clone()),
            _ => None,
        });
        let finally = finally.map(|finally| {
            walk.in_finally = true;
            // The body is done when `finally` begins: nothing inside waits for a statement of the body.
            walk.frames.push(Frame {
                at: usize::MAX,
                waits: Vec::new(),
            });
            walk.open();
            let inner: Vec<ast::Stmt> = finally
                .block()
                .iter()
                .flat_map(ast::Block::statements)
                .collect();
            let block = walk.block(&inner, false, &mut None);
            walk.close();
            block
        });
        walk.close();
        Body {
            block,
            finally,
            returned,
            locals: walk.locals,
        }
    }
}

/// What a name in a body means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    Param(usize),
    Local(LocalId),
}

/// A block that is being walked: which of its statements is, and for whom each waits.
struct Frame {
    at: usize,
    waits: Vec<IndexMap<usize, Edge>>,
}

pub(super) struct Walk<'r, 'f> {
    pub resolver: &'r mut Resolver<'f>,
    pub id: FileId,
    pub file: usize,
    params: &'r [Param],
    locals: Vec<Local>,
    /// Every name of the pipeline so far that another task may not have.
    taken: IndexMap<String, Span>,
    /// The names seen here, innermost last.
    scopes: Vec<HashMap<String, LocalId>>,
    frames: Vec<Frame>,
    /// For each local the depth of its block's frame and its statement there; a loop's variable has none.
    homes: Vec<Option<(usize, usize)>>,
    /// Calls that are written inside an expression, by place: each is a statement of its own.
    calls: HashMap<Span, LocalId>,
    pub in_finally: bool,
}

/// What may end a statement.
struct Suffixes {
    with: Option<ast::With>,
    after: Option<ast::After>,
}

impl Suffixes {
    fn of(statement: &ast::Stmt) -> Self {
        Suffixes {
            with: statement.with(),
            after: statement.after(),
        }
    }
}

/// The expressions directly inside, as written; not those of an `if`'s or a loop's blocks.
fn children(expr: &ast::Expr) -> Vec<ast::Expr> {
    match expr {
        ast::Expr::Call(call) => call.args().iter().filter_map(ast::Arg::value).collect(),
        ast::Expr::Record(record) => record.entries().filter_map(|entry| entry.value()).collect(),
        ast::Expr::If(_) | ast::Expr::For(_) => Vec::new(),
        other => other
            .syntax()
            .children()
            .filter_map(ast::Expr::cast)
            .collect(),
    }
}

/// A statement of a block before its names are resolved.
struct Raw {
    local: LocalId,
    kind: RawKind,
    span: Span,
}

enum RawKind {
    /// A call and the suffixes of its statement, when it is one itself.
    Call(ast::CallExpr, Option<Suffixes>),
    If(ast::IfExpr, Option<Suffixes>),
    For(ast::ForExpr, Option<Suffixes>),
    Require(ast::Require),
    Let(ast::Expr),
}

impl Walk<'_, '_> {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.resolver.diagnostics.push(diagnostic);
    }

    fn open(&mut self) {
        self.scopes.push(HashMap::new());
    }

    fn close(&mut self) {
        self.scopes.pop();
    }

    /// The statements between two braces, in a scope that the caller opened. `is_body`: of a pipeline, where `finally` and
    /// `return` may stand.
    fn block(
        &mut self,
        statements: &[ast::Stmt],
        is_body: bool,
        returned: &mut Option<Return>,
    ) -> Block {
        let depth = self.frames.len();
        let mut raws: Vec<Raw> = Vec::new();
        let mut value: Option<ast::Expr> = None;
        let mut return_value: Option<(ast::Expr, Span)> = None;
        for (at, statement) in statements.iter().enumerate() {
            let last = at + 1 == statements.len();
            match statement {
                ast::Stmt::Assign(node) => {
                    let Some(expr) = node.value() else { continue };
                    let name = node
                        .name()
                        .map(|name| (name.text().to_owned(), name.span(self.id)));
                    self.raw(
                        &mut raws,
                        expr,
                        name,
                        Some(Suffixes::of(statement)),
                        node.span(self.id),
                    );
                }
                ast::Stmt::Expr(node) => {
                    let Some(expr) = node.value() else { continue };
                    let is_value = last && !is_body;
                    let makes_task = matches!(
                        expr,
                        ast::Expr::Call(_) | ast::Expr::If(_) | ast::Expr::For(_)
                    );
                    if makes_task {
                        self.raw(
                            &mut raws,
                            expr.clone(),
                            None,
                            Some(Suffixes::of(statement)),
                            node.span(self.id),
                        );
                    } else if is_value {
                        self.nested_calls(&mut raws, &expr);
                    }
                    // Any other value goes nowhere, which the parser reported.
                    if is_value {
                        value = Some(expr);
                    }
                }
                ast::Stmt::Require(node) => {
                    for expr in node.condition().into_iter().chain(node.message()) {
                        self.nested_calls(&mut raws, &expr);
                    }
                    let span = node.span(self.id);
                    let name = self.numbered("require");
                    let local = self.local(name, span);
                    raws.push(Raw {
                        local,
                        kind: RawKind::Require(node.clone()),
                        span,
                    });
                }
                // The parser sees to it that these stand in a body only, and last.
                ast::Stmt::Finally(_) => {}
                ast::Stmt::Return(node) => {
                    let Some(expr) = node.value() else { continue };
                    let makes_task = matches!(
                        expr,
                        ast::Expr::Call(_) | ast::Expr::If(_) | ast::Expr::For(_)
                    );
                    if makes_task {
                        self.raw(
                            &mut raws,
                            expr.clone(),
                            None,
                            Some(Suffixes::of(statement)),
                            node.span(self.id),
                        );
                    } else {
                        self.nested_calls(&mut raws, &expr);
                    }
                    return_value = Some((expr, node.span(self.id)));
                }
            }
        }
        for (at, raw) in raws.iter().enumerate() {
            self.homes[raw.local.0] = Some((depth, at));
        }
        self.frames.push(Frame {
            at: 0,
            waits: vec![IndexMap::new(); raws.len()],
        });
        let mut block = Block::default();
        let mut gate = None;
        for (at, raw) in raws.into_iter().enumerate() {
            self.frames[depth].at = at;
            if let Some(gate) = gate {
                self.wait(depth, gate, Edge::Gate);
            }
            if matches!(raw.kind, RawKind::Require(_)) {
                gate = Some(at);
            }
            let statement = self.statement(raw);
            block.statements.push(statement);
        }
        // What the block's value and `return` read, nobody in the block waits for.
        self.frames[depth].at = usize::MAX;
        block.value = value.map(|value| self.block_value(&value));
        if let Some((value, span)) = return_value {
            *returned = Some(Return {
                value: self.block_value(&value),
                span,
            });
        }
        let frame = self.frames.pop().expect("pushed above");
        block.waits = frame
            .waits
            .into_iter()
            .map(|waits| waits.into_iter().collect())
            .collect();
        order::sort(&mut block, &self.locals, &mut self.resolver.diagnostics);
        block
    }

    fn block_value(&mut self, node: &ast::Expr) -> Expr {
        let span = node.span(self.id);
        match self.calls.get(&span) {
            Some(&local) => self.read(local, span),
            None => self.expr(node),
        }
    }

    /// The statement of an expression that is assigned, or stands alone; calls inside it come before it.
    fn raw(
        &mut self,
        raws: &mut Vec<Raw>,
        expr: ast::Expr,
        name: Option<(String, Span)>,
        suffixes: Option<Suffixes>,
        span: Span,
    ) {
        let expr_span = expr.span(self.id);
        let (kind, default_name) = match expr {
            ast::Expr::Call(call) => {
                self.calls_in_args(raws, &call);
                let callee = call
                    .callee()
                    .and_then(|callee| callee.path()?.pop())
                    .map(|name| name.text().to_owned());
                (RawKind::Call(call, suffixes), callee)
            }
            ast::Expr::If(node) => {
                for condition in node.branches().filter_map(|branch| branch.condition()) {
                    self.nested_calls(raws, &condition);
                }
                let name = name.is_none().then(|| self.numbered("if"));
                (RawKind::If(node, suffixes), name)
            }
            ast::Expr::For(node) => {
                if let Some(items) = node.items() {
                    self.nested_calls(raws, &items);
                }
                let name = node
                    .variable()
                    .map(|variable| format!("for_{}", variable.text()));
                (RawKind::For(node, suffixes), name)
            }
            // `load(..) as T` names the task: `as` says only what is known of it.
            other => {
                if let (ast::Expr::As(stated), Some((task, span))) = (&other, &name)
                    && let Some(ast::Expr::Call(call)) = stated.value()
                {
                    self.calls_in_args(raws, &call);
                    let call_span = call.span(self.id);
                    let local = self.local(task.clone(), *span);
                    self.calls.insert(call_span, local);
                    raws.push(Raw {
                        local,
                        kind: RawKind::Call(call, suffixes),
                        span: call_span,
                    });
                    self.claim(task, *span, Style::Snake);
                    let stated = self.local(task.clone(), *span);
                    self.see(task, stated);
                    raws.push(Raw {
                        local: stated,
                        kind: RawKind::Let(other),
                        span: expr_span,
                    });
                    return;
                }
                self.nested_calls(raws, &other);
                (RawKind::Let(other), None)
            }
        };
        let (name, name_span) = match (name, default_name) {
            (Some((name, span)), _) => (name, span),
            (None, Some(name)) => (name, self.name_span(&kind, expr_span)),
            (None, None) => return,
        };
        let local = self.local(name.clone(), name_span);
        let hidden =
            matches!(kind, RawKind::If(..)) && name.starts_with("if_") && name_span == expr_span;
        if !hidden {
            self.claim(&name, name_span, Style::Snake);
        }
        self.see(&name, local);
        self.calls.insert(expr_span, local);
        raws.push(Raw { local, kind, span });
    }

    /// Where a task without an assigned name gets its name from.
    fn name_span(&self, kind: &RawKind, span: Span) -> Span {
        match kind {
            RawKind::Call(call, _) => call.callee().map_or(span, |callee| callee.span(self.id)),
            RawKind::For(node, _) => node
                .variable()
                .map_or(span, |variable| variable.span(self.id)),
            _ => span,
        }
    }

    /// Calls inside an expression, innermost first, as statements of their own.
    fn nested_calls(&mut self, raws: &mut Vec<Raw>, expr: &ast::Expr) {
        match expr {
            ast::Expr::Call(call) => {
                let span = call.span(self.id);
                self.raw(raws, expr.clone(), None, None, span);
            }
            other => {
                for child in children(other) {
                    self.nested_calls(raws, &child);
                }
            }
        }
    }

    fn calls_in_args(&mut self, raws: &mut Vec<Raw>, call: &ast::CallExpr) {
        for value in call.args().iter().filter_map(ast::Arg::value) {
            self.nested_calls(raws, &value);
        }
    }

    fn local(&mut self, name: String, span: Span) -> LocalId {
        self.locals.push(Local { name, span });
        self.homes.push(None);
        LocalId(self.locals.len() - 1)
    }

    fn see(&mut self, name: &str, local: LocalId) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), local);
        }
    }

    /// A name for what has none in the source.
    fn numbered(&mut self, stem: &str) -> String {
        (1..)
            .map(|number| format!("{stem}_{number}"))
            .find(|name| self.locals.iter().all(|local| local.name != *name))
            .expect("numbers don't end")
    }

    /// Makes a name the pipeline's own; reports one that is taken.
    fn claim(&mut self, name: &str, span: Span, style: Style) {
        self.resolver.check_style(name, span, style);
        let Some(&first) = self.taken.get(name) else {
            self.taken.insert(name.to_owned(), span);
            return;
        };
        let outer = self.scopes[..self.scopes.len().saturating_sub(1)]
            .iter()
            .any(|scope| scope.contains_key(name));
        let param = self.params.iter().any(|param| param.name == name);
        self.report(if outer || param {
            Diagnostic::new(
                codes::SHADOWED_NAME,
                span,
                format!(
                    "`{name}` is the name of {} already",
                    if param {
                        "a parameter"
                    } else {
                        "something outside"
                    }
                ),
            )
            .also(first, "named here first")
            .help(format!("give it another name: `other = {name}(..)`"))
        } else {
            Diagnostic::new(
                codes::DUPLICATE_TASK,
                span,
                format!("two tasks would be called `{name}`"),
            )
            .also(first, "the first one")
            .help(format!("give one of them a name: `other = {name}(..)`"))
        });
    }

    /// Walks a block in a scope of its own.
    fn inner(&mut self, block: Option<ast::Block>, variable: Option<(&str, LocalId)>) -> Block {
        self.open();
        if let Some((name, local)) = variable {
            self.see(name, local);
            self.open();
        }
        let statements: Vec<ast::Stmt> = block.iter().flat_map(ast::Block::statements).collect();
        let mut resolved = self.block(&statements, false, &mut None);
        resolved.span = block.map(|block| block.span(self.id));
        if variable.is_some() {
            self.close();
        }
        self.close();
        resolved
    }

    fn statement(&mut self, raw: Raw) -> Statement {
        let Raw { local, kind, span } = raw;
        let kind = match kind {
            RawKind::Call(call, suffixes) => {
                let with = self.suffixes(suffixes);
                StatementKind::Call(self.call(&call, with))
            }
            // A plain value has no suffixes: the parser reported them.
            RawKind::Let(expr) => StatementKind::Let(self.expr(&expr)),
            RawKind::Require(node) => {
                let condition = self.maybe(node.condition(), span);
                let message = self.maybe(node.message(), span);
                StatementKind::Require(Require { condition, message })
            }
            RawKind::If(node, suffixes) => {
                self.suffixes(suffixes);
                let mut branches = Vec::new();
                let mut claimed: Vec<(String, Span)> = Vec::new();
                // At most one arm runs: each begins with the names that stood before the `if`.
                let before = self.taken.len();
                for branch in node.branches() {
                    let condition = self.maybe(branch.condition(), branch.span(self.id));
                    let block = self.inner(branch.block(), None);
                    branches.push((condition, block));
                    claimed.extend(self.taken.split_off(before));
                }
                let otherwise = node.otherwise().map(|block| {
                    let block = self.inner(Some(block), None);
                    claimed.extend(self.taken.split_off(before));
                    block
                });
                for (name, span) in claimed {
                    self.taken.entry(name).or_insert(span);
                }
                StatementKind::If(If {
                    branches,
                    otherwise,
                })
            }
            RawKind::For(node, suffixes) => {
                self.suffixes(suffixes);
                let items = self.maybe(node.items(), span);
                let limit = node.limit().and_then(|limit| self.limit(&limit));
                let (name, name_span) = match node.variable() {
                    Some(variable) => (variable.text().to_owned(), variable.span(self.id)),
                    None => (String::new(), span),
                };
                let variable = self.local(name.clone(), name_span);
                let fresh = !self.taken.contains_key(&name);
                if !name.is_empty() {
                    self.claim(&name, name_span, Style::Snake);
                }
                let body = self.inner(node.body(), Some((&name, variable)));
                // The variable is no task: another loop may use its name.
                if fresh {
                    self.taken.shift_remove(&name);
                }
                StatementKind::For(For {
                    variable,
                    items,
                    limit,
                    body,
                })
            }
        };
        Statement { local, kind, span }
    }

    fn limit(&mut self, node: &ast::Expr) -> Option<u32> {
        let span = node.span(self.id);
        let constant = self.resolver.constant(self.id, node)?;
        match constant.kind {
            super::constant::ConstantKind::Int(limit @ 1..=1_000_000) => Some(limit as u32),
            other => {
                self.report(
                    Diagnostic::new(
                        codes::NOT_A_CONSTANT,
                        span,
                        "`limit` is a whole number from 1 on",
                    )
                    .label(format!("this is {}", other.describe())),
                );
                None
            }
        }
    }

    /// Notes what `after` names; gives the record of `with`.
    fn suffixes(&mut self, suffixes: Option<Suffixes>) -> Option<(ast::RecordExpr, Span)> {
        let suffixes = suffixes?;
        for name in suffixes.after.iter().flat_map(ast::After::names) {
            self.after(name.text(), name.span(self.id));
        }
        let with = suffixes.with?;
        let span = with.span(self.id);
        Some((with.record()?, span))
    }

    fn after(&mut self, name: &str, span: Span) {
        match self.meaning(name) {
            Some(Meaning::Local(local)) if self.homes[local.0].is_some() => {
                self.need(local, Edge::Order)
            }
            Some(_) => self.report(
                Diagnostic::new(
                    codes::NOT_A_TASK,
                    span,
                    format!("`{name}` is no task: it is there from the start"),
                )
                .help("name a task, an `if` or a loop"),
            ),
            None => self.unknown_name(name, span),
        }
    }

    /// What a name means here.
    pub fn meaning(&self, name: &str) -> Option<Meaning> {
        if let Some(local) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return Some(Meaning::Local(*local));
        }
        let at = self.params.iter().position(|param| param.name == name)?;
        Some(Meaning::Param(at))
    }

    pub fn unknown_name(&mut self, name: &str, span: Span) {
        // A task of an inner block is known, but not seen here.
        let hidden = self
            .locals
            .iter()
            .find(|local| local.name == name)
            .map(|local| local.span);
        let diagnostic = match hidden {
            Some(inner) => Diagnostic::new(codes::UNKNOWN_NAME, span, format!("`{name}` is not seen here"))
                .also(inner, "it is a name of this inner block")
                .help("let the block end with the value that is needed, and give the `if` or the loop a name"),
            None => {
                let seen = self
                    .scopes
                    .iter()
                    .rev()
                    .flat_map(|scope| scope.keys())
                    .map(String::as_str)
                    .chain(self.params.iter().map(|param| param.name.as_str()));
                let mut seen: Vec<&str> = seen.collect();
                seen.sort_unstable();
                Diagnostic::new(codes::UNKNOWN_NAME, span, format!("there is no `{name}` here"))
                    .maybe_help(did_you_mean(name, seen))
            }
        };
        self.report(diagnostic);
    }

    /// The value of a local, and that the statement at hand waits for it.
    pub fn read(&mut self, local: LocalId, span: Span) -> Expr {
        self.need(local, Edge::Data);
        Expr {
            kind: ExprKind::Local(local),
            span,
        }
    }

    /// The task that a call inside an expression became.
    pub fn task_of(&self, span: Span) -> Option<LocalId> {
        self.calls.get(&span).copied()
    }

    fn need(&mut self, local: LocalId, edge: Edge) {
        if let Some((depth, at)) = self.homes[local.0] {
            self.wait(depth, at, edge);
        }
    }

    /// The statement at hand of the block at `depth` waits for another of that block.
    fn wait(&mut self, depth: usize, on: usize, edge: Edge) {
        let frame = &mut self.frames[depth];
        // Past the statements: the block's value, `return`, and `finally` for the body.
        let Some(waits) = frame.waits.get_mut(frame.at) else {
            return;
        };
        let known = waits.entry(on).or_insert(edge);
        if edge == Edge::Data {
            *known = edge;
        }
    }

    pub fn maybe(&mut self, node: Option<ast::Expr>, span: Span) -> Expr {
        match node {
            Some(node) => self.expr(&node),
            None => Expr {
                kind: ExprKind::Unknown,
                span,
            },
        }
    }
}
