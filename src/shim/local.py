# The front for local runs: with the core a module `mlpc_step`, whose compiled form Python keeps, beside a `shim.py` that starts it.
#
#     python shim.py FILE NAME FUNCTION (SPEC PORT TEXT)..
#     python shim.py @CALL.json
#
# FILE holds the source; NAME is what tracebacks call it. An empty FILE means that NAME is an installed module. Each port is three words:
#
#     =TYPE  PORT TEXT    an input's value by its text
#     =null  PORT ""      an absent input
#     <str   PORT PATH    an artifact as `str`; <path as `pathlib.Path`
#     <strs  PORT PATHS   a list of artifacts, a JSON list; <paths likewise
#     >TYPE  PORT PATH    an output that the function returns, and where it goes (TYPE `artifact` for a file or folder)
#     >str:TYPE  PORT PATH    an output that it writes to the path it gets by the parameter of that name; >path:TYPE likewise
#
# A TYPE that begins with a brace is JSON. CALL.json is a list of the words after it, for what an argument cannot hold.


def words():
    # The bytes as they were given, whatever the locale makes of them.
    texts = [text if text.isascii() else os.fsencode(text).decode("utf-8") for text in sys.argv[1:]]
    if texts[0][:1] == "@":
        import json

        with open(texts[0][1:], encoding="utf-8") as file:
            texts = json.load(file)
    return texts


def local_type(text):
    if text[:1] == "{":
        import json

        return json.loads(text)
    return text


def local_step(texts):
    step = {"function": texts[2], "inputs": [], "outputs": []}
    if texts[0]:
        with open(texts[0], encoding="utf-8", newline="") as file:
            step.update(file=texts[1], source=file.read(), folder=os.path.dirname(os.path.abspath(texts[0])))
    else:
        step["module"] = texts[1]
    values, places = {}, {}
    for spec, name, text in zip(texts[3::3], texts[4::3], texts[5::3]):
        kind, spec = spec[0], spec[1:]
        port = {"name": name, "type": "artifact"}
        if kind == "=":
            step["inputs"].append(port)
            values[name] = None if spec == "null" else from_text("input `%s`" % name, local_type(spec), text)
        elif kind == "<":
            port["as"] = "path" if spec in ("path", "paths") else "str"
            step["inputs"].append(port)
            values[name] = loads("input `%s`" % name, text, spec) if spec in ("strs", "paths") else text
        else:
            by = [by for by in ("str", "path") if spec.startswith(by + ":")]
            port["by"] = by[0] if by else "returned"
            port["type"] = local_type(spec[len(by[0]) + 1 :] if by else spec)
            step["outputs"].append(port)
            places[name] = text
    return step, values, places


def local():
    step, values, places = local_step(words())
    given = perform(step, values, places)
    for port in step["outputs"]:
        # What the function wrote itself stands as it is.
        if port["name"] in given and port["by"] == "returned":
            write(encoded("output `%s`" % port["name"], port["type"], given[port["name"]]), places[port["name"]], True)
