//! Steps as pod templates: how a component's inputs and outputs reach its command, and what its attributes become.
//!
//! Inputs and output paths are environment variables of the ports' names, so a `shell:` script stands in the template as it was
//! written. A prologue of a few lines comes before it only where a value travels encoded or may be absent.

use super::block::ArgoBlock;
use super::encode::Encoding;
use super::expr::{base64, has_tag};
use super::model::{
    Arguments, Artifact, Backoff, Container, EnvVar, EnvVarSource, Metadata, Parameter,
    ResourceRequirements, RetryStrategy, SecretKeySelector, Template, ValueFrom, Volume,
    VolumeMount, VolumeSource,
};
use crate::graph::{
    Component, Part, Port, Resources, Retry, Step, TaskAttributes, VolumeSource as Source, Word,
};
use std::time::Duration;

/// Where input artifacts are put, and where the outputs are looked for.
pub const IN: &str = "/mlpc/in";
pub const OUT: &str = "/mlpc/out";
/// The scratch volume that is mounted at [`OUT`], so that a step that is not root can write there.
pub const OUT_VOLUME: &str = "mlpc-out";

/// An input of a template: part of what tells two shapes of one component apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `optional`: whether it is there shows only at run time.
    Value {
        encoding: Encoding,
        optional: bool,
    },
    Artifact {
        optional: bool,
    },
    /// A list of artifacts, side by side.
    Artifacts(usize),
    /// Known to be absent: the template has no such input.
    Absent,
}

/// The name of an artifact of a list.
pub fn listed(port: &str, at: usize) -> String {
    format!("{port}-{at}")
}

/// The inputs that a template of these forms declares.
pub fn declared(ports: &[Port], forms: &[Form]) -> Arguments {
    let mut inputs = Arguments::default();
    for (port, form) in ports.iter().zip(forms) {
        match form {
            Form::Value { .. } => inputs.parameters.push(Parameter {
                name: port.name.clone(),
                description: described(&port.doc),
                ..Default::default()
            }),
            Form::Artifact { optional } => inputs.artifacts.push(Artifact {
                name: port.name.clone(),
                path: Some(format!("{IN}/{}", port.name)),
                optional: *optional,
                ..Default::default()
            }),
            Form::Artifacts(count) => inputs.artifacts.extend((0..*count).map(|at| Artifact {
                name: listed(&port.name, at),
                path: Some(format!("{IN}/{}/{at}", port.name)),
                ..Default::default()
            })),
            Form::Absent => {}
        }
    }
    inputs
}

/// A doc comment as a description, if there is one. What Argo would take for a tag gets a blank between its braces.
pub fn described(doc: &str) -> Option<String> {
    (!doc.is_empty()).then(|| doc.replace("{{", "{ {"))
}

pub fn outputs(ports: &[Port]) -> Arguments {
    let mut outputs = Arguments::default();
    for port in ports {
        let path = Some(format!("{OUT}/{}", port.name));
        if port.ty.artifact().is_some() {
            outputs.artifacts.push(Artifact {
                name: port.name.clone(),
                path,
                optional: port.ty.is_optional(),
                ..Default::default()
            });
        } else {
            outputs.parameters.push(Parameter {
                name: port.name.clone(),
                value_from: Some(ValueFrom {
                    path,
                    ..Default::default()
                }),
                ..Default::default()
            });
        }
    }
    outputs
}

/// The variables of a step: its inputs and the paths of its outputs.
pub fn variables(component: &Component, forms: &[Form]) -> Vec<EnvVar> {
    let mut env = Vec::new();
    let mut add = |name: &str, value: String| {
        env.push(EnvVar {
            name: name.to_owned(),
            value: Some(value),
            value_from: None,
        });
    };
    for (port, form) in component.inputs.iter().zip(forms) {
        let name = &port.name;
        match form {
            Form::Value { .. } => add(name, format!("{{{{inputs.parameters.{name}}}}}")),
            Form::Artifact { .. } => add(name, format!("{{{{inputs.artifacts.{name}.path}}}}")),
            Form::Artifacts(count) => add(name, listed_paths(name, *count).join("\n")),
            Form::Absent => {}
        }
    }
    for port in &component.outputs {
        add(&port.name, output_path(port));
    }
    env
}

