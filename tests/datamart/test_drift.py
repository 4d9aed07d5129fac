"""Drift of logged traffic from the training data: flagged, stored, merged, and refused."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import psycopg2
import pytest

from model_monitoring.datamart.monitoring import base
from tests.datamart.conftest import record

RANDOM = np.random.default_rng(7)
TRAINING = pd.DataFrame(
    {"size": RANDOM.normal(10, 2, 2000), "colour": RANDOM.choice(["red", "blue"], 2000)}
)
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def traffic(seed, rows=400, shift=0.0, missing=0.0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"size": random.normal(10 + shift, 2, rows), "colour": random.choice(["red", "blue"], rows)}
    )
    frame.loc[random.random(rows) < missing, "size"] = np.nan
    score = 1 / (1 + np.exp(frame["size"].fillna(10) - 10))
    return frame.assign(score=score, predicted_label=(score > 0.5).astype(int))


def log(small, name, frame, at):
    values = (
        frame[["size", "colour"]]
        .astype(object)
        .where(frame[["size", "colour"]].notna(), None)
        .values.tolist()
    )
    payload = record(name, scoring_timestamp=at)
    payload = dataclasses.replace(
        payload,
        request={"fields": ["size", "colour"], "values": values},
        response={
            "fields": ["score", "predicted_label"],
            "values": [
                [float(s), int(p)]
                for s, p in zip(frame["score"], frame["predicted_label"], strict=True)
            ],
        },
    )
    small.payload_logging.store([payload])


@pytest.fixture
def watched(small):
    small.drift_monitoring.enable(TRAINING, min_records=50)
    return small


def test_clean_traffic_opens_no_alert(watched, mart):
    log(watched, "clean", traffic(1), DAY)
    run = watched.drift_monitoring.run()
    assert (run["state"], run["records"], run["violations"]) == ("finished", 400, [])
    assert run["metrics"]["drifted_features"] == 0
    assert mart.alerts.list(state="open").empty


def test_a_shifted_feature_is_named_alerts_and_recovers(watched, mart):
    log(watched, "shifted", traffic(2, shift=2.0), DAY)
    run = watched.drift_monitoring.run()
    assert [row["feature"] for row in run["drift"] if row["drifted"]] == ["size"]
    assert [found["constraint_check_type"] for found in run["violations"]] == [
        "baseline_drift_check"
    ]
    assert set(mart.alerts.list(state="open")["metric"]) >= {"drifted_features", "violations"}
    log(watched, "clean", traffic(1), DAY + timedelta(hours=1))
    watched.drift_monitoring.run()
    assert mart.alerts.list(state="open").empty


def test_a_missing_sensor_violates_completeness(watched):
    log(watched, "gaps", traffic(3, missing=0.3), DAY)
    kinds = {
        found["constraint_check_type"] for found in watched.drift_monitoring.run()["violations"]
    }
    assert "completeness_check" in kinds


def test_a_run_measures_what_was_logged_since_the_last_one(watched):
    log(watched, "first", traffic(1), DAY)
    assert watched.drift_monitoring.run()["records"] == 400
    run = watched.drift_monitoring.run()
    assert run["state"] == "skipped" and "0 new rows, 50 needed" in run["reason"]
    log(watched, "scored earlier, logged later", traffic(2, rows=60), DAY - timedelta(hours=1))
    assert watched.drift_monitoring.run()["records"] == 60


def test_merged_windows_show_the_same_as_all_their_rows(watched, query, mart):
    log(watched, "first", traffic(1), DAY)
    watched.drift_monitoring.run()
    log(watched, "second", traffic(2, shift=2.0), DAY + timedelta(hours=1))
    watched.drift_monitoring.run()
    total = watched.drift_monitoring.show_drift().set_index("feature")
    second = watched.drift_monitoring.show_drift(start_time=DAY + timedelta(minutes=30)).set_index(
        "feature"
    )
    assert total.loc["size", "rows_current"] == 800 and second.loc["size", "rows_current"] == 400
    assert 0 < total.loc["size", "linf"] < second.loc["size", "linf"]
    with pytest.raises(ValueError, match="no drift run"):
        watched.drift_monitoring.show_drift(start_time=DAY + timedelta(days=1))


def test_a_transaction_that_is_tried_again_keeps_the_profile(watched, monkeypatch):
    log(watched, "clean", traffic(1), DAY)
    original, tried = base.Monitor._record, []

    def record(*arguments):
        original(*arguments)
        if not tried:
            tried.append(True)
            raise psycopg2.errors.SerializationFailure

    monkeypatch.setattr(base.Monitor, "_record", record)
    assert watched.drift_monitoring.run()["state"] == "finished"
    assert tried and watched.drift_monitoring.show_drift()["rows_current"].tolist() == [400] * 2


def test_rows_that_break_learned_constraints_can_be_shown(watched):
    frame = traffic(1, rows=100)
    frame.loc[[4, 9], "size"] = 1000.0
    log(watched, "broken", frame, DAY)
    run = watched.drift_monitoring.run()
    rows = watched.drift_monitoring.show_inconsistent_rows()
    assert {"broken-5", "broken-10"} <= set(rows["scoring_id"])
    assert len(rows) == round(run["metrics"]["data_drift_magnitude"] * 100)


def test_accuracy_is_estimated_without_labels(small):
    held_out = traffic(4, rows=2000)
    truth = np.random.default_rng(5).random(2000) < held_out["score"]
    scored = held_out.assign(diagnosis=truth.astype(int))
    small.drift_monitoring.enable(TRAINING, scored=scored, min_records=50)
    frame = traffic(6, rows=2000)
    log(small, "clean", frame, DAY)
    run = small.drift_monitoring.run()
    right = np.maximum(frame["score"], 1 - frame["score"]).mean()
    assert run["believable"], run["doubts"]
    assert run["metrics"]["predicted_accuracy"] == pytest.approx(right, abs=0.03)
    assert run["metrics"]["drift_magnitude"] < 0.05


def test_whole_numbers_in_training_data_are_compared_with_logged_numbers(small):
    small.drift_monitoring.enable(
        TRAINING.assign(size=TRAINING["size"].round().astype(int)), min_records=50
    )
    frame = traffic(1)
    log(small, "clean", frame.assign(size=frame["size"].round()), DAY)
    assert small.drift_monitoring.run()["violations"] == []


def test_a_baseline_without_a_feature_is_refused(small):
    with pytest.raises(ValueError, match=r"lacks the feature columns \['colour'\]"):
        small.drift_monitoring.enable(TRAINING[["size"]])
    with pytest.raises(ValueError, match=r"lack the columns \['diagnosis'\]"):
        small.drift_monitoring.enable(TRAINING, scored=traffic(1))


def test_a_new_model_version_needs_a_new_baseline(watched, monkeypatch):
    log(watched, "first", traffic(1), DAY)
    monkeypatch.setattr(type(watched), "asset_revision", lambda self: "another")
    run = watched.drift_monitoring.run()
    assert run["state"] == "skipped" and "without a baseline" in run["reason"]


def test_each_interval_names_its_method(small):
    held_out = traffic(5, rows=600)
    labels = (np.random.default_rng(0).random(600) < held_out["score"]).astype(int)
    small.drift_monitoring.enable(
        TRAINING, scored=held_out[["score", "predicted_label"]].assign(diagnosis=labels)
    )
    log(small, "clean", traffic(1), DAY)
    run = small.drift_monitoring.run()
    found = small.drift_monitoring.get_metrics()
    bounded = set(found.loc[found["ci_low"].notna(), "id"])
    assert bounded == {"data_drift_magnitude", "predicted_accuracy", "drift_magnitude"}
    assert bounded == set(run["intervals"])
    assert run["intervals"]["data_drift_magnitude"] == "Clopper-Pearson, exact"
    assert "resampled" in run["intervals"]["predicted_accuracy"]
    assert run["estimated_loss"]["method"] == run["intervals"]["predicted_accuracy"]
    assert "draws" in run["label_shift"]["method"]
    methods = {row["feature"]: row["effect_method"] for row in run["drift"]}
    assert "Smirnov" in methods["size"] and "Bonferroni" in methods["colour"]
    assert small.drift_monitoring.show_drift()["effect_method"].notna().all()
    said = small.drift_monitoring.get_details()["expect"]
    assert "a data_drift_magnitude of" in said and "a drift_magnitude of" in said
