"""A real PostgreSQL, a console that really listens, and a client that speaks HTTP to it."""

import contextlib
import http.client
import http.cookiejar
import itertools
import json
import pathlib
import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

import psycopg2
import pytest

from model_monitoring import console, datamart

NAMES = itertools.count()
FEATURES = ["size", "colour"]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str
    url: str

    @property
    def json(self):
        return json.loads(self.text)


@dataclass
class Client:
    """Sends requests like a program, with the token in a header, or like a browser.

    A browser has cookies and sends forms.
    """

    base: str
    token: str | None = None
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path, data=None, method=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with opener.open(request) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode(), answer.url)
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode(), error.url)

    def post(self, path, body):
        return self.ask(path, json.dumps(body).encode(), content_type="application/json")

    def submit(self, path, form, page=None):
        """Send a form as a browser would, with the CSRF token of the form's page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.ask(page or path).text)
        form = ({"csrf_token": found[1]} if found else {}) | form
        return self.ask(path, urllib.parse.urlencode(form).encode())

    def sign_in(self, token):
        return self.submit("/sign-in", {"token": token})


@pytest.fixture(scope="session")
def database_url():
    # Not in pytest's own temporary folder: if pytest runs as root, that is closed to the account
    # that the server runs as.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = pathlib.Path(name) / "postgresql"
        url = datamart.server.start(directory)
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            # These tests never cut the power, and they share a disk
            connection.cursor().execute("ALTER SYSTEM SET fsync = off")
            connection.cursor().execute("SELECT pg_reload_conf()")
        yield url
        datamart.server.stop(directory)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_LOCAL_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("CONSOLE_TOKEN", raising=False)
    return tmp_path / "state"


@pytest.fixture
def query(database_url):
    def run(statement, *parameters):
        connection = psycopg2.connect(database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    return run


@pytest.fixture
def schema():
    return f"console_{next(NAMES)}"


@pytest.fixture
def mart(database_url, schema):
    mart = datamart.DataMart(database_url, schema=schema)
    mart.setup()
    return mart


@pytest.fixture
def subscribe(mart):
    def add(name="small", **changes):
        binding = mart.bindings.add(
            "Amazon SageMaker", datamart.SageMakerMachineLearningInstance(region="us-east-1")
        )
        properties = {
            "source_uid": "endpoint",
            "binding_uid": binding,
            "problem_type": datamart.ProblemType.BINARY_CLASSIFICATION,
            "label_column": "diagnosis",
            "prediction_column": "predicted_label",
            "probability_column": "score",
            "feature_columns": FEATURES,
            "categorical_columns": ["colour"],
            "label_values": {"benign": 0, "malignant": 1},
            "positive_label": 1,
            "name": name,
        }
        return mart.subscriptions.add(
            datamart.SageMakerMachineLearningAsset(**(properties | changes))
        )

    return add


@pytest.fixture
def subscription(subscribe):
    return subscribe()


@pytest.fixture
def measured(subscription):
    """A subscription with measurements: quality once good and once bad, performance once."""
    ids = [f"r-{i}" for i in range(40)]
    subscription.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": FEATURES, "values": [[1.5, "red"]]},
            {"fields": ["score", "predicted_label"], "values": [[0.2 + 0.6 * (i % 2), i % 2]]},
            scoring_id,
            response_time=10 + i,
        )
        for i, scoring_id in enumerate(ids)
    )
    subscription.quality_monitoring.enable(threshold=0.8, min_records=10)
    feedback = [
        {"scoring_id": f"{scoring_id}-1", "diagnosis": i % 2} for i, scoring_id in enumerate(ids)
    ]
    subscription.feedback_logging.store(feedback[:20])
    subscription.quality_monitoring.run(background_mode=False)
    for row in feedback[20:]:
        row["diagnosis"] = 1 - row["diagnosis"]
    subscription.feedback_logging.store(feedback[20:])
    subscription.quality_monitoring.run(background_mode=False)
    subscription.performance_monitoring.enable(apt_threshold=100)
    subscription.performance_monitoring.run()
    return subscription


@pytest.fixture
def running(database_url, schema, mart):
    running = console.start(database_url, schema)
    yield running
    with contextlib.suppress(OSError):  # a test may have stopped it
        running.stop()


@pytest.fixture
def program(running):
    """A program with the token."""
    return Client(running.url, running.token)


@pytest.fixture
def visitor(running):
    """A browser without a session."""
    return Client(running.url)


@pytest.fixture
def reader(running):
    """A browser, signed in."""
    client = Client(running.url)
    client.sign_in(running.token)
    return client


def record(subscription, scoring_id=None, values=((1.5, "red"),), answers=((0.9, 1),), **more):
    """A record as openapi.json describes it."""
    outputs = ["score", "predicted_label"]
    given = {"scoring_id": scoring_id} if scoring_id is not None else {}
    sent = {
        "binding_id": subscription.binding_uid,
        "subscription_id": subscription.uid,
        "deployment_id": "endpoint",
        "request": {"fields": FEATURES, "values": [list(row) for row in values]},
        "response": {"fields": outputs, "values": [list(row) for row in answers]},
        "response_time": 12,
    }
    return sent | given | more
