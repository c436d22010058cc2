//! `E03xx`, `W03xx`: types, edges and constants.

super::codes! {
    TYPE_MISMATCH = "E0301", "the value has another type than is taken";
    MISSING_COLUMN = "E0302", "a column or field that is needed is missing";
    MAY_BE_ABSENT = "E0303", "a value that may be absent where one is needed";
    MISSING_ARGUMENT = "E0304", "a call leaves out an argument";
    UNKNOWN_ARGUMENT = "E0305", "an argument that the component does not take";
    REPEATED_ARGUMENT = "E0306", "an argument is given twice";
    OUT_OF_RANGE = "E0307", "a constant outside what its type allows";
    NO_SUCH_FIELD = "E0308", "no output or field of that name";
    BRANCHES_DIFFER = "E0309", "the branches of an `if` have no common type";
    NOT_A_CONDITION = "E0310", "a condition that is not true or false";
    NOT_COMPARABLE = "E0311", "a comparison of what can't be compared";
    NOT_CONSTANT = "E0312", "an operation that needs values known while compiling";
    BAD_ARITHMETIC = "E0313", "arithmetic without a result";
    NOT_A_LIST = "E0314", "a loop over what is not a list";
    NO_VALUE = "E0315", "a task without a value is used as one";
    BAD_RETURN = "E0316", "`return` and the declared outputs differ";
    NOT_TEXT = "E0317", "an f-string holds what has no text";
    CONTRADICTION = "E0318", "`as` contradicts what is known";
    TYPE_NOT_ALLOWED = "E0319", "a type that can't stand in this place";
    BAD_REFINEMENT = "E0320", "a refinement that can't hold";
    UNKNOWN_TYPE = "E0321", "no type of that name";
    BAD_RUN_WORD = "E0322", "a word of `run:` that can't be an argument";
    UNPROVEN = "W0301", "an edge that nothing proves";
    NEVER_ABSENT = "W0302", "`??` on a value that is never absent";
    NEVER_RUNS = "W0303", "a task that never runs";
}
