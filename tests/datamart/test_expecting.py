"""What `enable()` says would be seen half of the time is seen half of the time.

Each stated change is held against simulated windows: it may be off by a quarter at most. A share of
4,000 windows has a standard error of .008, one of 200 windows of .035.
"""

import re

import numpy as np
import pytest
from scipy import stats

from model_monitoring.analysis.proportions import exact, ratio_z
from model_monitoring.analysis.quality import ranking
from model_monitoring.datamart.monitoring import decisions, expecting

LIMIT = 0.8
BY = decisions.rule({"rule": "chance", "false_alerts_a_month": 1.0}, 4, 1, 30)
LEVEL = BY.level(repeated=False)


def stated(said):
    """Return the value that a sentence says; the limit itself if it says none."""
    return float(re.search(r"a true .* of (\d\.\d+) opens", said)[1])


def nearer_and_farther(value):
    """Return the changes that are a quarter smaller and a quarter larger than the stated one."""
    return [LIMIT - (LIMIT - value) * part for part in (0.75, 1.25)]


@pytest.mark.parametrize("rows", [30, 100, 300])
def test_accuracy(rows):
    value = stated(expecting.quality("accuracy", LIMIT, rows, None, BY))
    right = np.arange(int(LIMIT * rows))
    ends = zip(*exact(right, np.full(len(right), rows)), strict=True)
    chances = [
        decisions.chance(n / rows, interval, LIMIT, None)
        for n, interval in zip(right, ends, strict=True)
    ]
    opens = right[np.array(chances) <= LEVEL]
    less, more = (stats.binom.pmf(opens, rows, v).sum() for v in nearer_and_farther(value))
    assert less < 0.5 < more


@pytest.mark.parametrize(("rows", "share"), [(60, 0.25), (100, 0.1), (300, 0.5)])
def test_area_under_roc_of_classes_of_unequal_size(rows, share):
    rng = np.random.default_rng(rows)
    value = stated(expecting.quality("area_under_roc", LIMIT, rows, share, BY))
    truth = np.arange(rows) < rows * share

    def opens(area):
        scores = rng.normal(truth * np.sqrt(2) * stats.norm.ppf(area))
        table = np.eye(2, dtype=int)[truth[np.argsort(scores)].astype(int)].T
        point = float(ranking.auc(table[None])[0])
        interval = ranking.auc_interval(point, table)
        return point < LIMIT and decisions.chance(point, interval, LIMIT, None) <= LEVEL

    less, more = (np.mean([opens(area) for _ in range(200)]) for area in nearer_and_farther(value))
    assert less < 0.5 < more


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_window_of_one_class_has_no_area_to_expect_by(share):
    said = expecting.quality("area_under_roc", LIMIT, 1, share, BY)
    assert said == expecting.quality("area_under_roc", LIMIT, 1, None, BY)
    assert said.startswith("With 1 labelled row, a true area_under_roc of")


@pytest.mark.parametrize("favoured", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("groups", [1, 8])
def test_fairness_goes_by_the_rate_that_was_measured(favoured, groups):
    rows = (600, 200)
    rng = np.random.default_rng(groups)
    value = stated(expecting.fairness(LIMIT, rows, favoured, groups, BY))
    for score, is_more in zip(nearer_and_farther(value), (False, True), strict=True):
        good = rng.binomial(rows, [favoured, favoured * score], (4000, 2))
        p_values = stats.norm.cdf(ratio_z(good, np.broadcast_to(rows, good.shape), LIMIT))
        assert (np.mean(p_values * groups <= LEVEL) > 0.5) == is_more


def test_few_rows_of_a_rare_outcome_show_no_unfairness():
    said = expecting.fairness(LIMIT, (50, 50), 0.2, 8, BY)
    assert "no unfairness would be seen in a single window" in said
