"""Data-capture files become payload: each event once, and even if a line is bad.

Ingestion can be resumed after a crash.
"""

import base64

import pytest

from model_monitoring.datamart.records import writing

from .conftest import small_record

PREFIX = "s3://captured/breast-cancer/AllTraffic"


def side(data, encoding, kind):
    if encoding == "BASE64":
        data = base64.b64encode(data.encode()).decode()
    return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}


def event(
    event_id,
    request="1.5,red",
    response="0.9",
    encoding="CSV",
    kinds=("text/csv", "text/csv; charset=utf-8"),
    **more,
):
    return {
        "captureData": {
            "endpointInput": side(request, encoding, kinds[0]),
            "endpointOutput": side(response, encoding, kinds[1]),
        },
        "eventMetadata": {"eventId": event_id, "inferenceTime": "2026-03-01T10:00:00Z"} | more,
        "eventVersion": "0",
    }


def content(subscription):
    frame = subscription.payload_logging.get_table_content()
    return frame[["scoring_id", "size", "colour", "score", "predicted_label"]].values.tolist()


JSON_KINDS = ("application/json", "application/json")
PREDICTIONS = '{"predictions": [{"score": 0.9, "predicted_label": 1}]}'
ROWS_BY_NAME = '{"size": 1.5, "colour": "red"}\n{"colour": "blue", "size": 2.5}\n'
JSON_LINES = ("application/jsonlines", "Application/JSONLines")
ONE_ROW = {
    "csv": event("e"),
    "csv with a line end": event("e", "1.5,red\n", "0.9\n"),
    "csv in, json out": event("e", response=PREDICTIONS) | {},
    "json by name": event("e", '{"size": 1.5, "colour": "red"}', PREDICTIONS, "JSON", JSON_KINDS),
    "json by name, a score": event(
        "e",
        '{"size": 1.5, "colour": "red"}',
        '{"predictions": [{"score": 0.9}]}',
        "JSON",
        JSON_KINDS,
    ),
    "json fields and values": event(
        "e",
        '{"fields": ["colour", "size"], "values": [["red", 1.5]]}',
        PREDICTIONS,
        "JSON",
        JSON_KINDS,
    ),
    "json instances": event(
        "e", '{"instances": [{"features": [1.5, "red"]}]}', PREDICTIONS, "JSON", JSON_KINDS
    ),
    "json lines": event("e", '{"features": [1.5, "red"]}\n', PREDICTIONS, "JSON", JSON_KINDS),
    "base64 csv": event("e", encoding="BASE64"),
    "base64 json": event("e", '[[1.5, "red"]]', PREDICTIONS, "BASE64", JSON_KINDS),
    "base64 json lines": event(
        "e",
        ROWS_BY_NAME.splitlines()[0],
        '{"score": 0.9, "predicted_label": 1}\n',
        "BASE64",
        JSON_LINES,
    ),
    "base64 of no kind": event("e", encoding="BASE64", kinds=(None, None)),
    "answered in fields and values": event(
        "e",
        '[[1.5, "red"]]',
        '{"fields": ["predicted_label", "score"], "values": [[1, 0.9]]}',
        "JSON",
        JSON_KINDS,
    ),
    "bare scores": event("e", '[[1.5, "red"]]', '{"predictions": [0.9]}', "JSON", JSON_KINDS),
    "a score in json": event(
        "e", '[[1.5, "red"]]', '{"predictions": [{"score": 0.9}]}', "JSON", JSON_KINDS
    ),
}
ONE_ROW["csv in, json out"]["captureData"]["endpointOutput"] = side(
    PREDICTIONS, "JSON", "application/json"
)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("form", ONE_ROW)
def test_every_form_of_one_row(capturing, form, first):
    subscription, write = capturing
    if not first:
        subscription.payload_logging.store([small_record("before")])
    write("a", ONE_ROW[form])
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 0)
    assert content(subscription)[-1] == ["e-1", 1.5, "red", 0.9, 1]
    time = subscription.payload_logging.get_table_content()["scoring_timestamp"].iloc[-1]
    assert time.isoformat() == "2026-03-01T10:00:00+00:00"


@pytest.mark.parametrize("response", ["0.9\n0.2\n0.6", "0.9,0.2,0.6"])
def test_a_request_of_several_rows(capturing, response):
    subscription, write = capturing
    write("a", event("e", "1.5,red\n2.5,blue\n3.5,red\n", response))
    assert subscription.payload_logging.ingest_capture(PREFIX).stored == 1
    assert [row[-2:] for row in content(subscription)] == [[0.9, 1], [0.2, 0], [0.6, 1]]


