# The core of the step shim. It stands in front of one step: it gives the step's function its inputs as Python values, calls it by
# keyword, and leaves the outputs where the engine looks for them. Fronts (local.py, kubeflow.py, argo.py) know the engines.
#
# Only `sys`, `os` and `time` are imported at the top, the rest where it is needed: each import costs a start of some milliseconds.
# No two braces may stand side by side in any of these files: the engines' templates would read them.
#
# A type is a word (`str int float bool date datetime artifact`, with `?` for one that may be absent) or an object of one key: `list`,
# `dict`, `optional` with a type, `record` with types by name, `refined` with `base` and `min`, `max`, `one_of` or `matches`.
import os
import sys
import time

STARTED = time.time()
# What carries numbers as doubles keeps no int beyond this.
EXACT = 2**53


# A fault that one line says.
class Refused(Exception):
    pass


def split(ty):
    if isinstance(ty, str):
        return (ty[:-1], True) if ty.endswith("?") else (ty, False)
    return (ty["optional"], True) if "optional" in ty else (ty, False)


# The word of a scalar type or of a refinement's base, else nothing.
def word(base):
    if isinstance(base, str):
        return base
    return base["refined"]["base"] if "refined" in base else None


def is_text(base):
    return word(base) in ("str", "date", "datetime")


def show(ty):
    base, optional = split(ty)
    if optional:
        return ("(%s)?" if "refined" in base else "%s?") % show(base)
    if isinstance(base, str):
        return base
    # if list dict record refined
    ((kind, inner),) = base.items()
    # if list
    if kind == "list":
        return "list[%s]" % show(inner)
    # if dict
    if kind == "dict":
        return "dict[str, %s]" % show(inner)
    # if record
    if kind == "record":
        return "{%s}" % ", ".join("%s: %s" % (name, show(field)) for name, field in inner.items())
    # if refined
    return show_refined(inner)


def show_refined(inner):
    text = inner["base"]
    if "min" in inner or "max" in inner:
        text += " in %s..=%s" % (dumps(inner.get("min", "")), dumps(inner.get("max", "")))
    if "one_of" in inner:
        text += " in " + dumps(inner["one_of"])
    if "matches" in inner:
        text += " matches " + dumps(inner["matches"])
    return text


def quote(value):
    text = value if isinstance(value, str) else repr(value)
    return repr(value) if len(text) <= 80 else repr(text[:80]) + " .."


def wrong(what, ty, value, at, why=""):
    got = "None" if value is None else "%s %s" % (type(value).__name__, quote(value))
    place = " at `%s`" % at if at else ""
    raise Refused("%s: expected %s, got %s%s%s" % (what, show(ty), got, place, why))


def dumps(value):
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if type(value) is int or type(value) is float:
        return repr(value)
    import json

    return json.dumps(value, ensure_ascii=False, allow_nan=False)


# The value of a JSON text, which has no NaN.
def loads(what, text, ty):
    import json

    def constant(name):
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=constant)
    except ValueError:
        raise Refused("%s: expected the JSON text of %s, got %s" % (what, show(ty), quote(text)))


# The text by which a value travels; inside `?` it is always JSON.
def text_of(ty, value):
    base, optional = split(ty)
    return value if is_text(base) and not optional else dumps(value)


def from_text(what, ty, text):
    base, optional = split(ty)
    if optional:
        if text == "null":
            return None
        return conform(what, base, loads(what, text, ty), False) if is_text(base) else from_text(what, base, text)
    if is_text(base):
        return conform(what, base, text, False)
    kind = word(base)
    if kind is None:
        return conform(what, base, loads(what, text, base), False)
    if kind == "bool":
        return conform(what, base, {"true": True, "false": False}.get(text, text), False)
    return conform(what, base, number(text), False)


# A number's text as int or float; all else as it is.
def number(text):
    digits = text[1:] if text[:1] == "-" else text
    if digits.isdigit() and digits.isascii() and len(digits) < 400:
        return int(text)
    if digits[:1].isdigit() and all(c in "0123456789+-.eE" for c in digits):
        try:
            return float(text)
        except ValueError:
            pass
    return text


# The value of what a JSON document holds. Engines that carry texts give a number as one.
def from_json(what, ty, value):
    base, optional = split(ty)
    if isinstance(value, str) and (optional or not is_text(base)):
        return from_text(what, ty, value)
    return conform(what, ty, value, False)


