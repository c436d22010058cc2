"""What the flows share that mlpc compiles: blocks of tasks, steps as processes, cache keys.

It needs Prefect and the standard library only. mlpc writes it, and overwrites it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from prefect import get_run_logger, results, runtime, task
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.flows import Flow
from prefect.futures import PrefectFuture, PrefectTaskRunFuture
from prefect.settings import get_current_settings
from prefect.states import Completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

# Not said to be exported, though they are.
_RESULTS: Any = results

HERE = Path(__file__).resolve().parent
# A step that is told to end has so long before it is ended.
GRACE = 5.0
# A loop without a limit starts so many items at once.
AT_ONCE = 64


class StepFailed(Exception):
    """A step's process that ended with a failure, or too late."""


class BlockFailed(Exception):
    """A block in which something failed."""


class RequireFailed(Exception):
    """A requirement that does not hold."""


# --- values of tasks ---------------------------------------------------------


class Later(PrefectTaskRunFuture[Any]):
    """What is computed of other tasks' results, once they are there.

    To Prefect it is a future like others: as a parameter it is waited for, shown in the
    graph of the run, and resolved to its value.
    """

    def __init__(
        self, compute: Callable[..., Any], *parents: PrefectTaskRunFuture[Any]
    ):
        super().__init__(parents[0].task_run_id)
        self._compute = compute
        self._parents = parents

    def __getitem__(self, key: str) -> Later:
        return Later(lambda value: value[key], self)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a value that is not there yet can't be iterated over")

    def wait(self, timeout: float | None = None) -> None:
        for parent in self._parents:
            parent.wait(timeout)

    @property
    def state(self) -> State[Any]:
        self.wait()
        for parent in self._parents:
            if not parent.state.is_completed():
                return parent.state
        if self._final_state is None:
            value = self.result()
            # A bare `None` would read as a result that was lost.
            metadata = _RESULTS.ResultRecordMetadata(storage_key="computed")
            record = _RESULTS.ResultRecord(result=value, metadata=metadata)
            state: State[Any] = Completed(data=record)
            state.state_details.task_run_id = self.task_run_id
            self._final_state = state
        return self._final_state

    def result(
        self, timeout: float | None = None, raise_on_failure: bool = True
    ) -> Any:
        values = [parent.result(timeout, raise_on_failure) for parent in self._parents]
        return self._compute(*values)

    def add_done_callback(self, fn: Callable[[PrefectFuture[Any]], None]) -> None:
        self._parents[-1].add_done_callback(fn)


def later(compute: Callable[..., Any], *parents: Later) -> Later:
    """The value of a function of other tasks' results."""
    return Later(compute, *parents)


def _resolved(value: Any) -> Any:
    if isinstance(value, Later):
        return value.result()
    if isinstance(value, dict):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    return value


# --- blocks ------------------------------------------------------------------

_CURRENT: ContextVar[Block | None] = ContextVar("block", default=None)


