# Runs a command in an image that need not have Python. Arguments: the folder of values, where the result goes (`-` is the last line), the
# folder of artifacts and the names of those that must be there, then the command.
WRAPPER = r"""
values=$1 result=$2 artifacts=$3 needed=$4
shift 4
rm -rf "$values" && mkdir -p "$values"
if [ -n "$artifacts" ]; then rm -rf "$artifacts" && mkdir -p "$artifacts"; fi
"$@" || exit $?
for name in $needed; do
  [ -e "$artifacts/$name" ] || { echo "mlpc: output \`$name\`: nothing was written to its path $artifacts/$name" >&2; exit 1; }
done
text= comma=
for file in "$values"/*; do
  [ -f "$file" ] || continue
  text="$text$comma\"${file##*/}\": \"$(base64 < "$file" | tr -d '\n')\""
  comma=,
done
if [ -n "$artifacts" ]; then
  for file in "$artifacts"/*; do
    [ -e "$file" ] || continue
    text="$text$comma\"${file##*/}\": \"\""
    comma=,
  done
fi
if [ "$result" = - ]; then printf '\n{%s}\n' "$text"; else mkdir -p "${result%/*}" && printf '{%s}' "$text" > "$result"; fi
"""
# The longest piece of an argument: the kernel refuses one of 128 KiB.
PIECE = 96 * 1024


class ContainerStep(Step):
    """A step in a container: a function is called by the shim, a command by the wrapper above."""

    def argv(self, step, context):
        if "function" in step:
            text = base64.b64encode(json.dumps(step).encode("ascii")).decode("ascii")
            pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
            return ["python3", "-u", "-c", SHIM, *pieces]
        values = {}
        for port in step["inputs"]:
            what, value = "input `%s`" % port["name"], port["given"]
            if port.get("as", "value") == "value":
                value = step_code.conform(what, port["type"], value, False)
            values[port["name"]] = value
        places = {port["name"]: port["path"] for port in step["outputs"]}
        paths = [port for port in step["outputs"] if step_code.split(port["type"])[0] == "artifact"]
        needed = [port["name"] for port in paths if not step_code.split(port["type"])[1]]
        folder = os.path.dirname(paths[0]["path"]) if paths else ""
        command = commands(step, values, places)
        return ["sh", "-c", WRAPPER, "sh", self.folder, step["result"], folder, " ".join(needed), *command]

    def finish(self, step, given):
        if not isinstance(given, dict):
            raise AirflowException("the container gave no result: %r" % (given,))
        if "function" in step:
            return given
        outputs = {}
        for port in step["outputs"]:
            name, ty, what = port["name"], port["type"], "output `%s`" % port["name"]
            base, optional = step_code.split(ty)
            if base == "artifact":
                outputs[name] = port["path"] if name in given else None
            elif name not in given:
                raise Refused("%s: nothing was written to its path %s" % (what, port["path"]))
            else:
                try:
                    text = base64.b64decode(given[name]).decode("utf-8")
                except UnicodeDecodeError:
                    raise Refused("%s: its text is no UTF-8" % what)
                if len(text) > step_code.MOST:
                    raise Refused("%s: more than the 256 KiB that go through Airflow's database" % what)
                text = text[:-1] if text[-1:] == "\n" else text
                outputs[name] = step_code.from_text(what, ty, text if step_code.is_text(base) else text.strip())
        return outputs


def commands(step, values, places):
    """The argument list that the shim would start for a command or script."""
    code = types.ModuleType("mlpc_step")
    exec(compile(SHIM, "mlpc_step", "exec"), code.__dict__)
    code.spawn = lambda argv: argv
    return code.run(step, values, places) if "run" in step else code.shell(step, values, places)


