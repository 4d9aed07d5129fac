"""Drift of categories: the largest difference of shares, and chi-squared with pooled categories."""

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from model_monitoring.analysis.data_quality.categories import chi_squared_p_value, linf
from model_monitoring.analysis.data_quality.comparison import compare
from model_monitoring.analysis.data_quality.constraints import suggest
from model_monitoring.analysis.data_quality.statistics import profile


def test_largest_difference_of_shares():
    assert linf({"a": 6, "b": 4}, {"a": 3, "b": 7}) == pytest.approx(0.3)
    assert linf({"a": 10}, {"b": 3}) == 1


def test_chi_squared_of_large_counts():
    a, b = {"x": 500, "y": 300, "z": 200}, {"x": 40, "y": 40, "z": 20}
    expected = chi2_contingency([list(a.values()), list(b.values())], correction=False).pvalue
    assert chi_squared_p_value(a, b) == pytest.approx(expected)
    assert chi_squared_p_value(a, b, "aws") == pytest.approx(
        chisquare([40, 40, 20], [50, 30, 20]).pvalue
    )


def test_small_categories_are_pooled():
    a, b = {"x": 900, "y": 96, "r": 2, "s": 2}, {"x": 80, "y": 18, "r": 1, "s": 1}
    # r and s are pooled, then also y, because fewer than 10 rows of it are expected: 9.6 + 0.4.
    assert chi_squared_p_value(a, b, "aws") == pytest.approx(chisquare([80, 20], [90, 10]).pvalue)
    assert math.isnan(chi_squared_p_value({"x": 50, "y": 1}, {"x": 5}))
    # Two categories need ten expected in each
    few, enough = ({"x": 100 - y, "y": y} for y in (9, 10))
    assert (
        math.isnan(chi_squared_p_value(few, few, "aws"))
        and chi_squared_p_value(enough, enough, "aws") == 1
    )


def test_an_unseen_category_counts_in_exact_but_not_in_aws():
    a, b = {"x": 500, "y": 500}, {"x": 50, "y": 50, "new": 100}
    assert chi_squared_p_value(a, b) < 1e-6
    assert chi_squared_p_value(a, b, "aws") == pytest.approx(1)
    assert math.isnan(chi_squared_p_value(a, {"new": 10}, "aws"))


def test_the_p_value_is_uniform_without_drift():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        a, b = (rng.multinomial(n, [0.5, 0.3, 0.15, 0.05]) for n in (800, 200))
        found.append(
            chi_squared_p_value(
                dict(zip("wxyz", a, strict=True)), dict(zip("wxyz", b, strict=True))
            )
        )
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.035)


@pytest.mark.parametrize(
    ("method", "drifted"), [("LInfinity", [True, False]), ("ChiSquared", [True, False])]
)
def test_in_the_table(method, drifted):
    rng = np.random.default_rng(1)
    a = profile({"moved": rng.choice(["u", "v"], 2000), "same": rng.choice(["u", "v"], 2000)})
    b = profile(
        {"moved": rng.choice(["u", "v"], 900, p=[0.2, 0.8]), "same": rng.choice(["u", "v"], 900)}
    )
    rules = suggest(a)
    rules["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] = method
    for mode in ("exact", "aws"):
        assert compare(a, b, rules=rules, mode=mode)["drifted"].tolist() == drifted
