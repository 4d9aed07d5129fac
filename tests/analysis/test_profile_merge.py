"""A profile doesn't depend on chunks, parts can be merged, and a stored profile can be restored."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.statistics import Profile, profile


def rows(n=40_000, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(1e6, 3, n),
            "gaps": np.where(rng.random(n) < 0.3, np.nan, rng.exponential(size=n)),
            "few": rng.integers(0, 5, n),
            "city": rng.choice(["Rome", "Oslo", None], n),
            "id": [f"u{i}" for i in range(n)],
        }
    )
    frame["mixed"] = np.where(rng.random(n) < 0.001, "?", frame["few"].astype(str))
    return frame


FRAME = rows()


@settings(max_examples=8)
@given(st.lists(st.integers(1, len(FRAME) - 1), max_size=6))
def test_the_result_does_not_depend_on_the_chunks(cuts):
    whole, parts = profile(FRAME), Profile()
    edges = [0, *sorted(cuts), len(FRAME)]
    for start, end in pairwise(edges):
        parts.update(FRAME.iloc[start:end])
    assert parts.statistics() == whole.statistics()  # to the last digit


def test_merged_profiles_count_everything():
    whole, merged = profile(FRAME), Profile()
    for start in range(0, len(FRAME), 9_000):
        merged.merge(profile(FRAME.iloc[start : start + 9_000]))
    assert merged.rows == len(FRAME)
    for name, column in whole.columns.items():
        other, column = merged.columns[name].settled(), column.settled()
        for count in ("missing", "integral", "fractional", "boolean", "text", "low", "high"):
            assert getattr(other, count) == getattr(column, count)
        assert other.distinct.count() == column.distinct.count()
        assert other.categories == column.categories and other.inferred_type == column.inferred_type
        if column.numbers:
            assert other.mean == pytest.approx(column.mean, rel=1e-12)
            assert other.std_dev == pytest.approx(column.std_dev, rel=1e-9)


def test_a_stored_profile_is_restored_and_can_be_updated():
    stored = json.loads(json.dumps(profile(FRAME).to_dict()))
    restored = Profile.from_dict(stored)
    assert restored.statistics() == profile(FRAME).statistics()
    restored.merge(profile(FRAME))
    assert restored.rows == 2 * len(FRAME) and restored.columns["number"].numbers == 2 * len(FRAME)


def test_reading_statistics_changes_nothing():
    once, twice = Profile(), Profile()
    for start in range(0, len(FRAME), 7_000):
        once.update(FRAME.iloc[start : start + 7_000])
        twice.update(FRAME.iloc[start : start + 7_000])
        twice.statistics()
    assert once.statistics() == twice.statistics()


def test_a_column_that_some_rows_lack_is_missing_there():
    found = Profile()
    found.update({"a": [1, 2]})
    found.update({"b": ["x", "y", "z"]})
    assert (found.rows, found.columns["a"].missing, found.columns["b"].missing) == (5, 3, 2)
    found.merge(profile({"a": [1]}))
    assert (found.rows, found.columns["a"].present, found.columns["b"].missing) == (6, 3, 3)
