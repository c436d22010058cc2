//! `mlpc new`: a starter project that runs at once.

use std::fs;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use super::{Exit, Failure, output, terminal};
use crate::project::io_reason;

/// Make a starter project: a small pipeline with Python steps that runs at once
#[derive(clap::Args)]
pub struct Args {
    /// The folder to make; one that is there must be empty
    dir: PathBuf,
}

/// The files of a project, and their templates.
const FILES: [(&str, &str); 5] = [
    ("pipeline.mlp", include_str!("new/pipeline.mlp.j2")),
    ("steps.py", include_str!("new/steps.py.j2")),
    ("mlpc.toml", include_str!("new/mlpc.toml.j2")),
    ("README.md", include_str!("new/README.md.j2")),
    (".gitignore", include_str!("new/gitignore.j2")),
];

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let shown = self.dir.display();
        match fs::read_dir(&self.dir) {
            Ok(entries) => {
                // A fresh repository is empty for us.
                if entries
                    .filter_map(Result::ok)
                    .any(|entry| entry.file_name() != ".git")
                {
                    return Err(Failure::new(format!("the folder `{shown}` is not empty"))
                        .help("name a folder that does not exist yet, or an empty one"));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::new(format!(
                    "cannot use `{shown}`: {}",
                    io_reason(&error)
                )));
            }
        }
        output::make_folder(&self.dir)?;
        let whole = self.dir.canonicalize().unwrap_or_else(|_| self.dir.clone());
        let folder = whole.file_name().map_or("pipeline".into(), |name| {
            name.to_string_lossy().into_owned()
        });
        for (name, text) in files(&folder) {
            output::write_file(&self.dir.join(name), &text)?;
        }
        let pipeline = self.dir.join("pipeline.mlp");
        terminal::print(&format!(
            "made a starter project in {shown}\n\n  mlpc run {0}\n  mlpc compile {0} -o pipeline.yaml\n",
            quoted(&pipeline)
        ))?;
        Ok(Exit::Clean)
    }
}

/// The names and texts of the files of a project in a folder of this name.
pub fn files(folder: &str) -> Vec<(&'static str, String)> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    let values = context! { title => folder, pipeline => pipeline_name(folder), version => env!("CARGO_PKG_VERSION") };
    FILES
        .iter()
        .map(|(name, template)| {
            let text = environment
                .render_str(template, &values)
                .expect("the templates are ours; a test renders them");
            (*name, text)
        })
        .collect()
}

/// The folder's name as a pipeline may be called.
fn pipeline_name(folder: &str) -> String {
    let mut name = String::new();
    for c in folder.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    let reserved = [
        "and", "else", "false", "finally", "for", "if", "in", "not", "or", "require", "return",
        "true",
    ];
    let steps = ["make_data", "split", "train", "evaluate", "run"];
    if name.is_empty() {
        "starter".to_owned()
    } else if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("pipeline_{name}")
    } else if reserved.contains(&name) || steps.contains(&name) {
        format!("{name}_pipeline")
    } else {
        name.to_owned()
    }
}

/// A path as one types it into a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_folder_gives_a_name() {
        for (folder, name) in [
            ("churn", "churn"),
            ("My Churn-model!", "my_churn_model"),
            ("2024-run", "pipeline_2024_run"),
            ("for", "for_pipeline"),
            ("train", "train_pipeline"),
            ("日本", "starter"),
        ] {
            assert_eq!(pipeline_name(folder), name);
        }
    }

    #[test]
    fn the_templates_render() {
        let files = files("My \"churn\"");
        assert!(files[0].1.contains("pipeline my_churn("), "{}", files[0].1);
        for (name, text) in files {
            assert!(text.ends_with('\n') && !text.contains("{%"), "{name}");
        }
    }
}
