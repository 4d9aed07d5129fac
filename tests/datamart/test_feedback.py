"""Labels join the rows that were scored; rows that weren't scored are scored on request."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pandas as pd
import pytest

from model_monitoring import datamart

from .conftest import small_record

ROWS = [[1.5, "red"], [2.5, "blue"], [3.5, "red"]]
ANSWERS = [[0.9, 1], [0.2, 0], [0.6, 1]]


@pytest.fixture
def scored(small):
    small.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)])
    return small


JOINING = {
    "dicts": (
        [
            {"scoring_id": "a-1", "diagnosis": "malignant"},
            {"scoring_id": "a-2", "diagnosis": "benign"},
        ],
        {},
    ),
    "lists": ([["a-1", "malignant"], ["a-2", "benign"]], {"fields": ["scoring_id", "diagnosis"]}),
    "values": ([["a-1", 1], ["a-2", 0]], {"fields": ["scoring_id", "diagnosis"]}),
    "frame": (
        pd.DataFrame({"diagnosis": ["malignant", "benign"], "scoring_id": ["a-1", "a-2"]}),
        {},
    ),
    "csv": ("scoring_id,diagnosis\na-1,malignant\na-2,benign\n", {"data_header": True}),
}


@pytest.mark.parametrize("form", JOINING)
def test_labels_join_by_scoring_id(scored, form):
    data, options = JOINING[form]
    assert scored.feedback_logging.store(data, **options) == datamart.StoreReport(2, 0, 2)
    content = scored.feedback_logging.get_table_content()
    assert content[["size", "colour", "diagnosis"]].values.tolist() == [
        [1.5, "red", 1],
        [2.5, "blue", 0],
    ]
    assert scored.feedback_logging.store(data, **options) == datamart.StoreReport(0, 2, 0)


FEATURES_AND_LABEL = {
    "lists": ([[1.5, "red", 1], [7.5, "blue", "benign"]], {}),
    "lists with fields": (
        [["malignant", 1.5, "red"], [0, 7.5, "blue"]],
        {"fields": ["diagnosis", "size", "colour"]},
    ),
    "dicts": (
        [
            {"size": 1.5, "colour": "red", "diagnosis": 1},
            {"colour": "blue", "diagnosis": 0, "size": 7.5},
        ],
        {},
    ),
    "csv": ("1.5;red;malignant\n7.5;blue;benign\n", {"data_delimiter": ";"}),
    "csv with header": ("diagnosis,size,colour\n1,1.5,red\n0,7.5,blue\n", {"data_header": True}),
}


@pytest.mark.parametrize("form", FEATURES_AND_LABEL)
def test_openscales_formats(scored, form):
    data, options = FEATURES_AND_LABEL[form]
    assert scored.feedback_logging.store(data, **options).stored == 2
    content = scored.feedback_logging.get_table_content()
    assert content[["size", "colour", "diagnosis"]].values.tolist() == [
        [1.5, "red", 1],
        [7.5, "blue", 0],
    ]
    assert content.columns.tolist() == ["size", "colour", "diagnosis", "record_timestamp"]


UNKNOWN_IDS = [
    "b-1",
    "a-0",
    "a-4",
    "a",
    "a-",
    "a-01",
    "a-x",
    "a--1",
    "a-99999999999999",
    "",
    "a-1 ",
    "A-1",
    None,
    7,
]


@pytest.mark.parametrize("unknown", UNKNOWN_IDS)
def test_unknown_scoring_ids_are_named_and_nothing_is_stored(scored, unknown):
    known = {"scoring_id": "a-1", "diagnosis": 1}
    with pytest.raises(ValueError, match="No scored row has scoring id") as caught:
        scored.feedback_logging.store([known, {"scoring_id": unknown, "diagnosis": 1}])
    assert repr(str(unknown)) in str(caught.value)
    assert scored.feedback_logging.get_records_count() == 0


@pytest.mark.parametrize("unknown", ["cancer", 2, "one", [1], float("nan")])
def test_unknown_labels_are_named_and_nothing_is_stored(scored, unknown):
    with pytest.raises(ValueError, match="Unknown label") as caught:
        scored.feedback_logging.store(
            [["a-1", 1], ["a-2", unknown]], fields=["scoring_id", "diagnosis"]
        )
    assert repr(unknown) in str(caught.value)
    assert scored.feedback_logging.get_records_count() == 0


def test_without_label_values_labels_must_have_the_type_of_predictions(mart, asset):
    subscription = mart.subscriptions.add(
        asset(name="free", feature_columns=["size", "colour"], categorical_columns=["colour"])
    )
    subscription.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)])
    for bad in ("malignant", 0.5, None):
        with pytest.raises(ValueError, match=r"[Rr]ow 1"):
            subscription.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": bad}])
    assert (
        subscription.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": 2.0}]).stored == 1
    )


def test_a_second_label_for_a_row_is_an_error(scored):
    scored.feedback_logging.store([["a-1", 1]], fields=["scoring_id", "diagnosis"])
    with pytest.raises(datamart.ConflictError, match="'a-1' has another label"):
        scored.feedback_logging.store([["a-2", 0], ["a-1", 0]], fields=["scoring_id", "diagnosis"])
    with pytest.raises(datamart.ConflictError, match="'a-3'"):
        scored.feedback_logging.store([["a-3", 0], ["a-3", 1]], fields=["scoring_id", "diagnosis"])
    assert scored.feedback_logging.get_records_count() == 1


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ([[1.5, "red"]], {}, "3 values"),
        ([{"size": 1.5, "diagnosis": 1}], {}, "lacks 'colour'"),
        ([{"size": 1.5, "colour": "red", "age": 3, "diagnosis": 1}], {}, "unknown fields: 'age'"),
        ([["big", "red", 1]], {}, "'size', row 1"),
        ([{"scoring_id": "a-1", "diagnosis": 1}, {"scoring_id": "a-2"}], {}, "Row 2"),
        ("", {"data_header": True}, "CSV"),
    ],
)
def test_bad_feedback(scored, data, options, message):
    with pytest.raises(ValueError, match=message):
        scored.feedback_logging.store(data, **options)
    assert scored.feedback_logging.get_records_count() == 0


def test_feedback_before_any_payload(small):
    with pytest.raises(ValueError, match=r"no payload yet.*payload_logging\.store"):
        small.feedback_logging.store([["a-1", 1]], fields=["scoring_id", "diagnosis"])


@pytest.fixture
def endpoint(monkeypatch):
    """An endpoint over real HTTP: sizes above 2 are malignant, and size 100 breaks the model."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append((self.path, self.headers["Content-Type"], body))
            sizes = [float(line.split(",")[0]) for line in body.splitlines()]
            status, kind, answer = self.server.answer(sizes)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = asked
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
    yield server
    server.shutdown()


