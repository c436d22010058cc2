//! mlpc: a compiler from a small, typed pipeline language to the orchestrators people run.
//!
//! This page is the map of the house. The language itself is in `docs/language.md`.
//!
//! ```text
//!  files ─ project ─ syntax ─ resolve ─ check ─ graph ─ target ─ emit ─ bytes
//!             │       │ │        │        │       │      │
//!          python   fmt └────────┴────────┤     draw     └ local: the plan ─ run
//!                                         │
//!                          diagnostics: plain data that every stage returns
//! ```
//!
//! # The rooms, in the order in which data flows
//!
//! | module | gives | a change here |
//! |---|---|---|
//! | [`cli`] | one file a command: `compile`, `check`, `run`, .. | a command, an option, what is printed |
//! | [`project`], [`source`] | texts of the files below a project's root, and places in them ([`Span`](source::Span)) | what may be read |
//! | [`config`] | `mlpc.toml` | a setting that belongs to a place |
//! | [`compile`], [`load`] | the stages below, driven from file to program; all reading | the order of the stages |
//! | [`syntax`] | a lossless tree of any text, typed views of it | the grammar (and `docs/grammar.md`) |
//! | [`fmt`] | the formatted text of a tree | the one style |
//! | [`python`] | what a `.py` file defines, without importing it | what is held against a component |
//! | [`resolve`] | a [`Module`](resolve::module::Module): names bound, constants read, who waits for whom | scopes, `use`, cycles |
//! | [`resolve::attributes`] | the one table of attributes, their check and merge | an attribute: one row, then follow the compiler |
//! | [`types`], [`value`] | types and what fits what; values and their text | a type, a rule of subtyping |
//! | [`check`] | every expression's type, and the IR | what an expression or a call means |
//! | [`graph`] | the IR: a DAG of tasks a block, all that a target sees | a construct that all targets must know |
//! | [`target`] | a folder an engine: capability column, model, lowering | a target: a folder, and a line in [`target::all`] |
//! | [`shim`] | the Python that travels with a step into its container | how a step gets and gives its values |
//! | [`emit`] | YAML and JSON with all their quoting | how a text is written |
//! | [`plan`] | the document that `local` writes | what the runner must be told |
//! | [`run`] | the local runner; it knows the plan and nothing else | scheduling, processes, progress |
//! | [`diagnostics`] | codes, their pages for `mlpc explain`, renderers | a message: a row and a page |
//!
//! # What holds everywhere
//!
//! - A stage is a function from its input to its output and a list of [`Diagnostic`](diagnostics::Diagnostic)s. It does no I/O and
//!   prints nothing: that is for `cli`, `run`, and the reading in `project`, which is over before names are resolved.
//! - Stages depend only on what stands left of them in the picture. No stage after `resolve` sees syntax, no target another
//!   target, and the runner nothing but the plan.
//! - A fault in a user's file is a diagnostic. A panic is a fault of ours.
//! - One cause gives one report: what could not be understood has the type [`Unknown`](types::Type::Unknown), which fits everything.
//! - The same input gives the same bytes: what is iterated into output is a `Vec` or an `IndexMap`.
//! - A target says what it can't do in its column of the [capability table](target::capability), and nowhere else.
//! - Text enters YAML, JSON, Python, a shell or an engine's template through [`emit`] or the one escaping function of its target,
//!   never through `format!`.
//!
//! # Where things are tested
//!
//! Unit tests stand beside the code. `tests/` is the compiler as its users meet it: `check.rs` and `mistakes.rs` what they are told,
//! `language.rs` that the reference is true, one file a target what is emitted, held to the engine's own validator.
//! `snapshots/` holds each source together with what it gave.

pub mod check;
pub mod cli;
pub mod compile;
pub mod config;
pub mod diagnostics;
pub mod emit;
pub mod fmt;
pub mod graph;
pub mod lint;
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
