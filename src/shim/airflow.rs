//! The front for Airflow.
//!
//! `[python, -u, -c, SHIM, DESCRIPTION..]`: the loader of a DAG writes the description when the task starts, so this side holds the text
//! only, with all parts. It is the same for every step, and the loader uses its functions too.

use super::{CHILD, CONTAINER, CORE, EXPR, PACKAGES, assemble};

pub(super) const FRONT: &str = include_str!("airflow.py");

/// The text of the shim.
pub fn text() -> String {
    assemble(&[CORE, CONTAINER, EXPR, PACKAGES, CHILD, FRONT])
}
