//! `E06xx`, `W06xx`: what a target cannot do (capability table, limits, mangling).

super::codes! {
    REFUSED = "E0601", "the target can't do this";
    DEGRADED = "W0601", "this has less effect on the target than it says";
}
