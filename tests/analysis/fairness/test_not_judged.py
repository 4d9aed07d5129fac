"""Whom nothing can be said of is named: too few, nobody, no group, or a name spelled otherwise."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import MISSING, Feature, assign
from model_monitoring.analysis.fairness.outcomes import unseen

SEX = Feature("sex", minority=["f"])


def judge(values, predictions, feature=SEX, favourable=(1,), **more):
    rows = pd.DataFrame({feature.name: values})
    return evaluate(
        rows, [feature], favourable=list(favourable), predictions=predictions, flip=False, **more
    )


def window(favoured, n, favoured_others, others):
    predictions = [1] * favoured + [0] * (n - favoured)
    predictions += [1] * favoured_others + [0] * (others - favoured_others)
    return ["f"] * n + ["m"] * others, predictions


def said(found):
    return {one.name: one.reason for one in found.not_measured}


@pytest.mark.parametrize(
    ("favoured", "n", "favoured_others", "others", "threshold"),
    [
        (60, 100, 75, 100, 0.8),
        (12, 50, 15, 50, 0.8),
        (63, 90, 90, 90, 0.7),
        (27, 100, 30, 100, 0.9),
    ],
)
def test_exactly_at_the_threshold_is_as_likely_as_not(
    favoured, n, favoured_others, others, threshold
):
    feature = Feature("sex", minority=["f"], threshold=threshold)
    found = judge(*window(favoured, n, favoured_others, others), feature).groups.iloc[0]
    assert found["fairness_score"] == threshold and found["p_value"] == 0.5 and not found["biased"]
    less = judge(*window(favoured - 1, n, favoured_others, others), feature).groups.iloc[0]
    assert less["fairness_score"] < threshold and 0.3 < less["p_value"] < 0.5
    assert not less["biased"] and less["finding"] == ""
    assert judge(*window(0, n, favoured_others, others), feature).groups.iloc[0]["biased"]


@pytest.mark.parametrize(("n", "others"), [(1, 600), (29, 600), (600, 29)])
def test_too_few_are_neither_biased_nor_fair(n, others):
    found = judge(*window(0, n, others // 2, others))
    group = found.groups.iloc[0]
    assert not group["biased"] and group["finding"] == ""
    few = min(n, others)
    rows = "row" if few == 1 else "rows"
    where = "this group" if n < others else "the majority"
    assert said(found) == {"sex: f": f"only {few} {rows} in {where}: too few to say"}
    assert judge(*window(0, 30, 300, 600)).groups.iloc[0]["biased"]


def test_nobody_in_the_group():
    assert said(judge(["m"] * 60, [1, 0] * 30)) == {"sex: f": "no row of this group in the window"}


@pytest.mark.parametrize(
    ("minority", "values", "other"),
    [
        ("F", ["f", "m"], "f"),
        (" f ", ["f", "m"], "f"),
        ("1.0", ["1", "2"], "1"),
        (1, ["01", "2"], "01"),
    ],
)
def test_a_group_that_is_spelled_otherwise(minority, values, other):
    found = judge(values * 60, [1, 0] * 60, Feature("sex", minority=[minority]))
    reason = said(found)[f"sex: {minority}"]
    assert reason.endswith(f"there is {other!r}: is that what is meant?")
    assert not found.groups["biased"].any()


def test_a_missing_group_is_counted():
    values, predictions = window(20, 60, 50, 60)
    found = judge([None, None, *values[2:]], predictions)
    assert said(found) == {"sex": "sex is unknown, so they are compared with nobody"}
    assert found.not_measured[0].rows == 2


def test_outcomes_that_no_row_has():
    values, predictions = window(20, 60, 50, 60)
    words = np.where(predictions, "Yes", "No")
    found = judge(values, words, favourable=["yes"])
    assert said(found)["favourable outcome"] == "no row has 'yes'; there is 'Yes'"
    assert (
        "no row of the majority has a favourable" in said(found)["sex: f"]
        and not found.groups["biased"].any()
    )
    assert said(judge(values, predictions, favourable=["1.0"])) == {}
    found = judge(values, words, favourable=["Yes"], unfavourable=["no"])
    assert said(found)["unfavourable outcome"] == "no row has 'no'; there is 'No'"
    assert next(one for one in found.not_measured if one.kind == "rows").rows == 50


def test_one_text_among_ages_is_a_missing_one():
    feature = Feature("age", [[26, None]], [[18, 25]])
    groups = assign(["20", "n/a", "40"], feature)
    assert groups.labels[-1] == MISSING and groups.codes.tolist() == [0, 2, 1]
    with pytest.raises(ValueError, match="'n/a', 'old' is compared with numbers"):
        assign(["n/a", "old"], feature)


def test_everything_measured_leaves_nothing():
    assert judge(*window(20, 60, 50, 60)).not_measured == ()


def test_a_number_written_as_text_is_seen():
    assert unseen([["1", "0"], [None, "0"]], [1]) == []
    assert unseen([["1.0", "0"]], [1]) == ["no row has 1; there is '1.0'"]
