def show(n: int = None, text: str = None) -> str:
    return repr((n, text))
