//! Statements of a pipeline, and what may end them.

use super::*;

nodes! {
    /// The `{ .. }` of a pipeline, of a branch, of a loop, of `finally`.
    Block;
    /// `name = value with { .. } after a, b`
    Assign;
    /// A value that stands alone: a call, an `if`, a `for`, or what a block gives as its last line.
    ExprStmt;
    /// `require condition, message`
    Require;
    /// `finally { .. }`
    Finally;
    /// `return value`
    Return;
    /// `with { .. }`
    With;
    /// `after a, b`
    After;
}

choices! {
    Stmt {
        Assign(Assign),
        Expr(ExprStmt),
        Require(Require),
        Finally(Finally),
        Return(Return),
    }
}

impl Block {
    /// The attributes at the head of a pipeline's body; other blocks have none.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        children(&self.0)
    }

    pub fn statements(&self) -> impl Iterator<Item = Stmt> + use<> {
        children(&self.0)
    }

    /// What the block gives: its last statement, when that is an expression.
    pub fn value(&self) -> Option<ExprStmt> {
        match self.statements().last()? {
            Stmt::Expr(statement) => Some(statement),
            _ => None,
        }
    }
}

impl Stmt {
    /// The value of an assignment, of a `return`, or the expression itself.
    pub fn value(&self) -> Option<Expr> {
        match self {
            Stmt::Assign(_) | Stmt::Expr(_) | Stmt::Return(_) => child(self.syntax()),
            Stmt::Require(_) | Stmt::Finally(_) => None,
        }
    }

    pub fn with(&self) -> Option<With> {
        child(self.syntax())
    }

    pub fn after(&self) -> Option<After> {
        child(self.syntax())
    }
}

impl Assign {
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn with(&self) -> Option<With> {
        child(&self.0)
    }

    pub fn after(&self) -> Option<After> {
        child(&self.0)
    }
}

impl ExprStmt {
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn with(&self) -> Option<With> {
        child(&self.0)
    }

    pub fn after(&self) -> Option<After> {
        child(&self.0)
    }
}

impl Require {
    pub fn condition(&self) -> Option<Expr> {
        self.part(false)
    }

    pub fn message(&self) -> Option<Expr> {
        self.part(true)
    }

    /// The expression after the comma, or the one before it.
    fn part(&self, after: bool) -> Option<Expr> {
        let comma = token(&self.0, SyntaxKind::Comma).map(|token| token.text_range().start());
        children::<Expr>(&self.0).find(|part| {
            let is_after = comma.is_some_and(|comma| part.syntax().text_range().start() > comma);
            is_after == after
        })
    }
}

impl Finally {
    pub fn block(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl Return {
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn with(&self) -> Option<With> {
        child(&self.0)
    }

    pub fn after(&self) -> Option<After> {
        child(&self.0)
    }
}

impl With {
    pub fn record(&self) -> Option<RecordExpr> {
        child(&self.0)
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.record()
            .map_or(Vec::new(), |record| record.entries().collect())
    }
}

impl After {
    pub fn names(&self) -> impl Iterator<Item = Name> + use<> {
        names(&self.0)
    }
}
