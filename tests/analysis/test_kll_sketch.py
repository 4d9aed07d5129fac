"""The sketch is deequ's: equal to the published algorithm item by item, for any chunks."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.kll import Sketch, buckets, weighted_values

GOLDEN = Path(__file__).parents[3] / "shared/reference/golden/kll-vectors.json"


def one_by_one(values):
    """Build the sketch one row at a time, in plain Python: slow, and as in the description."""

    def full(level):
        return 2 * (math.ceil(2048 * 0.64**level / 2) + 1)

    levels, turns = [[]], [0]
    for value in values:
        levels[0].append(value)
        if sum(map(len, levels)) > sum(full(h) for h in range(len(levels))):
            h = next(h for h in range(len(levels)) if len(levels[h]) >= full(h))
            if h + 1 == len(levels):
                levels.append([])
                turns.append(0)
            even = len(levels[h]) // 2 * 2
            offset = [0, 1, 1, 0][turns[h] % 4]
            levels[h + 1] += sorted(levels[h][:even])[offset::2]
            levels[h] = levels[h][even:]
            turns[h] += 1
    return levels


def sketch(values):
    made = Sketch()
    made.update(np.asarray(values, float))
    return made


def as_lists(made):
    return [level.tolist() for level in made.levels]


@pytest.mark.parametrize("n", [0, 1, 2050, 2051, 2052, 3364, 3365, 40_000])
def test_it_equals_the_algorithm_row_by_row(n):
    values = np.random.default_rng(n).normal(size=n).tolist()
    assert as_lists(sketch(values)) == one_by_one(values)


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_the_result_does_not_depend_on_the_chunks(parts, seed):
    values = np.random.default_rng(seed).normal(size=sum(parts))
    made = Sketch()
    for part in np.split(values, np.cumsum(parts)[:-1]):
        made.update(part)
    assert as_lists(made) == as_lists(sketch(values))


@given(st.lists(st.integers(0, 6000), min_size=2, max_size=5))
def test_a_merged_sketch_represents_all_rows_in_the_same_space(parts):
    made = sketch([])
    for i, part in enumerate(parts):
        made.merge(sketch(np.random.default_rng(i).normal(size=part)))
    _, weights = weighted_values(as_lists(made))
    assert weights.sum() == pytest.approx(sum(parts), rel=2e-3, abs=1)
    assert sum(map(len, made.levels)) < sum(
        2 * (math.ceil(2048 * 0.64**h / 2) + 1) for h in range(len(made.levels))
    )


def test_ranks_of_a_merged_sketch_are_close():
    values = np.random.default_rng(0).permutation(200_000).astype(float)
    made = sketch([])
    for part in np.split(values, 8):
        made.merge(sketch(part))
    at, weights = weighted_values(as_lists(made))
    assert np.abs(np.cumsum(weights) - (at + 1)).max() < 0.005 * 200_000


def test_few_rows_are_kept_in_file_order():
    values = np.random.default_rng(1).normal(size=2050)
    assert as_lists(sketch(values)) == [values.tolist()]


def test_buckets_of_few_rows_are_exact():
    values = [-83.3, 83.0, 83.0, 83.0]
    found = buckets([values], -83.3, 83.0)
    assert [b["count"] for b in found] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert found[9]["upper_bound"] == -83.3 + (83.0 + 83.3) * 10 / 10
    constant = buckets([[5.0, 5.0]], 5.0, 5.0)
    assert [b["count"] for b in constant] == [0] * 9 + [2] and constant[0]["upper_bound"] == 5.0


@pytest.mark.skipif(not GOLDEN.exists(), reason="the reference vectors are not here")
@pytest.mark.parametrize("number", range(5))
def test_it_equals_the_reference_vectors(number):
    case = json.loads(GOLDEN.read_text())["cases"][number]
    values = np.arange(case["n"]) * 7919 % 10007 / 10
    levels = as_lists(sketch(values))
    assert list(map(len, levels)) == case["level_sizes"]
    assert hashlib.sha256(json.dumps(levels).encode()).hexdigest() == case["digest"]
    assert [b["count"] for b in buckets(levels, values.min(), values.max())] == case[
        "bucket_counts"
    ]
