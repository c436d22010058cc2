//! Names, `use`, constants: from syntax to an owned module; nothing after it sees syntax nodes.

pub mod constant;
