"""Every interval of 95% covers at least 92% in every cell, and 94 to 98% on average.

Coverage of proportions, of their differences and of the fairness score is summed over all
outcomes, without error. The rest is simulated, with seeds: its Monte Carlo error is
sqrt(.95 x .05 / runs), .017 of 160 runs and .007 of 1,000, and a cell fails below .92 less two such
errors. So an interval that covers .89 in truth fails in 95% of the draws of 1,000, one that covers
.92 in 6%. Percentile bootstraps, which these intervals replaced, covered .06 to .83 in these cells.
"""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from model_monitoring.analysis.proportions import difference, exact, mid_p
from tests.statistics import coverage, coverage_fairness

LEAST, RUNS, LONG_RUNS, FEWEST = 0.92, 160, 1000, 40


def least(runs: int) -> float:
    """Return the lowest simulated coverage that 92% explains."""
    return LEAST - 2 * np.sqrt(0.95 * 0.05 / runs)


def coverages(tally: coverage.Tally) -> dict[str, float]:
    """Return the coverage of each metric of a cell; of few intervals nothing can be said."""
    return {name: tally.coverage(name) for name in tally.names() if tally.said[name] >= FEWEST}


def too_low(tally: coverage.Tally) -> dict[str, float]:
    """Return the metrics of a cell that don't cover."""
    return {name: one for name, one in coverages(tally).items() if one < least(tally.said[name])}


@pytest.mark.parametrize("n", coverage.SIZES)
def test_proportions_cover_everywhere_and_are_as_narrow_as_can_be(n):
    for rate in coverage.RATES:
        assert coverage.proportion(rate, n)[0] >= 0.95
    for x in (0, 1, n // 2, n - 1, n):
        theirs = binomtest(x, n).proportion_ci(method="exact")
        assert np.allclose(exact(x, n), (theirs.low, theirs.high), atol=1e-9)


@pytest.mark.parametrize(("n", "others"), [(4, 50), (10, 200), (20, 20), (20, 600), (50, 200)])
def test_differences_of_rates_cover_at_few_rows(n, others):
    counts = [np.arange(others + 1), np.arange(n + 1)]
    x = np.stack(np.broadcast_arrays(counts[0][:, None], counts[1]), axis=-1)
    trials = np.array([others, n])
    low, high = mid_p(x, trials)
    below, above = difference(x / trials, (low, high))
    found = []
    for a in (0.05, 0.2, 0.6, 0.9, 0.9995):
        for d in (0.05, 0.2, 0.6, 0.9, 0.9995):
            chance = binom.pmf(counts[0], others, a)[:, None] * binom.pmf(counts[1], n, d)
            found.append(chance[(below <= d - a) & (d - a <= above)].sum())
    assert min(found) >= LEAST and 0.94 <= np.mean(found) <= 0.98


@pytest.mark.parametrize("group", [20, 50, 200])
def test_fairness_scores_cover_and_a_group_at_its_threshold_is_rarely_biased(group):
    for rate in coverage_fairness.RATES:
        for ratio in (0.8, 1.0):
            held, biased = coverage_fairness.score(rate, ratio, group)
            assert held >= LEAST
            assert biased <= (0.07 if ratio == 0.8 else 0.05)


def test_a_score_with_twins_covers():
    for rate, ratio in ((0.2, 0.8), (0.6, 0.9), (0.9, 0.8)):
        held, called = coverage_fairness.twins(rate, ratio, 200, 400)
        assert held >= least(400) and called <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(("rate", "group"), [(0.2, 50), (0.2, 200), (0.6, 50)])
def test_of_eight_fair_groups_none_is_called_biased(rate, group):
    """Held against the line, it was any in .48 to .87 of the windows."""
    assert coverage_fairness.any_called(rate, group, 200) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize(
    ("area", "positives", "n"), [(0.99, 0.5, 30), (0.85, 0.05, 30), (0.9995, 0.5, 114)]
)
def test_binary_metrics_cover(area, positives, n):
    assert not too_low(coverage.binary(area, positives, n, RUNS))


def test_multiclass_metrics_cover():
    assert not too_low(coverage.multiclass(0.99, (0.6, 0.3, 0.1), 30, RUNS))
    # Of eleven rows a class, without allowing for the bias, .90
    assert coverage.multiclass(0.7, (0.1,) * 10, 114, RUNS).coverage("weighted_precision") >= LEAST


@pytest.mark.parametrize(("n", "meant", "share"), [(20, 0.98, 0.5), (20, 0.9, 0.05)])
def test_kappa_covers(n, meant, share):
    """With one prior for both ends, .84 and .88."""
    runs = 4 * RUNS
    assert coverage.agreement(meant, share, n, runs).coverage("kappa") >= least(runs)


def test_losses_cover_where_chance_gave_too_many_of_the_rarer_class():
    """Unless the share of that class counts, in half of the windows or fewer."""
    tally = coverage.binary(0.85, 0.05, 30, 60, fewest=5)
    for name in ("log_loss", "brier_score"):
        assert tally.said[name] == 60 and tally.coverage(name) >= LEAST


@pytest.mark.parametrize("n", [30, 114])
def test_regression_metrics_cover_with_heavy_tails(n):
    assert not too_low(coverage.regression("t3", n, RUNS))


@pytest.mark.parametrize(("model", "rate"), [("fair", 0.2), ("fair and strong", 0.6)])
def test_fairness_metrics_cover_at_twenty_rows(model, rate):
    assert not too_low(coverage_fairness.clarify(rate, model, 20, RUNS))


def test_the_distances_of_a_fair_model_hold_zero():
    tally = coverage_fairness.clarify(0.6, "fair", 100, RUNS)
    for name in ("JS", "KL", "KS", "LP", "TVD"):
        assert tally.coverage(name) >= least(RUNS), name


def test_a_loosened_method_is_noticed():
    """The interval of the percentile bootstrap, of the same cell."""
    rng = np.random.default_rng(0)
    tally = coverage.Tally()
    for _ in range(RUNS):
        squares = rng.standard_t(3, 30) ** 2
        means = squares[rng.integers(0, 30, (200, 30))].mean(axis=1)
        tally.add("mean_squared_error", *np.percentile(means, [2.5, 97.5]), 3.0)
    assert too_low(tally)


@pytest.mark.long
@pytest.mark.parametrize("cells", [coverage.cells, coverage_fairness.cells])
def test_the_whole_grid(cells):
    found, low = [], {}
    for name, rows, tally in cells(LONG_RUNS):
        found += coverages(tally).values()
        low |= {(name, rows, metric): one for metric, one in too_low(tally).items()}
    assert not low
    assert 0.94 <= np.mean(found) <= 0.98
