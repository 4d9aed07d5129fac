"""A scoring id is stored once, however often it is sent and by however many writers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from model_monitoring import datamart

from .conftest import record, small_record


def test_the_same_record_again_is_skipped(subscription):
    assert subscription.payload_logging.store(
        [record("a"), record("b", rows=3)]
    ) == datamart.StoreReport(2, 0, 5)
    assert subscription.payload_logging.store(
        [record("b", rows=3), record("c")]
    ) == datamart.StoreReport(1, 1, 2)
    assert subscription.payload_logging.store(record("c")) == datamart.StoreReport(0, 1, 0)
    ids = subscription.payload_logging.get_table_content()["scoring_id"].tolist()
    assert ids == ["a-1", "a-2", "b-1", "b-2", "b-3", "c-1", "c-2"]


def test_time_and_response_time_are_not_content(small):
    small.payload_logging.store([small_record("a", response_time=5)])
    again = small_record("a", response_time=9, scoring_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    assert small.payload_logging.store([again]).skipped == 1


def test_order_of_fields_and_kind_of_number_are_not_content(small):
    small.payload_logging.store([small_record("a", values=[[2, "red"]])])
    turned = datamart.PayloadRecord(
        request={"fields": ["colour", "size"], "values": [["red", 2.0]]},
        response={"fields": ["predicted_label", "score"], "values": [[1.0, 0.9]]},
        scoring_id="a",
    )
    assert small.payload_logging.store([turned]).skipped == 1


@pytest.mark.parametrize(
    "other",
    [
        small_record("a", values=[[1.50001, "red"]]),
        small_record("a", values=[[1.5, "blue"]]),
        small_record("a", values=[[1.5, None]]),
        small_record("a", answers=[[0.9, 0]]),
        small_record("a", values=[[1.5, "red"]] * 2, answers=[[0.9, 1]] * 2),
    ],
)
def test_other_content_under_the_same_id_is_an_error_and_stores_nothing(small, other):
    small.payload_logging.store([small_record("a")])
    with pytest.raises(datamart.ConflictError, match="'a'"):
        small.payload_logging.store([small_record("new"), other])
    with pytest.raises(datamart.ConflictError, match="'a'"):
        small.payload_logging.store([other])
    assert small.payload_logging.get_records_count() == 1


def test_rows_in_another_order_are_other_content(small):
    rows, answers = [[1.5, "red"], [2.5, "blue"]], [[0.9, 1], [0.9, 1]]
    small.payload_logging.store([small_record("a", values=rows, answers=answers)])
    with pytest.raises(datamart.ConflictError):
        small.payload_logging.store([small_record("a", values=rows[::-1], answers=answers)])


def test_repeated_ids_within_one_call(small):
    report = small.payload_logging.store([small_record("a"), small_record("a"), small_record("b")])
    assert report == datamart.StoreReport(2, 1, 2)
    with pytest.raises(datamart.ConflictError):
        small.payload_logging.store([small_record("c"), small_record("c", values=[[9, "red"]])])
    assert small.payload_logging.get_records_count() == 2


def test_records_without_an_id_are_never_dropped(small):
    assert small.payload_logging.store([small_record()] * 5) == datamart.StoreReport(5, 0, 5)
    assert small.payload_logging.store([small_record()]).stored == 1
    assert small.payload_logging.get_table_content()["scoring_id"].nunique() == 6


def test_each_subscription_has_its_own_ids(small, subscription):
    small.payload_logging.store([small_record("a")])
    assert subscription.payload_logging.store([record("a")]).stored == 1


def test_eight_writers_with_overlapping_ids_from_the_first_payload_on(database_url, mart, small):
    def write(writer):
        logging = datamart.DataMart(database_url, schema=small.database.schema).subscriptions.get(
            name="small"
        )
        ids = [
            f"id-{(writer * 37 + i) % 200}" for i in range(100)
        ]  # each writer in a different order
        stored = 0
        for begin in range(0, 100, 20):
            values = [
                small_record(i, values=[[float(i[3:]), "red"]]) for i in ids[begin : begin + 20]
            ]
            stored += logging.payload_logging.store(values).stored
        return stored

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(write, range(8)))
    ids = small.payload_logging.get_table_content()["scoring_id"]
    assert sum(stored) == len(ids) == ids.nunique() == 200


def test_the_digest_does_not_change_between_versions_of_the_libraries(small, query):
    """Ids stored under an older pandas or numpy must still count as repeated under a newer one."""
    small.payload_logging.store(
        [small_record("a", values=[[1.5, "red"], [2.5, "grün"]], answers=[[0.9, 1], [0.5, 0]])]
    )
    schema = small.database.schema
    assert query(f"SELECT digest FROM {schema}.scoring_key") == [(PINNED,)]


PINNED = -1494341209509437062
