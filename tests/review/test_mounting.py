"""The page works under any path and behind any proxy, because none of its addresses is absolute."""

from urllib.parse import urljoin

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from model_monitoring import review

from .conftest import SECRET, Browser, serve


def strip_prefix(application, prefix):
    """Pass requests on without their prefix, and without a header, as jupyter-server-proxy does."""

    def proxy(environ, start_response):
        assert environ["PATH_INFO"].startswith(prefix)
        return application(
            {**environ, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}, start_response
        )

    return proxy


@pytest.fixture(params=["mounted", "proxied", "both"])
def prefixed(request, store):
    site = review.create_site(store, secret=SECRET, title="t")
    if request.param != "proxied":
        site = DispatcherMiddleware(Response("elsewhere", 404), {"/review": site})
    path = {"mounted": "/review", "proxied": "/user/a/proxy/1", "both": "/user/a/proxy/1/review"}[
        request.param
    ]
    if request.param != "mounted":
        site = strip_prefix(site, "/user/a/proxy/1")
    for address in serve(site):
        yield address + path


def test_every_address_stays_below_the_prefix(prefixed, store):
    store.add("ab", "<input name=a>", {})
    store.add("second task?", "<input name=a>", {})
    browser = Browser(prefixed)
    assert browser.get("/").url == f"{prefixed}/enter"
    queue = browser.enter("anna")
    assert queue.url == f"{prefixed}/"
    assert {cookie.path for cookie in browser.http.cookies} == {"/" + prefixed.split("/", 3)[3]}
    for page in (queue, browser.get("/tasks/ab")):
        addresses = [
            value
            for _, name, value, _ in page.page.iterlinks()
            if not value.startswith(("data:", "#"))
        ]
        assert len(addresses) > 3
        for address in addresses:
            assert urljoin(page.url, address).startswith(f"{prefixed}/")
    onward = browser.answer("ab", [("a", "x")])
    assert onward.url == f"{prefixed}/tasks/second%20task%3F?saved"
    assert browser.get("/static/review.js").ok


def test_a_request_without_the_last_slash_is_redirected(store):
    site = DispatcherMiddleware(
        Response("elsewhere", 404), {"/review": review.create_site(store, secret=SECRET, title="t")}
    )
    for address in serve(site):
        assert Browser(address).get("/review").url == f"{address}/review/enter"