fn listed_paths(port: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| format!("{{{{inputs.artifacts.{}.path}}}}", listed(port, at)))
        .collect()
}

pub fn output_path(port: &Port) -> String {
    let kind = if port.ty.artifact().is_some() {
        "artifacts"
    } else {
        "parameters"
    };
    format!("{{{{outputs.{kind}.{}.path}}}}", port.name)
}

/// The command of a `run:` or `shell:` step as a container, or as a script where a shell has something to do.
pub fn command(
    component: &Component,
    forms: &[Form],
    image: &str,
) -> (Option<Container>, Option<Container>) {
    let container = |command: Vec<String>, args: Vec<String>| Container {
        image: image.to_owned(),
        command,
        args,
        ..Default::default()
    };
    match &component.step {
        Step::Run(words) => match argv(component, forms, words) {
            Some(mut argv) => {
                let args = argv.split_off(1.min(argv.len()));
                (Some(container(argv, args)), None)
            }
            None => (
                None,
                Some(script(
                    component,
                    forms,
                    &run_script(component, forms, words),
                    image,
                )),
            ),
        },
        Step::Shell(text) => (None, Some(script(component, forms, text, image))),
        Step::Python(_) => unreachable!("python steps go by the shim"),
    }
}

/// A script of `sh -eu` with the step's variables: a prologue where one is needed, then the text.
fn script(component: &Component, forms: &[Form], text: &str, image: &str) -> Container {
    let mut source = prologue(component, forms);
    if has_tag(text) {
        // Argo would read the braces of the script as a tag; there is no way to escape them.
        source.push_str("# Encoded: it holds braces that Argo would take for a template tag.\n");
        source.push_str(&format!(
            "mlpc_script=$(printf %s '{}' | base64 -d)\n",
            base64(text)
        ));
        source.push_str("eval \"$mlpc_script\"\n");
    } else {
        source.push_str(text);
    }
    Container {
        image: image.to_owned(),
        command: vec!["sh".into(), "-eu".into()],
        env: variables(component, forms),
        source: Some(source),
        ..Default::default()
    }
}

/// Decodes what travels encoded and unsets what is absent.
fn prologue(component: &Component, forms: &[Form]) -> String {
    let mut lines = String::new();
    let encoded =
        |form: &Form| matches!(form, Form::Value { encoding, .. } if *encoding != Encoding::Plain);
    if forms.iter().any(encoded) {
        lines.push_str("# Text that Argo could take for a template tag travels as base64.\n");
        lines.push_str("mlpc_text() { printf %s \"$1\" | base64 -d && printf .; }\n");
    }
    for (port, form) in component.inputs.iter().zip(forms) {
        let x = &port.name;
        let decode = format!("{x}=$(mlpc_text \"${x}\"); {x}=${{{x}%.}}");
        let line = match form {
            Form::Value {
                encoding: Encoding::Plain,
                optional: false,
            } => continue,
            Form::Value {
                encoding: Encoding::Plain,
                optional: true,
            } => format!("[ -n \"${x}\" ] || unset {x}"),
            Form::Value {
                encoding: Encoding::Base64,
                optional: false,
            } => decode,
            Form::Value {
                encoding: Encoding::Base64,
                optional: true,
            } => {
                format!("if [ -n \"${x}\" ]; then {decode}; else unset {x}; fi")
            }
            Form::Value {
                encoding: Encoding::Marked,
                ..
            } => {
                format!("if [ -n \"${x}\" ]; then {decode}; {x}=${{{x}#.}}; else unset {x}; fi")
            }
            Form::Artifact { optional: true } => format!("[ -e \"${x}\" ] || unset {x}"),
            Form::Artifact { optional: false } | Form::Artifacts(_) | Form::Absent => continue,
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

/// What Kubernetes makes the text of an argument again: it reads `$$` and `$(NAME)`.
pub fn kubernetes_literal(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '$' && matches!(rest.peek(), Some('$' | '(')) {
            out.push('$');
        }
    }
    out
}

/// The argv of a `run:` step when it can be given without a shell: nothing to decode, nothing that may be absent at run time, no
/// braces in literal text.
fn argv(component: &Component, forms: &[Form], words: &[Word]) -> Option<Vec<String>> {
    let needs_shell = |form: &Form| match form {
        Form::Value { encoding, optional } => *encoding != Encoding::Plain || *optional,
        Form::Artifact { optional } => *optional,
        Form::Artifacts(_) | Form::Absent => false,
    };
    if forms.iter().any(needs_shell) || !component.outputs.is_empty() && words.is_empty() {
        return None;
    }
    let mut argv = Vec::new();
    for word in words {
        match word {
            Word::One(parts) => one_word(component, forms, parts, &mut argv)?,
            Word::Group(group) => {
                if !group.iter().any(|parts| is_absent(component, forms, parts)) {
                    for parts in group {
                        one_word(component, forms, parts, &mut argv)?;
                    }
                }
            }
        }
    }
    Some(argv)
}

fn form_of<'a>(component: &Component, forms: &'a [Form], port: &str) -> Option<&'a Form> {
    let at = component
        .inputs
        .iter()
        .position(|input| input.name == port)?;
    Some(&forms[at])
}

