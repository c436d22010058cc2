def numbers() -> list:
    return [1, None, 3]


def words() -> list:
    return ["x", None, "", "{{y}} 'z'"]


def double(n) -> int:
    assert n is None or isinstance(n, int), n
    return -1 if n is None else 2 * n
