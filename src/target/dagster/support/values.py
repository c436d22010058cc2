def _field(value: Any, name: str) -> Any:
    """`.name` of a record, of each in a list, or of what may be absent."""
    if isinstance(value, list):
        return [_field(item, name) for item in value]
    return None if value is None else value.get(name)


def _else(value: Any, default: Any) -> Any:
    """`value ?? default`"""
    return default if value is None else value


def _float(value: Any) -> Any:
    """The value with each int in it as a float."""
    if isinstance(value, list):
        return [_float(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _moment(text: str) -> datetime.datetime:
    """A point in time; what says no offset is in UTC."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
