//! The compiler as its user meets it: the command line, the pages, the examples in them.

mod docs;
mod fences;
mod readme;
