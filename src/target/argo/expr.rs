//! Argo expressions and template tags: the one place that writes them.
//!
//! An expression is built as an [`Argo`] tree and printed with the quoting and the parentheses that expr-lang wants. What a tag may
//! not hold is known here: `}}` ends it, and a `let` would make the engine treat its variable as not yet known and leave the whole
//! tag as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An expression of Argo's `{{=..}}` tags.
#[derive(Clone, Debug, PartialEq)]
pub enum Argo {
    Text(String),
    Bool(bool),
    /// As written: digits, perhaps with a point or an exponent.
    Number(String),
    /// `workflow.parameters.x`; the first segment is the root.
    Path(Vec<String>),
    Call(&'static str, Vec<Argo>),
    Binary(Box<Argo>, &'static str, Box<Argo>),
    Not(Box<Argo>),
    /// `condition ? then : otherwise`
    If(Box<Argo>, Box<Argo>, Box<Argo>),
    /// `object?.field`
    Get(Box<Argo>, String),
    /// `map(list, #?.field)`
    Each(Box<Argo>, String),
    /// `workflow?.outputs?.x`: nil where the path ends early.
    Maybe(Vec<String>),
    /// The same of a task of the DAG, in a tag. It must not be evaluated before the task is known, and the engine must not ask for
    /// what is perhaps not there: `?.` gives nil at once, and a plain path is an error where it ends early.
    Late(Vec<String>),
    /// `map(list, {item})`, where `#` in the second is the item.
    Collect(Box<Argo>, Box<Argo>),
    /// `filter(list, {# != ''})`
    NotEmpty(Box<Argo>),
    /// `object.Method(..)`
    Method(Box<Argo>, &'static str, Vec<Argo>),
    /// `list[2]`, `list[3:]`
    Part(Box<Argo>, &'static str),
    List(Vec<Argo>),
    /// A tag inside the text of an expression that is no tag itself, as a string.
    Embedded(Box<Argo>),
    /// Written by hand here, as nothing of the above.
    Verbatim(&'static str),
}

impl Argo {
    pub fn text(text: impl Into<String>) -> Argo {
        Argo::Text(text.into())
    }

    pub fn path(segments: &[&str]) -> Argo {
        Argo::Path(segments.iter().map(|&segment| segment.to_owned()).collect())
    }

    /// A parameter of the run.
    pub fn global(name: &str) -> Argo {
        Argo::path(&["workflow", "parameters", name])
    }

    /// An input parameter of the template.
    pub fn input(name: &str) -> Argo {
        Argo::path(&["inputs", "parameters", name])
    }

    /// An output parameter of a task in the same DAG.
    pub fn output(task: &str, name: &str) -> Argo {
        Argo::path(&["tasks", task, "outputs", "parameters", name])
    }

    /// Applies a function of one argument. Numbers are made from their text once.
    pub fn call(self, function: &'static str) -> Argo {
        match self {
            Argo::Call("string", mut inner)
                if matches!(&inner[0], Argo::Call(made, _) if *made == function)
                    && matches!(function, "int" | "float") =>
            {
                inner.remove(0)
            }
            other => Argo::Call(function, vec![other]),
        }
    }

    pub fn binary(self, operator: &'static str, other: Argo) -> Argo {
        Argo::Binary(Box::new(self), operator, Box::new(other))
    }

    pub fn then(self, then: Argo, otherwise: Argo) -> Argo {
        Argo::If(Box::new(self), Box::new(then), Box::new(otherwise))
    }

    /// The negation, pushed into what has one of its own.
    pub fn negated(self) -> Argo {
        match self {
            Argo::Not(inner) => *inner,
            Argo::Bool(value) => Argo::Bool(!value),
            Argo::Binary(a, operator, b) if opposite(operator).is_some() => {
                Argo::Binary(a, opposite(operator).expect("just seen"), b)
            }
            other => Argo::Not(Box::new(other)),
        }
    }

    /// Text joined to text; neighbours that are known become one.
    pub fn join(self, other: Argo) -> Argo {
        match (self, other) {
            (Argo::Text(a), Argo::Text(b)) => Argo::Text(a + &b),
            (Argo::Text(a), b) if a.is_empty() => b,
            (a, Argo::Text(b)) if b.is_empty() => a,
            (Argo::Binary(a, "+", b), Argo::Text(c)) if matches!(*b, Argo::Text(_)) => {
                a.join(b.join(Argo::Text(c)))
            }
            (a, b) => a.binary("+", b),
        }
    }

    /// The text as base64.
    pub fn encoded(self) -> Argo {
        match self {
            Argo::Text(text) => Argo::Text(STANDARD.encode(text)),
            Argo::Call("sprig.b64dec", mut inner) => inner.remove(0),
            other => other.call("sprig.b64enc"),
        }
    }

    /// The text of which this is the base64.
    pub fn decoded(self) -> Argo {
        self.call("sprig.b64dec")
    }

    /// An error that ends the node with this message.
    pub fn fail(message: impl Into<String>) -> Argo {
        Argo::text(message).call("sprig.fail")
    }

    /// As a field's value: literal text, a simple tag, or an expression tag.
    pub fn tag(&self) -> String {
        match self {
            Argo::Text(text) => text.clone(),
            Argo::Path(segments) => format!("{{{{{}}}}}", segments.join(".")),
            // A tag's result that is no text is written as JSON, which is the same for these.
            Argo::Call("string", inner) if matches!(inner[0], Argo::Call("int", _)) => {
                inner[0].tag()
            }
            other => {
                let body = other.to_string();
                let blank = if body.ends_with('}') { " " } else { "" };
                format!("{{{{={body}{blank}}}}}")
            }
        }
    }

    /// For `valueFrom.expression`, which knows the tasks of its DAG and its inputs and nothing else: what it reads of the workflow
    /// comes in as base64 text, substituted before.
    pub fn bare(self) -> String {
        self.embed().to_string()
    }

    fn embed(self) -> Argo {
        match self {
            Argo::Path(ref segments) if segments[0] == "workflow" => {
                Argo::Embedded(Box::new(self.encoded())).decoded()
            }
            Argo::Call("sprig.b64dec", ref inner) if matches!(&inner[0], Argo::Path(segments) if segments[0] == "workflow") => {
                Argo::Embedded(Box::new(inner[0].clone())).decoded()
            }
            Argo::Call(function, arguments) => {
                Argo::Call(function, arguments.into_iter().map(Argo::embed).collect())
            }
            Argo::Binary(a, operator, b) => {
                Argo::Binary(Box::new(a.embed()), operator, Box::new(b.embed()))
            }
            Argo::Not(inner) => Argo::Not(Box::new(inner.embed())),
            Argo::If(a, b, c) => Argo::If(
                Box::new(a.embed()),
                Box::new(b.embed()),
                Box::new(c.embed()),
            ),
            Argo::Get(inner, field) => Argo::Get(Box::new(inner.embed()), field),
            Argo::Each(inner, field) => Argo::Each(Box::new(inner.embed()), field),
            Argo::Part(inner, range) => Argo::Part(Box::new(inner.embed()), range),
            Argo::Collect(list, item) => Argo::Collect(Box::new(list.embed()), item),
            Argo::NotEmpty(list) => Argo::NotEmpty(Box::new(list.embed())),
            Argo::Method(inner, method, arguments) => {
                Argo::Method(Box::new(inner.embed()), method, arguments)
            }
            Argo::List(items) => Argo::List(items.into_iter().map(Argo::embed).collect()),
            Argo::Verbatim("nil") | Argo::Maybe(_) | Argo::Late(_) => self,
            // The run's date reads the workflow only.
            Argo::Verbatim(_) => Argo::Embedded(Box::new(self.encoded())).decoded(),
            Argo::Text(_) | Argo::Bool(_) | Argo::Number(_) | Argo::Path(_) | Argo::Embedded(_) => {
                self
            }
        }
    }

    /// Binds tighter than any operator.
    fn is_atom(&self) -> bool {
        !matches!(
            self,
            Argo::Binary(..) | Argo::Not(_) | Argo::If(..) | Argo::Verbatim(_)
        ) || matches!(self, Argo::Verbatim("#" | "nil"))
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "==" => "!=",
        "!=" => "==",
        // `<` and its like have none: with a NaN both are false.
        _ => return None,
    })
}

/// An operand: in parentheses unless it is an atom or continues a chain of the same operator.
struct Operand<'a>(&'a Argo, Option<&'static str>);

impl std::fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let chains =
            matches!((self.0, self.1), (Argo::Binary(_, own, _), Some(outer)) if *own == outer);
        let tighter = matches!((self.0, self.1), (Argo::Binary(_, own, _), Some("&&" | "||")) if is_comparison(own));
        if self.0.is_atom() || chains || tighter {
            write!(f, "{}", self.0)
        } else {
            write!(f, "({})", self.0)
        }
    }
}

fn is_comparison(operator: &str) -> bool {
    matches!(
        operator,
        "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "matches"
    )
}

impl std::fmt::Display for Argo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Argo::Text(text) => write_text(f, text),
            Argo::Bool(value) => write!(f, "{value}"),
            Argo::Number(number) => f.write_str(number),
            Argo::Path(segments) => {
                f.write_str(&segments[0])?;
                for segment in &segments[1..] {
                    write_member(f, segment)?;
                }
                Ok(())
            }
            Argo::Maybe(segments) => {
                f.write_str(&segments[0])?;
                for segment in &segments[1..] {
                    write_optional_member(f, segment)?;
                }
                Ok(())
            }
            Argo::Late(segments) => {
                let (task, inside) = segments.split_at(2);
                let object = Argo::Path(task.to_vec()).to_string();
                let got =
                    |object: String, key: &String| format!("get({object}, {})", Argo::text(key));
                f.write_str(&inside.iter().fold(object, got))
            }
            Argo::NotEmpty(list) => write!(f, "filter({list}, {{# != ''}})"),
            Argo::Collect(list, item) => write!(f, "map({list}, {{{item}}})"),
            Argo::Call(function, arguments) => {
                write!(f, "{function}(")?;
                write_list(f, arguments)?;
                f.write_str(")")
            }
            Argo::Binary(a, operator, b) => {
                // Only these two are associative; `-` and its like are not written here.
                let chain = matches!(*operator, "+" | "&&" | "||").then_some(*operator);
                write!(f, "{} {operator} {}", Operand(a, chain), Operand(b, chain))
            }
            Argo::Not(inner) => write!(f, "!{}", Operand(inner, None)),
            Argo::If(condition, then, otherwise) => {
                // A comparison needs no parentheses before `?`.
                match condition.as_ref() {
                    Argo::Binary(..) => write!(f, "{condition}")?,
                    other => write!(f, "{}", Operand(other, None))?,
                }
                write!(
                    f,
                    " ? {} : {}",
                    Operand(then, None),
                    Operand(otherwise, None)
                )
            }
            Argo::Get(object, field) => write!(f, "{}?.{field}", Operand(object, None)),
            Argo::Each(list, field) => write!(f, "map({list}, #?.{field})"),
            Argo::Method(object, method, arguments) => {
                write!(f, "{}.{method}(", Operand(object, None))?;
                write_list(f, arguments)?;
                f.write_str(")")
            }
            Argo::Part(list, range) => write!(f, "{}[{range}]", Operand(list, None)),
            Argo::List(items) => {
                f.write_str("[")?;
                write_list(f, items)?;
                f.write_str("]")
            }
            Argo::Embedded(inner) => write!(f, "'{}'", inner.tag()),
            Argo::Verbatim(text) => f.write_str(text),
        }
    }
}

