# Part: steps that are a command or a script. They write their outputs to paths.


# The text by which a port stands in an argument; nothing when it is absent.
def texts_of(step, values, places):
    texts = dict(places)
    for port in step["inputs"]:
        name, value = port["name"], values[port["name"]]
        if value is None or isinstance(value, str):
            texts[name] = value
        else:
            paths = port.get("as", "value") != "value"
            texts[name] = value if paths else dumps(value)
        if isinstance(texts[name], str) and "\0" in texts[name]:
            raise Refused("input `%s`: a text with a NUL can't be an argument" % name)
    return texts


# A word is a list of parts: a text, or `port` with a name. A list of artifacts that stands alone gives a word a path.
def word_of(parts, texts):
    values = [part if isinstance(part, str) else texts[part["port"]] for part in parts]
    if len(values) == 1 and isinstance(values[0], list):
        return values[0]
    return ["".join("\n".join(value) if isinstance(value, list) else value for value in values)]


def run(step, values, places):
    texts = texts_of(step, values, places)
    argv = []
    for item in step["run"]:
        group = item["group"] if isinstance(item, dict) else [item]
        absent = [
            part["port"] for parts in group for part in parts if isinstance(part, dict) and texts[part["port"]] is None
        ]
        if absent and not isinstance(item, dict):
            raise Refused("input `%s` is absent, and stands outside a group" % absent[0])
        if not absent:
            for parts in group:
                argv += word_of(parts, texts)
    return spawn(argv)


def shell(step, values, places):
    head, argv = [], []
    for name, text in texts_of(step, values, places).items():
        if text is None:
            head.append("unset %s" % name)
        else:
            argv.append("\n".join(text) if isinstance(text, list) else text)
            # Beyond nine, a number stands in braces.
            head.append("%s=${%d}" % (name, len(argv)))
    head.append("shift %d" % len(argv))
    return spawn(["sh", "-eu", "-c", "; ".join(head) + "\n" + step["shell"], "sh"] + argv)


def spawn(argv):
    sys.stdout.flush()
    try:
        pid = os.posix_spawnp(argv[0], argv, os.environ)
    except OSError as error:
        raise Refused("%s: %s" % (argv[0], error.strerror))
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        sys.exit(128 + os.WTERMSIG(status))
    if status != 0:
        sys.exit(os.WEXITSTATUS(status))
    return {}


WORK.update(run=run, shell=shell)
