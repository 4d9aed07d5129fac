"""A few rows, which INSERT stores, are stored as many are, which COPY stores."""

import pytest

from model_monitoring import datamart
from model_monitoring.datamart.records import writing

from .conftest import small_record

FIELDS = {
    "number": "number",
    "whole %s": "whole number",
    'quoted "word"': "boolean",
    "text": "text",
    "list": "list of numbers",
}
ROWS = [
    [-0.0, -(2**63), True, 'it\'s \\ 100% "red"', [0.1, -0.0]],
    [5e-324, 2**63 - 1, False, "naïve 🙂\n\ttext", [1e308]],
    [1.7976931348623157e308, 0, None, "{}", [1, 2, 3]],
    [0.1 + 0.2, None, True, "NULL", None],
    [None, 1, False, None, [2.5]],
    [1 / 3, -1, True, "%s", [1 / 3]],
]
TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-03-01T12:00:00.000001+02:00"]


def _records(prefix):
    return [
        datamart.PayloadRecord(
            {"fields": list(FIELDS), "values": [row, row]},
            {"fields": ["score", "predicted_label"], "values": [[0.25, 0], [1 / 3, 1]]},
            scoring_id=f"{prefix}{number}'%",
            scoring_timestamp=TIMES[2] if number < 4 else TIMES[number % 2],
            response_time=number or None,
            asset_revision="a%s",
        )
        for number, row in enumerate(ROWS)
    ]


@pytest.fixture
def inserted(monkeypatch):
    """Count the calls that were stored by INSERT."""
    calls = []
    insert = writing.claiming.insert

    def counted(*arguments):
        calls.append(None)
        return insert(*arguments)

    monkeypatch.setattr(writing.claiming, "insert", counted)
    return calls


def test_one_by_one_is_the_same_as_all_together(mart, asset, query, inserted, monkeypatch):
    subscription = mart.subscriptions.add(
        asset(feature_columns=list(FIELDS), feature_types=FIELDS, categorical_columns=[])
    )
    log = subscription.payload_logging
    log.store(_records("first "))  # which makes the tables and months
    monkeypatch.setattr(writing, "FEW_ROWS", 0)
    log.store(_records("many "))
    assert not inserted
    monkeypatch.setattr(writing, "FEW_ROWS", 20)
    for one in _records("few "):
        log.store(one)
    assert len(inserted) == 4  # of the month whose partition there is
    content = log.get_table_content()
    first, many, few = (
        content[content["scoring_id"].str.startswith(kind)].drop(columns="scoring_id")
        for kind in ("first ", "many ", "few ")
    )
    assert few.values.tolist().__repr__() == many.values.tolist().__repr__()
    assert first.values.tolist().__repr__() == many.values.tolist().__repr__()
    keys = (
        "SELECT scored_at, row_count, digest, response_time, deployment_key FROM"
        f" {mart.get_details()['schema']}.scoring_key WHERE starts_with(scoring_id, %s)"
        " ORDER BY scoring_id"
    )
    assert query(keys, "few ") == query(keys, "many ")


def test_a_few_rows_of_which_some_are_there(small, inserted):
    log = small.payload_logging
    log.store([small_record("a")])
    stored = log.store([small_record("b"), small_record("a"), small_record("c")])
    assert stored == datamart.StoreReport(2, 1, 2)
    with pytest.raises(datamart.ConflictError, match="'b'"):
        log.store([small_record("d"), small_record("b", values=[[9.5, "red"]])])
    assert log.get_table_content()["scoring_id"].tolist() == ["a-1", "b-1", "c-1"]
    assert len(inserted) == 2


def test_an_erased_request_is_not_stored_again_beside_new_ones(small, inserted):
    log = small.payload_logging
    log.store([small_record("a"), small_record("b")])
    assert log.delete_records(["a"]) == 1
    assert log.store([small_record("a"), small_record("c")]) == datamart.StoreReport(1, 1, 1)
    assert log.get_table_content()["scoring_id"].tolist() == ["b-1", "c-1"]
    assert inserted
