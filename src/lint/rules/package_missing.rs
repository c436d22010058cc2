//! An import of a module that neither Python nor the step's packages bring.

use std::collections::HashSet;

use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};
use crate::graph::{PythonCode, Step};
use crate::lint::{Context, Rule};

pub const RULE: Rule = Rule {
    code: codes::PACKAGE_MISSING,
    level: Level::Warn,
    fixes: false,
    check,
};

/// The modules of Python itself, one a line: those of 3.10 to 3.14.
const STANDARD: &str = include_str!("standard_library.txt");

/// Only of the official image is it known what it holds; and a package brings others, so only a step without any is judged.
fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    for (_, _, task, component) in context.steps() {
        let attributes = &task.attributes;
        let official = attributes.image.as_deref().is_some_and(|image| {
            let image = image.strip_prefix("docker.io/library/").unwrap_or(image);
            image.starts_with("python:")
        });
        let Step::Python(step) = &component.step else {
            continue;
        };
        let PythonCode::Embedded(source) = step.code else {
            continue;
        };
        if !official || !attributes.packages.is_empty() || !told.insert(component.span) {
            continue;
        }
        let path = &context.module.sources[source.0].path;
        let Some(file) = context.sources.find(path) else {
            continue;
        };
        let Some(python) = context.files.python.get(&file) else {
            continue;
        };
        let import = python.module.imports.iter().find(|import| {
            !import.is_relative && !STANDARD.lines().any(|name| name == import.module)
        });
        if let (Some(import), Some(image)) = (import, &attributes.image) {
            let message = format!(
                "`{}` imports `{}`, which `{image}` does not have",
                component.name, import.module
            );
            found.push(
                Diagnostic::new(RULE.code, component.span, message)
                    .label("this component has no `packages`")
                    .also(import.span, "imported here")
                    .help(format!(
                        "name the package that has it: `packages: [\"{}==1.2.3\"]`",
                        package(&import.module)
                    )),
            );
        }
    }
}

/// The package of a module, where they have different names.
fn package(module: &str) -> &str {
    match module {
        "PIL" => "pillow",
        "bs4" => "beautifulsoup4",
        "cv2" => "opencv-python-headless",
        "dateutil" => "python-dateutil",
        "skimage" => "scikit-image",
        "sklearn" => "scikit-learn",
        "yaml" => "pyyaml",
        other => other,
    }
}
