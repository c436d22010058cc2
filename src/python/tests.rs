//! Small files held against small components.

use std::sync::Arc;

use indexmap::IndexMap;

use super::*;
use crate::diagnostics::Diagnostic;
use crate::graph::{Port, PythonInput, PythonOutput};
use crate::types::{Artifact, ArtifactKind, Type};

const MLP: FileId = FileId(0);
const PY: FileId = FileId(1);

/// Types by short words: `int`, `float?`, `list[str]`, `Model`, `{a}` for a record of an int.
fn ty(word: &str) -> Type {
    if let Some(inner) = word.strip_suffix('?') {
        return ty(inner).optional();
    }
    if let Some(inner) = word.strip_prefix("list[") {
        return ty(inner.strip_suffix(']').unwrap()).list();
    }
    if let Some(inner) = word.strip_prefix("dict[") {
        return ty(inner.strip_suffix(']').unwrap()).dict();
    }
    match word {
        "str" => Type::Str,
        "int" => Type::Int,
        "float" => Type::Float,
        "bool" => Type::Bool,
        "date" => Type::Date,
        "{a}" => Type::record(IndexMap::from([("a".to_owned(), Type::Int)])),
        "Model" => Type::Artifact(Arc::new(Artifact {
            kind: ArtifactKind::Model,
            format: None,
            columns: None,
        })),
        other => panic!("no type {other}"),
    }
}

/// Ports written `name: type, name: type`; each span is its number.
fn ports(text: &str) -> Vec<Port> {
    let words = text.split(", ").filter(|word| !word.is_empty());
    words
        .enumerate()
        .map(|(at, word)| {
            let (name, word) = word.split_once(": ").unwrap();
            Port {
                name: name.to_owned(),
                ty: ty(word),
                default: None,
                doc: String::new(),
                span: Span::new(MLP, at, at + 1),
            }
        })
        .collect()
}

/// A component `step` of the function `f`, written `inputs -> outputs`.
fn checked(component: &str, text: &str) -> Checked {
    let (inputs, outputs) = component.split_once("->").unwrap();
    check(
        &Component {
            name: "step",
            inputs: &ports(inputs.trim()),
            outputs: &ports(outputs.trim()),
            reference: Span::new(MLP, 100, 101),
            function: "f",
        },
        &read(PY, text),
    )
}

/// The code, the message, and what of the Python file is pointed at.
fn shown(diagnostics: &[Diagnostic], text: &str) -> Vec<String> {
    diagnostics
        .iter()
        .map(|found| {
            let python = found.labels.iter().filter(|label| label.span.file == PY);
            let places: Vec<&str> = python.map(|label| &text[label.span.range()]).collect();
            format!("{}: {} @ {}", found.code, found.message, places.join(" | "))
        })
        .collect()
}

#[track_caller]
fn accepts(component: &str, text: &str) {
    assert_eq!(
        shown(&checked(component, text).diagnostics, text),
        [""; 0],
        "{text}"
    );
}

#[track_caller]
fn reports(component: &str, text: &str, expected: &[&str]) {
    assert_eq!(
        shown(&checked(component, text).diagnostics, text),
        expected,
        "{text}"
    );
}

/// A parameter `x` annotated so, given an input of that type.
#[track_caller]
fn takes(word: &str, annotation: &str, fits: bool) {
    let text = format!("{CLASSES}def f(x: {annotation}): pass");
    let found = checked(&format!("x: {word} -> "), &text).diagnostics;
    assert_eq!(
        found.is_empty(),
        fits,
        "{word} given to {annotation}: {:?}",
        shown(&found, &text)
    );
}

/// A function that says it returns that, for one output `output` of that type.
#[track_caller]
fn gives(annotation: &str, word: &str, fits: bool) {
    let text = format!("{CLASSES}def f() -> {annotation}: return g()");
    let found = checked(&format!(" -> output: {word}"), &text).diagnostics;
    assert_eq!(
        found.is_empty(),
        fits,
        "{annotation} returned for {word}: {:?}",
        shown(&found, &text)
    );
}

const CLASSES: &str = "\
@dataclass
class Row: a: int
class Bad(NamedTuple): b: str
class Typed(TypedDict): a: int
class Own: pass
class Child(Base): pass
";

