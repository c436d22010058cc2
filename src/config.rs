//! `mlpc.toml`: what belongs to a place rather than to a pipeline.
//!
//! ```toml
//! [compile]
//! target = "argo"                       # what `mlpc compile` writes without `-t`
//!
//! [target.argo]
//! namespace = "ml"
//! service_account = "pipeline-runner"
//! artifact_repository = "s3"            # s3, gcs, azure or oss
//! kind = "WorkflowTemplate"             # or Workflow
//!
//! [target.local]
//! python = "venv/bin/python"
//! jobs = 4
//! secrets = { "wandb/api_key" = "WANDB_DEV_KEY" }   # secret -> environment variable
//!
//! [lint]
//! L0101 = "deny"                        # allow, warn or deny, for every code but those of errors
//!
//! [profile.prod.target.argo]            # laid over the rest by --profile prod
//! namespace = "ml-prod"
//! ```
//!
//! The reader asks for each key that it knows; what nobody asked for is unknown. So the code that reads is the schema.

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Code, Diagnostic, Severity, codes, did_you_mean, one_of};
use crate::source::{FileId, SourceMap, Span};
use crate::target::{ArgoKind, ArtifactRepository, Options};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The target when none is named.
    pub target: Option<String>,
    pub options: Options,
    /// `[lint]`: what is to be thought of a warning or a lint.
    pub levels: IndexMap<Code, Level>,
}

/// What a warning or a lint amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is not said.
    Allow,
    Warn,
    /// It is an error.
    Deny,
}

/// The settings of an `mlpc.toml`, with the profile that was asked for laid over them. All profiles are checked. `targets` are the
/// names that a target may have.
pub fn read(
    file: FileId,
    sources: &SourceMap,
    profile: Option<(&str, Span)>,
    targets: &[&str],
) -> (Config, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (document, errors) = DeTable::parse_recoverable(&sources.file(file).text);
    let mut told = Vec::new();
    for error in &errors {
        if told.contains(&error.message()) {
            // The same words at several places are one mistake that the parser meets again.
            continue;
        }
        told.push(error.message());
        let at = error.span().unwrap_or_default();
        let mut lines = error.message().lines();
        let what = lines.next().unwrap_or("it cannot be read");
        diagnostics.push(
            Diagnostic::new(
                codes::CONFIG_SYNTAX,
                Span::new(file, at.start, at.end),
                format!(
                    "`{}` is not well-formed TOML: {what}",
                    sources.file(file).shown
                ),
            )
            .maybe_help(Some(lines.collect::<Vec<_>>().join(", ")).filter(|help| !help.is_empty())),
        );
    }
    let mut config = Config::default();
    if !diagnostics.is_empty() {
        // What is left of a broken document would give errors of its own.
        return (config, diagnostics);
    }
    let reader = Reader { file, targets };
    let mut top = Section::new(&reader, String::new(), document.get_ref(), &mut diagnostics);
    top.settings(&mut config);
    let mut overlay = None;
    let mut names = Vec::new();
    if let Some(mut profiles) = top.section("profile") {
        for (key, value) in profiles.table {
            let name = key.get_ref().as_ref();
            names.push(name);
            let Some(mut section) = profiles.open(name, value) else {
                continue;
            };
            // A profile that wasn't chosen is read all the same, for its errors.
            let mut laid_over = config.clone();
            section.settings(&mut laid_over);
            section.finish();
            if profile.is_some_and(|(chosen, _)| chosen == name) {
                overlay = Some(laid_over);
            }
        }
    }
    top.finish();
    match (profile, overlay) {
        (_, Some(overlay)) => config = overlay,
        (Some((chosen, at)), None) if !names.contains(&chosen) => diagnostics.push(
            no_profile(chosen, at)
                .label(format!(
                    "`{}` has no section `[profile.{chosen}]`",
                    sources.file(file).shown
                ))
                .maybe_help(did_you_mean(chosen, names)),
        ),
        _ => {}
    }
    (config, diagnostics)
}

/// The report for `--profile` when nothing defines that profile.
pub fn no_profile(chosen: &str, at: Span) -> Diagnostic {
    Diagnostic::new(
        codes::PROFILE_UNKNOWN,
        at,
        format!("there is no profile `{chosen}`"),
    )
}

struct Reader<'a> {
    file: FileId,
    targets: &'a [&'a str],
}

/// A table, with the keys that were asked for.
struct Section<'a, 'd> {
    reader: &'a Reader<'a>,
    /// Dotted; empty at the top.
    path: String,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a, 'd> Section<'a, 'd> {
    fn new(
        reader: &'a Reader<'a>,
        path: String,
        table: &'a DeTable<'a>,
        diagnostics: &'d mut Vec<Diagnostic>,
    ) -> Self {
        Section {
            reader,
            path,
            table,
            known: Vec::new(),
            diagnostics,
        }
    }

