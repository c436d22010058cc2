"""What a pipeline document must hold besides its schema: references, types and order that nothing in kfp checks, names that the
cluster's compiler trips over, and the shapes that kfp.local runs wrong without a word."""

import re

import celpy

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
# The templates that the cluster's launcher fills in. Any other `{{` is the engine's to read in ways of its own.
PLACEHOLDER = re.compile(
    r"\{\{\$\}\}"
    r"|\{\{\$\.inputs\.parameters\['[^'{}]+'\]\}\}"
    r"|\{\{\$\.inputs\.artifacts\['[^'{}]+'\]\.(path|uri)\}\}"
    r"|\{\{\$\.outputs\.parameters\['[^'{}]+'\]\.output_file\}\}"
    r"|\{\{\$\.outputs\.artifacts\['[^'{}]+'\]\.(path|uri)\}\}"
)
WHOLE_CONSTANTS = {
    "{{$.pipeline_job_uuid}}",
    "{{$.pipeline_job_name}}",
    "{{$.pipeline_job_resource_name}}",
    "{{$.pipeline_job_schedule_time_utc}}",
    "{{$.pipeline_job_create_time_utc}}",
}
SAMPLES = {
    "STRING": celpy.celtypes.StringType("null"),
    "NUMBER_INTEGER": celpy.celtypes.DoubleType(3.0),
    "NUMBER_DOUBLE": celpy.celtypes.DoubleType(0.5),
    "BOOLEAN": celpy.celtypes.BoolType(True),
    "LIST": celpy.celtypes.ListType([]),
    "STRUCT": celpy.celtypes.MapType({}),
    "TASK_FINAL_STATUS": celpy.celtypes.MapType({}),
}


def broken(pipeline, platforms):
    """All that is wrong, in words."""
    found = Rules(pipeline, platforms)
    found.check()
    return found.errors


def declared(component, side, kind):
    return component.get(f"{side}Definitions", {}).get(kind, {})


