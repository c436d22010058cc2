//! Pictures of a pipeline: Mermaid, DOT, SVG and HTML.
//!
//! [`picture`](fn@picture) says what is shown, [`layout`] where a DAG's nodes stand, [`scene`] puts the blocks of a picture into each
//! other; the others write.

mod details;
mod dot;
mod flat;
mod html;
pub mod layout;
mod mermaid;
mod picture;
mod scene;
mod svg;

pub use dot::dot;
pub use html::html;
pub use mermaid::mermaid;
pub use picture::{Picture, picture};
pub use svg::svg;