#[test]
fn functions_are_found() {
    accepts("x: int -> ", "def f(x): pass");
    accepts(
        "x: int -> ",
        "if A:\n  def f(y): pass\nelse:\n  def f(x): pass",
    );
    accepts("x: int -> ", "def f(y): pass\ndef f(x): pass");
    // What can't be read is accepted.
    accepts("x: int -> ", "f = partial(g, 1)");
    accepts("x: int -> ", "from elsewhere import g as f");
    accepts("x: int -> ", "from elsewhere import *");
    accepts("x: int -> ", "@wrapped\ndef f(y): pass");
    accepts("x: int -> ", "def f(y:\n  pass");
    reports(
        "x: int -> ",
        "def g(x): pass",
        &["E0402: there is no function `f` in the file @ "],
    );
    reports(
        "-> ",
        "def ff(x): pass",
        &["E0402: there is no function `f` in the file @ ff"],
    );
    reports(
        "-> ",
        "class f: pass",
        &["E0403: `f` is a class, not a function @ f"],
    );
    reports(
        "-> ",
        "class C:\n  def f(self): pass",
        &["E0403: `f` is a method of `C`, not a function @ f"],
    );
    reports(
        "-> ",
        "def g():\n  if x:\n    def f(): pass",
        &["E0403: `f` is defined inside `g`, out of reach @ f"],
    );
    reports(
        "-> ",
        "async def f(): pass",
        &["E0403: `f` is `async`: calling it runs nothing @ f"],
    );
    reports(
        "-> ",
        "def f():\n  for x in y: yield x",
        &["E0403: `f` is a generator: calling it runs nothing @ f"],
    );
    accepts(
        "-> ",
        "def f():\n  def g(): yield 1\n  h = lambda: (yield 2)\n  return list(g())",
    );
    accepts("-> ", "@functools.cache\ndef f(): pass");
    reports(
        "x: int -> ",
        "@functools.lru_cache(maxsize=1)\ndef f(): pass",
        &["E0404: `f` has no parameter `x` @ f"],
    );
}

#[test]
fn ports_and_parameters_have_one_name() {
    accepts("x: int -> ", "def f(x, y=1, *args, z=2): pass");
    accepts("x: int, y: str -> ", "def f(x, **kwargs): pass");
    accepts("x: int -> ", "def f(*, x): pass");
    accepts("x: int -> ", "def f(y=0, /, *, x): pass");
    accepts("x: int -> ", "def f(\n  x,  # a comment\n  *rest,\n): pass");
    reports(
        "data: int -> ",
        "def f(dataa): pass",
        &["E0404: `f` has no parameter `data` @ dataa"],
    );
    reports(
        "data: int -> ",
        "def f(table): pass",
        &["E0404: `f` has no parameter `data` @ table"],
    );
    reports(
        "data: int -> ",
        "def f(): pass",
        &["E0404: `f` has no parameter `data` @ f"],
    );
    reports(
        "args: int -> ",
        "def f(*args): pass",
        &["E0404: `f` has no parameter `args` @ f"],
    );
    reports(
        "x: int -> ",
        "def f(x, y, *, z): pass",
        &[
            "E0405: `f` needs `y`, which `step` does not give @ y",
            "E0405: `f` needs `z`, which `step` does not give @ z",
        ],
    );
    reports(
        "x: int -> ",
        "def f(x, /): pass",
        &["E0406: `f` takes `x` by position only @ x"],
    );
    // An output by parameter is no parameter too many.
    accepts("x: int -> model: Model", "def f(x, model): pass");
}

