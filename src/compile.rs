//! The compiler: the stages in the order in which data flows, from files to checked programs.

use crate::check;
use crate::config::{self, Config, Level};
use crate::diagnostics::{Diagnostic, Severity, codes, did_you_mean};
use crate::graph::{ParamDefault, Program};
use crate::lint::suppress::{self, Suppression};
use crate::lint::{self, Taken};
use crate::load;
use crate::project::{CONFIG_FILE, Loader, Project, ReadError, STDIN};
use crate::resolve::module::{Callee, Module};
use crate::resolve::{self, Files};
use crate::source::{FileId, SourceMap, Span};
use crate::target::{self, Document, Target, capability};
use crate::types::constant::from_text;

/// The program text.
pub enum Input {
    /// A file of the project, by its path from the root.
    File(String),
    /// What came from standard input.
    Text(Vec<u8>),
}

/// Which of a file's pipelines are compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The one that is named, or that no other calls.
    #[default]
    Entry,
    /// All that no other calls; a file without any is fine.
    Roots,
}

/// What the command line says about a compilation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub which: Which,
    pub pipeline: Option<String>,
    /// `NAME=VALUE`, each.
    pub settings: Vec<String>,
    pub profile: Option<String>,
    /// Warnings are errors.
    pub deny_warnings: bool,
    /// Look for what the rules of [`lint`] find, too.
    pub lint: bool,
}

/// What is known after checking, and what a target needs.
pub struct Compilation {
    /// Empty when there are errors.
    pub programs: Vec<Program>,
    pub config: Config,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// The file that was named.
    pub entry: FileId,
    /// The comments that allow a warning, in all files.
    pub suppressions: Vec<Suppression>,
    /// The names that each file takes from others.
    pub taken: Vec<Taken>,
    deny_warnings: bool,
    lint: bool,
}

/// Reads, resolves and checks a file and all that it uses. An error is that of the file itself, which could not be read.
pub fn compile(
    project: &Project,
    input: Input,
    request: &Request,
) -> Result<Compilation, ReadError> {
    let mut loader = Loader::new(project);
    let entry = match input {
        Input::File(path) => loader.entry(&path)?,
        Input::Text(bytes) => loader.text(STDIN, bytes),
    };
    let (files, mut diagnostics) = load::load(&mut loader, entry);
    let settings = loader.settings();
    let command = CommandLine::new(&mut loader.sources, request);
    diagnostics.append(&mut loader.diagnostics);
    let sources = loader.sources;
    let config = command.config(settings, &sources, &mut diagnostics);
    let (suppressions, faults) = suppress::read(&files);
    let mut compilation = Compilation {
        programs: Vec::new(),
        config,
        diagnostics,
        sources,
        entry,
        suppressions,
        taken: Vec::new(),
        deny_warnings: request.deny_warnings,
        lint: request.lint,
    };
    if request.lint {
        compilation.diagnostics.extend(faults);
    }
    compilation.check(&files, &command);
    compilation.settle(0);
    Ok(compilation)
}

impl Compilation {
    fn check(&mut self, files: &Files, command: &CommandLine) {
        let (mut module, diagnostics) = resolve::resolve(files, &self.sources);
        self.diagnostics.extend(diagnostics);
        let parsed = !self.has_errors();
        let entries = match command.entries(&module, files.entry) {
            Ok(entries) => entries,
            Err(fault) => {
                // A file that could not be understood may hold the pipeline all the same.
                if parsed {
                    self.diagnostics.push(fault);
                }
                Vec::new()
            }
        };
        for &entry in &entries {
            self.diagnostics.extend(command.set(&mut module, entry));
        }
        let (checked, diagnostics) = check::check(&module);
        self.diagnostics.extend(diagnostics);
        if self.has_errors() {
            return;
        }
        if self.lint {
            let context = lint::Context::new(files, &self.sources, &module, checked.pipelines());
            self.diagnostics
                .extend(lint::lint(&context, &self.config.levels));
            self.taken = lint::taken(&context);
        }
        let path = self.sources.file(files.entry).path.clone();
        if let [only] = entries.as_slice() {
            self.programs.push(checked.link(module, *only, &path));
            return;
        }
        for entry in entries {
            // Linking takes what it links; the same input gives the same module again.
            let (mut module, _) = resolve::resolve(files, &self.sources);
            command.set(&mut module, entry);
            let (checked, _) = check::check(&module);
            self.programs.push(checked.link(module, entry, &path));
        }
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// What a target refuses of the programs, and what degrades there.
    pub fn check_target(&self, target: &dyn Target) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for program in &self.programs {
            for diagnostic in capability::check(target, program) {
                // Two pipelines of a file may share a component.
                if !found.contains(&diagnostic) {
                    found.push(diagnostic);
                }
            }
        }
        found
    }

