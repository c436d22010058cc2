"""Holds what mlpc emits for Dagster against the real package. A JSON job a line, a JSON answer a line.

    {"do": "check", "files": {name: text}, "types": true}
        -> {"errors": [text, ..]}    of loading the module, of ruff's formatter and linter, and with `types` of mypy
    {"do": "look", "files": {name: text}}
        -> {"errors": [text, ..]}    of ruff and mypy, over many modules at once
    {"do": "run", "files": {name: text}, "arguments": {..}, "optional": [names of `T?` outputs], "directory": path,
     "environment": {variable: text}, "select": [assets, where not all are to be made]}
        -> {"status": "succeeded" | "failed" | "crashed", "outputs": {..}, "tasks": {path: {"state": ..}}, "log": text,
            "finally": "succeeded" | "failed" | null,
            "made": {asset: {"path" or "value": text, "version": text}}, "mails": [{"to": text, "subject": text}]}
    {"do": "describe", "files": {name: text}}
        -> {"assets": {key: {..}}, "checks": {..}, "jobs": {..}, "schedules": {..}, "sensors": {..}}    as Dagster reads them
    {"do": "tick", "files": {name: text}, "at": datetime, "before": [status, ..]}
        -> {"tags": {..}} | {"skipped": text}    what the schedule does then, after runs of these states

A run is `execute_in_process` of the module's job on an instance of its own. What `finally` is, the module's sensors request as they would
of the daemon: they are evaluated with the run that has ended, and what they request runs the same way. States are those that the
steps left in the run's folder; the log is Dagster's event log.
"""

import contextlib
import datetime
import hashlib
import importlib.util
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
import warnings

warnings.filterwarnings("ignore")
HOME = tempfile.mkdtemp(prefix="dagster-home-")
os.environ.update(DAGSTER_HOME=HOME, DAGSTER_DISABLE_TELEMETRY="yes")
# What steps print goes into the log of the run here, not into a file a step: that would take two processes more for each.
INSTANCE = """
telemetry: {enabled: false}
compute_logs: {module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""
pathlib.Path(HOME, "dagster.yaml").write_text(INSTANCE)

import dagster as dg

BIN = pathlib.Path(sys.executable).parent
number = 0


def load(files):
    """The module of the files, under a name that no other has."""
    global number
    number += 1
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dagster-code-"))
    for name, text in files.items():
        (folder / name).write_text(text)
    (name,) = files
    spec = importlib.util.spec_from_file_location(f"mlpc_case_{number}", folder / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module, name.removesuffix(".py"), folder / name


def digest(path):
    """Of a file's bytes, or of the names and bytes in a folder."""
    path = pathlib.Path(path)
    hashed = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            hashed.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


# --- check ---------------------------------------------------------------------------------------------------------------------


def check(job):
    try:
        module, _, path = load(job["files"])
        dg.Definitions.validate_loadable(module.defs)
    except Exception:
        return {"errors": [traceback.format_exc()]}
    return {"errors": look(path.parent, job.get("types"))}


