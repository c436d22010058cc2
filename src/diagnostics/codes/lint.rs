//! `L0xxx`: what the rules of `mlpc check` find. `L01` images and packages, `L02` how steps run, `L03` schedules, `L04` what is of no
//! use, `L05` safety, `L06` clarity; `L00` is about the comments that allow others.

super::codes! {
    UNUSED_SUPPRESSION = "L0001", "a comment allows what does not occur";
    BAD_SUPPRESSION = "L0002", "a comment to mlpc that does not work";

    IMAGE_UNPINNED = "L0101", "an image whose content changes";
    IMAGE_BY_TAG = "L0102", "an image by tag, not by digest";
    PACKAGE_UNPINNED = "L0103", "a package without a fixed version";
    PACKAGES_UNUSED = "L0104", "packages on a step that installs none";
    PACKAGE_MISSING = "L0105", "an import that the step's image does not have";

    RETRY_WITHOUT_TIMEOUT = "L0201", "retries, but no timeout";
    RETRY_WITHOUT_ATTEMPTS = "L0202", "`retry` without a second attempt";
    RETRY_WITHOUT_DELAY = "L0203", "`backoff` or `max_delay` without a `delay`";
    TIMEOUT_ABOVE_RUN = "L0204", "a step may take longer than its run";
    GPU_TYPE_WITHOUT_GPU = "L0205", "`gpu_type` without a `gpu`";
    RESOURCES_UNLIKELY = "L0206", "resources in what looks like another unit";
    CACHE_WITHOUT_OUTPUTS = "L0207", "a cached step without outputs";
    CACHE_NEVER_HIT = "L0208", "a cached step that reads what every run changes";
    LOOP_ABOVE_PARALLELISM = "L0209", "a loop that `parallelism` holds back";
    UNBOUNDED_LOOP = "L0210", "a loop of any length without a `limit`";
    LARGE_VALUE = "L0211", "a value that is likely to be too large";

    SCHEDULE_EVERY_MINUTE = "L0301", "a schedule that fires every minute";
    SCHEDULE_MEETS_ITSELF = "L0302", "scheduled runs may pile up";
    CATCHUP_ALIKE = "L0303", "runs that catch up all do the same";
    SCHEDULE_UNWATCHED = "L0304", "nobody hears when a scheduled run fails";
    SCHEDULE_IN_CLOCK_CHANGE = "L0305", "a schedule in the hour of a clock change";

    UNUSED_COMPONENT = "L0401", "a component that nothing calls";
    UNUSED_TYPE = "L0402", "a type that nothing uses";
    UNUSED_USE = "L0403", "a `use` of what is not used";
    UNUSED_PARAMETER = "L0404", "a parameter that nothing reads";
    UNUSED_INPUT = "L0405", "an input that the step does not look at";
    UNUSED_OUTPUT = "L0406", "an output that nothing reads";
    OUTPUT_NOT_WRITTEN = "L0407", "an output that the step does not write";
    UNUSED_VALUE_NAME = "L0408", "a named value that nothing reads";
    UNUSED_LOOP_VARIABLE = "L0409", "a loop that does the same each time";
    CONSTANT_CONDITION = "L0410", "a condition that is always the same";
    SHORT_LOOP = "L0411", "a loop over one item";
    NEEDLESS_AFTER = "L0412", "`after` what is waited for anyway";
    SAME_TASK_TWICE = "L0413", "the same call twice";
    SAME_COMPONENT_TWICE = "L0414", "two components that are the same";
    FLOAT_EQUALITY = "L0415", "computed floats compared for equality";
    ONE_TASK_PIPELINE = "L0416", "a nested pipeline of one task";

    SECRET_LITERAL = "L0501", "what looks like a secret stands in the text";
    LOCAL_PATH = "L0502", "a path on somebody's own machine";
    PLAIN_HTTP = "L0503", "an address without encryption";
    UNQUOTED_PORT = "L0504", "a port's text is split by the shell";

    PIPELINE_UNDESCRIBED = "L0601", "a pipeline for others without a description";
    COMPONENT_UNDESCRIBED = "L0602", "a component without a description";
    NOTE_IN_DOC = "L0603", "a note to oneself in a description";
    CONFUSING_NAMES = "L0604", "two names that are easily confused";
    WIDE_STRING = "L0605", "a `str` of which only some values mean something";
}
