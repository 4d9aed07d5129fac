"""Each monitor has one state, and one that is silent opens one alert. Time is simulated: the runs'
beginnings are rewritten.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import boto3
import pytest

from model_monitoring import datamart
from model_monitoring.__main__ import main
from model_monitoring.datamart.monitoring import quality
from model_monitoring.datamart.monitoring.health import history, states
from model_monitoring.datamart.monitoring.health.rhythm import allowed

from .conftest import small_record
from .test_alerts import labelled
from .test_not_measured import DAY as NOON
from .test_not_measured import RED, SCORED, TRAINING, log
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
    assert found["to_do"].startswith("The last 28 runs failed. It said: no memory left.")
    opened = mart.alerts.list()
    assert opened[["metric", "slice", "state"]].values.tolist() == [["health", "failing", "open"]]
    for _ in range(3):
        mart.notifications.send()
    assert len(mart.alerts.list()) == 1
    assert mart.alerts.list()["opened_because"].tolist() == ["The last run failed."]
    measured.run()
    assert state(small)["state"] == "fresh" and alerts(mart) == []
    assert alerts(mart, "closed") == [["quality", "failing"]]
    assert mart.alerts.list()["closed_because"].tolist() == ["It measures again."]


def test_more_failures_than_are_looked_at_are_counted(small, measured, broken, query):
    measured.run()
    broken()
    schema = small.database.schema
    query(
        f"INSERT INTO {schema}.run (run_uid, subscription_id, monitor, state, started, details)"
        " SELECT gen_random_uuid(), subscription_id, monitor, 'failed',"
        f" started + n * interval '1 ms', details FROM {schema}.run, generate_series(1, 99) n"
        " WHERE state = 'failed'"
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


def test_a_monitor_that_last_ran_60_days_ago_is_stale(mart, small, measured, past, subscription):
    for _ in range(3):
        measured.run()
    past(62 * DAY, 61 * DAY, 60 * DAY)
    found = state(small)
    assert found["state"] == "stale" and "It last ran 60 days ago" in found["to_do"]
    assert 60 * DAY <= ago(found["since"]) < 61 * DAY
    assert mart.alerts.list().empty  # looking at it through Python changes nothing
    subscription.payload_logging.enable()
    subscription.performance_monitoring.enable()
    subscription.performance_monitoring.run()  # of another model
    assert alerts(mart) == [["quality", "stale"]]
    [alert] = mart.alerts.list().itertuples()
    assert 60 <= alert.value < 60.1 and "60 days ago" in alert.opened_because
    mart.run_monitors()
    assert state(small)["state"] == "fresh" and alerts(mart) == []


@pytest.fixture
def aged(small, query):
    """Return a function that makes all labels come, and all rows be scored, some days earlier."""

    def rewrite(age):
        schema, table = small.database.schema, small.table()
        query(
            f'UPDATE {schema}."{table.feedback}" SET record_timestamp = record_timestamp - %s', age
        )
        for name in (table.payload, "scoring_key"):
            query(f'UPDATE {schema}."{name}" SET scored_at = scored_at - %s', age)

    return rewrite


def test_the_same_old_labels_measured_again_and_again_are_stale(mart, small, measured, past, aged):
    measured.run()
    aged(60 * DAY)
    for _ in range(3):
        measured.run()
    past(60 * DAY, 2 * DAY, DAY, 0 * DAY)
    measured.run()
    found = state(small)
    assert (found["state"], measured.get_run_details()["state"]) == ("stale", "finished")
    assert 60 * DAY <= ago(found["since"]) < 61 * DAY
    assert "the newest label that it measures came 60 days ago" in found["to_do"]
    assert alerts(mart) == [["quality", "stale"]]
    assert 60 <= mart.alerts.list()["value"][0] < 60.1
    labelled(small, "new", right=40, wrong=0)
    measured.run()
    assert state(small)["state"] == "fresh" and alerts(mart) == []


def test_labels_that_come_once_a_week_are_fresh_in_between(small, measured, past, aged):
    """However often the monitor runs: the rhythm is that of the labels."""
    measured.run()
    for week in range(3):
        aged(7 * DAY)
        labelled(small, f"week {week}", right=5, wrong=0)
        for _ in range(8):
            measured.run()
    runs = [28 * DAY] + [n * DAY for n in range(20, -4, -1)]
    aged(6 * DAY)
    past(*[run + 6 * DAY for run in runs[:22]], *[3 * HOUR, 2 * HOUR, HOUR])
    measured.run()
    assert state(small)["state"] == "fresh"
    aged(4 * DAY)  # ten days after the last ones
    measured.run()
    assert state(small)["state"] == "stale"


def test_groups_of_rows_that_were_scored_long_ago_are_stale(mart, small, query):
    log(small, "w", colours=["blue", "red"])
    small.fairness_monitoring.enable([RED], [1], perturbation=False)
    small.fairness_monitoring.run()
    assert alerts(mart) == []  # they are all there are since it was enabled
    schema = small.database.schema
    query(f"UPDATE {schema}.monitor SET enabled_at = enabled_at - interval '60 days'")
    small.fairness_monitoring.run()
    assert alerts(mart) == [["fairness", "stale"]]
    assert "the newest row that it measures was scored" in state(small, "fairness")["to_do"]
    log(small, "new", day=(datetime.now(UTC) - NOON).days)
    small.fairness_monitoring.run()
    assert alerts(mart) == []


def test_rows_that_are_measured_once_are_fresh_however_late_they_come(small):
    log(small, "w")
    small.performance_monitoring.enable()
    small.performance_monitoring.run()
    assert state(small, "performance")["state"] == "fresh"


def test_clocks_that_are_ahead_hide_no_silence(mart, small, measured, query, past, aged):
    schema = small.database.schema
    aged(-100 * DAY)
    measured.run()
    past(60 * DAY)
    assert state(small)["state"] == "stale"
    # A run from before the clock was set back
    measured.run()
    query(f"UPDATE {schema}.run SET started = now() + interval '1 year'"
          " WHERE run_uid = %s::uuid", measured.get_run_details()["run_uid"])  # fmt: skip
    assert state(small)["state"] == "stale"


def test_an_erasure_leaves_the_time_of_the_labels(small, measured, past, aged, query):
    aged(60 * DAY)
    measured.run()
    small.payload_logging.delete_records(["good"])
    assert measured.get_run_details()["erased"] is True
    assert state(small)["state"] == "stale"


@pytest.mark.parametrize(
    ("gaps", "silent", "is_late"),
    [
        ([], 47, False),  # two days, before there is a rhythm
        ([], 49, True),
        ([24] * 10, 71, False),
        ([24] * 10, 73, True),
        ([168] * 3, 8 * 24, False),  # weekly
        ([168] * 3, 10 * 24, True),
        ([720, 744, 720], 31 * 24, False),  # monthly
        ([24, 24, 24, 24, 72] * 3, 80, False),  # no weekend is a problem, nor is a holiday after it
        ([1] * 30, 2, False),
        ([1] * 30, 4, True),
        ([1] * 9, 40, False),  # somebody tried it for some hours
        ([0.001] * 30, 40, False),
        ([24, 24, 24, 1440, 24], 73, True),  # one outage makes no rhythm
        ([24, 0.01] * 10, 71, False),  # a second try after each
        (([1] * 9 + [15]) * 3, 16, False),  # in office hours
    ],
)  # fmt: skip
def test_the_rhythm_is_that_of_the_runs(gaps, silent, is_late):
    starts = [0.0]
    for gap in gaps:
        starts.append(starts[-1] + gap * 3600)
    assert (silent * 3600 > allowed(starts)) == is_late


def test_without_a_baseline_for_the_version_it_is_blind_at_once(mart, small, query, past):
    log(small, "w")
    small.drift_monitoring.enable(TRAINING, min_records=50)
    small.drift_monitoring.run()
    assert state(small, "drift")["state"] == "fresh"
    query(f"UPDATE {small.database.schema}.baseline SET asset_revision = 'before'")
    for _ in range(3):  # every day
        small.drift_monitoring.run()
    past(3 * DAY, 2 * DAY, DAY, 0 * DAY, monitor="drift")
    found = state(small, "drift")
    assert found["state"] == "blind" and "deployed version" in found["to_do"]
    assert 2 * DAY <= ago(found["since"]) < 2.1 * DAY
    assert alerts(mart) == [["drift", "blind"]]


def test_a_new_monitor_may_wait_some_days_for_its_first_rows(mart, small, measured, past):
    measured.enable(min_records=100)
    for _ in range(3):
        measured.run()
    past(6 * DAY, 5 * DAY, HOUR)
    mart.notifications.send()
    found = state(small)
    assert found["state"] == "waiting" and "100 needed" in found["to_do"]
    assert mart.alerts.list().empty
    past(9 * DAY, 8 * DAY, HOUR)
    mart.notifications.send()
    assert state(small)["state"] == "blind" and alerts(mart) == [["quality", "blind"]]


def test_rows_that_stop_to_arrive_leave_it_blind(mart, small, measured, past):
    for _ in range(3):
        measured.run()
    measured.enable(min_records=100)
    for _ in range(5):
        measured.run()
    past(*[n * DAY for n in range(7, -1, -1)])
    found = state(small)
    assert found["state"] == "blind" and 4 * DAY <= ago(found["since"]) < 4.1 * DAY
    # What measures a window every five days is fresh in between
    past(*[n * DAY for n in (18, 13, 8, 4, 3, 2, 1, 0)])
    assert state(small)["state"] == "blind"
    past(*[n * DAY for n in (14, 9, 4, 3.5, 3, 2, 1, 0)])
    assert state(small)["state"] == "fresh"
    # Nor does a weekend matter before there is a rhythm
    past(*[n * HOUR for n in (42, 41, 40, 30, 20, 10, 5, 0)])
    assert state(small)["state"] == "fresh"


def test_a_limit_that_nothing_is_measured_for_is_blind(mart, small, past):
    small.performance_monitoring.enable(apt_threshold=100)
    small.payload_logging.store([small_record()])
    small.performance_monitoring.run()
    found = state(small, "performance")
    assert found["state"] == "blind"
    assert "average_processing_time had no value" in found["to_do"]
    assert "no request says how long it took" in found["to_do"]
    small.payload_logging.store([small_record(response_time=5)])
    small.performance_monitoring.run()
    assert state(small, "performance")["state"] == "fresh" and alerts(mart) == []
    # One window without may be chance, and windows of days aren't
    for _ in range(2):
        small.payload_logging.store([small_record()])
        small.performance_monitoring.run()
    assert state(small, "performance")["state"] == "fresh" and alerts(mart) == []
    past(4 * DAY, 3 * DAY, 2 * DAY, HOUR, monitor="performance")
    found = state(small, "performance")
    assert found["state"] == "fresh"
    past(5 * DAY, 4 * DAY, 2 * DAY, HOUR, monitor="performance")
    found = state(small, "performance")
    assert found["state"] == "blind" and 2 * DAY <= ago(found["since"]) < 2.1 * DAY


def test_without_a_limit_any_value_counts(small):
    small.performance_monitoring.enable()
    small.payload_logging.store([small_record()])
    small.performance_monitoring.run()
    assert state(small, "performance")["state"] == "fresh"


def test_an_estimate_that_is_not_believable_is_blind(mart, small):
    log(small, "w")
    right = SCORED.assign(diagnosis=SCORED["predicted_label"])  # no error to learn from
    small.drift_monitoring.enable(TRAINING, scored=right, min_records=50)
    run = small.drift_monitoring.run()
    assert run["believable"] is False
    found = state(small, "drift")
    assert found["state"] == "blind" and run["doubts"][0] in found["to_do"]
    assert alerts(mart) == [["drift", "blind"]]


def test_groups_that_are_still_too_small_are_waited_for(mart, small, past):
    log(small, "w", colours=["blue"] * 40 + ["red"])
    small.fairness_monitoring.enable([RED], [1], perturbation=False)
    small.fairness_monitoring.run()
    assert state(small, "fairness")["state"] == "waiting"
    past(8 * DAY, monitor="fairness")
    small.fairness_monitoring.run()
    assert state(small, "fairness")["state"] == "blind"


def test_an_alert_hides_no_silence(mart, small, measured, broken):
    labelled(small, "bad", right=0, wrong=200)
    measured.run()
    opened = mart.alerts.list()
    found = state(small)
    assert (found["state"], found["alerts"]) == ("outside", 1)
    assert found["since"] == opened["opened_at"][0]
    broken()
    found = state(small)
    assert found["state"] == "outside" and "no memory left" in found["to_do"]
    assert alerts(mart) == [["quality", "failing"]]
    # An acknowledged alert on the health isn't opened again
    number = mart.alerts.list(state="open").set_index("metric").loc["health", "alert_id"]
    mart.alerts.acknowledge(number, by="Ada")
    broken()
    assert alerts(mart) == [] and alerts(mart, "acknowledged") == [["quality", "failing"]]
    labelled(small, "good again", right=2000, wrong=0)
    for _ in range(2):
        measured.run()
    assert state(small)["state"] == "fresh" and mart.alerts.list(state="open").empty


def test_what_a_run_measures_closes_no_alert_on_health(mart, small, past):
    small.performance_monitoring.enable(apt_threshold=100)
    for _ in range(3):
        small.payload_logging.store([small_record()])
        small.performance_monitoring.run()
    assert alerts(mart) == [["performance", "blind"]] and alerts(mart, "closed") == []


def test_a_long_blindness_is_dated_by_its_alert(small, past, query):
    small.performance_monitoring.enable(apt_threshold=100)
    small.payload_logging.store([small_record()])
    run = small.performance_monitoring.run()["run_uid"]
    schema = small.database.schema
    query(f"UPDATE {schema}.alert SET opened_at = now() - interval '300 days'")
    for table, columns in (
        ("run", "subscription_id, monitor, state, finished, records, details"),
        (
            "measurement",
            "subscription_id, monitor, metric, slice, ts, value, upper_limit, records",
        ),
    ):
        started = ", started" if table == "run" else ""
        at = ", now() - n * interval '1 day'" if table == "run" else ""
        query(
            f"INSERT INTO {schema}.{table} (run_uid, {columns}{started})"
            f" SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, {columns}{at}"
            f" FROM {schema}.{table}, generate_series(1, {2 * history.LACKING}) n"
            " WHERE run_uid = %s::uuid",
            run,
        )
    assert 299 * DAY < ago(state(small, "performance")["since"]) < 301 * DAY


def test_both_messages_are_sent_once(sending, inbox, topic, monkeypatch, query):
    mart, small = sending
    labelled(small, "good", right=40, wrong=0)
    small.quality_monitoring.enable(threshold=0.8)
    small.quality_monitoring.run()
    mart.notifications.enable(topic_arn=topic, namespace="Watched")
    query(f"UPDATE {small.database.schema}.run SET started = now() - interval '60 days'")
    for _ in range(2):
        mart.notifications.send()
    [message] = inbox()
    assert message["Subject"] == "Alert opened: small, quality is stale"
    alert = json.loads(message["Message"])
    assert (alert["metric"], alert["slice"]) == ("health", "stale")
    assert alert["opened_because"].startswith("It last ran 60 days ago")
    mart.run_monitors()
    [message] = inbox()
    assert message["Subject"] == "Alert closed: small, quality is stale"


def test_whoever_looks_sees_nothing_that_was_not_said(sending, inbox, topic, query, caplog):
    mart, small = sending
    labelled(small, "good", right=40, wrong=0)
    small.quality_monitoring.enable(threshold=0.8)
    small.quality_monitoring.run()
    mart.notifications.enable(topic_arn=topic)
    query(f"UPDATE {small.database.schema}.run SET started = now() - interval '60 days'")
    for _ in range(2):
        [found] = mart.alerts.check_health()
        assert found.state == "stale" and alerts(mart) == [["quality", "stale"]]
    [message] = inbox()
    assert message["Subject"] == "Alert opened: small, quality is stale"


def test_two_looks_at_once_open_one_alert_and_send_one_message(
    sending, inbox, topic, query, monkeypatch, database_url
):
    """Two consoles, or commands, that have both read the health before either settles it."""
    mart, small = sending
    labelled(small, "good", right=40, wrong=0)
    small.quality_monitoring.enable(threshold=0.8)
    small.quality_monitoring.run()
    mart.notifications.enable(topic_arn=topic)
    schema = small.database.schema
    query(f"UPDATE {schema}.run SET started = now() - interval '60 days'")
    other = datamart.DataMart(database_url, schema=schema, boto_session=boto3.Session())
    looks = [mart.alerts.check_health, other.notifications.send]

    def at_once():
        barrier, read = Barrier(len(looks)), states.read
        with monkeypatch.context() as patch, ThreadPoolExecutor(len(looks)) as pool:
            patch.setattr(states, "read", lambda *given: (read(*given), barrier.wait(60))[0])
            for done in [pool.submit(look) for look in looks]:
                done.result()

    at_once()
    assert alerts(mart) == [["quality", "stale"]]
    assert [message["Subject"] for message in inbox()] == ["Alert opened: small, quality is stale"]
    query(f"UPDATE {schema}.run SET started = now()")
    at_once()
    assert alerts(mart) == [] and alerts(mart, "closed") == [["quality", "stale"]]
    assert [message["Subject"] for message in inbox()] == ["Alert closed: small, quality is stale"]


def test_a_look_that_was_overtaken_opens_nothing_again(mart, small, measured, query, monkeypatch):
    """Somebody reads that it is stale; before they settle that, it runs and its alert closes."""
    measured.run()
    query(f"UPDATE {small.database.schema}.run SET started = now() - interval '60 days'")
    mart.alerts.check_health()
    read = states.read

    def overtaken(*given):
        found = read(*given)
        monkeypatch.setattr(states, "read", read)
        measured.run()
        assert alerts(mart) == []
        return found

    monkeypatch.setattr(states, "read", overtaken)
    mart.alerts.check_health()
    assert alerts(mart) == [] and alerts(mart, "closed") == [["quality", "stale"]]


def test_the_exit_code_of_the_command(small, measured, database_url, query, monkeypatch, capsys):
    schema = small.database.schema
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)

    def run():
        return main(["run", "--schema", schema]), capsys.readouterr().out

    assert run() == (0, "small: quality finished, 40 records.\n")
    labelled(small, "bad", right=0, wrong=200)
    code, said = run()
    assert code == 3 and "small: quality is outside since 20" in said
    assert "1 alert is unresolved" in said
    query(f"UPDATE {schema}.subscription SET asset = asset || '{{\"positive_label\": 7}}'")
    code, said = run()
    assert code == 1 and "The last run failed." in said
    assert main(["run", "--schema", "nowhere"]) == 2
