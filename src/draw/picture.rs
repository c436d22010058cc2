//! What a picture of a pipeline shows, before anyone asks where it stands.
//!
//! As in the IR every block is a DAG of its own: a wire joins two things of one block, and what crosses a group's border goes through a
//! plug on it.

use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::details::{self, Details};
use crate::graph::{
    Callee, Edge, Expr, ExprKind, Node, NodeKind, Pipeline, Program, Step, Task, UNNAMED_OUTPUT,
};
use crate::source::SourceMap;
use crate::types::Type;

/// A pipeline as it is drawn.
#[derive(Debug)]
pub struct Picture {
    pub title: String,
    pub doc: String,
    pub params: Vec<Param>,
    /// Schedule, owner and the like, each in words.
    pub facts: Vec<(String, String)>,
    pub block: Block,
}

#[derive(Debug)]
pub struct Param {
    pub name: String,
    pub ty: String,
    pub default: Option<String>,
    pub doc: String,
}

#[derive(Debug, Default)]
pub struct Block {
    pub items: Vec<Item>,
    pub wires: Vec<Wire>,
    /// What comes in from outside, at the top.
    pub entries: Vec<Entry>,
    /// What goes out, at the bottom.
    pub exits: Vec<Exit>,
}

#[derive(Debug)]
pub struct Entry {
    /// Nothing for what has its name outside already.
    pub label: String,
    from: Ref,
}

#[derive(Debug)]
pub struct Exit {
    /// Unique among the exits.
    key: String,
    pub label: String,
}

/// A task, or a group of things.
#[derive(Debug)]
pub struct Item {
    /// Unique in the picture.
    pub id: usize,
    pub kind: Kind,
    pub title: String,
    /// A second, less important line.
    pub note: String,
    pub inputs: Vec<Plug>,
    pub outputs: Vec<Plug>,
    pub details: Details,
    /// What a group holds. Its entries are its inputs, in the same order, and its exits its outputs.
    pub inside: Option<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Python,
    Command,
    Require,
    /// A called pipeline.
    Pipeline,
    If,
    /// One branch of several.
    Branch,
    For,
    Finally,
}

impl Kind {
    /// As a class of a stylesheet.
    pub fn class(self) -> &'static str {
        match self {
            Kind::Python => "python",
            Kind::Command => "command",
            Kind::Require => "require",
            Kind::Pipeline => "pipeline",
            Kind::If => "if",
            Kind::Branch => "branch",
            Kind::For => "for",
            Kind::Finally => "finally",
        }
    }
}

/// A named end of wires.
#[derive(Clone, Debug, PartialEq)]
pub struct Plug {
    pub name: String,
    /// As written; empty for an input, whose wire tells it.
    pub ty: String,
    /// The parameter or constant that comes in here, without a wire.
    pub param: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    pub from: End,
    pub to: End,
    pub kind: WireKind,
    /// What runs along it, with its type.
    pub label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// A plug of an item.
    Plug(usize, usize),
    /// An item as a whole.
    Item(usize),
    Entry(usize),
    Exit(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireKind {
    /// A value, by its content.
    Value,
    /// A file or folder.
    Artifact,
    /// Order without data.
    Order,
    /// Not drawn: it only keeps `finally` below the rest.
    Hidden,
}

impl WireKind {
    pub fn class(self) -> &'static str {
        match self {
            WireKind::Value => "value",
            WireKind::Artifact => "artifact",
            WireKind::Order | WireKind::Hidden => "order",
        }
    }
}

/// What an expression reads: a part of a node's value (all of it when the part is empty), the item of a loop, or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ref {
    Node(NodeIndex, String),
    Item(NodeIndex),
    Param(String),
}

/// Called pipelines are drawn with what is in them up to so many things in all.
const MOST_ITEMS: usize = 3_000;

/// The picture of a program's entry.
pub fn picture(program: &Program, sources: &SourceMap) -> Picture {
    let pipeline = program.entry();
    let mut maker = Maker {
        program,
        sources,
        items: 0,
    };
    Picture {
        title: pipeline.name.clone(),
        doc: pipeline.doc.clone(),
        params: pipeline
            .params
            .iter()
            .map(|param| Param {
                name: param.name.clone(),
                ty: param.ty.to_string(),
                default: param.default.as_ref().map(details::default),
                doc: param.doc.clone(),
            })
            .collect(),
        facts: details::facts(pipeline),
        block: maker.pipeline(pipeline, true),
    }
}

