"""Contrasts flip the prediction by the smallest change that a person can make.

They never change what a person is.
"""

import itertools
import time

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.explain.contrast import MAX_ROWS, contrast

CHANGEABLE = [
    "status",
    "month",
    "credit_amount",
    "savings",
    "employment",
    "other_debtors",
    "installment_plans",
]


def linear_score(frame):
    """Log-odds: x/10 + y/100, and a category worth half."""
    margin = frame["x"] / 10 + frame["y"] / 100 + 0.5 * (frame["c"] == "good") - 1
    return 1 / (1 + np.exp(-margin.to_numpy(float)))


@pytest.fixture(scope="module")
def plane():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"x": rng.normal(0, 10, 500), "y": rng.normal(0, 10, 500), "c": ["good", "bad"] * 250}
    )


def one(x, y, c):
    return pd.DataFrame({"x": [x], "y": [y], "c": [c]})


def test_the_smallest_change_of_one_number(plane):
    """x must reach 10 - y/10; nothing else can do it alone."""
    found = contrast(linear_score, one(4.0, 0.0, "bad"), plane, ["x", "y", "c"])
    assert not found.favourable and found.flip["feature"].tolist() == ["x"]
    assert 10 <= found.flip["changed"].item() < 10.1
    assert found.flip_score >= 0.5


def test_the_nearest_of_several_single_changes(plane):
    """At x = 9.5 either half a unit of x (0.05 standard deviations) or the category (1) flips."""
    found = contrast(linear_score, one(9.5, 0.0, "bad"), plane, ["x", "y", "c"])
    assert found.flip["feature"].tolist() == ["x"]
    found = contrast(linear_score, one(9.5, 0.0, "bad"), plane, ["c"])
    assert found.flip.to_dict("records") == [{"feature": "c", "now": "bad", "changed": "good"}]


def test_both_directions(plane):
    found = contrast(linear_score, one(16.0, 0.0, "bad"), plane, ["x"])
    assert found.favourable and 9.9 < found.flip["changed"].item() < 10 and found.flip_score < 0.5


def test_several_changes_if_one_is_not_enough():
    """Five switches, of which three must be on."""
    names = list("abcde")
    rows = pd.DataFrame(list(itertools.product(["on", "off"], repeat=5)), columns=names)

    def score(frame):
        return ((frame[names] == "on").sum(axis=1) / 5).to_numpy()

    found = contrast(score, pd.DataFrame([dict.fromkeys(names, "off")]), rows, names)
    assert len(found.flip) == 3 and found.flip_score == pytest.approx(0.6)


def test_nothing_a_person_can_change_flips_it(plane):
    found = contrast(linear_score, one(-900.0, 0.0, "bad"), plane, ["y", "c"])
    assert found.flip.empty and found.flip_score is None and len(found.keep) == 3


@pytest.mark.parametrize("at", range(8))
def test_credit_data(credit, at):
    row = credit.rows.iloc[[at]]
    found = contrast(credit.score, row, credit.train, CHANGEABLE, protected=["sex", "age"])
    assert set(found.flip["feature"]) <= set(CHANGEABLE)
    assert found.scored_rows < MAX_ROWS
    changed = row.assign(**dict(zip(found.flip["feature"], found.flip["changed"], strict=True)))
    assert (credit.score(changed)[0] >= 0.5) != found.favourable
    assert found.flip_score == pytest.approx(credit.score(changed)[0])
    kept = row.assign(**dict(zip(found.keep["feature"], found.keep["could_be"], strict=True)))
    assert (credit.score(kept)[0] >= 0.5) == found.favourable
    for name in ("month", "credit_amount", "age"):
        moved = found.keep.set_index("feature").loc[name]
        assert moved["could_be"] == int(moved["could_be"]), "whole numbers stay whole"
        low, high = sorted((moved["now"], credit.train[name].quantile(0.5, interpolation="lower")))
        assert low <= moved["could_be"] <= high


def test_a_single_change_is_found_if_there_is_one(credit):
    """Compare with all values that occur, one feature at a time."""
    for at in range(8):
        row = credit.rows.iloc[[at]]
        found = contrast(credit.score, row, credit.train, CHANGEABLE)
        for name in CHANGEABLE:
            variants = pd.concat([row] * credit.train[name].nunique(), ignore_index=True)
            variants[name] = credit.train[name].unique()
            if ((credit.score(variants) >= 0.5) != found.favourable).any():
                assert len(found.flip) == 1
                break
        else:
            assert len(found.flip) != 1


@pytest.mark.parametrize("features", [3, 30, 400])
@pytest.mark.parametrize("most", [0, 60, 979, MAX_ROWS])
def test_the_limit_of_rows_holds_for_any_number_of_features(features, most):
    """A rough model with only numeric, changeable features: each part needs too many rows."""
    rng = np.random.default_rng(features)
    rows = pd.DataFrame(
        rng.normal(size=(100, features)), columns=[f"x{i}" for i in range(features)]
    )
    weights, asked = rng.normal(size=features), []

    def score(frame):
        asked.append(len(frame))
        return np.cos(7 * frame.to_numpy(float) @ weights) / 2 + 0.5

    row = rows.iloc[[int(score(rows).argmin())]]
    asked.clear()
    found = contrast(score, row, rows, list(rows), max_rows=most)
    assert sum(asked) == found.scored_rows <= max(1, most)
    assert found.flip.empty or found.flip_score >= 0.5
    kept = row.assign(**dict(zip(found.keep["feature"], found.keep["could_be"], strict=True)))
    assert score(kept.astype(float))[0] < 0.5
    never = contrast(lambda frame: np.zeros(len(frame)), row, rows, list(rows), max_rows=most)
    assert never.scored_rows <= max(1, most) and not never.keep["needed"].any(), (
        "what wasn't tried isn't needed"
    )


def test_what_is_needed(plane):
    """Favourable by x only: x cannot go to the median, y and c can."""
    found = contrast(linear_score, one(10.5, 30.0, "bad"), plane, ["x"])
    keep = found.keep.set_index("feature")
    assert not keep.loc["y", "needed"] and keep.loc["y", "could_be"] == pytest.approx(
        plane["y"].median()
    )
    assert keep.loc["x", "could_be"] > 4


def test_protected_features_are_never_advised(credit):
    with pytest.raises(ValueError, match="age: protected"):
        contrast(
            credit.score,
            credit.rows.head(1),
            credit.train,
            ["age", "month"],
            protected=["age", "sex"],
        )


@pytest.mark.parametrize(
    ("rows", "changeable", "words"),
    [(2, ["month"], "one row, not 2"), (1, ["income"], "income: no such column")],
)
def test_bad_input_is_refused(credit, rows, changeable, words):
    with pytest.raises(ValueError, match=words):
        contrast(credit.score, credit.rows.head(rows), credit.train, changeable)


def test_missing_values_and_models_that_return_labels(credit):
    row = credit.rows.head(1).assign(month=np.nan)

    def label(frame):
        return (credit.score(frame.fillna({"month": 48})) >= 0.5).astype(float)

    found = contrast(label, row, credit.train, ["month", "status", "savings"])
    assert found.score in (0.0, 1.0)


def test_same_row_same_contrast_within_two_seconds(credit):
    start = time.process_time()  # not affected by other work on the machine
    once = contrast(credit.score, credit.rows.iloc[[3]], credit.train, CHANGEABLE)
    assert time.process_time() - start < 2
    again = contrast(credit.score, credit.rows.iloc[[3]], credit.train, CHANGEABLE)
    pd.testing.assert_frame_equal(once.flip, again.flip)
    pd.testing.assert_frame_equal(once.keep, again.keep)