    /// What stands at the top and in each profile.
    fn settings(&mut self, config: &mut Config) {
        if let Some(mut compile) = self.section("compile") {
            compile.target(&mut config.target);
            compile.finish();
        }
        if let Some(mut targets) = self.section("target") {
            if let Some(mut argo) = targets.section("argo") {
                let options = &mut config.options.argo;
                argo.text("namespace", &mut options.namespace);
                argo.text("service_account", &mut options.service_account);
                let repositories = [
                    ("s3", Some(ArtifactRepository::S3)),
                    ("gcs", Some(ArtifactRepository::Gcs)),
                    ("azure", Some(ArtifactRepository::Azure)),
                    ("oss", Some(ArtifactRepository::Oss)),
                ];
                argo.choice(
                    "artifact_repository",
                    &repositories,
                    &mut options.artifact_repository,
                );
                let kinds = [
                    ("Workflow", ArgoKind::Workflow),
                    ("WorkflowTemplate", ArgoKind::WorkflowTemplate),
                ];
                argo.choice("kind", &kinds, &mut options.kind);
                argo.finish();
            }
            if let Some(mut local) = targets.section("local") {
                let options = &mut config.options.local;
                local.text("python", &mut options.python);
                local.count("jobs", &mut options.jobs);
                if let Some(secrets) = local.section("secrets") {
                    for (key, value) in secrets.table {
                        let mut variable = None;
                        text(
                            &format!("{}.{}", secrets.path, key.get_ref()),
                            value,
                            &mut variable,
                            secrets.reader,
                        )
                        .map_err(|fault| secrets.diagnostics.push(fault))
                        .ok();
                        if let Some(variable) = variable {
                            options.secrets.insert(key.get_ref().to_string(), variable);
                        }
                    }
                }
                local.finish();
            }
            targets.finish();
        }
        if let Some(mut lint) = self.section("lint") {
            lint.levels(&mut config.levels);
        }
    }

    /// A level for each code that is named.
    fn levels(&mut self, into: &mut IndexMap<Code, Level>) {
        const WORDS: [(&str, Level); 3] = [
            ("allow", Level::Allow),
            ("warn", Level::Warn),
            ("deny", Level::Deny),
        ];
        let settable = || {
            codes::all()
                .map(|entry| entry.code)
                .filter(|code| code.severity() != Severity::Error)
        };
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            let Some(code) = settable().find(|code| code.as_str() == name) else {
                let is_error = codes::find(name).is_some_and(|entry| entry.code.as_str() == name);
                let label = if is_error {
                    "an error has no level"
                } else {
                    "expected the code of a warning or a lint"
                };
                let help = (!is_error)
                    .then(|| did_you_mean(name, settable().map(Code::as_str)))
                    .flatten();
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::CONFIG_KEY,
                        self.reader.span(key),
                        format!("`{}` is no setting", self.name(name)),
                    )
                    .label(label)
                    .maybe_help(help),
                );
                continue;
            };
            let written = match value.get_ref() {
                DeValue::String(text) => Some(text.as_ref()),
                _ => None,
            };
            match WORDS.iter().find(|(word, _)| Some(*word) == written) {
                Some((_, level)) => {
                    into.insert(code, *level);
                }
                None => {
                    let words = WORDS.map(|(word, _)| word);
                    let fault = self.reader.wrong(&self.name(name), value, &one_of(&words));
                    self.diagnostics.push(fault);
                }
            }
        }
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table.get(key)
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn section(&mut self, key: &'static str) -> Option<Section<'a, '_>> {
        let value = self.get(key)?;
        self.open(key, value)
    }

    fn open(&mut self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Section<'a, '_>> {
        let path = self.name(key);
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.reader, path, table, self.diagnostics)),
            _ => {
                let fault = self
                    .reader
                    .wrong(&path, value, "a section")
                    .help(format!("write it as `[{path}]`"));
                self.diagnostics.push(fault);
                None
            }
        }
    }

    fn text(&mut self, key: &'static str, into: &mut Option<String>) {
        if let Some(value) = self.get(key)
            && let Err(fault) = text(&self.name(key), value, into, self.reader)
        {
            self.diagnostics.push(fault);
        }
    }

    fn target(&mut self, into: &mut Option<String>) {
        let targets: Vec<(&str, Option<String>)> = self
            .reader
            .targets
            .iter()
            .map(|name| (*name, Some((*name).to_owned())))
            .collect();
        self.choice("target", &targets, into);
    }

    fn choice<T: Clone>(&mut self, key: &'static str, choices: &[(&str, T)], into: &mut T) {
        let Some(value) = self.get(key) else { return };
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let written = match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        };
        match choices.iter().find(|(word, _)| Some(*word) == written) {
            Some((_, choice)) => *into = choice.clone(),
            None => {
                let fault = self.reader.wrong(&self.name(key), value, &one_of(&words));
                let help = written.and_then(|written| did_you_mean(written, words));
                self.diagnostics.push(fault.maybe_help(help));
            }
        }
    }

    /// A whole number from 1.
    fn count(&mut self, key: &'static str, into: &mut Option<u32>) {
        let Some(value) = self.get(key) else { return };
        let count = match value.get_ref() {
            DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        match count {
            Some(count) if count > 0 => *into = Some(count),
            _ => {
                let fault = self
                    .reader
                    .wrong(&self.name(key), value, "a whole number from 1");
                self.diagnostics.push(fault);
            }
        }
    }

    /// Reports what nobody asked for.
    fn finish(self) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let at = self.reader.span(key);
            let (message, label) = match self.path.as_str() {
                "" => (
                    format!("`mlpc.toml` has no section `{name}`"),
                    "unknown here".to_owned(),
                ),
                path => (
                    format!("`{}` is no setting", self.name(name)),
                    format!("unknown in `[{path}]`"),
                ),
            };
            let help = if self.path.is_empty() && self.reader.targets.contains(&name) {
                Some(format!(
                    "the settings of a target stand in `[target.{name}]`"
                ))
            } else {
                did_you_mean(name, self.known.iter().copied())
            };
            self.diagnostics.push(
                Diagnostic::new(codes::CONFIG_KEY, at, message)
                    .label(label)
                    .maybe_help(help),
            );
        }
    }
}

