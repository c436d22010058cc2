def _mail(
    context: dg.RunStatusSensorContext | dg.RunFailureSensorContext,
    status: str,
    to: Sequence[str],
) -> None:
    """Sends a mail by the server in `SMTP_HOST`, `SMTP_PORT`, `SMTP_USER` and
    `SMTP_PASSWORD`."""
    run = context.dagster_run
    message = email.message.EmailMessage()
    message["Subject"] = f"{run.job_name} {status}"
    message["From"] = os.environ.get("SMTP_FROM") or to[0]
    message["To"] = ", ".join(to)
    message.set_content(f"Run {run.run_id} of {run.job_name} has {status}.\n")
    host, port = os.environ.get("SMTP_HOST"), int(os.environ.get("SMTP_PORT", "25"))
    if not host:
        context.log.warning("no mail is sent, for SMTP_HOST is not set")
        return
    with smtplib.SMTP(host, port, timeout=30) as server:
        if user := os.environ.get("SMTP_USER"):
            server.starttls()
            server.login(user, os.environ["SMTP_PASSWORD"])
        server.send_message(message)
