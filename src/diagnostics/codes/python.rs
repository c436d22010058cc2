//! `E04xx`, `W04xx`: the Python bridge.

super::codes! {
    PYTHON_SYNTAX = "E0401", "the Python file does not parse";
    NO_FUNCTION = "E0402", "the Python file has no such function";
    NO_STEP_FUNCTION = "E0403", "what is named is not a plain function";
    NO_PARAMETER = "E0404", "the function has no parameter for an input";
    EXTRA_PARAMETER = "E0405", "the function needs a parameter that is no port";
    POSITIONAL_ONLY = "E0406", "a parameter can't be given by name";
    PARAMETER_TYPE = "E0407", "the parameter's annotation is another type than the port";
    RETURN_TYPE = "E0408", "the return annotation is another type than the output";
    RETURN_SHAPE = "E0409", "what the function returns are not the component's outputs";
    LOCAL_IMPORT = "E0410", "the Python file imports one beside it";
    NONE_NOT_TAKEN = "W0401", "an absent input meets an annotation without `None`";
}
