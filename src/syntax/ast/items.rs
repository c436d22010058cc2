//! What a file holds: `use`, types, components, pipelines and their parts.

use super::*;

nodes! {
    File;
    UseDecl;
    /// A name in `use { a, b as c } from ".."`.
    UseName;
    /// `type Name = ..`
    TypeDef;
    /// `artifact Name`
    ArtifactDef;
    Component;
    Pipeline;
    /// The ports in `( )`: inputs, parameters or named outputs.
    PortList;
    /// An input, a parameter or a named output.
    Port;
    /// What stands after `->`, with the arrow.
    Outputs;
    /// A component's `{ .. }`.
    Body;
    /// `key: value`, in a component, a pipeline or a record.
    Entry;
    UseList;
}

choices! {
    Item {
        Use(UseDecl),
        Type(TypeDef),
        Artifact(ArtifactDef),
        Component(Component),
        Pipeline(Pipeline),
    }
}

impl File {
    pub fn items(&self) -> impl Iterator<Item = Item> + use<> {
        children(&self.0)
    }
}

impl UseDecl {
    /// The path as written, without its quotes.
    pub fn path(&self) -> Option<String> {
        string(&self.0)
    }

    /// The range of the path's string.
    pub fn path_range(&self) -> Option<TextRange> {
        token(&self.0, SyntaxKind::String).map(|token| token.text_range())
    }

    /// `lib` in `use ".." as lib`.
    pub fn alias(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The names in `use { .. } from ".."`; nothing when the whole file is used.
    pub fn names(&self) -> Option<Vec<UseName>> {
        child::<UseList>(&self.0).map(|list| list.names().collect())
    }
}

impl UseList {
    pub fn names(&self) -> impl Iterator<Item = UseName> + use<> {
        children(&self.0)
    }
}

impl UseName {
    /// The name in the used file.
    pub fn name(&self) -> Option<Name> {
        names(&self.0).next()
    }

    /// `b` in `a as b`.
    pub fn alias(&self) -> Option<Name> {
        names(&self.0).nth(1)
    }

    /// The name by which it is known here.
    pub fn local(&self) -> Option<Name> {
        self.alias().or_else(|| self.name())
    }
}

impl TypeDef {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl ArtifactDef {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl Component {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn inputs(&self) -> Vec<Port> {
        child::<PortList>(&self.0).map_or(Vec::new(), |list| list.ports().collect())
    }

    /// Nothing for a component that has no outputs.
    pub fn outputs(&self) -> Option<Outputs> {
        child(&self.0)
    }

    pub fn body(&self) -> Option<Body> {
        child(&self.0)
    }

    /// The entries of its body.
    pub fn attributes(&self) -> Vec<Entry> {
        self.body()
            .map_or(Vec::new(), |body| body.entries().collect())
    }
}

impl Pipeline {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn params(&self) -> Vec<Port> {
        child::<PortList>(&self.0).map_or(Vec::new(), |list| list.ports().collect())
    }

    /// Nothing for a pipeline that has no outputs.
    pub fn outputs(&self) -> Option<Outputs> {
        child(&self.0)
    }

    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }

    /// The entries at the head of its body.
    pub fn attributes(&self) -> Vec<Entry> {
        self.body()
            .map_or(Vec::new(), |body| body.entries().collect())
    }

    pub fn statements(&self) -> Vec<Stmt> {
        self.body()
            .map_or(Vec::new(), |body| body.statements().collect())
    }
}

impl PortList {
    pub fn ports(&self) -> impl Iterator<Item = Port> + use<> {
        children(&self.0)
    }
}

impl Port {
    pub fn doc(&self) -> String {
        doc(&self.0)
    }

    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// There is an `=`, whether or not what stands after it was understood.
    pub fn has_default(&self) -> bool {
        token(&self.0, SyntaxKind::Eq).is_some()
    }

    /// What stands after `=`.
    pub fn default(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl Outputs {
    /// The type of one output without a name.
    pub fn unnamed(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The outputs in parentheses; nothing when there is one without a name.
    pub fn named(&self) -> Option<Vec<Port>> {
        child::<PortList>(&self.0).map(|list| list.ports().collect())
    }
}

impl Body {
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        children(&self.0)
    }
}

impl Entry {
    pub fn key(&self) -> Option<Key> {
        key(&self.0)
    }

    /// The key's text, when it has one that was not reported.
    pub fn key_text(&self) -> Option<String> {
        self.key()?.text()
    }

    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}
