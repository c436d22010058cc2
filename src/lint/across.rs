//! What only all the checked files show together: a definition that another file takes is used, and a comment that allows
//! something is of use when it was in any of them.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::compile::Compilation;
use crate::config::Level;
use crate::diagnostics::{Diagnostic, codes};

use super::{level, suppress};

/// A file that was checked, with all that it uses.
pub struct Checked {
    /// The project's root.
    pub root: PathBuf,
    pub compilation: Compilation,
}

impl Checked {
    fn path(&self) -> &str {
        &self.compilation.sources.file(self.compilation.entry).path
    }

    fn is_sound(&self) -> bool {
        let found = &self.compilation.diagnostics;
        found
            .iter()
            .all(|one| one.code.as_str().starts_with(['W', 'L']))
    }
}

/// Lints about files that were not named go, as do unused definitions that another file takes; comments without a use are reported.
pub fn settle(all: &mut [Checked]) {
    let mut named = HashSet::new();
    let mut taken = HashSet::new();
    let mut used_by_others = HashSet::new();
    let mut of_use = HashSet::new();
    for one in all.iter() {
        let compilation = &one.compilation;
        named.insert((one.root.clone(), one.path().to_owned()));
        for name in &compilation.taken {
            taken.insert((one.root.clone(), name.path.clone(), name.name.clone()));
            used_by_others.insert((one.root.clone(), name.path.clone()));
        }
        for suppression in compilation.suppressions.iter().filter(|one| one.used) {
            let path = &compilation.sources.file(suppression.span.file).path;
            of_use.insert((one.root.clone(), path.clone(), suppression.span.start));
        }
    }
    for one in all.iter_mut() {
        let root = one.root.clone();
        let path = one.path().to_owned();
        let sound = one.is_sound();
        let compilation = &mut one.compilation;
        let sources = &compilation.sources;
        compilation.diagnostics.retain(|diagnostic| {
            let span = diagnostic.primary().span;
            let path = || sources.file(span.file).path.clone();
            if diagnostic.code.is_lint() && !named.contains(&(root.clone(), path())) {
                return false;
            }
            let definition = [
                codes::UNUSED_COMPONENT,
                codes::UNUSED_TYPE,
                codes::UNUSED_OUTPUT,
            ]
            .contains(&diagnostic.code);
            // Such a report stands at the definition's name, or speaks of it in its first other label.
            let name = diagnostic
                .labels
                .last()
                .map(|label| sources.text(label.span));
            !(definition
                && name
                    .is_some_and(|name| taken.contains(&(root.clone(), path(), name.to_owned()))))
        });
        let has_pipelines = !compilation.programs.is_empty();
        if !sound || !(has_pipelines || used_by_others.contains(&(root.clone(), path.clone()))) {
            continue;
        }
        let unused: Vec<Diagnostic> = compilation
            .suppressions
            .iter()
            .filter(|one| {
                one.span.file == compilation.entry
                    // What a target says is not always asked for.
                    && !one.code.as_str().starts_with("W06")
                    && level(one.code, &compilation.config.levels) != Level::Allow
                    && !of_use.contains(&(root.clone(), path.clone(), one.span.start))
            })
            .map(suppress::unused)
            .collect();
        compilation.add(unused);
    }
}
