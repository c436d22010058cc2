//! Programs at random, from the written grammar: the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use crate::ebnf::{Form, Grammar};
use mlpc::syntax::{SyntaxKind, lexer};

/// A small generator of numbers (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Texts of a class of tokens. Names are mostly words that mean something elsewhere.
pub fn samples(class: &str) -> &'static [&'static str] {
    match class {
        "NAME" => &[
            "x",
            "y",
            "train",
            "Dataset",
            "_1",
            "use",
            "from",
            "as",
            "type",
            "artifact",
            "component",
            "pipeline",
            "limit",
            "with",
            "after",
            "matches",
            "run",
            "output",
            "python",
            "f",
            "r",
            "is",
            "while",
            "let",
            "lambda",
            "new",
            "step",
            "def",
            "then",
            "do",
            "elif",
            "e5",
            "Kw",
        ],
        "INT" => &["0", "1", "42", "1_000", "9223372036854775807"],
        "FLOAT" => &["0.5", "1e5", "1.5e-3", "1_0.2_5", "2E+7"],
        "DURATION" => &["90s", "5m", "1h30m", "2d", "1d2h3m4s"],
        "SIZE" => &["512MiB", "4GiB", "1TB", "7B", "1_000KB"],
        "STRING" => &[
            r#""""#,
            r#""a""#,
            r#""\n\t\r\"\\\u{e9}""#,
            r##""# { } é""##,
            r#""steps.py:f""#,
        ],
        "TRIPLE_STRING" => &[
            r#""""""""#,
            r#""""a""""#,
            "\"\"\"\n  echo \"$x\" \\d\n  # no comment {\n\"\"\"",
            "\"\"\"}\n)\"\"\"",
        ],
        "FSTRING" => &[
            r#"f"""#,
            r#"f"a""#,
            r#"f"{x}""#,
            r#"f"--out={x.y.z} {{}} \" { with }""#,
            r#"f"{a}{b}\u{1F600}""#,
        ],
        _ => &[],
    }
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Token(String),
    LineEnd,
}

pub struct Generator<'g> {
    grammar: &'g Grammar,
    /// The least depth of rules below each one.
    heights: BTreeMap<&'g str, usize>,
    /// What choices were taken: number of the choice, and of the alternative.
    taken: BTreeSet<(usize, usize)>,
    all: BTreeSet<(usize, usize)>,
}

const UNKNOWN: usize = 1_000;

