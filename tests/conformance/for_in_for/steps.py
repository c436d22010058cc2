def rows(n: int) -> list:
    return [[10 * i + j for j in range(i + 1)] for i in range(n)]


def total(all: list) -> int:
    return sum(sum(row) for row in all)