#[test]
fn annotations_of_inputs() {
    for (word, annotation, fits) in [
        ("int", "int", true),
        ("int", "float", true),
        ("float", "int", false),
        ("float", "float", true),
        ("str", "int", false),
        ("int", "str", false),
        ("int", "\"str\"", false),
        ("int", "Alias", true),
        ("int", "np.int64", true),
        ("int", "int | str", true),
        ("int", "Union[bytes, str]", false),
        ("int", "Own", false),
        ("int", "Child", true),
        ("bool", "int", true),
        ("bool", "bool", true),
        ("int", "bool", false),
        ("str", "Literal['a', 'b']", true),
        ("str", "Literal[1, 2]", false),
        ("str", "Path", false),
        ("date", "str", true),
        ("date", "datetime.date", false),
        ("int?", "int | None", true),
        ("int?", "Optional[int]", true),
        ("int?", "Optional[str]", false),
        ("int?", "Alias", true),
        ("int", "Optional[int]", true),
        ("list[str]", "list[str]", true),
        ("list[str]", "list[int]", false),
        ("list[str]", "Sequence[str]", true),
        ("list[int]", "list[float]", true),
        ("list[int]", "list", true),
        ("list[int]", "tuple[int, ...]", false),
        ("dict[int]", "dict[str, float]", true),
        ("dict[int]", "Mapping[str, str]", false),
        ("dict[int]", "list", false),
        ("{a}", "dict[str, Any]", true),
        ("{a}", "dict[str, str]", false),
        ("{a}", "Typed", true),
        ("{a}", "Row", false),
        ("Model", "str", true),
        ("Model", "Path", true),
        ("Model", "os.PathLike", true),
        ("Model", "os.PathLike[str]", true),
        ("Model", "str | Path", true),
        ("Model", "Any", true),
        ("Model", "StrPath", true),
        ("Model", "pd.DataFrame", false),
        ("Model", "Input[Model]", false),
        ("Model", "int", false),
        ("Model", "list[str]", false),
        ("list[Model]", "list[Path]", true),
        ("list[Model]", "list[str]", true),
        ("list[Model]", "str", false),
        ("list[Model]", "list[int]", false),
    ] {
        takes(word, annotation, fits);
    }
    reports(
        "x: str -> ",
        "def f(x: int): pass",
        &["E0407: `f` takes `x` as `int`, and is given `str` @ int"],
    );
    reports(
        "x: date -> ",
        "def f(x: date): pass",
        &["E0407: `f` takes `x` as `date`, and is given ISO-8601 text @ date"],
    );
    reports(
        "x: list[Model] -> ",
        "def f(x: str): pass",
        &["E0407: `f` takes `x` as `str`, and is given a list of paths @ str"],
    );
}

#[test]
fn absence_needs_none() {
    reports(
        "x: int? -> ",
        "def f(x: int): pass",
        &["W0401: `f` is given `None` when `x` is absent @ int"],
    );
    reports(
        "x: int? -> ",
        "def f(x: int = 3): pass",
        &["W0401: `f` is given `None` when `x` is absent @ int"],
    );
    accepts("x: int? -> ", "def f(x: int = None): pass");
    accepts("x: int? -> ", "def f(x): pass");
    accepts("x: Model? -> ", "def f(x: Path | None): pass");
}

#[test]
fn conventions_follow_the_annotations() {
    let found = checked(
        "a: int, b: Model, c: Model, d: Model?, e: list[Model], g: list[Model], h: Model -> m: Model, n: Model, k: int, r: int",
        "def f(a, b, c: pathlib.Path, d: Optional[Path], e: list[Path], g: list, h: str | Path, m, n: Path, k: os.PathLike): return 1",
    );
    assert_eq!(shown(&found.diagnostics, ""), [""; 0]);
    use PythonInput::{Path, Str, Value};
    assert_eq!(found.inputs, [Value, Str, Path, Path, Path, Str, Str]);
    use PythonOutput::{PathParameter, Returned, StrParameter};
    assert_eq!(
        found.outputs,
        [StrParameter, PathParameter, PathParameter, Returned]
    );
    reports(
        "-> n: int",
        "def f(n: int): pass",
        &["E0407: `f` takes `n` as `int`, and is given the path to write it to @ int"],
    );
}

#[test]
fn annotations_of_one_output() {
    for (annotation, word, fits) in [
        ("int", "int", true),
        ("int", "float", true),
        ("float", "int", false),
        ("bool", "int", false),
        ("str", "int", false),
        ("None", "int", false),
        ("None", "int?", true),
        ("Optional[int]", "int", false),
        ("Optional[int]", "int?", true),
        ("int | str", "int", false),
        ("Alias", "int", true),
        ("np.float64", "float", true),
        ("Literal['a']", "str", true),
        ("date", "date", true),
        ("datetime", "date", false),
        ("Path", "str", false),
        ("str", "Model", true),
        ("Path", "Model", true),
        ("str | Path", "Model", true),
        ("pd.DataFrame", "Model", false),
        ("dict", "Model", false),
        ("Row", "Model", false),
        ("Child", "Model", true),
        ("list[int]", "list[float]", true),
        ("list[str]", "list[int]", false),
        ("tuple[int, ...]", "list[int]", true),
        ("np.ndarray", "list[int]", true),
        ("set[int]", "list[int]", false),
        ("dict[str, int]", "dict[float]", true),
        ("dict[str, Any]", "{a}", true),
        ("Row", "{a}", true),
        ("Bad", "{a}", false),
        ("Own", "{a}", false),
    ] {
        gives(annotation, word, fits);
    }
    reports(
        "-> output: int",
        "def f() -> None: pass",
        &["E0409: `f` returns nothing, and `output` is to be returned @ None"],
    );
    reports(
        "-> output: int",
        "def f() -> str: return 1",
        &["E0408: `f` returns `str`, and `output` is `int` @ str"],
    );
    reports(
        "-> m: Model",
        "def f() -> DataFrame: return 1",
        &["E0408: `f` returns `DataFrame`, and `m` is a `Model`, returned as its path @ DataFrame"],
    );
}

