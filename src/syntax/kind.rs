//! The kinds of tokens and nodes in the tree.

/// Declares [`SyntaxKind`] with its lists of tokens and nodes.
macro_rules! kinds {
    (
        tokens { $($(#[$token_doc:meta])* $token:ident,)* }
        nodes { $($(#[$node_doc:meta])* $node:ident,)* }
    ) => {
        /// What a token or a node of the tree is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum SyntaxKind {
            $($(#[$token_doc])* $token,)*
            $($(#[$node_doc])* $node,)*
        }

        impl SyntaxKind {
            /// Every kind of token.
            pub const TOKENS: &'static [SyntaxKind] = &[$(SyntaxKind::$token),*];
            /// Every kind of node.
            pub const NODES: &'static [SyntaxKind] = &[$(SyntaxKind::$node),*];
            /// Every kind, at the index that is its number.
            const ALL: &'static [SyntaxKind] = &[$(SyntaxKind::$token,)* $(SyntaxKind::$node),*];
        }
    };
}

kinds! {
    tokens {
        /// Blanks, tabs and carriage returns.
        Whitespace,
        /// A blank beyond ASCII, or a character that nothing shows.
        OddBlank,
        /// One line end.
        Newline,
        /// `# ..`
        Comment,
        /// `## ..`
        DocComment,

        /// A name; also a word that means something in its place only, before the parser has seen that place.
        Ident,
        Int,
        Float,
        /// `1h30m`
        Duration,
        /// `4GiB`
        Size,
        /// Digits with letters or points that make no number, duration or size: `5min`, `1.5h`, `0x10`.
        BadNumber,
        /// `".."`; its closing quote is missing where the text does not end in one.
        String,
        /// `""".."""`
        TripleString,
        /// A string in a form that the language does not have: `'..'`, `r".."`, `f""".."""`.
        ForeignString,
        /// `f"`
        FStringOpen,
        /// Text between the holes of an f-string, as written.
        FStringText,
        /// The `{` of a hole in an f-string.
        HoleOpen,
        /// The `}` of a hole in an f-string.
        HoleClose,
        /// What stands in a hole and is neither a name nor a `.`.
        HoleJunk,
        /// The closing quote of an f-string.
        FStringClose,

        LParen,
        RParen,
        LBracket,
        RBracket,
        LBrace,
        RBrace,
        Comma,
        Colon,
        Dot,
        /// `..=`
        DotDotEq,
        /// `...`
        Ellipsis,
        /// `=`
        Eq,
        EqEq,
        NotEq,
        Lt,
        LtEq,
        Gt,
        GtEq,
        Plus,
        Minus,
        Star,
        Slash,
        Percent,
        Question,
        /// `??`
        Coalesce,
        /// `->`
        Arrow,
        /// An operator of other languages: `&&`, `;`, `:=`.
        Foreign,
        /// Characters that no token begins with.
        Unknown,

        AndKw,
        ElseKw,
        FalseKw,
        FinallyKw,
        ForKw,
        IfKw,
        InKw,
        NotKw,
        OrKw,
        RequireKw,
        ReturnKw,
        TrueKw,

        // Words that the parser found in the place where they mean something.
        AfterKw,
        ArtifactKw,
        AsKw,
        ComponentKw,
        FromKw,
        LimitKw,
        MatchesKw,
        PipelineKw,
        TypeKw,
        UseKw,
        WithKw,

        /// What the parser sees behind the last token; never in a tree.
        Eof,
    }
    nodes {
        File,
        /// `use "lib.mlp" as lib`, `use { a, b } from "lib.mlp"`
        UseDecl,
        UseList,
        UseName,
        TypeDef,
        ArtifactDef,
        Component,
        Pipeline,
        /// `( port, .. )`
        PortList,
        /// `name: type = default`
        Port,
        /// `-> type`, `-> ( port, .. )`
        Outputs,
        /// A component's `{ .. }`.
        Body,
        /// The `{ .. }` of a pipeline, of a branch, of a loop, of `finally`.
        Block,
        /// `key: value`
        Entry,

        /// `Name`, `alias.Name`, `Name[..]`
        NameType,
        TypeArgs,
        /// `T?`
        OptionalType,
        /// `T in a..=b`, `T in [..]`, `T matches ".."`
        RefinedType,
        /// `in a..=b`
        Range,
        /// `in [..]`
        OneOf,
        /// `matches ".."`
        Matches,
        /// `{ ...Base, name: type }`
        RecordType,
        Field,
        /// `...Base`
        Spread,

        /// `name = value`
        Assign,
        ExprStmt,
        Require,
        Finally,
        Return,
        /// `with { .. }`
        With,
        /// `after a, b`
        After,

        Literal,
        /// `f"text {name.field}"`
        FString,
        NameExpr,
        /// `value.field`
        FieldExpr,
        CallExpr,
        ArgList,
        Arg,
        UnaryExpr,
        BinaryExpr,
        /// `value as type`
        AsExpr,
        ParenExpr,
        ListExpr,
        RecordExpr,
        IfExpr,
        /// `if condition { .. }`, of an `if` and of each `else if`.
        Branch,
        ForExpr,

        /// What was skipped.
        Error,
    }
}

impl SyntaxKind {
    /// Blanks, line ends and comments: what the grammar does not see.
    pub fn is_trivia(self) -> bool {
        use SyntaxKind::*;
        matches!(self, Whitespace | OddBlank | Newline | Comment | DocComment)
    }

    pub fn is_token(self) -> bool {
        self <= SyntaxKind::Eof
    }
}

impl From<SyntaxKind> for rowan::SyntaxKind {
    fn from(kind: SyntaxKind) -> Self {
        rowan::SyntaxKind(kind as u16)
    }
}

impl From<rowan::SyntaxKind> for SyntaxKind {
    fn from(raw: rowan::SyntaxKind) -> Self {
        SyntaxKind::ALL[raw.0 as usize]
    }
}
