"""Monitoring schedules: created, changed, started, stopped, described with their last run."""

import uuid
from datetime import datetime

from moto.core.utils import utcnow

from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.monitoring import definitions, windows
from local_aws.sagemaker.monitoring.resources import MonitoringResource
from local_aws.wire.errors import validation_error


def prepare(backend: Backend, record: Record) -> None:
    """Check a new schedule and complete its record."""
    record |= _checked(backend, record["MonitoringScheduleConfig"]) | {
        "MonitoringScheduleStatus": "Scheduled"
    }


def begin(backend: Backend, record: Record) -> None:
    """Run a schedule now if its expression is NOW; the clock runs the others."""
    if windows.expression_of(record["MonitoringScheduleConfig"]) == windows.NOW:
        execute(backend, record, utcnow())


def update(backend: Backend, request: Record) -> Record:
    """Change a schedule's configuration; a new one without a time keeps the old time."""
    with backend.lock:
        record = backend.find("MonitoringSchedule", request["MonitoringScheduleName"])
        config = dict(request["MonitoringScheduleConfig"])
        kept = record["MonitoringScheduleConfig"].get("ScheduleConfig")
        if "ScheduleConfig" not in config and kept:
            config["ScheduleConfig"] = kept
        backend.change(record, **_checked(backend, config))
    begin(backend, record)
    return {"MonitoringScheduleArn": record["MonitoringScheduleArn"]}


def start(backend: Backend, request: Record) -> None:
    """Let a stopped schedule run again."""
    _set_status(backend, request, "Scheduled")


def stop(backend: Backend, request: Record) -> None:
    """Stop a schedule; a running execution continues."""
    _set_status(backend, request, "Stopped")


def describe(backend: Backend, request: Record) -> Record:
    """Return a schedule with its last execution."""
    answer = MonitoringResource("MonitoringSchedule", "monitoring schedule").describe(
        backend, request
    )
    with backend.lock:
        runs = [
            run
            for run in backend.records["MonitoringExecution"].values()
            if run["MonitoringScheduleName"] == request["MonitoringScheduleName"]
            # Not those of a deleted schedule of the same name
            and run["CreationTime"] >= answer["CreationTime"]
        ]
        last = max(runs, key=lambda run: run["CreationTime"], default=None)
        summary = {member: value for member, value in (last or {}).items() if value is not None}
        return answer | ({"LastMonitoringExecutionSummary": summary} if last else {})


def execute(backend: Backend, record: Record, scheduled: datetime) -> Record:
    """Begin one run of a schedule.

    Args:
        backend: of the schedule's region.
        record: the schedule.
        scheduled: the time when it is due, UTC without a zone; the window of data is counted from
            it.

    Returns:
        the output of the operation that created it.
    """
    config = record["MonitoringScheduleConfig"]
    definition = definitions.find(backend, config)
    name = record["MonitoringScheduleName"]
    return backend.create(
        "MonitoringExecution",
        {
            "MonitoringExecutionName": f"{name}-{scheduled:%Y%m%d%H%M}-{uuid.uuid4().hex}",
            "MonitoringScheduleName": name,
            "ScheduledTime": scheduled,
            "EndpointName": record["EndpointName"],
            "MonitoringJobDefinitionName": record.get("MonitoringJobDefinitionName"),
            "MonitoringType": record["MonitoringType"],
            "_definition": definition,
            "_window": list(windows.window(config, definition["endpoint"], scheduled)),
            "_limit": windows.longest_run(windows.expression_of(config), definition["type"]),
        },
    )


def _checked(backend: Backend, config: Record) -> Record:
    """Check a schedule's configuration; return the members of its record that follow from it."""
    windows.check_config(config)
    found = definitions.find(backend, config)
    definitions.check(backend, found)
    limit = windows.longest_run(windows.expression_of(config), found["type"])
    if limit and found["seconds"] and found["seconds"] > limit:
        left = f"{windows.expression_of(config)} leaves a {found['type']} job {limit} seconds"
        raise validation_error(
            "The stopping condition should be smaller than schedule cadence: "
            f"MaxRuntimeInSeconds is {found['seconds']}, and {left}."
        )
    return {
        "MonitoringScheduleConfig": config,
        "MonitoringType": found["type"],
        "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
        "EndpointName": found["endpoint"]["EndpointName"],
    }


def _set_status(backend: Backend, request: Record, status: str) -> None:
    """Set a schedule's status, unless it already has it."""
    with backend.lock:
        record = backend.find("MonitoringSchedule", request["MonitoringScheduleName"])
        if record["MonitoringScheduleStatus"] != status:
            backend.change(record, MonitoringScheduleStatus=status)
