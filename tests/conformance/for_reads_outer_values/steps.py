def source(n: int) -> dict:
    return {"items": ["i%d" % i for i in range(n)], "base": 100 + n, "name": "the name"}
