//! `E04xx`, `W04xx`: the Python bridge.

super::codes! {
    PYTHON_SYNTAX = "E0401", "the Python file has a syntax error";
    NO_FUNCTION = "E0402", "the Python file has no such function";
    NOT_CALLABLE = "E0403", "a function that a step can't call";
    PARAMETER_WITHOUT_PORT = "E0404", "a parameter of the function gets no value";
    PORT_WITHOUT_PARAMETER = "E0405", "an input that the function does not take";
    ANNOTATION_DIFFERS = "E0406", "an annotation and a port differ";
    RETURN_DIFFERS = "E0407", "what the function returns and the outputs differ";
    LOCAL_IMPORT = "E0408", "an import of a file that is not embedded";
    NONE_NOT_EXPECTED = "W0401", "the function does not expect an absent input";
}
