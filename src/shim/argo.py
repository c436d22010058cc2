# The front for Argo Workflows: the first argument is the step's description, the rest the values that its ports name.
#
# An input says where it is: `arg` is the number of a further argument, `file` the path of a file with its text, `path` the path of an artifact,
# `paths` those of a list, `folder` one that holds a list, in the order of its names. An output says its `path`.


def find(port):
    if "arg" in port:
        return sys.argv[2 + port["arg"]]
    # if in_file
    if "file" in port:
        with open(port["file"], encoding="utf-8", newline="") as file:
            return file.read()
    # if folder
    if "folder" in port:
        return [os.path.join(port["folder"], name) for name in sorted(os.listdir(port["folder"]))]
    # if paths
    if "paths" in port:
        return port["paths"]
    return port["path"] if os.path.exists(port["path"]) or not split(port["type"])[1] else None


# Argo cuts a longer output, and reads lists and dicts as JSON with doubles.
def check(what, port, value, data):
    if len(data) * (4 / 3 if port.get("carried") == "base64" else 1) > 256 * 1024:
        raise Refused("%s: %d bytes are more than the 256 KiB that Argo keeps of a value" % (what, len(data)))
    if isinstance(value, (list, dict)):
        exact(what, value)


# A digest of an artifact's content: of a folder, of its files with their names.
def digest(path):
    import hashlib

    whole = hashlib.sha256()
    for entry in sorted(entries_of(path)):
        if os.path.isfile(entry):
            part = hashlib.sha256()
            with open(entry, "rb") as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    part.update(chunk)
            whole.update(os.fsencode(os.path.relpath(entry, path)) + b"\0" + part.digest())
    return whole.hexdigest()


def argo():
    step = description(sys.argv[1:2])
    contain(step, find, "text", dict((port["name"], port["path"]) for port in step["outputs"]), check, True)
    # if digest
    for port in step["outputs"]:
        if "digest" in port:
            write(digest(port["path"]).encode("ascii"), port["digest"], False)


if __name__ == "__main__":
    settle_path()
    main(argo)
