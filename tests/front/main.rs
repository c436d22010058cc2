//! The compiler as its user meets it: the command line, the pages, the examples in them.

mod cli;
mod docs;
mod explain;
mod fences;
mod fmt;
mod graph;
mod lint;
mod project;
mod readme;
mod stale;
