"""Bad payload is refused with its field and row, and nothing of the call is stored."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart

from .conftest import kind, payload, small_record

BAD = {
    "missing field": (payload(fields=["size"], values=[[1.5]]), "bad one.*'colour' is missing"),
    "extra field": (
        payload(fields=["size", "colour", "age"], values=[[1.5, "red", 3]]),
        "'age' is unknown",
    ),
    "misnamed field": (payload(fields=["Size", "colour"]), "'size' is missing.*'Size' is unknown"),
    "field twice": (
        payload(fields=["size", "colour", "size"], values=[[1, "red", 2]]),
        "'size' is unknown or repeated",
    ),
    "no rows": (payload(values=[], answers=[]), "has no rows"),
    "short row": (payload(values=[[1.5, "red"], [2.5]], answers=[[0.9, 1]] * 2), "request, row 2"),
    "rows without answers": (payload(values=[[1.5, "red"]] * 2), "2 rows in the request but 1"),
    "NaN": (
        payload(values=[[1, "red"], [float("nan"), "red"]], answers=[[0.9, 1]] * 2),
        "'size', row 2.*'nan'.*None",
    ),
    "infinite": (payload(values=[[np.inf, "red"]]), "'size', row 1.*'inf'"),
    "text for a number": (
        payload(values=[["big", "red"]]),
        "'size', row 1 of record 'bad one': 'big'",
    ),
    "number as text": (payload(values=[["1.5", "red"]]), "'size'.*double precision"),
    "truth for a number": (payload(values=[[True, "red"]]), "'size'.*'True'"),
    "number for text": (payload(values=[[1.5, 3]]), "'colour', row 1.*'3'.*text"),
    "NUL in text": (payload(values=[[1.5, "r\0d"]]), "'colour'.*NUL"),
    "lone surrogate": (payload(values=[[1.5, "\ud800"]]), "'colour'.*Unicode"),
    "a list for a number": (payload(values=[[[1.5], "red"]]), "'size'.*double precision"),
    "a number beyond all floats": (
        payload(values=[[10**400, "red"]]),
        "'size', row 1.*'1000000.*too large",
    ),
    "too long to show": (
        payload(values=[[10**5000, "red"]]),
        "'size', row 1.*<int, too long.*too large",
    ),
    "a huge fraction": (
        payload(values=[[Fraction(10**400, 3), "red"]]),
        "'size', row 1.*too large",
    ),
    "a float beyond all floats": (
        payload(values=[[float("1e400"), "red"]]),
        "'size', row 1.*'inf'",
    ),
    "lists within lists": (
        payload(values=[[[[10**400]], "red"]]),
        "'size', row 1.*double precision",
    ),
    "a huge class": (payload(answers=[[0.9, 10**400]]), "'predicted_label', row 1.*too large"),
    "a class of 64 bits": (
        payload(answers=[[0.9, 2**63]]),
        "'predicted_label', row 1.*'9223372036854775808'.*64 bits",
    ),
    "half a class": (payload(answers=[[0.9, 0.5]]), "'predicted_label'.*'0.5'.*whole"),
    "no prediction": (payload(answers=[[0.9, None]]), "'predicted_label', row 1"),
    "no prediction column": (
        payload(response_fields=["score"], answers=[[0.9]]),
        "lacks the prediction_column|'predicted_label' is missing",
    ),
    "another output": (
        payload(response_fields=["score", "predicted_label", "x"], answers=[[0.9, 1, 2]]),
        "new: 'x'|'x' is unknown",
    ),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", ["alone", "after a good one"])
def test_bad_payload_is_refused_with_field_and_row(small, bad, place):
    small.payload_logging.store([small_record("good")])
    record, message = BAD[bad]
    records = [record] if place == "alone" else [small_record("good too"), record]
    with pytest.raises(ValueError, match=message):
        small.payload_logging.store(records)
    assert small.payload_logging.get_records_count() == 1


@pytest.mark.parametrize("bad", ["missing field", "NaN", "no prediction column", "no prediction"])
def test_a_bad_first_payload_sets_no_types(small, query, bad):
    with pytest.raises(ValueError):
        small.payload_logging.store([BAD[bad][0]])
    schema = small.database.schema
    assert query(f"SELECT count(*) FROM {schema}.feature") == [(0,)]
    assert query(
        "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'payload_1%%'",
        schema,
    ) == [(0,)]
    assert small.payload_logging.store([payload()]).stored == 1


@pytest.mark.parametrize(
    "bad", ["", 7, "x" * 501, "a\0b", "\ud800", 10**5000, [], float("nan")], ids=kind
)
def test_bad_scoring_ids(small, bad):
    with pytest.raises(ValueError, match="scoring id"):
        small.payload_logging.store([small_record(bad)])


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("response_time", -1), ("response_time", "fast"), ("response_time", 10**5000),
        ("response_time", 2147483647.6),
        ("response_time", float("nan")), ("scoring_timestamp", "noon"),
        ("scoring_timestamp", pd.NaT),
        ("scoring_timestamp", "0001-01-01T00:00:00+14:00"),
        ("scoring_timestamp", "9999-12-31T23:59:59-14:00"),
        ("scoring_timestamp", "10000-01-01T00:00:00Z"), ("scoring_timestamp", 10**5000),
        ("scoring_timestamp", pd.Timestamp(np.datetime64("30000-01-01", "s"))),
        ("scoring_timestamp", "a\0b"),
        ("scoring_timestamp", "\ud800"),
    ],
    ids=kind,
)  # fmt: skip
def test_bad_times(small, field, bad):
    with pytest.raises(ValueError, match=field):
        small.payload_logging.store([small_record("a", **{field: bad})])


@pytest.mark.parametrize("bad", [None, {}, {"fields": ["size", "colour"]}, [[1.5, "red"]], "text"])
def test_a_request_of_another_shape(small, bad):
    answer = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    with pytest.raises(ValueError, match="request must be"):
        small.payload_logging.store([datamart.PayloadRecord(request=bad, response=answer)])


def test_missing_values_are_stored_as_null_and_read_as_missing(small):
    small.payload_logging.store(
        [small_record("a", values=[[None, "red"], [2.5, None]], answers=[[0.9, 1]] * 2)]
    )
    shown = small.payload_logging.show_table()
    assert shown["size"].isna().tolist() == [True, False]
    assert shown["colour"].isna().tolist() == [False, True]


def test_numpy_values_work_like_python_values(small):
    values = [[np.float32(1.5), "red"], [np.int64(2), "red"]]
    answers = np.array([[0.9, 1], [0.8, 0]])
    record = datamart.PayloadRecord(
        request={"fields": ["size", "colour"], "values": values},
        response={"fields": ["score", "predicted_label"], "values": answers},
    )
    assert small.payload_logging.store([record]).rows == 2
    assert small.payload_logging.show_table()["predicted_label"].tolist() == [1, 0]


def test_disabled_logging_refuses(small):
    small.payload_logging.disable()
    with pytest.raises(ValueError, match="enable"):
        small.payload_logging.store([small_record("a")])
    small.payload_logging.enable()
    assert small.payload_logging.store([small_record("a")]).stored == 1