    /// What each of `targets` gives. The documents are worth something only when no error was added.
    pub fn emit(&mut self, targets: &[&dyn Target]) -> Vec<(&'static str, Vec<Document>)> {
        for target in targets {
            self.add(self.check_target(*target));
        }
        if self.has_errors() {
            return Vec::new();
        }
        let mut emitted = Vec::new();
        let mut found = Vec::new();
        for target in targets {
            for program in &self.programs {
                let (documents, diagnostics) = target.emit(program, &self.config.options);
                emitted.push((target.name(), documents));
                found.extend(diagnostics);
            }
        }
        self.add(found);
        emitted
    }

    pub fn add(&mut self, diagnostics: Vec<Diagnostic>) {
        let from = self.diagnostics.len();
        self.diagnostics.extend(diagnostics);
        self.settle(from);
    }

    /// What warnings amount to, from the one at `from` on: those that mlpc.toml or a comment allows go, and those that are denied
    /// become errors.
    fn settle(&mut self, from: usize) {
        for mut diagnostic in self.diagnostics.split_off(from) {
            if diagnostic.code.severity() == Severity::Warning {
                match lint::level(diagnostic.code, &self.config.levels) {
                    Level::Allow => continue,
                    Level::Warn => {}
                    Level::Deny => diagnostic.severity = Severity::Error,
                }
                if suppress::allows(&mut self.suppressions, &diagnostic, &self.sources) {
                    continue;
                }
            }
            if self.deny_warnings && diagnostic.severity == Severity::Warning {
                diagnostic.severity = Severity::Error;
            }
            self.diagnostics.push(diagnostic);
        }
    }
}

/// The options of the command line as a text of its own, so that a message can point at them.
struct CommandLine<'a> {
    request: &'a Request,
    /// Of what stands after `--pipeline`.
    pipeline: Span,
    /// Of what stands after `--profile`.
    profile: Span,
    /// Of each `NAME=VALUE`.
    settings: Vec<Span>,
}

impl<'a> CommandLine<'a> {
    fn new(sources: &mut SourceMap, request: &'a Request) -> Self {
        let mut text = String::from("mlpc");
        let mut add = |option: &str, value: &str| {
            text.push_str(&format!(" {option} "));
            let start = text.len();
            text.push_str(value);
            start..text.len()
        };
        let pipeline = request
            .pipeline
            .as_deref()
            .map(|name| add("--pipeline", name));
        let profile = request
            .profile
            .as_deref()
            .map(|name| add("--profile", name));
        let settings: Vec<_> = request
            .settings
            .iter()
            .map(|setting| add("--set", setting))
            .collect();
        let file = sources.add("<command line>", "<command line>", text);
        let span = |range: std::ops::Range<usize>| Span::new(file, range.start, range.end);
        CommandLine {
            request,
            pipeline: span(pipeline.unwrap_or(0..0)),
            profile: span(profile.unwrap_or(0..0)),
            settings: settings.into_iter().map(span).collect(),
        }
    }

