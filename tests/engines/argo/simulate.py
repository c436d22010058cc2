"""Runs what mlpc emits for Argo as processes on this machine: a simulation, for no cluster is at hand.

The order of the engine's substitution passes, its phases and what is put out for the whole run are modelled here, from a reading
of Argo v4. The passes and the conditions of `depends` are made by the Go program in templates/, on the engine's own libraries. A
pod is a process: its command, its environment and its script are the emitted ones, after the passes and after what Kubernetes
makes of `$(NAME)`; only the paths of its files lie below a folder of this run, and its image is this machine.

Where the engine is harsh, so is this: a task sees only what it depends on; a DAG ends as its last tasks do; what a DAG puts out
by a `globalName` reaches the run only when the DAG that called it has succeeded, and the entry has no caller; a pod that failed
still puts out what it had written; and a DAG that fails over its outputs leaves what depends on it without a parent, so that the
run never ends.
"""

import copy
import functools
import json
import pathlib
import re
import shutil
import subprocess
import tarfile

UID = "0f1e2d3c-0000-4000-8000-000000000001"
CREATED = "2024-05-06T07:08:09Z"
LONGEST_OUTPUT = 256 * 1024
#: A task in a `depends`.
DEPENDENCY = r"([-\w]+)\.(?:Succeeded|Failed|Errored|Skipped|Omitted)"


class Substitution:
    """The Go program that makes a pass, kept running."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise NodeError(answer["error"])
        return answer.get("result")

    def replace(self, document, values, strict=()):
        return self.ask({"document": document, "values": values, "strict": list(strict)})

    def evaluate(self, expression, values):
        return self.ask({"expression": expression, "values": values})

    def depends(self, condition, phases):
        return self.ask({"depends": condition, "phases": phases})


class NodeError(Exception):
    """A node that ends as Error, with its message."""


class NeverEnds(Exception):
    """The run stays in Running for good."""


#: The phases that count as a node's own; one that was skipped or omitted has that of what comes before it.
COMPLETED = ("Succeeded", "Failed", "Error")
FAILED = ("Failed", "Error")
#: mlpc's name for a task that is there only for its outputs to reach the run. It is no part of a pod's path.
PUBLISHED = "published"


def kubernetes_expanded(text, env):
    """`$(NAME)` where NAME is a variable of the container, and `$$` as `$`."""
    def one(match):
        whole, name = match.group(0), match.group(1)
        if whole == "$$":
            return "$"
        return env.get(name, whole)

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, text)


def any_string(value):
    """What an output parameter makes of an expression's result."""
    return value if isinstance(value, str) else json.dumps(value)


def direct_dependencies(task):
    return list(dict.fromkeys(re.findall(DEPENDENCY, task.get("depends", ""))))


def ancestors(name, before):
    found, open_ = {}, list(before[name])
    while open_:
        one = open_.pop()
        if one not in found:
            found[one] = None
            open_ += before[one]
    return found


