//! `E02xx`, `W02xx`: names, scopes, `use` and cycles.

super::codes! {}
