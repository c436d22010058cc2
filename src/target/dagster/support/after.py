def _finally(
    context: dg.RunStatusSensorContext | dg.RunFailureSensorContext,
    status: str,
    takes_params: bool,
) -> dg.RunRequest:
    """The run of what comes last, about the run that has ended."""
    run = context.dagster_run
    record = context.instance.get_run_record_by_id(run.run_id)
    assert record is not None
    started = record.create_timestamp.astimezone(datetime.timezone.utc)
    tags = {
        "mlpc/date": started.strftime("%Y-%m-%d"),
        "mlpc/interval_start": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mlpc/interval_end": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **{key: text for key, text in run.tags.items() if key.startswith("mlpc/")},
        "mlpc/id": run.run_id,
        "mlpc/name": f"{run.job_name}-{run.run_id}",
        "mlpc/status": status,
    }
    given: Any = run.run_config
    resources = given.get("resources", {})
    config = {}
    if takes_params and "params" in resources:
        config = {"resources": {"params": resources["params"]}}
    return dg.RunRequest(run_key=run.run_id, run_config=config, tags=tags)


def _saved(context: _Context, key: Sequence[str]) -> Any:
    """A value of the run that has ended; `None` when it did not get so far."""
    run = _fact(context, "id")
    value = _read_json(_value_file(context.instance, run, key))
    return None if value is _MISSING else value


def _saved_all(
    context: _Context, keys: dict[str, Sequence[str]]
) -> dict[str, Any] | None:
    run = _fact(context, "id")
    values = {
        port: _read_json(_value_file(context.instance, run, key))
        for port, key in keys.items()
    }
    return None if _MISSING in values.values() else values
