//! The step shim: the Python text that stands between an engine and a step's function.
//!
//! It is the standard library's Python (3.8 and later) only. `step.py` is the core; each engine has a thin front, and a further part file is
//! in the text only where a step needs it. What the fronts take as arguments is built here, and nowhere else:
//!
//! - [`local::Call`]: a function called by the local runner, as plain words;
//! - [`kubeflow`] and [`argo`]: a [`Step`] of any kind in a container, described by one argument;
//! - [`airflow`]: the text alone, for a loader that describes the step when it starts.
//! - [`process`]: a [`Step`] of any kind as a process of an engine that is a Python program.
//!
//! The texts hold no `{{`, `}}` and `$(`, so that no engine's template reads them, and nothing that varies but the parts.

pub mod airflow;
pub mod argo;
mod describe;
mod expr;
pub mod kubeflow;
pub mod local;
mod needs;
mod pattern;
pub mod process;
mod types;

pub use describe::{By, Carried, Code, Given, Input, Output, Step, Take, Work};
pub use expr::Expr;
pub use needs::Needs;
pub(crate) use pattern::python_pattern;
pub use types::type_tree;

const CORE: &str = include_str!("step.py");
const EXPR: &str = include_str!("expr.py");
const PACKAGES: &str = include_str!("packages.py");
const CHILD: &str = include_str!("child.py");
const CONTAINER: &str = include_str!("container.py");

/// The parts as one text, without comments and blank lines and with one blank a level: it stands in every container step.
fn assemble(parts: &[&str]) -> String {
    assembled(parts, None)
}

/// The same with what some steps need only.
fn assembled(parts: &[&str], needs: Option<&Needs>) -> String {
    let mut text = String::new();
    for line in parts.iter().flat_map(|part| needs::wanted(part, needs)) {
        let code = line.trim_start();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        text.extend(std::iter::repeat_n(' ', (line.len() - code.len()) / 4));
        text.push_str(code);
        text.push('\n');
    }
    match needs {
        Some(_) => needs::reached(&text),
        None => text,
    }
}

/// What steps in containers need of the shim, and the front.
fn container(needs: &Needs, front: &str) -> String {
    let mut parts = vec![CORE, CONTAINER];
    if needs.has("expressions") {
        parts.push(EXPR);
    }
    if needs.has("packages") {
        parts.push(PACKAGES);
    }
    if needs.has("command") {
        parts.push(CHILD);
    }
    parts.push(front);
    assembled(&parts, Some(needs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_engine_reads_a_template_in_the_text() {
        for part in [
            CORE,
            EXPR,
            PACKAGES,
            CHILD,
            CONTAINER,
            local::FRONT,
            kubeflow::FRONT,
            argo::FRONT,
            airflow::FRONT,
            process::FRONT,
        ] {
            let text = assemble(&[part]);
            for opening in ["{{", "}}", "$(", "\t", "\"\"\""] {
                assert!(!text.contains(opening), "{opening} in {text}");
            }
        }
    }

    #[test]
    fn assembling_keeps_code_only() {
        let text =
            "# a comment\nif x:\n    # another\n\n    y = '# no comment'\n    if z:\n        w\n";
        assert_eq!(
            assemble(&[text]),
            "if x:\n y = '# no comment'\n if z:\n  w\n"
        );
    }
}
