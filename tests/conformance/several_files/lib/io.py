from pathlib import Path


def load(name, corpus):
    Path(corpus).mkdir(parents=True)
    (Path(corpus) / "one").write_text(name)
    return {"name": name}
