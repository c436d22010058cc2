def show(numbers: list, words: list) -> str:
    return repr((numbers, words))