impl<'g> Generator<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        let mut generator = Generator {
            grammar,
            heights: BTreeMap::new(),
            taken: BTreeSet::new(),
            all: BTreeSet::new(),
        };
        loop {
            let mut changed = false;
            for (name, form) in &grammar.rules {
                let height = generator.height(form) + 1;
                changed |=
                    height < UNKNOWN && generator.heights.insert(name, height) != Some(height);
            }
            if !changed {
                break;
            }
        }
        for form in grammar.rules.values() {
            generator.note(form);
        }
        generator
    }

    fn height(&self, form: &Form) -> usize {
        match form {
            Form::Terminal(_) | Form::Token(_) | Form::Optional(..) | Form::Repeated(..) => 0,
            Form::Rule(name) => self.heights.get(name.as_str()).copied().unwrap_or(UNKNOWN),
            Form::Sequence(forms) => forms
                .iter()
                .map(|form| self.height(form))
                .max()
                .unwrap_or(0),
            Form::Choice(_, forms) => forms
                .iter()
                .map(|form| self.height(form))
                .min()
                .unwrap_or(0),
        }
    }

    fn note(&mut self, form: &Form) {
        match form {
            Form::Sequence(forms) => forms.iter().for_each(|form| self.note(form)),
            Form::Choice(number, forms) => {
                for (at, form) in forms.iter().enumerate() {
                    self.all.insert((*number, at));
                    self.note(form);
                }
            }
            Form::Optional(number, form) | Form::Repeated(number, form) => {
                self.all.extend([(*number, 0), (*number, 1)]);
                self.note(form);
            }
            Form::Terminal(_) | Form::Token(_) | Form::Rule(_) => {}
        }
    }

    /// Alternatives that no sentence has taken so far.
    pub fn unused(&self) -> Vec<String> {
        self.all
            .difference(&self.taken)
            .map(|unused| format!("{unused:?}"))
            .collect()
    }

    pub fn sentence(&mut self, seed: u64) -> String {
        let mut random = Random::new(seed + 1);
        let mut pieces = Vec::new();
        let depth = 20 + random.below(20);
        let file = &self.grammar.rules["File"];
        self.grow(file, depth, &mut random, &mut pieces);
        render(pieces, &mut random)
    }

    fn grow(&mut self, form: &Form, depth: usize, random: &mut Random, pieces: &mut Vec<Piece>) {
        match form {
            Form::Terminal(text) => pieces.push(Piece::Token(text.clone())),
            Form::Token(class) if class == "LINE_END" => pieces.push(Piece::LineEnd),
            Form::Token(class) => pieces.push(Piece::Token(random.pick(samples(class)).to_owned())),
            Form::Rule(name) => {
                let form = &self.grammar.rules[name];
                self.grow(form, depth.saturating_sub(1), random, pieces);
            }
            Form::Sequence(forms) => forms
                .iter()
                .for_each(|form| self.grow(form, depth, random, pieces)),
            Form::Choice(number, forms) => {
                let fitting: Vec<usize> = (0..forms.len())
                    .filter(|at| self.height(&forms[*at]) <= depth)
                    .collect();
                let at = match fitting.is_empty() {
                    false => random.pick(&fitting),
                    true => (0..forms.len())
                        .min_by_key(|at| self.height(&forms[*at]))
                        .expect("a choice has alternatives"),
                };
                self.taken.insert((*number, at));
                self.grow(&forms[at], depth, random, pieces);
            }
            Form::Optional(number, form) => {
                let there = self.height(form) <= depth && depth > 0 && random.one_in(3);
                self.taken.insert((*number, there.into()));
                if there {
                    self.grow(form, depth, random, pieces);
                }
            }
            Form::Repeated(number, form) => {
                let mut there = 0;
                while self.height(form) <= depth && depth > 0 && there < 4 && random.one_in(3) {
                    there += 1;
                    self.grow(form, depth, random, pieces);
                }
                self.taken.insert((*number, there.min(1)));
            }
        }
    }
}

/// Whether the two tokens are still two when nothing stands between them.
fn may_touch(left: &str, right: &str) -> bool {
    let of = |text: &str| {
        let lexed = lexer::lex(text);
        (0..lexed.len())
            .map(|at| (lexed.kind(at), lexed.end(at)))
            .collect::<Vec<_>>()
    };
    let mut apart = of(left);
    if right == "." && matches!(apart[..], [(SyntaxKind::Int, _)]) {
        return false;
    }
    apart.extend(
        of(right)
            .into_iter()
            .map(|(kind, end)| (kind, end + left.len())),
    );
    of(&format!("{left}{right}")) == apart
}

fn ends_in_operator(token: &str) -> bool {
    matches!(
        token,
        "=" | ","
            | "->"
            | "or"
            | "and"
            | "not"
            | "=="
            | "!="
            | "<"
            | "<="
            | ">"
            | ">="
            | "??"
            | "+"
            | "-"
            | "*"
            | "/"
            | "%"
            | "..="
    )
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && lexer::reserved(token).is_none()
}

/// Whether a line that begins with these tokens continues the one above.
fn continues(first: &str, second: &str) -> bool {
    matches!(first, "->" | "else" | "." | "??" | "and" | "or")
        || (first == "with" && second == "{")
        || (first == "after" && is_name(second))
}

