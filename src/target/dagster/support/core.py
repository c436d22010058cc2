# What follows is the same in every module that mlpc writes for Dagster: how steps run,
# where their values are kept, and what is known of a run.

_Context = dg.OpExecutionContext | dg.AssetExecutionContext
_MISSING: Any = object()


def _root(instance: dg.DagsterInstance) -> str:
    """The folder of all runs: `MLPC_ROOT`, else below the instance's own storage."""
    root = os.environ.get("MLPC_ROOT")
    return os.path.abspath(root or os.path.join(instance.storage_directory(), "mlpc"))


def _write_json(path: str, value: Any) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(part, path)


def _read_json(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return _MISSING


def _value_file(instance: dg.DagsterInstance, run: str, key: Sequence[str]) -> str:
    return os.path.join(_root(instance), run, "values", *key) + ".json"


class _RunIO(dg.ConfigurableIOManager):
    """Keeps the values of each run by themselves, as JSON: no run reads another's.

    What a run did not make, because only some assets were selected, is the latest.
    """

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        key = self._key(context)
        instance = context.step_context.instance
        _write_json(_value_file(instance, context.run_id, key), obj)

    def load_input(self, context: dg.InputContext) -> Any:
        instance = context.step_context.instance
        if not context.has_asset_key:
            up = context.upstream_output
            assert up is not None
            return _read_json(_value_file(instance, up.run_id, self._key(up)))
        key = context.asset_key.path
        value = _read_json(_value_file(instance, context.step_context.run_id, key))
        if value is _MISSING:
            event = instance.get_latest_materialization_event(context.asset_key)
            run = event.run_id if event is not None else ""
            value = _read_json(_value_file(instance, run, key))
        if value is _MISSING:
            raise dg.Failure(f"nothing has made {context.asset_key.to_user_string()}")
        return value

    @staticmethod
    def _key(context: dg.OutputContext) -> Sequence[str]:
        if context.has_asset_key:
            return context.asset_key.path
        return ["ops", *context.get_identifier()[1:]]


class _StepFailed(Exception):
    """A step that ended without its outputs; the text says why."""


def _step(
    context: _Context,
    name: str,
    component: dict[str, Any],
    inputs: dict[str, Any],
    *,
    retry: Sequence[float] = (),
    timeout: float | None = None,
    cache: float | None = None,
    packages: Sequence[str] = (),
    env: dict[str, str] | None = None,
    secrets: Sequence[str] = (),
    image: str = "",
    inside: bool = False,
) -> dict[str, Any]:
    """Runs a component as a process of its own; gives its outputs by name.

    `retry` are the seconds to wait before each further attempt, `timeout` the seconds
    of one attempt, `cache` the greatest age of an earlier result in seconds. A step
    that is `inside` of an op with others is tried again here, else by the engine.
    """
    folder = os.path.join(_root(context.instance), context.run_id, "tasks", name)
    state = os.path.join(folder, "state.json")
    attempt = 0 if inside else context.retry_number
    key = None
    if cache is not None:
        key = _cache_key(component, inputs, [list(packages), env, image])
        outputs = _from_cache(context, key, cache, os.path.join(folder, "cached"))
        if outputs is not None:
            context.log.info(f"{name}: an earlier result of the same inputs is taken")
            _write_json(state, {"state": "cached", "attempts": 0})
            return outputs
    while True:
        started = time.time()
        try:
            outputs = _attempt(
                context,
                os.path.join(folder, str(attempt + 1)),
                component,
                inputs,
                timeout,
                packages,
                env or {},
                secrets,
            )
        except _StepFailed as failed:
            _write_json(state, {"state": "failed", "attempts": attempt + 1})
            if attempt >= len(retry):
                raise dg.Failure(f"{name}: {failed}", allow_retries=False) from None
            if not inside:
                raise dg.RetryRequested(len(retry), retry[attempt]) from failed
            context.log.warning(f"{name}: {failed}; it is tried again")
            time.sleep(retry[attempt])
            attempt += 1
            continue
        if isinstance(context, dg.OpExecutionContext):
            _log_artifacts(context, name, component, outputs)
        seconds = round(time.time() - started, 3)
        _write_json(
            state, {"state": "succeeded", "attempts": attempt + 1, "seconds": seconds}
        )
        if key is not None:
            _into_cache(context, key, outputs, component)
        return outputs


def _attempt(
    context: _Context,
    folder: str,
    component: dict[str, Any],
    inputs: dict[str, Any],
    timeout: float | None,
    packages: Sequence[str],
    env: dict[str, str],
    secrets: Sequence[str],
) -> dict[str, Any]:
    missing = [variable for variable in secrets if variable not in os.environ]
    if missing:
        raise _StepFailed(f"the secret {missing[0]} is not in the environment")
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    outputs = os.path.join(folder, "outputs")
    os.makedirs(outputs)
    places = {
        port["name"]: os.path.join(outputs, port["name"])
        for port in component["outputs"]
    }
    result = os.path.join(folder, "result.json")
    call = os.path.join(folder, "call.json")
    _write_json(
        call,
        {"step": component, "values": inputs, "places": places, "result": result},
    )
    python, programs = _python(context, packages)
    environment = {**os.environ, **env}
    if programs:
        environment["PATH"] = programs + os.pathsep + environment.get("PATH", "")
    _process([python, _shim(context), call], environment, timeout)
    given = _read_json(result)
    if given is _MISSING:
        raise _StepFailed("it ended without a result")
    return given


def _process(argv: list[str], env: dict[str, str], timeout: float | None) -> None:
    sys.stdout.flush()
    process = subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    last: collections.deque[str] = collections.deque(maxlen=1)

    def pass_on() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            sys.stderr.write(line)
            if line.strip():
                last.append(line.strip())

    reader = threading.Thread(target=pass_on, daemon=True)
    reader.start()
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise _StepFailed(f"it took longer than {timeout:g} s") from None
    finally:
        # Nothing that the step started is left behind, also when the run is ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join(1)
    if code != 0:
        end = f"signal {-code}" if code < 0 else f"exit code {code}"
        said = last[0].removeprefix("mlpc: ") if last else "it said nothing"
        raise _StepFailed(f"{said} ({end})")


def _shim(context: _Context) -> str:
    """The path of the script that runs a step, of which Python keeps a compiled form."""
    digest = hashlib.sha256((_START + _SHIM).encode()).hexdigest()[:16]
    folder = os.path.join(_root(context.instance), "shim", digest)
    if not os.path.isdir(folder):
        part = f"{folder}.{os.getpid()}.{threading.get_ident()}"
        os.makedirs(part)
        for name, text in (("shim.py", _START), ("mlpc_step.py", _SHIM)):
            with open(os.path.join(part, name), "w", encoding="utf-8") as file:
                file.write(text)
        try:
            os.rename(part, folder)
        except OSError:
            shutil.rmtree(part)
    return os.path.join(folder, "shim.py")


def _python(context: _Context, packages: Sequence[str]) -> tuple[str, str]:
    """The interpreter that has the packages, and the folder of its programs if it is
    none of this process: a virtual environment, made once for each set of packages."""
    if all(_is_installed(package) for package in packages):
        return sys.executable, ""
    wanted = json.dumps([sys.version, sys.prefix, sorted(packages)])
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    folder = os.path.join(_root(context.instance), "venvs", digest)
    programs = os.path.join(folder, "bin")
    python = os.path.join(programs, "python")
    os.makedirs(folder, exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, ".complete")):
            context.log.info(f"a virtual environment is made in {folder}")
            pip = [python, "-m", "pip", "install", "--quiet", "--no-input", "--"]
            make = [sys.executable, "-m", "venv", "--clear", folder]
            for command in (make, [*pip, *packages]):
                done = subprocess.run(
                    command, capture_output=True, check=False, text=True
                )
                if done.returncode != 0:
                    lines = (done.stderr or done.stdout).strip().splitlines()
                    why = lines[-1] if lines else f"exit code {done.returncode}"
                    raise _StepFailed(f"{', '.join(packages)}: {why}")
            with open(os.path.join(folder, ".complete"), "w"):
                pass
    return python, programs