def test_json_lines_of_several_rows(capturing):
    subscription, write = capturing
    answers = '{"score": 0.9, "predicted_label": 1}\n{"score": 0.2, "predicted_label": 0}\n'
    write("a", event("e", ROWS_BY_NAME, answers, "BASE64", JSON_LINES))
    assert subscription.payload_logging.ingest_capture(PREFIX).stored == 1
    assert content(subscription) == [["e-1", 1.5, "red", 0.9, 1], ["e-2", 2.5, "blue", 0.2, 0]]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "colour", [" red ", "dark\u2028red", 'dark "red"', "dark, red", "dark\nred"]
)
def test_strings_are_kept_as_they_are(capturing, colour, first):
    """By either way of reading CSV, so that what was logged otherwise already is recognized."""
    subscription, write = capturing
    if not first:
        subscription.payload_logging.store([small_record("before")])
    quoted = colour.replace('"', '""')
    quoted = f'"{quoted}"' if set(colour) & set('",\n') else colour
    write("a", event("e", f"1.5,{quoted}"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 0)
    assert content(subscription)[-1][2] == colour
    same = small_record("e", values=[[1.5, colour]])
    assert subscription.payload_logging.store([same]).skipped == 1


def test_only_new_files_are_read(capturing):
    subscription, write = capturing
    write("a", event("1"), event("2"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 2, 0, 0)
    assert subscription.payload_logging.ingest_capture(PREFIX) == (0, 0, 0, 0)
    write("b", event("2"), event("3"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 1, 0)
    write("b", event("2"), event("3"), event("4"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 2, 0)
    assert len(content(subscription)) == 4


def test_other_objects_beside_the_files_are_ignored(capturing):
    subscription, write = capturing
    write("a", event("1"))
    session = subscription.boto_session
    session.client("s3").put_object(
        Bucket="captured", Key="breast-cancer/AllTraffic/notes.txt", Body=b"not captured"
    )
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 0)


def test_what_python_logged_is_not_stored_again(capturing):
    subscription, write = capturing
    subscription.payload_logging.store(
        [small_record("mine", values=[[1.5, "red"]], answers=[[0.9, 1]])]
    )
    write("a", event("e", inferenceId="mine"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 0, 1, 0)


def test_after_a_crash_in_a_file_the_rest_is_stored(capturing, monkeypatch):
    subscription, write = capturing
    monkeypatch.setattr("model_monitoring.datamart.records.ingestion.RECORDS_AT_ONCE", 2)
    write("a", *(event(str(i)) for i in range(5)))
    original, calls = writing.store, []

    def breaking(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr("model_monitoring.datamart.records.ingestion.writing.store", breaking)
    with pytest.raises(KeyboardInterrupt):
        subscription.payload_logging.ingest_capture(PREFIX)
    assert len(content(subscription)) == 2
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 3, 2, 0)
    assert len(content(subscription)) == 5


def without(event, *path):
    part = event
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return event


BAD_LINES = {
    "truncated": ('{"captureData": {"endpointInp', "Unterminated"),
    "not an object": ("[1, 2]", "list"),
    "no id": (without(event("x"), "eventMetadata", "eventId"), "eventId"),
    "no time": (without(event("x"), "eventMetadata", "inferenceTime"), "inferenceTime"),
    "a wrong time": (event("x", inferenceTime="noon"), "noon"),
    "input not captured": (
        without(event("x"), "captureData", "endpointInput"),
        "not both captured",
    ),
    "output not captured": (
        without(event("x"), "captureData", "endpointOutput"),
        "not both captured",
    ),
    "too few values": (event("x", "1.5"), "1 value for 2 features"),
    "text for a number": (event("x", "big,red"), "'size'.*'big'"),
    "infinite": (event("x", "inf,red"), "'size'.*inf"),
    "not base64": (event("x", encoding="BASE64") | {}, "base64"),
    "not JSON": (event("x", "{", PREDICTIONS, "JSON", JSON_KINDS), "Expecting"),
    "JSON without a field": (
        event("x", '{"size": 1.5}', PREDICTIONS, "JSON", JSON_KINDS),
        "'colour' is missing",
    ),
    "too many answers": (event("x", response="0.1\n0.2"), "answered with 2 predictions"),
    "an error as the answer": (
        event("x", response="ModelError"),
        "'ModelError'",
    ),
    "three scores of two classes": (event("x", response="0.9,0.05,0.05"), "no field names"),
    "no probability": (event("x", response="1.5"), "from 0 to 1"),
    "unknown encoding": (event("x", encoding="XML"), "XML"),
    "other content": (event("known", "9.9,red"), "other content"),
    "no rows in the request": (event("x", "[]", PREDICTIONS, "JSON", JSON_KINDS), "no rows"),
    "no instances": (event("x", '{"instances": []}', PREDICTIONS, "JSON", JSON_KINDS), "no rows"),
    "an empty body": (event("x", "", PREDICTIONS, "JSON", JSON_KINDS), "no rows"),
    "an empty line": (event("x", "\n"), "no rows"),
    "rows of two kinds": (
        event("x", '[{"size": 1}, [1, "red"]]', "[1, 1]", "JSON", JSON_KINDS),
        "row 2 has names and row 1 has none",
    ),
    "lists within lists": (event("x", "[" * 100_000, PREDICTIONS, "JSON", JSON_KINDS), "too deep"),
    "an event within events": ("[" * 100_000, "too deep"),
    "CSV beyond limits": (event("x", f"1.5,{'r' * 200_000}\n1.5,red", "0.9\n0.9"), "field limit"),
    "null for an id": (event(None), "no eventId"),
    "an empty id": (event(""), "1 to 500 bytes"),
    "an id with a NUL": (event("a\0b"), "1 to 500 bytes"),
    "too long an id": (event("x" * 501), "1 to 500 bytes"),
    "null for the time": (event("x", inferenceTime=None), "no inferenceTime"),
    "a time before all": (event("x", inferenceTime="0000-03-01T10:00:00Z"), "years 1 to 9999"),
    "a part that is null": (event("x") | {"eventMetadata": None}, "not an event of"),
}
BAD_LINES["not base64"][0]["captureData"]["endpointInput"]["data"] = "%%%"


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_goes_to_the_error_table_and_the_rest_is_stored(capturing, bad):
    subscription, write = capturing
    write("first", event("known"))
    subscription.payload_logging.ingest_capture(PREFIX)
    line, reason = BAD_LINES[bad]
    write("a", event("1"), "", event("2"), line, event("3"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 3, 0, 1)
    assert [row[0] for row in content(subscription)] == ["known-1", "1-1", "2-1", "3-1"]
    errors = subscription.payload_logging.list_errors()
    assert errors["line_number"].tolist() == [4]
    assert errors["uri"][0].endswith("/a.jsonl")
    assert errors["reason"].str.contains(reason).all(), errors["reason"][0]


def test_a_null_among_responses_that_are_otherwise_alike(capturing):
    subscription, write = capturing
    subscription.payload_logging.store([small_record("before")])
    unanswered = PREDICTIONS.replace("0.9", "null")
    body = '{"size": 1.5, "colour": "red"}'
    write(
        "a",
        *(
            event(str(i), body, said, "JSON", JSON_KINDS)
            for i, said in enumerate([PREDICTIONS, unanswered])
        ),
    )
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    "bad", ["an empty id", "an id with a NUL", "too long an id", "a time before all"]
)
def test_a_bad_line_among_lines_that_are_otherwise_alike(capturing, bad):
    """Such a file is read as columns, which mustn't let through what lines don't."""
    subscription, write = capturing
    subscription.payload_logging.store([small_record("before")])
    line, reason = BAD_LINES[bad]
    write("a", event("1"), line, event("2"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 2, 0, 1)
    assert subscription.payload_logging.list_errors()["reason"].str.contains(reason).all()


@pytest.mark.parametrize(
    "form", ["csv", "csv in, json out", "base64 csv", "json by name", "json by name, a score"]
)
def test_files_of_one_form_are_read_as_columns(capturing, form, monkeypatch):
    """Line by line would take several times as long."""
    subscription, write = capturing
    subscription.payload_logging.store([small_record("before")])
    monkeypatch.setattr("model_monitoring.datamart.records.ingestion.Reader", None)
    write("a", ONE_ROW[form])
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 0)
    assert content(subscription)[-1] == ["e-1", 1.5, "red", 0.9, 1]


@pytest.mark.parametrize(
    ("request_", "stored"),
    [
        ('{"size": 2, "colour": "red"}', 3),
        ('{"colour": "red", "size": null}', 3),
        ('{"size": 2.5}', 2),
        ('{"size": 2.5, "colour": "red", "age": 7}', 2),
        ('{"size": "2.5", "colour": "red"}', 3),
        ('{"size": "2,5", "colour": "red"}', 2),
        ('{"size": true, "colour": "red"}', 2),
        ('{"size": 2.5, "colour": 7}', 3),
        ('{"size": 2.5, "colour": ["red"]}', 2),
        ('{"size": 1e999, "colour": "red"}', 2),
        ("[]", 2),
    ],
)
@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_json_lines_that_are_alike_except_one(capturing, request_, stored, encoding):
    subscription, write = capturing
    subscription.payload_logging.store([small_record("before")])
    bodies = ['{"size": 1.5, "colour": "red"}', request_, '{"colour": "blue", "size": 3.5}']
    write(
        "a",
        *(event(str(i), body, PREDICTIONS, encoding, JSON_KINDS) for i, body in enumerate(bodies)),
    )
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, stored, 0, 3 - stored)
    rows = [row[:3] for row in content(subscription)[1:]]
    assert [rows[0], rows[-1]] == [["0-1", 1.5, "red"], ["2-1", 3.5, "blue"]]


def test_all_kinds_of_bad_lines_at_once(capturing):
    subscription, write = capturing
    write("first", event("known"))
    subscription.payload_logging.ingest_capture(PREFIX)
    good = [event(f"good {i}") for i in range(50)]
    bad = [line for line, _ in BAD_LINES.values()]
    write("a", *good[:25], *bad, *good[25:])
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 50, 0, len(bad))


@pytest.mark.parametrize(
    "uri", ["/local/path", "s3://", "http://captured/x", "s3://no-such-bucket/x"]
)
def test_a_wrong_uri_is_refused(capturing, uri):
    with pytest.raises(ValueError, match=r"S3 URI|listed"):
        capturing[0].payload_logging.ingest_capture(uri)


def test_ingestion_needs_a_session(small):
    with pytest.raises(ValueError, match="boto_session"):
        small.payload_logging.ingest_capture(PREFIX)