#[test]
fn literal_returns_of_one_output() {
    reports(
        "-> m: Model",
        "def f(): return {'m': 1}",
        &[
            "E0408: `f` returns a dict, and `m` is a `Model`, returned as its path @ return {'m': 1}",
        ],
    );
    reports(
        "-> n: int",
        "def f(): return (1, 2)",
        &["E0408: `f` returns a tuple, and `n` is `int` @ return (1, 2)"],
    );
    accepts("-> n: {a}", "def f(): return {'a': 1}");
    accepts("-> n: list[int]", "def f(): return 1, 2");
    reports(
        "-> n: int",
        "def f():\n  if x: return\n  print()",
        &["E0409: `f` returns nothing, and `n` is to be returned @ return"],
    );
    reports(
        "-> n: int",
        "def f(): pass",
        &["E0409: `f` returns nothing, and `n` is to be returned @ f"],
    );
    accepts("-> n: int", "def f(): raise NotImplementedError");
    accepts("-> n: int", "def f(): ...");
    accepts("-> n: int?", "def f(): pass");
    // The returns of a function inside are its own.
    accepts(
        "-> n: int",
        "def f():\n  def g(): return {'x': 1}\n  return g()['x']",
    );
}

#[test]
fn several_outputs_are_named() {
    let component = "-> a: int, b: str?";
    accepts(component, "def f() -> dict: return {'a': 1, 'b': 'x'}");
    accepts(component, "def f(): return {'a': 1}");
    accepts(component, "def f(): return {**x}");
    accepts(component, "def f(): return {key: 1}");
    accepts(component, "def f(): return dict(a=1)");
    accepts(
        component,
        "def f() -> R: return R(1)\n@dataclasses.dataclass(frozen=True)\nclass R:\n  a: int\n  b: str | None = None\n  k: ClassVar[int] = 1",
    );
    accepts(
        component,
        "class R(NamedTuple):\n  a: int\n  b: str\ndef f() -> Optional[R]: return g()",
    );
    accepts(
        component,
        "class R(elsewhere.Base):\n  pass\ndef f() -> R: return g()",
    );
    accepts(
        component,
        "@dataclass\nclass B:\n  a: int\n@dataclass\nclass R(B):\n  b: str\ndef f() -> R: return g()",
    );
    accepts(
        component,
        "R = namedtuple('R', 'a b')\ndef f() -> R: return g()",
    );
    accepts(
        component,
        "R = NamedTuple('R', [('a', int), ('b', str)])\ndef f() -> R: return g()",
    );
    reports(
        component,
        "def f(): return {'aa': 1, 'b': 'x'}",
        &["E0409: `aa` is no output of `step` @ 'aa'"],
    );
    reports(
        component,
        "def f():\n  if x: return {'b': 'x'}\n  return {'a': 1}",
        &["E0409: the returned dict has no `a` @ return {'b': 'x'}"],
    );
    reports(
        component,
        "def f(): return 1, 'x'",
        &["E0409: `f` returns a tuple without names @ return 1, 'x'"],
    );
    reports(
        component,
        "def f() -> tuple[int, str]: return 1, 'x'",
        &[
            "E0409: `f` returns `tuple[int, str]`, and 2 outputs are to be returned @ tuple[int, str]",
        ],
    );
    reports(
        component,
        "def f() -> int: return 1",
        &["E0409: `f` returns `int`, and 2 outputs are to be returned @ int"],
    );
    reports(
        component,
        "class R: pass\ndef f() -> R: return R()",
        &["E0409: `R` is no dataclass, so its fields can't be told @ R | R"],
    );
    let class = "@dataclass\nclass R:\n  a: str\n  b: str\ndef f() -> R: return g()";
    reports(
        component,
        class,
        &["E0408: `R.a` is `str`, and the output is `int` @ str"],
    );
    let class = "@dataclass\nclass R:\n  b: str\ndef f() -> R: return g()";
    reports(component, class, &["E0409: `R` has no `a` @ R"]);
    let class = "R = namedtuple('R', ['a', 'c'])\ndef f() -> R: return g()";
    reports(
        component,
        class,
        &["E0409: `c` is no output of `step` @ 'c'"],
    );
}

