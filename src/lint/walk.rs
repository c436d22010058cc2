//! Ways through the tree and the module that several rules go.

use std::collections::HashSet;

use crate::resolve::module::{Block, Expr, ExprKind, Pipeline, Statement, StatementKind};
use crate::syntax::SyntaxKind;
use crate::syntax::ast::{self, AstNode};

/// `a.b` wherever a call or a type may be one of another file.
pub fn qualified(file: &ast::File) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for node in file.syntax().descendants() {
        if let Some(ty) = ast::NameType::cast(node.clone()) {
            if let (Some(qualifier), Some(name)) = (ty.qualifier(), ty.name()) {
                found.push((qualifier.text().to_owned(), name.text().to_owned()));
            }
        } else if let Some(call) = ast::CallExpr::cast(node)
            && let Some(path) = call.callee().and_then(|callee| callee.path())
            && let [alias, name] = path.as_slice()
        {
            found.push((alias.text().to_owned(), name.text().to_owned()));
        }
    }
    found
}

/// Every name that stands somewhere as a type's or a callee's, with the qualifier of `alias.name` alone.
pub fn mentioned(file: &ast::File) -> HashSet<String> {
    let mut found = HashSet::new();
    for node in file.syntax().descendants() {
        if let Some(ty) = ast::NameType::cast(node.clone()) {
            let name = ty.qualifier().or_else(|| ty.name());
            found.extend(name.map(|name| name.text().to_owned()));
        } else if let Some(call) = ast::CallExpr::cast(node.clone()) {
            let path = call.callee().and_then(|callee| callee.path());
            let first = path.and_then(|path| path.into_iter().next());
            found.extend(first.map(|name| name.text().to_owned()));
        } else if node.kind() == SyntaxKind::Spread {
            // `...Base` holds its name as a type or as a bare token.
            let tokens = node.descendants_with_tokens();
            let names = tokens
                .filter_map(|element| element.into_token())
                .filter(|token| token.kind() == SyntaxKind::Ident);
            found.extend(names.map(|token| token.text().to_owned()));
        }
    }
    found
}

/// Calls `visit` with every statement of a block and of all blocks inside it, and the block it stands in.
pub fn statements<'a>(block: &'a Block, visit: &mut impl FnMut(&'a Block, usize, &'a Statement)) {
    for (at, statement) in block.statements.iter().enumerate() {
        visit(block, at, statement);
        for inner in inner(statement) {
            statements(inner, visit);
        }
    }
}

/// The blocks directly inside a statement.
fn inner(statement: &Statement) -> Vec<&Block> {
    match &statement.kind {
        StatementKind::If(branching) => {
            let branches = branching.branches.iter().map(|(_, block)| block);
            branches.chain(&branching.otherwise).collect()
        }
        StatementKind::For(looping) => vec![&looping.body],
        StatementKind::Call(_) | StatementKind::Require(_) | StatementKind::Let(_) => Vec::new(),
    }
}

/// The blocks of a pipeline that no other encloses.
pub fn blocks(pipeline: &Pipeline) -> impl Iterator<Item = &Block> {
    std::iter::once(&pipeline.body).chain(&pipeline.finally)
}

/// Calls `visit` with every expression of a pipeline, those inside others too.
pub fn exprs<'a>(pipeline: &'a Pipeline, visit: &mut impl FnMut(&'a Expr)) {
    for block in blocks(pipeline) {
        block_exprs(block, visit);
    }
    if let Some(returned) = &pipeline.returned {
        expr(&returned.value, visit);
    }
}

/// Calls `visit` with every expression of a block.
pub fn block_exprs<'a>(block: &'a Block, visit: &mut impl FnMut(&'a Expr)) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Call(call) => {
                for arg in &call.args {
                    expr(&arg.value, visit);
                }
            }
            StatementKind::If(branching) => {
                for (condition, _) in &branching.branches {
                    expr(condition, visit);
                }
            }
            StatementKind::For(looping) => expr(&looping.items, visit),
            StatementKind::Require(require) => {
                expr(&require.condition, visit);
                expr(&require.message, visit);
            }
            StatementKind::Let(value) => expr(value, visit),
        }
        for inner in inner(statement) {
            block_exprs(inner, visit);
        }
    }
    if let Some(value) = &block.value {
        expr(value, visit);
    }
}

pub fn expr<'a>(one: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    visit(one);
    match &one.kind {
        ExprKind::Const(_)
        | ExprKind::Param(_)
        | ExprKind::Run(_)
        | ExprKind::Local(_)
        | ExprKind::Unknown => {}
        ExprKind::Field(inner, ..)
        | ExprKind::Not(inner)
        | ExprKind::Negate(inner)
        | ExprKind::As(inner, _) => expr(inner, visit),
        ExprKind::Coalesce(a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::Arithmetic(_, a, b) => {
            expr(a, visit);
            expr(b, visit);
        }
        ExprKind::Concat(items) | ExprKind::List(items) => {
            for item in items {
                expr(item, visit);
            }
        }
        ExprKind::Record(entries) => {
            for (_, _, item) in entries {
                expr(item, visit);
            }
        }
    }
}
