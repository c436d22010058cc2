//! `E06xx`, `W06xx`: what a target cannot do (capability table, limits, mangling).

super::codes! {
    REFUSED = "E0601", "the target can't do this";
    /// `kubeflow`
    KUBEFLOW_NAMES_MEET = "E0610", "two names that are one on Kubeflow";
    /// `kubeflow`
    KUBEFLOW_UNSAFE_TEXT = "E0612", "text that Kubeflow can't carry";
    /// `kubeflow`
    KUBEFLOW_NO_IMAGE = "E0613", "a step in a container without an image";
    /// `kubeflow`
    KUBEFLOW_INEXACT_INT = "E0614", "a whole number that Kubeflow can't carry exactly";
    /// `kubeflow`
    KUBEFLOW_LONG_NAME = "E0615", "a pipeline's name that is too long for Kubeflow";
    /// `argo`
    TAG_IN_TEXT = "E0630", "text that Argo would take for a template tag";
    /// `argo`
    ARTIFACT_LOCATION = "E0631", "an artifact that Argo can't fetch";
    /// `argo`
    NAMES_MEET = "E0632", "two names that are one on the target";
    /// `argo`
    NO_IMAGE = "E0633", "a step in a container without an image";
    /// `airflow`
    AIRFLOW_NO_IMAGE = "E0640", "a step in a container without an image";
    /// `airflow`
    AIRFLOW_NUL = "E0641", "text that Airflow can't carry";
    /// `airflow`
    AIRFLOW_TOO_MANY_TASKS = "E0642", "more tasks than Airflow can take";
    /// `prefect`
    PREFECT_TEMPLATE = "E0650", "text that Prefect would take for a template";
    /// `prefect`
    PREFECT_SECRET_NAME = "E0651", "a secret that no Prefect block can hold";
    /// `prefect`
    PREFECT_ATTEMPTS = "E0652", "more attempts than Prefect makes";
    /// `prefect`
    PREFECT_INTERVAL = "E0653", "an interval that Prefect can't tell";
    /// `prefect`
    PREFECT_PACKAGES = "E0654", "two versions of a package in one environment";
    DEGRADED = "W0601", "this has less effect on the target than it says";
    /// `kubeflow`
    KUBEFLOW_LOCAL_PATH = "W0612", "an artifact that a cluster does not see";
    /// `argo`
    CACHE_OFF = "W0635", "a task that Argo can't cache";
    /// `airflow`
    AIRFLOW_MANY_TASKS = "W0642", "a DAG of very many tasks";
    /// `prefect`
    PREFECT_DOC_BRACES = "W0650", "a description that Prefect would take for a template";
}
