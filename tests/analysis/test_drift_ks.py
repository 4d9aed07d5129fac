"""ks_distance is the plain two-sample statistic: equal to scipy's, also with ties and NaN."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from model_monitoring.analysis.data_quality.drift import ks_distance, ks_p_value, steps
from model_monitoring.analysis.data_quality.kll import Sketch

pytestmark = [
    pytest.mark.filterwarnings("ignore:ks_2samp"),  # scipy on its own fallbacks
    pytest.mark.filterwarnings("ignore:divide by zero"),
]


def scipy_distance(a, b):
    return ks_2samp(a, b, method="exact" if len(a) < 100 else "asymp").statistic


samples = st.lists(st.floats(-5, 5).map(lambda x: round(x, 1)), min_size=1, max_size=60)


@given(samples, samples)
def test_small_samples_with_ties(a, b):
    assert ks_distance(a, b) == pytest.approx(scipy_distance(a, b), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["same", "shift", "ties", "constant", "zeros", "apart", "heavy"])
def test_large_samples(kind, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rng.integers(5000, 60_000)), rng.normal(size=rng.integers(5000, 60_000))
    if kind == "shift":
        b += 0.05
    if kind == "ties":
        a, b = a.round(1), b.round(1)
    if kind == "constant":
        b[:] = b[0]
    if kind == "zeros":
        a[rng.random(len(a)) < 0.7], b[rng.random(len(b)) < 0.6] = 0, 0
    if kind == "apart":
        b += 100
    if kind == "heavy":
        a, b = np.exp(5 * a), np.exp(5 * b)
    assert ks_distance(a, b) == pytest.approx(scipy_distance(a, b), abs=1e-12)
    assert ks_distance(b, a) == pytest.approx(ks_distance(a, b), abs=1e-12)


def test_kinds_of_input():
    assert ks_distance([1, 2, 3], [1, 2, 3]) == 0
    assert ks_distance([1], [2]) == 1
    assert ks_distance([True, False], [True, True]) == 0.5
    assert ks_distance([1.0, np.nan, 2.0], [np.nan, 1.0, 2.0, np.nan]) == 0  # NaN is missing
    assert ks_distance(np.array([1, 2], object), np.array([1.5, 2.5], "float32")) == 0.5
    assert ks_distance([1, np.inf], [1, 2]) == 0.5
    assert ks_distance(pd.Series([1, None, 2], dtype="Int64"), pd.Series([1, 2], dtype=object)) == 0
    for a, b in (([], [1]), ([1], [np.nan])):
        with pytest.raises(ValueError, match="no numbers"):
            ks_distance(a, b)


def test_against_a_stored_sketch():
    rng = np.random.default_rng(0)
    reference, window = rng.normal(size=100_000), rng.normal(0.1, 1, 40_000)
    sketch = Sketch()
    sketch.update(reference)
    exact = ks_distance(reference, window)
    assert ks_distance(sketch, window) == pytest.approx(exact, abs=0.004)
    assert ks_distance(steps(sketch.levels), window) == ks_distance(sketch, window)
    small = Sketch()
    small.update(reference[:2000])
    assert ks_distance(small, window.round(2)) == pytest.approx(
        scipy_distance(reference[:2000], window.round(2))
    )


def test_p_values_equal_scipys():
    rng = np.random.default_rng(1)
    for n, m, shift, error in ((114, 455, 0.2, 1e-9), (30, 30, 1, 1e-9), (5000, 3000, 0.03, 0.02)):
        a, b = rng.normal(size=n), rng.normal(shift, 1, m)
        found = ks_2samp(a, b, method="asymp")
        assert ks_p_value(found.statistic, n, m) == pytest.approx(found.pvalue, rel=error)
    below, above = ks_p_value(0.04, 2000, 1999), ks_p_value(0.04, 2001, 2002)
    assert above == pytest.approx(below, rel=0.02)
