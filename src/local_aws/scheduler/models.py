"""EventBridge Scheduler's backend: its schedules are on disk, and call SageMaker when due."""

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.sagemaker.models import sagemaker_backends
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import (
    EventBridgeSchedulerBackend,
    Schedule,
    ScheduleGroup,
    scheduler_backends,
)

from local_aws import operations
from local_aws.kept import disk, state
from local_aws.kept.undoing import kept_or_undone
from local_aws.scheduler import expressions
from local_aws.wire.wellformed import read_json

_TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:"
_log = logging.getLogger(__name__)


class Backend(EventBridgeSchedulerBackend):
    """One region's schedules; the clock fires them."""

    def create_schedule(self, **asked: Any) -> Schedule:
        """Create a schedule, unless it could never fire."""
        _check(asked)
        self.get_schedule_group(asked["group_name"])
        return super().create_schedule(**asked)

    def update_schedule(self, **asked: Any) -> Schedule:
        """Replace a schedule, unless it could never fire; it is ENABLED by default, as on AWS."""
        _check(asked)
        return super().update_schedule(**asked | {"state": asked["state"] or "ENABLED"})

    def due(self, after: datetime, until: datetime) -> list[tuple[Schedule, datetime]]:
        """List the schedules that are due in a span of time, each with the time."""
        found = []
        for group in list(self.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                time = next_time(schedule, after) if schedule.state == "ENABLED" else None
                if time and time <= until and not _outside(schedule, time):
                    found.append((schedule, time))
        return found

    def fire(self, schedule: Schedule, time: datetime) -> dict[str, Any]:
        """Call a schedule's target.

        Returns:
            the target's response.

        Raises:
            ServiceException: the target refused. The schedule's metrics count it, and there is no
                second attempt.
        """
        operation = _operation(schedule.target["Arn"])
        attributes = {
            "schedule-arn": schedule.arn,
            "scheduled-time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "execution-id": uuid.uuid4().hex[:16],
            "attempt-number": "1",
        }
        text = schedule.target.get("Input") or "{}"
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        self._count("InvocationAttemptCount", schedule)
        try:
            backend = sagemaker_backends[self.account_id][self.region_name]
            return operations.act(backend, operation, json.loads(text)) or {}
        except ServiceException as error:
            self._count("TargetErrorCount", schedule)
            _log.error("Schedule %s: %s was refused: %s", schedule.name, operation, error.message)
            raise
        finally:
            if (
                schedule.schedule_expression.startswith("at(")
                and schedule.action_after_completion == "DELETE"
            ):
                self._delete_when_fired(schedule)

    def _delete_when_fired(self, schedule: Schedule) -> None:
        """Delete a schedule of one time; on a full disk it stays, but never fires again."""
        try:
            with kept_or_undone(self, lambda: keep(self.region_name)):
                self.delete_schedule(schedule.group_name, schedule.name)
        except OSError as error:
            _log.error("Schedule %s can't be deleted: %s", schedule.name, error)

    def _count(self, metric: str, schedule: Schedule) -> None:
        """Count an attempt or a failure in CloudWatch."""
        group = [{"Name": "ScheduleGroup", "Value": schedule.group_name}]
        datum = {
            "MetricName": metric,
            "Value": 1.0,
            "Unit": "Count",
            "Dimensions": group,
            "Timestamp": utcnow(),
        }
        cloudwatch_backends[self.account_id][self.region_name].put_metric_data(
            "AWS/Scheduler", [datum]
        )


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """Return when a schedule is due next after a moment, UTC."""
    start = datetime.fromtimestamp(schedule.start_date or schedule.creation_date, UTC)
    return expressions.next_time(
        schedule.schedule_expression, after, schedule.schedule_expression_timezone, start
    )


def keep(region: str) -> None:
    """Write a region's schedules to disk; there are few."""
    groups = scheduler_backends[state.ACCOUNT][region].schedule_groups.values()
    content = {
        group.name: [vars(schedule) for schedule in group.schedules.values()] for group in groups
    }
    disk.save(disk.path_of("scheduler", region), {"region": region, "groups": content})


def restore() -> None:
    """Restore the schedules from disk."""
    for header, _ in disk.load("scheduler"):
        region = header["region"]
        backend = scheduler_backends[state.ACCOUNT][region]
        for name, schedules in header["groups"].items():
            group = backend.schedule_groups.setdefault(
                name, ScheduleGroup(region, state.ACCOUNT, name)
            )
            for kept in schedules:
                # Its constructor would refuse a start in the past
                schedule = Schedule.__new__(Schedule)
                vars(schedule).update(kept)
                group.add_schedule(schedule)


def _check(asked: dict[str, Any]) -> None:
    """Refuse a schedule that could never fire; raises ValidationException."""
    operation, text = _operation(asked["target"]["Arn"]), asked["target"].get("Input") or "{}"
    if operation not in operations.by_name():
        raise ValidationException(
            f"Offline a schedule's target is {_TARGET}<operation>, with an operation supported "
            f"offline (such as createProcessingJob), not {asked['target']['Arn']}."
        )
    try:
        expressions.check(
            asked["schedule_expression"], asked["schedule_expression_timezone"] or "UTC"
        )
        if not isinstance(read_json(text), dict):
            raise ValueError(f"Input must be a JSON object, not {text[:80]!r}.")
    except ValueError as error:
        raise ValidationException(f"Invalid request: {error}") from None


def _operation(arn: str) -> str:
    """Return SageMaker's operation that a universal target names, or an empty string."""
    name = arn.removeprefix(_TARGET) if arn.startswith(_TARGET) else ""
    return name[:1].upper() + name[1:]


def _outside(schedule: Schedule, time: datetime) -> bool:
    """Say whether a time is before a schedule's start or after its end."""
    stamp = time.timestamp()
    late = schedule.end_date is not None and stamp > schedule.end_date
    return late or (schedule.start_date is not None and stamp < schedule.start_date)
