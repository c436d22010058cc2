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
    /// `argo`
    TOO_LARGE = "E0634", "a workflow that Argo would refuse as too large";
    DEGRADED = "W0601", "this has less effect on the target than it says";
    /// `argo`
    NEARLY_TOO_LARGE = "W0634", "a workflow near the size that Argo refuses";
    /// `argo`
    CACHE_OFF = "W0635", "a task that Argo can't cache";
    /// `argo`
    SPLIT_DAG = "W0636", "a pipeline split over several DAGs that depend on each other";
}
