"""A metric below its threshold opens one alert; recovery closes it."""

import re
import time

import numpy as np
import pytest

from model_monitoring.datamart.monitoring import alerting
from model_monitoring.datamart.postgres.jsonb import as_json

from .conftest import small_record


def labelled(subscription, name, right, wrong):
    """Log rows, of which a given number are predicted right, with their labels."""
    values = [[float(i), "red"] for i in range(right + wrong)]
    answers = [[0.9, 1] if i % 2 else [0.1, 0] for i in range(right + wrong)]
    subscription.payload_logging.store([small_record(name, values=values, answers=answers)])
    labels = [a[1] if i < right else 1 - a[1] for i, a in enumerate(answers)]
    ids = [f"{name}-{i + 1}" for i in range(right + wrong)]
    subscription.feedback_logging.store(
        list(zip(ids, labels, strict=True)), fields=["scoring_id", "diagnosis"]
    )


def test_an_alert_opens_stays_and_closes(mart, small):
    labelled(small, "bad", right=10, wrong=10)
    small.quality_monitoring.enable(threshold=0.8)
    first = small.quality_monitoring.run()
    assert first["gate"] == "area_under_roc"
    opened = mart.alerts.list(state="open")
    assert opened[["subscription", "monitor", "metric", "lower_limit"]].values.tolist() == [
        ["small", "quality", "area_under_roc", 0.8]
    ]
    assert opened["value"][0] == first["metrics"]["area_under_roc"] < 0.8

    small.quality_monitoring.run()
    assert mart.alerts.list()["alert_id"].tolist() == opened["alert_id"].tolist()
    metrics = mart.get_deployment_metrics().set_index("metric")
    assert metrics.loc["area_under_roc", "issues"] == 1
    assert metrics["issues"].sum() == 1

    labelled(small, "good", right=400, wrong=0)
    small.quality_monitoring.run()
    assert mart.alerts.list(state="open").empty
    closed = mart.alerts.list(state="closed")
    assert closed["alert_id"].tolist() == opened["alert_id"].tolist()
    assert closed["closed_at"].notna().all()
    assert mart.get_deployment_metrics()["issues"].sum() == 0

    labelled(small, "bad again", right=0, wrong=400)
    small.quality_monitoring.run()
    assert mart.alerts.list(state="open")["alert_id"].tolist() != opened["alert_id"].tolist()


def test_exactly_at_the_threshold_is_no_alert(mart, small):
    labelled(small, "a", right=20, wrong=0)
    small.quality_monitoring.enable(threshold=1.0)
    small.quality_monitoring.run()
    assert mart.alerts.list().empty


def test_too_few_records_measure_nothing(mart, small):
    labelled(small, "a", right=2, wrong=7)
    small.quality_monitoring.enable(threshold=0.8, min_records=10)
    run = small.quality_monitoring.run()
    assert (run["state"], run["records"], run["metrics"]) == ("skipped", 9, {})
    assert "10 needed" in run["reason"]
    assert mart.alerts.list().empty


def test_only_the_newest_records_count(small):
    labelled(small, "old", right=0, wrong=20)
    labelled(small, "new", right=20, wrong=0)
    small.quality_monitoring.enable(threshold=0.8, max_records=20)
    run = small.quality_monitoring.run()
    assert (run["records"], run["metrics"]["accuracy"]) == (20, 1.0)


def test_slow_responses_open_an_alert(mart, small):
    small.performance_monitoring.enable(apt_threshold=100, rpm_threshold=2)
    small.payload_logging.store([small_record(response_time=300) for _ in range(5)])
    small.performance_monitoring.run()
    assert mart.alerts.list(state="open")["metric"].tolist() == ["average_processing_time"]
    small.payload_logging.store([small_record(response_time=30)])
    run = small.performance_monitoring.run()
    assert run["metrics"]["average_processing_time"] == 30
    assert mart.alerts.list(state="open")["metric"].tolist() == ["records_per_minute"]
    assert small.performance_monitoring.run()["state"] == "skipped"