fn text(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    into: &mut Option<String>,
    reader: &Reader<'_>,
) -> Result<(), Diagnostic> {
    match value.get_ref() {
        DeValue::String(text) if !text.is_empty() => {
            *into = Some(text.to_string());
            Ok(())
        }
        _ => Err(reader.wrong(name, value, "a text in quotes, not empty")),
    }
}

impl Reader<'_> {
    fn span<T>(&self, at: &Spanned<T>) -> Span {
        let range = at.span();
        Span::new(self.file, range.start, range.end)
    }

    fn wrong(&self, name: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> Diagnostic {
        const CODE: Code = codes::CONFIG_VALUE;
        let is = match value.get_ref() {
            DeValue::String(text) if text.is_empty() => "empty".to_owned(),
            DeValue::String(text) => format!("`{text}`"),
            DeValue::Integer(digits) => format!("`{digits}`"),
            DeValue::Float(digits) => format!("`{digits}`"),
            DeValue::Boolean(value) => format!("`{value}`"),
            DeValue::Datetime(value) => format!("`{value}`"),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a section".to_owned(),
        };
        Diagnostic::new(CODE, self.span(value), format!("`{name}` cannot be {is}"))
            .label(format!("expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::render::{Format, Look, render};

    fn config(text: &str, profile: Option<&str>) -> (Config, String) {
        let mut sources = SourceMap::default();
        let file = sources.add("mlpc.toml", "mlpc.toml", text);
        let command = sources.add("<command line>", "<command line>", "--profile x");
        let profile = profile.map(|name| (name, Span::new(command, 10, 11)));
        let (config, diagnostics) = read(file, &sources, profile, &["kubeflow", "argo", "local"]);
        (
            config,
            render(&diagnostics, &sources, Format::Short, Look::PLAIN),
        )
    }

    #[test]
    fn settings_are_read_and_a_profile_is_laid_over_them() {
        let text = r#"
            [compile]
            target = "argo"
            [target.argo]
            namespace = "ml"
            kind = "WorkflowTemplate"
            artifact_repository = "gcs"
            [target.local]
            jobs = 4
            secrets = { "wandb/api_key" = "WANDB", "db/url" = "DB" }
            [profile.prod.target.argo]
            namespace = "ml-prod"
            [profile.prod.target.local.secrets]
            "db/url" = "PROD_DB"
        "#;
        let (base, errors) = config(text, None);
        assert_eq!(errors, "");
        assert_eq!(base.target.as_deref(), Some("argo"));
        assert_eq!(base.options.argo.namespace.as_deref(), Some("ml"));
        assert_eq!(base.options.argo.kind, ArgoKind::WorkflowTemplate);
        assert_eq!(
            base.options.argo.artifact_repository,
            Some(ArtifactRepository::Gcs)
        );
        assert_eq!(base.options.local.jobs, Some(4));
        assert_eq!(base.options.local.secrets["db/url"], "DB");

        let (prod, errors) = config(text, Some("prod"));
        assert_eq!(errors, "");
        assert_eq!(prod.options.argo.namespace.as_deref(), Some("ml-prod"));
        assert_eq!(prod.options.argo.kind, ArgoKind::WorkflowTemplate);
        assert_eq!(prod.options.local.secrets["db/url"], "PROD_DB");
        assert_eq!(prod.options.local.secrets["wandb/api_key"], "WANDB");
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        let text = r#"
tagret = "argo"
compile = 1
[argo]
[target.argo]
namespce = "ml"
kind = "workflow"
namespace = ""
[target.kubeflow]
[target.local]
jobs = 0
python = 3.12
secrets = { "a/b" = 1 }
[profile.prod]
jobs = 1
[profile.dev.compile]
target = "kubeflw"
"#;
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("config_mistakes", format!("{text}----\n{}", config(text, Some("prd")).1));
        });
    }

    #[test]
    fn text_that_is_no_toml() {
        let (config, errors) = config("[compile]\ntarget = local\n", None);
        assert_eq!(config, Config::default());
        assert!(
            errors.starts_with("mlpc.toml:2:10: error[E0711]: `mlpc.toml` is not well-formed TOML"),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}
