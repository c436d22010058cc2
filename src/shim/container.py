# Part of the fronts for containers: the step's description as an argument, and values as engines carry them.
#
# The description is a JSON object, or the base64 of one in one argument or several, or `@` and the path of a file that holds one:
#
#     function, file, source | function, module    a Python function; or
#     function, file, at                           the same with the path of its source, `encoded` when that is base64
#     run | shell | give | fail | require          what else a step can be (child.py, expr.py)
#     inputs    [name, type, as: value|str|path, key, carried, expr]: the ports; those with an `expr` are computed
#     reads     the same: what only expressions read
#     outputs   [name, type, by: returned|str|path, key, carried]
#     packages  what pip installs before
#
# `key` is the engine's name for the port where it is another. `carried` says how a value comes or goes: `json` (a JSON value), `text` (the
# value's text), `base64` (of its text), or `each` with how the items of a list are.


def description(words):
    import base64
    import json

    text = "".join(words)
    if text[:1] == "@":
        with open(text[1:]) as file:
            text = file.read()
    return json.loads(text if text[:1] == "{" else base64.b64decode(text))


def source_at(path, encoded):
    with open(path, "rb") as file:
        data = file.read()
    if encoded:
        import base64

        data = base64.b64decode(data)
    return data.decode("utf-8")


def from_base64(what, ty, raw):
    import base64

    try:
        return from_text(what, ty, base64.b64decode(raw, validate=True).decode("utf-8"))
    except (TypeError, ValueError):
        raise Refused("%s: expected base64, got %s" % (what, quote(raw)))


# Argo makes a list of texts that are all JSON lists or objects a list of these.
def from_carried_text(what, ty, raw):
    return from_text(what, ty, raw) if isinstance(raw, str) else from_json(what, ty, raw)


CARRIED = {"json": from_json, "text": from_carried_text}
# if carried_base64
CARRIED["base64"] = from_base64


def carry(what, ty, raw, carried):
    # if each
    if isinstance(carried, dict):
        base, optional = split(ty)
        if isinstance(raw, str):
            raw = loads(what, raw, ty)
        if raw is None and optional:
            return None
        if not isinstance(raw, list):
            wrong(what, ty, raw, "")
        return [carry("%s[%d]" % (what, i), base["list"], item, carried["each"]) for i, item in enumerate(raw)]
    return CARRIED[carried](what, ty, raw)


# What to call an input in a message.
def told(port):
    return port.get("what") or "input `%s`" % port["name"]


# Runs the described step. `find` gives what the engine has for a port: a path, paths, or a value as it is carried; `carried` is how, where
# a port does not say it; `places` are the paths of the outputs; `check` refuses a value, given with its text, that the engine can't carry;
# `trims` says that the engine drops one final newline.
def contain(step, find, carried, places, check, trims):
    scope, values = {}, {}
    ports = step.get("reads", []) + step["inputs"]
    for port in ports:
        if "expr" not in port:
            name, raw = port["name"], find(port)
            if port.get("as", "value") == "value":
                raw = carry(told(port), port["type"], raw, port.get("carried", carried))
            scope[name] = raw
    # if expressions
    for port in ports:
        if "expr" in port:
            value = evaluate(port["expr"], scope)
            values[port["name"]] = conform(told(port), port["type"], value, False)
    # if packages
    if "packages" in step:
        install(step["packages"])
    # if at
    if "at" in step:
        step["source"] = source_at(step["at"], step.get("encoded"))
    # if embedded
    if "source" in step:
        step["folder"] = keep(step["file"], step["source"])
    try:
        given = perform(step, dict(scope, **values), places)
    finally:
        # if embedded
        if step.get("folder"):
            clear(step["folder"])
        pass
    for port in step["outputs"]:
        name, ty = port["name"], port["type"]
        if name not in given:
            continue
        what, path = "output `%s`" % name, places[name]
        data = encoded(what, ty, given[name])
        check(what, port, given[name], data)
        # if carried_base64
        if port.get("carried") == "base64":
            import base64

            data = base64.b64encode(data)
        write(data, path, trims)


# Ints that a carrier of doubles would round.
def exact(what, value):
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            exact(what, item)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        raise Refused("%s: %d is beyond 2^53, and this engine carries numbers as doubles" % (what, value))


# The source as a file of its name in a folder of its own, for the processes that a step may start; nothing where nothing can be written.
def keep(file, source):
    folder = os.path.join(os.environ.get("TMPDIR") or "/tmp", "mlpc-" + os.urandom(8).hex())
    try:
        os.mkdir(folder)
        with open(os.path.join(folder, os.path.basename(file)), "w", encoding="utf-8", newline="") as written:
            written.write(source)
    except OSError:
        return None
    return folder
