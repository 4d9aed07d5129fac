"""The clock begins a monitoring schedule's run once, at its hour."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from local_aws import clock
from local_aws.kept import state

HOUR = datetime(2026, 3, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "status", "last", "begun"),
    [
        ("cron(0 * ? * * *)", "Scheduled", HOUR - timedelta(seconds=1), [HOUR]),
        ("cron(0 * ? * * *)", "Scheduled", HOUR, []),
        ("cron(0 * ? * * *)", "Stopped", HOUR - timedelta(seconds=1), []),
        ("cron(0 15 ? * * *)", "Scheduled", HOUR - timedelta(seconds=1), [HOUR]),
        ("cron(0 16 ? * * *)", "Scheduled", HOUR - timedelta(seconds=1), []),
        ("cron(0 1/7 ? * * *)", "Scheduled", HOUR - timedelta(seconds=1), [HOUR]),
        ("NOW", "Scheduled", HOUR - timedelta(seconds=1), []),
    ],
)
def test_a_run_begins_at_its_hour(monkeypatch, expression, status, last, begun):
    config = {"ScheduleConfig": {"ScheduleExpression": expression}}
    schedule = {"MonitoringScheduleConfig": config, "MonitoringScheduleStatus": status}
    backend = SimpleNamespace(records={"MonitoringSchedule": {"s": schedule}})
    runs = []
    monkeypatch.setattr(clock, "sagemaker_backends", {state.ACCOUNT: {"us-east-1": backend}})
    monkeypatch.setattr(clock.schedules, "execute", lambda *given: runs.append(given))
    clock._monitor(last, HOUR + timedelta(milliseconds=400))
    assert runs == [(backend, schedule, due.replace(tzinfo=None)) for due in begun]