# The value as one of the type. Inputs are taken as engines carry them (`3.0` for an int); what a function `gave` is taken strictly, but
# for numpy's scalars and arrays.
def conform(what, ty, value, gave, at=""):
    base, optional = split(ty)
    if value is None:
        return None if optional else wrong(what, ty, value, at)
    if isinstance(base, str):
        return scalar(what, base, value, gave, at)
    # if list dict record refined
    ((kind, inner),) = base.items()
    # if refined
    if kind == "refined":
        value = scalar(what, inner["base"], value, gave, at)
        return value if keeps(inner, value) else wrong(what, base, value, at)
    # if list
    if kind == "list":
        if gave and not isinstance(value, (list, tuple)) and hasattr(value, "tolist"):
            value = value.tolist()
        if not isinstance(value, (list, tuple)):
            wrong(what, base, value, at)
        return [conform(what, inner, item, gave, "%s[%d]" % (at, i)) for i, item in enumerate(value)]
    # if dict record
    entries = fields(value)
    # if dict record
    if entries is None or not all(isinstance(key, str) for key in entries):
        wrong(what, base, value, at)
    # if dict
    if kind == "dict":
        return dict((key, conform(what, inner, item, gave, "%s.%s" % (at, key))) for key, item in entries.items())
    # if record
    return conform_record(what, base, value, entries, gave, at)


def conform_record(what, base, value, entries, gave, at):
    inner = base["record"]
    whole = {}
    for name, field in inner.items():
        if name not in entries and not split(field)[1]:
            wrong(what, base, value, at, ": the field `%s` is missing" % name)
        whole[name] = conform(what, field, entries.get(name), gave, "%s.%s" % (at, name))
    # More fields than asked for do no harm.
    whole.update((name, item) for name, item in entries.items() if name not in inner)
    return whole


def scalar(what, kind, value, gave, at):
    # if gives
    if gave and not isinstance(value, (str, int, float)) and hasattr(value, "item"):
        try:
            value = value.item()
        except Exception:
            pass
    if kind == "bool":
        if isinstance(value, bool):
            return value
    # if int float
    elif kind in ("int", "float"):
        if isinstance(value, float) and kind == "int" and not gave and abs(value) <= EXACT and value == value // 1:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if not -(2**63) <= value < 2**63:
                wrong(what, kind, value, at, ", which is beyond 64 bits")
            return float(value) if kind == "float" else int(value)
        if isinstance(value, float) and kind == "float":
            # Not so for NaN and the infinities.
            return float(value) if value - value == 0 else wrong(what, kind, value, at, ", which no JSON number is")
    # if str
    elif kind == "str":
        if isinstance(value, str):
            return str.__str__(value)
    # if date datetime
    else:
        if gave and kind == next((c.__name__ for c in type(value).__mro__ if c.__module__ == "datetime"), None):
            return value.isoformat()
        if isinstance(value, str) and (is_date if kind == "date" else is_datetime)(value):
            return str.__str__(value)
        example = "2024-01-31" if kind == "date" else "2024-01-31T12:00:00Z"
        wrong(what, kind, value, at, ": a %s is a text such as %s" % (kind, example))
    return wrong(what, kind, value, at)


def is_date(text):
    parts = text.split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isdigit() and part.isascii() for part in parts):
        return False
    year, month, day = map(int, parts)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= month <= 12 and 1 <= day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def is_datetime(text):
    import re

    clock = r"[Tt ]([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)([.,]\d{1,9})?)?)?([Zz]|[+-]\d\d(:?\d\d)?)?"
    return is_date(text[:10]) and re.fullmatch(clock, text[10:], re.ASCII) is not None


def keeps(bounds, value):
    if "min" in bounds and value < bounds["min"] or "max" in bounds and value > bounds["max"]:
        return False
    if "one_of" in bounds and value not in bounds["one_of"]:
        return False
    if "matches" in bounds:
        import re

        return re.fullmatch(bounds["matches"], value) is not None
    return True


# The entries of a dict, a dataclass or a named tuple; nothing for all else.
def fields(value):
    if isinstance(value, dict):
        return value
    if not isinstance(value, type):
        if hasattr(value, "__dataclass_fields__"):
            return dict((name, getattr(value, name)) for name in value.__dataclass_fields__)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return dict(zip(value._fields, value))
    return None


