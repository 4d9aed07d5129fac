"""A real review page over a store in memory, and a reviewer's browser that speaks HTTP to it."""

import threading
from datetime import timedelta

import pytest
import requests
from lxml.html import document_fromstring
from werkzeug.serving import make_server

from model_monitoring import review
from model_monitoring.review import sandbox

from .memory_store import MemoryStore

SECRET = b"sixteen bytes or more"


class Browser:
    """Cookies, forms and relative addresses as a browser has them; runs no script."""

    def __init__(self, site):
        self.site = site
        self.http = requests.Session()
        self.http.trust_env = False

    def get(self, path, **options):
        return self._read(self.http.get(self.site + path, **options))

    def post(self, path, data, **options):
        return self._read(self.http.post(self.site + path, data, **options))

    @staticmethod
    def _read(answer):
        is_page = answer.headers.get("Content-Type", "").startswith("text/html") and answer.text
        answer.page = document_fromstring(answer.text) if is_page else None
        return answer

    def enter(self, reviewer, valid=timedelta(hours=1)):
        return self.post("/enter", {"token": review.invitation(SECRET, reviewer, valid)})

    def page_token(self):
        """The token of this session's small forms."""
        return self.get("/").page.find(".//input[@name='form_token']").get("value")

    def form(self, answer, form_id):
        """The pairs that an unchanged form would send."""
        form = answer.page.get_element_by_id(form_id)
        return [(name, value) for name, value in form.form_values()]

    def answer(self, task_id, given, keep=()):
        """Open a task and send its form with these values and the prefilled fields in `keep`."""
        shown = self.get(f"/tasks/{task_id}")
        kept = [
            pair
            for pair in self.form(shown, "work")
            if pair[0].startswith("review:") or pair[0] in keep
        ]
        return self.post(f"/tasks/{task_id}", kept + list(given))


@pytest.fixture
def store():
    return MemoryStore()


def serve(application):
    """Serve an app on a free port; yields its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(store):
    yield from serve(review.create_site(store, secret=SECRET, title="Human review"))


@pytest.fixture
def anna(site):
    browser = Browser(site)
    browser.enter("anna")
    return browser


@pytest.fixture
def ben(site):
    browser = Browser(site)
    browser.enter("ben")
    return browser


@pytest.fixture
def fresh():
    """A renderer for only this test."""
    sandbox._stop()
    yield
    sandbox._stop()
