//! `E02xx`, `W02xx`: names, scopes, `use` and cycles.

super::codes! {
    UNKNOWN_NAME = "E0201", "no such name here";
    UNKNOWN_CALLEE = "E0202", "no component or pipeline of that name";
    DUPLICATE_DEFINITION = "E0203", "a name is defined twice";
    DUPLICATE_TASK = "E0204", "two tasks would have the same name";
    SHADOWED_NAME = "E0205", "an inner name repeats an outer one";
    CYCLE = "E0206", "tasks wait for each other";
    PIPELINE_CYCLE = "E0207", "a pipeline runs itself";
    NOT_IN_FILE = "E0208", "the used file does not define that name";
    NAME_STYLE = "E0209", "a name in the wrong style";
    INPUT_IS_OUTPUT = "E0210", "an input and an output have one name";
    ONE_STEP = "E0211", "a component has exactly one of `python`, `run` and `shell`";
    RUN_FIELD = "E0212", "no such fact of the run here";
    NOT_A_TASK = "E0213", "`after` names something that is no task";
    TYPE_CYCLE = "E0214", "a type that contains itself";
    SCHEDULE_NEEDS_DEFAULT = "E0215", "a scheduled pipeline has a parameter without a default";
    NOT_A_CONSTANT = "E0216", "a constant is needed here";
    WHICH_PIPELINE = "E0217", "it is not clear which pipeline is meant";
}
