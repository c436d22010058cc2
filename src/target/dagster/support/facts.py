def _fact(context: _Context | dg.AssetCheckExecutionContext, name: str) -> str:
    """What is known of the run: a schedule or a sensor gives it as a tag; a run that was
    started by hand is about the moment it was made."""
    given = context.run.tags.get(f"mlpc/{name}")
    if given is not None:
        return given
    if name == "id":
        return context.run.run_id
    if name == "name":
        return f"{context.run.job_name}-{_fact(context, 'id')}"
    record = context.instance.get_run_record_by_id(context.run.run_id)
    assert record is not None
    moment = record.create_timestamp.astimezone(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d" if name == "date" else "%Y-%m-%dT%H:%M:%SZ")
