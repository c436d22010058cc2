//! The formatter: one layout for each program.
//!
//! It works on the lossless tree: [`items`], [`blocks`], [`exprs`] and [`lists`] turn it into a [`doc`], in which the places where a
//! line may end are marked; printing that chooses among them. Comments come with the token behind them ([`gap`], [`writer`]).
//!
//! **Invariant:** a layout depends on the program, its comments, where its empty lines are, and on whether the first thing in brackets
//! stands on a line of its own. All of these are the same in the formatted text, so formatting it again changes nothing.

mod blocks;
mod doc;
mod exprs;
mod gap;
mod items;
mod lists;
mod meaning;
mod writer;

use crate::source::FileId;
use crate::syntax::{Parse, parse};

/// The formatted text of a file without syntax errors. Its meaning is held against the original's: a difference is a fault of ours.
pub fn format(parsed: &Parse) -> String {
    assert!(
        !parsed.has_errors(),
        "only a file without syntax errors can be formatted"
    );
    let tree = parsed.syntax();
    let text = doc::print(&items::file(&tree));
    let after = parse(FileId(0), &text);
    assert!(
        !after.has_errors() && meaning::of(&tree) == meaning::of(&after.syntax()),
        "formatting would change what this file means; it is left as it is"
    );
    text
}