fn write_list(f: &mut std::fmt::Formatter<'_>, items: &[Argo]) -> std::fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn write_member(f: &mut std::fmt::Formatter<'_>, name: &str) -> std::fmt::Result {
    if name.contains('-') || name.starts_with(|c: char| c.is_ascii_digit()) {
        write!(f, "['{name}']")
    } else {
        write!(f, ".{name}")
    }
}

fn write_optional_member(f: &mut std::fmt::Formatter<'_>, name: &str) -> std::fmt::Result {
    if name.contains('-') || name.starts_with(|c: char| c.is_ascii_digit()) {
        write!(f, "?.['{name}']")
    } else {
        write!(f, "?.{name}")
    }
}

/// A string literal in single quotes, without braces in pairs and without control characters.
fn write_text(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    f.write_str("'")?;
    let mut before = '\0';
    for c in text.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '{' if before == '{' => f.write_str("\\x7b")?,
            '}' if before == '}' => f.write_str("\\x7d")?,
            c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
        before = c;
    }
    f.write_str("'")
}

/// A `depends` of tasks and the phases in which each must be, as words.
pub fn depends(terms: &[(&str, &str)]) -> Option<String> {
    let term = |(task, phases): &(&str, &str)| {
        let phases: Vec<String> = phases
            .split(' ')
            .map(|phase| format!("{task}.{phase}"))
            .collect();
        let any = phases.join(" || ");
        if phases.len() > 1 && terms.len() > 1 {
            format!("({any})")
        } else {
            any
        }
    };
    let terms: Vec<String> = terms.iter().map(term).collect();
    (!terms.is_empty()).then(|| terms.join(" && "))
}

