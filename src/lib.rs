//! mlpc: a compiler from a small, typed pipeline language to the orchestrators people run.

pub mod check;
pub mod cli;
pub mod compile;
pub mod config;
pub mod diagnostics;
pub mod emit;
pub mod graph;
pub mod load;
pub mod plan;
pub mod project;
pub mod python;
pub mod resolve;
pub mod run;
pub mod shim;
pub mod source;
pub mod syntax;
pub mod target;
pub mod types;
pub mod value;
