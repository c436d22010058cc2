//! `E01xx`, `W01xx`: words, lines and the grammar.

super::codes! {
    UNEXPECTED = "E0101", "something else was expected here";
    RESERVED_WORD = "E0102", "a reserved word as a name";
    UNCLOSED = "E0103", "a bracket is never closed";
    UNMATCHED = "E0104", "a closing bracket that closes nothing";
    UNTERMINATED_STRING = "E0105", "a string is not closed";
    BAD_ESCAPE = "E0106", "an unknown escape in a string";
    BAD_NUMBER = "E0107", "a malformed number, duration or size";
    NUMBER_TOO_LARGE = "E0108", "a number is too large";
    FSTRING_HOLE = "E0109", "an f-string holds names and fields only";
    FOREIGN_STRING = "E0110", "a string in the form of another language";
    FOREIGN_WORD = "E0111", "a word or sign of another language";
    UNKNOWN_CHARACTER = "E0112", "a character that means nothing here";
    MISSING_SEPARATOR = "E0113", "two elements of a list are not separated";
    EQUALS_OR_COLON = "E0114", "`=`, `==` and `:` are mixed up";
    LINE_BREAK = "E0115", "a line end is in the wrong place";
    BLOCK_NOT_RECORD = "E0116", "a record's entry stands in a block";
    OUT_OF_PLACE = "E0117", "a statement stands in the wrong place";
    OUTSIDE_PIPELINE = "E0118", "a statement stands outside of any definition";
    UNUSED_VALUE = "E0119", "a value that nothing uses";
    NESTED_CONTROL = "E0120", "`if` or `for` inside of an expression";
    SUFFIX = "E0121", "`with` or `after` in the wrong place";
    CHAINED_COMPARISON = "E0122", "comparisons do not chain";
    ARGUMENT_ORDER = "E0123", "an argument without a name follows a named one";
    TOO_DEEP = "E0124", "nested too deeply";
    LOOSE_DOC = "W0101", "a doc comment documents nothing";
}
