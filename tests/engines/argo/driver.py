"""Holds what mlpc emits for Argo against what can be had of Argo from PyPI. A JSON job a line, a JSON answer a line.

    {"yaml": text}                                           ->  {"kinds": [..], "errors": [text, ..]}
    {"yaml": text, "run": {parameter: text}, "stores": {location without scheme: text}, "programs": first folder of pods' PATH}
                                                             ->  what simulate.py reports
    {"pass": job}                                            ->  what templates/ answers

Three checks a document:

- PyYAML, a YAML 1.1 reader, sees the same tree as Argo's (a bare `no` or `1_000` would be another value).
- A strict JSON schema: the one that hera's models give, which are generated from Argo's own OpenAPI document, with unknown
  keys refused everywhere and the size limits of the full CRDs added.
- hera loads the document and writes back all of it.
"""

import json
import os
import pathlib
import sys
import tempfile

import jsonschema
import yaml
from hera.workflows import Workflow, WorkflowTemplate, CronWorkflow, models

from simulate import Simulation, Substitution

# Built from templates/ by setup.py.
TEMPLATES = pathlib.Path(sys.executable).parent / "templates"

MODELS = {
    "Workflow": (models.Workflow, Workflow),
    "WorkflowTemplate": (models.WorkflowTemplate, WorkflowTemplate),
    "CronWorkflow": (models.CronWorkflow, CronWorkflow),
}

# What the full CRDs of v4 refuse, and neither the OpenAPI document nor lint knows.
MOST_ITEMS = {("DAGTemplate", "tasks"): 200, ("WorkflowSpec", "templates"): 200, ("Arguments", "parameters"): 500}
LONGEST_NAME = 128


def strict_schema(model):
    schema = model.model_json_schema(by_alias=True)
    for name, definition in [("", schema), *schema["$defs"].items()]:
        if "properties" not in definition:
            continue
        definition.setdefault("additionalProperties", False)
        for key, field in definition["properties"].items():
            limit = MOST_ITEMS.get((name, key))
            if limit:
                for form in field.get("anyOf", [field]):
                    if form.get("type") == "array":
                        form["maxItems"] = limit
        if name in ("Template", "DAGTask", "Parameter", "Artifact"):
            for form in definition["properties"]["name"].get("anyOf", [definition["properties"]["name"]]):
                if form.get("type") == "string":
                    form["maxLength"] = LONGEST_NAME
    return jsonschema.Draft202012Validator(schema)


VALIDATORS = {kind: strict_schema(model) for kind, (model, _) in MODELS.items()}


def lost(given, kept, path=""):
    """The places of `given` that `kept` doesn't have."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from lost(value, kept[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for at, (one, other) in enumerate(zip(given, kept)):
            yield from lost(one, other, f"{path}[{at}]")
    elif given != kept:
        yield f"{path}: {given!r} became {kept!r}"


def check_workflow(document):
    kind = document["kind"]
    for error in VALIDATORS[kind].iter_errors(document):
        # The innermost of an anyOf's complaints is the one that says something.
        best = jsonschema.exceptions.best_match([error])
        yield f"schema: {best.json_path}: {best.message[:300]}"
    model, loader = MODELS[kind]
    kept = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
    for place in lost(document, kept):
        yield f"hera's models lose {place}"
    loader.from_dict(document)


def check(text):
    documents = [document for document in yaml.safe_load_all(text) if document is not None]
    kinds, errors = [], []
    for document in documents:
        kind = document.get("kind")
        kinds.append(kind)
        if kind in MODELS:
            try:
                errors.extend(check_workflow(document))
            except Exception as error:  # whatever hera or pydantic says is the finding
                errors.append(f"hera: {type(error).__name__}: {str(error)[:500]}")
        elif kind == "ConfigMap":
            if set(document) - {"apiVersion", "kind", "metadata", "data"}:
                errors.append(f"ConfigMap: unknown keys in {sorted(document)}")
        else:
            errors.append(f"unknown kind {kind!r}")
    return {"kinds": kinds, "errors": errors}


def run(substitution, job):
    documents = [document for document in yaml.safe_load_all(job["yaml"]) if document is not None]
    programs = job.get("programs") or str(pathlib.Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ["PATH"]])
    with tempfile.TemporaryDirectory(prefix="mlpc-argo-") as folder:
        for location, text in job.get("stores", {}).items():
            file = pathlib.Path(folder, "stores", location)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        report = Simulation(substitution, documents, folder, path).run(job["run"])
        for name, file in report["outputs"]["artifacts"].items():
            file = pathlib.Path(file)
            report["outputs"]["artifacts"][name] = content(file) if file.is_file() else "a folder"
    return report


def content(file):
    """The text of a file, or how many bytes of something else it holds."""
    given = file.read_bytes()
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        return {"bytes": len(given)}


def main():
    substitution = Substitution(TEMPLATES)
    for line in sys.stdin:
        job = json.loads(line)
        if "pass" in job:
            try:
                answer = {"result": substitution.ask(job["pass"])}
            except Exception as error:
                answer = {"error": str(error)}
        elif "run" in job:
            answer = run(substitution, job)
        else:
            try:
                answer = check(job["yaml"])
            except yaml.YAMLError as error:
                answer = {"kinds": [], "errors": [f"yaml: {error}"]}
        print(json.dumps(answer), flush=True)


main()
