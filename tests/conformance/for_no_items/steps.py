def count(models: list, scores: list) -> int:
    assert models == [] and scores == [], (models, scores)
    return len(models)


def show(numbers: list, words: list, either: list) -> str:
    return repr((numbers, words, either))