# Gives tracebacks and `inspect` the text of a module that is no file.
class Loader:
    def __init__(self, source):
        self.source = source

    def get_source(self, name):
        return self.source


# A module of the standard library, whose place a step's file must not take.
def is_pythons(name):
    if hasattr(sys, "stdlib_module_names"):
        return name in sys.stdlib_module_names
    # Before Python 3.10.
    path = os.path.join(os.path.dirname(os.__file__), name)
    return name in sys.builtin_module_names or os.path.exists(path + ".py") or os.path.isdir(path)


# Runs a source as a module of its own, so that dataclasses, pickle and type hints find it under its name. `folder` holds it as a file of that
# name, for the processes that it may start; without one they can only be forked.
def embed(file, source, folder):
    source = source[1:] if source[:1] == "\ufeff" else source
    name = os.path.basename(file)
    name = name[:-3] if name.endswith(".py") else name
    if name in sys.modules or is_pythons(name):
        name = "mlpc_" + name
    if folder:
        sys.path.append(folder)
    module = type(sys)(name)
    module.__file__ = file
    module.__loader__ = Loader(source)
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        fail(error, file, source)
    return module


# Prints an error of the step's code as Python does, without the frames of the shim, and ends.
def fail(error, file=None, source=None):
    import linecache
    import traceback

    if source is not None:
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals["__name__"] in (__name__, "__main__"):
        trace = trace.tb_next
    sys.stdout.flush()
    traceback.print_exception(type(error), error, trace)
    sys.exit(1)


# What is beside the caller comes last, so that no file there hides a module that the shim or the step imports.
def settle_path():
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[:1]
        sys.path.append(os.getcwd())


def load(step):
    # if embedded
    if "module" not in step:
        return embed(step["file"], step["source"], step.get("folder"))
    # if module
    return imported(step["module"])


def imported(name):
    try:
        __import__(name)
    except Exception as error:
        fail(error)
    return sys.modules[name]


def call_function(step, values, places):
    name = step["function"]
    function = getattr(load(step), name, None)
    if not callable(function):
        raise Refused("there is no function `%s` in `%s`" % (name, step.get("module") or step["file"]))
    arguments = dict((port["name"], argument(port, values[port["name"]])) for port in step["inputs"])
    # if written
    for port in step["outputs"]:
        if port["by"] != "returned":
            arguments[port["name"]] = argument(dict(port, **{"as": port["by"]}), places[port["name"]])
    try:
        result = function(**arguments)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
        result = None
    except Exception as error:
        fail(error, step.get("file"), step.get("source"))
    return spread(step, result)


def argument(port, value):
    # if as_path
    if port.get("as") == "path" and value is not None:
        from pathlib import Path

        return [Path(item) for item in value] if isinstance(value, list) else Path(value)
    return value


# What a function returned, by output.
def spread(step, result):
    ports = [port for port in step["outputs"] if port["by"] == "returned"]
    if len(ports) < 2:
        return dict((port["name"], result) for port in ports)
    # if several
    return apart(step, ports, result)


def apart(step, ports, result):
    names = ["`%s`" % port["name"] for port in ports]
    entries = fields(result)
    if entries is None:
        found = "None" if result is None else "%s %s" % (type(result).__name__, quote(result))
        raise Refused(
            "`%s` returned %s: expected a dict, a dataclass or a named tuple with %s"
            % (step["function"], found, ", ".join(names))
        )
    missing = ["`%s`" % port["name"] for port in ports if port["name"] not in entries and not split(port["type"])[1]]
    known = [port["name"] for port in ports]
    unknown = ["`%s`" % key for key in entries if key not in known]
    if missing or unknown:
        why = ["no " + ", ".join(missing)] if missing else []
        why += [", ".join(unknown) + ", which is no output"] if unknown else []
        raise Refused("`%s` returned %s" % (step["function"], " and ".join(why)))
    return dict((name, entries.get(name)) for name in known)


# What does a step's work, by the key of its description that names it; gives what is no file at its place yet.
WORK = {}
# if function
WORK["function"] = call_function


