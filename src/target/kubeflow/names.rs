//! Names as Kubeflow takes them: `[a-z0-9-]`, and none that the cluster's compiler makes itself beside a task of ours.

use std::collections::HashSet;

/// A pipeline's name is a label's value in Kubernetes too.
pub const LONGEST_PIPELINE_NAME: usize = 63;

/// `load_data` to `load-data`.
pub fn mangle(name: &str) -> String {
    let dashed: String = name
        .chars()
        .map(|c| match c {
            'a'..='z' | '0'..='9' => c,
            'A'..='Z' => c.to_ascii_lowercase(),
            _ => '-',
        })
        .collect();
    let trimmed = dashed.trim_matches('-');
    if trimmed.is_empty() {
        "x".to_owned()
    } else {
        trimmed.to_owned()
    }
}

/// The names that are taken in one place.
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// Takes `name` itself; false when it is gone.
    pub fn take(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
    }

    /// Takes `name`, else the first free of `name-2`, `name-3`, ..
    pub fn free(&mut self, name: &str) -> String {
        self.free_with(name, '-')
    }

    /// As [`free`](Self::free), with another sign before the number.
    pub fn free_with(&mut self, name: &str, sign: char) -> String {
        let mut chosen = name.to_owned();
        let mut number = 2;
        while !self.take(&chosen) {
            chosen = format!("{name}{sign}{number}");
            number += 1;
        }
        chosen
    }
}

/// A name that does not end as those that the cluster's compiler makes of other names: a task's driver, a loop's iterations.
pub fn unreserved(name: String) -> String {
    if ["-driver", "-iteration", "-iterator"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        name + "-step"
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mangled_to_labels() {
        for (name, label) in [
            ("load_data", "load-data"),
            ("_x_", "x"),
            ("A1", "a1"),
            ("_", "x"),
            ("a__b", "a--b"),
        ] {
            assert_eq!(mangle(name), label);
        }
        assert_eq!(unreserved("x-driver".into()), "x-driver-step");
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Names::default();
        assert_eq!(names.free("a"), "a");
        assert_eq!(names.free("a"), "a-2");
        assert_eq!(names.free("a"), "a-3");
        assert!(!names.take("a-2"));
    }
}
