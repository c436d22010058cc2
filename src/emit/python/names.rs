//! Names: which a module may not take, and who has which.

use std::collections::HashSet;

/// What no name may be: the keywords, hard and soft, and names that every reader takes for something else.
const RESERVED: &[&str] = &[
    "False", "None", "True", "_", "and", "as", "assert", "async", "await", "break", "case",
    "class", "continue", "def", "del", "elif", "else", "except", "finally", "for", "from",
    "global", "if", "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass",
    "raise", "return", "self", "try", "type", "while", "with", "yield",
];

/// The built-in functions and types that emitted code may use: a variable of such a name would hide them.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "dict",
    "dir",
    "enumerate",
    "filter",
    "float",
    "format",
    "getattr",
    "hash",
    "help",
    "id",
    "input",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "open",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "super",
    "tuple",
    "vars",
    "zip",
];

/// Neither a keyword nor a built-in of Python.
pub fn is_free(name: &str) -> bool {
    !RESERVED.contains(&name) && !BUILTINS.contains(&name)
}

/// No name of a parameter: it may hide a built-in, for callers give it by this name, but it can't be a keyword.
pub fn is_keyword(name: &str) -> bool {
    // The soft keywords are names like others everywhere but at the start of a statement.
    RESERVED.contains(&name) && !matches!(name, "_" | "case" | "match" | "type" | "self")
}

/// The names that are taken in one scope.
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    pub fn with<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Names {
            taken: taken.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Takes `name` where it can be had, else the first free of `name_`, `name_2`, `name_3`, ..
    pub fn free(&mut self, name: &str) -> String {
        let mut chosen = name.to_owned();
        let mut number = 1;
        while !is_free(&chosen) || self.taken.contains(&chosen) {
            chosen = match number {
                1 => format!("{name}_"),
                number => format!("{name}_{number}"),
            };
            number += 1;
        }
        self.taken.insert(chosen.clone());
        chosen
    }

    pub fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}
