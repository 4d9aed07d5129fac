"""What `enable()` says would be seen half of the time is seen half of the time.

Each stated change is held against simulated windows: it may be off by a quarter at most. A share of
4,000 windows has a standard error of .008, one of 200 windows of .035.
"""

import re

import numpy as np
import pytest
from scipy import stats

from model_monitoring.analysis import skewed
from model_monitoring.analysis.proportions import exact, ratio_z
from model_monitoring.analysis.quality import accuracy_estimate, ranking
from model_monitoring.analysis.quality.regression import regression_metrics
from model_monitoring.datamart.monitoring import accuracy, decisions, expecting

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


@pytest.mark.parametrize("rows", [30, 100, 300])
def test_r_squared(rows):
    rng = np.random.default_rng(rows)
    said = expecting.quality("r2", LIMIT, rows, None, BY)
    assert "long tail" in said

    def opens(share):
        error, known = rng.normal(size=(2, rows))
        known *= np.sqrt(share / (1 - share))
        found = regression_metrics(known + error, known, rng)["r2"]
        interval = found.ci_low, found.ci_high
        return found.value < LIMIT and decisions.chance(found.value, interval, LIMIT, None) <= LEVEL

    less, more = (
        np.mean([opens(one) for _ in range(200)]) for one in nearer_and_farther(stated(said))
    )
    assert less < 0.5 < more


def baseline(accuracy=None, rows=5000):
    features = [{"name": "one"}]
    return {"statistics": {"dataset": {"item_count": rows}, "features": features},
            "accuracy": accuracy}  # fmt: skip


def named(metric, said):
    return float(re.search(rf"a {metric} of (\d\.\d+)", said)[1])


@pytest.mark.parametrize(("rows", "limit"), [(50, 0.1), (300, 0.12), (1000, 0.3)])
def test_the_share_of_broken_rows(rows, limit):
    said = expecting.drift(baseline(), {"data_drift_magnitude": limit}, rows, BY)
    share = named("data_drift_magnitude", said)
    broken = np.arange(int(limit * rows) + 1, rows + 1)
    ends = zip(*exact(broken, np.full(len(broken), rows)), strict=True)
    chances = [
        decisions.chance(n / rows, interval, None, limit)
        for n, interval in zip(broken, ends, strict=True)
    ]
    opens = broken[np.array(chances) <= LEVEL]
    less, more = (
        stats.binom.pmf(opens, rows, limit + (share - limit) * part).sum() for part in (0.75, 1.25)
    )
    assert less < 0.5 < more


@pytest.mark.parametrize(("rows", "known"), [(100, 1000)])
def test_the_loss_of_accuracy(rows, known):
    """The window's scores are less sure by as much as its accuracy is lower."""
    rng = np.random.default_rng(rows)

    def draw(count, spread):
        score = 1 / (1 + np.exp(-rng.normal(0, spread, count)))
        return (rng.random(count) < score).astype(int), (score > 0.5).astype(int), score

    limit = 0.05
    reference = accuracy_estimate.fit(*draw(known, 4.0), positive_label=1)
    limits = {"data_drift_magnitude": 0.1, "drift_magnitude": limit}
    said = expecting.drift(baseline(reference), limits, rows, BY)
    value = named("drift_magnitude", said.replace("data_drift_magnitude", ""))
    spreads = np.linspace(0.1, 4.0, 80)
    grid = np.random.default_rng(0).normal(size=4000)
    true = [np.mean(1 / (1 + np.exp(-np.abs(grid * one)))) for one in spreads]

    def opens(spread):
        found = accuracy_estimate.estimate(reference, *draw(rows, spread)[1:])
        lost = accuracy._loss(found)
        return (
            lost.value > limit
            and decisions.chance(lost.value, (lost.ci_low, lost.ci_high), None, limit) <= LEVEL
        )

    shares = []
    for part in (0.75, 1.25):
        wanted = reference["accuracy"] - (limit + (value - limit) * part)
        spread = np.interp(wanted, true, spreads)
        shares.append(np.mean([opens(spread) for _ in range(40)]))
    assert shares[0] < 0.5 < shares[1]


def test_an_accuracy_below_its_limit_of_loss_can_lose_no_more():
    reference = {"accuracy": 0.3, "rows": 500}
    limits = {"data_drift_magnitude": 1.2, "drift_magnitude": 0.4}
    assert "no loss of accuracy would be seen" in expecting.drift(
        baseline(reference), limits, 50, BY
    )


def test_the_average_time():
    by = decisions.rule({"rule": "chance", "false_alerts_a_month": 1.0}, 4, 2, 30)
    assert "after a run" in expecting.performance(100.0, None, by)
    assert "fact" in expecting.performance(None, None, by)
    rng = np.random.default_rng(0)
    times = rng.lognormal(3, 0.8, (60, 200))
    times /= np.exp(3 + 0.8**2 / 2)
    drawn = skewed.draws(200, np.random.default_rng(0))
    bounds = np.array([skewed.mean(window, drawn) for window in times])
    middle = np.argsort(bounds[:, 0] / times.mean(axis=1))[30]
    said = expecting.performance(100.0, (times[middle].mean(), *bounds[middle]), by)
    value = float(re.search(r"time of ([\d.]+) opens", said)[1])
    shares = []
    for part in (0.75, 1.25):
        scale = 100 + (value - 100) * part
        opens = [
            one.mean() * scale > 100
            and decisions.chance(one.mean() * scale, tuple(ends * scale), None, 100.0)
            <= by.level(repeated=False)
            for one, ends in zip(times, bounds, strict=True)
        ]
        shares.append(np.mean(opens))
    assert shares[0] < 0.5 < shares[1]


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
