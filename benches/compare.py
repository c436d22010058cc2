"""Times mlpc beside the engines' own tools: how long compiling takes, and what it costs to start a step.

    cargo build --release && python3 benches/compare.py [--tasks 10 100 1000] [--runs 5] [--steps 20] [--only compile|starts]

Compiling: whole processes of mlpc, the KFP SDK and Hera on the same generated pipelines of N tasks of ten components, each task but
the first reading two earlier ones. Every figure is the best of the runs, in milliseconds from start to end of the process, imports
included. Starting a step: benches/starts.py, a chain of steps that do nothing, ours and the engine's own way in turns; the best of the
runs. The engines run in the virtual environments of the tests (tests/engines/setup.py makes them); what can't be had is left out by
name. Standard library only.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPONENTS = 10


def tasks(count):
    """(name, component, two earlier tasks or None) of each task."""
    for at in range(count):
        earlier = (f"t{at - 1}", f"t{at // 2}") if at else None
        yield f"t{at}", at % COMPONENTS, earlier


def mlp(count):
    lines = []
    for at in range(min(count, COMPONENTS)):
        lines += [
            f"component step_{at}(a: str, b: str, n: int) -> str {{",
            f'  python: "steps.py:step_{at}"',
            "}",
        ]
    lines += ['pipeline generated(seed: str = "s") {', '  defaults: { image: "python:3.12-slim" }']
    for at, (name, component, earlier) in enumerate(tasks(count)):
        a, b = earlier or ("seed", "seed")
        lines.append(f"  {name} = step_{component}({a}, {b}, n={at})")
    lines.append("}")
    return "\n".join(lines) + "\n"


def steps(count, decorator="", imports=""):
    lines = [imports]
    for at in range(min(count, COMPONENTS)):
        lines += [decorator, f"def step_{at}(a: str, b: str, n: int) -> str:", '    return f"{a}{b}{n}"[-40:]', ""]
    return "\n".join(line for line in lines if line is not None) + "\n"


def kfp(count):
    lines = [
        steps(count, '@dsl.component(base_image="python:3.12-slim")', "from kfp import compiler, dsl"),
        '@dsl.pipeline(name="generated")',
        'def generated(seed: str = "s"):',
    ]
    for at, (name, component, earlier) in enumerate(tasks(count)):
        a, b = (f"{one}.output" for one in earlier) if earlier else ("seed", "seed")
        lines.append(f"    {name} = step_{component}(a={a}, b={b}, n={at})")
    lines.append('compiler.Compiler().compile(generated, "kfp.yaml")')
    return "\n".join(lines) + "\n"


def hera(count):
    lines = [
        steps(count, '@script(image="python:3.12-slim")', "from hera.workflows import DAG, Workflow, script"),
        'with Workflow(generate_name="generated-", entrypoint="main", arguments={"seed": "s"}) as workflow:',
        '    with DAG(name="main"):',
    ]
    for at, (name, component, earlier) in enumerate(tasks(count)):
        seed = '"{{workflow.parameters.seed}}"'
        a, b = (f"{one}.result" for one in earlier) if earlier else (seed, seed)
        lines.append(f'        {name} = step_{component}(name="{name}", arguments={{"a": {a}, "b": {b}, "n": {at}}})')
        if earlier:
            lines.append(f"        [{', '.join(dict.fromkeys(earlier))}] >> {name}")
    lines.append('open("hera.yaml", "w").write(workflow.to_yaml())')
    return "\n".join(lines) + "\n"


def best(command, folder, runs):
    """Milliseconds of the quickest run."""
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        took.append((time.perf_counter() - start) * 1000)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
    return min(took)


def environments():
    """The interpreter of each engine's environment."""
    setup = [sys.executable, str(ROOT / "tests/engines/setup.py"), *(name for name in STARTS if name != "local")]
    done = subprocess.run(setup, stdout=subprocess.PIPE, text=True)
    found = {"local": sys.executable}
    for line in done.stdout.splitlines():
        state, engine, rest = line.split(": ", 2)
        if state == "ready":
            found[engine] = rest
        else:
            print(f"without {engine}: {rest}", file=sys.stderr)
    return found


