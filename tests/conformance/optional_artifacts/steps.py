def read(base: str = None) -> str:
    return "none" if base is None else open(base).read()
