def length(model: str) -> int:
    with open(model) as file:
        return len(file.read())
