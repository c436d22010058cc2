def total(all: list) -> int:
    return sum(all)
