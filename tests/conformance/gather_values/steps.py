import time


def work(n: int) -> dict:
    # The first item ends last.
    time.sleep(n / 10)
    return {"name": f"n{n}", "score": n * 1.5, "tags": ["t"] * n, "extra": {"n": n, "maybe": "m" if n else None}}


def pick(names: list, scores: list, all: list, ns: list) -> str:
    assert [one["name"] for one in all] == names and ns == [2, 0, 1], (all, names, ns)
    return f"{names[scores.index(max(scores))]} of {scores!r} {all[0]['tags']!r}"