/// Whether a text may stand plain in a template: no braces that make a tag, no `$` that Kubernetes would look at, and only
/// characters that come through the engine's quoting as they are.
pub fn is_plain(text: &str) -> bool {
    let mut before = '\0';
    text.chars().all(|c| {
        let fine = match c {
            '\n' | '\t' | '\r' => true,
            '{' => before != '{',
            '}' => before != '}',
            '$' => false,
            c if (c as u32) < 0x20 || c as u32 == 0x7f => false,
            // Beyond the first plane what Go calls printable decides, and that changes with Unicode's versions.
            c => c as u32 <= 0xffff,
        };
        before = c;
        fine
    })
}

/// Whether text holds the braces of a tag: where such text is given, nothing else makes it safe than encoding it.
pub fn has_tag(text: &str) -> bool {
    text.contains("{{")
}

pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_print_as_expr_lang_reads_them() {
        let rows = || Argo::output("row-count", "output").call("trim").call("int");
        let check = rows().binary(">", Argo::Number("0".into()));
        assert_eq!(
            check.clone().negated().tag(),
            "{{=!(int(trim(tasks['row-count'].outputs.parameters.output)) > 0)}}"
        );
        assert_eq!(
            check.binary("&&", Argo::Bool(true).negated()).to_string(),
            "int(trim(tasks['row-count'].outputs.parameters.output)) > 0 && false"
        );
        assert_eq!(rows().call("string").tag(), rows().tag());
    }

    #[test]
    fn literals_never_hold_what_ends_a_tag() {
        assert_eq!(
            Argo::text("it's }}} \u{1}\\").to_string(),
            r"'it\'s }\x7d\x7d \x01\\'"
        );
        let json = Argo::text("{\"a\": ")
            .join(Argo::input("a"))
            .join(Argo::text("}"));
        assert_eq!(json.tag(), "{{='{\"a\": ' + inputs.parameters.a + '}'}}");
    }

    #[test]
    fn neighbouring_texts_become_one() {
        let joined = Argo::text("a")
            .join(Argo::input("x"))
            .join(Argo::text("b"))
            .join(Argo::text("c"));
        assert_eq!(joined.to_string(), "'a' + inputs.parameters.x + 'bc'");
    }

    #[test]
    fn encoding_undoes_decoding() {
        assert_eq!(
            Argo::input("x").decoded().encoded().tag(),
            "{{inputs.parameters.x}}"
        );
        assert_eq!(Argo::text("é").encoded().tag(), "w6k=");
    }

    #[test]
    fn an_output_expression_takes_the_workflow_s_as_encoded_text() {
        assert_eq!(
            Argo::input("x").decoded().bare(),
            "sprig.b64dec(inputs.parameters.x)"
        );
        assert_eq!(
            Argo::global("x").join(Argo::output("a", "b")).bare(),
            "sprig.b64dec('{{=sprig.b64enc(workflow.parameters.x)}}') + tasks.a.outputs.parameters.b"
        );
    }

    #[test]
    fn plain_is_what_every_pass_leaves_alone() {
        for plain in ["", "a b", "é 日本", "{x}", "-x", "it's \"q\" \\", "a\nb"] {
            assert!(is_plain(plain), "{plain:?}");
        }
        for unsafe_ in ["{{x}}", "a}}", "$(x)", "$$", "\u{1}", "\u{7f}", "\u{f0000}"] {
            assert!(!is_plain(unsafe_), "{unsafe_:?}");
        }
    }
}
