"""People sign in with the token; sessions end; forms can't be sent from other sites."""

import re
import time
import urllib.parse

import flask
import pytest
from flask.sessions import SecureCookieSessionInterface

from model_monitoring import console
from model_monitoring.console import security

from .conftest import Client

PAGES = [
    "/",
    "/alerts",
    "/subscriptions/{uid}",
    "/subscriptions/{uid}/history?monitor=quality&metric=accuracy",
    "/runs/{run}",
]


@pytest.fixture
def paths(measured):
    run = measured.quality_monitoring.get_run_details()["run_uid"]
    return [path.format(uid=measured.uid, run=run) for path in PAGES]


def test_pages_require_signing_in(visitor, running, paths):
    for path in paths:
        answer = visitor.ask(path)
        assert answer.url.endswith("/sign-in"), path
        assert "small" not in re.sub(r'class="small"', "", answer.text)
    assert visitor.sign_in("wrong").status == 401
    assert visitor.ask("/").url.endswith("/sign-in")
    assert visitor.sign_in(running.token).status == 200
    for path in paths:
        assert visitor.ask(path).url == running.url + path


def test_signing_in_leads_to_the_page_asked_for(visitor, running, paths):
    visitor.ask(paths[3])
    assert visitor.sign_in(running.token).url == running.url + paths[3]


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "/?next=//evil.example", "/https://evil.example"]
)
def test_signing_in_never_leads_elsewhere(visitor, running, path):
    visitor.ask(path)
    assert visitor.sign_in(running.token).url.startswith(running.url + "/")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor, running):
    visitor.ask("/")
    answer = visitor.ask("/sign-in")
    visitor.sign_in(running.token)
    [cookie] = visitor.cookies
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"
    assert cookie.expires - time.time() == pytest.approx(8 * 3600, abs=60)
    assert running.token not in cookie.value
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_session_ends_after_eight_hours(reader, monkeypatch):
    signer = "itsdangerous.timed.TimestampSigner.get_timestamp"
    assert reader.ask("/").url.endswith("/")
    now = time.time()
    monkeypatch.setattr(signer, lambda self: int(now + 8 * 3600 + 1))
    # a browser would have dropped the cookie by now; this one was copied
    assert reader.ask("/").url.endswith("/sign-in")


def test_signing_out(reader):
    assert reader.submit("/sign-out", {}, page="/").url.endswith("/sign-in")
    assert reader.ask("/").url.endswith("/sign-in")


def test_a_forged_cookie_opens_nothing(visitor, running):
    app = flask.Flask("forger")
    app.secret_key = b"guessed"
    forged = (
        SecureCookieSessionInterface()
        .get_signing_serializer(app)
        .dumps({"signed_in": True, "_permanent": True})
    )
    answer = visitor.ask("/", Cookie=f"console_session={forged}")
    assert answer.url.endswith("/sign-in")


def test_another_token_ends_all_sessions(reader, running, database_url, schema, monkeypatch):
    port = urllib.parse.urlsplit(running.url).port
    running.stop()
    monkeypatch.setenv("CONSOLE_TOKEN", "another-token-another")
    for _ in range(50):
        try:
            again = console.start(database_url, schema, port)
            break
        except RuntimeError:
            time.sleep(0.1)
    assert reader.ask("/").url.endswith("/sign-in")
    again.stop()


def test_sessions_outlive_a_restart(reader, running, database_url, schema):
    running.stop()
    again = console.start(database_url, schema)
    moved = Client(again.url, cookies=reader.cookies)
    assert moved.ask("/").url == again.url + "/"
    again.stop()


def test_forms_without_their_own_page_are_refused(reader, running):
    for path in ("/sign-in", "/sign-out", "/alerts/1/acknowledge"):
        for csrf in (
            {},
            {"csrf_token": ""},
            {"csrf_token": "x"},
            {"csrf_token": "IjE0MTVkYWE0Ig.awK.zzz"},
        ):
            form = {"token": running.token, "who": "me", "note": ""} | csrf
            assert reader.ask(path, urllib.parse.urlencode(form).encode()).status == 400
    assert reader.ask("/").url == running.url + "/"  # still signed in


def test_secrets_are_not_in_reprs(running, state):
    assert running.token not in repr(running)
    assert security.load_secrets(state / "console").session_key not in repr(running).encode()
