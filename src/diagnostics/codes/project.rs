//! `E07xx`, `W07xx`: files, mlpc.toml, the command line.

super::codes! {}