# Runs the step: `values` by input (for an artifact its path or paths), `places` by output. Gives the values of the outputs; their artifacts
# are in place.
def perform(step, values, places):
    places = dict((name, os.path.abspath(path)) for name, path in places.items())
    taken = []
    # if placed
    for port in step["inputs"]:
        if port.get("as", "value") != "value" and values[port["name"]] is not None:
            paths = values[port["name"]]
            taken += [os.path.realpath(path) for path in (paths if isinstance(paths, list) else [paths])]
    for path in places.values():
        os.makedirs(os.path.dirname(path), exist_ok=True)
    work = [WORK[key] for key in WORK if key in step]
    returned = work[0](step, values, places)
    sys.stdout.flush()
    given = {}
    moves = []
    for port in step["outputs"]:
        name, ty = port["name"], port["type"]
        what, path = "output `%s`" % name, places[name]
        artifact = split(ty)[0] == "artifact"
        if port["by"] == "returned" and not artifact:
            given[name] = conform(what, ty, returned[name], True)
        # if placed
        elif port["by"] == "returned":
            if returned[name] is not None or not split(ty)[1]:
                moves.append((what, returned[name], path))
        # if written
        elif not os.path.exists(path):
            if not artifact or not split(ty)[1]:
                raise Refused("%s: nothing was written to its path %s" % (what, path))
        # if written
        elif not artifact:
            given[name] = read_back(what, ty, path)
    # if placed
    for at, (what, source, path) in enumerate(moves):
        later = [os.path.realpath(move[1]) for move in moves[at + 1 :] if isinstance(move[1], (str, os.PathLike))]
        place(what, source, path, taken + later)
    return given


# The value that a step wrote to a file.
def read_back(what, ty, path):
    if os.path.isdir(path):
        raise Refused("%s: expected a file with %s, got a folder" % (what, show(ty)))
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("%s: expected the text of %s, got bytes that are no UTF-8" % (what, show(ty)))
    text = text[:-1] if text[-1:] == "\n" else text
    return from_text(what, ty, text if is_text(split(ty)[0]) else text.strip())


# The text of a value, as bytes.
def encoded(what, ty, value):
    try:
        return text_of(ty, value).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("%s: the text %s is no valid Unicode" % (what, quote(value)))
    except (TypeError, ValueError) as error:
        raise Refused("%s: expected %s, got what is no JSON: %s" % (what, show(ty), error))


# Where the reader drops one final newline (`trims`), one more keeps a text's own.
def write(data, path, trims):
    with open(path, "wb") as file:
        file.write(data + b"\n" if trims and data.endswith(b"\n") else data)


# Puts the file or folder that a function returned the path of in its place. What the step did not make itself is copied: its inputs, what
# was there before, what another output needs (`kept`).
def place(what, source, target, kept):
    if isinstance(source, bytes) or not isinstance(source, (str, os.PathLike)):
        got = "None" if source is None else "%s %s" % (type(source).__name__, quote(source))
        raise Refused("%s: expected the path of a file or folder, got %s" % (what, got))
    given = os.fspath(source)
    if not given or not os.path.exists(given):
        raise Refused("%s: there is no file or folder %s, which the function returned" % (what, quote(given)))
    source, target = os.path.realpath(given), os.path.realpath(target)
    if source == target:
        return
    if within(target, source):
        raise Refused("%s: the folder %s holds the place of the output itself" % (what, quote(given)))
    links = foreign_links(source)
    shared = any(within(path, source) or within(source, path) for path in kept)
    own = not (shared or is_old(source))
    clear(target)
    if own and not links:
        try:
            os.rename(source, target)
            return
        except OSError:
            pass
    import shutil

    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=not links)
    else:
        shutil.copy2(source, target)
    if own:
        try:
            clear(source)
        except OSError:
            pass


def within(path, folder):
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def entries_of(path):
    yield path
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            yield os.path.join(folder, name)


# Something in it was there before the step.
def is_old(path):
    return any(os.lstat(entry).st_ctime < STARTED - 0.01 for entry in entries_of(path))


# Something in it is a link to what is not in it.
def foreign_links(path):
    return any(os.path.islink(entry) and not within(os.path.realpath(entry), path) for entry in entries_of(path))


def clear(path):
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


# Runs a front; a fault that one line says is one line.
def main(front):
    try:
        sys.stdout.reconfigure(line_buffering=True)
    except AttributeError:
        pass
    try:
        front()
    except Refused as refused:
        sys.stdout.flush()
        sys.stderr.write("mlpc: %s\n" % refused)
        sys.exit(1)
