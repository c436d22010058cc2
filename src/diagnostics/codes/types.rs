//! `E03xx`, `W03xx`: types, edges and constants.

super::codes! {}
