"""Makes the virtual environments in which tests run the engines' own Python packages.

    python3 tests/engines/setup.py kubeflow argo

One environment an engine, from tests/engines/ENGINE/requirements.txt (fully pinned), below target/engines/, with a program in its
bin/ for each Go module in a folder of tests/engines/ENGINE/. It is made once for each content of these files, whole or not at
all. One line an engine goes to stdout:

    ready: kubeflow: /path/to/bin/python
    skipped: kubeflow: why it could not be made

The exit code is 0 also when one was skipped, unless CI=true: a developer without a network still runs all other tests, but CI
must not pass without them. Standard library only; uses uv when it is on the PATH, else venv and pip.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ENGINES = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parent.parent / "target").resolve() / "engines"
MINUTES = 20


class Failed(Exception):
    """An engine that can't be set up; its text says why."""


def run(*command, env=None):
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=MINUTES * 60, env=env,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"`{command[0]}` took more than {MINUTES} minutes")
    except OSError as error:
        raise Failed(f"`{command[0]}` does not start: {error.strerror}")
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        errors = [line for line in done.stdout.splitlines() if line.strip()]
        raise Failed(errors[-1].strip() if errors else f"`{command[0]}` ended with {done.returncode}")


def go_modules(engine):
    return sorted(path.parent for path in (HERE / engine).glob("*/go.mod"))


def go_build(module, target):
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    run("go", "build", "-C", str(module), "-trimpath", "-o", str(target), ".", env=environment)


def build(folder, requirements, modules):
    """Fills `folder` and writes its marker last."""
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "bin" / "python"
    if shutil.which("uv"):
        run("uv", "venv", "--quiet", "--python", sys.executable, str(folder))
        run("uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), "-r", str(requirements))
    else:
        run(sys.executable, "-m", "venv", str(folder))
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements))
    for module in modules:
        go_build(module, folder / "bin" / module.name)
    (folder / ".complete").write_text("")


def ready(engine):
    """The interpreter of an engine's environment, which is made if it is not there."""
    requirements = HERE / engine / "requirements.txt"
    if not requirements.is_file():
        raise Failed(f"there is no {requirements}")
    if sys.version_info < (3, 10):
        raise Failed(f"needs Python 3.10 or later, this is {sys.version.split()[0]}")
    modules = go_modules(engine)
    key = requirements.read_bytes() + sys.version.encode() + sys.prefix.encode()
    for module in modules:
        key += b"".join(file.read_bytes() for file in sorted(module.glob("*")))
    folder = ENGINES / f"{engine}-{hashlib.sha256(key).hexdigest()[:12]}"
    ENGINES.mkdir(parents=True, exist_ok=True)
    with open(ENGINES / f"{folder.name}.lock", "w") as lock:
        # Several test processes may come at once; the first builds, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            print(f"setting up {engine} in {folder} (once, takes a minute)", file=sys.stderr, flush=True)
            try:
                build(folder, requirements, modules)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return folder / "bin" / "python"


def main(engines):
    if not engines:
        sys.exit("usage: setup.py ENGINE...")
    skipped = False
    for engine in engines:
        try:
            print(f"ready: {engine}: {ready(engine)}", flush=True)
        except Failed as why:
            skipped = True
            print(f"skipped: {engine}: {why}", flush=True)
    return 1 if skipped and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