def _is_installed(package: str) -> bool:
    name, _, version = package.partition("==")
    try:
        return importlib.metadata.version(name.strip()) == version.strip()
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False


def _digest(path: str) -> str:
    """Of a file's bytes, or of the names and bytes in a folder."""
    whole = hashlib.sha256()
    files = [path]
    if os.path.isdir(path):
        walk = os.walk(path)
        files = sorted(
            os.path.join(at, name) for at, _, names in walk for name in names
        )
    for name in files:
        whole.update(os.path.relpath(name, path).encode() + b"\0")
        if os.path.exists(name):
            with open(name, "rb") as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    whole.update(chunk)
    return whole.hexdigest()


def _cache_key(component: dict[str, Any], inputs: dict[str, Any], rest: Any) -> str:
    by_content = dict(inputs)
    for port in component["inputs"]:
        value = by_content.get(port["name"])
        if port.get("as", "value") != "value" and value is not None:
            paths = value if isinstance(value, list) else [value]
            by_content[port["name"]] = [_digest(path) for path in paths]
    parts = [component, by_content, rest, sys.version]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _from_cache(
    context: _Context, key: str, age: float, target: str
) -> dict[str, Any] | None:
    entry = os.path.join(_root(context.instance), "cache", key)
    result = _read_json(os.path.join(entry, "result.json"))
    if result is _MISSING or time.time() - result["time"] > age:
        return None
    if os.path.lexists(target):
        shutil.rmtree(target)
    outputs: dict[str, Any] = result["outputs"]
    for name in result["artifacts"]:
        outputs[name] = os.path.join(target, name)
        _copy(os.path.join(entry, name), outputs[name])
    return outputs


