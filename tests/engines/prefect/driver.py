"""Runs what mlpc emits for Prefect on a real server, and holds it against ruff and mypy. A JSON job a line, a JSON answer a line.

    {"do": "check", "files": {name: text}}
        -> {"errors": [text, ..]}     what ruff's formatter would change, what mypy says, whether the module can be imported
    {"do": "run", "files": {name: text}, "arguments": {..}, "directory": path, "secrets": {"block/key": text}}
        -> {"status": "succeeded" | "failed" | "crashed", "outputs": {..}, "tasks": {path: {"state": ..}}, "log": text}
    {"do": "deploy", "files": {name: text}}
        -> {"errors": [..], "deployment": {..}}     what `prefect deploy` made of prefect.yaml, as the server has it
    {"do": "format", "text": text}
        -> {"text": text}             as ruff formats it

All flows run in this process against one ephemeral server. The one thing set apart for tests is the heartbeat of flow runs, which
holds each flow for a second. States are taken from the task engine as it sets them: the server gets to know them later.
Blocks that steps read secrets from are made by {"do": "secret", "name": .., "value": {..}}.
"""

import contextlib
import importlib
import io
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

# Answers go where stdout was; what anything prints goes to stderr.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

HOME = tempfile.mkdtemp(prefix="mlpc-prefect-")
os.environ.update(
    PREFECT_HOME=HOME,
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    DO_NOT_TRACK="1",
    PREFECT_LOGGING_TO_API_ENABLED="false",
    PREFECT_LOGGING_LEVEL="INFO",
    PREFECT_CLI_PROMPT="false",
    NO_COLOR="1",
)

import yaml
from prefect import task_engine
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

BIN = pathlib.Path(sys.executable).parent
# Between runs of the tests: to look at Prefect itself takes mypy most of a minute.
MYPY_CACHE = BIN.parent / "mypy-cache"
OWN = ("mlpc_support", "mlpc_step")

states = {}


def watch(engine):
    set_state = engine.set_state

    def wrapped(self, state, force=False):
        made = set_state(self, state, force=force)
        name = self.task.task_run_name
        if isinstance(name, str):
            states[name] = word(made)
        return made

    engine.set_state = wrapped


def word(state):
    if state.name == "NotReady":
        return "not_run"
    if state.is_completed():
        return "cached" if state.name == "Cached" else "succeeded"
    return "failed" if state.is_final() else "running"


def write(files, folder):
    for name, text in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def module_name(files):
    (name,) = [name for name in files if name.endswith("_flow.py") and "/" not in name]
    return name.removesuffix(".py")


@contextlib.contextmanager
def imported(files, folder):
    """The module, as fresh as in a process of its own."""
    write(files, folder)
    name = module_name(files)
    before = os.getcwd()
    sys.path.insert(0, folder)
    os.chdir(folder)
    try:
        yield importlib.import_module(name)
    finally:
        os.chdir(before)
        sys.path.remove(folder)
        for known in (name, *OWN):
            sys.modules.pop(known, None)
        importlib.invalidate_caches()


def flow_of(module, files):
    """The flow that the deployment names."""
    (deployment,) = yaml.safe_load(files["prefect.yaml"])["deployments"]
    return getattr(module, deployment["entrypoint"].partition(":")[2])


def run(job):
    states.clear()
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger("prefect").addHandler(handler)
    folder = job.get("directory") or tempfile.mkdtemp(dir=HOME)
    code = os.path.join(folder, ".code")
    answer = {"outputs": {}, "tasks": {}}
    for name, value in job.get("secrets", {}).items():
        block, key = name.split("/")
        secret({"name": block, "value": {key: value}})
    try:
        with imported(job["files"], code) as module:
            os.chdir(folder)
            flow = flow_of(module, job["files"])
            state = flow(return_state=True, **{parameter(flow, name): value for name, value in job["arguments"].items()})
            answer["status"] = "succeeded" if state.is_completed() else "crashed" if state.is_crashed() else "failed"
            if state.is_completed():
                answer["outputs"] = state.result() or {}
            else:
                log.write(f"{state.type}: {state.message}\n")
    except BaseException:
        answer["status"] = "crashed"
        log.write(traceback.format_exc())
    finally:
        logging.getLogger("prefect").removeHandler(handler)
    answer["tasks"] = {name: {"state": state} for name, state in states.items()}
    answer["log"] = log.getvalue()
    return answer


def parameter(flow, name):
    """A name that Python or Prefect keeps for itself is another there."""
    known = flow.parameters.properties
    return next((form for form in (name, name + "_", "param" + name) if form in known), name)


def check(job):
    with tempfile.TemporaryDirectory() as folder:
        write(job["files"], folder)
        name = module_name(job["files"])
        files = [f"{name}.py", "mlpc_support.py"]
        errors = []
        for command in (
            [BIN / "ruff", "format", "--no-cache", "--isolated", "--diff", *files],
            [BIN / "mypy", "--cache-dir", MYPY_CACHE, "--no-error-summary", "--sqlite-cache", files[0]],
        ):
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                errors.append(done.stdout + done.stderr)
        try:
            with imported(job["files"], folder) as module:
                flow_of(module, job["files"]).validate_parameters
        except Exception:
            errors.append(traceback.format_exc())
        return {"errors": errors}


def format_text(job):
    command = [BIN / "ruff", "format", "--no-cache", "--isolated", "-"]
    done = subprocess.run(command, input=job["text"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return {"text": done.stdout if done.returncode == 0 else done.stderr}


def prefect(*words, cwd):
    environment = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value()}
    command = [BIN / "prefect", "--no-prompt", *words]
    return subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def deploy(job):
    with tempfile.TemporaryDirectory() as folder:
        write(job["files"], folder)
        pool = job.get("pool", "tests")
        prefect("work-pool", "create", pool, "--type", "process", "--overwrite", cwd=folder)
        done = prefect("deploy", "--all", "--pool", pool, cwd=folder)
        if done.returncode != 0:
            return {"errors": [done.stdout]}
        name = module_name(job["files"]).removesuffix("_flow")
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(f"{name}/{name}")
        return {"errors": [], "deployment": deployment.model_dump(mode="json")}


def secret(job):
    Secret(value=job["value"]).save(job["name"], overwrite=True)
    return {}


JOBS = {"run": run, "check": check, "format": format_text, "deploy": deploy, "secret": secret}


def main():
    watch(task_engine.SyncTaskRunEngine)
    try:
        with contextlib.ExitStack() as stack:
            started = False
            for line in sys.stdin:
                job = json.loads(line)
                if not started and job["do"] not in ("format", "check"):
                    stack.enter_context(prefect_test_harness(server_startup_timeout=120))
                    stack.enter_context(temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}))
                    started = True
                ANSWERS.write(json.dumps(JOBS[job["do"]](job)) + "\n")
                ANSWERS.flush()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)


main()
