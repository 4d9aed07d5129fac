"""A data frame is logged like records, and read back by time, whatever its columns hold."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_monitoring import datamart

from .conftest import small_record


def frame(count=3, **columns):
    made = {
        "size": np.arange(count) + 0.5,
        "colour": ["red", "blue", "grün"][:count] if count <= 3 else "red",
    }
    return pd.DataFrame(made | {"score": 0.9, "predicted_label": 1} | columns)


def test_a_frame_equals_its_records(small):
    small.payload_logging.store(frame(scoring_id=["a", "b", "c"], response_time=[5, None, 7]))
    rows = zip(["a", "b", "c"], [0.5, 1.5, 2.5], ["red", "blue", "grün"], strict=True)
    records = [
        small_record(scoring_id, values=[[size, colour]]) for scoring_id, size, colour in rows
    ]
    assert small.payload_logging.store(records) == datamart.StoreReport(0, 3, 0)
    assert small.payload_logging.get_table_content()["scoring_id"].tolist() == ["a-1", "b-1", "c-1"]
    assert small.performance_monitoring.show_table()["scoring_time"].isna().sum() == 1


def test_rows_without_ids_are_never_dropped(small):
    assert small.payload_logging.store(frame()).stored == 3
    assert small.payload_logging.store(frame()).stored == 3
    assert small.payload_logging.get_table_content()["scoring_id"].nunique() == 6


def test_partly_repeated_ids(small):
    small.payload_logging.store(frame(scoring_id=["a", "b", "c"]))
    more = frame(scoring_id=["b", "d", "c"], size=[1.5, 9.0, 2.5], colour=["blue", "red", "grün"])
    assert small.payload_logging.store(more) == datamart.StoreReport(1, 2, 1)
    with pytest.raises(datamart.ConflictError, match="'c', 'd'"):
        small.payload_logging.store(frame(scoring_id=["x", "c", "d"]))
    assert small.payload_logging.get_records_count() == 4


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_strings_of_any_dtype_with_missing_values(small, dtype):
    colours = pd.Series(["red", None, "x" * 5000], dtype="object").astype(dtype)
    small.payload_logging.store(frame(colour=colours, size=pd.Series([1, None, 3], dtype="Int64")))
    window = small.payload_logging.get_window().sort_values("size")
    assert window["size"].tolist()[:2] == [1.0, 3.0]
    assert np.isnan(window["size"].tolist()[2])
    assert window["colour"].tolist()[:2] == ["red", "x" * 5000]
    assert pd.isna(window["colour"].tolist()[2])


BAD_FRAMES = {
    "a feature": (frame().drop(columns="colour"), "lacks column 'colour'"),
    "the prediction": (frame().drop(columns="predicted_label"), "lacks column 'predicted_label'"),
    "two of a name": (pd.concat([frame(), frame()[["size"]]], axis=1), "have the same name"),
    "infinite": (frame(size=[1.0, np.inf, 2.0]), "'size', row 1 of record .*'inf'"),
    "text": (frame(size=["big"] * 3), "'size'.*'big'"),
    "numbers for text": (frame(colour=[1, 2, 3]), "'colour'.*text"),
    "half a class": (frame(predicted_label=[1, 0.5, 0]), "'predicted_label'.*whole"),
    "no prediction": (frame(predicted_label=[1, None, 0]), "no prediction"),
    "an unknown column": (frame(age=3), "new: 'age'"),
    "a missing id": (frame(scoring_id=["a", "", "b"]), "row 2.*scoring id"),
}


@pytest.mark.parametrize("bad", BAD_FRAMES)
def test_bad_frames_store_nothing(small, bad):
    small.payload_logging.store([small_record("good")])
    data, message = BAD_FRAMES[bad]
    with pytest.raises(ValueError, match=message):
        small.payload_logging.store(data)
    assert small.payload_logging.get_records_count() == 1


def test_windows_by_time_and_column(small):
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    times = [noon + timedelta(hours=h) for h in (-1, 0, 1)]
    small.payload_logging.store(frame(scoring_id=["a", "b", "c"], scoring_timestamp=times))
    log = small.payload_logging
    assert log.get_window(start=noon)["size"].tolist() == [1.5, 2.5]
    assert log.get_window(end=noon)["size"].tolist() == [0.5]
    assert log.get_window(noon, noon + timedelta(hours=1))["size"].tolist() == [1.5]
    paris = noon.astimezone(ZoneInfo("Europe/Paris"))
    assert log.get_window(start=paris, columns=["scoring_id"])["scoring_id"].tolist() == [
        "b-1",
        "c-1",
    ]
    whole = log.get_window(columns=["scoring_timestamp", "asset_revision", "predicted_label"])
    assert whole["scoring_timestamp"].tolist() == [pd.Timestamp(t).tz_localize(None) for t in times]
    assert whole["asset_revision"].tolist() == [""] * 3
    assert log.get_window(start=noon + timedelta(days=1)).shape == (0, 4)
    with pytest.raises(ValueError, match="no column 'weight'"):
        log.get_window(columns=["weight"])


def test_ids_of_many_new_rows_are_read_in_seconds(small):
    """Without statistics, PostgreSQL once took minutes for this."""
    count = 300_000
    ids = [f"r{number}" for number in range(count)]
    small.payload_logging.store(frame(count, scoring_id=ids))
    started = time.perf_counter()
    found = small.payload_logging.get_window(columns=["scoring_id"])["scoring_id"]
    assert time.perf_counter() - started < 20
    assert set(found) == {f"{name}-1" for name in ids}


value = st.tuples(
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    st.one_of(
        st.none(),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
    ),
    st.one_of(st.none(), st.integers(-(2**53), 2**53)),
    st.one_of(st.none(), st.booleans()),
    st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=2),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(value, min_size=1, max_size=8))
def test_what_is_stored_can_be_read_back(mart, asset, rows):
    name = f"any {len(mart.subscriptions.get_uids())}"
    names = ["number", "text", "whole", "truth"]
    subscription = mart.subscriptions.add(
        asset(name=name, feature_columns=names, categorical_columns=["text", "whole"])
    )
    first = [[1.5, "", 0, True, [0.5, 0.5]]]  # sets the types
    everything = first + [list(row) for row in rows]
    record = datamart.PayloadRecord(
        {"fields": names, "values": [row[:4] for row in everything]},
        {"fields": ["score", "predicted_label"], "values": [[row[4], 1] for row in everything]},
        "a",
    )
    subscription.payload_logging.store([record])
    assert subscription.payload_logging.store([record]).skipped == 1

    def plain(content):
        content = content[[*names, "score"]].astype(object)
        return [
            [None if not isinstance(v, list) and pd.isna(v) else v for v in row]
            for row in content.where(content.notna(), None).values.tolist()
        ]

    assert plain(subscription.payload_logging.get_table_content()) == everything
    window = subscription.payload_logging.get_window()
    window["score"] = [list(score) for score in window["score"]]
    assert plain(window) == everything
