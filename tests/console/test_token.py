"""Only clients with the token log or read over REST, and a refusal reveals nothing."""

import http.client
import stat
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_monitoring import console
from model_monitoring.console import security

from .conftest import Client, record

PATHS = [
    ("POST", "scoring_payloads"),
    ("POST", "feedback_payloads"),
    ("GET", "scoring_transactions?subscription_id={uid}"),
    ("GET", "deployment_metrics"),
    ("GET", "service_bindings/{binding}/subscriptions/{uid}/payload_table_schema"),
    ("GET", "service_bindings/{binding}/subscriptions/{uid}/feedback_payloads"),
]
HEADERS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Bearer {token}x",
    "Bearer {short}",
    "Bearer {upper}",
    "Bearer é",
]
HEADERS += ["Basic {token}", "{token}", "Bearer {token} {token}", "Token {token}"]


def test_every_path_is_refused_without_the_token(running, measured, schema):
    token, client = running.token, Client(running.url)
    for method, path in PATHS:
        path = f"/v1/data_marts/{schema}/" + path.format(
            uid=measured.uid, binding=measured.binding_uid
        )
        body = b"[]" if method == "POST" else None
        for header in [None, *HEADERS]:
            given = header and header.format(token=token, short=token[:-1], upper=token.swapcase())
            headers = {"Authorization": given} if header is not None else {}
            answer = client.ask(path, body, content_type="application/json", **headers)
            assert answer.status == 401, (path, header)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            said = "Send the token in a header, Authorization: Bearer <token>."
            assert answer.json == {"errors": [{"code": "unauthorized", "message": said}]}


def test_a_token_in_a_url_or_a_body_is_ignored(running, subscription, schema):
    client, token = Client(running.url), urllib.parse.quote(running.token)
    path = f"/v1/data_marts/{schema}/deployment_metrics"
    for name in ("token", "access_token", "api_key", "Authorization", "bearer"):
        assert client.ask(f"{path}?{name}={token}").status == 401
        assert client.ask(f"{path}?{name}=Bearer%20{token}").status == 401
        form = urllib.parse.urlencode({name: running.token}).encode()
        assert client.ask(f"/v1/data_marts/{schema}/scoring_payloads", form).status == 401
    with_userinfo = running.url.replace("//", f"//{token}:{token}@")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(running.url).netloc)
    # The absolute form of a request, as it is sent to a proxy
    connection.request("GET", f"{with_userinfo}{path}")
    assert connection.getresponse().status == 401
    connection.close()


def test_a_token_in_the_url_opens_no_page(running, visitor):
    answer = visitor.ask(f"/?token={running.token}")
    assert answer.url.endswith("/sign-in")
    assert "Subscriptions</h1>" not in answer.text


def test_the_session_of_a_browser_is_not_a_token(reader, schema, subscription):
    assert "Subscriptions</h1>" in reader.ask("/").text
    assert reader.ask(f"/v1/data_marts/{schema}/deployment_metrics").status == 401
    assert (
        reader.post(f"/v1/data_marts/{schema}/scoring_payloads", [record(subscription, "a")]).status
        == 401
    )


def test_401_comes_before_404_and_413(running, schema):
    client = Client(running.url)
    assert client.ask("/v1/data_marts/unknown/deployment_metrics").status == 401
    large = client.ask(
        f"/v1/data_marts/{schema}/scoring_payloads",
        b"[" * (17 << 20),
        content_type="application/json",
    )
    assert large.status == 401


def test_the_token_is_kept_in_a_private_file(running, state):
    for name in ("token", "session_key"):
        file = state / "console" / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert (state / "console" / "token").read_text().strip() == running.token
    assert len(running.token) >= 43  # 256 bits
    assert security.load_secrets(state / "console").token == running.token


def test_a_token_file_that_others_can_read_is_made_private(running, state):
    (state / "console" / "token").chmod(0o644)
    security.load_secrets(state / "console")
    assert stat.S_IMODE((state / "console" / "token").stat().st_mode) == 0o600


def test_the_user_can_set_a_token(monkeypatch, database_url, schema, mart, state):
    monkeypatch.setenv("CONSOLE_TOKEN", "chosen-by-the-user-ü")
    running = console.start(database_url, schema)
    assert Client(running.url, None).sign_in("chosen-by-the-user-ü").status == 200
    path = f"/v1/data_marts/{schema}/deployment_metrics"
    assert (
        Client(running.url).ask(path, Authorization="Bearer wrong-wrong-wrong-wrong").status == 401
    )
    running.stop()
    assert not (state / "console" / "token").exists()
    monkeypatch.setenv("CONSOLE_TOKEN", "short")
    with pytest.raises(ValueError, match="5 of 20 characters"):
        console.start(database_url, schema)


def test_a_token_is_compared_in_constant_time(monkeypatch, program, schema):
    compared = []
    real = security.hmac.compare_digest
    monkeypatch.setattr(
        security.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b)
    )
    program.ask(f"/v1/data_marts/{schema}/deployment_metrics", Authorization="Bearer x")
    program.ask(f"/v1/data_marts/{schema}/deployment_metrics")
    assert [len(a) == len(b) == 32 for a, b in compared] == [True, True]
    assert [a == b for a, b in compared] == [False, True]


def test_many_first_starts_at_once_agree_on_one_token(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: security.load_secrets(tmp_path / "console"), range(64)))
    assert len(found) == 1
    assert {path.name for path in (tmp_path / "console").iterdir()} == {"token", "session_key"}
