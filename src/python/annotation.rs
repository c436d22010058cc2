//! Annotations: what their text says of Python's types, and whether that goes with a port's.

use super::{Class, ClassKind, Module};
use crate::types::Type;

/// A Python type as far as it bears on ports.
#[derive(Clone, Debug, PartialEq)]
pub enum Annotation {
    /// It can't be told: it takes and gives everything.
    Unknown,
    None,
    Str,
    Bytes,
    Int,
    Float,
    Complex,
    Bool,
    Date,
    DateTime,
    /// `Path`, `PathLike`
    Path,
    List(Box<Annotation>),
    /// The type of its values.
    Dict(Box<Annotation>),
    Tuple,
    Set,
    Union(Vec<Annotation>),
    /// A class of the same file.
    Class(String),
    /// What libraries hold data in, which no port is: `DataFrame`, `Tensor`.
    Data,
    /// `Input[..]` and `Output[..]` of the KFP SDK.
    SdkArtifact,
}

/// Reads the text of an annotation, in quotes or not.
pub fn parse(text: &str, module: &Module) -> Annotation {
    let mut parser = Parser {
        rest: text,
        module,
        depth: 0,
    };
    let found = parser.union();
    parser.blank();
    if parser.rest.is_empty() {
        found
    } else {
        Annotation::Unknown
    }
}

struct Parser<'t> {
    rest: &'t str,
    module: &'t Module,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn blank(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    }

    fn take(&mut self, token: &str) -> bool {
        self.blank();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn union(&mut self) -> Annotation {
        self.depth += 1;
        if self.depth > 50 {
            self.rest = "?";
            return Annotation::Unknown;
        }
        let mut members = vec![self.one()];
        while self.take("|") {
            members.push(self.one());
        }
        self.depth -= 1;
        union_of(members)
    }

    fn one(&mut self) -> Annotation {
        self.blank();
        if self.take("(") {
            let inner = self.union();
            return if self.take(")") {
                inner
            } else {
                self.give_up()
            };
        }
        if let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let Some(end) = self.rest[1..].find(quote) else {
                return self.give_up();
            };
            let inside = &self.rest[1..=end];
            self.rest = &self.rest[end + 2..];
            return parse(inside, self.module);
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return self.give_up();
        }
        self.rest = rest;
        if !self.rest.starts_with('[') {
            return self.named(name, None);
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        if last == "Literal" {
            return self.literals();
        }
        self.take("[");
        let mut arguments = Vec::new();
        while !self.take("]") {
            if self.rest.is_empty() {
                return self.give_up();
            }
            // Only the first of `Annotated` is a type.
            let before = self.rest;
            let argument = if last == "Annotated" && !arguments.is_empty() {
                self.skip()
            } else {
                self.union()
            };
            arguments.push(argument);
            self.take(",");
            if self.rest.len() == before.len() {
                return self.give_up();
            }
        }
        self.named(name, Some(arguments))
    }

    /// Passes over an argument that is no type.
    fn skip(&mut self) -> Annotation {
        let mut depth = 0;
        let end = self.rest.find(|c| {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | '}' => depth -= 1,
                ']' if depth > 0 => depth -= 1,
                ']' | ',' if depth == 0 => return true,
                _ => {}
            }
            false
        });
        self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
        Annotation::Unknown
    }

    fn give_up(&mut self) -> Annotation {
        self.rest = "?";
        Annotation::Unknown
    }

    /// `Literal["a", 1]` is the types of its values.
    fn literals(&mut self) -> Annotation {
        self.take("[");
        let mut members = Vec::new();
        while !self.take("]") {
            self.blank();
            let first = self.rest.chars().next();
            let member = match first {
                Some(quote @ ('"' | '\'')) => match self.rest[1..].find(quote) {
                    Some(end) => {
                        self.rest = &self.rest[end + 2..];
                        Annotation::Str
                    }
                    None => return self.give_up(),
                },
                Some(c) if c.is_ascii_digit() || c == '-' => {
                    self.rest = self.rest[1..].trim_start_matches(|c: char| c.is_ascii_digit());
                    Annotation::Int
                }
                _ if self.take("True") || self.take("False") => Annotation::Bool,
                _ if self.take("None") => Annotation::None,
                _ => return self.give_up(),
            };
            if !members.contains(&member) {
                members.push(member);
            }
            self.take(",");
        }
        union_of(members)
    }

    fn named(&self, name: &str, arguments: Option<Vec<Annotation>>) -> Annotation {
        use Annotation as A;
        let first = || {
            Box::new(
                arguments
                    .iter()
                    .flatten()
                    .next()
                    .cloned()
                    .unwrap_or(A::Unknown),
            )
        };
        let own = |class: &&Class| class.name == name;
        if self.module.classes.iter().any(|class| own(&class)) {
            return A::Class(name.to_owned());
        }
        match name {
            "None" => return A::None,
            "str" => return A::Str,
            "bytes" | "bytearray" => return A::Bytes,
            "int" => return A::Int,
            "float" => return A::Float,
            "complex" => return A::Complex,
            "bool" => return A::Bool,
            _ => {}
        }
        match name.rsplit('.').next().unwrap_or(name) {
            "NoneType" => A::None,
            "date" => A::Date,
            "datetime" => A::DateTime,
            "Path" | "PathLike" | "PosixPath" => A::Path,
            "list" | "List" | "Sequence" | "Iterable" | "Collection" | "MutableSequence" => {
                A::List(first())
            }
            "dict" | "Dict" | "Mapping" | "MutableMapping" => A::Dict(Box::new(
                arguments
                    .iter()
                    .flatten()
                    .nth(1)
                    .cloned()
                    .unwrap_or(A::Unknown),
            )),
            "tuple" | "Tuple" => A::Tuple,
            "set" | "Set" | "frozenset" | "FrozenSet" => A::Set,
            "Optional" => union_of(vec![*first(), A::None]),
            "Union" => union_of(arguments.unwrap_or_default()),
            "Annotated" | "Final" | "Required" | "NotRequired" | "ReadOnly" => *first(),
            "DataFrame" | "Series" | "ndarray" | "Tensor" => A::Data,
            "Input" | "Output" if arguments.is_some() => A::SdkArtifact,
            _ => A::Unknown,
        }
    }
}

