//! Constants against the table: shapes, bounds, forms, keys given twice.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;

use crate::diagnostics::{Diagnostic, codes, one_of};
use crate::graph::Cache;
use crate::resolve::constant::{Constant, ConstantKind, Entry};
use crate::source::Span;

use super::table::{Field, LONGEST, Place, Row, Rule, STEP_KEYS, Shape, dotted, find, find_block};
use super::text::{Text, key_reference, shown};
use super::{Given, Layer, Setting, mismatch, unknown, whole};

/// Checks the entries of one place. In a component's body [`STEP_KEYS`] are passed over. The caller leaves out a
/// whole entry when something in it is no constant, so that its remains are not reported too.
pub fn layer(entries: &[Entry], place: Place, diagnostics: &mut Vec<Diagnostic>) -> Layer {
    let mut checker = Checker {
        place,
        diagnostics,
        layer: Layer::default(),
        given: IndexMap::new(),
    };
    checker.entries("", entries);
    let Checker { layer, given, .. } = checker;
    if place == Place::Pipeline {
        whole::check_pipeline(&layer, &given, diagnostics);
    }
    layer
}

/// Places of the keys that were given, right or wrong, by dotted name.
pub(super) type GivenKeys = IndexMap<String, Span>;

struct Checker<'a> {
    place: Place,
    diagnostics: &'a mut Vec<Diagnostic>,
    layer: Layer,
    given: GivenKeys,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether a key is the first of its name; reports a second one.
    fn first(&mut self, name: String, key: &Entry) -> bool {
        match self.given.entry(name) {
            Slot::Vacant(slot) => {
                slot.insert(key.key_span);
                true
            }
            Slot::Occupied(slot) => {
                self.diagnostics
                    .push(given_twice(&key.key, key.key_span, *slot.get()));
                false
            }
        }
    }

    fn entries(&mut self, block: &'static str, entries: &[Entry]) {
        for entry in entries {
            let step = block.is_empty() && STEP_KEYS.contains(&entry.key.as_str());
            if step && self.place == Place::Component {
                continue;
            }
            let name = dotted(block, &entry.key);
            if !self.first(name.clone(), entry) {
                continue;
            }
            let inner = match block {
                "" => find_block(&entry.key, self.place),
                _ => None,
            };
            if let Some(inner) = inner {
                match &entry.value.kind {
                    ConstantKind::Record(entries) => {
                        self.layer.blocks.insert(name, entry.key_span);
                        self.entries(inner.name, entries);
                    }
                    _ => self.report(mismatch::block(inner, &entry.value)),
                }
            } else if let Some(row) = find(block, &entry.key, self.place) {
                self.setting(row, entry);
            } else {
                let report = unknown::attribute(block, &entry.key, entry.key_span, self.place);
                self.report(report);
            }
        }
    }

    fn setting(&mut self, row: &'static Row, entry: &Entry) {
        let name = row.name();
        match row.shape {
            Shape::Defaults => {
                if let Some(entries) = self.record(&name, row.shape, &entry.value) {
                    let defaults = layer(entries, Place::Defaults, self.diagnostics);
                    self.layer.defaults = Some(Box::new(defaults));
                }
            }
            Shape::Map { key, value } => self.map(row, entry, key, Shape::Text(value)),
            Shape::Scalars { key } => self.map(row, entry, key, row.shape),
            Shape::Record(fields) => {
                let Some(entries) = self.record(&name, row.shape, &entry.value) else {
                    return;
                };
                self.layer.blocks.insert(name.clone(), entry.key_span);
                for inner in entries {
                    if !self.first(dotted(&name, &inner.key), inner) {
                        continue;
                    }
                    match fields.iter().find(|field| field.key == inner.key) {
                        Some(field) => {
                            if let Some(given) =
                                self.value(row, &inner.key, field.shape, &inner.value)
                            {
                                self.set(row, Some(&inner.key), inner, given);
                            }
                        }
                        None => self.report(unknown::field(&name, fields, inner)),
                    }
                }
            }
            shape => {
                if let Some(given) = self.value(row, &name, shape, &entry.value) {
                    self.set(row, None, entry, given);
                }
            }
        }
    }

    fn set(&mut self, row: &'static Row, inner: Option<&str>, entry: &Entry, given: Given) {
        let setting = Setting {
            row,
            entry: inner.map(str::to_owned),
            given,
            key_span: entry.key_span,
            value_span: entry.value.span,
        };
        self.layer.settings.insert(setting.name(), setting);
    }

    fn record<'a>(&mut self, name: &str, shape: Shape, value: &'a Constant) -> Option<&'a [Entry]> {
        match &value.kind {
            ConstantKind::Record(entries) => Some(entries),
            _ => {
                self.report(mismatch::value(name, shape, value));
                None
            }
        }
    }

    /// A record with keys of the user's: each entry is a setting of its own, so that layers merge key by key.
    fn map(&mut self, row: &'static Row, entry: &Entry, key: Text, value: Shape) {
        let name = row.name();
        let Some(entries) = self.record(&name, row.shape, &entry.value) else {
            return;
        };
        self.layer.blocks.insert(name.clone(), entry.key_span);
        for inner in entries {
            let full = dotted(&name, &inner.key);
            if !self.first(full.clone(), inner) {
                continue;
            }
            let key_fits = self.text(key, &inner.key, inner.key_span);
            let given = self.value(row, &full, value, &inner.value);
            if let (true, Some(given)) = (key_fits, given) {
                self.set(row, Some(&inner.key), inner, given);
            }
        }
    }

    /// Whether a text has its form; reports it if not.
    fn text(&mut self, form: Text, text: &str, span: Span) -> bool {
        let Err(fault) = form.check(text) else {
            return true;
        };
        let message = match text {
            "" => format!("{} may not be empty", form.noun()),
            text => format!("{} is not {}", shown(text), form.noun()),
        };
        self.report(
            Diagnostic::new(form.code(), span, message)
                .label(fault.problem)
                .maybe_help(fault.help),
        );
        false
    }

    /// A value that isn't a record of the user's keys.
    fn value(&mut self, row: &Row, name: &str, shape: Shape, value: &Constant) -> Option<Given> {
        match (shape, &value.kind) {
            (Shape::Text(form), ConstantKind::Str(text)) => {
                if !self.text(form, text, value.span) {
                    return None;
                }
                Some(match form {
                    Text::SecretRef => Given::Reference(key_reference(text).ok()?),
                    _ => Given::Text(text.clone()),
                })
            }
            (Shape::Int { min, max }, ConstantKind::Int(number)) => {
                if !(min..=max).contains(number) {
                    let bounds = format!("expected a whole number from {min} to {max}");
                    self.report(range(row, name, number, value.span, bounds));
                    return None;
                }
                Some(Given::Int(*number))
            }
            (Shape::Number { min, max }, ConstantKind::Int(_) | ConstantKind::Float(_)) => {
                let number = match value.kind {
                    ConstantKind::Int(number) => number as f64,
                    ConstantKind::Float(number) => number,
                    _ => return None,
                };
                if !(min..=max).contains(&number) {
                    let bounds = format!("expected a number from {min} to {max}");
                    self.report(range(row, name, number, value.span, bounds));
                    return None;
                }
                Some(Given::Number(number))
            }
            (Shape::Duration { min }, ConstantKind::Duration(duration)) => self
                .duration(row, name, min, *duration, value.span)
                .then_some(Given::Duration(*duration)),
            (Shape::Size, ConstantKind::Size(bytes)) => {
                // Kubernetes counts bytes in 63 bits, some engines in doubles.
                const MOST: u64 = 1 << 53;
                if *bytes == 0 || *bytes > MOST {
                    let bounds = match bytes {
                        0 => "expected more than nothing",
                        _ => "expected at most 8PiB",
                    };
                    let size = match bytes {
                        0 => "0".to_owned(),
                        bytes => mismatch::size_text(*bytes),
                    };
                    self.report(range(row, name, size, value.span, bounds.to_owned()));
                    return None;
                }
                Some(Given::Size(*bytes))
            }
            (Shape::Bool, ConstantKind::Bool(value)) => Some(Given::Bool(*value)),
            (Shape::Choice(words), ConstantKind::Str(text)) => self
                .choice(name, words, text, value.span)
                .then(|| Given::Text(text.clone())),
            (Shape::Cache, ConstantKind::Bool(on)) => Some(Given::Cache(match on {
                true => Cache::Forever,
                false => Cache::Off,
            })),
            (Shape::Cache, ConstantKind::Duration(duration)) => {
                if duration.is_zero() {
                    self.report(
                        range(row, name, "0s", value.span, "no entry is this young".into())
                            .help("write `cache: false` for no cache, `cache: true` for one without an age limit"),
                    );
                    return None;
                }
                self.duration(row, name, 0, *duration, value.span)
                    .then_some(Given::Cache(Cache::For(*duration)))
            }
            (Shape::List { of, filled }, ConstantKind::List(items)) => {
                let texts = self.texts(
                    name,
                    shape,
                    items,
                    |checker, text, span| checker.text(of, text, span),
                    |text| of.identity(text),
                )?;
                self.filled(row, name, filled, &texts, value.span)
                    .then_some(Given::Texts(texts))
            }
            (Shape::Choices(words), ConstantKind::List(items)) => {
                let texts = self.texts(
                    name,
                    shape,
                    items,
                    |checker, text, span| checker.choice(name, words, text, span),
                    str::to_owned,
                )?;
                self.filled(row, name, true, &texts, value.span)
                    .then_some(Given::Texts(texts))
            }
            (Shape::Scalars { .. }, kind) => match kind {
                ConstantKind::Str(text) => self
                    .text(Text::Free, text, value.span)
                    .then(|| Given::Text(text.clone())),
                ConstantKind::Int(number) => Some(Given::Int(*number)),
                ConstantKind::Float(number) => Some(Given::Number(*number)),
                ConstantKind::Bool(value) => Some(Given::Bool(*value)),
                _ => {
                    self.report(mismatch::scalar(name, value));
                    None
                }
            },
            (Shape::Records { fields, rule }, ConstantKind::List(items)) => {
                self.records(row, name, fields, rule, items)
            }
            _ => {
                self.report(mismatch::value(name, shape, value));
                None
            }
        }
    }

    fn duration(
        &mut self,
        row: &Row,
        name: &str,
        min: u64,
        duration: std::time::Duration,
        span: Span,
    ) -> bool {
        let bounds = if duration.as_secs() < min {
            format!("expected at least `{min}s`")
        } else if duration.as_secs() > LONGEST {
            "expected at most `3650d`".to_owned()
        } else {
            return true;
        };
        let text = mismatch::duration_text(duration);
        self.report(range(row, name, text, span, bounds));
        false
    }

    fn choice(&mut self, name: &str, words: &[&str], text: &str, span: Span) -> bool {
        if words.contains(&text) {
            return true;
        }
        let near = crate::diagnostics::nearest(text, words.iter().copied());
        self.report(
            Diagnostic::new(
                codes::ATTRIBUTE_CHOICE,
                span,
                format!("`{name}` can't be {}", shown(text)),
            )
            .label(format!("expected {}", one_of(words)))
            .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
        );
        false
    }

    /// The texts of a list, without those at fault; nothing when one is no text at all.
    fn texts(
        &mut self,
        name: &str,
        shape: Shape,
        items: &[Constant],
        check: impl Fn(&mut Self, &str, Span) -> bool,
        identity: impl Fn(&str) -> String,
    ) -> Option<Vec<String>> {
        let mut seen: IndexMap<String, Span> = IndexMap::new();
        let mut texts = Vec::new();
        let mut sound = true;
        for item in items {
            let ConstantKind::Str(text) = &item.kind else {
                self.report(mismatch::item(name, shape, item));
                sound = false;
                continue;
            };
            if !check(self, text, item.span) {
                sound = false;
                continue;
            }
            match seen.entry(identity(text)) {
                Slot::Occupied(slot) => {
                    self.report(given_twice(text, item.span, *slot.get()));
                }
                Slot::Vacant(slot) => {
                    slot.insert(item.span);
                    texts.push(text.clone());
                }
            }
        }
        sound.then_some(texts)
    }

    fn filled(
        &mut self,
        row: &Row,
        name: &str,
        needed: bool,
        texts: &[String],
        span: Span,
    ) -> bool {
        if !needed || !texts.is_empty() {
            return true;
        }
        let label = "expected at least one".to_owned();
        self.report(
            Diagnostic::new(codes::ATTRIBUTE_RANGE, span, format!("`{name}` is empty"))
                .label(label)
                .help(format!("for example `{}: {}`", row.key, row.example)),
        );
        false
    }

    fn records(
        &mut self,
        row: &Row,
        name: &str,
        fields: &'static [Field],
        rule: Rule,
        items: &[Constant],
    ) -> Option<Given> {
        let mut records = Vec::new();
        let mut places = Vec::new();
        let mut sound = true;
        for item in items {
            let ConstantKind::Record(entries) = &item.kind else {
                self.report(mismatch::item(name, row.shape, item));
                sound = false;
                continue;
            };
            let before = self.diagnostics.len();
            let (record, spans) = self.fields(row, name, fields, entries);
            // A key that isn't known may be the one that is missing.
            let known = self.diagnostics[before..]
                .iter()
                .all(|diagnostic| diagnostic.code != codes::UNKNOWN_ATTRIBUTE);
            for field in fields.iter().filter(|field| field.required) {
                if known && !spans.contains_key(field.key) {
                    self.report(
                        Diagnostic::new(
                            codes::ATTRIBUTE_KEY_MISSING,
                            item.span,
                            format!("an entry of `{name}` has no `{}`", field.key),
                        )
                        .label(format!("`{}` is missing: {}", field.key, field.doc)),
                    );
                }
            }
            // What the keys owe each other is only asked of keys that are right by themselves.
            if self.diagnostics.len() == before {
                whole::check_record(rule, &record, &spans, item.span, self.diagnostics);
            }
            sound &= self.diagnostics.len() == before;
            records.push(record);
            places.push(spans);
        }
        if sound {
            let before = self.diagnostics.len();
            whole::check_records(rule, &records, &places, self.diagnostics);
            sound = self.diagnostics.len() == before;
        }
        sound.then_some(Given::Records(records))
    }

    fn fields(
        &mut self,
        row: &Row,
        name: &str,
        fields: &'static [Field],
        entries: &[Entry],
    ) -> (IndexMap<&'static str, Given>, IndexMap<&'static str, Span>) {
        let mut record = IndexMap::new();
        let mut spans: IndexMap<&'static str, Span> = IndexMap::new();
        for entry in entries {
            let Some(field) = fields.iter().find(|field| field.key == entry.key) else {
                self.report(unknown::field(name, fields, entry));
                continue;
            };
            if let Some(first) = spans.get(field.key) {
                let twice = given_twice(field.key, entry.key_span, *first);
                self.report(twice);
                continue;
            }
            spans.insert(field.key, entry.key_span.to(entry.value.span));
            if let Some(given) = self.value(row, field.key, field.shape, &entry.value) {
                record.insert(field.key, given);
            }
        }
        (record, spans)
    }
}

fn given_twice(what: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        codes::DUPLICATE_ATTRIBUTE,
        span,
        format!("{} is given twice", shown(what)),
    )
    .label("given again here")
    .also(first, "first given here")
    .help("keep one of them")
}

fn range(
    row: &Row,
    name: &str,
    value: impl std::fmt::Display,
    span: Span,
    bounds: String,
) -> Diagnostic {
    // A field of a record is told by its bounds; a key of the table also by what it means.
    let doc = (name == row.name()).then(|| format!("`{name}`: {}", lower_first(row.doc)));
    Diagnostic::new(
        codes::ATTRIBUTE_RANGE,
        span,
        format!("`{name}` can't be {value}"),
    )
    .label(bounds)
    .maybe_help(doc)
}

/// A sentence of the table as the rest of a help line.
fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
