"""A value of a column in never_store, wherever it stands in what comes in, is stored nowhere."""

import base64
import json

import pytest

from model_monitoring import datamart

from .conftest import small_record
from .test_capture_ingestion import PREFIX, event

SECRET, NUMBER = "zz'secret\"", 73_123.4567


def sent(body, kind="application/json"):
    text = body if isinstance(body, str) else json.dumps(body)
    encoded = base64.b64encode(text.encode()).decode()
    return {"encoding": "BASE64", "data": encoded, "observedContentType": kind}


SHAPE = {"name": "x", "shape": [NUMBER, 2], "data": [1.5]}
SPARSE = {"keys": [NUMBER], "values": [1], "shape": [2]}
LINES = {
    "as another field": sent({"size": SECRET, "colour": SECRET}),
    "as another field of CSV": sent(f'"{SECRET[:-1]}",red', "text/csv"),
    "as a field's name": sent({"size": 1.5, f"colour={SECRET}": 1, "colour": "red"}),
    "as a name twice": sent(f'{{"colour={SECRET[:-1]}": 1, "colour={SECRET[:-1]}": 1}}'),
    "as a class": sent({"size": [SECRET], "colour": "red"}),
    "as a tensor's shape": sent({"inputs": [SHAPE]}),
    "as a sparse row": sent({"instances": [{"data": {"features": SPARSE}}]}),
    "as a sparse shape": sent(
        {"instances": [{"data": {"features": SPARSE | {"shape": [-NUMBER]}}}]}
    ),
    "as libsvm": sent(f"1 1:{SECRET[:-1]} 2:{NUMBER}", "text/libsvm"),
    "as a page": sent(f"<p>{SECRET}</p>", "text/html"),
    "as a type": sent("1.5,red", f"image/{SECRET}"),
    "as broken JSON": sent(f'{{"size": {NUMBER}, "colour": "{SECRET[:-1]}'),
    "as CSV too wide": sent(f"{NUMBER},{SECRET[:-1]},{SECRET[:-1]}", "text/csv"),
}


def everywhere(subscription, query):
    """Return the tables of the data mart with a row that holds a part of a value."""
    schema = subscription.database.schema
    found = []
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
        rows = query(f"SELECT t::text FROM {schema}.{table} t WHERE t::text ~ 'secret|7312[34]'")
        found += [(table, row) for (row,) in rows]
    return found


@pytest.mark.parametrize("case", LINES)
def test_in_a_line_of_data_capture(case, capturing, query):
    subscription, write = capturing
    subscription.payload_logging.enable(never_store=["colour"])
    line = event("d", "", json.dumps({"predictions": [{"score": 0.9, "predicted_label": 1}]}))
    line["captureData"]["endpointInput"] |= LINES[case]
    line["captureData"]["endpointOutput"] |= {
        "encoding": "JSON",
        "observedContentType": "application/json",
    }
    write("a", line)
    report = subscription.payload_logging.ingest_capture(PREFIX)
    assert report.failed == 1, report
    assert everywhere(subscription, query) == []


@pytest.mark.parametrize("before", [True, False])
def test_in_a_response_that_repeats_the_request(small, query, before):
    def record(scoring_id):
        fields = ["score", "predicted_label", "colour"]
        response = {"fields": fields, "values": [[0.9, 1, "zzsecret"]]}
        request = {"fields": ["size", "colour"], "values": [[1.5, "zzsecret"]]}
        return datamart.PayloadRecord(request, response, scoring_id)

    if before:
        small.payload_logging.store([record("a")])
        assert everywhere(small, query)
        small.feedback_logging.store([{"size": 1.5, "colour": "zzsecret", "diagnosis": 1}])
    small.payload_logging.enable(never_store=["colour"])
    assert everywhere(small, query) == []
    small.payload_logging.store([record("b")])
    assert small.payload_logging.store([record("b")]).skipped == 1
    assert everywhere(small, query) == []
    assert small.payload_logging.get_details()["never_store"] == ["colour"]


def test_in_feedback_that_is_to_be_scored(small):
    small.payload_logging.store([small_record("a")])
    small.payload_logging.enable(never_store=["size"])
    case = {"size": "zzsecret", "colour": "red", "diagnosis": 1}
    for score in (True, False):
        with pytest.raises(ValueError, match="'size'") as refused:
            small.feedback_logging.store([case], score=score)
        assert "zzsecret" not in str(refused.value)


def test_in_what_the_endpoint_answers_to_feedback(small, monkeypatch):
    small.payload_logging.store([small_record("a")])

    def refuse(*_):
        raise ValueError("The engine answered 500: 'bad zzsecret'")

    monkeypatch.setattr(type(small), "score", refuse)
    case = {"size": 1.5, "colour": "zzsecret", "diagnosis": 1}
    with pytest.raises(ValueError, match="bad zzsecret"):
        small.feedback_logging.store([case], score=True)
    small.payload_logging.enable(never_store=["colour"])
    with pytest.raises(ValueError, match=r"isn't quoted.*never_store"):
        small.feedback_logging.store([case], score=True)
