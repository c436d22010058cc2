# The front for Airflow: the arguments are the step's description, in which inputs hold what they are `given`, outputs their `path`, and
# `result` is where a JSON object with every output goes: a path, or `-` for the last line that is printed. An artifact in it is its path.

# The most that a task may hand on by content: it goes through Airflow's database.
MOST = 256 * 1024


def from_value(what, ty, value):
    return conform(what, ty, value, False)


CARRIED.update(value=from_value)


def airflow():
    import json

    step = description(sys.argv[1:])
    result = {}

    def check(what, port, value, data):
        if len(data) > MOST:
            raise Refused("%s: %d bytes are more than the 256 KiB that go through Airflow's database" % (what, len(data)))
        result[port["name"]] = value

    places = dict((port["name"], port["path"]) for port in step["outputs"])
    for path in places.values():
        # What an attempt that failed left there.
        clear(path)
    contain(step, lambda port: port.get("given"), "value", places, check, False)
    for port in step["outputs"]:
        if split(port["type"])[0] == "artifact":
            result[port["name"]] = port["path"] if os.path.exists(port["path"]) else None
    text = json.dumps(dict((port["name"], result[port["name"]]) for port in step["outputs"]))
    if step["result"] == "-":
        sys.stdout.write("\n%s\n" % text)
    else:
        os.makedirs(os.path.dirname(step["result"]), exist_ok=True)
        write(text.encode("ascii"), step["result"], False)


if __name__ == "__main__":
    settle_path()
    main(airflow)
