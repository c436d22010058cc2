class _Block:
    """The statements of a block that runs as one op, one after the other."""

    def __init__(self, context: _Context, path: str = "") -> None:
        self.context = context
        self.path = path

    def step(
        self,
        name: str,
        component: dict[str, Any],
        inputs: dict[str, Any],
        **attributes: Any,
    ) -> dict[str, Any]:
        path = self.path + name
        return _step(self.context, path, component, inputs, inside=True, **attributes)

    def within(self, name: str) -> "_Block":
        return _Block(self.context, f"{self.path}{name}.")

    def each(
        self,
        name: str,
        items: Sequence[Any],
        body: Callable[["_Block", Any], Any],
        limit: int = 8,
    ) -> list[Any]:
        """The values of a loop's body, in the order of its items. When one fails, the
        others still run."""
        blocks = [self.within(f"{name}[{at}]") for at in range(len(items))]
        with concurrent.futures.ThreadPoolExecutor(limit) as pool:
            runs = [pool.submit(body, *each) for each in zip(blocks, items)]
        return [run.result() for run in runs]
