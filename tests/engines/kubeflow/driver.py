"""Holds what mlpc emits for Kubeflow against the real packages. A JSON job a line, a JSON answer a line.

    {"do": "check", "yaml": text}
        -> {"errors": [text, ..]}
    {"do": "run", "yaml": text, "arguments": {..}, "optional": [names of `T?` outputs], "directory": path}
        -> {"status": "succeeded" | "failed" | "crashed", "outputs": {..}, "tasks": {path: {"state": ..}}, "log": text}
    {"do": "yaml", "yaml": text}
        -> {"documents": [..]}    what PyYAML, a YAML 1.1 reader, makes of a text

A run is kfp.local's with its subprocess runner. What runs a Python step is kfp's own code, unchanged. A container step needs Docker
there; here it runs as a plain process, with the three things that the cluster's launcher does for it and kfp.local does not: it makes
the folders of outputs, gives each task its own, and publishes artifacts that were written without a word in the executor's output.
The one thing added to kfp.local for all is the placeholder of the scheduled time, on which it fails.
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import threading
import traceback
import warnings

warnings.filterwarnings("ignore")

import yaml
from google.protobuf import json_format
from kfp import components, dsl, local
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
from kfp.local import executor_output_utils, subprocess_task_handler, task_dispatcher
from kfp.local import io as local_io
from kfp.local.orchestrator import enhanced_dag_orchestrator, task_executor
from kfp.pipeline_spec import pipeline_spec_pb2 as spec

import rules

PYTHON_STEP = "kfp.dsl.executor_main"


# --- check ---------------------------------------------------------------------------------------------------------------------


def check(job):
    text = job["yaml"]
    documents = list(yaml.safe_load_all(text))
    errors = []

    def parse(what, tree, message):
        try:
            return json_format.ParseDict(tree, message)
        except json_format.ParseError as error:
            errors.append(f"{what}: {error}")

    pipeline = documents[0]
    parse("PipelineSpec", pipeline, spec.PipelineSpec())
    # In the PipelineSpec this is a free Struct: only as a message of its own are its fields looked at.
    parse("PipelineDeploymentConfig", pipeline.get("deploymentSpec", {}), spec.PipelineDeploymentConfig())
    for platform in documents[1:]:
        parse("PlatformSpec", platform, spec.PlatformSpec())
        for name, executor in platform_executors(platform).items():
            parse(f"KubernetesExecutorConfig of {name}", executor, kubernetes.KubernetesExecutorConfig())
    if not errors:
        try:
            components.load_component_from_text(text)
        except Exception as error:
            errors.append(f"load_component_from_text: {type(error).__name__}: {error}")
    errors += rules.broken(pipeline, documents[1:])
    return {"errors": errors}


def platform_executors(platform):
    kubernetes_spec = platform.get("platforms", {}).get("kubernetes", {})
    return kubernetes_spec.get("deploymentSpec", {}).get("executors", {})


# --- run -----------------------------------------------------------------------------------------------------------------------

# Where each thread is in the tree of DAGs, and the states of the tasks it has run so far.
here = threading.local()
states = {}
roots = 0


def named(io_store, task_name):
    return ".".join([*getattr(io_store, "path", []), task_name])


def watch_nesting(execute_task):
    def wrapped(task_name, io_store, **rest):
        here.path = [*getattr(io_store, "path", []), task_name]
        return execute_task(task_name=task_name, io_store=io_store, **rest)

    return wrapped


def watch_store(init):
    def wrapped(self, parent=None):
        init(self, parent=parent)
        self.path = here.path if parent is not None else []

    return wrapped


def watch_state(execute_single_task):
    def wrapped(task_name, io_store, **rest):
        name = named(io_store, task_name)
        states[name] = {"state": "failed"}
        outputs, status = execute_single_task(task_name=task_name, io_store=io_store, **rest)
        if status.value == local.status.Status.SUCCESS.value:
            states[name] = {"state": "succeeded"}
        return outputs, status

    return wrapped


def as_launcher(run_single_task):
    def wrapped(executor_spec, pipeline_root, **rest):
        command = [*executor_spec.container.command, *executor_spec.container.args]
        if any(PYTHON_STEP in part for part in command):
            return run_single_task(executor_spec=executor_spec, pipeline_root=pipeline_root, **rest)
        global roots
        roots += 1
        here.container = True
        try:
            return run_single_task(executor_spec=executor_spec, pipeline_root=f"{pipeline_root}/{roots}", **rest)
        finally:
            here.container = False

    return wrapped


def make_folders(construct_executor_input):
    def wrapped(**given):
        made = construct_executor_input(**given)
        if getattr(here, "container", False):
            files = [output.output_file for output in made.outputs.parameters.values()]
            files += [one.uri for output in made.outputs.artifacts.values() for one in output.artifacts]
            for file in files:
                os.makedirs(os.path.dirname(file), exist_ok=True)
        return made

    return wrapped


def publish_artifacts(get_outputs_for_task):
    def wrapped(executor_input, component_spec):
        file = executor_input.outputs.output_file
        if getattr(here, "container", False) and not os.path.exists(file):
            written = {
                name: {"artifacts": [{"name": one.name, "uri": one.uri} for one in output.artifacts]}
                for name, output in executor_input.outputs.artifacts.items()
            }
            pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(file).write_text(json.dumps({"artifacts": written}))
        return get_outputs_for_task(executor_input=executor_input, component_spec=component_spec)

    return wrapped


def with_the_time(resolve):
    """kfp.local fails on the placeholder of the scheduled time."""

    def wrapped(executor_input, command):
        return resolve(executor_input, command.replace("{{$.pipeline_job_schedule_time_utc}}", "2024-02-29T23:59:58Z"))

    return wrapped


def any_container(validate):
    def wrapped(self, full_command):
        return None if getattr(here, "container", False) else validate(self, full_command)

    return wrapped


def patch(owner, name, wrap):
    setattr(owner, name, wrap(getattr(owner, name)))


patch(enhanced_dag_orchestrator, "execute_task", watch_nesting)
patch(local_io.IOStore, "__init__", watch_store)
patch(task_executor, "execute_single_task", watch_state)
patch(task_dispatcher, "run_single_task_implementation", as_launcher)
patch(task_dispatcher.executor_input_utils, "construct_executor_input", make_folders)
patch(executor_output_utils, "get_outputs_for_task", publish_artifacts)
patch(task_dispatcher.placeholder_utils, "resolve_io_placeholders", with_the_time)
patch(subprocess_task_handler.SubprocessTaskHandler, "validate_not_container_component", any_container)


def digest(path):
    """Of a file's bytes, or of the names and bytes in a folder."""
    path = pathlib.Path(path)
    hashed = hashlib.sha256()
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            hashed.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


