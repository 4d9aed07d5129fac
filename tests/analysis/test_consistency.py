"""Constraints learned from training rows find the unusual rows, and which constraint they break."""

import json

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.data_quality.consistency import find_inconsistent, learn


def rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["male", "female"], n)
    job = np.where(
        sex == "male", rng.choice(["sailor", "clerk"], n), rng.choice(["nurse", "clerk"], n)
    )
    age = np.where(job == "sailor", rng.uniform(20, 40, n), rng.uniform(20, 70, n))
    return pd.DataFrame(
        {
            "sex": sex,
            "job": job,
            "age": age,
            "note": [None if i % 9 == 0 else "x" for i in range(n)],
        }
    )


LEARNED = learn(rows())


def broken(**changes):
    window = rows(3, seed=1).assign(
        **{"sex": "male", "job": "clerk", "age": 30.0, "note": None, **changes}
    )
    found = find_inconsistent(window, LEARNED)
    return sorted((c.constraint, c.columns, c.rows) for c in found.constraints.itertuples())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"age": [30.0, 71.0, 75.0]}, [("numeric_range", "age", 1)]),
        ({"age": [30.0, None, 40.0]}, [("numeric_range", "age", 1)]),
        ({"job": ["clerk", "diver", "clerk"]}, [("categorical_distribution", "job", 1)]),
        ({"job": "nurse"}, [("catcat_distribution", "sex, job", 3)]),
        ({"job": "sailor", "age": [30.0, 45.0, 40.5]}, [("catnum_range", "job, age", 1)]),
        ({"sex": [None, "male", "male"]}, [("categorical_distribution", "sex", 1)]),
    ],
)
def test_each_kind(changes, expected):
    found = broken(**changes)
    for constraint in expected:
        assert constraint in found
    # A number out of range is mostly out of range for its categories too; nothing else may break.
    assert {kind for kind, *_ in found} - {kind for kind, *_ in expected} <= {"catnum_range"}
    assert bool(found) == bool(expected)


def test_usual_rows_break_as_few_constraints_as_expected():
    found = find_inconsistent(rows(seed=2), LEARNED)
    assert found.expected_share < 0.02 and found.share == pytest.approx(
        found.expected_share, abs=0.01
    )


def test_a_shifted_window_breaks_more_constraints_and_marks_the_rows():
    window = rows(500, seed=3)
    window.loc[window.index[:100], "age"] += 60
    found = find_inconsistent(window, LEARNED)
    assert found.rows[:100].all() and found.rows[100:].mean() < 0.05
    assert found.constraints.iloc[0].tolist() == ["numeric_range", "age", 100]


def test_learned_constraints_can_be_stored():
    restored = json.loads(json.dumps(LEARNED))
    assert (
        find_inconsistent(rows(seed=4), restored).rows.tolist()
        == find_inconsistent(rows(seed=4), LEARNED).rows.tolist()
    )


def test_only_numbers_or_only_text():
    numbers = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 5)), columns=list("abcde"))
    assert find_inconsistent(numbers + 10, learn(numbers)).share == 1
    text = pd.DataFrame({"a": ["x", "y"] * 100})
    assert find_inconsistent(pd.DataFrame({"a": ["x", "z"]}), learn(text)).rows.tolist() == [
        False,
        True,
    ]


@pytest.mark.parametrize("text", ["n/a", "1,234", "old"])
def test_text_where_numbers_were_lies_in_no_range(text):
    found = find_inconsistent(rows(5).assign(age=text), LEARNED)
    assert found.share == 1 and ["numeric_range", "age", 5] in found.constraints.values.tolist()
    ages = [text, "30", None, "31.5", 29]
    found = find_inconsistent(rows(5).assign(sex="male", job="clerk", age=ages), LEARNED)
    assert found.rows.tolist() == [True, False, True, False, False]


def test_numbers_in_a_column_of_objects_are_numbers():
    counts = pd.Series([1, 2, 3] * 40)
    learned = learn(pd.DataFrame({"n": counts.astype(object)}))
    assert (
        learned["numeric"] and not find_inconsistent(pd.DataFrame({"n": [1.5, 3.0]}), learned).share
    )


def test_infinity_can_be_stored():
    learned = learn(pd.DataFrame({"n": [*np.arange(50.0), np.inf]}))
    json.dumps(learned, allow_nan=False)
    assert find_inconsistent(pd.DataFrame({"n": [1e9, 3.0]}), learned).share == 0


def test_bad_input():
    with pytest.raises(ValueError, match="3 rows are too few"):
        learn(rows(3))
    with pytest.raises(ValueError, match="no rows"):
        find_inconsistent(rows().head(0), LEARNED)
    with pytest.raises(ValueError, match=r"lacks the columns \['age'\]"):
        find_inconsistent(rows(5).drop(columns="age"), LEARNED)
