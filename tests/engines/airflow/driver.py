"""Runs what mlpc emits for Airflow with `dag.test()`, on Airflow 3 and on 2.10. A JSON job a line, a JSON answer a line.

    {"do": "run", "files": {name: text}, "arguments": {..}, "optional": [..], "directory": path, "variables": {..},
     "secrets": {"name/key": text}, "date": text}
        -> {"status": "succeeded" | "failed" | "crashed", "outputs": {..}, "tasks": {name: {"state": ..}}, "log": text,
            "states": {task_id: [state, ..]}, "attempts": {name: n}}
    {"do": "load", "files": {name: text}, "schema": {..}}
        -> {"errors": {file: text}, "invalid": [text, ..], "dags": {dag_id: {..}}}    what the DagBag and the schema say, and what was read

One process runs many jobs, on a SQLite database that is made once for an environment and copied. Steps of the `bash` operator run as Airflow runs
them. Those of `docker` and `kubernetes` need a container: here the command that the operator was given runs as a plain process with the
environment it was given, and its result is read where the engine would read it.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
import warnings
from datetime import datetime, timedelta, timezone

warnings.filterwarnings("ignore")

HOME = pathlib.Path(tempfile.mkdtemp(prefix="mlpc-airflow-"))
DAGS = HOME / "dags"
DATABASE = HOME / "airflow.db"
DAGS.mkdir()
for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{DATABASE}",
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS="False",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
    AIRFLOW__CORE__FERNET_KEY="",
    AIRFLOW__LOGGING__LOGGING_LEVEL="INFO",
    AIRFLOW__LOGGING__COLORED_CONSOLE_LOG="False",
    AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="120",
)

# Between the answers there must be nothing else: what steps and libraries print goes into a file, job by job.
answers = os.fdopen(os.dup(1), "w")
words = os.fdopen(os.dup(2), "w")
sys.stdout.flush()
LOG = open(HOME / "log.txt", "w+b", buffering=0)
os.dup2(LOG.fileno(), 1)
os.dup2(LOG.fileno(), 2)


def make_database():
    """Copies the empty database of this environment, which the first process makes."""
    import airflow

    made = pathlib.Path(sys.prefix) / f"airflow-{airflow.__version__}.db"
    if not made.exists():
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
        part = made.with_name(f"{made.name}.{os.getpid()}")
        shutil.copy(DATABASE, part)
        os.replace(part, made)
    else:
        shutil.copy(made, DATABASE)


try:
    make_database()
    import airflow

    AIRFLOW = int(airflow.__version__.split(".")[0])
    if AIRFLOW > 2:
        from airflow.dag_processing.dagbag import DagBag
        from airflow.models.xcom import XComModel
    else:
        from airflow.models import DagBag
    import sqlalchemy
    from airflow.utils.session import create_session
except BaseException:
    words.write(pathlib.Path(LOG.name).read_text(errors="replace") + traceback.format_exc())
    raise


def hurry(connection, _):
    """Nobody needs this database after a crash: no waiting for the disk."""
    connection.execute("PRAGMA synchronous = OFF").close()


sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", hurry)

# What would start a container runs the command here, in folders of its own.
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.docker.operators.docker import DockerOperator


def as_process(task, argv, environment):
    path = f"{sys.prefix}/bin:{os.environ['PATH']}"
    done = subprocess.run(argv, env={"PATH": path, **environment}, stdout=subprocess.PIPE, cwd=task.mlpc_here)
    os.write(1, done.stdout)
    if done.returncode != 0:
        raise RuntimeError(f"the container ended with {done.returncode}")
    return done.stdout.decode().rstrip("\n").rpartition("\n")[2]


def run_docker(self, context):
    return as_process(self, self.command, self.environment)


def run_pod(self, context):
    def seen(text):
        # As Kubernetes reads arguments and variables.
        return re.sub(r"\$\$|\$\((\w+)\)", lambda found: "EXPANDED" if found[1] else "$", text)

    argv = [seen(word) for word in [*self.cmds, *self.arguments]]
    as_process(self, argv, {variable.name: seen(variable.value) for variable in self.env_vars})
    return json.loads(pathlib.Path(self.result()).read_text())


DockerOperator.execute = run_docker
KubernetesPodOperator.execute = run_pod


def give_places(dag):
    for task in dag.tasks:
        if isinstance(task, (DockerOperator, KubernetesPodOperator)):
            here = tempfile.mkdtemp(dir=HOME)
            task.mlpc_here, task.folder = here, f"{here}/values"
            if isinstance(task, KubernetesPodOperator):
                task.result = lambda here=here: f"{here}/xcom/return.json"


def container(task):
    """What the operator asks the engine for."""
    if isinstance(task, DockerOperator):
        return {
            "image": task.image,
            "cpus": task.cpus,
            "mem_limit": task.mem_limit,
            "device_requests": task.device_requests,
            "labels": task.labels,
            "mounts": [[mount["Source"], mount["Target"]] for mount in task.mounts],
        }
    if isinstance(task, KubernetesPodOperator):
        from kubernetes.client import ApiClient

        plain = ApiClient().sanitize_for_serialization
        return {
            "image": task.image,
            "resources": plain(task.container_resources),
            "labels": task.labels,
            "annotations": task.annotations,
            "node_selector": task.node_selector,
            "tolerations": plain(task.tolerations),
            "service_account": task.service_account_name,
            "image_pull_secrets": plain(task.image_pull_secrets),
            "volumes": plain(task.volumes),
            "volume_mounts": plain(task.volume_mounts),
            "secrets": [[secret.deploy_target, secret.secret, secret.key] for secret in task.secrets],
        }
    return None


STATES = {"success": "succeeded", "failed": "failed", "skipped": "skipped", "upstream_failed": "not_run", None: "not_run"}
runs = 0


def read(files):
    for file in DAGS.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    for name, text in files.items():
        (DAGS / name).write_text(text, encoding="utf-8")
    # The same name a second later may hold another text.
    sys.modules.pop("mlpc_airflow_v1", None)
    return DagBag(str(DAGS))


def load(job):
    bag = read(job["files"])
    dags = {}
    for dag_id, dag in bag.dags.items():
        tasks = {}
        for task in dag.tasks:
            tasks[task.task_id] = {
                "upstream": sorted(task.upstream_task_ids),
                "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                "retries": task.retries,
                "retry_delay": task.retry_delay.total_seconds(),
                "execution_timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
                "pool": task.pool,
                "queue": task.queue,
                "priority_weight": task.priority_weight,
                "owner": task.owner,
                "operator": type(task).__name__,
                "container": container(task),
            }
        dags[dag_id] = {
            "fileloc": os.path.basename(dag.fileloc),
            "description": dag.description,
            "schedule": str(getattr(dag.timetable, "summary", None) or dag.timetable),
            "timetable": type(dag.timetable).__name__,
            "start_date": str(dag.start_date),
            "end_date": str(dag.end_date),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "max_active_tasks": dag.max_active_tasks,
            "dagrun_timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
            "tags": sorted(dag.tags),
            "has_failure_callback": bool(dag.on_failure_callback),
            "groups": sorted(name for name in dag.task_group_dict if name),
            "params": sorted(dag.params),
            "tasks": tasks,
        }
    errors = {os.path.basename(name): text for name, text in bag.import_errors.items()}
    return {"errors": errors, "invalid": invalid(job), "dags": dags}


def invalid(job):
    """What is wrong with the JSON by its schema."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(job.get("schema", True))
    Draft202012Validator.check_schema(validator.schema)
    texts = [text for name, text in job["files"].items() if name.endswith(".json")]
    errors = [error for text in texts for error in validator.iter_errors(json.loads(text))]
    return [f"{error.json_path}: {error.message}" for error in errors]