/// One union of all members, flat.
fn union_of(members: Vec<Annotation>) -> Annotation {
    let mut flat = Vec::new();
    for member in members {
        match member {
            Annotation::Union(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => Annotation::Unknown,
        1 => flat.remove(0),
        _ if flat.contains(&Annotation::Unknown) => {
            // What is unknown may be anything but `None`, which is written out.
            let none = flat.contains(&Annotation::None).then_some(Annotation::None);
            Annotation::Union(std::iter::once(Annotation::Unknown).chain(none).collect())
        }
        _ => Annotation::Union(flat),
    }
}

impl Annotation {
    fn members(&self) -> &[Annotation] {
        match self {
            Annotation::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }

    /// `None` is among what it says, or may be.
    pub fn has_none(&self) -> bool {
        self.members()
            .iter()
            .any(|member| matches!(member, Annotation::None))
    }

    fn class<'m>(&self, module: &'m Module) -> Option<&'m Class> {
        match self {
            Annotation::Class(name) => module.classes.iter().rfind(|class| class.name == *name),
            _ => None,
        }
    }

    /// The one class of this file that it names, `None` beside it or not.
    pub fn only_class<'m>(&self, module: &'m Module) -> Option<&'m Class> {
        match self.members() {
            [one] => one.class(module),
            [one, Annotation::None] | [Annotation::None, one] => one.class(module),
            _ => None,
        }
    }

    /// Whether a parameter annotated so wants a path, or a list of them, as `pathlib.Path`.
    pub fn wants_path(&self) -> bool {
        let members: Vec<&Annotation> = self
            .members()
            .iter()
            .filter(|member| **member != Annotation::None)
            .collect();
        !members.is_empty()
            && members.iter().all(|member| match member {
                Annotation::Path => true,
                Annotation::List(item) => item.wants_path(),
                _ => false,
            })
    }

    /// A parameter annotated so may be given what a port of the type gives. Absence is not looked at.
    pub fn takes(&self, ty: &Type, module: &Module) -> bool {
        self.members()
            .iter()
            .any(|member| member.one_takes(ty, module))
    }

    fn one_takes(&self, ty: &Type, module: &Module) -> bool {
        use Annotation as A;
        let may_be_any = || {
            self.class(module)
                .is_some_and(|class| class.kind == ClassKind::Open)
        };
        match (self, ty) {
            (A::Unknown, _) | (_, Type::Unknown | Type::Nothing) => true,
            (_, Type::Optional(inner)) => self.one_takes(inner, module),
            (_, Type::Refined(refined)) => self.one_takes(&refined.base, module),
            (A::Class(_), Type::Record(_)) => self
                .class(module)
                .is_none_or(|class| matches!(class.kind, ClassKind::TypedDict | ClassKind::Open)),
            (A::Class(_), _) => may_be_any(),
            (A::Str, Type::Str | Type::Date | Type::DateTime | Type::Artifact(_)) => true,
            (A::Path, Type::Artifact(_)) => true,
            (A::Int, Type::Int | Type::Bool) => true,
            (A::Float | A::Complex, Type::Int | Type::Float | Type::Bool) => true,
            (A::Bool, Type::Bool) => true,
            (A::List(item), Type::List(inner)) => item.takes(inner, module),
            (A::Dict(value), Type::Dict(inner)) => value.takes(inner, module),
            (A::Dict(value), Type::Record(record)) => record
                .fields
                .values()
                .all(|field| value.takes(field, module)),
            _ => false,
        }
    }

    /// What a function annotated to return so gives may be what an output of the type takes.
    pub fn gives(&self, ty: &Type, module: &Module) -> bool {
        self.members()
            .iter()
            .all(|member| member.one_gives(ty, module))
    }

    fn one_gives(&self, ty: &Type, module: &Module) -> bool {
        use Annotation as A;
        match (self, ty) {
            (A::Unknown, _) | (_, Type::Unknown | Type::Nothing) => true,
            (A::None, _) => ty.is_optional(),
            (_, Type::Optional(inner)) => self.one_gives(inner, module),
            (_, Type::Refined(refined)) => self.one_gives(&refined.base, module),
            (A::Class(_), Type::Record(record)) => self.class(module).is_none_or(|class| {
                matches!(class.kind, ClassKind::Open)
                    || class.kind != ClassKind::Plain
                        && record.fields.iter().all(|(name, ty)| {
                            class
                                .fields
                                .iter()
                                .find(|field| field.name == *name)
                                .map_or(ty.is_optional(), |field| {
                                    field
                                        .annotation
                                        .as_ref()
                                        .is_none_or(|it| parse(&it.text, module).gives(ty, module))
                                })
                        })
            }),
            (A::Class(_), Type::Dict(_)) => self
                .class(module)
                .is_none_or(|class| class.kind != ClassKind::Plain),
            // A class may have `__fspath__`, or come from `str` or `Enum`.
            (A::Class(_), _) => {
                let kind = self.class(module).map(|class| class.kind);
                !matches!(
                    kind,
                    Some(ClassKind::Dataclass | ClassKind::NamedTuple | ClassKind::TypedDict)
                )
            }
            (A::Str, Type::Str | Type::Date | Type::DateTime | Type::Artifact(_)) => true,
            (A::Path, Type::Artifact(_)) => true,
            (A::Date, Type::Date) | (A::DateTime, Type::DateTime) => true,
            (A::Int, Type::Int | Type::Float) | (A::Float, Type::Float) | (A::Bool, Type::Bool) => {
                true
            }
            (A::List(item), Type::List(inner)) => item.gives(inner, module),
            (A::Tuple | A::Data, Type::List(_)) => true,
            (A::Dict(value), Type::Dict(inner)) => value.gives(inner, module),
            (A::Dict(_), Type::Record(_)) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::read;
    use crate::source::FileId;
    use Annotation as A;

    #[test]
    fn annotations_are_read() {
        let module = read(FileId(0), "class C: pass\n");
        let list = |item| A::List(Box::new(item));
        for (text, found) in [
            ("int", A::Int),
            ("Optional[int]", A::Union(vec![A::Int, A::None])),
            ("int | None", A::Union(vec![A::Int, A::None])),
            (
                "typing.Union[str, os.PathLike[str], None]",
                A::Union(vec![A::Str, A::Path, A::None]),
            ),
            ("'list[\"C\"]'", list(A::Class("C".into()))),
            ("List[ pathlib.Path ]", list(A::Path)),
            ("list", list(A::Unknown)),
            ("dict[str, list[float]]", A::Dict(Box::new(list(A::Float)))),
            ("Annotated[int, Field(gt=0, le=[1, 2])]", A::Int),
            ("Literal['a', \"b\"]", A::Str),
            ("Literal[-1, None]", A::Union(vec![A::Int, A::None])),
            ("pd.DataFrame", A::Data),
            ("Input[Dataset]", A::SdkArtifact),
            ("InputPath('Dataset')", A::Unknown),
            ("Mine | None", A::Union(vec![A::Unknown, A::None])),
            ("tuple[int, ...]", A::Tuple),
            ("Callable[[int], str]", A::Unknown),
            ("list[", A::Unknown),
            ("", A::Unknown),
            ("x if y else z", A::Unknown),
            ("(int)", A::Int),
        ] {
            assert_eq!(parse(text, &module), found, "{text}");
        }
        assert_eq!(parse(&"list[".repeat(10_000), &module), A::Unknown);
    }
}