def docker_operator():
    from airflow.providers.docker.operators.docker import DockerOperator
    from docker.types import DeviceRequest, Mount

    class DockerStepOperator(ContainerStep, DockerOperator):
        """A step in a container of the worker's Docker."""

        def __init__(self, *, plan, task, **given):
            resources = task.get("resources", {})
            if "cpu" in resources:
                given["cpus"] = resources["cpu"]
            if "memory" in resources:
                given["mem_limit"] = resources["memory"]
            if "gpu" in resources:
                given["device_requests"] = [DeviceRequest(count=resources["gpu"], capabilities=[["gpu"]])]
            super().__init__(
                plan=plan,
                task=task,
                image=task["image"],
                mounts=[Mount(source=plan.root, target=plan.root, type="bind")],
                mount_tmp_dir=False,
                auto_remove="success",
                labels=task.get("labels") or None,
                **given,
            )

        def result(self):
            return "-"

        def run_step(self, step, context):
            self.command = self.argv(step, context)
            self.environment = self.environment_of_step()
            last = DockerOperator.execute(self, context)
            try:
                return json.loads(last)
            except (TypeError, ValueError):
                return last

    return DockerStepOperator


def kubernetes_operator():
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.providers.cncf.kubernetes.secret import Secret
    from kubernetes.client import models as k8s

    def volume(spec):
        source = {}
        if "claim" in spec:
            source["persistent_volume_claim"] = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=spec["claim"])
        elif "config_map" in spec:
            source["config_map"] = k8s.V1ConfigMapVolumeSource(name=spec["config_map"])
        elif "secret" in spec:
            source["secret"] = k8s.V1SecretVolumeSource(secret_name=spec["secret"])
        else:
            source["empty_dir"] = k8s.V1EmptyDirVolumeSource()
        return k8s.V1Volume(name=spec["name"], **source)

    class KubernetesStepOperator(ContainerStep, KubernetesPodOperator):
        """A step in a pod."""

        def __init__(self, *, plan, task, **given):
            pod = task.get("kubernetes", {})
            resources = task.get("resources", {})
            requests, limits = {}, {}
            if "cpu" in resources:
                requests["cpu"] = "%g" % resources["cpu"]
            if "memory" in resources:
                requests["memory"] = limits["memory"] = str(resources["memory"])
            if "disk" in resources:
                requests["ephemeral-storage"] = str(resources["disk"])
            if "gpu" in resources:
                limits[resources["gpu_type"]] = str(resources["gpu"])
            if requests or limits:
                given["container_resources"] = k8s.V1ResourceRequirements(requests=requests, limits=limits)
            if "service_account" in pod:
                given["service_account_name"] = pod["service_account"]
            volumes = pod.get("volumes", [])
            super().__init__(
                plan=plan,
                task=task,
                image=task["image"],
                labels=task.get("labels", {}),
                annotations=pod.get("annotations", {}),
                node_selector=pod.get("node_selector", {}),
                tolerations=[k8s.V1Toleration(**toleration) for toleration in pod.get("tolerations", [])],
                image_pull_secrets=[k8s.V1LocalObjectReference(name=name) for name in pod.get("image_pull_secrets", [])],
                volumes=[volume(spec) for spec in volumes],
                volume_mounts=[
                    k8s.V1VolumeMount(
                        name=spec["name"], mount_path=spec["mount_path"], read_only=spec.get("read_only", False)
                    )
                    for spec in volumes
                ],
                secrets=[
                    Secret("env", variable, *reference.split("/", 1))
                    for variable, reference in task.get("secrets", {}).items()
                ],
                do_xcom_push=True,
                on_finish_action="delete_succeeded_pod",
                **given,
            )

        def result(self):
            return "/airflow/xcom/return.json"

        def run_step(self, step, context):
            # Kubernetes reads `$(NAME)` in both; `$$` is a plain `$`.
            plain = lambda text: text.replace("$", "$$")
            argv = [plain(word) for word in self.argv(step, context)]
            self.cmds, self.arguments = argv[:1], argv[1:]
            self.env_vars = [
                k8s.V1EnvVar(name=name, value=plain(value)) for name, value in self.mlpc_task.get("env", {}).items()
            ]
            return KubernetesPodOperator.execute(self, context)

    return KubernetesStepOperator
