# The front for engines that are Python programs themselves: a step is a process, and the one argument is the path of a JSON file:
#
#     step    the description: function, file, source | function, module | run | shell; inputs [name, type, as]; outputs [name, type, by]
#     values  of the inputs: an artifact as its path, a list of them as a list; what is not there is absent
#     places  the path of each output
#     result  where the outputs go as one JSON object: values as they are, artifacts as paths, null for what is absent


def process():
    import json

    with open(sys.argv[1], encoding="utf-8") as file:
        call = json.load(file)
    step, places, values = call["step"], call["places"], {}
    for port in step["inputs"]:
        name, value = port["name"], call["values"].get(port["name"])
        if port.get("as", "value") == "value":
            value = conform("input `%s`" % name, port["type"], value, False)
        values[name] = value
    if "source" in step:
        step["folder"] = keep(step["file"], step["source"])
    try:
        given = perform(step, values, places)
    finally:
        if step.get("folder"):
            clear(step["folder"])
    result = {}
    for port in step["outputs"]:
        name, ty = port["name"], port["type"]
        if split(ty)[0] == "artifact":
            result[name] = places[name] if os.path.exists(places[name]) else None
        else:
            encoded("output `%s`" % name, ty, given[name])
            result[name] = given[name]
    with open(call["result"], "w", encoding="utf-8") as file:
        json.dump(result, file)
