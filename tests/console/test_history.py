"""A metric's history: few points are returned as measured, many as means with their extremes."""

from datetime import timedelta

import pytest

from model_monitoring.datamart.browsing import history


@pytest.fixture
def browsing(mart, measured):
    return mart.browsing


@pytest.fixture
def fill(query, schema):
    def run(count):
        query(
            f"""INSERT INTO {schema}.run (run_uid, subscription_id, monitor, state, started)
                SELECT gen_random_uuid(), 1, 'quality', 'finished', now() - n * interval '1 hour'
                FROM generate_series(1, {count}) n;
            INSERT INTO {schema}.measurement
                (run_uid, subscription_id, monitor, metric, ts, value, lower_limit, records)
                SELECT run_uid, 1, 'quality', 'made', started,
                CASE WHEN row_number() OVER (ORDER BY started) = 7 THEN 0 ELSE 0.9 END, 0.8, 10
                FROM {schema}.run WHERE run_uid NOT IN (SELECT run_uid FROM {schema}.measurement)"""
        )

    return run


def test_few_points_come_as_measured(browsing, fill):
    fill(history.POINTS)
    points = browsing.history.points(1, "quality", "made", "", None)
    assert len(points) == history.POINTS
    assert [p["value"] for p in points].count(0) == 1
    assert [p["outside"] for p in points].count(True) == 1
    assert points == sorted(points, key=lambda p: p["ts"])


def test_many_points_keep_every_extreme_and_measurement(browsing, fill):
    fill(5000)
    points = browsing.history.points(1, "quality", "made", "", None)
    assert len(points) == history.POINTS
    assert sum(p["measurements"] for p in points) == 5000
    assert min(p["low"] for p in points) == 0
    assert sum(p["outside"] for p in points) == 1
    assert all(p["low"] - 1e-9 <= p["value"] <= p["high"] + 1e-9 for p in points)
    assert points == sorted(points, key=lambda p: p["ts"])


def test_a_span_ends_at_the_last_measurement(browsing, fill, query, schema):
    fill(100)
    query(f"UPDATE {schema}.measurement SET ts = ts - interval '3 years' WHERE metric = 'made'")
    assert len(browsing.history.points(1, "quality", "made", "", timedelta(hours=9))) == 10
    assert len(browsing.history.points(1, "quality", "made", "", timedelta(days=365))) == 100


def test_thousands_of_measurements_at_the_same_time(browsing, fill, query, schema):
    fill(1000)
    query(f"UPDATE {schema}.measurement SET ts = '2026-01-01' WHERE metric = 'made'")
    [point] = browsing.history.points(1, "quality", "made", "", None)
    assert point["measurements"] == history.DENSE


def test_undefined_values_leave_a_gap(browsing, fill, query, schema):
    fill(10)
    query(f"UPDATE {schema}.measurement SET value = NULL WHERE metric = 'made' AND value = 0")
    values = [p["value"] for p in browsing.history.points(1, "quality", "made", "", None)]
    assert values.count(None) == 1
    assert browsing.history.points(1, "quality", "nothing", "", None) == []


def test_traffic_adds_up(browsing, query, schema):
    query(
        f"UPDATE {schema}.scoring_key SET scored_at = now() - interval '90 minutes'"
        " WHERE scoring_id > 'r-2'"
    )
    [(now, total)] = query(f"SELECT now(), sum(response_time)::float8 FROM {schema}.scoring_key")
    found = browsing.history.traffic(1, now - timedelta(days=1), now)
    assert len(found) == history.STRETCHES
    assert sum(row["requests"] for row in found) == sum(row["rows"] for row in found) == 40
    assert sum((row["mean"] or 0) * row["requests"] for row in found) == pytest.approx(total)
    assert sum(row["requests"] > 0 for row in found) == 2
    [first, *_] = browsing.history.traffic(1, now - timedelta(days=9), now - timedelta(days=8))
    assert first["requests"] == 0