@pytest.mark.parametrize(
    ("times", "method"),
    [
        ([10] * 8 + [900], "no interval of fewer than 10 requests"),
        ([300] * 12, "no interval of values that are all alike"),
        ([10] * 20 + [900], "bootstrap-t of the logarithm"),
        ([10] * 20 + [None], "no interval of values that are all alike"),
    ],
)
def test_the_interval_of_latency_names_its_method(small, times, method):
    small.performance_monitoring.enable(apt_threshold=100)
    small.payload_logging.store([small_record(response_time=one) for one in times])
    run = small.performance_monitoring.run()
    assert run["intervals"] == {"average_processing_time": method}
    found = small.performance_monitoring.get_metrics().set_index("id")
    low, value, high = found.loc["average_processing_time", ["ci_low", "value", "ci_high"]]
    assert (low <= value <= high) == (not method.startswith("no interval"))


@pytest.mark.parametrize(("times", "opens"), [([10] * 8 + [900], 0), ([300] * 9, 1), ([300], 1)])
def test_one_slow_request_of_a_few_opens_no_alert(mart, small, times, opens):
    """The average of nine is 109; that is chance, as far as nine requests tell."""
    small.performance_monitoring.enable(apt_threshold=100)
    small.payload_logging.store([small_record(response_time=one) for one in times])
    small.performance_monitoring.run()
    assert len(mart.alerts.list()) == opens


def test_the_average_time_that_would_be_seen_is_stated(small):
    details = small.performance_monitoring.enable(apt_threshold=100)
    assert "after a run" in details["expect"]
    times = np.random.default_rng(0).lognormal(3, 0.5, 50).round().astype(int)
    small.payload_logging.store([small_record(response_time=int(one)) for one in times])
    small.performance_monitoring.run()
    expect = small.performance_monitoring.get_details()["expect"]
    assert 110 < float(re.search(r"average time of ([\d.]+) opens", expect)[1]) < 200


def test_a_monitor_that_is_off_says_so(small):
    with pytest.raises(ValueError, match=r"enable\(\)"):
        small.quality_monitoring.run()
    with pytest.raises(ValueError, match=r"run\(\)"):
        small.quality_monitoring.get_run_details()
    with pytest.raises(ValueError, match="no payload yet"):
        small.quality_monitoring.enable()
    small.performance_monitoring.enable()
    small.performance_monitoring.disable()
    with pytest.raises(ValueError, match=r"enable\(\)"):
        small.performance_monitoring.run()


