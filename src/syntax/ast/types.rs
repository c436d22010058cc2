//! Types as written.

use super::*;

nodes! {
    /// `Name`, `alias.Name`, `Name[..]`; without a name it stands for an argument that was not understood.
    NameType;
    TypeArgs;
    /// `T?`; `T??` is one of these too.
    OptionalType;
    /// `T in a..=b`, `T in [..]`, `T matches ".."`
    RefinedType;
    /// `in a..=b`
    Range;
    /// `in [..]`
    OneOf;
    /// `matches ".."`
    Matches;
    RecordType;
    /// `name: type` in a record type.
    Field;
    /// `...Base` in a record type.
    Spread;
}

choices! {
    TypeExpr {
        Name(NameType),
        Optional(OptionalType),
        Refined(RefinedType),
        Record(RecordType),
    }
    Refinement {
        Range(Range),
        OneOf(OneOf),
        Matches(Matches),
    }
    /// An entry of a record type.
    RecordTypeEntry {
        Field(Field),
        Spread(Spread),
    }
}

impl NameType {
    /// `alias` in `alias.Name`.
    pub fn qualifier(&self) -> Option<Name> {
        let mut names = names(&self.0);
        let first = names.next()?;
        names.next().map(|_| first)
    }

    /// `Name` in `Name` and in `alias.Name`.
    pub fn name(&self) -> Option<Name> {
        names(&self.0).take(2).last()
    }

    /// What stands in `[ ]`; nothing without brackets. A format is a `NameType` here.
    pub fn args(&self) -> Option<Vec<TypeExpr>> {
        child::<TypeArgs>(&self.0).map(|args| args.args().collect())
    }

    /// The range of `[..]`.
    pub fn args_range(&self) -> Option<TextRange> {
        child::<TypeArgs>(&self.0).map(|args| args.range())
    }
}

impl TypeArgs {
    pub fn args(&self) -> impl Iterator<Item = TypeExpr> + use<> {
        children(&self.0)
    }
}

impl OptionalType {
    pub fn inner(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl RefinedType {
    pub fn base(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    pub fn refinement(&self) -> Option<Refinement> {
        child(&self.0)
    }
}

impl Range {
    pub fn min(&self) -> Option<Expr> {
        self.bound(false)
    }

    pub fn max(&self) -> Option<Expr> {
        self.bound(true)
    }

    /// The bound after `..=`, or the one before it.
    fn bound(&self, after: bool) -> Option<Expr> {
        let dots = token(&self.0, SyntaxKind::DotDotEq).map(|token| token.text_range().start());
        children::<Expr>(&self.0).find(|bound| {
            let is_after = dots.is_some_and(|dots| bound.syntax().text_range().start() > dots);
            is_after == after
        })
    }
}

impl OneOf {
    /// The values; nothing when there is no list.
    pub fn values(&self) -> Option<Vec<Expr>> {
        child::<ListExpr>(&self.0).map(|list| list.items().collect())
    }
}

impl Matches {
    /// The expression's text.
    pub fn pattern(&self) -> Option<String> {
        self.literal()?.decoded().map(|decoded| decoded.text)
    }

    /// The string itself; [`Literal::decoded`] maps a place in the pattern to the source.
    pub fn literal(&self) -> Option<Literal> {
        child(&self.0)
    }
}

impl RecordType {
    /// Fields and spreads, as they stand.
    pub fn entries(&self) -> impl Iterator<Item = RecordTypeEntry> + use<> {
        children(&self.0)
    }
}

impl Field {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    /// A name, or a quoted string: columns may have any name.
    pub fn key(&self) -> Option<Key> {
        key(&self.0)
    }

    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl Spread {
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}
