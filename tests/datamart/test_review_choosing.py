"""When a person must look: by score, at random, for odd values, if the companion differs.

Each row is sent once.
"""

import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.datamart.companion import answers
from model_monitoring.datamart.rows import chosen

from .conftest import small_record
from .reviewing import START, enable, log

RANDOM = np.random.default_rng(3)
TRAINING = pd.DataFrame(
    {"size": RANDOM.uniform(1, 20, 500), "colour": RANDOM.choice(["red", "blue"], 500)}
)


def reasons_by_row(mart):
    tasks = mart.reviews.list()
    return {
        row["scoring_id"]: row["reasons"]
        for task in tasks["task_id"]
        for row in mart.reviews.get(task)["rows"]
    }


def test_scores_in_the_middle_are_sent_limits_included(mart, small):
    log(small, [0.05, 0.1, 0.5, 0.9, 0.95, None])
    enable(mart, small)
    report = mart.reviews.create(small)
    assert report == (3, 3, 0, {"score": 3}, [])
    assert sorted(reasons_by_row(mart)) == ["r1-1", "r2-1", "r3-1"]


def test_each_row_is_sent_once(mart, small):
    log(small, [0.5, 0.6])
    enable(mart, small)
    assert mart.reviews.create(small).rows == 2
    log(small, [0.4], prefix="later")
    assert mart.reviews.create(small) == (1, 1, 2, {"score": 1}, [])
    assert mart.reviews.create(small) == (0, 0, 3, {}, [])


def test_only_rows_in_the_window_are_sent(mart, small):
    for day in range(3):
        log(small, [0.5], prefix=f"day {day} ", scoring_timestamp=START + timedelta(days=day))
    enable(mart, small)
    assert (
        mart.reviews.create(small, START + timedelta(days=1), START + timedelta(days=2)).rows == 1
    )
    assert list(reasons_by_row(mart)) == ["day 1 0-1"]


def test_the_audit_draws_the_same_rows_again_but_others_with_another_seed(mart, small):
    log(small, [0.01] * 400)
    drawn = []
    for seed in (1, 1, 2):
        enable(mart, small, low=None, high=None, audit_share=0.1, seed=seed)
        assert 20 < mart.reviews.create(small).reasons["audit"] < 70
        drawn.append(set(reasons_by_row(mart)))
        for task in mart.reviews.list()["task_id"]:
            mart.reviews.delete(task)
    assert drawn[0] == drawn[1] != drawn[2]


def test_rows_that_break_a_constraint_are_sent(mart, small):
    values = [
        (5.0, "red"),
        (500.0, "red"),
        (5.0, "green"),
        (None, "red"),
        (-0.01, "blue"),
        (5.0, "blue"),
    ]
    small.payload_logging.store(
        small_record(f"r{i}", values=(row,), answers=((0.99, 1),)) for i, row in enumerate(values)
    )
    enable(mart, small, violations=True)
    report = mart.reviews.create(small)
    assert report.rows == 0 and re.search("drift_monitoring.enable", report.notes[0])
    small.drift_monitoring.enable(TRAINING)
    assert mart.reviews.create(small).reasons == {"violation": 4}
    assert sorted(reasons_by_row(mart)) == ["r1-1", "r2-1", "r3-1", "r4-1"]


def test_rows_for_which_the_companion_differs_are_sent(mart, small):
    small.payload_logging.store(
        small_record(f"r{i}", answers=((0.99, predicted),))
        for i, predicted in enumerate([1, 1, 0, 0])
    )
    enable(mart, small)
    assert mart.reviews.create(small) == (0, 0, 0, {}, [])  # no companion, no such reason
    answers.add_columns(small)
    rows = chosen.newest(small, 10).about.sort_values("scoring_id")
    answered = pd.DataFrame(
        {"debiased_prediction": [1, 0, 1], "debiased_probability": [0.9, 0.1, 0.9]}
    )
    answers.store(small, rows.iloc[[0, 1, 3]].reset_index(drop=True), answered)
    assert mart.reviews.create(small).reasons == {"disagreement": 2}
    assert sorted(reasons_by_row(mart)) == ["r1-1", "r3-1"]
    task = mart.reviews.queue().claim("anna", None)
    assert task.task_input["rows"][0]["reasons"] == ["the de-biased companion predicts otherwise"]


