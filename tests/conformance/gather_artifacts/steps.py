def in_python(models: list) -> str:
    return "|".join(open(model).read() for model in models)
