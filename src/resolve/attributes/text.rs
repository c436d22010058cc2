//! Texts with a form of their own: names, labels, references, paths, addresses.
//!
//! The rules of Kubernetes hold for every target: a pipeline that keeps them runs anywhere.

use crate::diagnostics::{Code, codes};
use crate::graph::SecretRef;

use super::{image, requirement, schedule};

/// What a text has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Any text that can be an environment variable: without NUL.
    Free,
    /// One line with something in it.
    Line,
    /// ASCII letters, digits and `_`
    Word,
    Image,
    Requirement,
    /// Name of an environment variable.
    Variable,
    /// Key of a label, an annotation, a taint: `name` or `prefix/name`
    LabelKey,
    LabelValue,
    /// `"secret/key"`
    SecretRef,
    /// `"config-map/key"`
    ConfigMapRef,
    /// A Kubernetes object's name (DNS subdomain).
    ObjectName,
    /// A volume's name (DNS label).
    VolumeName,
    /// An extended resource: `nvidia.com/gpu`
    ResourceName,
    MountPath,
    Email,
    Cron,
    TimeZone,
    /// A date, or a date and time.
    Instant,
}

/// Why a text is not what it has to be.
#[derive(Debug, PartialEq)]
pub struct Fault {
    /// For the label, below the text.
    pub problem: String,
    pub help: Option<String>,
}

impl Fault {
    pub fn new(problem: impl Into<String>) -> Fault {
        Fault {
            problem: problem.into(),
            help: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

impl Text {
    /// What it is, with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Text::Free => "a text",
            Text::Line => "a line of text",
            Text::Word => "a word of letters, digits and `_`",
            Text::Image => "an image reference",
            Text::Requirement => "a package requirement",
            Text::Variable => "an environment variable name",
            Text::LabelKey => "a label or annotation key",
            Text::LabelValue => "a label value",
            Text::SecretRef => "a secret reference",
            Text::ConfigMapRef => "a ConfigMap reference",
            Text::ObjectName => "a Kubernetes name",
            Text::VolumeName => "a volume name",
            Text::ResourceName => "a resource name",
            Text::MountPath => "a mount path",
            Text::Email => "an e-mail address",
            Text::Cron => "a cron expression",
            Text::TimeZone => "a time zone",
            Text::Instant => "a date or datetime",
        }
    }

    /// The same of several.
    pub fn plural(self) -> &'static str {
        match self {
            Text::Free => "texts",
            Text::Line => "lines of text",
            Text::Word => "words of letters, digits and `_`",
            Text::Image => "image references",
            Text::Requirement => "package requirements",
            Text::Variable => "environment variable names",
            Text::LabelKey => "label or annotation keys",
            Text::LabelValue => "label values",
            Text::SecretRef => "secret references",
            Text::ConfigMapRef => "ConfigMap references",
            Text::ObjectName => "Kubernetes names",
            Text::VolumeName => "volume names",
            Text::ResourceName => "resource names",
            Text::MountPath => "mount paths",
            Text::Email => "e-mail addresses",
            Text::Cron => "cron expressions",
            Text::TimeZone => "time zones",
            Text::Instant => "dates or datetimes",
        }
    }

    /// What is reported when it is not.
    pub fn code(self) -> Code {
        match self {
            Text::Free | Text::Line | Text::Word => codes::BAD_TEXT,
            Text::Image => codes::BAD_IMAGE,
            Text::Requirement => codes::BAD_REQUIREMENT,
            Text::Variable => codes::BAD_VARIABLE,
            Text::LabelKey | Text::LabelValue => codes::BAD_LABEL,
            Text::SecretRef | Text::ConfigMapRef => codes::BAD_KEY_REFERENCE,
            Text::ObjectName | Text::VolumeName | Text::ResourceName => codes::BAD_OBJECT_NAME,
            Text::MountPath => codes::BAD_VOLUME,
            Text::Email => codes::BAD_EMAIL,
            Text::Cron => codes::BAD_CRON,
            Text::TimeZone => codes::UNKNOWN_TIME_ZONE,
            Text::Instant => codes::BAD_DATE,
        }
    }

