//! `E06xx`, `W06xx`: what a target cannot do (capability table, limits, mangling).

super::codes! {
    REFUSED = "E0601", "the target can't do this";
    /// `argo`
    TAG_IN_TEXT = "E0630", "text that Argo would take for a template tag";
    /// `argo`
    ARTIFACT_LOCATION = "E0631", "an artifact that Argo can't fetch";
    /// `argo`
    NAMES_MEET = "E0632", "two names that are one on the target";
    /// `argo`
    NO_IMAGE = "E0633", "a step in a container without an image";
    DEGRADED = "W0601", "this has less effect on the target than it says";
    /// `argo`
    CACHE_OFF = "W0635", "a task that Argo can't cache";
}
