import pathlib


def best(models: list, scores: list) -> str:
    return models[scores.index(max(scores))]


def join(models: list[pathlib.Path]) -> str:
    return ", ".join(model.read_text() for model in models)
