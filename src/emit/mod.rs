//! Writing: all quoting lives here, behind one door each.

pub mod yaml;
pub mod json;