class Block:
    """The tasks between two braces: each starts when what it needs is there.

    What needs nothing of a task that failed still runs. Leaving the block waits for all
    of them; `result` then gives the block's value, or raises what went wrong.
    """

    def __init__(
        self,
        *,
        names_inside: bool = False,
        timeout: float | None = None,
        parallelism: int | None = None,
        after: Block | None = None,
    ):
        parent = _CURRENT.get() if after is None else after._parent
        self._parent: Block | None = parent
        self._prefix: str = parent._prefix if parent else ""
        run = TaskRunContext.get()
        if after is not None:
            self._prefix = after._prefix
        elif names_inside and run is not None:
            self._prefix = run.task_run.name + "."
        self._timeout = timeout
        self._slots = threading.BoundedSemaphore(parallelism) if parallelism else None
        if after is not None:
            self._slots = after._slots
        self._after = after
        self._nodes: dict[str, Later] = {}
        self._gates: list[Later] = []
        self._value: Any = None
        self._problems: list[str] = []
        self._error: BaseException | None = None
        self._timer: threading.Timer | None = None
        self._token: Token[Block | None] | None = None
        self._cancelled = False
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()

    def __enter__(self) -> Block:
        self._token = _CURRENT.set(self)
        if self._timeout is not None:
            self._timer = threading.Timer(self._timeout, self._expire)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        try:
            if error is not None:
                self._fail(error)
            if error is None or isinstance(error, Exception):
                for node in self._nodes.values():
                    node.wait()
        except BaseException as stopped:
            self._fail(stopped)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self._token is not None:
                _CURRENT.reset(self._token)
        for name, node in self._nodes.items():
            if self._error is None or isinstance(self._error, Exception):
                if not node.state.is_completed():
                    self._problems.append(f"{name}: {node.state.name}")
        # A `finally` block still has to run: `result` raises it again.
        return True

    def _fail(self, error: BaseException) -> None:
        self._error = error
        self._problems.append(f"{type(error).__name__}: {error}")
        if not isinstance(error, Exception):
            self.cancel()

    def _expire(self) -> None:
        self._problems.append(f"it took more than {self._timeout:g} seconds")
        self.cancel()

    def submit(
        self,
        name: str,
        work: Task[..., Any],
        inputs: dict[str, Any],
        *,
        after: list[Later] | None = None,
    ) -> Later:
        """Starts a task as soon as its inputs, and all that it is `after`, are there."""
        named = work.with_options(task_run_name=self._prefix + name)
        waits = [*self._gates, *(after or [])]
        future = named.submit(**inputs, wait_for=waits)
        node = Later(lambda value: value, future)
        self._nodes[name] = node
        return node

    def loop(
        self,
        name: str,
        body: Task[..., Any],
        variable: str,
        items: Any,
        inputs: dict[str, Any],
        *,
        limit: int | None = None,
        after: list[Later] | None = None,
    ) -> Later:
        """Runs a body for each item, at most `limit` at once; gives a list in their order."""

        @task(name=name, cache_policy=NO_CACHE, persist_result=False)
        def run(items: list[Any], inputs: dict[str, Any]) -> list[Any]:
            path = _task_run_name()
            free = threading.Semaphore(limit or AT_ONCE)
            futures = []
            for at, item in enumerate(items):
                free.acquire()
                named = body.with_options(task_run_name=f"{path}[{at}]")
                future = named.submit(**{variable: item}, **inputs)
                future.add_done_callback(lambda _: free.release())
                futures.append(future)
            for future in futures:
                future.wait()
            failed = [at for at, future in enumerate(futures) if not _completed(future)]
            if failed:
                raise BlockFailed(f"{path}[{failed[0]}] failed")
            return [future.result() for future in futures]

        return self.submit(name, run, {"items": items, "inputs": inputs}, after=after)

    def require(self, name: str, condition: Any, message: Any) -> None:
        """What is submitted later starts only if the condition holds."""
        inputs = {"holds": condition, "message": message}
        self._gates.append(self.submit(name, _require, inputs))

    def returns(self, value: Any) -> None:
        """Says what the block's value is."""
        self._value = value

    def result(self) -> Any:
        """The block's value. What went wrong in it, or in what was after it, is raised."""
        before = self._after
        error = self._error or (before._error if before else None)
        if error is not None and not isinstance(error, Exception):
            raise error
        problems = (before._problems if before else []) + self._problems
        if problems:
            raise BlockFailed("; ".join(problems)) from error
        return _resolved(before._value if before else self._value)

    @property
    def status(self) -> str:
        return "failed" if self._problems else "succeeded"

    def value(self, name: str) -> Any:
        """What a task gave, once the block is left; `None` where it gave nothing."""
        node = self._nodes.get(name)
        if node is None or not isinstance(self._error, (Exception, type(None))):
            return None
        return node.result() if node.state.is_completed() else None

    def cancel(self) -> None:
        """Ends all processes of the block, and starts no others."""
        self._cancelled = True
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            threading.Thread(target=_end, args=(process,)).start()

    def _outwards(self) -> Iterator[Block]:
        block: Block | None = self
        while block is not None:
            yield block
            block = block._parent