fn render(mut pieces: Vec<Piece>, random: &mut Random) -> String {
    // Where a statement begins with a name that would make its line continue the one above, it has another name.
    for at in 1..pieces.len() {
        if let [Piece::LineEnd, Piece::Token(first), Piece::Token(second)] =
            &pieces[at - 1..(at + 2).min(pieces.len())]
            && continues(first, second)
        {
            pieces[at] = Piece::Token("x".to_owned());
        }
    }
    let mut text = String::new();
    let mut brackets = Vec::new();
    for at in 0..pieces.len() {
        let before = at.checked_sub(1).map(|at| &pieces[at]);
        let token_at = |at: usize| match pieces.get(at) {
            Some(Piece::Token(token)) => token.as_str(),
            _ => "",
        };
        let Piece::Token(token) = &pieces[at] else {
            let may_be_left_out = at + 1 == pieces.len() || token_at(at + 1) == "}";
            if !may_be_left_out || random.one_in(2) {
                text.push_str(random.pick(&[
                    "\n",
                    "\n",
                    "\n  ",
                    "\n\n",
                    " # note\n",
                    "\r\n",
                    "\n# } note\n\n\t",
                ]));
            }
            continue;
        };
        if let Some(Piece::Token(before)) = before {
            let is_blank = brackets.last().is_some_and(|bracket| *bracket != "{")
                || ends_in_operator(before)
                || continues(token, token_at(at + 1))
                || before == "{"
                || token == "}";
            if is_blank && random.one_in(6) {
                text.push_str(random.pick(&["\n", "\n    ", "\r\n", " # ( note\n", "\n\n"]));
            } else if !random.one_in(3) || !may_touch(before, token) {
                text.push_str(random.pick(&[" ", " ", "  ", "\t"]));
            }
        }
        match token.as_str() {
            "(" | "[" | "{" => brackets.push(token.clone()),
            ")" | "]" | "}" => drop(brackets.pop()),
            _ => {}
        }
        text.push_str(token);
    }
    text
}

/// What random text and mistakes are made of.
pub const JUNK: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "..",
    "..=",
    "...",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "?",
    "??",
    "->",
    "=>",
    "&&",
    "||",
    "!",
    ";",
    "@",
    "$",
    "|",
    "&",
    "::",
    ":=",
    "+=",
    "\"",
    "'",
    "`",
    "\"\"\"",
    "'''",
    "f\"",
    "{x",
    "\\",
    "#",
    "##",
    "\n",
    "\n",
    "\n",
    "\n  ",
    " ",
    " ",
    " ",
    "\t",
    "\r",
    "\u{a0}",
    "é",
    "“",
    "”",
    "😀",
    "\0",
    "if ",
    "else ",
    "elif ",
    "for ",
    "in ",
    "and ",
    "or ",
    "not ",
    "require ",
    "return ",
    "finally ",
    "true",
    "None",
    "True",
    "is ",
    "with ",
    "after ",
    "limit ",
    "as ",
    "use ",
    "from ",
    "type ",
    "artifact ",
    "component ",
    "pipeline ",
    "matches ",
    "let ",
    "while ",
    "lambda ",
    "x",
    "y",
    "train",
    "a.b",
    "f(x)",
    "x = ",
    "k: ",
    "1",
    "2.5",
    ".5",
    "1.",
    "5m",
    "5min",
    "4Gi",
    "007",
    "99999999999999999999",
    "\"s\"",
    "'s'",
    "f\"{x}\"",
    "f\"{x + 1}\"",
    "f\"{",
    "r\"x\"",
    "\"\\q\"",
    "\"open",
];

/// `text` with a mistake in it: a token is left out, doubled, moved or put in, or the end is cut off.
pub fn mutate(text: &str, random: &mut Random) -> String {
    let lexed = lexer::lex(text);
    let mut tokens: Vec<&str> = (0..lexed.len()).map(|at| &text[lexed.range(at)]).collect();
    if tokens.is_empty() {
        return random.pick(JUNK).to_owned();
    }
    for _ in 0..1 + random.below(2) {
        let at = random.below(tokens.len());
        match random.below(6) {
            0 | 1 => drop(tokens.remove(at)),
            2 => tokens.insert(at, tokens[at]),
            3 => {
                let other = random.below(tokens.len());
                tokens.swap(at, other);
            }
            4 => tokens.insert(at, random.pick(JUNK)),
            _ => tokens.truncate(at),
        }
        if tokens.is_empty() {
            break;
        }
    }
    tokens.concat()
}
