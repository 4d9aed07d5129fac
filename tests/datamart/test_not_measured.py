"""What a window lacks is said in its run: it fails none, closes no alert, and keeps no later window
from being measured.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart.monitoring import drift_window

from .conftest import small_record

ROWS = 300
DAY = datetime(2026, 3, 1, tzinfo=UTC)
RANDOM = np.random.default_rng(3)
TRAINING = pd.DataFrame(
    {"size": RANDOM.normal(10, 2, 2000), "colour": RANDOM.choice(["red", "blue"], 2000)}
)
SCORES = RANDOM.uniform(0.02, 0.98, ROWS)
SCORED = pd.DataFrame(
    {
        "diagnosis": (RANDOM.random(ROWS) < SCORES).astype(int),
        "predicted_label": (SCORES > 0.5).astype(int),
        "score": SCORES,
    }
)


def log(small, name, day=0, shift=0.0, rows=ROWS, colours=("red", "blue"), **holes):
    """Log a window; `holes` say by column in which row there is NULL, or in all of them."""
    random = np.random.default_rng(day)
    size = random.normal(10 + shift, 2, rows).astype(object)
    colour = random.choice(list(colours), rows).astype(object)
    score, label = SCORES[:rows].astype(object), (SCORES[:rows] > 0.5).astype(int).astype(object)
    columns = {"size": size, "colour": colour, "score": score, "label": label}
    for column, where in holes.items():
        columns[column][where] = None
    values, answers = (
        [list(row) for row in zip(*(columns[name].tolist() for name in names), strict=True)]
        for names in (("size", "colour"), ("score", "label"))
    )
    at = DAY + timedelta(days=day)
    record = small_record(name, values=values, answers=answers, scoring_timestamp=at)
    small.payload_logging.store([record])


def left_out(run):
    return {(one["kind"], one["name"], one["rows"]) for one in run["not_measured"]}


def alerts(mart):
    return set(mart.alerts.list(state="open")["metric"])


@pytest.fixture
def drift(small):
    log(small, "seed")
    small.drift_monitoring.enable(TRAINING, scored=SCORED, min_records=50)
    assert small.drift_monitoring.run()["not_measured"] == []
    return small.drift_monitoring


def test_one_missing_score_fails_no_drift_run(small, drift, mart):
    log(small, "w", day=1, score=7)
    run = drift.run()
    assert left_out(run) == {("rows", "probability", 1)}
    assert run["metrics"]["predicted_accuracy"] is not None
    assert drift.run()["state"] == "skipped"  # nothing is read twice
    log(small, "x", day=2, shift=5, score=9)
    ran = mart.run_monitors().iloc[0]
    assert (ran["state"], ran["reason"]) == ("finished", "not measured: 1 row")
    assert "drifted_features" in alerts(mart)


def test_a_window_without_any_score_closes_no_alert_on_accuracy(small, drift, mart):
    limit = {"drift_magnitude": -1.0}
    small.drift_monitoring.enable(TRAINING, scored=SCORED, min_records=50, threshold=-1.0)
    log(small, "w", day=1)
    drift.run()
    assert set(limit) <= alerts(mart)
    log(small, "x", day=2, score=slice(None))
    run = drift.run()
    assert run["metrics"]["drift_magnitude"] is None and not run["believable"]
    assert set(limit) <= alerts(mart)


def test_an_estimate_that_is_not_believable_opens_and_closes_no_alert(small, drift, mart):
    small.drift_monitoring.enable(TRAINING, scored=SCORED, min_records=50, threshold=-1.0)
    log(small, "w", day=1, colours=["green"])  # the model knows no such colour
    run = drift.run()
    assert not run["believable"] and run["metrics"]["drift_magnitude"] is None
    assert 0.5 < run["metrics"]["predicted_accuracy"] < 1
    loss = run["estimated_loss"]
    assert loss["ci_low"] <= loss["value"] <= loss["ci_high"]
    (reason,) = (one["reason"] for one in run["not_measured"] if one["name"] == "drift_magnitude")
    assert "break constraints learned in training" in reason
    assert "drift_magnitude" not in alerts(mart)

    log(small, "x", day=2)
    run = drift.run()
    assert "drift_magnitude" in alerts(mart)
    measured = drift.get_metrics().set_index("id").loc["drift_magnitude"].iloc[0]
    accuracy = drift.get_metrics().set_index("id").loc["predicted_accuracy"].iloc[0]
    before = measured["ci_high"] + accuracy["ci_low"]
    assert measured["ci_low"] == pytest.approx(before - accuracy["ci_high"])
    assert run["label_shift"]["ci_low"] < run["metrics"]["predicted_accuracy"]

    small.drift_monitoring.enable(TRAINING, scored=SCORED, min_records=50, threshold=0.9)
    log(small, "y", day=3, colours=["green"])
    drift.run()
    assert "drift_magnitude" in alerts(mart)


def test_one_missing_feature_closes_no_alert(small, drift, mart):
    log(small, "w", day=1, shift=5)
    drift.run()
    assert "drifted_features" in alerts(mart)
    log(small, "x", day=2, shift=5, size=3)
    assert drift.run()["metrics"]["drifted_features"] == 1
    assert "drifted_features" in alerts(mart)


def test_a_column_that_is_all_missing_closes_no_alert(small, drift, mart):
    log(small, "w", day=1, shift=5)
    drift.run()
    log(small, "x", day=2, size=slice(None))
    run = drift.run()
    assert ("column", "size", None) in left_out(run) and run["metrics"]["drifted_features"] == 0
    assert "drifted_features" in alerts(mart)
    log(small, "y", day=3)
    drift.run()
    assert "drifted_features" not in alerts(mart)


def test_text_that_gets_stuck_in_a_column_of_many_values(small):
    training = TRAINING.assign(colour=[f"colour {i}" for i in range(len(TRAINING))])
    log(small, "seed", colours=training["colour"])
    small.drift_monitoring.enable(training, min_records=50)
    small.drift_monitoring.run()
    log(small, "w", day=4, colours=["colour 7"])
    drifted = [row["feature"] for row in small.drift_monitoring.run()["drift"] if row["drifted"]]
    assert drifted == ["colour"]


def test_a_window_that_nothing_can_be_said_of_is_passed_by(small, mart, monkeypatch):
    log(small, "seed")
    small.drift_monitoring.enable(TRAINING, min_records=50)
    log(small, "w", day=1, shift=5)
    small.drift_monitoring.run()
    opened = alerts(mart)

    def broken(*_):
        raise TypeError("unorderable")

    log(small, "x", day=2)
    with monkeypatch.context() as patch:
        patch.setattr(drift_window, "profile", broken)
        patch.setattr(drift_window.consistency, "find_inconsistent", broken)
        run = small.drift_monitoring.run()
    assert run["state"] == "skipped" and "unorderable" in run["reason"]
    assert opened == alerts(mart) != set()
    log(small, "y", day=3)
    assert small.drift_monitoring.run()["records"] == ROWS and not alerts(mart)


def test_quality_leaves_out_the_row_that_has_no_score(small, mart):
    log(small, "r", score=4)
    small.quality_monitoring.enable(min_records=5)
    small.feedback_logging.store(
        [{"scoring_id": f"r-{i + 1}", "diagnosis": int(s > 0.5)} for i, s in enumerate(SCORES)]
    )
    run = small.quality_monitoring.run()
    assert run["records"] == ROWS - 1 and left_out(run) == {("rows", "probability", 1)}
    assert run["metrics"]["area_under_roc"] == 1.0


def test_labels_of_one_class_close_no_alert(small, mart):
    small_rows = 40
    log(small, "r", rows=small_rows)
    small.quality_monitoring.enable(threshold=0.8, min_records=5, max_records=small_rows)
    labels = [{"scoring_id": f"r-{i + 1}", "diagnosis": i % 2} for i in range(small_rows)]
    small.feedback_logging.store(labels)
    small.quality_monitoring.run()
    assert "area_under_roc" in alerts(mart)
    log(small, "q", day=1, rows=small_rows)
    labels = [{"scoring_id": f"q-{i + 1}", "diagnosis": 1} for i in range(small_rows)]
    small.feedback_logging.store(labels)
    run = small.quality_monitoring.run()
    assert ("metric", "area_under_roc", None) in left_out(run)
    assert "area_under_roc" in alerts(mart)


RED = Feature("colour", minority=["red"], threshold=9.0)


def test_a_group_of_too_few_raises_and_closes_no_alert(small, mart):
    log(small, "w")
    small.fairness_monitoring.enable([RED], [1], perturbation=False, max_records=ROWS)
    run = small.fairness_monitoring.run()
    assert run["not_measured"] == [] and alerts(mart) == {"fairness_score"}
    log(small, "x", day=1, colours=["blue"], colour=0)
    run = small.fairness_monitoring.run()
    assert {("rows", "colour", 1), ("group", "colour: red", None)} == left_out(run)
    assert alerts(mart) == {"fairness_score"} and run["findings"] == []
    assert [str(one) for one in small.fairness_monitoring._result(None).not_measured]


def test_a_range_that_nobody_is_in_closes_no_alert(small, mart):
    large = Feature("size", minority=[[10, None]], threshold=9.0)
    log(small, "w")
    small.fairness_monitoring.enable([large], [1], perturbation=False, max_records=ROWS)
    small.fairness_monitoring.run()
    opened = mart.alerts.list(state="open")["slice"].tolist()
    log(small, "x", day=1, shift=-50)
    assert {one[0] for one in left_out(small.fairness_monitoring.run())} == {"group"}
    assert mart.alerts.list(state="open")["slice"].tolist() == opened != []


def test_few_of_a_group_raise_no_alert(small, mart):
    log(small, "w", colours=["blue"] * 40 + ["red"])
    small.fairness_monitoring.enable([RED], [1], perturbation=False)
    run = small.fairness_monitoring.run()
    assert {one[0] for one in left_out(run)} == {"group"} and alerts(mart) == set()
    assert "Nothing can be said of" in small.fairness_monitoring.render_report()


@pytest.mark.parametrize(
    ("feature", "favourable", "said"),
    [
        (Feature("colour", minority=["Red"]), [1], "colour: no row has 'Red'; there is 'red'"),
        (Feature("colour", minority=["red"], majority=["blue "]), [1], "no row has 'blue '"),
        (Feature("colour", minority=["red"]), ["yes"], "'yes' is compared with numbers"),
    ],
)
def test_what_is_spelled_otherwise_is_refused_before_it_runs(small, feature, favourable, said):
    log(small, "w")
    with pytest.raises(ValueError, match=said):
        small.fairness_monitoring.enable([feature], favourable, perturbation=False)
    assert not small.fairness_monitoring.get_details()["enabled"]


def test_how_long_requests_took_may_be_unknown(small):
    log(small, "w")
    small.performance_monitoring.enable(apt_threshold=100)
    run = small.performance_monitoring.run()
    assert left_out(run) == {("metric", "average_processing_time", None)}
