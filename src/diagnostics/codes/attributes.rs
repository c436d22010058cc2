//! `E05xx`: attributes.

super::codes! {
    UNKNOWN_ATTRIBUTE = "E0501", "unknown attribute";
    MISPLACED_ATTRIBUTE = "E0502", "attribute in the wrong place";
    DUPLICATE_ATTRIBUTE = "E0503", "attribute given twice";
    ATTRIBUTE_SHAPE = "E0504", "attribute of the wrong kind";
    ATTRIBUTE_RANGE = "E0505", "attribute out of range";
    ATTRIBUTE_CHOICE = "E0506", "attribute is none of its choices";
    ATTRIBUTE_KEY_MISSING = "E0507", "missing key";
    BAD_IMAGE = "E0508", "bad image reference";
    BAD_REQUIREMENT = "E0509", "bad package requirement";
    BAD_VARIABLE = "E0510", "bad name of an environment variable";
    BAD_LABEL = "E0511", "bad label";
    BAD_KEY_REFERENCE = "E0512", "bad reference to a secret";
    BAD_OBJECT_NAME = "E0513", "bad Kubernetes name";
    BAD_TEXT = "E0514", "text that can't be used";
    BAD_VOLUME = "E0515", "bad volume";
    BAD_TOLERATION = "E0516", "bad toleration";
    BAD_CRON = "E0517", "bad cron expression";
    UNKNOWN_TIME_ZONE = "E0518", "unknown time zone";
    BAD_DATE = "E0519", "bad date";
    SCHEDULE_ENDS_FIRST = "E0520", "schedule ends before it starts";
    BAD_EMAIL = "E0521", "bad e-mail address";
    MAX_DELAY_BELOW_DELAY = "E0522", "`max_delay` is below `delay`";
    VARIABLE_TWICE = "E0523", "variable set by `env` and `secrets`";
    VARIABLE_IS_PORT = "E0524", "variable has the name of a port";
}
