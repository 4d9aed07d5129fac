"""The clock: it runs monitoring schedules, EventBridge schedules and alarms when they are due."""

import logging
import threading
import time
from datetime import UTC, datetime

from moto.core.exceptions import ServiceException
from moto.sagemaker.models import sagemaker_backends
from moto.scheduler.models import scheduler_backends

from local_aws import alarms
from local_aws.a2i import loops
from local_aws.kept import state
from local_aws.sagemaker.models import Record
from local_aws.sagemaker.monitoring import schedules, windows
from local_aws.scheduler import expressions

_log = logging.getLogger(__name__)


class Clock(threading.Thread):
    """Looks once a second. Times that pass while the server is down are not made up for."""

    def __init__(self) -> None:
        super().__init__(name="clock", daemon=True)

    def run(self) -> None:
        """Look until the server ends."""
        last = datetime.now(UTC)
        while True:
            time.sleep(1)
            now = datetime.now(UTC)
            for tick in (_monitor, _fire, alarms.evaluate, loops.tick):
                try:
                    tick(last, now)
                except Exception:
                    _log.exception("The clock failed at %s", tick.__name__)
            last = now


def next_run(schedule: Record, after: datetime) -> datetime | None:
    """Return when a monitoring schedule is due next; None for NOW."""
    expression = windows.expression_of(schedule["MonitoringScheduleConfig"])
    return (
        None
        if expression == windows.NOW
        else expressions.next_time(expression, after, "UTC", after)
    )


def _monitor(last: datetime, now: datetime) -> None:
    """Begin the monitoring executions that are due."""
    for backend in list(sagemaker_backends[state.ACCOUNT].values()):
        for schedule in list(backend.records["MonitoringSchedule"].values()):
            due = next_run(schedule, last)
            if due and due <= now and schedule["MonitoringScheduleStatus"] == "Scheduled":
                try:
                    schedules.execute(backend, schedule, due.replace(tzinfo=None))
                except ServiceException as error:
                    _log.error("Schedule %s: %s", schedule["MonitoringScheduleName"], error.message)


def _fire(last: datetime, now: datetime) -> None:
    """Fire the EventBridge schedules that are due."""
    for backend in list(scheduler_backends[state.ACCOUNT].values()):
        for schedule, due in backend.due(last, now):
            try:
                backend.fire(schedule, due)
            except ServiceException:
                continue  # logged and counted
