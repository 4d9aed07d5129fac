"""Each monitor has one state, and one that is silent opens one alert. Time is simulated: the runs'
beginnings are rewritten.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from model_monitoring import datamart
from model_monitoring.datamart.monitoring import quality
from model_monitoring.datamart.postgres import migrations

from .conftest import small_record
from .test_alerts import labelled
from .test_notifications import aws, inbox, sending, topic  # noqa: F401 (fixtures)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def past(small, query):
    """Return a function that makes the runs of a monitor begin at times before now, in order."""

    def rewrite(*ago, monitor="quality"):
        schema = small.database.schema
        runs = query(
            f"SELECT run_uid FROM {schema}.run WHERE monitor = %s ORDER BY started", monitor
        )
        assert len(runs) == len(ago)
        for (run,), age in zip(runs, ago, strict=True):
            query(f"UPDATE {schema}.run SET started = now() - %s, finished = now() - %s"
                  " WHERE run_uid = %s::uuid", age, age, run)  # fmt: skip

    return rewrite


@pytest.fixture
def measured(small):
    """A quality monitor whose metric is within its limits."""
    labelled(small, "good", right=40, wrong=0)
    small.quality_monitoring.enable(threshold=0.8)
    return small.quality_monitoring


@pytest.fixture
def broken(measured, monkeypatch):
    """Return a function that makes a run of the quality monitor fail."""

    def fail(*_, **__):
        raise RuntimeError("no memory left")

    def run():
        with monkeypatch.context() as patch:
            patch.setattr(quality.evaluation, "evaluate", fail)
            with pytest.raises(RuntimeError):
                measured.run()

    return run


def state(subscription, monitor="quality"):
    found = subscription.health().set_index("monitor")
    return found.loc[monitor]


def alerts(mart, state="open"):
    found = mart.alerts.list(state=state)
    found = found[found["metric"] == "health"]
    return found[["monitor", "slice"]].values.tolist()


def ago(since):
    return datetime.now(UTC) - since


def test_a_monitor_that_measured_is_fresh(mart, small, measured):
    measured.run()
    found = state(small)
    assert (found["state"], found["alerts"], found["to_do"]) == ("fresh", 0, "")
    assert found["since"] == found["last_run"] == measured.get_run_details()["started"]
    assert mart.health().equals(small.health())
    assert mart.alerts.list().empty


def test_off_and_never_run(mart, small, measured, query):
    assert state(small)["state"] == "waiting" and "run()" in state(small)["to_do"]
    schema = small.database.schema
    query(f"UPDATE {schema}.monitor SET enabled_at = now() - interval '3 days'")
    found = state(small)
    assert found["state"] == "stale" and "never run in the 3 days" in found["to_do"]
    mart.notifications.send()
    assert alerts(mart) == [["quality", "stale"]]
    measured.disable()
    assert state(small)["state"] == "off"
    mart.notifications.send()
    assert alerts(mart) == [] and alerts(mart, "closed") == [["quality", "stale"]]
    # Switched on again it is new; enabled once more, it keeps its age
    measured.enable()
    assert state(small)["state"] == "waiting"
    query(f"UPDATE {schema}.monitor SET enabled_at = now() - interval '3 days'")
    measured.enable()
    assert state(small)["state"] == "stale"


def test_28_of_28_failed_runs_open_one_alert(mart, small, measured, broken, past):
    for _ in range(28):
        broken()
    past(*[HOUR * n for n in range(28, 0, -1)])
    found = state(small)
    assert found["state"] == "failing" and timedelta(hours=27) < ago(found["since"]) < 29 * HOUR
    assert found["to_do"].startswith("The last 28 runs failed: no memory left.")
    opened = mart.alerts.list()
    assert opened[["metric", "slice", "state"]].values.tolist() == [["health", "failing", "open"]]
    for _ in range(3):
        mart.notifications.send()
    assert len(mart.alerts.list()) == 1
    measured.run()
    assert state(small)["state"] == "fresh" and alerts(mart) == []
    assert alerts(mart, "closed") == [["quality", "failing"]]


def test_more_failures_than_are_looked_at_are_counted(small, measured, broken, query):
    measured.run()
    broken()
    schema = small.database.schema
    query(
        f"INSERT INTO {schema}.run (run_uid, subscription_id, monitor, state, started, details)"
        " SELECT gen_random_uuid(), subscription_id, monitor, 'failed', started + n * interval '1 ms',"
        f" details FROM {schema}.run, generate_series(1, 99) n WHERE state = 'failed'"
    )
    found = state(small)
    assert "The last 100 runs failed" in found["to_do"]
    assert (
        found["since"]
        == query(f"SELECT min(started) FROM {schema}.run WHERE state = 'failed'")[0][0]
    )


def test_a_run_whose_process_died_has_failed(small, measured, query, past):
    measured.run()
    schema = small.database.schema
    query(f"UPDATE {schema}.run SET state = 'running', finished = NULL")
    assert state(small)["state"] == "waiting"
    past(1.1 * DAY)
    assert state(small)["state"] == "failing"
    assert "never ended" in state(small)["to_do"]
