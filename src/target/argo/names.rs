//! From the program's names to Argo's: hyphens for underscores, lengths, and no two the same.

use std::collections::HashSet;

/// The longest label value, and the longest workflow and template name.
pub const LABEL: usize = 63;
/// The longest CronWorkflow name: Argo adds a time to it.
pub const CRON: usize = 52;
/// What Kubernetes adds to a `generateName`.
pub const GENERATED: usize = 5;
/// The longest name of a template or a task inside a workflow.
pub const INNER: usize = 128;

/// `load_data` as `load-data`, no longer than `longest`: a longer name is cut and ends with a hash of the whole.
pub fn hyphened(name: &str, longest: usize) -> String {
    let mut out: String = name.replace('_', "-");
    // A name begins and ends with a letter or a digit.
    if out.starts_with('-') {
        out.insert(0, 'x');
    }
    if out.ends_with('-') {
        out.push('x');
    }
    shortened(&out, longest)
}

/// Words that `depends`, an expression with the tasks as its variables, would not take for a task. Others of the kind are reserved
/// in mlp too.
const NO_VARIABLES: [&str; 6] = [
    "contains",
    "endsWith",
    "let",
    "matches",
    "nil",
    "startsWith",
];

/// The name of a task.
pub fn task(name: &str) -> String {
    if NO_VARIABLES.contains(&name) {
        return format!("{name}-task");
    }
    hyphened(name, INNER)
}

/// The same as [`hyphened`] in lower case: the name of a Kubernetes object.
pub fn object(name: &str, longest: usize) -> String {
    hyphened(&name.to_lowercase(), longest)
}

fn shortened(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    // Names are ASCII: the grammar has no others.
    let kept = name[..longest - 9].trim_end_matches('-');
    format!("{kept}-{}", &hash[..8])
}

/// Names that are given once each.
#[derive(Debug, Default)]
pub struct Unique(HashSet<String>);

impl Unique {
    /// `name`, or `name-2`, `name-3`, .. when it is taken.
    pub fn give(&mut self, name: &str) -> String {
        let mut given = name.to_owned();
        let mut count = 1;
        while !self.0.insert(given.clone()) {
            count += 1;
            let ending = format!("-{count}");
            given = shortened(name, INNER - ending.len()) + &ending;
        }
        given
    }

    /// Whether the name was free; it is taken from now on.
    pub fn take(&mut self, name: &str) -> bool {
        self.0.insert(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_argo() {
        for (name, becomes) in [("load_data", "load-data"), ("_x_", "x-x-x"), ("ETL", "ETL")] {
            assert_eq!(hyphened(name, 63), becomes);
        }
        assert_eq!(object("ETL_v2", 63), "etl-v2");
    }

    #[test]
    fn long_names_keep_their_difference() {
        let one = hyphened(&format!("{}a", "step_".repeat(30)), 63);
        let other = hyphened(&format!("{}b", "step_".repeat(30)), 63);
        assert!(one.len() <= 63 && other.len() <= 63);
        assert_ne!(one, other);
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let mut names = Unique::default();
        assert_eq!(names.give("train"), "train");
        assert_eq!(names.give("train"), "train-2");
        assert!(!names.take("train-2"));
    }
}
