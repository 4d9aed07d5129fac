"""Everything sent over HTTP gets a clear JSON response.

This includes bodies that are too large, too deeply nested or not JSON, and unknown paths.
"""

import contextlib
import json
import urllib.error
import urllib.parse

import pytest

from model_monitoring import console

from .conftest import Client, record


@pytest.fixture
def path(schema):
    return f"/v1/data_marts/{schema}/scoring_payloads"


def test_a_body_that_is_too_large(program, path, subscription):
    answer = program.ask(path, b" " * (17 << 20), content_type="application/json")
    assert answer.status == 413
    assert answer.json["errors"][0]["code"] == "request_entity_too_large"
    # Far beyond the limit, it need not even read on
    with contextlib.suppress(urllib.error.URLError):
        assert program.ask(path, b" " * (80 << 20), content_type="application/json").status == 413
    assert program.post(path, [record(subscription, "a")]).status == 202


def test_a_large_body_within_the_limit(program, path, subscription):
    values = [[float(i), "x" * 50] for i in range(100_000)]
    answer = program.post(path, [record(subscription, "a", values, [[0.5, 1]] * len(values))])
    assert answer.json == {"records": 1, "rows": 100_000}


def test_bodies_that_are_not_json_or_not_as_described(program, path):
    for text in [
        "[" * 100_000,
        "[" * 900 + "]" * 900,
        '{"a":' * 50_000,
        "[{",
        "",
        "nul",
        "\x00",
        '"\\ud800"',
        "[1e999]",
        "1" * 10_000,
    ]:
        answer = program.ask(path, text.encode(), content_type="application/json")
        assert answer.status == 400, text[:20]
        assert answer.json["errors"][0]["code"] == "bad_request"


@pytest.mark.parametrize(
    ("body", "said"), [(b"", "not JSON: Expecting value"), (b"[{", "not JSON: Expecting")]
)
def test_the_error_says_that_a_body_is_not_json(program, path, body, said):
    assert (
        said
        in program.ask(path, body, content_type="application/json").json["errors"][0]["message"]
    )


def test_the_message_says_what_is_wrong_even_if_the_body_is_long(program, path, subscription):
    """A list was forgotten around a record that is too long for a message."""
    answer = program.post(path, record(subscription, "a", [[float(n), "red"] for n in range(100)]))
    assert 'is not of type "array"' in answer.json["errors"][0]["message"]


def test_deep_nesting_within_a_record(program, path, subscription):
    for depth in (100, 400, 900):
        deep = json.loads("[" * depth + "]" * depth)
        answer = program.post(path, [record(subscription, "deep", [[deep, "red"]])])
        assert answer.status == 400
    assert (
        program.ask(
            f"{path.replace('payloads', 'transactions')}?subscription_id={subscription.uid}"
        ).status
        == 404
    )


def test_other_content_types(program, path):
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]:
        answer = program.ask(path, b"[]", content_type=kind)
        assert answer.status == 415, kind
        assert answer.json["errors"][0]["code"] == "unsupported_media_type"


def test_unknown_paths_and_methods(program, schema):
    assert program.ask("/v1/nothing").json["errors"][0]["code"] == "not_found"
    answer = program.ask(f"/v1/data_marts/{schema}/scoring_payloads", method="DELETE")
    assert answer.status == 405
    assert answer.json["errors"][0]["code"] == "method_not_allowed"
    assert "POST" in answer.headers["Allow"]


def test_messages_are_short(program, path, subscription):
    answer = program.post(path, [record(subscription, "x" * 100_000)])
    assert answer.status == 400
    assert len(answer.text) < 1000


def test_an_unreachable_database(schema, mart, subscription, caplog):
    running = console.start("postgresql://somebody:top-secret-word@127.0.0.1:1/nowhere", schema)
    program, reader = Client(running.url, running.token), Client(running.url)
    answer = program.post(f"/v1/data_marts/{schema}/scoring_payloads", [record(subscription, "a")])
    assert answer.status == 503
    for hidden in ("top-secret-word", "somebody", "nowhere"):
        assert hidden not in answer.text
    page = reader.sign_in(running.token)
    assert page.status == 503
    assert "top-secret-word" not in page.text and "nowhere" not in page.text
    assert "can&#39;t be reached" in page.text
    assert "'nowhere'" in caplog.text and "top-secret-word" not in caplog.text
    running.stop()


def test_connections_survive_a_restart_of_the_server(program, path, subscription, query):
    assert program.post(path, [record(subscription, "a")]).status == 202
    query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'data mart'"
    )
    assert program.post(path, [record(subscription, "b")]).status == 202
    assert subscription.payload_logging.get_records_count() == 2


def test_a_schema_without_a_data_mart_says_so(database_url, query):
    running = console.start(database_url, "never_set_up")
    reader = Client(running.url)
    page = reader.sign_in(running.token)
    assert page.status == 503
    assert "isn&#39;t set up" in page.text
    assert query("SELECT 1 FROM pg_namespace WHERE nspname = 'never_set_up'") == []
    running.stop()


def test_it_listens_on_this_machine_only(running):
    assert urllib.parse.urlsplit(running.url).hostname == "127.0.0.1"
    assert running.server.socket.getsockname()[0] == "127.0.0.1"