def linear_learner(sizes):
    answers = [{"score": min(s / 4, 1), "predicted_label": int(s > 2)} for s in sizes]
    return 200, "application/json", json.dumps({"predictions": answers})


def xgboost(sizes):
    return 200, "text/csv; charset=utf-8", "\n".join(str(min(s / 4, 1)) for s in sizes)


def broken(sizes):
    return (
        424,
        "application/json",
        json.dumps({"Message": "the model choked", "OriginalMessage": "ValueError"}),
    )


def wrong_count(sizes):
    return 200, "text/csv", "0.5\n" * 7


@pytest.fixture
def with_session(database_url, scored, monkeypatch):
    session = boto3.Session("key", "secret", region_name="us-east-1")
    mart = datamart.DataMart(database_url, schema=scored.database.schema, boto_session=session)
    subscription = mart.subscriptions.get(name="small")
    monkeypatch.setattr(subscription, "deployed_revision", lambda: "")
    return subscription


@pytest.mark.parametrize("model", [linear_learner, xgboost])
def test_unscored_feedback_is_scored_on_request_and_its_payload_logged(
    with_session, endpoint, model
):
    endpoint.answer = model
    rows = [[1.0, "red", 0], [3.0, "blue", 0], [3.5, "red", "malignant"]]
    assert with_session.feedback_logging.store(rows, score=True).stored == 3
    assert endpoint.asked == [
        ("/endpoints/breast-cancer/invocations", "text/csv", "1.0,red\r\n3.0,blue\r\n3.5,red\r\n")
    ]
    payload = with_session.payload_logging.get_table_content().tail(3)
    assert payload["predicted_label"].tolist() == [0, 1, 1]
    assert payload["score"].tolist() == [0.25, 0.75, 0.875]
    with_session.quality_monitoring.enable(min_records=3)
    run = with_session.quality_monitoring.run()
    assert run["confusion_matrix"] == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("model", "message"), [(broken, "choked"), (wrong_count, "as 1 prediction")]
)
def test_nothing_is_stored_when_the_endpoint_fails(with_session, endpoint, model, message):
    endpoint.answer = model
    with pytest.raises(ValueError, match=message):
        with_session.feedback_logging.store([[1.0, "red", 0]], score=True)
    assert with_session.payload_logging.get_records_count() == 3
    assert with_session.feedback_logging.get_records_count() == 0


def test_scoring_needs_a_session(scored):
    with pytest.raises(ValueError, match="boto_session"):
        scored.feedback_logging.store([[1.0, "red", 0]], score=True)