struct Maker<'a> {
    program: &'a Program,
    sources: &'a SourceMap,
    items: usize,
}

/// A pipeline while one of its blocks is drawn.
#[derive(Clone, Copy)]
struct Scope<'a> {
    pipeline: &'a Pipeline,
    /// Parameters have no wires: there would be too many.
    is_entry: bool,
}

impl<'a> Scope<'a> {
    fn node(&self, node: NodeIndex) -> &'a Node {
        &self.pipeline.graph[node]
    }
}

/// A block while it is drawn.
struct Draft<'a> {
    scope: Scope<'a>,
    block: Block,
    /// The items that nodes became.
    items: IndexMap<NodeIndex, usize>,
}

impl Draft<'_> {
    /// Where a reference comes from, in this block.
    fn source(&mut self, from: &Ref) -> End {
        if let Ref::Node(node, part) = from
            && let Some(&item) = self.items.get(node)
        {
            let outputs = &self.block.items[item].outputs;
            return match outputs.iter().position(|plug| plug.name == *part) {
                Some(plug) => End::Plug(item, plug),
                None => End::Item(item),
            };
        }
        End::Entry(self.entry(from))
    }

    fn entry(&mut self, from: &Ref) -> usize {
        let entries = &mut self.block.entries;
        if let Some(at) = entries.iter().position(|entry| entry.from == *from) {
            return at;
        }
        let label = match from {
            Ref::Node(..) => String::new(),
            Ref::Item(node) => match &self.scope.node(*node).kind {
                NodeKind::For(looping) => looping.variable.clone(),
                _ => String::new(),
            },
            Ref::Param(name) => name.clone(),
        };
        entries.push(Entry {
            label,
            from: from.clone(),
        });
        entries.len() - 1
    }

    fn wire(&mut self, from: &Ref, to: End, ty: &Type) {
        let label = match from {
            Ref::Node(node, part) if part.is_empty() || part == UNNAMED_OUTPUT => {
                self.scope.node(*node).name.clone()
            }
            Ref::Node(node, part) => format!("{}.{part}", self.scope.node(*node).name),
            Ref::Item(_) => String::new(),
            Ref::Param(name) => name.clone(),
        };
        let wire = Wire {
            from: self.source(from),
            to,
            kind: match ty.artifact().or(ty.artifact_list()) {
                Some(_) => WireKind::Artifact,
                None => WireKind::Value,
            },
            label: format!("{label}: {ty}"),
        };
        if !self.block.wires.contains(&wire) {
            self.block.wires.push(wire);
        }
    }
}

impl<'a> Maker<'a> {
    fn pipeline(&mut self, pipeline: &'a Pipeline, is_entry: bool) -> Block {
        let scope = Scope { pipeline, is_entry };
        let exits = pipeline.outputs.iter().map(|output| {
            let key = output.name.clone();
            let label = match pipeline.unnamed_output {
                true => output.ty.to_string(),
                false => format!("{}: {}", output.name, output.ty),
            };
            (
                key,
                label,
                self.refs(scope, &output.value),
                output.ty.clone(),
            )
        });
        let exits = exits.collect();
        let mut draft = self.draft(scope, &pipeline.body, exits);
        if let Some(finally) = &pipeline.finally {
            self.finally(&mut draft, finally);
        }
        draft.block
    }

    fn id(&mut self) -> usize {
        self.items += 1;
        self.items
    }