def _into_cache(
    context: _Context, key: str, outputs: dict[str, Any], component: dict[str, Any]
) -> None:
    entry = os.path.join(_root(context.instance), "cache", key)
    part = f"{entry}.{os.getpid()}.{threading.get_ident()}"
    os.makedirs(part)
    artifacts = [
        port["name"]
        for port in component["outputs"]
        if port["type"] in ("artifact", "artifact?") and outputs[port["name"]]
    ]
    for name in artifacts:
        _copy(outputs[name], os.path.join(part, name))
    entries = {"time": time.time(), "outputs": outputs, "artifacts": artifacts}
    _write_json(os.path.join(part, "result.json"), entries)
    with contextlib.suppress(FileNotFoundError):
        os.rename(entry, part + ".old")
        shutil.rmtree(part + ".old")
    try:
        os.rename(part, entry)
    except OSError:
        shutil.rmtree(part)


def _copy(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _result(
    context: dg.AssetExecutionContext, value: Any, key: Sequence[str], is_path: bool
) -> dg.MaterializeResult[Any]:
    """An output as what its asset is now: the data version is a digest of the content."""
    text = json.dumps(value, sort_keys=True)
    content = _digest(value) if is_path and value is not None else text
    shown: dg.MetadataValue[Any]
    if is_path and value is not None:
        shown = dg.MetadataValue.path(value)
    elif isinstance(value, (dict, list)):
        shown = dg.MetadataValue.json(value)
    else:
        shown = dg.MetadataValue.text(value if isinstance(value, str) else text)
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(key),
        value=value,
        data_version=dg.DataVersion(hashlib.sha256(content.encode()).hexdigest()),
        metadata={"path" if is_path else "value": shown},
    )


def _log_artifacts(
    context: dg.OpExecutionContext,
    name: str,
    component: dict[str, Any],
    outputs: dict[str, Any],
) -> None:
    """The artifacts of a step that is no asset are in the catalogue, too."""
    for port in component["outputs"]:
        path = outputs[port["name"]]
        if port["type"] in ("artifact", "artifact?") and path is not None:
            parts = [*re.split(r"\W+", name), port["name"]]
            metadata = {"path": dg.MetadataValue.path(path)}
            key = dg.AssetKey([part for part in parts if part])
            context.log_event(dg.AssetMaterialization(key, metadata=metadata))
