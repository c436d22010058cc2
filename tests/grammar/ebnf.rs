//! Reads the rules and tokens of `docs/grammar.md`.

use std::collections::BTreeMap;

use regex::Regex;

#[derive(Clone, Debug)]
pub enum Form {
    /// `"word"`
    Terminal(String),
    /// `NAME`
    Token(String),
    Rule(String),
    Sequence(Vec<Form>),
    /// With a number that is unique in the grammar.
    Choice(usize, Vec<Form>),
    Optional(usize, Box<Form>),
    Repeated(usize, Box<Form>),
}

pub struct Grammar {
    pub rules: BTreeMap<String, Form>,
    /// Patterns for the whole text of a token.
    pub tokens: BTreeMap<String, Regex>,
}

impl Grammar {
    pub fn of(doc: &str) -> Result<Grammar, String> {
        let mut rules = BTreeMap::new();
        let mut choices = 0;
        for block in fences(doc, "ebnf") {
            let words = words(&block)?;
            let mut reader = Reader {
                words: &words,
                at: 0,
                choices: &mut choices,
            };
            while reader.at < reader.words.len() {
                let name = reader.take()?.to_owned();
                reader.expect("=")?;
                let form = reader.choice()?;
                reader.expect(";")?;
                if rules.insert(name.clone(), form).is_some() {
                    return Err(format!("two rules are called {name}"));
                }
            }
        }
        let mut tokens = BTreeMap::new();
        for line in fences(doc, "regex").iter().flat_map(|block| block.lines()) {
            let (name, pattern) = line
                .split_once(" = ")
                .ok_or_else(|| format!("no token: {line}"))?;
            let pattern =
                Regex::new(&format!("^(?:{pattern})$")).map_err(|error| error.to_string())?;
            tokens.insert(name.trim().to_owned(), pattern);
        }
        let grammar = Grammar { rules, tokens };
        grammar.check()?;
        Ok(grammar)
    }

    /// Every rule and token that is named exists, and every rule is used.
    fn check(&self) -> Result<(), String> {
        let mut used = vec!["File".to_owned()];
        for form in self.rules.values() {
            visit(form, &mut |form| match form {
                Form::Rule(name) => used.push(name.clone()),
                Form::Token(name) if !self.tokens.contains_key(name) => {
                    used.push(format!("!{name}"))
                }
                _ => {}
            });
        }
        if let Some(missing) = used.iter().find(|name| !self.rules.contains_key(*name)) {
            return Err(format!("there is no rule or token {missing}"));
        }
        match self.rules.keys().find(|name| !used.contains(name)) {
            Some(unused) => Err(format!("no rule uses {unused}")),
            None => Ok(()),
        }
    }

    pub fn terminals(&self) -> Vec<String> {
        let mut terminals = Vec::new();
        for form in self.rules.values() {
            visit(form, &mut |form| {
                if let Form::Terminal(text) = form {
                    terminals.push(text.clone());
                }
            });
        }
        terminals.sort();
        terminals.dedup();
        terminals
    }
}

fn visit(form: &Form, see: &mut impl FnMut(&Form)) {
    see(form);
    match form {
        Form::Sequence(forms) | Form::Choice(_, forms) => {
            forms.iter().for_each(|form| visit(form, see))
        }
        Form::Optional(_, form) | Form::Repeated(_, form) => visit(form, see),
        Form::Terminal(_) | Form::Token(_) | Form::Rule(_) => {}
    }
}

fn fences(doc: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    doc.split(&opening)
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block.to_owned())
        .collect()
}

fn words(block: &str) -> Result<Vec<String>, String> {
    let word = Regex::new(r#"^(?:"[^"]+"|[A-Za-z_]+|[=;|{}()\[\]])"#).expect("a pattern");
    let mut words = Vec::new();
    let mut rest = block.trim_start();
    while !rest.is_empty() {
        let found = word
            .find(rest)
            .ok_or_else(|| format!("not a grammar: {rest}"))?;
        words.push(found.as_str().to_owned());
        rest = rest[found.end()..].trim_start();
    }
    Ok(words)
}

struct Reader<'w> {
    words: &'w [String],
    at: usize,
    choices: &'w mut usize,
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn take(&mut self) -> Result<&str, String> {
        self.at += 1;
        self.words
            .get(self.at - 1)
            .map(String::as_str)
            .ok_or_else(|| "a rule has no end".to_owned())
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.take()? {
            found if found == word => Ok(()),
            found => Err(format!("expected `{word}`, found `{found}`")),
        }
    }

    fn number(&mut self) -> usize {
        *self.choices += 1;
        *self.choices
    }

    fn choice(&mut self) -> Result<Form, String> {
        let mut forms = vec![self.sequence()?];
        while self.peek() == "|" {
            self.at += 1;
            forms.push(self.sequence()?);
        }
        Ok(match forms.len() {
            1 => forms.remove(0),
            _ => Form::Choice(self.number(), forms),
        })
    }

    fn sequence(&mut self) -> Result<Form, String> {
        let mut forms = Vec::new();
        while !matches!(self.peek(), "" | "|" | ";" | ")" | "]" | "}") {
            forms.push(self.one()?);
        }
        Ok(Form::Sequence(forms))
    }

    fn one(&mut self) -> Result<Form, String> {
        let word = self.take()?.to_owned();
        let (closing, form) = match word.as_str() {
            "(" => (")", self.choice()?),
            "[" => {
                let number = self.number();
                ("]", Form::Optional(number, Box::new(self.choice()?)))
            }
            "{" => {
                let number = self.number();
                ("}", Form::Repeated(number, Box::new(self.choice()?)))
            }
            _ if word.starts_with('"') => {
                return Ok(Form::Terminal(word.trim_matches('"').to_owned()));
            }
            _ if word.chars().all(|c| c.is_ascii_uppercase() || c == '_') => {
                return Ok(Form::Token(word));
            }
            _ if word.chars().all(|c| c.is_ascii_alphabetic() || c == '_') => {
                return Ok(Form::Rule(word));
            }
            _ => return Err(format!("unexpected `{word}`")),
        };
        self.expect(closing)?;
        Ok(form)
    }
}
