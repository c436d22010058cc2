"""Prints the steps of action.yml as JSON, with `${{ .. }}` filled in from a JSON object: {"inputs.paths": "..", ..}."""

import json
import re
import sys

import yaml

action = yaml.safe_load(open(sys.argv[1]))
given = json.loads(sys.argv[2])
values = {f"inputs.{name}": one["default"] for name, one in action["inputs"].items()} | given
steps = []
for step in action["runs"]["steps"]:
    condition = step.get("if")
    if condition is not None:
        name, operator, literal = re.fullmatch(r"(\S+) (==|!=) '(.*)'", condition).groups()
        if (values[name] == literal) != (operator == "=="):
            continue
    assert step["shell"] == "bash" and "${{" not in step["run"], step["name"]
    env = {
        name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], value)
        for name, value in step.get("env", {}).items()
    }
    steps.append({"name": step["name"], "env": env, "run": step["run"]})
print(json.dumps(steps))
