"""Distinct counts are exact for few values, close for many, and do not depend on order or cuts."""

import numpy as np
import pytest

from model_monitoring.analysis.data_quality.distinct import DistinctCounter
from model_monitoring.analysis.data_quality.texts import hashes


def count(values):
    counter = DistinctCounter()
    counter.add_numbers(np.asarray(values, float))
    return counter.count()


def test_few_are_exact():
    assert count([]) == 0
    assert count([0.0, -0.0, 1, 1, 2]) == 3
    assert count(np.repeat(np.arange(1023), 5)) == 1023


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1e6),
        np.arange(20_000) * 0.1,
        1.6e12 + np.arange(1e5) * 1000,
        2.0 ** np.arange(-1000, 1000),
        np.random.default_rng(0).normal(size=500_000),
        np.random.default_rng(0).normal(size=50_000).astype("float32").astype(float),
    ],
    ids=["whole", "tenths", "times", "powers", "normal", "float32"],
)
def test_many_are_close(values):
    assert count(values) == pytest.approx(len(np.unique(values)), rel=0.1)  # three standard errors


def test_the_error_is_as_stated():
    rng = np.random.default_rng(1)
    errors = [count(rng.normal(size=5000)) / 5000 - 1 for _ in range(200)]
    assert abs(np.mean(errors)) < 0.01 and np.std(errors) == pytest.approx(0.031, rel=0.25)


def test_the_count_does_not_depend_on_order_or_chunks():
    values = np.random.default_rng(2).integers(0, 9000, 50_000).astype(float)
    first, second, third = DistinctCounter(), DistinctCounter(), DistinctCounter()
    first.add_numbers(values)
    for part in np.array_split(values[::-1], 7):
        second.add_numbers(part)
    third.add_numbers(values[30_000:])
    other = DistinctCounter()
    other.add_numbers(values[:30_000])
    third.merge(other)
    assert first.hashes.tolist() == second.hashes.tolist() == third.hashes.tolist()


def test_strings_count_too():
    counter = DistinctCounter()
    counter.add_hashes(hashes(["a", "b", "a", "ä"]))
    assert counter.count() == 3