    /// The items and wires of a block. An exit has a key, a label, what it reads, and a type.
    fn draft(
        &mut self,
        scope: Scope<'a>,
        block: &'a crate::graph::Block,
        exits: Vec<(String, String, Vec<Ref>, Type)>,
    ) -> Draft<'a> {
        let mut draft = Draft {
            scope,
            block: Block::default(),
            items: IndexMap::new(),
        };
        let wanted = self.wanted(scope, block, exits.iter().flat_map(|exit| &exit.2));
        for &node in &block.nodes {
            let parts = wanted.get(&node).cloned().unwrap_or_default();
            self.node(&mut draft, node, parts);
        }
        self.order(&mut draft, block);
        for (key, label, refs, ty) in exits {
            let exit = draft.block.exits.len();
            draft.block.exits.push(Exit { key, label });
            for from in refs {
                if !(scope.is_entry && matches!(from, Ref::Param(_))) {
                    draft.wire(&from, End::Exit(exit), &ty);
                }
            }
        }
        draft
    }

    /// The parts of each node's value that others in the block read, or that leave it.
    fn wanted<'r>(
        &self,
        scope: Scope<'a>,
        block: &'a crate::graph::Block,
        leaving: impl Iterator<Item = &'r Ref>,
    ) -> IndexMap<NodeIndex, IndexSet<String>> {
        let mut wanted: IndexMap<NodeIndex, IndexSet<String>> = IndexMap::new();
        let mut note = |found: &Ref| {
            if let Ref::Node(node, part) = found {
                wanted.entry(*node).or_default().insert(part.clone());
            }
        };
        leaving.for_each(&mut note);
        for &node in &block.nodes {
            self.needs(scope, node).iter().for_each(&mut note);
        }
        if let Some(finally) = &scope.pipeline.finally {
            for &node in &finally.nodes {
                self.needs(scope, node).iter().for_each(&mut note);
            }
        }
        wanted
    }

    /// All that a node and what is inside of it read.
    fn needs(&self, scope: Scope<'a>, node: NodeIndex) -> IndexSet<Ref> {
        let mut found = IndexSet::new();
        let kind = &scope.node(node).kind;
        for expr in kind.exprs() {
            found.extend(self.refs(scope, expr));
        }
        for block in kind.blocks() {
            for &inner in &block.nodes {
                found.extend(self.needs(scope, inner));
            }
            if let Some(value) = &block.value {
                found.extend(self.refs(scope, value));
            }
        }
        found
    }

    fn refs(&self, scope: Scope<'a>, expr: &Expr) -> Vec<Ref> {
        let mut found = IndexSet::new();
        self.collect(scope, expr, &mut found);
        found.into_iter().collect()
    }

    fn collect(&self, scope: Scope<'a>, expr: &Expr, found: &mut IndexSet<Ref>) {
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Run(_) => {}
            ExprKind::Param(name) => drop(found.insert(Ref::Param(name.clone()))),
            ExprKind::Node(node) => drop(found.insert(self.part(scope, *node, ""))),
            ExprKind::Item(node) => drop(found.insert(Ref::Item(*node))),
            ExprKind::Field(inner, field) => {
                // `a.b.c` reads the part `b` of `a`.
                let (mut inner, mut field) = (inner, field);
                while let ExprKind::Field(deeper, name) = &inner.kind {
                    (inner, field) = (deeper, name);
                }
                match &inner.kind {
                    ExprKind::Node(node) => drop(found.insert(self.part(scope, *node, field))),
                    _ => self.collect(scope, inner, found),
                }
            }
            ExprKind::Not(inner) => self.collect(scope, inner, found),
            ExprKind::Coalesce(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b) => {
                self.collect(scope, a, found);
                self.collect(scope, b, found);
            }
            ExprKind::Concat(items) | ExprKind::List(items) => items
                .iter()
                .for_each(|item| self.collect(scope, item, found)),
            ExprKind::Map(entries) => entries
                .iter()
                .for_each(|(_, item)| self.collect(scope, item, found)),
        }
    }

    /// `field` of a node's value, by the name of its plug.
    fn part(&self, scope: Scope<'a>, node: NodeIndex, field: &str) -> Ref {
        let part = match &scope.node(node).kind {
            NodeKind::Task(task) if self.program.has_unnamed_output(task.callee) => UNNAMED_OUTPUT,
            _ => field,
        };
        Ref::Node(node, part.to_owned())
    }

    /// What a block's value reads for one part of it.
    fn project(&self, scope: Scope<'a>, value: &Expr, part: &str) -> Vec<Ref> {
        match &value.kind {
            ExprKind::Map(entries) if !part.is_empty() => entries
                .iter()
                .filter(|(name, _)| name == part)
                .flat_map(|(_, value)| self.refs(scope, value))
                .collect(),
            ExprKind::Node(node) if !part.is_empty() => vec![self.part(scope, *node, part)],
            _ => self.refs(scope, value),
        }
    }

    fn text(&self, expr: &Expr) -> String {
        details::written(self.sources, expr)
    }

    fn node(&mut self, draft: &mut Draft<'a>, index: NodeIndex, parts: IndexSet<String>) {
        let scope = draft.scope;
        let node = scope.node(index);
        let item = match &node.kind {
            NodeKind::Task(task) => match task.callee {
                Callee::Pipeline(id) if self.items < MOST_ITEMS => {
                    let callee = &self.program[id];
                    let inside = self.pipeline(callee, false);
                    return self.call(draft, index, task, inside, &callee.doc);
                }
                _ => return self.task(draft, index, task),
            },
            NodeKind::Require(require) => {
                let title = format!("require {}", self.text(&require.condition));
                let item = self.item(Kind::Require, title, String::new());
                let details = Details::of("", [("otherwise", self.text(&require.message))]);
                Item { details, ..item }
            }
            NodeKind::For(looping) => {
                let exits = self.exits(scope, node, &looping.body, &parts);
                let inside = self.draft(scope, &looping.body, exits).block;
                let title = format!("for {} in {}", looping.variable, self.text(&looping.items));
                let note = looping
                    .limit
                    .map(|limit| format!("at most {limit} at once"));
                let item = self.item(Kind::For, title, note.unwrap_or_default());
                self.group(item, inside, node)
            }
            NodeKind::If(branching) => {
                let mut branches = Vec::new();
                for (at, branch) in branching.branches.iter().enumerate() {
                    let word = if at == 0 { "if" } else { "else if" };
                    let title = format!("{word} {}", self.text(&branch.condition));
                    branches.push((title, Some(&branch.condition), &branch.block));
                }
                if let Some(otherwise) = &branching.otherwise {
                    branches.push(("else".to_owned(), None, otherwise));
                }
                self.branches(scope, node, branches, &parts)
            }
        };
        self.add(draft, index, item);
        if let NodeKind::Require(require) = &node.kind {
            let mut refs = self.refs(scope, &require.condition);
            refs.extend(self.refs(scope, &require.message));
            for from in refs {
                self.plug(draft, index, from);
            }
        }
    }

    fn item(&mut self, kind: Kind, title: String, note: String) -> Item {
        Item {
            id: self.id(),
            kind,
            title,
            note,
            inputs: Vec::new(),
            outputs: Vec::new(),
            details: Details::default(),
            inside: None,
        }
    }

    /// A group around a block: its plugs are the block's entries and exits.
    fn group(&mut self, item: Item, inside: Block, node: &Node) -> Item {
        let plug = |name: &str, ty: String| Plug {
            name: name.to_owned(),
            ty,
            param: None,
        };
        Item {
            inputs: inside
                .entries
                .iter()
                .map(|entry| plug(&entry.label, String::new()))
                .collect(),
            outputs: inside
                .exits
                .iter()
                .map(|exit| plug(&exit.key, type_of(&node.ty, &exit.key).to_string()))
                .collect(),
            inside: Some(inside),
            ..item
        }
    }

    /// What of a block's value leaves a group.
    fn exits(
        &self,
        scope: Scope<'a>,
        node: &Node,
        block: &crate::graph::Block,
        parts: &IndexSet<String>,
    ) -> Vec<(String, String, Vec<Ref>, Type)> {
        let Some(value) = &block.value else {
            return Vec::new();
        };
        parts
            .iter()
            .map(|part| {
                let ty = type_of(&node.ty, part);
                let label = match part.is_empty() {
                    true => ty.to_string(),
                    false => format!("{part}: {ty}"),
                };
                (part.clone(), label, self.project(scope, value, part), ty)
            })
            .collect()
    }

    fn branches(
        &mut self,
        scope: Scope<'a>,
        node: &'a Node,
        branches: Vec<(String, Option<&'a Expr>, &'a crate::graph::Block)>,
        parts: &IndexSet<String>,
    ) -> Item {
        let alone = branches.len() == 1;
        let mut outer = Draft {
            scope,
            block: Block::default(),
            items: IndexMap::new(),
        };
        let whole = self.item(Kind::If, "if".to_owned(), String::new());
        for part in parts {
            let ty = type_of(&node.ty, part);
            outer.block.exits.push(Exit {
                key: part.clone(),
                label: match part.is_empty() {
                    true => ty.to_string(),
                    false => format!("{part}: {ty}"),
                },
            });
        }
        for (title, condition, block) in branches {
            let exits = self.exits(scope, node, block, parts);
            let mut draft = self.draft(scope, block, exits);
            for from in condition
                .iter()
                .flat_map(|condition| self.refs(scope, condition))
            {
                if !(scope.is_entry && matches!(from, Ref::Param(_))) {
                    draft.entry(&from);
                }
            }
            let inside = draft.block;
            if alone {
                let item = Item { title, ..whole };
                return self.group(item, inside, node);
            }
            let froms: Vec<Ref> = inside
                .entries
                .iter()
                .map(|entry| entry.from.clone())
                .collect();
            let item = self.item(Kind::Branch, title, String::new());
            let item = self.group(item, inside, node);
            let at = outer.block.items.len();
            for (plug, from) in froms.iter().enumerate() {
                let ty = self.type_of_ref(scope, from);
                outer.wire(from, End::Plug(at, plug), &ty);
            }
            for (plug, output) in item.outputs.iter().enumerate() {
                let exit = outer
                    .block
                    .exits
                    .iter()
                    .position(|exit| exit.key == output.name);
                if let Some(exit) = exit {
                    let ty = type_of(&node.ty, &output.name);
                    outer.block.wires.push(Wire {
                        from: End::Plug(at, plug),
                        to: End::Exit(exit),
                        kind: match ty.artifact().or(ty.artifact_list()) {
                            Some(_) => WireKind::Artifact,
                            None => WireKind::Value,
                        },
                        label: format!("{}: {ty}", output.name),
                    });
                }
            }
            outer.block.items.push(item);
        }
        self.group(whole, outer.block, node)
    }

    /// Adds a node's item, with the wires to its entries.
    fn add(&mut self, draft: &mut Draft<'a>, index: NodeIndex, mut item: Item) {
        let at = draft.block.items.len();
        let froms: Vec<Ref> = item
            .inside
            .iter()
            .flat_map(|inside| inside.entries.iter().map(|entry| entry.from.clone()))
            .collect();
        let scope = draft.scope;
        for (plug, from) in froms.into_iter().enumerate() {
            let sources = match (&from, &scope.node(index).kind) {
                // The items come from what the loop runs over.
                (Ref::Item(node), NodeKind::For(looping)) if *node == index => {
                    self.refs(scope, &looping.items)
                }
                _ => vec![from],
            };
            for from in sources {
                match from {
                    Ref::Param(name) if scope.is_entry => item.inputs[plug].param = Some(name),
                    from => {
                        let ty = self.type_of_ref(scope, &from);
                        draft.wire(&from, End::Plug(at, plug), &ty);
                    }
                }
            }
        }
        draft.items.insert(index, at);
        draft.block.items.push(item);
    }

    /// An input of an item without inputs of its own, such as a `require`.
    fn plug(&mut self, draft: &mut Draft<'a>, index: NodeIndex, from: Ref) {
        let at = draft.items[&index];
        let name = match &from {
            Ref::Node(node, part) if part.is_empty() || part == UNNAMED_OUTPUT => {
                draft.scope.node(*node).name.clone()
            }
            Ref::Node(_, part) => part.clone(),
            Ref::Item(_) => "item".to_owned(),
            Ref::Param(name) => name.clone(),
        };
        let is_bound = draft.scope.is_entry && matches!(from, Ref::Param(_));
        let inputs = &mut draft.block.items[at].inputs;
        if inputs.iter().any(|plug| plug.name == name) {
            return;
        }
        let plug = inputs.len();
        inputs.push(Plug {
            param: is_bound.then(|| name.clone()),
            name,
            ty: String::new(),
        });
        if !is_bound {
            let ty = self.type_of_ref(draft.scope, &from);
            draft.wire(&from, End::Plug(at, plug), &ty);
        }
    }

    fn task(&mut self, draft: &mut Draft<'a>, index: NodeIndex, task: &'a Task) {
        let scope = draft.scope;
        let name = scope.node(index).name.clone();
        let (kind, callee, step, outputs, unnamed) = match task.callee {
            Callee::Component(id) => {
                let component = &self.program[id];
                let kind = match component.step {
                    Step::Python(_) => Kind::Python,
                    Step::Run(_) | Step::Shell(_) => Kind::Command,
                };
                let step = details::step(self.program, component);
                let outputs = component.outputs.iter().map(|port| (&port.name, &port.ty));
                let outputs: Vec<_> = outputs.collect();
                (
                    kind,
                    &component.name,
                    step,
                    outputs,
                    component.unnamed_output,
                )
            }
            Callee::Pipeline(id) => {
                let pipeline = &self.program[id];
                let outputs = pipeline
                    .outputs
                    .iter()
                    .map(|output| (&output.name, &output.ty));
                let outputs: Vec<_> = outputs.collect();
                let step = "a pipeline".to_owned();
                (
                    Kind::Pipeline,
                    &pipeline.name,
                    step,
                    outputs,
                    pipeline.unnamed_output,
                )
            }
        };
        let note = match *callee == name {
            true => step,
            false => format!("{callee} \u{b7} {step}"),
        };
        // `train · steps.py:train` says it twice.
        let note = note
            .strip_suffix(&format!(":{callee}"))
            .map_or(note.clone(), str::to_owned);
        let mut item = self.item(kind, name, note);
        item.details = details::task(self.program, self.sources, task);
        item.outputs = outputs
            .into_iter()
            .map(|(name, ty)| Plug {
                name: match unnamed {
                    true => UNNAMED_OUTPUT.to_owned(),
                    false => name.clone(),
                },
                ty: ty.to_string(),
                param: None,
            })
            .collect();
        let at = draft.block.items.len();
        for arg in &task.args {
            let refs = self.refs(scope, &arg.value);
            let (bound, wired): (Vec<Ref>, Vec<Ref>) = refs
                .into_iter()
                .partition(|from| scope.is_entry && matches!(from, Ref::Param(_)));
            let param = match bound.first() {
                Some(Ref::Param(name)) => Some(name.clone()),
                _ => None,
            };
            if wired.is_empty() && param.is_none() {
                continue;
            }
            item.inputs.push(Plug {
                name: arg.port.clone(),
                ty: String::new(),
                param: param.filter(|_| wired.is_empty()),
            });
            for from in wired {
                draft.wire(&from, End::Plug(at, item.inputs.len() - 1), &arg.value.ty);
            }
        }
        draft.items.insert(index, at);
        draft.block.items.push(item);
    }

    /// A called pipeline with what is in it.
    fn call(
        &mut self,
        draft: &mut Draft<'a>,
        index: NodeIndex,
        task: &'a Task,
        inside: Block,
        doc: &str,
    ) {
        let scope = draft.scope;
        let node = scope.node(index);
        let name = match task.callee {
            Callee::Pipeline(id) => &self.program[id].name,
            Callee::Component(id) => &self.program[id].name,
        };
        let note = match *name == node.name {
            true => "pipeline".to_owned(),
            false => format!("pipeline {name}"),
        };
        let item = self.item(Kind::Pipeline, node.name.clone(), note);
        let mut item = self.group(item, inside, node);
        item.details = details::task(self.program, self.sources, task);
        if item.details.doc.is_empty() {
            item.details.doc = doc.to_owned();
        }
        let at = draft.block.items.len();
        let unnamed = self.program.has_unnamed_output(task.callee);
        if unnamed && let [only] = item.outputs.as_mut_slice() {
            only.name = UNNAMED_OUTPUT.to_owned();
            only.ty = node.ty.to_string();
        }
        for (plug, input) in item.inputs.iter_mut().enumerate() {
            let Some(arg) = task.args.iter().find(|arg| arg.port == input.name) else {
                continue;
            };
            if arg.value.constant().is_some() {
                input.param = Some(details::written(self.sources, &arg.value));
            }
            for from in self.refs(scope, &arg.value) {
                match from {
                    Ref::Param(param) if scope.is_entry => input.param = Some(param),
                    from => draft.wire(&from, End::Plug(at, plug), &arg.value.ty),
                }
            }
        }
        draft.items.insert(index, at);
        draft.block.items.push(item);
    }

    fn type_of_ref(&self, scope: Scope<'a>, from: &Ref) -> Type {
        match from {
            Ref::Node(node, part) => match part == UNNAMED_OUTPUT {
                true => scope.node(*node).ty.clone(),
                false => type_of(&scope.node(*node).ty, part),
            },
            Ref::Item(node) => match &scope.node(*node).kind {
                NodeKind::For(looping) => match &looping.items.ty {
                    Type::List(item) => (**item).clone(),
                    other => other.clone(),
                },
                _ => Type::Unknown,
            },
            Ref::Param(name) => {
                let params = &scope.pipeline.params;
                let param = params.iter().find(|param| param.name == *name);
                param.map_or(Type::Unknown, |param| param.ty.clone())
            }
        }
    }

    fn finally(&mut self, draft: &mut Draft<'a>, finally: &'a crate::graph::Block) {
        let scope = draft.scope;
        let inside = self.draft(scope, finally, Vec::new()).block;
        let at = draft.block.items.len();
        let mut item = self.item(
            Kind::Finally,
            "finally".to_owned(),
            "runs also after a failure".to_owned(),
        );
        for (plug, entry) in inside.entries.iter().enumerate() {
            let ty = self.type_of_ref(scope, &entry.from);
            draft.wire(&entry.from, End::Plug(at, plug), &ty);
            item.inputs.push(Plug {
                name: entry.label.clone(),
                ty: String::new(),
                param: None,
            });
        }
        item.inside = Some(inside);
        // Below those that nothing else is below.
        let block = &draft.block;
        let goes_on = |item: &usize| {
            block.wires.iter().any(|wire| match (wire.from, wire.to) {
                (_, End::Exit(_)) => false,
                (End::Plug(from, _) | End::Item(from), _) => from == *item,
                (End::Entry(_) | End::Exit(_), _) => false,
            })
        };
        let last: Vec<usize> = (0..at).filter(|item| !goes_on(item)).collect();
        for other in last {
            draft.block.wires.push(Wire {
                from: End::Item(other),
                to: End::Item(at),
                kind: WireKind::Hidden,
                label: String::new(),
            });
        }
        draft.block.items.push(item);
    }

    /// Wires for `after` and for what stands below a `require`, but for those that follow from others.
    fn order(&self, draft: &mut Draft<'a>, block: &crate::graph::Block) {
        let graph = &draft.scope.pipeline.graph;
        for &node in &block.nodes {
            let ordered: IndexSet<NodeIndex> = graph
                .edges(node)
                .filter(|edge| *edge.weight() != Edge::Data)
                .map(|edge| edge.target())
                .collect();
            let data: IndexSet<NodeIndex> = graph
                .edges(node)
                .filter(|edge| *edge.weight() == Edge::Data)
                .map(|edge| edge.target())
                .collect();
            if ordered.is_empty() {
                continue;
            }
            let mut beyond: IndexSet<NodeIndex> = IndexSet::new();
            let mut waiting: Vec<NodeIndex> = graph.neighbors(node).collect();
            while let Some(next) = waiting.pop() {
                for further in graph.neighbors(next) {
                    if beyond.insert(further) {
                        waiting.push(further);
                    }
                }
            }
            for after in ordered {
                let ends = draft.items.get(&node).zip(draft.items.get(&after));
                if let Some((&from, &to)) = ends
                    && !beyond.contains(&after)
                    && !data.contains(&after)
                {
                    draft.block.wires.push(Wire {
                        from: End::Item(from),
                        to: End::Item(to),
                        kind: WireKind::Order,
                        label: "order".to_owned(),
                    });
                }
            }
        }
    }
}

/// The type of a part of a value; looks through `?` and `list` as `.field` does.
fn type_of(ty: &Type, part: &str) -> Type {
    if part.is_empty() {
        return ty.clone();
    }
    match ty {
        Type::Optional(inner) => type_of(inner, part).optional(),
        Type::List(inner) => type_of(inner, part).list(),
        Type::Record(record) => record.fields.get(part).cloned().unwrap_or(Type::Unknown),
        other => other.clone(),
    }
}
