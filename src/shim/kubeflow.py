# The front for Kubeflow Pipelines: the first argument is the ExecutorInput, the second the step's description as JSON, the rest its source
# in pieces.
#
# `keys` are those of a list of artifacts; `chomp` drops a final newline; `unset` has the `marker` that stands for what `then` says: a
# literal, or the name of a read.

# kfp.local runs a step without Docker only when its command names this.
SDK = "kfp.dsl.executor_main"


def local_path(artifact):
    uri = artifact["uri"]
    path = artifact.get("customPath") or artifact.get("custom_path") or uri
    for scheme in ("gs", "minio", "s3", "oci"):
        prefix = scheme + "://"
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            path = "/%s/%s" % ("gcs" if scheme == "gs" else scheme, rest.replace("/", "_") if scheme == "oci" else rest)
    if (artifact.get("metadata") or {}).get("_kfp_workspace") is True:
        path = os.path.join("/kfp-workspace/.artifacts", path.lstrip("/"))
    return path


# The state of what ran before an exit task: `carried` as `status`.
def from_status(what, ty, raw):
    state = raw.get("state") if isinstance(raw, dict) else raw
    return "succeeded" if state in ("SUCCEEDED", "COMPLETE", "CACHED") else "failed"


# The date of a point in time: `carried` as `day`.
def from_day(what, ty, raw):
    return conform(what, ty, raw[:10], False)


# A JSON value as a text: `carried` as `quoted`.
def from_quoted(what, ty, raw):
    return from_json(what, ty, loads(what, raw, ty))


# if carried_status
CARRIED["status"] = from_status
# if carried_day
CARRIED["day"] = from_day
# if carried_quoted
CARRIED["quoted"] = from_quoted


# A number of its own and those in a list or struct travel as doubles; optional values are texts.
def check(what, port, value, data):
    if not split(port["type"])[1]:
        exact(what, value)


def kubeflow():
    import json

    given = json.loads(sys.argv[1])
    step = json.loads(sys.argv[2])
    # if embedded
    if "file" in step:
        step["source"] = "".join(sys.argv[3:])
    inputs, outputs = given.get("inputs", {}), given.get("outputs", {})
    parameters = inputs.get("parameterValues") or {}
    # if files
    artifacts = inputs.get("artifacts") or {}

    def find(port):
        key = port.get("key", port["name"])
        if port.get("as", "value") == "value":
            if key not in parameters:
                raise Refused("input `%s`: the engine gave no value" % port["name"])
            value = parameters[key]
            # if chomp
            if port.get("chomp") and value[-1:] == "\n":
                value = value[:-1]
            # if unset
            value = unset(port, value)
            return value
        # if files
        return files(port, key)

    # if files
    def files(port, key):
        keys = port.get("keys", [key])
        paths = [local_path(artifact) for key in keys for artifact in (artifacts.get(key) or {}).get("artifacts", [])]
        return paths if "list" in split(port["type"])[0] else paths[0] if paths else None

    # if unset
    def unset(port, value):
        if "unset" not in port or value != port["unset"]["marker"]:
            return value
        then = port["unset"]["then"]
        if "lit" in then:
            port["carried"] = "json"
            return then["lit"]
        (other,) = [read for read in step["reads"] if read["name"] == then["in"]]
        port["carried"] = other.get("carried", "json")
        return parameters[other.get("key", other["name"])]

    places, written = {}, {}
    for port in step["outputs"]:
        key = port.get("key", port["name"])
        if split(port["type"])[0] != "artifact":
            places[port["name"]] = outputs["parameters"][key]["outputFile"]
        # if files
        else:
            artifact = outputs["artifacts"][key]["artifacts"][0]
            if "://" not in artifact["uri"]:
                # kfp.local gives all tasks of a component the same paths: one would overwrite what the other wrote.
                folder, name = os.path.split(artifact["uri"])
                artifact["uri"] = os.path.join(folder, os.urandom(6).hex(), name)
            places[port["name"]] = local_path(artifact)
            entry = dict((field, artifact[field]) for field in ("name", "uri", "metadata") if field in artifact)
            written[key] = {"artifacts": [entry]}
    contain(step, find, "json", places, check, False)
    file = outputs.get("outputFile")
    if file:
        os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            json.dump({"artifacts": written}, out)


if __name__ == "__main__":
    settle_path()
    main(kubeflow)
