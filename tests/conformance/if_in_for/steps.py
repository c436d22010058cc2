def show(all: list, some: list) -> str:
    return repr((all, some))
