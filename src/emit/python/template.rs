//! Templates of modules. The quoting is the environment's, so that no template can leave it out.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Serde, Value as Jinja};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::{Code, Py};
use crate::value::Value;

impl Object for Code {
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Code {
    /// For the context of a template.
    pub fn in_template(self) -> Jinja {
        Jinja::from_object(self)
    }
}

impl Py {
    /// For the context of a template, where nothing follows it on its line.
    pub fn in_template(self) -> Jinja {
        Code::Py { py: self, tail: 0 }.in_template()
    }
}

/// A module from a template of ours and its context. `{{ .. }}` lays [`Code`] out where it stands, and makes a literal of all else.
/// `{% filter %}`, macros and captures don't know where they stand: templates do without.
pub fn render(template: &str, context: &impl Serialize) -> String {
    let page = Page::default();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.expect("the syntax of every template"));
    let written = page.clone();
    environment.set_formatter(move |out, _, value| {
        let (indent, column) = written.place();
        let text = match value.downcast_object_ref::<Code>() {
            Some(code) => code.text(indent, column),
            None => literal(value).text(indent, column),
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    let template = environment
        .template_from_str(template)
        .expect("a template of ours");
    template
        .render_captured_to(Serde(context), page.clone())
        .expect("a template of ours finds what it puts out");
    page.text()
}

fn literal(value: &Jinja) -> Code {
    let json = serde_json::to_value(value).expect("a context holds code and plain values");
    Code::Py {
        py: Py::Value(Value::from_json(&json)),
        tail: 0,
    }
}

/// What was written so far.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("templates write text")
    }

    /// Blanks before the last line, and its length.
    fn place(&self) -> (usize, usize) {
        let bytes = self.0.lock().expect("no writer panics");
        let start = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(&bytes[start..]);
        (
            line.len() - line.trim_start_matches(' ').len(),
            super::layout::width(&line),
        )
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