class Rules:
    def __init__(self, pipeline, platforms):
        self.pipeline = pipeline
        self.platforms = platforms
        self.components = pipeline.get("components", {})
        self.executors = pipeline.get("deploymentSpec", {}).get("executors", {})
        self.errors = []
        self.looped = set()
        dags = [pipeline["root"], *self.components.values()]
        tasks = [task for component in dags for task in component.get("dag", {}).get("tasks", {}).values()]
        # What a loop's body declares is the list that all its rounds give.
        self.bodies = {task["componentRef"]["name"] for task in tasks if "parameterIterator" in task}

    def bad(self, text):
        self.errors.append(text)

    def check(self):
        self.keys_sorted(self.pipeline, "")
        if not NAME.match(self.pipeline["pipelineInfo"]["name"]):
            self.bad("the pipeline's name is no DNS label")
        self.dag("root", self.pipeline["root"])
        used_components, used_executors = set(), set()
        stack = [self.pipeline["root"]]
        while stack:
            component = stack.pop()
            for task in component.get("dag", {}).get("tasks", {}).values():
                name = task["componentRef"]["name"]
                if name in self.components and name not in used_components:
                    used_components.add(name)
                    stack.append(self.components[name])
            if "executorLabel" in component:
                used_executors.add(component["executorLabel"])
        for name, component in self.components.items():
            if name not in used_components:
                self.bad(f"{name}: no task refers to it")
            if not NAME.match(name) or re.match(r"comp-(root|entrypoint|system-)|.*-(iteration|iterator)\Z", name):
                self.bad(f"{name}: no name for a template")
            if ("dag" in component) == ("executorLabel" in component):
                self.bad(f"{name}: must have either dag or executorLabel")
            if "dag" in component:
                self.dag(name, component)
            elif component["executorLabel"] not in self.executors:
                self.bad(f"{name}: there is no executor {component['executorLabel']}")
        for label, executor in self.executors.items():
            if label not in used_executors:
                self.bad(f"{label}: no component refers to it")
            self.executor(label, executor)
        for platform in self.platforms:
            labels = platform["platforms"]["kubernetes"].get("deploymentSpec", {}).get("executors", {})
            for label in labels:
                if label not in self.executors:
                    self.bad(f"the platform document names {label}, which is no executor")

    def keys_sorted(self, tree, path):
        if isinstance(tree, dict):
            keys = list(tree)
            if keys != sorted(keys) and not self.free(path):
                self.bad(f"{path}: keys are not sorted")
            for key, value in tree.items():
                self.keys_sorted(value, f"{path}.{key}")
        elif isinstance(tree, list):
            for at, value in enumerate(tree):
                self.keys_sorted(value, f"{path}[{at}]")

    @staticmethod
    def free(path):
        """Values of the user keep their own order."""
        return ".constant" in path or ".defaultValue" in path

    def executor(self, label, executor):
        if set(executor) - {"container", "importer"}:
            self.bad(f"{label}: the backend knows container and importer only")
        container = executor.get("container")
        if container is None:
            return
        command = container.get("command", [])
        if not command or "{{" in command[0]:
            self.bad(f"{label}: the first word of a command can't be a placeholder")
        for word in command + container.get("args", []):
            if "{{" in PLACEHOLDER.sub("", word):
                self.bad(f"{label}: `{{{{` in {word[:80]!r}")
        for variable in container.get("env", []):
            if "{{" in variable.get("value", ""):
                self.bad(f"{label}: `{{{{` in the variable {variable['name']}")

    def dag(self, name, component):
        tasks = component["dag"]["tasks"]
        for task_name, task in tasks.items():
            where = f"{name}/{task_name}"
            self.task(where, component, task_name, task)
            if f"{task_name}-driver" in tasks:
                self.bad(f"{where}: meets the driver of another task")
        self.cycle(name, tasks)
        for kind, selectors in (("parameters", parameter_selectors), ("artifacts", artifact_selectors)):
            outputs = component["dag"].get("outputs", {}).get(kind, {})
            if set(outputs) != set(declared(component, "output", kind)):
                self.bad(f"{name}: declared output {kind} and wired ones differ")
            for key, output in outputs.items():
                for producer, producer_key in selectors(output):
                    task = tasks.get(producer)
                    if task is None:
                        self.bad(f"{name}: output {key} comes from {producer}, which is no task of it")
                        continue
                    made = declared(self.components[task["componentRef"]["name"]], "output", kind).get(producer_key)
                    wanted = declared(component, "output", kind).get(key)
                    if name in self.bodies:
                        if wanted.get("parameterType") != "LIST" and not wanted.get("isArtifactList"):
                            self.bad(f"{name}: output {key} of a loop's body is no list")
                        loops = "dag" in self.components[task["componentRef"]["name"]] and made.get("parameterType") == "LIST"
                        if made is None or made.get("isArtifactList") or loops:
                            self.bad(f"{name}: output {key} gathers what was gathered, which the backend flattens")
                    else:
                        self.fits(f"{name}: output {key}", made, wanted)

    def task(self, where, component, task_name, task):
        if not NAME.match(task_name):
            self.bad(f"{where}: no name for a task")
        tasks = component["dag"]["tasks"]
        target = self.components.get(task["componentRef"]["name"])
        if target is None:
            self.bad(f"{where}: there is no component {task['componentRef']['name']}")
            return
        waits = task.get("dependentTasks", [])
        for dependency in waits:
            if dependency not in tasks:
                self.bad(f"{where}: waits for {dependency}, which is no task beside it")
            elif "condition" in tasks[dependency].get("triggerPolicy", {}):
                self.bad(f"{where}: waits for {dependency}, which may be skipped")
        loop = task.get("parameterIterator")
        if "artifactIterator" in task:
            self.bad(f"{where}: the backend knows no artifactIterator")
        for kind in ("parameters", "artifacts"):
            given = task.get("inputs", {}).get(kind, {})
            wanted = declared(target, "input", kind)
            for key in sorted(set(given) - set(wanted)):
                self.bad(f"{where}: {task['componentRef']['name']} has no input {key}")
            for key in sorted(set(wanted) - set(given)):
                if not (loop and key == loop["itemInput"]):
                    self.bad(f"{where}: the input {key} is not given")
            for key, source in given.items():
                self.source(f"{where}.{key}", component, tasks, waits, kind, source, wanted.get(key))
        if "dag" in target and task.get("inputs", {}).get("artifacts") and not task["inputs"].get("parameters"):
            self.bad(f"{where}: kfp.local loses the artifacts of a DAG that is given no parameter")
        if loop:
            self.loop(where, task, target, loop)
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition is not None:
            self.condition(where, component, task, condition)
        retry = task.get("retryPolicy")
        if retry is not None:
            if set(retry) != {"maxRetryCount", "backoffDuration", "backoffFactor", "backoffMaxDuration"}:
                self.bad(f"{where}: a retryPolicy needs all four fields, or the backend does not retry")
            if "dag" in target:
                self.bad(f"{where}: the backend retries containers only")

    def source(self, where, component, tasks, waits, kind, source, wanted):
        output = source.get("taskOutputParameter") or source.get("taskOutputArtifact")
        own = source.get("componentInputParameter") or source.get("componentInputArtifact")
        if output is not None:
            producer = output["producerTask"]
            if producer not in tasks:
                self.bad(f"{where}: comes from {producer}, which is no task beside it")
                return
            if producer not in waits:
                self.bad(f"{where}: comes from {producer}, which is not in dependentTasks")
            key = output.get("outputParameterKey") or output.get("outputArtifactKey")
            made = declared(self.components[tasks[producer]["componentRef"]["name"]], "output", kind).get(key)
            self.fits(where, made, wanted)
        elif own is not None:
            self.fits(where, declared(component, "input", kind).get(own), wanted)
        elif "runtimeValue" in source:
            self.constant(where, source["runtimeValue"]["constant"], wanted)
        elif "taskFinalStatus" not in source:
            self.bad(f"{where}: no source that the backend knows")

    def constant(self, where, value, wanted):
        if isinstance(value, str) and value in WHOLE_CONSTANTS:
            return
        if "{{" in repr(value):
            self.bad(f"{where}: `{{{{` in a constant")
        types = {"STRING": str, "NUMBER_INTEGER": float, "NUMBER_DOUBLE": float, "BOOLEAN": bool, "LIST": list, "STRUCT": dict}
        kind = types.get((wanted or {}).get("parameterType"))
        if kind is float and not isinstance(value, bool) and isinstance(value, (int, float)):
            return
        if kind is None or not isinstance(value, kind):
            self.bad(f"{where}: {value!r} is no {wanted and wanted.get('parameterType')}")

    def fits(self, where, made, wanted):
        if made is None or wanted is None:
            self.bad(f"{where}: refers to a port that is not declared")
        elif "parameterType" in wanted:
            if made["parameterType"] != wanted["parameterType"]:
                self.bad(f"{where}: {made['parameterType']} is given for {wanted['parameterType']}")
        else:
            titles = made["artifactType"]["schemaTitle"], wanted["artifactType"]["schemaTitle"]
            if titles[0] != titles[1] and "system.Artifact" not in titles:
                self.bad(f"{where}: {titles[0]} is given for {titles[1]}")
            if made.get("isArtifactList", False) and not wanted.get("isArtifactList", False):
                self.bad(f"{where}: a list of artifacts is given for one")

    def loop(self, where, task, target, loop):
        for key, source in task.get("inputs", {}).get("parameters", {}).items():
            if "taskOutputParameter" in source:
                self.bad(f"{where}.{key}: kfp.local gives the loop's item in place of a task's output")
        items = loop.get("items", {}).get("inputParameter")
        if items is not None:
            source = task["inputs"]["parameters"].get(items, {})
            if source.get("componentInputParameter") != items.removeprefix("pipelinechannel--") or "-" not in items:
                self.bad(f"{where}: kfp.local finds items as `pipelinechannel--` and the name of a DAG's input only")
        name = task["componentRef"]["name"]
        if name in self.looped:
            self.bad(f"{where}: {name} is looped over twice, the backend makes its template twice")
        self.looped.add(name)
        if "dag" not in target:
            self.bad(f"{where}: loops over a leaf; mlpc's loops go over a DAG")

    def condition(self, where, component, task, condition):
        if "pipelinechannel--" in condition:
            self.bad(f"{where}: kfp.local reads `pipelinechannel--` names in a condition its own way")
        given = declared(self.components[task["componentRef"]["name"]], "input", "parameters")
        try:
            environment = celpy.Environment()
            program = environment.program(environment.compile(condition))
            values = {
                name: SAMPLES[parameter["parameterType"]]
                for name, parameter in {**declared(component, "input", "parameters"), **given}.items()
            }
            inputs = celpy.celtypes.MapType(
                {celpy.celtypes.StringType("parameter_values"): celpy.celtypes.MapType(
                    {celpy.celtypes.StringType(name): value for name, value in values.items()}
                )}
            )
            result = program.evaluate({"inputs": inputs})
            if not isinstance(result, celpy.celtypes.BoolType):
                self.bad(f"{where}: the condition {condition!r} gives {result!r}")
        except Exception as error:
            self.bad(f"{where}: the condition {condition!r} is no CEL: {type(error).__name__}: {error}")
        for name in re.findall(r"parameter_values\['([^']*)'\]", condition):
            if name not in given:
                self.bad(f"{where}: the condition reads {name}, which the task is not given")

    def cycle(self, name, tasks):
        done, order = set(), list(tasks)
        while order:
            ready = [task for task in order if set(tasks[task].get("dependentTasks", [])) <= done]
            if not ready:
                self.bad(f"{name}: a cycle among {', '.join(order)}")
                return
            done.update(ready)
            order = [task for task in order if task not in done]


def parameter_selectors(output):
    if "valueFromParameter" in output:
        one = output["valueFromParameter"]
        return [(one["producerSubtask"], one["outputParameterKey"])]
    return [
        (one["producerSubtask"], one["outputParameterKey"])
        for one in output["valueFromOneof"]["parameterSelectors"]
    ]


def artifact_selectors(output):
    return [(one["producerSubtask"], one["outputArtifactKey"]) for one in output["artifactSelectors"]]