def test_a_row_has_all_its_reasons(mart, small):
    log(small, [0.5])
    enable(mart, small, audit_share=1.0)
    assert mart.reviews.create(small) == (1, 1, 0, {"score": 1, "audit": 1}, [])
    assert sorted(reasons_by_row(mart)["r0-1"]) == ["audit", "score"]


def test_many_rows_on_a_page(mart, small):
    small.payload_logging.store(
        small_record("r", values=[(float(i), "red") for i in range(7)], answers=[(0.5, 1)] * 7)
    )
    enable(mart, small, rows_per_task=3)
    assert mart.reviews.create(small)[:2] == (3, 7)
    tasks = mart.reviews.list().sort_values("created_at")
    assert sorted(tasks["rows"]) == [1, 3, 3]
    assert mart.reviews.list(limit=2)["task_id"].size == 2


def test_the_highest_of_several_probabilities_counts(mart, asset):
    subscription = mart.subscriptions.add(
        asset(name="three classes", feature_columns=["size"], label_values=["a", "b", "c"])
    )
    for i, probabilities in enumerate([[0.05, 0.9, 0.05], [0.3, 0.4, 0.3]]):
        response = {"fields": ["score", "predicted_label"], "values": [[probabilities, "b"]]}
        record = datamart.PayloadRecord({"fields": ["size"], "values": [[1.0]]}, response, f"r{i}")
        subscription.payload_logging.store(record)
    enable(mart, subscription, low=0, high=0.8)
    mart.reviews.create(subscription)
    assert list(reasons_by_row(mart)) == ["r1-1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0.9, "high": 0.1}, "smaller one first"),
        ({"low": None}, "give both"),
        ({"audit_share": 1.5}, "audit_share is 1.5"),
        ({"rows_per_task": 0}, "rows_per_task is 0"),
        ({"prediction": "after"}, "'after'"),
        ({"reviewers": []}, "needs 1 reviewer;"),
        (
            {"reviewers": ["anna", "anna"], "task_count": 2},
            "needs 3 reviewers, one of them to decide",
        ),
        ({"reviewers": ["a\nb"]}, "can't be a reviewer's name"),
        ({"template": "<p>{% if %}</p>"}, "[Ll]ine 1"),
    ],
)
def test_invalid_rules_are_refused_and_nothing_is_stored(mart, small, options, message):
    log(small, [0.5])
    with pytest.raises(ValueError, match=message):
        enable(mart, small, **options)
    assert not mart.reviews.get_details(small)["enabled"]


def test_the_error_names_what_the_subscription_lacks(mart, small, asset):
    with pytest.raises(ValueError, match="no label_values"):
        enable(mart, mart.subscriptions.add(asset(name="any label")))
    no_score = mart.subscriptions.add(
        asset(name="no score", probability_column=None, label_values=[0, 1])
    )
    with pytest.raises(ValueError, match="no probability column"):
        enable(mart, no_score)
    with pytest.raises(ValueError, match="'nobody'"):
        mart.reviews.create("nobody")
    with pytest.raises(ValueError, match=r"is off: call mart\.reviews\.enable"):
        mart.reviews.create(small)
    enable(mart, small)
    with pytest.raises(ValueError, match="no payload yet"):
        mart.reviews.create(small)


def test_predictions_that_are_no_labels_are_refused_before_there_are_tasks(mart, asset):
    odd = mart.subscriptions.add(
        asset(
            name="odd",
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
            label_values={"benign": "B"},
        )
    )
    with pytest.raises(ValueError, match="none of the classes 'B'"):
        log(odd, [0.5])
    enable(mart, odd)
    with pytest.raises(ValueError, match="no payload yet"):
        mart.reviews.create(odd)


def test_the_last_settings_count(mart, small):
    log(small, [0.5, 0.95])
    enable(mart, small)
    mart.reviews.create(small)
    assert enable(mart, small, high=1.0, reviewers=["dora"])["reviewers"] == ["dora"]
    assert mart.reviews.create("small").rows == 1
    mart.reviews.disable(small)
    details = mart.reviews.get_details(small)
    assert (details["enabled"], details["tasks"]) == (False, {"open": 2})
