"""Real Chromium on hostile pages.

They are on another host, on another port of this machine, or under a name that resolves to this
machine.
"""

import contextlib
import http.server
import shutil
import threading
import urllib.parse

import pytest

from model_monitoring import console

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

pytestmark = pytest.mark.slow
FORM = (
    '<form method="post" action="{}" {}><input name="token" value="{}"></form>'
    "<script>document.forms[0].submit()</script>"
)


@pytest.fixture
def seen(running):
    """The console's requests and responses, in order."""
    asked, inside = [], running.app.wsgi_app

    def watch(environ, start_response):
        def note(status, headers, *rest):
            asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], int(status[:3])))
            return start_response(status, headers, *rest)

        return inside(environ, note)

    running.app.wsgi_app = watch
    return asked


@pytest.fixture
def hostile():
    """A server on another port; `pages` are its pages by path."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    yield server.server_port, pages
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def fooled(chromium):
    """A browser for which other names also resolve to this machine."""
    rules = "--host-resolver-rules=MAP *.example 127.0.0.1"
    program = chromium.browser_type.launch(executable_path=CHROMIUM, args=["--no-sandbox", rules])
    yield program
    program.close()


@pytest.fixture
def page(fooled):
    context = fooled.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def victim(page, running):
    """A page of a user who has signed in at the console."""
    page.goto(running.url + "/sign-in")
    page.get_by_label("Token").fill(running.token)
    page.keyboard.press("Enter")
    page.wait_for_url(running.url + "/")
    return page


def port_of(running):
    return urllib.parse.urlsplit(running.url).port


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "localhost"])
def test_forms_of_other_sites_change_nothing(victim, running, seen, hostile, name):
    port, pages = hostile
    paths = (
        "/sign-in",
        "/sign-out",
        "/alerts/1/acknowledge",
        "/review/enter",
        "/review/tasks/t-1",
        "/v1/data_marts/x/y",
    )
    for number, path in enumerate(paths):
        kind = 'enctype="text/plain"' if number % 2 else ""
        pages[f"/{number}"] = FORM.format(running.url + path, kind, running.token)
        victim.goto(f"http://{name}:{port}/{number}")
        victim.wait_for_url(running.url + path)
        assert "Another site" in victim.inner_text("body")
    assert [answer for answer in seen if answer[0] == "POST"] == [
        ("POST", path, 403) for path in paths
    ]
    victim.goto(running.url + "/")
    assert victim.url == running.url + "/"  # still signed in


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1"])
def test_frames_pictures_and_scripts_of_other_sites_are_refused_and_links_are_not(
    victim, running, seen, hostile, name
):
    port, pages = hostile
    pages["/"] = f"""<iframe src="{running.url}/alerts"></iframe><img src="{running.url}/review/">
        <script src="{running.url}/openapi.json"></script>
        <link rel="stylesheet" href="{running.url}/static/console.css">
        <script>fetch("{running.url}/reviews", {{mode: "no-cors", credentials: "include"}})</script>
        <a href="{running.url}/alerts">Alerts</a>"""
    seen.clear()
    victim.goto(f"http://{name}:{port}/")
    victim.wait_for_load_state("networkidle")
    paths = ["/alerts", "/openapi.json", "/review/", "/reviews", "/static/console.css"]
    assert sorted(one for one in seen if "icon" not in one[1]) == [
        ("GET", path, 403) for path in paths
    ]
    victim.get_by_text("Alerts").click()
    # Cookies are only sent from the same site
    victim.wait_for_url("**/alerts" if name == "127.0.0.1" else "**/sign-in")
    assert ("GET", urllib.parse.urlsplit(victim.url).path, 200) in seen


def test_a_foreign_host_name_that_resolves_to_this_machine_reads_and_writes_nothing(
    victim, running, seen
):
    """To the browser, such a page and the console are one site: the name itself must be refused."""
    seen.clear()
    for name in ("evil.example", "127.0.0.1.example"):
        for path in ("/sign-in", "/review/enter", "/openapi.json"):
            answer = victim.goto(f"http://{name}:{port_of(running)}{path}")
            assert answer.status == 421 and "--host" in answer.text()
    sent = victim.evaluate(
        "fetch('/sign-in', {method: 'POST', body: new URLSearchParams({a: 1})}).then(r => r.status)"
    )
    assert sent == 421
    assert {status for _, path, status in seen if "icon" not in path} == {421}


@pytest.fixture
def named(database_url, schema, mart):
    running = console.start(database_url, schema, hosts=["lab.example"])
    yield running
    with contextlib.suppress(OSError):
        running.stop()


def test_a_named_host_works_without_tls_and_other_sites_are_refused(
    page, named, hostile, mart, subscription
):
    """Browsers send no Sec-Fetch-Site with plain HTTP to another machine, so Origin has to do."""
    base = f"http://lab.example:{port_of(named)}"
    page.goto(base + "/sign-in")
    page.get_by_label("Token").fill(named.token)
    page.keyboard.press("Enter")
    page.wait_for_url(base + "/")
    mart.reviews.enable(subscription, ["anna"], violations=False, audit_share=0)
    page.goto(named.invite("anna", base))
    page.wait_for_url(base + "/review/")
    page.get_by_text("Sign out").click()
    page.wait_for_url("**/review/enter")

    port, pages = hostile
    pages["/"] = FORM.format(base + "/sign-out", "", "")
    page.goto(f"http://lab.example:{port}/")
    page.wait_for_url(base + "/sign-out")
    assert "Another site" in page.inner_text("body")
    page.goto(base + "/")
    assert page.url == base + "/"
