"""Text of many values is watched by its shape, in bounded memory and whatever the order of rows."""

import json

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.data_quality.comparison import compare, not_measured
from model_monitoring.analysis.data_quality.statistics import Profile, profile
from model_monitoring.analysis.data_quality.texts import Texts

RANDOM = np.random.default_rng(0)
FIRST, LAST = [f"first{i}" for i in range(40)], [f"last{i:03}" for i in range(400)]


def names(rows=2000, seed=0, last=LAST):
    random = np.random.default_rng(seed)
    return [
        f"{a} {b}"
        for a, b in zip(random.choice(FIRST, rows), random.choice(last, rows), strict=True)
    ]


def row(then, now):
    """Compare two columns as a stored baseline and a window are compared."""
    stored = json.loads(json.dumps(profile({"x": then}).statistics("exact")))
    return compare(stored, profile({"x": now})).iloc[0]


def test_other_rows_of_the_same_kind_are_no_drift():
    cities = RANDOM.choice([f"city {i}" for i in range(300)], 4000).tolist()
    for then, now in (
        (names(), names(500, seed=1)),
        (cities[:3000], cities[3000:]),
        ([f"id{i:05}" for i in range(3000)], [f"id{i:05}" for i in range(3000, 4000)]),
    ):
        found = row(then, now)
        assert not found["drifted"] and found["distance"] < 0.05, found


@pytest.mark.parametrize(
    ("now", "aspect"),
    [
        (["first1 last001"] * 500, "most frequent values"),
        ([*names(250, seed=1), *["first1 last001"] * 250], "most frequent values"),
        ([name.replace("t", " ") for name in names(500, seed=1)], "number of words"),
        ([name.replace("first", "") for name in names(500, seed=1)], "length of the text"),
        ([*names(250, seed=1), *[None] * 250], "share of missing values"),
        ([*names(250, seed=1), *map(str, range(250))], "share of numbers"),
    ],
)
def test_what_is_seen(now, aspect):
    found = row(names(), now)
    assert found["drifted"] and found["note"] == f"compared by its shape: {aspect}"


def test_values_not_seen_before():
    then = RANDOM.choice([f"shop {i:04}" for i in range(500)], 20_000).tolist()
    now = RANDOM.choice([f"shop {i:04}" for i in range(500, 1000)], 1000).tolist()
    found = row(then, now)
    assert found["drifted"] and found["note"].endswith("share of values not seen before")
    assert found["linf"] == pytest.approx(1.0)


def test_model_monitor_compares_none_of_it():
    found = compare(profile({"x": names()}), profile({"x": ["a b"] * 500}), mode="aws").iloc[0]
    assert not found["drifted"] and found["note"].startswith("not compared: too many")


def test_a_baseline_of_awss_says_too_little():
    aws = profile({"x": names()}).statistics()
    assert "shape" not in aws["features"][0]
    left = not_measured(compare(aws, profile({"x": ["a b"] * 500})))
    assert left[0].lasting and "make a new baseline" in left[0].reason


def test_a_shape_holds_no_text():
    shape = profile({"x": names()}).statistics("exact")["features"][0]["shape"]
    assert "first" not in json.dumps(shape) and len(json.dumps(shape)) < 100_000


def test_cuts_order_and_merging_change_no_shape():
    cells = RANDOM.permutation([*names(9000), *["1,234.50", "", "12"] * 300]).tolist()
    whole, parts, merged = Texts(), Profile(), Profile()
    whole = profile({"x": cells}).columns["x"].texts
    for start in range(0, len(cells), 777):
        parts.update({"x": cells[start : start + 777]})
        merged.merge(profile({"x": cells[::-1][start : start + 777]}))
    stored = Profile.from_dict(json.loads(json.dumps(parts.to_dict())))
    for other in (parts, merged, stored):
        found = other.columns["x"].texts
        assert found.counts == whole.counts and found.amount == whole.amount == 300
        assert found.hashes.tolist() == whole.hashes.tolist()
        assert found.rows.tolist() == whole.rows.tolist()
        assert (found.lengths == whole.lengths).all() and (found.words == whole.words).all()


def test_memory_is_bounded_and_what_becomes_frequent_is_seen():
    texts = [*(f"t{i}" for i in range(60_000)), *["stuck"] * 5000]
    found = profile({"x": texts}).columns["x"].texts
    assert len(found.counts) <= 10_000 and found.counts["stuck"] == 5000
    assert len(found.hashes) == 1024


def test_a_profile_stored_before_there_were_shapes_is_read():
    state = profile({"x": ["a", "b", "b"]}).to_dict()
    column = state["columns"][0]
    del column["whole"], column["awaited"]
    column["texts"] = {"a": 1, "b": 2}
    assert Profile.from_dict(state).columns["x"].categories == {"a": 1, "b": 2}


def test_frames_with_objects_and_gaps():
    frame = pd.DataFrame({"x": [*names(300), None, 3.5, True]})
    assert not compare(frame, frame).iloc[0]["drifted"]


def test_a_window_of_before_there_were_shapes_is_not_compared_by_its_shape():
    window = profile({"x": names()}).to_dict()
    column = window["columns"][0]
    column["texts"] = column["texts"]["counts"]  # all that earlier versions kept
    earlier = Profile.from_dict(json.loads(json.dumps(window)))
    merged = profile({"x": names(seed=3)})
    merged.merge(earlier)
    for seen in (earlier, merged, Profile.from_dict(merged.to_dict())):
        for known in ({"x": names(seed=2)}, {"x": ["a", "b"] * 500}):
            reference = profile(known).statistics("exact")
            table = compare(reference, seen)
            assert table.iloc[0]["note"] == "not compared: a window of an earlier version"
            assert [one.lasting for one in not_measured(table)] == [False]