def compile_times(mlpc, python, options):
    print(f"{'tasks':>5}  {'mlpc kubeflow':>13}  {'KFP SDK':>9}  {'ratio':>6}  {'mlpc argo':>9}  {'Hera':>9}  {'ratio':>6}")
    for count in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "pipeline.mlp").write_text(mlp(count))
            (folder / "steps.py").write_text(steps(count))
            (folder / "with_kfp.py").write_text(kfp(count))
            (folder / "with_hera.py").write_text(hera(count))
            row = f"{count:5}"
            for target, program, width in (("kubeflow", "with_kfp.py", 13), ("argo", "with_hera.py", 9)):
                ours = best([mlpc, "compile", "pipeline.mlp", "-t", target, "-o", f"{target}.yaml"], folder, options.runs)
                row += f"  {ours:{width}.1f}"
                if target in python:
                    theirs = best([python[target], program], folder, options.runs)
                    row += f"  {theirs:9.0f}  {theirs / ours:5.0f}x"
                else:
                    row += f"  {'-':>9}  {'-':>6}"
            print(row, flush=True)


# The engine's own way beside which a step of ours is measured.
STARTS = {
    "local": "python -c",
    "kubeflow": "@dsl.component, kfp.local",
    "argo": "python -c",
    "airflow": "@task, dag.test()",
    "airflow2": "@task, dag.test()",
    "prefect": "@task",
    "dagster": "@op, in process",
}
# What of ours is measured, where it isn't a run.
OUTPUTS = {
    "kubeflow": "ours_kubeflow.yaml", "argo": "ours_argo.yaml", "airflow": "ours_airflow", "prefect": "ours_prefect",
    "dagster": "ours_dagster.py",
}


def chain(count):
    lines = ["component step(n: int) -> int {", '  python: "steps.py:step"', '  image: "python:3.12-slim"', "}"]
    lines.append("pipeline chain(n: int = 0) -> (n: int) {")
    for at in range(count):
        lines.append(f"  t{at} = step({f't{at - 1}' if at else 'n'})")
    lines += [f"  return {{ n: t{count - 1} }}", "}"]
    return "\n".join(lines) + "\n"


def start_times(mlpc, python, options):
    print(f"{'engine':>8}  {'ms a step':>9}  {'its own':>8}  {'ratio':>6}  its own way")
    for engine, way in STARTS.items():
        if engine not in python:
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "pipeline.mlp").write_text(chain(options.steps))
            (folder / "steps.py").write_text("def step(n: int) -> int:\n    return n + 1\n")
            target = "airflow" if engine == "airflow2" else engine
            if target in OUTPUTS:
                command = [mlpc, "compile", "pipeline.mlp", "-t", target, "-o", OUTPUTS[target]]
                subprocess.run(command, cwd=folder, check=True, stderr=subprocess.DEVNULL)
            command = [python[engine], ROOT / "benches/starts.py", engine, folder, str(options.steps), str(options.runs)]
            path = f"{pathlib.Path(python[engine]).parent}:{os.environ['PATH']}"
            environment = {**os.environ, "MLPC": str(mlpc), "PATH": path}
            log = folder / "log.txt"
            with open(log, "w") as words:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=environment)
            if done.returncode != 0:
                print(f"without {engine}: {log.read_text()[-2000:]}", file=sys.stderr)
                continue
            took = json.loads((folder / f"{engine}.json").read_text())
            ours, theirs = min(took["ours"]), min(took["theirs"])
            print(f"{engine:>8}  {ours:9.1f}  {theirs:8.1f}  {ours / theirs:5.2f}x  {way}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--only", choices=["compile", "starts"])
    parser.add_argument("--mlpc", default=ROOT / "target/release/mlpc")
    options = parser.parse_args()
    mlpc = pathlib.Path(options.mlpc).resolve()
    if not os.access(mlpc, os.X_OK):
        sys.exit(f"there is no {mlpc}: run `cargo build --release`")
    python = environments()
    if options.only != "starts":
        compile_times(mlpc, python, options)
    if options.only != "compile":
        start_times(mlpc, python, options)


if __name__ == "__main__":
    main()
