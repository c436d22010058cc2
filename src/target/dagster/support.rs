//! The part of a module that is the same in all: how steps run, where values are kept. A part that no unit needs is left out.

use super::graph::BRANCH;
use super::lower::Unit;
use crate::emit::python::{Py, Stmt};

/// A part: a piece of the module's template, and what it imports.
pub struct Part {
    pub text: &'static str,
    imports: &'static [&'static str],
    /// What it imports of `collections.abc`.
    abstracts: &'static [&'static str],
    /// The functions that it gives: it is there when one of them is called.
    gives: &'static [&'static str],
}

const CORE: Part = Part {
    text: include_str!("support/core.py"),
    imports: &[
        "collections",
        "contextlib",
        "fcntl",
        "hashlib",
        "importlib.metadata",
        "json",
        "os",
        "re",
        "shutil",
        "signal",
        "subprocess",
        "sys",
        "threading",
        "time",
    ],
    abstracts: &["Sequence"],
    gives: &[],
};

const PARTS: [Part; 6] = [
    Part {
        text: include_str!("support/facts.py"),
        imports: &["datetime"],
        abstracts: &[],
        gives: &["_fact", "_saved", "_saved_all"],
    },
    Part {
        text: include_str!("support/values.py"),
        imports: &["datetime"],
        abstracts: &["Iterator"],
        gives: &[
            "text_of",
            "moment",
            "_require",
            "_location",
            BRANCH,
            "_items",
        ],
    },
    Part {
        text: include_str!("support/block.py"),
        imports: &["concurrent.futures"],
        abstracts: &["Callable", "Sequence"],
        gives: &["_Block"],
    },
    Part {
        text: include_str!("support/after.py"),
        imports: &["datetime"],
        abstracts: &["Sequence"],
        gives: &["_finally"],
    },
    Part {
        text: include_str!("support/mail.py"),
        imports: &["email.message", "smtplib"],
        abstracts: &["Sequence"],
        gives: &["_mail"],
    },
    Part {
        text: include_str!("support/tick.py"),
        imports: &["datetime", "zoneinfo"],
        abstracts: &[],
        gives: &["_tick"],
    },
];

/// What all parts define and import: nothing of a module may be called so, whichever parts it has.
pub fn names() -> Vec<&'static str> {
    let parts = || std::iter::once(&CORE).chain(&PARTS);
    let mut names = vec!["_SHIM", "_START", "_columns"];
    let imports = parts().flat_map(|part| part.imports.iter().chain(part.abstracts));
    names.extend(imports.map(|name| name.split('.').next().unwrap_or(name)));
    for line in parts().flat_map(|part| part.text.lines()) {
        let name = ["def ", "class "]
            .iter()
            .find_map(|kind| line.strip_prefix(kind))
            .unwrap_or(line);
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        if end > 0 {
            names.push(&name[..end]);
        }
    }
    names
}

/// The parts that functions of a module need.
pub fn parts(units: &[Unit]) -> Vec<Part> {
    let mut called: Vec<&str> = Vec::new();
    for unit in units {
        for stmt in &unit.body {
            calls(stmt, &mut called);
        }
    }
    let needed = |part: &Part| part.gives.iter().any(|name| called.contains(name));
    std::iter::once(CORE)
        .chain(PARTS.into_iter().filter(needed))
        .collect()
}

pub fn imports(parts: &[Part]) -> Vec<&'static str> {
    let mut imports: Vec<_> = parts
        .iter()
        .flat_map(|part| part.imports)
        .copied()
        .collect();
    imports.sort_unstable();
    imports.dedup();
    imports
}

/// What they import of `collections.abc`.
pub fn abstracts(parts: &[Part]) -> Vec<&'static str> {
    let abstracts = parts.iter().flat_map(|part| part.abstracts);
    let mut abstracts: Vec<_> = abstracts.copied().collect();
    abstracts.sort_unstable();
    abstracts.dedup();
    abstracts
}

fn calls<'a>(stmt: &'a Stmt, called: &mut Vec<&'a str>) {
    let mut of = |py: &'a Py| {
        py.for_each(&mut |inner| {
            if let Py::Name(name) = inner {
                called.push(name);
            }
        });
    };
    match stmt {
        Stmt::Assign { value, .. } => of(value),
        Stmt::Expr(value) | Stmt::Return(value) => of(value),
        Stmt::With { value, body, .. } => {
            of(value);
            body.iter().for_each(|stmt| calls(stmt, called));
        }
        Stmt::If {
            branches,
            otherwise,
        } => {
            for (condition, _) in branches {
                of(condition);
            }
            let bodies = branches.iter().map(|(_, body)| body).chain([otherwise]);
            bodies.flatten().for_each(|stmt| calls(stmt, called));
        }
        Stmt::For { items, body, .. } => {
            of(items);
            body.iter().for_each(|stmt| calls(stmt, called));
        }
        Stmt::Import { .. } | Stmt::Comment(_) | Stmt::Blank | Stmt::Pass => {}
    }
}
