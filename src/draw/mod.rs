//! Pictures of a pipeline: Mermaid, DOT, SVG and HTML; and of a run's tasks.
//!
//! [`picture`](fn@picture) says what is shown, [`layout`] where a DAG's nodes stand, [`scene`] puts the blocks of a picture into each
//! other; the others write. [`tasks`](fn@tasks) draws what a run did.

mod details;
mod dot;
mod flat;
mod html;
pub mod layout;
mod mermaid;
mod picture;
mod scene;
mod svg;
mod tasks;

pub use dot::dot;
pub use html::html;
pub use mermaid::mermaid;
pub use picture::{Picture, picture};
pub use svg::svg;
pub use tasks::{Task, tasks};
