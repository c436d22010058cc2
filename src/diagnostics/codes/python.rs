//! `E04xx`, `W04xx`: the Python bridge.

super::codes! {}
