//! Expressions.

use std::time::Duration;

use super::*;
use crate::syntax::numbers;
use crate::syntax::strings::Decoded;

nodes! {
    /// A number (with its `-`), a string, `true`, `false`, a duration or a size.
    Literal;
    FString;
    NameExpr;
    /// `value.field`
    FieldExpr;
    CallExpr;
    ArgList;
    /// `value` or `name = value` in a call.
    Arg;
    UnaryExpr;
    BinaryExpr;
    /// `value as type`
    AsExpr;
    ParenExpr;
    ListExpr;
    /// `{ key: value }`: a record or a dict.
    RecordExpr;
    IfExpr;
    /// `if condition { .. }`, of an `if` and of each `else if`.
    Branch;
    ForExpr;
}

choices! {
    Expr {
        Literal(Literal),
        FString(FString),
        Name(NameExpr),
        Field(FieldExpr),
        Call(CallExpr),
        Unary(UnaryExpr),
        Binary(BinaryExpr),
        As(AsExpr),
        Paren(ParenExpr),
        List(ListExpr),
        Record(RecordExpr),
        If(IfExpr),
        For(ForExpr),
    }
}

/// What a literal is worth.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralValue {
    Int(i64),
    Float(f64),
    Str(String),
    Bool(bool),
    Duration(Duration),
    /// In bytes.
    Size(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Not,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `??`
    Coalesce,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOp {
    /// The operator that a token is.
    pub fn of(kind: SyntaxKind) -> Option<BinaryOp> {
        Some(match kind {
            SyntaxKind::OrKw => BinaryOp::Or,
            SyntaxKind::AndKw => BinaryOp::And,
            SyntaxKind::EqEq => BinaryOp::Equal,
            SyntaxKind::NotEq => BinaryOp::NotEqual,
            SyntaxKind::Lt => BinaryOp::Less,
            SyntaxKind::LtEq => BinaryOp::LessEqual,
            SyntaxKind::Gt => BinaryOp::Greater,
            SyntaxKind::GtEq => BinaryOp::GreaterEqual,
            SyntaxKind::Coalesce => BinaryOp::Coalesce,
            SyntaxKind::Plus => BinaryOp::Add,
            SyntaxKind::Minus => BinaryOp::Subtract,
            SyntaxKind::Star => BinaryOp::Multiply,
            SyntaxKind::Slash => BinaryOp::Divide,
            SyntaxKind::Percent => BinaryOp::Remainder,
            _ => return None,
        })
    }

    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
        )
    }

    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Coalesce => "??",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Remainder => "%",
        }
    }
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum FStringPart {
    Text(String),
    /// A name, or a field of one.
    Value(Expr),
}

impl Expr {
    /// The expression inside all parentheses around it.
    pub fn unparenthesised(self) -> Option<Expr> {
        match self {
            Expr::Paren(paren) => paren.inner()?.unparenthesised(),
            other => Some(other),
        }
    }

    /// The names of `a`, `a.b`, `a.b.c`; nothing for any other expression.
    pub fn path(&self) -> Option<Vec<Name>> {
        match self {
            Expr::Name(name) => Some(vec![name.name()?]),
            Expr::Field(field) => {
                let mut names = field.base()?.path()?;
                names.push(field.field()?);
                Some(names)
            }
            _ => None,
        }
    }
}

impl Literal {
    /// The token that holds the value; the `-` of a number stands before it.
    pub fn token(&self) -> Option<SyntaxToken> {
        tokens(&self.0).find(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::Minus)
    }

    pub fn is_negative(&self) -> bool {
        token(&self.0, SyntaxKind::Minus).is_some()
    }

    /// The value; nothing when the literal was reported.
    pub fn value(&self) -> Option<LiteralValue> {
        let token = self.token()?;
        let text = token.text();
        Some(match token.kind() {
            SyntaxKind::Int => LiteralValue::Int(numbers::int(text, self.is_negative())?),
            SyntaxKind::Float => {
                let value = numbers::float(text)?;
                LiteralValue::Float(if self.is_negative() { -value } else { value })
            }
            SyntaxKind::TrueKw => LiteralValue::Bool(true),
            SyntaxKind::FalseKw => LiteralValue::Bool(false),
            SyntaxKind::Duration => LiteralValue::Duration(numbers::duration(text)?),
            SyntaxKind::Size => LiteralValue::Size(numbers::size(text)?),
            _ => LiteralValue::Str(self.decoded()?.text),
        })
    }

