//! Python modules: templates into which everything enters quoted, in the layout in which `ruff format` leaves it.
//!
//! ```text
//! Value, IR expression ─ translate ─ Py ─┐
//!                                        ├ Code ─ template ─ text
//!                                  Stmt ─┘
//! ```
//!
//! A [template] holds only what is the same in every module. What it puts out with `{{ .. }}` is either [`Code`], built from [`Py`] and
//! [`Stmt`] and laid out at the column where it stands, or any other value, which becomes a Python literal. There is no third way in.

mod docs;
mod layout;
pub mod names;
mod py;
mod stmt;
pub mod template;
pub mod translate;

pub use layout::WIDTH;
pub use py::{Part, Py, string};
pub use stmt::{Code, Def, Param, Stmt};

#[cfg(test)]
mod tests;