def shown(value):
    if isinstance(value, dsl.Artifact):
        exists = os.path.exists(value.path)
        return {"artifact": value.path, "kind": type(value).__name__, "digest": digest(value.path) if exists else None}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return value


def run(job):
    states.clear()
    os.chdir(job.get("directory") or tempfile.gettempdir())
    log = io.StringIO()
    answer = {"status": "succeeded", "outputs": {}}
    root = tempfile.mkdtemp(prefix="kfp-local-")
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        try:
            local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root)
            pipeline = components.load_component_from_text(job["yaml"])
            task = pipeline(**job.get("arguments", {}))
            answer["outputs"] = {name: shown(value) for name, value in task.outputs.items()}
            for name in job.get("optional", []):
                answer["outputs"][name] = json.loads(answer["outputs"][name])
        except Exception as error:
            # This is how kfp.local says that a task failed; all else is a fault of what it was given, or its own.
            failed = isinstance(error, RuntimeError) and "finished with status" in str(error)
            # And this, that a task wrote what is no value of its output's type.
            failed = failed or isinstance(error, ValueError) and "Could not deserialize output" in str(error)
            answer["status"] = "failed" if failed else "crashed"
            log.write(traceback.format_exc())
    answer["tasks"] = dict(states)
    answer["log"] = re.sub(r"\x1b\[[0-9;]*m", "", log.getvalue())
    return answer


def read_yaml(job):
    return {"documents": list(yaml.safe_load_all(job["yaml"]))}


JOBS = {"check": check, "run": run, "yaml": read_yaml}

if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    # What a step or a library prints must not end up between the answers.
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        answers.write(json.dumps(JOBS[job["do"]](job), default=str) + "\n")
        answers.flush()