def digest(path):
    """Of a file's bytes, or of the names and bytes in a folder."""
    path = pathlib.Path(path)
    hashed = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            hashed.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


def left_by(ti):
    """The outputs of a task."""
    if AIRFLOW == 2:
        text = ti.xcom_pull(task_ids=ti.task_id, key="return_value", map_indexes=ti.map_index)
    else:
        query = XComModel.get_many(run_id=ti.run_id, key="return_value", task_ids=ti.task_id, dag_ids=ti.dag_id)
        with create_session() as session:
            found = session.scalars(query).first()
            text = found and XComModel.deserialize_value(found)
    # It is a text, which the database holds as JSON once more.
    while isinstance(text, str):
        text = json.loads(text)
    return text or {}


def run(job):
    global runs
    LOG.seek(0)
    LOG.truncate()
    answer = {"status": "crashed", "outputs": {}, "tasks": {}, "states": {}, "attempts": {}}
    secrets = {name.replace("/", "__"): value for name, value in job.get("secrets", {}).items()}
    variables = {**job.get("variables", {}), **secrets}
    for name, value in variables.items():
        os.environ["AIRFLOW_VAR_" + name.upper()] = value
    os.chdir(job.get("directory") or tempfile.gettempdir())
    try:
        bag = read(job["files"])
        for error in bag.import_errors.values():
            raise RuntimeError(error)
        (dag,) = bag.dags.values()
        spec = json.loads(job["files"][f"{dag.dag_id}.airflow.json"])["dag"]
        give_places(dag)
        runs += 1
        date = datetime(2024, 2, 1, tzinfo=timezone.utc) + timedelta(hours=runs)
        if "date" in job:
            date = datetime.fromisoformat(job["date"]) + timedelta(seconds=runs)
        when = {"logical_date" if AIRFLOW > 2 else "execution_date": date}
        result = dag.test(run_conf=job.get("arguments") or {}, **when)
        answer["status"] = "succeeded" if str(result.state) == "success" else "failed"
        with create_session() as session:
            instances = result.get_task_instances(session=session)
        names = {task["task_id"]: task for task in spec["tasks"]}
        # Loops that began: of those that did not, no item is shown.
        began = [ti.task_id for ti in instances if ti.map_index >= 0 and ti.state in ("success", "failed")]
        groups = {names[task_id].get("task_group") for task_id in began}
        reached = {name for name, task in names.items() if task.get("task_group") in groups}
        # Loops over an empty list: there was nothing to run.
        listed = {ti.task_id for ti in instances if ti.state == "success"}
        empty = {task["group"] for name, task in names.items() if task["operator"] == "gather" and name in listed}
        empty -= groups
        for ti in sorted(instances, key=lambda ti: (ti.task_id, ti.map_index)):
            state = ti.state and str(getattr(ti.state, "value", ti.state))
            answer["states"].setdefault(ti.task_id, []).append(state)
            task = names[ti.task_id]
            name = task.get("task_display_name", ti.task_id)
            if ti.task_id in reached:
                name = name.replace("[*]", f"[{ti.map_index}]")
            if "component" in task and task.get("task_group") not in empty and state != "removed":
                state = STATES.get(state, state)
                # Tasks of an `if`'s arms may share a name: one of them runs.
                if state != "skipped" or name not in answer["tasks"]:
                    answer["tasks"][name] = {"state": state}
                    answer["attempts"][name] = ti.try_number
            if ti.task_id == "mlpc-outputs" and state == "success":
                if AIRFLOW == 2:
                    ti.task = dag.get_task(ti.task_id)
                answer["outputs"] = left_by(ti)
        for name, given in names.get("mlpc-outputs", {}).get("outputs", {}).items():
            if name in answer["outputs"] and "type" not in given:
                answer["outputs"][name] = artifacts(answer["outputs"][name])
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    for name in variables:
        del os.environ["AIRFLOW_VAR_" + name.upper()]
    answer["log"] = re.sub(r"\x1b\[[0-9;]*m", "", pathlib.Path(LOG.name).read_text(errors="replace"))
    return answer


def artifacts(value):
    """In an output that is not all values, each path is an artifact."""
    if isinstance(value, str) and os.path.isabs(value) and os.path.exists(value):
        return {"artifact": value, "digest": digest(value)}
    if isinstance(value, list):
        return [artifacts(item) for item in value]
    if isinstance(value, dict):
        return {name: artifacts(item) for name, item in value.items()}
    return value


JOBS = {"run": run, "load": load}

if __name__ == "__main__":
    for line in sys.stdin:
        job = json.loads(line)
        answers.write(json.dumps(JOBS[job["do"]](job), default=str) + "\n")
        answers.flush()
    shutil.rmtree(HOME, ignore_errors=True)
