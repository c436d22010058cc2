def text_of(value: Any) -> str:
    """The text of a value, as everywhere in mlp."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def moment(text: str) -> datetime.datetime:
    """A point in time; what says no offset is in UTC."""
    given = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return given if given.tzinfo else given.replace(tzinfo=datetime.timezone.utc)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise dg.Failure(message, allow_retries=False)


def _location(given: str | None) -> str | None:
    """Where an artifact is that the run was given: a path, or a URI as it is."""
    if given is None or "://" in given:
        return given
    path = os.path.abspath(given)
    if not os.path.exists(path):
        raise dg.Failure(f"there is no file or folder {path}", allow_retries=False)
    return path


def _branch(taken: str) -> Iterator[dg.Output[Any]]:
    """Gives the one output; what comes after the others is skipped."""
    yield dg.Output(None, taken)


def _items(items: list[Any]) -> Iterator[dg.DynamicOutput[Any]]:
    for number, item in enumerate(items):
        yield dg.DynamicOutput(item, mapping_key=str(number))
