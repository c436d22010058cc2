//! Python annotations, and what of the language's types they take and give.

use crate::types::Type;

/// An annotation, as far as it can be judged from its text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Hint {
    None,
    /// A name, without the modules before it, and what stands in its brackets.
    Named(String, Vec<Hint>),
    Union(Vec<Hint>),
    /// A string, a call, a literal: nothing that can be judged.
    Other,
}

impl Hint {
    pub fn parse(text: &str) -> Hint {
        let text = text.trim();
        // A quoted annotation is one all the same.
        let text = text
            .strip_prefix(['"', '\''])
            .and_then(|text| text.strip_suffix(['"', '\'']))
            .unwrap_or(text)
            .trim();
        let alternatives = split(text, '|');
        if alternatives.len() > 1 {
            return Hint::Union(alternatives.into_iter().map(Hint::parse).collect());
        }
        if text == "None" {
            return Hint::None;
        }
        let (name, args) = match text.split_once('[') {
            Some((name, rest)) => match rest.strip_suffix(']') {
                Some(inner) => (name, split(inner, ',').into_iter().map(Hint::parse).collect()),
                None => return Hint::Other,
            },
            None => (text, Vec::new()),
        };
        let name = name.trim().rsplit('.').next().unwrap_or_default();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Hint::Other;
        }
        match name {
            "Optional" => Hint::Union(args.into_iter().chain([Hint::None]).collect()),
            "Union" => Hint::Union(args),
            "Annotated" | "Final" => args.into_iter().next().unwrap_or(Hint::Other),
            _ => Hint::Named(name.to_owned(), args),
        }
    }

    /// The name of what is no union, for looking up a class.
    pub fn name(&self) -> Option<&str> {
        match self {
            Hint::Named(name, _) => Some(name),
            _ => None,
        }
    }

    /// Whether it lets `None` through; nothing when that can't be judged.
    pub fn takes_none(&self) -> Option<bool> {
        match self {
            Hint::None => Some(true),
            Hint::Union(members) => any(members.iter().map(Hint::takes_none)),
            Hint::Named(name, _) if known(name) => Some(matches!(name.as_str(), "Any" | "object")),
            _ => None,
        }
    }

    /// Whether a value of `ty`, which is there, may be given to it; nothing when that can't be judged.
    pub fn takes(&self, ty: &Type) -> Option<bool> {
        self.agrees(ty.base(), false)
    }

    /// Whether what it says fits an output of `ty`.
    pub fn gives(&self, ty: &Type) -> Option<bool> {
        match self {
            Hint::None => Some(ty.is_optional()),
            // What may be `None` is only sometimes right: that shows when it runs.
            Hint::Union(members) => any(members
                .iter()
                .filter(|member| **member != Hint::None)
                .map(|member| member.gives(ty))),
            other => other.agrees(ty.base(), true),
        }
    }

    fn agrees(&self, ty: &Type, giving: bool) -> Option<bool> {
        // What was not understood was reported where it stands.
        if ty.is_unknown() {
            return None;
        }
        let (name, args) = match self {
            Hint::None => return Some(false),
            Hint::Other => return None,
            Hint::Union(members) => return any(members.iter().map(|member| member.agrees(ty, giving))),
            Hint::Named(name, args) => (name.as_str(), args),
        };
        if !known(name) {
            return None;
        }
        let inner = |at: usize, ty: &Type| args.get(at).map_or(Some(true), |arg| arg.agrees(ty.base(), giving));
        Some(match name {
            "Any" | "object" => true,
            "bool" => matches!(ty, Type::Bool),
            // An int may be given where a float is wanted; an `int` parameter is not meant for floats.
            "int" => matches!(ty, Type::Int) || (giving && matches!(ty, Type::Float)),
            "float" => matches!(ty, Type::Float) || (!giving && matches!(ty, Type::Int)),
            "str" => matches!(ty, Type::Str | Type::Date | Type::DateTime | Type::Artifact(_)),
            "Path" | "PathLike" | "PurePath" | "PosixPath" => matches!(ty, Type::Artifact(_)),
            "list" | "List" | "Sequence" | "Iterable" | "Collection" => match ty {
                Type::List(item) => return inner(0, item),
                _ => false,
            },
            "dict" | "Dict" | "Mapping" => match ty {
                Type::Dict(value) => return inner(1, value),
                Type::Record(_) => true,
                _ => false,
            },
            // A tuple or a set is made from a JSON list nowhere.
            "tuple" | "Tuple" | "set" | "Set" | "bytes" | "complex" => false,
            _ => return None,
        })
    }
}

fn known(name: &str) -> bool {
    const KNOWN: [&str; 23] = [
        "Any", "object", "bool", "int", "float", "str", "Path", "PathLike", "PurePath", "PosixPath", "list", "List",
        "Sequence", "Iterable", "Collection", "dict", "Dict", "Mapping", "tuple", "Tuple", "set", "Set", "bytes",
    ];
    KNOWN.contains(&name) || name == "complex"
}

/// True when one is, false when all are known not to be.
fn any(members: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut judged = Some(false);
    for member in members {
        match member {
            Some(true) => return Some(true),
            Some(false) => {}
            None => judged = None,
        }
    }
    judged
}

/// The parts between separators that stand in no brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_judged() {
        let takes = |text: &str, ty: &Type| Hint::parse(text).takes(ty);
        assert_eq!(takes("int", &Type::Int), Some(true));
        assert_eq!(takes("int", &Type::Float), Some(false));
        assert_eq!(takes("float", &Type::Int), Some(true));
        assert_eq!(takes("typing.List[int]", &Type::Int.list()), Some(true));
        assert_eq!(takes("list[str]", &Type::Int.list()), Some(false));
        assert_eq!(takes("np.ndarray", &Type::Int.list()), None);
        assert_eq!(takes("'int | None'", &Type::Int.optional()), Some(true));
        assert_eq!(takes("dict[str, list[int]]", &Type::Int.list().dict()), Some(true));
        assert_eq!(Hint::parse("Optional[int]").takes_none(), Some(true));
        assert_eq!(Hint::parse("int").takes_none(), Some(false));
        assert_eq!(Hint::parse("Alias").takes_none(), None);
        assert_eq!(Hint::parse("None").gives(&Type::Int), Some(false));
        assert_eq!(Hint::parse("float").gives(&Type::Int), Some(false));
        assert_eq!(Hint::parse("int").gives(&Type::Float), Some(true));
    }
}
