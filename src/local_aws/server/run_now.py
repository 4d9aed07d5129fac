"""Run a schedule at once: a request that AWS doesn't have, see client."""

from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends
from moto.scheduler.models import scheduler_backends

from local_aws.clock import next_run
from local_aws.kept import state
from local_aws.sagemaker.monitoring import schedules


def run_now(name: str, at: datetime | None = None) -> dict[str, Any]:
    """Run a schedule at once: a monitoring schedule, or one of EventBridge Scheduler.

    Args:
        name: of the schedule, in any region.
        at: the time when it counts as due, UTC; by default that of the next run by its own
            expression, so that a monitoring schedule reads what was captured since its last run.

    Returns:
        `kind`, `name`, `scheduled` and `started`, the ARN of what was begun.

    Raises:
        ValueError: there is no such schedule, or there are two.
        ServiceException: the target refused.
    """
    found = [
        (backend, record)
        for backend in list(sagemaker_backends[state.ACCOUNT].values())
        for record in [backend.records["MonitoringSchedule"].get(name)]
        if record
    ]
    found += [
        (backend, group.schedules[name])
        for backend in list(scheduler_backends[state.ACCOUNT].values())
        for group in backend.schedule_groups.values()
        if name in group.schedules
    ]
    if len(found) != 1:
        raise ValueError(
            f"There are {len(found)} schedules {name!r}."
            if found
            else f"There is no schedule {name!r}."
        )
    ((backend, schedule),) = found
    now = datetime.now(UTC)
    if isinstance(schedule, dict):
        scheduled = at or next_run(schedule, now) or now
        answer = schedules.execute(
            backend, schedule, scheduled.astimezone(UTC).replace(tzinfo=None)
        )
        kind = "monitoring schedule"
    else:
        scheduled = at or now
        answer = backend.fire(schedule, scheduled)
        kind = "EventBridge schedule"
    started = next((value for member, value in answer.items() if member.endswith("Arn")), "")
    return {
        "kind": kind,
        "name": name,
        "scheduled": f"{scheduled:%Y-%m-%dT%H:%M:%SZ}",
        "started": started,
    }


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Respond to such a request, with `name` and optionally `at`."""
    at = asked.get("at")
    return run_now(str(asked["name"]), _time(at) if at else None)


def _time(text: str) -> datetime:
    """Read an ISO time, in UTC if it names no zone."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