    pub fn check(self, text: &str) -> Result<(), Fault> {
        match self {
            Text::Free if text.contains('\0') => Err(Fault::new("holds the character NUL")
                .help("no environment variable and no annotation can hold NUL")),
            Text::Free => Ok(()),
            Text::Line => line(text),
            Text::Word => word(text),
            Text::Image => image::check(text),
            Text::Requirement => requirement::check(text).map(|_| ()),
            Text::Variable => variable(text),
            Text::LabelKey => label_key(text),
            Text::LabelValue => label_value(text),
            Text::SecretRef | Text::ConfigMapRef => key_reference(text).map(|_| ()),
            Text::ObjectName => object_name(text),
            Text::VolumeName => volume_name(text),
            Text::ResourceName => resource_name(text),
            Text::MountPath => mount_path(text),
            Text::Email => email(text),
            Text::Cron => schedule::cron(text),
            Text::TimeZone => schedule::time_zone(text).map(|_| ()),
            Text::Instant => schedule::Instant::read(text).map(|_| ()),
        }
    }

    /// What makes two entries of a list the same.
    pub fn identity(self, text: &str) -> String {
        match self {
            Text::Requirement => requirement::check(text).unwrap_or_else(|_| text.to_owned()),
            _ => text.to_owned(),
        }
    }
}

/// A text for a message: on one line, in backticks, cut when it is long.
pub fn shown(text: &str) -> String {
    const LONG: usize = 60;
    let escaped: String = text
        .chars()
        .take(LONG)
        .flat_map(|c| match c {
            '`' => vec!['\''],
            c if c.is_control() => c.escape_default().collect(),
            c => vec![c],
        })
        .collect();
    let cut = if text.chars().nth(LONG).is_some() {
        ".."
    } else {
        ""
    };
    format!("`{escaped}{cut}`")
}

fn line(text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new("has nothing in it"));
    }
    match text.chars().find(|c| c.is_control()) {
        Some('\n' | '\r') => Err(Fault::new("has more than one line")),
        Some(_) => Err(Fault::new("holds a control character")),
        None => Ok(()),
    }
}

fn word(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new("has nothing in it"));
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || *c == '_'))
    {
        Some(c) => Err(Fault::new(format!("{} may not stand here", character(c)))),
        None => Ok(()),
    }
}

fn variable(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new("a variable needs a name"));
    }
    let problem = if text.starts_with(|c: char| c.is_ascii_digit()) {
        "begins with a digit".to_owned()
    } else {
        match text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || *c == '_'))
        {
            Some(c) => format!(
                "{} may not stand here: only ASCII letters, digits and `_`",
                character(c)
            ),
            None => return Ok(()),
        }
    };
    let mut better: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if better.starts_with(|c: char| c.is_ascii_digit()) {
        better.insert(0, '_');
    }
    let fault = Fault::new(problem);
    // A name of underscores alone is no advice.
    if better.chars().any(|c| c != '_') {
        return Err(fault.help(format!("write `{better}`")));
    }
    Err(fault)
}

/// How a character is named in a message.
fn character(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '`' => "a backtick".to_owned(),
        c if c.is_control() || c.is_whitespace() => format!("`{}`", c.escape_default()),
        c => format!("`{c}`"),
    }
}

/// Begins and ends with a letter or digit, and holds only these and `-`, `_`, `.`; at most 63 characters, not empty.
fn qualified(text: &str, what: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new(format!("{what} may not be empty")));
    }
    if let Some(c) = text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    {
        return Err(Fault::new(format!(
            "{} may not stand here: only ASCII letters, digits, `-`, `_` and `.`",
            character(c)
        )));
    }
    let ends = [text.chars().next(), text.chars().last()];
    if ends.iter().flatten().any(|c| !c.is_ascii_alphanumeric()) {
        return Err(Fault::new(format!(
            "{what} begins and ends with a letter or a digit"
        )));
    }
    longest(text, 63)
}

fn longest(text: &str, most: usize) -> Result<(), Fault> {
    match text.chars().count() {
        long if long > most => Err(Fault::new(format!(
            "has {long} characters, and may have {most}"
        ))),
        _ => Ok(()),
    }
}

fn label_key(text: &str) -> Result<(), Fault> {
    match text.split_once('/') {
        None => qualified(text, "a key"),
        Some((prefix, name)) => {
            if prefix.is_empty() {
                return Err(Fault::new("nothing stands before the `/`"));
            }
            subdomain(prefix, "the part before the `/`")?;
            if name.contains('/') {
                return Err(Fault::new("a key has one `/` at most"));
            }
            qualified(name, "the part after the `/`")
        }
    }
}

fn label_value(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Ok(());
    }
    qualified(text, "a value")
        .map_err(|fault| fault.help("any text is allowed in `kubernetes: { annotations: .. }`"))
}