class Simulation:
    def __init__(self, substitution, documents, folder, path):
        self.substitution = substitution
        self.folder = pathlib.Path(folder)
        self.path = path
        self.pods = []
        self.count = 0
        workflow = next(d for d in documents if d["kind"] in ("Workflow", "WorkflowTemplate"))
        self.spec = workflow["spec"]
        self.templates = {}
        for document in documents:
            if document["kind"] in ("Workflow", "WorkflowTemplate"):
                for template in document["spec"]["templates"]:
                    self.templates[(document["metadata"].get("name"), template["name"])] = template
        self.home = workflow["metadata"].get("name")
        self.name = self.home or workflow["metadata"]["generateName"] + "abcde"

    def run(self, given):
        self.globals = {"workflow.uid": UID, "workflow.name": self.name, "workflow.creationTimestamp": CREATED}
        declared = self.spec.get("arguments", {}).get("parameters", [])
        unknown = set(given) - {p["name"] for p in declared}
        if unknown:
            raise ValueError(f"no such parameters: {unknown}")
        for parameter in declared:
            value = given.get(parameter["name"], parameter.get("value"))
            if value is None:
                return self.report("Error", f"parameter {parameter['name']} has no value")
            if parameter.get("enum") and value not in parameter["enum"]:
                return self.report("Error", f"{value!r} is none of {parameter['name']}'s enum")
            self.globals[f"workflow.parameters.{parameter['name']}"] = value
        self.outputs = {"parameters": {}, "artifacts": {}}
        try:
            return self.entry()
        except NeverEnds as why:
            return self.report("Running", str(why))

    def entry(self):
        node = self.execute((self.home, self.spec["entrypoint"]), {}, {}, "")
        if "onExit" in self.spec:
            self.globals["workflow.status"] = node["phase"]
            for name, value in self.outputs["parameters"].items():
                self.globals[f"workflow.outputs.parameters.{name}"] = value
            last = self.execute((self.home, self.spec["onExit"]), {}, {}, "onExit")
            if node["phase"] == "Succeeded" and last["phase"] != "Succeeded":
                node = last
        return self.report(node["phase"], node.get("message", ""))

    def report(self, phase, message):
        return {
            "phase": phase,
            "message": message,
            "outputs": getattr(self, "outputs", {"parameters": {}, "artifacts": {}}),
            "pods": self.pods,
        }

    def publish(self, template, node):
        """Puts out for the whole run what a template says so of."""
        for kind, found in self.outputs.items():
            for output in template.get("outputs", {}).get(kind, []):
                if "globalName" in output and output["name"] in node[kind]:
                    found[output["globalName"]] = node[kind][output["name"]]

    def execute(self, key, parameters, artifacts, path):
        """A node of a template, with the texts and the files that its inputs get."""
        try:
            return self.node(key, parameters, artifacts, path)
        except NodeError as error:
            return {"phase": "Error", "message": str(error), "parameters": {}, "artifacts": {}}

    def node(self, key, parameters, artifacts, path):
        template = copy.deepcopy(self.templates[key])
        pod = "dag" not in template
        if pod:
            self.count += 1
            folder = self.folder / f"{self.count:03}"
            self.move(template, folder)
        inputs = template.get("inputs", {})
        values = {}
        for parameter in inputs.get("parameters", []):
            text = parameters.get(parameter["name"], parameter.get("value"))
            if text is None:
                raise NodeError(f"inputs.parameters.{parameter['name']} was not supplied")
            parameter["value"] = text
        for name in set(parameters) - {p["name"] for p in inputs.get("parameters", [])}:
            raise NodeError(f"{key[1]} has no input parameter {name}")
        for artifact in inputs.get("artifacts", []):
            if artifact["name"] not in artifacts and not artifact.get("optional") and "raw" not in artifact:
                raise NodeError(f"inputs.artifacts.{artifact['name']} was not supplied")
        # The first pass reads the values that were handed in as part of the template.
        template = self.substitution.replace(template, self.globals)
        inputs = template.get("inputs", {})
        for parameter in inputs.get("parameters", []):
            values[f"inputs.parameters.{parameter['name']}"] = parameter["value"]
        for artifact in inputs.get("artifacts", []):
            if "path" in artifact:
                values[f"inputs.artifacts.{artifact['name']}.path"] = artifact["path"]
        for artifact in template.get("outputs", {}).get("artifacts", []):
            if "path" in artifact:
                values[f"outputs.artifacts.{artifact['name']}.path"] = artifact["path"]
        for parameter in template.get("outputs", {}).get("parameters", []):
            if "path" in parameter.get("valueFrom", {}):
                values[f"outputs.parameters.{parameter['name']}.path"] = parameter["valueFrom"]["path"]
        template = self.substitution.replace(template, values)
        if pod:
            return self.attempts(template, artifacts, folder, path)
        return self.dag(key[0], template, values, artifacts, path)

    # Pods

    def move(self, template, folder):
        """Puts the paths of a pod's files below a folder."""
        def below(path):
            return f"{folder}/root{path}"

        for artifact in template.get("inputs", {}).get("artifacts", []):
            artifact["path"] = below(artifact["path"])
        for artifact in template.get("outputs", {}).get("artifacts", []):
            artifact["path"] = below(artifact["path"])
        for parameter in template.get("outputs", {}).get("parameters", []):
            parameter["valueFrom"]["path"] = below(parameter["valueFrom"]["path"])
        container = template.get("container") or template["script"]
        for mount in container.get("volumeMounts", []):
            mount["mountPath"] = below(mount["mountPath"])
            files = self.files_of(mount["name"])
            if files:
                # What it mounts is named by its path in the command.
                for key in ("command", "args"):
                    where = mount["mountPath"].removeprefix(f"{folder}/root")
                    container[key] = [word.replace(where + "/", mount["mountPath"] + "/") for word in container.get(key, [])]

    def files_of(self, volume):
        """The files of a volume of annotations."""
        for one in self.spec.get("volumes", []):
            if one["name"] == volume and "downwardAPI" in one:
                annotations = self.spec["podMetadata"]["annotations"]
                keys = [(item["path"], item["fieldRef"]["fieldPath"]) for item in one["downwardAPI"]["items"]]
                return {path: annotations[re.fullmatch(r"metadata\.annotations\['(.*)'\]", key).group(1)] for path, key in keys}
        return {}

    def attempts(self, template, artifacts, folder, path):
        limit = int(template.get("retryStrategy", {}).get("limit", 0))
        for attempt in range(limit + 1):
            node = self.pod(template, artifacts, folder, path, attempt)
            if node["phase"] == "Succeeded":
                break
        return node

    def pod(self, template, artifacts, folder, path, attempt):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        container = template.get("container") or template["script"]
        for mount in container.get("volumeMounts", []):
            root = pathlib.Path(mount["mountPath"])
            root.mkdir(parents=True, exist_ok=True)
            for name, text in self.files_of(mount["name"]).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8", newline="")
        for artifact in template.get("inputs", {}).get("artifacts", []):
            target = pathlib.Path(artifact["path"])
            if "raw" in artifact:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(artifact["raw"]["data"], encoding="utf-8", newline="")
            elif artifact["name"] in artifacts:
                target.parent.mkdir(parents=True, exist_ok=True)
                source = artifacts[artifact["name"]]
                (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
        env = {}
        for variable in container.get("env", []):
            if "value" in variable:
                env[variable["name"]] = kubernetes_expanded(variable["value"], env)
            else:
                env[variable["name"]] = "secret:" + "/".join(variable["valueFrom"]["secretKeyRef"].values())
        command = [kubernetes_expanded(word, env) for word in container["command"] + container.get("args", [])]
        if "script" in template:
            script = folder / "script"
            script.write_text(container["source"], encoding="utf-8", newline="")
            command.append(str(script))
        record = {"path": path, "template": template["name"], "attempt": attempt, "command": command, "env": env}
        self.pods.append(record)
        left = [text for text in [*command, *env.values(), container.get("source", "")] if "{{" in text]
        if left:
            raise NodeError(f"a tag was left as text: {left}")
        try:
            done = subprocess.run(
                command, env={"PATH": self.path, "HOME": str(folder), "TMPDIR": str(folder), **env}, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
            )
        except OSError as error:
            raise NodeError(f"the pod does not start: {error}")
        record["exit"] = done.returncode
        record["stdout"] = done.stdout.decode("utf-8", "replace")[-20000:]
        record["stderr"] = done.stderr.decode("utf-8", "replace")[-20000:]
        node = {"phase": "Succeeded", "parameters": {}, "artifacts": {}}
        missing = self.collect(template, node)
        # The executor puts out what is there, however the command ended.
        self.publish(template, node)
        if done.returncode != 0:
            message = f"{template['name']}: exit code {done.returncode}: {record['stderr'][-2000:]}"
            return {"phase": "Failed", "message": message, "parameters": {}, "artifacts": {}}
        if missing:
            raise NodeError(missing[0])
        return node

    def collect(self, template, node):
        """Reads a pod's outputs into its node; gives what is missing."""
        missing = []
        for parameter in template.get("outputs", {}).get("parameters", []):
            file = pathlib.Path(parameter["valueFrom"]["path"])
            if not file.exists():
                missing.append(f"{template['name']} wrote no output parameter {parameter['name']}")
                continue
            text = file.read_bytes()[:LONGEST_OUTPUT].decode("utf-8")
            node["parameters"][parameter["name"]] = text.removesuffix("\n")
        for artifact in template.get("outputs", {}).get("artifacts", []):
            file = pathlib.Path(artifact["path"])
            if file.exists():
                node["artifacts"][artifact["name"]] = file
            elif not artifact.get("optional"):
                missing.append(f"{template['name']} wrote no output artifact {artifact['name']}")
        return missing

    # DAGs

    def dag(self, home, template, inputs, artifacts, path):
        nodes = {}
        tasks = {task["name"]: task for task in template["dag"]["tasks"]}
        before = {name: direct_dependencies(task) for name, task in tasks.items()}
        pending = dict(tasks)
        while pending:
            ready = [name for name in pending if not any(dependency in pending for dependency in before[name])]
            if not ready:
                raise NodeError(f"a cycle among {sorted(pending)}")
            for name in ready:
                seen = {dependency: nodes[dependency] for dependency in ancestors(name, before)}
                at = path if name == PUBLISHED else f"{path}/{name}"
                nodes[name] = self.task(home, pending.pop(name), seen, inputs, artifacts, at)
        node = self.dag_phase(template["dag"], before, nodes)
        if node["phase"] != "Succeeded":
            # It puts out nothing.
            return node
        # Only now does the run get what the tasks put out for it.
        for name, task in tasks.items():
            if "withParam" not in task:
                self.publish(self.templates[self.key(home, task)], nodes[name])
        try:
            self.dag_outputs(template, nodes, inputs, artifacts, node)
        except NodeError as error:
            # The engine forgets what follows such a node.
            return {"phase": "Error", "message": str(error), "parameters": {}, "artifacts": {}, "orphans": True}
        return node

    def dag_phase(self, dag, before, nodes):
        """A DAG ends as its targets do, which are those that nothing depends on if it names none."""
        @functools.cache
        def branch(name):
            if nodes[name]["phase"] in COMPLETED:
                return nodes[name]["phase"]
            parents = [dependency for dependency in before[name] if not nodes[dependency].get("orphans")]
            if before[name] and not parents:
                raise NeverEnds(f"{name} has no parent: {nodes[before[name][0]]['message']}")
            found = [branch(dependency) for dependency in parents]
            return next((phase for phase in found if phase in FAILED), "Succeeded")

        leaves = sorted(set(nodes) - {dependency for all_ in before.values() for dependency in all_})
        phase = "Succeeded"
        targets = dag.get("target", "").split() or leaves
        for target in targets:
            if branch(target) in FAILED:
                phase = branch(target)
        node = {"phase": phase, "parameters": {}, "artifacts": {}}
        if phase in FAILED:
            node["orphans"] = all(nodes[target].get("orphans") for target in targets)
            node["message"] = next(one.get("message", "") for one in nodes.values() if one["phase"] in FAILED)
        return node

    def dag_outputs(self, template, nodes, inputs, artifacts, node):
        # The expression of an output sees the tasks and the inputs, not the workflow.
        scope = {**inputs, **self.scope(nodes)}
        for parameter in template.get("outputs", {}).get("parameters", []):
            source = parameter["valueFrom"]
            if "expression" in source:
                value = self.substitution.evaluate(source["expression"], scope)
                if value is None:
                    raise NodeError(f"the expression of output {parameter['name']} gives nothing")
            else:
                value = scope.get(source["parameter"].strip("{}"))
                if value is None:
                    raise NodeError(f"unable to resolve {source['parameter']}")
            node["parameters"][parameter["name"]] = any_string(value)
        for artifact in template.get("outputs", {}).get("artifacts", []):
            file = self.file(artifact, nodes, artifacts, inputs)
            if file is not None:
                node["artifacts"][artifact["name"]] = file
            elif not artifact.get("optional"):
                raise NodeError(f"unable to resolve the artifact {artifact}")

    def scope(self, nodes):
        scope = {}
        for name, node in nodes.items():
            scope[f"tasks.{name}.status"] = node["phase"]
            for parameter, text in node["parameters"].items():
                scope[f"tasks.{name}.outputs.parameters.{parameter}"] = text
            for artifact, file in node["artifacts"].items():
                scope[f"tasks.{name}.outputs.artifacts.{artifact}"] = {"file": str(file)}
        return scope

    def file(self, artifact, nodes, inputs, texts):
        if "fromExpression" in artifact:
            value = self.substitution.evaluate(artifact["fromExpression"], {**texts, **self.scope(nodes)})
            return pathlib.Path(value["file"]) if value else None
        if "from" in artifact:
            words = artifact["from"].strip("{}").split(".")
            if words[0] == "inputs":
                return inputs.get(words[2])
            if words[0] == "workflow":
                return self.outputs["artifacts"].get(words[3])
            return nodes[words[1]]["artifacts"].get(words[4]) if words[1] in nodes else None
        return self.fetched(artifact)

    def fetched(self, artifact):
        """An existing artifact, in a folder that stands for every store."""
        if "http" in artifact:
            key = artifact["http"]["url"].split("://")[1]
        else:
            store = artifact.get("s3") or artifact.get("gcs")
            key = f"{store['bucket']}/{store['key']}"
        file = self.folder / "stores" / key
        if not file.exists():
            raise NodeError(f"there is no {key}")
        return file

    def key(self, home, task):
        if "templateRef" in task:
            return (task["templateRef"]["name"], task["templateRef"]["template"])
        return (home, task["template"])

    def task(self, home, task, nodes, inputs, artifacts, path):
        """The node of a task that sees these nodes."""
        def omitted(phase):
            node = {"phase": phase, "parameters": {}, "artifacts": {}}
            # A skipped node's outputs are known to be absent.
            for parameter in self.templates[self.key(home, task)].get("outputs", {}).get("parameters", []):
                node["parameters"][parameter["name"]] = None
            return node

        if task.get("depends"):
            phases = {name: nodes[name]["phase"] for name in direct_dependencies(task)}
            try:
                if not self.substitution.depends(task["depends"], phases):
                    return omitted("Omitted")
            except NodeError as error:
                return {"phase": "Error", "message": str(error), "parameters": {}, "artifacts": {}}
        values = {**self.globals, **inputs, **self.scope(nodes)}
        # Artifacts are no texts: what reads them by `from` is resolved apart.
        values = {name: value for name, value in values.items() if not isinstance(value, dict)}
        try:
            task = self.substitution.replace(task, values, ["tasks", "steps"])
            if task.get("when") is not None:
                if task["when"] not in ("true", "false"):
                    raise NodeError(f"`when` gives {task['when']!r}")
                if task["when"] == "false":
                    return omitted("Skipped")
            if "withParam" in task:
                return self.loop(home, task, nodes, artifacts, path)
            return self.call(home, task, nodes, artifacts, path)
        except NodeError as error:
            return {"phase": "Error", "message": str(error), "parameters": {}, "artifacts": {}}

    def call(self, home, task, nodes, artifacts, path):
        key = self.key(home, task)
        arguments = task.get("arguments", {})
        parameters = {p["name"]: p["value"] for p in arguments.get("parameters", [])}
        files = {}
        for artifact in arguments.get("artifacts", []):
            file = self.file(artifact, nodes, artifacts, {})
            if file is not None:
                files[artifact["name"]] = file
            elif not artifact.get("optional"):
                raise NodeError(f"unable to resolve the artifact {artifact}")
        return self.execute(key, parameters, files, path)

    def loop(self, home, task, nodes, artifacts, path):
        items = json.loads(task["withParam"])
        if not isinstance(items, list):
            raise NodeError("withParam is no list")
        made = []
        for at, item in enumerate(items):
            values = {"item": item if isinstance(item, str) else json.dumps(item)}
            if isinstance(item, dict):
                values.update({f"item.{key}": value if isinstance(value, str) else json.dumps(value) for key, value in item.items()})
            one = self.substitution.replace({key: value for key, value in task.items() if key != "withParam"}, values)
            made.append(self.call(home, one, nodes, artifacts, f"{path}[{at}]"))
        node = {"phase": "Succeeded" if made else "Skipped", "parameters": {}, "artifacts": {}}
        failed = [one for one in made if one["phase"] in ("Failed", "Error")]
        if failed:
            orphans = all(one.get("orphans") for one in made)
            node.update(phase=failed[-1]["phase"], message=failed[0].get("message", ""), orphans=orphans)
        names = [name for one in made for name in one["parameters"]]
        for name in dict.fromkeys(names):
            texts = [one["parameters"][name] for one in made if one["phase"] == "Succeeded"]
            node["parameters"][name] = json.dumps(texts)
        return node
