//! `E05xx`, `W05xx`: attributes.

super::codes! {}
