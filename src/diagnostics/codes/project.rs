//! `E07xx`, `W07xx`: files, mlpc.toml, the command line.

super::codes! {
    FILE_MISSING = "E0701", "no such file";
    FILE_OUTSIDE = "E0702", "a path that leads out of the project";
    FILE_NOT_TEXT = "E0703", "a file that is not UTF-8 text";
    FILE_UNREADABLE = "E0704", "a file that cannot be read";
    CONFIG_SYNTAX = "E0711", "mlpc.toml is not well-formed";
    CONFIG_KEY = "E0712", "an unknown key in mlpc.toml";
    CONFIG_VALUE = "E0713", "a wrong value in mlpc.toml";
    PROFILE_UNKNOWN = "E0714", "no such profile";
    PIPELINE_UNKNOWN = "E0721", "no such pipeline";
    SET_UNKNOWN = "E0722", "`--set` names no parameter";
    SET_VALUE = "E0723", "`--set` gives a value that the parameter can't have";
}