/// A DNS subdomain: what the names of most Kubernetes objects are.
fn subdomain(text: &str, what: &str) -> Result<(), Fault> {
    if let Some(c) = text
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')))
    {
        return Err(Fault::new(format!(
            "{} may not stand here: only lower-case letters, digits, `-` and `.`",
            character(c)
        )));
    }
    for label in text.split('.') {
        if label.is_empty() {
            return Err(Fault::new(format!(
                "{what} has a `.` with nothing on one side of it"
            )));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(Fault::new(format!(
                "{what} begins and ends with a letter or a digit"
            )));
        }
    }
    longest(text, 253)
}

fn object_name(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new("a name may not be empty"));
    }
    subdomain(text, "a name").map_err(|fault| kebab(text, fault))
}

fn volume_name(text: &str) -> Result<(), Fault> {
    object_name(text)?;
    if text.contains('.') {
        return Err(kebab(
            text,
            Fault::new("`.` may not stand here: only lower-case letters, digits and `-`"),
        ));
    }
    longest(text, 63)
}

/// Advises the name in the spelling that Kubernetes takes, when that is one.
fn kebab(text: &str, fault: Fault) -> Fault {
    let better = text.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
    match subdomain(&better, "a name") {
        Ok(()) if better != text => fault.help(format!("write `{better}`")),
        _ => fault,
    }
}

fn resource_name(text: &str) -> Result<(), Fault> {
    let help = "give the name that the cluster's device plugin has, such as `nvidia.com/gpu` or `amd.com/gpu`; a model is \
                chosen with `kubernetes: { node_selector: .. }`";
    let Some((domain, name)) = text.split_once('/') else {
        return Err(Fault::new("no `domain/` before the name").help(help));
    };
    if domain.is_empty() {
        return Err(Fault::new("nothing stands before the `/`").help(help));
    }
    subdomain(domain, "the part before the `/`")
        .and_then(|()| qualified(name, "the part after the `/`"))
        .map_err(|fault| fault.help(help))
}

/// Reads `"name/key"`.
pub fn key_reference(text: &str) -> Result<SecretRef, Fault> {
    let Some((name, key)) = text.split_once('/') else {
        return Err(Fault::new("expected a name and a key: `name/key`")
            .help(format!("write `\"{}/..\"`", text.trim())));
    };
    if name.is_empty() || key.is_empty() {
        let side = if name.is_empty() { "before" } else { "after" };
        return Err(Fault::new(format!("nothing stands {side} the `/`")));
    }
    subdomain(name, "the name before the `/`")?;
    if let Some(c) = key
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    {
        return Err(Fault::new(format!(
            "{} may not stand in a key: only ASCII letters, digits, `-`, `_` and `.`",
            character(c)
        )));
    }
    if key == "." || key.starts_with("..") {
        return Err(Fault::new("a key may not be `.` or begin with `..`"));
    }
    longest(key, 253)?;
    Ok(SecretRef {
        name: name.to_owned(),
        key: key.to_owned(),
    })
}

fn mount_path(text: &str) -> Result<(), Fault> {
    if !text.starts_with('/') {
        return Err(Fault::new("a mount's path begins with `/`"));
    }
    if text.trim_matches('/').is_empty() {
        return Err(Fault::new(
            "a volume may not take the place of the whole file system",
        ));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(Fault::new("`..` may not stand in a mount's path"));
    }
    match text.chars().find(|c| *c == ':' || c.is_control()) {
        Some(c) => Err(Fault::new(format!(
            "{} may not stand in a mount's path",
            character(c)
        ))),
        None => Ok(()),
    }
}

/// What mail servers agree on; quoted local parts and comments are not.
fn email(text: &str) -> Result<(), Fault> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(Fault::new("no `@`"));
    };
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_~.".contains(c);
    if local.is_empty() {
        return Err(Fault::new("nothing stands before the `@`"));
    }
    if let Some(c) = local.chars().find(|c| !allowed(*c)) {
        let fault = Fault::new(format!("{} may not stand before the `@`", character(c)));
        let several = text.contains([',', ';']) || text.matches('@').count() > 1;
        return Err(if several {
            fault.help("write one address in each text of the list")
        } else if text.contains('<') {
            fault.help("write the address alone, without a name")
        } else {
            fault
        });
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(Fault::new(
            "a `.` stands between other characters before the `@`",
        ));
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if !domain.split('.').all(label) {
        return Err(Fault::new("no domain stands after the `@`"));
    }
    longest(local, 64)?;
    longest(domain, 255)
}