fn is_absent(component: &Component, forms: &[Form], parts: &[Part]) -> bool {
    parts
        .iter()
        .any(|part| matches!(part, Part::Port(port) if form_of(component, forms, port) == Some(&Form::Absent)))
}

fn one_word(
    component: &Component,
    forms: &[Form],
    parts: &[Part],
    argv: &mut Vec<String>,
) -> Option<()> {
    if let [Part::Port(port)] = parts
        && let Some(Form::Artifacts(count)) = form_of(component, forms, port)
    {
        argv.extend(listed_paths(port, *count));
        return Some(());
    }
    let mut word = String::new();
    for part in parts {
        match part {
            Part::Text(text) => word.push_str(text),
            Part::Port(port) => match form_of(component, forms, port) {
                Some(Form::Value { .. }) => {
                    word.push_str(&format!("{{{{inputs.parameters.{port}}}}}"))
                }
                Some(Form::Artifact { .. }) => {
                    word.push_str(&format!("{{{{inputs.artifacts.{port}.path}}}}"))
                }
                Some(Form::Artifacts(count)) => {
                    word.push_str(&listed_paths(port, *count).join("\n"))
                }
                Some(Form::Absent) => {}
                None => {
                    let output = component
                        .outputs
                        .iter()
                        .find(|output| output.name == *port)?;
                    word.push_str(&output_path(output));
                }
            },
        }
    }
    // Text beside text or beside a tag must not make braces that none of them has alone.
    let literal: String = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Port(_) => "\0",
        })
        .collect();
    if has_tag(&literal) || literal.contains("{\0") || literal.contains("\0}") {
        return None;
    }
    argv.push(kubernetes_literal(&word));
    Some(())
}

/// A `run:` list as a shell script that ends in the program itself.
fn run_script(component: &Component, forms: &[Form], words: &[Word]) -> String {
    let conditional = |word: &Word| match word {
        Word::One(_) => false,
        Word::Group(group) => !optional_ports(component, forms, group).is_empty(),
    };
    if !words.iter().any(conditional) {
        let mut all = Vec::new();
        for word in words {
            match word {
                Word::One(parts) => all.push(shell_word(component, forms, parts)),
                Word::Group(group)
                    if group.iter().any(|parts| is_absent(component, forms, parts)) => {}
                Word::Group(group) => all.extend(
                    group
                        .iter()
                        .map(|parts| shell_word(component, forms, parts)),
                ),
            }
        }
        return format!("exec {}\n", all.join(" "));
    }
    let mut script = String::new();
    let mut pending: Vec<String> = Vec::new();
    let mut started = false;
    let mut flush = |pending: &mut Vec<String>, script: &mut String| {
        if !pending.is_empty() {
            let before = if std::mem::replace(&mut started, true) {
                "\"$@\" "
            } else {
                ""
            };
            script.push_str(&format!("set -- {before}{}\n", pending.join(" ")));
            pending.clear();
        }
    };
    for word in words {
        match word {
            Word::One(parts) => pending.push(shell_word(component, forms, parts)),
            Word::Group(group) => {
                if group.iter().any(|parts| is_absent(component, forms, parts)) {
                    continue;
                }
                let optional = optional_ports(component, forms, group);
                let words: Vec<String> = group
                    .iter()
                    .map(|parts| shell_word(component, forms, parts))
                    .collect();
                if optional.is_empty() {
                    pending.extend(words);
                    continue;
                }
                flush(&mut pending, &mut script);
                let there: Vec<String> = optional
                    .iter()
                    .map(|port| format!("[ \"${{{port}+x}}\" ]"))
                    .collect();
                script.push_str(&format!(
                    "if {}; then set -- \"$@\" {}; fi\n",
                    there.join(" && "),
                    words.join(" ")
                ));
            }
        }
    }
    flush(&mut pending, &mut script);
    script.push_str("exec \"$@\"\n");
    script
}

