from pathlib import Path


def in_python(parts: list[Path], folder: Path) -> str:
    return "+".join(part.read_text() for part in parts) + (folder / "part").read_text()
