"""A model on any engine that serves HTTP is bound, subscribed and scored like one on SageMaker."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model_monitoring import datamart

GOOD = {"fields": ["predicted_label", "score"], "values": [[1, 0.9], [0, 0.2]]}


@pytest.fixture
def engine():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.headers.get("Authorization"), body))
            status, answer = self.server.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answer = asked, (200, json.dumps(GOOD))
    server.url = f"http://127.0.0.1:{server.server_port}/score"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def subscription(mart, engine):
    instance = datamart.CustomMachineLearningInstance(url=engine.url, token_variable="ENGINE_TOKEN")
    asset = datamart.CustomMachineLearningAsset(
        source_uid="churn",
        binding_uid=mart.bindings.add("our own", instance),
        problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
        label_column="left",
        prediction_column="predicted_label",
        probability_column="score",
        feature_columns=["age", "plan"],
        categorical_columns=["plan"],
    )
    subscription = mart.subscriptions.add(asset)
    first = datamart.PayloadRecord(
        {"fields": ["age", "plan"], "values": [[30, "gold"]]},
        {"fields": GOOD["fields"], "values": [[1, 0.8]]},
    )
    subscription.payload_logging.store([first])
    return subscription


def test_scored_with_its_token_and_measured(mart, subscription, engine, query, monkeypatch):
    monkeypatch.setenv("ENGINE_TOKEN", "topsecret")
    subscription.feedback_logging.store([[40, "gold", 1], [50, "basic", 0]], score=True)
    body = {"fields": ["age", "plan"], "values": [[40, "gold"], [50, "basic"]]}
    assert engine.asked == [("Bearer topsecret", body)]
    subscription.quality_monitoring.enable(min_records=2)
    assert subscription.quality_monitoring.run()["metrics"]["accuracy"] == 1.0
    assert mart.bindings.list_assets()["name"].tolist() == [engine.url]
    schema = subscription.database.schema
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
        assert query(f"SELECT count(*) FROM {schema}.{table} t WHERE t::text ~ 'topsecret'") == [
            (0,)
        ]


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (500, "out of order", "answered 500: 'out of order'"),
        (302, "", "answered 302"),
        (200, "ok", "must answer .* not 'ok'"),
        (200, '{"predictions": []}', "must answer"),
        (
            200,
            '{"fields": ["predicted_label", "score"], "values": [[1, 0.9]]}',
            "2 rows was answered with 1",
        ),
        (200, '{"fields": ["score"], "values": [[1, 0.9], [0, 0.2]]}', "must answer"),
        (200, '{"fields": ["score", "score"], "values": [[1, 0.9]]}', "more than once"),
        (200, '{"fields": ["score"], "values": [[1]], "n": 1, "n": 2}', "the key 'n' twice"),
        (200, '{"fields": ["score"], "values": [["high"], ["low"]]}', "'high'"),
    ],
)
def test_nothing_is_stored_when_it_fails(
    subscription, engine, monkeypatch, status, answer, message
):
    monkeypatch.setenv("ENGINE_TOKEN", "x")
    engine.answer = (status, answer)
    with pytest.raises(ValueError, match=message):
        subscription.feedback_logging.store([[40, "gold", 1], [50, "basic", 0]], score=True)
    assert subscription.payload_logging.get_records_count() == 1
    assert subscription.feedback_logging.get_records_count() == 0


def test_an_engine_may_return_its_model_version(subscription, engine, monkeypatch):
    monkeypatch.setenv("ENGINE_TOKEN", "x")
    answer = {
        "fields": [*GOOD["fields"], "asset_revision"],
        "values": [[*row, "v7"] for row in GOOD["values"]],
    }
    engine.answer = (200, json.dumps(answer))
    subscription.feedback_logging.store([[40, "gold", 1], [50, "basic", 0]], score=True)
    rows = subscription.payload_logging.get_window(columns=["asset_revision", "age"])
    assert rows.sort_values("age")["asset_revision"].tolist() == ["", "v7", "v7"]
    assert subscription.asset_revision() == "v7"


def test_a_missing_token_is_named(subscription):
    with pytest.raises(ValueError, match="ENGINE_TOKEN"):
        subscription.feedback_logging.store([[40, "gold", 1]], score=True)


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "http://", "http://me:secret@host/", "host:80"]
)
def test_impossible_urls(mart, url):
    with pytest.raises(ValueError, match="url") as caught:
        mart.bindings.add("x", datamart.CustomMachineLearningInstance(url=url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "variable", ["AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "engine_token", "ENGINE_TOKENS", "", 3]
)
def test_no_other_environment_variable_is_ever_sent(
    mart, subscription, engine, query, monkeypatch, variable
):
    with pytest.raises(ValueError, match="token_variable"):
        mart.bindings.add("x", datamart.CustomMachineLearningInstance(engine.url, variable))
    with pytest.raises(ValueError, match="token_variable"):
        mart.bindings.set_token_variable(subscription.binding_uid, variable)
    monkeypatch.setenv(str(variable) or "NONE", "topsecret")
    schema = subscription.database.schema
    changed = json.dumps({"url": engine.url, "token_variable": variable})
    # As somebody could who has write access to that row
    query(f"UPDATE {schema}.binding SET properties = %s", changed)
    with pytest.raises(ValueError, match=r"ENGINE_TOKEN_.*set_token_variable"):
        mart.subscriptions.get(subscription.uid).score([[40, "gold"], [50, "basic"]], "a")
    assert engine.asked == []
    mart.bindings.set_token_variable(subscription.binding_uid, "ENGINE_TOKEN_CHURN")
    monkeypatch.setenv("ENGINE_TOKEN_CHURN", "meant")
    mart.subscriptions.get(subscription.uid).score([[40, "gold"], [50, "basic"]], "a")
    assert [token for token, _ in engine.asked] == ["Bearer meant"]


def test_a_netrc_is_not_read(mart, subscription, engine, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password topsecret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    mart.bindings.set_token_variable(subscription.binding_uid, None)
    mart.subscriptions.get(subscription.uid).score([[40, "gold"], [50, "basic"]], "a")
    assert [token for token, _ in engine.asked] == [None]


def test_rows_are_sent_with_the_features_that_the_caller_names(subscription, engine, monkeypatch):
    """A feature may be added after the rows were read."""
    monkeypatch.setenv("ENGINE_TOKEN", "x")
    subscription.score([["gold", 40], ["basic", 50]], "a", ["plan", "age"])
    assert [body["fields"] for _, body in engine.asked] == [["plan", "age"]]
