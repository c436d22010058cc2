"""Times mlpc beside the KFP SDK and Hera: whole processes, on the same generated pipelines.

    cargo build --release && python3 benches/compare.py [--tasks 10 100 1000] [--runs 5]

A generated pipeline has N tasks of ten components; each task but the first reads two earlier ones. Every figure is the best of
the runs, in milliseconds from start to end of the process, imports included. The SDKs run in the virtual environments of the
tests (tests/engines/setup.py makes them); an SDK that can't be had is left out. Standard library only.
"""

import argparse
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
    setup = [sys.executable, str(ROOT / "tests/engines/setup.py"), "kubeflow", "argo"]
    done = subprocess.run(setup, stdout=subprocess.PIPE, text=True)
    found = {}
    for line in done.stdout.splitlines():
        state, engine, rest = line.split(": ", 2)
        if state == "ready":
            found[engine] = rest
        else:
            print(f"without {engine}: {rest}", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mlpc", default=ROOT / "target/release/mlpc")
    options = parser.parse_args()
    mlpc = pathlib.Path(options.mlpc).resolve()
    if not os.access(mlpc, os.X_OK):
        sys.exit(f"there is no {mlpc}: run `cargo build --release`")
    python = environments()
    print(f"{'tasks':>5}  {'mlpc kubeflow':>13}  {'KFP SDK':>9}  {'ratio':>6}  {'mlpc argo':>9}  {'Hera':>9}  {'ratio':>6}")
    for count in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "pipeline.mlp").write_text(mlp(count))
            (folder / "steps.py").write_text(steps(count))
            (folder / "with_kfp.py").write_text(kfp(count))
            (folder / "with_hera.py").write_text(hera(count))
            row = f"{count:5}"
            for target, engine, program, width in (
                ("kubeflow", "kubeflow", "with_kfp.py", 13),
                ("argo", "argo", "with_hera.py", 9),
            ):
                ours = best([mlpc, "compile", "pipeline.mlp", "-t", target, "-o", f"{target}.yaml"], folder, options.runs)
                row += f"  {ours:{width}.1f}"
                if engine in python:
                    theirs = best([python[engine], program], folder, options.runs)
                    row += f"  {theirs:9.0f}  {theirs / ours:5.0f}x"
                else:
                    row += f"  {'-':>9}  {'-':>6}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
