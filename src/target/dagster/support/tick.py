def _tick(
    context: dg.ScheduleEvaluationContext,
    job: str,
    cron: str,
    timezone: str,
    *,
    start: str | None = None,
    end: str | None = None,
    forbids_overlap: bool = False,
    depends_on_past: bool = False,
) -> dg.RunRequest | dg.SkipReason:
    """The run of a tick, if there is to be one; its tags say which interval it covers."""
    due = context.scheduled_execution_time
    zone = zoneinfo.ZoneInfo(timezone)
    for text, is_start in ((start, True), (end, False)):
        if text is not None:
            bound = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            bound = bound if bound.tzinfo else bound.replace(tzinfo=zone)
            if (due < bound) if is_start else (due > bound):
                return dg.SkipReason(f"outside of what the schedule covers: {text}")
    if forbids_overlap:
        under_way = [
            dg.DagsterRunStatus.QUEUED,
            dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
        ]
        runs = dg.RunsFilter(job_name=job, statuses=under_way)
        if context.instance.get_run_ids(runs, limit=1):
            return dg.SkipReason("the run before is still under way")
    if depends_on_past:
        last = context.instance.get_runs(dg.RunsFilter(job_name=job), limit=1)
        if last and last[0].status != dg.DagsterRunStatus.SUCCESS:
            return dg.SkipReason("the run before did not succeed")
    windows = dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron,
        start=due - datetime.timedelta(days=800),
        timezone=timezone,
        fmt="%Y-%m-%dT%H:%M:%S%z",
    )
    window = windows.get_prev_partition_window(due)
    utc = datetime.timezone.utc
    begun = window.start if window is not None else due
    return dg.RunRequest(
        run_key=due.astimezone(utc).isoformat(),
        tags={
            "mlpc/date": due.astimezone(utc).strftime("%Y-%m-%d"),
            "mlpc/interval_start": begun.astimezone(utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "mlpc/interval_end": due.astimezone(utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