@task(name="require", cache_policy=NO_CACHE, persist_result=False)
def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RequireFailed(message)


def _completed(future: PrefectTaskRunFuture[Any]) -> bool:
    return future.state.is_completed()


def _task_run_name() -> str:
    run = TaskRunContext.get()
    return run.task_run.name if run is not None else ""


# --- steps -------------------------------------------------------------------

_START = (
    "import sys; sys.path[0] = sys.argv.pop(1); import mlpc_step; "
    "mlpc_step.settle_path(); mlpc_step.main(mlpc_step.process)"
)


def step(
    description: dict[str, Any],
    inputs: dict[str, Any],
    *,
    timeout: float | None = None,
    env: dict[str, str] | None = None,
    secrets: dict[str, tuple[str, str]] | None = None,
) -> Any:
    """Runs a step as a process; gives its output, or a dict of them.

    `secrets` are keys of Secret blocks by environment variable. The process and all that
    it started ends at the time-out, and with the flow.
    """
    environment = {**os.environ, **(env or {})}
    for variable, (name, key) in (secrets or {}).items():
        environment[variable] = _secret(name, key)
    current = _CURRENT.get()
    blocks = list(current._outwards()) if current is not None else []
    held = []
    try:
        for block in blocks:
            if block._slots is not None:
                block._slots.acquire()
                held.append(block._slots)
        return _run(description, inputs, timeout, environment, blocks)
    finally:
        for slots in held:
            slots.release()


def _run(
    description: dict[str, Any],
    inputs: dict[str, Any],
    timeout: float | None,
    environment: dict[str, str],
    blocks: list[Block],
) -> Any:
    name = _task_run_name() or description.get("function", "step")
    folder = _folder(name)
    places = {
        port["name"]: str(folder / port["name"]) for port in description["outputs"]
    }
    described = dict(description)
    if "file" in described:
        path = HERE / described["file"]
        with open(path, encoding="utf-8", newline="") as file:
            described["source"] = file.read()
    call = {
        "step": described,
        "values": inputs,
        "places": places,
        "result": str(folder / ".result.json"),
    }
    (folder / ".call.json").write_text(json.dumps(call), encoding="utf-8")
    command = [sys.executable, "-c", _START, str(HERE), str(folder / ".call.json")]
    last = _finish(command, environment, timeout, blocks)
    if last is not None:
        raise StepFailed(last)
    outputs = json.loads((folder / ".result.json").read_text(encoding="utf-8"))
    files = [port["name"] for port in description["outputs"] if _is_file(port["type"])]
    _remember(str(folder) if files else None)
    for made in [".call.json", ".result.json", *(set(places) - set(files))]:
        (folder / made).unlink(missing_ok=True)
    if not files:
        folder.rmdir()
    if description.get("unnamed"):
        return outputs["output"]
    return outputs or None


def _is_file(described: Any) -> bool:
    return described in ("artifact", "artifact?")


def _folder(name: str) -> Path:
    run = runtime.flow_run.root_flow_run_id or runtime.flow_run.id or "no-run"
    above = artifact_root() / str(run)
    above.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}.", dir=above))


def artifact_root() -> Path:
    """Where artifacts are kept: `MLPC_ARTIFACTS`, else a folder of Prefect's home."""
    root = os.environ.get("MLPC_ARTIFACTS")
    return Path(root) if root else Path(get_current_settings().home) / "artifacts"


