def half(n: int) -> float:
    return n / 2


def show(x: float, all: dict) -> str:
    return f"{type(x).__name__} {all['f']!r} {all['s']} {all['i']!r}"