    /// A string with the way back to its source (offsets count from [`token`](Self::token)'s start).
    pub fn decoded(&self) -> Option<Decoded> {
        let token = self.token()?;
        match token.kind() {
            SyntaxKind::String => strings::plain(token.text()).ok(),
            SyntaxKind::TripleString => strings::triple(token.text()).ok(),
            _ => None,
        }
    }
}

impl FString {
    /// Its pieces; nothing when it was reported.
    pub fn parts(&self) -> Option<Vec<FStringPart>> {
        let mut parts = Vec::new();
        for element in self.0.children_with_tokens() {
            match element.kind() {
                SyntaxKind::FStringText => {
                    let decoded = strings::fstring_text(element.as_token()?.text()).ok()?;
                    parts.push(FStringPart::Text(decoded.text));
                }
                SyntaxKind::Error => return None,
                _ => {
                    let value = element.into_node().and_then(Expr::cast);
                    parts.extend(value.map(FStringPart::Value));
                }
            }
        }
        Some(parts)
    }
}

impl NameExpr {
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl FieldExpr {
    pub fn base(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn field(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl CallExpr {
    /// `load` or `alerts.slack`; a syntax error was reported for anything that is no path.
    pub fn callee(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// In the order they stand.
    pub fn args(&self) -> Vec<Arg> {
        child::<ArgList>(&self.0).map_or(Vec::new(), |list| list.args().collect())
    }

    /// The range of `(..)`.
    pub fn args_range(&self) -> Option<TextRange> {
        child::<ArgList>(&self.0).map(|list| list.range())
    }

    /// Some argument was not understood, which was reported: what the call leaves out is not known.
    pub fn has_holes(&self) -> bool {
        let Some(list) = child::<ArgList>(&self.0) else {
            return true;
        };
        let is_open = token(&list.0, SyntaxKind::RParen).is_none();
        is_open
            || list
                .0
                .children()
                .any(|node| node.kind() == SyntaxKind::Error)
            || list.args().any(|arg| arg.value().is_none())
    }
}

impl ArgList {
    pub fn args(&self) -> impl Iterator<Item = Arg> + use<> {
        children(&self.0)
    }
}

impl Arg {
    /// `name` in `name = value`; nothing for a positional argument.
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl UnaryExpr {
    pub fn op(&self) -> Option<UnaryOp> {
        tokens(&self.0).find_map(|token| match token.kind() {
            SyntaxKind::NotKw => Some(UnaryOp::Not),
            SyntaxKind::Minus => Some(UnaryOp::Negate),
            _ => None,
        })
    }

    pub fn operand(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl BinaryExpr {
    pub fn op(&self) -> Option<BinaryOp> {
        self.op_token().and_then(|token| BinaryOp::of(token.kind()))
    }

    pub fn op_range(&self) -> Option<TextRange> {
        self.op_token().map(|token| token.text_range())
    }

    fn op_token(&self) -> Option<SyntaxToken> {
        tokens(&self.0).find(|token| BinaryOp::of(token.kind()).is_some())
    }

    pub fn left(&self) -> Option<Expr> {
        self.operand(false)
    }

    pub fn right(&self) -> Option<Expr> {
        self.operand(true)
    }

    /// The operand after the operator, or the one before it.
    fn operand(&self, after: bool) -> Option<Expr> {
        let op = self.op_range()?.start();
        children::<Expr>(&self.0)
            .find(|operand| (operand.syntax().text_range().start() > op) == after)
    }
}

impl AsExpr {
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl ParenExpr {
    pub fn inner(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ListExpr {
    pub fn items(&self) -> impl Iterator<Item = Expr> + use<> {
        children(&self.0)
    }
}

impl RecordExpr {
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        children(&self.0)
    }
}

impl IfExpr {
    /// `if` and every `else if`.
    pub fn branches(&self) -> impl Iterator<Item = Branch> + use<> {
        children(&self.0)
    }

    /// The block of the last `else`.
    pub fn otherwise(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl Branch {
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }

    pub fn block(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl ForExpr {
    pub fn variable(&self) -> Option<Name> {
        name(&self.0)
    }

    /// What it runs over.
    pub fn items(&self) -> Option<Expr> {
        self.part(false)
    }

    /// What stands after `limit`.
    pub fn limit(&self) -> Option<Expr> {
        self.part(true)
    }

    /// The expression after `limit`, or the one before it.
    fn part(&self, after: bool) -> Option<Expr> {
        let limit = token(&self.0, SyntaxKind::LimitKw).map(|token| token.text_range().start());
        children::<Expr>(&self.0).find(|part| {
            let is_after = limit.is_some_and(|limit| part.syntax().text_range().start() > limit);
            is_after == after
        })
    }

    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}