def _finish(
    command: list[str],
    environment: dict[str, str],
    timeout: float | None,
    blocks: list[Block],
) -> str | None:
    """Runs a process to its end; says what was wrong with it, if anything was."""
    logger = get_run_logger()
    lines = [""]

    def read(stream: Any) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.strip():
                lines[0] = line
            logger.info("%s", line)

    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    for block in blocks:
        with block._lock:
            block._processes.add(process)
    if any(block._cancelled for block in blocks):
        _end(process)
    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    late = False
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        late = True
        _end(process)
    finally:
        for block in blocks:
            with block._lock:
                block._processes.discard(process)
        # What the step left running ends with it.
        _signal(process, signal.SIGKILL)
    # A process that left the group may keep the pipe open.
    reader.join(timeout=2.0)
    if late:
        return f"it took more than {timeout:g} seconds"
    if any(block._cancelled for block in blocks):
        return "it was ended with its block"
    if process.returncode != 0:
        return lines[0] or f"it ended with {process.returncode}"
    return None


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        pass
    _signal(process, signal.SIGKILL)
    process.wait()


def _secret(name: str, key: str) -> str:
    block: Any = Secret.load(name)
    value = block.get()
    if not isinstance(value, dict) or key not in value:
        raise StepFailed(f"the Secret block `{name}` is no dict with the key `{key}`")
    return str(value[key])


# --- cache -------------------------------------------------------------------

# By task run: the content key, and the generation of its files.
_KEYS: dict[str, tuple[str, str]] = {}


def content_key(
    definition: str, files: list[str], makes_files: bool
) -> Callable[[TaskRunContext, dict[str, Any]], str]:
    """A cache key of what a task is and of what its inputs hold.

    `files` are the inputs that are paths: their contents count. Where the task itself
    `makes_files`, its entry counts only as long as they are there.
    """

    def key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
        inputs = {
            name: _digest(value) if name in files else value
            for name, value in parameters.items()
        }
        text = json.dumps([definition, inputs], sort_keys=True)
        content = hashlib.sha256(text.encode()).hexdigest()
        if not makes_files:
            return content
        run = str(context.task_run.id)
        generation = run
        try:
            entry = json.loads(_index(content).read_text(encoding="utf-8"))
            if os.path.isdir(entry["folder"]):
                generation = entry["generation"]
        except (OSError, ValueError, KeyError):
            pass
        _KEYS[run] = (content, generation)
        return f"{content}-{generation}"

    return key


def _remember(folder: str | None) -> None:
    run = TaskRunContext.get()
    if run is None or folder is None or str(run.task_run.id) not in _KEYS:
        return
    content, generation = _KEYS.pop(str(run.task_run.id))
    index = _index(content)
    index.parent.mkdir(parents=True, exist_ok=True)
    entry = json.dumps({"generation": generation, "folder": folder})
    handle, made = tempfile.mkstemp(dir=index.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(entry)
    os.replace(made, index)


def _index(content: str) -> Path:
    return artifact_root() / "index" / f"{content}.json"


def _digest(value: Any) -> Any:
    if isinstance(value, list):
        return [_digest(item) for item in value]
    if value is None:
        return None
    digest = hashlib.sha256()
    path = Path(value)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


# --- parameters and the run --------------------------------------------------


def location(value: str) -> str:
    """The path of an artifact that is a parameter."""
    if value.startswith("file://"):
        value = urllib.parse.unquote(urllib.parse.urlsplit(value).path)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value):
        raise ValueError(
            f"{value!r} is no file of this machine: a task has to fetch it"
        )
    path = os.path.abspath(value)
    if not os.path.exists(path):
        raise ValueError(f"there is no {path!r}")
    return path


