# Part: installs what a step's `packages` ask for, when its container starts.


# An exact pin that is satisfied.
def has(requirement):
    import importlib.metadata as metadata

    name, _, version = requirement.partition("==")
    try:
        return bool(version) and metadata.version(name.strip()) == version.strip()
    except Exception:
        return False


def install(requirements):
    if all(has(requirement) for requirement in requirements):
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--"]
    environment = dict(os.environ, PIP_BREAK_SYSTEM_PACKAGES="1", PIP_ROOT_USER_ACTION="ignore")
    status = os.spawnve(os.P_WAIT, sys.executable, pip + requirements, environment)
    if status != 0:
        raise Refused("pip could not install %s (exit code %d)" % (", ".join(requirements), status))
    import importlib
    import site

    # A container that is not root's gets them in a folder that may not have been there at the start.
    if site.ENABLE_USER_SITE is not False and site.getusersitepackages() not in sys.path:
        site.addsitedir(site.getusersitepackages())
    importlib.invalidate_caches()
