"""Each value is in the group that its definition says; impossible groups are refused."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.fairness.groups import MISSING, Feature, assign, cross
from model_monitoring.analysis.fairness.outcomes import outcomes


def names(values, feature):
    groups = assign(values, feature)
    return [groups.labels[code] for code in groups.codes]


def test_categories_others_and_missing():
    groups = assign(pd.Series(["f", "m", "x", None, "f"]), Feature("sex", ["m"], ["f"]))
    assert groups.labels == ("f", "m", "(other)", MISSING)
    assert groups.roles == ("minority", "majority", "other", "missing")
    assert groups.codes.tolist() == [0, 1, 2, 3, 0]


def test_without_majority_everyone_else_is_the_reference():
    groups = assign(["f", "m", "x", None], Feature("sex", minority=["f"]))
    assert groups.labels == ("f", "everyone else", MISSING)
    assert groups.codes.tolist() == [0, 1, 1, 2]


def test_ranges_include_both_ends():
    feature = Feature("age", [[26, 75]], [[18, 25]])
    assert names([17, 18, 25, 26, 75, 76], feature) == [
        "(other)", "[18, 25]", "[18, 25]", "[26, 75]", "[26, 75]", "(other)",
    ]  # fmt: skip


def test_a_threshold_is_labelled_as_clarify_does():
    groups = assign([20, 40, 41, 75], Feature("age", minority=[pd.Interval(40, np.inf)]))
    assert groups.labels == ("(40, 75]", "everyone else")
    assert groups.codes.tolist() == [1, 1, 0, 0]


def test_open_ends_are_labelled_with_the_values_seen():
    groups = assign([19.5, 30, 60], Feature("age", [[26, None]], [[None, 25]]))
    assert groups.labels == ("[19.5, 25]", "[26, 60]")
    groups = assign([20, 40, 75], Feature("age", minority=[pd.Interval(40, np.inf, closed="left")]))
    assert groups.labels == ("[40, 75]", "everyone else")


@pytest.mark.parametrize(
    "values", [["18", "30", None], [18.0, 30.0, None], np.array(["18", "30", None], dtype=object)]
)
def test_numbers_given_as_strings_or_floats(values):
    assert names(values, Feature("age", [[26, 75]], [[18, 25]])) == [
        "[18, 25]",
        "[26, 75]",
        MISSING,
    ]


def test_numeric_categories_match_whatever_their_type():
    assert names([0, 1, 1], Feature("sex", ["1"], ["0"])) == ["0", "1", "1"]
    assert names(["0", "1"], Feature("sex", [1], [0])) == ["0", "1"]
    assert names([True, False], Feature("sex", [True], [False])) == ["True", "False"]


def test_an_empty_group_is_kept():
    assert assign(["m", "m"], Feature("sex", ["m"], ["f"])).labels == ("f", "m")


@pytest.mark.parametrize(
    ("feature", "values", "words"),
    [
        (Feature("age", [[25, 75]], [[18, 25]]), [20], "overlap"),
        (Feature("age", [[26, 75]], [[18, 20], 19]), [20], "overlap"),
        (Feature("sex", ["f"], ["f"]), ["f"], "overlap"),
        (Feature("sex", ["m"], []), ["f"], "minority is empty"),
        (Feature("age", [[75, 26]], [[18, 25]]), [20], "is not a range"),
        (Feature("age", [[26, 75]], [[18, 25]]), ["old"], "'old'"),
        (Feature("age", [[26, 75]], ["young"]), [20], "is not a range"),
        (Feature("sex", ["male"], ["female"]), [0, 1], "'female'"),
        (Feature("sex", ["m"], ["f"], 0), ["f"], "threshold"),
        (Feature("sex", ["m"], ["f"], "high"), ["f"], "threshold is 'high'"),
        (Feature("sex", ["male"], "female"), ["female"], r"sex: minority is the string 'female'; "
                                                         r"write a list"),
        (Feature("sex", "male", ["female"]), ["female"], r"sex: majority is the string 'male'; "
                                                         r"write a list"),
    ],
)  # fmt: skip
def test_impossible_groups_are_refused(feature, values, words):
    with pytest.raises(ValueError, match=words):
        assign(pd.Series(values), feature)


def test_intersections_cross_every_minority_group():
    sex = assign(["f", "f", "m", "m", "x"], Feature("sex", ["m"], ["f"]))
    age = assign([20, 50, 20, 50, 20], Feature("age", [[26, 75]], [[18, 25]]))
    both = cross([sex, age])
    assert both.name == "sex & age"
    assert both.labels == ("f & [18, 25]", "m & [26, 75]", "(other)")
    assert both.codes.tolist() == [0, 2, 2, 1, 2]


def test_outcomes():
    assert outcomes(["good", "bad", "?", None], ["good"], ["bad"], "label").tolist() == [1, 0, 2, 2]
    assert outcomes(["good", "bad", "?"], ["good"], None, "label").tolist() == [1, 0, 0]
    assert outcomes([0.2, 5.0, 9.0], [[5, 10]], [[0, 1]], "prediction").tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("favourable", "unfavourable", "values", "words"),
    [
        ([], None, ["good"], "favourable is empty"),
        (["good"], ["good"], ["good"], "overlap"),
        (["good"], ["bad"], ["approved"], "No prediction is favourable or unfavourable"),
        (["good"], None, [0.7, 0.2], "'good'"),
    ],
)
def test_impossible_outcomes_are_refused(favourable, unfavourable, values, words):
    with pytest.raises(ValueError, match=words):
        outcomes(values, favourable, unfavourable, "prediction")