def test_in_the_background(small):
    small.payload_logging.store([small_record()])
    small.performance_monitoring.enable()
    run = small.performance_monitoring.run(background_mode=True)
    deadline = time.monotonic() + 60
    while small.performance_monitoring.get_run_details(run["run_uid"])["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert small.performance_monitoring.get_run_details()["metrics"]["records"] == 1


def test_a_run_that_breaks_is_stored_as_failed(small):
    labelled(small, "a", right=20, wrong=0)
    small.quality_monitoring.enable()
    small.update_row(asset=as_json(small.asset | {"positive_label": 7}))
    with pytest.raises(ValueError):
        small.quality_monitoring.run()
    details = small.quality_monitoring.get_run_details()
    assert details["state"] == "failed"
    assert "7" in details["error"]


def test_acknowledged_alerts_keep_their_history(mart, small, query):
    labelled(small, "bad", right=10, wrong=10)
    small.quality_monitoring.enable(threshold=0.8)
    small.quality_monitoring.run()
    alert_id = mart.alerts.list(state="open")["alert_id"][0]
    with pytest.raises(ValueError, match="say who"):
        mart.alerts.acknowledge(alert_id, by=" ")
    mart.alerts.acknowledge(alert_id, by="Ada", note="looking into it")
    with pytest.raises(ValueError, match="no open alert"):
        mart.alerts.acknowledge(alert_id, by="Bob")
    with pytest.raises(ValueError, match="no open alert"):
        mart.alerts.acknowledge(10**9, by="Bob")

    small.quality_monitoring.run()  # still bad: no second alert
    assert mart.alerts.list()["state"].tolist() == ["acknowledged"]
    assert mart.get_deployment_metrics()["issues"].sum() == 1
    labelled(small, "good", right=400, wrong=0)
    small.quality_monitoring.run()
    closed = mart.alerts.list().iloc[0]
    assert closed[["state", "acknowledged_by", "note"]].tolist() == [
        "closed",
        "Ada",
        "looking into it",
    ]
    assert closed["opened_at"] < closed["acknowledged_at"] < closed["closed_at"]
    schema = small.database.schema
    assert query(f"SELECT count(*), min(subscription) FROM {schema}.runs") == [(3, "small")]
    assert query(f"SELECT state, note FROM {schema}.alerts") == [("closed", "looking into it")]
    assert query(f"SELECT count(DISTINCT measurement_id) FROM {schema}.measurements") == [(3,)]


def test_an_alert_says_why_it_opened_and_closed(mart, small):
    labelled(small, "bad", right=100, wrong=100)
    small.quality_monitoring.enable(threshold=0.8)
    small.quality_monitoring.run()
    opened = mart.alerts.list()["opened_because"][0]
    assert opened.startswith("The value 0.5 (95% interval 0.4")
    assert "is outside its limit (at least 0.8): a model within it would give such a" in opened
    assert "a budget of 1 false alert a month allows 1.7%." in opened
    labelled(small, "good", right=2000, wrong=0)
    small.quality_monitoring.run()
    assert "is within its limit." in mart.alerts.list()["closed_because"][0]


def test_what_chance_explains_opens_no_alert_unless_asked(mart, small):
    labelled(small, "a", right=14, wrong=6)  # .7: with 20 rows, chance explains it
    small.quality_monitoring.enable(threshold=0.8)
    assert small.quality_monitoring.run()["metrics"]["area_under_roc"] == pytest.approx(0.7)
    assert mart.alerts.list().empty
    assert small.set_alerting(rule="limits") == {"rule": "limits", "false_alerts_a_month": 1.0}
    small.quality_monitoring.run()
    assert mart.alerts.list()["opened_because"][0].endswith("outside its limit (at least 0.8).")


def test_a_monitor_says_what_to_expect(small):
    small.payload_logging.store([small_record()])
    details = small.quality_monitoring.enable(threshold=0.8, min_records=100)
    assert details["expect"] == (
        "False alerts a month: at most about 1. With 100 labelled rows, a true"
        " area_under_roc of 0.71 opens an alert in half of all windows (limit 0.8)."
    )
    small.performance_monitoring.enable(apt_threshold=100)
    assert "about 0.5." in small.quality_monitoring.get_details()["expect"]
    small.set_alerting(0.1)
    assert "about 0.05." in small.quality_monitoring.get_details()["expect"]
    small.set_alerting(rule="limits")
    assert "rule: limits" in small.quality_monitoring.get_details()["expect"]


def test_an_unknown_schedule_spends_no_month_in_a_day(small, query):
    """The 24 runs of a first day open 4.8 times a daily run's false alerts, not 24 times."""
    small.payload_logging.store([small_record()])
    small.quality_monitoring.enable(threshold=0.8)
    schema = small.database.schema
    identity = (small.subscription_id, "quality")
    spent = []
    for _ in range(72):
        by = small.database.run(lambda cursor: alerting.rule(cursor, identity, 1))
        spent.append(by.alpha)
        query(f"UPDATE {schema}.run SET started = started - interval '1 hour'")
        query(
            f"INSERT INTO {schema}.run (run_uid, subscription_id, monitor, state, started)"
            " VALUES (gen_random_uuid(), %s, 'quality', 'finished', now())",
            small.subscription_id,
        )
    assert spent[0] == pytest.approx(1 / 30)
    assert sum(spent[:24]) < 5 / 30
    assert spent[-1] == pytest.approx(1 / 720, rel=0.05)


def test_the_console_says_how_often_chance_gives_a_value(mart, small):
    labelled(small, "a", right=14, wrong=6)
    small.quality_monitoring.enable(threshold=0.8)
    run = small.quality_monitoring.run()
    (area,) = [
        one
        for one in mart.browsing.runs.measurements(str(run["run_uid"]))
        if one["metric"] == "area_under_roc"
    ]
    assert area["outside"] and 0.05 < area["chance"] < 0.3
