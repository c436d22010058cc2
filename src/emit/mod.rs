//! Writing: all quoting lives here, behind one door each.

pub mod json;
pub mod python;
pub mod yaml;