#[test]
fn an_output_by_parameter_is_not_returned() {
    accepts("-> m: Model, n: int", "def f(m): return 3");
    accepts("-> m: Model", "def f(m) -> None: pass");
    reports(
        "-> m: Model, n: int",
        "def f(m) -> str: return 3",
        &["E0408: `f` returns `str`, and `n` is `int` @ str"],
    );
}

#[track_caller]
fn faults(text: &str, expected: &[&str]) {
    let found = module_faults(&read(PY, text), Span::new(MLP, 0, 1), &|module| {
        module == "helpers"
    });
    assert_eq!(shown(&found, text), expected, "{text}");
}

#[test]
fn imports_of_files_beside_are_reported() {
    faults(
        "import os, helpers.sub as h",
        &["E0410: `helpers` is not embedded with this file @ helpers.sub"],
    );
    faults(
        "from helpers import x",
        &["E0410: `helpers` is not embedded with this file @ helpers"],
    );
    faults(
        "def f():\n  from . import x",
        &["E0410: `.` is not embedded with this file @ ."],
    );
    faults(
        "from ..a.b import (x, y)",
        &["E0410: `..a.b` is not embedded with this file @ ..a.b"],
    );
    faults(
        "try:\n  pass\nexcept ImportError:\n  import helpers",
        &["E0410: `helpers` is not embedded with this file @ helpers"],
    );
    faults(
        "try:\n  import helpers\nexcept ValueError: pass",
        &["E0410: `helpers` is not embedded with this file @ helpers"],
    );
    for accepted in [
        "import os.path, helpers2",
        "try:\n  import helpers\nexcept ImportError:\n  helpers = None",
        "try:\n  import helpers\nexcept (ImportError, OSError) as error: pass",
        "try:\n  import helpers\nexcept: pass",
        "if TYPE_CHECKING:\n  from .x import y",
        "if typing.TYPE_CHECKING:\n  import helpers",
        "from __future__ import annotations",
    ] {
        faults(accepted, &[]);
    }
}

#[test]
fn one_report_of_bad_syntax() {
    for (text, line) in [
        (
            "def f(:\n  pass\n\ndef g(:\n  pass\nimport helpers\n",
            "def f(:",
        ),
        ("x = 1\ny = (1,\n", "y = (1,"),
        ("def f():\n  return 1 +\n", "return 1 +"),
        ("def f()\n  return 1\n", "def f()"),
        ("def f():\n  pass\ndef g():\nreturn 1\n", "def g():"),
        ("class C:\n  # nothing\nx = 1\n", "class C:"),
        ("x = 1\nprint 'a'\nfoo bar\n", "print 'a'"),
        ("x = 'abc\ny = 2\n", "x = 'abc"),
        ("x == = 2", "x == = 2"),
    ] {
        faults(
            text,
            &[&format!("E0401: the Python file does not parse @ {line}")],
        );
    }
    let error = read(PY, "x = 1\ndef f(:\n  pass\n").error.unwrap();
    assert_eq!(error.label, "`)` is missing");
    for accepted in [
        "",
        "\u{feff}x = 1\r\nif x:\r\n\ty = 2\r\n",
        "type A[T] = list[T]\ndef f[T: int](x: T) -> T: return x\nclass C[T]: pass\n",
        "x = f'{a['b']!r:>{width}} {\"\\n\".join(c)}'\n",
        "match x:\n  case {'a': [1, *_], **rest} if y: pass\n  case C(a=1) | None: pass\n",
        "with (open('a') as a, open('b') as b): pass\n",
        "try: pass\nexcept* ValueError: pass\n",
        "def f(a, /, b: int = 1, *c: str, d, **e: object) -> None: ...\n",
        "if (n := len(x)) > 1: print(n, end='')\n",
        "async def f():\n  async with a as b: yield await c\n  return\n",
        "x: int\nlambda *a, **k: (yield)\nx = a if b else c; del x\n",
        "print(*a, **b)\n@a[0].b(c)\ndef f(): global x; nonlocal_ = 1\n",
    ] {
        faults(accepted, &[]);
    }
}

#[test]
fn deep_nesting_is_survived() {
    let deep: String = (0..3000)
        .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
        .collect();
    read(PY, &deep);
    read(
        PY,
        &format!("x = {}{}", "(".repeat(20_000), ")".repeat(20_000)),
    );
    read(PY, &"def f(x: list[".repeat(5_000));
}
