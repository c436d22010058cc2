use std::os::unix::fs::symlink;
use std::process::Output as Ran;

use mlpc::shim::local::{Call, Code, Input, Output, file, files, needs_file};
use mlpc::shim::{By, type_tree};
use mlpc::types::{Refined, Refinement, Type};
use mlpc::value::Value;
use serde_json::{Value as Json, json};

use super::{HOSTILE, Place, refused, stderr, succeeded};

/// A call of `f` in `steps.py`.
struct Case {
    place: Place,
    function: &'static str,
    inputs: Vec<(&'static str, Json, Option<String>)>,
    artifacts: Vec<(&'static str, Vec<String>, bool, bool)>,
    outputs: Vec<(&'static str, Json, By, String)>,
}

impl Case {
    fn new(source: &str) -> Self {
        let place = Place::new();
        for (name, text) in files() {
            place.write(&format!("shim/{name}"), &text);
        }
        place.write("src/steps.py", source);
        Case {
            place,
            function: "f",
            inputs: Vec::new(),
            artifacts: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn value(mut self, name: &'static str, ty: Json, text: impl Into<String>) -> Self {
        self.inputs.push((name, ty, Some(text.into())));
        self
    }

    fn absent(mut self, name: &'static str) -> Self {
        self.inputs.push((name, json!("str?"), None));
        self
    }

    fn artifact(mut self, name: &'static str, path: String, as_path: bool) -> Self {
        self.artifacts.push((name, vec![path], as_path, false));
        self
    }

    fn artifacts(mut self, name: &'static str, paths: Vec<String>, as_path: bool) -> Self {
        self.artifacts.push((name, paths, as_path, true));
        self
    }

    /// Goes to `out/NAME`.
    fn output(mut self, name: &'static str, ty: impl Into<Json>, by: By) -> Self {
        let path = self.place.text(&format!("out/{name}"));
        self.outputs.push((name, ty.into(), by, path));
        self
    }

    fn returns(self, ty: impl Into<Json>) -> Self {
        self.output("output", ty, By::Returned)
    }

    fn run(&self) -> Ran {
        let source = self.place.text("src/steps.py");
        let mut inputs: Vec<(&str, Input)> = Vec::new();
        for (name, ty, text) in &self.inputs {
            let input = match text {
                Some(text) => Input::Value { ty, text },
                None => Input::Absent,
            };
            inputs.push((name, input));
        }
        for (name, paths, as_path, list) in &self.artifacts {
            let as_path = *as_path;
            let input = match list {
                true => Input::Artifacts { paths, as_path },
                false => Input::Artifact {
                    path: &paths[0],
                    as_path,
                },
            };
            inputs.push((name, input));
        }
        let outputs = self.outputs.iter().map(|(name, ty, by, path)| Output {
            name,
            ty,
            by: *by,
            path,
        });
        let call = Call {
            code: Code::File {
                path: &source,
                name: "lib/steps.py",
            },
            function: self.function,
            inputs,
            outputs: outputs.collect(),
        };
        let mut words = call.words();
        if needs_file(&words) {
            let path = self.place.write("call.json", &file(&words));
            words = vec![format!("@{}", path.display())];
        }
        words.insert(0, self.place.text("shim/shim.py"));
        self.place.python(&words)
    }

    #[track_caller]
    fn gives(&self, text: &str) {
        succeeded(&self.run());
        assert_eq!(self.place.read("out/output"), text);
    }

    #[track_caller]
    fn refuses(&self, line: &str) {
        refused(
            &self.run(),
            &line
                .replace("PLACE", &self.place.text(""))
                .replace("//", "/"),
        );
        assert!(!self.place.path("out/output").exists());
    }
}

/// The function gives the `repr` of its input back.
#[track_caller]
fn arrives(ty: Json, text: &str, repr: &str) {
    Case::new("def f(x): return repr(x)")
        .value("x", ty, text)
        .returns("str")
        .gives(repr);
}

/// The function returns what the Python expression says.
fn returning(expression: &str, ty: impl Into<Json>) -> Case {
    Case::new(&format!(
        "import datetime, pathlib\ndef f(): return {expression}"
    ))
    .returns(ty)
}

#[test]
fn inputs_arrive_as_python_values() {
    for (ty, text, repr) in [
        (json!("int"), "3", "3"),
        (json!("int"), "-9007199254740993", "-9007199254740993"),
        (json!("int"), "9223372036854775807", "9223372036854775807"),
        (json!("int"), "3.0", "3"),
        (json!("float"), "2", "2.0"),
        (json!("float"), "1e-05", "1e-05"),
        (json!("bool"), "true", "True"),
        (json!("bool"), "false", "False"),
        (json!("date"), "2024-02-29", "'2024-02-29'"),
        (
            json!("datetime"),
            "2024-01-31T12:00:00Z",
            "'2024-01-31T12:00:00Z'",
        ),
        (json!("str"), "[1]", "'[1]'"),
        (json!("int?"), "4", "4"),
        (json!({"optional": {"list": "int"}}), "[1]", "[1]"),
        (
            json!({"list": "int"}),
            "[1.0, 2, 9007199254740993]",
            "[1, 2, 9007199254740993]",
        ),
        (json!({"list": "float?"}), "[1, null]", "[1.0, None]"),
        (
            json!({"dict": "float"}),
            r#"{"a": 1, "é": 2.5}"#,
            "{'a': 1.0, 'é': 2.5}",
        ),
        (
            json!({"record": {"n": "float", "s": "str?"}}),
            r#"{"n": 1, "more": [1]}"#,
            "{'n': 1.0, 's': None, 'more': [1]}",
        ),
    ] {
        arrives(ty, text, repr);
    }
    Case::new("def f(x): return repr(x)")
        .absent("x")
        .returns("str")
        .gives("None");
}

#[test]
fn inputs_of_another_type_are_refused() {
    for (ty, text, line) in [
        (
            json!("int"),
            "3.5",
            "input `x`: expected int, got float 3.5",
        ),
        (
            json!("int"),
            "1_000",
            "input `x`: expected int, got str '1_000'",
        ),
        (
            json!("int"),
            "9223372036854775808",
            "input `x`: expected int, got int 9223372036854775808, which is beyond 64 bits",
        ),
        (
            json!("float"),
            "nan",
            "input `x`: expected float, got str 'nan'",
        ),
        (
            json!("float"),
            "1e999",
            "input `x`: expected float, got float inf, which no JSON number is",
        ),
        (
            json!("bool"),
            "True",
            "input `x`: expected bool, got str 'True'",
        ),
        (
            json!("date"),
            "2024-02-30",
            "input `x`: expected date, got str '2024-02-30': a date is a text such as 2024-01-31",
        ),
        (
            json!({"list": "int"}),
            "[1, \"2\"]",
            "input `x`: expected int, got str '2' at `[1]`",
        ),
        (
            json!({"list": "int"}),
            "[NaN]",
            "input `x`: expected the JSON text of list[int], got '[NaN]'",
        ),
        (
            json!({"list": "int"}),
            "1,2",
            "input `x`: expected the JSON text of list[int], got '1,2'",
        ),
        (
            json!({"record": {"n": "int"}}),
            "{}",
            "input `x`: expected {n: int}, got dict {}: the field `n` is missing",
        ),
    ] {
        Case::new("def f(x): return 1")
            .value("x", ty, text)
            .returns("int")
            .refuses(line);
    }
}

#[test]
fn hostile_text_arrives_and_leaves_byte_for_byte() {
    for text in HOSTILE {
        let case = Case::new("def f(x): return x")
            .value("x", json!("str"), *text)
            .returns("str");
        succeeded(&case.run());
        // Who reads it drops one final newline.
        let read = case.place.read("out/output");
        assert_eq!(read.strip_suffix('\n').unwrap_or(&read), *text);

        let json = json!({ *text: [text] }).to_string();
        let case = Case::new("def f(x): return x").value(
            "x",
            json!({"dict": {"list": "str"}}),
            json.clone(),
        );
        let case = case.returns(json!({"dict": {"list": "str"}}));
        succeeded(&case.run());
        assert_eq!(
            serde_json::from_str::<Json>(&case.place.read("out/output")).unwrap(),
            json!({ *text: [text] })
        );
    }
}

#[test]
fn nul_and_long_values_go_by_a_file() {
    let long = "é\0".repeat(80_000);
    Case::new("def f(x): return len(x)")
        .value("x", json!("str"), long)
        .returns("int")
        .gives("160000");
}

#[test]
fn values_are_written_as_json_dumps_writes_them() {
    let record = json!({"record": {"n": "float", "s": "str?"}});
    for (expression, ty, text) in [
        ("3", json!("int"), "3"),
        ("10**18 + 1", json!("int"), "1000000000000000001"),
        ("3", json!("float"), "3.0"),
        ("1e16", json!("float"), "1e+16"),
        ("True", json!("bool"), "true"),
        ("'é\\n'", json!("str"), "é\n\n"),
        ("None", json!("int?"), "null"),
        ("None", json!("str?"), "null"),
        ("'x'", json!("str?"), "\"x\""),
        ("(1, 2)", json!({"list": "int"}), "[1, 2]"),
        ("[1, None]", json!({"list": "float?"}), "[1.0, null]"),
        ("{'é': 1}", json!({"dict": "float"}), "{\"é\": 1.0}"),
        (
            "{'n': 1, 'x': 2}",
            record,
            "{\"n\": 1.0, \"s\": null, \"x\": 2}",
        ),
        ("datetime.date(2024, 1, 2)", json!("date"), "2024-01-02"),
        (
            "datetime.datetime(2024, 1, 2, 3)",
            json!("datetime"),
            "2024-01-02T03:00:00",
        ),
        // What numpy's scalars and arrays look like.
        (
            "type('int64', (), {'item': lambda self: 7})()",
            json!("int"),
            "7",
        ),
        (
            "type('ndarray', (), {'tolist': lambda self: [7]})()",
            json!({"list": "int"}),
            "[7]",
        ),
        (
            "__import__('collections').namedtuple('R', 'n s')(1, 'y')",
            json!({"record": {"n": "int", "s": "str"}}),
            "{\"n\": 1, \"s\": \"y\"}",
        ),
    ] {
        returning(expression, ty).gives(text);
    }
}

#[test]
fn returned_values_of_another_type_are_refused() {
    for (expression, ty, line) in [
        ("'3'", "int", "expected int, got str '3'"),
        ("3.0", "int", "expected int, got float 3.0"),
        ("True", "int", "expected int, got bool True"),
        ("True", "float", "expected float, got bool True"),
        ("1", "bool", "expected bool, got int 1"),
        (
            "2**63",
            "int",
            "expected int, got int 9223372036854775808, which is beyond 64 bits",
        ),
        (
            "float('nan')",
            "float",
            "expected float, got float nan, which no JSON number is",
        ),
        ("None", "int", "expected int, got None"),
        ("b'x'", "str", "expected str, got bytes b'x'"),
        (
            "pathlib.Path('/a')",
            "str",
            "expected str, got PosixPath PosixPath('/a')",
        ),
        (
            "datetime.datetime(2024, 1, 2)",
            "date",
            "expected date, got datetime datetime.datetime(2024, 1, 2, 0, 0): a date is a text such as 2024-01-31",
        ),
        ("'\\ud800'", "str", "the text '\\ud800' is no valid Unicode"),
    ] {
        returning(expression, ty).refuses(&format!("output `output`: {line}"));
    }
    returning("'x' * 90", "int").refuses(&format!(
        "output `output`: expected int, got str '{}' ..",
        "x".repeat(80)
    ));
    returning("[1, {}]", json!({"list": "int"}))
        .refuses("output `output`: expected int, got dict {} at `[1]`");
    returning("{1: 2}", json!({"dict": "int"}))
        .refuses("output `output`: expected dict[str, int], got dict {1: 2}");
    returning("{'a', 'b'} - {'b'}", json!({"list": "str"}))
        .refuses("output `output`: expected list[str], got set {'a'}");
    returning("{'n': 1, 'x': {1j}}", json!({"record": {"n": "int"}}))
        .refuses("output `output`: expected {n: int}, got what is no JSON: Object of type set is not JSON serializable");
}

#[test]
fn refinements_inside_a_list_are_checked() {
    let refined =
        |base, refinement| Type::Refined(std::sync::Arc::new(Refined { base, refinement }));
    let range = refined(
        Type::Int,
        Refinement::Range {
            min: Value::Int(1),
            max: Value::Int(5),
        },
    );
    let choice = refined(
        Type::Str,
        Refinement::OneOf(vec![Value::Str("a".into()), Value::Str("b".into())]),
    );
    let pattern = refined(
        Type::Str,
        Refinement::Matches(r"v\d+|[[:alpha:]]{2}".into()),
    );
    for (expression, ty, line) in [
        (
            "[5, 6]",
            &range,
            "expected int in 1..=5, got int 6 at `[1]`",
        ),
        (
            "['c']",
            &choice,
            "expected str in [\"a\", \"b\"], got str 'c' at `[0]`",
        ),
        ("['v1', 'v1\\n']", &pattern, r#"expected str matches ""#),
    ] {
        let ran = returning(expression, type_tree(&ty.clone().list())).run();
        assert!(
            stderr(&ran).starts_with(&format!("mlpc: output `output`: {line}")),
            "{}",
            stderr(&ran)
        );
    }
    returning("['v12', 'ab']", type_tree(&pattern.list())).gives(r#"["v12", "ab"]"#);
}

#[test]
fn several_outputs_are_a_dict_a_dataclass_or_a_named_tuple() {
    let returning = |expression: &str| {
        let source = "import dataclasses, typing\n\
             @dataclasses.dataclass\nclass D:\n    a: int\n    b: str\n\
             class N(typing.NamedTuple):\n    a: int\n    b: str\n";
        Case::new(&format!("{source}def f(): return {expression}"))
            .output("a", "int", By::Returned)
            .output("b", "str?", By::Returned)
    };
    for expression in ["{'a': 1, 'b': 'x'}", "D(1, 'x')", "N(1, 'x')"] {
        let case = returning(expression);
        succeeded(&case.run());
        assert_eq!(
            (case.place.read("out/a"), case.place.read("out/b")),
            ("1".into(), "\"x\"".into())
        );
    }
    let case = returning("{'a': 1}");
    succeeded(&case.run());
    assert_eq!(case.place.read("out/b"), "null");
    returning("(1, 'x')").refuses(
        "`f` returned tuple (1, 'x'): expected a dict, a dataclass or a named tuple with `a`, `b`",
    );
    returning("None")
        .refuses("`f` returned None: expected a dict, a dataclass or a named tuple with `a`, `b`");
    returning("{'aa': 1, 'b': 'x'}").refuses("`f` returned no `a` and `aa`, which is no output");
}

#[test]
fn returned_paths_are_moved_into_place() {
    let case = Case::new(
        "import pathlib\ndef f():\n    p = pathlib.Path('made'); p.mkdir(); (p / 'x').write_text('1'); return p",
    );
    let case = case.returns("artifact");
    succeeded(&case.run());
    assert_eq!(case.place.read("out/output/x"), "1");
    assert!(!case.place.path("made").exists());

    // A file in the place of an earlier one.
    let case =
        Case::new("def f():\n    open('m', 'w').write('new')\n    return 'm'").returns("artifact");
    case.place.write("out/output", "old");
    succeeded(&case.run());
    assert_eq!(case.place.read("out/output"), "new");
    assert!(!case.place.path("m").exists());
}

#[test]
fn what_a_step_did_not_make_is_copied() {
    // Its own input, or what holds it or lies in it.
    for returned in ["data", "data + '/x'", "data + '/..'"] {
        let case = Case::new(&format!("def f(data): return {returned}")).returns("artifact");
        case.place.write("in/data/x", "1");
        let path = case.place.text("in/data");
        let case = case.artifact("data", path, false);
        succeeded(&case.run());
        assert_eq!(case.place.read("in/data/x"), "1");
        assert!(case.place.path("out/output").exists());
    }
    // What was there before it.
    let case = Case::new("def f():\n    open('folder/new', 'w').close()\n    return 'folder'")
        .returns("artifact");
    case.place.write("folder/old", "mine");
    std::thread::sleep(std::time::Duration::from_millis(50));
    succeeded(&case.run());
    assert_eq!(
        (
            case.place.read("folder/old"),
            case.place.read("out/output/old")
        ),
        ("mine".into(), "mine".into())
    );
    assert!(case.place.path("out/output/new").exists());
    // What two outputs share.
    let case =
        Case::new("def f():\n    open('m', 'w').write('1')\n    return {'a': 'm', 'b': './m'}")
            .output("a", "artifact", By::Returned)
            .output("b", "artifact", By::Returned);
    succeeded(&case.run());
    assert_eq!(
        (case.place.read("out/a"), case.place.read("out/b")),
        ("1".into(), "1".into())
    );
}

#[test]
fn links_out_of_a_folder_become_files() {
    let case = Case::new(
        "import os\ndef f():\n    os.mkdir('snap')\n    os.symlink('../blob', 'snap/model')\n    return 'snap'",
    );
    let case = case.returns("artifact");
    case.place.write("blob", "weights");
    succeeded(&case.run());
    assert!(!case.place.path("out/output/model").is_symlink());
    assert_eq!(case.place.read("out/output/model"), "weights");
    assert_eq!(case.place.read("blob"), "weights");
    // A link to the user's own file leaves that file alone.
    let case = Case::new("def f(): return 'link'").returns("artifact");
    let own = case.place.write("own", "mine");
    symlink(own, case.place.path("link")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    succeeded(&case.run());
    assert_eq!(
        (case.place.read("own"), case.place.read("out/output")),
        ("mine".into(), "mine".into())
    );
}

#[test]
fn paths_that_are_none_are_refused() {
    let returning =
        |expression: &str| Case::new(&format!("def f(): return {expression}")).returns("artifact");
    returning("'gone'")
        .refuses("output `output`: there is no file or folder 'gone', which the function returned");
    returning("''")
        .refuses("output `output`: there is no file or folder '', which the function returned");
    returning("None").refuses("output `output`: expected the path of a file or folder, got None");
    returning("{'output': 'x'}").refuses(
        "output `output`: expected the path of a file or folder, got dict {'output': 'x'}",
    );
    returning("'.'")
        .refuses("output `output`: the folder '.' holds the place of the output itself");
}

#[test]
fn an_optional_artifact_may_be_absent() {
    let case = Case::new("def f(): return None").returns("artifact?");
    succeeded(&case.run());
    assert!(!case.place.path("out/output").exists());
}

#[test]
fn artifacts_come_as_str_or_path() {
    let case = Case::new("def f(a, b, many): return repr([a, b, many])").returns("str");
    let case = case
        .artifact("a", "/x".into(), false)
        .artifact("b", "/y".into(), true);
    case.artifacts("many", vec!["/1".into(), "/2".into()], true)
        .gives("['/x', PosixPath('/y'), [PosixPath('/1'), PosixPath('/2')]]");
}

#[test]
fn outputs_by_parameter_are_read_back() {
    let writing = |statement: &str, ty: &str| {
        Case::new(&format!("def f(output):\n    {statement}")).output("output", ty, By::Path)
    };
    let case = writing("output.write_text('12\\n')", "int");
    succeeded(&case.run());
    assert_eq!(case.place.read("out/output"), "12\n");
    succeeded(&writing("output.mkdir()", "artifact").run());
    succeeded(&writing("pass", "artifact?").run());
    writing("pass", "artifact")
        .refuses("output `output`: nothing was written to its path PLACE/out/output");
    writing("pass", "int")
        .refuses("output `output`: nothing was written to its path PLACE/out/output");
    for (statement, line) in [
        ("output.write_text('x')", "expected int, got str 'x'"),
        ("output.mkdir()", "expected a file with int, got a folder"),
        (
            "output.write_bytes(b'\\xff')",
            "expected the text of int, got bytes that are no UTF-8",
        ),
    ] {
        refused(
            &writing(statement, "int").run(),
            &format!("output `output`: {line}"),
        );
    }
    // The folder of an output is there, and a step that changes its own folder still finds it.
    let case =
        Case::new("import os\ndef f(output):\n    os.chdir('/')\n    open(output, 'w').write('1')");
    succeeded(&case.output("output", "int", By::Str).run());
}

#[test]
fn tracebacks_name_the_users_file_and_line() {
    let case = Case::new(
        "import os\n\ndef g(n):\n    raise ValueError(f'no {n}')\n\ndef f(n):\n    return g(n)\n",
    );
    let ran = case.value("n", json!("int"), "3").returns("int").run();
    let trace = stderr(&ran);
    assert_eq!(ran.status.code(), Some(1));
    let lines: Vec<&str> = trace
        .lines()
        .filter(|line| !line.trim_start().starts_with('^'))
        .collect();
    assert_eq!(
        lines,
        [
            "Traceback (most recent call last):",
            "  File \"lib/steps.py\", line 7, in f",
            "    return g(n)",
            "  File \"lib/steps.py\", line 4, in g",
            "    raise ValueError(f'no {n}')",
            "ValueError: no 3",
        ]
    );
    let ran = Case::new("x = 1\nimport nothing_of_that_name\n").run();
    assert!(stderr(&ran).contains(
        "  File \"lib/steps.py\", line 2, in <module>\n    import nothing_of_that_name\n"
    ));
    let ran = Case::new("def f(:\n").run();
    assert!(
        stderr(&ran).starts_with("  File \"lib/steps.py\", line 1\n"),
        "{}",
        stderr(&ran)
    );
    let ran = Case::new("def f(x): pass\n").run();
    assert!(
        stderr(&ran).starts_with("TypeError: f() missing 1 required"),
        "{}",
        stderr(&ran)
    );
    refused(
        &Case::new("def g(): pass\n").run(),
        "there is no function `f` in `lib/steps.py`",
    );
}

#[test]
fn exit_codes_of_the_function() {
    let ran = Case::new("import sys\ndef f(): sys.exit(7)").run();
    assert_eq!(ran.status.code(), Some(7));
    let case = Case::new("import sys\ndef f():\n    sys.exit(0)").returns("int");
    case.refuses("output `output`: expected int, got None");
}

#[test]
fn the_users_module_behaves_as_one() {
    let case = Case::new(
        "from __future__ import annotations\n\
         import dataclasses, inspect, multiprocessing, pickle, sys, typing\n\
         assert __name__ == 'steps' and 'steps' in sys.modules\n\
         if __name__ == '__main__': raise SystemExit('run as a script')\n\
         @dataclasses.dataclass\n\
         class D:\n    a: int\n    b: typing.Optional['D'] = None\n\
         def twice(x): return 2 * x\n\
         def f(n):\n\
         \x20   assert typing.get_type_hints(D)['a'] is int and __file__ == 'lib/steps.py'\n\
         \x20   assert pickle.loads(pickle.dumps(D(1))) == D(1)\n\
         \x20   assert 'return 2 * x' in inspect.getsource(twice)\n\
         \x20   total = 0\n\
         \x20   for way in ('fork', 'spawn'):\n\
         \x20       with multiprocessing.get_context(way).Pool(1) as pool:\n\
         \x20           total += sum(pool.map(twice, [n]))\n\
         \x20   return total\n",
    );
    case.value("n", json!("int"), "3")
        .returns("int")
        .gives("12");
}

#[test]
fn no_file_beside_hides_a_module() {
    let case = Case::new("import random\ndef f(x): return [random.random() < 2, x]");
    for name in ["json.py", "pathlib.py", "random.py", "shutil.py"] {
        case.place.write(name, "raise SystemExit('hidden')");
    }
    case.value("x", json!({"dict": "int"}), "{}")
        .returns(json!({"list": "bool"}))
        .refuses("output `output`: expected bool, got dict {} at `[1]`");
    // A step's file may have the name of a module that Python needs.
    let place = Place::new();
    for (name, text) in files() {
        place.write(&format!("shim/{name}"), &text);
    }
    place.write(
        "src/json.py",
        "import json\ndef f(): return json.dumps({'a': 1})",
    );
    let (source, output, ty) = (place.text("src/json.py"), place.text("o"), json!("str"));
    let call = Call {
        code: Code::File {
            path: &source,
            name: "json.py",
        },
        function: "f",
        inputs: vec![],
        outputs: vec![Output {
            name: "o",
            ty: &ty,
            by: By::Returned,
            path: &output,
        }],
    };
    let mut words = call.words();
    words.insert(0, place.text("shim/shim.py"));
    succeeded(&place.python(&words));
    assert_eq!(place.read("o"), "{\"a\": 1}");
}

#[test]
fn installed_modules_are_called() {
    let place = Place::new();
    for (name, text) in files() {
        place.write(&format!("shim/{name}"), &text);
    }
    place.write("pkg/__init__.py", "");
    place.write("pkg/work.py", "def f(n):\n    return 1 // n\n");
    let (output, ty) = (place.text("o"), json!("int"));
    let run = |module: &str, function: &str, n: &str| {
        let call = Call {
            code: Code::Module(module),
            function,
            inputs: vec![("n", Input::Value { ty: &ty, text: n })],
            outputs: vec![Output {
                name: "o",
                ty: &ty,
                by: By::Returned,
                path: &output,
            }],
        };
        let mut words = call.words();
        words.insert(0, place.text("shim/shim.py"));
        place.python(&words)
    };
    succeeded(&run("pkg.work", "f", "1"));
    assert_eq!(place.read("o"), "1");
    let trace = stderr(&run("pkg.work", "f", "0"));
    assert!(
        trace.contains("pkg/work.py\", line 2, in f\n    return 1 // n\n")
            && !trace.contains("mlpc_step"),
        "{trace}"
    );
    refused(
        &run("pkg.work", "g", "1"),
        "there is no function `g` in `pkg.work`",
    );
    assert!(
        stderr(&run("pkg.none", "f", "1"))
            .contains("ModuleNotFoundError: No module named 'pkg.none'")
    );
}
