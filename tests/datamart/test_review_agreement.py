"""How far reviewers agree with each other and with the model, and how long they take."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.quality.kappa import kappa

from .reviewing import enable, log, work


def test_kappa_is_agreement_beyond_chance():
    shares = {
        ("a", "a"): 0.25,
        ("b", "b"): 0.12,
        ("c", "c"): 0.02,
        ("a", "b"): 0.13,
        ("a", "c"): 0.12,
    }
    shares |= {("b", "a"): 0.12, ("b", "c"): 0.06, ("c", "a"): 0.13, ("c", "b"): 0.05}
    pairs = [pair for pair, share in shares.items() for _ in range(round(200 * share))]
    one, two = (pd.Series(labels) for labels in zip(*pairs, strict=True))
    observed = 0.25 + 0.12 + 0.02
    expected = 0.5 * 0.5 + 0.3 * 0.3 + 0.2 * 0.2
    found = kappa(one, two)
    assert found.value == pytest.approx((observed - expected) / (1 - expected))
    # 1.96 standard errors (Fleiss, Cohen & Everitt 1969) are 0.11
    assert found.ci_low == pytest.approx(found.value - 0.11, abs=0.02)
    assert found.ci_high == pytest.approx(found.value + 0.11, abs=0.02)
    assert "posterior" in found.method
    whole = kappa(one, one)
    assert whole.value == whole.ci_high == 1.0 and 0.95 < whole.ci_low < 0.99
    assert kappa(pd.Series(["a"] * 5), pd.Series(["a"] * 5)).value is None
    assert kappa(pd.Series([], dtype=str), pd.Series([], dtype=str)).value is None


def test_kappa_of_few_rows_has_no_interval():
    found = kappa(pd.Series(["a", "b", "c"] * 4), pd.Series(["a", "b", "b"] * 4))
    assert found.value == pytest.approx(0.5) and found.ci_low is None
    assert found.method == "no interval of fewer than 5 rows a class"


def test_pairs_model_and_turnaround(mart, small, query):
    log(small, [0.6] * 4 + [0.4] * 4)  # four rows predicted malignant, four benign
    enable(mart, small, task_count=2)
    mart.reviews.create(small)
    store = mart.reviews.queue()
    for label in ["malignant"] * 4 + ["benign"] * 4:  # anna agrees with the model
        work(store, "anna", label)
    for label in ["malignant"] * 2 + ["benign"] * 6:
        work(store, "ben", label)
    for label in ["benign"] * 2:  # carla decides if they differ, and counts in no comparison
        work(store, "carla", label)
    query(
        f"UPDATE {small.database.schema}.review_task SET finished_at = created_at + interval '90"
        " minutes'"
    )
    query(
        f"UPDATE {small.database.schema}.review_answer SET accepted_at = submitted_at - interval"
        " '8 seconds'"
    )
    found = mart.reviews.agreement(small)
    assert found.pairs.replace({np.nan: None}).to_dict("records") == [
        {
            "reviewer": "anna",
            "other": "ben",
            "rows": 8,
            "agreement": 0.75,
            "kappa": pytest.approx(0.5),
            "kappa_low": None,
            "kappa_high": None,
            "kappa_method": "no interval of fewer than 5 rows a class",
        }
    ]
    reviewers = found.reviewers.set_index("reviewer")
    assert list(reviewers.index) == ["anna", "ben"]
    assert reviewers["agreement_with_model"].tolist() == [1.0, 0.75]
    assert reviewers["kappa_with_model"].tolist() == [1.0, pytest.approx(0.5)]
    assert reviewers["median_seconds"].tolist() == [8.0, 8.0]
    assert found.confusion.loc["malignant"].to_dict() == {"benign": 2, "malignant": 2}
    assert found.confusion.loc["benign"].to_dict() == {"benign": 4, "malignant": 0}
    assert found.decided == {"unanimous": 6, "majority": 2}
    assert found.turnaround == {"tasks": 8, "median_hours": 1.5, "p95_hours": 1.5}


def test_the_answer_before_the_prediction_was_shown_counts(mart, small):
    log(small, [0.6] * 4)
    enable(mart, small, prediction="last")
    mart.reviews.create(small)
    for first in ["benign", "benign", "malignant", "malignant"]:
        work(mart.reviews.queue(), "anna", "malignant", first=first)
    anna = mart.reviews.agreement("small").reviewers.iloc[0]
    assert (anna["agreement_with_model"], anna["changed"], anna["rows"]) == (0.5, 2, 4)


def test_nothing_reviewed_yet(mart, small):
    found = mart.reviews.agreement()
    assert (
        found.pairs.empty
        and found.reviewers.empty
        and found.confusion.empty
        and found.decided == {}
    )
    assert found.turnaround == {"tasks": 0, "median_hours": None, "p95_hours": None}
    log(small, [0.6])
    enable(mart, small)
    mart.reviews.create(small)
    work(mart.reviews.queue(), "anna", None)  # without a label
    anna = mart.reviews.agreement().reviewers.iloc[0]
    assert np.isnan(anna["kappa_with_model"]) and np.isnan(anna["agreement_with_model"])
