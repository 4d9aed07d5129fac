"""The door of a site on this machine: its own pages and programs may enter, others only link."""

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from model_monitoring.review import own_pages_only

LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def ask():
    client = Client(own_pages_only(Response("inside"), ["Studio.example", "[fd00::1]"]))

    def send(method="GET", host="127.0.0.1:8421", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open("/", method=method, headers={"Host": host, **named})

    return send


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:1", "localhost:8421", "LOCALHOST", "[::1]:65535",
     "studio.example", "STUDIO.example:443", "[fd00::1]:80"],
)  # fmt: skip
def test_known_hosts_are_accepted(ask, host):
    assert ask(host=host).text == "inside"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8421", "127.0.0.1.evil.example", "localhost.evil.example",
     "evil-localhost", "127.0.0.1@evil.example", "127.0.0.1, evil.example", "127.0.0.1:80:80",
     "127.0.0.1:x", "127.0.0.2", "0.0.0.0", "127.1", "2130706433", "::1", "[::ffff:127.0.0.1]",
     "localhost.", "sub.studio.example", " ", "127.0.0.1/"],
)  # fmt: skip
def test_any_other_host_is_refused_before_anything_else(ask, host):
    """If an attacker's DNS points a name at 127.0.0.1, a browser takes its pages for ours."""
    for method in ("GET", "POST", "OPTIONS"):
        answer = ask(
            method,
            host,
            X_Forwarded_Host="127.0.0.1",
            Sec_Fetch_Site="same-origin",
            Authorization="Bearer x",
        )
        assert answer.status_code == 421
        assert "inside" not in answer.text
    assert (
        "--host" in ask(host="lab.example").text and "'lab.example'" in ask(host="lab.example").text
    )


def test_a_request_without_a_host_is_refused():
    status = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
    }
    own_pages_only(Response("inside"))(
        environ | {"wsgi.url_scheme": "http"}, lambda said, _: status.append(said)
    )
    assert status[0].startswith("421")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get"])
def test_writes_are_accepted_from_the_sites_own_pages(ask, method):
    assert ask(method).text == "inside"  # a program
    for site, status in (
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("", 403),
    ):
        # if the browser names the sender's site, the page's own Origin doesn't help
        assert (
            ask(method, Sec_Fetch_Site=site, Origin="http://127.0.0.1:8421", **LINK).status_code
            == status
        ), site
    for origin, status in (
        ("http://127.0.0.1:8421", 200),
        ("https://127.0.0.1:8421", 200),  # from behind a server with TLS
        ("http://127.0.0.1:8422", 403),
        ("http://127.0.0.1", 403),
        ("http://localhost:8421", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("file://", 403),
        ("http://[", 403),
    ):
        assert ask(method, Origin=origin).status_code == status, origin


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_other_sites_may_only_link_here(ask, method, site):
    assert ask(method, Sec_Fetch_Site=site, **LINK).status_code == 200
    for mode, kind in (
        ("navigate", "iframe"),
        ("navigate", "frame"),
        ("navigate", "embed"),
        ("navigate", "object"),
        ("navigate", ""),
        ("no-cors", "document"),
        ("no-cors", "image"),
        ("no-cors", "script"),
        ("no-cors", "style"),
        ("cors", "empty"),
        ("websocket", "websocket"),
    ):
        answer = ask(method, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=kind)
        assert answer.status_code == 403, (mode, kind)
    assert ask(method, Sec_Fetch_Site=site).status_code == 403


def test_own_pages_may_fetch_frame_and_draw(ask):
    for mode, kind in (
        ("cors", "empty"),
        ("no-cors", "style"),
        ("navigate", "document"),
        ("navigate", "iframe"),
    ):
        assert (
            ask(Sec_Fetch_Site="same-origin", Sec_Fetch_Mode=mode, Sec_Fetch_Dest=kind).text
            == "inside"
        )


@pytest.mark.parametrize(
    "host",
    ["", " ", "https://a.example", "a.example:80", "a.example/b", "*", "*.example", "a b", "a@b",
     "\ud800"],
)  # fmt: skip
def test_a_host_must_be_a_bare_name(host):
    with pytest.raises(ValueError, match="isn't a name such as"):
        own_pages_only(Response("inside"), [host])
