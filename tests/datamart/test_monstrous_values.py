"""Values that no column can hold are refused by name on every route, and nothing is stored."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from .conftest import kind, payload, small_record


@pytest.mark.parametrize("bad", [10**400, 10**5000, "a\0b", "\ud800"], ids=kind)
@pytest.mark.parametrize("place", ["size", "colour", "score"])
def test_a_first_payload_of_impossible_values(small, query, place, bad):
    values = {"size": 1.5, "colour": "red", "score": 0.9} | {place: bad}
    first = payload(values=[[values["size"], values["colour"]]], answers=[[values["score"], 1]])
    with pytest.raises(ValueError, match=f"'{place}'"):
        small.payload_logging.store([first, payload()])
    assert query(f"SELECT count(*) FROM {small.database.schema}.feature") == [(0,)]


@pytest.mark.parametrize(
    "bad", [[[10**400]], [[1.5, "\ud800"]], [[float("inf")]], [[[1.0]]], [[]]], ids=kind
)
def test_lists_that_contain_something_else_than_numbers(small, bad):
    small.payload_logging.store([payload(values=[[[1.5, 2.5], "red"]])])
    with pytest.raises(ValueError, match="'size', row 1"):
        small.payload_logging.store([payload(values=[[bad[0], "red"]])])
    assert small.payload_logging.get_records_count() == 1


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("scoring_id", "\ud800"), ("scoring_id", "a\0b"), ("scoring_id", 10**5000),
        ("scoring_id", ""),
        ("scoring_timestamp", 5), ("scoring_timestamp", 10**5000), ("scoring_timestamp", "noon"),
        ("scoring_timestamp", "30000-01-01"),
        ("scoring_timestamp", np.datetime64("300000-01-01", "s")),
        ("scoring_timestamp", np.datetime64("-0100-01-01", "s")), ("scoring_timestamp", [1]),
        ("response_time", 10**400), ("response_time", -1), ("response_time", "fast"),
        ("response_time", [1]),
        ("response_time", 2**31), ("response_time", 2147483647.6),
        ("size", 10**400), ("size", np.inf), ("size", 1j), ("size", "big"), ("colour", "a\0b"),
        ("colour", "\ud800"),
        ("colour", 3), ("predicted_label", 2**63), ("predicted_label", 10**5000),
    ],
    ids=kind,
)  # fmt: skip
def test_impossible_values_in_a_frame(small, column, bad):
    good = {
        "size": 1.5,
        "colour": "red",
        "score": 0.9,
        "predicted_label": 1,
        "scoring_id": "a",
        "response_time": 3,
    }
    small.payload_logging.store(pd.DataFrame([good]))
    values = pd.Series(
        [bad, bad], dtype=None if isinstance(bad, float | complex | np.datetime64) else object
    )
    two = pd.DataFrame([good | {"scoring_id": "b"}, good | {"scoring_id": "c"}])
    with pytest.raises(
        ValueError, match=f"(?i){'scoring id' if column == 'scoring_id' else column}"
    ):
        small.payload_logging.store(two.assign(**{column: values}))
    assert small.payload_logging.get_records_count() == 1


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_earliest_and_the_latest_time(small, time):
    small.payload_logging.store([small_record("a", scoring_timestamp=time)])
    small.payload_logging.store([small_record("b")])
    expected = datetime.fromisoformat(time).astimezone(UTC)
    assert small.payload_logging.get_table_content()["scoring_timestamp"].tolist()[0] == expected
    assert len(small.payload_logging.get_window(expected, columns=["size"])) == (
        2 if time < "2" else 1
    )


@pytest.mark.parametrize(
    "bad",
    [10**5000, "\ud800-1", "a\0b-1", "a-" + "9" * 5000, None, float("nan"), [1], (1, [2])],
    ids=kind,
)
def test_impossible_values_in_feedback(small, bad):
    small.payload_logging.store([small_record("a")])
    with pytest.raises(ValueError, match="scoring id"):
        small.feedback_logging.store(
            [{"scoring_id": "a-1", "diagnosis": 1}, {"scoring_id": bad, "diagnosis": 1}]
        )
    with pytest.raises(ValueError, match=r"diagnosis|label"):
        small.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": bad}])
    assert small.feedback_logging.get_records_count() == 0
