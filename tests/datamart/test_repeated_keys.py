"""A field that stands twice is refused or put aside by name, by whichever door it comes."""

import json

import pytest

from model_monitoring.datamart import PayloadRecord

from .conftest import small_record
from .test_capture_ingestion import JSON_KINDS, PREDICTIONS, PREFIX, event


def by_name(event_id, body='{"size": 1.5, "colour": "red"}', answer=PREDICTIONS):
    return event(event_id, body, answer, "JSON", JSON_KINDS)


def test_captured_requests_and_answers(capturing):
    subscription, write = capturing
    subscription.payload_logging.store([small_record("before")])
    write(
        "a",
        by_name("good"),
        by_name("asked", '{"size": 1.5, "size": 2.5, "colour": "red"}'),
        by_name("answered", answer=PREDICTIONS.replace('"score"', '"score": 0.1, "score"')),
    )
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 2)
    reasons = subscription.payload_logging.list_errors()["reason"].tolist()
    assert "the key 'size' twice" in reasons[0]
    assert "the key 'score' twice" in reasons[1]


@pytest.mark.parametrize("before", [True, False])
def test_a_captured_event(capturing, before):
    subscription, _ = capturing
    if before:
        subscription.payload_logging.store([small_record("before")])
    text = json.dumps(event("a")).replace('"eventId"', '"eventId": "b", "eventId"')
    subscription.boto_session.client("s3").put_object(
        Bucket="captured", Key=f"{PREFIX.removeprefix('s3://captured/')}/a.jsonl", Body=text
    )
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 0, 0, 1)
    [reason] = subscription.payload_logging.list_errors()["reason"]
    assert "the key 'eventId' twice" in reason


@pytest.mark.parametrize("dynamic", [True, False])
def test_fields_of_a_record(small, dynamic):
    small.payload_logging.enable(dynamic_schema_update=dynamic)
    request = {"fields": ["size", "colour"], "values": [[1.5, "red"]]}
    response = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    twice = {"fields": [*response["fields"], "score"], "values": [[0.9, 1, 0.1]]}
    with pytest.raises(ValueError, match="The response has the field 'score' twice"):
        small.payload_logging.store([PayloadRecord(request, twice)])
    twice = {"fields": ["size", "colour", "size"], "values": [[1.5, "red", 2.5]]}
    with pytest.raises(ValueError, match=r"field 'size'.* (twice|is unknown or repeated)"):
        small.payload_logging.store([PayloadRecord(twice, response)])
    # An answer that repeats a feature is called size_output, as another is already
    alike = {"fields": [*response["fields"], "size", "size_output"], "values": [[0.9, 1, 1.5, 2.5]]}
    with pytest.raises(ValueError, match="The response has the field 'size_output' twice"):
        small.payload_logging.store([PayloadRecord(request, alike)])
    assert small.payload_logging.get_records_count() == 0


def test_fields_of_feedback(small):
    small.payload_logging.store([small_record("a")])
    with pytest.raises(ValueError, match="the field 'diagnosis' twice"):
        small.feedback_logging.store(
            [["a-1", 1, 0]], fields=["scoring_id", "diagnosis", "diagnosis"]
        )
