//! `E01xx`, `W01xx`: words, lines and the grammar.

super::codes! {}
