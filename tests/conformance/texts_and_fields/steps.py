def make(name: str) -> dict:
    return {"x": 2000000, "name": name, "tags": [name, "t"], "at": {"day": "2024-02-29"}}


def show(points: list, names: dict, ratio: float) -> str:
    return f"{[(p['x'], p['name'], p['tags'], p['at']['day']) for p in points]} {sorted(names.items())} {ratio!r}"
