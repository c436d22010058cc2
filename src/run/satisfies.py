# Which requirements of each set this interpreter lacks. Takes a JSON list of lists of requirements, prints a JSON list of lists of
# [requirement, why] and, in a line below, the folders that it looks in.
import importlib.metadata as metadata
import json
import sys

try:
    from packaging.requirements import Requirement
except ImportError:
    try:
        from pip._vendor.packaging.requirements import Requirement
    except ImportError:
        Requirement = None


def lack(text):
    if Requirement is None:
        # Without the rules for versions only an exact one can be compared.
        name, pin, version = text.partition("==")
        try:
            found = metadata.version(name.strip())
        except metadata.PackageNotFoundError:
            return "not installed"
        same = pin and found == version.strip()
        return None if same else "%s is installed" % found
    return lack_of(Requirement(text), set())


def lack_of(requirement, seen):
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    try:
        distribution = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return "not installed"
    if requirement.url is not None:
        return "asked for by a URL"
    found = distribution.version
    if not requirement.specifier.contains(found, prereleases=True):
        return "%s is installed" % found
    for extra in requirement.extras:
        if (requirement.name, extra) in seen:
            continue
        seen.add((requirement.name, extra))
        for inner in map(Requirement, distribution.requires or []):
            if inner.marker is None or not inner.marker.evaluate({"extra": extra}):
                continue
            inner.marker = None
            why = lack_of(inner, seen)
            if why is not None:
                return "%s, which its extra `%s` needs: %s" % (inner.name, extra, why)
    return None


def checked(text):
    try:
        return lack(text)
    except Exception as error:
        return "can't be checked: %s" % error


sets = json.loads(sys.argv[1])
print(json.dumps([[[text, why] for text in texts for why in [checked(text)] if why is not None] for texts in sets]))
print(json.dumps([path for path in sys.path if path]))