def look(folder, types):
    """What ruff finds in the modules of a folder, and mypy."""
    errors = []
    commands = [
        ["ruff", "format", "--no-cache", "--isolated", "--diff"],
        ["ruff", "check", "--no-cache", "--isolated", "--target-version", "py310", "--output-format", "concise"],
    ]
    if types:
        # Between runs of the tests, too: to look at Dagster itself takes mypy a quarter of a minute.
        cache = str(BIN.parent / "mypy-cache")
        commands.append(["mypy", "--no-error-summary", "--hide-error-context", "--cache-dir", cache])
    for name, *arguments in commands:
        command = [str(BIN / name), *arguments, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            errors.append(f"{name}: {done.stdout}{done.stderr}")
    return errors


def look_at_all(job):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in job["files"].items():
            pathlib.Path(folder, name).write_text(text)
        return {"errors": look(folder, True)}


# --- run -----------------------------------------------------------------------------------------------------------------------


def run(job):
    here = os.getcwd()
    os.chdir(job.get("directory") or tempfile.gettempdir())
    os.environ.update(job.get("environment", {}))
    log = io.StringIO()
    answer = {"status": "crashed", "outputs": {}, "tasks": {}, "finally": None, "made": {}, "mails": []}
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            answer.update(run_job(job, log))
    except Exception:
        log.write(traceback.format_exc())
    finally:
        os.chdir(here)
    answer["log"] = log.getvalue()
    return answer


def field(module, name):
    """A name that Python or Dagster keeps for itself is another there."""
    known = module.Params.model_fields
    return next((form for form in (name, name + "_", "p_" + name) if form in known), name)


def run_job(job, log):
    module, name, _ = load(job["files"])
    instance = dg.DagsterInstance.get()
    arguments = {field(module, name): value for name, value in job.get("arguments", {}).items()}
    config = {"resources": {"params": {"config": arguments}}} if arguments else {}
    definition = module.defs.resolve_job_def(module.defs.jobs[0].name)
    selected = [dg.AssetKey.from_user_string(key) for key in job["select"]] if "select" in job else None
    result = definition.execute_in_process(
        run_config=config, instance=instance, raise_on_error=False, asset_selection=selected
    )
    write_events(result, log)
    failed = [event.step_key for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    root = pathlib.Path(module._root(instance), result.run_id)
    answer = {
        "status": "succeeded" if result.success else "failed" if failed else "crashed",
        "outputs": outputs(root, name),
        "made": {},
        "mails": [],
    }
    for event in result.all_events:
        if event.is_step_materialization:
            made = event.materialization
            known = {name: value.value for name, value in made.metadata.items()}
            answer["made"][made.asset_key.to_user_string()] = {**known, "version": (made.tags or {}).get("dagster/data_version")}
    for sensor in module.defs.sensors or []:
        if "_mail_" in sensor.name:
            answer["mails"] += mails(module, sensor, result, definition)
        if sensor.name.endswith(("_finally_after_succeeded", "_finally_after_failed")):
            asked = evaluate(sensor, result, definition)
            for request in asked:
                last = module.defs.resolve_job_def(module.defs.jobs[1].name).execute_in_process(
                    run_config=request.run_config, instance=instance, raise_on_error=False, tags=request.tags
                )
                write_events(last, log)
                answer["finally"] = "succeeded" if last.success else "failed"
                answer["tasks"] = {**answer.get("tasks", {}), **states(root.parent / last.run_id)}
    answer["tasks"] = {**states(root), **answer.get("tasks", {})}
    return answer


def evaluate(sensor, result, definition):
    """What a sensor requests when the run has ended."""
    kind = dg.DagsterEventType.RUN_SUCCESS if result.success else dg.DagsterEventType.RUN_FAILURE
    if ("succeeded" in sensor.name) != result.success:
        return []
    events = [event for event in result.all_events if event.event_type == kind]
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_instance=dg.DagsterInstance.get(),
        dagster_run=dg.DagsterInstance.get().get_run_by_id(result.run_id),
        dagster_event=events[-1],
    )
    asked = sensor(context if result.success else context.for_run_failure())
    return asked if isinstance(asked, list) else [asked]


def mails(module, sensor, result, definition):
    """What a sensor sends when the run has ended."""
    sent = []

    class Server:
        def __init__(self, *given, **more):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send_message(self, message):
            sent.append({"to": message["To"], "subject": message["Subject"]})

    real, module.smtplib.SMTP = module.smtplib.SMTP, Server
    os.environ["SMTP_HOST"] = "localhost"
    try:
        evaluate(sensor, result, definition)
    finally:
        module.smtplib.SMTP = real
        del os.environ["SMTP_HOST"]
    return sent


def write_events(result, log):
    for event in result.all_events:
        if event.event_type_value.startswith(("STEP_", "PIPELINE_", "ASSET_CHECK")):
            log.write(f"{event.event_type_value} {event.step_key or ''}\n")
        if event.is_failure and getattr(event.event_specific_data, "error", None):
            log.write(event.event_specific_data.error.to_string() + "\n")


def states(root):
    """What the steps of a run came to, by their path."""
    found = {}
    for file in sorted(root.glob("tasks/*/state.json")):
        found[file.parent.name] = json.loads(file.read_text())
    return found


def outputs(root, name):
    places = [f"{name}_outputs_.json", f"{name}_outputs.json", f"ops/{name}_outputs/result.json"]
    for place in places:
        file = root / "values" / place
        if file.exists():
            return json.loads(file.read_text())
    return {}


# --- describe ------------------------------------------------------------------------------------------------------------------


def describe(job):
    """The definitions as Dagster has read them."""
    module, *_ = load(job["files"])
    defs = module.defs
    graph = defs.resolve_asset_graph()
    found = {"assets": {}, "checks": {}, "jobs": {}, "schedules": {}, "sensors": {}}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        op = node.assets_def.node_def
        schema = node.metadata.get("dagster/column_schema")
        found["assets"][key.to_user_string()] = {
            "group": node.group_name,
            "owners": sorted(node.owners),
            "kinds": sorted(node.kinds),
            "description": node.description,
            "reads": sorted(up.to_user_string() for up in node.parent_keys),
            "columns": schema and [[c.name, c.type, c.constraints.nullable] for c in schema.columns],
            "tags": dict(op.tags),
            "retries": op.retry_policy.max_retries if getattr(op, "retry_policy", None) else 0,
        }
    for key in graph.asset_check_keys:
        found["checks"][key.name] = {"asset": key.asset_key.to_user_string(), "blocking": graph.get(key).blocking}
    for one in defs.jobs or []:
        it = defs.resolve_job_def(one.name)
        found["jobs"][one.name] = {
            "tags": dict(it.tags),
            "executor": it.executor_def.name,
            "ops": {name: dict(it.graph.node_named(name).definition.tags) for name in it.graph.node_dict},
        }
    for one in defs.schedules or []:
        found["schedules"][one.name] = [one.cron_schedule, one.execution_timezone, one.default_status.value]
    for one in defs.sensors or []:
        found["sensors"][one.name] = one.default_status.value
    return found


# --- tick ----------------------------------------------------------------------------------------------------------------------


def tick(job):
    module, _, _ = load(job["files"])
    (schedule,) = module.defs.schedules
    # It stays until the end: Dagster asks the instance that it has seen last.
    instance = dg.DagsterInstance.local_temp(tempfile.mkdtemp(dir=HOME))
    for status in job.get("before", []):
        status = dg.DagsterRunStatus(status)
        instance.create_run_for_job(module.defs.resolve_job_def(module.defs.jobs[0].name), status=status)
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=datetime.datetime.fromisoformat(job["at"])
    )
    data = schedule.evaluate_tick(context)
    if data.skip_message is not None:
        return {"skipped": data.skip_message}
    (request,) = data.run_requests
    return {"tags": {key: text for key, text in request.tags.items() if key.startswith("mlpc/")}}


JOBS = {"check": check, "describe": describe, "look": look_at_all, "run": run, "tick": tick}

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    # What a step or a library prints must not end up between the answers.
    os.dup2(2, 1)
    try:
        for line in sys.stdin:
            job = json.loads(line)
            answers.write(json.dumps(JOBS[job["do"]](job), default=str) + "\n")
            answers.flush()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