    fn config(
        &self,
        file: Option<FileId>,
        sources: &SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Config {
        let profile = self
            .request
            .profile
            .as_deref()
            .map(|name| (name, self.profile));
        let targets: Vec<&str> = target::all().iter().map(|target| target.name()).collect();
        match (file, profile) {
            (Some(file), _) => {
                let (config, found) = config::read(file, sources, profile, &targets);
                diagnostics.extend(found);
                config
            }
            (None, Some((name, at))) => {
                diagnostics.push(config::no_profile(name, at).label(format!(
                    "profiles are sections of `{CONFIG_FILE}`, and there is none"
                )));
                Config::default()
            }
            (None, None) => Config::default(),
        }
    }

    /// Positions in the module of the pipelines to compile.
    fn entries(&self, module: &Module, file: FileId) -> Result<Vec<usize>, Diagnostic> {
        let own: Vec<usize> = (0..module.pipelines.len())
            .filter(|&at| module.pipelines[at].in_entry_file)
            .collect();
        if let Some(name) = &self.request.pipeline {
            return match own.iter().find(|&&at| module.pipelines[at].name == *name) {
                Some(&at) => Ok(vec![at]),
                None => Err(Diagnostic::new(
                    codes::PIPELINE_UNKNOWN,
                    self.pipeline,
                    format!("the file has no pipeline `{name}`"),
                )
                .maybe_help(did_you_mean(
                    name,
                    own.iter().map(|&at| module.pipelines[at].name.as_str()),
                ))),
            };
        }
        let roots: Vec<usize> = own
            .iter()
            .copied()
            .filter(|&at| !is_called(module, at))
            .collect();
        match (self.request.which, own.as_slice(), roots.as_slice()) {
            (Which::Roots, ..) => Ok(roots),
            (Which::Entry, [only], _) | (Which::Entry, _, [only]) => Ok(vec![*only]),
            (Which::Entry, [], _) => Err(Diagnostic::new(
                codes::PIPELINE_UNKNOWN,
                Span::new(file, 0, 0),
                "the file defines no pipeline",
            )
            .help("`mlpc check` looks at a file that only others use")),
            // Each is called by another: they are a cycle, which has its own report.
            (Which::Entry, _, []) => Ok(Vec::new()),
            (Which::Entry, _, [first, second, ..]) => {
                let span = |at: &usize| module.pipelines[*at].span;
                Err(Diagnostic::new(
                    codes::WHICH_PIPELINE,
                    span(second),
                    format!("the file has {} pipelines that no other calls", roots.len()),
                )
                .label("this is one")
                .also(span(first), "this is another")
                .help(format!(
                    "choose one: `--pipeline {}`",
                    module.pipelines[*first].name
                )))
            }
        }
    }

    /// Puts the settings in the place of the parameters' defaults.
    fn set(&self, module: &mut Module, entry: usize) -> Vec<Diagnostic> {
        let params = &mut module.pipelines[entry].params;
        let mut faults = Vec::new();
        for (setting, &span) in self.request.settings.iter().zip(&self.settings) {
            let (name, text) = setting.split_once('=').unwrap_or((setting, ""));
            let Some(at) = params.iter().position(|param| param.name == name) else {
                faults.push(
                    Diagnostic::new(
                        codes::SET_UNKNOWN,
                        span,
                        format!("the pipeline has no parameter `{name}`"),
                    )
                    .maybe_help(did_you_mean(
                        name,
                        params.iter().map(|param| param.name.as_str()),
                    )),
                );
                continue;
            };
            match from_text(text, &params[at].ty) {
                Ok(value) => params[at].default = Some(ParamDefault::Const(value)),
                Err(expected) => faults.push(
                    Diagnostic::new(
                        codes::SET_VALUE,
                        span,
                        format!("`{text}` is no value of `{name}`"),
                    )
                    .label(format!("expected {expected}"))
                    .also(params[at].span, "the parameter"),
                ),
            }
        }
        faults
    }
}

fn is_called(module: &Module, pipeline: usize) -> bool {
    let mut called = false;
    for (at, caller) in module.pipelines.iter().enumerate() {
        let blocks = [Some(&caller.body), caller.finally.as_ref()];
        for block in blocks.into_iter().flatten().filter(|_| at != pipeline) {
            block.for_each_call(&mut |call| {
                called |= call.callee == Callee::Pipeline(pipeline);
            });
        }
    }
    called
}
