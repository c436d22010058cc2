import pathlib


def join(models: list[pathlib.Path]) -> str:
    return ", ".join(model.read_text() for model in models)
