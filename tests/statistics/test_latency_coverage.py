"""The interval of the average response time covers at least 92%, of times with a long tail.

A cell of 300 windows has a Monte Carlo error of .013 at .95 (of 3,000, with LONG=1, .004), and
fails below .92 less two such errors. The standard error, 1.96 times, covers .83 to .91 of the
windows of 30 and 114 requests.
"""

import os

import numpy as np
import pytest

from model_monitoring.datamart.monitoring import performance

WINDOWS = 3000 if os.environ.get("LONG") else 300
# How times are drawn, in milliseconds, and their mean
KINDS = {
    "lognormal": (lambda rng, shape: rng.lognormal(3, 1, shape), np.exp(3.5)),
    "Pareto 2.5": (lambda rng, shape: 20 * (1 + rng.pareto(2.5, shape)), 20 * 2.5 / 1.5),
}


def coverage(windows, requests, mean):
    """Return how often the interval holds the mean; `windows` and `requests` are of blocks."""
    found = [performance.interval(window, requests) for window in windows]
    assert None not in found
    return np.mean([low <= mean <= high for low, high in found])


def least():
    return 0.92 - 2 * np.sqrt(0.95 * 0.05 / WINDOWS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [30, 114, 1000])
def test_requests_one_by_one(kind, n):
    draw, mean = KINDS[kind]
    windows = draw(np.random.default_rng(n), (WINDOWS, n))
    assert coverage(windows, np.ones(n), mean) >= least()


def test_slow_spells_are_seen_in_blocks():
    """Twenty requests in a row are as slow as each other: one by one, a third would be covered."""
    rng = np.random.default_rng(0)
    windows = rng.lognormal(3, 0.5, (WINDOWS, 1000, 1)) * np.ones(20)
    assert coverage(windows.sum(axis=2), np.full(1000, 20.0), np.exp(3.125)) >= least()


def test_fewer_than_ten_have_none():
    assert performance.interval(np.arange(1.0, 10), np.ones(9)) is None
    assert performance.interval(np.arange(1.0, 11), np.ones(10)) is not None


@pytest.mark.parametrize("n", [2, 5, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_of_few_requests_chance_is_at_most_what_is_said(kind, n):
    draw, mean = KINDS[kind]
    limits = [{"metric": performance.LATENCY, "upper_limit": mean}]
    windows = draw(np.random.default_rng(n), (4000, n))
    chances = np.array([performance._chance(window, limits) for window in windows])
    for level in (0.05, 0.01):  # one standard error is .003 and .002
        assert np.mean(chances <= level) <= level
    assert performance._chance(np.full(n, 100 * mean), limits) == pytest.approx(0.01**n)
