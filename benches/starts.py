"""What it costs to start a step: a chain of steps that do nothing, as mlpc emits it and as the engine's own users write it.

    PYTHON_OF_THE_ENGINE benches/starts.py ENGINE FOLDER STEPS RUNS

benches/compare.py calls this, one process an engine, in the engine's environment; FOLDER has what mlpc compiled, and gets
`ENGINE.json` with two lists of milliseconds a step, `ours` and `theirs`. The two take turns, after one run each that isn't counted.
A run's own beginning and end are in its figure, shared out among the steps. Standard library, and the engine.
"""

import contextlib
import importlib.util
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

ENGINES = pathlib.Path(__file__).resolve().parent.parent / "tests/engines"
STEP = "def step(n: int) -> int:\n    return n + 1\n"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def written(folder, text):
    """A module of what the engine's users write; engines look at a function's source."""
    path = folder / "theirs.py"
    path.write_text(text)
    return path


@contextlib.contextmanager
def local(folder, steps):
    """`mlpc run` beside a plain process a step, which is what a step is at the least."""
    mlpc = os.environ["MLPC"]
    number = itertools.count()

    def ours():
        command = [mlpc, "run", "pipeline.mlp", "--no-cache", "--json", "--run-dir", f"run-{next(number)}"]
        done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(done.stdout)["outputs"]["n"]

    yield ours, lambda: processes([sys.executable, "-c", "print(1 + 1)"], steps)


def processes(command, steps):
    for _ in range(steps):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return steps


@contextlib.contextmanager
def argo(folder, steps):
    """No engine runs here: the command of the emitted container, beside a plain process."""
    import yaml

    document = yaml.safe_load((folder / "ours_argo.yaml").read_text())
    (template,) = [one for one in document["spec"]["templates"] if one["name"] == "step"]
    root = folder / "pod"
    for item in next(one for one in document["spec"]["volumes"] if one["name"] == "mlpc-lib")["downwardAPI"]["items"]:
        annotation = item["fieldRef"]["fieldPath"].split("'")[1]
        path = root / "lib" / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.get("metadata", document["spec"]["podMetadata"])["annotations"][annotation])
    output = template["outputs"]["parameters"][0]["valueFrom"]["path"]
    (root / "out").mkdir()

    def word(text):
        text = text.replace("{{outputs.parameters.output.path}}", output).replace("{{inputs.parameters.n}}", "1")
        return text.replace("/mlpc/", f"{root}/")

    container = template["container"]
    command = [word(text) for text in container["command"] + container["args"]]

    def ours():
        processes(command, steps)
        assert pathlib.Path(word(output)).read_text() == "2"
        return steps

    yield ours, lambda: processes([command[0], "-c", "print(1 + 1)"], steps)


@contextlib.contextmanager
def kubeflow(folder, steps):
    """kfp.local's subprocess runner: our document, and a pipeline of `@dsl.component`s that install nothing."""
    sys.path.insert(0, str(ENGINES / "kubeflow"))
    # A container's command runs as a plain process there.
    import driver
    from kfp import components

    driver.local.init(driver.local.SubprocessRunner(use_venv=False), pipeline_root=tempfile.mkdtemp())
    emitted = components.load_component_from_text((folder / "ours_kubeflow.yaml").read_text())
    text = "from kfp import dsl\n\n@dsl.component(install_kfp_package=False)\n" + STEP
    text += '\n@dsl.pipeline(name="theirs")\ndef theirs(n: int = 0) -> int:\n'
    text += f"    for _ in range({steps}):\n        n = step(n=n).output\n    return n\n"
    theirs = load(written(folder, text)).theirs
    yield lambda: emitted(n=0).outputs["n"], lambda: theirs(n=0).output


@contextlib.contextmanager
def airflow(folder, steps):
    """`dag.test()`: our DAG, and one of `@task`s."""
    sys.path.insert(0, str(ENGINES / "airflow"))
    import driver

    decorators = "airflow.sdk" if driver.AIRFLOW > 2 else "airflow.decorators"
    text = f"from datetime import datetime\nfrom {decorators} import dag, task\n\n@task\n" + STEP
    text += "\n@dag(schedule=None, start_date=datetime(2024, 1, 1))\ndef theirs():\n    n = 0\n"
    text += f"    for _ in range({steps}):\n        n = step(n)\n\ntheirs()\n"
    files = {file.name: file.read_text() for file in (folder / "ours_airflow").iterdir()}
    bag = driver.read({**files, "theirs.py": text})
    number = itertools.count(1)

    def run(name):
        date = driver.datetime(2024, 2, 1, tzinfo=driver.timezone.utc) + driver.timedelta(hours=next(number))
        key = "logical_date" if driver.AIRFLOW > 2 else "execution_date"
        result = bag.dags[name].test(**{key: date})
        assert str(getattr(result.state, "value", result.state)) == "success"
        return steps

    yield lambda: run("chain"), lambda: run("theirs")


@contextlib.contextmanager
def prefect(folder, steps):
    """A flow on the ephemeral server: ours, and one of `@task`s."""
    os.environ.update(
        PREFECT_HOME=tempfile.mkdtemp(), PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1",
        PREFECT_LOGGING_TO_API_ENABLED="false", PREFECT_LOGGING_LEVEL="WARNING",
    )
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    text = "from prefect import flow, task\n\n@task\n" + STEP
    text += f"\n@flow\ndef theirs(n: int = 0) -> int:\n    for _ in range({steps}):\n        n = step(n)\n    return n\n"
    sys.path.insert(0, str(folder / "ours_prefect"))
    with prefect_test_harness(server_startup_timeout=120), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        theirs = load(written(folder, text)).theirs
        emitted = load(folder / "ours_prefect" / "chain_flow.py").chain
        yield lambda: emitted(n=0)["n"], lambda: theirs(n=0)


@contextlib.contextmanager
def dagster(folder, steps):
    """`execute_in_process`: the job of our assets, and a job of `@op`s."""
    home = tempfile.mkdtemp()
    os.environ.update(DAGSTER_HOME=home, DAGSTER_DISABLE_TELEMETRY="yes")
    pathlib.Path(home, "dagster.yaml").write_text("")
    import logging

    logging.disable(logging.CRITICAL)
    import dagster as dg

    text = "import dagster as dg\n\n@dg.op\n" + STEP
    text += f"\n@dg.job\ndef theirs():\n    n = step.alias('t0')()\n    for at in range(1, {steps}):\n        n = step.alias(f't{{at}}')(n)\n"
    theirs = load(written(folder, text.replace("n: int)", "n: int = 0)"))).theirs
    module = load(folder / "ours_dagster.py")
    emitted = module.defs.resolve_job_def(module.defs.jobs[0].name)
    instance = dg.DagsterInstance.get()

    def run(job):
        assert job.execute_in_process(instance=instance).success
        return steps

    yield lambda: run(emitted), lambda: run(theirs)


def measure(engine, folder, steps, runs):
    os.chdir(folder)
    with ENGINE[engine](folder, steps) as pair:
        took = {"ours": [], "theirs": []}
        for at in range(runs + 1):
            for name, run in zip(took, pair):
                start = time.perf_counter()
                result = run()
                each = (time.perf_counter() - start) * 1000 / steps
                assert result == steps, f"{name}: {result}"
                if at:
                    took[name].append(each)
    (folder / f"{engine}.json").write_text(json.dumps(took))


ENGINE = {
    "local": local, "kubeflow": kubeflow, "argo": argo, "airflow": airflow, "airflow2": airflow, "prefect": prefect,
    "dagster": dagster,
}

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    measure(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