fn optional_ports<'a>(
    component: &Component,
    forms: &[Form],
    group: &'a [Vec<Part>],
) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for part in group.iter().flatten() {
        if let Part::Port(port) = part
            && let Some(Form::Value { optional: true, .. } | Form::Artifact { optional: true }) =
                form_of(component, forms, port)
            && !found.contains(&port.as_str())
        {
            found.push(port);
        }
    }
    found
}

fn shell_word(component: &Component, forms: &[Form], parts: &[Part]) -> String {
    if let [Part::Port(port)] = parts
        && let Some(Form::Artifacts(count)) = form_of(component, forms, port)
    {
        let paths: Vec<String> = listed_paths(port, *count)
            .iter()
            .map(|path| format!("\"{path}\""))
            .collect();
        return paths.join(" ");
    }
    let mut word = String::new();
    for part in parts {
        match part {
            Part::Text(text) => word.push_str(&shell_quoted(text)),
            Part::Port(port) => word.push_str(&format!("\"${port}\"")),
        }
    }
    if word.is_empty() { "''".into() } else { word }
}

/// A text as one word of `sh`, in which no two braces stand side by side.
fn shell_quoted(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_bare) {
        return text.to_owned();
    }
    let mut out = String::from("'");
    let mut before = '\0';
    for c in text.chars() {
        match c {
            '\'' => out.push_str("'\\''"),
            '{' | '}' if before == c => {
                out.push_str("''");
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out.push('\'');
    out
}

/// What the attributes of a task become on its template: all but image, cache, and what belongs to the whole pod spec.
pub fn attributes(template: &mut Template, attributes: &TaskAttributes) {
    template.metadata = Metadata {
        labels: attributes.labels.clone(),
        annotations: attributes.kubernetes.annotations.clone(),
        ..Default::default()
    };
    template.retry_strategy = retry_strategy(&attributes.retry);
    template.active_deadline_seconds = attributes
        .timeout
        .map(|timeout| whole_seconds(timeout).to_string());
    let block = ArgoBlock(&attributes.targets);
    let kubernetes = &attributes.kubernetes;
    template.service_account_name = block
        .text("service_account")
        .or_else(|| kubernetes.service_account.clone());
    template.node_selector = block.node_selector(&kubernetes.node_selector);
    template.tolerations = block.tolerations(&kubernetes.tolerations);
    template.synchronization = block.mutex();
    template.security_context = block.security_context();
    let has_outputs = !template.outputs.is_empty();
    let Some(container) = template.container.as_mut().or(template.script.as_mut()) else {
        return;
    };
    let mut env: Vec<EnvVar> = attributes
        .env
        .iter()
        .map(|(name, value)| EnvVar {
            name: name.clone(),
            value: Some(kubernetes_literal(value)),
            value_from: None,
        })
        .collect();
    env.extend(attributes.secrets.iter().map(|(name, secret)| EnvVar {
        name: name.clone(),
        value: None,
        value_from: Some(EnvVarSource {
            secret_key_ref: SecretKeySelector {
                name: secret.name.clone(),
                key: secret.key.clone(),
            },
        }),
    }));
    // The step's own variables come last: of two with one name the later holds.
    env.append(&mut container.env);
    container.env = env;
    container.resources = resources(&attributes.resources);
    if has_outputs {
        container.volume_mounts.push(out_mount());
    }
    for volume in &attributes.kubernetes.volumes {
        container.volume_mounts.push(VolumeMount {
            name: volume.name.clone(),
            mount_path: volume.mount.clone(),
            read_only: volume.read_only,
        });
        template.volumes.push(Volume {
            name: volume.name.clone(),
            source: match &volume.source {
                Source::Claim(name) => VolumeSource::PersistentVolumeClaim {
                    claim_name: name.clone(),
                },
                Source::ConfigMap(name) => VolumeSource::ConfigMap { name: name.clone() },
                Source::Secret(name) => VolumeSource::Secret {
                    secret_name: name.clone(),
                },
                Source::EmptyDir => VolumeSource::EmptyDir {},
            },
        });
    }
}

/// Where a step's outputs go.
pub fn out_mount() -> VolumeMount {
    VolumeMount {
        name: OUT_VOLUME.into(),
        mount_path: OUT.into(),
        read_only: false,
    }
}

fn retry_strategy(retry: &Retry) -> Option<RetryStrategy> {
    if retry.attempts <= 1 {
        return None;
    }
    let backoff = (!retry.delay.is_zero()).then(|| Backoff {
        duration: go_duration(retry.delay),
        factor: (retry.backoff != 1.0).then(|| format!("{}", retry.backoff)),
        cap: retry.max_delay.map(go_duration),
    });
    Some(RetryStrategy {
        limit: (retry.attempts - 1).to_string(),
        retry_policy: "Always",
        backoff,
    })
}

fn resources(resources: &Resources) -> ResourceRequirements {
    let mut out = ResourceRequirements::default();
    if let Some(cpu) = resources.cpu {
        let milli = (cpu * 1000.0).round() as u64;
        let cpu = if milli.is_multiple_of(1000) {
            (milli / 1000).to_string()
        } else {
            format!("{milli}m")
        };
        out.requests.insert("cpu".into(), cpu);
    }
    for (name, bytes) in [
        ("memory", resources.memory),
        ("ephemeral-storage", resources.disk),
    ] {
        if let Some(bytes) = bytes {
            out.requests.insert(name.into(), quantity(bytes));
            out.limits.insert(name.into(), quantity(bytes));
        }
    }
    if let Some(gpu) = resources.gpu.filter(|&gpu| gpu > 0) {
        out.limits
            .insert(resources.gpu_type().into(), gpu.to_string());
    }
    out
}

/// Bytes in the largest unit that holds them whole.
fn quantity(bytes: u64) -> String {
    const UNITS: [(u64, &str); 8] = [
        (1 << 40, "Ti"),
        (1_000_000_000_000, "T"),
        (1 << 30, "Gi"),
        (1_000_000_000, "G"),
        (1 << 20, "Mi"),
        (1_000_000, "M"),
        (1 << 10, "Ki"),
        (1_000, "k"),
    ];
    UNITS
        .iter()
        .find(|(size, _)| bytes > 0 && bytes.is_multiple_of(*size))
        .map_or_else(
            || bytes.to_string(),
            |(size, unit)| format!("{}{unit}", bytes / size),
        )
}

/// Seconds, up to the next whole one: a timeout never ends earlier than it says.
pub fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// As Go reads it: `1h30m`, `90s`, `500ms`. There is no unit above the hour.
pub fn go_duration(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    if seconds == 0 && millis == 0 {
        return "0s".into();
    }
    let mut out = String::new();
    for (count, unit) in [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(millis), "ms"),
    ] {
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_go_s() {
        for (millis, text) in [
            (0, "0s"),
            (30_000, "30s"),
            (5_400_000, "1h30m"),
            (86_400_000, "24h"),
            (1_500, "1s500ms"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(whole_seconds(Duration::from_millis(1_500)), 2);
    }

    #[test]
    fn sizes_keep_the_unit_they_were_written_in() {
        for (bytes, text) in [
            (16 << 30, "16Gi"),
            (512 << 20, "512Mi"),
            (2_000_000_000, "2G"),
            (1_500, "1500"),
        ] {
            assert_eq!(quantity(bytes), text);
        }
    }

    #[test]
    fn kubernetes_gives_a_literal_back() {
        for (text, escaped) in [
            ("$x", "$x"),
            ("$(x)", "$$(x)"),
            ("$$", "$$$"),
            ("a$$(b)", "a$$$$(b)"),
        ] {
            assert_eq!(kubernetes_literal(text), escaped);
        }
    }

    #[test]
    fn no_braces_meet_in_a_shell_word() {
        assert_eq!(shell_quoted("{{x}}"), "'{''{x}''}'");
        assert_eq!(shell_quoted("it's"), "'it'\\''s'");
        assert_eq!(shell_quoted(""), "''");
        assert_eq!(shell_quoted("--out=a/b"), "--out=a/b");
    }
}
