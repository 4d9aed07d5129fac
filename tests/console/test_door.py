"""The console and the reviewers' site only serve their own pages and programs.

Other hosts are given at the start.
"""

import http.client
import urllib.parse

import pytest

from model_monitoring import console
from model_monitoring.__main__ import main

from .conftest import Client, record

PAGES = (
    "/",
    "/sign-in",
    "/openapi.json",
    "/static/console.css",
    "/review/enter",
    "/review/static/review.css",
)


@pytest.fixture
def place(running):
    return urllib.parse.urlsplit(running.url).netloc


def test_a_foreign_host_name_that_resolves_to_this_machine_is_refused(
    running, program, schema, subscription, place
):
    port = place.split(":")[1]
    for path in (*PAGES, f"/v1/data_marts/{schema}/deployment_metrics", "/nothing"):
        answer = program.ask(path, Host=f"evil.example:{port}", X_Forwarded_Host=place)
        assert answer.status == 421, path
        assert "'evil.example'" in answer.text and "--host" in answer.text
        assert not answer.headers["Set-Cookie"]
    path = f"/v1/data_marts/{schema}/scoring_payloads"
    assert (
        program.ask(path, b"[]", Host="evil.example", content_type="application/json").status == 421
    )
    assert (
        Client(f"http://localhost:{port}", running.token)
        .post(path, [record(subscription, "a")])
        .status
        == 202
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_forms_of_other_sites_are_refused(reader, running, site):
    for path in (
        "/sign-in",
        "/sign-out",
        "/alerts/1/acknowledge",
        "/reviews/invitations",
        "/review/enter",
        "/v1/x",
    ):
        answer = reader.ask(path, b"token=" + running.token.encode(), Sec_Fetch_Site=site)
        assert answer.status == 403 and "Another site" in answer.text, path
    for path in PAGES:
        assert (
            reader.ask(
                path, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image"
            ).status
            == 403
        )
        link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
        assert reader.ask(path, **link).status == 200
    assert reader.ask("/").url == running.url + "/"  # still signed in


def test_a_token_in_the_header_does_not_admit_other_sites(program, schema, subscription, place):
    path, kind = f"/v1/data_marts/{schema}/scoring_payloads", {"content_type": "application/json"}
    assert program.ask(path, b"[]", Origin="http://evil.example", **kind).status == 403
    assert program.ask(path, b"[]", Origin=f"http://{place}", **kind).status == 400


def test_hosts_are_given_at_the_start(database_url, schema, mart, state):
    running = console.start(database_url, schema, hosts=["studio.example"])
    reader = Client(running.url)
    for host, status in (
        ("studio.example", 200),
        ("studio.example:443", 200),
        ("evil.example", 421),
    ):
        assert reader.ask("/sign-in", Host=host).status == status
    running.stop()
    with pytest.raises(ValueError, match="https://studio"):
        console.start(database_url, schema, hosts=["https://studio.example"])


def test_the_command_accepts_hosts(monkeypatch, capsys, database_url):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("DATABASE_URL", database_url)
    arguments = ["model-monitoring", "console", "--port", "0"]
    arguments += ["--host", "a.example", "--host", "b:1"]
    monkeypatch.setattr("sys.argv", arguments)
    assert main() == 1
    assert "The host 'b:1' isn't a name" in capsys.readouterr().err


def test_two_consoles_on_one_machine_have_separate_cookies(
    reader, running, database_url, schema, monkeypatch
):
    """Cookies don't depend on the port.

    With the same cookie name, signing in at one console would end the session at the other.
    """
    monkeypatch.setenv("CONSOLE_TOKEN", "another-token-another")
    second = console.start(database_url, schema)
    other = Client(second.url, cookies=reader.cookies)
    assert other.sign_in(second.token).url == second.url + "/"
    assert len(reader.cookies) == 2
    assert reader.ask("/").url == running.url + "/"
    second.stop()


def test_a_long_address_is_not_kept_in_the_cookie(visitor, running):
    """Browsers drop a cookie of more than 4 KB, and then signing in would be impossible."""
    visitor.ask("/?" + "x" * 5000)
    assert visitor.sign_in(running.token).url == running.url + "/"
    [cookie] = visitor.cookies
    assert len(cookie.value) < 1000


def test_headers_are_bounded(place):
    for path, headers in (
        ("/sign-in", {"Cookie": "a=" + "x" * 40_000}),
        ("/sign-in?" + "x" * 40_000, {}),
    ):
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", path, headers=headers)
        assert connection.getresponse().status == 431
        connection.close()
