//! `E06xx`, `W06xx`: what a target cannot do (capability table, limits, mangling).

super::codes! {}
