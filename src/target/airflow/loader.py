"""Builds Airflow DAGs from the JSON files that `mlpc compile -t airflow` writes, of format mlpc.airflow/1.

A JSON file is data: its kinds of tasks and of expressions are the closed sets below. Nothing in it is imported by name, evaluated or rendered as
a template; values reach steps as data. Works with Airflow 3 and with 2.10, and needs nothing of mlpc.
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import types
from datetime import timedelta, timezone

import pendulum

try:  # Airflow 3
    from airflow.providers.standard.operators.branch import BaseBranchOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import (
        DAG,
        Asset,
        AssetOrTimeSchedule,
        BaseOperator,
        CronDataIntervalTimetable,
        ObjectStoragePath,
        Param,
        TaskGroup,
        Variable,
        get_parsing_context,
        task_group,
    )
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
    from airflow.sdk.log import mask_secret

    AIRFLOW = 3
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task_group
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
    from airflow.io.path import ObjectStoragePath
    from airflow.models import DAG, BaseOperator, Param, Variable
    from airflow.operators.branch import BaseBranchOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.timetables.datasets import DatasetOrTimeSchedule as AssetOrTimeSchedule
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.utils.dag_parsing_context import get_parsing_context
    from airflow.utils.log.secrets_masker import mask_secret
    from airflow.utils.task_group import TaskGroup

    AIRFLOW = 2

FORMAT = "mlpc.airflow/1"

# What runs a step, in a Python process of its own: it reads a description of the step, and checks what goes in and comes out.
SHIM = r"""
@SHIM@"""

step_code = types.ModuleType("mlpc_step")
exec(compile(SHIM, "mlpc_step", "exec"), step_code.__dict__)
Refused = step_code.Refused


def load(path):
    """The DAG of a JSON file; nothing while Airflow reads the folder for another DAG's sake."""
    path = pathlib.Path(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError("%s is of format %r, and this loader reads %r" % (path.name, document.get("format"), FORMAT))
    wanted = get_parsing_context().dag_id
    if wanted is not None and wanted != document["dag"]["dag_id"]:
        return None
    return Builder(document["dag"], path.parent).build()


# --- values ---------------------------------------------------------------------------------------------------------------------


class Scope:
    """What the expressions of a task read, when it starts."""

    def __init__(self, task, context):
        self.task = task
        self.plan = task.mlpc_plan
        self.ti = context["ti"]
        self.run_id = context["dag_run"].run_id
        # Of the mapped group whose item is looked at: the task's own, or the one that it gathers.
        self.group = self.plan.mapped.get(task.task_id)
        self.index = self.ti.map_index if self.group else -1
        self.known = {}

    def read(self, task_id, key="return_value"):
        """What a task left; nothing when it did not succeed."""
        index = self.index if self.group and self.plan.mapped.get(task_id) == self.group else -1
        if (task_id, index, key) not in self.known:
            text = self.ti.xcom_pull(task_ids=task_id, key=key, map_indexes=index)
            self.known[task_id, index, key] = None if text is None else json.loads(text)
        return self.known[task_id, index, key]

    def run(self):
        facts = self.read("mlpc-params")
        if facts is None:
            raise AirflowFailException("the run's parameters were refused")
        return facts

    def items(self, expand):
        return expand["items"] if "items" in expand else self.read(expand["task_id"], "items")

    def value(self, tree):
        return evaluate(tree, self)


def evaluate(tree, scope):
    ((kind, part),) = tree.items()
    if kind == "const":
        return part
    if kind == "param":
        return scope.run()["params"][part]
    if kind == "run":
        return scope.run()[part]
    if kind == "status":
        return "failed" if scope.read(part) is None else "succeeded"
    if kind == "xcom":
        left = scope.read(part["task_id"])
        if left is None:
            if part.get("optional"):
                return None
            raise Refused("task `%s` left nothing" % part["task_id"])
        return left[part["output"]] if "output" in part else left
    if kind == "item":
        return scope.items(scope.plan.groups[part]["expand"])[scope.index]
    if kind == "field":
        return step_code.field_of(evaluate(part[0], scope), part[1])
    if kind == "coalesce":
        first = evaluate(part[0], scope)
        return evaluate(part[1], scope) if first is None else first
    if kind == "and":
        return all(evaluate(item, scope) for item in part)
    if kind == "or":
        return any(evaluate(item, scope) for item in part)
    if kind == "not":
        return not evaluate(part, scope)
    if kind == "compare":
        left, right = evaluate(part["left"], scope), evaluate(part["right"], scope)
        if part.get("datetime") and left is not None and right is not None:
            left, right = instant(left), instant(right)
        return step_code.compare(part["op"], left, right)
    if kind == "concat":
        return "".join(step_code.text_in(evaluate(item, scope)) for item in part)
    if kind == "list":
        return [evaluate(item, scope) for item in part]
    if kind == "map":
        return {name: evaluate(item, scope) for name, item in part.items()}
    if kind == "widen":
        return widen(part[1], evaluate(part[0], scope))
    raise ValueError("no expression is called %r" % kind)


def widen(ty, value):
    """The value with every int that stands where the type has a float as a float."""
    base, _ = step_code.split(ty)
    if value is None or step_code.word(base) not in (None, "float"):
        return value
    if step_code.word(base) == "float":
        return float(value)
    ((kind, inner),) = base.items()
    if kind == "list":
        return [widen(inner, item) for item in value]
    if kind == "dict":
        return {name: widen(inner, item) for name, item in value.items()}
    return {name: widen(inner[name], item) if name in inner else item for name, item in value.items()}


def instant(text):
    """A `datetime` as a point in time; without an offset it is in UTC."""
    return pendulum.parse(text.replace(",", "."), tz="UTC")


# --- tasks ----------------------------------------------------------------------------------------------------------------------


class Compiled(BaseOperator):
    """An operator of a task in the JSON file. No field is a template."""

    template_fields = ()
    shallow_copy_attrs = ("mlpc_plan", "mlpc_task")

    def __init__(self, *, plan, task, **given):
        super().__init__(task_id=task["task_id"], **given)
        self.mlpc_plan = plan
        self.mlpc_task = task

    def execute(self, context):
        scope = Scope(self, context)
        for needed in self.mlpc_task.get("runs_if", []):
            left = scope.read(needed["task_id"])
            if left is None and "arm" in needed:
                raise AirflowFailException("`%s`, which chooses the branch, did not succeed" % needed["task_id"])
            if left is None or "arm" in needed and left["output"] != needed["arm"]:
                raise AirflowSkipException("its branch was not taken, or what it belongs to did not start")
        try:
            return self.leave(self.perform(scope, context))
        except Refused as refused:
            raise AirflowFailException(str(refused))

    def leave(self, outputs):
        """The XCom: as text, for of an object Airflow would read more than JSON."""
        return json.dumps(outputs)


class ComputeOperator(Compiled):
    """The tasks that run nobody's code."""

    ui_color = "#eef2f7"

    def leave(self, outputs):
        # Airflow maps over a list itself.
        return outputs if self.mlpc_task["operator"] == "items" else super().leave(outputs)

    def perform(self, scope, context):
        return getattr(self, "perform_" + self.mlpc_task["operator"])(scope, context, self.mlpc_task)

    def perform_params(self, scope, context, task):
        specs = self.mlpc_plan.dag["params"]
        conf = context["dag_run"].conf or {}
        unknown = sorted(name for name in conf if name not in specs)
        if unknown:
            raise Refused("no parameter is called %s; there are: %s" % (", ".join(unknown), ", ".join(specs) or "none"))
        for other in self.mlpc_plan.dag["tasks"]:
            if other["operator"] != "kubernetes":
                for reference in other.get("secrets", {}).values():
                    secret(reference)
        facts = run_facts(context["dag_run"])
        facts["params"] = {}
        for name, spec in specs.items():
            value = context["params"][name]
            if value is None and "default_run" in spec:
                value = facts[spec["default_run"]]
            what = "parameter `%s`" % name
            if step_code.split(spec["type"])[0] == "artifact":
                value = None if value is None else self.fetch(what, name, value, context)
            else:
                value = step_code.conform(what, spec["type"], value, False)
            facts["params"][name] = value
        return facts

    def fetch(self, what, name, location, context):
        """The path of an existing artifact: a relative one stands beside the DAG; what has a scheme is copied from there."""
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", location)
        path = os.path.join(self.mlpc_plan.folder, location)
        if scheme and not os.path.exists(path):
            path = artifact_path(self, context, name)
            step_code.clear(path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            source = ObjectStoragePath(location)
            if not source.exists():
                raise Refused("%s: there is nothing at %s" % (what, location))
            source.fs.get(source.path, path, recursive=source.is_dir())
        if not os.path.exists(path):
            raise Refused("%s: there is no file or folder %s" % (what, path))
        return path

    def perform_pick(self, scope, context, task):
        return {"output": chosen(task["arms"], scope)}

    def perform_join(self, scope, context, task):
        taken = (scope.read(task["branch"]) or {}).get("output")
        if taken is None:
            raise AirflowFailException("`%s`, which chooses the branch, did not succeed" % task["branch"])
        arm = task["arms"][taken]
        failed = [task_id for task_id in arm.get("task_ids", []) if scope.read(task_id) is None]
        if failed:
            raise AirflowFailException("in the branch that was taken, %s did not succeed" % ", ".join(failed))
        return {"output": scope.value(arm["value"]) if "value" in arm else None}

    def perform_require(self, scope, context, task):
        if not scope.value(task["condition"]):
            raise Refused(step_code.text_in(scope.value(task["message"])))
        return {}

    def perform_items(self, scope, context, task):
        items = scope.value(task["items"])
        context["ti"].xcom_push(key="items", value=json.dumps(items))
        return list(range(len(items)))

    def perform_gather(self, scope, context, task):
        count = len(scope.items(task["expand"]))
        if "value" not in task:
            return {"output": [None] * count}
        scope.group = task["group"]
        values = []
        for scope.index in range(count):
            values.append(scope.value(task["value"]))
        return {"output": values}

    def perform_outputs(self, scope, context, task):
        outputs = {}
        for name, given in task["outputs"].items():
            value = scope.value(given["value"])
            if "type" in given:
                value = step_code.conform("output `%s`" % name, given["type"], value, False)
            outputs[name] = value
        return outputs


class BranchOperator(Compiled, BaseBranchOperator):
    """Runs the tasks of one arm of an `if`; those of the others are skipped."""

    def perform(self, scope, context):
        arm = chosen(self.mlpc_task["arms"], scope)
        # Airflow 3 ends the task where it says what is skipped.
        context["ti"].xcom_push(key="return_value", value=self.leave({"output": arm}))
        self.do_branch(context, self.mlpc_task["arms"][arm]["task_ids"])
        return {"output": arm}


def chosen(arms, scope):
    """The number of the first arm whose condition holds."""
    return next(at for at, arm in enumerate(arms) if "when" not in arm or scope.value(arm["when"]))


def run_facts(run):
    date = getattr(run, "logical_date", None) or run.run_after
    text = lambda point: point.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    return {
        "id": run.run_id,
        "name": run.run_id,
        "date": text(date)[:10],
        "interval_start": text(run.data_interval_start or date),
        "interval_end": text(run.data_interval_end or date),
    }


def secret(reference):
    """The value of a secret `name/key`: the Airflow Variable `name__key`."""
    name = reference.replace("/", "__")
    try:
        value = Variable.get(name)
    except Exception as error:
        raise Refused("the secret %s is the Airflow Variable `%s`, which can't be had: %s" % (reference, name, error))
    mask_secret(value)
    return value


def artifact_path(task, context, name):
    """Where an output goes: the same path on every worker, and another for each run, task and item."""
    run_id = context["dag_run"].run_id
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", run_id)
    if plain != run_id:
        plain += "-" + hashlib.sha256(run_id.encode("utf-8")).hexdigest()[:8]
    parts = [task.mlpc_plan.root, task.mlpc_plan.dag["dag_id"], plain, task.task_id]
    if context["ti"].map_index >= 0:
        parts.append(str(context["ti"].map_index))
    return os.path.join(*parts, name)


# --- steps ----------------------------------------------------------------------------------------------------------------------


class Step(Compiled):
    """A task that runs a component."""

    # Where a container leaves values: a folder of its own.
    folder = "/tmp/mlpc"

    def perform(self, scope, context):
        component = self.mlpc_plan.dag["components"][self.mlpc_task["component"]]
        step = {"result": self.result(), "inputs": [], "outputs": []}
        for key in ("function", "module", "run", "shell"):
            if key in component:
                step[key] = component[key]
        if "source" in component:
            source = self.mlpc_plan.dag["sources"][component["source"]]
            step.update(file=source["path"], source=source["text"])
        if self.mlpc_task.get("packages"):
            step["packages"] = self.mlpc_task["packages"]
        for port in component["inputs"]:
            tree = self.mlpc_task.get("inputs", {}).get(port["name"])
            step["inputs"].append(dict(port, given=None if tree is None else scope.value(tree)))
        for port in component["outputs"]:
            artifact = step_code.split(port["type"])[0] == "artifact"
            path = artifact_path(self, context, port["name"]) if artifact else os.path.join(self.folder, port["name"])
            step["outputs"].append(dict(port, path=path))
        return self.finish(step, self.run_step(step, context))

    def finish(self, step, given):
        return given

    def environment_of_step(self):
        environment = dict(self.mlpc_task.get("env", {}))
        for variable, reference in self.mlpc_task.get("secrets", {}).items():
            environment[variable] = secret(reference)
        return environment


class BashStepOperator(Step):
    """A step as a process of the worker."""

    ui_color = "#f0ede4"
    process = None

    def result(self):
        return os.path.join(self.folder, "mlpc-result.json")

    def perform(self, scope, context):
        self.folder = tempfile.mkdtemp(prefix="mlpc-")
        try:
            return super().perform(scope, context)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run_step(self, step, context):
        call, place = os.path.join(self.folder, "mlpc-step.json"), os.path.join(self.folder, "work")
        os.mkdir(place)
        with open(call, "w", encoding="ascii") as file:
            json.dump(step, file)
        self.spawn([sys.executable, "-u", "-c", SHIM, "@" + call], place, {**os.environ, **self.environment_of_step()})
        with open(step["result"], encoding="ascii") as file:
            return json.load(file)

    def spawn(self, argv, place, environment):
        self.process = subprocess.Popen(
            argv,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            for line in self.process.stdout:
                self.log.info("%s", line.decode("utf-8", "replace").rstrip("\n"))
            status = self.process.wait()
        except BaseException as error:
            self.on_kill()
            if type(error).__name__ == "AirflowTaskTimeout":
                # A failure like any other: it may be tried again.
                raise AirflowException("the step took longer than %s" % self.execution_timeout) from None
            raise
        if status != 0:
            raise AirflowException("the step ended with %d" % status)

    def on_kill(self):
        """Ends the step's whole process group."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


# --- containers -----------------------------------------------------------------------------------------------------------------

# @CONTAINERS@


# --- the DAG --------------------------------------------------------------------------------------------------------------------


class Builder:
    """Makes the DAG of a JSON file; tasks keep it for what they look up."""

    def __init__(self, dag, folder):
        self.dag = dict({"params": {}, "components": {}, "sources": {}, "task_groups": []}, **dag)
        self.folder = str(folder)
        home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
        self.root = dag.get("artifact_root") or os.path.join(home, "artifacts")
        self.groups = {group["group_id"]: group for group in self.dag["task_groups"]}
        # The mapped group of each task that is in one.
        self.mapped = {}
        for task in self.dag["tasks"]:
            group = task.get("task_group")
            while group is not None and "expand" not in self.groups[group]:
                group = self.groups[group].get("parent")
            if group is not None:
                self.mapped[task["task_id"]] = group
        self.operators = {}
        self.made = {}

    def build(self):
        dag = self.dag
        given = {}
        if "max_active_tasks" in dag:
            given["max_active_tasks"] = dag["max_active_tasks"]
        if "dagrun_timeout" in dag:
            given["dagrun_timeout"] = timedelta(seconds=dag["dagrun_timeout"])
        notify = dag.get("notify", {})
        for event in ("on_failure", "on_success"):
            if notify.get(event):
                given[event + "_callback"] = Mail(notify["email"])
        zone = dag.get("schedule", {}).get("timezone", "UTC")
        with DAG(
            dag_id=dag["dag_id"],
            description=dag.get("description"),
            doc_md=dag.get("doc_md"),
            schedule=schedule(dag.get("schedule")),
            start_date=pendulum.parse(dag["start_date"], tz=zone),
            end_date=pendulum.parse(dag["end_date"], tz=zone) if "end_date" in dag else None,
            catchup=dag["catchup"],
            max_active_runs=dag["max_active_runs"],
            tags=dag.get("tags", []),
            default_args=dag.get("default_args", {}),
            params={name: param(spec) for name, spec in dag["params"].items()},
            **given,
        ) as made:
            self.fill(None)
            for task in dag["tasks"]:
                operator = self.made[task["task_id"]]
                new = [name for name in task.get("upstream_task_ids", []) if name not in operator.upstream_task_ids]
                operator.set_upstream([self.made[name] for name in new])
        return made

    def fill(self, parent):
        """Makes the tasks and groups that stand directly in a group. A task comes after those that its group is mapped over."""
        for task in self.dag["tasks"]:
            if task.get("task_group") == parent:
                self.made[task["task_id"]] = self.operator(task)
        for group_id, group in self.groups.items():
            if group.get("parent") == parent:
                self.group(group_id, group)

    def group(self, group_id, group):
        look = {"group_id": group_id, "prefix_group_id": False, "tooltip": group.get("tooltip", "")}
        expand = group.get("expand")
        if expand is None:
            with TaskGroup(**look):
                self.fill(group_id)
            return

        @task_group(**look)
        def body(index):
            self.fill(group_id)

        # The items themselves stay out of it: tasks look them up by their index.
        if "items" in expand:
            body.expand(index=list(range(len(expand["items"]))))
        else:
            body.expand(index=self.made[expand["task_id"]].output)

    def operator(self, task):
        given = {"trigger_rule": task.get("trigger_rule", "all_success"), "retries": task.get("retries", 0)}
        if "task_display_name" in task:
            given["task_display_name"] = task["task_display_name"]
        for key in ("pool", "pool_slots", "queue", "priority_weight", "max_active_tis_per_dagrun"):
            if key in task:
                given[key] = task[key]
        for key in ("retry_delay", "max_retry_delay", "execution_timeout"):
            if key in task:
                given[key] = timedelta(seconds=task[key])
        if "retry_exponential_backoff" in task:
            given["retry_exponential_backoff"] = task["retry_exponential_backoff"] if AIRFLOW > 2 else True
        kind = task["operator"]
        if kind == "empty":
            return EmptyOperator(task_id=task["task_id"], **given)
        doc = self.dag["components"].get(task.get("component"), {}).get("doc_md")
        return self.operator_class(kind)(plan=self, task=task, doc_md=doc, **given)

    def operator_class(self, kind):
        if kind not in self.operators:
            if kind in ("docker", "kubernetes"):
                self.operators[kind] = docker_operator() if kind == "docker" else kubernetes_operator()
            elif kind in ("bash", "branch"):
                self.operators[kind] = BashStepOperator if kind == "bash" else BranchOperator
            elif hasattr(ComputeOperator, "perform_" + kind):
                self.operators[kind] = ComputeOperator
            else:
                raise ValueError("no operator is called %r" % kind)
        return self.operators[kind]


def schedule(spec):
    if spec is None:
        return None
    assets = [Asset(uri) for uri in spec.get("assets", [])]
    if "cron" not in spec:
        return assets
    timetable = CronDataIntervalTimetable(spec["cron"], timezone=spec["timezone"])
    if not assets:
        return timetable
    return AssetOrTimeSchedule(timetable=timetable, **{"assets" if AIRFLOW > 2 else "datasets": assets})


def param(spec):
    given = dict(spec["schema"])
    if "description" in spec:
        given["description"] = spec["description"]
    return Param(spec["default"], **given) if "default" in spec else Param(**given)


class Mail:
    """Tells people by mail how a run ended; needs the provider `smtp` and its connection `smtp_default`."""

    def __init__(self, to):
        self.to = to

    def __call__(self, context):
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        SmtpNotifier(to=self.to)(context)