def iso_date(value: str) -> str:
    """A date as its text, which is checked."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("a date is a text such as 2024-01-31")
    datetime.strptime(value, "%Y-%m-%d")
    return value


def iso_datetime(value: str) -> str:
    """A point in time as its text, which is checked."""
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d", value, re.ASCII):
        raise ValueError("a datetime is a text such as 2024-01-31T12:00:00Z")
    moment(value)
    return value


def check(described: Any) -> Callable[[Any], Any]:
    """A validator of a type that Pydantic has no word for."""

    def validate(value: Any) -> Any:
        return checked("value", value, described)

    return validate


def checked(name: str, value: Any, described: Any) -> Any:
    """A parameter that is of its type."""
    shim: Any = importlib.import_module("mlpc_step")
    try:
        return shim.conform(f"parameter `{name}`", described, value, False)
    except shim.Refused as refused:
        raise ValueError(str(refused)) from None


def parsed(name: str, text: str, described: Any) -> Any:
    """A parameter that is given as JSON text: Prefect's API rewrites some dicts."""
    return checked(name, json.loads(text), described)


def moment(value: str) -> datetime:
    """What two points in time are compared by."""
    return datetime.fromisoformat(re.sub("[Zz]$", "+00:00", value))


def text_of(value: Any) -> str:
    """The text of a value that is no text itself."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def run_id() -> str:
    return str(runtime.flow_run.root_flow_run_id or runtime.flow_run.id)


def run_name() -> str:
    return str(runtime.flow_run.name)


def _due(zone: str) -> datetime:
    due = runtime.flow_run.scheduled_start_time or datetime.now(timezone.utc)
    return datetime.fromisoformat(due.isoformat()).astimezone(ZoneInfo(zone))


def run_date(zone: str) -> str:
    """The day that the run was due on."""
    return _due(zone).date().isoformat()


def run_interval(zone: str, every: str | None) -> tuple[str, str]:
    """Start and end of what the run covers: the last whole hour, day, week or month."""
    end = _due(zone)
    if every is None:
        now = end.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        return now, now
    end = end.replace(minute=0, second=0, microsecond=0)
    if every == "hour":
        start = end - timedelta(hours=1)
    else:
        end = end.replace(hour=0)
        start = end - timedelta(days=1)
        if every == "week":
            end -= timedelta(days=(end.weekday() + 1) % 7)
            start = end - timedelta(days=7)
        elif every == "month":
            end = end.replace(day=1)
            start = (end - timedelta(days=1)).replace(day=1)
        elif every == "year":
            end = end.replace(month=1, day=1)
            start = end.replace(year=end.year - 1)
    return start.isoformat(), end.isoformat()


def is_out_of_season(start: str | None, end: str | None, zone: str) -> bool:
    """Whether the schedule made this run before its start or after its end."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or not run.auto_scheduled:
        return False

    def bound(text: str) -> datetime:
        at = moment(text)
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))

    due = _due(zone)
    early = start is not None and due < bound(start)
    return early or (end is not None and due > bound(end))


def skipped() -> State[Any]:
    return Completed(name="Skipped", message="The schedule starts later, or is over.")


def threads() -> TaskRunner[PrefectFuture[Any]]:
    """Threads without a bound: tasks that wait for others hold one, and would fill it."""
    runner: Any = ThreadPoolTaskRunner(max_workers=sys.maxsize)
    return cast(TaskRunner[PrefectFuture[Any]], runner)


# --- notifications -----------------------------------------------------------


def mail(to: list[str]) -> Any:
    """A hook that tells people of a run's end.

    The Secret block `mlpc-smtp` holds a dict: host, port, from, and where the server asks
    for them user and password.
    """

    def send(flow: Flow[..., Any], flow_run: Any, state: State[Any]) -> None:
        block: Any = Secret.load("mlpc-smtp")
        smtp = block.get()
        message = EmailMessage()
        message["Subject"] = f"{flow.name}: {state.name}"
        message["From"] = smtp["from"]
        message["To"] = ", ".join(to)
        message.set_content(f"{flow_run.name} ({flow_run.id})\n\n{state.message or ''}")
        with smtplib.SMTP(smtp["host"], int(smtp.get("port", 587))) as server:
            if "user" in smtp:
                server.starttls()
                server.login(smtp["user"], smtp["password"])
            server.send_message(message)

    return send
